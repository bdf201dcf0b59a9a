"""The line-scan camera of the community sensor model (CSM), as states and ISDs describe it.

The camera frame looks along +z; a focal-plane point (x, y) mm has the ray (x, y, f). CSM counts image coordinates from
the upper-left corner, so that the centre of the first pixel is (0.5, 0.5); here as everywhere it is (0, 0).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..resection.model import Orientation
from .distortion import Distortion
from .linescan import ImageCamera
from .pushbroom import STARTS, LineSearch, each_line_once
from .rays import intersect_sphere, to_camera, to_world
from .rotations import angles_from_matrix, unwrap_angles
from .sensor import Sensor, View

Array = NDArray[np.float64]

CSM_CORNER = 0.5  # CSM's coordinate of the centre of the first pixel


class Trajectory(Protocol):
    """Where the camera is and looks at any time."""

    def at(self, time: Array) -> tuple[Array, Array]:
        """Position (..., 3) m and rotation (..., 3, 3), camera to body-fixed, at times (...) s from the centre time."""


@dataclass(frozen=True)
class LineTimes:
    """Exposure times: from line ``first`` (K,) on, t = start + step (line - first + 0.5), line in CSM's count, s."""

    first: Array
    start: Array
    step: Array

    def at(self, line: Array) -> Array:
        """Times (...) s from the centre time of CSM lines (...)."""
        part = np.clip(np.searchsorted(self.first, line, side="right") - 1, 0, len(self.first) - 1)
        return np.asarray(self.start[part] + self.step[part] * (line - self.first[part] + 0.5))

    def lines(self, time: Array) -> Array:
        """CSM lines (...) that are exposed at times (...): the inverse of `at`."""
        part = np.clip(np.searchsorted(self.start, time, side="right") - 1, 0, len(self.first) - 1)
        return np.asarray(self.first[part] + (time - self.start[part]) / self.step[part] - 0.5)


@dataclass(frozen=True)
class FocalPlane:
    """Pixels on the focal plane: pairs are (sample, line).

    detector = image * ``summing`` + ``starting``, counted from the boresight at ``origin``; detector from focal-plane
    mm = a0 + a1 x + a2 y with ``to_sample`` and ``to_line`` (3,).
    """

    focal_length_mm: float
    to_sample: Array
    to_line: Array
    origin: tuple[float, float]
    summing: tuple[float, float] = (1.0, 1.0)
    starting: tuple[float, float] = (0.0, 0.0)
    distortion: Distortion = field(default_factory=Distortion)

    @property
    def matrix(self) -> Array:
        """Detector (sample, line) by focal plane (x, y), (2, 2) px/mm."""
        return np.stack([self.to_sample[1:], self.to_line[1:]])

    def points(self, sample: ArrayLike) -> tuple[Array, Array]:
        """Undistorted focal-plane points x, y (mm) of CSM samples on the detector line."""
        along = np.asarray(sample, float) * self.summing[0] + self.starting[0] - self.origin[0] - self.to_sample[0]
        across = np.full(along.shape, self.starting[1] - self.origin[1] - self.to_line[0])
        x, y = np.moveaxis(np.stack([along, across], axis=-1) @ np.linalg.inv(self.matrix).T, -1, 0)
        return self.distortion.undistort(x, y)

    def rays(self, sample: ArrayLike) -> Array:
        """Viewing rays (..., 3) in the camera frame, mm, of CSM samples."""
        x, y = self.points(sample)
        return np.stack([x, y, np.full(x.shape, self.focal_length_mm)], axis=-1)

    def image(self, points: Array) -> tuple[Array, Array]:
        """How many lines ahead of the detector line camera-frame points (..., 3) are seen, and their CSM sample."""
        scale = self.focal_length_mm / np.where(points[..., 2] > 0, points[..., 2], np.nan)
        x, y = self.distortion.distort(points[..., 0] * scale, points[..., 1] * scale)
        sample, line = (
            (a[0] + a[1] * x + a[2] * y + self.origin[i] - self.starting[i]) / self.summing[i]
            for i, a in enumerate((self.to_sample, self.to_line))
        )
        return line, sample


