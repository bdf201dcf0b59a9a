"""Scattered points to a raster of height, sigma and count, without the bias of where in its cell a point lies.

The points of a cell give its level; the plane through the points of the 3 x 3 cells about it gives its tilt, and every
height is carried along that tilt to the cell's centre before it is averaged. A tilted plane therefore comes back
exactly, however its points lie, wherever the 3 x 3 cells hold at least `ENOUGH` points. Heights are weighted by their
inverse variance; a point is left out where it stands off the cell's median by more than `REJECT` robust standard
deviations.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from os import SEEK_END
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import numpy as np
from numpy.typing import NDArray

from ..progress import breathe
from .target_grid import cells

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Integers = NDArray[np.int64]

REJECT = 4.0  # robust 1-sigmas of a cell's heights
ROUNDS = 2  # of tilt, median and rejection
ENOUGH = 5  # points a tilt is taken from
SPREAD = 0.05  # their least variance along an axis, cells², for a tilt along it
ROWS = 512  # of a raster gridded together


@dataclass(frozen=True)
class Gridded:
    """Height and its 1-sigma (m, NaN in empty cells; sigma NaN where unknown) and points used; (R, C) each."""

    height: Array
    sigma: Array
    count: Integers


def grid_points(column: Array, row: Array, height: Array, sigma: Array, shape: tuple[int, int]) -> Gridded:
    """Grid points (N,) at fractional column, row (cell centres at integers) onto ``shape`` (R, C) cells.

    ``sigma`` (N,) is the 1-sigma of each height, NaN where unknown. Points up to one cell outside help the tilt of the
    cells at the border. The points of a cell share their orientation and, mostly, their correlation window: their sigma
    is not divided by the root of their number; only the scatter about the plane is. The larger of both is given.
    """
    rows, columns = shape[0] + 2, shape[1] + 2
    place = np.stack([column, row])
    whole = cells(place)
    inside = _on(whole, shape, 1) & np.isfinite(height)
    whole, h, sigma = whole[:, inside], height[inside], sigma[inside]
    uv = place[:, inside] - whole
    cell = ((whole[1] + 1) * columns + whole[0] + 1).astype(np.int64)
    base = float(np.median(h)) if len(h) else 0.0
    h = h - base  # squares of altitudes would cost digits
    usual = sigma[np.isfinite(sigma)]
    known = np.where(np.isfinite(sigma), sigma, np.median(usual) if len(usual) else 1.0)
    weight = 1.0 / np.maximum(known, 1e-3) ** 2
    kept = np.ones(len(h), bool)
    tilt = np.zeros((2, rows * columns))
    for _ in range(ROUNDS if len(h) else 0):
        tilt = _tilts(cell, uv, h, weight * kept, kept, (rows, columns))
        breathe()
        kept = _kept(cell, h - np.sum(tilt[:, cell] * uv, axis=0), rows * columns)
    level = h - np.sum(tilt[:, cell] * uv, axis=0)
    w = weight * kept
    count, total = _sums(cell, rows * columns, kept, w)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean, own = _sums(cell, rows * columns, w * level, w * known**2) / total
        scatter = _sums(cell, rows * columns, w * (level - mean[cell]) ** 2)[0] / total / (count - 1)
    given = np.sqrt(own) if len(usual) else np.full_like(own, np.nan)
    spread = np.sqrt(np.where(count > 1, scatter, np.nan))
    made = (mean + base, np.fmax(given, spread), count.astype(np.int64))
    return Gridded(*(values.reshape(rows, columns)[1:-1, 1:-1] for values in made))


def _on(whole: Array, shape: tuple[int, int], beyond: int) -> Mask:
    """Which cells (2, N), whole columns and rows, lie on a raster of ``shape``, or so many ``beyond`` its rim."""
    column, row = whole
    return np.asarray((column >= -beyond) & (column < shape[1] + beyond) & (row >= -beyond) & (row < shape[0] + beyond))


def _sums(cell: Integers, size: int, *values: NDArray[np.generic]) -> Array:
    return np.stack([np.bincount(cell, value, size) for value in values])


def _tilts(cell: Integers, uv: Array, h: Array, w: Array, kept: Mask, shape: tuple[int, int]) -> Array:
    """Tilt (2, cells) along columns and rows of the weighted least-squares plane through each 3 x 3 cells.

    The moments of a neighbour at offset (du, dv) are those of its points moved by it. A tilt along an axis in which the
    points hardly spread is 0.
    """
    u, v = uv
    products = (w, w * u, w * v, w * u * u, w * u * v, w * v * v, w * h, w * u * h, w * v * h)
    padded = np.pad(_sums(cell, shape[0] * shape[1], kept, *products).reshape(10, *shape), ((0, 0), (1, 1), (1, 1)))
    total = np.zeros((10, *shape))
    for dv, du in product((-1, 0, 1), repeat=2):
        rows, columns = slice(1 + dv, shape[0] + 1 + dv), slice(1 + du, shape[1] + 1 + du)
        n, s, su, sv, suu, suv, svv, sh, suh, svh = padded[:, rows, columns]
        mixed = suv + du * sv + dv * su + du * dv * s
        squares = (suu + 2 * du * su + du * du * s, mixed, svv + 2 * dv * sv + dv * dv * s)
        total += np.stack([n, s, su + du * s, sv + dv * s, *squares, sh, suh + du * sh, svh + dv * sh])
    flat = total.reshape(10, -1)
    tilt = np.zeros((2, flat.shape[1]))
    enough = np.flatnonzero(flat[0] >= ENOUGH)
    s = flat[1, enough]
    su, sv, suu, suv, svv, sh, suh, svh = flat[2:, enough] / s
    spread = np.stack([np.stack([suu - su * su, suv - su * sv], -1), np.stack([suv - su * sv, svv - sv * sv], -1)], -2)
    values, vectors = np.linalg.eigh(spread)
    inverse = np.where(values > SPREAD, 1.0 / np.maximum(values, SPREAD), 0.0)
    moved = np.stack([suh - su * sh, svh - sv * sh], axis=-1)
    tilt[:, enough] = np.einsum("nij,nj,nkj,nk->in", vectors, inverse, vectors, moved)
    return tilt


def _kept(cell: Integers, level: Array, size: int) -> Mask:
    """Points whose level stands near the median of their cell; one of two points is never left out."""
    off = np.abs(level - _medians(cell, level, size)[cell])
    breathe()
    count = np.bincount(cell, minlength=size)
    own = 1.4826 * _medians(cell, off, size)
    several = count >= 3
    usual = float(np.median(own[several])) if several.any() else 0.0
    # Of three or four points the own spread may be small by chance: it is never taken below the usual one.
    limit = REJECT * np.maximum(own, usual) + 1e-6
    return np.asarray((off <= limit[cell]) | ~several[cell])


def _medians(cell: Integers, values: Array, size: int) -> Array:
    """Median (size,) of the values of each cell, 0 where there is none."""
    order = np.lexsort((values, cell))
    count = np.bincount(cell, minlength=size)
    first = np.cumsum(count) - count
    median = np.zeros(size)
    there = count > 0
    low, high = first + (count - 1) // 2, first + count // 2
    median[there] = 0.5 * (values[order[low[there]]] + values[order[high[there]]])
    return median


class PointSpool:
    """Keeps points on disk by bands of `ROWS` rows, so that a raster of any size is gridded band by band.

    One file in ``folder`` (default: the system's for temporary files) holds them all, whatever the number of bands; it
    has no name that could stay behind.
    """

    def __init__(self, shape: tuple[int, int], folder: Path | None = None) -> None:
        self._shape = shape
        self._held: list[list[tuple[int, int]]] = [[] for _ in range(0, shape[0], ROWS)]  # place and bytes in the file
        self._file: IO[bytes] = TemporaryFile(dir=folder)  # noqa: SIM115

    def __enter__(self) -> PointSpool:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, column: Array, row: Array, height: Array, sigma: Array) -> int:
        """Add points (N,), fractional cell coordinates; returns how many lie on the raster."""
        whole = cells(np.stack([column, row]))
        near = _on(whole, self._shape, 1)
        order = np.argsort(whole[1, near], kind="stable")
        rows = whole[1, near][order]
        points = np.stack([column, row, height, sigma], axis=1)[near][order]
        for band in np.unique(np.clip(rows // ROWS + np.array([[-1], [0], [1]]), 0, len(self._held) - 1)).astype(int):
            # One row of the bands above and below comes along for the tilt.
            first, last = np.searchsorted(rows, (band * ROWS - 1, (band + 1) * ROWS + 1))
            if first < last:
                place = self._file.seek(0, SEEK_END)
                self._held[band].append((place, self._file.write(points[first:last].tobytes())))
        return int(_on(whole, self._shape, 0).sum())

    def grid(self) -> Iterator[tuple[int, Gridded]]:
        """The first row and the cells of each band, from the top."""
        for band, held in enumerate(self._held):
            first = band * ROWS
            column, row, height, sigma = np.frombuffer(b"".join(map(self._read, held))).reshape(-1, 4).T
            shape = min(ROWS, self._shape[0] - first), self._shape[1]
            yield first, grid_points(column, row - first, height, sigma, shape)

    def _read(self, held: tuple[int, int]) -> bytes:
        self._file.seek(held[0])
        return self._file.read(held[1])


def fill_holes(height: Array) -> Array:
    """Heights with the holes that lie wholly inside the data filled by inverse distance (GDAL); NaN outside stays."""
    from osgeo import gdal_array
    from osgeo.gdal import FillNodata
    from scipy.ndimage import binary_fill_holes

    valid = np.isfinite(height)
    holes = binary_fill_holes(valid) & ~valid
    filled = gdal_array.OpenArray(np.where(valid, height, 0.0))
    mask = gdal_array.OpenArray(valid.astype(np.uint8))
    FillNodata(filled.GetRasterBand(1), mask.GetRasterBand(1), float(max(height.shape)), 1)
    return np.where(holes, filled.ReadAsArray(), height)
