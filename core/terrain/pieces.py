"""Overlapping pieces of an extent that holds too many altimeter tracks to be levelled at once.

The support points of one fusion are few, for its cost grows with their cube: over many tracks each would stand for
more ground than lies between two tracks, and denser altimetry would make the terrain worse.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .shots import Shots

Array = np.ndarray[Any, np.dtype[np.float64]]
Field = np.ndarray[Any, np.dtype[np.float32]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]

TRACKS = 8  # track spacings along a piece's side at least, its overlap apart
MOST = 8  # pieces along a side
OVERLAP = 0.2  # of a piece's side, added on either side of it
FEWEST = 50  # shots, on at least ...
FEWEST_TRACKS = 3  # ... so many tracks, that each piece must hold


@dataclass(frozen=True)
class Piece:
    """Rows and columns of a piece, and its weight (rows, columns) there: those of all pieces add up to 1."""

    rows: slice
    columns: slice
    down: Field
    across: Field

    @property
    def window(self) -> tuple[slice, slice]:
        return self.rows, self.columns

    @property
    def weight(self) -> Field:
        return self.down[:, None] * self.across

    def shots(self, shots: Shots) -> Shots:
        """The shots inside, on the piece's own grid."""
        row, column = shots.row - self.rows.start, shots.col - self.columns.start
        inside = (row >= 0) & (row <= len(self.down) - 1) & (column >= 0) & (column <= len(self.across) - 1)
        return Shots(row[inside], column[inside], shots.altitude[inside], shots.sigma[inside], shots.track[inside])


def pieces(valid: Mask, pixel: Array, shots: Shots) -> list[Piece]:
    """The pieces of an extent (valid: rows, columns; pixel: (row, column) metres) that hold valid ground.

    As many as keep a piece of `TRACKS` spacings of the tracks or more, unless one would be left with hardly a shot.
    """
    sides = np.array(valid.shape) * pixel
    spacing = float(sides.prod()) / max(_length(shots, pixel), float(sides.min()))
    wanted = [int(np.clip(side // (TRACKS * spacing), 1, MOST)) for side in sides]
    made: list[Piece] = []
    for most in range(max(wanted), 0, -1):
        counts = [min(count, most) for count in wanted]
        spans = [_spans(size, count) for size, count in zip(valid.shape, counts)]
        made = [Piece(rows, columns, down, across) for rows, down in spans[0] for columns, across in spans[1]]
        made = [piece for piece in made if valid[piece.window].any()]
        held = [piece.shots(shots) for piece in made]
        if all(len(inside) >= FEWEST and len(np.unique(inside.track)) >= FEWEST_TRACKS for inside in held):
            break
    return made


def _length(shots: Shots, pixel: Array) -> float:
    """Ground length (m) of all tracks, each taken for straight."""
    names, track = np.unique(shots.track, return_inverse=True)
    track = track.reshape(-1)
    reach = np.zeros((len(names), 2))
    for axis, place in enumerate((shots.row * pixel[0], shots.col * pixel[1])):
        low, high = np.full(len(names), np.inf), np.full(len(names), -np.inf)
        np.minimum.at(low, track, place)
        np.maximum.at(high, track, place)
        reach[:, axis] = high - low
    return float(np.hypot(*reach.T).sum())


def _spans(size: int, count: int) -> list[tuple[slice, Field]]:
    """``count`` overlapping parts of 0 .. ``size`` - 1, each with its weights."""
    edges = np.linspace(0, size, count + 1)
    reach = OVERLAP * size / count
    middle = np.arange(size) + 0.5
    rises = [np.clip((middle - edge) / (2 * reach) + 0.5, 0, 1) for edge in edges[1:-1]]
    rises = [np.ones(size), *rises, np.zeros(size)]
    made = []
    for index in range(count):
        start = max(0, int(np.floor(edges[index] - reach))) if index else 0
        stop = min(size, int(np.ceil(edges[index + 1] + reach))) if index < count - 1 else size
        weight = rises[index] - rises[index + 1]
        made.append((slice(start, stop), weight[start:stop].astype(np.float32)))
    return made
