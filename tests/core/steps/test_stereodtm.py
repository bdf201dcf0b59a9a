"""The stereo chain in one step, on a small scanner over smooth terrain: results, refusals, cancelling, full disks."""

import gc
import json
import os
import re
import shutil
import subprocess
import time
from dataclasses import replace

import numpy as np
import pytest
from osgeo import gdal

from planetary_dtm.core.camera.csm_export import write_csm_states
from planetary_dtm.core.camera.sensor import View, load_sensor, sensor_to_json
from planetary_dtm.core.errors import CancelledError, InputError
from planetary_dtm.core.rasters import Raster
from planetary_dtm.core.resection.joint import joint_path
from planetary_dtm.core.resection.tables import read_eops, write_eops, write_gcps
from planetary_dtm.core.simulation.images import Light, render
from planetary_dtm.core.simulation.scene import scanline_ends, simulate, with_lateral_noise
from planetary_dtm.core.simulation.terrain import PaperTerrain
from planetary_dtm.core.steps import step
from planetary_dtm.core.tables import write_table

LINES, SAMPLES = 460, 192  # base over height is 0.1 only, to keep the scene small: a tenth of a pixel is 120 m
VIEWS = ("backward", "nadir", "forward")


def do(step_id, progress=None, **values):
    chosen = step(step_id)
    return chosen.run(**chosen.checked(values), **({} if progress is None else {"progress": progress}))


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """A folder as simulatescene makes it, of a scanner whose views see the same ground soon after each other."""
    folder = tmp_path_factory.mktemp("stereo")
    flown = simulate("ce1", PaperTerrain(), LINES, seed=1, start_latitude=np.radians(30.0))
    views = tuple(View(name, px) for name, px in zip(VIEWS, (-2.3, 0.0, 2.3)))
    sensor = replace(flown.sensor, samples=SAMPLES, principal_sample=(SAMPLES - 1) / 2, views=views)
    flown = replace(flown, sensor=sensor, control=scanline_ends(sensor, flown.terrain, flown.truth))
    (folder / "sensor.json").write_text(json.dumps(sensor_to_json(sensor)))
    radius = flown.terrain.radius_m
    write_gcps(folder / "gcps.csv", with_lateral_noise(flown.control, radius, 2.0, 1), sensor)
    write_eops(folder / "eops.csv", flown.truth, radius)
    shots = {"lon": np.degrees(flown.shots.lon), "lat": np.degrees(flown.shots.lat), "altitude": flown.shots.altitude}
    write_table(folder / "altimetry.csv", shots)
    for index, name in enumerate(VIEWS):
        write_grey(folder / f"{name}.tif", render(flown, index, Light(), 1).grey, name)
    return folder


def write_grey(path, grey, view):
    made = gdal.GetDriverByName("GTiff").Create(str(path), grey.shape[1], grey.shape[0], 1, gdal.GDT_UInt16)
    made.SetMetadata({"VIEW": view})
    made.GetRasterBand(1).WriteArray(np.rint(np.clip(grey * (10_000 / grey.mean()), 1, 65535)).astype(np.uint16))


def known(scene, *views):
    """Images, sensor and true orientation."""
    images = [str(scene / f"{view}.tif") for view in views or VIEWS]
    return {"IMAGES": images, "SENSOR": str(scene / "sensor.json"), "EOPS": str(scene / "eops.csv")}


