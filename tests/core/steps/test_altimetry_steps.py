"""Altimetry through the commands: wild shots found, altitudes mapped with certainty and an honest sigma."""

from __future__ import annotations

import numpy as np
import pytest

from planetary_dtm.core.cli import main
from planetary_dtm.core.errors import InputError
from planetary_dtm.core.rasters import Raster
from planetary_dtm.core.simulation.altimeter import altimeter_shots
from planetary_dtm.core.simulation.terrain import RoughTerrain
from planetary_dtm.core.steps import step
from planetary_dtm.core.tables import read_table, write_table

TERRAIN = RoughTerrain(4)


@pytest.fixture(scope="module")
def shots(tmp_path_factory):
    """Shots over 3 x 3 degrees of rough terrain, and which are wild."""
    corner = np.radians([10.0, 13.0, 10.0, 13.0]), np.radians([20.0, 20.0, 23.0, 23.0])
    grid = np.meshgrid(*(np.linspace(c.min(), c.max(), 30) for c in corner))
    made = altimeter_shots(TERRAIN, grid[0].ravel(), grid[1].ravel(), 1)
    truth = TERRAIN.height(made.lon, made.lat)
    path = tmp_path_factory.mktemp("shots") / "altimetry.csv"
    write_table(path, {"lon": np.degrees(made.lon), "lat": np.degrees(made.lat), "altitude": made.altitude})
    return path, np.abs(made.altitude - truth) > 500


def test_wild_shots_are_found_and_good_ones_kept(shots, tmp_path):
    path, wild = shots
    kept, out = tmp_path / "kept.csv", tmp_path / "wild.gpkg"
    assert main(["filteraltimetry", "--input", str(path), "--body", "Moon", "--output", str(kept),
                 "--output-outliers", str(out)]) == 0  # fmt: skip
    lost = set(np.round(read_table(out).numbers("altitude"), 3)) & set(
        np.round(read_table(path).numbers("altitude")[~wild], 3)
    )
    assert len(lost) <= 0.02 * (~wild).sum()
    assert len(read_table(kept)) + len(read_table(out)) == wild.size
    caught = set(np.round(read_table(out).numbers("altitude"), 3))
    assert sum(round(float(a), 3) in caught for a in read_table(path).numbers("altitude")[wild]) >= 0.95 * wild.sum()


def test_certainty_map_has_its_bands_and_its_sigma_is_true(shots, tmp_path):
    kept, path = tmp_path / "kept.csv", tmp_path / "map.tif"
    main(["filteraltimetry", "--input", str(shots[0]), "--body", "Moon", "--output", str(kept)])
    made = step("certaintymap")
    made.run(**made.checked({"INPUT": str(kept), "BODY": "Moon", "PIXEL_SIZE": 900.0, "OUTPUT": str(path)}))
    raster = Raster(path)
    assert [raster.band_name(b) for b in range(1, 6)] == ["altitude", "certainty", "mu_dist", "mu_cross", "sigma"]
    altitude, mu, mu_dist, mu_cross, sigma = (raster.read(band=b)[0].astype(float) for b in range(1, 6))
    assert mu.min() >= 0 and mu.max() <= 1 and np.allclose(mu, (mu_dist + mu_cross) / 2, atol=1e-6)
    grid = raster.grid
    columns, rows = np.meshgrid(np.arange(grid.width), np.arange(grid.height))
    error = np.abs(altitude - TERRAIN.height(*grid.lonlat_of(columns, rows)))
    assert 0.58 < np.mean(error < sigma) < 0.78


def test_unusable_altimetry_is_one_sentence(tmp_path):
    (tmp_path / "a.csv").write_text("lon,lat,altitude\n1,2,300\n", "utf-8")
    for name in ("filteraltimetry", "certaintymap"):
        made = step(name)
        with pytest.raises(InputError, match="(?i)body"):
            made.run(**made.checked({"INPUT": str(tmp_path / "a.csv"), "OUTPUT": str(tmp_path / "o.tif")}))
    assert [file.name for file in tmp_path.iterdir()] == ["a.csv"]
