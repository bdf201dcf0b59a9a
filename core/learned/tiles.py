"""Overlapping tiles of a turned frame, each predicted and laid back on the image's own grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..progress import Progress, tell
from .engine import Engine
from .frame import Frame, bounds, resample
from .greyscale import GreyScale, fill_invalid

Float = NDArray[np.float32]
Mask = NDArray[np.bool_]

TILE = 1024  # longest side of a tile, frame pixels


@dataclass(frozen=True)
class Box:
    """Rows ``row`` .. ``row_stop`` - 1 and columns likewise of some grid."""

    row: int
    row_stop: int
    column: int
    column_stop: int

    @property
    def shape(self) -> tuple[int, int]:
        return self.row_stop - self.row, self.column_stop - self.column

    def slices(self, row: int, column: int) -> tuple[slice, slice]:
        """This box in an array whose first pixel is ``row``, ``column``."""
        return slice(self.row - row, self.row_stop - row), slice(self.column - column, self.column_stop - column)

    def grown(self, by: int) -> Box:
        return Box(self.row - by, self.row_stop + by, self.column - by, self.column_stop + by)

    def within(self, other: Box) -> Box:
        """The part of this box inside another (empty boxes have no negative size)."""
        row, column = max(self.row, other.row), max(self.column, other.column)
        row_stop, column_stop = min(self.row_stop, other.row_stop), min(self.column_stop, other.column_stop)
        return Box(row, max(row_stop, row), column, max(column_stop, column))


def predict_tiles(
    grey: Float,
    valid: Mask,
    scale: GreyScale,
    first: tuple[int, int],
    box: Box,
    frame: Frame,
    engine: Engine,
    progress: Progress,
) -> Float:
    """Network output over ``box`` of an image, on the image's grid: (rows, columns) float32.

    ``grey``, ``valid``: the image with its first pixel at ``first`` (row, column); ``scale`` normalises it. Tiles overlap
    by twice the network's halo and are joined by weights that fall to zero where a tile lacks neighbours.
    """
    column, row, width, height = bounds(frame.matrix, (box.column, box.row), box.shape)
    overlap = 2 * engine.halo
    (v_starts, tall), (u_starts, wide) = (_spans(length, overlap, engine.multiple) for length in (height, width))
    tiles = [(row + v, column + u) for v in v_starts for u in u_starts]
    total, weights = np.zeros(box.shape, np.float32), np.zeros(box.shape, np.float32)
    for index, (v, u) in enumerate(tiles):
        tell(progress, index / len(tiles), "Predicting")
        part = _footprint(frame, v, u, (tall, wide), box)
        if 0 in part.shape:
            continue
        image = _turned(grey, valid, scale, first, frame, (v, u), (tall, wide))
        if image is None:
            continue
        output = engine.predict(image[None, None])[0, 0]
        ramps = [_ramp(n, engine.halo, at > starts[0], at < starts[-1]) for n, at, starts in (
            (tall, v - row, v_starts), (wide, u - column, u_starts))]  # fmt: skip
        weight = ramps[0][:, None] * ramps[1]
        laid, share = resample(
            [output * weight, weight], frame.inverse, (u, v), (part.column, part.row), part.shape
        )
        where = part.slices(box.row, box.column)
        total[where] += laid
        weights[where] += share
    return total / np.maximum(weights, 1e-6)


def _spans(length: int, overlap: int, multiple: int) -> tuple[list[int], int]:
    """Starts and common size of the fewest tiles that cover ``length`` with the overlap wanted."""
    count = max(1, -(-(length - overlap) // (TILE - overlap)))
    size = -(-(length + (count - 1) * overlap) // count)
    size = -(-size // multiple) * multiple
    return [index * (size - overlap) for index in range(count)], size


def _ramp(size: int, halo: int, before: bool, after: bool) -> Float:
    """Weights along a tile: 1, but falling smoothly to 0 over the middle of the overlap where a neighbour takes over."""
    index = np.arange(size) + 0.5
    weight = np.ones(size)
    for wanted, distance in ((before, index), (after, size - index)):
        if wanted:
            weight *= np.sin(np.pi / 2 * np.clip((distance - halo / 2) / halo, 0, 1)) ** 2
    return weight.astype(np.float32)


def _footprint(frame: Frame, v: int, u: int, shape: tuple[int, int], box: Box) -> Box:
    """The smallest part of ``box`` that holds all of it that a tile covers."""
    column, row, width, height = bounds(frame.inverse, (u, v), shape)
    return Box(row, row + height, column, column + width).within(box)


def _turned(
    grey: Float,
    valid: Mask,
    scale: GreyScale,
    first: tuple[int, int],
    frame: Frame,
    origin: tuple[int, int],
    shape: tuple[int, int],
) -> Float | None:
    """A tile of the frame: normalised grey with its holes filled; None where the image has nothing valid."""
    v, u = origin
    whole = Box(first[0], first[0] + grey.shape[0], first[1], first[1] + grey.shape[1])
    source = _footprint(Frame(frame.matrix, frame.gsd_m), v, u, shape, whole)
    seen = source.slices(*first)
    known = valid[seen]
    if not known.any():
        return None
    image = fill_invalid(scale(grey[seen], known), known)
    turned, reached = resample(
        [image, known.astype(np.float32)], frame.matrix, (source.column, source.row), (u, v), shape
    )
    return fill_invalid(turned, reached > 0.5)
