"""Terrains given as a height above the sphere at any longitude and latitude: the paper's, a rough one, any DEM."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..bodies import body_named
from ..errors import InputError
from ..frames import unit_vectors
from .craters import CraterField
from .fractal import CELLS, SHORTEST, FractalField

Array = NDArray[np.float64]
Relief = Callable[[Array], Array]  # heights (...) in metres at points (..., 3) of the sphere, metres

MOON_RADIUS_M = body_named("Moon").radius_m
PAD = 12  # cells around a DEM, past the reach of the spline filter


class Terrain(Protocol):
    """A surface over a sphere: one height for every direction from the body's centre."""

    @property
    def radius_m(self) -> float:
        """Radius of the reference sphere, metres."""

    def height(self, lon: ArrayLike, lat: ArrayLike) -> Array:
        """Heights above the sphere in metres at longitudes and latitudes in radians (shapes broadcast)."""

    def bounds(self) -> tuple[float, float]:
        """A lowest and a highest height (metres) that no point of the terrain passes."""


@dataclass(frozen=True)
class SphereTerrain:
    """A sphere without relief at one ``level`` (metres above it): what footprints and flat-ground tests use."""

    radius_m: float = MOON_RADIUS_M
    level: float = 0.0

    def height(self, lon: ArrayLike, lat: ArrayLike) -> Array:
        """Heights in metres at lon, lat in radians."""
        shape = np.broadcast_shapes(np.shape(lon), np.shape(lat))
        return np.full(shape, self.level)

    def bounds(self) -> tuple[float, float]:
        """Lowest and highest height, metres."""
        return self.level, self.level


@dataclass(frozen=True)
class PaperTerrain:
    """The wavelet terrain of Xu et al. 2016, equation (17), with the 800 m over the IAU radius moved into the height.

    Longitude counts from 0 to 2π there. The relief is singular towards the poles (RMS slope 28° at 70-80°): use it
    between the equator and 70° of latitude.
    """

    wavenumbers: tuple[float, float, float, float] = (40.0, 30.0, 15.0, 20.0)
    radius_m: float = MOON_RADIUS_M

    def height(self, lon: ArrayLike, lat: ArrayLike) -> Array:
        """Heights in metres at lon, lat in radians."""
        east = np.mod(np.asarray(lon, dtype=float), 2 * np.pi)
        north = np.asarray(lat, dtype=float)
        k1, k2, k3, k4 = self.wavenumbers
        first = (200.0 * north + 9000.0) * np.sin(k1 * east) * np.cos(k2 * north)
        second = (400.0 * np.pi * east + 9000.0) * np.sin(k3 * east) * np.cos(k4 * north)
        heights: Array = 800.0 + first + second
        return heights

    def bounds(self) -> tuple[float, float]:
        """Lowest and highest height, metres."""
        swing = (100.0 * np.pi + 9000.0) + (800.0 * np.pi**2 + 9000.0)
        return 800.0 - swing, 800.0 + swing


@dataclass(frozen=True)
class RoughTerrain:
    """Fractal relief with craters, the same at the poles as at the equator.

    The amplitudes give the slopes of the lunar highlands: RMS 11° over 100 m, 7.5° over 1 km, 3.5° over 10 km
    (Rosenburg et al. 2011 from LOLA), and a global relief of about 2 km. The finest wavelength is 60 m.
    """

    seed: int = 0
    radius_m: float = MOON_RADIUS_M
    relief: FractalField = field(init=False, repr=False, compare=False)
    craters: CraterField = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "relief", FractalField.power_law(self.seed))
        object.__setattr__(self, "craters", CraterField(self.seed))

    def height(self, lon: ArrayLike, lat: ArrayLike) -> Array:
        """Heights in metres at lon, lat in radians."""
        points = unit_vectors(lon, lat) * self.radius_m
        return self.relief.height(points) + self.craters.height(points)

    def split(self, wavelength_m: float) -> tuple[Relief, FractalField]:
        """The terrain as a sum: craters and the layers that hold no wavelength below this; and the other layers."""
        count = sum(period * SHORTEST / CELLS >= wavelength_m for period in self.relief.periods)
        slow = self.relief.layers(slice(count))
        return lambda points: slow.height(points) + self.craters.height(points), self.relief.layers(slice(count, None))

    def bounds(self) -> tuple[float, float]:
        """Lowest and highest height, metres."""
        low, high = self.relief.bounds()
        crater_low, crater_high = self.craters.bounds()
        return low + crater_low, high + crater_high


