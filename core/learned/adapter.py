"""The JMARS way: a grey view, centred in the model's square, its heights back on the view's own grid.

Views larger than the square are scaled down (area mean, aspect kept), never up; what the view leaves free is filled
with mirror images of it. All steps are fixed sums in one order, so the same view gives the same bits every time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..terrain.pyramid import fill_invalid

Float = NDArray[np.float32]
Mask = NDArray[np.bool_]

SIDE = 1024
LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
FRACTION = 1.5  # largest grey that is still taken for a fraction: radiance factors pass one, where the sun is mirrored


@dataclass(frozen=True)
class Grey:
    """A single-band image (float32) with its mask, and what the user should be told about it."""

    grey: Float
    valid: Mask
    warnings: tuple[str, ...] = ()


def to_grey(bands: NDArray[np.generic], valid: Mask | None = None) -> Grey:
    """One grey band of ``bands`` (b, h, w): b = 1 grey, 2 grey + alpha, 3 RGB, 4 RGB + alpha.

    ``valid`` (h, w): False where the source has nodata. Alpha 0 and non-finite values are invalid as well.
    8-bit grey keeps its values exactly; colours become luma (BT.601), with a warning for colourised products.
    """
    if bands.ndim != 3 or bands.shape[0] < 1:
        raise InputError(f"An image of shape {bands.shape} has no bands; give an array of bands, rows and columns.")
    count = bands.shape[0]
    mask = np.ones(bands.shape[1:], bool) if valid is None else np.array(valid, bool)
    if count in (2, 4):
        mask &= bands[-1] != 0
    colours = bands[:3] if count in (3, 4) else bands[:1]
    warnings = [] if count <= 4 else [f"The image has {count} bands; the first one is taken as grey."]
    if len(colours) == 1:
        grey = colours[0].astype(np.float32)
    else:
        red, green, blue = (band.astype(np.float32) for band in colours)
        same = np.array_equal(red, green) and np.array_equal(red, blue)
        grey = red if same else LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue
        if not same and is_colourised(red, green, blue, mask):
            warnings.append(
                "The image looks like a colourised product (for example a coloured elevation map); its colours are "
                "no brightness, so use a grey or natural-colour image."
            )
    mask &= np.isfinite(grey)
    return Grey(np.where(mask, grey, 0).astype(np.float32), mask, tuple(warnings))


def to_grey8(image: Grey) -> Grey:
    """The 8-bit grey (values 0..255, whole numbers) of a view: unchanged where it already is, else stretched."""
    low, high = range8(image.grey[image.valid])
    scaled = (image.grey.astype(np.float64) - low) * (255.0 / max(high - low, 1e-30))
    grey = np.where(image.valid, np.rint(np.clip(scaled, 0, 255)), 0).astype(np.float32)
    return Grey(grey, image.valid, image.warnings)


def range8(sample: Float) -> tuple[float, float]:
    """Black and white of an 8-bit view of these greys (n,): 0 and 255 where they have them already, else stretched."""
    if sample.size == 0:
        return 0.0, 255.0
    low, high = float(sample.min()), float(sample.max())
    if low >= 0 and high <= 255 and (high > FRACTION or (sample == np.rint(sample)).all()):  # grey, or luma of colours
        return 0.0, 255.0
    if low >= 0 and high == 1:  # a picture's fractions; radiance factors end where the ground does
        return 0.0, 1.0
    low, high = (float(value) for value in np.percentile(sample, (0.5, 99.5)))
    return low, high


def is_colourised(red: Float, green: Float, blue: Float, valid: Mask) -> bool:
    """True when hues go round the colour circle, as in a coloured map; natural planetary colour keeps to one hue."""
    step = max(1, int(np.sqrt(valid.size / 65536)))
    r, g, b = (band[::step, ::step][valid[::step, ::step]].astype(np.float64) for band in (red, green, blue))
    if r.size == 0:
        return False
    vector = (2 * r - g - b) / 2 + 1j * (np.sqrt(3) / 2) * (g - b)  # hue as angle, chroma as length
    chroma, white = np.abs(vector), max(float(np.max([r.max(), g.max(), b.max()])), 1e-30)
    return bool(chroma.mean() > 0.1 * white and np.abs(vector.mean()) < 0.8 * chroma.mean())


@dataclass(frozen=True)
class Placement:
    """Where a view of ``shape`` lies in the square: scaled to ``size``, its first pixel at ``offset`` (row, column)."""

    shape: tuple[int, int]
    size: tuple[int, int]
    offset: tuple[int, int]
    side: int = SIDE


def placement(shape: tuple[int, int], side: int = SIDE) -> Placement:
    """Centre a view of ``shape`` in a square of ``side`` pixels, scaled down when it is larger."""
    rows, columns = shape
    if rows < 1 or columns < 1:
        raise InputError(f"The view has {rows} x {columns} pixels; it needs at least one.")
    longest = max(rows, columns)
    height, width = (
        (rows, columns)
        if longest <= side
        else (max(1, round(rows * side / longest)), max(1, round(columns * side / longest)))
    )
    return Placement((rows, columns), (height, width), ((side - height) // 2, (side - width) // 2), side)


def to_square(grey: Float, valid: Mask, place: Placement) -> Float:
    """The network's square (side, side): area mean of the valid pixels, holes filled, mirrored to the borders."""
    if place.size == place.shape:
        small, known = np.asarray(grey, np.float32), valid
    else:
        weight = area_mean(valid, place.size)
        mean = area_mean(np.where(valid, grey, 0), place.size) / np.maximum(weight, 1e-12)
        small, known = mean.astype(np.float32), weight > 1e-6
    filled = np.clip(fill_invalid(small, known), small[known].min(), small[known].max())
    row, column = (_mirror(size, offset, place.side) for size, offset in zip(place.size, place.offset))
    return np.asarray(filled[row[:, None], column[None, :]])


