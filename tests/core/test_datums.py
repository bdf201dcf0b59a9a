"""Names of what heights count from, their conversion, and radii on grids."""

import numpy as np
import pytest

from planetary_dtm.core.bodies import Body, body_named, body_of_crs, local_radius
from planetary_dtm.core.datums import Datum, datum_named, radius_on
from planetary_dtm.core.rasters import Grid

MARS = Body("Mars", 3_396_190.0, 3_396_190.0)
OBLATE = Body("Mars", 3_396_190.0, 3_376_200.0)


@pytest.mark.parametrize("own", [Datum(MARS), Datum(OBLATE), Datum(MARS, True), Datum(body_named("Moon"))])
def test_names_read_back(own):
    assert datum_named(own.name, own.body) == own


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("areoid", "Mars areoid"),
        ("CRS", "Mars ellipsoid 3396190 x 3376200 m"),
        ("3396000", "Mars sphere of radius 3396000 m"),
        ("3396 km", "Mars sphere of radius 3396000 m"),
        ("3376200 x 3396190", "Mars ellipsoid 3396190 x 3376200 m"),
    ],
)
def test_words_of_users(text, expected):
    assert datum_named(text, OBLATE).name == expected


@pytest.mark.parametrize("text", ["D_Mars_2000", "1737400", "mean sea level"])
def test_other_words_name_none(text):
    assert datum_named(text, OBLATE) is None


def test_heights_of_one_surface_lie_equally_far_from_the_centre():
    lat = np.radians([-85.0, 0.0, 60.0])
    heights = np.array([100.0, -2000.0, 31.5])
    told = heights + Datum(MARS).rise(Datum(OBLATE), lat)
    assert np.allclose(local_radius(OBLATE, lat) + told, 3_396_190.0 + heights, atol=1e-6)
    assert np.ptp(told - heights) > 15_000.0


@pytest.mark.parametrize("proj", ["+proj=stere +lat_0=90", "+proj=eqc", "+proj=longlat"])
def test_radii_on_a_grid_are_those_of_its_pixels(proj):
    crs = f"{proj} +a=3396190 +b=3376200 +no_defs"
    size = 0.05 if proj.endswith("longlat") else 3000.0
    grid = Grid(150, 90, (10 * size, size, 0.0, 60 * size, 0.0, -size), crs)
    body = body_of_crs(crs)
    exact = local_radius(body, grid.lonlat_of(*np.meshgrid(np.arange(150.0), np.arange(90.0)))[1])
    assert np.abs(radius_on(grid, body) - exact).max() < 0.03
