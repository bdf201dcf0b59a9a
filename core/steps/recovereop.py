"""Step: ground control points become the exterior orientation of every line."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..altimetry.certainty import CertaintyModel
from ..altimetry.filtering import filter_shots
from ..altimetry.interpolation import Interpolator
from ..altimetry.readers import Shots, height_doubts, read_shots, require_body_datum
from ..bodies import body_of_radius
from ..camera.csm_export import write_csm_states
from ..camera.linescan import LineScan
from ..camera.sensor import Sensor, load_sensor
from ..errors import InputError
from ..memory import require_memory
from ..outputs import together
from ..progress import Progress, part, silent, tell
from ..resection.altitudes import KnownAltitudes, certainty_map, fill_altitudes
from ..resection.bundle import TiePicker
from ..resection.joint import write_joint
from ..resection.model import ControlPoints, Orientation, TiePoints
from ..resection.recover import METHODS, recover
from ..resection.report import CertaintyMap, orientation_report
from ..resection.tables import read_gcps, write_eops
from ..version import VERSION
from .inputs import ALTIMETRY_HELP
from .scans import SENSOR
from .step import Kind, Output, OutputKind, Parameter, Step, StepResult
from .tie_inputs import MatchGroup, match_groups, matches_mb, pick_ties, ties_mb

# Measured at 1,400 to 100,000 lines of six GCPs each, and 1,500 to 196,000 shots.
_FIXED_MB = 200.0
_BYTES_PER_GCP, _BYTES_PER_SHOT = 2200, 1200
_FIX = "take a shorter part of the orbit, or the shots of its ground only"


def run(
    *,
    gcps: str,
    sensor: str,
    altimetry: str | None,
    altitude_field: str | None,
    method: str,
    use_certainty: bool,
    sigma_lateral: float | None,
    ties: list[str] | None,
    output: str,
    output_csm_folder: str | None,
    output_report: str | None,
    progress: Progress = silent,
    **_: Any,
) -> StepResult:
    """Read the control, give it altitudes, resect, write; see `STEP` for the parameters."""
    started = time.monotonic()
    scanner = load_sensor(sensor)
    tell(progress, 0.0, "Reading GCPs")
    table = read_gcps(gcps, scanner)
    read = _shots(altimetry, scanner, altitude_field)
    groups = _match_groups(ties, scanner)
    count = len(read) if read else 0
    needed = _FIXED_MB + (_BYTES_PER_GCP * len(table.points) + _BYTES_PER_SHOT * count) / 1e6 + matches_mb(groups)
    require_memory(needed, f"Orientation from {len(table.points)} GCPs and {count} shots", _FIX, progress)
    known, certainty, shots = _altitudes(table.points, read, bool(output_report), progress)
    found = recover(
        known.points,
        scanner,
        method,
        sigma_lateral=sigma_lateral,
        use_certainty=use_certainty,
        ties=_tie_picker(groups, scanner, shots, needed),
        shots=shots if ties else None,
        name=table.name,
        progress=part(progress, 0.3, 0.9),
    )
    tell(progress, 0.9, "Writing")
    warnings = list(dict.fromkeys([*table.warnings, *known.warnings, *found.verdict.doubts]))
    outputs: dict[str, Any] = {"OUTPUT": output}
    with together():
        write_eops(output, found.orientation, scanner.body_radius_m)
        write_joint(output, found.orientation, found.joint)
        if output_csm_folder:
            tell(progress, 0.92, "Writing")
            csm_said = write_csm_states(output_csm_folder, scanner, found.orientation)[1]
            warnings += csm_said
            outputs["OUTPUT_CSM_FOLDER"] = output_csm_folder
        if output_report:
            tell(progress, 0.95, "Drawing the report")
            inputs = {
                "GCPs": Path(gcps).name,
                "Sensor": f"{scanner.name} ({Path(sensor).name})",
                "Altimetry": Path(altimetry).name if altimetry else "none",
                "Method": method,
                "Ties": ", ".join(Path(path).name for path in ties) if ties else "none",
                "Certainty used": "yes" if use_certainty else "no",
                "Lateral sigma [m]": "estimated" if sigma_lateral is None else f"{sigma_lateral:g}",
                "Version": VERSION,
                "Time [s]": f"{time.monotonic() - started:.1f}",
            }
            orientation_report(found, scanner, inputs, known.sentences, warnings, certainty).write(output_report)
            outputs["OUTPUT_REPORT"] = output_report
    verdict = found.verdict
    flagged = int(np.count_nonzero(found.orientation.flag))
    if flagged:
        warnings.append(f"{flagged} of {verdict.instants} lines carry a flag; see its column.")
    good = verdict.instants - flagged
    note = f"{good} of {verdict.instants} lines without reservation, RMS residual {verdict.rms_px:.3g} px."
    said = [sentence for sentence in verdict.sentences if sentence not in warnings]
    return StepResult(outputs, tuple(warnings), (*known.sentences, *said, note))


def _shots(altimetry: str | None, sensor: Sensor, altitude_field: str | None) -> Shots | None:
    if not altimetry:
        return None
    shots = read_shots(altimetry, body_of_radius(sensor.body_radius_m), altitude_field=altitude_field or None)
    require_body_datum(shots)  # rays meet the sphere
    return shots


def _altitudes(
    points: ControlPoints, shots: Shots | None, drawn: bool, progress: Progress
) -> tuple[KnownAltitudes, CertaintyMap | None, Shots | None]:
    """The GCPs with altitudes from the altimetry, its certainty about them if it is to be drawn, its good shots."""
    if shots is None:
        if np.isnan(points.altitude).all():
            raise InputError("The GCPs have no column altitude: give ALTIMETRY of the same ground.")
        return KnownAltitudes(points), None, None
    keep = filter_shots(shots, part(progress, 0.02, 0.1)).keep
    good = shots.kept(keep)
    model = CertaintyModel(Interpolator(good), progress=part(progress, 0.1, 0.2))
    known = fill_altitudes(points, model, part(progress, 0.2, 0.3))
    known = replace(known, sentences=(*height_doubts(shots), *known.sentences))
    if not keep.all():
        said = f"{int((~keep).sum())} of {len(shots)} shots stand far off their neighbours and are left out."
        known = replace(known, sentences=(said, *known.sentences))
    return known, certainty_map(points, model) if drawn else None, good


def _match_groups(ties: list[str] | None, sensor: Sensor) -> list[MatchGroup]:
    def view_of(view: str, image: str) -> int:
        return sensor.view_index(view)

    return match_groups(ties or [], view_of, [sensor.samples] * len(sensor.views))


def _tie_picker(
    groups: Sequence[MatchGroup], sensor: Sensor, shots: Shots | None, needed_mb: float
) -> TiePicker | None:
    """What chooses tie points from the match files, with patches about the shots; they come on top of ``needed_mb``."""
    if not groups:
        return None

    def pick(orientation: Orientation) -> TiePoints:
        cameras = [LineScan(sensor, view, orientation) for view in range(len(sensor.views))]
        found = pick_ties(groups, cameras, shots)
        require_memory(needed_mb + ties_mb(found), f"A bundle of {len(found)} ties", _FIX, silent)
        return found

    return pick


STEP = Step(
    id="recovereop",
    title="Recover exterior orientation",
    group="Stereo",
    help=(
        "Finds where a line scanner was and how it looked at every line, from ground control points (GCPs) of which "
        "longitude and latitude are known well and the altitude from altimetry of uneven quality.\n\n"
        "trajectory: one smooth orbit and attitude through all control, with error bars; use it unless you compare "
        "methods. two_phase: line by line, attitude from longitude and latitude alone, then the position (Xu et al. "
        "2016). collinearity: line by line, all at once, every GCP alike.\n\n"
        "TIES, matches between the views, make the trajectory a bundle adjustment: rays of one ground point have to "
        "meet, and the surface they span has to lie under the altimeter's shots. Both the trajectory and the terrain "
        "from it gain several times in accuracy.\n\n"
        "A GCP's own altitude counts before the altimetry's. Give the sigma of longitudes and latitudes on the ground "
        "where you know it; 0 means exact."
    ),
    parameters=(
        Parameter(
            "GCPS",
            Kind.TABLE,
            "GCPs",
            "CSV or layer with line, view, sample, lon, lat [, altitude, sigma_altitude, sigma_lateral]; lon and lat "
            "in degrees, the rest in metres.",
        ),
        SENSOR,
        Parameter("ALTIMETRY", Kind.TABLE, "Altimetry", ALTIMETRY_HELP, optional=True),
        Parameter(
            "ALTITUDE_FIELD",
            Kind.FIELD,
            "Altitude field",
            "Column of the altimetry that holds altitudes in metres above the datum; left empty, it is recognised by "
            "its name.",
            optional=True,
            parent="ALTIMETRY",
        ),
        Parameter("METHOD", Kind.CHOICE, "Method", "How the lines are solved.", default="trajectory", choices=METHODS),
        Parameter(
            "USE_CERTAINTY",
            Kind.FLAG,
            "Use certainty",
            "Weigh altitudes by their certainty (two_phase) or their sigma (trajectory).",
            default=True,
        ),
        Parameter(
            "SIGMA_LATERAL",
            Kind.NUMBER,
            "Lateral sigma",
            "Sigma of the GCPs' longitude and latitude on the ground, one component. Left empty: estimated from the "
            "residuals. 0: exact.",
            optional=True,
            minimum=0,
            unit="m",
        ),
        Parameter(
            "TIES",
            Kind.RASTERS,
            "Ties",
            "Match files of densematch between views of this sensor. With ALTIMETRY its raw shots then hold the "
            "surface that the ties span (trajectory only).",
            optional=True,
        ),
    ),
    outputs=(
        Output(
            "OUTPUT",
            OutputKind.TABLE,
            "EOPs",
            "Table with line, x, y, z (m), theta, phi, rho (rad), their sigmas, residual and flag.",
            extension="csv",
        ),
        Output(
            "OUTPUT_CSM_FOLDER",
            OutputKind.FOLDER,
            "CSM camera models",
            "Folder for one community sensor model (CSM) state a view, for ISIS, the Ames Stereo Pipeline and others.",
            optional=True,
        ),
        Output(
            "OUTPUT_REPORT",
            OutputKind.REPORT,
            "Report",
            "HTML: verdict, the six parameters with their sigma, residuals, GCPs over the certainty map.",
            optional=True,
            extension="html",
        ),
    ),
    run=run,
    icon="camera",
    tags=("space resection", "EOP", "orientation", "trajectory", "GCP", "bundle adjustment"),
)
