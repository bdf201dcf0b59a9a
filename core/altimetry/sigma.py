"""A 1-sigma in metres for interpolated altitudes, calibrated on the shots themselves.

    sigma^2 = c^2 K^a r^b (own / r)^d + bias^2 + nugget^2

with the `Features` of the place: on a Gaussian self-affine surface of roughness r it is exact with a = b = 1 and d = 0.
c, a, b and d are fitted to withheld shots (`withholding`): to whole tracks where these come as near to each other as
places do, and then the nugget too, which holds what tracks disagree by; else to shots withheld singly. A last step
makes 68.3 % of the withheld errors lie within sigma at every level of sigma. The constants were chosen on the grounds
of `benchmarks/certainty_tuning.py`, where the shares hardly depend on them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..frames import Array
from .error_features import Features, features, log_roughness
from .interpolation import Interpolated, Interpolator
from .withholding import NEAR_SHARE, withheld_places, withheld_tracks

ONE_SIGMA = 0.682689
FEWEST_SHOTS = 10  # below which nothing can be withheld
LEAST_NUGGET_M = 1.0  # what is left of the error next to a shot, where the shots' sigma is not given
_THEORY = np.array([0.0, 1.0, 1.0, 0.0])  # ln c, a, b, d
_SINGLY = np.array([0.0, 10_000.0, 10.0, 10.0, np.inf])  # withheld shots that theory, the nugget given, count for
_BY_TRACK = np.array([0.0, 10.0, 10.0, 10.0, 10.0])
_LEVEL_SHOTS, _LEVEL_TRACKS = 600, 5  # at least, for a level of the calibration: shots of a track err together


@dataclass(frozen=True)
class Scale:
    """The sigma of features. form: ln c, a, b, d. nugget: m. level, gain (L,): ln of the sigma by these, ascending, and
    what the calibration adds to it there."""

    form: Array
    nugget: float
    level: Array
    gain: Array

    def at(self, known: Features) -> Array:
        """1-sigma (n,) in m."""
        fitted = _fitted(known, self.form, self.nugget)
        return np.asarray(np.exp(fitted + np.interp(fitted, self.level, self.gain)))


@dataclass(frozen=True)
class SigmaModel:
    """What `fit_sigma` found.

    altitude (N,) m, log_roughness (N,): of each place of the interpolator. noise: (N,) sigma of the shots, or None.
    """

    altitude: Array
    log_roughness: Array
    scale: Scale
    noise: Array | None

    def at(self, found: Interpolated) -> Array:
        """1-sigma (n,) in m of interpolated altitudes; NaN where there is none."""
        sigma = self.scale.at(features(found, self.altitude, self.log_roughness))
        if self.noise is not None:
            handed_on = np.einsum("nk,nk->n", found.weights**2, self.noise[found.sectors.index] ** 2)
            sigma = np.maximum(sigma, np.sqrt(handed_on))
        return np.where(np.isfinite(found.altitude), sigma, np.nan)


def fit_sigma(surface: Interpolator, seed: int = 0) -> SigmaModel | None:
    """Fit and calibrate the sigma of altitudes interpolated on ``surface``; None below `FEWEST_SHOTS` places."""
    if len(surface) < FEWEST_SHOTS:
        return None
    generator = np.random.default_rng(seed)
    noise = surface.shots.sigma
    own = 0.0 if noise is None else float(np.median(noise))
    known, error = withheld_places(surface, generator)
    near = float(np.quantile(known.geometry, 0.1))
    tracks = withheld_tracks(surface, generator, near)
    if tracks is not None and np.quantile(tracks[0].geometry, NEAR_SHARE) < near:
        # They come as near to others as places do, and know of what tracks disagree by.
        scale = fit_scale(*tracks[:2], own, tracks[2])
    else:
        scale = fit_scale(known, error, own)
    return SigmaModel(surface.shots.altitude, log_roughness(surface), scale, noise)


def fit_scale(known: Features, error: Array, own: float = 0.0, track: npt.NDArray[np.intp] | None = None) -> Scale:
    """The sigma of absolute errors (M,) in m with these features.

    own: noise (m) of the shots withheld. track (M,): from whole tracks withheld, which; None for shots withheld singly.
    """
    given = max(own, LEAST_NUGGET_M)
    if track is None:
        prior, per_level = _SINGLY, _LEVEL_SHOTS
    else:
        prior, per_level = _BY_TRACK, max(_LEVEL_SHOTS, _LEVEL_TRACKS * len(error) // len(np.unique(track)))
    form, nugget = _fit(known, error, given, prior)
    level, gain = _calibration(_fitted(known, form, nugget), error, own, per_level)
    return Scale(form, nugget, level, gain)


def _terms(known: Features) -> Array:
    """Derivatives (n, 4) of the ln of the first part's square root by ln c, a, b and d."""
    return np.stack([np.ones(len(known)), 0.5 * known.geometry, 0.5 * known.rough, 0.5 * known.own], axis=1)


def _fitted(known: Features, form: Array, nugget: float) -> Array:
    """Ln of the sigma before calibration."""
    rest = np.log(known.bias**2 + nugget**2)
    return np.asarray(0.5 * np.logaddexp(2 * (_terms(known) @ form), rest))


def _fit(known: Features, error: Array, nugget: float, prior: Array) -> tuple[Array, float]:
    """ln c, a, b, d and the nugget (m) that make exp(`_fitted`) the scale of the absolute errors (Laplace likelihood).

    prior (5,): how many errors theory and the nugget given (m) count for; that one stays where this is infinite.
    """
    from scipy.optimize import minimize

    terms, theory = _terms(known), np.append(_THEORY, np.log(nugget))
    fixed = np.isinf(prior)
    prior = np.where(fixed, 0.0, prior)

    def cost(x: Array) -> tuple[float, Array]:
        fitted = _fitted(known, x[:4], np.exp(x[4]))
        ratio = error * np.exp(-fitted)
        share = np.exp(2 * (terms @ x[:4] - fitted))  # of the variance that the form rules
        rest = np.exp(2 * (x[4] - fitted))  # and the nugget
        off = x - theory
        value = np.sum(fitted + ratio) + 0.5 * prior @ off**2
        return float(value), np.append(terms.T @ ((1 - ratio) * share), (1 - ratio) @ rest) + prior * off

    start = theory.copy()
    start[0] = np.log(np.mean(error * np.exp(-terms @ _THEORY)) + 1e-9)
    bounds = [(x, x) if held else (None, None) for x, held in zip(theory, fixed)]
    found = minimize(cost, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return np.asarray(found[:4]), float(np.exp(found[4]))


def _calibration(fitted: Array, error: Array, noise: float, per_level: int) -> tuple[Array, Array]:
    """Levels of the fitted ln sigma and what to add there so that 68.3 % of the errors of each level lie within.

    The withheld shots' own noise (m) is no error of the interpolation and is taken off.
    """
    levels = np.array_split(np.argsort(fitted, kind="stable"), max(len(error) // per_level, 1))
    level = np.array([fitted[rows].mean() for rows in levels])
    ratio = error * np.exp(-fitted)
    within = np.exp(level) * np.array([np.quantile(ratio[rows], ONE_SIGMA) for rows in levels])
    true = np.log(np.sqrt(np.maximum(within**2 - noise**2, (0.3 * within) ** 2)) + 1e-6)
    rising = 0.5 * (np.maximum.accumulate(true) + np.minimum.accumulate(true[::-1])[::-1])
    return level, rising - level
