"""The smooth path: nominal flight, splines of its departures, and their derivatives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planetary_dtm.core.camera.rotations import exp_so3, log_so3, rotation_angle_between
from planetary_dtm.core.resection.path import Path, fit_nominal, fit_path, right_jacobian
from planetary_dtm.core.resection.splines import UniformSpline
from planetary_dtm.core.simulation.orbit import orbital_plane
from planetary_dtm.core.simulation.scene import Scene, simulate
from planetary_dtm.core.simulation.terrain import SphereTerrain


def scene(plane: np.ndarray | None = None, lines: int = 3000) -> Scene:
    return simulate("ce1", SphereTerrain(), lines, seed=3, start_latitude=0.1, plane=plane, altimetry=False)


def path_through(scene: Scene) -> Path:
    truth = scene.truth
    nominal = fit_nominal(truth.line, truth.position, truth.rotation())
    place, turn = (UniformSpline.over(truth.line[0], truth.line[-1], step) for step in (64.0, 32.0))
    return fit_path(nominal, place, turn, truth.line, truth.position, truth.rotation())


@pytest.mark.parametrize("inclination", [np.pi / 2, 0.0, np.pi, 0.7])
def test_a_simulated_orbit_is_followed_whatever_its_plane(inclination: float) -> None:
    flown = scene(orbital_plane(inclination, 0.4))
    path = path_through(flown)
    poses = path.at(flown.truth.line)
    assert np.linalg.norm(poses.position - flown.truth.position, axis=1).max() < 30.0  # a start, and stiff
    assert rotation_angle_between(poses.rotation, flown.truth.rotation()).max() < 3e-4
    assert path.nominal.rate == pytest.approx(flown.line_angle, rel=0.05)
    assert np.linalg.norm(log_so3(exp_so3(path.turn.evaluate(path.turns, flown.truth.line))), axis=1).max() < 0.3


def test_a_few_wild_starts_do_not_bend_the_path() -> None:
    flown = scene()
    position = flown.truth.position.copy()
    position[::40] += 5e4
    wild = replace(flown, truth=replace(flown.truth, position=position))
    poses = path_through(wild).at(flown.truth.line)
    assert np.linalg.norm(poses.position - flown.truth.position, axis=1).max() < 500.0


def test_the_right_jacobian_is_that_of_the_exponential() -> None:
    random = np.random.default_rng(0)
    for size in (0.0, 1e-6, 0.3, 2.0):
        v, d = size * random.normal(size=(2, 5, 3))
        v[0] = 0.0
        d *= 1e-6 / max(size, 1e-6)
        exact = log_so3(np.swapaxes(exp_so3(v), 1, 2) @ exp_so3(v + d))
        np.testing.assert_allclose(np.einsum("nij,nj->ni", right_jacobian(v), d), exact, atol=1e-11)
