"""What a user sees of a per-instant solution: angles, covariances turned to them, residuals, flags and sentences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planetary_dtm.core.camera.rotations import angles_from_matrix
from planetary_dtm.core.resection.batched import turned
from planetary_dtm.core.resection.control import gather_control
from planetary_dtm.core.resection.model import Flag
from planetary_dtm.core.resection.outcome import Solution, conclude

from .orbits import random_instants

COUNT = 12


@pytest.fixture(scope="module")
def given():
    """Sensor, points, their instants and the true solution, which is as sure as a covariance of its own says."""
    sensor, truth, points = random_instants(COUNT, orbits=1)
    instants, _ = gather_control(points, sensor, np.ones(len(points)))
    half = np.random.default_rng(1).normal(size=(COUNT, 6, 6)) * ([1e-5] * 3 + [10.0] * 3)
    covariance = np.moveaxis(np.swapaxes(half, 1, 2) @ half, 0, -1)
    rotation, none = np.moveaxis(truth.rotation(), 0, -1), np.zeros(COUNT, dtype=np.int64)
    return sensor, points, instants, Solution(rotation, truth.position.T, covariance, none, np.full(COUNT, 100.0))


def test_the_covariance_is_that_of_position_and_angles(given):
    sensor, points, instants, solution = given
    found = conclude("two_phase", points, sensor, instants, solution, ())
    jacobian = np.zeros((COUNT, 6, 6))
    jacobian[:, :3, 3:] = np.eye(3)
    for k in range(3):
        ends = []
        for sign in (1, -1):
            step = np.zeros((3, COUNT))
            step[k] = sign * 1e-6
            ends.append(angles_from_matrix(np.moveaxis(turned(solution.rotation, step), -1, 0)))
        jacobian[:, 3:, k] = (ends[0] - ends[1]) / 2e-6
    expected = jacobian @ np.moveaxis(solution.covariance, -1, 0) @ np.swapaxes(jacobian, 1, 2)
    scale = np.sqrt(np.einsum("lii->li", expected))
    size = scale[:, :, None] * scale[:, None]
    np.testing.assert_allclose(found.orientation.covariance / size, expected / size, atol=1e-5)
    np.testing.assert_allclose(found.orientation.rotation(), np.moveaxis(solution.rotation, -1, 0), atol=1e-12)


def test_residuals_are_measured_minus_seen_in_pixels(given):
    sensor, points, instants, solution = given
    moved = replace(points, sample=points.sample + np.where(points.line == 3, 2.0, 0.0))
    found = conclude("two_phase", moved, sensor, instants, solution, ("first",))
    across = found.residuals_px[points.line == 3]
    assert np.abs(np.delete(found.residuals_px, np.flatnonzero(points.line == 3), axis=0)).max() < 1e-6
    assert np.allclose(np.abs(across).max(axis=1), 2.0, atol=1e-6) and np.allclose(
        np.abs(across).min(axis=1), 0, atol=1e-6
    )
    slope = (sensor.rays(moved.view, moved.sample) - sensor.rays(points.view, points.sample))[points.line == 3, :2]
    assert (np.sign(across.sum(axis=1)) == np.sign(slope.sum(axis=1))).all()
    assert found.orientation.rms_px[3] == pytest.approx(np.sqrt(2.0)) and found.orientation.rms_px[4] < 1e-6
    assert found.verdict.rms_px == pytest.approx(np.sqrt(2.0 / COUNT), rel=1e-6)
    assert found.verdict.sentences == ("first",) and found.verdict.condition == 100.0
    far = replace(points, sample=points.sample + 5.0)
    told = conclude("two_phase", far, sensor, instants, solution, ("first",)).verdict.sentences
    assert "to 3.5 px only: check its focal_length_mm" in told[0] and told[1] == "first"


def test_residuals_that_the_sigmas_let_expect_speak_against_nothing(given):
    """3.5 px are some 420 m on the ground, by a lateral sigma, or by an altitude's and the slope of the ray."""
    sensor, points, instants, solution = given
    far = replace(points, sample=points.sample + 5.0)
    steepest = np.max(np.linalg.norm(sensor.rays(points.view, points.sample)[:, :2], axis=1)) / sensor.focal_length_mm
    for field, enough in (("sigma_lateral", 200.0), ("sigma_altitude", 200.0 * np.sqrt(2.0) / steepest * 1.5)):
        for sigma, doubted in ((enough, False), (0.3 * enough, True)):
            known = replace(far, **{field: np.full(len(points), sigma)})
            verdict = conclude("two_phase", known, sensor, instants, solution, ("first",)).verdict
            assert any("px only" in sentence for sentence in verdict.doubts) == doubted
            assert set(verdict.doubts) <= set(verdict.sentences)


def test_flags_are_counted_and_told(given):
    sensor, points, instants, solution = given
    flag, condition = np.zeros(COUNT, dtype=np.int64), np.full(COUNT, 100.0)
    flag[[2, 5]] = Flag.FAILED
    flag[7] = Flag.UNCONVERGED
    flag[8] = Flag.PRIOR
    condition[[9, 10, 2]] = 1.1e5, 0.9e5, np.nan
    found = conclude("two_phase", points, sensor, instants, replace(solution, flag=flag, condition=condition), ())
    assert found.orientation.flag[9] == Flag.WEAK and found.orientation.flag[10] == Flag.GOOD
    assert np.isnan(found.orientation.position[[2, 5]]).all() and np.isnan(found.orientation.covariance[2]).all()
    assert np.isnan(found.orientation.angles[5]).all() and np.isfinite(found.orientation.angles[[0, 7, 8, 9]]).all()
    assert (found.verdict.instants, found.verdict.good, found.verdict.condition) == (COUNT, COUNT - 4, 100.0)
    assert found.verdict.sentences == (
        f"2 of {COUNT} lines could not be solved and are left empty (flag FAILED; line 2 to 5).",
        f"1 of {COUNT} lines did not converge (flag UNCONVERGED; line 7).",
        f"1 of {COUNT} lines are ill-conditioned (condition number above 1e+05) (flag WEAK; line 9).",
    )
    nothing = replace(solution, flag=np.full(COUNT, int(Flag.FAILED)), condition=np.full(COUNT, np.nan))
    empty = conclude("two_phase", points, sensor, instants, nothing, ()).verdict
    assert np.isnan(empty.rms_px) and np.isnan(empty.condition) and empty.good == 0
