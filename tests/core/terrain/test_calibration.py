"""Sigma as wide as left-out shots and the ground's slope ask."""

from __future__ import annotations

import numpy as np
import pytest

from planetary_dtm.core.terrain.calibration import STEEPER, calibrate, steepness
from planetary_dtm.core.terrain.kriging import Covariance, Problem, distances, solve

EXTENT = 20_000.0
TRUE = Covariance(900.0, 4_000.0, 1.5, 0.09)
TRACKS, ALONG = 8, 50


def _problem(seed: int, covariance: Covariance = TRUE, steep: float = 0.0) -> tuple[Problem, np.ndarray]:
    """Points of parallel tracks with values drawn from a covariance, e^steep times as large in the east."""
    rng = np.random.default_rng(seed)
    x = np.repeat((np.arange(TRACKS) + 0.5) / TRACKS, ALONG) * EXTENT
    y = np.tile((np.arange(ALONG) + 0.5) / ALONG, TRACKS) * EXTENT
    place = np.column_stack([y, x])
    matrix = covariance.between(distances(place, place)) + (1.0 + covariance.nugget) * np.eye(len(place))
    east = np.where(x > EXTENT / 2, 1.0, -1.0) * 0.5 * steep
    value = np.linalg.cholesky(matrix) @ rng.standard_normal(len(place)) * np.exp(east)
    drift, group = np.ones((len(place), 1)), np.repeat(np.arange(TRACKS), ALONG)
    return Problem(place, drift, 1e4 * np.eye(1), value, np.ones(len(place)), group, EXTENT), east


def _factors(covariance: Covariance, seeds: range = range(8)) -> np.ndarray:
    made = []
    for seed in seeds:
        problem, _ = _problem(seed)
        good = np.ones(len(problem.value), bool)
        made.append(calibrate(solve(problem, covariance), good, np.zeros(len(good))).factor)
    return np.exp(np.mean(made, axis=0))


def test_a_covariance_that_is_true_is_left_as_it_is():
    factors = _factors(TRUE, range(40))
    # 71 % of a Gaussian's errors lie within 1.06 sigma.
    np.testing.assert_allclose(factors, 1.06, atol=0.08)


def test_a_sill_three_times_too_high_is_told_at_every_distance():
    high = Covariance(9.0 * TRUE.sill, TRUE.length_m, TRUE.exponent, TRUE.nugget)
    factors = _factors(high)
    assert factors[-1] == pytest.approx(1.06 / 3.0, rel=0.12)
    assert (factors < 0.6).all()


def test_a_covariance_too_rough_is_narrowed_near_the_tracks_and_not_between():
    rough = Covariance(TRUE.sill, TRUE.length_m, 0.8, TRUE.nugget)
    factors = _factors(rough)
    assert factors[0] < 0.8 * factors[-1]


def test_sigma_between_the_levels_is_interpolated_and_held_beyond_them():
    problem, _ = _problem(0)
    good = np.ones(len(problem.value), bool)
    made = calibrate(solve(problem, TRUE), good, np.zeros(len(good)))
    assert (np.diff(made.sigma) >= 0).all()
    at = np.exp(np.r_[made.sigma[0] - 3.0, made.sigma, made.sigma[-1] + 3.0])
    got = np.log(made.calibrated(at, np.zeros(len(at))) / at)
    np.testing.assert_allclose(got, np.r_[made.factor[0], made.factor, made.factor[-1]], atol=1e-12)


def test_steep_ground_has_more_of_sigma():
    problem, east = _problem(3, steep=2.0)
    good = np.ones(len(problem.value), bool)
    made = calibrate(solve(problem, TRUE), good, east / STEEPER)
    sigma = np.exp(made.sigma[:1])
    flat, steep = (float(made.calibrated(sigma, np.array([side]))[0]) for side in (-1.0, 1.0))
    assert steep / flat == pytest.approx(np.exp(2.0 * STEEPER))


def test_wild_points_do_not_widen_sigma():
    problem, _ = _problem(4)
    good = np.ones(len(problem.value), bool)
    clean = calibrate(solve(problem, TRUE), good, np.zeros(len(good)))
    value, noise = problem.value.copy(), problem.noise.copy()
    value[::7], noise[::7], good[::7] = 3_000.0, 9e6, False
    wild = Problem(problem.place, problem.drift, problem.prior, value, noise, problem.group, EXTENT)
    dirty = calibrate(solve(wild, TRUE), good, np.zeros(len(good)))
    np.testing.assert_allclose(np.exp(dirty.factor), np.exp(clean.factor), rtol=0.25)


def test_the_steepness_of_a_tilted_plane_is_its_slope():
    rows, columns = np.linspace(0, 199, 33), np.linspace(0, 299, 49)
    down, across = np.mgrid[:200, :300].astype(np.float32)
    height = (0.3 * 20.0) * down + (0.4 * 10.0) * across
    got = np.exp(steepness(height.astype(np.float32), rows, columns, np.array([20.0, 10.0])))
    np.testing.assert_allclose(got, 0.5, rtol=2e-3)


@pytest.mark.parametrize("shape", [(1, 60), (60, 1), (65, 65), (5, 5)])
def test_steepness_of_rasters_as_small_as_their_nodes(shape: tuple[int, int]):
    rng = np.random.default_rng(1)
    nodes = [np.linspace(0, n - 1, min(n, 65)) for n in shape]
    got = steepness(rng.standard_normal(shape).astype(np.float32), *nodes, np.array([10.0, 10.0]))
    assert got.shape == shape
    assert np.isfinite(got).all()
    assert np.median(np.exp(got)) == pytest.approx(0.14 if min(shape) == 1 else 0.2, rel=0.5)


def test_steepness_is_local():
    height = np.zeros((200, 200), np.float32)
    height[:, 100:] = np.random.default_rng(0).standard_normal((200, 100)) * 30
    rows = columns = np.linspace(0, 199, 41)
    got = steepness(height, rows, columns, np.array([10.0, 10.0]))
    assert (got[:, 25:] > got[:, :15].max() + 3.0).all()
