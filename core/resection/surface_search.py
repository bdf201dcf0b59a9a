"""Where a surface lies beside its shots, searched over the whole reach of a prior: the start of a linear adjustment.

Slopes tell the way to the right place only from within the relief's own scale. A surface that may lie hundreds of
metres aside is first slid over the shots, stretch by stretch of the flight: at the right shift the shots stand off it
by a smooth curve, at others by relief as well. The stretches' shifts are chained by the prior's smoothness (Viterbi
1967).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..frames import components

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

STRETCHES = 16
CELLS_REACHED = 20  # of the search, to every side, at most
COVERED = 0.5  # of a stretch's shots have a surface under them, or a shift does not count
REPEATED = 5.0  # shots of one place: so many tell as much as one
FINEST = 1.5  # times the points' spacing: smaller cells would be empty
_TREND = 3  # terms of the smooth curve in a stretch
_UNKNOWN = 1e9


@dataclass(frozen=True)
class Strip:
    """Places in a flight's own level coordinates: metres ``along`` and ``across`` (N,), ``height`` (N,) m."""

    along: Array
    across: Array
    height: Array

    @classmethod
    def of(cls, points: Array, frame: Array, radius_m: float) -> Strip:
        """Points (N, 3) m in the flying frame (3, 3) of the flight's middle: radial, forward, normal."""
        along = points @ frame
        distance = np.linalg.norm(along, axis=1)
        x, y, z = components(along)
        return cls(radius_m * np.arctan2(y, x), radius_m * np.arcsin(z / distance), distance)


def search_shifts(surface: Strip, shots: Strip, reach_m: float) -> tuple[Array, Array] | None:
    """Metres (K, 2) along, across by which the surface is to be moved at ``along`` (K,); None where nothing tells."""
    grid = _grid(surface, reach_m)
    if grid is None:
        return None
    reached = int(np.ceil(reach_m / grid.cell))
    steps = np.arange(-reached, reached + 1)
    down, right = (values.ravel() for values in np.meshgrid(steps, steps, indexing="ij"))
    low, high = max(shots.along.min(), surface.along.min()), min(shots.along.max(), surface.along.max())
    if not high > low:
        return None
    edges = np.linspace(low, high, STRETCHES + 1)
    costs, centres = [], []
    for low, high in zip(edges[:-1], edges[1:]):
        own = (shots.along >= low) & (shots.along < high)
        cost = _costs(grid, Strip(shots.along[own], shots.across[own], shots.height[own]), down, right)
        if cost is not None:
            costs.append(cost)
            centres.append(0.5 * (low + high))
    if not costs:
        return None
    # a prior as smooth as a quarter of the flight lets neighbouring stretches differ by so much (variance), in cells
    apart = np.diff(centres) * 4.0 / (edges[-1] - edges[0])
    tolerance = 2.0 * (reach_m / 3.0 / grid.cell) ** 2 * (1.0 - np.exp(-0.5 * apart**2))
    chosen = _chain(np.array(costs), (down[:, None] - down) ** 2 + (right[:, None] - right) ** 2, tolerance)
    # shots looked at a cell farther on fit a surface that has to come a cell back
    return np.array(centres), -grid.cell * np.stack([down[chosen], right[chosen]], axis=1).astype(float)


@dataclass(frozen=True)
class _Grid:
    """Heights (R, C) m, NaN in empty cells, from ``first`` (along, across) on."""

    height: Array
    first: tuple[float, float]
    cell: float

    def at(self, row: Integers, column: Integers) -> Array:
        """Heights at cells, NaN outside."""
        rows, columns = self.height.shape
        inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
        return np.where(inside, self.height[np.where(inside, row, 0), np.where(inside, column, 0)], np.nan)


def _grid(surface: Strip, reach_m: float) -> _Grid | None:
    if len(surface.along) < 100:
        return None
    area = float(np.ptp(surface.along) * np.ptp(surface.across))
    cell = max(reach_m / CELLS_REACHED, FINEST * float(np.sqrt(area / len(surface.along))))
    first = float(surface.along.min()), float(surface.across.min())
    row = ((surface.along - first[0]) / cell).astype(np.int64)
    column = ((surface.across - first[1]) / cell).astype(np.int64)
    shape = int(row.max()) + 1, int(column.max()) + 1
    cells = row * shape[1] + column
    count = np.bincount(cells, minlength=shape[0] * shape[1])
    total = np.bincount(cells, surface.height, shape[0] * shape[1])
    return _Grid(np.where(count > 0, total / np.maximum(count, 1), np.nan).reshape(shape), first, cell)


def _costs(grid: _Grid, shots: Strip, down: Integers, right: Integers) -> Array | None:
    """Negative log likelihoods (S,) of the shifts for one stretch; None with too few shots."""
    count = len(shots.along)
    if count < 5 * _TREND:
        return None
    row = ((shots.along - grid.first[0]) / grid.cell).astype(np.int64)
    column = ((shots.across - grid.first[1]) / grid.cell).astype(np.int64)
    u = np.linspace(-1.0, 1.0, count)[np.argsort(np.argsort(shots.along))]
    terms = np.vander(u, _TREND)
    cost = np.full(len(down), _UNKNOWN)
    for shift, (i, j) in enumerate(zip(down, right)):
        off = shots.height - grid.at(row + i, column + j)
        known = np.isfinite(off)
        if known.mean() < COVERED:
            continue
        design = terms[known]
        left = off[known] - design @ np.linalg.lstsq(design, off[known], rcond=None)[0]
        cost[shift] = count / REPEATED * np.log(np.median(np.abs(left)) + 1e-3)
    return cost if cost.min() < _UNKNOWN else None


def _chain(costs: Array, square: Integers, tolerance: Array) -> Integers:
    """The shifts (K,) of least total cost: own (K, S), and what their ``square`` (S, S) of change is over twice the
    ``tolerance`` (K - 1,) from one to the next."""
    total, origin = costs[0], []
    for own, variance in zip(costs[1:], tolerance):
        every = total[:, None] + square / (2.0 * variance)
        origin.append(np.argmin(every, axis=0))
        total = own + np.min(every, axis=0)
    chosen = [int(np.argmin(total))]
    for step in reversed(origin):
        chosen.append(int(step[chosen[-1]]))
    return np.array(chosen[::-1])
