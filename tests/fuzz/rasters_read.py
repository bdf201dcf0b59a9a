"""What is done with spoiled rasters, and with the files beside them that GDAL reads as well."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from planetary_dtm.core.cluster.files import files_of
from planetary_dtm.core.matching.match_file import MatchFile
from planetary_dtm.core.rasters import Raster, Window, is_raster
from planetary_dtm.core.steps.dtmfromextent import sun_of
from planetary_dtm.core.steps.heights import Dem

from . import more_seeds, mutate


def raster(path: Path) -> None:
    is_raster(path)
    opened = Raster(path)
    opened.metadata, opened.band_name(), opened.unit(), opened.is_byte(), opened.colours(), opened.palette()
    rows, columns = opened.size
    values, _ = opened.read(Window(0, 0, min(columns, 64), min(rows, 64)))
    with np.errstate(invalid="ignore"):
        assert mutate.MARK not in values.astype(np.uint8).tobytes() * 2, "bytes of a file outside"
    opened.read(shape=(4, 4), band=opened.bands)
    grid = opened.grid
    grid.body, grid.pixel_size_m, grid.lonlat_of(0, 0), grid.window(grid.extent)
    files_of(str(path)), sun_of(opened, None, None)
    dem = Dem(str(path))
    dem.above(dem.common(grid.body))(Window(0, 0, min(columns, 8), min(rows, 8)), None)


def sidecar(path: Path) -> None:
    """The raster that notes, overviews or a mask lie beside."""
    raster(path.with_name(".".join(path.name.split(".")[:2])))


def placement(path: Path) -> None:
    raster(path.with_suffix(".png" if path.suffix == ".pgw" else ".asc"))


def raw_pixels(path: Path) -> None:
    """The file that is opened where ``path`` is the header."""
    raster(path.with_name(more_seeds.HEADERS[path.name]))


def matches(path: Path) -> None:
    found = MatchFile(path)
    found.read(0, min(found.lines, 20))
