"""Universal kriging with the relief as external drift: the best linear estimate of heights between altimeter tracks.

Model: altitude = drift(x)ᵀ β + r(x) + noise. β has a Gaussian prior, r is a Gaussian process with covariance
sill · exp(-(d / length)^(2 hurst)), which behaves as fractal ground (variogram ~ d^2hurst) below ``length``.
The covariance is the one that best predicts each track from the others (leave one track out): between the tracks
is where the estimate will be used. References: Chilès & Delfiner, Geostatistics (2012), ch. 3; Rasmussen & Williams
(2006), eq. 2.41-2.42 (explicit basis) and 5.10-5.12 (leave-one-out).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]
Indices = np.ndarray[Any, np.dtype[np.int64]]

HURST = (0.3, 0.45, 0.6, 0.75, 0.9)
LENGTH = (0.1, 0.2, 0.4, 0.8, 2.0)  # of the extent
NUGGET = (1e-4, 1e-3, 5e-3, 0.02, 0.08, 0.3)  # of the sill


@dataclass(frozen=True)
class Covariance:
    """sill (m²), length (m), hurst exponent, nugget (m²: what varies within a support point's cell)."""

    sill: float
    length_m: float
    hurst: float
    nugget: float

    def between(self, distance: Array) -> Array:
        """Covariance (m²) at distances (m), nugget apart."""
        with np.errstate(divide="ignore"):
            return self.sill * np.exp(-np.exp(2.0 * self.hurst * np.log(distance / self.length_m)))


@dataclass(frozen=True)
class Problem:
    """Support points: place (N, 2) m, drift (N, P), prior (P, P) covariance of β, value (N,) m less its prior mean,
    noise (N,) variance in m², group (N,) what is left out together (a track), extent_m of the survey."""

    place: Array
    drift: Array
    prior: Array
    value: Array
    noise: Array
    group: Indices
    extent_m: float

    def __getitem__(self, chosen: Any) -> Problem:
        return replace(
            self,
            place=self.place[chosen],
            drift=self.drift[chosen],
            value=self.value[chosen],
            noise=self.noise[chosen],
            group=self.group[chosen],
        )

    def matrix(self, covariance: Covariance, distance: Array) -> Array:
        """Covariance (N, N) of the values."""
        result = covariance.between(distance) + (self.drift @ self.prior) @ self.drift.T
        result[np.diag_indices_from(result)] += self.noise + covariance.nugget
        return result


@dataclass(frozen=True)
class Solution:
    """The conditioned model: weights (N,) = K⁻¹ value and K⁻¹ (N, N)."""

    problem: Problem
    covariance: Covariance
    weights: Array
    inverse: Array

    @property
    def coefficients(self) -> Array:
        """Posterior mean (P,) of β."""
        return self.problem.prior @ (self.problem.drift.T @ self.weights)

    @property
    def coefficient_covariance(self) -> Array:
        """Posterior covariance (P, P) of β."""
        spread = self.problem.drift @ self.problem.prior
        return self.problem.prior - spread.T @ self.inverse @ spread

    def residual(self, place: Array) -> Array:
        """Posterior mean (M,) of r at places (M, 2), without the drift."""
        return self.covariance.between(distances(place, self.problem.place)) @ self.weights

    def variance(self, place: Array, drift: Array) -> Array:
        """Posterior variance (M,), m², of drift·β + r at places (M, 2) with drift (M, P); no nugget."""
        problem = self.problem
        cross = self.covariance.between(distances(place, problem.place)) + drift @ (problem.prior @ problem.drift.T)
        before = self.covariance.sill + np.einsum("mp,pq,mq->m", drift, problem.prior, drift)
        return np.maximum(before - np.einsum("mn,mn->m", cross @ self.inverse, cross), 0.0)

    def left_out(self) -> tuple[Array, Array]:
        """Error (N,) and variance (N,) of every value predicted from the other groups."""
        return left_out(self.inverse, self.problem.value, self.problem.group)


def distances(a: Array, b: Array) -> Array:
    """Distances (M, N) between places (M, 2) and (N, 2)."""
    squared = (a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2.0 * a @ b.T
    return np.sqrt(np.maximum(squared, 0.0))


def left_out(inverse: Array, value: Array, group: Indices) -> tuple[Array, Array]:
    """Leave-group-out errors and variances from K⁻¹: (K⁻¹_gg)⁻¹ (K⁻¹ value)_g and the diagonal of (K⁻¹_gg)⁻¹."""
    weights = inverse @ value
    error, variance = np.empty(len(value)), np.empty(len(value))
    for name in np.unique(group):
        members = np.flatnonzero(group == name)
        block = np.linalg.inv(inverse[np.ix_(members, members)])
        error[members], variance[members] = block @ weights[members], np.diag(block)
    return error, variance


def solve(problem: Problem, covariance: Covariance) -> Solution:
    """Condition the model on its values."""
    inverse = np.linalg.inv(problem.matrix(covariance, distances(problem.place, problem.place)))
    return Solution(problem, covariance, inverse @ problem.value, inverse)


def fit_covariance(problem: Problem, limit: int = 300) -> Covariance:
    """The covariance that best predicts tracks from the other tracks.

    Minimises the mean of log variance + error² / variance over the left-out shots, by coordinate search on
    (`HURST`, `LENGTH`, `NUGGET`), the sill in closed form; every k-th point is used, so that at most about
    ``limit`` enter.
    """
    order = np.lexsort((problem.place[:, 0], problem.group))
    few = problem[order[:: max(1, -(-len(order) // limit))]]
    distance = distances(few.place, few.place)
    sill = max(float(np.var(few.value)), 1e-6)
    best = Covariance(sill, 0.7 * few.extent_m, 0.7, 0.02 * sill)
    best_score, best = _score(few, best, distance)
    for _ in range(2):
        for field, choices in (("hurst", HURST), ("nugget", NUGGET), ("length_m", LENGTH)):
            for trial in _trials(best, field, choices, few.extent_m):
                score, scaled = _score(few, trial, distance)
                if score < best_score - 1e-9:
                    best_score, best = score, scaled
    return best


def _trials(at: Covariance, field: str, choices: Sequence[float], extent_m: float) -> list[Covariance]:
    unit = {"hurst": 1.0, "nugget": at.sill, "length_m": extent_m}[field]
    return [replace(at, **{field: choice * unit}) for choice in choices]


def _score(problem: Problem, covariance: Covariance, distance: Array) -> tuple[float, Covariance]:
    """Leave-track-out score, and the covariance with the sill that the errors ask for."""
    inverse = np.linalg.inv(problem.matrix(covariance, distance))
    error, variance = left_out(inverse, problem.value, problem.group)
    factor = float(np.mean(error**2 / variance))
    score = np.log(factor) + float(np.mean(np.log(variance)))
    return score, replace(covariance, sill=covariance.sill * factor, nugget=covariance.nugget * factor)
