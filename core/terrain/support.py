"""From thousands of shots to a few hundred support points: averages over cells, wild shots left out.

What a cell average takes away (the short waves within a cell) is kept as `within` deviations: they tell how much of
the fine bands of a relief is real, and no long-wave error touches them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..progress import breathe
from .shots import Shots

Array = np.ndarray[Any, np.dtype[np.float64]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]
Indices = np.ndarray[Any, np.dtype[np.int64]]

WILD = 12.0  # robust standard deviations within a cell beyond which a shot is wild
COMPANY = 8  # shots, of its track where tracks are long, beside which a shot is judged on average
CROWDED = 2.0  # times larger a cell must be than one over all tracks, before tracks are averaged together
GROWTH = 1.2  # of the cells, from one trial to the next


@dataclass(frozen=True)
class Support:
    """Cell averages, and what varies inside the cells.

    place (N, 2) metres, drift (N, P) regressors, altitude (N,) metres, noise (N,) variance of the mean altitude from
    the shots' own sigma, track (N,), 0 for all where tracks are averaged together, cell_m the size of a cell.
    within_drift (S, P) and within (S,): regressors and altitudes of the kept shots less their cell's average;
    within_place (S, 2) the same of their places and cell (S,) their cells; wild (M,) the shots left out.
    """

    place: Array
    drift: Array
    altitude: Array
    noise: Array
    track: Indices
    cell_m: float
    within_drift: Array
    within: Array
    within_place: Array
    cell: Indices
    wild: Mask

    @property
    def shared(self) -> float:
        """Mean number of shots in a cell that holds several."""
        count = np.bincount(self.cell)
        return float(count[count > 1].mean()) if (count > 1).any() else 0.0


def gather_support(shots: Shots, place: Array, drift: Array, guess: Array, limit: int, smallest_m: float) -> Support:
    """Average shots over square cells per track, the cell grown from ``smallest_m`` until ``limit`` points are left.

    Tracks too many for that, or too short, are averaged together (`CROWDED`). place (M, 2) metres, drift (M, P), guess
    (M,) the part of the altitude already explained (m): wild shots are those that leave the median of altitude - guess
    over a cell of about `COMPANY` shots by more than `WILD` robust deviations.
    """
    cell, size, names = _cells(place, shots.track, limit, smallest_m)
    about = _cells(place, shots.track, min(limit, max(1, len(place) // COMPANY)), size)[0]
    deviation = shots.altitude - guess
    deviation = deviation - _medians(deviation, about)[about]
    pairs = np.bincount(about)[about] >= 3  # two shots cannot tell which of them is wild
    spread = 1.4826 * float(np.median(np.abs(deviation[pairs]))) if pairs.any() else 0.0
    wild = pairs & (np.abs(deviation) > WILD * np.maximum(spread, shots.sigma))
    good = ~wild
    cell, names = np.unique(cell[good], return_inverse=True)[1].reshape(-1), names[good]
    count = np.bincount(cell)

    def mean(values: Array) -> Array:
        return np.bincount(cell, weights=values) / count

    at = np.stack([mean(column) for column in place[good].T], axis=1)
    regressors = np.stack([mean(column) for column in drift[good].T], axis=1) if drift.shape[1] else drift[: len(at)]
    altitude = mean(shots.altitude[good])
    track = np.zeros(len(at), dtype=np.int64)
    track[cell] = names
    return Support(
        at,
        regressors,
        altitude,
        mean(shots.sigma[good] ** 2) / count,
        track,
        size,
        drift[good] - regressors[cell],
        shots.altitude[good] - altitude[cell],
        place[good] - at[cell],
        cell,
        wild,
    )


def _cells(place: Array, track: Indices, limit: int, smallest_m: float) -> tuple[Indices, float, Indices]:
    """Cell (M,) of each shot, the cells' size (m), and the track (M,) of each that was kept apart, or else 0.

    Cells of a track cannot become fewer than tracks are, and long before that they average away what lies between
    tracks that cross or run side by side.
    """
    place = place - np.minimum(place.min(axis=0, initial=0.0), 0.0)  # what lies below 0 would stay a cell of its own
    alone = np.unique(track, return_inverse=True)[1].reshape(-1)  # numbers without gaps
    size, together, mixed = smallest_m, np.zeros_like(track), None
    while True:
        breathe()
        square = np.floor(place / size).astype(np.int64)
        cell, count = _numbered(square, alone)
        if count <= limit:
            return cell, size, track
        if mixed is None:
            cell, count = _numbered(square, together)
            mixed = (cell, size, together) if count <= limit else None
        elif size >= CROWDED * mixed[1]:
            return mixed
        size *= GROWTH


def _numbered(square: Indices, track: Indices) -> tuple[Indices, int]:
    """A number (M,) for each pair of square (M, 2) and track (M,), and how many there are."""
    # One number a pair, in the order of (row, column, track): rows of three are sorted twenty times more slowly.
    row, column = square.T
    key = (row * (int(column.max(initial=0)) + 1) + column) * (int(track.max(initial=0)) + 1) + track
    unique, number = np.unique(key, return_inverse=True)
    return number.reshape(-1), len(unique)


def _medians(values: Array, cell: Indices) -> Array:
    """Median (lower of the two middle ones averaged with the upper) of the values of each cell."""
    order = np.lexsort((values, cell))
    count = np.bincount(cell)
    start = np.cumsum(count) - count
    return 0.5 * (values[order[start + (count - 1) // 2]] + values[order[start + count // 2]])