@dataclass(frozen=True)
class DemTerrain:
    """A DEM on a longitude-latitude grid, interpolated by cubic splines.

    ``heights`` (rows, columns) are metres above ``radius_m``, every one finite; ``geotransform`` is GDAL's, north up,
    in degrees. Outside the grid the edge's height goes on; a grid that spans 360° closes on itself.
    """

    heights: Array
    geotransform: tuple[float, float, float, float, float, float]
    radius_m: float = MOON_RADIUS_M
    _coefficients: Array = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        from scipy.ndimage import spline_filter

        grid = np.asarray(self.heights, dtype=float)
        if grid.ndim != 2 or min(grid.shape) < 2 or not np.isfinite(grid).all():
            raise InputError("The terrain DEM must be a grid of at least 2 x 2 finite heights; fill its nodata cells.")
        if self.geotransform[2] or self.geotransform[4] or self.geotransform[1] <= 0 or self.geotransform[5] >= 0:
            raise InputError("The terrain DEM must be a north-up longitude-latitude grid; warp it to one first.")
        padded = np.pad(grid, PAD, mode="edge")
        if self._closes():
            padded[:, :PAD], padded[:, -PAD:] = padded[:, -2 * PAD : -PAD], padded[:, PAD : 2 * PAD]
        object.__setattr__(self, "heights", grid)
        object.__setattr__(self, "_coefficients", spline_filter(padded, order=3, mode="nearest"))

    def _closes(self) -> bool:
        """Whether the grid goes all the way round the body."""
        return abs(np.shape(self.heights)[1] * self.geotransform[1] - 360.0) < 0.5 * self.geotransform[1]

    def height(self, lon: ArrayLike, lat: ArrayLike) -> Array:
        """Heights in metres at lon, lat in radians."""
        from scipy.ndimage import map_coordinates

        west, column_step, _, north, _, row_step = self.geotransform
        rows, columns = self.heights.shape
        centre = west + 0.5 * columns * column_step
        east = np.mod(np.degrees(lon) - centre + 180.0, 360.0) - 180.0 + centre
        column, row = np.broadcast_arrays((east - west) / column_step - 0.5, (np.degrees(lat) - north) / row_step - 0.5)
        if not self._closes():
            column = np.clip(column, 0.0, columns - 1.0)
        grid = np.stack([np.clip(row, 0.0, rows - 1.0).ravel(), column.ravel()]) + PAD
        heights: Array = map_coordinates(self._coefficients, grid, order=3, mode="nearest", prefilter=False)
        return heights.reshape(row.shape)

    def bounds(self) -> tuple[float, float]:
        """Lowest and highest height, metres: those of the spline's coefficients, which it never leaves."""
        return float(self._coefficients.min()), float(self._coefficients.max())


@dataclass(frozen=True)
class DetailedTerrain:
    """A terrain with finer relief added: what a DEM cannot resolve, or what a table of the ground leaves out."""

    coarse: Terrain
    detail: FractalField

    @property
    def radius_m(self) -> float:
        """Radius of the reference sphere, metres."""
        return self.coarse.radius_m

    def height(self, lon: ArrayLike, lat: ArrayLike) -> Array:
        """Heights in metres at lon, lat in radians."""
        return self.coarse.height(lon, lat) + self.detail.height(unit_vectors(lon, lat) * self.radius_m)

    def bounds(self) -> tuple[float, float]:
        """Lowest and highest height, metres."""
        (low, high), (detail_low, detail_high) = self.coarse.bounds(), self.detail.bounds()
        return low + detail_low, high + detail_high
