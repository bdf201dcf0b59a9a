"""Octave bands of a relief that can be sampled and put together again.

Smoothing by the binomial kernel with holes (à trous; Holschneider 1989) keeps the fine levels at full size; from the
third on a level holds half the samples of the one before, which is still four times what its waves need: a
critically sampled pyramid (Burt & Adelson 1983) cost 2-3 % of the levelled accuracy by aliasing. Sample (i, j) of a
level lies on pixel (i, j) * step, so nothing is shifted.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..progress import breathing
from .sampling import cubic

Array = np.ndarray[Any, np.dtype[np.float64]]
Field = np.ndarray[Any, np.dtype[np.float32]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]

SMALLEST = 6  # smoothing lengths that the shorter side holds at least
HOLES = (1, 2, 4)  # spacing of the kernel's taps at the first levels; the last one stays, on halved grids


def octave_bands(relief: Field) -> list[Field]:
    """Bands of relief (H, W), finest first; the last is the smooth rest. `collapse` is the exact inverse."""
    bands: list[Field] = []
    level = np.asarray(relief, dtype=np.float32)
    while min(relief.shape) >= 2 ** len(bands) * 2 * SMALLEST:
        soft = smooth(level, HOLES[min(len(bands), len(HOLES) - 1)])
        coarse = soft[::2, ::2] if len(bands) >= len(HOLES) - 1 else soft
        bands.append(level - _expand(coarse, level.shape))
        level = coarse
    return [*bands, level]


def step_of(band: int) -> int:
    """Pixels of the finest grid between neighbouring samples of a band."""
    return int(2 ** max(0, band - len(HOLES) + 1))


def collapse(bands: list[Field], gains: Array) -> Field:
    """Sum of gains (B,) times bands on the finest grid (H, W)."""
    result = bands[-1] * np.float32(gains[-1])
    for band, gain in zip(bands[-2::-1], gains[-2::-1]):
        result = _expand(result, band.shape)
        if gain:
            result += np.float32(gain) * band
    return result


def sample_bands(bands: list[Field], row: Array, col: Array) -> Array:
    """Values (N, B) of every band at fractional pixels (N,) of the finest grid."""
    return np.stack([cubic(band, row / step_of(b), col / step_of(b)) for b, band in enumerate(bands)], axis=1)


def fill_invalid(grid: Field, valid: Mask) -> Field:
    """Grid (H, W) with invalid pixels filled smoothly from the valid ones around them (push-pull; Gortler 1996).

    Without any valid pixel the result is zero.
    """
    filled = np.where(valid, grid, np.float32(0.0)).astype(np.float32)
    if valid.all() or not valid.any():
        return filled
    rows, cols = (-(-n // 2) for n in valid.shape)
    weight = np.zeros((2 * rows, 2 * cols), dtype=np.float32)
    value = np.zeros_like(weight)
    inside = slice(valid.shape[0]), slice(valid.shape[1])
    weight[inside], value[inside] = valid, filled
    count = weight.reshape(rows, 2, cols, 2).sum(axis=(1, 3))
    total = value.reshape(rows, 2, cols, 2).sum(axis=(1, 3))
    half = fill_invalid(total / np.maximum(count, 1.0), count > 0)
    return np.where(valid, filled, _doubled(half)[inside])


def smooth(grid: Field, hole: int) -> Field:
    """Binomial kernel (1, 4, 6, 4, 1) / 16 along both axes with taps ``hole`` samples apart."""
    for _ in breathing(range(2)):
        size, padded = grid.shape[0], np.pad(grid, ((2 * hole, 2 * hole), (0, 0)), mode="edge")
        taps = [padded[k * hole : k * hole + size] for k in range(5)]
        grid = (((taps[0] + taps[4]) + 4.0 * (taps[1] + taps[3]) + 6.0 * taps[2]) * np.float32(1.0 / 16.0)).T
    return grid


def _expand(grid: Field, shape: tuple[int, ...]) -> Field:
    """The same ground on ``shape``: twice the samples by linear interpolation, or ``grid`` itself."""
    if grid.shape == shape:
        return grid
    for size in breathing(shape):
        fine = np.empty((2 * grid.shape[0], grid.shape[1]), dtype=np.float32)
        fine[0::2] = grid
        fine[1:-1:2] = 0.5 * (grid[:-1] + grid[1:])
        fine[-1] = grid[-1]
        grid = fine[:size].T
    return grid


def _doubled(grid: Field) -> Field:
    """Twice the size; a pixel of ``grid`` covers two by two of the result."""
    for _ in breathing(range(2)):
        padded = np.pad(grid, ((1, 1), (0, 0)), mode="edge")
        fine = np.empty((2 * grid.shape[0], grid.shape[1]), dtype=np.float32)
        fine[0::2] = 0.75 * padded[1:-1] + 0.25 * padded[:-2]
        fine[1::2] = 0.75 * padded[1:-1] + 0.25 * padded[2:]
        grid = fine.T
    return grid
