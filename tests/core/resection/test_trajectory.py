"""The trajectory against simulated truth: accuracy, true error bars, and control that is odd, wrong or missing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from planetary_dtm.core.errors import CancelledError, InputError
from planetary_dtm.core.resection.collinearity import recover_collinearity
from planetary_dtm.core.resection.model import ControlPoints, Flag, Orientation, Resection, TiePoints
from planetary_dtm.core.resection.trajectory import recover_trajectory
from planetary_dtm.core.simulation.fractal import FractalField
from planetary_dtm.core.simulation.orbit import orbital_plane
from planetary_dtm.core.simulation.scene import Scene, displaced, simulate, with_altitude_noise, with_lateral_noise
from planetary_dtm.core.simulation.terrain import PaperTerrain, SphereTerrain

from .orbits import errors

RADIUS = PaperTerrain().radius_m


def flown(preset: str = "ce1", lines: int = 2400, seed: int = 1, **settings: object) -> Scene:
    settings = {"start_latitude": 0.3, "altimetry": False, **settings}
    return simulate(preset, PaperTerrain(), lines, seed=seed, **settings)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def scene() -> Scene:
    return flown()


@pytest.fixture(scope="module")
def noisy(scene: Scene) -> ControlPoints:
    return spoiled(scene)


def spoiled(scene: Scene, altitude: float = 30.0, lateral: float = 5.0) -> ControlPoints:
    return with_lateral_noise(with_altitude_noise(scene.control, altitude, 2), RADIUS, lateral, 3)


def mean_errors(found: Resection, truth: Orientation) -> tuple[float, float]:
    """Mean rotation angle (rad) and distance (m)."""
    rows = np.searchsorted(truth.line, found.orientation.line)
    kept = Orientation(truth.line[rows], truth.position[rows], truth.angles[rows], "truth")
    angle, distance = errors(found.orientation, kept)
    return float(angle.mean()), float(distance.mean())


def pulls(found: Resection, truth: Orientation) -> NDArray[np.float64]:
    """Errors over their sigmas, (L, 6)."""
    own = found.orientation
    assert own.covariance is not None
    turn = np.mod(own.angles - truth.angles + np.pi, 2 * np.pi) - np.pi
    difference = np.concatenate([own.position - truth.position, turn], axis=1)
    return difference / np.sqrt(np.diagonal(own.covariance, axis1=1, axis2=2))


@pytest.mark.parametrize(("noise", "limit"), [(1000.0, 51.0), (100.0, 5.4)])
def test_altitude_noise_costs_a_tenth_of_what_it_costs_the_paper(scene: Scene, noise: float, limit: float) -> None:
    found = recover_trajectory(with_altitude_noise(scene.control, noise, 1), scene.sensor)
    angle, distance = mean_errors(found, scene.truth)
    assert distance < 0.6 * limit
    assert angle < 1e-7
    assert np.all(found.orientation.flag == 0)


@pytest.mark.parametrize("preset", ["ce2", "ce2_paper"])
def test_a_two_line_sensor_is_solved_exactly_from_exact_control(preset: str) -> None:
    scene = flown(preset)
    found = recover_trajectory(scene.control, scene.sensor, sigma_lateral=0.0)
    angle, distance = mean_errors(found, scene.truth)
    assert distance < 1e-2
    assert angle < 1e-7


@pytest.mark.parametrize("lateral", [0.0, 5.0])
def test_fine_pixels_settle_under_shared_altitude_errors(lateral: float) -> None:
    """A two-line sensor of 12.5 m lines: knots every 64 of them would leave the smoothness to rounding."""
    scene = simulate("ce2_paper", SphereTerrain(), 60_000, seed=1, start_latitude=0.2, line_step=40, altimetry=False)
    ground = FractalField(1, (12e3,), (100.0,))
    altitude = scene.control.altitude + ground.height(scene.control.bearings * RADIUS)
    points = replace(scene.control, altitude=altitude, sigma_altitude=np.full(len(scene.control), 100.0))
    found = recover_trajectory(with_lateral_noise(points, RADIUS, lateral, 1), scene.sensor, sigma_lateral=lateral)
    assert np.all((found.orientation.flag & Flag.UNCONVERGED) == 0)
    assert mean_errors(found, scene.truth)[1] < 50.0
    assert np.all(np.sqrt(np.mean(pulls(found, scene.truth)[:, :3] ** 2, axis=0)) < 2.0)


def test_shared_altitude_errors_are_recognised_and_the_error_bars_are_true() -> None:
    ratios, squares = [], []
    for seed in range(3):
        scene = simulate("ce1", SphereTerrain(), 9000, seed=seed, start_latitude=0.2, line_step=3, altimetry=False)
        points = with_lateral_noise(scene.control, RADIUS, 5.0, seed)
        ground = FractalField(seed, (12e3,), (100.0,))  # errors that stay with the ground, correlated over 2 to 3 km
        altitude = points.altitude + ground.height(points.bearings * RADIUS)
        points = replace(points, altitude=altitude, sigma_altitude=np.full(len(points), 100.0))
        found = recover_trajectory(points, scene.sensor)
        assert any("correlated over" in sentence for sentence in found.verdict.sentences)
        line_by_line = mean_errors(recover_collinearity(points, scene.sensor), scene.truth)
        ratios.append(np.array(mean_errors(found, scene.truth)) / line_by_line)
        squares.append(pulls(found, scene.truth) ** 2)
    assert np.mean(ratios) < 0.2
    assert np.all(np.max(ratios, axis=0) < 0.35)
    pull = np.sqrt(np.mean(np.concatenate(squares), axis=0))
    assert np.all((pull > 0.6) & (pull < 1.5))  # three scenes of some ten independent stretches each
    assert 0.75 < np.sqrt(np.mean(pull**2)) < 1.3


def test_jitter_is_followed() -> None:
    scene = flown(lines=1500, jitter=2e-5)
    calm = flown(lines=1500)
    exact = recover_trajectory(scene.control, scene.sensor, sigma_lateral=0.0)
    assert mean_errors(exact, scene.truth)[0] < 1e-7
    found = recover_trajectory(with_lateral_noise(scene.control, RADIUS, 1.0, 1), scene.sensor)
    angle = mean_errors(found, scene.truth)[0]
    assert angle < 0.5 * mean_errors(found, calm.truth)[0]


@pytest.mark.parametrize(
    ("plane", "start"),
    [
        (orbital_plane(0.0, 0.2), 0.0),
        (orbital_plane(np.pi, 0.2), 0.0),
        (orbital_plane(np.pi / 2, np.pi), 0.2),
        (orbital_plane(np.pi / 2, 1.0), np.pi / 2 - 0.06),
    ],
    ids=["equator", "retrograde", "dateline", "pole"],
)
def test_orbits_over_equator_pole_and_dateline_work(plane: NDArray[np.float64], start: float) -> None:
    scene = simulate("ce1", SphereTerrain(), 1600, seed=2, start_latitude=start, plane=plane, altimetry=False)
    found = recover_trajectory(spoiled(scene), scene.sensor)
    angle, distance = mean_errors(found, scene.truth)
    assert distance < 15.0
    assert angle < 1e-4
    assert np.abs(np.diff(found.orientation.angles, axis=0)).max() < 0.5


def test_sigmas_that_are_missing_or_wrong_are_estimated(scene: Scene, noisy: ControlPoints) -> None:
    right = mean_errors(recover_trajectory(noisy, scene.sensor), scene.truth)[1]
    for sigma in (np.nan, 3.0):
        wrong = replace(noisy, sigma_altitude=np.full(len(noisy), sigma))
        found = recover_trajectory(wrong, scene.sensor)
        assert mean_errors(found, scene.truth)[1] < 1.1 * right
        said = " ".join(found.verdict.sentences)
        assert "estimated from the residuals as 5" in said
        assert "m in the median" in said


def test_a_lateral_sigma_that_is_too_small_is_told(scene: Scene, noisy: ControlPoints) -> None:
    found = recover_trajectory(noisy, scene.sensor, sigma_lateral=2.0)
    assert any("times what the sigma given" in sentence for sentence in found.verdict.sentences)


def test_wild_control_hardly_counts(scene: Scene, noisy: ControlPoints) -> None:
    good = mean_errors(recover_trajectory(noisy, scene.sensor), scene.truth)[1]
    wild = np.random.default_rng(0).choice(len(noisy), 80, replace=False)
    altitude, lon = noisy.altitude.copy(), noisy.lon.copy()
    altitude[wild[:40]] += 4000.0
    lon[wild[40:]] += 0.01
    found = recover_trajectory(replace(noisy, altitude=altitude, lon=lon), scene.sensor)
    assert mean_errors(found, scene.truth)[1] < 1.3 * good


def test_gcps_without_altitude_count_by_their_place(scene: Scene, noisy: ControlPoints) -> None:
    altitude = np.where(np.arange(len(noisy)) % 3 == 0, noisy.altitude, np.nan)
    found = recover_trajectory(replace(noisy, altitude=altitude), scene.sensor)
    assert mean_errors(found, scene.truth)[1] < 12.0


def test_gaps_widen_the_error_bars_and_nothing_else(scene: Scene, noisy: ControlPoints) -> None:
    kept = (noisy.line < 800) | (noisy.line > 1500)
    found = recover_trajectory(noisy[kept], scene.sensor)
    assert len(found.orientation) == 1699
    assert mean_errors(found, scene.truth)[1] < 12.0
    every_100th = recover_trajectory(noisy[noisy.line % 100 == 0], scene.sensor)
    assert mean_errors(every_100th, scene.truth)[1] < 120.0


def test_gcps_in_any_order_and_anywhere_on_the_lines(scene: Scene) -> None:
    random = np.random.default_rng(4)
    samples = random.uniform(0, 511, len(scene.control))
    ground = scene.ground(scene.control.line, scene.control.view, samples)
    radius = np.linalg.norm(ground, axis=1)
    lon, lat = np.arctan2(ground[:, 1], ground[:, 0]), np.arcsin(ground[:, 2] / radius)
    points = replace(scene.control, sample=samples, lon=lon, lat=lat, altitude=radius - RADIUS)
    mixed = points[random.permutation(len(points))]
    found = recover_trajectory(with_altitude_noise(mixed, 10.0, 1), scene.sensor, sigma_lateral=0.0)
    assert mean_errors(found, scene.truth)[1] < 2.0
    assert found.residuals_px.shape == (len(mixed), 2)
    exact = recover_trajectory(mixed, scene.sensor, sigma_lateral=0.0)
    assert np.abs(exact.residuals_px).max() < 1e-3


def test_one_view_is_solved_with_honest_error_bars(scene: Scene, noisy: ControlPoints) -> None:
    found = recover_trajectory(noisy[noisy.view == 1], scene.sensor)
    pull = np.sqrt(np.mean(pulls(found, scene.truth) ** 2, axis=0))
    assert np.all(pull < 2.0)
    assert np.all(found.orientation.flag & Flag.PRIOR)
    assert any("one view" in sentence for sentence in found.verdict.sentences)


def test_a_view_that_is_off_is_found_when_asked(scene: Scene, noisy: ControlPoints) -> None:
    off = displaced(noisy, RADIUS, np.where((noisy.view == 2)[:, None], [20.0, -10.0], [0.0, 0.0]))
    found = recover_trajectory(off, scene.sensor, bias=True)
    assert mean_errors(found, scene.truth)[1] < 12.0
    said = next(s for s in found.verdict.sentences if "view forward against backward" in s)
    assert "-20." in said or "-19." in said
    assert np.sqrt(np.mean(pulls(found, scene.truth)[:, :3] ** 2)) < 1.0  # 500 m shared by all views is allowed for


def test_a_given_start_and_given_knots_are_used(scene: Scene, noisy: ControlPoints) -> None:
    start = replace(scene.truth, position=scene.truth.position + 800.0)
    found = recover_trajectory(noisy, scene.sensor, start=start, position_knots=300, attitude_knots=150)
    assert mean_errors(found, scene.truth)[1] < 12.0


@pytest.mark.parametrize("lines", [4, 8, 30])
def test_short_scenes_work(lines: int) -> None:
    scene = flown(lines=lines)
    assert mean_errors(recover_trajectory(scene.control, scene.sensor), scene.truth)[1] < 1e-2
    found = recover_trajectory(spoiled(scene), scene.sensor)
    assert np.all(np.abs(pulls(found, scene.truth)) < 5.0)


def test_what_cannot_be_done_is_said(scene: Scene, noisy: ControlPoints) -> None:
    with pytest.raises(InputError, match="12 GCPs on 4 lines"):
        recover_trajectory(noisy[noisy.line < 3], scene.sensor)
    with pytest.raises(InputError, match="altitude"):
        recover_trajectory(replace(noisy, altitude=np.full(len(noisy), np.nan)), scene.sensor)
    ties = TiePoints(np.full((1, 2), 1e6), np.array([[0, 1]]), np.zeros((1, 2)), np.ones((1, 2)))
    with pytest.raises(InputError, match="TIES"):
        recover_trajectory(noisy, scene.sensor, ties=ties)
    with pytest.raises(CancelledError):
        recover_trajectory(noisy, scene.sensor, progress=lambda fraction, message: fraction < 0.2)


def test_what_does_not_settle_is_flagged(scene: Scene, noisy: ControlPoints) -> None:
    off = displaced(noisy, RADIUS, np.where((noisy.view == 2)[:, None], [60.0, -40.0], [0.0, 0.0]))
    found = recover_trajectory(off, scene.sensor)
    settled = np.all((found.orientation.flag & Flag.UNCONVERGED) == 0)
    assert not settled or any("do not fit" in s or "estimated" in s for s in found.verdict.sentences)
