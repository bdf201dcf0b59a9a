"""The grid of many DTMs: cut at the widest gap of longitude, one turn wide where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from planetary_dtm.core.bodies import body_named, spatial_reference
from planetary_dtm.core.errors import InputError
from planetary_dtm.core.geotiff import write_dtm
from planetary_dtm.core.rasters import Grid, Raster
from planetary_dtm.core.steps.orbit_merge import laid_out, write_merged
from planetary_dtm.core.steps.pointstodtm import BANDS
from planetary_dtm.core.terrain.target_grid import target_grid, whole_turn

CRS = "+proj=longlat +R=1737400 +no_defs"


def sheets(folder, wests, width=30, step=0.1):
    """DTMs of ten rows whose heights say their longitude (cosine, 100 m), the sigma 1 m."""
    made = []
    for number, west in enumerate(wests):
        grid = Grid(width, 10, (west, step, 0.0, 5.0, 0.0, -step), spatial_reference(CRS).ExportToWkt())
        lon = np.tile(np.radians(grid.xy(np.arange(width), 0)[0]), (10, 1))
        path = str(folder / f"{number}.tif")
        write_dtm(path, grid, [100 * np.cos(lon), np.ones_like(lon), np.ones_like(lon)], BANDS, {"DATUM": "x"})
        made.append((path, number, f"orbit {number}"))
    return made


def merged(folder, grid, laid):
    names = [sheet.name for sheet in laid[: 1 + max(sheet.orbit for sheet in laid)]]
    found = write_merged(str(folder / "merged.tif"), grid, laid, names, {}, 1)
    height, seen = Raster(folder / "merged.tif").read()
    lon = np.tile(np.radians(grid.xy(np.arange(grid.width), 0)[0]), (grid.height, 1))
    np.testing.assert_allclose(height[seen], (100 * np.cos(lon))[seen], atol=1e-3)
    return found, seen


@pytest.mark.parametrize("wests", [(-170.0, 9.0, 11.0), (9.0, 11.0, -170.0), (190.0, 369.0, 11.0), (11.0, 9.0, 190.0)])
def test_orbits_on_the_far_side_part_none_that_meet(tmp_path, wests):
    grid, laid = laid_out(sheets(tmp_path, wests))
    assert grid.width == 1840 and grid.height == 10
    found, seen = merged(tmp_path, grid, laid)
    assert seen.sum() == 10 * (30 + 50) and [pair.cells for pair in found.orbits] == [100]


def test_what_meets_over_the_seam_is_merged_and_the_first_keeps_its_place(tmp_path):
    grid, laid = laid_out(sheets(tmp_path, (178.0, -180.5)))
    assert grid.width == 45 and grid.transform[0] == 178.0 and [s.window.column for s in laid] == [0, 15]


def test_around_the_whole_body_the_grid_is_one_turn_wide(tmp_path):
    wests = (10.0, 100.0, -170.0, -80.0)
    grid, laid = laid_out(sheets(tmp_path, wests, width=1000))
    assert grid.width == 3600 and len(laid) == 5
    found, seen = merged(tmp_path, grid, laid)
    assert seen.all() and [pair.cells for pair in found.orbits] == [1000] * 4


def test_pixels_are_of_a_size_that_goes_around_the_body(tmp_path):
    metres = whole_turn(CRS, 7_000.0)
    assert metres == pytest.approx(7_000.0, rel=1e-3) and whole_turn("+proj=eqc +R=1737400", 7_000.0) == 7_000.0
    for size, fits in ((metres, True), (7_000.0, False)):
        lon = np.radians([[179.0, 179.9], [-179.95, -179.2]])
        grids = [target_grid(part, np.zeros(2), body_named("Moon"), size, CRS) for part in lon]
        paths = sheets(tmp_path, [grid.transform[0] for grid in grids], 20, grids[0].transform[1])
        if fits:
            assert laid_out(paths)[0].width < 40
        else:
            with pytest.raises(InputError, match="lie across the seam"):
                laid_out(paths)
