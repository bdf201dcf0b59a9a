"""Correlation search: integer moves within A's frame compared by zero-mean normalised cross-correlation (NCC).

Windows follow the relief, since every pixel carries its own place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..threads import in_order
from .warp import Field, Image, Mask, moved, opencv, sample, window_mean

_TINY = np.float32(1e-12)
_ONE = 32767.0  # an NCC of 1 among scores kept as 16 bits


@dataclass(frozen=True)
class Windows:
    """Local statistics that every comparison reuses: mean in the window, and one over the spread there (0: none)."""

    image: Image
    kernel: int
    mean: Image
    sharpness: Image


def windows(image: Image, kernel: int) -> Windows:
    """Prepare ``image`` (h, w) for comparisons in windows of ``kernel`` x ``kernel`` pixels."""
    mean = window_mean(image, kernel)
    variance = window_mean(image * image, kernel) - mean * mean
    least = _TINY + np.float32(1e-6) * mean * mean
    return Windows(image, kernel, mean, np.where(variance > least, 1 / np.sqrt(np.maximum(variance, least)), 0))


def search(a: Windows, image_b: Image, field: Field, radius: tuple[int, int]) -> tuple[Field, Image]:
    """Move every pixel of the field by the integers within ``radius`` (rows, columns) that correlate best, then to
    the top of a parabola through the neighbours. Returns the new field and its NCC, -1..1, 0 without texture.
    """
    cv2 = opencv()
    rows, columns = a.image.shape
    up, left = radius
    rim = a.kernel // 2
    # All in a frame that windows at the rim fit into: what they hold beyond it is the same for every comparison.
    image = cv2.copyMakeBorder(a.image, rim, rim, rim, rim, cv2.BORDER_REFLECT_101)
    beyond = rim + up, rim + up, rim + left, rim + left
    b = windows(cv2.copyMakeBorder(sample(image_b, field), *beyond, cv2.BORDER_REFLECT_101), a.kernel)
    inner = np.s_[rim : rim + rows, rim : rim + columns]
    scores = np.empty((2 * up + 1, 2 * left + 1, rows, columns), np.int16)
    scale = a.sharpness * np.float32(_ONE)

    def compare_row(i: int) -> None:
        for j in range(2 * left + 1):
            there = np.s_[i : i + rows + 2 * rim, j : j + columns + 2 * rim]
            score = window_mean(image * b.image[there], a.kernel)[inner]
            score = score - a.mean * b.mean[there][inner]
            score *= scale
            score *= b.sharpness[there][inner]
            scores[i, j] = np.clip(score, -_ONE, _ONE, out=score)

    for _ in in_order(compare_row, range(2 * up + 1)):
        pass
    best, down, across = _peak(scores)
    shift = np.stack([across - left, down - up], axis=-1).astype(np.float32)
    return moved(field, shift), np.asarray(best / np.float32(_ONE))


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
