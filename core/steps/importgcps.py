"""Step: a product's table of scanline-end positions, or a known camera, becomes ground control points."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..bodies import body_of_radius
from ..camera.control import control_of_camera
from ..camera.csm_linescan import CsmLineScan
from ..camera.open_camera import open_camera
from ..camera.sensor import Sensor, load_sensor, sensor_to_json
from ..errors import InputError
from ..memory import require_memory
from ..outputs import replacing, together
from ..progress import Progress, silent, tell
from ..resection.model import ControlPoints, control_points
from ..resection.tables import checked_gcps, write_gcps
from ..tables import Table, assert_degrees, read_table
from .footprints import dem_height
from .scans import SENSOR_OR_CAMERAS
from .step import Kind, Output, OutputKind, Parameter, Step, StepResult

_FIXED_MB, _BYTES_PER_GCP = 100.0, 800  # measured at 40,000 and 200,000 GCPs

Array = NDArray[np.float64]


def run(
    *,
    input: list[str] | None,
    sensor: str | None,
    views: str,
    line_field: str,
    lon_first: str,
    lat_first: str,
    lon_last: str,
    lat_last: str,
    altitude_first: str,
    altitude_last: str,
    sample_first: float,
    sample_last: float | None,
    line_offset: float,
    missing_value: float | None,
    camera: str | None,
    dem: str | None,
    line_step: int,
    output: str,
    output_sensor: str | None,
    progress: Progress = silent,
    **_: Any,
) -> StepResult:
    """Read one table a view, two GCPs a row, or one camera; see `STEP` for the parameters."""
    if bool(camera) == bool(input or sensor):
        raise InputError("Give INPUT and SENSOR, or CAMERA: the tables of a product, or the image's camera model.")
    if camera:
        with together():
            return _from_camera(camera, dem, line_step, output, output_sensor, progress)
    if not input or not sensor:
        raise InputError(f"{'INPUT' if sensor else 'SENSOR'} is missing; tables and the sensor belong together.")
    scanner = load_sensor(sensor)
    ends = (
        (sample_first, lon_first, lat_first, altitude_first),
        (scanner.samples - 1.0 if sample_last is None else sample_last, lon_last, lat_last, altitude_last),
    )
    found = []
    for number, (path, view) in enumerate(zip(input, _views(views, scanner, len(input)))):
        tell(progress, number / len(input), f"Reading {Path(path).name}")
        table = read_table(path, "Table")
        line = _lines(table, line_field) + line_offset
        if (line < -0.5).any():
            raise InputError(
                f"LINE_OFFSET {line_offset:g} makes line {np.nanmin(line):g} of table {Path(path).name!r}; lines count "
                "from 0" + ("." if line_field else ", and rows are counted from 0 already.")
            )
        found += [_one_end(table, line, view, *end, missing_value) for end in ends]
    _require_memory(sum(map(len, found)), "split INPUT", progress)
    points = ControlPoints(
        *(np.concatenate([getattr(p, n) for p in found]) for n in ControlPoints.__dataclass_fields__)
    )
    checked = checked_gcps(points, scanner, ", ".join(Path(path).name for path in input))
    write_gcps(output, checked.points, scanner)
    lines = np.unique(checked.points.line)
    note = f"{len(checked.points)} GCPs on {len(lines)} lines ({lines[0]:g} to {lines[-1]:g})."
    return StepResult({"OUTPUT": output}, checked.warnings, (note,))


def _require_memory(count: int, fix: str, progress: Progress) -> None:
    require_memory(_FIXED_MB + _BYTES_PER_GCP * count / 1e6, f"Writing {count} GCPs", fix, progress)


def _from_camera(
    path: str, dem: str | None, step: int, output: str, output_sensor: str | None, progress: Progress
) -> StepResult:
    """GCPs of every ``step``-th line of a line-scan camera, on a DEM or the sphere, and the sensor they fit."""
    camera = open_camera(path)
    if not isinstance(camera, CsmLineScan):
        raise InputError(f"Camera {camera.name!r} is a frame camera; scanlines need a line scanner's model.")
    lines = np.arange(0.0, camera.line_count, step)
    _require_memory(2 * len(lines), "choose a larger LINE_STEP", progress)
    sensor, off = camera.sensor()
    height, said = dem_height(dem, body_of_radius(camera.body_radius_m)) if dem else (None, ())
    points = control_of_camera(camera, lines, camera.body_radius_m, height)
    write_gcps(output, points, sensor)
    outputs = {"OUTPUT": output}
    if output_sensor:
        with replacing(output_sensor, (".json",)) as temporary:
            temporary.write_text(json.dumps(sensor_to_json(sensor), indent=2) + "\n", encoding="utf-8")
        outputs["OUTPUT_SENSOR"] = output_sensor
    warnings = [*said]
    if off > 0.1:
        warnings.append(
            f"The sensor of {camera.name!r} leaves its lens distortion out: exact at the ends of a line, up to "
            f"{off:.1f} pixels off between them."
        )
    return StepResult(outputs, tuple(warnings), (f"{len(points)} GCPs of {camera.line_count} lines.",))


def _views(text: str, sensor: Sensor, tables: int) -> list[int]:
    names = [name for name in (part.strip() for part in text.split(",")) if name]
    if not names and tables == len(sensor.views):
        return list(range(tables))
    if len(names) != tables:
        known = ", ".join(view.name for view in sensor.views)
        said = f"VIEWS names {len(names)} views" if names else f"Sensor {sensor.name!r} has {len(sensor.views)} views"
        raise InputError(f"{said} for {tables} tables; name in VIEWS one of {known} for each, in their order.")
    return [sensor.view_index(name) for name in names]


def _lines(table: Table, field: str) -> Array:
    """Line numbers: the column ``field``, or the rows counted from 0 where it is left empty."""
    return table.numbers(field, what="LINE_FIELD") if field else np.arange(len(table), dtype=float)


def _one_end(
    table: Table, line: Array, view: int, sample: float, lon: str, lat: str, altitude: str, missing: float | None
) -> ControlPoints:
    """GCPs of one end of every scanline; rows that hold the missing value keep NaN and are set aside later."""
    degrees = np.stack([table.numbers(lon, what="longitude"), table.numbers(lat, what="latitude")])
    height = table.numbers(altitude, what="altitude") if altitude else np.full(len(line), np.nan)
    if missing is not None:
        degrees[:, (degrees == missing).any(axis=0)] = np.nan
        height = np.where(height == missing, np.nan, height)
    _name_placeholder(table.name, degrees)
    assert_degrees(table.name, *degrees)
    lon_rad, lat_rad = np.radians(degrees)
    return control_points(line, view, sample, lon_rad, lat_rad, height)


def _name_placeholder(name: str, degrees: Array) -> None:
    """Raise `InputError` where the only impossible value of (2, n) degrees looks like one for unknown positions."""
    odd = np.unique(degrees[np.abs(degrees) > 720])
    if len(odd) == 1:
        rows = int((degrees == odd[0]).any(axis=0).sum())
        raise InputError(
            f"{name!r} holds {odd[0]:g} for longitude or latitude in {rows} rows: give MISSING_VALUE {odd[0]:g} if it "
            "stands for an unknown position."
        )


def _column(name: str, what: str, default: str, optional: bool = False) -> Parameter:
    return Parameter(name, Kind.TEXT, what, f"Column with the {what.lower()}.", default=default, optional=optional)


STEP = Step(
    id="importgcps",
    title="Import GCPs",
    group="Stereo",
    help=(
        "Turns the positions of the first and last pixel of every scanline, as mission products list them, into ground "
        "control points. Give one table a view (CSV or text with a header line) and name its columns; longitudes and "
        "latitudes are planetocentric degrees, east positive.\n\n"
        "The manual shows the way from Chang'E 2C products (docs/importing-gcps.md). The result is checked against the "
        "sensor: swapped columns, radians and tables of the wrong view are named.\n\n"
        "Or give the camera model of a line scanner (CSM state or ISD) instead: its scanline ends are found on a DEM, "
        "or on the sphere, and the sensor that goes with them is written beside."
    ),
    parameters=(
        Parameter("INPUT", Kind.TABLES, "Tables", "One table a view.", optional=True),
        SENSOR_OR_CAMERAS,
        Parameter(
            "VIEWS",
            Kind.TEXT,
            "Views",
            "Names of the views, in the order of the tables, with commas between. Left empty: the sensor's order.",
            default="",
            optional=True,
        ),
        Parameter(
            "LINE_FIELD",
            Kind.TEXT,
            "Line column",
            "Column with the line number. Left empty: rows are counted from 0.",
            default="line",
            optional=True,
        ),
        _column("LON_FIRST", "Longitude of the first pixel", "lon_first"),
        _column("LAT_FIRST", "Latitude of the first pixel", "lat_first"),
        _column("LON_LAST", "Longitude of the last pixel", "lon_last"),
        _column("LAT_LAST", "Latitude of the last pixel", "lat_last"),
        _column("ALTITUDE_FIRST", "Altitude of the first pixel", "", optional=True),
        _column("ALTITUDE_LAST", "Altitude of the last pixel", "", optional=True),
        Parameter(
            "SAMPLE_FIRST",
            Kind.NUMBER,
            "Sample of the first pixel",
            "0-based; swap it with the last where the product counts from the other side.",
            default=0.0,
            advanced=True,
        ),
        Parameter(
            "SAMPLE_LAST",
            Kind.NUMBER,
            "Sample of the last pixel",
            "0-based. Left empty: the sensor's last sample.",
            optional=True,
            advanced=True,
        ),
        Parameter(
            "LINE_OFFSET",
            Kind.NUMBER,
            "Line offset",
            "Added to the line numbers: -1 where the product counts from 1.",
            default=0.0,
            advanced=True,
        ),
        Parameter(
            "MISSING_VALUE",
            Kind.NUMBER,
            "Missing value",
            "Stands for an unknown position or altitude, -9999 for example.",
            optional=True,
            advanced=True,
        ),
        Parameter(
            "CAMERA",
            Kind.FILE,
            "Camera model",
            "Instead of tables and sensor: a line scanner's CSM state or ISD (JSON).",
            optional=True,
        ),
        Parameter(
            "DEM",
            Kind.RASTER,
            "DEM",
            "Ground of the camera's GCPs, metres above the body's sphere or ellipsoid.",
            optional=True,
        ),
        Parameter(
            "LINE_STEP", Kind.INTEGER, "Line step", "GCPs of the camera every so many lines.", default=1, minimum=1
        ),
    ),
    outputs=(
        Output("OUTPUT", OutputKind.TABLE, "GCPs", "Table of GCPs (CSV or a point layer).", extension="csv"),
        Output(
            "OUTPUT_SENSOR",
            OutputKind.FILE,
            "Sensor",
            "The line scanner of the camera model (JSON), for recovereop.",
            optional=True,
            extension="json",
        ),
    ),
    run=run,
    icon="camera",
    tags=("Chang'E", "ground control", "scanline ends", "2C"),
)
