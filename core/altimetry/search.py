"""Nearest shots on the sphere: the one search that filtering, interpolation and certainty share.

Shots and queries are unit vectors, so the poles and the ±180° seam are ordinary places. Chords order points as
great circles do; every distance handed out is a great circle.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..frames import Array, east_north_up, unit_vectors
from ..progress import Progress, breathing, silent, tell
from ..threads import in_order

Indices = npt.NDArray[np.intp]
T = TypeVar("T")

_EXACT = (32, 128)  # nearest shots looked at: for every query, then where a sector is still empty
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


@dataclass(frozen=True)
class _Level:
    """Shots thinned to one a cell (m): their rows and a tree of them."""

    cell: float
    rows: Indices
    tree: Any


class ShotIndex:
    """Search among shots at lon, lat (rad, (N,)) on a sphere of ``radius`` m. Threads may share it."""

    def __init__(self, lon: npt.ArrayLike, lat: npt.ArrayLike, radius: float) -> None:
        from scipy.spatial import cKDTree

        self.vectors = unit_vectors(np.ravel(lon), np.ravel(lat))
        if not len(self.vectors):
            raise InputError("There are no altimeter shots; give at least one.")
        self.radius = float(radius)
        self._all = _Level(0.0, np.arange(len(self.vectors)), cKDTree(self.vectors, balanced_tree=False))

    def __len__(self) -> int:
        return len(self.vectors)

    def nearest(self, lon: npt.ArrayLike, lat: npt.ArrayLike, count: int) -> tuple[Array, Indices]:
        """Distances (n, count) in m, nearest first, and rows of the shots; inf and 0 where there are fewer."""
        return self._query(self._all, unit_vectors(np.ravel(lon), np.ravel(lat)), count)

    def has_pairs(self, distance: float) -> bool:
        """Whether any two shots lie within ``distance`` m of each other."""
        return len(self._all.tree.query_pairs(distance / self.radius, output_type="ndarray")) > 0

    def sectors(
        self,
        lon: npt.ArrayLike,
        lat: npt.ArrayLike,
        bins: int = 8,
        *,
        without: Indices | None = None,
        like: Array | None = None,
    ) -> Sectors:
        """Find the nearest shot in each of ``bins`` equal azimuth sectors about each query, the first from north on.

        lon, lat: (n,) rad. The neighbourhood is everything: a sector is empty only where no shot lies in it at all.
        Where the 128 nearest shots reach a sector, the shot given is exactly its nearest. Beyond them, where one dense
        track hides the next, shots are thinned to one a cell of a twelfth to a sixth of the distance already searched,
        and the shot given may be another than the nearest (between LOLA's tracks 7 % farther off on average).

        For cross-validation: ``without`` (n,) is the row of a shot that the query must not see; with ``like``
        (n, bins), m, each sector gives the shot whose distance is nearest to this, and none where this is infinite.
        """
        at = east_north_up(np.ravel(lon), np.ravel(lat))
        shape = len(at), bins
        found = Sectors(np.zeros(shape, np.intp), np.full(shape, np.inf), np.zeros(shape), np.zeros(shape))
        searched = np.zeros(len(at))

        def search(rows: Indices, level: _Level, count: int) -> None:
            for start in breathing(range(0, len(rows), _PAIRS // count)):
                part = rows[start : start + _PAIRS // count]
                hidden, wanted = (None if a is None else a[part] for a in (without, like))
                searched[part] = self._fill(found, part, at[part], level, count, hidden, wanted)

        def open_still(rows: Indices) -> Indices:
            """Those of the queries that shots farther than the ones searched may yet serve better."""
            distance = found.distance[rows]
            if like is None:
                return rows[np.isinf(distance).any(axis=1)]
            wanted = np.where(np.isfinite(like[rows]), like[rows], np.nan)
            return rows[(np.abs(distance - wanted) > searched[rows, None] - wanted).any(axis=1)]

        todo = np.arange(len(at))
        for count in _EXACT if like is None else _EXACT[1:]:
            search(todo, self._all, count)
            todo = open_still(todo)
        for level in self._levels if len(todo) else ():
            todo = open_still(todo)
            search(todo[level.cell * _FINENESS >= searched[todo]], level, _THINNED)
        return found

    @cached_property
    def _levels(self) -> list[_Level]:
        """Ever coarser levels, each with cells twice as large, until few shots are left."""
        from scipy.spatial import cKDTree

        sample = self.vectors[:: max(1, len(self) // 1000)]
        apart, _ = self._query(self._all, sample, 2)
        cell = max(float(np.median(apart[:, 1])), self.radius * 2.0**-19)  # 21 bits hold the number of a cell
        levels, rows = [], self._all.rows
        while len(rows) > _THINNED:
            x, y, z = np.floor((self.vectors[rows] + 1) * (self.radius / cell)).astype(np.int64).T
            _, first = np.unique((x << 42) ^ (y << 21) ^ z, return_index=True)
            rows = rows[np.sort(first)]
            levels.append(_Level(cell, rows, cKDTree(self.vectors[rows], balanced_tree=False)))
            cell *= 2
        return levels

    def _query(self, level: _Level, vectors: Array, count: int) -> tuple[Array, Indices]:
        chord, place = level.tree.query(vectors, k=np.arange(1, count + 1))
        missing = place == len(level.rows)
        place[missing] = 0
        distance = 2 * self.radius * np.arcsin(np.minimum(chord / 2, 1.0))
        distance[missing] = np.inf
        return distance, level.rows[place]

    def _fill(
        self,
        found: Sectors,
        rows: Indices,
        at: Array,
        level: _Level,
        count: int,
        without: Indices | None,
        like: Array | None,
    ) -> Array:
        """Write into ``rows`` of ``found`` what the ``count`` nearest shots of a level offer.

        at (n, 3, 3): east, north, up. Returns how far (m) these shots reach.
        """
        bins = found.index.shape[1]
        distance, index = self._query(level, at[:, 2], count)
        reach = distance[:, -1]
        shots = self.vectors[index]
        east, north = (np.einsum("nkc,nc->nk", shots, at[:, axis]) for axis in (0, 1))
        sector = np.floor(np.arctan2(east, north) * (bins / (2 * np.pi))).astype(np.intp) % bins
        wanted = np.zeros((len(rows), bins)) if like is None else like
        if like is not None:
            off = np.abs(distance - np.take_along_axis(np.where(np.isfinite(like), like, 0.0), sector, 1))
            order = np.argsort(off, axis=1)
            distance, index, east, north, sector = (
                np.take_along_axis(a, order, 1) for a in (distance, index, east, north, sector)
            )
        sector[np.isinf(distance)] = bins
        if without is not None:
            sector[index == without[:, None]] = bins
        # The best shots come first: written from last to first, the best of each sector stays.
        first = np.full((len(rows), bins + 1), -1)
        each = np.arange(len(rows))
        for column in range(count - 1, -1, -1):
            first[each, sector[:, column]] = column
        chosen = np.maximum(first[:, :bins], 0)
        d, e, n = (np.take_along_axis(a, chosen, 1) for a in (distance, east, north))
        with np.errstate(invalid="ignore"):
            better = np.abs(d - wanted) < np.abs(found.distance[rows] - wanted)
        better &= (first[:, :bins] >= 0) & np.isfinite(wanted)
        across = np.hypot(e, n)
        stretch = np.divide(d, across, out=np.zeros_like(d), where=across > 0)
        new = (np.take_along_axis(index, chosen, 1), d, e * stretch, n * stretch)
        for old, values in zip((found.index, found.distance, found.east, found.north), new):
            old[rows] = np.where(better, values, old[rows])
        return np.asarray(reach)


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
