"""Step: camera models of single-line scanners are refined against ties, altimetry and control."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..altimetry.filtering import filter_shots
from ..altimetry.readers import Shots, read_shots, require_body_datum
from ..bodies import body_of_radius, require_same_body
from ..camera.csm_linescan import CsmLineScan
from ..camera.csm_rewrite import rewritten_state
from ..camera.csm_state import state_text
from ..errors import InputError
from ..memory import require_memory
from ..outputs import replacing_folder
from ..progress import Progress, part, silent, tell
from ..resection.bundle import joined_ties
from ..resection.dense_system import Prior
from ..resection.model import ControlPoints, TiePoints, control_points
from ..resection.refine import ATTITUDE_LINES, POSITION_INTERVALS, Refined, TieChooser, ground_sigma_m, refine
from ..resection.refine_report import refine_report
from ..resection.tables import write_eops
from ..tables import read_table
from ..version import VERSION
from .inputs import ALTIMETRY_HELP
from .scans import CAMERAS, camera_of, image_cameras
from .step import Kind, Output, OutputKind, Parameter, Step, StepResult
from .tie_inputs import MatchGroup, match_groups, matches_mb, pick_ties, ties_mb
from .tie_tables import is_tie_table, read_tie_table

# Measured with two images of 52,000 lines, 14,000 and 111,000 ties, 4,800 shots.
_FIXED_MB = 200.0
_BYTES_PER_SHOT, _BYTES_PER_UNKNOWN_SQUARED = 1200, 50
_FIX = "give fewer images at a time, or fewer ties"


def run(
    *,
    cameras: list[str],
    ties: list[str] | None,
    altimetry: str | None,
    gcps: str | None,
    position_sigma: float,
    attitude_sigma: float,
    sigma_lateral: float | None,
    output_folder: str,
    output_report: str | None,
    progress: Progress = silent,
    **_: Any,
) -> StepResult:
    """Read models and observations, refine, write models and sigmas; see `STEP` for the parameters."""
    started = time.monotonic()
    tell(progress, 0.0, "Reading camera models")
    models = _line_scanners(cameras)
    read = _shots(altimetry, models)
    tables, groups = _tie_files(ties or [], models)
    needed = _needed_mb(models, read, tables) + matches_mb(groups)
    require_memory(needed, f"Refining {len(models)} camera models", _FIX, progress)
    shots, said = _filtered(read, part(progress, 0.02, 0.1))
    points = _control(gcps, models) if gcps else None
    prior = Prior(position_sigma, attitude_sigma)
    chosen = _ties(tables, groups, shots, needed)
    found = refine(
        models, chosen, shots, points, prior=prior, sigma_lateral=sigma_lateral, progress=part(progress, 0.1, 0.9)
    )
    tell(progress, 0.9, "Writing camera models")
    _write(output_folder, found)
    outputs: dict[str, Any] = {"OUTPUT_FOLDER": output_folder}
    if output_report:
        inputs = {
            "Camera models": ", ".join(Path(path).name for path in cameras),
            "Ties": ", ".join(Path(path).name for path in ties) if ties else "none",
            "Altimetry": Path(altimetry).name if altimetry else "none",
            "GCPs": Path(gcps).name if gcps else "none",
            "Position sigma [m]": position_sigma,
            "Attitude sigma [rad]": attitude_sigma,
            "Lateral sigma of the GCPs [m]": "as given or usual" if sigma_lateral is None else sigma_lateral,
            "Version": VERSION,
            "Time [s]": f"{time.monotonic() - started:.1f}",
        }
        refine_report(found, prior, inputs).write(output_report)
        outputs["OUTPUT_REPORT"] = output_report
    return StepResult(outputs, found.warnings, (*said, *found.sentences))


def _line_scanners(files: Sequence[str]) -> list[CsmLineScan]:
    found = []
    for camera, path in zip(image_cameras(None, None, files), files):
        if not isinstance(camera, CsmLineScan):
            raise InputError(f"Camera {Path(path).name!r} is no line scanner; only those are refined.")
        found.append(camera)
    names = [camera.name for camera in found]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"Two camera files are named {name!r}: rename one after its image.")
    return found


def _image_of(models: Sequence[CsmLineScan]) -> Callable[[str, str], int]:
    """Number of the model of a view, or else of an image; either may be empty."""

    def number(view: str, image: str) -> int:
        found = camera_of(models, view, image)
        return next(index for index, model in enumerate(models) if model is found)

    return number


def _shots(altimetry: str | None, models: Sequence[CsmLineScan]) -> Shots | None:
    if not altimetry:
        return None
    shots = read_shots(altimetry, body_of_radius(models[0].body_radius_m))
    require_body_datum(shots)
    return shots


def _filtered(shots: Shots | None, progress: Progress) -> tuple[Shots | None, tuple[str, ...]]:
    """The altimetry without its wild shots."""
    if shots is None:
        return None, ()
    keep = filter_shots(shots, progress).keep
    said = f"{int((~keep).sum())} of {len(shots)} shots stand far off their neighbours and are left out."
    return shots.kept(keep), () if keep.all() else (said,)


def _needed_mb(models: Sequence[CsmLineScan], shots: Shots | None, tables: Sequence[TiePoints]) -> float:
    """What refining takes at most, MB: shots, ties of tables, and the dense equations of all images' unknowns."""
    lines = [model.line_count for model in models]
    unknowns = sum(3 * (POSITION_INTERVALS + max(count / ATTITUDE_LINES, POSITION_INTERVALS) + 7) for count in lines)
    own = _BYTES_PER_SHOT * (len(shots) if shots else 0) + _BYTES_PER_UNKNOWN_SQUARED * unknowns**2
    return _FIXED_MB + own / 1e6 + sum(map(ties_mb, tables))


