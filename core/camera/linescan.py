"""One view of a line scanner in flight: rays out of any image point, and any ground point into the image."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..resection.model import InstantsCovariance, Orientation
from .pushbroom import STARTS, LineSearch
from .rays import intersect_sphere, project, to_camera, to_world
from .rotations import angle_rates, exp_so3, log_so3, skew
from .sensor import Sensor

Array = NDArray[np.float64]


class ImageCamera(Protocol):
    """What intersection, footprints and orthoimages ask of any camera of one image (0-based line, sample)."""

    @property
    def name(self) -> str:
        """Name of the image or view."""

    @property
    def lines(self) -> tuple[float, float]:
        """First and last line that can be used."""

    @property
    def samples(self) -> int:
        """Number of samples of a line."""

    @property
    def body_radius_m(self) -> float:
        """Radius of the body it looks at."""

    def rays(self, line: ArrayLike, sample: ArrayLike) -> tuple[Array, Array]:
        """Origins (..., 3) m and unit directions (..., 3), body-fixed; NaN where the camera is not known."""

    def project(self, points: ArrayLike) -> tuple[Array, Array]:
        """Line and sample (...) of ground points (..., 3) m; NaN where the image's lines do not see them."""

    def displacement(self, line: ArrayLike, points: Array) -> Array:
        """Covariance (..., 3, 3) m² by which the orientation's errors move the rays at ``points``; 0 if unknown."""

    def shared(self, line: Array, other: ImageCamera, other_line: Array, points: Array) -> Array | None:
        """Covariance (..., 3, 3) m² of that movement with the one of another camera's rays; None if unknown."""


