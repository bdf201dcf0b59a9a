"""Nearest shots on the sphere: the one search that filtering, interpolation and certainty share.

Shots and queries are unit vectors, so the poles and the ±180° seam are ordinary places. Chords order points as
great circles do; every distance handed out is a great circle.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..frames import Array, east_north_up, unit_vectors
from ..progress import Progress, breathe_during, breathing, silent, tell
from ..threads import in_order

Indices = npt.NDArray[np.intp]
T = TypeVar("T")

_EXACT = (32, 64, 128)  # nearest shots looked at: for every query, then where a sector is still empty
_THINNED = 64  # shots of a thinned level looked at after that
_FINENESS = 12.0  # a level is fine enough where its cells are this much smaller than the distance already searched
_PAIRS = 1 << 19  # query-shot pairs held in memory at once, by each thread
_BLOCK = 1 << 14  # queries worked on at once by each thread


@dataclass(frozen=True)
class Sectors:
    """The nearest shot of each azimuth sector around n queries; columns are sectors, clockwise from north.

    index: (n, bins) row of the shot, 0 where the sector is empty. distance: (n, bins) great circle, m, inf where the
    sector is empty. east, north: (n, bins) place of the shot in the azimuthal equidistant plane about the query, m.
    """

    index: Indices
    distance: Array
    east: Array
    north: Array
    nearest: Array


@dataclass(frozen=True)
class _Level:
    """Shots thinned to one a cell (m): their rows and a tree of them."""

    cell: float
    rows: Indices
    tree: Any


class ShotIndex:
    """Search among shots at lon, lat (rad, (N,)) on a sphere of ``radius`` m. Threads may share it."""

    def __init__(self, lon: npt.ArrayLike, lat: npt.ArrayLike, radius: float) -> None:
        self.vectors = unit_vectors(np.ravel(lon), np.ravel(lat))
        if not len(self.vectors):
            raise InputError("There are no altimeter shots; give at least one.")
        self.radius = float(radius)
        self._all = _Level(0.0, np.arange(len(self.vectors)), _tree(self.vectors))

    def __len__(self) -> int:
        return len(self.vectors)

    def nearest(self, lon: npt.ArrayLike, lat: npt.ArrayLike, count: int) -> tuple[Array, Indices]:
        """Distances (n, count) in m, nearest first, and rows of the shots; inf and 0 where there are fewer."""
        chord, rows = self._query(self._all, unit_vectors(np.ravel(lon), np.ravel(lat)), count)
        return _great_circle(chord, self.radius), rows

    def side_by_side(self, rows: Indices) -> Indices:
        """These shots ordered so that ones that follow each other lie near each other: they are searched faster."""
        return rows[np.argsort(self._rank[rows])]

    @cached_property
    def _rank(self) -> Indices:
        rank = np.empty(len(self), np.intp)
        rank[self._all.tree.indices] = np.arange(len(self))
        return rank

    def has_pairs(self, distance: float) -> bool:
        """Whether any two shots lie within ``distance`` m of each other."""
        return len(self._all.tree.query_pairs(distance / self.radius, output_type="ndarray")) > 0

    def sectors(
        self, lon: npt.ArrayLike, lat: npt.ArrayLike, bins: int = 8, *, without: Indices | None = None
    ) -> Sectors:
        """Find the nearest shot in each of ``bins`` equal azimuth sectors about each query, the first from north on.

        lon, lat: (n,) rad. The neighbourhood is everything: a sector is empty only where no shot lies in it at all.
        Where the 128 nearest shots reach a sector, the shot given is exactly its nearest. Beyond them, where one dense
        track hides the next, shots are thinned to one a cell of a twelfth to a sixth of the distance already searched,
        and the shot given may be another than the nearest (between LOLA's tracks 7 % farther off on average).
        ``without`` (n,), for cross-validation, is the row of a shot that the query must not see.
        """
        return self._search(lon, lat, bins, without, None)[0]

    def alike(self, lon: npt.ArrayLike, lat: npt.ArrayLike, wanted: Sequence[Array]) -> list[Sectors]:
        """As `sectors`, but each sector gives the shot whose distance is nearest to the one wanted, and none where this
        is infinite. wanted: distances (n, bins) in m; each such array is answered by itself."""
        return self._search(lon, lat, wanted[0].shape[1], None, wanted)

    def _search(
        self,
        lon: npt.ArrayLike,
        lat: npt.ArrayLike,
        bins: int,
        without: Indices | None,
        wanted: Sequence[Array] | None,
    ) -> list[Sectors]:
        at = east_north_up(np.ravel(lon), np.ravel(lat))
        found = [_empty(len(at), bins) for _ in wanted or (None,)]
        searched = np.zeros(len(at))

        def search(rows: Indices, level: _Level, count: int) -> None:
            for start in breathing(range(0, len(rows), _PAIRS // count)):
                part = rows[start : start + _PAIRS // count]
                near = self._around(level, at[part], bins, count, None if without is None else without[part])
                searched[part] = near.reach
                for each, like in zip(found, wanted or (None,)):
                    near.fill(each, part, None if like is None else like[part])
                    if level is self._all:
                        each.nearest[part] = near.distance(slice(0, bins))

        def open_still(rows: Indices) -> Indices:
            """Those of the queries that shots farther than the ones searched may yet serve better."""
            if wanted is None:
                return rows[np.isinf(found[0].distance[rows]).any(axis=1)]
            best = np.zeros(len(rows), bool)
            for each, like in zip(found, wanted):
                aim = np.where(np.isfinite(like[rows]), like[rows], np.nan)
                best |= (np.abs(each.distance[rows] - aim) > searched[rows, None] - aim).any(axis=1)
            return rows[best]

        todo = np.arange(len(at))
        for count in _EXACT if wanted is None else _EXACT[-1:]:
            search(todo, self._all, max(count, bins))
            todo = open_still(todo)
        for level in self._levels if len(todo) else ():
            todo = open_still(todo)
            search(todo[level.cell * _FINENESS >= searched[todo]], level, _THINNED)
        return found

    @cached_property
    def _levels(self) -> list[_Level]:
        """Ever coarser levels, each with cells twice as large, until few shots are left."""
        sample = self.vectors[:: max(1, len(self) // 1000)]
        apart, _ = self._query(self._all, sample, 2)
        cell = max(
            float(np.median(_great_circle(apart[:, 1], self.radius))), self.radius * 2.0**-19
        )  # 21 bits hold the number of a cell
        levels, rows = [], self._all.rows
        while len(rows) > _THINNED:
            rows = breathe_during(partial(self._thinned, rows, cell))
            levels.append(_Level(cell, rows, _tree(self.vectors[rows])))
            cell *= 2
        return levels

    def _thinned(self, rows: Indices, cell: float) -> Indices:
        """The first of these shots in each cell of ``cell`` m."""
        x, y, z = np.floor((self.vectors[rows] + 1) * (self.radius / cell)).astype(np.int64).T
        _, first = np.unique((x << 42) ^ (y << 21) ^ z, return_index=True)
        return np.asarray(rows[np.sort(first)])

    def _query(self, level: _Level, vectors: Array, count: int) -> tuple[Array, Indices]:
        """Chords (n, count) on the unit sphere and rows of a level's nearest shots; inf and 0 where there are fewer."""
        chord, place = level.tree.query(vectors, k=np.arange(1, count + 1))
        missing = place == len(level.rows)
        if missing.any():
            place[missing], chord[missing] = 0, np.inf
        return chord, place if level is self._all else level.rows[place]

    def _around(self, level: _Level, at: Array, bins: int, count: int, without: Indices | None) -> _Around:
        """The ``count`` nearest shots of a level about queries whose east, north, up are ``at`` (n, 3, 3)."""
        chord, index = self._query(level, at[:, 2], count)
        shots = self.vectors[index]
        east, north = (np.einsum("nkc,nc->nk", shots, at[:, axis]) for axis in (0, 1))
        turn = np.arctan2(east, north) * (bins / (2 * np.pi))
        sector = np.where(turn < 0, turn + bins, turn).astype(np.int8)
        sector[sector == bins] = 0
        sector[np.isinf(chord)] = bins
        if without is not None:
            sector[index == without[:, None]] = bins
        return _Around(self.radius, bins, chord, index, east, north, sector)


@dataclass(frozen=True)
class _Around:
    """The k nearest shots about n queries, by rising chord; all (n, k). sector: of the shots, ``bins`` for none."""

    radius: float
    bins: int
    chord: Array
    index: Indices
    east: Array
    north: Array
    sector: npt.NDArray[np.int8]

    @property
    def reach(self) -> Array:
        """How far (m, (n,)) these shots reach."""
        return self.distance(-1)

    def distance(self, columns: slice | int) -> Array:
        """Great-circle distances in m of some of the shots."""
        return _great_circle(self.chord[:, columns], self.radius)

    def fill(self, found: Sectors, rows: Indices, wanted: Array | None) -> None:
        """Write into ``rows`` of ``found`` what these shots offer to each sector: the nearest of all, or of the
        distances ``wanted`` (n, bins), m."""
        chord, index, east, north, sector = self.chord, self.index, self.east, self.north, self.sector
        if wanted is not None:
            aim = np.append(np.where(np.isfinite(wanted), wanted, 0.0), np.zeros((len(rows), 1)), axis=1)
            off = np.abs(self.distance(slice(None)) - np.take_along_axis(aim, sector.astype(np.intp), 1))
            order = np.argsort(off, axis=1)
            chord, east, north = (np.take_along_axis(a, order, 1) for a in (chord, east, north))
            index, sector = np.take_along_axis(index, order, 1), np.take_along_axis(sector, order, 1)
        # The best shots come first.
        is_in = [sector == each for each in range(self.bins)]
        best = np.stack([mask.argmax(axis=1) for mask in is_in], axis=1)
        e, n = (np.take_along_axis(a, best, 1) for a in (east, north))
        new = np.take_along_axis(index, best, 1)
        d = _great_circle(np.take_along_axis(chord, best, 1), self.radius)
        offered = np.take_along_axis(sector, best, 1) == np.arange(self.bins)
        with np.errstate(invalid="ignore"):
            if wanted is None:
                better = offered & (d < found.distance[rows])
            else:
                better = offered & (np.abs(d - wanted) < np.abs(found.distance[rows] - wanted)) & np.isfinite(wanted)
        across = np.sqrt(e**2 + n**2)
        stretch = np.divide(d, across, out=np.zeros_like(d), where=across > 0)
        for old, values in zip(
            (found.index, found.distance, found.east, found.north), (new, d, e * stretch, n * stretch)
        ):
            old[rows] = np.where(better, values, old[rows])


def _empty(count: int, bins: int) -> Sectors:
    shape = count, bins
    far = np.full((2, *shape), np.inf)
    return Sectors(np.zeros(shape, np.intp), far[0], np.zeros(shape), np.zeros(shape), far[1])


def _great_circle(chord: Array, radius: float) -> Array:
    """Distances in m for chords on the unit sphere; inf for inf."""
    distance = 2 * radius * np.arcsin(np.minimum(chord / 2, 1.0))
    distance[np.isinf(chord)] = np.inf
    return np.asarray(distance)


def _tree(vectors: Array) -> Any:
    from scipy.spatial import cKDTree

    return breathe_during(lambda: cKDTree(vectors, balanced_tree=False))


def in_blocks(work: Callable[[slice], T], count: int, progress: Progress = silent) -> list[T]:
    """Do ``work`` on slices that cover ``count`` queries, several at a time; results in order.

    Raises `CancelledError` between blocks.
    """
    blocks = [slice(start, min(start + _BLOCK, count)) for start in range(0, max(count, 1), _BLOCK)]
    results: list[T] = []
    for result in in_order(work, blocks):
        results.append(result)
        tell(progress, len(results) / len(blocks))
    return results
