"""The orbits of a large stereo run: rows of a table or folders in a folder, and the segments they are cut into."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from ..bodies import body_of_radius
from ..camera.footprints import footprint
from ..camera.sensor import Sensor, load_sensor
from ..cluster.files import absolute, files_of
from ..cluster.manifest import fingerprint
from ..errors import InputError
from ..frames import unit_vectors
from ..rasters import Raster
from ..resection.joint import joint_path
from ..resection.tables import read_gcps
from ..sources import is_plain_file, is_there
from ..tables import Table, read_table
from ..terrain.target_grid import default_crs
from .scans import StereoImage, line_scans
from .stereo_chain import middle_first, stereo_images

_COLUMNS = ("name", "images", "views", "sensor", "gcps", "eops", "altimetry")
_SHEAR = 1.1  # relief and attitude move views apart by up to a tenth of their distance
_PIXELS = 1.5  # ground pixels to one of the DTM, as pointstodtm takes them


@dataclass(frozen=True)
class OrbitScene:
    """One orbit: absolute paths (altimetry may be missing; of GCPs and EOPs one is), and the images' size."""

    name: str
    images: tuple[str, ...]
    views: str | None
    sensor: str
    gcps: str | None
    eops: str | None
    altimetry: str | None
    lines: int
    samples: int


@dataclass(frozen=True)
class Segment:
    """Lines ``first`` to ``last`` (excluded) of an orbit's images; ``key`` names it and its input."""

    scene: OrbitScene
    number: int
    first: int
    last: int
    key: str

    @property
    def whole(self) -> bool:
        """Whether it is the orbit itself."""
        return self.last - self.first >= self.scene.lines


def read_scenes(table: str | None, folder: str | None, altimetry: str | None) -> list[OrbitScene]:
    """The orbits of a table (columns name, images, views, sensor, gcps, eops, altimetry; several images with ";"
    between, paths from the table's folder) or of the folders in a folder, as simulatescene writes them.

    ``altimetry`` is for those that have none. Raises `InputError` that names the orbit.
    """
    if bool(table) == bool(folder):
        raise InputError("Give SCENES or SCENES_FOLDER, to say which orbits there are.")
    found = _of_table(str(table)) if table else _of_folder(str(folder))
    scenes = [_scene(name, values, altimetry) for name, values in found]
    if not scenes:
        raise InputError(f"{table or folder!r} holds no orbit.")
    seen: set[str] = set()
    for scene in scenes:
        if scene.name.casefold() in seen:
            raise InputError(f"Two orbits are called {scene.name!r}; give each its own name.")
        seen.add(scene.name.casefold())
    return scenes


def segments_of(scene: OrbitScene, length: int, overlap: int, common: str) -> list[Segment]:
    """Cut an orbit into segments whose own ground is about ``length`` lines and overlaps by ``overlap`` with the next.

    Views that look ahead or back see that ground in earlier or later lines, which are added. ``common``: what else
    the result depends on.
    """
    sensor = load_sensor(scene.sensor)
    count = max(1, round(scene.lines / length))
    before, after = _reach(scene, sensor)
    marks = [round(scene.lines * number / count) for number in range(count + 1)]
    given = *scene.images, scene.gcps, scene.eops, scene.altimetry
    files = [scene.sensor, *(file for name in given for file in files_of(name))]
    if scene.eops:
        files.append(str(joint_path(scene.eops)))  # is read with them where it is there
    made = []
    for number in range(count):
        first = max(marks[number] - overlap - before, 0) if count > 1 else 0
        last = min(marks[number + 1] + overlap + after, scene.lines) if count > 1 else scene.lines
        about = {**asdict(scene), "lines": [first, last], "common": common}
        key = f"{_slug(scene.name)}.{number:04d}.{fingerprint(about, files)[:12]}"
        made.append(Segment(scene, number, first, last, key))
    return made


def places_of(scene: OrbitScene) -> tuple[str, float]:
    """CRS (WKT) and pixel size (m) that suit an orbit."""
    sensor = load_sensor(scene.sensor)
    body = body_of_radius(sensor.body_radius_m)
    if scene.gcps:
        points = read_gcps(scene.gcps, sensor).points
        place = unit_vectors(points.lon, points.lat) * body.radius_m
        same = (np.diff(points.line) == 0) & (np.diff(points.view) == 0)
        far = np.linalg.norm(np.diff(place, axis=0), axis=1)[same] / np.diff(points.sample)[same]
        if not len(far):
            raise InputError(f"GCPs of {scene.name!r} never lie two in a line; give PIXEL_SIZE and CRS.")
        return default_crs(points.lat, body), _PIXELS * float(np.median(far))
    camera = line_scans(sensor, str(scene.eops))[0]
    outline = footprint(camera, body.radius_m)
    return default_crs(outline.lat, body), _PIXELS * max(outline.pixel_m)


