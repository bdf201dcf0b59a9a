"""Step: overlapping images become a levelled DTM with a report on its quality, in one go."""

from __future__ import annotations

import shutil
from dataclasses import replace
from math import prod
from typing import Any

from ..errors import InputError
from ..memory import require_memory
from ..outputs import replacing, require_writable, together, workplace
from ..progress import Progress, silent, tell
from ..resection.joint import joint_path
from .densematch import STEP as MATCH
from .intersect import STEP as INTERSECT
from .leveldtm import STEP as LEVEL
from .pointstodtm import STEP as GRID
from .provenance import made_by
from .recovereop import STEP as RECOVER
from .scans import CAMERAS, EOPS_OR_CAMERAS, SENSOR_OR_CAMERAS
from .step import Kind, Output, OutputKind, Parameter, Step, StepResult
from .stereo_chain import Chain, chain_mb, stereo_images
from .stereo_level import level_stereo
from .stereo_report import report_of

_ENDINGS = {
    "OUTPUT": (".tif", ".tiff"),
    "OUTPUT_EOPS": (),
    "OUTPUT_POINTS": (".las", ".laz", ".csv"),
    "OUTPUT_REPORT": (".html", ".htm"),
}


def run(*, progress: Progress = silent, **given: Any) -> StepResult:
    """Run the stages one after the other; see `STEP` for the parameters.

    The results take their names together, when all of them are whole.
    """
    _check_source(given)
    targets = {name: given[name.lower()] for name in _ENDINGS if given.get(name.lower())}
    for name, path in targets.items():
        require_writable(path, _ENDINGS[name])
    images = stereo_images(given["images"], given["views"])
    lines, samples = max(((image.lines, image.samples) for image in images), key=prod)
    size, fix = f"Terrain from {lines} x {samples} pixels", "use DTM from orbits, which cuts them into segments"
    require_memory(chain_mb(lines, samples), size, fix, progress)
    with workplace(targets["OUTPUT"]) as folder:
        chain = Chain(given, folder, progress, images)
        if given["gcps"] and given["use_ties"] and given["method"] == "trajectory":
            matches = chain.match()
            chain.orient(matches)
        else:
            chain.orient()
            matches = chain.match()
        points = chain.intersect(matches)
        raw = chain.grid(points, made_by(STEP, given))
        dtm = level_stereo(chain, raw)
        made = {"OUTPUT": dtm, "OUTPUT_EOPS": chain.eops, "OUTPUT_POINTS": points}
        if "OUTPUT_REPORT" in targets:
            with chain.stage("report") as stage:
                made["OUTPUT_REPORT"] = report_of(chain, matches, raw, dtm, folder / "report.html", stage)
        tell(progress, 1.0, "Done")
        with together():
            _publish({targets[name]: made[name] for name in targets})
    return StepResult({**targets, **chain.numbers}, tuple(chain.warnings), tuple(chain.notes))


def _check_source(given: dict[str, Any]) -> None:
    """Raise `InputError` unless the cameras come from exactly one source."""
    if given["gcps"] and (given["eops"] or given["cameras"]):
        raise InputError("GCPS are given beside EOPS or CAMERAS; give one of them to say where the images were taken.")
    if given["gcps"] and not given["sensor"]:
        raise InputError("SENSOR is missing; GCPS need the sensor that took the images.")
    if not (given["gcps"] or given["eops"] or given["cameras"]):
        raise InputError("Give SENSOR with EOPS or GCPS, or CAMERAS, to say where the images were taken from.")
    if given["output_eops"] and not given["gcps"]:
        raise InputError("OUTPUT_EOPS is the orientation found from GCPS; leave it out, or give GCPS.")


def _publish(results: dict[str, Any]) -> None:
    """Move finished files to their names; the covariances of EOPs lie beside the table and go along."""
    for target, made in results.items():
        with replacing(target) as temporary:
            shutil.move(made, temporary)
        if joint_path(made).exists():
            with replacing(joint_path(target)) as temporary:
                shutil.move(str(joint_path(made)), temporary)


def _of(step: Step, *names: str, advanced: bool = False) -> tuple[Parameter, ...]:
    """Parameters of another step, as it describes them."""
    found = {parameter.name: parameter for parameter in step.parameters}
    return tuple(replace(found[name], advanced=advanced or found[name].advanced) for name in names)


