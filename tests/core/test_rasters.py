"""Grids place pixels exactly; files are read with their mask, whole or refused."""

from __future__ import annotations

import numpy as np
import pytest

from planetary_dtm.core import rasters
from planetary_dtm.core.errors import CancelledError, InputError
from planetary_dtm.core.geotiff import Band, write_dtm
from planetary_dtm.core.progress import hearing
from planetary_dtm.core.rasters import Grid, Raster, Window

MOON = "IAU_2015:30100"
GRID = Grid(40, 30, (10.0, 0.01, 0.0, 20.0, 0.0, -0.01), MOON)


def test_unreadable_rasters_are_one_sentence(tmp_path):
    (tmp_path / "broken.tif").write_bytes(b"II*\0garbage")
    for path in (tmp_path / "broken.tif", tmp_path / "absent.tif"):
        with pytest.raises(InputError, match="cannot be opened"):
            Raster(path)


def test_truncated_raster_is_refused_not_returned_in_part(tmp_path):
    path = tmp_path / "dtm.tif"
    noise = np.random.default_rng(0).normal(size=(600, 600))
    grid = Grid(600, 600, (0.0, 10.0, 0.0, 0.0, 0.0, -10.0), "IAU_2015:30110")
    write_dtm(path, grid, [noise], [Band("height")], {})
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match="truncated"):
        Raster(path).read()


def test_a_large_raster_is_read_in_strips_that_hear_a_cancel(tmp_path, monkeypatch):
    heights = np.random.default_rng(1).normal(size=(30, 40))
    heights[3:20, 7] = np.nan
    write_dtm(tmp_path / "dtm.tif", GRID, [heights], [Band("height")], {})
    source, window = Raster(tmp_path / "dtm.tif"), Window(2, 1, 33, 28)
    at_once = source.read(window)
    monkeypatch.setattr(rasters, "_AT_ONCE", 300)
    monkeypatch.setattr(rasters, "_STRIP", 4)
    for whole, strips in zip(at_once, source.read(window)):
        assert whole.dtype == strips.dtype and np.array_equal(whole, strips)
    monkeypatch.setattr("planetary_dtm.core.progress._PATIENCE_S", -1)
    with pytest.raises(CancelledError), hearing(lambda fraction, message="": False):
        source.read(window)


def test_extent_snaps_outward_and_is_cut_to_the_grid():
    assert GRID.window((10.011, 19.949, 10.05, 19.98)) == Window(1, 2, 4, 4)
    assert GRID.window((10.01, 19.95, 10.05, 19.98)) == Window(1, 2, 4, 3)
    assert GRID.window((0, 0, 10.02, 30)) == Window(0, 0, 2, 30)
    assert GRID.window(None) == Window(0, 0, 40, 30)


@pytest.mark.parametrize(
    "extent", [(0, 0, 1, 1), (10.1, 19.8, 10.1, 19.9), (10.2, 19.8, 10.1, 19.9), (np.nan, 0, 1, 1)]
)
def test_extent_outside_or_empty_is_refused(extent):
    with pytest.raises(InputError, match="Extent"):
        GRID.window(extent)


def test_pixels_and_longitudes_agree():
    column, row = np.array([0.0, 7.25, 39.0]), np.array([0.0, 3.5, 29.0])
    lon, lat = GRID.lonlat_of(column, row)
    assert np.degrees(lon[0]) == pytest.approx(10.005)
    assert np.degrees(lat[0]) == pytest.approx(19.995)
    back = GRID.pixel_of(lon - 2 * np.pi, lat)
    assert np.allclose(back[0], column, atol=1e-9) and np.allclose(back[1], row, atol=1e-9)


def test_ground_size_of_a_pixel():
    width, tall = GRID.pixel_size_m
    per_degree = np.pi * 1_737_400 / 180
    assert tall == pytest.approx(0.01 * per_degree, rel=1e-9)
    assert width == pytest.approx(0.01 * per_degree * np.cos(np.radians(19.85)), rel=1e-6)


def test_area_mean_ignores_nodata(tmp_path):
    grid = Grid(4, 4, (0.0, 1.0, 0.0, 0.0, 0.0, -1.0), "IAU_2015:30110")
    values = np.full((4, 4), 2.0)
    values[0, 0] = np.nan
    write_dtm(tmp_path / "a.tif", grid, [values], [Band("height")], {})
    mean, valid = Raster(tmp_path / "a.tif").read(shape=(2, 2))
    assert valid.all() and np.all(mean == 2)
