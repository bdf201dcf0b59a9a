"""A rough terrain made quick to render: its slow part read off a table along the swath, its fine part as it is.

Every pixel asks for the height of the ground a dozen times. What changes slowly (relief down to a kilometre, craters)
is therefore evaluated once on a grid along the scanner's great circle and read off a cubic spline, which costs a
fifteenth. The sum of spline and fine part IS the terrain of the scene: control, shots, images and truth all see it.
It differs from the terrain it was made of by 2 cm (RMS), 0.2 m for one place in a thousand (the smallest craters).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..frames import lonlat_radius, unit_vectors
from .terrain import DetailedTerrain, Relief, RoughTerrain, Terrain

Array = NDArray[np.float64]

SPACING_M = 75.0  # of the table's nodes
TILE = 512  # nodes of a tile along the swath
MARGIN = 16  # nodes around a tile, past the reach of the spline filter (0.27^16 = 1e-9)
TILES = 40  # kept: about 200 MB and 1,500 km of a Chang'E-1 swath
BESIDE_M = 6000.0  # beside the scanlines' ends, for what rays pass on their way through the relief


def under_swath(terrain: Terrain, ground: Array) -> Terrain:
    """The terrain made quick for a scanner whose scanlines end at or near ``ground`` (N, 3): only the rough one gains.

    The table lies along the great circle that fits the ground best.
    """
    if not isinstance(terrain, RoughTerrain):
        return terrain
    directions = ground / np.linalg.norm(ground, axis=1, keepdims=True)
    across, _, start = np.linalg.eigh(directions.T @ directions)[1].T
    frame = np.stack([start, np.cross(across, start), across])
    half_width = terrain.radius_m * float(np.abs(np.arcsin(directions @ across)).max()) + BESIDE_M
    slow, fine = terrain.split(8 * SPACING_M)
    return DetailedTerrain(TabulatedTerrain(slow, terrain.bounds(), frame, half_width, terrain.radius_m), fine)


@dataclass(frozen=True)
class TabulatedTerrain:
    """A relief by cubic splines within ``half_width_m`` of a great circle, on tiles made when first asked for.

    ``frame`` (3, 3) turns body-fixed directions so that the great circle is the equator: no pole is near. Places
    farther off get the relief itself. ``limits`` are heights (m) that the relief does not pass. Threads may share it:
    at worst a tile is made twice.
    """

    relief: Relief
    limits: tuple[float, float]
    frame: Array
    half_width_m: float
    radius_m: float
    _tiles: dict[int, Array] = field(default_factory=dict, init=False, repr=False, compare=False)

    def height(self, lon: ArrayLike, lat: ArrayLike) -> Array:
        """Heights in metres at lon, lat in radians."""
        from scipy.ndimage import map_coordinates

        directions = unit_vectors(lon, lat)
        flat = directions.reshape(-1, 3)
        u, v, _ = lonlat_radius(flat @ self.frame.T)
        step, half = self._grid()
        along, across = np.mod(u, 2 * np.pi) / step, v / step + half
        tile = np.where(np.abs(across - half) <= half, along // TILE, -1).astype(np.int64)
        heights = np.empty(len(flat))
        for number in np.flatnonzero(np.bincount(tile + 1)) - 1:
            rows = np.flatnonzero(tile == number)
            if number < 0:
                heights[rows] = self.relief(flat[rows] * self.radius_m)
                continue
            place = np.stack([along[rows] - number * TILE, across[rows]]) + MARGIN
            heights[rows] = map_coordinates(self._tile(int(number)), place, order=3, prefilter=False)
        return heights.reshape(directions.shape[:-1])

    def bounds(self) -> tuple[float, float]:
        """Lowest and highest height, metres: the relief's, and a little for the spline."""
        return self.limits[0] - 10.0, self.limits[1] + 10.0

    def _grid(self) -> tuple[float, int]:
        """Angle between nodes (rad), a whole number of them once around; nodes from the great circle to the side."""
        return 2 * np.pi / round(2 * np.pi * self.radius_m / SPACING_M), int(np.ceil(self.half_width_m / SPACING_M))

    def _tile(self, number: int) -> Array:
        """Spline coefficients of a tile, its margins included."""
        from scipy.ndimage import spline_filter

        found = self._tiles.get(number)
        if found is None:
            step, half = self._grid()
            along = np.arange(-MARGIN, TILE + MARGIN + 1) + number * TILE
            across = np.arange(-half - MARGIN, half + MARGIN + 1)
            directions = unit_vectors(along[:, None] * step, across * step) @ self.frame
            found = np.asarray(spline_filter(self.relief(directions * self.radius_m), order=3))
            for old in list(self._tiles)[: len(self._tiles) - TILES + 1]:
                self._tiles.pop(old, None)
            self._tiles[number] = found
        return found