STEP = Step(
    id="stereodtm",
    title="DTM from stereo images",
    group="Stereo",
    help=(
        "Makes a DTM from two or more overlapping images in one go: orientation, dense matching, intersection, "
        "gridding and levelling, with a report on the quality of all of them.\n\n"
        "Where the images were taken from is told by SENSOR with EOPS, by SENSOR with GCPS (the orientation is then "
        "recovered first, with ALTIMETRY for the altitudes that the GCPs lack), or by CAMERAS. The image that looks "
        "from between the others is matched with each of them.\n\n"
        "With ALTIMETRY or a REFERENCE_DEM the DTM is moved onto it as a whole, by a shift in three dimensions and a "
        "tilt; it is never scaled. Lines that the orientation does not cover give no terrain, and a warning says so."
    ),
    parameters=(
        Parameter("IMAGES", Kind.RASTERS, "Images", "Two or more images of the same ground, of the whole sensor."),
        Parameter(
            "VIEWS",
            Kind.TEXT,
            "Views",
            "Names of the images' views or cameras, in the order of the images, with commas between; left empty, from "
            "the images' metadata or their file names.",
            optional=True,
        ),
        SENSOR_OR_CAMERAS,
        EOPS_OR_CAMERAS,
        Parameter(
            "GCPS",
            Kind.TABLE,
            "GCPs",
            "Instead of EOPs: ground control points from which they are recovered, as recovereop takes them.",
            optional=True,
        ),
        CAMERAS,
        *_of(LEVEL, "ALTIMETRY", "ALTITUDE_FIELD", "REFERENCE_DEM", "REFERENCE_DATUM"),
        Parameter(
            "LEVEL", Kind.FLAG, "Level", "Move the DTM onto ALTIMETRY or REFERENCE_DEM, never scaling it.", default=True
        ),
        Parameter(
            "EXTENT",
            Kind.EXTENT,
            "Extent",
            "Area of the DTM: in CRS where that is given, else longitude and latitude in degrees. Left empty, all "
            "points.",
            optional=True,
        ),
        *_of(GRID, "PIXEL_SIZE", "CRS", "FILL"),
        *_of(MATCH, "KERNEL", "THRESHOLD", advanced=True),
        *_of(RECOVER, "METHOD", "USE_CERTAINTY", "SIGMA_LATERAL", advanced=True),
        Parameter(
            "USE_TIES",
            Kind.FLAG,
            "Use matches as ties",
            "With GCPS: let the matches join the views while the trajectory is recovered (bundle adjustment), and "
            "ALTIMETRY's shots hold the surface they span.",
            default=True,
            advanced=True,
        ),
        *_of(INTERSECT, "MIN_ALTITUDE", "MAX_ALTITUDE"),
    ),
    outputs=(
        Output(
            "OUTPUT",
            OutputKind.RASTER,
            "DTM",
            "GeoTIFF in metres above the datum its metadata name: height, sigma, count.",
            extension="tif",
            style="dtm",
        ),
        Output(
            "OUTPUT_EOPS",
            OutputKind.TABLE,
            "EOPs",
            "The exterior orientation recovered from the GCPs.",
            optional=True,
            extension="csv",
        ),
        Output(
            "OUTPUT_POINTS",
            OutputKind.FILE,
            "Points",
            "The ground points, before gridding and levelling: LAS, LAZ or CSV.",
            optional=True,
            extension="las",
        ),
        Output(
            "OUTPUT_REPORT",
            OutputKind.REPORT,
            "Report",
            "HTML on the quality of every stage, with maps and figures.",
            optional=True,
            extension="html",
        ),
        Output("COUNT", OutputKind.NUMBER, "Number of points", "How many ground points the DTM is made of."),
        Output("RAY_MISS", OutputKind.NUMBER, "Ray miss", "RMS distance by which the rays of a point miss, m."),
        Output("COVERED", OutputKind.NUMBER, "Covered", "Share of the DTM's cells that have a height, 0 to 1."),
    ),
    run=run,
    icon="dtm_from_view",
    tags=("stereo", "DTM", "DEM", "photogrammetry", "push-broom", "line scanner"),
)
