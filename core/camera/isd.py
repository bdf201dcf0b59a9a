"""Image support data (ISDs) of line scanners, as ALE writes them: JSON in, camera out.

Everything is inertial there: the camera's positions (km), its pointing (inertial to sensor) and the body's rotation
(inertial to body) each at their own times. Positions are interpolated by cubic Hermite polynomials from their
velocities, or by a natural cubic spline where there are none; rotations by SLERP.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, MissingPackageError
from .csm_linescan import CsmLineScan, FocalPlane, LineTimes, checked_camera, require_coverage
from .csm_state import MODEL
from .distortion import KINDS, Distortion
from .json_fields import Fields, read_text
from .rotations import exp_so3, log_so3, matrix_from_quaternion

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

_METRES = {"km": 1000.0, "m": 1.0}
_NEEDED = (
    *("image_lines", "image_samples", "center_ephemeris_time", "line_scan_rate", "detector_sample_summing"),
    *("detector_line_summing", "starting_detector_line", "starting_detector_sample", "detector_center"),
    *("focal_length_model", "focal2pixel_lines", "focal2pixel_samples", "optical_distortion", "radii"),
    *("instrument_position", "instrument_pointing", "body_rotation"),
)


@dataclass(frozen=True)
class HermitePath:
    """Positions and velocities (n, 3) m, m/s at ascending ``time`` (n,) s."""

    time: Array
    position: Array
    velocity: Array

    def at(self, t: Array) -> Array:
        """Positions (..., 3) m at times (...)."""
        i, u, step = _interval(self.time, t)
        u, step = u[..., None], step[..., None]
        p0, p1, v0, v1 = self.position[i], self.position[i + 1], self.velocity[i] * step, self.velocity[i + 1] * step
        move = p1 - p0
        return np.asarray(p0 + u * (v0 + u * (3 * move - 2 * v0 - v1 + u * (v0 + v1 - 2 * move))))


@dataclass(frozen=True)
class Slerp:
    """Rotations (n, 3, 3) at ascending ``time`` (n,) s; ``turn`` (n - 1, 3) from each to the next, at a constant rate.

    ``after`` (3, 3) is a constant rotation that follows.
    """

    time: Array
    rotation: Array
    turn: Array
    after: Array

    def at(self, t: Array) -> Array:
        """Rotations (..., 3, 3) at times (...)."""
        i, u, _ = _interval(self.time, t)
        return np.asarray(self.after @ self.rotation[i] @ exp_so3(u[..., None] * self.turn[i]))


def _interval(time: Array, t: Array) -> tuple[Indices, Array, Array]:
    """Interval of ``time`` that holds ``t``, the fraction of it passed (NaN where ``t`` is NaN) and its length."""
    i = np.clip(np.searchsorted(time, t, side="right") - 1, 0, len(time) - 2)
    step = time[i + 1] - time[i]
    return i, (t - time[i]) / step, step


@dataclass(frozen=True)
class InertialTrajectory:
    """A camera's inertial path and pointing over a turning body."""

    path: HermitePath
    pointing: Slerp
    body: Slerp

    def at(self, time: Array) -> tuple[Array, Array]:
        """Body-fixed position (..., 3) m and rotation (..., 3, 3), camera to body."""
        body = self.body.at(time)
        position = (body @ self.path.at(time)[..., None])[..., 0]
        return position, body @ np.swapaxes(self.pointing.at(time), -1, -2)


def read_isd(path: str | Path) -> CsmLineScan:
    """Camera of an ALE ISD; raises `InputError` naming the file and the key at fault."""
    source = f"ISD {Path(path).name!r}"
    return camera_from_isd(Fields.parse(read_text(path), source), Path(path).name.split(".")[0])


def camera_from_isd(fields: Fields, name: str) -> CsmLineScan:
    """Camera of a parsed ISD."""
    model = fields.text("name_model")
    if model != MODEL:
        raise InputError(f"{fields.source} is of model {model[:60]!r}; only line scanners ({MODEL}) are read.")
    fields.require(*_NEEDED)
    radii = fields.inside("radii")
    radius_unit = _metres(radii, "km")
    camera = CsmLineScan(
        name=name,
        line_count=fields.count("image_lines"),
        samples=fields.count("image_samples"),
        times=_line_times(fields),
        focal_plane=_focal_plane(fields),
        trajectory=_trajectory(fields),
        axes_m=(
            radii.number("semimajor", above=0) * radius_unit,
            radii.number("semiminor", above=0) * radius_unit,
        ),
    )
    _check_coverage(camera, fields.source)
    return checked_camera(camera, fields.source)


