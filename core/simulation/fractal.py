"""Random relief as a function of a 3-D point, fractal layers and craters: a sphere then has no seam and no pole."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

CELLS = 128  # of one period of the noise volume along each axis
CHUNK = 1 << 16  # points evaluated together: keeps intermediate arrays in cache
SHORTEST = 8  # cells of the shortest wavelength in the volume: four octaves a layer


def random_rotations(generator: np.random.Generator, count: int) -> Array:
    """Rotation matrices (count, 3, 3), uniformly distributed."""
    q, r = np.linalg.qr(generator.normal(size=(count, 3, 3)))
    q = q * np.sign(np.diagonal(r, axis1=1, axis2=2))[:, None, :]
    rotations: Array = q * np.linalg.det(q)[:, None, None]
    return rotations


@dataclass(frozen=True)
class FractalField:
    """Layers of one periodic noise volume, each with its own period, amplitude, turn and offset.

    ``periods`` (K,) metres, ``amplitudes`` (K,) RMS metres. A layer holds the four octaves of wavelength from its
    period down to a sixteenth of it.
    """

    seed: int
    periods: tuple[float, ...]
    amplitudes: tuple[float, ...]
    _coefficients: Array = field(init=False, repr=False, compare=False)
    _turns: Array = field(init=False, repr=False, compare=False)
    _offsets: Array = field(init=False, repr=False, compare=False)

    @classmethod
    def power_law(cls, seed: int) -> FractalField:
        """The relief of the lunar highlands from 4000 km down to 60 m."""
        return cls(seed, (4.0e6, 2.5e5, 1.5625e4, 976.5625), (1600.0, 1200.0, 200.0, 18.0))

    @classmethod
    def detail(cls, seed: int, longest_m: float, rms_slope: float = 0.15) -> FractalField:
        """Two layers below ``longest_m`` (metres), of RMS slope ``rms_slope``: what a DEM cannot resolve."""
        periods = (longest_m, longest_m / 16)
        return cls(seed, periods, tuple(rms_slope * period / 13.0 for period in periods))

    def __post_init__(self) -> None:
        from scipy.ndimage import spline_filter

        generator = np.random.default_rng([self.seed, 1])
        noise = _noise_volume(generator)
        object.__setattr__(self, "_coefficients", spline_filter(noise, order=3, mode="grid-wrap"))
        object.__setattr__(self, "_turns", random_rotations(generator, len(self.periods)))
        object.__setattr__(self, "_offsets", generator.uniform(0, CELLS, (len(self.periods), 3)))

    def height(self, points: Array) -> Array:
        """Heights (...) in metres at points (..., 3) in metres."""
        from scipy.ndimage import map_coordinates

        flat = points.reshape(-1, 3)
        heights = np.zeros(len(flat))
        for start in range(0, len(flat), CHUNK):
            here = flat[start : start + CHUNK]
            for period, amplitude, turn, offset in zip(self.periods, self.amplitudes, self._turns, self._offsets):
                cells = (turn * (CELLS / period)) @ here.T + offset[:, None]
                layer = map_coordinates(self._coefficients, cells, order=3, mode="grid-wrap", prefilter=False)
                heights[start : start + CHUNK] += amplitude * layer
        return heights.reshape(points.shape[:-1])

    def bounds(self) -> tuple[float, float]:
        """Lowest and highest height, metres: those of the spline's coefficients, which it never leaves."""
        total = sum(self.amplitudes)
        return float(self._coefficients.min()) * total, float(self._coefficients.max()) * total


