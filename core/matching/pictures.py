"""Images to match: read a strip at a time, reduced, and told what of them is lit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..terrain.pyramid import fill_invalid
from .warp import Image, Mask, halved, opencv

_CHANCE = 1e-4  # share of the pixels that have the highest grey by chance; more are at the sensor's ceiling

Reader = Callable[[int, int], tuple[Image, Mask]]  # first row, row past the last -> grey and validity


@dataclass(frozen=True)
class Picture:
    """An image to match: its size, a reader of rows (grey float32, validity), and its name for messages."""

    rows: int
    columns: int
    read: Reader
    name: str = "An image"


def picture(grey: npt.ArrayLike, valid: npt.ArrayLike | None = None) -> Picture:
    """A picture held in memory; non-finite grey is invalid."""
    image = np.asarray(grey, np.float32)
    mask = np.isfinite(image) if valid is None else np.asarray(valid, bool) & np.isfinite(image)
    if not mask.all():
        image = np.where(mask, image, np.float32(0))
    return Picture(image.shape[0], image.shape[1], lambda first, last: (image[first:last], mask[first:last]))


def reduced(source: Picture, factor: int, block: int = 2048) -> tuple[Image, Mask]:
    """The whole picture at 1 / ``factor`` of its size, read a block of rows at a time."""
    if min(source.rows, source.columns) < max(2, factor):
        raise InputError(f"{source.name} has too few lines or samples to be matched.")
    parts = []
    for first in range(0, source.rows // factor * factor, block):
        image, valid = seen(source, first, min(first + block, source.rows // factor * factor))
        size = factor
        while size > 1:
            image, valid = half(image, valid)
            size //= 2
        parts.append((image, valid))
    if len(parts) == 1:
        return parts[0]
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


def seen(source: Picture, first: int, last: int) -> tuple[Image, Mask]:
    """Rows of a picture; saturated pixels far above all else count as none, for windows that reach over them would see
    little besides."""
    image, valid = source.read(first, last)
    top, full = _ceiling(image, valid)
    rest = valid & ~full
    if np.count_nonzero(full) and rest.any():
        low, high = np.percentile(image[rest], (1, 99))
        if top - high > high - low:
            return image, rest
    return image, valid


def _ceiling(image: Image, valid: Mask) -> tuple[float, Mask]:
    """The highest grey, and the valid pixels that have it; none where these may be its chance maximum."""
    top = opencv().minMaxLoc(image, mask=valid.astype(np.uint8))[1]
    full = valid & (image >= np.float32(top))
    if np.count_nonzero(full) <= _CHANCE * full.size:
        full[:] = False
    return float(top), full


def filled(image: Image, valid: Mask) -> Image:
    """Smooth ground where there is no data."""
    return image if valid.all() else fill_invalid(image, valid)


def half(image: Image, valid: Mask) -> tuple[Image, Mask]:
    """Half the size: means of the valid ones of 2 x 2 pixels, valid where half of them are."""
    if valid.all():
        return halved(image), np.ones((image.shape[0] // 2, image.shape[1] // 2), bool)
    mask = valid.astype(np.float32)
    mass = halved(mask)
    return np.asarray(halved(image * mask) / np.maximum(mass, np.float32(0.25))), mass >= 0.5


def lit(image: Image, valid: Mask) -> Mask:
    """Valid pixels neither in shadow (black) nor saturated, nor beside such ones."""
    cv2 = opencv()
    good = valid & (image > 0)
    some = image[::4, ::4][good[::4, ::4]]
    if some.size:
        good &= image > 0.05 * float(np.median(some))
        good &= ~_ceiling(image, good)[1]
    return np.asarray(cv2.erode(good.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
