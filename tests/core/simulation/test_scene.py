"""Orbits, altimetry and scenes: geometry checked against the specification."""

from __future__ import annotations

import numpy as np
import pytest

from planetary_dtm.core.camera.rays import project
from planetary_dtm.core.errors import InputError
from planetary_dtm.core.frames import angular_distance, lonlat_radius
from planetary_dtm.core.simulation.altimeter import altimeter_shots
from planetary_dtm.core.simulation.orbit import orbital_plane
from planetary_dtm.core.simulation.scene import (
    PRESETS,
    displaced,
    simulate,
    with_altitude_noise,
    with_lateral_bias,
    with_lateral_noise,
)
from planetary_dtm.core.simulation.terrain import PaperTerrain, RoughTerrain, SphereTerrain

SPHERE = SphereTerrain()


@pytest.mark.parametrize("preset", PRESETS)
def test_control_projects_to_its_own_pixels(preset: str) -> None:
    scene = simulate(preset, PaperTerrain(), 60, seed=3, start_latitude=0.5, altimetry=False)
    points = scene.control
    assert len(points) == 60 * 2 * len(scene.sensor.views)
    row = points.line.astype(int)
    seen = project(
        points.points(SPHERE.radius_m),
        scene.truth.position[row],
        scene.truth.rotation()[row],
        scene.sensor.focal_length_mm,
    )
    expected = scene.sensor.rays(points.view, points.sample)[:, :2]
    assert np.abs(seen - expected).max() < 1e-9 * scene.sensor.pixel_pitch_mm


def test_forward_view_sees_what_nadir_sees_503_lines_later() -> None:
    delays = []
    for seed in range(12):
        scene = simulate("ce1", SPHERE, 2, seed=seed, altimetry=False)
        ahead = scene.ground(0, 2, 255.5)
        lines = np.arange(420, 600)
        apart = np.linalg.norm(scene.ground(lines, 1, 255.5) - ahead, axis=1)
        delays.append(lines[apart.argmin()])
    assert abs(np.mean(delays) - 503) < 12  # the swinging attitude moves single scenes by tens of lines


def test_lines_are_120_m_apart_and_the_camera_flies_north_looking_down() -> None:
    scene = simulate("ce1", SPHERE, 200, seed=1, altimetry=False)
    sphere_points = scene.truth.position / np.linalg.norm(scene.truth.position, axis=1, keepdims=True) * SPHERE.radius_m
    assert np.linalg.norm(np.diff(sphere_points, axis=0), axis=1).mean() == pytest.approx(120, rel=0.02)
    assert np.all(np.diff(scene.truth.position[:, 2]) > 0)
    down = scene.truth.rotation() @ [0, 0, -1.0]
    cosine = -np.sum(down * sphere_points, axis=1) / SPHERE.radius_m
    assert cosine.min() > np.cos(0.08)
    height = np.linalg.norm(scene.truth.position, axis=1) - SPHERE.radius_m
    assert 197_000 < height.min() < height.max() < 203_000


def test_jitter_has_the_rms_asked_for_and_leaves_the_path_alone() -> None:
    calm = simulate("ce1", SPHERE, 3000, seed=4, altimetry=False)
    shaken = simulate("ce1", SPHERE, 3000, seed=4, jitter=2e-5, altimetry=False)
    np.testing.assert_array_equal(calm.truth.position, shaken.truth.position)
    turn = np.swapaxes(calm.truth.rotation(), 1, 2) @ shaken.truth.rotation()
    assert np.sqrt(np.mean(turn[:, 2, 1] ** 2)) == pytest.approx(2e-5, rel=0.15)


def test_planes_put_the_node_and_the_inclination_where_asked() -> None:
    np.testing.assert_allclose(orbital_plane(np.pi / 2, np.pi / 2), np.eye(3), atol=1e-15)
    scene = simulate("ce1", SPHERE, 2000, seed=0, plane=orbital_plane(0.4, 0.3), altimetry=False)
    lon, lat, _ = lonlat_radius(scene.truth.position)
    assert lon[0] == pytest.approx(0.3, abs=2e-3)
    assert lat[0] == pytest.approx(0.0, abs=2e-3)
    rate = (lat[-1] - lat[0]) / scene.line_angle / 2000
    assert rate == pytest.approx(np.sin(0.4), abs=0.03)
    assert np.all(np.diff(lon) > 0)


