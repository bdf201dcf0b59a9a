"""What the commands read, made small by the simulator and by the commands themselves."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from osgeo import gdal

from planetary_dtm.core.camera.csm_rewrite import rewritten_state
from planetary_dtm.core.camera.csm_state import state_text
from planetary_dtm.core.camera.sensor import Sensor, View, sensor_to_json
from planetary_dtm.core.cli import main
from planetary_dtm.core.resection.model import Orientation
from planetary_dtm.core.resection.tables import write_eops, write_gcps
from planetary_dtm.core.simulation.images import Light, render
from planetary_dtm.core.simulation.scene import scanline_ends, simulate, with_lateral_noise
from planetary_dtm.core.simulation.terrain import PaperTerrain
from planetary_dtm.core.steps.tie_tables import write_tie_table
from planetary_dtm.core.tables import write_table
from planetary_dtm.tests.core.resection import narrow

LINES, SAMPLES, VIEWS = 460, 192, ("backward", "nadir", "forward")
SIDE = 640  # pixels of the view


def make_inputs(folder: Path) -> None:
    """Everything that the commands read, made by them and by the simulator."""
    _stereo_scene(folder)
    _run("simulateview", "--size", str(SIDE), "--output-folder", folder / "view")
    for name in ("image.tif", "truth_dtm.tif"):
        (folder / "view" / name).rename(folder / name)
    (folder / "view" / "altimetry.csv").rename(folder / "view_shots.csv")
    image = ("--input", folder / "image.tif", "--engine", "numpy", "--sun-azimuth", "285")
    _run("dtmfromextent", *image, "--output", folder / "relative.tif")
    _run(
        "leveldtm",
        "--input",
        folder / "relative.tif",
        "--altimetry",
        folder / "view_shots.csv",
        "--output",
        folder / "dtm.tif",
    )
    gdal.Translate(str(folder / "mosaic.tif"), str(folder / "image.tif"), width=1040, height=520).FlushCache()
    cameras = ("--sensor", folder / "sensor.json", "--eops", folder / "eops.csv")
    pair = ("--image-a", folder / "nadir.tif", "--image-b", folder / "forward.tif")
    _run("densematch", *pair, "--output", folder / "matches.tif")
    _run("intersect", "--matches", folder / "matches.tif", *cameras, "--output", folder / "points.las")
    _orbits(folder)
    _narrow_cameras(folder)
    _dem(folder / "dem.tif")
    pairs = ("--count", "12", "--tile", "64", "--split", "0.4", "--output-folder", folder / "pairs")
    _run("trainingpairs", "--dem", folder / "dem.tif", *pairs)


def make_light(folder: Path) -> None:
    """Still smaller inputs, for the commands of `LIGHT` and others that learn and match nothing."""
    from planetary_dtm.core.bodies import body_named
    from planetary_dtm.core.camera.linescan import LineScan
    from planetary_dtm.core.matching.match_file import write_matches
    from planetary_dtm.core.terrain.points import Points, writing_points

    _run("simulateview", "--size", "128", "--output-folder", folder / "view")
    (folder / "view" / "altimetry.csv").rename(folder / "view_shots.csv")
    for name in ("truth_dtm.tif", "dtm.tif", "relative.tif"):
        (folder / name).write_bytes((folder / "view" / "truth_dtm.tif").read_bytes())
    rng = np.random.default_rng(7)
    lon, lat, height = rng.uniform(3.0, 3.5, 400), rng.uniform(25.0, 25.5, 400), rng.normal(0, 50, 400)
    write_table(folder / "shots.csv", {"lon": lon, "lat": lat, "altitude": height})
    with writing_points(folder / "points.las", body_named("Moon")) as writer:
        writer.write(Points(np.radians(lon), np.radians(lat), height, np.full(400, 9.0), np.full(400, 1.0)))
    sensor, truth = _scanner(folder)
    line, sample = np.mgrid[200:210, 0:SAMPLES].astype(float)
    origin, direction = LineScan(sensor, 1, truth).rays(line, sample)
    reach = np.linalg.norm(origin, axis=-1, keepdims=True) - sensor.body_radius_m
    seen = LineScan(sensor, 2, truth).project(origin + direction * reach)
    shifts = np.full((4, LINES, SAMPLES), np.nan)
    shifts[:, 200:210] = [seen[1] - sample, seen[0] - line, 0.97 + 0 * line, 0.1 + 0 * line]
    views = {"VIEW_A": VIEWS[1], "VIEW_B": VIEWS[2]}
    write_matches(folder / "matches.tif", *shifts, {"IMAGE_A": "nadir.tif", "IMAGE_B": "forward.tif", **views})
    _write_grey(folder / "nadir.tif", 100 + rng.normal(0, 5, (LINES, SAMPLES)), "nadir")
    _dem(folder / "dem.tif")


def _run(*words: object) -> None:
    status = main([str(word) for word in words])
    if status:
        raise RuntimeError(f"{words} ended with {status}")


def _stereo_scene(folder: Path) -> None:
    """A short scene of a scanner whose views see the same ground soon after each other."""
    flown = simulate("ce1", PaperTerrain(), LINES, seed=1, start_latitude=np.radians(30.0))
    sensor, truth = _scanner(folder)
    flown = replace(flown, sensor=sensor, control=scanline_ends(sensor, flown.terrain, truth))
    write_gcps(folder / "gcps.csv", with_lateral_noise(flown.control, flown.terrain.radius_m, 2.0, 1), sensor)
    shots = {"lon": np.degrees(flown.shots.lon), "lat": np.degrees(flown.shots.lat), "altitude": flown.shots.altitude}
    write_table(folder / "shots.csv", shots)
    for index, name in enumerate(VIEWS):
        grey = render(flown, index, Light(), 1).grey
        _write_grey(folder / f"{name}.tif", np.clip(grey * (10_000 / grey.mean()), 1, 65535), name)


def _orbits(folder: Path) -> None:
    """The scene as two orbits of known orientation."""
    for name in ("one", "two"):
        (folder / "orbits" / name).mkdir(parents=True)
        for file in ("sensor.json", "eops.csv", *(f"{view}.tif" for view in VIEWS)):
            (folder / "orbits" / name / file).write_bytes((folder / file).read_bytes())


def _narrow_cameras(folder: Path) -> None:
    """Two cameras that are a little off, ties between them and shots."""
    for camera in narrow.spoiled():
        (folder / f"{camera.name}.json").write_text(state_text(rewritten_state(camera, 100.0)))
    write_tie_table(folder / "ties.csv", narrow.ties(60), ["left", "right"])
    shots = narrow.shots()
    degrees = {"lon": np.degrees(shots.lon), "lat": np.degrees(shots.lat)}
    write_table(folder / "narrow_shots.csv", {**degrees, "altitude": shots.altitude})


def _scanner(folder: Path) -> tuple[Sensor, Orientation]:
    """The scanner and its true orientation; both are written."""
    flown = simulate("ce1", PaperTerrain(), LINES, seed=1, start_latitude=np.radians(30.0), altimetry=False)
    views = tuple(View(name, px) for name, px in zip(VIEWS, (-2.3, 0.0, 2.3)))
    sensor = replace(flown.sensor, samples=SAMPLES, principal_sample=(SAMPLES - 1) / 2, views=views)
    (folder / "sensor.json").write_text(json.dumps(sensor_to_json(sensor)))
    write_eops(folder / "eops.csv", flown.truth, flown.terrain.radius_m)
    return sensor, flown.truth


def _write_grey(path: Path, grey: np.ndarray, view: str) -> None:
    made = gdal.GetDriverByName("GTiff").Create(str(path), *grey.shape[::-1], 1, gdal.GDT_UInt16)
    made.SetMetadata({"VIEW": view})
    made.GetRasterBand(1).WriteArray(np.rint(grey).astype(np.uint16))
    made.FlushCache()


def _dem(path: Path) -> None:
    from planetary_dtm.core.geotiff import Band, write_dtm
    from planetary_dtm.core.rasters import Grid
    from planetary_dtm.core.simulation.relief import random_relief

    grid = Grid(320, 320, (10.0, 0.004, 0.0, 1.0, 0.0, -0.004), "+proj=longlat +R=1737400 +no_defs")
    write_dtm(path, grid, [random_relief((320, 320), 121.0, np.random.default_rng(1))], [Band("height")], {})
