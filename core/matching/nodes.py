"""Smooth fields on a grid of nodes: bilinear between nodes, bending penalised, solved by conjugate gradients.

A node lies in the middle of every block of `SPACING` x `SPACING` pixels. Node arrays are (k, rows, columns) float32, k
components first; images are whole blocks in both directions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .warp import Field, Image, opencv

Nodes = npt.NDArray[np.float32]

SPACING = 4
_RARE = 3.0  # sigmas of noise
_SECOND = np.array([[1, -2, 1]], np.float32)


def gathered(image: Image) -> Nodes:
    """Sums of ``image`` (h, w) over the block of every node, (rows, columns)."""
    return shrunk(image, SPACING) * np.float32(SPACING**2)


def shrunk(values: npt.NDArray[Any], factor: int) -> npt.NDArray[Any]:
    """Means of blocks of ``factor`` x ``factor`` values of (h, w) or (h, w, k)."""
    cv2 = opencv()
    size = (values.shape[1] // factor, values.shape[0] // factor)
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA))


def at_pixels(nodes: Nodes) -> Field:
    """Node values at all pixels, (h, w, k) or (h, w): bilinear, constant past the outermost nodes."""
    cv2 = opencv()
    values = np.ascontiguousarray(np.moveaxis(nodes, 0, -1)) if nodes.ndim == 3 else nodes
    size = (SPACING * values.shape[1], SPACING * values.shape[0])
    out = cv2.resize(values, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(out).reshape(*out.shape[:2], *values.shape[2:])


def bending(nodes: Nodes) -> Nodes:
    """Laplacian of node values; on the rim only the second difference along it, so that planes bend nowhere."""
    cv2 = opencv()
    out = np.empty_like(nodes)
    for values, result in zip(nodes, out):
        across, down = cv2.filter2D(values, -1, _SECOND), cv2.filter2D(values, -1, _SECOND.T)
        across[:, 0] = across[:, -1] = down[0] = down[-1] = 0
        np.add(across, down, out=result)
    return out


def bending_adjoint(values: Nodes) -> Nodes:
    """Adjoint of `bending`."""
    cv2 = opencv()
    out = np.empty_like(values)
    for given, result in zip(values, out):
        across, down = given.copy(), given.copy()
        across[:, 0] = across[:, -1] = down[0] = down[-1] = 0
        across = cv2.filter2D(across, -1, _SECOND, borderType=cv2.BORDER_CONSTANT)
        down = cv2.filter2D(down, -1, _SECOND.T, borderType=cv2.BORDER_CONSTANT)
        np.add(across, down, out=result)
    return out


def solve(normal: Nodes, stiffness: Nodes, right: Nodes, iterations: int, tolerance: float = 1e-3) -> Nodes:
    """Solve (N + Lᵀ S L) x = right by conjugate gradients, preconditioned by the inverse for N and S that are the same
    everywhere, which cosine transforms give: stiff components, which bend over hundreds of nodes, ask for that.

    ``normal`` (k, k, rows, columns): N, symmetric, at every node; ``stiffness`` (k, rows, columns): S; L: `bending`.
    Rows and columns are even.
    """
    cv2 = opencv()
    count = len(right)
    product = np.empty(right.shape[1:], np.float32)
    mean = np.array([[normal[i, j].mean() for j in range(count)] for i in range(count)], np.float32)
    waves = _waves(*right.shape[1:])
    spectrum = np.empty((count, count, *waves.shape), np.float32)
    spectrum[:] = (mean + np.diag(np.float32(1e-5) * mean.diagonal() + np.float32(1e-9)))[..., None, None]
    for i in range(count):
        spectrum[i, i] += _typical(stiffness[i]) * waves
    spectrum = inverted(spectrum)

    def applied(values: Nodes) -> Nodes:
        bent = bending(values)
        bent *= stiffness
        out = bending_adjoint(bent)
        for i in range(count):
            for j in range(count):
                out[i] += np.multiply(normal[i, j], values[j], out=product)
        return out

    def preconditioned(values: Nodes) -> Nodes:
        among = [cv2.dct(v) for v in values]
        out = np.empty_like(values)
        for result, row in zip(out, spectrum):
            total = among[0] * row[0]
            for v, s in zip(among[1:], row[1:]):
                total += np.multiply(v, s, out=product)
            cv2.idct(total, dst=result)
        return out

    x, rest, further = np.zeros_like(right), right.copy(), np.empty_like(right)
    scaled = preconditioned(rest)
    direction, size = scaled.copy(), _dot(rest, scaled)
    goal = tolerance**2 * size
    for left in reversed(range(iterations)):
        if size <= goal or size <= 0:
            break
        image = applied(direction)
        step = np.float32(size / _dot(direction, image))
        x += np.multiply(direction, step, out=further)
        if not left:
            break
        image *= step
        rest -= image
        scaled = preconditioned(rest)
        before, size = size, _dot(rest, scaled)
        direction *= np.float32(size / before)
        direction += scaled
    return x


def inverted(matrices: Nodes) -> Nodes:
    """Inverses of positive matrices (k, k, ...), all at once (Gauss and Jordan)."""
    count = len(matrices)
    left, out = matrices.copy(), np.zeros_like(matrices)
    for i in range(count):
        out[i, i] = 1
    for i in range(count):
        pivot = 1 / left[i, i]
        left[i] *= pivot
        out[i] *= pivot
        for j in range(count):
            if j != i:
                share = left[j, i].copy()
                left[j] -= share * left[i]
                out[j] -= share * out[i]
    return out


def _waves(rows: int, columns: int) -> Nodes:
    """Eigenvalues of the squared Laplacian, one of each cosine wave."""
    down, across = (2 * np.cos(np.pi * np.arange(size) / size) - 2 for size in (rows, columns))
    return np.asarray((down[:, None] + across) ** 2, np.float32)


def _typical(stiffness: Nodes) -> np.float32:
    return np.float32(np.exp(np.log(stiffness).mean()))


def excess(normal: Nodes, stiffness: Nodes, foreign: Nodes) -> float:
    """How many times more of a noise comes through, in variance, than of one that is white: at least 1.

    ``foreign``: right side that such a noise makes; if it were white its variance would be N. Taken relative to that,
    and no more than `_RARE` of its sigmas, it tells the correlation, whatever a few bad places do.
    """
    cv2 = opencv()
    spectrum = 1 / (max(float(normal.mean()), 1e-9) + _typical(stiffness) * _waves(*normal.shape))
    relative = foreign / np.sqrt(np.maximum(normal, np.float32(1e-2) * normal.mean()))
    through = cv2.dct(np.clip(relative, -_RARE, _RARE)) * spectrum
    expected = float((spectrum**2).sum(dtype=np.float64))
    return max(1.0, float((through**2).sum(dtype=np.float64)) / expected)


def _dot(a: Nodes, b: Nodes) -> float:
    """Scalar product, without the threads of BLAS, which wait for each other while strips fill the cores."""
    return float(np.einsum("kij,kij->k", a, b).sum(dtype=np.float64))
