"""Every reader, with the seeds it starts from, how they are spoiled, and what is done with what it lets through."""

from __future__ import annotations

import contextlib
import hashlib
import json
import random
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from planetary_dtm.core.altimetry.readers import read_shots
from planetary_dtm.core.bodies import body_named
from planetary_dtm.core.camera.open_camera import open_camera
from planetary_dtm.core.camera.sensor import load_sensor
from planetary_dtm.core.cluster.cost import Cost
from planetary_dtm.core.cluster.manifest import Done, Manifest, checksum
from planetary_dtm.core.learned.model_file import load_model, read_card
from planetary_dtm.core.learned.pair_folder import ABOUT, TABLE, FolderPairs, PairFolder, sha256
from planetary_dtm.core.learned.plan import Plan
from planetary_dtm.core.learned.training import read_log
from planetary_dtm.core.project_entries import path_of, run_records, setting_of
from planetary_dtm.core.resection.joint import joint_path, read_joint
from planetary_dtm.core.resection.tables import read_eops, read_gcps
from planetary_dtm.core.terrain.points import open_points

from . import more_seeds, mutate, seeds
from .rasters_read import matches, placement, raster, raw_pixels, sidecar
from .tables_read import block_shots, camera_gcps, layer, product, scene_folder, scenes, shapefile, ties

Read = Callable[[Path], None]


@dataclass(frozen=True)
class Reader:
    """``seeds``: names of files in the folder of seeds. ``read`` gets the spoiled file, named as its seed, with
    ``beside`` (seeds as they are) in its folder. ``share``: of all inputs, in parts."""

    seeds: tuple[str, ...]
    spoil: mutate.Mutator
    read: Read
    share: float = 1.0
    beside: tuple[str, ...] = ()


@cache
def _sensor():
    return load_sensor("ce1")


def gcps(path: Path) -> None:
    read_gcps(path, _sensor())


def shots(path: Path) -> None:
    body = body_named("Mars" if path.name.startswith("mola") else "Moon")
    found = read_shots(path, body)
    found.kept(np.isfinite(found.altitude))


def eops(path: Path) -> None:
    read_eops(path, _sensor()).at(np.array([0.0, 20.3, 55.0, 1e9]))


def joint(path: Path) -> None:
    """The table is sound, its covariance is not."""
    table = path.with_name("eops.csv")
    found = read_joint(table, _orientation(table))
    if found is not None:
        found.between(np.array([0.0, 30.0, np.nan]), np.array([20.0, 1e9, 1.0]))
    assert joint_path(table) == path


@cache
def _orientation(table: Path):
    return read_eops(table, _sensor())


def sensor(path: Path) -> None:
    found = load_sensor(path)
    found.rays(0, np.array([0.0, found.samples - 1.0]))


def camera(path: Path) -> None:
    found = open_camera(path)
    line, sample = np.meshgrid(np.linspace(*found.lines, 5), np.linspace(0, found.samples - 1, 3))
    origin, direction = found.rays(line, sample)
    found.project(origin[2] + 1e5 * direction[2])


def points(path: Path) -> None:
    for piece in open_points(path, body_named("Moon")).pieces():
        len(piece)


def model(path: Path) -> None:
    read_card(path)
    found = load_model(path)
    found.heights(np.zeros((2, 2), np.float32), 100.0)


def checkpoint(path: Path) -> None:
    from planetary_dtm.core.learned.checkpoint import plan_of, restore
    from planetary_dtm.core.learned.processes import Processes
    from planetary_dtm.core.learned.trainers import trainer

    plan_of(path)
    plan = Plan(widths=(2, 2), steps=2, batch=1, crop=16, precision="float32")
    restore(path, plan, trainer(plan, Processes()), "of these")


def _pair_batches(folder: Path) -> None:
    found = FolderPairs(PairFolder(folder), Plan(batch=1, crop=64))
    found.batch(0), found.held_out(2), found.card(), found.held_bytes


def pair_about(path: Path) -> None:
    _pair_batches(path.parent)


