"""Overlapping tiles of a turned frame, each predicted and laid back on the image's own grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..progress import Progress, each
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


@dataclass(frozen=True)
class Image:
    """A part of an image at 1/``factor`` of its resolution, and the normalisation of its grey for the network.

    Its first pixel is ``row``, ``column`` of the whole image's grid at that resolution.
    """

    grey: Float
    valid: Mask
    row: int
    column: int
    factor: int
    scale: GreyScale

    @property
    def box(self) -> Box:
        return Box(self.row, self.row + self.grey.shape[0], self.column, self.column + self.grey.shape[1])


def predict_tiles(image: Image, box: Box, frame: Frame, engine: Engine, progress: Progress) -> Float:
    """Network output over ``box`` of an image, on the image's own grid: (rows, columns) float32.

    Tiles of the frame overlap by twice the network's halo and are joined by weights that fall to zero where a tile
    lacks neighbours. Ground beyond the image and nodata are filled from what is around (`greyscale.fill_invalid`).
    """
    column, row, width, height = bounds(frame.matrix, (box.column, box.row), box.shape)
    (v_starts, tall), (u_starts, wide) = (_spans(n, 2 * engine.halo, engine.multiple) for n in (height, width))
    tiles = [(v, u) for v in v_starts for u in u_starts if _meets(box, frame, (row + v, column + u), (tall, wide))]
    total, weights = np.zeros(box.shape, np.float32), np.zeros(box.shape, np.float32)
    for v, u in each(tiles, progress, len(tiles), "Predicting"):
        grey = _turned(image, frame, (row + v, column + u), (tall, wide))
        output = engine.predict(grey[None, None])[0, 0]
        down = _ramp(tall, engine.halo, v > v_starts[0], v < v_starts[-1])
        weight = down[:, None] * _ramp(wide, engine.halo, u > u_starts[0], u < u_starts[-1])
        part = _footprint(frame, (row + v, column + u), (tall, wide)).within(box)
        target = (part.column, part.row)
        laid = resample([output * weight, weight], frame.inverse, (column + u, row + v), target, part.shape)
        where = part.slices(box.row, box.column)
        total[where] += laid[0]
        weights[where] += laid[1]
    return total / np.maximum(weights, np.float32(1e-6))


def _spans(length: int, overlap: int, multiple: int) -> tuple[list[int], int]:
    """Starts and common size of the fewest tiles that cover ``length`` with the overlap wanted."""
    count = max(1, -(-(length - overlap) // (TILE - overlap)))
    size = -(-(length + (count - 1) * overlap) // count)
    size = -(-size // multiple) * multiple
    return [index * (size - overlap) for index in range(count)], size


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
    column, row = np.tensordot(frame.inverse, np.stack(np.meshgrid(u, v)), 1)
    near = box.grown(max(shape) // 16 + 1)
    inside = (row >= near.row) & (row < near.row_stop) & (column >= near.column) & (column < near.column_stop)
    return bool(inside.any())


def _footprint(frame: Frame, first: tuple[int, int], shape: tuple[int, int]) -> Box:
    """The smallest box of the image that holds a tile of the frame."""
    column, row, width, height = bounds(frame.inverse, first[::-1], shape)
    return Box(row, row + height, column, column + width)


def _turned(image: Image, frame: Frame, first: tuple[int, int], shape: tuple[int, int]) -> Float:
    """A tile of the frame: the image's normalised grey, holes filled; zeros where there is no image at all."""
    source = _footprint(frame, first, shape).grown(2).within(image.box)
    if 0 in source.shape:
        return np.zeros(shape, np.float32)
    seen = source.slices(image.row, image.column)
    known = image.valid[seen]
    grey = fill_invalid(image.scale(image.grey[seen], known), known)
    bands = [grey, known.astype(np.float32)]
    turned, reached = resample(bands, frame.matrix, (source.column, source.row), first[::-1], shape)
    return fill_invalid(turned, reached > 0.5)