def from_square(square: Float, place: Placement) -> Float:
    """Crop the view's part out of the square and scale it back (bilinear) to the view's own grid."""
    (top, left), (height, width) = place.offset, place.size
    return bilinear(square[top : top + height, left : left + width], place.shape)


def jmars_heights(grey: Float, valid: Mask, model: Callable[[Float], Float], side: int = SIDE) -> Float:
    """Heights of a view as JMARS makes them: ``model`` maps a square (side, side) of grey to one of heights.

    Returns float32 of ``grey``'s shape, NaN where not ``valid``. Raises `InputError` when nothing is valid.
    """
    if not valid.any():
        raise InputError("The view holds nodata only; move it onto the image.")
    place = placement((grey.shape[0], grey.shape[1]), side)
    heights = from_square(model(to_square(grey, valid, place)), place)
    return np.where(valid, heights, np.float32(np.nan))


def area_mean(values: NDArray[np.generic], size: tuple[int, int]) -> NDArray[np.float64]:
    """Mean over the cells of a coarser grid of ``size`` that covers the same rectangle (cells may cut pixels)."""
    wide = np.empty((values.shape[0], size[1]))
    for start in range(0, values.shape[0], 256):  # a block of rows at a time bounds the float64 copies
        block = values[start : start + 256].astype(np.float64)
        wide[start : start + 256] = _cell_means(block.T, size[1]).T
    return _cell_means(wide, size[0])


def _cell_means(values: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Area mean along axis 0 into ``count`` cells: differences of the running integral at the cell borders."""
    length = values.shape[0]
    border = np.arange(count + 1) * (length / count)
    whole = np.minimum(border.astype(int), length - 1)
    part = (border - whole)[:, None]
    integral = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    at_border = integral[whole] + part * values[whole]
    return np.diff(at_border, axis=0) * (count / length)


def bilinear(values: Float, shape: tuple[int, int]) -> Float:
    """Resample ``values`` to ``shape`` over the same rectangle, bilinearly between pixel centres, flat at the rim."""
    if values.shape == shape:
        return np.array(values, np.float32)
    (row, row_part), (column, column_part) = (_neighbours(have, want) for have, want in zip(values.shape, shape))
    tall = values[row] + row_part[:, None] * (values[np.minimum(row + 1, values.shape[0] - 1)] - values[row])
    right = np.minimum(column + 1, values.shape[1] - 1)
    return np.asarray(tall[:, column] + column_part * (tall[:, right] - tall[:, column]), np.float32)


def _neighbours(have: int, want: int) -> tuple[NDArray[np.intp], Float]:
    position = np.clip((np.arange(want) + 0.5) * (have / want) - 0.5, 0, have - 1)
    lower = np.minimum(position.astype(np.intp), max(have - 2, 0))
    return lower, (position - lower).astype(np.float32)


def _mirror(size: int, offset: int, side: int) -> NDArray[np.intp]:
    """For each position in the square, the view's row (or column) seen there through as many mirrors as needed."""
    position = (np.arange(side) - offset) % (2 * size)
    return np.minimum(position, 2 * size - 1 - position)
