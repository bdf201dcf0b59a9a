"""A 1-sigma in metres for interpolated altitudes, calibrated on the shots themselves.

The error of an interpolated altitude is taken to grow with the local roughness r and with the variance G that the
places of the shots give it (`unit_variance`):

    sigma^2 = exp(2 c0) G^(2 c1) r^(2 c2) + nugget^2

r is the local mean of e^2 / G over leave-one-out errors e. The coefficients are fitted to withheld shots, and a last
step makes 68.3 % of the withheld errors lie within sigma at every level of sigma.

Leaving out one shot is not enough: its neighbours on the track are nearer than the shots are to most of the ground,
which lies between the tracks. So a withheld shot is interpolated as a random place nearby would be: in each sector from
the shot that is as far off as the nearest one is from that place. A tenth of the shots is withheld at once, so that the
roughness seen by a withheld shot knows nothing of it, just as for any other place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..frames import Array, lonlat_radius
from .interpolation import Interpolated, Interpolator, unit_variance
from .search import Indices, in_blocks

ONE_SIGMA = 0.682689
FEWEST_SHOTS = 10  # below which nothing can be withheld
LEAST_NUGGET_M = 1.0  # what is left of the error next to a shot, where the shots' sigma is not given
_SMOOTHED = 8  # shots whose roughness is averaged
_ROUNDS, _PLACES = 3, 2000
_MANY = 60_000  # shots of which one round withholds enough
_PRIOR = 10.0  # withheld shots that c1 = c2 = 1/2, a self-affine surface, counts for
_PER_LEVEL, _LEVELS = 150, 20  # withheld shots a level of the calibration, and levels at most


@dataclass(frozen=True)
class SigmaModel:
    """What `fit_sigma` found.

    log_roughness: (N,) ln r at each place of the interpolator. coefficients: c0, c1, c2. level, gain: (L,) ln of the
    fitted sigma, ascending, and what the calibration adds to it there. noise: (N,) the sigma of the shots, or None.
    """

    log_roughness: Array
    coefficients: Array
    nugget: float
    level: Array
    gain: Array
    noise: Array | None

    def at(self, found: Interpolated) -> Array:
        """1-sigma (n,) in m of interpolated altitudes; NaN where there is none."""
        fitted = _fitted(_features(found, self.log_roughness), self.coefficients, self.nugget)
        sigma = np.exp(fitted + np.interp(fitted, self.level, self.gain))
        if self.noise is not None:
            handed_on = np.einsum("nk,nk->n", found.weights**2, self.noise[found.sectors.index] ** 2)
            sigma = np.maximum(sigma, np.sqrt(handed_on))
        return np.where(np.isfinite(found.altitude), sigma, np.nan)


def fit_sigma(surface: Interpolator, seed: int = 0) -> SigmaModel | None:
    """Fit and calibrate the sigma of altitudes interpolated on ``surface``; None below `FEWEST_SHOTS` places."""
    if len(surface) < FEWEST_SHOTS:
        return None
    generator = np.random.default_rng(seed)
    rounds = [_withheld(surface, generator) for _ in range(_ROUNDS if len(surface) < _MANY else 1)]
    features, error = (np.concatenate(parts) for parts in zip(*rounds))
    noise = surface.shots.sigma
    own = 0.0 if noise is None else float(np.median(noise))
    coefficients, nugget = _fit(features, error, LEAST_NUGGET_M if noise is None else own)
    level, gain = _calibration(_fitted(features, coefficients, nugget), error, own)
    return SigmaModel(_log_roughness(surface), coefficients, nugget, level, gain, noise)


def places_between(surface: Interpolator, count: int, generator: np.random.Generator) -> tuple[Array, Array]:
    """Longitude, latitude (rad, (count,)) of places drawn evenly from the ground between the shots.

    Triangles of a shot and its nearest ones in two adjacent sectors are drawn by their area, then a place in each.
    """
    rows = generator.choice(len(surface), min(len(surface), 10 * count), replace=False)
    around = surface.at(surface.shots.lon[rows], surface.shots.lat[rows], without=rows).sectors
    after = np.roll(np.arange(surface.bins), -1)
    area = np.abs(around.east * around.north[:, after] - around.east[:, after] * around.north)
    area[np.isinf(around.distance) | np.isinf(around.distance[:, after])] = 0.0
    area = np.minimum(area, np.quantile(area, 0.99))  # slivers along the rim of the data are no ground between shots
    if not area.any():
        return surface.shots.lon[rows[:1]].repeat(count), surface.shots.lat[rows[:1]].repeat(count)
    drawn = generator.choice(area.size, count, p=area.ravel() / area.sum())
    row, sector = np.divmod(drawn, surface.bins)
    u, v = generator.uniform(size=(2, count))
    u, v = np.where(u + v > 1, 1 - u, u)[:, None], np.where(u + v > 1, 1 - v, v)[:, None]
    corner = surface.index.vectors
    place = (1 - u - v) * corner[rows[row]] + u * corner[around.index[row, sector]]
    return lonlat_radius(place + v * corner[around.index[row, after[sector]]])[:2]


def _withheld(surface: Interpolator, generator: np.random.Generator) -> tuple[Array, Array]:
    """Features (M, 3) and absolute errors (M,) in m of withheld shots, interpolated as places between the shots are."""
    shots, size = surface.shots, len(surface)
    held = np.zeros(size, bool)
    held[generator.choice(size, int(np.clip(size // 10, 1, _PLACES)), replace=False)] = True
    rest, tested = Interpolator(shots.kept(~held), surface.bins, surface.power), shots.kept(held)
    lon, lat = places_between(rest, _PLACES, generator)
    row = Interpolator(tested, surface.bins).index.nearest(lon, lat, 1)[1][:, 0]
    found = rest.at(tested.lon[row], tested.lat[row], like=rest.at(lon, lat).sectors.distance)
    error = np.abs(found.altitude - tested.altitude[row])
    known = np.isfinite(error)
    return _features(found, _log_roughness(rest, found.sectors.index))[known], error[known]


def _log_roughness(surface: Interpolator, rows: Indices | None = None) -> Array:
    """Ln of the local mean (N,) of squared leave-one-out errors over unit variances, m^2; 0 where not asked for."""
    size = len(surface)
    asked = np.arange(size) if rows is None else np.unique(rows)
    count = min(_SMOOTHED, size)
    lon, lat = surface.shots.lon[asked], surface.shots.lat[asked]
    near = np.concatenate(in_blocks(lambda part: surface.index.nearest(lon[part], lat[part], count)[1], len(asked)))
    error, variance = surface.left_out if rows is None else surface.leave_out(np.unique(near))
    smooth = np.nan_to_num(error**2 / variance)[near].mean(axis=1)
    result = np.zeros(size)
    result[asked] = np.log(np.maximum(smooth, 1e-6 * np.median(smooth) + 1e-12))
    return result


def _features(found: Interpolated, log_roughness: Array) -> Array:
    """Columns 1, ln G, ln r (n, 3)."""
    rough = np.einsum("nk,nk->n", found.weights, log_roughness[found.sectors.index])
    return np.stack([np.ones(len(rough)), np.log(unit_variance(found)), rough], axis=1)


def _fitted(features: Array, coefficients: Array, nugget: float) -> Array:
    """Ln of the sigma before calibration."""
    return np.asarray(0.5 * np.logaddexp(2 * (features @ coefficients), 2 * np.log(nugget)))


def _fit(features: Array, error: Array, least_nugget: float) -> tuple[Array, float]:
    """Coefficients and nugget (m) that make exp(`_fitted`) the scale of the absolute errors (Laplace likelihood)."""
    from scipy.optimize import minimize

    def cost(x: Array) -> tuple[float, Array]:
        fitted = _fitted(features, x[:3], np.exp(x[3]))
        ratio = error * np.exp(-fitted)
        slope = 1 - ratio
        share = np.exp(2 * (x[3] - fitted))  # of the variance that is nugget
        off = x[1:3] - 0.5
        gradient = np.append(features.T @ (slope * (1 - share)), slope @ share)
        gradient[1:3] += _PRIOR * off
        return float(np.sum(fitted + ratio) + 0.5 * _PRIOR * off @ off), gradient

    scale = np.log(np.mean(error * np.exp(-0.5 * features[:, 1:].sum(axis=1))) + 1e-9)
    smallest = np.log(least_nugget)
    largest = max(np.log(np.mean(error) + 1e-9), smallest)
    best = minimize(
        cost,
        np.array([scale, 0.5, 0.5, smallest]),
        jac=True,
        method="L-BFGS-B",
        bounds=[(None, None), (0.0, 1.5), (0.0, 1.5), (smallest, largest)],
    )
    return np.asarray(best.x[:3]), float(np.exp(best.x[3]))


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