def test_dense_matches_are_held_to_their_epipolar_lines(scene, tmp_path):
    pair = {"IMAGE_A": str(scene / "nadir.tif"), "IMAGE_B": str(scene / "forward.tif")}
    where = {"SENSOR": str(scene / "sensor.json"), "EOPS": str(scene / "eops.csv")}
    plain = do("densematch", **pair, OUTPUT=str(tmp_path / "plain.tif"))
    found = do("densematch", **pair, **where, OUTPUT=str(tmp_path / "held.tif"))
    said = re.search(r"(\d+) matches with forward.tif miss .* ([\d.]+) px aside", " ".join(found.notes))
    missed = int(said[1])
    assert float(said[2]) < 0.5 and not found.warnings
    lost = (plain.outputs["MATCHED"] - found.outputs["MATCHED"]) * LINES * SAMPLES
    assert lost == pytest.approx(missed, abs=0.5) and missed < 0.02 * LINES * SAMPLES
    with pytest.raises(InputError, match="EOPS is missing|SENSOR is missing"):
        do("densematch", **pair, SENSOR=where["SENSOR"], OUTPUT=str(tmp_path / "no.tif"))
    with pytest.raises(InputError, match="No camera is named 'aft'"):
        do("densematch", **pair, **where, VIEW_B="aft", OUTPUT=str(tmp_path / "no.tif"))
    with pytest.raises(InputError, match="192 samples a line and camera 'nadir' 512"):
        do("densematch", **pair, SENSOR="ce1", EOPS=where["EOPS"], OUTPUT=str(tmp_path / "no.tif"))
    assert not (tmp_path / "no.tif").exists()


def error_of(path):
    """DTM minus truth, (R, C) m."""
    dtm = Raster(path)
    values, valid = dtm.read()
    column, row = np.meshgrid(np.arange(dtm.grid.width), np.arange(dtm.grid.height))
    return np.where(valid, values - PaperTerrain().height(*dtm.grid.lonlat_of(column, row)), np.nan)


def test_images_and_control_become_a_levelled_dtm_with_everything_beside(scene, tmp_path):
    for view in VIEWS:  # names that would be markup in a page
        shutil.copy(scene / f"{view}.tif", tmp_path / f"{view} & <b>.tif")
    out = tmp_path / "out"
    out.mkdir()
    told = []
    done = do(
        "stereodtm",
        lambda fraction, message: told.append((fraction, message)) or True,
        IMAGES=[str(tmp_path / f"{view} & <b>.tif") for view in VIEWS],
        SENSOR=str(scene / "sensor.json"),
        GCPS=str(scene / "gcps.csv"),
        ALTIMETRY=str(scene / "altimetry.csv"),
        OUTPUT=str(out / "dtm.tif"),
        OUTPUT_EOPS=str(out / "eops.csv"),
        OUTPUT_POINTS=str(out / "points.las"),
        OUTPUT_REPORT=str(out / "report.html"),
    )
    names = {path.name for path in out.iterdir()}
    assert names == {"dtm.tif", "eops.csv", joint_path("eops.csv").name, "points.las", "report.html"}
    dtm = Raster(out / "dtm.tif")
    assert [dtm.band_name(band) for band in (1, 2, 3)] == ["height", "sigma", "count"]
    assert dtm.metadata["LEVELLED_TO"] == "altimetry.csv" and dtm.metadata["LEVELLING"] == "rigid"
    error = error_of(out / "dtm.tif")
    assert np.nanmedian(np.abs(error)) < 110 and np.isfinite(error).mean() > 0.6
    sigma, there = dtm.read(band=2)
    assert 0.4 < np.nanstd(error) / np.median(sigma[there]) < 2.5
    count, _ = dtm.read(band=3)
    assert 0.75 < count.sum() / done.outputs["COUNT"] <= 1.0  # what moved past the rim is gone
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0 and len(fractions) > 30
    sensor = load_sensor(scene / "sensor.json")
    assert len(read_eops(out / "eops.csv", sensor)) == LINES
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "nadir &amp; &lt;b&gt;.tif" in page and "& <b>" not in page
    for heading in (
        *("Result", "Images", "Coverage and geometry", "Matching", "Intersection", "Orientation along the orbit"),
        *("Difference to altimetry.csv", "Sigma of the heights", "Streaks", "Parameters", "How it ran"),
    ):
        assert f">{heading}</h2>" in page
    assert page.count("data:image/png") == 8 and "://" not in re.sub(r"data:[^\"]+", "", page)
    assert "trajectory" in page and "SIGMA_LATERAL" not in page and any("join the views" in said for said in done.notes)


