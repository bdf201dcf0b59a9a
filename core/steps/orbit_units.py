"""The units of a large stereo run: an orbit's orientation, and the DTM of one segment of an orbit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..camera.sensor import load_sensor
from ..cluster.cost import Meter
from ..cluster.manifest import Done, checksum
from ..errors import InputError, ResourceError
from ..outputs import replacing, workplace
from ..progress import within
from ..rasters import quiet_gdal
from ..resection.joint import JointCovariance, joint_path, read_joint, write_joint
from ..resection.model import Orientation
from ..resection.tables import read_eops, write_eops
from ..threads import one_thread
from .orbit_scenes import OrbitScene, Segment
from .recovereop import STEP as RECOVER
from .step import Step
from .stereodtm import STEP as STEREO

FAILED = "no terrain: "  # begins the warning of a unit that could not be made


@dataclass(frozen=True)
class Orienting:
    """Recover the orientation of a whole orbit into ``folder``."""

    scene: OrbitScene
    key: str
    folder: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Making:
    """Make the DTM of a segment in ``folder``; ``eops`` (a path, or None for the scene's own control)."""

    segment: Segment
    folder: str
    eops: str | None
    values: Mapping[str, Any]


def orient(unit: Orienting) -> list[Done]:
    """The EOP table of an orbit, and the covariances beside it where there are any: one entry each.

    Raises `ResourceError`, which tells nothing of the orbit.
    """
    meter, scene = Meter(), unit.scene
    target = Path(unit.folder) / f"{unit.key}.csv"
    with workplace(target) as place, one_thread():
        made = place / "eops.csv"
        own = {"GCPS": scene.gcps, "SENSOR": scene.sensor, "ALTIMETRY": scene.altimetry, "OUTPUT": str(made)}
        try:
            found = _run(RECOVER, {**unit.values, **own})
        except ResourceError:
            raise
        except InputError as error:
            return [Done(unit.key, "", "", meter.cost(), (f"{FAILED}{error}",))]
        if joint_path(made).exists():
            _moved(joint_path(made), joint_path(target))
        _moved(made, target)
    done = [Done(unit.key, target.name, checksum(target), meter.cost(), tuple(found.warnings))]
    if joint_path(target).exists():
        beside = joint_path(target)
        done.append(Done(f"{unit.key}.covariance", beside.name, checksum(beside)))
    return done


def make(unit: Making) -> list[Done]:
    """The DTM of a segment by the stereo chain; an entry without a file says why there is none.

    Raises `ResourceError`, which tells nothing of the segment.
    """
    meter, segment = Meter(), unit.segment
    scene = segment.scene
    target = Path(unit.folder) / f"{segment.key}.tif"
    with workplace(target) as place, one_thread():
        own: dict[str, Any] = {"IMAGES": list(scene.images), "SENSOR": scene.sensor, "VIEWS": scene.views}
        own |= {"ALTIMETRY": scene.altimetry, "OUTPUT": str(place / "dtm.tif")}
        try:
            if segment.whole:
                own |= {"EOPS": unit.eops} if unit.eops else {"GCPS": scene.gcps}
            else:
                own["IMAGES"] = [_cut_image(path, segment, place) for path in scene.images]
                own["EOPS"] = _cut_eops(str(unit.eops), segment, place)
            found = _run(STEREO, {**unit.values, **own})
        except ResourceError:
            raise
        except InputError as error:
            return [Done(segment.key, "", "", meter.cost(), (f"{FAILED}{error}",))]
        _moved(Path(own["OUTPUT"]), target)
    return [Done(segment.key, target.name, checksum(target), meter.cost(), tuple(found.warnings))]


def cut(orientation: Orientation, first: int, last: int) -> Orientation:
    """The instants of lines ``first`` to ``last`` (excluded), counted from the first."""
    chosen = (orientation.line >= first) & (orientation.line < last)
    if not chosen.any():
        raise InputError(f"The orientation has none of lines {first} to {last - 1}.")
    return replace(
        orientation,
        line=orientation.line[chosen] - first,
        position=orientation.position[chosen],
        angles=orientation.angles[chosen],
        time=None if orientation.time is None else orientation.time[chosen],
        covariance=None if orientation.covariance is None else orientation.covariance[chosen],
        rms_px=orientation.rms_px[chosen],
        gcps=orientation.gcps[chosen],
        flag=orientation.flag[chosen],
    )


def cut_joint(joint: JointCovariance, first: int, last: int) -> JointCovariance:
    """The anchors that those lines are nearest to."""
    ends = np.rint((np.array([first, last - 1]) - joint.start) / joint.step)
    low, high = np.clip(ends, 0, len(joint.values) - 1).astype(int)
    return JointCovariance(joint.start + low * joint.step - first, joint.step, joint.values[low : high + 1])


def _cut_eops(eops: str, segment: Segment, place: Path) -> str:
    sensor = load_sensor(segment.scene.sensor)
    whole = read_eops(eops, sensor)
    own, made = cut(whole, segment.first, segment.last), place / "eops.csv"
    joint = read_joint(eops, whole)
    write_eops(made, own, sensor.body_radius_m)
    write_joint(made, own, None if joint is None else cut_joint(joint, segment.first, segment.last))
    return str(made)


def _cut_image(path: str, segment: Segment, place: Path) -> str:
    """A virtual raster of the segment's lines; nothing is copied."""
    from osgeo import gdal

    made = str(place / f"{Path(path).stem}.vrt")
    window = [0, segment.first, segment.scene.samples, segment.last - segment.first]
    try:
        with quiet_gdal():
            gdal.Translate(made, path, format="VRT", srcWin=window)
    except RuntimeError as error:
        raise ResourceError(
            f"Image {path!r} cannot be opened or cut ({error}); check the path and the disk."
        ) from error
    return made


def _moved(made: Path, target: Path) -> None:
    with replacing(target) as temporary:
        made.replace(temporary)


def _run(step: Step, values: Mapping[str, Any]) -> Any:
    names = [p.name for p in step.parameters] + [o.name for o in step.outputs]
    given = step.checked({name: value for name, value in values.items() if name in names})
    return step.run(**given, progress=within())
