"""Random relief as a function of a 3-D point: a sphere then has no seam and no pole."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..progress import breathe

Array = NDArray[np.float64]

CELLS = 128  # of one period of the noise volume along each axis
CHUNK = 1 << 16  # points evaluated together: keeps intermediate arrays in cache
BLOCK = 8  # cells of the blocks in which points are visited
SHORTEST = 8  # cells of the shortest wavelength in the volume: four octaves a layer

SLOPE = 9.1  # RMS slope of a layer, along one direction, of unit RMS height and period


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
    def detail(cls, seed: int, longest_m: float, shortest_m: float, rms_slope: float = 0.15) -> FractalField:
        """What a DEM cannot resolve: wavelengths from ``longest_m`` to ``shortest_m`` or a little below, metres.

        ``rms_slope`` is that of the whole, along one direction; every layer has the same share in it.
        """
        ratio = CELLS / SHORTEST
        count = max(1, round(np.log(longest_m / shortest_m) / np.log(ratio)))
        periods = tuple(longest_m / ratio**k for k in range(count))
        return cls(seed, periods, tuple(rms_slope / count**0.5 * period / SLOPE for period in periods))

    def __post_init__(self) -> None:
        drawn = _drawn(self.seed, len(self.periods))
        for name, values in zip(("_coefficients", "_turns", "_offsets"), drawn):
            object.__setattr__(self, name, values)

    def layers(self, chosen: slice) -> FractalField:
        """Some of the layers as a field of their own."""
        part = copy(self)
        for name in ("periods", "amplitudes", "_turns", "_offsets"):
            object.__setattr__(part, name, getattr(self, name)[chosen])
        return part

    def height(self, points: Array) -> Array:
        """Heights (...) in metres at points (..., 3) in metres."""
        from scipy.ndimage import map_coordinates

        flat = points.reshape(-1, 3)
        heights = np.zeros(len(flat))
        for start in range(0, len(flat), CHUNK):
            here = flat[start : start + CHUNK]
            for period, amplitude, turn, offset in zip(self.periods, self.amplitudes, self._turns, self._offsets):
                breathe()
                cells = np.mod((turn * (CELLS / period)) @ here.T + offset[:, None], CELLS)
                order = _by_blocks(cells)
                cells = cells[:, order]
                layer = map_coordinates(self._coefficients, cells, order=3, mode="grid-wrap", prefilter=False)
                heights[start + order] += amplitude * layer
        return heights.reshape(points.shape[:-1])

    def bounds(self) -> tuple[float, float]:
        """Lowest and highest height, metres: those of the spline's coefficients, which it never leaves."""
        total = sum(self.amplitudes)
        return float(self._coefficients.min()) * total, float(self._coefficients.max()) * total


@lru_cache(maxsize=4)
def _drawn(seed: int, layers: int) -> tuple[Array, Array, Array]:
    """Spline coefficients of a noise volume, and a turn and an offset for every layer; kept, for they take a while."""
    from scipy.ndimage import spline_filter

    generator = np.random.default_rng([seed, 1])
    noise = _noise_volume(generator)
    breathe()
    drawn = (
        np.asarray(spline_filter(noise, order=3, mode="grid-wrap")),
        random_rotations(generator, layers),
        generator.uniform(0, CELLS, (layers, 3)),
    )
    for values in drawn:
        values.flags.writeable = False
    return drawn


def _by_blocks(cells: Array) -> NDArray[np.intp]:
    """An order (N,) of places in the volume (3, N) that visits it block by block: it does not fit the cache."""
    x, y, z = (cells // BLOCK).astype(np.int16)
    side = CELLS // BLOCK
    return np.argsort((x * side + y) * side + z, kind="stable")


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
