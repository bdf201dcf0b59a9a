"""Octave bands of a relief: a Laplacian pyramid (Burt & Adelson 1983) that can be sampled and put together again.

Level b holds every 2**b-th pixel; sample (i, j) of a level lies on pixel (i, j) * 2**b, so nothing is shifted.
Edges are continued by odd reflection, which keeps planes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .sampling import cubic

Array = np.ndarray[Any, np.dtype[np.float64]]
Field = np.ndarray[Any, np.dtype[np.float32]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]

SMALLEST = 6  # samples along the shorter side below which a level is not halved again


def laplacian_pyramid(relief: Field) -> list[Field]:
    """Bands of relief (H, W), finest first; the last is the smooth rest. `collapse` is the exact inverse."""
    bands, level = [], np.asarray(relief, dtype=np.float32)
    while min(level.shape) >= 2 * SMALLEST:
        half = _reduce(level)
        bands.append(level - _expand(half, level.shape))
        level = half
    return [*bands, level]


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
    return np.stack([cubic(band, row / 2**b, col / 2**b) for b, band in enumerate(bands)], axis=1)


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


def _reduce(grid: Field) -> Field:
    for _ in range(2):
        padded = _padded(grid, 2)
        taps = [padded[k : k + grid.shape[0] : 2] for k in range(5)]
        grid = ((taps[0] + taps[4]) + 4.0 * (taps[1] + taps[3]) + 6.0 * taps[2]) * np.float32(1.0 / 16.0)
        grid = grid.T
    return grid


def _expand(grid: Field, shape: tuple[int, ...]) -> Field:
    for size in shape:
        padded = _padded(grid, 1)
        fine = np.empty((2 * grid.shape[0], grid.shape[1]), dtype=np.float32)
        fine[0::2] = (padded[:-2] + 6.0 * padded[1:-1] + padded[2:]) * np.float32(1.0 / 8.0)
        fine[1::2] = (padded[1:-1] + padded[2:]) * np.float32(0.5)
        grid = fine[:size].T
    return grid


def _doubled(grid: Field) -> Field:
    """Twice the size; a pixel of ``grid`` covers two by two of the result."""
    for _ in range(2):
        padded = _padded(grid, 1)
        fine = np.empty((2 * grid.shape[0], grid.shape[1]), dtype=np.float32)
        fine[0::2] = 0.75 * padded[1:-1] + 0.25 * padded[:-2]
        fine[1::2] = 0.75 * padded[1:-1] + 0.25 * padded[2:]
        grid = fine.T
    return grid


def _padded(grid: Field, width: int) -> Field:
    return np.pad(grid, ((width, width), (0, 0)), mode="reflect", reflect_type="odd")