def first_image(scene: OrbitScene) -> StereoImage:
    """The image that the others are matched with."""
    sensor = load_sensor(scene.sensor)
    images = stereo_images(scene.images, scene.views)
    return middle_first(images, np.array([[sensor.px_mm[sensor.view_index(image.view)]] for image in images]))[0]


def _reach(scene: OrbitScene, sensor: Sensor) -> tuple[int, int]:
    """Lines before and after those of the first image in which the other views see the same ground."""
    own = sensor.px_mm[sensor.view_index(first_image(scene).view)]
    views = [sensor.px_mm[sensor.view_index(image.view)] for image in stereo_images(scene.images, scene.views)]
    with np.errstate(over="ignore"):
        away = _SHEAR * (np.array(views) - own) / sensor.pixel_pitch_mm
    if not np.isfinite(away).all():
        raise InputError(f"Sensor {sensor.name!r} has views too many pixels apart; correct px_mm or pixel_pitch_mm.")
    return ceil(max(away.max(), 0.0)), ceil(max(-away.min(), 0.0))


def _of_table(path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    table = read_table(path, "SCENES")
    base = Path(path.partition("|")[0]).resolve().parent
    for row in range(len(table)):
        values: dict[str, Any] = {name: _cell(table, name, row) for name in _COLUMNS}
        for name in ("images", "gcps", "eops", "altimetry"):
            values[name] = [_placed(base, part) for part in (values[name] or "").split(";") if part.strip()]
        # A sensor may be one that ships, by its name.
        if values["sensor"] and is_there(base / values["sensor"]):
            values["sensor"] = _placed(base, values["sensor"])
        yield values.pop("name") or f"orbit {row + 1}", values


def _cell(table: Table, name: str, row: int) -> str | None:
    column = table.find(name)
    if column is None:
        return None
    value = table.columns[column][row]
    if isinstance(value, (float, np.floating)):
        return f"{value:g}" if np.isfinite(value) else None
    return str(value).strip() or None


def _of_folder(path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if not Path(path).is_dir():
        raise InputError(f"SCENES_FOLDER {path!r} is no folder.")
    for place in sorted(Path(path).resolve().iterdir()):
        sensor = place / "sensor.json"
        if place.name.startswith(".") or not sensor.is_file():  # hidden: on its way in or out (core/outputs.py)
            continue
        names = [view.name for view in load_sensor(sensor).views if view.name == Path(view.name).name]  # no path
        there = {name: [str(place / f"{name}.csv")] if (place / f"{name}.csv").is_file() else [] for name in _COLUMNS}
        images = [str(place / f"{name}.tif") for name in names if is_plain_file(place / f"{name}.tif")]
        values = {name: there[name] for name in ("gcps", "eops", "altimetry")}
        yield place.name, {**values, "images": images, "views": None, "sensor": str(sensor)}


def _scene(name: str, values: dict[str, Any], altimetry: str | None) -> OrbitScene:
    def one(column: str) -> str | None:
        return values[column][0] if values[column] else None

    if not values["sensor"]:
        raise InputError(f"Orbit {name!r} has no sensor; name its file, or one that ships.")
    if len(values["images"]) < 2:
        raise InputError(f"Orbit {name!r} has {len(values['images'])} images; stereo needs two or more.")
    gcps, eops = one("gcps"), one("eops")
    if bool(gcps) == bool(eops):
        raise InputError(f"Orbit {name!r} needs GCPs or EOPs, and not both.")
    for path in (gcps, eops, one("altimetry")):
        if path and not is_there(Path(path.partition("|")[0])):
            raise InputError(f"Orbit {name!r}: {path!r} does not exist.")
    for path in values["images"]:  # a table that is handed on is no wish for what it names on the network
        if not is_plain_file(Path(path)):
            raise InputError(f"Orbit {name!r}: image {path!r} is no file of this computer; name one.")
    sizes = {Raster(path, f"Image of orbit {name!r}").size for path in values["images"]}
    if len(sizes) > 1:
        raise InputError(f"The images of orbit {name!r} differ in size; they need the same lines and samples.")
    lines, samples = sizes.pop()
    first = one("altimetry") or absolute(altimetry)
    return OrbitScene(
        name, tuple(values["images"]), values["views"], values["sensor"], gcps, eops, first, lines, samples
    )


def _placed(base: Path, part: str) -> str:
    try:
        return str((base / part.strip()).resolve())
    except (OSError, ValueError, RuntimeError):  # a zero byte, or links in a circle
        raise InputError(f"SCENES names {part!r}, which is no path; correct it.") from None


def _slug(name: str) -> str:
    """A name for files; what it cannot hold is told apart by a checksum."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", name)[:40]
    return plain if plain == name else f"{plain}_{hashlib.sha256(name.encode()).hexdigest()[:6]}"
