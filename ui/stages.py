"""The push-broom chain as data: its stages, what each asks and makes, and the runs it stands for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from qgis.PyQt.QtCore import QCoreApplication

from ..core.bodies import body_of_radius
from ..core.camera.sensor import load_sensor
from ..core.errors import PlanetaryDtmError
from ..core.steps import step
from ..processing_provider.words import say
from .workspace import Workspace

translate = QCoreApplication.translate


@dataclass(frozen=True)
class Field:
    """One value the user gives: label and tooltip are those of a step's parameter, unless named otherwise."""

    key: str
    step_id: str
    parameter: str
    label: str = ""

    @property
    def described(self) -> Any:
        """The step's parameter."""
        return next(p for p in step(self.step_id).parameters if p.name == self.parameter)


@dataclass(frozen=True)
class Job:
    """One run of an algorithm; ``makes`` tells which output becomes which value of the workspace."""

    step_id: str
    parameters: dict[str, Any]
    makes: dict[str, str]
    on_map: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stage:
    """One step of the chain as the user sees it; its jobs run one after the other."""

    id: str
    title: str
    text: str
    icon: str
    button: str
    fields: tuple[Field, ...]
    needs: tuple[str, ...]
    results: tuple[str, ...]
    jobs: Callable[[Workspace], list[Job]]
    report: str = ""
    modules: tuple[str, ...] = ()  # Python packages without which it cannot run

    @property
    def keys(self) -> set[str]:
        """The values of the workspace that it shows or that tell how far it is."""
        return {*(field.key for field in self.fields), *self.needs, *self.results, self.report}

    def missing_modules(self) -> list[str]:
        """Those of its packages that are not installed."""
        return [name for name in self.modules if find_spec(name) is None]


class Progress(Enum):
    """How far a stage is."""

    MISSING = "missing"
    READY = "ready"
    DONE = "done"
    OLD = "old"  # an input is newer than a result


def progress_of(stage: Stage, workspace: Workspace) -> tuple[Progress, tuple[str, ...]]:
    """How far a stage is, and the keys of inputs that it lacks."""
    lacking = tuple(key for key in stage.needs if not _given(key, workspace))
    made = [workspace[key] for key in stage.results if workspace.has(key)]
    if stage.results and len(made) == len(stage.results):
        inputs = [workspace[key] for key in stage.needs if workspace.has(key)]
        newest = max((_changed(path) for path in inputs), default=0.0)
        return (Progress.OLD if newest > min(map(_changed, made)) else Progress.DONE), lacking
    if lacking:
        return Progress.MISSING, lacking
    return (Progress.READY if stage.results else Progress.DONE), lacking


def stages() -> tuple[Stage, ...]:
    """All stages in their order."""
    return (_scene(), _altimetry(), _orientation(), _matching(), _terrain(), _comparison())


def whole(work: Workspace) -> Job:
    """The chain as one run of stereodtm."""
    asked = {
        "IMAGES": [work[key] for key in ("image_a", "image_b", "image_c") if work[key]],
        "SENSOR": work["sensor"],
        "GCPS": work["gcps"],
        "ALTIMETRY": work["altimetry"],
        "OUTPUT": work.new_file("dtm.tif"),
    }
    settings = {"PIXEL_SIZE": work["pixel_size"], "SIGMA_LATERAL": work["sigma_lateral"]}
    asked |= {name: float(text) for name, text in settings.items() if text}
    return Job("stereodtm", {name: value for name, value in asked.items() if value}, {"OUTPUT": "dtm"}, ("OUTPUT",))


def label_of(key: str) -> str:
    """What the user knows a value as."""
    names = {f.key: f.label or say(f.described.label) for stage in stages() for f in stage.fields}
    results = {
        "shots": translate("Stages", "Good shots"),
        "outliers": translate("Stages", "Wild shots"),
        "certainty": translate("Stages", "Certainty map"),
        "eops": translate("Stages", "Exterior orientation"),
        "orientation_report": translate("Stages", "Orientation report"),
        "matches_ab": translate("Stages", "Matches A and B"),
        "matches_ac": translate("Stages", "Matches A and C"),
        "points": translate("Stages", "Ground points"),
        "dtm": translate("Stages", "DTM"),
        "difference": translate("Stages", "Difference"),
        "comparison_report": translate("Stages", "Comparison report"),
    }
    return names.get(key) or results.get(key, key)


