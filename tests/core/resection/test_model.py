"""Orientations between lines: exact at lines, smooth between, NaN outside."""

from __future__ import annotations

import numpy as np

from planetary_dtm.core.camera.rotations import matrix_from_angles, rotation_angle_between
from planetary_dtm.core.resection.model import Flag, Orientation, control_points


def orbit(line: np.ndarray) -> Orientation:
    t = line * 7e-3
    position = 1.9e6 * np.stack([np.sin(t), 0.01 * np.cos(3 * t), np.cos(t)], axis=-1)
    return Orientation(line, position, np.stack([t, 0.05 * np.sin(5 * t), -1.5 + 0 * t], axis=-1), "test")


def test_between_lines_position_and_attitude_are_cubic() -> None:
    made = orbit(np.arange(100.0))
    line = np.random.default_rng(0).uniform(2, 97, 300)
    true = orbit(line)
    position, rotation = made.at(line)
    assert np.abs(position - true.position).max() < 1e-3
    assert rotation_angle_between(rotation, matrix_from_angles(true.angles)).max() < 1e-8


def test_at_a_line_it_is_that_line_whatever_the_spacing() -> None:
    line = np.array([0.0, 1, 2, 5, 6, 9, 20])
    made = orbit(line)
    position, rotation = made.at(line)
    assert np.array_equal(position, made.position)
    assert rotation_angle_between(rotation, made.rotation()).max() < 1e-15


def test_nothing_is_extrapolated_and_unsolved_lines_are_passed_over() -> None:
    made = orbit(np.arange(10.0))
    position, _ = made.at([-0.6, -0.4, 9.4, 9.6])
    assert np.isnan(position[[0, 3]]).all()
    assert np.isfinite(position[1:3]).all()
    gap = made.with_(position=np.where(np.arange(10)[:, None] == 4, np.nan, made.position), flag=np.empty(0))
    assert gap.flag[4] == Flag.FAILED
    assert np.abs(gap.at(4.0)[0] - made.position[4]).max() < 0.1
    none = made.with_(position=made.position * np.nan)
    assert np.isnan(none.at(3.0)[0]).all()


def test_control_points_take_columns_and_single_values() -> None:
    points = control_points([0, 0, 1], 2, [0, 511, 0], 0.1, [0.2, 0.3, 0.4], -100.0)
    assert len(points) == 3
    assert np.allclose(np.linalg.norm(points.points(1_737_400.0), axis=1), 1_737_300)
    assert np.isnan(points.sigma_altitude).all()
    assert (points.mu == 1).all()
    assert len(points[points.line == 0]) == 2
