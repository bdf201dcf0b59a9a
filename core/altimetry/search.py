"""Nearest shots on the sphere: the one search that filtering, interpolation and certainty share.

Shots and queries are unit vectors, so the poles and the ±180° seam are ordinary places. Chords order points as
great circles do; every distance handed out is a great circle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..frames import Array, east_north_up, unit_vectors

Indices = npt.NDArray[np.intp]

POOL = 512  # the neighbourhood of a query: its 512 nearest shots; a sector that holds none of them is empty
_FIRST = 32  # looked at for every query; four times as many, and again, where a sector is still empty
_PAIRS = 1 << 19  # query-shot pairs held in memory at once


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


class ShotIndex:
    """Search among shots at lon, lat (rad, (N,)) on a sphere of ``radius`` m. Threads may share it."""

    def __init__(self, lon: npt.ArrayLike, lat: npt.ArrayLike, radius: float) -> None:
        from scipy.spatial import cKDTree

        self.vectors = unit_vectors(np.ravel(lon), np.ravel(lat))
        if not len(self.vectors):
            raise InputError("There are no altimeter shots; give at least one.")
        self.radius = float(radius)
        self._tree = cKDTree(self.vectors, balanced_tree=False)

    def __len__(self) -> int:
        return len(self.vectors)

    def nearest(self, lon: npt.ArrayLike, lat: npt.ArrayLike, count: int) -> tuple[Array, Indices]:
        """Distances (n, count) in m, nearest first, and rows of the shots; inf and 0 where there are fewer."""
        return self._query(unit_vectors(np.ravel(lon), np.ravel(lat)), count)

    def sectors(
        self,
        lon: npt.ArrayLike,
        lat: npt.ArrayLike,
        bins: int = 8,
        *,
        without: Indices | None = None,
        gap: npt.ArrayLike = 0.0,
        pool: int = POOL,
    ) -> Sectors:
        """Find the nearest shot in each of ``bins`` equal azimuth sectors about each query, the first from north on.

        lon, lat: (n,) rad. For cross-validation: ``without`` (n,) is the row of a shot that the query must not see,
        and shots nearer than ``gap`` m (scalar or (n, bins), sector by sector) are not seen either. A sector that
        holds none of the ``pool`` nearest shots is empty.
        """
        at = east_north_up(np.ravel(lon), np.ravel(lat))
        shape = len(at), bins
        gap = np.broadcast_to(np.asarray(gap, float), shape)
        found = Sectors(np.zeros(shape, np.intp), np.full(shape, np.inf), np.zeros(shape), np.zeros(shape))
        todo, count = np.arange(len(at)), min(_FIRST, len(self))
        while True:
            for start in range(0, len(todo), max(_PAIRS // count, 1)):
                rows = todo[start : start + max(_PAIRS // count, 1)]
                hidden = None if without is None else without[rows]
                self._fill(found, rows, at[rows], count, hidden, gap[rows])
            if count >= min(pool, len(self)):
                return found
            todo = todo[np.isinf(found.distance[todo]).any(axis=1)]
            count = min(4 * count, pool, len(self))

    def _query(self, vectors: Array, count: int) -> tuple[Array, Indices]:
        chord, index = self._tree.query(vectors, k=np.arange(1, count + 1))
        distance = 2 * self.radius * np.arcsin(np.minimum(chord / 2, 1.0))
        missing = index == len(self)
        distance[missing], index[missing] = np.inf, 0
        return distance, index

    def _fill(self, found: Sectors, rows: Indices, at: Array, count: int, without: Indices | None, gap: Array) -> None:
        """Write into ``rows`` of ``found`` what the ``count`` nearest shots offer; at (n, 3, 3): east, north, up."""
        bins = found.index.shape[1]
        distance, index = self._query(at[:, 2], count)
        shots = self.vectors[index]
        east, north = (np.einsum("nkc,nc->nk", shots, at[:, axis]) for axis in (0, 1))
        sector = np.floor(np.arctan2(east, north) * (bins / (2 * np.pi))).astype(np.intp) % bins
        seen = np.isfinite(distance) & (distance >= np.take_along_axis(gap, sector, 1))
        if without is not None:
            seen &= index != without[:, None]
        sector[~seen] = bins
        # The shots come nearest first: written from far to near, the nearest of each sector stays.
        first = np.full((len(rows), bins + 1), -1)
        each = np.arange(len(rows))
        for near in range(count - 1, -1, -1):
            first[each, sector[:, near]] = near
        first = first[:, :bins]
        filled, column = first >= 0, np.maximum(first, 0)
        found.index[rows] = np.where(filled, np.take_along_axis(index, column, 1), 0)
        d = np.take_along_axis(distance, column, 1)
        found.distance[rows] = np.where(filled, d, np.inf)
        e, n = np.take_along_axis(east, column, 1), np.take_along_axis(north, column, 1)
        across = np.hypot(e, n)
        stretch = np.divide(d, across, out=np.zeros_like(d), where=filled & (across > 0))
        found.east[rows], found.north[rows] = e * stretch, n * stretch
