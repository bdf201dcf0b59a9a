"""The long commands on small inputs: their words, their outputs, and how an output is told to be whole."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from osgeo import gdal

from planetary_dtm.core.camera.sensor import Sensor, View, sensor_to_json
from planetary_dtm.core.cli import main
from planetary_dtm.core.resection.model import Orientation
from planetary_dtm.core.resection.tables import write_eops, write_gcps
from planetary_dtm.core.simulation.images import Light, render
from planetary_dtm.core.simulation.scene import scanline_ends, simulate, with_lateral_noise
from planetary_dtm.core.simulation.terrain import PaperTerrain
from planetary_dtm.core.tables import write_table

LINES, SAMPLES, VIEWS = 460, 192, ("backward", "nadir", "forward")
SIDE = 640  # pixels of the view


@dataclass(frozen=True)
class Command:
    """``words(inputs, folder)``: the command line. ``made``: names of its outputs in the folder. ``units``: parts that
    it can go on from, so that a kill costs one of them at most. ``again``: what it then goes on from, by which word."""

    words: Callable[[Path, Path], list[str]]
    made: tuple[str, ...]
    units: int = 1
    again: tuple[str, str] | None = None
    needs: str = ""  # a package


def _(*words: str) -> Callable[[Path, Path], list[str]]:
    """Words with I/ for the folder of inputs and O/ for that of outputs."""

    def filled(inputs: Path, folder: Path) -> list[str]:
        places = {"I/": f"{inputs}/", "O/": f"{folder}/"}
        return [places[word[:2]] + word[2:] if word[:2] in places else word for word in words]

    return filled


_CAMERAS = ("--sensor", "I/sensor.json", "--eops", "I/eops.csv")
_IMAGES = tuple(f"I/{view}.tif" for view in VIEWS)
_LEARNED = ("--engine", "numpy", "--sun-azimuth", "285")
_STEREO = ("stereodtm", "--images", *_IMAGES, *_CAMERAS, "--no-level")

COMMANDS: dict[str, Command] = {
    "simulateview": Command(_("simulateview", "--size", "400", "--output-folder", "O/made"), ("made",)),
    "dtmfromextent": Command(
        _(
            "dtmfromextent",
            "--input",
            "I/image.tif",
            "--altimetry",
            "I/view_shots.csv",
            *_LEARNED,
            "--output",
            "O/d.tif",
        ),
        ("d.tif",),
    ),
    "leveldtm": Command(
        _("leveldtm", "--input", "I/relative.tif", "--altimetry", "I/view_shots.csv", "--output", "O/l.tif"), ("l.tif",)
    ),
    "mosaic": Command(
        _("mosaic", "--input", "I/mosaic.tif", "--block", "512", "--workers", "1", *_LEARNED, "--output", "O/m.tif"),
        ("m.tif",),
        units=3,  # two blocks, and joining them
    ),
    "comparedtm": Command(
        _(
            *("comparedtm", "--input", "I/dtm.tif", "--reference", "I/truth_dtm.tif"),
            *("--output", "O/c.tif", "--output-report", "O/c.html"),
        ),
        ("c.tif", "c.html"),
    ),
    "filteraltimetry": Command(
        _(
            *("filteraltimetry", "--input", "I/shots.csv", "--body", "Moon"),
            *("--output", "O/f.csv", "--output-outliers", "O/o.csv"),
        ),
        ("f.csv", "o.csv"),
    ),
    "certaintymap": Command(
        _("certaintymap", "--input", "I/shots.csv", "--body", "Moon", "--pixel-size", "3000", "--output", "O/t.tif"),
        ("t.tif",),
    ),
    "simulatescene": Command(
        _("simulatescene", "--terrain", "paper", "--lines", "1200", "--no-images", "--output-folder", "O/made"),
        ("made",),
    ),
    "recovereop": Command(
        _(
            *("recovereop", "--gcps", "I/gcps.csv", "--sensor", "I/sensor.json", "--altimetry", "I/shots.csv"),
            *("--output", "O/e.csv", "--output-csm-folder", "O/csm", "--output-report", "O/e.html"),
        ),
        ("e.csv", "e.covariance.npz", "csm", "e.html"),
    ),
    "densematch": Command(
        _(
            *("densematch", "--image-a", "I/nadir.tif", "--image-b", "I/forward.tif", "--image-c", "I/backward.tif"),
            *("--output", "O/m.tif", "--output-c", "O/mc.tif"),
        ),
        ("m.tif", "mc.tif"),
        needs="cv2",
    ),
    "intersect": Command(_("intersect", "--matches", "I/matches.tif", *_CAMERAS, "--output", "O/p.las"), ("p.las",)),
    "pointstodtm": Command(
        _("pointstodtm", "--input", "I/points.las", "--output", "O/g.tif"),
        ("g.tif",),
    ),
    "orthoimage": Command(
        _("orthoimage", "--image", "I/nadir.tif", *_CAMERAS, "--output", "O/i.tif"),
        ("i.tif",),
    ),
    "stereodtm": Command(
        _(*_STEREO, "--output", "O/s.tif", "--output-points", "O/s.las", "--output-report", "O/s.html"),
        ("s.tif", "s.las", "s.html"),
        needs="cv2",
    ),
    "trainingpairs": Command(
        _(
            "trainingpairs",
            "--dem",
            "I/dem.tif",
            "--count",
            "12",
            "--tile",
            "64",
            "--split",
            "0.4",
            "--output-folder",
            "O/pairs",
        ),
        ("pairs",),
    ),
    "trainmodel": Command(
        _(
            *("trainmodel", "--pairs", "I/pairs", "--epochs", "4", "--batch", "2", "--precision", "float32"),
            *("--checkpoint-every", "2", "--output", "O/w.safetensors"),
        ),
        ("w.safetensors", "w.training"),
        units=4,
        again=("w.training/checkpoint.pt", "--resume"),
        needs="torch",
    ),
    "evaluatemodel": Command(
        _("evaluatemodel", "--pairs", "I/pairs", "--count", "2", "--engine", "numpy", "--output-report", "O/v.html"),
        ("v.html",),
    ),
}


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
    _dem(folder / "dem.tif")
    pairs = ("--count", "12", "--tile", "64", "--split", "0.4", "--output-folder", folder / "pairs")
    _run("trainingpairs", "--dem", folder / "dem.tif", *pairs)


LIGHT = ("simulateview", "comparedtm", "filteraltimetry", "intersect", "pointstodtm", "trainingpairs")


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
    from planetary_dtm.core.rasters import Band, Grid, write_dtm
    from planetary_dtm.core.simulation.relief import random_relief

    grid = Grid(320, 320, (10.0, 0.004, 0.0, 1.0, 0.0, -0.004), "+proj=longlat +R=1737400 +no_defs")
    write_dtm(path, grid, [random_relief((320, 320), 121.0, np.random.default_rng(1))], [Band("height")], {})


def listing(folder: Path) -> list[str]:
    """Everything in a folder, hidden files too."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def alike(found: Path, whole: Path) -> bool:
    """Whether an output is as whole as that of an undisturbed run: the same bytes, or as many lines, pixels, points and
    files of the same kind. Two runs of an iteration may part in the last digits, and reports tell the time."""
    if whole.is_dir():
        names = [name for name in listing(whole) if (whole / name).is_file()]
        return found.is_dir() and all(name in listing(found) and alike(found / name, whole / name) for name in names)
    if not found.is_file():
        return False
    data, good = found.read_bytes(), whole.read_bytes()
    if data == good:
        return True
    judge = _JUDGES.get(whole.suffix)
    try:
        return judge is not None and judge(found, whole)
    except Exception:  # what cannot be read is not whole
        return False


