"""Rendered pictures as files: grey on image coordinates, and the exact ground of every pixel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..outputs import replacing
from ..rasters import quiet_gdal
from .images import Picture

MEAN_GREY = 10_000  # of a picture in 16 bits; 0 is nodata


def write_picture(path: Path, picture: Picture, about: Mapping[str, str]) -> None:
    """Write the grey as UInt16 (mean 10,000, 0 where the view looks past the body), without georeference."""
    gain = MEAN_GREY / float(np.nanmean(picture.grey))
    grey = np.where(np.isfinite(picture.grey), np.clip(np.rint(picture.grey * gain), 1, 65535), 0)
    _write(path, [grey.astype(np.uint16)], ["grey"], {**about, "GAIN": f"{gain:.9g}"}, 0)


def write_ground(path: Path, picture: Picture, about: Mapping[str, str]) -> None:
    """Write the exact ground points as three Float64 bands x, y, z (m, body-fixed)."""
    _write(path, list(np.moveaxis(picture.points, -1, 0)), ["x", "y", "z"], about, None)


def _write(
    path: Path, bands: Sequence[NDArray[Any]], names: Sequence[str], about: Mapping[str, str], nodata: float | None
) -> None:
    from osgeo import gdal, gdal_array

    with replacing(path, (".tif", ".tiff")) as temporary, quiet_gdal():
        try:
            kind = gdal_array.NumericTypeCodeToGDALTypeCode(bands[0].dtype.type)
            options = ["TILED=YES", "COMPRESS=DEFLATE", "BIGTIFF=IF_SAFER"]
            rows, columns = bands[0].shape
            made = gdal.GetDriverByName("GTiff").Create(str(temporary), columns, rows, len(bands), kind, options)
            made.SetMetadata(dict(about))
            for index, (band, name) in enumerate(zip(bands, names)):
                target = made.GetRasterBand(index + 1)
                target.SetDescription(name)
                if nodata is not None:
                    target.SetNoDataValue(nodata)
                target.WriteArray(band)
            made.FlushCache()
            del made
        except RuntimeError as error:
            raise InputError(f"Output {str(path)!r} was not written: {error}.") from error