def test_angles_run_on_past_a_right_angle_on_an_equatorial_orbit() -> None:
    scene = simulate("ce1", SPHERE, 20_000, seed=0, plane=orbital_plane(0.0, 0.2), line_step=20, altimetry=False)
    assert np.abs(np.diff(scene.truth.angles, axis=0)).max() < 0.5


def test_shots_lie_on_tracks_that_close_with_latitude() -> None:
    lon, lat = np.array([0.3]), np.array([1.0])
    shots = altimeter_shots(SPHERE, lon, lat, seed=0, margin_m=60_000, noise_m=5.0, wild=0.0)
    assert np.std(shots.altitude) == pytest.approx(5.0, rel=0.1)
    one = shots.track == shots.track[0]
    assert np.diff(np.sort(shots.lat[one])).max() * SPHERE.radius_m == pytest.approx(1400, rel=0.01)
    tracks = len(np.unique(shots.track))
    assert tracks == pytest.approx(2 * 60_000 / (7000 * np.cos(1.0)), abs=9)
    apart = angular_distance(shots.lon, shots.lat, 0.3, 1.0) * SPHERE.radius_m
    assert 60_000 < apart.max() < 90_000


def test_shots_cover_the_pole_and_carry_the_wild_ones() -> None:
    terrain = RoughTerrain(0)
    shots = altimeter_shots(terrain, np.zeros(1), np.array([np.pi / 2]), seed=1, margin_m=50_000, wild=0.02)
    assert len(np.unique(shots.track)) == round(2 * np.pi * terrain.radius_m / 7000)
    error = np.abs(shots.altitude - terrain.height(shots.lon, shots.lat))
    assert shots.wild.mean() == pytest.approx(0.02, abs=0.003)
    assert error[shots.wild].min() > 400 > 50 > error[~shots.wild].max()


def test_ways_to_spoil_control() -> None:
    scene = simulate("ce1", SPHERE, 400, seed=0, start_latitude=1.5, altimetry=False)
    exact, radius = scene.control, SPHERE.radius_m

    def moved(points: object) -> np.ndarray:
        return (points.bearings - exact.bearings) * radius  # type: ignore[attr-defined]

    noisy = with_lateral_noise(exact, radius, 5.0, seed=0)
    assert np.sqrt(np.mean(np.sum(moved(noisy) ** 2, axis=1)) / 2) == pytest.approx(5.0, rel=0.05)
    assert np.abs(np.sum(moved(noisy) * exact.bearings, axis=1)).max() < 1e-3
    biased = with_lateral_bias(exact, radius, 300.0, seed=0)
    np.testing.assert_allclose(np.linalg.norm(moved(biased), axis=1), 300.0, rtol=1e-4)
    assert np.abs(np.diff(moved(biased)[::6], axis=0)).max() < 10.0
    rough = with_altitude_noise(exact, 100.0, seed=0)
    assert np.std(rough.altitude - exact.altitude) == pytest.approx(100.0, rel=0.1)
    assert np.all(rough.sigma_altitude == 100.0)
    north = displaced(exact, radius, np.tile([0.0, 10.0], (len(exact), 1)))
    assert np.median(north.lat - exact.lat) * radius == pytest.approx(10.0, rel=1e-3)


def test_bad_requests_are_named() -> None:
    with pytest.raises(InputError, match="ce9"):
        simulate("ce9", SPHERE)
    with pytest.raises(InputError, match="2 lines"):
        simulate("ce1", SPHERE, 1)
    with pytest.raises(InputError, match="Jitter"):
        simulate("ce1", SPHERE, 10, jitter=-1.0)
    with pytest.raises(InputError, match="Jitter"):
        simulate("ce1", SPHERE, 10, jitter=5.0)
