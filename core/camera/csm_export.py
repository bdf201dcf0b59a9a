"""Orientations of a line scanner as CSM model states, one a view, for ISIS, the Ames Stereo Pipeline and knoten.

CSM's camera looks along +z with rays (x, y, f), ours along -z with rays (px, py, -f): R_csm = R diag(1, -1, -1),
x = px, y = -py. The reader interpolates positions and quaternions after Lagrange between uniform nodes; they are set as
far apart as keeps every line within `TOLERANCE_PX` of the orientation given, down to one a line, where it is exact.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..outputs import replacing_folder
from ..resection.model import Orientation
from ..resection.splines import UniformSpline
from .csm_linescan import CSM_CORNER
from .csm_nodes import Nodes, continuous, floats, uniform_nodes
from .csm_state import MODEL, state_text
from .linescan import LineScan
from .rays import intersect_sphere, project
from .rotations import angle_rates, quaternion_from_matrix
from .sensor import Sensor

Array = NDArray[np.float64]

_MOST_MISSING = 64  # lines without orientation at the image's start that are bridged, with a warning
_VELOCITY_KNOTS = 100  # lines
ELEVATION_M = (-12_000.0, 25_000.0)  # of any ground on a rocky body
PARAMETERS = 16
LEAST_LINES = 8  # of an image: as many as the highest interpolation takes
PARAMETER_TYPES = [2] * PARAMETERS  # REAL; some readers of 2026 fail without the key
_WIDEST_ARC = 45.0  # degrees


def write_csm_states(folder: str | Path, sensor: Sensor, orientation: Orientation) -> tuple[list[Path], list[str]]:
    """Write one state a view, VIEW.json, into ``folder``; returns their paths and what the user should know.

    Image line 0 is the orientation's line 0, its last line the orientation's last. Raises `InputError` where the
    orientation has no times, does not reach the image's start, or looks past the body.
    """
    texts = {
        re.sub(r"[^\w.-]+", "_", view.name) + ".json": state_text(csm_state(sensor, index, orientation))
        for index, view in enumerate(sensor.views)
    }
    with replacing_folder(folder) as temporary:
        for name, text in texts.items():
            (temporary / name).write_text(text, encoding="utf-8")
    warnings = []
    first = float(orientation.line[_solved(orientation)][0])
    if first >= 1:
        warnings.append(f"The EOPs start at line {first:g}: in the CSM states the lines before carry on their trend.")
    arc = _arc_degrees(orientation.position[_solved(orientation)])
    if arc > _WIDEST_ARC:
        warnings.append(
            f"The orbit spans {arc:.0f}°; readers built on usgscsm lose ground points beyond some {_WIDEST_ARC:.0f}°: "
            "for ISIS or the Ames Stereo Pipeline, cut the images and the EOPs into parts."
        )
    return [Path(folder) / name for name in texts], warnings


def _arc_degrees(position: Array) -> float:
    """Widest angle, seen from the body's centre, from the first of the positions (n, 3) to another."""
    up = position / np.linalg.norm(position, axis=1, keepdims=True)
    return float(np.degrees(np.arccos(np.clip(up @ up[0], -1.0, 1.0))).max())


