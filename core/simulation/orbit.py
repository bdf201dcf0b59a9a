"""Simulated orbits and attitudes of a push-broom scanner (Xu et al. 2016, equation (18), as docs/methods mends it)."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..camera.rotations import angles_from_matrix, exp_so3, matrix_from_angles, unwrap_angles
from ..errors import InputError

Array = NDArray[np.float64]

SWING_RAD = 0.0523  # amplitude of the three angles about nadir pointing
JITTER_SINES = 3  # per angle
MOST_JITTER = 0.05  # rad (RMS): beyond, rays may pass by the body


@dataclass(frozen=True)
class Orbit:
    """A near-circular orbit whose place and attitude are functions of t, the angle flown (rad).

    In its own frame it runs in the YZ plane from the south pole (t = 0) over the equator at longitude 90° to the north
    pole (t = π); ``plane`` (3, 3) turns that frame into the body's. ``rates`` and ``phases`` (6,) are r and s of
    θ, φ, ρ, X, Y, Z. ``jitter`` (3, JITTER_SINES, 3) holds amplitude (rad), rate and phase of the sines added to each
    axis of the camera.
    """

    radius_m: float
    wander_m: float
    rates: Array
    phases: Array
    jitter: Array
    plane: Array

    def position(self, t: ArrayLike) -> Array:
        """Camera positions (..., 3) in metres, body-fixed."""
        t = np.asarray(t, dtype=float)
        r, s = self.rates, self.phases
        x = self.wander_m * np.sin(r[3] * t + s[3])
        y = (self.radius_m + self.wander_m * np.sin(r[4] * t + s[4])) * np.sin(t)
        z = -(self.radius_m + self.wander_m * np.cos(r[5] * t + s[5])) * np.cos(t)
        return np.asarray(np.stack([x, y, z], axis=-1) @ self.plane.T)

    def rotation(self, t: ArrayLike) -> Array:
        """Camera-to-world rotation matrices (..., 3, 3)."""
        t = np.asarray(t, dtype=float)
        r, s = self.rates, self.phases
        theta = pi + t + SWING_RAD * np.sin(r[0] * t + s[0])
        phi = SWING_RAD * np.sin(r[1] * t + s[1])
        rho = -0.5 * pi + SWING_RAD * np.cos(r[2] * t + s[2])
        smooth = matrix_from_angles(np.stack([theta, phi, rho], axis=-1))
        amplitude, rate, phase = np.moveaxis(self.jitter, -1, 0)
        shake = (amplitude * np.sin(rate * t[..., None, None] + phase)).sum(axis=-1)
        return np.asarray(self.plane @ smooth @ exp_so3(shake))

    def angles(self, t: ArrayLike) -> Array:
        """Angles (L, 3) = θ, φ, ρ in radians at ascending t (L,), unwrapped."""
        return unwrap_angles(angles_from_matrix(self.rotation(np.atleast_1d(t))))


def random_orbit(
    seed: int,
    *,
    body_radius_m: float,
    height_m: float,
    wander_m: float,
    line_angle: float,
    jitter: float = 0.0,
    plane: ArrayLike | None = None,
) -> Orbit:
    """An orbit drawn with ``seed``: rates from U(1, 10), phases from U(0, 2π).

    ``line_angle`` is the angle flown in one line; ``jitter`` the RMS (rad, per axis) of the attitude's jitter, of
    periods from 200 to 400 lines; ``plane`` a rotation matrix, by default the polar orbit over longitude 90°.
    """
    if not 0 <= jitter <= MOST_JITTER:
        raise InputError(f"Jitter is an RMS in radians, 0 to {MOST_JITTER:g}, not {jitter:g}.")
    generator = np.random.default_rng([seed, 3])
    rates, phases = generator.uniform(1.0, 10.0, 6), generator.uniform(0.0, 2 * pi, 6)
    periods = generator.uniform(200.0, 400.0, (3, JITTER_SINES))
    amplitudes = np.full((3, JITTER_SINES), jitter * np.sqrt(2.0 / JITTER_SINES))
    shake_phases = generator.uniform(0.0, 2 * pi, (3, JITTER_SINES))
    shake = np.stack([amplitudes, 2 * pi / (periods * line_angle), shake_phases], axis=-1)
    turn = np.eye(3) if plane is None else np.asarray(plane, dtype=float)
    return Orbit(body_radius_m + height_m, wander_m, rates, phases, shake, turn)


def orbital_plane(inclination: float, node: float) -> Array:
    """The rotation matrix (3, 3) of a plane by inclination and longitude of the ascending node, radians.

    Inclination π/2 and node π/2 give the polar orbit of the paper; inclination 0 an equatorial one flown eastward.
    """
    tilt, turn = inclination - 0.5 * pi, node - 0.5 * pi
    about_node = exp_so3(np.array([0.0, tilt, 0.0]))  # the paper's orbit ascends through the +Y axis
    about_pole = exp_so3(np.array([0.0, 0.0, turn]))
    return np.asarray(about_pole @ about_node)
