"""Rows that feel the trajectory at several lines at once, and what they add to its normal equations.

A tie point joins lines half a thousand and more apart. Rows whose lines fall into the same knot intervals feel the
same unknowns: they are multiplied out together, a small dense matrix a group, and the band only has to be wide enough.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .banded import BandInverse, BandMatrix
from .path import Poses
from .splines import UniformSpline

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


@dataclass(frozen=True)
class Curves:
    """Splines of a path's shift and turn, and where their coefficients stand among the unknowns: (Kp, 3), (Ka, 3)."""

    place: UniformSpline
    turn: UniformSpline
    place_at: Integers
    turn_at: Integers


class Coupling:
    """Where rows that feel poses at lines (N, M) stand among the unknowns; ``curves`` (M) carry the columns."""

    def __init__(self, line: Array, curves: Sequence[Curves]) -> None:
        shares, unknowns, stretches = [], [], []
        for column, own in enumerate(curves):
            for spline, at in ((own.place, own.place_at), (own.turn, own.turn_at)):
                first, share = spline.weights(line[:, column])
                stretches.append(first)
                shares.append(share)
                unknowns.append(at)
        kinds, group = np.unique(np.stack(stretches, axis=1), axis=0, return_inverse=True)
        self._order = np.argsort(group.ravel(), kind="stable")
        self._bounds = np.searchsorted(group.ravel()[self._order], np.arange(len(kinds) + 1))
        felt = [at[kinds[:, k, None] + np.arange(4)] for k, at in enumerate(unknowns)]
        # (groups, images * (shift, turn) * taps * components)
        self.unknown = np.stack(felt, axis=1).reshape(len(kinds), -1)
        self._share = np.stack(shares, axis=1).reshape(len(line), len(curves), 2, 4)

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

    def pulled(self, order: int, residual: Array, by_pose: Array) -> Array:
        """Derivatives' transpose times ``residual`` (N, K): how ``order`` unknowns are pulled by it."""
        pull = np.zeros(order)
        for group, (design, left) in enumerate(self._designs(residual, by_pose)):
            pull += np.bincount(self.unknown[group], design.T @ left, order)
        return pull

    def determined(self, inverse: BandInverse, residual: Array, by_pose: Array) -> float:
        """Number of values of the path that the rows determine: the trace of their part of the solution."""
        total = 0.0
        for group, (design, _) in enumerate(self._designs(residual, by_pose)):
            unknown = self.unknown[group]
            covariance = inverse.gather(unknown[:, None], unknown[None, :])
            total += float(np.sum((design @ covariance) * design))
        return total

    def pose_covariance(self, inverse: BandInverse) -> Array:
        """Covariance (N, 6 M, 6 M) of the splines' values (shift, turn) at the lines of each row."""
        images = self._share.shape[1]
        rows = np.broadcast_to(
            np.eye(6 * images).reshape(6 * images, images, 6), (len(self._share), 6 * images, images, 6)
        )
        covariance = np.empty((len(rows), 6 * images, 6 * images))
        designs = self._designs(np.zeros(rows.shape[:2]), rows)
        for group, (design, _) in enumerate(designs):
            unknown = self.unknown[group]
            own = design.reshape(-1, 6 * images, len(unknown))
            spread = inverse.gather(unknown[:, None], unknown[None, :])
            covariance[self._order[self._bounds[group] : self._bounds[group + 1]]] = (
                own @ spread @ np.swapaxes(own, 1, 2)
            )
        return covariance

    def _designs(self, residual: Array, by_pose: Array) -> Iterator[tuple[Array, Array]]:
        """Design matrix (n K, unknowns) and residuals (n K,) of each group."""
        for start, end in zip(self._bounds[:-1], self._bounds[1:]):
            rows = self._order[start:end]
            parts = by_pose[rows].reshape(*by_pose[rows].shape[:3], 2, 1, 3)
            design = parts * self._share[rows][:, None, :, :, :, None]
            yield design.reshape(-1, self.unknown.shape[1]), residual[rows].ravel()
