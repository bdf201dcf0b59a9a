"""Many small least-squares problems side by side.

Arrays here carry the instants on their LAST axis, so that every operation runs along memory: vectors (3, L),
matrices (3, 3, L), one vector a GCP (3, K, L). GCP slots an instant does not fill hold zeros and so drop out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Instants:
    """GCPs sorted into instants: ascending ``line`` (L,), their ``count`` (L,) and ``row`` (K, L), a GCP or -1."""

    line: Array
    count: Integers
    row: Integers

    def gather(self, values: Array) -> Array:
        """Per-GCP values (N, ...) as (..., K, L), zero where a slot is empty."""
        padded = np.concatenate([values, np.zeros((1, *values.shape[1:]))])
        return np.ascontiguousarray(np.moveaxis(padded[self.row], (0, 1), (-2, -1)))

    def scatter(self, values: Array, total: int) -> Array:
        """Inverse of `gather` for (K, L) values: (N,)."""
        flat = np.empty(total)
        filled = self.row >= 0
        flat[self.row[filled]] = values[filled]
        return flat


def group_instants(line: Array) -> Instants:
    """Sort GCPs by their ``line`` (N,) into `Instants`."""
    order = np.argsort(line, kind="stable")
    lines, first, count = np.unique(line[order], return_index=True, return_counts=True)
    slot = np.arange(len(line)) - np.repeat(first, count)
    row = np.full((count.max(initial=0), len(lines)), -1, dtype=np.int64)
    row[slot, np.repeat(np.arange(len(lines)), count)] = order
    return Instants(lines, count.astype(np.int64), row)


def blocks(count: int) -> list[slice]:
    """Instants in blocks that stay in the processor's cache: a third faster, and little memory."""
    return [slice(first, first + 1024) for first in range(0, count, 1024)]


def cross(a: Array, b: Array) -> Array:
    """Cross product along the first axis."""
    return np.stack([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])


def tangents(d: Array) -> Array:
    """Two unit vectors square to each unit d (3, L) and to each other: (3, 2, L) (Duff et al. 2017)."""
    sign = np.where(d[2] < 0, -1.0, 1.0)
    a = -1.0 / (sign + d[2])
    b = d[0] * d[1] * a
    first = np.stack([1.0 + sign * d[0] ** 2 * a, sign * b, -sign * d[0]])
    return np.stack([first, np.stack([b, sign + d[1] ** 2 * a, -d[1]])], axis=1)


def turned(rotation: Array, vector: Array) -> Array:
    """exp([ω]x) R for world rotation vectors ω (3, L) and R (3, 3, L), by Rodrigues' formula."""
    angle = np.sqrt(np.sum(vector**2, axis=0))
    once = cross(vector[:, None], rotation)
    return (
        rotation
        + np.sinc(angle / np.pi) * once
        + 0.5 * np.sinc(angle / (2 * np.pi)) ** 2 * cross(vector[:, None], once)
    )


def normal_equations(jacobian: Array, residual: Array) -> tuple[Array, Array]:
    """JᵀJ (n, n, L) and -Jᵀr (n, L) of J (n, K, L) and r (K, L)."""
    return np.einsum("akl,bkl->abl", jacobian, jacobian), -np.einsum("akl,kl->al", jacobian, residual)


def solve(matrix: Array, right: Array) -> Array:
    """Solve symmetric positive (n, n, L) systems for (n, L) or (n, m, L) right sides by Cholesky.

    Unknowns are scaled to a unit diagonal first; a pivot that rounding has eaten is held at 1e-15, so a
    singular system gives a large answer instead of an error.
    """
    size = len(matrix)
    scale = 1.0 / np.sqrt(np.maximum(np.einsum("aal->al", matrix), 1e-300))
    shape = (size,) + (1,) * (right.ndim - 2) + (right.shape[-1],)
    x = right * scale.reshape(shape)
    lower = matrix * scale[:, None] * scale[None]
    for k in range(size):
        lower[k, k] = np.sqrt(np.maximum(lower[k, k], 1e-15))
        lower[k + 1 :, k] /= lower[k, k]
        x[k] /= lower[k, k]
        for i in range(k + 1, size):
            lower[i, k + 1 : i + 1] -= lower[i, k] * lower[k + 1 : i + 1, k]
            x[i] -= lower[i, k] * x[k]
    for k in reversed(range(size)):
        x[k] /= lower[k, k]
        for i in range(k):
            x[i] -= lower[k, i] * x[k]
    with np.errstate(over="ignore", invalid="ignore"):  # of singular systems, which are told by their condition
        return x * scale.reshape(shape)


def inverse(matrix: Array) -> Array:
    """Inverses of symmetric positive (n, n, L) matrices."""
    size, count = len(matrix), matrix.shape[-1]
    return solve(matrix, np.repeat(np.eye(size)[..., None], count, axis=-1))


def condition_number(matrix: Array, inverted: Array) -> Array:
    """Condition number (L,) of J from JᵀJ and its inverse, in the Frobenius norm (2-norm's, up to a factor of n)."""
    return np.sqrt(np.einsum("aal->l", matrix) * np.abs(np.einsum("aal->l", inverted)))
