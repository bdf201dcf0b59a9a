"""What neighbours in time add: the banded least squares against a dense one, its parts against plain formulas."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import block_diag

from planetary_dtm.core.camera.rotations import exp_so3
from planetary_dtm.core.resection import neighbours
from planetary_dtm.core.resection.collinearity import image_residuals
from planetary_dtm.core.resection.control import Control, gather_control

from .orbits import pixels, random_instants

LINE = np.array([0.0, 1.0, 3.0, 4.0, 7.0, 8.5])
COUNT = len(LINE)


@pytest.fixture(scope="module")
def seen() -> tuple[Control, np.ndarray, np.ndarray]:
    """Control of a few instants, one slot of it empty, and their true rotations (3, 3, L) and positions (3, L)."""
    sensor, truth, points = random_instants(60, orbits=1)
    points = pixels(points, sensor, [0, 1, 3, 4])
    points = points[np.arange(len(points)) != 7]
    _, control = gather_control(points, sensor, np.ones(len(points)))
    return control, np.moveaxis(truth.rotation(), 0, -1), truth.position.T


def test_second_differences_of_a_parabola_are_exact_at_uneven_lines() -> None:
    difference = neighbours._second_difference(LINE)
    values = 3.0 * LINE**2 - 5.0 * LINE + 2.0
    np.testing.assert_allclose(sum(difference[i] * values[i : COUNT - 2 + i] for i in range(3)), 6.0, rtol=1e-12)


def test_bends_are_those_of_place_and_of_turning() -> None:
    difference = neighbours._second_difference(LINE)
    turning, curved = np.array([0.01, -0.02, 0.03]), np.array([2.0, -1.0, 0.5])
    even = np.moveaxis(exp_so3(LINE[:, None] * turning), 0, -1)
    place = curved[:, None] * LINE**2 + np.array([1.0, 2.0, 3.0])[:, None]
    bend = neighbours._bend(even, place, difference)
    np.testing.assert_allclose(bend[:3], 0.0, atol=1e-14)
    np.testing.assert_allclose(bend[3:], np.repeat(2 * curved[:, None], COUNT - 2, axis=1), rtol=1e-10)
    # A turn about one axis that speeds up: half of the squared line by twice its rate.
    faster = np.moveaxis(exp_so3(LINE[:, None] ** 2 * [1e-4, 0.0, 0.0]), 0, -1)
    np.testing.assert_allclose(neighbours._bend(faster, place, difference)[0], 2e-4, rtol=1e-9)


def test_spreading_back_is_the_transposed_difference() -> None:
    rng, difference = np.random.default_rng(1), neighbours._second_difference(LINE)
    values, bend = rng.normal(size=(6, COUNT)), rng.normal(size=(6, COUNT - 2))
    differences = sum(difference[i] * values[:, i : COUNT - 2 + i] for i in range(3))
    back = neighbours._spread_back(bend, difference)
    assert np.sum(differences * bend) == pytest.approx(np.sum(values * back), rel=1e-12)


def test_the_banded_solution_is_the_dense_one() -> None:
    rng, difference = np.random.default_rng(2), neighbours._second_difference(LINE)
    half = rng.normal(size=(COUNT, 6, 6))
    normal = half @ np.swapaxes(half, 1, 2) + np.eye(6)
    gradient = rng.normal(size=(6, COUNT))
    damped = normal.copy()
    damped[:, range(6), range(6)] *= 1.25
    smooth = np.zeros((COUNT - 2, COUNT))
    for shift in range(3):
        smooth[range(COUNT - 2), np.arange(COUNT - 2) + shift] = difference[shift]
    whole = block_diag(*damped) + np.kron(smooth.T @ smooth, np.eye(6))
    found = neighbours._solve(np.moveaxis(normal, 0, -1), gradient, difference, 0.25)
    np.testing.assert_allclose(found.T.ravel(), np.linalg.solve(whole, gradient.T.ravel()), rtol=1e-9)


def test_residuals_are_weighed_by_the_covariance_of_their_points(seen) -> None:
    control, rotation, position = seen
    rng = np.random.default_rng(3)
    position = position + rng.normal(0, 50.0, position.shape)
    lateral, altitude = (rng.uniform(low, high, control.weight.shape) for low, high in ((2, 5), (50, 90)))
    white, derivative = neighbours._whitened(rotation, position, control, altitude, lateral)
    residual, jacobian = image_residuals(rotation, position, control)
    slots, instants = control.weight.shape
    square, normal = np.zeros(instants), np.zeros((instants, 6, 6))
    for i in range(instants):
        for k in range(slots):
            if control.filled[k, i]:
                rows = [k, slots + k]
                by_pose = jacobian[:, rows, i].T
                p = control.p[:, k, i]
                spread = lateral[k, i] ** 2 * (np.eye(3) - np.outer(p, p)) + altitude[k, i] ** 2 * np.outer(p, p)
                weight = np.linalg.inv(by_pose[:, 3:] @ spread @ by_pose[:, 3:].T)
                square[i] += residual[rows, i] @ weight @ residual[rows, i]
                normal[i] += by_pose.T @ weight @ by_pose
    np.testing.assert_allclose(np.sum(white**2, axis=0), square, rtol=1e-6)
    np.testing.assert_allclose(np.einsum("akl,bkl->lab", derivative, derivative), normal, rtol=1e-5)


def test_the_angle_flown_and_the_prior_from_it(seen) -> None:
    control, rotation, position = seen
    angle, count = 2e-4, 50
    line = np.arange(count, dtype=float) * 2
    flown = np.stack([np.cos(angle * line), np.sin(angle * line), 0 * line])
    even = Control(line, np.full(count, 2), np.stack([flown, flown], axis=1), *([np.zeros((3, 2, count))] * 2), None)
    assert neighbours._flown(even) == pytest.approx(angle, rel=1e-5)
    nothing = np.full(control.weight.shape, np.nan)
    _, _, smooth = neighbours.lean_on_neighbours(control, rotation, position, nothing, nothing, rotation, 0.05, 1)
    step = neighbours._flown(control)
    distance = np.median(np.linalg.norm(position, axis=0))
    np.testing.assert_allclose(smooth, (5.0 * step**2, distance * step**2), rtol=1e-12)
