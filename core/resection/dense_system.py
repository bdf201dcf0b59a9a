"""The normal equations of several corrected camera models: dense, since ties join every image with every other.

The corrections are Gaussian processes: position and attitude each within a stated sigma of the model, and smooth over a
quarter of the image; the attitude has jitter on top, smooth over a knot interval, whose sigma the data choose by
restricted maximum likelihood (the ratio that expectation maximisation drives to one).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .banded import BandInverse, BandMatrix
from .coupling import Coupling, Curves, Observed
from .nominal_path import Asked, NominalPath
from .path import Poses
from .splines import UniformSpline
from .surface_shots import ShotRows
from .ties import TieRows

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

SMOOTH = 0.25  # of an image: over which a model's slow error changes
JITTER = 0.05  # first sigma of the jitter, of the attitude's
LEAST_JITTER = 1e-3
STEEPEST = 3.0  # it changes at most so much in one round
_NUGGET = 1e-6  # of a covariance's diagonal: keeps its inverse finite


@dataclass(frozen=True)
class Prior:
    """Sigma at any line by which a model may err: position (m) and attitude (rad), each component."""

    position: float = 200.0
    attitude: float = 1e-4


@dataclass(frozen=True)
class Placed:
    """Observations, the images whose poses their columns feel, and what their models say there."""

    rows: Observed
    images: tuple[int, ...]
    asked: tuple[Asked, ...]

    @classmethod
    def of(cls, rows: Observed, images: tuple[int, ...], paths: Sequence[NominalPath]) -> Placed:
        """Observations whose column m lies in image ``images[m]``."""
        asked = tuple(paths[k].asked(rows.line[:, m]) for m, k in enumerate(images))
        return cls(rows, images, asked).anew(paths)

    def anew(self, paths: Sequence[NominalPath]) -> Placed:
        """The same where the errors of the ties' lines are told by the present paths."""
        rows = self.rows
        if not isinstance(rows, (TieRows, ShotRows)):
            return self
        beside = rows.rays.beside()
        later = [paths[k].at(beside[:, m]) for m, k in enumerate(self.images)]
        here = joined([paths[k].of(own) for k, own in zip(self.images, self.asked)])
        rows = rows.placed(here, joined(later))
        return Placed(rows, self.images, tuple(paths[k].asked(rows.line[:, m]) for m, k in enumerate(self.images)))


