"""What a trajectory starts from: an orientation of single lines, roughness of usual swings, sizes of a pixel."""

from __future__ import annotations

import numpy as np
import pytest

from planetary_dtm.core.resection import trajectory
from planetary_dtm.core.resection.path import fit_nominal, fit_path
from planetary_dtm.core.resection.splines import UniformSpline
from planetary_dtm.core.simulation.scene import simulate
from planetary_dtm.core.simulation.terrain import PaperTerrain

from .orbits import errors, pixels


@pytest.fixture(scope="module")
def scene():
    return simulate("ce1", PaperTerrain(), 200, seed=1, start_latitude=0.3, altimetry=False)


@pytest.fixture(scope="module")
def path(scene):
    truth = scene.truth
    nominal = fit_nominal(truth.line, truth.position, truth.rotation())
    splines = (UniformSpline.over(0.0, 199.0, step) for step in (50.0, 25.0))
    return fit_path(nominal, *splines, truth.line, truth.position, truth.rotation())


def test_a_line_and_a_sample_are_as_long_as_the_ground_between_them(scene, path):
    truth, sensor = scene.truth, scene.sensor
    middle = scene.ground(truth.line, 1, np.full(len(truth), 255.0))
    apart = np.linalg.norm(np.diff(middle, axis=0), axis=1)
    assert trajectory._metres_a_line(path, sensor) == pytest.approx(np.median(apart), rel=0.1)
    aside = np.linalg.norm(scene.ground(truth.line, 1, np.full(len(truth), 265.0)) - middle, axis=1) / 10
    assert trajectory._metres_a_sample(path, sensor) == pytest.approx(np.median(aside), rel=0.1)


def test_the_first_roughness_is_that_of_usual_swings(path):
    roughness = trajectory._first_roughness(path)
    for part, spline, size in ((roughness[:3], path.place, 1400.0), (roughness[3:], path.turn, 0.035)):
        # third differences of a sine of seven radians for each flown, by its third derivative
        turned = 7.3 * abs(path.nominal.rate) * spline.step
        wave = np.sqrt(2) * size * np.sin(turned * np.arange(10000.0))
        assert np.sqrt(np.mean(np.diff(wave, 3) ** 2)) == pytest.approx(part[0], rel=0.02)
        assert set(part) == {part[0]}


def test_lines_of_four_points_begin_by_collinearity_and_of_six_by_two_phase(scene):
    four = pixels(scene.control, scene.sensor, [0, 1, 4, 5])
    found = trajectory._line_by_line(four, scene.sensor)
    assert (
        found.method == "collinearity"
        and np.isfinite(found.position).all()
        and errors(found, scene.truth)[0].max() < 1e-5
    )
    whole = trajectory._line_by_line(scene.control, scene.sensor)
    assert whole.method == "two_phase" and np.isfinite(whole.position).all()