def _tie_files(paths: Sequence[str], models: Sequence[CsmLineScan]) -> tuple[list[TiePoints], list[MatchGroup]]:
    """The ties of tables, and match files, whose ties are yet to be chosen."""
    image_of = _image_of(models)
    tables = [read_tie_table(path, lambda name: image_of(name, "")) for path in paths if is_tie_table(path)]
    for table in tables:
        _check_places(table, models)
    files = [path for path in paths if not is_tie_table(path)]
    return tables, match_groups(files, image_of, [model.samples for model in models])


def _ties(
    tables: Sequence[TiePoints], groups: Sequence[MatchGroup], shots: Shots | None, needed_mb: float
) -> TiePoints | TieChooser | None:
    """Ties of tables as they are; those of match files chosen anew once the cameras are known better, whose memory
    comes on top of ``needed_mb``."""
    if not groups:
        return joined_ties(tables) if tables else None

    def choose(cameras: Sequence[CsmLineScan], number: int) -> TiePoints:
        picked = pick_ties(groups, cameras, shots, even=number == 0)
        require_memory(needed_mb + ties_mb(picked), f"Adjusting {len(picked)} ties", _FIX, silent)
        return joined_ties([*tables, picked])

    return choose


def _check_places(ties: TiePoints, models: Sequence[CsmLineScan]) -> None:
    for image, model in enumerate(models):
        line, sample = (values[ties.view == image] for values in (ties.line, ties.sample))
        far = (line < -1) | (line > model.line_count) | (sample < -1) | (sample > model.samples)
        if far.any():
            raise InputError(
                f"A tie lies at line {line[far][0]:.1f}, sample {sample[far][0]:.1f} of {model.name!r}, which has "
                f"{model.line_count} lines of {model.samples} samples; check which images TIES are of."
            )


def _control(path: str, models: Sequence[CsmLineScan]) -> ControlPoints:
    """GCPs: line, sample, lon, lat [, view, altitude, sigma_altitude, sigma_lateral]; ``view`` names the image."""
    table = read_table(path, "GCP table")
    if table.body is not None:
        body = body_of_radius(models[0].body_radius_m)
        require_same_body(table.body, f"GCP table {table.name!r}", body, "the camera models")
    column = table.find("view", "image")
    if column is None and len(models) > 1:
        raise InputError(f"GCP table {table.name!r} has no column 'view' that says which image each GCP lies in.")
    image_of = _image_of(models)
    views = np.zeros(len(table), np.int64)
    if column is not None:
        names, row = np.unique(table.columns[column].astype(str), return_inverse=True)
        views = np.array([image_of(str(name), "") for name in names], np.int64)[row.ravel()]
    line, sample = table.numbers("line"), table.numbers("sample")
    optional = [table.optional_numbers(name) for name in ("altitude", "sigma_altitude", "sigma_lateral")]
    altitude, sigma_altitude, sigma_lateral = (np.nan if values is None else values for values in optional)
    points = control_points(
        line, views, sample, *table.lonlat(), altitude, sigma_altitude=sigma_altitude, sigma_lateral=sigma_lateral
    )
    usable = np.isfinite(points.line + points.sample + points.lon + points.lat)
    if not usable.any():
        raise InputError(f"GCP table {table.name!r} has no usable GCP; it needs line, sample, lon and lat.")
    return points[usable]


