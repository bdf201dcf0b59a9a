"""North on the map: meridian convergence, maps that count to the west, and places without a north."""

import numpy as np
import pytest

from planetary_dtm.core.compass import UP, compass_at, north_varies
from planetary_dtm.core.rasters import Grid


def around(x, y, crs, pixel=100.0, side=200):
    half = pixel * side / 2
    return Grid(side, side, (x - half, pixel, 0.0, y + half, 0.0, -pixel), crs)


@pytest.mark.parametrize("x, y", [(0.0, 60e3), (60e3, 0.0), (0.0, -60e3), (-45e3, 45e3)])
@pytest.mark.parametrize("code, sense", [(30135, 1), (30130, -1)])
def test_north_on_a_polar_map_is_along_the_radius(code, sense, x, y):
    compass = compass_at(around(x, y, f"IAU_2015:{code}"))
    north = np.degrees(np.arctan2(sense * x, sense * y)) % 360
    assert abs((compass.on_map(0.0) - north + 180) % 360 - 180) < 1e-3
    assert abs((compass.on_map(70.0) - north - 70 + 180) % 360 - 180) < 0.01
    assert compass.from_north(compass.on_map(70.0)) == pytest.approx(70.0)


@pytest.mark.parametrize("crs", ["IAU_2015:30100", "IAU_2015:49902", "+proj=longlat +a=3396190 +b=3376200"])
def test_north_is_up_in_longitude_and_latitude_however_high(crs):
    compass = compass_at(Grid(100, 100, (20.0, 0.01, 0.0, 70.0, 0.0, -0.01), crs))
    assert [compass.on_map(azimuth) for azimuth in (45.0, 285.0)] == pytest.approx([45.0, 285.0], abs=0.1)
    assert north_varies(Grid(100, 100, (20.0, 0.01, 0.0, 70.0, 0.0, -0.01), crs)) < 1e-6


def test_a_map_to_the_west_is_a_mirror():
    compass = compass_at(around(2e6, 1e5, "IAU_2015:49911"))
    assert [compass.on_map(azimuth) for azimuth in (0.0, 90.0, 200.0)] == pytest.approx([0.0, 270.0, 160.0], abs=0.1)
    assert compass.from_north(160.0) == pytest.approx(200.0, abs=0.1)


def test_a_pole_has_no_north_and_near_it_north_varies():
    assert compass_at(around(0.0, 0.0, "IAU_2015:30135")) is None
    assert north_varies(around(0.0, 0.0, "IAU_2015:30135")) == 180.0
    assert north_varies(around(60e3, 0.0, "IAU_2015:30135")) == pytest.approx(
        np.degrees(np.arctan2(9.95, 50.05)), abs=0.1
    )
    assert UP.on_map(300.0) == pytest.approx(300.0)
