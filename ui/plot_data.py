"""What the push-broom plots show, read from results; takes its time and belongs into a worker thread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..core.bodies import Body, body_of_radius
from ..core.camera.sensor import load_sensor
from ..core.frames import lonlat_radius
from ..core.rasters import Raster, Window
from ..core.resection.tables import read_eops
from .plot import Curve

Array = npt.NDArray[np.float64]
VALUES, DEVIATION, SIGMA = range(3)
_NAMES = ("X", "Y", "Z", "θ", "φ", "ρ")
_DEGREE = 5  # of the polynomial that a deviation is counted from
_SIDE = 900  # pixels of the longer side of an overview
LOUPE = 48  # image pixels along the side of a loupe


@dataclass(frozen=True)
class Orbit:
    """Orientation by line: ``values`` and ``sigma`` (L, 6) in metres and radians; place under the camera, degrees."""

    line: Array
    values: Array
    sigma: Array | None
    rms_px: Array
    flagged: npt.NDArray[np.bool_]
    lon: Array
    lat: Array
    body: Body

    def curves(self, shown: int) -> list[Curve]:
        """The six parameters as values, as deviations from a smooth curve, or their sigmas alone."""
        made = []
        for index, name in enumerate(_NAMES):
            y, unit = self.values[:, index], "m" if index < 3 else "rad"
            sigma = None if self.sigma is None else self.sigma[:, index]
            if shown != VALUES and index >= 3:
                y, sigma, unit = y * 1e6, None if sigma is None else sigma * 1e6, "µrad"
            if shown == DEVIATION:
                y = y - _smooth(self.line, y)
            title = f"{name} ({unit})"
            if shown == SIGMA:
                title, y, sigma = f"σ {title}", np.full(y.shape, np.nan) if sigma is None else sigma, None
            made.append(Curve(title, self.line, y, sigma, self.flagged))
        return made


def read_orbit(eops: str, sensor: str) -> Orbit:
    """Read an EOP table; `InputError` where it is none."""
    scanner = load_sensor(sensor)
    found = read_eops(eops, scanner)
    sigma = None if found.covariance is None else np.sqrt(np.einsum("lii->li", found.covariance))
    lon, lat, _ = lonlat_radius(found.position)
    values = np.hstack([found.position, found.angles])
    place = np.degrees(lon), np.degrees(lat)
    flagged = np.asarray(found.flag != 0)
    return Orbit(found.line, values, sigma, found.rms_px, flagged, *place, body_of_radius(scanner.body_radius_m))


@dataclass(frozen=True)
class MatchPair:
    """Two images, lines to the right and samples downward, and where A's pixels lie in B.

    ``grey_a``, ``grey_b``: overviews (bytes). ``line_b``, ``sample_b``, ``score``, ``sigma``: at the pixels of A's
    overview, NaN for no match. ``size_a``, ``size_b``: samples and lines in full.
    """

    name_a: str
    name_b: str
    grey_a: npt.NDArray[np.uint8]
    grey_b: npt.NDArray[np.uint8]
    size_a: tuple[int, int]
    size_b: tuple[int, int]
    line_b: Array
    sample_b: Array
    score: Array
    sigma: Array


def read_pair(image_a: str, image_b: str, matches: str) -> MatchPair:
    """Read overviews of two images and of their matches; `InputError` where they do not belong together."""
    a, b, found = Raster(image_a, "Image A"), Raster(image_b, "Image B"), Raster(matches, "Matches")
    shape = _overview(found.size)
    bands = []
    for band in range(1, 5):
        values, good = found.read(shape=shape, band=band, resampling="nearest") if band <= found.bands else ([], [])
        bands.append(np.where(good, values, np.nan).T if len(good) else np.full(shape[::-1], np.nan))
    rows, columns = found.size
    line = (np.arange(shape[0]) + 0.5) * rows / shape[0] - 0.5
    sample = (np.arange(shape[1]) + 0.5) * columns / shape[1] - 0.5
    return MatchPair(
        a.name,
        b.name,
        _grey(a, shape),
        _grey(b, _overview(b.size)),
        (a.size[1], a.size[0]),
        (b.size[1], b.size[0]),
        line[None, :] + bands[1],
        sample[:, None] + bands[0],
        bands[2],
        bands[3],
    )


def read_loupe(image: str, line: float, sample: float) -> npt.NDArray[np.uint8]:
    """The image's own pixels around a place, lines to the right; empty beside the image."""
    raster = Raster(image)
    rows, columns = raster.size
    first = int(np.clip(round(line) - LOUPE // 2, 0, max(0, rows - LOUPE)))
    left = int(np.clip(round(sample) - LOUPE // 2, 0, max(0, columns - LOUPE)))
    values, valid = raster.read(Window(left, first, min(LOUPE, columns), min(LOUPE, rows)))
    return _bytes(values, valid).T


def _overview(size: tuple[int, int]) -> tuple[int, int]:
    share = min(1.0, _SIDE / max(size))
    return max(1, round(size[0] * share)), max(1, round(size[1] * share))


def _grey(raster: Raster, shape: tuple[int, int]) -> npt.NDArray[np.uint8]:
    return _bytes(*raster.read(shape=shape)).T


def _bytes(values: npt.NDArray[np.floating], valid: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    known = values[valid] if valid.any() else np.zeros(1)
    low, high = np.percentile(known, (1, 99))
    grey = np.clip((values - low) / max(high - low, 1e-12), 0, 1) * 255
    return np.where(valid, grey, 0).astype(np.uint8)


def _smooth(line: Array, values: Array) -> Array:
    good = np.isfinite(values)
    degree = min(_DEGREE, int(good.sum()) - 1)
    if degree < 1:
        return np.where(good, values, 0.0)
    fit = np.polynomial.Polynomial.fit(line[good], values[good], degree)
    return np.asarray(fit(line))
