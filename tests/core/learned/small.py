"""Plans, areas and a DEM small enough to train on in a second."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from osgeo import gdal, osr

from planetary_dtm.core.learned.plan import Plan
from planetary_dtm.core.learned.rendered_pairs import Area

TINY = Plan(
    widths=(4, 6),
    scans=0,
    steps=6,
    batch=2,
    crop=32,
    warm_up=2,
    first_scenes=2,
    steps_per_scene=2,
    kept_scenes=3,
    precision="float32",
)


TINY_PIX = replace(TINY, architecture="pix2pixcc", base=2, discriminator=4, peak_rate=2e-4, height_divisor=16.0)


AREAS = (Area("dem.tif", (10.0, -2.0, 12.5, 2.0)), Area("dem.tif", (12.6, -2.0, 14.0, 2.0), held_out=True))


def write_dem(
    path: Path, height: np.ndarray, place: tuple[float, ...] = (10.0, 0.01, 0.0, 2.0, 0.0, -0.01), radius: int = 1737400
) -> None:
    """A DEM in degrees, by default of the Moon's equator; -32768 is nodata."""
    dataset = gdal.GetDriverByName("GTiff").Create(str(path), *height.shape[::-1], 1, gdal.GDT_Float32)
    reference = osr.SpatialReference()
    reference.ImportFromProj4(f"+proj=longlat +R={radius} +no_defs")
    dataset.SetSpatialRef(reference)
    dataset.SetGeoTransform(place)
    dataset.GetRasterBand(1).SetNoDataValue(-32768)
    dataset.GetRasterBand(1).WriteArray(height)
    dataset.FlushCache()