def csm_state(sensor: Sensor, view: int, orientation: Orientation) -> dict[str, Any]:
    """The state of one view, as `state_text` writes it."""
    known = _known_lines(sensor, orientation)
    count = int(known[-1]) + 1
    start, period = _times(sensor, orientation)
    look = _look(LineScan(sensor, view, orientation), known)
    position, rotation = orientation.at(known)
    ifov = sensor.pixel_pitch_mm / sensor.focal_length_mm
    positions = uniform_nodes(known, position, look.gsd_m)
    quaternions = uniform_nodes(known, continuous(quaternion_from_matrix(rotation * [1.0, -1.0, -1.0])), 0.5 * ifov)
    quaternions = Nodes(
        quaternions.start,
        quaternions.step,
        quaternions.values / np.linalg.norm(quaternions.values, axis=1, keepdims=True),
    )
    middle = 0.5 * (count - 1)  # the line at the centre time
    half_swath = 0.5 * look.gsd_m * sensor.samples
    return {
        "m_modelName": MODEL,
        "m_imageIdentifier": sensor.views[view].name,
        "m_sensorName": sensor.name,
        "m_platformIdentifier": sensor.name,
        "m_sensorIdentifier": sensor.views[view].name,
        "m_nLines": count,
        "m_nSamples": sensor.samples,
        "m_platformFlag": 1,
        "m_ikCode": 0,
        "m_intTimeLines": [CSM_CORNER],
        "m_intTimeStartTimes": [-0.5 * count * period],
        "m_intTimes": [period],
        "m_startingEphemerisTime": start - 0.5 * period,
        "m_centerEphemerisTime": start + middle * period,
        **_optics(sensor, view, look.onward),
        "m_majorAxis": float(sensor.body_radius_m),
        "m_minorAxis": float(sensor.body_radius_m),
        "m_minElevation": ELEVATION_M[0],
        "m_maxElevation": ELEVATION_M[1],
        "m_t0Ephem": period * (positions.start - middle),
        "m_dtEphem": period * positions.step,
        "m_numPositions": positions.values.size,
        "m_positions": floats(positions.values),
        "m_velocities": floats(_velocities(known, position, positions.lines) / period),
        "m_t0Quat": period * (quaternions.start - middle),
        "m_dtQuat": period * quaternions.step,
        "m_numQuaternions": quaternions.values.size,
        "m_quaternions": floats(quaternions.values),
        "m_currentParameterValue": [0.0] * PARAMETERS,
        "m_parameterType": PARAMETER_TYPES,
        "m_covariance": floats(np.diag(_variances(orientation, look, half_swath))),
        "m_referencePointXyz": floats(look.ground),
        "m_sunPosition": [0.0] * 3,  # unknown
        "m_sunVelocity": [0.0] * 3,
        # Readers take exactly (1, 1000) for "not computed yet" and put their own covariance in place of this one.
        "m_gsd": look.gsd_m if look.gsd_m != 1.0 else 1.0 + 1e-9,
        "m_flyingHeight": look.distance_m,
        "m_halfSwath": half_swath,
        "m_halfTime": 0.5 * count * period,
        "m_logFile": "",  # older readers insist on it
    }


def _optics(sensor: Sensor, view: int, onward: float) -> dict[str, Any]:
    """The focal plane: detector lines and samples of one pixel pitch, the view's own line at detector line 0."""
    pitch, px = float(sensor.pixel_pitch_mm), float(sensor.views[view].px_mm)
    return {
        "m_focalLength": float(sensor.focal_length_mm),
        "m_zDirection": 1.0,
        "m_distortionType": 0,
        "m_opticalDistCoeffs": [0.0] * 3,
        "m_iTransS": [0.0, 0.0, -1.0 / pitch],
        "m_iTransL": [0.0, onward / pitch, 0.0],
        "m_detectorSampleOrigin": float(sensor.principal_sample) + CSM_CORNER,
        "m_detectorLineOrigin": -onward * px / pitch,
        "m_detectorSampleSumming": 1.0,
        "m_detectorLineSumming": 1.0,
        "m_startingDetectorSample": 0.0,
        "m_startingDetectorLine": 0.0,
    }


@dataclass(frozen=True)
class _Look:
    """What the middle of the image shows; ``onward`` is +1 where the ground moves towards smaller px line by line."""

    ground: Array
    gsd_m: float
    distance_m: float
    onward: float
    position: Array
    velocity: Array  # m a line


