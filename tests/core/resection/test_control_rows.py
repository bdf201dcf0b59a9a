"""Control points as rows beside ties: the sigmas they take, their misses on the ground, outliers that hardly count."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planetary_dtm.core.resection.control_rows import ControlRows
from planetary_dtm.core.resection.model import control_points
from planetary_dtm.core.resection.path import Poses

RADIUS, HEIGHT, COUNT = 1_700_000.0, 200_000.0, 40


def points(**more):
    """GCPs along the equator, each seen by a camera of its own."""
    rng = np.random.default_rng(1)
    return control_points(np.arange(COUNT), 0, 0, rng.uniform(0, 1, COUNT), rng.uniform(-0.5, 0.5, COUNT), **more)


def above(gcps, aside=0.0):
    """Poses of cameras straight above the points, moved ``aside`` m: x east, y north, z up."""
    up = gcps.bearings
    east = np.stack([-np.sin(gcps.lon), np.cos(gcps.lon), np.zeros(COUNT)], axis=1)
    rotation = np.stack([east, np.cross(up, east), up], axis=-1)
    unit = np.broadcast_to(np.eye(3), (COUNT, 3, 3))
    return Poses(up * (RADIUS + HEIGHT) + np.reshape(aside, (-1, 1)) * east, rotation, unit, unit)


def rows_of(gcps, sigma_lateral=None):
    return ControlRows.of(gcps, np.tile([0.0, 0.0, -2.0], (COUNT, 1)), RADIUS, sigma_lateral)


def test_sigmas_that_are_not_told_are_the_usual_ones():
    told = points(altitude=100.0, sigma_altitude=7.0, sigma_lateral=3.0)
    assert set(rows_of(told).lateral) == {3.0} and set(rows_of(told).altitude) == {7.0}
    assert set(rows_of(told, 5.0).lateral) == {5.0}
    silent = rows_of(points(altitude=100.0))
    assert set(silent.lateral) == {10.0} and set(silent.altitude) == {100.0}
    exact = rows_of(points(altitude=100.0, sigma_altitude=0.0, sigma_lateral=0.0))
    assert set(exact.lateral) == set(exact.altitude) == {1e-3}


def test_an_altitude_that_is_not_known_is_the_middle_one_and_hardly_holds():
    altitude = np.where(np.arange(COUNT) < 3, [np.nan], 50.0 + np.arange(COUNT))
    rows = rows_of(points(altitude=altitude, sigma_altitude=7.0))
    assert set(rows.altitude[:3]) == {1e4} and set(rows.altitude[3:]) == {7.0}
    np.testing.assert_array_equal(rows.seen.radius[:3], RADIUS + np.median(altitude[3:]))
    assert set(rows_of(points(altitude=np.nan)).seen.radius) == {RADIUS}
    np.testing.assert_allclose(np.linalg.norm(rows.seen.s, axis=1), 1.0)


def test_a_camera_aside_misses_by_that_in_one_of_two_components():
    gcps = points(altitude=0.0, sigma_altitude=7.0, sigma_lateral=4.0)
    rows = rows_of(gcps)
    assert rows.rms_m(above(gcps)) < 1e-6
    assert rows.rms_m(above(gcps, 12.0)) == pytest.approx(12.0 / np.sqrt(2), rel=1e-6)
    assert rows.cost(above(gcps, 12.0)) == pytest.approx(COUNT * 9.0, rel=1e-6)
    residual, by_pose = rows.rows(above(gcps, 12.0))
    assert np.sum(residual**2) == pytest.approx(rows.cost(above(gcps, 12.0)), rel=1e-9)
    # A metre aside is a quarter of a sigma, in the direction that undoes the miss.
    np.testing.assert_allclose(np.sum(by_pose[:, :, 0, :3] ** 2, axis=(1, 2)), 2 / 16, rtol=1e-6)
    half = replace(rows, trust=np.where(np.arange(COUNT) < 10, 0.5, 1.0), scale=2.0)
    assert half.cost(above(gcps, 12.0)) == pytest.approx((COUNT - 5) * 9.0 / 4, rel=1e-6)
    assert np.sum(half.rows(above(gcps, 12.0))[0] ** 2) == pytest.approx((COUNT - 5) * 9.0 / 4, rel=1e-6)
    assert half.rms_m(above(gcps, 12.0)) == pytest.approx(12.0 / np.sqrt(2), rel=1e-6)


def test_wild_points_lose_weight_and_sigmas_grow_to_what_is_seen_but_never_shrink():
    gcps = points(altitude=0.0, sigma_altitude=7.0, sigma_lateral=4.0)
    small = rows_of(gcps).reweighed(above(gcps, 1.0), 6.0)
    assert small.scale == 1.0 and (small.trust == 1).all()
    # 12 m are 9 variances for two rows a point; six values of the path took part of the redundancy.
    large = rows_of(gcps).reweighed(above(gcps, 12.0), 6.0)
    assert large.scale == pytest.approx(np.sqrt(9 * COUNT / (2 * COUNT - 6)), rel=1e-6) and (large.trust == 1).all()
    one = np.where(np.arange(COUNT) == 5, 400.0, 1.0)
    wild = rows_of(gcps)
    for _ in range(10):
        wild = wild.reweighed(above(gcps, one), 6.0)
    assert wild.trust[5] < 0.05 and (np.delete(wild.trust, 5) == 1).all()
    # Three sigmas of a component, 9 variances, are where trust begins to fall.
    assert wild.trust[5] == pytest.approx(9.0 / (1e4 / (2 * wild.scale**2)), rel=1e-6)
