"""Rows that feel the trajectory at several lines at once, and what they add to its normal equations.

A tie point joins lines half a thousand and more apart. Rows whose lines fall into the same knot intervals feel the
same unknowns: they are multiplied out together, a small dense matrix a group, and the band only has to be wide enough.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .banded import BandInverse, BandMatrix
from .path import Path, Poses

Array = NDArray[np.float64]
Integers = NDArray[np.int64]


class Observed(Protocol):
    """N observations, each of the poses at M lines."""

    @property
    def line(self) -> Array:
        """Lines (N, M)."""

    def rows(self, poses: Poses) -> tuple[Array, Array]:
        """Weighted residuals (N, K) and derivatives (N, K, M, 6) under the poses of all lines (N * M)."""

    def cost(self, poses: Poses) -> float:
        """Weighted sum of squares."""

    def reweighed(self, poses: Poses, determined: float) -> Observed:
        """The observations with their weights brought up to date."""


class Coupling:
    """Where the rows of lines (N, M) stand among the unknowns ``place`` (Kp, 3) and ``turn`` (Ka, 3) of a path."""

    def __init__(self, line: Array, path: Path, place: Integers, turn: Integers) -> None:
        place_first, place_share = path.place.weights(line)
        turn_first, turn_share = path.turn.weights(line)
        taps = np.arange(4)
        stretch = np.concatenate([place_first, turn_first], axis=1)
        kinds, self._group = np.unique(stretch, axis=0, return_inverse=True)
        self._order = np.argsort(self._group.ravel(), kind="stable")
        self._bounds = np.searchsorted(self._group.ravel()[self._order], np.arange(len(kinds) + 1))
        images = line.shape[1]
        own = [place[kinds[:, :images, None] + taps], turn[kinds[:, images:, None] + taps]]
        # (groups, images, shift or turn, taps, components)
        self.unknown = np.stack(own, axis=2).reshape(len(kinds), -1)
        self._share = np.stack([place_share, turn_share], axis=2)

    @property
    def width(self) -> int:
        """Largest distance between two unknowns that meet in one row."""
        return int(np.max(np.ptp(self.unknown, axis=1), initial=0))

    def add(self, matrix: BandMatrix, right: Array, residual: Array, by_pose: Array) -> None:
        """Add the normal equations of weighted rows: residuals (N, K), derivatives (N, K, M, 6)."""
        order = self.unknown.shape[1]
        a, b = np.tril_indices(order)
        normal = np.empty((len(self.unknown), len(a)))
        for group, (design, left) in enumerate(self._designs(residual, by_pose)):
            normal[group] = (design.T @ design)[a, b]
            right -= np.bincount(self.unknown[group], design.T @ left, len(right))
        # two rays in one knot interval meet the same unknown twice: both orders then count
        row, column = self.unknown[:, a], self.unknown[:, b]
        matrix.add(row, column, np.where((row == column) & (a != b), 2.0, 1.0) * normal)

    def determined(self, inverse: BandInverse, residual: Array, by_pose: Array) -> float:
        """Number of values of the path that the rows determine: the trace of their part of the solution."""
        total = 0.0
        for group, (design, _) in enumerate(self._designs(residual, by_pose)):
            unknown = self.unknown[group]
            covariance = inverse.gather(unknown[:, None], unknown[None, :])
            total += float(np.sum((design @ covariance) * design))
        return total

    def _designs(self, residual: Array, by_pose: Array) -> Iterator[tuple[Array, Array]]:
        """Design matrix (n K, unknowns) and residuals (n K,) of each group."""
        for start, end in zip(self._bounds[:-1], self._bounds[1:]):
            rows = self._order[start:end]
            parts = by_pose[rows].reshape(*by_pose[rows].shape[:3], 2, 1, 3)
            design = parts * self._share[rows][:, None, :, :, :, None]
            yield design.reshape(-1, self.unknown.shape[1]), residual[rows].ravel()
