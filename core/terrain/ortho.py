"""Orthoimages: an image of known orientation put on the map, every pixel where its ground lies.

A pixel of the map is a ground point of the DTM; the camera tells where in the image it is seen, and the grey there is
interpolated. The line of sight is followed back towards the camera: where the DTM rises above it the point is hidden,
and the map stays empty instead of showing what stands in front (a true orthophoto: Amhar, Jansa and Ries 1998).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..bodies import Body, local_radius
from ..camera.linescan import ImageCamera
from ..frames import lonlat_radius, unit_vectors
from ..progress import Progress, silent, tell
from ..rasters import Grid, Mask, Window
from .sampling import bilinear, cubic

Array = NDArray[np.float64]
# A window of a raster, and the shape it is to be read at (area means where smaller) -> values, validity.
Reader = Callable[[Window, tuple[int, int]], tuple[NDArray[np.generic], Mask]]

BLOCK = 512  # rows and columns of the map made at once: bounds the memory, whatever the size of map and image
FARTHEST = 2048  # pixels of the DTM along which a line of sight is followed
_SEAMLESS = 1e-2  # pixels that the width of a raster may differ from a full turn


@dataclass(frozen=True)
class Surface:
    """The ground: heights (m above the datum of ``grid``'s body) by ``read``, and the ``highest`` of them."""

    grid: Grid
    read: Reader
    highest: float


@dataclass(frozen=True)
class Picture:
    """The image: its ``lines`` and ``samples``, and ``factor``, by which it is shrunk to the map's coarser pixels."""

    lines: int
    samples: int
    read: Reader
    factor: int = 1


@dataclass(frozen=True)
class OrthoBlock:
    """A window of the map: ``grey`` (h, w), NaN where nothing is seen, and how many of its pixels are ``hidden``."""

    window: Window
    grey: Array
    hidden: int


def orthorectify(
    camera: ImageCamera,
    picture: Picture,
    surface: Surface | None,
    grid: Grid,
    method: str = "bilinear",
    occlusion: bool = True,
    progress: Progress = silent,
    body: Body | None = None,
) -> Iterator[OrthoBlock]:
    """Make the map of ``grid`` block by block, over ``surface`` or the ellipsoid of ``body`` (default: the grid's).

    ``method`` is bilinear or cubic; ``occlusion`` False leaves out the search for hidden ground.
    """
    corners = [(row, column) for row in range(0, grid.height, BLOCK) for column in range(0, grid.width, BLOCK)]
    for number, (row, column) in enumerate(corners):
        tell(progress, number / len(corners), "Projecting")
        window = Window(column, row, min(BLOCK, grid.width - column), min(BLOCK, grid.height - row))
        points, height = _ground(grid, window, surface, body)
        line, sample = camera.project(points)
        hidden = np.zeros(line.shape, bool)
        if surface is not None and occlusion:
            seen = np.isfinite(line)
            origin = camera.rays(line[seen], sample[seen])[0]
            hidden[seen] = _hidden(points[seen], height[seen], origin, surface)
        grey = _grey(picture, np.where(hidden, np.nan, line), sample, method)
        yield OrthoBlock(window, grey, int(hidden.sum()))


def _ground(grid: Grid, window: Window, surface: Surface | None, body: Body | None) -> tuple[Array, Array]:
    """Ground points (h, w, 3) m under a window of the map, NaN where the height is unknown, and their heights."""
    rows, columns = np.mgrid[window.row : window.row + window.height, window.column : window.column + window.width]
    lon, lat = grid.lonlat_of(columns, rows)
    height = np.zeros(lon.shape)
    if surface is not None:
        places = np.stack([axis.ravel() for axis in surface.grid.pixel_of(lon, lat)])
        height = _Terrain.around(surface, places).height(*places).reshape(lon.shape)
    datum = (body or grid.body) if surface is None else surface.grid.body
    return (local_radius(datum, lat) + height)[..., None] * unit_vectors(lon, lat), height


def _hidden(points: Array, height: Array, origin: Array, surface: Surface) -> Mask:
    """Whether the ground stands between ``points`` (N, 3) of known ``height`` (N,) and the camera at ``origin`` (N, 3).

    The line of sight is followed from the point up to the height of the highest ground, a pixel of the DTM at a time.
    Over that distance it is taken as straight on the DTM's grid; its height follows from |P + t u|.
    """
    hidden = np.zeros(len(points), bool)
    if not len(points):
        return hidden
    sight = origin - points
    sight /= np.linalg.norm(sight, axis=1, keepdims=True)
    radius = np.linalg.norm(points, axis=1)
    rise = np.einsum("ni,ni->n", sight, points) / radius
    reach = np.maximum(surface.highest - height, 0.0) / np.maximum(rise, 1e-3)
    ends = (lonlat_radius(at)[:2] for at in (points, points + reach[:, None] * sight))
    first, last = (np.stack(surface.grid.pixel_of(*end)) for end in ends)
    turn = _turn(surface.grid)
    if np.isfinite(turn):  # over the seam of longitude the shorter way leads on past the rim
        last[0] -= turn * np.round((last[0] - first[0]) / turn)
    steps = np.minimum(np.ceil(np.abs(last - first).max(axis=0)), FARTHEST)
    terrain = _Terrain.between(surface, np.hstack([first, last]), turn)
    live = np.arange(len(points))
    for step in range(1, int(steps.max()) + 1):
        live = live[(steps[live] >= step) & ~hidden[live]]
        share = step / steps[live]
        ground = terrain.height(*(first[:, live] + share * (last - first)[:, live]))
        along = share * reach[live]
        own = np.sqrt(radius[live] ** 2 + 2 * along * rise[live] * radius[live] + along**2) - radius[live]
        hidden[live] = ground > height[live] + own  # never true where the ground is unknown
    return hidden


def _grey(picture: Picture, line: Array, sample: Array, method: str) -> Array:
    """Grey (h, w) of the image at fractional line, sample; NaN where they are, or where a pixel used is invalid."""
    out = np.full(line.shape, np.nan)
    spare = 2 * picture.factor
    window = _around(np.stack([sample.ravel(), line.ravel()]), picture.samples, picture.lines, spare)
    if window is None:
        return out
    shape = -(-window.height // picture.factor), -(-window.width // picture.factor)
    values, valid = picture.read(window, shape)
    row = (line.ravel() - window.row + 0.5) * shape[0] / window.height - 0.5
    column = (sample.ravel() - window.column + 0.5) * shape[1] / window.width - 0.5
    grey = values.astype(np.float64)
    found, known = bilinear(grey, valid, row, column)
    if method == "cubic":
        # All 16 pixels have to be valid; at the rim of what is valid the bilinear value stands.
        whole = bilinear(grey, _surrounded(valid), row, column)[1]
        found[whole] = cubic(grey, row[whole], column[whole])
    return np.asarray(np.where(known, found, np.nan).reshape(line.shape))


def _surrounded(valid: Mask) -> Mask:
    """Pixels whose eight neighbours are valid, as far as the image goes."""
    padded = np.pad(valid, 1, mode="edge")
    rows, columns = valid.shape
    parts = [padded[r : r + rows, c : c + columns] for r in range(3) for c in range(3)]
    return np.asarray(np.logical_and.reduce(parts))


@dataclass(frozen=True)
class _Terrain:
    """Heights of a window of a surface, held in memory; ``place`` is its first column and row."""

    values: Array
    valid: Mask
    place: tuple[int, int]

    @classmethod
    def around(cls, surface: Surface, places: Array) -> _Terrain:
        """The terrain that holds ``places`` (2, N), columns and rows of the surface's grid."""
        window = _around(places, surface.grid.width, surface.grid.height, 2)
        if window is None:
            return cls(np.zeros((1, 1)), np.zeros((1, 1), bool), (0, 0))
        values, valid = surface.read(window, (window.height, window.width))
        return cls(values.astype(np.float64), valid, (window.column, window.row))

    @classmethod
    def between(cls, surface: Surface, places: Array, turn: float) -> _Terrain:
        """The terrain that holds the ways between ``places`` (2, N), which may lead off the raster.

        A raster as wide as a ``turn`` of longitude (pixels) goes on with its other end; its columns then do, too.
        """
        width, height = surface.grid.width, surface.grid.height
        known = places[:, np.isfinite(places).all(axis=0)]
        if not known.size:
            return cls(np.zeros((1, 1)), np.zeros((1, 1), bool), (0, 0))
        low, high = np.floor(known.min(axis=1)).astype(int) - 2, np.ceil(known.max(axis=1)).astype(int) + 2
        around = 1 if abs(turn - width) < _SEAMLESS else 0
        left, right = max(low[0], -around * width), min(high[0], (around + 1) * width - 1)
        top, bottom = max(low[1], 0), min(high[1], height - 1)
        if left > right or top > bottom:
            return cls(np.zeros((1, 1)), np.zeros((1, 1), bool), (0, 0))
        parts = []
        for start in range(-around * width, (around + 1) * width, width):
            first, last = max(left, start), min(right, start + width - 1)
            if first <= last:
                window = Window(int(first - start), int(top), int(last - first + 1), int(bottom - top + 1))
                parts.append(surface.read(window, (window.height, window.width)))
        values, valid = (np.concatenate(part, axis=1) for part in zip(*parts))
        return cls(values.astype(np.float64), valid, (int(left), int(top)))

    def height(self, column: Array, row: Array) -> Array:
        """Heights (N,) at columns and rows (N,) of the surface's grid, bilinear; NaN where unknown.

        Up to half a cell beyond the outermost centres the rim is held.
        """
        # Rounded, for a cell's own middle must not lean on a neighbour without a height.
        row, column = np.round(row - self.place[1], 6), np.round(column - self.place[0], 6)
        rows, columns = self.valid.shape
        near = (row > -0.5) & (row < rows - 0.5) & (column > -0.5) & (column < columns - 0.5)
        row, column = np.clip(row, 0, rows - 1), np.clip(column, 0, columns - 1)
        found, known = bilinear(self.values, self.valid, row, column)
        return np.where(known & near, found, np.nan)


def _turn(grid: Grid) -> float:
    """Columns in a full turn of longitude; inf where columns are no meridians at even distances, or are too few."""
    columns = np.linspace(0, max(grid.width - 2, 0), 5)
    at, row = np.meshgrid(columns, np.array([0, grid.height - 1]))
    rate = np.angle(np.exp(1j * (grid.lonlat_of(at + 1, row)[0] - grid.lonlat_of(at, row)[0])))
    mean = float(np.mean(rate))
    even = np.isfinite(mean) and mean != 0 and bool(np.all(np.abs(rate - mean) < 1e-6 * abs(mean)))
    return 2 * np.pi / abs(mean) if even else np.inf


def _around(places: Array, width: int, height: int, spare: int) -> Window | None:
    """The window of a raster about ``places`` (2, N) of columns and rows, with pixels to spare; None off the raster."""
    inside = np.isfinite(places).all(axis=0)
    inside &= (np.abs(places[0] - (width - 1) / 2) <= width / 2) & (np.abs(places[1] - (height - 1) / 2) <= height / 2)
    if not inside.any():
        return None
    low, high = np.floor(places[:, inside].min(axis=1)), np.ceil(places[:, inside].max(axis=1))
    column, row = (max(int(value) - spare, 0) for value in low)
    last_column, last_row = (min(int(v) + spare, n - 1) for v, n in zip(high, (width, height)))
    return Window(column, row, last_column - column + 1, last_row - row + 1)
