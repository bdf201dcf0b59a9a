"""The frame a network works in: square ground pixels, turned so that the sun stands where the model expects it.

Image coordinates are column, row with pixel centres at integers; frame coordinates u (to the right), v (down) are the
same kind of thing on the turned grid. GDAL does the resampling, cubic, both ways; a turn by quarters on square pixels
moves pixels without changing them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..products import product

Float = NDArray[np.float32]
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Frame:
    """u, v = ``matrix`` @ (column, row); ``gsd_m`` is the side of a frame pixel on the ground (metres)."""

    matrix: Array
    gsd_m: float

    @property
    def inverse(self) -> Array:
        """Frame to image coordinates."""
        return np.linalg.inv(self.matrix)


def frame_of(gsd_m: tuple[float, float], sun_azimuth: float | None, model_azimuth: float | None) -> Frame:
    """The frame of an image with pixels of ``gsd_m`` (width, height in metres).

    Azimuths are clockwise from the image's top, in degrees: the sun's in the image, and where the model expects it
    (either None: no turn). The frame's pixel has the area of the image's pixel.
    """
    turn = 0.0 if sun_azimuth is None or model_azimuth is None else (model_azimuth - sun_azimuth) % 360.0
    gsd = float(np.sqrt(gsd_m[0] * gsd_m[1]))
    if turn % 90 == 0:
        cos, sin = ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[int(turn // 90)]
    else:
        cos, sin = float(np.cos(np.radians(turn))), float(np.sin(np.radians(turn)))
    # A direction of azimuth a shall come to stand at a + turn; rows run south, v runs down.
    rotation = np.array([[cos, -sin], [sin, cos]])
    return Frame(rotation * (np.array(gsd_m) / gsd), gsd)


def resample(
    bands: Sequence[Float], matrix: Array, source: tuple[int, int], target: tuple[int, int], shape: tuple[int, int]
) -> list[Float]:
    """Bands (rows, columns) moved to another grid by cubic interpolation; 0 where the source does not reach.

    ``matrix``: source to target coordinates (both column, row or u, v). ``source``, ``target``: coordinates of the
    first pixels (column, row) of the bands and of the result, whose size is ``shape`` (rows, columns).
    """
    from osgeo import gdal

    from ..rasters import quiet_gdal

    first = product(matrix, np.array(source, float) - 0.5)  # GDAL places a raster by its corner
    with quiet_gdal():
        given = _in_memory(bands[0].shape, len(bands), (first[0], *matrix[0], first[1], *matrix[1]))
        for index, band in enumerate(bands):
            given.GetRasterBand(index + 1).WriteArray(np.ascontiguousarray(band, np.float32))
        made = _in_memory(shape, len(bands), (target[0] - 0.5, 1.0, 0.0, target[1] - 0.5, 0.0, 1.0))
        # Left alone, GDAL takes a turn for a change of scale and blurs: three times the error, three times the time.
        gdal.Warp(made, given, resampleAlg=gdal.GRA_Cubic, errorThreshold=0, warpOptions=["XSCALE=1", "YSCALE=1"])
        return [made.GetRasterBand(index + 1).ReadAsArray() for index in range(len(bands))]


def bounds(matrix: Array, start: tuple[int, int], shape: tuple[int, int]) -> tuple[int, int, int, int]:
    """Smallest box (first column, first row, columns, rows) that holds a grid's pixel centres after ``matrix``."""
    columns, rows = (np.array([first, first + length - 1]) for first, length in zip(start, shape[::-1]))
    corners = product(matrix, np.array([[x, y] for x in columns for y in rows], float).T)
    low = np.floor(corners.min(axis=1) + 1e-9).astype(int)
    high = np.ceil(corners.max(axis=1) - 1e-9).astype(int)
    return int(low[0]), int(low[1]), int(high[0] - low[0] + 1), int(high[1] - low[1] + 1)


def _in_memory(shape: tuple[int, ...], bands: int, transform: tuple[float, ...]) -> Any:
    from osgeo import gdal

    dataset = gdal.GetDriverByName("MEM").Create("", shape[1], shape[0], bands, gdal.GDT_Float32)
    dataset.SetGeoTransform([float(value) for value in transform])
    return dataset
