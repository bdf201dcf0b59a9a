"""Training pairs without a real image: height maps, real (GLD100) and simulated, rendered under a random sun.

Conventions of a pair, which prediction must keep to:
- the sun stands at the left of the picture (azimuth SUN_AZIMUTH, +- SUN_JITTER), whatever the ground's north; most
  pictures were taken under another azimuth and turned, as prediction turns them (`frame`);
- the grey is normalised by `greyscale.grey_scale(..., "robust")` over the whole scene, not over the crop;
- the height is in units of the ground pixel, divided by the scene's slope along the sun (half the distance of its
  16th and 84th percentile, as the grey's spread is): light of unknown strength tells relief up to a factor only. A
  model card's `height_scale` puts the usual slope back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..progress import breathe
from ..rasters import Raster, Window
from ..simulation.photometry import Hapke, Law, LunarLambert
from ..simulation.relief import add_craters, draw_craters, random_relief
from ..simulation.shading import Camera, Scene, expose, fractal, radiance
from .frame import frame_of, resample
from .greyscale import grey_scale

Float = NDArray[np.float32]

SUN_AZIMUTH = 270.0
SUN_JITTER = 25.0
SIDE = 384  # pixels of a scene
TRIES = 1000  # windows drawn until one has no gaps
OVERSAMPLING = 2  # of some pictures: the ground is that much finer
COARSEST = 4.0  # pixels of a DEM that one of a picture's ground spans at most
SIMULATED = (0.7, 2.7)  # powers of ten between which pixels (m) of simulated ground lie
SYNTHETIC = 0.4  # share of simulated ground among the scenes
TURNED = 0.6  # share of pictures that are taken under any azimuth and turned: it smooths ground and noise a little


@dataclass(frozen=True)
class Area:
    """Part of a DEM file: lon/lat box in degrees (east positive), for training or held out for scores."""

    file: str
    box: tuple[float, float, float, float]
    held_out: bool = False


# The strips held out lie at the eastern edges; Hadley keeps a degree away from the evaluation site 2.5-3.5 E 25-26 N.
GLD100_AREAS = (
    Area("copernicus.tif", (-26.0, 4.0, -13.5, 16.0)),
    Area("copernicus.tif", (-13.0, 4.0, -10.0, 16.0), held_out=True),
    Area("farside_highlands_NE.tif", (100.0, 5.0, 125.5, 25.0)),
    Area("farside_highlands_NE.tif", (126.0, 5.0, 130.0, 25.0), held_out=True),
    Area("sinus_iridum.tif", (-44.0, 36.0, -26.5, 50.0)),
    Area("sinus_iridum.tif", (-26.0, 36.0, -22.0, 50.0), held_out=True),
    Area("hadley_apennines.tif", (-8.0, 16.01, 1.49, 32.0)),
    Area("hadley_apennines.tif", (1.51, 16.01, 12.0, 23.99)),
    Area("hadley_apennines.tif", (4.51, 24.01, 12.0, 32.0)),
)


@dataclass(frozen=True)
class Pair:
    """grey: normalised, clipped to +-4. height: relative (see the module), mean 0. slope: the divisor, tangent.

    kind: what the ground is, "rendered GLD100" or "simulated" (no DEM).
    """

    grey: Float
    height: Float
    slope: float
    kind: str

    def middle(self, rows: int, columns: int) -> Pair:
        """Its middle rows x columns pixels."""
        row, column = (self.grey.shape[0] - rows) // 2, (self.grey.shape[1] - columns) // 2
        inner = slice(row, row + rows), slice(column, column + columns)
        return replace(self, grey=self.grey[inner], height=self.height[inner])


class PairSource:
    """Draws scenes by number: the same seed and number give the same pair, on any machine and in any order."""

    def __init__(
        self, folder: str | Path, seed: int = 0, held_out: bool = False, areas: Sequence[Area] = GLD100_AREAS
    ) -> None:
        """folder: where the DEM files lie; held_out: scenes of the areas kept for scores, and new simulated ground."""
        self.folder, self.seed, self.held_out = Path(folder), seed, held_out
        self.areas = [area for area in areas if area.held_out == held_out]
        if not self.areas:
            raise InputError("No DEM area is left to render; name at least one.")
        spans = [(b[2] - b[0]) * (b[3] - b[1]) for b in (area.box for area in self.areas)]
        self._chance = np.array(spans) ** 0.5 / np.sum(np.array(spans) ** 0.5)

    def pair(self, number: int, side: int = SIDE) -> Pair:
        """Scene `number` of side x side pixels."""
        rng = np.random.default_rng([self.seed, int(self.held_out), number])
        oversampling = OVERSAMPLING if rng.random() < 0.4 else 1
        azimuth = float(rng.uniform(0.0, 360.0)) if rng.random() < TURNED else SUN_AZIMUTH
        fine = _taken(side, azimuth) * oversampling
        simulated = bool(rng.random() < SYNTHETIC)
        if simulated:
            pixel = 10 ** rng.uniform(*SIMULATED)
            height = random_relief((fine, fine), pixel, rng)
        else:
            height, pixel = self._real(fine, rng)
        height = np.ascontiguousarray(_turned(height, rng)) * np.float32(_exaggeration(height, pixel, rng))
        grey, relative, slope = _photographed(height, pixel, oversampling, azimuth, side, rng)
        return Pair(grey, relative, slope, "simulated" if simulated else "rendered GLD100")

    def _real(self, fine: int, rng: np.random.Generator) -> tuple[Float, float]:
        """A window of a DEM without gaps, coarsened by a random factor, with simulated detail where the DEM is smooth;
        and its pixel (m).

        Raises InputError where every window drawn has gaps.
        """
        for _ in range(TRIES):
            breathe()
            height, valid, pixel, factor = self._window(fine, rng)
            if valid.all():
                return _detailed(np.asarray(height, np.float32), pixel, factor, rng), pixel
        files = ", ".join(sorted({area.file for area in self.areas}))
        part = "held out for scores" if self.held_out else "for training"
        raise InputError(f"The ground {part} of {files} has gaps in all {TRIES} windows drawn; fill or cut them off.")

    def _window(self, fine: int, rng: np.random.Generator) -> tuple[NDArray[Any], NDArray[np.bool_], float, float]:
        """Heights (m) and validity (fine, fine) of a random window of an area, its pixel (m), and how many of the DEM's
        pixels one of it spans."""
        area = self.areas[int(rng.choice(len(self.areas), p=self._chance))]
        raster, box, cosine, room = self._ground(area)
        factor = min(np.exp(rng.uniform(0.0, np.log(COARSEST))), room / fine)
        rows = max(int(fine * factor), 1)
        columns = max(int(min(fine * factor / cosine, box.width)), 1)
        row, column = rng.integers(0, box.height - rows + 1), rng.integers(0, box.width - columns + 1)
        window = Window(box.column + int(column), box.row + int(row), columns, rows)
        smaller = factor >= 1
        height, valid = raster.read(window, (fine, fine), resampling="average" if smaller else "bilinear")
        return height, valid, raster.grid.pixel_size_m[1] * rows / fine, float(factor)

    def _ground(self, area: Area) -> tuple[Raster, Window, float, float]:
        """The DEM of an area, its window, the cosine of its middle latitude, and the rows of its largest square."""
        raster = Raster(self.folder / area.file)
        box = raster.grid.window(area.box)
        cosine = float(np.cos(np.radians((area.box[1] + area.box[3]) / 2)))
        return raster, box, cosine, min(box.height, box.width * cosine) * 0.999

    def gsd_m(self) -> tuple[float, float]:
        """The smallest and the largest ground pixel (m) of pictures of `SIDE` pixels, simulated ones among them."""
        sizes = [10 ** SIMULATED[0], 10 ** SIMULATED[1] * OVERSAMPLING]
        for area in self.areas:
            raster, _, _, room = self._ground(area)
            own = raster.grid.pixel_size_m[1]
            sizes += [own * min(1.0, room / SIDE), own * min(COARSEST * OVERSAMPLING, room / SIDE)]
        return min(sizes), max(sizes)


def _detailed(height: Float, pixel: float, factor: float, rng: np.random.Generator) -> Float:
    """Fractal ground and small craters below the resolution of GLD100 (some 5 of its pixels), rougher on slopes."""
    if rng.random() < 0.15:
        return height
    finest = 6.0 / factor
    south, east = np.gradient(height, pixel)
    steep = np.sqrt(south**2 + east**2)
    detail = fractal((len(height), len(height)), rng, rng.uniform(2.8, 4.0), longest=finest)
    ratio = np.sqrt(np.mean(steep**2)) / np.sqrt(np.mean(np.square(np.gradient(detail))) * 2)
    local = (0.3 + steep / (steep.mean() + 1e-6)) / 1.3
    height = height + detail * np.float32(ratio * pixel * rng.uniform(0.1, 0.8)) * local
    if rng.random() < 0.7:
        density = 10 ** rng.uniform(-2.3, -1.0)
        largest = max(2.5 * finest, 5.0) / len(height)
        exponent, smallest = rng.uniform(1.8, 3.0), rng.uniform(2.5, 4.0)
        craters = draw_craters((len(height), len(height)), pixel, rng, density, exponent, smallest, largest)
        height = add_craters(height, pixel, craters, rng)
    return np.asarray(height, np.float32)


def _turned(height: Float, rng: np.random.Generator) -> Float:
    """One of the eight turns and mirrorings of the square."""
    height = np.rot90(height, int(rng.integers(4)))
    return height.T if rng.random() < 0.5 else height


def _exaggeration(height: Float, pixel: float, rng: np.random.Generator) -> float:
    """Vertical factor 0.5 to 2, less where slopes would pass what ground holds (RMS 0.35, some 19 degrees)."""
    steepness = float(np.sqrt(2 * np.mean(np.square(np.gradient(height[::2, ::2], 2 * pixel)))))
    return float(min(np.exp(rng.uniform(-0.7, 0.7)), 0.35 / max(steepness, 1e-6)))


def _law(rng: np.random.Generator) -> Law:
    kind = rng.integers(4)
    if kind == 0:
        return LunarLambert()
    if kind == 1:
        return LunarLambert(float(rng.uniform(0.0, 1.0)))
    return Hapke(rng.uniform(0.15, 0.6), rng.uniform(0.15, 0.4), rng.uniform(-0.2, 0.6), rng.uniform(0.0, 2.0))


def photograph(
    height: Float, pixel: float, oversampling: int, rng: np.random.Generator, azimuth: float = SUN_AZIMUTH
) -> Float:
    """Grey (0..1) of a height map under a random light and camera, area means of oversampling x oversampling pixels.

    height, pixel: metres. The sun stands at ``azimuth`` (degrees clockwise from the top) within SUN_JITTER, 25 to 80
    degrees from the zenith; Lunar-Lambert or Hapke ground with albedo texture, cast shadows, blur, haze, noise, and now
    and then striping and a mosaic seam.
    """
    azimuth += rng.uniform(-SUN_JITTER, SUN_JITTER)
    incidence = float(np.degrees(np.arccos(rng.uniform(np.cos(np.radians(80.0)), np.cos(np.radians(25.0))))))
    steep_bright = float(rng.uniform(-0.3, 1.0)) if rng.random() < 0.5 else 0.0
    scene = Scene(_law(rng), True, float(10 ** rng.uniform(-2.5, -0.9)), steep_bright)
    image = _means(radiance(height, pixel, azimuth, incidence, scene, rng), oversampling)
    camera = Camera(
        blur=float(rng.uniform(0.2, 1.4)),
        haze=float(rng.uniform(0.0, 0.3)),
        noise=float(10 ** rng.uniform(-2.7, -1.1)),
        striping=float(10 ** rng.uniform(-3.0, -2.0)) if rng.random() < 0.2 else 0.0,
        gamma=float(np.exp(rng.uniform(-0.5, 0.5))),
        seams=int(rng.random() < 0.1),
    )
    return np.asarray(expose(image, camera, rng), np.float32)


def _taken(side: int, azimuth: float) -> int:
    """Side of a picture that, turned from ``azimuth`` to SUN_AZIMUTH, still covers side x side pixels."""
    if azimuth == SUN_AZIMUTH:
        return side
    turn = np.radians(SUN_AZIMUTH - azimuth)
    return int(np.ceil(side * (abs(np.cos(turn)) + abs(np.sin(turn))))) + 4


def _photographed(
    height: Float, pixel: float, oversampling: int, azimuth: float, side: int, rng: np.random.Generator
) -> tuple[Float, Float, float]:
    """Normalised picture and relative heights, both area means of oversampling x oversampling pixels, and slope; taken
    under ``azimuth`` and turned to SUN_AZIMUTH: the middle side x side pixels."""
    grey, ground = photograph(height, pixel, oversampling, rng, azimuth), _means(height, oversampling)
    if azimuth != SUN_AZIMUTH:
        frame = frame_of((1.0, 1.0), azimuth, SUN_AZIMUTH)
        middle = frame.matrix @ np.full(2, (len(grey) - 1) / 2)
        first = np.round(middle - (side - 1) / 2).astype(int)
        grey, ground = resample([grey, ground], frame.matrix, (0, 0), (int(first[0]), int(first[1])), (side, side))
    valid = np.ones(grey.shape, bool)
    relative, slope = relative_heights(ground, pixel * oversampling)
    return grey_scale(grey, valid, "robust")(grey, valid), relative, slope


def relative_heights(height: Float, pixel: float) -> tuple[Float, float]:
    """Heights (m) in units of the ground pixel over their slope along the rows, mean 0; and that slope (tangent)."""
    relative = height / np.float32(pixel)
    low, high = np.percentile(np.diff(relative[::2], axis=1), (15.87, 84.13))
    slope = max(float(high - low) / 2, 0.01)
    relative = (relative - relative.mean()) / np.float32(slope)
    return np.asarray(relative, np.float32), slope


def _means(values: NDArray[np.floating[Any]], side: int) -> Float:
    rows, columns = (length // side for length in values.shape)
    blocks = values[: rows * side, : columns * side].reshape(rows, side, columns, side)
    return np.asarray(blocks.mean(axis=(1, 3)), np.float32)
