"""Gains of a relief's octave bands, a plane and a residual surface, estimated together from altimeter shots.

`fuse` is what levelling rests on; `best_shift` asks it where the relief should lie.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..products import product
from .kriging import Covariance, Problem, Solution, fit_covariance, left_out, likelihood, solve
from .placement import NO_SHIFT, Shift
from .pyramid import Field, sample_bands
from .robust import irls, nmad
from .shots import Shots
from .support import Support, gather_support

Array = np.ndarray[Any, np.dtype[np.float64]]
Indices = np.ndarray[Any, np.dtype[np.int64]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]

SUPPORT = 600  # support points at most: the cost grows with their cube
OUTLIER = 5.0  # standard deviations of a left-out support point beyond which it is wild
LOOSE_SPREAD = 0.7  # prior spread of a band's gain while the common one is sought, of a gain that explains everything
BAND_SPREAD = 0.2  # prior spread of a band's gain about the common one, of the common one
FINEST_WAVE = 4.0  # pixels: the middle wavelength of the finest band
STRIDES = (8, 4, 2, 1)  # pixels: the steps by which a shift is refined
TRIALS = 200  # support points on which a shift is tried
USUAL = (1.5, 1.0)  # kind of terrain for trying shifts
BETTER = 0.02  # of log likelihood a trial point, by which a shift must beat none


@dataclass(frozen=True)
class Frame:
    """Size of the grid and of its pixels (row, column) in metres; places are metres from its first pixel."""

    shape: tuple[int, int]
    pixel: Array

    @property
    def extent_m(self) -> float:
        """The longer side."""
        return float(max(self.shape * self.pixel))

    @property
    def pixel_m(self) -> float:
        """The longer side of a pixel."""
        return float(self.pixel.max())

    def plane(self, place: Array) -> Array:
        """Regressors (N, 3) of a plane: 1 and the place from the middle, in extents."""
        middle = (np.array(self.shape) - 1.0) * self.pixel / 2.0
        return np.column_stack([np.ones(len(place)), (place - middle) / self.extent_m])


@dataclass(frozen=True)
class Prior:
    """What is known of the bands' gains before the support points are used: mean (P,) and covariance (P, P)."""

    mean: Array
    covariance: Array


@dataclass(frozen=True)
class Fusion:
    """gains (B,) of the bands (none for a constant relief), plane (3,) on `Frame.plane`, the height (m) they add to,
    the conditioned residual, the support points, which of them are not wild, and the common gain with its sigma."""

    gains: Array
    plane: Array
    base: float
    solution: Solution
    support: Support
    good: Mask
    scale: float
    scale_sigma: float


def fuse(bands: list[Field], shots: Shots, frame: Frame) -> Fusion:
    """Estimate everything from shots (N) and the relief's bands."""
    support, unit = _gather(bands, shots, frame)
    prior = _gains_within_cells(support, unit, LOOSE_SPREAD * unit, frame.pixel_m)
    solution, good = _condition(support, prior, frame)
    scale, scale_sigma = _common_gain(prior, solution)
    if unit:  # now that the common gain is known, the bands are held to it
        prior = _gains_within_cells(support, unit, BAND_SPREAD * abs(scale), frame.pixel_m)
        solution, good = _condition(support, prior, frame)
        scale, scale_sigma = _common_gain(prior, solution)
    count = len(prior.mean)
    return Fusion(
        prior.mean + solution.coefficients[:count],
        solution.coefficients[count:],
        _middle(support, prior),
        solution,
        support,
        good,
        scale,
        scale_sigma,
    )


