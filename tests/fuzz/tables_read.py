"""What is done with spoiled layers, and with the tables that steps take besides GCPs, EOPs and altimetry."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from planetary_dtm.core.bodies import body_named
from planetary_dtm.core.camera.csm_linescan import CsmLineScan
from planetary_dtm.core.camera.open_camera import open_camera
from planetary_dtm.core.cluster.blocks import Layout
from planetary_dtm.core.cluster.files import files_of
from planetary_dtm.core.steps import step
from planetary_dtm.core.steps.mosaic_references import shots_of_block
from planetary_dtm.core.steps.orbit_scenes import first_image, read_scenes, segments_of
from planetary_dtm.core.steps.refinecameras import _control, _tie_files
from planetary_dtm.core.tables import layer_crs, read_table
from planetary_dtm.core.terrain.points import open_points

from . import mutate


def layer(path: Path) -> None:
    files_of(str(path)), layer_crs(path)
    found = read_table(path)
    assert not any(mutate.MARK.decode() in str(v) for values in found.columns.values() for v in values[:9])
    len(found), found.find("line"), found.optional_numbers("line"), found.lonlat()
    for piece in open_points(path, body_named("Moon")).pieces():
        len(piece)


def shapefile(path: Path) -> None:
    layer(path.with_suffix(".shp"))


def product(path: Path) -> None:
    """A mission's table of the ends of scanlines, as importgcps takes it."""
    importing = step("importgcps")
    given = {"INPUT": [str(path)], "SENSOR": str(path.with_name("sensor.json")), "VIEWS": "nadir"}
    given |= {"ALTITUDE_FIRST": "height", "MISSING_VALUE": -9999.0, "OUTPUT": str(path.with_name("made.csv"))}
    importing.run(**importing.checked(given))


@cache
def _models(folder: Path) -> list[CsmLineScan]:
    return [open_camera(folder / name) for name in ("isd.json", "state.csm")]


def camera_gcps(path: Path) -> None:
    _control(str(path), _models(path.parent))


def ties(path: Path) -> None:
    _tie_files([str(path)], _models(path.parent))


def scenes(path: Path) -> None:
    _orbits(read_scenes(str(path), None, None))


def scene_folder(path: Path) -> None:
    """An orbit's folder in a folder of orbits, with the spoiled sensor; views are named as simulatescene does."""
    place = path.parent / "orbits" / "one"
    place.mkdir(parents=True, exist_ok=True)
    for name, file in (("nadir.tif", "image.tif"), ("forward.tif", "dtm.tif"), ("gcps.csv",) * 2, (path.name,) * 2):
        (place / name).write_bytes(path.with_name(file).read_bytes())
    _orbits(read_scenes(None, str(place.parent), None))


def _orbits(found) -> None:
    for scene in found:
        for segment in segments_of(scene, 1000, 10, ""):
            assert "/" not in segment.key and segment.key.isprintable()
        first_image(scene)


def block_shots(path: Path) -> None:
    shots_of_block(path.parent, Layout(20, 24, 24, 4).blocks()[0]).as_shots()
