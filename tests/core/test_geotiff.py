"""DTMs are written whole or not at all, with overviews and what their bands mean."""

from __future__ import annotations

import numpy as np
import pytest
from osgeo import gdal

from planetary_dtm.core import progress
from planetary_dtm.core.errors import CancelledError, InputError
from planetary_dtm.core.geotiff import NODATA, Band, write_dtm, write_image, writing_dtm
from planetary_dtm.core.progress import hearing
from planetary_dtm.core.rasters import Grid, Raster, Window

MOON = "IAU_2015:30100"
GRID = Grid(40, 30, (10.0, 0.01, 0.0, 20.0, 0.0, -0.01), MOON)


def height(grid=GRID):
    values = np.add.outer(np.arange(grid.height), np.arange(grid.width) / 100.0)
    values[3, 4] = np.nan
    return values


def test_written_dtm_reads_back(tmp_path):
    path = tmp_path / "dtm.tif"
    write_dtm(path, GRID, [height(), height() * 0 + 5], [Band("height"), Band("sigma")], {"LEVELLED": "YES"})
    raster = Raster(path)
    values, valid = raster.read()
    assert raster.grid.transform == pytest.approx(GRID.transform, abs=1e-12)
    assert raster.grid.body.name == "Moon"
    assert (raster.band_name(1), raster.unit(1), raster.band_name(2)) == ("height", "m", "sigma")
    assert raster.metadata["LEVELLED"] == "YES"
    assert not valid[3, 4] and valid.sum() == valid.size - 1
    assert np.array_equal(values[valid], height().astype(np.float32)[valid])
    dataset = gdal.Open(str(path))
    assert dataset.GetRasterBand(1).GetNoDataValue() == NODATA
    assert dataset.GetMetadataItem("LAYOUT", "IMAGE_STRUCTURE") == "COG"
    assert [file.name for file in tmp_path.iterdir()] == ["dtm.tif"]


def test_large_dtm_has_overviews(tmp_path):
    grid = Grid(1200, 1100, (0.0, 10.0, 0.0, 0.0, 0.0, -10.0), "IAU_2015:30110")
    with writing_dtm(tmp_path / "big.tif", grid, [Band("height")], {}) as writer:
        for row in range(0, 1100, 550):
            writer.write([np.full((550, 1200), float(row))], 0, row)
    assert gdal.Open(str(tmp_path / "big.tif")).GetRasterBand(1).GetOverviewCount() >= 1
    values, _ = Raster(tmp_path / "big.tif").read(Window(5, 545, 3, 10))
    assert values[:5].max() == 0 and values[5:].min() == 550


@pytest.mark.parametrize("error", [ValueError, CancelledError])
def test_failed_write_leaves_nothing_and_keeps_what_was_there(tmp_path, error):
    path = tmp_path / "dtm.tif"
    path.write_bytes(b"older")
    with pytest.raises(error), writing_dtm(path, GRID, [Band("height")], {}) as writer:
        writer.write([height()])
        raise error("stop")
    assert [file.name for file in tmp_path.iterdir()] == ["dtm.tif"]
    assert path.read_bytes() == b"older"


def test_cancel_while_writing_leaves_nothing(tmp_path):
    with pytest.raises(CancelledError):
        write_dtm(tmp_path / "dtm.tif", GRID, [height()], [Band("height")], {}, progress=lambda f, m="": False)
    assert not list(tmp_path.iterdir())


def test_a_cancel_is_heard_between_strips_of_grey_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "_PATIENCE_S", -1.0)
    grid = GRID.resized(64, 4096)
    values = (np.arange(4096)[:, None] % 251 * np.ones(64)).astype(np.uint8)
    write_image(tmp_path / "whole.tif", grid, values, {})
    np.testing.assert_array_equal(Raster(tmp_path / "whole.tif").read()[0], values)
    asked = []

    def goes_on(fraction, message=""):
        asked.append(fraction)
        return len(asked) < 3

    with pytest.raises(CancelledError), hearing(goes_on):
        write_image(tmp_path / "cut.tif", grid, values, {})
    assert [path.name for path in tmp_path.iterdir()] == ["whole.tif"]


@pytest.mark.parametrize("name", ["missing/dtm.tif", "dtm.png", "."])
def test_unwritable_output_is_one_sentence(tmp_path, name):
    with pytest.raises(InputError, match=r"^Output .*\.$"):
        write_dtm(tmp_path / name, GRID, [height()], [Band("height")], {})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("code", [49901, 49902, 49911, 49931])
def test_a_crs_that_a_geotiff_would_lose_is_refused(tmp_path, code):
    grid = Grid(4, 3, (10.0, 1.0, 0.0, 20.0, 0.0, -1.0), f"IAU_2015:{code}")
    with pytest.raises(InputError, match="cannot hold CRS 'Mars"):
        write_dtm(tmp_path / "d.tif", grid, [np.zeros((3, 4))], [Band("height")], {})
    with pytest.raises(InputError, match="sphere"):
        write_image(tmp_path / "g.tif", grid, np.zeros((3, 4), np.uint8), {})
