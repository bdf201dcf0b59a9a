"""Shape from shading: its gradient is right, and it finds gentle relief under a known sun."""

from __future__ import annotations

import numpy as np
import pytest

from planetary_dtm.core.learned.evaluation import local
from planetary_dtm.core.learned.shape_from_shading import _Misfit, shape_from_shading
from planetary_dtm.core.simulation.relief import random_relief
from planetary_dtm.core.simulation.shading import Camera, Scene, render, sun_vector


def test_the_gradient_is_that_of_finite_differences() -> None:
    rng = np.random.default_rng(0)
    misfit = _Misfit(1 + 0.1 * rng.normal(size=(8, 9)), sun_vector(250.0, 60.0), 60.0, 0.3)
    height = 0.3 * rng.normal(size=72)
    _, gradient = misfit(height)
    steps = 1e-6 * np.eye(72)
    numeric = [(misfit(height + step)[0] - misfit(height - step)[0]) / 2e-6 for step in steps]
    assert gradient == pytest.approx(np.array(numeric), abs=1e-6)


@pytest.mark.parametrize("azimuth", [270.0, 40.0])
def test_gentle_relief_is_found_and_the_wrong_sun_inverts_it(azimuth: float) -> None:
    truth = (0.4 * random_relief((96, 96), 50.0, 7)).astype(np.float32)
    picture = render(truth, 50.0, azimuth, 55.0, Scene(albedo=0.0, shadows=False), Camera(noise=0.003, bits=0), 0)
    picture = picture.astype(np.float32) + 0.2
    found = shape_from_shading(picture, azimuth, 55.0, 50.0)
    wrong = shape_from_shading(picture, azimuth + 180, 55.0, 50.0)
    everywhere = np.ones(truth.shape, bool)
    near, true, turned = (local(h, everywhere, 12.0).ravel() for h in (found, truth, wrong))
    assert np.corrcoef(near, true)[0, 1] > 0.7 and np.corrcoef(turned, true)[0, 1] < 0
    assert abs(float(found.mean())) < 1e-3 and found.shape == truth.shape


def test_an_even_picture_is_level_ground() -> None:
    assert np.abs(shape_from_shading(np.full((40, 50), 0.4, np.float32), 270.0, 60.0)).max() < 1e-6
