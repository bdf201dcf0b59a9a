"""Pixels of one grid on another: as the exact transformation has it, also over a pole and across the seam."""

import numpy as np
import pytest

from planetary_dtm.core.grid_map import GridMap
from planetary_dtm.core.rasters import Grid

DEM = Grid(1440, 720, (-180.0, 0.25, 0.0, 90.0, 0.0, -0.25), "IAU_2015:30100")
CASES = {
    "equirectangular": Grid(300, 171, (2e5, 400.0, 0.0, 6e5, 0.0, -400.0), "IAU_2015:30110"),
    "own": DEM,
    "a pole in the middle": Grid(200, 200, (-1e5, 1e3, 0.0, 1e5, 0.0, -1e3), "IAU_2015:30130"),
    "the seam": Grid(90, 70, (178.9, 0.025, 0.0, 40.0, 0.0, -0.025), "IAU_2015:30100"),
    "planetocentric on an ellipsoid": Grid(90, 70, (20.0, 0.1, 0.0, 60.0, 0.0, -0.1), "IAU_2015:49902"),
    "to the west": Grid(90, 70, (2e5, 4e3, 0.0, 3e6, 0.0, -4e3), "IAU_2015:49911"),
    "a single pixel": Grid(1, 1, (10.0, 0.1, 0.0, 20.0, 0.0, -0.1), "IAU_2015:30100"),
}


@pytest.mark.parametrize("name", CASES)
def test_places_are_those_of_the_exact_transformation(name):
    grid = CASES[name]
    rows = np.arange(grid.height // 3, grid.height)
    column, row = GridMap(grid, DEM).places(rows)
    exact = DEM.pixel_of(*grid.lonlat_of(*np.meshgrid(np.arange(grid.width), rows)))
    np.testing.assert_allclose(column, exact[0], atol=0.012)
    np.testing.assert_allclose(row, exact[1], atol=0.012)