def _scene() -> Stage:
    def jobs(work: Workspace) -> list[Job]:
        asked = {"PRESET": work["preset"] or "ce1", "LINES": int(work["lines"] or 1200), "LATERAL_NOISE": 3.0}
        return [Job("simulatescene", {**asked, "OUTPUT_FOLDER": work.new_file("sample_scene")}, {})]

    return Stage(
        "scene",
        translate("Stages", "Scene"),
        translate(
            "Stages",
            "The scanner's images of one orbit, its sensor file, ground control points (scanline ends) and laser "
            "altimetry of the same ground. No data at hand? Simulate a sample scene; it comes with the truth.",
        ),
        "simulate",
        translate("Stages", "Simulate a sample scene"),
        (
            Field("folder", "simulatescene", "TERRAIN", translate("Stages", "Folder of results")),
            Field("sensor", "recovereop", "SENSOR"),
            Field("gcps", "recovereop", "GCPS", translate("Stages", "Control points")),
            Field("altimetry", "recovereop", "ALTIMETRY"),
            Field("image_a", "densematch", "IMAGE_A"),
            Field("image_b", "densematch", "IMAGE_B"),
            Field("image_c", "densematch", "IMAGE_B", translate("Stages", "Image C (if any)")),
        ),
        ("sensor", "gcps", "altimetry", "image_a", "image_b"),
        (),
        jobs,
    )


def _altimetry() -> Stage:
    def jobs(work: Workspace) -> list[Job]:
        shots = work.new_file("shots.gpkg")
        body = _body(work)
        wild = work.new_file("wild_shots.gpkg")
        filtered = {"INPUT": work["altimetry"], **body, "OUTPUT": shots, "OUTPUT_OUTLIERS": wild}
        certain = {"INPUT": shots, **body, "OUTPUT": work.new_file("certainty.tif")}
        return [
            Job("filteraltimetry", filtered, {"OUTPUT": "shots", "OUTPUT_OUTLIERS": "outliers"}, ("OUTPUT",)),
            Job("certaintymap", certain, {"OUTPUT": "certainty"}, ("OUTPUT",)),
        ]

    return Stage(
        "altimetry",
        translate("Stages", "Altimetry and certainty"),
        translate(
            "Stages",
            "Leaves out wild laser shots, then maps how far altitudes between the tracks can be trusted: light is "
            "certain. Control points on dark ground will count less.",
        ),
        "altimetry",
        translate("Stages", "Filter and map"),
        (),
        ("altimetry",),
        ("shots", "certainty"),
        jobs,
        modules=("scipy",),
    )


def _orientation() -> Stage:
    def jobs(work: Workspace) -> list[Job]:
        report = work.new_file("orientation.html")
        asked = {
            "GCPS": work["gcps"],
            "SENSOR": work["sensor"],
            "ALTIMETRY": work["shots"] if work.has("shots") else work["altimetry"],
            "METHOD": work["method"] or "trajectory",
            "OUTPUT": work.new_file("eops.gpkg"),
            "OUTPUT_REPORT": report,
        }
        if work["sigma_lateral"]:
            asked["SIGMA_LATERAL"] = float(work["sigma_lateral"])
        made = {"OUTPUT": "eops", "OUTPUT_REPORT": "orientation_report"}
        return [Job("recovereop", asked, made, ("OUTPUT",))]

    return Stage(
        "orientation",
        translate("Stages", "Orientation"),
        translate(
            "Stages",
            "Finds where the camera was and how it looked at every line, with error bars. The plots show the six "
            "parameters along the orbit; the points on the map lie under the camera.",
        ),
        "camera",
        translate("Stages", "Recover orientation"),
        (
            Field("method", "recovereop", "METHOD"),
            Field("sigma_lateral", "recovereop", "SIGMA_LATERAL", translate("Stages", "Error of control points (m)")),
        ),
        ("sensor", "gcps", "altimetry"),
        ("eops",),
        jobs,
        "orientation_report",
        ("scipy",),
    )


