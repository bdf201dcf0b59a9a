"""One smooth orbit and attitude: an even circular flight, and cubic splines of what departs from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..camera.rotations import exp_so3, log_so3, skew
from ..progress import breathe
from .splines import UniformSpline

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Nominal:
    """Even flight on a circle, the camera fixed to it.

    At line t the angle flown from ``middle`` is u = rate (t - middle); the columns of ``axes`` (3, 3) are the radial
    and forward directions at u = 0 and the orbit's normal; ``mount`` (3, 3) takes the camera to the flying frame
    (radial, forward, normal).
    """

    middle: float
    rate: float
    radius_m: float
    axes: Array
    mount: Array

    def frames(self, line: Array) -> Array:
        """The flying frame (L, 3, 3) at lines (L,): columns radial, forward, normal."""
        angle = self.rate * (line - self.middle)
        c, s = np.cos(angle), np.sin(angle)
        turned = np.zeros((len(line), 3, 3))
        turned[:, 0, 0], turned[:, 0, 1], turned[:, 1, 0], turned[:, 1, 1], turned[:, 2, 2] = c, -s, s, c, 1.0
        return np.asarray(self.axes @ turned)


def fit_nominal(line: Array, position: Array, rotation: Array) -> Nominal:
    """The even flight nearest to positions (L, 3) and rotations (L, 3, 3) at ascending lines (L,)."""
    middle = 0.5 * (line[0] + line[-1])
    radius = float(np.median(np.linalg.norm(position, axis=1)))
    directions = position / np.linalg.norm(position, axis=1, keepdims=True)
    axes = _flight_axes(directions, rotation)
    flown = np.unwrap(np.arctan2(directions @ axes[:, 1], directions @ axes[:, 0]))
    rate, at_middle = np.polyfit(line - middle, flown, 1) if len(line) > 1 else (0.0, flown[0])
    turn = exp_so3(np.array([0.0, 0.0, at_middle]))
    even = Nominal(middle, float(rate), radius, axes @ turn, np.eye(3))
    mounts = np.swapaxes(even.frames(line), 1, 2) @ rotation
    return Nominal(middle, float(rate), radius, even.axes, _mean_rotation(mounts))


def _flight_axes(directions: Array, rotation: Array) -> Array:
    """Columns: a radial direction, the forward one, and the normal of the plane nearest to ``directions`` (L, 3)."""
    radial = directions[len(directions) // 2]
    forward = directions[-1] - directions[0]
    if np.linalg.norm(forward) < 1e-6:  # hardly moved: the camera's x axis looks ahead
        forward = rotation[len(rotation) // 2][:, 0]
    normal = np.cross(radial, forward)
    if np.linalg.norm(directions[-1] - directions[0]) > 1e-2:
        least = np.linalg.svd(directions, full_matrices=False)[2][2]
        normal = least * np.sign(least @ normal)
    normal /= np.linalg.norm(normal)
    radial = radial - normal * (radial @ normal)
    radial /= np.linalg.norm(radial)
    return np.stack([radial, np.cross(normal, radial), normal], axis=1)


def _mean_rotation(rotations: Array) -> Array:
    """The rotation nearest to the mean of the matrices (L, 3, 3), outliers left out once."""
    for _ in range(2):
        u, _, vt = np.linalg.svd(np.median(rotations, axis=0))
        mean = u @ np.diag([1.0, 1.0, np.linalg.det(u @ vt)]) @ vt
        off = np.linalg.norm(log_so3(mean.T @ rotations), axis=1)
        rotations = rotations[off <= 3.0 * np.median(off) + 1e-12]
    u, _, vt = np.linalg.svd(rotations.mean(axis=0))
    return np.asarray(u @ np.diag([1.0, 1.0, np.linalg.det(u @ vt)]) @ vt)


@dataclass(frozen=True)
class Poses:
    """The path at L lines: positions (L, 3), rotations (L, 3, 3), and how both answer to the splines' values.

    ``frame`` (L, 3, 3) takes a spline's shift to metres in the world; ``jacobian`` (L, 3, 3) takes a change of its
    rotation vector to a small rotation in the camera frame.
    """

    position: Array
    rotation: Array
    frame: Array
    jacobian: Array


@dataclass(frozen=True)
class Path:
    """C(t) = F(t) (radius e_r + c(t)) and R(t) = F(t) mount exp([w(t)]x), F the flying frame of the nominal flight.

    c (metres: radial, forward, normal) and w (radians, camera frame) are cubic splines with coefficients
    ``shifts`` (Kp, 3) and ``turns`` (Ka, 3).
    """

    nominal: Nominal
    place: UniformSpline
    turn: UniformSpline
    shifts: Array
    turns: Array

    def at(self, line: Array) -> Poses:
        """Evaluate at lines (L,), fractions included."""
        breathe()  # long searches for the ground come here again and again
        frame = self.nominal.frames(line)
        shift = self.place.evaluate(self.shifts, line)
        shift[:, 0] += self.nominal.radius_m
        position = np.einsum("lij,lj->li", frame, shift)
        vector = self.turn.evaluate(self.turns, line)
        rotation = frame @ self.nominal.mount @ exp_so3(vector)
        return Poses(position, rotation, frame, right_jacobian(vector))

    def moved(self, shifts: Array, turns: Array) -> Path:
        """The path with changes added to its coefficients."""
        return Path(self.nominal, self.place, self.turn, self.shifts + shifts, self.turns + turns)


def fit_path(
    nominal: Nominal, place: UniformSpline, turn: UniformSpline, line: Array, position: Array, rotation: Array
) -> Path:
    """The path nearest to positions (L, 3) and rotations (L, 3, 3) at lines (L,); far outliers count little."""
    frame = nominal.frames(line)
    shift = np.einsum("lij,li->lj", frame, position)
    shift[:, 0] -= nominal.radius_m
    vector = log_so3(np.swapaxes(frame @ nominal.mount, 1, 2) @ rotation)
    return Path(nominal, place, turn, _robust_fit(place, line, shift), _robust_fit(turn, line, vector))


def _robust_fit(spline: UniformSpline, line: Array, values: Array) -> Array:
    """Stiff spline coefficients through noisy values (L, 3), reweighted by Cauchy's function."""
    stiffness = 1e-3 * max(1.0, len(line) / spline.count)
    weight = np.ones(len(line))
    for _ in range(4):
        coefficients = spline.fit(line, values, weight, stiffness)
        miss = np.linalg.norm(values - spline.evaluate(coefficients, line), axis=1)
        weight = 1.0 / (1.0 + (miss / (3.0 * np.median(miss) + 1e-12)) ** 2)
    return coefficients


def right_jacobian(vector: Array) -> Array:
    """J (..., 3, 3) with exp([v + d]x) = exp([v]x) exp([J d]x) to first order in d."""
    angle = np.linalg.norm(vector, axis=-1)[..., None, None]
    k = skew(vector)
    small = angle < 1e-4
    safe = np.where(small, 1.0, angle)
    cubic = np.where(small, 1.0 / 6.0 - angle**2 / 120.0, (safe - np.sin(safe)) / safe**3)
    return np.asarray(np.eye(3) - 0.5 * np.sinc(angle / (2 * np.pi)) ** 2 * k + cubic * (k @ k))
