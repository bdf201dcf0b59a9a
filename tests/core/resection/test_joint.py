"""Covariances between the instants of a trajectory."""

from dataclasses import replace

import numpy as np
import pytest

from planetary_dtm.core.camera.rotations import angle_rates, log_so3
from planetary_dtm.core.errors import InputError
from planetary_dtm.core.resection.joint import JointCovariance, joint_path, read_joint, write_joint
from planetary_dtm.core.resection.recover import recover
from planetary_dtm.core.simulation.scene import simulate, with_altitude_noise, with_lateral_noise
from planetary_dtm.core.simulation.terrain import SphereTerrain

LINES, RUNS = 800, 24


@pytest.fixture(scope="module")
def scene():
    return simulate("ce1", SphereTerrain(), LINES, start_latitude=0.3, altimetry=False, line_step=4)


def solve(scene, seed):
    noisy = with_lateral_noise(scene.control, scene.sensor.body_radius_m, 5.0, seed)
    noisy = with_altitude_noise(noisy, 50.0, seed)
    return recover(noisy, scene.sensor, "trajectory", sigma_lateral=5.0, correlation_length_m=0.0)


@pytest.fixture(scope="module")
def found(scene):
    return solve(scene, 0)


def test_at_one_instant_it_is_the_instants_own_covariance(found):
    orientation = found.orientation
    for anchor in (3, 10, 17):
        row = int(np.argmin(np.abs(orientation.line - (found.joint.start + anchor * found.joint.step))))
        line = orientation.line[row : row + 1]
        to_camera = np.eye(6)
        to_camera[3:, 3:] = angle_rates(orientation.angles[row])
        own = to_camera @ orientation.covariance[row] @ to_camera.T
        scale = np.sqrt(np.diag(own))
        joint = found.joint.between(line, line)[0]
        np.testing.assert_allclose(joint / scale / scale[:, None], own / scale / scale[:, None], atol=0.05)


def test_turned_about_it_is_transposed_and_far_apart_nothing(found):
    first, second = np.array([100.0, 200.0]), np.array([500.0, 450.0])
    forth, back = found.joint.between(first, second), found.joint.between(second, first)
    np.testing.assert_array_equal(forth, np.swapaxes(back, -1, -2))
    missing = found.joint.between(np.array([100.0, np.nan]), np.array([np.nan, 450.0]))
    assert not missing.any()


def test_it_is_what_repeated_runs_show(scene):
    """The mean of e(t1) e(t2)ᵀ over noise draws, against the covariance said, both scaled by the sigmas."""
    rows = [60, 130]  # lines 240 and 520
    errors, said, scales = [], [], []
    for seed in range(RUNS):
        found = solve(scene, seed)
        turn = log_so3(np.swapaxes(scene.truth.rotation()[rows], -1, -2) @ found.orientation.rotation()[rows])
        errors.append(np.hstack([found.orientation.position[rows] - scene.truth.position[rows], turn]))
        lines = found.orientation.line[rows]
        said.append(found.joint.between(lines[:1], lines[1:])[0])
        own = [found.joint.between(line[None], line[None])[0] for line in lines]
        scales.append(np.sqrt([np.diag(covariance) for covariance in own]))
    errors, scale = np.array(errors), np.mean(scales, axis=0)
    seen = np.einsum("ri,rj->ij", errors[:, 0], errors[:, 1]) / RUNS
    difference = (seen - np.mean(said, axis=0)) / scale[0][:, None] / scale[1]
    assert np.sqrt(np.mean(difference**2)) < 2.0 / np.sqrt(RUNS)


def test_it_lies_beside_the_table_and_belongs_to_it(tmp_path, found):
    path = tmp_path / "eops.csv"
    write_joint(path, found.orientation, found.joint)
    back = read_joint(path, found.orientation)
    np.testing.assert_allclose(back.values, found.joint.values, rtol=1e-6)
    moved = found.orientation.with_(position=found.orientation.position + 1.0)
    assert read_joint(path, moved) is None
    joint_path(path).write_bytes(b"not an archive")
    with pytest.raises(InputError, match="run recovereop again"):
        read_joint(path, found.orientation)
    write_joint(path, found.orientation, None)
    assert read_joint(path, found.orientation) is None and not joint_path(path).exists()


def test_biases_of_the_views_are_part_of_it(scene):
    """With bias terms the instants' covariance grows, and the joint one with it."""
    points = with_lateral_noise(scene.control, scene.sensor.body_radius_m, 5.0, 0)
    points = with_altitude_noise(points, 50.0, 0)
    found = recover(points, scene.sensor, "trajectory", sigma_lateral=5.0, correlation_length_m=0.0, bias=True)
    row = 100
    to_camera = np.eye(6)
    to_camera[3:, 3:] = angle_rates(found.orientation.angles[row])
    own = to_camera @ found.orientation.covariance[row] @ to_camera.T
    line = found.orientation.line[row : row + 1]
    scale = np.sqrt(np.diag(own))
    joint = found.joint.between(line, line)[0]
    np.testing.assert_allclose(joint / scale / scale[:, None], own / scale / scale[:, None], atol=0.05)


def test_each_pair_of_lines_takes_its_own_anchors():
    values = np.random.default_rng(1).normal(size=(6, 3, 6, 6))
    joint = JointCovariance(10.0, 5.0, values)
    anchors = np.array([10.0, 15.0, 20.0, 25.0, 30.0, 35.0])
    for i in range(6):
        for j in range(6):
            expected = values[min(i, j), abs(i - j)] if abs(i - j) < 3 else np.zeros((6, 6))
            found = joint.between(anchors[i : i + 1] + 2.0, anchors[j : j + 1] - 2.0)[0]
            np.testing.assert_array_equal(found, expected if i <= j else expected.T)
    # Beyond the ends the last anchors count.
    np.testing.assert_array_equal(joint.between(np.array([-90.0]), np.array([900.0]))[0], np.zeros((6, 6)))
    np.testing.assert_array_equal(joint.between(np.array([900.0]), np.array([901.0]))[0], values[5, 0])


def test_anchors_span_the_lines_wherever_they_begin(scene):
    later = replace(scene.control, line=scene.control.line + 1000.0)
    noisy = with_lateral_noise(later, scene.sensor.body_radius_m, 5.0, 0)
    found = recover(noisy, scene.sensor, "trajectory", sigma_lateral=5.0, correlation_length_m=0.0)
    assert found.joint.start == scene.control.line.min() + 1000.0
    last = found.joint.start + (len(found.joint.values) - 1) * found.joint.step
    assert last == pytest.approx(scene.control.line.max() + 1000.0, abs=1e-6)


def test_it_does_not_belong_to_an_orientation_that_ends_elsewhere(tmp_path, found):
    write_joint(tmp_path / "eops.csv", found.orientation, found.joint)
    line = found.orientation.line.copy()
    line[-1] += 1.0
    assert read_joint(tmp_path / "eops.csv", found.orientation.with_(line=line)) is None
