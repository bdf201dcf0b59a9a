"""Ground residuals: derivatives by finite differences, and what each row feels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planetary_dtm.core.camera.rotations import exp_so3
from planetary_dtm.core.resection.ground_rows import GroundRows, Targets, ground_rows, targets
from planetary_dtm.core.resection.lateral_bias import LateralBias, shared_effect
from planetary_dtm.core.resection.path import Poses
from planetary_dtm.core.simulation.scene import Scene, displaced, simulate, with_altitude_noise
from planetary_dtm.core.simulation.terrain import PaperTerrain

RADIUS = PaperTerrain().radius_m


@pytest.fixture(scope="module")
def scene() -> Scene:
    return simulate("ce1", PaperTerrain(), 50, seed=2, start_latitude=0.4, altimetry=False)


def poses(scene: Scene, moved: np.ndarray | None = None) -> Poses:
    """True poses, moved by (6,): metres along the world's axes and radians in the camera."""
    eye = np.broadcast_to(np.eye(3), (len(scene.truth), 3, 3))
    move = np.zeros(6) if moved is None else moved
    return Poses(scene.truth.position + move[:3], scene.truth.rotation() @ exp_so3(move[3:]), eye, eye)


def rows_at(seen: Targets, at: Poses, altitude: float = 1e4, lateral: float = 1e-3) -> GroundRows:
    none, ones = np.zeros(len(seen.row)), np.ones(len(seen.row))
    return ground_rows(seen, at, none, 0.0, altitude * ones, lateral * ones)


def test_exact_control_leaves_nothing(scene: Scene) -> None:
    assert np.abs(rows_at(targets(scene.control, scene.sensor), poses(scene)).residual).max() < 1e-8


def test_what_lies_beside_the_ray_counts_in_metres(scene: Scene) -> None:
    """The view's axis points down, so that ground moved level along the meridian moves square to it."""
    view = scene.sensor.views[1].name
    assert view == "nadir"
    nadir = scene.control[(scene.control.view == 1) & (np.abs(scene.control.sample - scene.sensor.samples / 2) < 300)]
    north = replace(nadir, lat=nadir.lat + 50.0 / RADIUS)
    rows = rows_at(targets(north, scene.sensor), poses(scene))
    np.testing.assert_allclose(np.linalg.norm(rows.residual, axis=1), 50.0, rtol=0.01)


def test_the_second_row_does_not_see_the_altitude_and_the_first_sees_it_by_u(scene: Scene) -> None:
    wrong = replace(scene.control, altitude=scene.control.altitude + 700.0)
    rows = rows_at(targets(wrong, scene.sensor), poses(scene))
    assert np.abs(rows.residual[:, 1]).max() < 1e-8
    np.testing.assert_allclose(rows.residual[:, 0], 700.0 * rows.zenith, rtol=1e-10)


def test_derivatives_agree_with_finite_differences(scene: Scene) -> None:
    seen = targets(scene.control, scene.sensor)
    exact = rows_at(seen, poses(scene)).by_pose
    for k in range(6):
        step = np.zeros(6)
        step[k] = 1.0 if k < 3 else 1e-6
        ahead, behind = (rows_at(seen, poses(scene, sign * step)).residual for sign in (1, -1))
        np.testing.assert_allclose(
            (ahead - behind) / (2 * step[k]), exact[..., k], atol=1e-6 * np.abs(exact[..., k]).max()
        )


def test_wrong_altitudes_do_not_turn_the_derivatives(scene: Scene) -> None:
    exact = rows_at(targets(scene.control, scene.sensor), poses(scene)).by_pose
    wrong = rows_at(targets(with_altitude_noise(scene.control, 1000.0, 1), scene.sensor), poses(scene)).by_pose
    np.testing.assert_allclose(wrong, exact, rtol=1e-9, atol=1e-9 * np.abs(exact).max())


def test_a_ray_straight_down_has_two_lateral_rows(scene: Scene) -> None:
    p = scene.truth.position[:1] / np.linalg.norm(scene.truth.position[0])
    seen = Targets(np.zeros(1), np.zeros(1, int), np.zeros(1, int), p, np.full(1, RADIUS), np.array([[0, 0, -1.0]]))
    side = np.cross(p, [0.0, 0.0, 1.0])
    side /= np.linalg.norm(side)
    rotation = np.stack([np.cross(side, p), side, p], axis=-1)
    eye = np.eye(3)[None]
    rows = rows_at(seen, Poses(scene.truth.position[:1] + 3.0 * side, rotation, eye, eye))
    assert np.linalg.norm(rows.residual) == pytest.approx(3.0, rel=1e-6)
    assert rows.zenith[0] == pytest.approx(0.0, abs=1e-5)


def test_bias_terms_are_the_shift_of_the_points_and_its_derivative(scene: Scene) -> None:
    seen = targets(scene.control, scene.sensor)
    normal = np.cross(scene.truth.position[0], scene.truth.position[-1])
    bias = LateralBias.about(seen, scene.control.view, 3, normal / np.linalg.norm(normal))
    none, ones = np.zeros(len(seen.row)), np.ones(len(seen.row))
    values = np.random.default_rng(0).normal(size=bias.count) * 10.0
    shift = bias.shift(values)
    assert np.all(shift[scene.control.view == 0] == 0)
    assert np.abs(np.sum(shift * seen.p, axis=1)).max() < 1e-12
    at = poses(scene)
    rows = ground_rows(seen, at, none, 0.0, ones, ones)
    moved = ground_rows(seen, at, none, shift, ones, ones)
    own = np.concatenate([np.zeros((1, 4)), values.reshape(2, 4)])[scene.control.view]
    predicted = np.einsum("nki,ni->nk", bias.derivatives(rows, at, seen.row), own)
    np.testing.assert_allclose(moved.residual - rows.residual, predicted, atol=1e-9)


def test_what_all_views_share_is_a_turn_about_the_centre(scene: Scene) -> None:
    normal = np.array([1.0, 0.0, 0.0])
    effect = shared_effect(scene.truth.line, scene.truth.position, normal, RADIUS)
    covariance = np.swapaxes(effect, 1, 2) @ effect
    radius = np.linalg.norm(scene.truth.position[25])
    variance = np.linalg.eigvalsh(covariance[25][3:, 3:])
    np.testing.assert_allclose(variance, [0.0, *((500.0 * radius / RADIUS) ** 2,) * 2], rtol=1e-2, atol=1e-2)
    # turning points and camera together leaves no residual
    turn = exp_so3(np.cross(scene.truth.position[25] / radius, [0.0, 0.0, 1e-4]))
    p = scene.control.bearings @ turn.T
    seen = replace(targets(scene.control, scene.sensor), p=p)
    both = replace(poses(scene), position=scene.truth.position @ turn.T, rotation=turn @ scene.truth.rotation())
    assert np.abs(rows_at(seen, both).residual).max() < 1e-8
    assert np.abs(rows_at(seen, poses(scene)).residual).max() > 10.0
    assert len(displaced(scene.control, RADIUS, np.zeros((300, 2)))) == 300
