"""A line scanner's camera model written again as a CSM state: its own optics and times, another flight.

What `csm_export` does for a sensor's EOPs, for a camera that came as a state or an ISD: nothing of it is left out, lens
distortion and changing line times included. Nodes are uniform in time, as readers need them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .csm_export import ELEVATION_M, LEAST_LINES, PARAMETER_TYPES, PARAMETERS
from .csm_linescan import CSM_CORNER, CsmLineScan
from .csm_nodes import continuous, floats, uniform_nodes
from .csm_state import DISTORTION_TYPES, MODEL
from .rays import intersect_sphere
from .rotations import quaternion_from_matrix

Array = NDArray[np.float64]

TOLERANCE_PX = 1e-5  # between nodes; tables of pointing have kinks that would ask for a node a line


def rewritten_state(camera: CsmLineScan, ground_sigma_m: float) -> dict[str, Any]:
    """The state of a camera, as `state_text` writes it; ``ground_sigma_m`` becomes its variances on the ground.

    Raises `InputError` for an image of fewer lines than the nodes of a state need, and one whose middle sees no ground.
    """
    first, last = (float(time) for time in camera.times.at(np.array(camera.lines) + CSM_CORNER))
    count = camera.line_count
    if count < LEAST_LINES:
        raise InputError(f"Camera {camera.name!r} has {count} lines; a CSM state needs at least {LEAST_LINES}.")
    period = (last - first) / (count - 1)
    tick = np.arange(count, dtype=float)
    position, rotation = camera.trajectory.at(first + period * tick)
    middle = 0.5 * (count - 1)
    sample = 0.5 * (camera.samples - 1) + np.array([0.0, 1.0])
    origin, direction = camera.rays(np.full(2, middle), sample)
    ground = intersect_sphere(origin, direction, camera.body_radius_m)
    if not np.isfinite(ground).all():
        raise InputError(f"Camera {camera.name!r} looks past the body at its middle line; no CSM state can be written.")
    distance = float(np.linalg.norm(ground[0] - origin[0]))
    gsd = float(np.linalg.norm(ground[1] - ground[0]))
    positions = uniform_nodes(tick, position, gsd, TOLERANCE_PX)
    quaternions = uniform_nodes(tick, continuous(quaternion_from_matrix(rotation)), 0.5 * gsd / distance, TOLERANCE_PX)
    turns = quaternions.values / np.linalg.norm(quaternions.values, axis=1, keepdims=True)
    velocity = np.gradient(position, period, axis=0)
    at = np.clip(np.rint(positions.lines), 0, count - 1).astype(int)
    variance = np.zeros(PARAMETERS)
    variance[[0, 1, 2, 6, 7, 8]] = ground_sigma_m**2 / 2
    return {
        "m_modelName": MODEL,
        "m_imageIdentifier": camera.name,
        "m_sensorName": camera.name,
        "m_platformIdentifier": camera.name,
        "m_sensorIdentifier": camera.name,
        "m_nLines": count,
        "m_nSamples": camera.samples,
        "m_platformFlag": 1,
        "m_ikCode": 0,
        "m_intTimeLines": floats(camera.times.first),
        "m_intTimeStartTimes": floats(camera.times.start),
        "m_intTimes": floats(camera.times.step),
        "m_startingEphemerisTime": first - 0.5 * period,
        "m_centerEphemerisTime": 0.0,
        **_optics(camera),
        "m_majorAxis": float(camera.axes_m[0]),
        "m_minorAxis": float(camera.axes_m[1]),
        "m_minElevation": ELEVATION_M[0],
        "m_maxElevation": ELEVATION_M[1],
        "m_t0Ephem": first + period * positions.start,
        "m_dtEphem": period * positions.step,
        "m_numPositions": positions.values.size,
        "m_positions": floats(positions.values),
        "m_velocities": floats(velocity[at]),
        "m_t0Quat": first + period * quaternions.start,
        "m_dtQuat": period * quaternions.step,
        "m_numQuaternions": turns.size,
        "m_quaternions": floats(turns),
        "m_currentParameterValue": [0.0] * PARAMETERS,
        "m_parameterType": PARAMETER_TYPES,
        "m_covariance": floats(np.diag(variance)),
        "m_referencePointXyz": floats(ground[0]),
        "m_sunPosition": [0.0] * 3,  # unknown
        "m_sunVelocity": [0.0] * 3,
        "m_gsd": gsd if gsd != 1.0 else 1.0 + 1e-9,
        "m_flyingHeight": distance,
        "m_halfSwath": 0.5 * gsd * camera.samples,
        "m_halfTime": 0.5 * count * period,
        "m_logFile": "",
    }


def _optics(camera: CsmLineScan) -> dict[str, Any]:
    plane = camera.focal_plane
    return {
        "m_focalLength": float(plane.focal_length_mm),
        "m_zDirection": 1.0,
        "m_distortionType": {kind: number for number, kind in DISTORTION_TYPES.items()}[plane.distortion.kind],
        "m_opticalDistCoeffs": floats(np.array(plane.distortion.coefficients)),
        "m_iTransS": floats(plane.to_sample),
        "m_iTransL": floats(plane.to_line),
        "m_detectorSampleOrigin": float(plane.origin[0]),
        "m_detectorLineOrigin": float(plane.origin[1]),
        "m_detectorSampleSumming": float(plane.summing[0]),
        "m_detectorLineSumming": float(plane.summing[1]),
        "m_startingDetectorSample": float(plane.starting[0]),
        "m_startingDetectorLine": float(plane.starting[1]),
    }