def _matching() -> Stage:
    def jobs(work: Workspace) -> list[Job]:
        first, makes = Path(work["image_a"]).stem, {"OUTPUT": "matches_ab"}
        asked = {"IMAGE_A": work["image_a"], "IMAGE_B": work["image_b"]}
        asked["OUTPUT"] = work.new_file(f"matches_{first}_{Path(work['image_b']).stem}.tif")
        if work["image_c"]:  # together, so that the three agree
            asked["IMAGE_C"] = work["image_c"]
            asked["OUTPUT_C"] = work.new_file(f"matches_{first}_{Path(work['image_c']).stem}.tif")
            makes["OUTPUT_C"] = "matches_ac"
        return [Job("densematch", asked, makes)]

    return Stage(
        "matching",
        translate("Stages", "Matching"),
        translate(
            "Stages",
            "Finds for every pixel of image A the same ground in the other images. Look at the result in the plots, "
            "tab Matches: the loupes on the right should show the same place.",
        ),
        "match",
        translate("Stages", "Match images"),
        (),
        ("image_a", "image_b"),
        ("matches_ab",),
        jobs,
        modules=("cv2", "scipy"),
    )


def _terrain() -> Stage:
    def jobs(work: Workspace) -> list[Job]:
        points = work.new_file("points.csv")
        pairs = (("matches_ab", "image_b"), ("matches_ac", "image_c"))
        matches = [work[key] for key, image in pairs if work.has(key) and work[image]]
        rays = {"MATCHES": matches, "SENSOR": work["sensor"], "EOPS": work["eops"], "OUTPUT": points}
        grid: dict[str, Any] = {"INPUT": points, "FILL": work["fill"] == "true", "OUTPUT": work.new_file("dtm.tif")}
        if work["pixel_size"]:
            grid["PIXEL_SIZE"] = float(work["pixel_size"])
        return [Job("intersect", rays, {"OUTPUT": "points"}), Job("pointstodtm", grid, {"OUTPUT": "dtm"}, ("OUTPUT",))]

    return Stage(
        "terrain",
        translate("Stages", "DTM"),
        translate(
            "Stages",
            "Intersects the rays of every match to a ground point, and grids the points to a DTM: height in metres, "
            "its sigma, and the number of points.",
        ),
        "intersect",
        translate("Stages", "Make the DTM"),
        (Field("pixel_size", "pointstodtm", "PIXEL_SIZE"), Field("fill", "pointstodtm", "FILL")),
        ("sensor", "eops", "matches_ab"),
        ("points", "dtm"),
        jobs,
    )


def _comparison() -> Stage:
    def jobs(work: Workspace) -> list[Job]:
        asked = {
            "INPUT": work["dtm"],
            "REFERENCE": work["reference"],
            "OUTPUT": work.new_file("difference.tif"),
            "OUTPUT_REPORT": work.new_file("comparison.html"),
        }
        made = {"OUTPUT": "difference", "OUTPUT_REPORT": "comparison_report"}
        return [Job("comparedtm", asked, made, ("OUTPUT",))]

    return Stage(
        "comparison",
        translate("Stages", "Comparison"),
        translate(
            "Stages",
            "Holds the DTM against another one or against altimetry: a map of the differences and a report. A sample "
            "scene brings its true terrain.",
        ),
        "compare",
        translate("Stages", "Compare"),
        (Field("reference", "comparedtm", "REFERENCE"),),
        ("dtm", "reference"),
        ("difference",),
        jobs,
        "comparison_report",
    )


def _body(work: Workspace) -> dict[str, str]:
    """The body for tables of longitude and latitude alone: the sensor's."""
    try:
        return {"BODY": body_of_radius(load_sensor(work["sensor"]).body_radius_m).name} if work["sensor"] else {}
    except PlanetaryDtmError:
        return {}


def _given(key: str, workspace: Workspace) -> bool:
    return bool(workspace[key]) if key == "sensor" else workspace.has(key)  # a sensor may be a name


def _changed(path: str) -> float:
    return Path(path).stat().st_mtime
