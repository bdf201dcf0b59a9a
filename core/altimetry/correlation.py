"""How alike the errors of two interpolated altitudes are: they share shots, so neighbours err together.

On the self-affine surface of `unit_variance` the errors at a and b have the covariance

    sum v_j g(a, x_j) + sum w_i g(b, x_i) - g(a, b) - sum w_i v_j g(x_i, x_j)

with the weights w_i of the shots x_i at a, and v_j at b. It needs where the shots are, none of their altitudes;
on GLD100 under Chang'E-1's tracks its lengths agree with the true errors' (2-4 km along the tracks, 1.5 km across).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..frames import Array, east_north_up, lonlat_radius, unit_vectors
from .interpolation import Interpolator, structure, unit_variance

_LINES = 300  # queries looked at
_LAGS = np.geomspace(0.05, 3.0, 14)  # in distances to the nearest shots of all sectors
_BLOCK = 4096


def error_correlation(
    surface: Interpolator, lon_a: npt.ArrayLike, lat_a: npt.ArrayLike, lon_b: npt.ArrayLike, lat_b: npt.ArrayLike
) -> Array:
    """Correlation (n,) between the errors of the altitudes interpolated at places a and b; lon, lat (n,) in rad."""
    a, b = (unit_vectors(np.ravel(lon), np.ravel(lat)) for lon, lat in ((lon_a, lat_a), (lon_b, lat_b)))
    blocks = [slice(start, start + _BLOCK) for start in range(0, len(a), _BLOCK)]
    return np.concatenate([_correlation(surface, a[block], b[block]) for block in blocks] or [np.empty(0)])


def correlation_length(surface: Interpolator, lon: npt.ArrayLike, lat: npt.ArrayLike, azimuth: float = 0.0) -> float:
    """Length L in m for which exp(-distance / L) is nearest to the errors' correlation along lines through the places.

    lon, lat: (n,) rad. azimuth: of the lines, rad, clockwise from north. The errors' correlation depends on the shots
    around, so this is the mean over the places (300 of them at most).
    """
    lon, lat = np.ravel(np.asarray(lon, float)), np.ravel(np.asarray(lat, float))
    rows = np.unique(np.linspace(0, len(lon) - 1, min(_LINES, len(lon))).astype(int))
    lon, lat = lon[rows], lat[rows]
    distance = surface.at(lon, lat).sectors.distance
    lags = _LAGS * float(np.median(np.nanmedian(np.where(np.isfinite(distance), distance, np.nan), axis=1)))
    frame = east_north_up(lon, lat)
    ahead = np.sin(azimuth) * frame[:, 0] + np.cos(azimuth) * frame[:, 1]
    found = []
    for lag in lags / surface.index.radius:
        there = lonlat_radius(np.cos(lag) * frame[:, 2] + np.sin(lag) * ahead)
        found.append(np.mean(error_correlation(surface, lon, lat, there[0], there[1])))
    lengths = np.geomspace(lags[0], 10 * lags[-1], 400)
    misfit = np.sum((np.exp(-lags / lengths[:, None]) - np.array(found)) ** 2, axis=1)
    return float(lengths[np.argmin(misfit)])


def _correlation(surface: Interpolator, a: Array, b: Array) -> Array:
    at_a, at_b = (surface.at(*lonlat_radius(p)[:2]) for p in (a, b))
    shots_a, shots_b = (surface.index.vectors[at.sectors.index] for at in (at_a, at_b))

    def g(p: Array, q: Array) -> Array:
        return structure(surface.index.radius * np.linalg.norm(p - q, axis=-1))

    covariance = np.einsum("nj,nj->n", at_b.weights, g(a[:, None], shots_b))
    covariance += np.einsum("ni,ni->n", at_a.weights, g(b[:, None], shots_a)) - g(a, b)
    covariance -= np.einsum("ni,nj,nij->n", at_a.weights, at_b.weights, g(shots_a[:, :, None], shots_b[:, None]))
    return np.asarray(np.clip(covariance / np.sqrt(unit_variance(at_a) * unit_variance(at_b)), -1.0, 1.0))