def _write(folder: str, found: Refined) -> None:
    """NAME.json, the CSM state, and NAME.csv, orientation with sigmas, for every image."""
    with replacing_folder(folder) as temporary:
        for image, path in enumerate(found.paths):
            name, radius = path.camera.name, path.camera.body_radius_m
            state = rewritten_state(found.camera(image), ground_sigma_m(found, image))
            (temporary / f"{name}.json").write_text(state_text(state), encoding="utf-8")
            write_eops(temporary / f"{name}.csv", found.orientation(image), radius)


STEP = Step(
    id="refinecameras",
    title="Refine camera models",
    group="Stereo",
    help=(
        "Improves known camera models of line scanners (CSM states or ISDs, as of LROC NAC or CTX) without control of "
        "their own: the rays of tie points have to meet, and the surface they span has to lie under the altimeter's "
        "shots. Ground control points count where you have them.\n\n"
        "One line of detectors cannot tell a shift along the track from pitch, nor one across from roll. The models "
        "are therefore held by the sigmas you state, and the report says for every component whether the data "
        "recovered it or the nominal value stays. Jitter of the attitude is found where ties and shots show it.\n\n"
        "A surface that lies up to three position sigmas aside is looked for first; give ties that are dense about "
        "the shots: relief that ties are too sparse to show makes heights, and the distance of the camera, too small."
    ),
    parameters=(
        replace(
            CAMERAS,
            optional=False,
            help="One camera file an image (CSM line-scan state or ISD), named as the image it belongs to.",
        ),
        Parameter(
            "TIES",
            Kind.FILES,
            "Ties",
            "Match files of densematch between the images, or tables with image_a, line_a, sample_a, image_b, line_b, "
            "sample_b [, sigma in pixels].",
            optional=True,
        ),
        Parameter("ALTIMETRY", Kind.TABLE, "Altimetry", ALTIMETRY_HELP, optional=True),
        Parameter(
            "GCPS",
            Kind.TABLE,
            "GCPs",
            "CSV or layer with view (the image's name), line, sample, lon, lat [, altitude, sigma_altitude, "
            "sigma_lateral]; lon and lat in degrees, the rest in metres.",
            optional=True,
        ),
        Parameter(
            "POSITION_SIGMA",
            Kind.NUMBER,
            "Position sigma",
            "By how much the models' positions may be wrong, each component.",
            default=200.0,
            minimum=1e-3,
            unit="m",
        ),
        Parameter(
            "ATTITUDE_SIGMA",
            Kind.NUMBER,
            "Attitude sigma",
            "By how much the models' attitudes may slowly be wrong, each component.",
            default=1e-4,
            minimum=1e-9,
            maximum=0.1,
            unit="rad",
        ),
        Parameter(
            "SIGMA_LATERAL",
            Kind.NUMBER,
            "Lateral sigma",
            "Sigma of the GCPs' longitude and latitude on the ground, one component; left empty, the table's, or 10 m.",
            optional=True,
            minimum=0,
            unit="m",
        ),
    ),
    outputs=(
        Output(
            "OUTPUT_FOLDER",
            OutputKind.FOLDER,
            "Refined models",
            "Folder for a CSM state and a table of orientation with sigmas for every image.",
        ),
        Output(
            "OUTPUT_REPORT",
            OutputKind.REPORT,
            "Report",
            "HTML: what is recovered and what is not, fits, corrections with error bands.",
            optional=True,
            extension="html",
        ),
    ),
    run=run,
    icon="camera",
    tags=("CSM", "ISD", "NAC", "CTX", "bundle adjustment", "jitter", "jigsaw", "refinement"),
)
