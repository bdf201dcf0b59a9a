"""Shots withheld and interpolated as ground between the shots would be, to learn how large errors are there.

Leaving out one shot is not enough: its neighbours on the track are nearer than the shots are to most of the ground,
which lies between the tracks. So a withheld shot stands for a random place near by: in each sector it is interpolated
from the shot that is as far off as the nearest one is from that place. Between tracks such shots may be missing, and
the error would come out too large; of several scales of these distances the one is taken that gives the variance of
the place (`unit_variance`). A tenth of the shots is withheld at once, so that what is known about a withheld shot's
surroundings knows nothing of it, just as for any other place.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..frames import Array, lonlat_radius
from .interpolation import Interpolated, Interpolator, unit_variance
from .search import Indices, Sectors

Mask = npt.NDArray[np.bool_]

PLACES = 6000  # withheld together
_SCALES = (0.6, 0.8, 1.0)


@dataclass(frozen=True)
class Withheld:
    """Errors (M,) in m, unsigned, of shots interpolated (``found``) from the places of ``rest``.

    around: shots as far from the withheld one as those of the place it stands for, with their weights there.
    """

    rest: Interpolator
    found: Interpolated
    around: Interpolated
    error: Array


def withhold(surface: Interpolator, generator: np.random.Generator) -> Withheld:
    """Withhold a tenth of the shots, at most `PLACES`, and interpolate them as places between the shots are."""
    shots, size = surface.shots, len(surface)
    held = np.zeros(size, bool)
    held[generator.choice(size, int(np.clip(size // 10, 1, PLACES)), replace=False)] = True
    count = min(PLACES, 10 * int(held.sum()))
    rest, tested = Interpolator(shots.kept(~held), surface.bins, surface.power), shots.kept(held)
    lon, lat = places_between(surface, count, generator)
    row = Interpolator(tested, surface.bins).index.nearest(lon, lat, 1)[1][:, 0]
    there = surface.at(lon, lat)
    tried = [rest.at(tested.lon[row], tested.lat[row], like=scale * there.sectors.distance) for scale in _SCALES]
    off = np.abs(np.log([unit_variance(each) for each in tried]) - np.log(unit_variance(there)))
    found = _chosen(tried, np.argmin(off, axis=0))
    error = np.abs(found.altitude - tested.altitude[row])
    known = np.isfinite(error)
    first = np.zeros(len(row), np.intp)
    around = replace(tried[-1], weights=there.weights)
    return Withheld(rest, _chosen([found], first, known), _chosen([around], first, known), error[known])


def _chosen(tried: list[Interpolated], which: Indices, rows: Mask | None = None) -> Interpolated:
    """Query by query one of several interpolations, of all queries or of ``rows``."""
    at = np.arange(len(which)) if rows is None else np.flatnonzero(rows)
    which = which[at]

    def take(values: list[npt.NDArray[Any]]) -> Any:
        return np.stack(values)[which, at]

    sectors = [take([getattr(each.sectors, name) for each in tried]) for name in Sectors.__dataclass_fields__]
    return Interpolated(take([t.altitude for t in tried]), take([t.weights for t in tried]), Sectors(*sectors))


def places_between(surface: Interpolator, count: int, generator: np.random.Generator) -> tuple[Array, Array]:
    """Longitude, latitude (rad, (count,)) of places drawn evenly from the ground between the shots.

    Triangles of a shot and its nearest ones in two adjacent sectors are drawn by their area, then a place in each.
    """
    rows = generator.choice(len(surface), min(len(surface), 4 * count), replace=False)
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
