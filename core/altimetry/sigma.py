"""A 1-sigma in metres for interpolated altitudes, calibrated on the shots themselves.

    sigma^2 = exp(2 q(x)) + nugget^2

with a quadratic q of the `features` x. It is fitted to shots withheld as `withhold` tells; what few shots leave open
stays with a self-affine surface, sigma^2 ~ G r. A last step makes 68.3 % of the withheld errors lie within sigma at
every level of sigma.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..frames import Array
from .error_features import COUNT, features, log_roughness
from .interpolation import Interpolated, Interpolator
from .withholding import withhold

ONE_SIGMA = 0.682689
FEWEST_SHOTS = 10  # below which nothing can be withheld
LEAST_NUGGET_M = 1.0  # what is left of the error next to a shot, where the shots' sigma is not given
_ROUNDS = 3
_MANY = 60_000  # shots of which fewer rounds withhold enough
_PRIOR = 10.0  # withheld shots that the self-affine surface counts for, in each coefficient
_REACH = 2.0  # standard deviations of the withheld features within which the squares are trusted
_PER_LEVEL, _LEVELS = 150, 20  # withheld shots a level of the calibration, and levels at most
_SQUARES = np.triu_indices(COUNT)


@dataclass(frozen=True)
class SigmaModel:
    """What `fit_sigma` found.

    altitude (N,) m, log_roughness (N, 2): of each place of the interpolator. form: q. nugget: m. level, gain: (L,) ln
    of the fitted sigma, ascending, and what the calibration adds to it there. noise: (N,) sigma of the shots, or None.
    """

    altitude: Array
    log_roughness: Array
    form: Form
    nugget: float
    level: Array
    gain: Array
    noise: Array | None

    def at(self, found: Interpolated) -> Array:
        """1-sigma (n,) in m of interpolated altitudes; NaN where there is none."""
        known = features(found, self.altitude, self.log_roughness, self.form.floor)
        fitted = _fitted(self.form.terms(known) @ self.form.coefficients, self.nugget)
        sigma = np.exp(fitted + np.interp(fitted, self.level, self.gain))
        if self.noise is not None:
            handed_on = np.einsum("nk,nk->n", found.weights**2, self.noise[found.sectors.index] ** 2)
            sigma = np.maximum(sigma, np.sqrt(handed_on))
        return np.where(np.isfinite(found.altitude), sigma, np.nan)


@dataclass(frozen=True)
class Form:
    """q(x) = `terms` @ coefficients. mean, spread (`COUNT`,): of the features fitted to. floor: see `features`."""

    mean: Array
    spread: Array
    floor: float
    coefficients: Array

    def terms(self, known: Array) -> Array:
        """1, the features and, within their usual range, their squares and products (n, terms)."""
        x = (known - self.mean) / self.spread
        near = np.clip(x, -_REACH, _REACH)
        squares = near[:, _SQUARES[0]] * near[:, _SQUARES[1]]
        return np.concatenate([np.ones((len(x), 1)), x, squares], axis=1)


def fit_sigma(surface: Interpolator, seed: int = 0) -> SigmaModel | None:
    """Fit and calibrate the sigma of altitudes interpolated on ``surface``; None below `FEWEST_SHOTS` places."""
    if len(surface) < FEWEST_SHOTS:
        return None
    generator = np.random.default_rng(seed)
    noise = surface.shots.sigma
    own = 0.0 if noise is None else float(np.median(noise))
    floor = max(own, LEAST_NUGGET_M)
    known, errors = [], []
    for _ in range(_ROUNDS if len(surface) < _MANY else _ROUNDS - 1):
        held = withhold(surface, generator)
        rough = log_roughness(held.rest, held.around.sectors.index)
        known.append(features(held.found, held.rest.shots.altitude, rough, floor, held.around))
        errors.append(held.error)
    return _model(surface, np.concatenate(known), np.concatenate(errors), own, floor)


def _model(surface: Interpolator, known: Array, error: Array, own: float, floor: float) -> SigmaModel:
    """The model that fits the errors (M,) in m of withheld shots with features ``known`` (M, `COUNT`)."""
    spread = np.maximum(known.std(axis=0), 0.1)
    form = Form(known.mean(axis=0), spread, floor, np.empty(0))
    coefficients, nugget = _fit(form, known, error, LEAST_NUGGET_M if own == 0 else own)
    form = Form(form.mean, spread, floor, coefficients)
    level, gain = _calibration(_fitted(form.terms(known) @ coefficients, nugget), error, own)
    shots = surface.shots
    return SigmaModel(shots.altitude, log_roughness(surface), form, nugget, level, gain, shots.sigma)


def _fitted(q: Array, nugget: float) -> Array:
    """Ln of the sigma before calibration."""
    return np.asarray(0.5 * np.logaddexp(2 * q, 2 * np.log(nugget)))


def _fit(form: Form, known: Array, error: Array, least_nugget: float) -> tuple[Array, float]:
    """Coefficients and nugget (m) that make exp(`_fitted`) the scale of the absolute errors (Laplace likelihood)."""
    from scipy.optimize import minimize

    terms = form.terms(known)
    usual = np.zeros(terms.shape[1])
    usual[1:3] = 0.5 * form.spread[:2]
    weight = np.full(len(usual), _PRIOR)
    weight[0] = 0.0

    def cost(x: Array) -> tuple[float, Array]:
        fitted = _fitted(terms @ x[:-1], np.exp(x[-1]))
        ratio = error * np.exp(-fitted)
        slope = 1 - ratio
        share = np.exp(2 * (x[-1] - fitted))  # of the variance that is nugget
        off = x[:-1] - usual
        gradient = np.append(terms.T @ (slope * (1 - share)) + weight * off, slope @ share)
        return float(np.sum(fitted + ratio) + 0.5 * weight @ off**2), gradient

    start = usual.copy()
    start[0] = np.log(np.mean(error * np.exp(-terms @ usual)) + 1e-9)
    smallest = np.log(least_nugget)
    largest = max(np.log(np.mean(error) + 1e-9), smallest)
    bounds = [*[(None, None)] * len(usual), (smallest, largest)]
    best = minimize(cost, np.append(start, smallest), jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(best.x[:-1]), float(np.exp(best.x[-1]))


def _calibration(fitted: Array, error: Array, noise: float) -> tuple[Array, Array]:
    """Levels of the fitted ln sigma and what to add there so that 68.3 % of the errors of each level lie within.

    The withheld shots' own noise (m) is no error of the interpolation and is taken off.
    """
    count = int(np.clip(len(error) // _PER_LEVEL, 1, _LEVELS))
    levels = np.array_split(np.argsort(fitted, kind="stable"), count)
    level = np.array([fitted[rows].mean() for rows in levels])
    within = np.array([np.quantile(error[rows], ONE_SIGMA) for rows in levels])
    true = np.log(np.sqrt(np.maximum(within**2 - noise**2, (0.3 * within) ** 2)) + 1e-6)
    rising = 0.5 * (np.maximum.accumulate(true) + np.minimum.accumulate(true[::-1])[::-1])
    return level, rising - level