def _tables(found: Path, whole: Path) -> bool:
    texts = [path.read_text().splitlines() for path in (found, whole)]
    return texts[0][0] == texts[1][0] and abs(len(texts[0]) - len(texts[1])) <= 0.002 * len(texts[1])


def _pages(found: Path, whole: Path) -> bool:
    data = found.read_bytes()
    return data.startswith(b"<!DOCTYPE html>") and data.rstrip().endswith(b"</html>")


def _rasters(found: Path, whole: Path) -> bool:
    from planetary_dtm.core.rasters import Raster

    a, b = Raster(found), Raster(whole)
    (mine, valid), (theirs, known) = a.read(), b.read()
    close = np.abs(mine - theirs)[valid & known] < 0.02 * theirs[known].std()
    same = a.size == b.size and a.bands == b.bands and a.metadata.keys() == b.metadata.keys()
    return same and abs(valid.mean() - known.mean()) < 0.005 and close.mean() > 0.98


def _points(found: Path, whole: Path) -> bool:
    from planetary_dtm.core.terrain.points import open_points

    counts = [sum(map(len, open_points(path).pieces())) for path in (found, whole)]
    return abs(counts[0] - counts[1]) <= 0.002 * counts[1]


def _models(found: Path, whole: Path) -> bool:
    from planetary_dtm.core.learned.model_file import load_model

    return load_model(found).tensors.keys() == load_model(whole).tensors.keys()


def _arrays(found: Path, whole: Path) -> bool:
    with np.load(found) as a, np.load(whole) as b:
        return {name: a[name].shape for name in a.files} == {name: b[name].shape for name in b.files}


def _json(found: Path, whole: Path) -> bool:
    texts = [path.read_text() for path in (found, whole)]
    objects = [json.loads(text[text.index("{") :]) for text in texts]
    return objects[0].keys() == objects[1].keys()


def _there(found: Path, whole: Path) -> bool:
    return found.stat().st_size > 0


_JUDGES: dict[str, Callable[[Path, Path], bool]] = {
    ".csv": _tables,
    ".html": _pages,
    ".tif": _rasters,
    ".las": _points,
    ".safetensors": _models,
    ".npz": _arrays,
    ".json": _json,
    ".csm": _json,
    ".pt": _there,
    ".jsonl": _there,
    "": _there,
}
