"""A known camera's flight with small corrections: what a single-line sensor with a nominal model is refined by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..camera.csm_linescan import CSM_CORNER, CsmLineScan, LineTimes, Trajectory
from ..camera.rotations import exp_so3
from .path import Poses, right_jacobian
from .splines import UniformSpline
from .ties import Rays, camera_rays

Array = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Asked:
    """What a model says at lines (L,), and where the splines of its corrections live there: asked once, used often."""

    position: Array
    rotation: Array
    frame: Array
    place: tuple[Integers, Array]
    turn: tuple[Integers, Array]


@dataclass(frozen=True)
class NominalPath:
    """C(t) = C0(t) + F(t) c(t), R(t) = R0(t) exp([w(t)]x): corrections to a model's C0, R0 at any line of its image.

    F(t): radial, forward, normal. c (m) and w (rad, frame of the camera's `sensor`) are cubic splines with coefficients
    ``shifts`` (Kp, 3) and ``turns`` (Ka, 3).
    """

    camera: CsmLineScan
    place: UniformSpline
    turn: UniformSpline
    shifts: Array
    turns: Array

    @classmethod
    def over(cls, camera: CsmLineScan, position_intervals: int, attitude_lines: float) -> NominalPath:
        """The uncorrected flight: ``position_intervals`` of c over the image, knots of w ``attitude_lines`` apart."""
        first, last = camera.lines
        place = UniformSpline.over(first, last, (last - first) / position_intervals)
        turn = UniformSpline.over(first, last, min(attitude_lines, (last - first) / position_intervals))
        return cls(camera, place, turn, np.zeros((place.count, 3)), np.zeros((turn.count, 3)))

    def asked(self, line: Array) -> Asked:
        """The model at lines (L,), fractions included; lines past an end count as the end."""
        line = np.clip(line, *self.camera.lines)
        unique, row = np.unique(line, return_inverse=True)
        known = self.camera.orientation(unique)
        frame = flying_frame(known.position, self._normal())
        place, turn = self.place.weights(line), self.turn.weights(line)
        return Asked(known.position[row], known.rotation()[row], frame[row], place, turn)

    def of(self, asked: Asked) -> Poses:
        """Poses at the lines asked for."""
        shift, vector = _curve(self.shifts, *asked.place), _curve(self.turns, *asked.turn)
        position = asked.position + np.einsum("lij,lj->li", asked.frame, shift)
        return Poses(position, asked.rotation @ exp_so3(vector), asked.frame, right_jacobian(vector))

    def at(self, line: Array) -> Poses:
        """Poses at lines (L,)."""
        return self.of(self.asked(line))

    def moved(self, shifts: Array, turns: Array) -> NominalPath:
        """The path with changes added to its coefficients."""
        return replace(self, shifts=self.shifts + shifts, turns=self.turns + turns)

    def corrected(self) -> CsmLineScan:
        """The camera itself, flown along this path."""
        return replace(self.camera, trajectory=CorrectedFlight(self.camera.trajectory, self.camera.times, self))

    def _normal(self) -> Array:
        ends = self.camera.orientation(np.array(self.camera.lines)).position
        return np.cross(ends[0], ends[1])


def flying_frame(position: Array, normal: Array) -> Array:
    """Columns radial, forward, normal (L, 3, 3) at positions (L, 3) of a flight about ``normal`` (3,)."""
    radial = position / np.linalg.norm(position, axis=1, keepdims=True)
    forward = np.cross(normal, radial)
    forward /= np.linalg.norm(forward, axis=1, keepdims=True)
    return np.stack([radial, forward, np.cross(radial, forward)], axis=2)


def _curve(coefficients: Array, first: Integers, share: Array) -> Array:
    return np.asarray(np.einsum("lk,lkj->lj", share, coefficients[first[:, None] + np.arange(4)]))


@dataclass(frozen=True)
class CorrectedFlight:
    """The trajectory of a model with a path's corrections."""

    nominal: Trajectory
    times: LineTimes
    path: NominalPath

    def at(self, time: Array) -> tuple[Array, Array]:
        """Position (..., 3) m and rotation (..., 3, 3), camera to body-fixed, at times (...) s."""
        position, rotation = self.nominal.at(time)
        line = np.nan_to_num(self.times.lines(np.ravel(time)) - CSM_CORNER)
        flat = position.reshape(-1, 3)
        frame = flying_frame(flat, self.path._normal())
        shift = self.path.place.evaluate(self.path.shifts, line)
        turn = exp_so3(self.path.turn.evaluate(self.path.turns, line))
        basis = self.path.camera.basis
        position = (flat + np.einsum("lij,lj->li", frame, shift)).reshape(position.shape)
        return position, rotation @ (basis @ turn @ basis.T).reshape(rotation.shape)


def image_rays(cameras: Sequence[CsmLineScan], view: Array, line: Array, sample: Array, sigma_px: Array) -> Rays:
    """Rays (N, M) of image points in the cameras of column m, ``view`` (M,); lens distortion included."""
    s, pixel = np.zeros((*line.shape, 3)), np.ones(line.shape)
    for column, index in enumerate(view):
        camera = cameras[int(index)]
        there = np.isfinite(line[:, column])
        s[there, column] = camera.focal_plane.rays(sample[there, column] + CSM_CORNER) @ camera.basis
        sensor, _ = camera.sensor()
        pixel[:, column] = sensor.pixel_pitch_mm / sensor.focal_length_mm
    return camera_rays(s, line, pixel, sigma_px)