def test_it_is_the_steps_one_after_the_other(scene, tmp_path):
    given = known(scene, "nadir", "forward")
    do("stereodtm", **given, OUTPUT=str(tmp_path / "dtm.tif"))
    nadir, forward = given.pop("IMAGES")
    matches, points = str(tmp_path / "m.tif"), str(tmp_path / "p.las")
    do("densematch", IMAGE_A=nadir, IMAGE_B=forward, OUTPUT=matches)
    do("intersect", MATCHES=[matches], **given, OUTPUT=points)
    do("pointstodtm", INPUT=points, OUTPUT=str(tmp_path / "steps.tif"))
    for band in (1, 2, 3):
        one, other = (Raster(tmp_path / name).read(band=band)[0] for name in ("dtm.tif", "steps.tif"))
        np.testing.assert_array_equal(one, other)
    assert np.nanmedian(np.abs(error_of(tmp_path / "dtm.tif"))) < 130


def test_camera_models_take_the_place_of_sensor_and_eops(scene, tmp_path):
    sensor = load_sensor(scene / "sensor.json")
    write_csm_states(tmp_path / "csm", sensor, read_eops(scene / "eops.csv", sensor))
    images = known(scene)["IMAGES"]
    cameras = sorted(str(path) for path in (tmp_path / "csm").glob("*.json"))
    done = do("stereodtm", IMAGES=images, VIEWS=views_of(cameras), CAMERAS=cameras, OUTPUT=str(tmp_path / "dtm.tif"))
    assert not done.warnings
    assert np.nanmedian(np.abs(error_of(tmp_path / "dtm.tif"))) < 110 and done.outputs["RAY_MISS"] < 60


def views_of(cameras):
    """The cameras' names in the order of the images."""
    named = [os.path.basename(path).split(".")[0] for path in cameras]
    return ", ".join(next(name for name in named if view in name) for view in VIEWS)


def test_orientation_of_some_lines_gives_some_terrain_and_says_so(scene, tmp_path):
    rows = (scene / "eops.csv").read_text().splitlines(keepends=True)
    (tmp_path / "part.csv").write_text("".join(rows[:301]))
    given = {**known(scene, "nadir", "forward"), "EOPS": str(tmp_path / "part.csv")}
    done = do("stereodtm", **given, OUTPUT=str(tmp_path / "dtm.tif"))
    assert len(done.warnings) == 2
    assert "covers 300 of the 460 lines of 'nadir.tif'" in done.warnings[0]
    assert np.nanmedian(np.abs(error_of(tmp_path / "dtm.tif"))) < 130


def test_images_of_another_orientation_are_told(scene, tmp_path):
    """Turned, or with the views exchanged: they match, but their rays pass each other."""
    grey = Raster(scene / "forward.tif").read()[0]
    write_grey(tmp_path / "turned.tif", grey[::-1, ::-1], "forward")
    given = known(scene, "nadir", "forward")
    turned = {**given, "IMAGES": [given["IMAGES"][0], str(tmp_path / "turned.tif")]}
    exchanged = {**given, "VIEWS": "forward, nadir"}
    for number, wrong in enumerate((turned, exchanged)):
        out = {"OUTPUT": str(tmp_path / f"{number}.tif"), "OUTPUT_REPORT": str(tmp_path / f"{number}.html")}
        done = do("stereodtm", **wrong, **out)
        (said,) = done.warnings
        assert "do not trust the terrain; an image may be turned" in said
        assert (tmp_path / f"{number}.html").read_text(encoding="utf-8").count(said) == 1


def refused(tmp_path, step_id="stereodtm", **values):
    """The one sentence of a refusal, that leaves nothing behind."""
    before = set(tmp_path.iterdir())
    with pytest.raises(InputError) as told:
        do(step_id, **values)
    assert set(tmp_path.iterdir()) == before
    sentence = str(told.value)
    assert sentence.endswith(".") and "\n" not in sentence and ". " not in sentence.replace("e.g. ", "")
    return sentence


