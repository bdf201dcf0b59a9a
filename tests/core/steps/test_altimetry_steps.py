"""Altimetry through the commands: wild shots found, altitudes mapped with certainty and an honest sigma."""

from __future__ import annotations

import numpy as np
import pytest

from planetary_dtm.core.altimetry.readers import read_shots
from planetary_dtm.core.altimetry.search import ShotIndex
from planetary_dtm.core.bodies import body_named
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


def _refused(capsys, *arguments):
    assert main([str(a) for a in arguments]) == 1
    return capsys.readouterr().err


def _table(path, lon, lat, altitude):
    write_table(path, {"lon": lon, "lat": lat, "altitude": altitude})
    return path


def test_shots_all_at_one_place_are_named(tmp_path, capsys):
    path = _table(tmp_path / "one.csv", np.full(40, 3.0), np.full(40, 4.0), np.arange(40.0))
    for name, output in (("filteraltimetry", "o.csv"), ("certaintymap", "o.tif")):
        said = _refused(capsys, name, "--input", path, "--body", "Moon", "--output", tmp_path / output)
        assert "one place" in said and "Traceback" not in said


def test_few_places_are_kept_with_a_warning(tmp_path, capsys):
    path = _table(tmp_path / "two.csv", np.repeat([3.0, 3.1], 20), np.full(40, 4.0), np.arange(40.0))
    assert main(["filteraltimetry", "--input", str(path), "--body", "Moon", "--output", str(tmp_path / "o.csv")]) == 0
    assert "fewer than 20 places" in capsys.readouterr().err
    assert len(read_table(tmp_path / "o.csv")) == 40


def test_an_output_never_takes_its_inputs_place(shots, tmp_path, capsys):
    path = tmp_path / "a.csv"
    path.write_bytes(shots[0].read_bytes())
    before = path.read_bytes()
    (tmp_path / "link.csv").symlink_to(path)
    for target in (path, tmp_path / "link.csv", tmp_path / ".." / tmp_path.name / "a.csv"):
        assert "is the file of INPUT" in _refused(
            capsys, "filteraltimetry", "--input", path, "--body", "Moon", "--output", target
        )
    o = tmp_path / "o.csv"
    said = _refused(capsys, "filteraltimetry", "--input", path, "--body", "Moon", "--output", o, "--output-outliers", o)
    assert "is the file of OUTPUT" in said
    assert path.read_bytes() == before


def test_units_that_are_not_metres_and_degrees_are_named(shots, tmp_path, capsys):
    table = read_table(shots[0])
    lon, lat, altitude = (table.numbers(name) for name in ("lon", "lat", "altitude"))
    path = _table(tmp_path / "km.csv", lon, lat, 1737.4 + altitude / 1000)
    said = _refused(capsys, "filteraltimetry", "--input", path, "--body", "Moon", "--output", tmp_path / "o.csv")
    assert "radius of Moon in kilometres" in said
    given = ("--body", "Moon", "--output", str(tmp_path / "o.csv"))
    path = _table(tmp_path / "rad.csv", np.radians(lon), np.radians(lat), altitude)
    assert main(["filteraltimetry", "--input", str(path), *given]) == 0
    assert "if they are radians" in capsys.readouterr().err
    path = _table(tmp_path / "altitude_km.csv", lon, lat, altitude / 1000)
    assert main(["filteraltimetry", "--input", str(path), *given]) == 0
    assert "if they are kilometres" in capsys.readouterr().err
    assert main(["filteraltimetry", "--input", str(shots[0]), *given]) == 0
    assert "Warning" not in capsys.readouterr().err


def test_a_map_far_from_any_shot_is_refused(shots, tmp_path, capsys):
    target = tmp_path / "o.tif"
    common = ("certaintymap", "--input", shots[0], "--body", "Moon", "--pixel-size", 3000, "--output", target)
    assert "from the nearest shot" in _refused(capsys, *common, "--extent", 60, -20, 61, -19)
    assert main([str(a) for a in (*common, "--extent", 9, 19, 14, 24)]) == 0 and target.exists()
    assert main([str(a) for a in (*common, "--extent", 9, 15, 14, 25)]) == 0
    said = capsys.readouterr().err
    raster = Raster(target)
    lon, lat = raster.grid.lonlat_of(*np.meshgrid(np.arange(raster.grid.width), np.arange(raster.grid.height)))
    taken = read_shots(shots[0], body_named("Moon"))
    far = ShotIndex(taken.lon, taken.lat, taken.body.radius_m).nearest(lon, lat, 1)[0] > 7.0 / 1700.0 * 1_737_400.0
    assert far.mean() > 0.1 and f"{far.mean():.0%} of the cells lie farther than DMAX (7.2 km) from every shot" in said


def test_cells_larger_than_asked_are_told(shots, tmp_path, capsys):
    arguments = ("certaintymap", "--input", shots[0], "--body", "Moon", "--output", tmp_path / "o.tif")
    extent = ("--extent", 10, 20, 12, 20.001)
    assert main([str(a) for a in (*arguments, *extent, "--pixel-size", 10)]) == 0
    grid = Raster(tmp_path / "o.tif").grid
    assert grid.width <= 4096
    assert f"they are {grid.pixel_size_m[1]:.4g} m wide" in capsys.readouterr().err
    assert main([str(a) for a in (*arguments, *extent, "--pixel-size", 100)]) == 0
    assert "m wide" not in capsys.readouterr().err
