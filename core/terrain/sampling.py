"""Reading a grid between its pixels, and growing a coarse grid to a fine one, in NumPy alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..progress import breathing

Array = np.ndarray[Any, np.dtype[np.float64]]
Grid = np.ndarray[Any, np.dtype[np.floating[Any]]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]


def bilinear(grid: Grid, valid: Mask, row: Array, col: Array) -> tuple[Array, Mask]:
    """Bilinear values (..., N) of grid (..., H, W) at fractional row, col (N,), and where all pixels used are valid.

    Pixel centres are at integers; a place beyond the outermost centres, or whose used pixels are not all valid,
    is False in the mask and 0 in the values. A pixel of weight zero is not used.
    """
    rows, cols = valid.shape
    inside = (row >= 0) & (row <= rows - 1) & (col >= 0) & (col <= cols - 1)
    r, c = np.where(inside, row, 0.0), np.where(inside, col, 0.0)
    r0, c0 = np.minimum(r.astype(np.int64), max(rows - 2, 0)), np.minimum(c.astype(np.int64), max(cols - 2, 0))
    r1, c1 = np.minimum(r0 + 1, rows - 1), np.minimum(c0 + 1, cols - 1)
    fr, fc = r - r0, c - c0
    values = np.zeros((*grid.shape[:-2], len(r)))
    missing = ~inside
    corners = (r0, c0, (1 - fr) * (1 - fc)), (r0, c1, (1 - fr) * fc), (r1, c0, fr * (1 - fc)), (r1, c1, fr * fc)
    for i, j, weight in breathing(corners):
        good = valid[i, j]
        values += np.where(good, weight, 0.0) * np.where(good, grid[..., i, j], 0.0)
        missing |= ~good & (weight > 0)
    values[..., missing] = 0.0
    return values, ~missing


def bicubic_rows(coarse: int, fine: int, first: float, step: float) -> Array:
    """Weights (fine, coarse) of cubic convolution (Keys 1981, a = -1/2): fine sample i lies at first + i * step.

    Beyond the ends the outermost parabola goes on (Keys' boundary), so straight lines are kept everywhere. A single
    coarse sample is the value everywhere.
    """
    if coarse == 1:
        return np.ones((fine, 1))
    place = first + np.arange(fine) * step
    base = np.clip(np.floor(place).astype(np.int64), 0, coarse - 2)
    t = place - base
    padded = np.zeros((fine, coarse + 2))
    lines = np.arange(fine)
    for offset, weight in enumerate(_keys(t)):
        padded[lines, base + offset] += weight
    inner = padded[:, 1:-1].copy()
    # Ghost samples continue the line through the two outermost ones.
    for ghost, outer, next_one in ((0, 0, 1), (-1, -1, -2)):
        inner[:, outer] += 2.0 * padded[:, ghost]
        inner[:, next_one] -= padded[:, ghost]
    return inner


def cubic(grid: Any, row: Array, col: Array) -> Array:
    """Cubic convolution (Keys 1981) of grid (H, W) at fractional row, col (N,); beyond the edge the edge repeats."""
    result = np.zeros(len(row))
    for i, row_weight in _taps(row, grid.shape[0]):
        for j, col_weight in _taps(col, grid.shape[1]):
            result += row_weight * col_weight * grid[i, j]
    return result


def slide(grid: Any, rows: float, cols: float) -> Any:
    """Grid (H, W) moved by fractions of pixels (down, right) by cubic convolution; the edge repeats."""
    for axis, by in ((0, rows), (1, cols)):
        taps = _taps(np.arange(grid.shape[axis]) - by, grid.shape[axis])
        shape = (-1, 1) if axis == 0 else (1, -1)
        grid = sum(np.take(grid, i, axis) * weight.reshape(shape).astype(grid.dtype) for i, weight in taps)
    return grid


def _taps(place: Array, size: int) -> list[tuple[np.ndarray[Any, np.dtype[np.int64]], Array]]:
    """The four samples about each place, clamped to the grid, and their weights."""
    place = np.clip(place, 0.0, size - 1.0)
    base = np.minimum(np.floor(place).astype(np.int64), max(size - 2, 0))
    return [(np.clip(base + k - 1, 0, size - 1), weight) for k, weight in enumerate(_keys(place - base))]


def _keys(t: Array) -> tuple[Array, Array, Array, Array]:
    """Weights of the samples at -1, 0, 1, 2 for a place t in 0..1."""
    return (
        ((-0.5 * t + 1.0) * t - 0.5) * t,
        (1.5 * t - 2.5) * t * t + 1.0,
        ((-1.5 * t + 2.0) * t + 0.5) * t,
        (0.5 * t - 0.5) * t * t,
    )
