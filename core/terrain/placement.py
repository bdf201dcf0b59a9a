"""Where a relief really lies: its sideways shift against altimeter shots, found from height differences along tracks.

Images are often placed worse than altimetry: Apollo's frames by more than a kilometre, and a shift of half a crater
already hides all that an image can tell of the heights. Differences between shots at several distances are compared
with those of the relief under every shift; long-wave errors of either touch them little.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..products import product
from .kriging import distances
from .pyramid import Field
from .robust import nmad
from .shots import Shots
from .support import gather_support

Array = np.ndarray[Any, np.dtype[np.float64]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]
Indices = np.ndarray[Any, np.dtype[np.int64]]
Pairs = list[tuple[Indices, Indices, Array, float]]

SEARCH_M = 3000.0  # shifts looked at, m
REACH = 8  # the extent is at least this many times the search and the longest difference
OCTAVES = 5  # lags: the longest, its half, its quarter ...
SUPPORT = 1000
SURE = 6.0  # gain in log likelihood, beyond the number of places tried, at which a shift is believed


@dataclass(frozen=True)
class Shift:
    """rows, cols: pixels by which the relief is to be moved (down, right); gain: of log likelihood over no shift."""

    rows: int
    cols: int
    gain: float

    def __bool__(self) -> bool:
        return (self.rows, self.cols) != (0, 0)


NO_SHIFT = Shift(0, 0, 0.0)


def moved(relief: Field, valid: Mask, shift: Shift) -> tuple[Field, Mask]:
    """Relief (H, W) and its validity after the shift; what comes in over the rim is invalid."""
    values, known = np.zeros_like(relief), np.zeros_like(valid)
    to, source = zip(*(_overlap(n, d) for n, d in zip(valid.shape, (shift.rows, shift.cols))))
    values[to], known[to] = relief[source], valid[source]
    return values, known


def _overlap(size: int, shift: int) -> tuple[slice, slice]:
    return slice(max(shift, 0), size + min(shift, 0)), slice(max(-shift, 0), size + min(-shift, 0))


def find_shift(relief: Field, pixel: Array, shots: Shots, search_m: float = SEARCH_M) -> Shift:
    """The shift of relief (H, W, no gaps) that agrees best with the shots, none where no shift is surely better.

    pixel: (row, column) sizes in metres. The search ends at ``search_m`` or 1/`REACH` of the shorter side.
    """
    sides = np.array(relief.shape) * pixel
    search = min(search_m, float(sides.min()) / REACH)
    longest = float(sides.min()) / REACH
    lags = [longest / 2**k for k in range(OCTAVES) if longest / 2**k >= 4.0 * float(pixel.max())]
    place = np.column_stack([shots.row, shots.col]) * pixel
    none = place[:, :0]
    support = gather_support(shots, place, none, np.zeros(len(place)), SUPPORT, float(pixel.max()))
    pairs = _pairs(support.place, support.altitude, support.track, lags, support.cell_m)
    if not pairs or search < float(pixel.max()):
        return NO_SHIFT
    at = support.place / pixel
    step = max(1, round(lags[-1] / 4.0 / float(pixel.max())))
    coarse, limits = _means(relief, step), [int(search / (p * step)) for p in pixel]
    scores = _scores(coarse, at / step, pairs, *(np.arange(-n, n + 1) for n in limits))
    row, col = np.unravel_index(int(np.abs(scores).argmax()), scores.shape)
    rough = (int(row) - limits[0]) * step, (int(col) - limits[1]) * step
    around = [np.arange(centre - step, centre + step + 1) for centre in rough]
    fine = _scores(relief, at, pairs, *around)
    row, col = np.unravel_index(int(np.abs(fine).argmax()), fine.shape)
    stay = _scores(relief, at, pairs, np.array([0]), np.array([0]))
    gain = float(np.abs(fine).max() - np.abs(stay).max())
    if gain < np.log(scores.size) + SURE:
        return Shift(0, 0, gain)
    return Shift(int(around[0][row]), int(around[1][col]), gain)


def _pairs(place: Array, altitude: Array, track: Indices, lags: list[float], cell_m: float) -> Pairs:
    """For every lag: pairs of points of one track about that far apart, their height differences (normalised, wild
    ones held), and the number of independent ones."""
    apart = distances(place, place)
    apart[track[:, None] != track[None]] = np.inf
    result: Pairs = []
    for lag in lags:
        miss = np.abs(apart - lag)
        second = miss.argmin(axis=1)
        first = np.flatnonzero(miss[np.arange(len(place)), second] < 0.25 * lag)
        if len(first) < 20:
            continue
        difference = altitude[second[first]] - altitude[first]
        spread = nmad(difference)
        if spread > 0:
            held = np.clip(difference / spread, -4.0, 4.0)
            result.append((first, second[first], held, len(first) * min(1.0, cell_m / lag)))
    return result


def _means(relief: Field, step: int) -> Field:
    """Means over step x step pixels, the rim repeated."""
    rows, cols = (-n % step for n in relief.shape)
    padded = np.pad(relief, ((0, rows), (0, cols)), mode="edge")
    return padded.reshape(padded.shape[0] // step, step, padded.shape[1] // step, step).mean(axis=(1, 3))


def _scores(relief: Field, at: Array, pairs: Pairs, row_shifts: Indices, col_shifts: Indices) -> Array:
    """Log likelihood (rows, cols) of every shift, negative where the relief is inverted."""
    row, col = np.rint(at).astype(np.int64).T
    c = np.clip(col[:, None] - col_shifts, 0, relief.shape[1] - 1)
    scores = np.zeros((len(row_shifts), len(col_shifts)))
    for index, shift in enumerate(row_shifts):
        r = np.clip(row - shift, 0, relief.shape[0] - 1)
        seen = relief[r[:, None], c]
        for first, second, held, number in pairs:
            slope = seen[second] - seen[first]
            norm = np.sqrt((slope**2).sum(axis=0) * (held**2).sum())
            cc = np.divide(product(held, slope), norm, out=np.zeros(len(norm)), where=norm > 0)
            scores[index] -= 0.5 * number * np.sign(cc) * np.log1p(-np.minimum(cc**2, 0.999))
    return scores
