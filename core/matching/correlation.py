"""Correlation search: integer moves within A's frame compared by zero-mean normalised cross-correlation (NCC).

Windows follow the relief, since every pixel carries its own place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .warp import Field, Image, Mask, moved, opencv, sample, window_mean

_TINY = np.float32(1e-12)
_ONE = 32767.0  # an NCC of 1 among scores kept as 16 bits


@dataclass(frozen=True)
class Windows:
    """Local statistics of image A that every comparison reuses: mean and variance in the window."""

    image: Image
    kernel: int
    mean: Image
    variance: Image


def windows(image: Image, kernel: int) -> Windows:
    """Prepare ``image`` (h, w) for comparisons in windows of ``kernel`` x ``kernel`` pixels."""
    mean = window_mean(image, kernel)
    variance = np.maximum(window_mean(image * image, kernel) - mean * mean, 0)
    return Windows(image, kernel, mean, variance)


def _ncc(a: Windows, b: Image) -> Image:
    """NCC of A with an image already resampled to A's frame, -1..1; 0 where either has no texture."""
    mean = window_mean(b, a.kernel)
    variance = np.maximum(window_mean(b * b, a.kernel) - mean * mean, 0)
    product = window_mean(a.image * b, a.kernel) - a.mean * mean
    norm = a.variance * variance
    return np.where(norm > _TINY, product / np.sqrt(np.maximum(norm, _TINY)), 0).clip(-1, 1)


def search(a: Windows, image_b: Image, field: Field, radius: tuple[int, int]) -> tuple[Field, Image]:
    """Move every pixel of the field by the integers within ``radius`` (rows, columns) that correlate best, then to
    the top of a parabola through the neighbours. Returns the new field and its NCC, -1..1, 0 without texture.
    """
    cv2 = opencv()
    rows, columns = a.image.shape
    up, left = radius
    b = cv2.copyMakeBorder(sample(image_b, field), up, up, left, left, cv2.BORDER_REFLECT_101)
    scores = np.empty((2 * up + 1, 2 * left + 1, rows, columns), np.int16)
    for i in range(2 * up + 1):
        for j in range(2 * left + 1):
            scores[i, j] = _ncc(a, np.ascontiguousarray(b[i : i + rows, j : j + columns])) * _ONE
    best, down, across = _peak(scores)
    shift = np.stack([across - left, down - up], axis=-1).astype(np.float32)
    return moved(field, shift), np.asarray(best / _ONE, np.float32)


def _peak(scores: npt.NDArray[np.int16]) -> tuple[Image, Image, Image]:
    """Maximum over the first two axes, and its row and column there refined by parabolas."""
    height, width = scores.shape[:2]
    flat = scores.reshape(height * width, *scores.shape[2:])
    index = flat.argmax(axis=0)
    best = np.take_along_axis(flat, index[None], axis=0)[0].astype(np.float32)
    row, column = np.divmod(index, width)

    def at(r: Any, c: Any) -> Image:
        inside = r.clip(0, height - 1) * width + c.clip(0, width - 1)
        return np.take_along_axis(flat, inside[None], axis=0)[0].astype(np.float32)

    def vertex(before: Image, after: Image, inner: Mask) -> Image:
        bend = before - 2 * best + after
        offset = np.where(bend < 0, 0.5 * (before - after) / np.where(bend < 0, bend, -1), 0)
        return np.where(inner, offset, 0).clip(-0.5, 0.5)

    down = row + vertex(at(row - 1, column), at(row + 1, column), (row > 0) & (row < height - 1))
    across = column + vertex(at(row, column - 1), at(row, column + 1), (column > 0) & (column < width - 1))
    return best, down.astype(np.float32), across.astype(np.float32)
