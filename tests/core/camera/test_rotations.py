"""Rotations: the sign convention written out, round trips at every scale, derivatives, unwrapping through φ = ±90°."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from planetary_dtm.core.camera.rotations import (
    angle_derivatives,
    angle_rates,
    angle_rates_inverse,
    angles_from_matrix,
    exp_so3,
    log_so3,
    matrix_from_angles,
    matrix_from_quaternion,
    quaternion_from_matrix,
    rotation_angle_between,
    unwrap_angles,
)

Array = NDArray[np.float64]


def random_angles(count: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).uniform([-3.1, -1.5, -3.1], [3.1, 1.5, 3.1], (count, 3))


def test_matrix_is_the_product_of_the_three_turns_with_the_specified_signs() -> None:
    theta, phi, rho = 0.3, -0.7, 2.1
    rx = [[1, 0, 0], [0, np.cos(theta), -np.sin(theta)], [0, np.sin(theta), np.cos(theta)]]
    ry = [[np.cos(phi), 0, -np.sin(phi)], [0, 1, 0], [np.sin(phi), 0, np.cos(phi)]]
    rz = [[np.cos(rho), -np.sin(rho), 0], [np.sin(rho), np.cos(rho), 0], [0, 0, 1]]
    assert np.allclose(matrix_from_angles([theta, phi, rho]), np.array(rx) @ ry @ rz, atol=1e-16)


def test_angles_come_back() -> None:
    angles = random_angles(2000)
    assert np.abs(angles_from_matrix(matrix_from_angles(angles)) - angles).max() < 1e-13


@pytest.mark.parametrize("phi", [np.pi / 2, -np.pi / 2])
def test_at_the_gimbal_lock_the_attitude_still_comes_back(phi: float) -> None:
    matrix = matrix_from_angles([0.4, phi, 1.0])
    again = matrix_from_angles(angles_from_matrix(matrix))
    assert rotation_angle_between(matrix, again) < 1e-12
    assert np.isfinite(angle_rates_inverse([0.4, phi, 1.0])).all()


def test_unwrapped_angles_follow_an_equatorial_orbit_through_both_locks() -> None:
    t = np.linspace(0.0, 9.0, 4000)
    angles = np.stack([np.pi / 2 + 0.03 * np.sin(3 * t), t, 0.3 + 0.02 * np.cos(2 * t)], axis=-1)
    principal = angles_from_matrix(matrix_from_angles(angles))
    assert np.abs(principal[:, 1]).max() <= np.pi / 2
    principal[7] = np.nan
    unwrapped = unwrap_angles(principal)
    assert np.isnan(unwrapped[7]).all()
    keep = np.arange(len(t)) != 7
    assert np.abs(unwrapped - angles)[keep].max() < 1e-9


def test_derivatives_agree_with_finite_differences() -> None:
    angles, h = random_angles(50, 1), 1e-6
    analytic = angle_derivatives(angles)
    for axis in range(3):
        step = h * np.eye(3)[axis]
        numeric = (matrix_from_angles(angles + step) - matrix_from_angles(angles - step)) / (2 * h)
        assert np.abs(numeric - analytic[:, axis]).max() < 1e-9
        turn = log_so3(np.swapaxes(matrix_from_angles(angles - step), -1, -2) @ matrix_from_angles(angles + step))
        assert np.abs(turn / (2 * h) - angle_rates(angles)[..., axis]).max() < 1e-9
    assert np.abs(angle_rates(angles) @ angle_rates_inverse(angles) - np.eye(3)).max() < 1e-12


def test_exponential_and_logarithm_are_inverse_from_tiny_turns_to_half_a_turn() -> None:
    generator = np.random.default_rng(2)
    vector = generator.normal(size=(500, 3))
    vector *= (10 ** generator.uniform(-15, np.log10(np.pi - 1e-6), (500, 1))) / np.linalg.norm(vector, axis=1)[:, None]
    back = log_so3(exp_so3(vector))
    assert (np.linalg.norm(back - vector, axis=1) < 1e-9 * np.linalg.norm(vector, axis=1)).all()
    assert np.allclose(exp_so3(vector) @ np.swapaxes(exp_so3(vector), -1, -2), np.eye(3), atol=1e-14)
    half = np.pi * np.eye(3)
    assert np.allclose(np.abs(log_so3(exp_so3(half))), half, atol=1e-12)


def test_quaternions_turn_back_into_the_same_matrix() -> None:
    matrix = matrix_from_angles(random_angles(300, 3))
    assert np.abs(matrix_from_quaternion(-3 * quaternion_from_matrix(matrix)) - matrix).max() < 1e-14


def test_tiny_angles_between_rotations_keep_their_precision() -> None:
    matrix = matrix_from_angles(random_angles(100, 4))
    assert np.allclose(rotation_angle_between(matrix, matrix @ exp_so3([3e-13, 4e-13, 0])), 5e-13, rtol=1e-3)
