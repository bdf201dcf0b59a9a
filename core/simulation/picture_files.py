"""Rendered pictures as files, written piece by piece: grey in image coordinates, and every pixel's exact ground."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..outputs import letting_go, replacing, unwritten
from ..rasters import quiet_gdal
from .images import Picture

MEAN_GREY = 10_000  # of a picture in 16 bits; 0 is nodata
Write = Callable[[int, Picture], None]  # first row, lines from there on


@contextmanager
def writing_picture(path: Path, shape: tuple[int, int], mean: float, about: Mapping[str, str]) -> Iterator[Write]:
    """Write grey as UInt16 (``mean`` becomes 10,000, 0 is where the view looks past the body), without georeference."""
    gain = MEAN_GREY / mean

    def bands(picture: Picture) -> Sequence[NDArray[Any]]:
        grey = np.clip(np.rint(np.nan_to_num(picture.grey * gain)), 1, 65535)
        return [np.where(np.isfinite(picture.grey), grey, 0).astype(np.uint16)]

    with _writing(path, shape, np.uint16, ["grey"], {**about, "GAIN": f"{gain:.9g}"}, 0, bands) as write:
        yield write


@contextmanager
def writing_ground(path: Path, shape: tuple[int, int], about: Mapping[str, str]) -> Iterator[Write]:
    """Write the exact ground points as three Float64 bands x, y, z (m, body-fixed)."""
    names = ["x", "y", "z"]
    with _writing(path, shape, np.float64, names, about, None, lambda p: list(np.moveaxis(p.points, -1, 0))) as write:
        yield write


@contextmanager
def _writing(
    path: Path,
    shape: tuple[int, int],
    dtype: Any,
    names: Sequence[str],
    about: Mapping[str, str],
    nodata: float | None,
    bands: Callable[[Picture], Sequence[NDArray[Any]]],
) -> Iterator[Write]:
    from osgeo import gdal, gdal_array

    with replacing(path, (".tif", ".tiff")) as temporary, quiet_gdal():
        held: list[Any] = []
        try:
            kind = gdal_array.NumericTypeCodeToGDALTypeCode(dtype)
            options = ["TILED=YES", "COMPRESS=DEFLATE", "BIGTIFF=IF_SAFER"]
            driver = gdal.GetDriverByName("GTiff")
            held.append(driver.Create(str(temporary), shape[1], shape[0], len(names), kind, options))
            held[0].SetMetadata(dict(about))
            for index, name in enumerate(names):
                band = held[0].GetRasterBand(index + 1)
                band.SetDescription(name)
                if nodata is not None:
                    band.SetNoDataValue(nodata)

            def write(row: int, picture: Picture) -> None:
                for index, values in enumerate(bands(picture)):
                    held[0].GetRasterBand(index + 1).WriteArray(values, 0, row)

            yield write
            held[0].FlushCache()
            held.clear()  # closes the file
        except RuntimeError as error:
            with letting_go():
                held.clear()
            raise unwritten(path, error) from error