def pair_table(path: Path) -> None:
    """The manifest's sum over the table is put right, so that the table itself is read."""
    about = path.with_name(ABOUT)
    content = json.loads(about.read_text())
    about.write_text(json.dumps({**content, "table_sha256": sha256(path)}))
    _pair_batches(path.parent)


def pair_tile(path: Path) -> None:
    """So are the sums over a spoiled tile."""
    table, digest = path.with_name(TABLE), sha256(path)
    lines = [line.split(",") for line in table.read_text().splitlines()]
    for line in lines:
        if path.name in line:
            line[line.index(path.name) + 2] = digest
    table.write_text("\n".join(map(",".join, lines)))
    pair_table(table)


def manifest(path: Path) -> None:
    path.with_name("r0.npy").write_bytes(b"0123")
    found = Manifest(path.parent, "of these")
    found.missing(["r0", "r1"])
    found.add(Done("r1", "r0.npy", checksum(path.with_name("r0.npy"))))


def training_log(path: Path) -> None:
    read_log(path)


def project(path: Path) -> None:
    """Entries of a project file, as the docks take them."""
    text = path.read_text(encoding="utf-8", errors="replace")
    for line in text.splitlines()[:200]:
        path_of(line), setting_of(line)
    for record in run_records(text):
        Path(record["output"]).exists()
        assert isinstance(record["parameters"], dict) and record["seconds"] < 1e309 and record["time"].isprintable()


PAIRS = tuple(f"pairs/{name}" for name in (ABOUT, TABLE, "i0.tif", "h0.tif", "i1.tif", "h1.tif"))
SHAPEFILE = ("layer.shp", "layer.shx", "layer.dbf", "layer.prj")
ORBIT = ("image.tif", "dtm.tif", "gcps.csv", "eops.csv", "shots.csv", "sensor.json")
_fields, _json, _bytes = mutate.several(mutate.text), mutate.several(mutate.tree), mutate.several(mutate.raw)
_xml, _lines = mutate.several(mutate.markup), mutate.several(mutate.tree_of_a_line)

