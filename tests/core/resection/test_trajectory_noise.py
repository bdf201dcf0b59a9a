"""The noise levels of a trajectory: what is given of them, what residuals say, and how that is told."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from planetary_dtm.core.resection import trajectory_noise
from planetary_dtm.core.resection.ground_rows import GroundRows
from planetary_dtm.core.resection.model import control_points
from planetary_dtm.core.resection.trajectory_noise import first_noise

COUNT = 200
ROUGHNESS = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])


def model(over=None, use_certainty=True, **given):
    return first_noise(control_points(np.arange(COUNT), 0, 0, 0, 0, **given), over, use_certainty, ROUGHNESS)


def rows_of(residual, lateral=2.0, altitude=50.0, u=0.6):
    """Rows of `COUNT` GCPs whose derivatives feel nothing."""
    zenith = np.full(COUNT, u)
    variance = np.stack([(u * altitude) ** 2 + (1 - u**2) * lateral**2, lateral**2 + 0 * u], axis=-1)
    return GroundRows(residual, np.zeros((COUNT, 2, 6)), zenith, np.broadcast_to(variance, (COUNT, 2)))


def test_what_is_given_counts_and_what_is_not_begins_at_the_usual():
    told = model(altitude=5.0, sigma_altitude=30.0, sigma_lateral=4.0)
    assert set(told.lateral_given) == set(told.lateral_sigma()) == {4.0} and set(told.altitude_sigma()) == {30.0}
    assert set(model(7.0, altitude=5.0, sigma_lateral=4.0).lateral_sigma()) == {7.0}
    assert set(model(0.0, altitude=5.0).lateral_sigma()) == {1e-3}
    silent = model(altitude=5.0)
    assert np.isnan(silent.lateral_given).all() and set(silent.lateral_sigma()) == {100.0}
    assert set(silent.altitude_sigma()) == {100.0}
    assert set(model(use_certainty=False, altitude=5.0, sigma_altitude=30.0).altitude_sigma()) == {100.0}
    some = np.where(np.arange(COUNT) < 50, [np.nan], 10.0 + np.arange(COUNT) % 7)
    assert set(model(altitude=5.0, sigma_altitude=some).altitude_sigma()[:50]) == {np.median(some[50:])}
    assert set(model(altitude=5.0, sigma_altitude=0.0).altitude_sigma()) == {1e-3}
    assert (told.altitude_scale, told.white, told.shared, told.misfit) == (1.0, 1.0, 0.0, 1.0)
    assert (told.explained == 3.0).all() and (told.least_roughness == 0).all() and (told.repeats == 1).all()


def test_sigmas_of_the_least_squares_widen_by_trust_and_repeats():
    altitude = np.where(np.arange(COUNT) == 0, [np.nan], 5.0)
    given = replace(
        model(altitude=altitude, sigma_altitude=30.0, sigma_lateral=4.0),
        altitude_scale=2.0,
        repeats=np.full(COUNT, 9.0),
        lateral_trust=np.full(COUNT, 0.25),
        altitude_trust=np.full(COUNT, 0.25),
        white=0.3,
        shared=0.7,
    )
    noise = given.noise()
    assert set(noise.lateral) == {8.0} and set(noise.altitude[1:]) == {360.0}
    assert noise.altitude[0] == pytest.approx(6e4) and (noise.white[0], noise.shared[0]) == (1.0, 0.0)
    assert set(noise.white[1:]) == {0.3} and set(noise.shared[1:]) == {0.7} and noise.roughness is given.roughness


def spread(rows, covariance):
    return trajectory_noise.spread_of(rows, covariance, np.arange(COUNT))


def test_a_misfit_is_the_rms_by_its_redundancy():
    residual = np.stack([np.zeros(COUNT), np.full(COUNT, 6.0)], axis=1)
    rows, chosen = rows_of(residual), np.arange(COUNT) < 100
    none = np.zeros((COUNT, 6, 6))
    assert trajectory_noise._misfit(rows, spread(rows, none), chosen) == pytest.approx(3.0)
    # A path that takes up a quarter of each row's variance leaves three quarters of the redundancy.
    felt = replace(rows, by_pose=rows.by_pose + np.eye(6)[0])
    taken = none + 1.0 * np.diag([1.0, 0, 0, 0, 0, 0])
    assert trajectory_noise._misfit(felt, spread(felt, taken), chosen) == pytest.approx(3.0 / np.sqrt(0.75))
    assert trajectory_noise._misfit(felt, spread(felt, 100 * taken), chosen) == pytest.approx(np.sqrt(100 * 9.0))


def test_the_altitudes_scale_follows_their_share_of_the_residuals():
    given = model(altitude=5.0, sigma_altitude=50.0, sigma_lateral=2.0)
    rows = rows_of(np.stack([np.full(COUNT, 90.0), np.zeros(COUNT)], axis=1))
    none, noise = np.zeros((COUNT, 6, 6)), given.noise()
    whole = 30.0**2 + 0.64 * 4.0
    assert given._altitude_scale(rows, spread(rows, none), noise) == pytest.approx(90.0 / np.sqrt(whole), rel=1e-9)
    felt = replace(rows, by_pose=rows.by_pose + np.eye(6)[0])
    half = none + 0.5 * whole * np.diag([1.0, 0, 0, 0, 0, 0])
    assert given._altitude_scale(felt, spread(felt, half), noise) == pytest.approx(
        90.0 / np.sqrt(0.5 * whole), rel=1e-9
    )
    far = replace(rows, residual=1e6 * rows.residual)
    assert given._altitude_scale(far, spread(far, none), noise) == 10.0  # at most tenfold in one round
    assert given._altitude_scale(replace(rows, residual=0 * rows.residual), spread(rows, none), noise) == pytest.approx(
        0.01
    )
    tiny = replace(given, altitude_scale=1e-6)
    assert tiny._altitude_scale(rows_of(0 * rows.residual), spread(rows, none), noise) == pytest.approx(1e-3 / 50.0)


def test_rows_that_stand_out_lose_trust_beyond_three_sigmas():
    given = model(altitude=5.0, sigma_altitude=50.0, sigma_lateral=2.0)
    along = np.hypot(0.6 * 50.0, 0.8 * 2.0)
    residual = np.zeros((COUNT, 2))
    residual[0], residual[1], residual[2] = (0, 6.0), (0, -12.0), (6 * along, 0)
    found = given._retrusted(residual, np.full(COUNT, 0.6))
    np.testing.assert_allclose(found.lateral_trust[:4], [1.0, 0.25, 1.0, 1.0])
    np.testing.assert_allclose(found.altitude_trust[:4], [1.0, 1.0, 0.25, 1.0])


def seen_by(squares, variances, counts):
    return SimpleNamespace(roughness=lambda path, inverse: (squares, variances, counts))


def test_the_roughness_goes_to_what_is_seen_within_bounds():
    given, state = model(altitude=5.0), SimpleNamespace(path=None)
    variances, counts = 20.0 * ROUGHNESS**2, np.full(6, 120.0)
    squares = 100 * (2 * ROUGHNESS) ** 2
    found = given._roughened(seen_by(squares, variances, counts), state, None, 1.0)
    np.testing.assert_allclose(found.explained, 103.0)  # 120 differences less 20 unseen, and a parabola
    level = (squares + ROUGHNESS**2) / 101.0
    np.testing.assert_allclose(found.roughness, ROUGHNESS * (level / ROUGHNESS**2) ** 0.75, rtol=1e-12)
    np.testing.assert_allclose(found.moved, np.log(found.roughness / ROUGHNESS), rtol=1e-12)
    held = given._roughened(seen_by(squares, variances, counts), state, None, 0.5)
    np.testing.assert_allclose(held.roughness / ROUGHNESS, np.sqrt(found.roughness / ROUGHNESS), rtol=1e-12)
    found = given._roughened(seen_by(1e9 * ROUGHNESS**2, variances, counts), state, None, 1.0)
    # an orbit wanders less than an attitude
    np.testing.assert_allclose(found.roughness / ROUGHNESS, [5, 5, 5, 10, 10, 10])
    nothing = seen_by(0 * ROUGHNESS, variances, counts)
    found = given._roughened(nothing, state, None, 1.0)
    np.testing.assert_allclose(found.roughness / ROUGHNESS, 0.1)
    least = replace(given, least_roughness=0.5 * ROUGHNESS)
    np.testing.assert_allclose(least._roughened(nothing, state, None, 1.0).roughness, 0.5 * ROUGHNESS)


def test_a_fixed_point_that_was_passed_is_met_by_the_secant():
    given = model(altitude=5.0)
    # one component of each kind: met at once by a step of 0.8 pulls; still ahead; never moved before
    pull, moved = np.array([-0.2, 0.2, 0, 0, 0, 0]), np.array([0.4, 0.4, 0, 0, 0, 0])
    now = np.array([0.3, 0.1, 0.1, 0, 0, 0])
    squares = 1000.0 * np.exp(2 * now) * ROUGHNESS**2 + (np.exp(2 * now) - 1) * ROUGHNESS**2
    system = seen_by(squares, np.zeros(6), np.full(6, 1000.0))
    found = replace(given, pull=pull, moved=-moved)._roughened(system, SimpleNamespace(path=None), None, 1.0)
    np.testing.assert_allclose(found.pull, now, atol=1e-12)
    np.testing.assert_allclose(found.moved[:3], [0.8 * 0.3, 1.5 * 0.1, 1.5 * 0.1], rtol=1e-9)
    far = replace(given, pull=-9 * now, moved=-np.ones(6))
    np.testing.assert_allclose(
        far._roughened(system, SimpleNamespace(path=None), None, 1.0).moved[0], 0.5 * 0.3, rtol=1e-9
    )  # never less than half


def test_the_smoothest_components_are_loosened():
    given = replace(model(altitude=5.0), roughness=ROUGHNESS * [3.0, 1.0, 0.1, 2.0, 0.5, 1.5])
    found = given.loosened()
    np.testing.assert_allclose(found.roughness / given.roughness, [1, 10, 10, 1, 10, 1])
    np.testing.assert_allclose(found.least_roughness, np.where([0, 1, 1, 0, 1, 0], found.roughness, 0))
    rough = replace(given, roughness=ROUGHNESS * [3.0, 2.0, 4.0, 5.0, 6.0, 7.0]).loosened()
    np.testing.assert_allclose(rough.roughness / ROUGHNESS, [3, 20, 4, 5, 6, 7])


def test_the_change_is_the_largest_of_both_levels():
    first = model(altitude=5.0)
    assert replace(first, lateral=200.0).change(first) == pytest.approx(np.log(2.0))
    assert first.change(replace(first, altitude_scale=3.0)) == pytest.approx(np.log(3.0))


def test_what_is_told():
    silent = replace(model(altitude=5.0), explained=np.array([10.0, 5, 5, 40, 5, 5]), lateral=12.34)
    said = silent.told(400.0)
    assert said[0] == "The lateral sigma of the GCPs is estimated from the residuals as 12.3 m." and len(said) == 2
    assert said[-1] == "The data resolve the position to about 40 lines and the attitude to 10."
    given = model(altitude=5.0, sigma_altitude=30.0, sigma_lateral=4.0)
    assert len(given.told(400.0)) == 1
    assert "133 lines and the attitude to 133" in given.told(400.0)[0]
    trust = np.where(np.arange(COUNT) < 5, 0.5, 1.0)
    odd = replace(given, misfit=2.0, altitude_scale=0.5, lateral_trust=trust, altitude_trust=trust[::-1])
    first, second, third, _ = odd.told(400.0)
    assert "2 times what the sigma given" in first and "multiplied by 0.5, to 15 m in the median" in second
    assert third == f"10 of {COUNT} GCPs stand out by more than 3 sigma."
    assert len(replace(given, altitude_scale=1.49, misfit=1.49).told(1.0)) == 1
    assert len(replace(given, altitude_scale=1.51).told(1.0)) == 2
    doubted = {scale: "SENSOR" in " ".join(replace(given, altitude_scale=scale).told(1.0)) for scale in (0.1, 4.9, 5.1)}
    assert doubted == {0.1: False, 4.9: False, 5.1: True}  # better than told is nothing to doubt
    few = replace(given, lateral_trust=np.where(np.arange(COUNT) < 4, 0.5, 1.0))
    assert len(few.told(1.0)) == 1
