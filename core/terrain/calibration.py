"""How wide sigma should be: runs of the tracks of every length are left out, and steep ground is given more of it.

The kriging's sigma is the same on plains and mountains, and its covariance is fitted where shots are dense and where
they are a track apart, not between. Runs of 2, 4, 8, 16 support points and whole tracks, each predicted from all else,
tell what the errors are at as many distances; their quantile over the predicted one is the factor for such a sigma.
Cross-validation by blocks: Roberts et al. (2017), Ecography 40, 913; its use for intervals: Barber et al. (2021),
Annals of Statistics 49, 486 (jackknife+). On 108 rendered sites of 25 to 50 km under 45 tracks like LOLA's, of which
4, 6 or 12 were given, the quantile loss of sigma fell by 5 to 9 % and the spread of a site's share within sigma by 13
to 39 %; a power of the slope fitted site by site, or levels within a support cell, gained nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .kriging import Solution, left_out
from .pyramid import smooth

Array = np.ndarray[Any, np.dtype[np.float64]]
Indices = np.ndarray[Any, np.dtype[np.int64]]
Field = np.ndarray[Any, np.dtype[np.float32]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]

RUNS = 2, 4, 8, 16  # support points left out together, whole tracks apart
SHARE = 0.71  # of the errors, within a factor: a little over 68 %, for gains and covariance have seen what is left out
MOST = 8.0  # times that sigma may grow or shrink: the errors of shots on a plane are none
STEEPER, STEEPER_FAR = 0.6, 0.4  # powers of the local slope by which sigma grows, within runs and a track away
MOST_STEEPER = 2.0  # logarithm of the slope over the usual one, or under it, that enters


@dataclass(frozen=True)
class Calibration:
    """Logarithms of sigma (K,), rising, of the factor there (K,), and the power of the slope (K,); usual: mean
    logarithm of the slopes."""

    sigma: Array
    factor: Array
    power: Array
    usual: float

    def calibrated(self, sigma: Array, steepness: Array) -> Array:
        """Sigma (N,) in metres for the kriging's (N,), m, where the logarithm of the local slope is as given (N,)."""
        level = np.log(sigma)
        factor, power = (np.interp(level, self.sigma, values) for values in (self.factor, self.power))
        return np.exp(level + factor + power * _held(steepness - self.usual))


def calibrate(solution: Solution, good: Mask, steepness: Array) -> Calibration:
    """From a conditioned model of N support points, those that are not wild (N,), and the logarithms of the slopes
    about them (N,)."""
    problem = solution.problem
    usual = float(np.mean(steepness[good]))
    excess = _held(steepness[good] - usual)
    groups = [
        *((_runs(problem.place, problem.group, length), STEEPER) for length in RUNS),
        (problem.group, STEEPER_FAR),
    ]
    levels, factors = [], []
    for group, power in groups:
        error, variance = left_out(solution.inverse, problem.value, group)
        sigma = np.sqrt(np.maximum(variance[good], 1e-12))
        seen = float(np.quantile(np.abs(error[good]) / (sigma * np.exp(power * excess)), SHARE))
        levels.append(float(np.log(np.median(sigma))))
        factors.append(float(np.log(np.clip(seen, 1.0 / MOST, MOST))))
    order = np.argsort(levels)
    powers = np.array([power for _, power in groups])
    return Calibration(np.array(levels)[order], np.array(factors)[order], powers[order], usual)


def steepness(height: Field, rows: Array, columns: Array, pixel: Array) -> Array:
    """Logarithm (R, C) of the root mean square slope about nodes at rows (R,) and columns (C,) of heights (H, W).

    pixel (2,): size of a pixel (row, column), m. A node stands for what is nearest to it, smoothed with its neighbours.
    """
    edges = [np.floor(0.5 * (at[1:] + at[:-1])).astype(np.int64) + 1 for at in (rows, columns)]
    starts, stops = np.r_[0, edges[0]], np.r_[edges[0], len(height)]
    first = np.r_[0, edges[1]]
    width = np.diff(np.r_[first, height.shape[1]])
    mean = np.empty((len(rows), len(columns)))
    for node, (start, stop) in enumerate(zip(starts, stops)):  # a strip of nodes at a time: a raster may be large
        strip = height[max(start - 1, 0) : stop].astype(np.float64)
        squared = np.zeros(strip.shape[1])
        if len(strip) > 1:
            squared += np.mean((np.diff(strip, axis=0) / pixel[0]) ** 2, axis=0)
        if strip.shape[1] > 1:
            across = np.mean((np.diff(strip, axis=1) / pixel[1]) ** 2, axis=0)
            squared += np.r_[across[:1], across]
        mean[node] = np.add.reduceat(squared, first) / width
    return 0.5 * np.log(np.maximum(smooth(mean.astype(np.float32), 1).astype(np.float64), 1e-12))


def _held(excess: Array) -> Array:
    return np.clip(excess, -MOST_STEEPER, MOST_STEEPER)


def _runs(place: Array, group: Indices, length: int) -> Indices:
    """Number (N,) of the run of ``length`` neighbours along its track that each point belongs to."""
    run, next_run = np.empty(len(group), np.int64), 0
    for name in np.unique(group):
        members = np.flatnonzero(group == name)
        along = place[members][:, int(np.ptp(place[members], axis=0).argmax())]
        rank = np.empty(len(members), np.int64)
        rank[np.argsort(along, kind="stable")] = np.arange(len(members))
        run[members] = next_run + rank // length
        next_run = int(run[members].max()) + 1
    return run
