"""Kriging with drift against brute force: weights, variances, and what is left out in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from planetary_dtm.core.terrain.kriging import Covariance, Problem, distances, fit_covariance, left_out, solve

SMOOTH = Covariance(4.0, 30.0, None, 1e-3)
ROUGH = Covariance(4.0, 60.0, 1.2, 1e-3)


def problem(count: int = 40, seed: int = 0) -> Problem:
    rng = np.random.default_rng(seed)
    place = rng.uniform(0, 100, (count, 2))
    drift = np.column_stack([np.sin(place[:, 0] / 9), np.ones(count), place[:, 0] / 100])
    prior = np.diag([2.0, 50.0, 50.0])
    group = np.repeat(np.arange(5), count // 5)
    return Problem(place, drift, prior, rng.normal(0, 3, count), np.full(count, 0.01), group, 100.0)


@pytest.mark.parametrize("covariance", [SMOOTH, ROUGH])
def test_what_is_left_out_is_what_a_new_solution_without_it_would_predict(covariance: Covariance) -> None:
    given = problem()
    error, variance = solve(given, covariance).left_out()
    for name in range(5):
        kept, members = given.group != name, given.group == name
        rest = solve(given[kept], covariance)
        drift = given.drift[members]
        told = rest.residual(given.place[members]) + drift @ rest.coefficients
        spread = rest.variance(given.place[members], drift) + given.noise[members] + covariance.nugget
        assert error[members] == pytest.approx(given.value[members] - told, abs=1e-7)
        assert variance[members] == pytest.approx(spread, rel=1e-6)


def test_variance_is_that_of_the_joint_gaussian() -> None:
    given, at = problem(), np.array([[10.0, 20.0], [130.0, 50.0]])
    drift = np.column_stack([np.sin(at[:, 0] / 9), np.ones(2), at[:, 0] / 100])
    solution = solve(given, SMOOTH)
    both = np.vstack([given.place, at]), np.vstack([given.drift, drift])
    joint = SMOOTH.between(distances(both[0], both[0])) + both[1] @ given.prior @ both[1].T
    joint[:40, :40] += np.diag(given.noise + SMOOTH.nugget)
    known, cross = joint[:40, :40], joint[40:, :40]
    expected = joint[40:, 40:] - cross @ np.linalg.solve(known, cross.T)
    assert solution.variance(at, drift) == pytest.approx(np.diag(expected), rel=1e-6)
    told = solution.residual(at) + drift @ solution.coefficients
    assert told == pytest.approx(cross @ np.linalg.solve(known, given.value), abs=1e-8)
    assert expected[1, 1] > expected[0, 0]  # beyond the survey less is known


def test_single_points_left_out() -> None:
    given = problem()
    solution = solve(given, ROUGH)
    error, variance = left_out(solution.inverse, given.value, np.arange(40))
    assert variance == pytest.approx(1 / np.diag(solution.inverse)) and error == pytest.approx(
        solution.weights * variance
    )


def test_smooth_and_fractal_ground_are_told_apart() -> None:
    kinds = []
    for covariance in (Covariance(9.0, 40.0, None, 0.0), Covariance(9.0, 100.0, 1.1, 0.0)):
        rng = np.random.default_rng(3)
        place = np.column_stack([np.repeat(np.linspace(0, 100, 8), 25), np.tile(np.linspace(0, 100, 25), 8)])
        root = np.linalg.cholesky(covariance.between(distances(place, place)) + 1e-6 * np.eye(200))
        drift, noise, group = np.ones((200, 1)), np.full(200, 1e-6), np.repeat(np.arange(8), 25)
        value = root @ rng.normal(size=200)
        kinds.append(fit_covariance(Problem(place, drift, np.array([[100.0]]), value, noise, group, 100.0)))
    assert kinds[0].exponent is None and kinds[1].exponent == 1.1
    assert all(3 < kind.sill < 40 for kind in kinds)
