"""Where the pixels of one grid lie on another: exact at nodes, interpolated between where that will do."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .rasters import Grid

Array = npt.NDArray[np.float64]

_STEP = 32  # pixels between nodes
_TOLERANCE = 0.01  # pixels of the other grid that interpolation may be off


class GridMap:
    """``places(rows)``: column, row on ``other`` of the centres of whole rows of ``grid``.

    Between nodes every `_STEP` pixels places are interpolated linearly; where the middles between the nodes are then
    off by more than `_TOLERANCE` (a pole, a seam of longitude, places outside a projection), all is computed exactly.
    """

    def __init__(self, grid: Grid, other: Grid) -> None:
        self._grid, self._other = grid, other
        self._rows, self._columns = _nodes(grid.height), _nodes(grid.width)
        at = self._exact(self._columns, self._rows)
        between = [0.5 * (axis[1:] + axis[:-1]) for axis in (self._columns, self._rows)]
        off = np.abs(0.25 * (at[:, 1:, 1:] + at[:, 1:, :-1] + at[:, :-1, 1:] + at[:, :-1, :-1]) - self._exact(*between))
        self._at = at if np.all(off <= _TOLERANCE) else None

    def places(self, rows: npt.ArrayLike) -> tuple[Array, Array]:
        """Column and row, (len(rows), width) each, for rows of the grid that lie beside each other."""
        row = np.asarray(rows, float)
        every = np.arange(self._grid.width, dtype=float)
        if self._at is None:
            column, line = self._exact(every, row)
            return column, line
        down, right = _between(self._rows, row), _between(self._columns, every)
        near = slice(int(down[0].min()), int(down[0].max()) + 2)
        made = []
        for at in self._at[:, near]:
            across = at[:, right[0]] * (1 - right[1]) + at[:, right[0] + 1] * right[1]
            first = down[0] - near.start
            made.append(across[first] * (1 - down[1])[:, None] + across[first + 1] * down[1][:, None])
        return made[0], made[1]

    def _exact(self, columns: Array, rows: Array) -> Array:
        return np.stack(self._other.pixel_of(*self._grid.lonlat_of(*np.meshgrid(columns, rows))))


def _nodes(length: int) -> Array:
    """At least two nodes from the first pixel's centre to the last one's or past it."""
    return np.arange(max(2, -(-(length - 1) // _STEP) + 1)) * float(_STEP)


def _between(nodes: Array, places: Array) -> tuple[npt.NDArray[np.intp], Array]:
    """Index of the node before each place, and how far it is on the way to the next (0 to 1)."""
    index = np.clip((places / _STEP).astype(np.intp), 0, len(nodes) - 2)
    return index, (places - nodes[index]) / _STEP
