"""Shots over the surface of ties: planes under them, relief that images lack, and neighbours that repeat each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planetary_dtm.core.resection import surface_shots
from planetary_dtm.core.resection.path import Poses
from planetary_dtm.core.resection.surface_shots import ShotRows, repeats
from planetary_dtm.core.resection.ties import camera_rays

RADIUS, COUNT = 1_700_000.0, 300


def straight_down(heights, surface=0.0):
    """Shots of ``heights`` (N,) m in disorder along a flight, over points that two cameras see at ``surface`` m."""
    rng = np.random.default_rng(1)
    line = rng.permutation(COUNT).astype(float)[:, None] * np.ones(2)
    # Both cameras look at the point below the shot, from 45 degrees before and behind.
    s = np.tile([[1.0, 0.0, -1.0], [-1.0, 0.0, -1.0]], (COUNT, 1, 1))
    rays = camera_rays(s, line, np.full((COUNT, 2), 1e-4), np.ones((COUNT, 2)))
    up = np.tile([0.0, 0.0, 1.0], (COUNT, 1))
    place = up * (RADIUS + heights)[:, None]
    rows = ShotRows(rays, place, up, np.full(COUNT, 2.0), np.ones(COUNT), np.arange(COUNT))
    height = 100_000.0
    position = np.tile(
        [[-height, 0.0, RADIUS + surface + height], [height, 0.0, RADIUS + surface + height]], (COUNT, 1)
    )
    unit = np.broadcast_to(np.eye(3), (2 * COUNT, 3, 3))
    return rows, Poses(position, unit, unit, unit)


def test_distances_weights_and_cost_belong_together():
    rows, poses = straight_down(np.full(COUNT, 6.0), 2.0)
    np.testing.assert_allclose(rows.distance(poses), 4.0, atol=1e-6)
    assert rows.rms_m(poses) == pytest.approx(4.0, rel=1e-6) and rows.cost(poses) == pytest.approx(
        COUNT * 4.0, rel=1e-6
    )
    other = replace(rows, trust=np.where(np.arange(COUNT) < 100, 0.25, 1.0), scale=3.0, repeats=2.0)
    assert other.cost(poses) == pytest.approx((COUNT - 75) * 4.0 / 18.0, rel=1e-6)
    assert np.sum(other.rows(poses)[0] ** 2) == pytest.approx(other.cost(poses), rel=1e-6)
    assert other.rms_m(poses) == pytest.approx(4.0, rel=1e-6)
    # Both cameras raised by a metre raise the point and lessen the distance by as much.
    by_pose = rows.rows(poses)[1]
    np.testing.assert_allclose(by_pose[:, 0, :, 2].sum(axis=1), -0.5, rtol=1e-6)


def test_scale_and_trust_follow_what_is_left():
    heights = np.where(np.arange(COUNT) == 7, 100.0, 4.0)
    rows, poses = straight_down(heights)
    for _ in range(10):
        rows = rows.reweighed(poses, 4.0)
    assert rows.trust[7] == pytest.approx(9.0 / (50.0 / rows.scale) ** 2) and (np.delete(rows.trust, 7) == 1).all()
    left = 4.0 * (COUNT - 1) + rows.trust[7] * 50.0**2
    assert rows.scale == pytest.approx(np.sqrt(left / (COUNT - 1 + rows.trust[7] - 4.0)), rel=1e-3)


def test_relief_finer_than_the_surface_is_what_a_running_mean_leaves():
    heights = np.random.default_rng(2).normal(0, 30, COUNT)
    rows, _ = straight_down(heights)
    found, sigma = replace(rows, scale=2.0).by_relief()
    np.testing.assert_array_equal(sigma, [0.02, 0.005])
    order = np.argsort(rows.line[:, 0])
    flown = heights[order]
    for k, part in enumerate((64, 4)):
        reach = max(4, COUNT // (2 * part))
        expected = [flown[i] - flown[max(i - reach, 0) : i + reach + 1].mean() for i in range(COUNT)]
        np.testing.assert_allclose(found[order, k] * 4.0, expected, atol=1e-6)


def test_shots_that_share_errors_repeat_each_other():
    rng = np.random.default_rng(3)
    alone = rng.normal(size=64 * 64)
    assert 1.0 <= repeats(alone) < 1.5
    assert repeats(np.repeat(alone, 8)) == pytest.approx(8.0, rel=0.4)
    assert repeats(np.ones(63)) == 1.0 and repeats(np.ones(64)) == 2.0 and repeats(np.ones(128)) == 4.0
    assert repeats(np.zeros(100)) == 1.0 and repeats(np.zeros(0)) == 1.0
    pairs = np.concatenate([np.tile([1.0, -1.0], 32)])
    assert repeats(pairs) == 1.0
    rows, poses = straight_down(np.full(COUNT, 4.0))
    assert rows.with_repeats(poses).repeats == pytest.approx(8.0)


@pytest.mark.parametrize("curved", [False, True])
def test_planes_are_exact_and_robust(curved):
    rng = np.random.default_rng(4)
    flat = rng.uniform(-500, 500, (5, 20, 2))
    x, y = flat[..., 0], flat[..., 1]
    height = 5.0 + 0.02 * x - 0.03 * y + curved * (1e-5 * x * x - 2e-5 * x * y + 3e-5 * y * y)
    found = surface_shots._planes(flat, height, curved)
    np.testing.assert_allclose(np.sum(found.weight * height, axis=1), 5.0, atol=1e-5)
    np.testing.assert_allclose(found.weight.sum(axis=1), 1.0, atol=1e-7)
    np.testing.assert_allclose(found.slope, [[0.02, -0.03]] * 5, atol=1e-7)
    assert found.variance.max() < 1e-6
    wild = height + rng.normal(0, 0.1, height.shape)
    wild[:, 3] += 500.0
    spoilt = surface_shots._planes(flat, wild, curved)
    assert np.abs(np.sum(spoilt.weight * wild, axis=1) - 5.0).max() < 2.0  # of 500
    assert len(found[np.array([True, False, True, False, False])].slope) == 2


def test_the_scatter_about_a_plane_leans_on_that_of_all():
    rng = np.random.default_rng(5)
    flat = rng.uniform(-500, 500, (400, 12, 2))
    height = rng.normal(0, 1, (400, 12)) * np.where(np.arange(400) < 100, 3.0, 1.0)[:, None]
    variance = surface_shots._planes(flat, height, False).variance
    usual = 0.96  # of the three quarters with unit scatter; trust takes the few wildest down
    assert np.median(variance[100:]) == pytest.approx(usual, rel=0.12)
    # Nine degrees of freedom of the plane's own beside three of the usual.
    assert np.mean(variance[:100]) == pytest.approx((9 * 9.0 + 3 * usual) / 12, rel=0.2)
