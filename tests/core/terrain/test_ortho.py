"""Orthoimages: known ground lands where it belongs, hidden ground stays empty, blocks and interpolation do not show."""

import numpy as np
import pytest

from planetary_dtm.core.bodies import body_named
from planetary_dtm.core.camera.frame import FrameCamera
from planetary_dtm.core.frames import east_north_up, lonlat_radius, unit_vectors
from planetary_dtm.core.rasters import Grid
from planetary_dtm.core.terrain import ortho
from planetary_dtm.core.terrain.ortho import Picture, Surface, orthorectify

MOON = body_named("Moon")
WKT = MOON.lonlat_crs().ExportToWkt(["FORMAT=WKT2_2019"])
CELL = 0.002  # degrees: 60.6 m
HEIGHT = 100_000.0


def grid_of(rows, columns, cell=CELL):
    return Grid(columns, rows, (10.0, cell, 0.0, 5.0, 0.0, -cell), WKT)


def camera_over(grid, lean=0.0, size=400):
    """A frame camera ``HEIGHT`` m up, ``lean`` (tangent) west of the grid's middle and looking at it."""
    lon, lat = grid.lonlat_of((grid.width - 1) / 2, (grid.height - 1) / 2)
    east, north, up = east_north_up(lon, lat)
    target = MOON.radius_m * up
    position = target + HEIGHT * (up - lean * east)
    axis = (position - target) / np.linalg.norm(position - target)
    across = np.cross(north, axis) / np.linalg.norm(np.cross(north, axis))
    rotation = np.column_stack([across, np.cross(axis, across), axis])
    pitch, middle = 60.0 / HEIGHT, (size - 1) / 2
    rays = np.array([[pitch, 0, -middle * pitch], [0, -pitch, middle * pitch], [0, 0, -1]])
    return FrameCamera("frame", size, size, position, rotation, rays, MOON.radius_m)


def reading(values, valid=None):
    """A reader of an array, by area means where the shape asked for is smaller."""
    known = np.isfinite(values) if valid is None else valid

    def read(window, shape):
        rows = slice(window.row, window.row + window.height)
        columns = slice(window.column, window.column + window.width)
        part, good = values[rows, columns], known[rows, columns]
        if shape != part.shape:
            step = window.height // shape[0]
            part = part.reshape(shape[0], step, shape[1], step).mean(axis=(1, 3))
            good = good.reshape(shape[0], step, shape[1], step).all(axis=(1, 3))
        return np.where(good, part, 0.0), good

    return read


def whole(blocks, grid):
    made, hidden = np.full((grid.height, grid.width), -1.0), 0
    for block in blocks:
        w = block.window
        made[w.row : w.row + w.height, w.column : w.column + w.width] = block.grey
        hidden += block.hidden
    return made, hidden


def hills(grid, height=400.0):
    row, column = np.mgrid[: grid.height, : grid.width]
    return height * np.sin(column / 17.0) * np.cos(row / 13.0)


def ground(grid, height):
    column, row = np.meshgrid(np.arange(grid.width), np.arange(grid.height))
    lon, lat = grid.lonlat_of(column, row)
    return (MOON.radius_m + height)[..., None] * east_north_up(lon, lat)[..., 2, :]


@pytest.mark.parametrize("method", ["bilinear", "cubic"])
def test_known_ground_gets_its_own_grey(method):
    grid = grid_of(150, 170)
    height, camera = hills(grid), camera_over(grid, lean=0.3)
    line, sample = np.mgrid[:400, :400].astype(float)
    image = 3.0 * line - 2.0 * sample  # linear: both ways to interpolate must give it exactly
    seen_line, seen_sample = camera.project(ground(grid, height))
    surface = Surface(grid, reading(height), float(height.max()))
    made, hidden = whole(orthorectify(camera, Picture(400, 400, reading(image)), surface, grid, method), grid)
    assert hidden == 0
    np.testing.assert_allclose(made, 3.0 * seen_line - 2.0 * seen_sample, atol=1e-6)
    flat, _ = whole(orthorectify(camera, Picture(400, 400, reading(image)), None, grid, method), grid)
    assert np.abs(flat - made).max() > 2.0  # the relief does move the image


def test_blocks_do_not_show(monkeypatch):
    grid = grid_of(120, 90)
    height, camera = hills(grid, 2000.0), camera_over(grid, lean=1.0)
    image = np.random.default_rng(0).normal(size=(400, 400))
    surface = Surface(grid, reading(height), float(height.max()))
    once, hidden = whole(orthorectify(camera, Picture(400, 400, reading(image)), surface, grid), grid)
    monkeypatch.setattr(ortho, "BLOCK", 32)
    blocks, hidden_again = whole(orthorectify(camera, Picture(400, 400, reading(image)), surface, grid), grid)
    np.testing.assert_allclose(once, blocks, atol=1e-9)
    assert hidden == hidden_again > 0


def test_a_wall_hides_as_much_ground_as_geometry_says():
    grid = grid_of(80, 200)
    wall = 1500.0
    height = np.zeros((80, 200))
    height[:, 100:103] = wall
    camera = camera_over(grid, lean=1.0)  # stands in the west: the ground east of the wall is hidden
    surface = Surface(grid, reading(height), wall)
    image = np.ones((400, 400))
    made, hidden = whole(orthorectify(camera, Picture(400, 400, reading(image)), surface, grid), grid)
    row = 40
    point = ground(grid, height)[row, 102]
    towards = camera.position - point
    up = point / np.linalg.norm(point)
    rise = towards @ up
    tangent = np.linalg.norm(towards - rise * up) / rise
    cell = CELL * np.pi / 180 * MOON.radius_m * np.cos(np.radians(4.92))
    empty = np.flatnonzero(np.isnan(made[row]))
    assert empty.min() >= 103 and abs(empty.max() - (102 + wall * tangent / cell)) <= 1.5
    assert hidden == np.isnan(made).sum() > 80 * 15
    shown, none = whole(orthorectify(camera, Picture(400, 400, reading(image)), surface, grid, occlusion=False), grid)
    assert none == 0 and np.isfinite(shown).all()