def _look(camera: LineScan, known: Array) -> _Look:
    sensor = camera.sensor
    line = known[[len(known) // 2 - 1, len(known) // 2]]
    sample = 0.5 * (sensor.samples - 1) + np.array([0.0, 1.0])
    ground = intersect_sphere(*camera.rays(line, sample), sensor.body_radius_m)
    if not np.isfinite(ground).all():
        raise InputError(f"View {camera.name!r} does not look at the body at line {line[0]:g}; check the EOPs.")
    position, rotation = camera.orientation.at(line)
    px = project(ground[0], position, rotation, sensor.focal_length_mm)[:, 0]
    return _Look(
        ground[0],
        float(np.linalg.norm(ground[1] - ground[0]) / np.sqrt(2.0)),
        float(np.linalg.norm(position[0] - ground[0])),
        # Readers step by the detector-line offset: it must grow with the lines still to come.
        1.0 if px[1] <= px[0] else -1.0,
        position[0],
        position[1] - position[0],
    )


def _solved(orientation: Orientation) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(orientation.position).all(axis=-1))


def _known_lines(sensor: Sensor, orientation: Orientation) -> Array:
    """All whole lines between the first and the last solved one."""
    line = orientation.line[_solved(orientation)]
    if len(line) and line[0] > _MOST_MISSING:
        raise InputError(
            f"The EOPs of {sensor.name!r} start at line {line[0]:g}, and a CSM state counts its lines from 0; "
            "crop the images so that they start there, or recover the lines before."
        )
    known = np.arange(np.ceil(line[0] - 1e-9), np.floor(line[-1] + 1e-9) + 1) if len(line) else np.empty(0)
    known = known[known >= 0]
    if len(known) < LEAST_LINES:
        raise InputError(
            f"The EOPs of {sensor.name!r} cover {len(known)} lines; a CSM state needs at least {LEAST_LINES}."
        )
    return known


def _times(sensor: Sensor, orientation: Orientation) -> tuple[float, float]:
    """Time of line 0 and time a line (s): a straight line through the EOPs' times, else the sensor's line period."""
    if orientation.time is not None:
        timed = np.isfinite(orientation.time)
        if timed.sum() >= 2:
            middle, origin = orientation.line[timed].mean(), orientation.time[timed].mean()
            period = float(np.polyfit(orientation.line[timed] - middle, orientation.time[timed] - origin, 1)[0])
            if period <= 0:
                raise InputError('Column "time" of the EOPs does not grow with "line"; give lines in flight order.')
            return float(origin - middle * period), period
    if sensor.line_period_s is None:
        raise InputError(
            f'A CSM state needs times: add "line_period_s" to sensor {sensor.name!r} or a column "time" to the EOPs.'
        )
    return 0.0, float(sensor.line_period_s)


def _velocities(line: Array, position: Array, at: Array) -> Array:
    """Velocities (n, 3), m a line, at lines ``at``: of the spline that smooths what the EOPs jump from line to line."""
    spline = UniformSpline.over(line[0], line[-1], _VELOCITY_KNOTS)
    return spline.evaluate(spline.fit(line, position - position.mean(axis=0)), at, derivative=1)


def _variances(orientation: Orientation, look: _Look, half_swath: float) -> Array:
    """Variances (16,) m² of the model's corrections: position and angles at once, their rates, and the focal length.

    Position is along track, across track and radial. Turns about the camera's x and y are metres on the ground at its
    distance, those about its axis metres at the swath's edge. Without covariances of the EOPs, and for rates, readers'
    own default of a pixel.
    """
    pixel = look.gsd_m**2
    variance = np.repeat([pixel, pixel / 2, pixel, pixel / 2, pixel / 4, pixel], [3, 3, 3, 3, 3, 1])
    if orientation.covariance is None:
        return variance
    rows = np.flatnonzero(_solved(orientation) & np.isfinite(orientation.covariance).all(axis=(1, 2)))
    if not len(rows):
        return variance
    radial = look.position / np.linalg.norm(look.position)
    across = np.cross(look.position, look.velocity)
    across /= np.linalg.norm(across)
    axes = np.stack([np.cross(across, radial), across, radial])
    covariance = orientation.covariance[rows]
    turn = angle_rates(orientation.angles[rows])
    variance[:3] = np.einsum("ij,njk,ik->ni", axes, covariance[:, :3, :3], axes).mean(axis=0)
    lever = np.array([look.distance_m, look.distance_m, half_swath])
    variance[6:9] = np.einsum("nij,njk,nik->ni", turn, covariance[:, 3:, 3:], turn).mean(axis=0) * lever**2
    return variance
