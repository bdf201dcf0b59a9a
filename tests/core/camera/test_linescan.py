"""One view of a line scanner: rays out, points in, and what orientation errors do to a ray."""

from dataclasses import replace

import numpy as np
import pytest

from planetary_dtm.core.camera.linescan import LineScan
from planetary_dtm.core.camera.rays import to_world
from planetary_dtm.core.camera.rotations import angle_rates
from planetary_dtm.core.resection.model import Orientation
from planetary_dtm.core.simulation.scene import simulate
from planetary_dtm.core.simulation.terrain import PaperTerrain


@pytest.fixture(scope="module")
def scene():
    return simulate("ce1", PaperTerrain(), 1500, start_latitude=0.3, altimetry=False)


def test_projection_undoes_the_rays_at_every_line_ends_included(scene):
    rng = np.random.default_rng(0)
    line = np.concatenate([[0.0, 1499.0], rng.uniform(0, 1499, 400)])
    sample = rng.uniform(0, 511, len(line))
    for view in range(3):
        camera = LineScan(scene.sensor, view, scene.truth)
        origin, direction = camera.rays(line, sample)
        back_line, back_sample = camera.project(origin + 2.0e5 * direction)
        np.testing.assert_allclose(back_line, line, atol=1e-7)
        np.testing.assert_allclose(back_sample, sample, atol=1e-7)


def test_a_point_outside_the_known_lines_is_not_seen(scene):
    nadir = LineScan(scene.sensor, 1, scene.truth)
    short = LineScan(scene.sensor, 1, replace_lines(scene.truth, slice(0, 400)))
    ground = scene.ground([100.0, 399.0, 402.0, 1200.0], 1, 30.0)
    assert np.isfinite(nadir.project(ground)[0]).all()
    assert np.isfinite(short.project(ground)[0]).tolist() == [True, True, False, False]
    behind = -ground  # the other side of the body
    assert np.isnan(nadir.project(behind)[0]).all()


def test_forward_view_leads_nadir_by_five_hundred_lines(scene):
    """The forward view at line i sees what nadir sees about 503 lines later (mean over attitudes)."""
    line, _ = LineScan(scene.sensor, 1, scene.truth).project(scene.ground([300.0], 2, 255.5))
    assert 400 < line[0] - 300 < 600


def test_displacement_is_the_movement_of_the_ray(scene):
    camera = LineScan(scene.sensor, 2, scene.truth)
    points = scene.ground([700.0], 2, 100.0)
    jacobian = camera.displacement_jacobian([700.0], points)
    jacobian[..., 3:] = jacobian[..., 3:] @ angle_rates(scene.truth.angles[700])  # by θ, φ, ρ
    origin, direction = camera.rays([700.0], [100.0])
    reach = np.linalg.norm(points - origin)
    for column, step in enumerate([1.0, 1.0, 1.0, 1e-6, 1e-6, 1e-6]):
        position, angles = scene.truth.position.copy(), scene.truth.angles.copy()
        (position if column < 3 else angles)[:, column % 3] += step
        moved = LineScan(scene.sensor, 2, Orientation(scene.truth.line, position, angles, "moved"))
        o, d = moved.rays([700.0], [100.0])
        difference = (o + reach * d - origin - reach * direction)[0] / step
        np.testing.assert_allclose(jacobian[0, :, column], difference, rtol=1e-5, atol=1e-5 * np.abs(difference).max())


def test_displacement_takes_the_orientation_covariance(scene):
    covariance = np.tile(np.diag([4.0, 4.0, 4.0, 0.0, 0.0, 0.0]), (len(scene.truth), 1, 1))
    camera = LineScan(scene.sensor, 0, replace(scene.truth, covariance=covariance))
    points = scene.ground([700.0], 0, 100.0)
    np.testing.assert_allclose(camera.displacement([700.0], points)[0], 4.0 * np.eye(3))
    assert not LineScan(scene.sensor, 0, scene.truth).displacement([700.0], points).any()


def test_instants_of_unknown_covariance_are_as_uncertain_as_the_nearest_known(scene):
    """A failed instant is NaN throughout; one that its neighbours carry has a pose, but no covariance of its own."""
    variance = np.where(scene.truth.line < 702, 4.0, 9.0)[:, None, None]
    covariance = variance * np.diag([1.0, 1.0, 1.0, 1e-10, 1e-10, 1e-10])
    position, angles = scene.truth.position.copy(), scene.truth.angles.copy()
    covariance[700:710] = np.nan
    position[705:710] = angles[705:710] = np.nan
    camera = LineScan(scene.sensor, 0, replace(scene.truth, position=position, angles=angles, covariance=covariance))
    line = np.array([699.0, 701.0, 708.5, 710.0])
    moved = camera.displacement(line, scene.ground(line, 0, 100.0))
    assert np.sqrt(moved[:, 0, 0] / moved[0, 0, 0]) == pytest.approx([1.0, 1.0, 1.5, 1.5], rel=0.01)
    nothing = replace(scene.truth, covariance=np.full_like(covariance, np.nan))
    assert not LineScan(scene.sensor, 0, nothing).displacement(line, scene.ground(line, 0, 100.0)).any()


@pytest.mark.parametrize("bad", [slice(0, 200), slice(1300, 1500)])
def test_lines_beside_unsolved_ends_are_found(scene, bad):
    position = scene.truth.position.copy()
    position[bad] = np.nan
    camera = LineScan(scene.sensor, 1, replace(scene.truth, position=position))
    solved = np.flatnonzero(np.isfinite(position[:, 0]))
    assert camera.lines == (solved[0], solved[-1])
    line = np.r_[solved[:100], solved[-100:]].astype(float)
    np.testing.assert_allclose(camera.project(scene.ground(line, 1, 255.5))[0], line, atol=1e-3)


def replace_lines(truth, rows):
    return Orientation(truth.line[rows], truth.position[rows], truth.angles[rows], truth.method)


def test_rays_are_those_of_the_orientation_at_any_line(scene):
    camera = LineScan(scene.sensor, 2, scene.truth)
    line = np.concatenate([[-0.5, 0.0, 1499.0, 1499.5], np.random.default_rng(1).uniform(0, 1499, 500)])
    position, rotation = scene.truth.at(line)
    origin, direction = camera.rays(line, 77.0)
    np.testing.assert_allclose(origin, position, atol=1e-6)
    np.testing.assert_allclose(direction, to_world(rotation, scene.sensor.rays(2, 77.0)), atol=1e-12)
    assert np.isnan(camera.rays([-0.6, 1499.6, np.nan], 77.0)[0]).all()
