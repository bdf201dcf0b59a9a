"""Overlapping tiles of a turned frame, each predicted and laid back on the image's own grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..products import product
from ..progress import Progress, each
from .engine import Engine
from .frame import Frame, bounds, resample

Float = NDArray[np.float32]

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


@dataclass(frozen=True)
class Image:
    """Grey as the network sees it, without holes, at 1/``factor`` of the resolution.

    Its first pixel is ``row``, ``column`` of the whole image's grid at that resolution; it may reach beyond the image.
    ``spread``: what each pixel's grey was divided by.
    """

    grey: Float
    row: int
    column: int
    factor: int
    spread: Float

    @property
    def box(self) -> Box:
        return Box(self.row, self.row + self.grey.shape[0], self.column, self.column + self.grey.shape[1])


def predict_tiles(image: Image, box: Box, frame: Frame, engine: Engine, progress: Progress) -> Float:
    """Network output over ``box`` of an image, on the image's own grid: (rows, columns) float32.

    Tiles of the frame overlap by twice the network's halo and are joined by weights that fall to zero where a tile
    lacks neighbours.
    """
    column, row, width, height = bounds(frame.matrix, (box.column, box.row), box.shape)
    v_starts, tall = _spans(row, row + height, engine)
    u_starts, wide = _spans(column, column + width, engine)
    tiles = [(v, u) for v in v_starts for u in u_starts if _meets(box, frame, (v, u), (tall, wide))]
    total, weights = np.zeros(box.shape, np.float32), np.zeros(box.shape, np.float32)
    for v, u in each(tiles, progress, len(tiles), "Predicting"):
        part = _footprint(frame, (v, u), (tall, wide)).within(box)
        if 0 in part.shape:  # a turned tile that came near and missed
            continue
        grey = _turned(image, frame, (v, u), (tall, wide))
        output = engine.predict(grey[None, None])[0, 0]
        down = _ramp(tall, engine.halo, v > v_starts[0], v < v_starts[-1])
        weight = down[:, None] * _ramp(wide, engine.halo, u > u_starts[0], u < u_starts[-1])
        laid = resample([output * weight, weight], frame.inverse, (u, v), (part.column, part.row), part.shape)
        where = part.slices(box.row, box.column)
        total[where] += laid[0]
        weights[where] += laid[1]
    return total / np.maximum(weights, np.float32(1e-6))


def _spans(start: int, stop: int, engine: Engine) -> tuple[list[int], int]:
    """Starts and common size of the fewest tiles that cover ``start`` .. ``stop`` - 1 of the frame.

    All are multiples of the network's: its strides then fall on the same pixels wherever a tile begins.
    """

    def whole(length: int) -> int:
        return -(-length // engine.multiple) * engine.multiple

    overlap = whole(2 * engine.halo)
    start = start // engine.multiple * engine.multiple
    count = max(1, -(-(stop - start - overlap) // (TILE - overlap)))
    size = whole(-(-(stop - start + (count - 1) * overlap) // count))
    return [start + index * (size - overlap) for index in range(count)], size


def _ramp(size: int, halo: int, before: bool, after: bool) -> Float:
    """Weights along a tile: 1, falling smoothly to 0 over the middle of the overlap where a neighbour takes over."""
    index = np.arange(size) + 0.5
    weight = np.ones(size)
    for wanted, distance in ((before, index), (after, size - index)):
        if wanted:
            weight *= np.sin(np.pi / 2 * np.clip((distance - halo / 2) / halo, 0, 1)) ** 2
    return weight.astype(np.float32)


def _meets(box: Box, frame: Frame, first: tuple[int, int], shape: tuple[int, int]) -> bool:
    """True unless a tile of the frame, its first pixel at ``first`` (v, u), surely misses the box."""
    v, u = (start + np.linspace(0, n - 1, 17) for start, n in zip(first, shape))
    column, row = product(frame.inverse, np.stack(np.meshgrid(u, v)).reshape(2, -1))
    near = box.grown(max(shape) // 16 + 1)
    inside = (row >= near.row) & (row < near.row_stop) & (column >= near.column) & (column < near.column_stop)
    return bool(inside.any())


def _footprint(frame: Frame, first: tuple[int, int], shape: tuple[int, int]) -> Box:
    """The smallest box of the image that holds a tile of the frame."""
    column, row, width, height = bounds(frame.inverse, first[::-1], shape)
    return Box(row, row + height, column, column + width)


def _turned(image: Image, frame: Frame, first: tuple[int, int], shape: tuple[int, int]) -> Float:
    """A tile of the frame; mid-grey where its corners reach past everything read."""
    source = _footprint(frame, first, shape).grown(2).within(image.box)
    if 0 in source.shape:
        return np.zeros(shape, np.float32)
    grey = image.grey[source.slices(image.row, image.column)]
    return resample([grey], frame.matrix, (source.column, source.row), first[::-1], shape)[0]