def test_nodata_of_image_and_dtm_stays_empty():
    grid = grid_of(100, 100)
    height, camera = hills(grid), camera_over(grid)
    height[20:30, 40:50] = np.nan
    image = np.ones((400, 400))
    image[200, 200] = np.nan
    surface = Surface(grid, reading(height), float(np.nanmax(height)))
    made, _ = whole(orthorectify(camera, Picture(400, 400, reading(image)), surface, grid, "cubic"), grid)
    assert np.isnan(made[20:30, 40:50]).all()
    line, sample = camera.project(ground(grid, np.nan_to_num(height)))
    near = (np.abs(line - 200) < 1) & (np.abs(sample - 200) < 1)
    assert near.any() and np.isnan(made[near]).all()
    others = ~near & np.isfinite(height)
    assert np.isfinite(made[others]).all() and np.allclose(made[others], 1.0)


def test_ground_beside_the_image_is_empty_and_coarse_maps_take_means():
    grid = grid_of(40, 40, cell=16 * CELL)
    camera = camera_over(grid)
    checked = np.indices((400, 400)).sum(axis=0) % 2.0  # a chequerboard: any single pixel is 0 or 1
    made, _ = whole(orthorectify(camera, Picture(400, 400, reading(checked), factor=8), None, grid), grid)
    inside = np.isfinite(made)
    assert 0.3 < inside.mean() < 0.7 and not inside[0].any()
    np.testing.assert_allclose(made[inside], 0.5, atol=1e-9)


def test_longitudes_of_the_other_turn_are_the_same_ground():
    grid = grid_of(60, 60)
    turned = Grid(60, 60, (370.0, CELL, 0.0, 5.0, 0.0, -CELL), WKT)
    camera, height = camera_over(grid), hills(grid)
    image = np.random.default_rng(1).normal(size=(400, 400))
    surface = Surface(turned, reading(height), float(height.max()))
    made, _ = whole(orthorectify(camera, Picture(400, 400, reading(image)), surface, grid), grid)
    same, _ = whole(
        orthorectify(camera, Picture(400, 400, reading(image)), Surface(grid, reading(height), 400.0), grid), grid
    )
    np.testing.assert_allclose(made, same, atol=1e-6)
    assert lonlat_radius(ground(grid, height))[0].max() < np.radians(11)


@pytest.mark.parametrize("crs", [WKT, "+proj=eqc +R=1737400 +units=m +no_defs"])
def test_sight_lines_go_on_over_the_seam_of_longitude(crs):
    """The same ridge, ground and camera at longitude 180, where a raster of the whole body ends, and at 0."""
    grid = world(crs)
    side = ortho._hidden(*sight(grid, 0.0, 1.0), ridge(grid, 0.0))
    assert 3 < side[:20].sum() < 17 and not side[20:].any()
    np.testing.assert_array_equal(ortho._hidden(*sight(grid, 180.0, 1.0), ridge(grid, 180.0)), side)
    west = ortho._hidden(*sight(grid, 0.0, -1.0), ridge(grid, 0.0))
    np.testing.assert_array_equal(ortho._hidden(*sight(grid, 180.0, -1.0), ridge(grid, 180.0)), west)
    # A ridge half the body away hides nothing, though the row between lies in the raster.
    assert not ortho._hidden(*sight(grid, 180.0, 1.0), ridge(grid, 0.0)).any()


def test_ground_beside_the_points_hides_them_up_to_the_rim_of_the_dtm():
    """A sight line that leaves the DTM still meets what stands on the last of it."""
    grid = grid_of(11, 60)
    height = np.zeros((11, 60))
    height[:, 52:] = 3000.0
    lon, lat = grid.lonlat_of(np.arange(44.0, 46.0), np.full(2, 5.0))
    points = MOON.radius_m * unit_vectors(lon, lat)
    origin = (MOON.radius_m + HEIGHT) * unit_vectors(lon + np.radians(3.0), lat)
    assert ortho._hidden(points, np.zeros(2), origin, Surface(grid, reading(height), 30_000.0)).all()


def world(crs):
    """All of the body at half a degree."""
    step = 0.5 if crs == WKT else np.radians(0.5) * MOON.radius_m
    return Grid(720, 360, (-360 * step, step, 0.0, 180 * step, 0.0, -step), crs)


def ridge(grid, lon):
    height = np.zeros((360, 720))
    middle = round(lon / 0.5) + 360
    height[:, np.arange(middle - 2, middle + 2) % 720] = 20_000.0
    return Surface(grid, reading(height), 20_000.0)


def sight(grid, lon, side):
    """Flat ground within 10 degrees of ``lon`` away from the ridge, its heights, and cameras 25 degrees to ``side``."""
    apart = side * np.concatenate([-np.linspace(1.2, 9.5, 20), np.linspace(1.2, 9.5, 20)])
    at = np.radians(lon + apart)
    origin = (MOON.radius_m + 3e5) * unit_vectors(at + side * np.radians(25.0), np.zeros(40))
    return MOON.radius_m * unit_vectors(at, np.zeros(40)), np.zeros(40), origin