def _line_times(fields: Fields) -> LineTimes:
    rates = fields.array("line_scan_rate", None, 3)
    if not len(rates) or np.any(np.diff(rates[:, 0]) <= 0) or np.any(rates[:, 2] <= 0):
        fields.refuse("line_scan_rate", "[line, time, time a line] with ascending lines and times above 0")
    return LineTimes(*rates.T)


def _focal_plane(fields: Fields) -> FocalPlane:
    lens = fields.inside("optical_distortion")
    kind = next(iter(lens.content), "")
    if kind not in KINDS:
        raise InputError(
            f"{fields.source}: optical distortion {kind[:40]!r} is not supported; only {' and '.join(KINDS)} are."
        )
    centre = fields.inside("detector_center")
    return FocalPlane(
        fields.inside("focal_length_model").number("focal_length", above=0),
        fields.array("focal2pixel_samples", 3),
        fields.array("focal2pixel_lines", 3),
        (centre.number("sample"), centre.number("line")),
        (fields.number("detector_sample_summing", above=0), fields.number("detector_line_summing", above=0)),
        (fields.number("starting_detector_sample"), fields.number("starting_detector_line")),
        Distortion(kind, tuple(lens.inside(kind).array("coefficients", KINDS[kind]))),
    )


def _trajectory(fields: Fields) -> InertialTrajectory:
    centre = fields.number("center_ephemeris_time")
    tables = [fields.inside(key) for key in ("instrument_position", "instrument_pointing", "body_rotation")]
    frames = {table.number("reference_frame") if "reference_frame" in table else 1 for table in tables}
    if len(frames) > 1:
        raise InputError(f"{fields.source} gives positions and rotations in different inertial frames; write it anew.")
    return InertialTrajectory(_path(tables[0], centre), _slerp(tables[1], centre), _slerp(tables[2], centre))


def _path(table: Fields, centre: float) -> HermitePath:
    time, unit = _times(table, centre), _metres(table, "km")
    position = table.array("positions", len(time), 3) * unit
    if "velocities" in table:
        return HermitePath(time, position, table.array("velocities", len(time), 3) * unit)
    try:
        from scipy.interpolate import CubicSpline
    except ImportError as error:
        raise MissingPackageError("scipy", "Reading an ISD without velocities") from error
    return HermitePath(time, position, CubicSpline(time, position, bc_type="natural")(time, 1))


def _slerp(table: Fields, centre: float) -> Slerp:
    time = _times(table, centre)
    quaternions = table.array("quaternions", len(time), 4)
    if np.linalg.norm(quaternions, axis=1).min() < 0.5:
        table.refuse("quaternions", "unit quaternions")
    rotation = matrix_from_quaternion(np.roll(quaternions, -1, axis=1))  # w first there, last here
    after = table.array("constant_rotation", 9).reshape(3, 3) if "constant_rotation" in table else np.eye(3)
    if np.abs(after @ after.T - np.eye(3)).max() > 1e-6:
        table.refuse("constant_rotation", "a rotation matrix")
    return Slerp(time, rotation, log_so3(np.swapaxes(rotation[:-1], -1, -2) @ rotation[1:]), after)


def _times(table: Fields, centre: float) -> Array:
    """Ascending times from the centre: absolute ones, 3e8 s, would cost a tenth of a millimetre of orbit."""
    time = table.array("ephemeris_times", None) - centre
    if len(time) < 2 or np.any(np.diff(time) <= 0):
        table.refuse("ephemeris_times", "two or more ascending times")
    return time


def _metres(table: Fields, default: str) -> float:
    unit = table.text("unit").lower() if "unit" in table else default
    if unit not in _METRES:
        table.refuse("unit", "km or m")
    return _METRES[unit]


def _check_coverage(camera: CsmLineScan, source: str) -> None:
    trajectory = camera.trajectory
    if not isinstance(trajectory, InertialTrajectory):
        return
    path, pointing, body = trajectory.path, trajectory.pointing, trajectory.body
    times = {"positions": path.time, "pointing": pointing.time, "body rotation": body.time}
    spans = {what: (float(time[0]), float(time[-1])) for what, time in times.items()}
    require_coverage(camera, spans, source, "make the ISD from kernels that cover the image")
