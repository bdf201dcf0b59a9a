"""Shots withheld and interpolated as ground between the shots would be, to learn how large errors are there.

Leaving out one shot is not enough: its neighbours on the track are nearer than the shots are to most of the ground,
which lies between the tracks, and they share the track's own error. Two ways stand beside each other:

- `as_places`: a withheld shot stands for a random place near by: in each sector it is interpolated from the shot that
  is as far off as the nearest one is from that place. Between tracks such shots may be missing, and the error would be
  too large; of several scales of these distances the one is taken that gives the place's variance (`unit_variance`).
- `whole_tracks`: shots of withheld tracks are interpolated from the other tracks as they are. This knows of what tracks
  disagree by, but only where tracks cross or lie close together does it come as near to them as most of the ground is.

A tenth of the shots or a fortieth of the tracks (a tenth, where so many shots lie on so few tracks that too few would
be withheld) is withheld at once, so that what is known about a withheld shot's surroundings knows nothing of it, just
as for any other place. Of the tracks withheld every shot is as likely looked at: each for each track would make too
much of short ones in the corners.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..frames import Array, lonlat_radius
from .error_features import Features, features, log_roughness
from .interpolation import Interpolated, Interpolator, unit_variance
from .search import Indices, Sectors

Mask = npt.NDArray[np.bool_]

FOLDS, TRACK_FOLDS = 10, 40
PLACES, TRACK_SHOTS = 16_000, 6000  # looked at in all
_ENOUGH = 15_000  # shots withheld in all
_FEWEST_ROUNDS = 2
_FEWEST_TRACKS = 5
_ENOUGH_TRACKS = 40  # withheld in all
_TELLING_TRACKS = 10
NEAR_SHARE = 0.02  # of the shots of tracks, which have to come near others
_TRACK_WORK = 2_400_000  # shots interpolated from, over all rounds of withheld tracks
_SCALES = (0.6, 0.8, 1.0)


@dataclass(frozen=True)
class Withheld:
    """Errors (M,) in m, unsigned, of shots interpolated (``found``) from the places of ``rest``.

    rows: (M,) of the shots among those withheld. around: shots as far from the withheld one as those of the place it
    stands for, with their weights there.
    """

    rest: Interpolator
    found: Interpolated
    around: Interpolated
    error: Array
    rows: Indices

    def features(self) -> Features:
        """What betrays the errors."""
        rough = log_roughness(self.rest, self.around.sectors.index)
        return features(self.found, self.rest.shots.altitude, rough, self.around)


def withheld_places(surface: Interpolator, generator: np.random.Generator) -> tuple[Features, Array]:
    """Features and errors (M,) of shots that stand for places between the shots."""
    folds = _folds(len(surface), generator, FOLDS)[: _rounds(len(surface))]
    return _gathered([as_places(surface, fold, PLACES // len(folds), generator) for fold in folds])


def withheld_tracks(
    surface: Interpolator, generator: np.random.Generator, near: float = np.inf
) -> tuple[Features, Array, Indices] | None:
    """Features and errors (M,) of shots of whole tracks, and which; None where tracks are unknown or too few, and where
    ten of them are enough to see that no two in a hundred of their shots have a ln K below ``near``."""
    track = surface.shots.track
    names, number = (np.empty(0), np.empty(0, np.intp)) if track is None else np.unique(track, return_inverse=True)
    if len(names) < _FEWEST_TRACKS:
        return None
    chosen = _track_folds(len(names), len(surface), generator)
    folds = [np.isin(number, tracks) for tracks in chosen]
    share = TRACK_SHOTS / sum(int(fold.sum()) for fold in folds)
    known, error, which = [], [], []
    for tracks, fold in zip(chosen, folds):
        held = whole_tracks(surface, fold, int(np.ceil(share * fold.sum())), generator)
        known.append(held.features())
        error.append(held.error)
        which.append(number[fold][held.rows])
        if len(tracks) >= _TELLING_TRACKS and np.quantile(known[0].geometry, NEAR_SHARE) >= near:
            return None
    return sum(known[1:], known[0]), np.concatenate(error), np.concatenate(which)


def as_places(surface: Interpolator, fold: Indices, count: int, generator: np.random.Generator) -> Withheld:
    """Withhold the shots of ``fold`` and interpolate them as ``count`` places between the shots are."""
    held = np.zeros(len(surface), bool)
    held[fold] = True
    rest, tested = surface.kept(~held), surface.kept(held)
    lon, lat = places_between(surface, count, generator)
    row = tested.index.nearest(lon, lat, 1)[1][:, 0]
    there = surface.at(lon, lat)
    x, y, truth = (values[row] for values in (tested.shots.lon, tested.shots.lat, tested.shots.altitude))
    tried = rest.alike(x, y, [scale * there.sectors.distance for scale in _SCALES])
    off = np.abs(np.log([unit_variance(each) for each in tried]) - np.log(unit_variance(there)))
    found = _chosen(tried, np.argmin(off, axis=0))
    around = replace(tried[-1], weights=there.weights)
    error = np.abs(found.altitude - truth)
    known, first = np.isfinite(error), np.zeros(count, np.intp)
    return Withheld(rest, _chosen([found], first, known), _chosen([around], first, known), error[known], row[known])


def whole_tracks(surface: Interpolator, held: Mask, count: int, generator: np.random.Generator) -> Withheld:
    """Withhold the shots ``held`` (N,), whole tracks, and interpolate ``count`` of them from the others."""
    rest, tested = surface.kept(~held), surface.shots.kept(held)
    rows = generator.choice(len(tested), min(len(tested), count), replace=False)
    found = rest.at(tested.lon[rows], tested.lat[rows])
    return Withheld(rest, found, found, np.abs(found.altitude - tested.altitude[rows]), rows)


def _folds(count: int, generator: np.random.Generator, most: int) -> list[Indices]:
    """``count`` things dealt at random into ``most`` heaps, or into as many as there are things."""
    return np.array_split(generator.permutation(count), min(most, count))


def _track_folds(tracks: int, shots: int, generator: np.random.Generator) -> list[Indices]:
    """Tracks to withhold, round by round: enough of them, in as many rounds as so many shots allow."""
    rounds = int(np.clip(_TRACK_WORK // shots, TRACK_FOLDS // 10, TRACK_FOLDS))
    heaps = int(np.clip(rounds * tracks // _ENOUGH_TRACKS, FOLDS, TRACK_FOLDS))
    return _folds(tracks, generator, heaps)[:rounds]


def _rounds(shots: int) -> int:
    """How many tenths of the shots are enough."""
    return int(np.clip(np.ceil(FOLDS * _ENOUGH / shots), _FEWEST_ROUNDS, FOLDS))


def _gathered(rounds: list[Withheld]) -> tuple[Features, Array]:
    known = [each.features() for each in rounds]
    return sum(known[1:], known[0]), np.concatenate([each.error for each in rounds])


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
