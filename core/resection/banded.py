"""Symmetric positive definite band matrices: factor, solve, and the entries of the inverse inside the band.

The band is cut into blocks as wide as itself, which makes it block tridiagonal: every step is then dense linear
algebra on a few blocks, and time and memory grow linearly with the order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..products import product

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

LEAST_BLOCK = 64  # smaller blocks only cost calls


class BandMatrix:
    """A symmetric matrix gathered entry by entry; ``width`` is the largest distance |i - j| of a pair."""

    def __init__(self, order: int, width: int) -> None:
        self.order, self.block = order, max(width, LEAST_BLOCK)
        self._places: list[Integers] = []
        self._values: list[Array] = []

    def add(self, row: Integers, column: Integers, value: Array) -> None:
        """Add to the entries of pairs in either order (arrays of one shape; pairs may repeat, and then add up)."""
        low, high = np.minimum(row, column).ravel(), np.maximum(row, column).ravel()
        # row block k holds its diagonal block and, before it, the one to its left
        self._places.append(high * (2 * self.block) + low - (high // self.block - 1) * self.block)
        self._values.append(np.ravel(value))

    def factor(self) -> BandFactor:
        """Cholesky factor; raises numpy.linalg.LinAlgError where the matrix is not positive definite."""
        from scipy.linalg import cholesky, solve_triangular

        m, blocks = self.block, -(-self.order // self.block)
        size = blocks * m * 2 * m
        store = np.bincount(np.concatenate(self._places), np.concatenate(self._values), size).reshape(blocks, m, 2 * m)
        past = np.arange(self.order - (blocks - 1) * m, m)
        store[-1, past, m + past] = 1.0  # rows past the end
        diagonal, below = np.empty((blocks, m, m)), np.zeros((blocks, m, m))
        for k in range(blocks):
            here = store[k, :, m:]
            if k:
                left = solve_triangular(diagonal[k - 1], store[k, :, :m].T, lower=True, check_finite=False)
                below[k] = left.T
                here -= product(left.T, left)
            diagonal[k] = cholesky(here, lower=True, check_finite=False)
        return BandFactor(self.order, diagonal, below)


@dataclass(frozen=True)
class BandFactor:
    """L of A = L Lᵀ by blocks: ``diagonal`` (K, m, m) lower triangular, ``below`` (K, m, m) left of each."""

    order: int
    diagonal: Array
    below: Array

    def solve(self, right: Array) -> Array:
        """A⁻¹ right for (order,) or (order, k)."""
        from scipy.linalg import solve_triangular

        blocks, m, _ = self.diagonal.shape
        x = np.zeros((blocks * m, *right.shape[1:]))
        x[: self.order] = right
        x = x.reshape(blocks, m, -1)
        for k in range(blocks):
            if k:
                x[k] -= product(self.below[k], x[k - 1])
            x[k] = solve_triangular(self.diagonal[k], x[k], lower=True, check_finite=False)
        for k in reversed(range(blocks)):
            if k + 1 < blocks:
                x[k] -= product(self.below[k + 1].T, x[k + 1])
            x[k] = solve_triangular(self.diagonal[k], x[k], lower=True, trans="T", check_finite=False)
        return x.reshape(blocks * m, *right.shape[1:])[: self.order]

    def draw(self, normal: Array) -> Array:
        """Draws (order, k) from the normal distribution of covariance A⁻¹, made of standard normal ones (order, k)."""
        from scipy.linalg import solve_triangular

        blocks, m, _ = self.diagonal.shape
        x = np.zeros((blocks * m, normal.shape[1]))
        x[: self.order] = normal
        x = x.reshape(blocks, m, -1)
        for k in reversed(range(blocks)):
            if k + 1 < blocks:
                x[k] -= product(self.below[k + 1].T, x[k + 1])
            x[k] = solve_triangular(self.diagonal[k], x[k], lower=True, trans="T", check_finite=False)
        return np.asarray(x.reshape(blocks * m, -1)[: self.order])

    def inverse(self) -> BandInverse:
        """The blocks of A⁻¹ on and next to the diagonal (Takahashi's recursion, by blocks)."""
        from scipy.linalg import solve_triangular

        blocks, m, _ = self.diagonal.shape
        store = np.zeros((blocks, m, 2 * m))
        following = np.empty((0, 0))
        for k in reversed(range(blocks)):
            root = solve_triangular(self.diagonal[k], np.eye(m), lower=True, check_finite=False)
            own = product(root.T, root)
            if k + 1 < blocks:
                gain = product(self.below[k + 1], root)
                left = -product(following, gain)
                store[k + 1, :, :m] = left
                own -= product(gain.T, left)
            store[k, :, m:] = own
            following = own
        return BandInverse(store)


@dataclass(frozen=True)
class BandInverse:
    """Entries of an inverse near its diagonal."""

    _store: Array

    def gather(self, row: Integers, column: Integers) -> Array:
        """Entries at pairs within one block of the diagonal, in either order (arrays of one shape)."""
        m = self._store.shape[1]
        low, high = np.minimum(row, column), np.maximum(row, column)
        k = high // m
        return np.asarray(self._store[k, high - k * m, low - (k - 1) * m])
