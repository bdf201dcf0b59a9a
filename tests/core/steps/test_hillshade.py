"""The hillshade's slopes are true: of a known plane, in metres and in degrees near a pole."""

import math

import numpy as np
import pytest

from planetary_dtm.core.bodies import body_named
from planetary_dtm.core.geotiff import Band, write_dtm
from planetary_dtm.core.rasters import Grid, Raster
from planetary_dtm.core.steps import step

MOON = body_named("Moon").radius_m


def shade(grid, height, folder, **given):
    write_dtm(folder / "dtm.tif", grid, [height], [Band("height")], {})
    hillshade, target = step("hillshade"), folder / "shade.tif"
    hillshade.run(**hillshade.checked({"INPUT": str(folder / "dtm.tif"), "OUTPUT": str(target), **given}))
    values, valid = Raster(target).read()
    return (values - 1) / 254, valid


def lambert(slope, azimuth_of_light, altitude, downhill):
    """Shade of a plane that falls towards ``downhill`` (degrees from north)."""
    turn = math.radians(azimuth_of_light - downhill)
    a, s = math.radians(altitude), math.radians(slope)
    return math.sin(a) * math.cos(s) + math.cos(a) * math.sin(s) * math.cos(turn)


@pytest.mark.parametrize("latitude", [0.0, 60.0, -75.0])
@pytest.mark.parametrize("downhill", [0, 90, 180, 270])
def test_plane_in_degrees(tmp_path, latitude, downhill):
    degree, size, pixel = math.radians(MOON), 40, 0.002
    grid = Grid(size, size, (10.0, pixel, 0, latitude, 0, -pixel), "IAU_2015:30100")
    row, column = np.mgrid[:size, :size] * pixel * degree
    # east and north of each pixel on the ground
    east, north = column * math.cos(math.radians(latitude)), -row
    direction = math.radians(downhill)
    height = -math.tan(math.radians(20)) * (east * math.sin(direction) + north * math.cos(direction))
    grey, valid = shade(grid, height, tmp_path)
    assert valid.all()
    assert grey[5:-5, 5:-5] == pytest.approx(lambert(20, 315, 45, downhill), abs=0.004)


def test_blocks_join_and_nodata_stays(tmp_path):
    """Rows are worked in blocks; their borders show nowhere, and unknown heights stay unknown."""
    size = 1100
    grid = Grid(8, size, (0, 100.0, 0, 0, 0, -100.0), "IAU_2015:30110")
    height = np.sin(np.arange(size) / 7)[:, None] * np.full((1, 8), 300.0)
    height[700, 3] = np.nan
    grey, valid = shade(grid, height, tmp_path, AZIMUTH=0.0, ALTITUDE=60.0)
    expected = np.sin(np.arange(size) / 7) * 300
    slope = np.gradient(expected, 100.0)
    light = (slope * math.cos(math.radians(60)) + math.sin(math.radians(60))) / np.sqrt(1 + slope**2)
    assert grey[:, 0] == pytest.approx(np.clip(light, 0, 1), abs=0.004)
    assert not valid[700, 3] and valid[:, 0].all()