READERS: dict[str, Reader] = {
    "gcps": Reader(("gcps.csv",), _fields, gcps, 3),
    "altimetry": Reader(("shots.csv", "lola.csv", "mola.csv"), _fields, shots, 8),
    "altimetry packed": Reader(("shots.csv.gz",), mutate.gzipped, shots, 2),
    "vector layers": Reader(("gcps.geojson",), _json, layer, 0.3),
    "geopackages": Reader(("gcps.gpkg",), _bytes, layer, 0.05),
    "other layers": Reader(seeds.LAYERS, _bytes, layer, 0.25),
    "shapefiles": Reader(SHAPEFILE, _bytes, shapefile, 0.05, SHAPEFILE),
    "virtual layers": Reader(more_seeds.VIRTUAL_LAYERS, _xml, layer, 0.25, ("gcps.geojson", "gcps.csv")),
    "gcp products": Reader(("product.csv", "product.txt"), _fields, product, 1.25, ("sensor.json",)),
    "camera gcps": Reader(("camera_gcps.csv",), _fields, camera_gcps, 1.25, ("isd.json", "state.csm")),
    "tie tables": Reader(("ties.csv", "ties.tsv"), _fields, ties, 1.25, ("isd.json", "state.csm")),
    "scenes tables": Reader(("scenes.csv",), _fields, scenes, 0.4, ORBIT),
    "scenes folders": Reader(("sensor.json",), _json, scene_folder, 0.5, ORBIT[:-1]),
    "block shots": Reader(("r0000c0000.shots.npz",), mutate.packed, block_shots, 1.25),
    "eops": Reader(("eops.csv",), _fields, eops, 3),
    "joint covariance": Reader(("eops.covariance.npz",), mutate.packed, joint, 2, ("eops.csv",)),
    "sensors": Reader(("sensor.json",), _json, sensor, 6),
    "csm states": Reader(("state.csm",), _json, camera, 1),
    "isds": Reader(("isd.json",), _json, camera, 4),
    "frame cameras": Reader(("frame.json", "frame_beside.json"), _json, camera, 4, ("image.tif",)),
    "models": Reader(("unet.safetensors", "pix2pixcc.safetensors"), mutate.safetensors, model, 5),
    "checkpoints": Reader(("checkpoint.pt",), mutate.packed, checkpoint, 0.3),
    "geotiffs": Reader(("image.tif", "dtm.tif"), _bytes, raster, 0.5),
    "matches": Reader(("matches.tif",), _bytes, matches, 0.3),
    "labels": Reader(("isis3.cub", "vicar.vic", "image.lbl"), mutate.several(mutate.label), raster, 0.6),
    "pds4 labels": Reader(("pds4.xml",), _xml, raster, 0.25, ("pds4.img",)),
    "virtual rasters": Reader(("image.vrt",), _xml, raster, 0.3, ("image.tif",)),
    "notes beside rasters": Reader(
        ("image.tif.aux.xml", "image.png.aux.xml"), _xml, sidecar, 0.5, ("image.tif", "image.png")
    ),
    "overviews and masks": Reader(("image.tif.ovr", "image.tif.msk"), _bytes, sidecar, 0.4, ("image.tif",)),
    "placements": Reader(("image.pgw", "image.prj"), _fields, placement, 0.3, ("image.png", "image.asc")),
    "headers of raw pixels": Reader(tuple(more_seeds.HEADERS), _fields, raw_pixels, 0.7, more_seeds.PIXELS),
    "other rasters": Reader(seeds.OTHER_RASTERS, _bytes, raster, 0.5),
    "points": Reader(("points.csv",), _fields, points, 3),
    "point clouds": Reader(("points.las",), _bytes, points, 0.5),
    "pair manifests": Reader((PAIRS[0],), _json, pair_about, 1, PAIRS),
    "pair tables": Reader((PAIRS[1],), _fields, pair_table, 0.4, PAIRS),
    "pair tiles": Reader(PAIRS[2:4], _bytes, pair_tile, 0.2, PAIRS),
    "training logs": Reader(("training.jsonl",), _lines, training_log, 1.25),
    "project entries": Reader(("records.json",), _json, project, 3),
    "cluster manifests": Reader(("manifest.jsonl",), _lines, manifest, 4),
}


def make_seeds(folder: Path) -> None:
    """Write the seeds of all readers."""
    seeds.make(folder)
    more_seeds.make(folder)
    part = Done("r0", "r0.npy", hashlib.sha256(b"0123").hexdigest(), Cost(1.5, 2.0, 1e8, 4.0, 4.0), ("dark",))
    lines = [{"fingerprint": "of these"}, asdict(part), asdict(replace(part, unit="r2"))]
    (folder / "manifest.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in lines))
    record = {"time": "2026-01-01 12:00", "image": "a.tif", "seconds": 3.5, "output": "/tmp/dtm.tif"}
    parameters = {
        "PIXEL_SIZE": 100.0,
        "EXTENT": [1, 2, 3, 4],
        "SUN_AZIMUTH": None,
        "LEVEL": True,
        "MODEL": "m.safetensors",
    }
    (folder / "records.json").write_text(json.dumps([{**record, "parameters": parameters}, record], indent=1))
    with contextlib.suppress(ImportError):
        seeds.make_checkpoint(folder)


def spoiled(reader: str, seed_folder: Path, index: int) -> tuple[str, bytes]:
    """Name of the seed and contents of input number ``index`` of a reader."""
    chosen = READERS[reader]
    rng = random.Random(f"{reader} {index}")
    name = rng.choice(chosen.seeds)
    return name, chosen.spoil(_seed(seed_folder / name), rng)


def laid_out(reader: str, seed_folder: Path, work: Path, name: str, content: bytes) -> Path:
    """Put contents into ``work`` under a seed's name, with what is beside it; returns the file to read."""
    for other in READERS[reader].beside:
        shutil.copyfile(seed_folder / other, work / Path(other).name)
    path = work / Path(name).name
    path.write_bytes(content)
    return path


@cache
def _seed(path: Path) -> bytes:
    return path.read_bytes()