def _noise_volume(generator: np.random.Generator, hurst: float = 0.8) -> Array:
    """A periodic volume (CELLS,)*3 of unit variance and spectrum k^-(2 hurst + 3), cut off below SHORTEST cells."""
    half = np.arange(CELLS // 2 + 1.0)
    axis = np.minimum(np.arange(CELLS), CELLS - np.arange(CELLS))
    wavenumber = np.sqrt(axis[:, None, None] ** 2 + axis[None, :, None] ** 2 + half[None, None, :] ** 2)
    wavenumber[0, 0, 0] = 1.0
    gain = wavenumber ** -(hurst + 1.5)
    gain[(wavenumber > CELLS / SHORTEST)] = 0.0
    gain[0, 0, 0] = 0.0
    spectrum = np.fft.rfftn(generator.normal(size=(CELLS, CELLS, CELLS))) * gain
    volume: Array = np.fft.irfftn(spectrum, s=(CELLS, CELLS, CELLS), axes=(0, 1, 2))
    volume /= volume.std()
    return volume


@dataclass(frozen=True)
class CraterField:
    """Craters of many sizes, at most one in each cell of turned cubic lattices, wholly inside its cell.

    ``cells`` (metres) are the lattices' spacings. Depth and rim height follow Pike (1977), softened at random as old
    craters are.
    """

    seed: int
    cells: tuple[float, ...] = tuple(4000.0 * 1.6**k for k in range(10))
    presence: float = 0.9
    _turns: Array = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_turns", random_rotations(np.random.default_rng([self.seed, 2]), len(self.cells)))

    def height(self, points: Array) -> Array:
        """Heights (...) in metres at points (..., 3) in metres, all on one sphere about the origin."""
        flat = points.reshape(-1, 3)
        heights = np.zeros(len(flat))
        for start in range(0, len(flat), CHUNK):
            here = flat[start : start + CHUNK]
            for index, (cell, turn) in enumerate(zip(self.cells, self._turns)):
                heights[start : start + CHUNK] += self._one_lattice(here @ turn.T, cell, index)
        return heights.reshape(points.shape[:-1])

    def _one_lattice(self, points: Array, cell: float, index: int) -> Array:
        """The crater of the cell each point (N, 3) lies in, if it has one: heights (N,)."""
        corner = np.floor(points / cell)
        randoms = _cell_randoms(corner.astype(np.int64), self.seed * 64 + index)
        centre = corner + 0.25 + 0.5 * randoms[:, :3]
        # on the sphere through the points, or the craters would float above and below the ground
        radius = np.linalg.norm(points, axis=1) / cell
        centre *= (radius / np.linalg.norm(centre, axis=1))[:, None]
        inside = centre - corner
        reach = np.minimum(inside, 1.0 - inside).min(axis=1) * cell
        fresh = randoms[:, 3] / self.presence
        heights = np.zeros(len(points))
        there = np.flatnonzero((reach > 0.05 * cell) & (fresh < 1.0))
        if there.size:
            distance = np.linalg.norm(points[there] - centre[there] * cell, axis=1)
            heights[there] = crater_profile(distance, 0.5 * reach[there]) * (0.15 + 0.85 * fresh[there] ** 2)
        return heights

    def bounds(self) -> tuple[float, float]:
        """Lowest and highest height, metres."""
        depths, rims = _depth_and_rim(0.25 * np.asarray(self.cells))
        return -float(depths.sum()), float(rims.sum())


def crater_profile(distance: Array, radius: Array) -> Array:
    """Height in metres of a fresh crater of rim ``radius`` at ``distance`` from its centre; 0 from two radii on."""
    depth, rim = _depth_and_rim(radius)
    u = (distance / radius) ** 2
    bowl = -(depth) * np.clip(1.0 - u, 0.0, None) ** 3
    ring = rim * u * np.clip(1.0 - 0.25 * u, 0.0, None) ** 3 / 0.421875  # 1 at the rim, its highest
    profile: Array = bowl + ring
    return profile


def _depth_and_rim(radius: Array) -> tuple[Array, Array]:
    """Depth below the surroundings and rim height (m) of lunar craters by Pike (1977), diameters in km inside."""
    diameter = 2e-3 * radius
    rim = np.where(diameter < 15.0, 0.036 * diameter**1.014, 0.236 * diameter**0.399)
    whole = np.where(diameter < 15.0, 0.196 * diameter**1.010, 1.044 * diameter**0.301)
    return 1e3 * (whole - rim), 1e3 * rim


def _cell_randoms(cells: NDArray[np.int64], salt: int) -> Array:
    """Four uniform numbers (N, 4) in 0..1 for integer lattice cells (N, 3): a hash, the same on every machine."""
    with np.errstate(over="ignore"):
        key = cells.astype(np.uint64)
        mixed = key[:, 0] * np.uint64(0x9E3779B97F4A7C15) ^ key[:, 1] * np.uint64(0xC2B2AE3D27D4EB4F)
        mixed ^= key[:, 2] * np.uint64(0x165667B19E3779F9) ^ np.uint64(salt) * np.uint64(0xD6E8FEB86659FD93)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            mixed ^= mixed >> np.uint64(shift)
            mixed *= np.uint64(factor)
        mixed ^= mixed >> np.uint64(31)
    sixteen = mixed[:, None] >> np.array([0, 16, 32, 48], dtype=np.uint64)
    randoms: Array = (sixteen & np.uint64(0xFFFF)).astype(float) / 65535.0
    return randoms
