"""Smooth fields on a grid of nodes: bilinear between nodes, bending penalised, solved by conjugate gradients.

Node (i, j) lies at pixel (`FIRST` + i `SPACING`, `FIRST` + j `SPACING`). Node arrays are (k, rows, columns) float32, k
components first.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .warp import Field, Image, opencv

Nodes = npt.NDArray[np.float32]

SPACING = 3
FIRST = SPACING // 2
_STENCIL = 6.0 + 6.0 + 8.0  # diagonal of the squared five-point Laplacian


def gathered(image: Image) -> Nodes:
    """Sums of ``image`` (h, w) about every node, (rows, columns), weighted by the bilinear hat of that node."""
    cv2 = opencv()
    hat = (np.convolve(np.ones(SPACING), np.ones(SPACING)) / SPACING).astype(np.float32)
    sums = cv2.sepFilter2D(image, -1, hat, hat, borderType=cv2.BORDER_CONSTANT)
    return np.ascontiguousarray(sums[FIRST::SPACING, FIRST::SPACING])


def at_nodes(field: Field) -> Nodes:
    """A field (h, w, k) read at the nodes."""
    return np.ascontiguousarray(np.moveaxis(field[FIRST::SPACING, FIRST::SPACING], -1, 0))


def at_pixels(nodes: Nodes, rows: int, columns: int) -> Field:
    """Node values at all pixels (rows, columns, k): bilinear, continued straight past the outermost nodes."""
    cv2 = opencv()
    grown = np.ascontiguousarray(np.moveaxis(nodes, 0, -1))
    grown = np.concatenate([2 * grown[:1] - grown[1:2], grown, 2 * grown[-1:] - grown[-2:-1]], axis=0)
    grown = np.concatenate([2 * grown[:, :1] - grown[:, 1:2], grown, 2 * grown[:, -1:] - grown[:, -2:-1]], axis=1)
    size = (SPACING * grown.shape[1], SPACING * grown.shape[0])
    whole = cv2.resize(grown, size, interpolation=cv2.INTER_LINEAR).reshape(size[1], size[0], -1)
    return np.ascontiguousarray(whole[SPACING : SPACING + rows, SPACING : SPACING + columns])


def bending(nodes: Nodes) -> Nodes:
    """Laplacian of node values; on the rim only the second difference along it, so that planes bend nowhere."""
    out = np.zeros_like(nodes)
    out[..., :, 1:-1] += nodes[..., :, 2:] - 2 * nodes[..., :, 1:-1] + nodes[..., :, :-2]
    out[..., 1:-1, :] += nodes[..., 2:, :] - 2 * nodes[..., 1:-1, :] + nodes[..., :-2, :]
    return out


def bending_adjoint(values: Nodes) -> Nodes:
    """Adjoint of `bending`."""
    out = np.zeros_like(values)
    inner = values[..., :, 1:-1]
    out[..., :, 2:] += inner
    out[..., :, 1:-1] -= 2 * inner
    out[..., :, :-2] += inner
    inner = values[..., 1:-1, :]
    out[..., 2:, :] += inner
    out[..., 1:-1, :] -= 2 * inner
    out[..., :-2, :] += inner
    return out


def solve(normal: Nodes, stiffness: Nodes, right: Nodes, iterations: int, tolerance: float = 1e-3) -> Nodes:
    """Solve (N + Lᵀ S L) x = right by conjugate gradients with a diagonal preconditioner.

    ``normal`` (k, k, rows, columns): N, symmetric, at every node; ``stiffness`` (k, rows, columns): S; L: `bending`.
    """

    def applied(x: Nodes) -> Nodes:
        out = bending_adjoint(stiffness * bending(x))
        for i in range(len(x)):
            for j in range(len(x)):
                out[i] += normal[i, j] * x[j]
        return out

    diagonal = np.stack([normal[i, i] for i in range(len(right))]) + np.float32(_STENCIL) * stiffness
    inverse = 1 / np.maximum(diagonal, np.float32(1e-9))
    x, rest = np.zeros_like(right), right.copy()
    scaled = inverse * rest
    direction, size = scaled, float(np.vdot(rest, scaled))
    goal = tolerance**2 * size
    for _ in range(iterations):
        if size <= goal or size <= 0:
            break
        image = applied(direction)
        step = np.float32(size / float(np.vdot(direction, image)))
        x = x + step * direction
        rest = rest - step * image
        scaled = inverse * rest
        before, size = size, float(np.vdot(rest, scaled))
        direction = scaled + np.float32(size / before) * direction
    return x