class DenseSystem:
    """Gauss-Newton on the corrections of ``paths``; ``observed`` may be changed between steps."""

    def __init__(self, paths: Sequence[NominalPath], prior: Prior, observed: Sequence[Placed]) -> None:
        self.paths, self.prior, self.observed = list(paths), prior, list(observed)
        self.curves: list[Curves] = []
        start = 0
        for path in self.paths:
            place = start + np.arange(path.shifts.size).reshape(-1, 3)
            turn = start + place.size + np.arange(path.turns.size).reshape(-1, 3)
            start += place.size + turn.size
            self.curves.append(Curves(path.place, path.turn, place, turn))
        self.order = start
        self.jitter = [np.full(3, JITTER * prior.attitude) for _ in self.paths]
        self.inverse: BandInverse | None = None

    def poses(self, part: Placed) -> Poses:
        """Poses (N * M) of the lines that observations feel."""
        return joined([self.paths[image].of(asked) for image, asked in zip(part.images, part.asked)])

    def step(self) -> float:
        """One step, then weights and jitter anew; returns the largest change of a coefficient over its sigma."""
        matrix, right = BandMatrix(self.order, self.order), np.zeros(self.order)
        couplings = [Coupling(part.rows.line, [self.curves[k] for k in part.images]) for part in self.observed]
        rows = [part.rows.rows(self.poses(part)) for part in self.observed]
        for part, coupling, own_rows in zip(self.observed, couplings, rows):
            coupling.add(matrix, right, *own_rows)
            if isinstance(part.rows, ShotRows):
                self._lose_relief(matrix, right, coupling, part.rows, *own_rows)
        for path, own, jitter in zip(self.paths, self.curves, self.jitter):
            for axis in range(3):
                held = self._place_precision(path)
                _hold(matrix, right, own.place_at[:, axis], held, path.shifts[:, axis])
                held = np.linalg.inv(self._turn_covariance(path, float(jitter[axis])))
                _hold(matrix, right, own.turn_at[:, axis], held, path.turns[:, axis])
        factor = matrix.factor()
        change = factor.solve(right)
        self.paths = [
            path.moved(change[own.place_at], change[own.turn_at]) for path, own in zip(self.paths, self.curves)
        ]
        self.inverse = inverse = factor.inverse()
        fresh = []
        for part, coupling, own_rows in zip(self.observed, couplings, rows):
            # by the derivatives of the step: rows that are turned a little see what the path leaves open
            determined = coupling.determined(inverse, *own_rows)
            now, poses = part.rows, self.poses(part)
            if isinstance(now, ShotRows):
                fresh.append(replace(part, rows=now.reweighed(poses, determined, half=True)))
            else:
                fresh.append(replace(part, rows=now.reweighed(poses, determined)))
        self.observed = fresh
        self.jitter = [self._rougher(k, inverse) for k in range(len(self.paths))]
        every = np.arange(self.order)
        return float(np.max(np.abs(change) / np.sqrt(inverse.gather(every, every))))

    def _lose_relief(
        self, matrix: BandMatrix, right: Array, coupling: Coupling, rows: ShotRows, residual: Array, by_pose: Array
    ) -> None:
        """The shares of relief that a surface lacks are unknowns more, eliminated here."""
        lost, sigma = rows.by_relief()
        own = np.linalg.inv(lost.T @ lost + np.diag(sigma**-2.0))
        pull = np.stack([coupling.pulled(self.order, part[:, None], by_pose) for part in lost.T], axis=1)
        a, b = np.tril_indices(self.order)
        matrix.add(a, b, -(pull @ own @ pull.T)[a, b])
        right += pull @ (own @ (lost.T @ residual[:, 0]))

    def covariance(self, image: int, line: Array) -> Array:
        """Covariance (L, 6, 6) of an image's corrections (shift, turn) at lines (L,), by the last step."""
        if self.inverse is None:
            raise ValueError("The covariance is known after a step.")
        return Coupling(line[:, None], [self.curves[image]]).pose_covariance(self.inverse)

    def strain(self, image: int) -> tuple[float, float]:
        """Corrections of position and attitude over what the prior expects, RMS of their independent parts."""
        path, jitter = self.paths[image], self.jitter[image]
        place = np.einsum("ka,kj,ja->a", path.shifts, self._place_precision(path), path.shifts)
        turn = [
            values @ np.linalg.solve(self._turn_covariance(path, float(own)), values)
            for values, own in zip(path.turns.T, jitter)
        ]
        return float(np.sqrt(place.mean() / len(path.shifts))), float(np.sqrt(np.mean(turn) / len(path.turns)))

    def _place_precision(self, path: NominalPath) -> Array:
        return np.linalg.inv(self.prior.position**2 * _smooth(path.place, SMOOTH * _span(path)))

    def _turn_covariance(self, path: NominalPath, jitter: float) -> Array:
        slow = self.prior.attitude**2 * _smooth(path.turn, SMOOTH * _span(path))
        return np.asarray(slow + jitter**2 * _smooth(path.turn, path.turn.step))

    def _rougher(self, image: int, inverse: BandInverse) -> Array:
        """Sigma (3,) of the jitter anew."""
        path, at, jitter = self.paths[image], self.curves[image].turn_at, self.jitter[image]
        quick = _smooth(path.turn, path.turn.step)
        fresh = np.empty(3)
        for axis in range(3):
            precision = np.linalg.inv(self._turn_covariance(path, float(jitter[axis])))
            spread = inverse.gather(at[:, axis, None], at[None, :, axis])
            found = precision @ path.turns[:, axis]
            weighted = precision @ quick
            expected = found @ quick @ found + np.sum(weighted * (precision @ spread).T)
            ratio = np.sqrt(expected / np.trace(weighted))
            fresh[axis] = jitter[axis] * np.clip(ratio, 1.0 / STEEPEST, STEEPEST)
        return np.maximum(fresh, LEAST_JITTER * self.prior.attitude)


def joined(columns: Sequence[Poses]) -> Poses:
    """Poses (N * M) of M columns of N."""
    names = ("position", "rotation", "frame", "jacobian")
    together = (np.stack([getattr(column, name) for column in columns], axis=1) for name in names)
    return Poses(*(values.reshape(-1, *values.shape[2:]) for values in together))


def _span(path: NominalPath) -> float:
    return path.camera.lines[1] - path.camera.lines[0]


def _smooth(spline: UniformSpline, length: float) -> Array:
    """Correlation (K, K) of a spline's coefficients that swing over ``length`` lines."""
    apart = (spline.centres[:, None] - spline.centres) / length
    return np.asarray(np.exp(-0.5 * apart**2) + _NUGGET * np.eye(spline.count))


def _hold(matrix: BandMatrix, right: Array, at: Integers, precision: Array, value: Array) -> None:
    """Add a prior of mean zero on the unknowns ``at`` (K,), whose present values are ``value`` (K,)."""
    a, b = np.tril_indices(len(at))
    matrix.add(at[a], at[b], precision[a, b])
    right[at] -= precision @ value