def test_bad_input_is_one_sentence_and_leaves_nothing(scene, tmp_path):
    out = {"OUTPUT": str(tmp_path / "dtm.tif")}
    pair = known(scene, "nadir", "forward")
    images = {"IMAGES": pair["IMAGES"]}
    assert "two or more" in refused(tmp_path, **known(scene, "nadir"), **out)
    assert "where the images were taken" in refused(tmp_path, **images, **out)
    assert "SENSOR is missing" in refused(tmp_path, **images, GCPS=str(scene / "gcps.csv"), **out)
    assert "give one of them" in refused(tmp_path, **pair, GCPS=str(scene / "gcps.csv"), **out)
    assert "OUTPUT_EOPS" in refused(tmp_path, **pair, **out, OUTPUT_EOPS=str(tmp_path / "e.csv"))
    assert "2 images" in refused(tmp_path, **pair, VIEWS="nadir", **out)
    twice = {**pair, "IMAGES": pair["IMAGES"][:1] * 2}
    assert "'nadir.tif' is given twice" in refused(tmp_path, **twice, VIEWS="nadir, forward", **out)
    assert "Two images are of view 'nadir'" in refused(tmp_path, **pair, VIEWS="nadir, nadir", **out)
    assert "No camera is named 'left'" in refused(tmp_path, **pair, VIEWS="nadir, left", **out)
    assert "must end in .tif" in refused(tmp_path, **pair, OUTPUT=str(tmp_path / "dtm.png"))
    wide = {**pair, "SENSOR": "ce1"}
    assert "192 samples" in refused(tmp_path, **wide, **out) and "512" in refused(tmp_path, **wide, **out)
    rows = (scene / "eops.csv").read_text().splitlines(keepends=True)
    moved = [rows[0], *(f"{5000 + number},{row.partition(',')[2]}" for number, row in enumerate(rows[1:]))]
    (tmp_path / "elsewhere.csv").write_text("".join(moved))
    late = {**pair, "EOPS": str(tmp_path / "elsewhere.csv")}
    assert "covers lines 5000 to 5459" in refused(tmp_path, **late, **out)


def test_broken_camera_files_are_named(scene, tmp_path):
    sensor = load_sensor(scene / "sensor.json")
    write_csm_states(tmp_path / "csm", sensor, read_eops(scene / "eops.csv", sensor))
    good = sorted(str(path) for path in (tmp_path / "csm").glob("*.json"))
    broken = tmp_path / "csm" / os.path.basename(good[0])
    text = broken.read_text()
    out = {"IMAGES": known(scene)["IMAGES"], "VIEWS": views_of(good), "OUTPUT": str(tmp_path / "dtm.tif")}
    broken.write_text(text[: len(text) // 2])
    assert "is not whole JSON" in refused(tmp_path, **out, CAMERAS=good)
    broken.write_text(text.replace('"m_focalLength"', '"m_focus"'))
    sentence = refused(tmp_path, **out, CAMERAS=good)
    assert '"m_focalLength"' in sentence and broken.name in sentence


@pytest.mark.parametrize("at", [0.05, 0.3, 0.55, 0.83])
def test_cancel_stops_within_a_second_and_leaves_nothing(scene, tmp_path, at):
    asked = []

    def progress(fraction, message):
        if fraction >= at:
            asked.append(time.monotonic())
        return fraction < at

    given = known(scene, "nadir", "forward")
    with pytest.raises(CancelledError):
        do("stereodtm", progress, **given, OUTPUT=str(tmp_path / "d.tif"), OUTPUT_REPORT=str(tmp_path / "r.html"))
    assert time.monotonic() - asked[0] < 1.0 and not list(tmp_path.iterdir())


@pytest.fixture
def small_disk(tmp_path):
    """A disk of a size; only root may make one."""
    made = []

    def mount(kilobytes):
        place = tmp_path / f"disk{kilobytes}"
        place.mkdir()
        ended = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", place], check=False)
        if ended.returncode:
            pytest.skip("mounting a small disk needs root")
        made.append(place)
        return place

    yield mount
    gc.collect()  # errors keep the files of their frames open
    for place in made:
        subprocess.run(["umount", "--lazy", place], check=True)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounting a small disk needs root")
@pytest.mark.parametrize("kilobytes", [64, 1000, 2500])
def test_a_full_disk_is_one_sentence_and_nothing_half_written(scene, small_disk, kilobytes):
    disk = small_disk(kilobytes)
    given = known(scene, "nadir", "forward")
    said = refused(disk, **given, OUTPUT=str(disk / "dtm.tif"))
    assert str(disk) in said and ".part" not in said  # the hidden folder on the way is nobody's business
