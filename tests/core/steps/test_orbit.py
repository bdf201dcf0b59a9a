"""Many orbits in one run: merged better than each, crossovers honest, interrupted or not the same bytes."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from math import pi
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal

from planetary_dtm.core.camera.sensor import View, load_sensor, sensor_to_json
from planetary_dtm.core.cluster.lock import sole_worker
from planetary_dtm.core.errors import CancelledError, InputError
from planetary_dtm.core.rasters import Raster
from planetary_dtm.core.resection.joint import JointCovariance
from planetary_dtm.core.resection.tables import read_eops, write_eops, write_gcps
from planetary_dtm.core.simulation.images import Light, render
from planetary_dtm.core.simulation.orbit import orbital_plane
from planetary_dtm.core.simulation.scene import scanline_ends, simulate, with_lateral_noise
from planetary_dtm.core.simulation.terrain import PaperTerrain
from planetary_dtm.core.steps import orbit, orbit_units, step
from planetary_dtm.core.steps.orbit_scenes import read_scenes, segments_of
from planetary_dtm.core.steps.orbit_units import Making, Orienting, cut, cut_joint, make, orient

# Dask leaves sockets and loops to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

SAMPLES = 160
VIEWS = ("backward", "nadir", "forward")
SWATH = SAMPLES * 120.0 / 1_737_400.0  # rad


def do(step_id, progress=lambda fraction, message="": True, **values):
    chosen = step(step_id)
    return chosen.run(**chosen.checked(values), progress=progress)


def write_orbit(folder, lines, seed, node):
    """A folder as simulatescene makes it, of a narrow scanner whose views follow each other closely."""
    folder.mkdir(parents=True)
    plane = orbital_plane(pi / 2, node)
    flown = simulate("ce1", PaperTerrain(), lines, seed=seed, start_latitude=np.radians(30.0), plane=plane)
    views = tuple(View(name, px) for name, px in zip(VIEWS, (-2.3, 0.0, 2.3)))
    sensor = replace(flown.sensor, samples=SAMPLES, principal_sample=(SAMPLES - 1) / 2, views=views)
    # The attitude of one orbit for all, so that they overlap by where they fly.
    usual = simulate("ce1", PaperTerrain(), 2, seed=1).orbit
    orbit = replace(flown.orbit, rates=usual.rates, phases=usual.phases)
    t = flown.flown(flown.truth.line)
    truth = replace(flown.truth, position=orbit.position(t), angles=orbit.angles(t))
    flown = replace(flown, orbit=orbit, sensor=sensor, truth=truth, control=scanline_ends(sensor, flown.terrain, truth))
    radius = flown.terrain.radius_m
    (folder / "sensor.json").write_text(json.dumps(sensor_to_json(sensor)))
    write_gcps(folder / "gcps.csv", with_lateral_noise(flown.control, radius, 2.0, seed), sensor)
    write_eops(folder / "truth.csv", truth, radius)
    for index, name in enumerate(VIEWS):
        grey = render(flown, index, Light(), seed).grey
        made = gdal.GetDriverByName("GTiff").Create(str(folder / f"{name}.tif"), SAMPLES, lines, 1, gdal.GDT_UInt16)
        made.SetMetadata({"VIEW": name})
        made.GetRasterBand(1).WriteArray(np.rint(np.clip(grey * (10_000 / grey.mean()), 1, 65535)).astype(np.uint16))


@pytest.fixture(scope="module")
def orbits(tmp_path_factory):
    folder = tmp_path_factory.mktemp("orbits")
    write_orbit(folder / "one", 460, 1, 0.4)
    write_orbit(folder / "two", 460, 2, 0.4 + 0.4 * SWATH / np.cos(np.radians(31.0)))
    return folder


def options(orbits, output, **more):
    return {"SCENES_FOLDER": str(orbits), "PIXEL_SIZE": 240.0, "WORKERS": 1, "OUTPUT": str(output), **more}


@pytest.fixture(scope="module")
def whole(orbits):
    path = orbits.parent / "whole.tif"
    return path, do("orbit", **options(orbits, path, OUTPUT_REPORT=str(orbits.parent / "whole.html")))


def error_of(path):
    """DTM minus truth, and sigma, (R, C) m."""
    dtm = Raster(path)
    (values, valid), (sigma, _) = dtm.read(), dtm.read(band=2)
    column, row = np.meshgrid(np.arange(dtm.grid.width), np.arange(dtm.grid.height))
    return np.where(valid, values - PaperTerrain().height(*dtm.grid.lonlat_of(column, row)), np.nan), sigma


def on_grid(path, grid):
    """DTM minus truth on another grid of the same pixels, NaN where there is none."""
    own = Raster(path).grid
    row = round((grid.transform[3] - own.transform[3]) / own.transform[1])
    column = round((own.transform[0] - grid.transform[0]) / own.transform[1])
    error = np.full((grid.height, grid.width), np.nan)
    error[row : row + own.height, column : column + own.width] = error_of(path)[0]
    return error


def test_what_both_orbits_saw_is_better_than_one_alone(orbits, whole, tmp_path):
    path, made = whole
    alone = []
    grid = Raster(path).grid
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).symlink_to(orbits / name)
        do("orbit", **options(tmp_path / name, tmp_path / f"{name}.tif", CRS=grid.crs))
        alone.append(on_grid(tmp_path / f"{name}.tif", grid))
    both = np.isfinite(alone[0]) & np.isfinite(alone[1])
    error, sigma = error_of(path)
    rms = [np.sqrt(np.median(e[both] ** 2)) for e in (error, *alone)]
    # Independent errors of equal size would halve.
    assert both.mean() > 0.1 and rms[0] < min(rms[1:])
    assert np.isfinite(error[np.isfinite(alone[0])]).all() and np.isfinite(error[np.isfinite(alone[1])]).all()
    # crossovers: what the two really differ by
    apart = (alone[0] - alone[1])[both]
    note = next(text for text in made.notes if text.startswith("one - two"))
    assert f"median {np.median(apart):.1f} m" in note and f"{both.sum()} cells" in note
    assert np.median(sigma[both]) < 0.8 * np.median(sigma[~both & np.isfinite(error)])
    page = (orbits.parent / "whole.html").read_text(encoding="utf-8")
    assert "Crossovers of orbits" in page and "Differences where orbits cross" in page
    assert made.outputs["CROSSOVER_NMAD"] == pytest.approx(
        1.4826 * np.median(np.abs(apart - np.median(apart))), rel=0.02
    )
    assert (orbits.parent / "whole.manifest.jsonl").exists() and not (orbits.parent / "whole.parts").exists()


@pytest.fixture(scope="module")
def known(orbits):
    """A table of the same orbits with their orientation known."""
    rows = ["name,images,sensor,eops"]
    for name in ("one", "two"):
        images = ";".join(f"{name}/{view}.tif" for view in VIEWS)
        rows.append(f"{name},{images},{name}/sensor.json,{name}/truth.csv")
    (orbits / "scenes.csv").write_text("\n".join(rows) + "\n")
    return {"SCENES": str(orbits / "scenes.csv"), "PIXEL_SIZE": 240.0, "WORKERS": 1}


def test_what_both_saw_is_better_than_either_where_orientation_is_known(known, orbits, tmp_path):
    do("orbit", **known, OUTPUT=str(tmp_path / "both.tif"))
    grid = Raster(tmp_path / "both.tif").grid
    head, *rows = (orbits / "scenes.csv").read_text().splitlines()
    errors = [error_of(tmp_path / "both.tif")[0]]
    for number, row in enumerate(rows):
        table = orbits / f"scene_{number}.csv"
        table.write_text(f"{head}\n{row}\n")
        do("orbit", **{**known, "SCENES": str(table)}, CRS=grid.crs, OUTPUT=str(tmp_path / f"{number}.tif"))
        errors.append(on_grid(tmp_path / f"{number}.tif", grid))
    both = np.isfinite(errors).all(axis=0)
    merged, *alone = [np.sqrt(np.median(error[both] ** 2)) for error in errors]
    assert both.mean() > 0.1 and merged < min(alone)


def test_interrupted_or_by_two_workers_the_same_bytes(known, tmp_path):
    def stop(fraction, message=""):
        return "Unit 2" not in message

    cut, whole = tmp_path / "cut.tif", tmp_path / "whole.tif"
    with pytest.raises(CancelledError, match=r"Stopped with 1 of \d segments done; '.*cut\.parts' keeps them"):
        do("orbit", stop, **known, OUTPUT=str(cut))
    assert not cut.exists() and len(list((tmp_path / "cut.parts").glob("*.tif"))) == 1
    made = do("orbit", **known, OUTPUT=str(cut))
    assert "(1 were done before)" in made.notes[0]
    pytest.importorskip("distributed")
    do("orbit", **{**known, "WORKERS": 2}, OUTPUT=str(whole))
    assert cut.read_bytes() == whole.read_bytes()


def test_another_reference_dem_of_the_same_name_makes_other_segments(known, orbits, whole, tmp_path, monkeypatch):
    """Those of both would be merged; and workers elsewhere need its whole path."""
    units = []

    def stopped(work, given, *rest):
        if given:
            units.append(given)
            raise CancelledError

    monkeypatch.setattr(orbit, "do_units", stopped)
    monkeypatch.chdir(tmp_path)
    shutil.copyfile(whole[0], "dem.tif")
    for _ in range(3):
        with pytest.raises(CancelledError):
            do("orbit", **known, LEVEL=True, REFERENCE_DEM="dem.tif", OUTPUT=str(tmp_path / "dtm.tif"))
        if len(units) == 2:
            os.utime("dem.tif", (1, 1))
    first, again, replaced = ({unit.segment.key for unit in given} for given in units)
    assert first == again and not first & replaced
    assert units[0][0].values["REFERENCE_DEM"] == str(tmp_path / "dem.tif")
    with pytest.raises(InputError, match=r"REFERENCE_DEM 'no\.tif' cannot be opened"):
        do("orbit", **known, LEVEL=True, REFERENCE_DEM="no.tif", OUTPUT=str(tmp_path / "dtm.tif"))


def test_a_long_orbit_is_cut_and_comes_back_whole(known, orbits, tmp_path):
    scene = read_scenes(known["SCENES"], None, None)[0]
    first, second = segments_of(scene, 230, 10, "")
    # 2.3 mm of 14 µm are 164 lines between views, a tenth more for relief
    assert (first.first, second.last) == (0, 460) and first.last == 230 + 10 + 181 and second.first == 230 - 10 - 181
    sensor = load_sensor(scene.sensor)
    own = cut(read_eops(scene.eops, sensor), second.first, second.last)
    whole = read_eops(scene.eops, sensor)
    np.testing.assert_array_equal(own.position, whole.position[second.first :])
    assert own.line[0] == 0 and len(own) == second.last - second.first
    joint = JointCovariance(0.0, 40.0, np.arange(12.0)[:, None, None, None] * np.ones((12, 3, 6, 6)))
    lines = np.array([105.0, 250.0])  # no halves, which round either way
    np.testing.assert_array_equal(
        cut_joint(joint, 50, 300).between(lines - 50, lines - 20), joint.between(lines, lines + 30)
    )


@pytest.mark.skipif(sys.platform != "linux", reason="a process is forked")
@pytest.mark.parametrize("unit", ["make", "orient"])
def test_a_segment_done_again_clears_what_a_killed_worker_left(orbits, tmp_path, monkeypatch, unit):
    """Its files are by far the largest that the work writes, and the folder stays where an orbit fails."""

    def killed(chosen, values):
        Path(values["OUTPUT"]).write_bytes(b"half")
        os.kill(os.getpid(), signal.SIGKILL)

    def refused(chosen, values):
        raise InputError("No.")

    scene = read_scenes(None, str(orbits), None)[0]
    segment = segments_of(scene, 5000, 100, "")[0]
    work = make, Making(segment, str(tmp_path), None, {})
    if unit == "orient":
        work = orient, Orienting(scene, segment.key, str(tmp_path), {})
    monkeypatch.setattr(orbit_units, "_run", killed)
    child = os.fork()
    if child == 0:
        work[0](work[1])
    os.waitpid(child, 0)
    assert any(path.is_file() for path in tmp_path.rglob("*"))
    monkeypatch.setattr(orbit_units, "_run", refused)
    assert [done.file for done in work[0](work[1])] == [""] and not list(tmp_path.iterdir())


def test_one_bad_orbit_is_told_and_does_not_stop_the_others(known, orbits, tmp_path):
    grey = gdal.Open(str(orbits / "one" / "nadir.tif")).ReadAsArray()
    for view in VIEWS:  # a picture of nothing
        made = gdal.GetDriverByName("GTiff").Create(
            str(tmp_path / f"{view}.tif"), *grey.shape[::-1], 1, gdal.GDT_UInt16
        )
        made.SetMetadata({"VIEW": view})
        made.GetRasterBand(1).Fill(1000)
        del made
    table = (orbits / "scenes.csv").read_text().splitlines()[:2]
    images = ";".join(str(tmp_path / f"{view}.tif") for view in VIEWS)
    table.append(f"blank,{images},{orbits}/one/sensor.json,{orbits}/one/truth.csv")
    (orbits / "with_blank.csv").write_text("\n".join(table) + "\n")
    done = do("orbit", **{**known, "SCENES": str(orbits / "with_blank.csv")}, OUTPUT=str(tmp_path / "dtm.tif"))
    assert any(text.startswith("blank: no terrain: ") for text in done.warnings)
    assert (tmp_path / "dtm.tif").exists() and (tmp_path / "dtm.parts").exists()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_disk_that_fills_up_and_an_input_that_goes_away_end_the_run(known, orbits, tmp_path):
    """They say nothing of the orbit: without it the DTM would pass for whole."""
    small, image = tmp_path / "small", orbits / "two" / "nadir.tif"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", small], check=False).returncode:
        pytest.skip("mounting a small disk needs root")
    filler, output = small / "filler", small / "dtm.tif"

    def fill(fraction, message=""):
        if "Unit 2" in message:
            filler.write_bytes(bytes(shutil.disk_usage(small).free))
        return True

    def lose(fraction, message=""):
        if "Unit 2" in message:
            image.rename(image.with_suffix(".gone"))
        return True

    try:
        with pytest.raises(InputError, match=r"No space left on device"):
            do("orbit", fill, **known, OUTPUT=str(output))
        filler.unlink()
        assert not output.exists() and len(list((small / "dtm.parts").glob("*.tif"))) == 1
        with pytest.raises(InputError, match=r"nadir\.tif' cannot be opened"):
            do("orbit", lose, **known, OUTPUT=str(tmp_path / "dtm.tif"))
        assert not (tmp_path / "dtm.tif").exists() and len(list((tmp_path / "dtm.parts").glob("*.tif"))) == 1
        image.with_suffix(".gone").rename(image)
        made = do("orbit", **known, OUTPUT=str(output))
        assert "(1 were done before)" in made.notes[0] and not made.warnings
    finally:
        subprocess.run(["umount", "--lazy", small], check=True)  # errors keep the files of their frames open


def test_bad_scenes_are_named(known, orbits, tmp_path):
    output = {"OUTPUT": str(tmp_path / "dtm.tif")}
    with pytest.raises(InputError, match="SCENES or SCENES_FOLDER"):
        do("orbit", **output)
    with pytest.raises(InputError, match="holds no orbit"):
        do("orbit", SCENES_FOLDER=str(tmp_path), **output)
    with pytest.raises(InputError, match=r"MEMORY 452 MB is too little for orbit 'one'; give at least \d+ MB"):
        do("orbit", **known, **output, MEMORY=452.0)
    (tmp_path / "bad.csv").write_text("name,images,sensor,gcps\nx,a.tif,ce1,g.csv\n")
    with pytest.raises(InputError, match="Orbit 'x' has 1 images"):
        do("orbit", SCENES=str(tmp_path / "bad.csv"), **output)
    with sole_worker(tmp_path / "dtm.parts", "dtm.tif"), pytest.raises(InputError, match="another process"):
        do("orbit", **known, **output)


@pytest.mark.parametrize(
    "named", ["/vsicurl/http://127.0.0.1:{port}/a.tif", "/vsicurl?url=http%3A%2F%2F127.0.0.1:{port}"]
)
def test_a_table_of_orbits_does_not_reach_for_the_network(orbits, tmp_path, named):
    with socket.create_server(("127.0.0.1", 0)) as waiting:
        waiting.settimeout(0.1)
        image = named.format(port=waiting.getsockname()[1])
        (tmp_path / "scenes.csv").write_text(
            f"name,images,sensor,gcps\nx,{image};{image},ce1,{orbits / 'one' / 'gcps.csv'}\n"
        )
        with pytest.raises(InputError, match="is no file"):
            read_scenes(str(tmp_path / "scenes.csv"), None, None)
        with pytest.raises(TimeoutError):
            waiting.accept()
