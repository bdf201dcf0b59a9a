"""Directions on a map: where north stands on a grid, and azimuths from north as azimuths from the map's top."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .rasters import Grid

Array = npt.NDArray[np.float64]


MUCH = 30.0  # degrees by which north may turn over an extent with one azimuth of the sun


@dataclass(frozen=True)
class Compass:
    """Directions at one place of a map. ``east`` and ``north`` are where they point, metres to the right and up for a
    metre on the ground; a CRS that counts to the west shows east on the left."""

    east: tuple[float, float] = (1.0, 0.0)
    north: tuple[float, float] = (0.0, 1.0)

    def on_map(self, azimuth: float) -> float:
        """Degrees clockwise from north -> degrees clockwise from the map's top, 0..360."""
        return _azimuth(self._axes @ _direction(azimuth))

    def from_north(self, azimuth: float) -> float:
        """Inverse of `on_map`."""
        return _azimuth(np.linalg.solve(self._axes, _direction(azimuth)))

    @property
    def _axes(self) -> Array:
        return np.array([self.east, self.north]).T


UP = Compass()


def compass_at(grid: Grid, column: float | None = None, row: float | None = None) -> Compass | None:
    """The compass at a pixel (default: the grid's middle); None at a pole and outside the projection.

    By the places of the grid to which a pixel's length leads in the four directions, in the same metres of a pixel as
    `Grid.pixel_size_m`: meridian convergence and the sense of the axes come with it, whatever the CRS.
    """
    column = (grid.width - 1) / 2 if column is None else column
    row = (grid.height - 1) / 2 if row is None else row
    size = grid.pixel_size_m
    step = min(size) / grid.body.radius_m  # rad
    lon, lat = (float(angle) for angle in grid.lonlat_of(column, row))
    if not abs(lat) < np.pi / 2 - 2 * step:
        return None
    across = step / np.cos(lat)
    columns, rows = grid.pixel_of(lon + np.array([across, -across, 0, 0]), lat + np.array([0, 0, step, -step]))
    right, up = (columns[::2] - columns[1::2]) * size[0], (rows[1::2] - rows[::2]) * size[1]
    axes = np.stack([right, up]) / (2 * step * grid.body.radius_m)  # [:, 0] east, [:, 1] north
    if not (np.isfinite(axes).all() and abs(np.linalg.det(axes)) > 1e-3):
        return None
    return Compass((float(axes[0, 0]), float(axes[1, 0])), (float(axes[0, 1]), float(axes[1, 1])))


def north_varies(grid: Grid) -> float:
    """Degrees, at most 180, by which north turns on the map between the grid's middle and its corners."""
    middle = compass_at(grid)
    corners = [compass_at(grid, c, r) for c in (0, grid.width - 1) for r in (0, grid.height - 1)]
    if middle is None:
        return 180.0
    turns = [c.on_map(0.0) - middle.on_map(0.0) for c in corners if c is not None]
    return max((abs((turn + 180.0) % 360.0 - 180.0) for turn in turns), default=180.0)


def _direction(azimuth: float) -> Array:
    return np.array([np.sin(np.radians(azimuth)), np.cos(np.radians(azimuth))])


def _azimuth(direction: Array) -> float:
    return float(np.degrees(np.arctan2(direction[0], direction[1])) % 360.0)
