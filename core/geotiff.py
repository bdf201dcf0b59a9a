"""GeoTIFFs of terrain and grey, written whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .bodies import counts_west, spatial_reference
from .errors import CancelledError, InputError
from .outputs import letting_go, replacing, unwritten
from .progress import Progress, breathing, called_by_c, silent
from .rasters import Grid, quiet_gdal

NODATA = -32768.0
_SIDE = 512  # pixels of a tile
_STRIP = 1024  # rows of grey written at once: whole tiles


@dataclass(frozen=True)
class Band:
    """One band to write: its values are given apart; unit is empty where the values have none."""

    name: str
    unit: str = "m"


def require_geotiff(grid: Grid) -> None:
    """Raise `InputError` for a CRS whose axes a GeoTIFF does not hold: read back, the raster would lie elsewhere."""
    reference = spatial_reference(grid.crs)
    if counts_west(reference) or (grid.is_geographic and not reference.IsGeographic()):
        raise InputError(
            f"A GeoTIFF cannot hold CRS {reference.GetName()!r} (its axes are to the west, or planetocentric on an "
            "ellipsoid); warp the input to the CRS of the body's sphere (IAU_2015 codes that end in 0 or 5)."
        )


class DtmWriter:
    """Bands of a GeoTIFF written window by window inside `writing_dtm`."""

    def __init__(self, dataset: Any, bands: int) -> None:
        self._dataset, self._bands = dataset, bands

    def write(self, values: Sequence[npt.NDArray[Any]], column: int = 0, row: int = 0) -> None:
        """Write one array a band (rows, columns) at an offset; non-finite values become nodata."""
        for index in range(self._bands):
            block = np.asarray(values[index], np.float32)
            block = np.where(np.isfinite(block), block, np.float32(NODATA))
            self._dataset.GetRasterBand(index + 1).WriteArray(block, column, row)

    def close(self) -> None:
        """Let go of the file."""
        self._dataset = None


@contextmanager
def writing_dtm(
    path: str | Path,
    grid: Grid,
    bands: Sequence[Band],
    metadata: Mapping[str, str],
    progress: Progress = silent,
    threads: int = 1,
) -> Iterator[DtmWriter]:
    """Write a Float32 GeoTIFF with nodata, overviews, band names and units, as a cloud-optimised one (COG).

    The file takes its name only when complete; `InputError` when it cannot be written. ``threads`` compress it and
    make its overviews; the bytes do not depend on them.
    """
    from osgeo import gdal

    require_geotiff(grid)
    with replacing(path, (".tif", ".tiff")) as temporary, quiet_gdal(), _gdal_threads(threads):
        rough = str(temporary) + ".raw.tif"
        writer = DtmWriter(None, 0)
        try:
            # Read again at once: compressing it would take longer than the disk does.
            options = ["TILED=YES", "INTERLEAVE=BAND", "BIGTIFF=IF_SAFER"]
            dataset = gdal.GetDriverByName("GTiff").Create(
                rough, grid.width, grid.height, len(bands), gdal.GDT_Float32, options
            )
            dataset.SetGeoTransform(grid.transform)
            dataset.SetSpatialRef(spatial_reference(grid.crs))
            dataset.SetMetadata({"AREA_OR_POINT": "Area", **{k: str(v) for k, v in metadata.items()}})
            for index, band in enumerate(bands):
                target = dataset.GetRasterBand(index + 1)
                target.SetNoDataValue(NODATA)
                target.SetDescription(band.name)
                target.SetUnitType(band.unit)
            writer = DtmWriter(dataset, len(bands))
            yield writer
            dataset.FlushCache()
            _to_cog(dataset, str(temporary), progress, threads)
            del dataset
        except RuntimeError as error:
            with letting_go():
                writer.close()
                dataset = None  # noqa: F841 - closed here
            raise unwritten(path, error) from error


def write_dtm(
    path: str | Path,
    grid: Grid,
    values: Sequence[npt.NDArray[Any]],
    bands: Sequence[Band],
    metadata: Mapping[str, str],
    progress: Progress = silent,
) -> None:
    """Write whole bands (each (height, width), NaN = nodata) at once; see `writing_dtm`."""
    with writing_dtm(path, grid, bands, metadata, progress) as writer:
        writer.write(values)


def write_image(
    path: str | Path, grid: Grid, values: npt.NDArray[Any], metadata: Mapping[str, str], nodata: float | None = None
) -> None:
    """Write one band of grey, (height, width), in its own type (uint8, uint16, float32) as a tiled GeoTIFF."""
    from osgeo import gdal, gdal_array

    require_geotiff(grid)
    with replacing(path, (".tif", ".tiff")) as temporary, quiet_gdal():
        try:
            kind = gdal_array.NumericTypeCodeToGDALTypeCode(values.dtype.type)
            dataset = gdal.GetDriverByName("GTiff").Create(
                str(temporary), grid.width, grid.height, 1, kind, ["TILED=YES", "COMPRESS=DEFLATE"]
            )
            dataset.SetGeoTransform(grid.transform)
            dataset.SetSpatialRef(spatial_reference(grid.crs))
            dataset.SetMetadata({"AREA_OR_POINT": "Area", **metadata})
            if nodata is not None:
                dataset.GetRasterBand(1).SetNoDataValue(nodata)
            for top in breathing(range(0, grid.height, _STRIP)):
                dataset.GetRasterBand(1).WriteArray(values[top : top + _STRIP], 0, top)
                dataset.FlushCache()
            del dataset
        except (RuntimeError, CancelledError) as error:
            with letting_go():
                dataset = None  # noqa: F841 - closed here
            if isinstance(error, CancelledError):
                raise
            raise unwritten(path, error) from error


@contextmanager
def _gdal_threads(threads: int) -> Iterator[None]:
    """Let GDAL take so many threads for what it does by itself, overviews above all."""
    from osgeo import gdal

    name = "GDAL_NUM_THREADS"
    before = gdal.GetConfigOption(name)
    gdal.SetConfigOption(name, str(threads))
    try:
        yield
    finally:
        gdal.SetConfigOption(name, before)


def _to_cog(dataset: Any, path: str, progress: Progress, threads: int) -> None:
    from osgeo import gdal

    # Level 1 costs a third less time than the usual 6 and 2 % more bytes: heights hardly repeat.
    options = ["COMPRESS=DEFLATE", "PREDICTOR=YES", f"BLOCKSIZE={_SIDE}", "OVERVIEW_RESAMPLING=AVERAGE"]
    options += [f"NUM_THREADS={threads}", "LEVEL=1"]
    if gdal.GetDriverByName("COG") is None:
        dataset.BuildOverviews("AVERAGE", [2, 4, 8, 16])
        plain = [*options[:2], f"NUM_THREADS={threads}", "TILED=YES"]
        gdal.GetDriverByName("GTiff").CreateCopy(path, dataset, options=plain)
        return
    cancelled: list[bool] = []

    @called_by_c
    def told(fraction: float, message: str, data: Any) -> int:
        go_on = progress(fraction, "Writing")
        if not go_on:
            cancelled.append(True)
        return int(go_on)

    try:
        made = gdal.GetDriverByName("COG").CreateCopy(
            path, dataset, options=[*options, "BIGTIFF=IF_SAFER"], callback=told
        )
    except RuntimeError:
        made = None
        if not cancelled:
            raise
    if cancelled:
        raise CancelledError()
    if made is None:
        raise RuntimeError(gdal.GetLastErrorMsg() or "the disk may be full")
    made.FlushCache()