@dataclass(frozen=True)
class LineScan:
    """View ``view`` (index) of ``sensor`` with the orientation of every instant, and how their errors hang together."""

    sensor: Sensor
    view: int
    orientation: Orientation
    joint: InstantsCovariance | None = None

    @property
    def name(self) -> str:
        """Name of the view."""
        return self.sensor.views[self.view].name

    @property
    def lines(self) -> tuple[float, float]:
        """First and last instant whose orientation is solved (all of them, where none is)."""
        line = self.orientation.line[self._solved] if len(self._solved) else self.orientation.line
        return float(line[0]), float(line[-1])

    @property
    def samples(self) -> int:
        """Detectors of a line."""
        return self.sensor.samples

    @property
    def body_radius_m(self) -> float:
        """Radius of the sensor's body."""
        return self.sensor.body_radius_m

    def rays(self, line: ArrayLike, sample: ArrayLike) -> tuple[Array, Array]:
        """Origins (..., 3) m and unit directions (..., 3) at line, sample (fractions included), body-fixed."""
        line, sample = np.broadcast_arrays(np.asarray(line, float), np.asarray(sample, float))
        position, rotation = self._exterior(line)
        return position, to_world(rotation, self.sensor.rays(np.full(line.shape, self.view), sample))

    def project(self, points: ArrayLike) -> tuple[Array, Array]:
        """Line and sample (...) where ground points (..., 3) m are seen; NaN outside the lines known.

        The line is where the point's along-track coordinate px equals the view's.
        """
        return self._search.find(points)

    def displacement(self, line: ArrayLike, points: Array) -> Array:
        """Covariance (..., 3, 3) m² of the rays' movement at ``points`` by the EOP errors; 0 without covariances.

        Instants without one (failed, or carried by their neighbours) take that of the nearest instant that has one.
        A ray at P moves by dC + R (w x x), x = Rᵀ(P - C), for errors dC of the position and w (camera frame) of the
        attitude. Only the part across the ray matters to an intersection.
        """
        line = np.asarray(line, float)
        if self.joint is not None:  # as in `shared`: what rays have in common then cancels to the last digit
            by_error = self.displacement_jacobian(line, points)
            return np.asarray(by_error @ self.joint.between(line, line) @ np.swapaxes(by_error, -1, -2))
        covariance, known = self.orientation.covariance, self._with_covariance
        if covariance is None or not len(known):
            return np.zeros((*line.shape, 3, 3))
        lines = self.orientation.line[known]
        nearest = known[np.searchsorted(0.5 * (lines[1:] + lines[:-1]), line)]
        by_eop = self.displacement_jacobian(line, points)
        by_eop[..., 3:] = by_eop[..., 3:] @ angle_rates(self.orientation.angles[nearest])
        return np.asarray(by_eop @ covariance[nearest] @ np.swapaxes(by_eop, -1, -2))

    def shared(self, line: Array, other: ImageCamera, other_line: Array, points: Array) -> Array | None:
        """Covariance (..., 3, 3) m² of this view's movement at ``points`` with that of another view of the flight."""
        if self.joint is None or not isinstance(other, LineScan) or other.joint is not self.joint:
            return None
        covariance = self.joint.between(line, other_line)
        there = other.displacement_jacobian(other_line, points)
        return np.asarray(self.displacement_jacobian(line, points) @ covariance @ np.swapaxes(there, -1, -2))

    def displacement_jacobian(self, line: ArrayLike, points: Array) -> Array:
        """Derivatives (..., 3, 6) of a ray's place at ``points`` by dC (m, world) and w (rad, camera frame)."""
        position, rotation = self._exterior(np.asarray(line, float))
        turn = -rotation @ skew(to_camera(points, position, rotation))
        return np.concatenate([np.broadcast_to(np.eye(3), turn.shape), turn], axis=-1)

    @cached_property
    def _solved(self) -> NDArray[np.intp]:
        """The instants (n,) whose orientation is solved."""
        return np.flatnonzero(np.isfinite(self.orientation.position).all(axis=-1))

    @cached_property
    def _with_covariance(self) -> NDArray[np.intp]:
        """The instants (n,) whose angles and covariance are known."""
        covariance = self.orientation.covariance
        if covariance is None:
            return np.empty(0, np.intp)
        known = np.isfinite(covariance).all(axis=(-2, -1)) & np.isfinite(self.orientation.angles).all(axis=-1)
        return np.flatnonzero(known)

    def _exterior(self, line: Array) -> tuple[Array, Array]:
        """`Orientation.at` by the cubic of each interval between solved instants, worked out once."""
        if self._cubics is None:
            return self.orientation.at(line)
        nodes, base, coefficients = self._cubics
        k = np.clip(np.searchsorted(nodes, line, side="right") - 1, 0, len(base) - 1)
        inside = (line >= nodes[0] - 0.5) & (line <= nodes[-1] + 0.5)
        u = np.where(inside, (line - nodes[k]) / (nodes[k + 1] - nodes[k]), np.nan)[..., None]
        value = coefficients[3][k]
        for power in (2, 1, 0):
            value = value * u + coefficients[power][k]
        return value[..., :3], base[k] @ exp_so3(value[..., 3:])

    @cached_property
    def _cubics(self) -> tuple[Array, Array, Array] | None:
        """Solved lines (n,), rotations there (n - 1, 3, 3), cubics (4, n - 1, 6) of position and rotation vector."""
        nodes, base = self.orientation.line[self._solved], self.orientation.rotation()[self._solved][:-1]
        if len(nodes) < 2:
            return None
        # A hair inside the interval: at its very end `at` already counts from the next instant.
        u = np.array([0.0, 1 / 3, 2 / 3, 1.0 - 1e-9])
        position, rotation = self.orientation.at(nodes[:-1] + u[:, None] * np.diff(nodes))
        values = np.concatenate([position, log_so3(np.swapaxes(base, -1, -2) @ rotation)], axis=-1)
        return nodes, base, np.einsum("pu,unc->pnc", np.linalg.inv(np.vander(u, increasing=True)), values)

    @cached_property
    def _search(self) -> LineSearch:
        """Starts at the instant whose boresight meets the ground nearest to the point."""
        some = np.unique(np.linspace(0, len(self._solved) - 1, min(STARTS, len(self._solved))).astype(int))
        line = self.orientation.line[self._solved[some]]
        ground = intersect_sphere(*self.rays(line, self.sensor.principal_sample), self.sensor.body_radius_m)
        seen = np.isfinite(ground[:, 0])
        directions = ground[seen] / np.linalg.norm(ground[seen], axis=1, keepdims=True)
        return LineSearch(self._off, line[seen], directions, *self.lines)

    def _off(self, points: Array, line: Array) -> tuple[Array, Array]:
        """How far (pixels) the points are from the view's detector line at an instant, and their sample."""
        position, rotation = self._exterior(line)
        image = project(points, position, rotation, self.sensor.focal_length_mm)
        # A camera below the point's horizon would look at it through the body.
        image[np.sum((position - points) * points, axis=-1) <= 0] = np.nan
        across = image[:, 1] / self.sensor.pixel_pitch_mm + self.sensor.principal_sample
        return (image[:, 0] - self.sensor.px_mm[self.view]) / self.sensor.pixel_pitch_mm, across
