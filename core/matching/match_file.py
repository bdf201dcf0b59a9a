"""Matches as a GeoTIFF on image A's grid: position in B = position in A + shift; see docs for the bands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..geotiff import NODATA
from ..outputs import letting_go, replacing, unwritten
from ..rasters import Raster, Window, quiet_gdal
from ..version import VERSION

Array = NDArray[np.float64]

USUAL_SIGMA_PX = 0.3  # of a match whose file does not tell it
BANDS = ("sample shift", "line shift", "score", "sigma", "sample sigma", "line sigma")
_UNITS = ("px", "px", "", "px", "px", "px")


@dataclass(frozen=True)
class Matches:
    """Places (R, C) in image B of a block of A's pixels, NaN for no match; 1-sigma (px) of a component and of each, NaN
    where unknown."""

    line: Array
    sample: Array
    sigma: Array
    line_sigma: Array
    sample_sigma: Array


class MatchFile:
    """A match file opened for reading; `InputError` names what it lacks."""

    def __init__(self, path: str | Path) -> None:
        self._raster = Raster(path, "Matches")
        self.name = self._raster.name
        self.lines, self.samples = self._raster.size
        if self._raster.bands < 2:
            raise InputError(f"Matches {self.name!r} have one band; they need {', '.join(BANDS[:4])}.")
        metadata = self._raster.metadata
        missing = [key for key in ("VIEW_A", "VIEW_B") if not metadata.get(key)]
        if missing:
            raise InputError(f"Matches {self.name!r} do not name their views ({missing[0]} in the metadata).")
        self.view_a, self.view_b = metadata["VIEW_A"], metadata["VIEW_B"]
        self.image_a, self.image_b = metadata.get("IMAGE_A", ""), metadata.get("IMAGE_B", "")

    def read(self, first: int, count: int) -> Matches:
        """The matches of ``count`` lines of A from line ``first``."""
        window = Window(0, first, self.samples, count)
        bands = range(1, min(self._raster.bands, len(BANDS)) + 1)
        values = [np.where(good, data, np.nan) for data, good in (self._raster.read(window, band=b) for b in bands)]
        line, sample = np.mgrid[first : first + count, : self.samples].astype(float)
        sigma = values[3].astype(float) if len(values) > 3 else np.full(line.shape, np.nan)
        across, down = (values[i].astype(float) if len(values) == len(BANDS) else sigma for i in (4, 5))
        return Matches(line + values[1], sample + values[0], sigma, down, across)


def by_image_a(
    files: Sequence[MatchFile], samples_of: Callable[[str, str], int], kind: str = "Matches"
) -> list[list[MatchFile]]:
    """Match files that share image A, together; ``samples_of(view, image)`` is what a line of that view's camera has.

    Raises `InputError` for images of another size, where the files are called ``kind``.
    """
    groups: dict[tuple[str, str], list[MatchFile]] = {}
    for file in files:
        samples = samples_of(file.view_a, file.image_a)
        if file.samples != samples:
            raise InputError(
                f"{kind} {file.name!r} have {file.samples} samples a line, the camera of {file.view_a!r} "
                f"has {samples}; give camera and matches of the same images."
            )
        group = groups.setdefault((file.image_a, file.view_a), [])
        if group and group[0].lines != file.lines:
            raise InputError(f"{kind} {group[0].name!r} and {file.name!r} share image A but differ in size.")
        group.append(file)
    return list(groups.values())


@contextmanager
def writing_matches(
    path: str | Path, lines: int, samples: int, about: Mapping[str, str]
) -> Iterator[Callable[[int, Sequence[NDArray[Any]]], None]]:
    """Yield ``write(first, bands)`` for blocks of lines from ``first`` on, `BANDS` each (n, samples), NaN for none.

    ``about`` goes into the metadata and holds IMAGE_A, IMAGE_B, VIEW_A and VIEW_B. The file appears whole or not at
    all. Raises `InputError` where it cannot be written.
    """
    from osgeo import gdal

    options = ["TILED=YES", "COMPRESS=DEFLATE", "PREDICTOR=3", "ZLEVEL=1", "BIGTIFF=IF_SAFER"]
    with replacing(path, (".tif", ".tiff")) as temporary, quiet_gdal():
        try:
            driver = gdal.GetDriverByName("GTiff")
            dataset = driver.Create(str(temporary), samples, lines, len(BANDS), gdal.GDT_Float32, options)
            dataset.SetMetadata({"VERSION": VERSION, **about})
            targets = [dataset.GetRasterBand(index + 1) for index in range(len(BANDS))]
            for target, name, unit in zip(targets, BANDS, _UNITS):
                target.SetNoDataValue(NODATA)
                target.SetDescription(name)
                target.SetUnitType(unit)
            yield partial(_write_block, targets)
            dataset.FlushCache()
            targets.clear()
            del target, dataset
        except RuntimeError as error:
            with letting_go():
                targets = []
                dataset = None  # noqa: F841 - closed here
            raise unwritten(path, error) from error


def _write_block(targets: Sequence[Any], first: int, bands: Sequence[NDArray[Any]]) -> None:
    for target, band in zip(targets, bands):
        target.WriteArray(np.where(np.isfinite(band), band, NODATA).astype(np.float32), 0, first)


def write_matches(
    path: str | Path,
    sample_shift: NDArray[Any],
    line_shift: NDArray[Any],
    score: NDArray[Any],
    sigma: NDArray[Any],
    about: Mapping[str, str],
) -> None:
    """Write whole matches, each band (lines, samples) of A, NaN for none, both components with ``sigma``."""
    lines, samples = np.shape(sigma)
    with writing_matches(path, lines, samples, about) as write:
        write(0, [np.asarray(band, np.float32) for band in (sample_shift, line_shift, score, sigma, sigma, sigma)])
