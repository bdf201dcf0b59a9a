"""Rays and projection: collinearity there and back, analytic derivatives against finite differences."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planetary_dtm.core.camera.rays import intersect_sphere, project, projection_derivatives, to_world
from planetary_dtm.core.camera.rotations import exp_so3, matrix_from_angles

Array = NDArray[np.float64]
F = 23.33


def poses(count: int = 200) -> tuple[Array, Array, Array, Array]:
    """Points in front of cameras 200 km away: P, C, R and the image points (px, py)."""
    generator = np.random.default_rng(5)
    rotation = matrix_from_angles(generator.uniform(-1.4, 1.4, (count, 3)))
    image = generator.uniform(-7, 7, (count, 2))
    position = generator.normal(size=(count, 3)) * 1e6
    rays = np.concatenate([image, np.full((count, 1), -F)], axis=1)
    points = position + generator.uniform(1e5, 3e5, (count, 1)) * to_world(rotation, rays)
    return points, position, rotation, image


def test_a_point_on_a_ray_projects_to_its_pixel() -> None:
    points, position, rotation, image = poses()
    assert np.abs(project(points, position, rotation, F) - image).max() < 1e-12


def test_points_behind_the_camera_are_not_seen() -> None:
    points, position, rotation, _ = poses()
    assert np.isnan(project(2 * position - points, position, rotation, F)).all()


def test_derivatives_agree_with_finite_differences() -> None:
    points, position, rotation, _ = poses()
    by_position, by_turn, by_point = projection_derivatives(points, position, rotation, F)
    for axis in range(3):
        unit = np.eye(3)[axis]
        h = 10.0
        numeric = (
            project(points, position + h * unit, rotation, F) - project(points, position - h * unit, rotation, F)
        ) / (2 * h)
        assert np.abs(numeric - by_position[..., axis]).max() < 1e-6 * np.abs(by_position).max()
        numeric = (
            project(points + h * unit, position, rotation, F) - project(points - h * unit, position, rotation, F)
        ) / (2 * h)
        assert np.abs(numeric - by_point[..., axis]).max() < 1e-6 * np.abs(by_point).max()
        h = 1e-5
        more, less = rotation @ exp_so3(h * unit), rotation @ exp_so3(-h * unit)
        numeric = (project(points, position, more, F) - project(points, position, less, F)) / (2 * h)
        assert np.abs(numeric - by_turn[..., axis]).max() < 1e-6 * np.abs(by_turn).max()


def test_rays_meet_a_sphere_at_its_near_side_or_not_at_all() -> None:
    position = np.array([[0, 0, 2e6], [0, 0, 2e6], [0, 0, 2e6]])
    direction = np.array([[0, 0, -1.0], [0.1, 0, -np.sqrt(1 - 0.01)], [1.0, 0, 0]])
    met = intersect_sphere(position, direction, 1_737_400.0)
    assert np.allclose(met[0], [0, 0, 1_737_400.0])
    assert abs(np.linalg.norm(met[1]) - 1_737_400.0) < 1e-8
    assert met[1, 2] > 0
    assert np.isnan(met[2]).all()
