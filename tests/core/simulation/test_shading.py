"""The renderer: shadows against geometry and against marching along rays, shading against the law, the camera."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from planetary_dtm.core.simulation.photometry import LunarLambert
from planetary_dtm.core.simulation.relief import random_relief
from planetary_dtm.core.simulation.shading import (
    Camera,
    Scene,
    cast_shadows,
    expose,
    fractal,
    radiance,
    render,
    smooth,
    sun_vector,
    surface_normals,
)

PLAIN = Scene(law=LunarLambert(0.0), shadows=False, albedo=0.0)


@pytest.mark.parametrize(
    ("azimuth", "step"), [(270, (0, 1)), (90, (0, -1)), (0, (1, 0)), (180, (-1, 0)), (315, (1, 1))]
)
def test_a_tower_casts_a_shadow_of_its_height_times_tan_incidence(azimuth: float, step: tuple[int, int]) -> None:
    height = np.zeros((101, 101))
    height[50, 50] = 100.0
    lit = cast_shadows(height, 10.0, azimuth, 60.0)
    run = [lit[50 + k * step[0], 50 + k * step[1]] for k in range(40)]
    length = 100.0 * np.tan(np.radians(60.0)) / (10.0 * np.hypot(*step))
    assert abs(sum(value < 0.5 for value in run) - length) <= 1.5
    assert lit[50 - step[0], 50 - step[1]] == 1.0 and run[0] == 1.0


@pytest.mark.parametrize("azimuth", [12.0, 100.0, 215.0, 290.0])
def test_shadows_equal_marching_along_each_ray(azimuth: float) -> None:
    from scipy.ndimage import map_coordinates

    height, pixel, incidence = random_relief((96, 96), 50.0, 4).astype(float) * 8, 50.0, 75.0
    east, north, up = sun_vector(azimuth, incidence)
    rows, columns = np.mgrid[0:96, 0:96].astype(float)
    shadow = np.zeros((96, 96), bool)
    for distance in np.arange(0.5, 90, 0.5):
        where = rows - distance * north / np.hypot(east, north), columns + distance * east / np.hypot(east, north)
        horizon = map_coordinates(height, where, order=1, cval=-1e9)
        shadow |= horizon > height + distance * pixel * up / np.hypot(east, north) + 1.0
    lit = cast_shadows(height, pixel, azimuth, incidence)
    assert 0.03 < shadow.mean() < 0.8
    assert np.mean((lit < 0.5) == shadow) > 0.95


def test_normals_and_lambert_shading_of_a_plane() -> None:
    x, y = np.arange(40.0) * 20, -np.arange(30.0)[:, None] * 20
    plane = 0.2 * x + 0.1 * y  # rises to the east and to the north
    normals = surface_normals(plane, 20.0)
    expected = np.array([-0.2, -0.1, 1.0]) / np.sqrt(1.05)
    assert normals == pytest.approx(np.broadcast_to(expected, normals.shape))
    image = radiance(plane, 20.0, 250.0, 40.0, PLAIN, np.random.default_rng(0))
    assert image == pytest.approx(np.full(image.shape, expected @ sun_vector(250.0, 40.0)))


def test_sun_from_the_left_brightens_slopes_that_face_it() -> None:
    height = random_relief((128, 128), 100.0, 1)
    grey = render(height, 100.0, 270.0, 45.0, seed=3)
    rise = np.gradient(height, axis=1)
    assert np.corrcoef(grey.ravel(), rise.ravel())[0, 1] > 0.6


def test_same_seed_same_picture_and_bits() -> None:
    height = random_relief((64, 64), 100.0, 2)
    first, again, other = (render(height, 100.0, 270.0, 45.0, seed=seed) for seed in (5, 5, 6))
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert np.array_equal(first * 255, np.round(first * 255)) and first.min() == 0.0 and first.max() == 1.0


def test_noise_striping_and_seams_have_the_size_asked_for() -> None:
    ramp = np.tile(np.linspace(0.1, 0.3, 200)[:, None], (1, 200))

    def disturbance(camera: Camera) -> NDArray[np.floating[Any]]:
        picture = expose(ramp, camera, np.random.default_rng(1))
        return (picture - expose(ramp, Camera(blur=0.0, bits=0, noise=0.0), np.random.default_rng(1)))[20:-20]

    noise = disturbance(Camera(blur=0.0, bits=0, noise=0.05))
    noise -= noise.mean(axis=1, keepdims=True)
    assert noise.std() == pytest.approx(0.05 * 0.2 / 0.2, rel=0.15)
    assert abs(np.corrcoef(noise[:, :-1].ravel(), noise[:, 1:].ravel())[0, 1]) < 0.05
    stripes = disturbance(Camera(blur=0.0, bits=0, noise=0.0, striping=0.02))
    assert stripes.std() > 0.01 and np.corrcoef(stripes[0], stripes[-1])[0, 1] > 0.99
    assert np.ptp(disturbance(Camera(blur=0.0, bits=0, noise=0.0, seams=1))) > 0.003


def test_blur_keeps_the_mean_and_has_its_sigma() -> None:
    point = np.zeros((61, 61))
    point[30, 30] = 1.0
    blurred = smooth(point, 3.0)
    offsets = np.arange(61) - 30
    assert blurred.sum() == pytest.approx(1.0)
    assert np.sqrt((blurred.sum(0) * offsets**2).sum()) == pytest.approx(3.0, rel=0.03)


def test_fractal_has_its_spectrum() -> None:
    surface = fractal((512, 512), np.random.default_rng(0), exponent=3.4)
    power = np.abs(np.fft.fft2(surface)) ** 2
    frequency = np.hypot(np.fft.fftfreq(512)[:, None], np.fft.fftfreq(512))
    keep = (frequency > 0.01) & (frequency < 0.4)
    slope = np.polyfit(np.log(frequency[keep]), np.log(power[keep]), 1)[0]
    assert slope == pytest.approx(-3.4, abs=0.05)
    assert surface.std() == pytest.approx(1.0, rel=1e-3)
