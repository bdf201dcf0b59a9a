"""Points to rasters: no bias from where in a cell a point lies, wild points left out, bands that join."""

from tempfile import TemporaryFile

import numpy as np
import pytest

from planetary_dtm.core.bodies import LonLat, body_named
from planetary_dtm.core.terrain import gridding
from planetary_dtm.core.terrain.gridding import PointSpool, fill_holes, grid_points
from planetary_dtm.core.terrain.target_grid import target_grid

SHAPE = (40, 50)


def scattered(count, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(-1.5, SHAPE[1] + 0.5, count), rng.uniform(-1.5, SHAPE[0] + 0.5, count), rng


def plane(column, row):
    return 1500.0 + 37.0 * column - 21.0 * row


CENTRES = plane(*np.meshgrid(np.arange(SHAPE[1]), np.arange(SHAPE[0])))


@pytest.mark.parametrize("count", [6000, 12000])
def test_a_tilted_plane_comes_back_exactly(count):
    column, row, rng = scattered(count)
    made = grid_points(column, row, plane(column, row), rng.uniform(1.0, 9.0, count), SHAPE)
    filled = made.count > 0
    assert np.abs(made.height - CENTRES)[filled].max() < 1e-6
    assert np.isnan(made.height[~filled]).all()
    assert filled.mean() > 0.9


def test_points_that_crowd_one_corner_of_every_cell_do_not_bias():
    """A plain mean would be off by the tilt times a third of a cell: 12 m."""
    column, row, rng = scattered(12000)
    column, row = np.rint(column) + rng.uniform(0.2, 0.45, 12000), np.rint(row) + rng.uniform(-0.45, -0.2, 12000)
    made = grid_points(column, row, plane(column, row) + rng.normal(size=12000), np.full(12000, np.nan), SHAPE)
    good = made.count > 2
    assert abs(np.mean((made.height - CENTRES)[good])) < 0.1


def test_wild_points_are_left_out():
    column, row, rng = scattered(24000)
    height = plane(column, row) + rng.normal(size=len(column))
    wild = rng.random(len(column)) < 0.03
    height[wild] += rng.choice([-1, 1], wild.sum()) * rng.uniform(300, 3000, wild.sum())
    made = grid_points(column, row, height, np.full(len(column), np.nan), SHAPE)
    error = np.abs(made.height - CENTRES)
    assert np.percentile(error, 99.5) < 3.0
    assert made.count.sum() < len(column) * (SHAPE[0] * SHAPE[1]) / ((SHAPE[0] + 2) * (SHAPE[1] + 2)) * 0.985


def test_precise_points_weigh_more_and_sigma_is_theirs():
    column, row, rng = scattered(20000)
    sigma = np.where(rng.random(20000) < 0.5, 1.0, 10.0)
    made = grid_points(column, row, plane(column, row) + sigma * rng.normal(size=20000), sigma, SHAPE)
    mixed = made.count > 6
    assert np.std((made.height - CENTRES)[mixed]) < 0.7
    assert 1.0 <= np.median(made.sigma[mixed]) < 2.0


def test_sigma_without_points_sigma_is_the_scatter_of_the_mean():
    column, row, rng = scattered(40000)
    height = plane(column, row) + 5.0 * rng.normal(size=40000)
    made = grid_points(column, row, height, np.full(40000, np.nan), SHAPE)
    ratio = (made.height - CENTRES) / made.sigma
    assert 0.9 < np.sqrt(np.mean(ratio[made.count > 10] ** 2)) < 1.35  # Student's t, few points a cell
    single = grid_points(np.array([3.0]), np.array([3.0]), np.array([7.0]), np.array([np.nan]), SHAPE)
    assert single.height[3, 3] == 7.0 and np.isnan(single.sigma[3, 3]) and single.count.sum() == 1


def test_bands_join_without_a_seam(monkeypatch):
    column, row, rng = scattered(8000)
    height, sigma = plane(column, row) + 30.0 * rng.normal(size=8000), rng.uniform(1, 3, 8000)
    whole = grid_points(column, row, height, sigma, SHAPE)
    monkeypatch.setattr(gridding, "ROWS", 7)
    with PointSpool(SHAPE) as spool:
        inside = sum(spool.add(*(v[i::3] for v in (column, row, height, sigma))) for i in range(3))
        bands = list(spool.grid())
    assert inside == int(((column > -0.5) & (column < 49.5) & (row > -0.5) & (row < 39.5)).sum())
    joined = np.concatenate([band.height for _, band in bands])
    assert [first for first, _ in bands] == list(range(0, 40, 7))
    # Only the usual spread, which guards cells of few points, is learned band by band.
    assert np.mean(np.abs(joined - whole.height)[np.isfinite(joined)] < 1e-6) > 0.95


def test_no_points_give_an_empty_raster():
    nothing = np.empty(0)
    made = grid_points(nothing, nothing, nothing, nothing, SHAPE)
    assert np.isnan(made.height).all() and not made.count.any()


def test_only_holes_inside_the_data_are_filled():
    height = np.full((30, 30), np.nan)
    height[5:25, 5:25] = CENTRES[5:25, 5:25]
    height[12:16, 12:15] = np.nan
    filled = fill_holes(height)
    assert np.isfinite(filled[5:25, 5:25]).all()
    assert np.isnan(filled).sum() == 900 - 400
    assert np.abs(filled - CENTRES[:30, :30])[12:16, 12:15].max() < 30.0
    np.testing.assert_array_equal(filled[5:12, 5:25], CENTRES[5:12, 5:25])


@pytest.mark.parametrize("pixel", [100.0, 7.3])
def test_a_lattice_on_the_cells_edges_fills_every_cell_once(pixel):
    """Places come through longitude and latitude with nine digits of a degree, as point files hold them."""
    x, y = np.meshgrid(np.arange(-3, 12) * pixel, np.arange(40, 61) * pixel)
    crs = "+proj=eqc +R=1737400 +units=m +no_defs"
    lon, lat = (np.radians(np.round(np.degrees(v), 9)) for v in LonLat(crs).from_xy(x.ravel(), y.ravel()))
    grid = target_grid(lon, lat, body_named("Moon"), pixel, crs)
    assert (grid.width, grid.height) == (15, 21)
    column, row = grid.pixel_of(lon, lat)
    with PointSpool((grid.height, grid.width)) as spool:
        assert spool.add(column, row, x.ravel(), np.ones(x.size)) == x.size
        (_, made), *_ = spool.grid()
    assert (made.count == 1).all()
    middle = x[0, 1:-1] + pixel / 2  # in the corners are too few points for a tilt
    np.testing.assert_allclose(made.height[:, 1:-1], np.tile(middle, (21, 1)), atol=1e-3 * pixel)


def test_a_raster_of_many_bands_needs_one_file(monkeypatch):
    monkeypatch.setattr(gridding, "ROWS", 2)
    made = []

    def opened(**where):
        made.append(TemporaryFile(**where))  # noqa: SIM115
        return made[-1]

    monkeypatch.setattr(gridding, "TemporaryFile", opened)
    column, row, rng = scattered(300)
    with PointSpool((4000, SHAPE[1])) as spool:
        for part in range(3):
            spool.add(column, 100 * row + 50 * part, rng.normal(size=300), np.ones(300))
        count = np.concatenate([band.count for _, band in spool.grid()])
    assert len(made) == 1 and made[0].closed
    assert count.shape == (4000, SHAPE[1]) and 700 < count.sum() <= 900
