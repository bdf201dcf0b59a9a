"""The camera that states and ISDs give: what it does not see, and the line scanner it amounts to."""

import time

import numpy as np
import pytest

from planetary_dtm.core.camera.csm_export import csm_state
from planetary_dtm.core.camera.csm_state import camera_from_state, state_text
from planetary_dtm.core.camera.linescan import LineScan
from planetary_dtm.core.camera.open_camera import open_camera
from planetary_dtm.core.camera.rays import intersect_sphere
from planetary_dtm.core.simulation.scene import simulate
from planetary_dtm.core.simulation.terrain import PaperTerrain
from planetary_dtm.core.terrain.intersection import intersect_matches


@pytest.fixture(scope="module")
def scene():
    return simulate("ce1", PaperTerrain(), 1500, start_latitude=0.3, altimetry=False)


@pytest.fixture(scope="module")
def cameras(scene):
    states = (csm_state(scene.sensor, view, scene.truth) for view in range(3))
    return [camera_from_state(state_text(state), "state.json") for state in states]


def test_nothing_is_seen_outside_the_image_or_through_the_body(scene, cameras):
    nadir = cameras[1]
    ground = scene.ground([0.0, 700.0, 1499.0], 1, 30.0)
    assert np.isfinite(nadir.project(ground)).all()
    assert np.isnan(nadir.project(-ground)).all()
    away = ground[[0, 2]] + np.array([[-1.0], [1.0]]) * (ground[2] - ground[0]) / 20
    assert np.isnan(nadir.project(away)).all()
    origin, direction = nadir.rays([-0.5, 1499.5, -0.6, 1499.6], 10.0)
    assert np.isfinite(origin).all(axis=1).tolist() == [True, True, False, False]
    assert np.isfinite(direction).all(axis=1).tolist() == [True, True, False, False]
    assert np.isnan(nadir.project([np.nan, 0.0, 0.0])[0])


def test_shapes_broadcast_as_the_line_scanner_s_do(cameras):
    origin, direction = cameras[0].rays(np.arange(4.0)[:, None], np.arange(3.0))
    assert origin.shape == direction.shape == (4, 3, 3)
    line, sample = cameras[0].project(origin + 2e5 * direction)
    np.testing.assert_allclose(line, np.arange(4.0)[:, None] * np.ones(3), atol=1e-7)
    np.testing.assert_allclose(sample, np.ones((4, 1)) * np.arange(3.0), atol=1e-7)
    assert not cameras[0].displacement(line, origin).any() and cameras[0].displacement(line, origin).shape[-2:] == (
        3,
        3,
    )


def test_its_line_scanner_and_orientation_are_those_it_was_made_of(scene, cameras):
    camera = cameras[2]
    sensor, off = camera.sensor()
    assert off < 1e-9 and sensor.samples == 512
    assert sensor.pixel_pitch_mm == pytest.approx(scene.sensor.pixel_pitch_mm)
    assert sensor.px_mm[0] == pytest.approx(scene.sensor.px_mm[2])
    orientation = camera.orientation(np.arange(1500.0))
    np.testing.assert_allclose(orientation.position, scene.truth.position, atol=1e-5)
    np.testing.assert_allclose(np.diff(orientation.time), 0.084)
    again = LineScan(sensor, 0, orientation)
    ground = scene.ground([3.0, 700.0, 1490.0], 2, [5.0, 300.0, 500.0])
    np.testing.assert_allclose(np.stack(again.project(ground)), np.stack(camera.project(ground)), atol=1e-6)


def test_rays_of_states_intersect(scene, cameras):
    ground = scene.ground(np.linspace(1100, 1300, 20), 1, 200.0)
    line, sample = np.stack([camera.project(ground) for camera in cameras], axis=1)
    seen = np.isfinite(line).sum(axis=0) >= 2
    found = intersect_matches(cameras, line, sample, np.full(line.shape, 0.1))
    assert seen.any()
    np.testing.assert_allclose(found.points[seen], ground[seen], atol=1e-3)


def test_a_real_camera_s_lens_is_told(real_data):
    camera = open_camera(real_data / "moon/lro_nac/lidarObservationImage1.isd")
    sensor, off = camera.sensor()
    assert 3 < off < 15  # pixels of distortion between the exact ends
    line = np.arange(0.0, 52224, 4000)
    ends = np.array([0.0, camera.samples - 1.0])
    again = LineScan(sensor, 0, camera.orientation(line))
    for given, plain in zip(camera.rays(line[:, None], ends), again.rays(line[:, None], ends)):
        np.testing.assert_allclose(plain, given, atol=1e-9)


def test_tens_of_thousands_of_points_take_seconds(real_data):
    camera = open_camera(sorted((real_data / "mars/ctx_isd").glob("*.json"))[1])
    line, sample = np.meshgrid(np.linspace(0, camera.line_count - 1, 100), np.linspace(0, camera.samples - 1, 300))
    ground = intersect_sphere(*camera.rays(line, sample), camera.body_radius_m)
    began = time.perf_counter()
    seen = camera.project(ground)
    assert time.perf_counter() - began < 15
    np.testing.assert_allclose(seen, [line, sample], atol=1e-6)
