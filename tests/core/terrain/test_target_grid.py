"""Grids over points: CRS, pixel size and extent."""

import numpy as np
import pytest

from planetary_dtm.core.bodies import body_named
from planetary_dtm.core.errors import InputError
from planetary_dtm.core.terrain.target_grid import point_spacing, target_grid

MOON = body_named("Moon")


def test_a_geographic_grid_has_square_degrees_and_covers_the_points():
    lon, lat = np.radians([10.0, 12.0]), np.radians([30.0, 31.0])
    grid = target_grid(lon, lat, MOON, 303.23)
    assert grid.is_geographic
    assert grid.transform[1] == pytest.approx(0.01, rel=1e-3) and grid.transform[5] == -grid.transform[1]
    column, row = grid.pixel_of(lon, lat)
    assert (column > -0.5).all() and (column < grid.width - 0.5).all()
    assert (row > -0.5).all() and (row < grid.height - 0.5).all()
    assert (grid.width, grid.height) == (pytest.approx(200, abs=2), pytest.approx(100, abs=2))


def test_points_across_the_dateline_make_one_small_grid():
    grid = target_grid(np.radians([179.5, -179.5]), np.radians([0.0, 1.0]), MOON, 3000.0)
    assert grid.width < 15
    assert grid.pixel_of(np.radians(-179.5), 0.0)[0] > 0


def test_polar_points_get_a_polar_grid():
    rng = np.random.default_rng(0)
    grid = target_grid(rng.uniform(-np.pi, np.pi, 50), np.radians(rng.uniform(-90, -80, 50)), MOON, 500.0)
    assert not grid.is_geographic and "Polar_Stereographic" in grid.crs.replace(" ", "_")
    assert grid.pixel_size_m[0] == pytest.approx(500.0, rel=0.01)
    assert grid.body.name == "Moon"


def test_the_longest_side_is_limited():
    grid = target_grid(np.radians([0.0, 2.0]), np.radians([0.0, 40.0]), MOON, 10.0, limit=4096)
    assert 4090 <= grid.height <= 4096


def test_an_extent_snaps_outward_and_may_lie_on_edges():
    grid = target_grid(np.zeros(2), np.zeros(2), MOON, 100.0, "IAU_2015:30110", (-1000.0, -50.0, 1000.0, 250.0))
    assert (grid.width, grid.height) == (20, 4)
    assert grid.extent == (-1000.0, -100.0, 1000.0, 300.0)
    with pytest.raises(InputError, match="is empty"):
        target_grid(np.zeros(2), np.zeros(2), MOON, 100.0, None, (3.0, 0.0, 1.0, 1.0))


def test_a_crs_of_another_body_is_refused():
    with pytest.raises(InputError, match=r"Mars.*Moon"):
        target_grid(np.zeros(2), np.zeros(2), MOON, 100.0, "IAU_2015:49900")


def test_too_many_pixels_are_refused():
    with pytest.raises(InputError, match="PIXEL_SIZE"):
        target_grid(np.radians([0.0, 90.0]), np.radians([0.0, 60.0]), MOON, 1.0)


def test_spacing_is_that_of_neighbours_in_the_file():
    lon, lat = np.meshgrid(np.arange(50) * 1e-4, np.arange(40) * 3e-4)
    assert point_spacing(lon.ravel(), lat.ravel(), MOON) == pytest.approx(173.74, rel=1e-3)


def test_without_a_crs_an_extent_is_in_degrees_or_the_inputs_crs_and_is_carried_to_the_one_chosen():
    lon, lat = np.radians([5.0, 9.0]), np.radians([77.0, 80.0])  # so high that the grid is polar stereographic
    grid = target_grid(lon, lat, MOON, 1000.0, None, (5.0, 76.0, 10.0, 78.0))
    assert not grid.is_geographic
    inside, outside = np.radians([[5.1, 9.9, 7.0], [76.1, 77.9, 77.0]]), np.radians([[7.0, 7.0], [75.0, 79.0]])
    column, row = grid.pixel_of(*inside)
    assert ((column > -0.5) & (column < grid.width - 0.5) & (row > -0.5) & (row < grid.height - 0.5)).all()
    column, row = grid.pixel_of(*outside)
    assert ((row < -0.5) | (row > grid.height - 0.5)).all()
    metres = np.radians(1.0) * MOON.radius_m
    own = target_grid(lon, np.radians([10.0, 20.0]), MOON, 3000.0, None, [5 * metres, 0, 10 * metres, metres],
                      extent_crs="IAU_2015:30110")  # fmt: skip
    assert own.is_geographic and own.extent == pytest.approx((5.0, 0.0, 10.0, 1.0), abs=0.2)
    turn = target_grid(lon, lat * 0, MOON, 3000.0, None, (185.0, -1.0, 190.0, 1.0))
    assert turn.extent[0] == pytest.approx(185.0, abs=0.1)
    with pytest.raises(InputError, match="EXTENT is on Mars"):
        target_grid(lon, lat, MOON, 1000.0, None, (5.0, 76.0, 10.0, 78.0), extent_crs="IAU_2015:49900")
