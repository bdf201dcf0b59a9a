"""Binned Shepard interpolation of altimeter shots on the sphere: one nearest shot in each azimuth sector."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..frames import Array
from ..progress import Progress, silent
from .readers import Shots
from .search import Indices, Sectors, ShotIndex, in_blocks

_SAME_PLACE_M = 1e-3  # shots nearer than this are one place
_NEAREST_M = 1e-6  # a query this near a shot is on it: its weight leaves nothing to the others
HURST = 0.7  # of the Moon and Mars at 0.1 to 10 km (Rosenburg et al. 2011; Aharonson et al. 2001: 0.5 to 0.95)
_LEAST_VARIANCE = 1e-12


@dataclass(frozen=True)
class Interpolated:
    """Interpolation at n queries: altitude (n,) m, NaN where no sector holds a shot, and what it came from.

    weights (n, bins) add up to 1, and are 0 in empty sectors.
    """

    altitude: Array
    weights: Array
    sectors: Sectors


class Interpolator:
    """Shots prepared once to be interpolated anywhere.

    bins: number of sectors K. power: of the inverse distance. Shots at one place count as one with their mean altitude:
    ``shots`` (N,) are those places, ``index`` finds them, and ``place`` says where each shot given went.
    """

    def __init__(self, shots: Shots, bins: int = 8, power: float = 2.0) -> None:
        if bins < 3 or not power > 0:
            raise InputError(f"Interpolation needs at least 3 sectors and a power above 0, not {bins} and {power:g}.")
        if not np.isfinite(shots.altitude).all():
            raise InputError(f"Altimetry {shots.source!r} has altitudes that are not finite numbers; remove them.")
        self.bins, self.power = int(bins), float(power)
        self.shots, self.place, self.index = _merged(shots)

    def kept(self, mask: npt.NDArray[np.bool_]) -> Interpolator:
        """The same with the places where ``mask`` (N,) is true alone."""
        other = copy(self)
        other.__dict__.pop("left_out", None)
        other.shots, other.place = self.shots.kept(mask), np.arange(int(mask.sum()))
        other.index = ShotIndex(other.shots.lon, other.shots.lat, self.index.radius)
        return other

    def __len__(self) -> int:
        return len(self.shots)

    def at(self, lon: npt.ArrayLike, lat: npt.ArrayLike, *, without: Indices | None = None) -> Interpolated:
        """Interpolate at lon, lat (rad, (n,)): altitude = sum of w h, w ~ distance**-power (Shepard 1968).

        A query on a shot gives that shot's altitude. ``without``: see `ShotIndex.sectors`.
        """
        return self._weighed(self.index.sectors(lon, lat, self.bins, without=without))

    def alike(self, lon: npt.ArrayLike, lat: npt.ArrayLike, wanted: Sequence[Array]) -> list[Interpolated]:
        """Interpolate at lon, lat from shots at the distances wanted; see `ShotIndex.alike`."""
        return [self._weighed(sectors) for sectors in self.index.alike(lon, lat, wanted)]

    def _weighed(self, sectors: Sectors) -> Interpolated:
        weights = np.maximum(sectors.distance, _NEAREST_M) ** -self.power
        total = weights.sum(axis=1)
        weights /= np.where(total > 0, total, 1.0)[:, None]
        altitude = np.einsum("nk,nk->n", weights, self.shots.altitude[sectors.index])
        altitude[total == 0] = np.nan
        return Interpolated(altitude, weights, sectors)

    @cached_property
    def left_out(self) -> tuple[Array, Array]:
        """`leave_out` of every place, kept."""
        return self.leave_out(np.arange(len(self)))

    def leave_out(self, rows: Indices) -> tuple[Array, Array]:
        """Leave-one-out at some places: error (N,) in m of the altitude interpolated from the others, and its
        `unit_variance` (N,); 0 and 1 at the places not asked for."""

        def work(part: slice) -> tuple[Array, Array]:
            chosen = rows[part]
            found = self.at(self.shots.lon[chosen], self.shots.lat[chosen], without=chosen)
            return found.altitude - self.shots.altitude[chosen], unit_variance(found)

        error, variance = np.zeros(len(self)), np.ones(len(self))
        rows = self.index.side_by_side(rows)
        parts = in_blocks(work, len(rows))
        error[rows], variance[rows] = (np.concatenate(values) for values in zip(*parts))
        return error, variance


def _merged(shots: Shots) -> tuple[Shots, Indices, ShotIndex]:
    """The shots with those of one place made one, the row of each shot there, and the index that finds them."""
    index = ShotIndex(shots.lon, shots.lat, shots.body.radius_m)
    if not index.has_pairs(_SAME_PLACE_M):
        return shots, np.arange(len(shots)), index
    cells = np.round(index.vectors * (index.radius / _SAME_PLACE_M)).astype(np.int64)
    _, first, place = np.unique(cells, axis=0, return_index=True, return_inverse=True)
    place = place.reshape(-1)  # NumPy 2.0 gives it a second axis
    count = np.bincount(place)
    mean = np.bincount(place, shots.altitude) / count
    sigma = None if shots.sigma is None else np.sqrt(np.bincount(place, shots.sigma**2)) / count
    places = replace(shots.kept(first), altitude=mean, sigma=sigma)
    return places, place, ShotIndex(places.lon, places.lat, shots.body.radius_m)


def unit_variance(found: Interpolated) -> Array:
    """Variance (n,) of the interpolation error on a self-affine surface of unit roughness.

    A surface whose heights differ by a variance of ``2 g(d)`` over a distance d has the error variance
    2 sum w_i g(d_i) - sum w_i w_j g(d_ij) (as in kriging, Matheron 1963, with the Shepard weights); here
    g(d) = (d / 1 km)^(2 H), H = 0.7.
    """
    weights, sectors = found.weights, found.sectors
    filled = np.isfinite(sectors.distance)
    total = 2 * np.einsum("nk,nk->n", weights, structure(np.where(filled, sectors.distance, 0.0)))
    for lag in range(1, weights.shape[1] // 2 + 1):  # each pair of sectors once
        other = [np.roll(a, lag, axis=1) for a in (weights, sectors.east, sectors.north)]
        apart = np.hypot(sectors.east - other[1], sectors.north - other[2])
        twice = 1.0 if 2 * lag == weights.shape[1] else 2.0
        total -= twice * np.einsum("nk,nk,nk->n", weights, other[0], structure(apart))
    return np.maximum(total, _LEAST_VARIANCE)


def structure(distance: Array) -> Array:
    """g(d) = (d / 1 km)^(2 H): half the variance of the height difference over d m on a surface of unit roughness."""
    return np.asarray((distance * 1e-3) ** (2 * HURST))


def interpolate(
    shots: Shots,
    lon: npt.ArrayLike,
    lat: npt.ArrayLike,
    bins: int = 8,
    power: float = 2.0,
    progress: Progress = silent,
) -> Array:
    """Altitudes (m above the shots' datum) at lon, lat (rad, any shape); see `Interpolator`."""
    prepared = Interpolator(shots, bins, power)
    lon, lat = np.broadcast_arrays(np.asarray(lon, float), np.asarray(lat, float))
    x, y = lon.ravel(), lat.ravel()
    parts = in_blocks(lambda part: prepared.at(x[part], y[part]).altitude, x.size, progress)
    return np.concatenate(parts).reshape(lon.shape)