def best_shift(bands: list[Field], shots: Shots, frame: Frame, start: Shift) -> Shift:
    """``start`` refined to where the fusion explains the shots best, or none where that explains them no better."""
    support, unit = _gather(bands, shots, frame)
    if not unit or not start:
        return NO_SHIFT
    few = np.arange(0, len(support.altitude), max(1, -(-len(support.altitude) // TRIALS)))
    count, at = support.drift.shape[1], support.place[few] / frame.pixel
    prior = _band_prior(count, unit, LOOSE_SPREAD * unit)
    kind = Covariance(1.0, USUAL[1] * frame.extent_m, USUAL[0], 1e-3)
    tried: dict[tuple[int, int], float] = {}

    def score(rows: int, cols: int) -> float:
        if (rows, cols) not in tried:
            drift = sample_bands(bands, at[:, 0] - rows, at[:, 1] - cols)
            moved = replace(
                support,
                place=support.place[few],
                drift=drift,
                altitude=support.altitude[few],
                noise=support.noise[few],
                track=support.track[few],
            )
            tried[rows, cols] = likelihood(_problem(moved, Prior(np.zeros(count), prior), frame), kind)
        return tried[rows, cols]

    best = start.rows, start.cols
    for stride in STRIDES:
        while True:
            near = [(best[0] + i * stride, best[1] + j * stride) for i in (-1, 0, 1) for j in (-1, 0, 1)]
            winner = min(near, key=lambda place: score(*place))
            if score(*winner) >= score(*best):
                break
            best = winner
    return Shift(*best, start.gain) if score(*best) < score(0, 0) - BETTER else NO_SHIFT


def _gather(bands: list[Field], shots: Shots, frame: Frame) -> tuple[Support, float]:
    """Support points with the bands as drift, and the size of a gain that would explain all of the heights' spread
    (0, and no drift, where the relief is constant or the shots lie on a plane)."""
    place = np.column_stack([shots.row, shots.col]) * frame.pixel
    drift = sample_bands(bands, shots.row, shots.col)
    total, plane = drift.sum(axis=1), frame.plane(place)
    start, _ = irls(np.column_stack([total, plane]), shots.altitude)
    spread = [nmad(values - product(plane, irls(plane, values)[0])) for values in (shots.altitude, total)]
    # Shots on a plane leave a relief nothing to explain, as a constant relief explains nothing.
    flat = any(s <= 1e-9 * max(1.0, float(np.abs(of).max())) for s, of in zip(spread, (shots.altitude, total)))
    guess = product(np.column_stack([total, plane]), start)
    support = gather_support(shots, place, drift[:, :0] if flat else drift, guess, SUPPORT, frame.pixel_m)
    return support, 0.0 if flat else spread[0] / spread[1]


def _band_prior(count: int, unit: float, spread: float) -> Array:
    """Covariance (P, P) of gains that share a common one of size ``unit`` and leave it by ``spread``."""
    return unit**2 * np.ones((count, count)) + max(spread, 1e-3 * unit) ** 2 * np.eye(count)


def _gains_within_cells(support: Support, unit: float, spread: float, pixel_m: float) -> Prior:
    """Gains of the bands that cell averages wipe out, from height differences within cells.

    No long-wave error of relief or shots touches those. The shots of one cell share its residual terrain, so a cell
    counts as one observation and not as many. Bands that no cell resolves keep near the others by the prior.
    """
    count = support.within_drift.shape[1]
    prior = _band_prior(count, unit, spread)
    fine = FINEST_WAVE * pixel_m * 2.0 ** np.arange(count) <= support.cell_m
    drift, value = support.within_drift * fine, support.within
    if not fine.any() or not support.shared:
        return Prior(np.zeros(count), prior)
    _, weights = irls(drift, value)
    normal, right = product(drift.T, weights[:, None] * drift), product(drift.T, weights * value)
    variance = nmad(value) ** 2
    for _ in range(3):  # the variance left over depends on the gains, and they on it
        noise = support.shared * max(variance, 1e-6)
        covariance = np.linalg.inv(np.linalg.inv(prior) + normal / noise)
        mean = product(covariance, right) / noise
        variance = nmad(value - product(drift, mean)) ** 2
    return Prior(mean, covariance)


def _middle(support: Support, prior: Prior) -> float:
    return float(np.median(support.altitude - product(support.drift, prior.mean)))


def _problem(support: Support, prior: Prior, frame: Frame) -> Problem:
    """The kriging of the support points, heights less what the prior's gains explain."""
    value = support.altitude - product(support.drift, prior.mean)
    spread = max(float(np.std(value)), 1.0)
    count = support.drift.shape[1]
    covariance = np.diag(np.full(count + 3, (10.0 * spread) ** 2))
    covariance[:count, :count] = prior.covariance
    drift = np.column_stack([support.drift, frame.plane(support.place)])
    value = value - _middle(support, prior)
    return Problem(support.place, drift, covariance, value, support.noise, _groups(support, frame), frame.extent_m)


def _condition(support: Support, prior: Prior, frame: Frame) -> tuple[Solution, Mask]:
    """Kriging of the support points, and which of them are not wild."""
    problem = _problem(support, prior, frame)
    covariance = fit_covariance(problem)
    good = np.ones(len(problem.value), dtype=bool)
    for turn in range(3):
        solution = solve(problem, covariance)
        error, variance = left_out(solution.inverse, problem.value, np.arange(len(good)))
        wild = np.abs(error) > OUTLIER * np.maximum(nmad(error / np.sqrt(variance)), 0.5) * np.sqrt(variance)
        if (wild == ~good).all():
            break
        good = ~wild
        problem = replace(problem, noise=support.noise + np.where(wild, error**2, 0.0))
        if turn == 0:
            covariance = fit_covariance(problem[good])
    return solution, good


def _groups(support: Support, frame: Frame) -> Indices:
    """What is left out together: tracks, or squares of the extent where there are fewer than three tracks."""
    if len(np.unique(support.track)) >= 3:
        return support.track
    square = np.floor(4.0 * support.place / (frame.extent_m * 1.001)).astype(np.int64)
    return square[:, 0] * 4 + square[:, 1]


def _common_gain(prior: Prior, solution: Solution) -> tuple[float, float]:
    """The best single gain and its sigma, from the estimates of all bands; 0, 0 for a constant relief."""
    count = len(prior.mean)
    if not count:
        return 0.0, 0.0
    mean, covariance = prior.mean + solution.coefficients[:count], solution.coefficient_covariance[:count, :count]
    weights = np.linalg.solve(covariance, np.ones(count))
    return float(np.average(mean, weights=weights)), float(1.0 / np.sqrt(weights.sum()))