@dataclass(frozen=True)
class CsmLineScan:
    """A line-scan image of known orientation: an `ImageCamera`. ``axes_m`` are the body's semi-axes."""

    name: str
    line_count: int
    samples: int
    times: LineTimes
    focal_plane: FocalPlane
    trajectory: Trajectory
    axes_m: tuple[float, float]

    @property
    def lines(self) -> tuple[float, float]:
        """First and last line."""
        return 0.0, self.line_count - 1.0

    @property
    def body_radius_m(self) -> float:
        """Radius of the body: its semi-major axis."""
        return self.axes_m[0]

    def rays(self, line: ArrayLike, sample: ArrayLike) -> tuple[Array, Array]:
        """Origins (..., 3) m and unit directions (..., 3), body-fixed; NaN more than half a line outside the image."""
        line, sample = np.broadcast_arrays(np.asarray(line, float), np.asarray(sample, float))
        position, rotation = each_line_once(self._exterior, line)
        return position, to_world(rotation, self.focal_plane.rays(sample + CSM_CORNER))

    def project(self, points: ArrayLike) -> tuple[Array, Array]:
        """Line and sample (...) of ground points (..., 3) m; NaN where no line of the image sees them."""
        return self._search.find(points)

    def displacement(self, line: ArrayLike, points: Array) -> Array:
        """Zeros (..., 3, 3): a known camera counts as exact."""
        return np.zeros((*np.shape(points), 3))

    def shared(self, line: Array, other: ImageCamera, other_line: Array, points: Array) -> None:
        """None: nothing is known of errors shared with another camera."""

    def sensor(self) -> tuple[Sensor, float]:
        """The line scanner without its lens distortion, and by how much (pixels) that puts its samples off at most.

        First and last sample are exact, those between evenly spaced, across track the way samples grow.
        """
        sample = np.linspace(0.0, self.samples - 1.0, 501)
        px, py = np.moveaxis(self.focal_plane.rays(sample + CSM_CORNER) @ self.basis[:, :2], -1, 0)
        pitch = float((py[-1] - py[0]) / (self.samples - 1))
        sensor = Sensor(
            name=self.name,
            body_radius_m=self.body_radius_m,
            focal_length_mm=self.focal_plane.focal_length_mm,
            samples=self.samples,
            principal_sample=float(-py[0] / pitch),
            pixel_pitch_mm=pitch,
            views=(View("nadir", float(0.5 * (px[0] + px[-1]))),),
            line_period_s=float(np.median(self.times.step)),
        )
        off = np.hypot(py - sensor.py_mm(sample), px - sensor.px_mm[0])
        return sensor, float(off.max() / pitch)

    def orientation(self, line: ArrayLike) -> Orientation:
        """Orientation at ascending ``line`` (N,) for the rays (px, py, -f) of `sensor`; times from the image centre."""
        at = np.asarray(line, float)
        position, rotation = self._exterior(at)
        angles = unwrap_angles(angles_from_matrix(rotation @ self.basis))
        return Orientation(at, position, angles, "camera model", time=self.times.at(at + CSM_CORNER))

    @cached_property
    def basis(self) -> Array:
        """Axes of the camera frame of `sensor`, px, py and away from the ground, as columns in CSM's frame."""
        first, last = self.focal_plane.rays(np.array([0.0, self.samples - 1.0]) + CSM_CORNER)
        across = (last - first) / np.linalg.norm(last - first)
        up = np.array([0.0, 0.0, -1.0])
        return np.stack([np.cross(across, up), across, up], axis=-1)

    def _exterior(self, line: Array) -> tuple[Array, Array]:
        inside = (line >= -0.5) & (line <= self.line_count - 0.5)
        return self.trajectory.at(self.times.at(np.where(inside, line, np.nan) + CSM_CORNER))

    @cached_property
    def _search(self) -> LineSearch:
        line = np.unique(np.linspace(*self.lines, min(STARTS, self.line_count)).round())
        ground = intersect_sphere(*self.rays(line, (self.samples - 1) / 2), self.body_radius_m)
        seen = np.isfinite(ground[:, 0])
        directions = ground[seen] / np.linalg.norm(ground[seen], axis=1, keepdims=True)
        return LineSearch(self._off, line[seen], directions, *self.lines)

    def _off(self, points: Array, line: Array) -> tuple[Array, Array]:
        position, rotation = self._exterior(line)
        ahead, sample = self.focal_plane.image(to_camera(points, position, rotation))
        # A camera below the point's horizon would look at it through the body.
        hidden = np.sum((position - points) * points, axis=-1) <= 0
        return np.where(hidden, np.nan, ahead), np.where(hidden, np.nan, sample) - CSM_CORNER


def require_coverage(camera: CsmLineScan, spans: Mapping[str, tuple[float, float]], source: str, fix: str) -> None:
    """Raise `InputError` where a table ends more than a line short of the image: nothing is extrapolated silently.

    ``spans``: what each table holds, and the times (s, from the centre) of its first and last row.
    """
    first, last = camera.times.at(np.array([0.5, camera.line_count - 0.5]))
    slack = float(camera.times.step.max())
    for what, (begins, ends) in spans.items():
        if begins > first + slack or ends < last - slack:
            raise InputError(
                f"{source}: its table of {what} covers {begins:.3f} to {ends:.3f} s about the image centre, its "
                f"lines {first:.3f} to {last:.3f} s; {fix}."
            )


def checked_camera(camera: CsmLineScan, source: str) -> CsmLineScan:
    """The camera itself; raises `InputError` where it cannot be one, is inside its body or does not look at it."""
    if abs(np.linalg.det(camera.focal_plane.matrix)) < 1e-12:
        raise InputError(f"{source} puts samples and lines along one axis; check its focal-plane transformations.")
    middle = sum(camera.lines) / 2
    origin, direction = camera.rays(middle, (camera.samples - 1) / 2)
    distance = float(np.linalg.norm(origin))
    if not distance > camera.axes_m[1]:
        raise InputError(
            f"{source} puts the camera {distance / 1000:.0f} km from the centre of a body of radius "
            f"{camera.axes_m[1] / 1000:.0f} km; check the units of its positions and radii."
        )
    if not float(origin @ direction) < 0:
        raise InputError(f"{source} looks away from its body; check the order and the frame of its quaternions.")
    return camera
