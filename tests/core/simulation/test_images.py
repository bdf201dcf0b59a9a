"""Rendered push-broom images: geometry, light, albedo and noise."""

import numpy as np
import pytest

from planetary_dtm.core.camera.linescan import LineScan
from planetary_dtm.core.frames import lonlat_radius
from planetary_dtm.core.simulation.images import Light, ground_normals, in_shadow, render, sun_direction
from planetary_dtm.core.simulation.photometry import LunarLambert
from planetary_dtm.core.simulation.scene import simulate
from planetary_dtm.core.simulation.terrain import DemTerrain, PaperTerrain, SphereTerrain

CLEAN = Light(albedo=0.0, snr=0.0, shadows=False)


def test_every_pixel_keeps_its_exact_ground():
    scene = simulate("ce1", PaperTerrain(), 60, start_latitude=0.5, altimetry=False)
    picture = render(scene, 2, CLEAN)
    lon, lat, radius = lonlat_radius(picture.points)
    assert np.abs(radius - scene.terrain.radius_m - scene.terrain.height(lon, lat)).max() < 1e-4
    line, sample = LineScan(scene.sensor, 2, scene.truth).project(picture.points[::20, ::100])
    np.testing.assert_allclose(line, np.arange(0, 60, 20)[:, None].repeat(6, 1), atol=1e-5)
    np.testing.assert_allclose(sample, np.arange(0, 512, 100)[None].repeat(3, 0), atol=1e-5)


def test_a_bare_sphere_shows_the_photometric_law():
    scene = simulate("ce1", SphereTerrain(), 40, start_latitude=0.2, altimetry=False)
    light = Light(albedo=0.0, snr=0.0, incidence=50.0, law=LunarLambert(weight=0.0))
    picture = render(scene, 1, light)
    up = picture.points / np.linalg.norm(picture.points, axis=-1, keepdims=True)
    np.testing.assert_allclose(picture.grey, up @ sun_direction(scene, light), atol=1e-5)
    assert picture.grey[20, 256] == pytest.approx(np.cos(np.radians(50.0)), abs=0.06)


def test_albedo_is_attached_to_the_ground_and_noise_is_not():
    scene = simulate("ce1", SphereTerrain(), 700, start_latitude=0.2, altimetry=False)
    light = Light(albedo=0.05, snr=0.0, law=lambda cos_incidence, cos_emission, phase: np.ones_like(cos_incidence))
    nadir, forward = render(scene, 1, light, seed=3), render(scene, 2, light, seed=3)
    assert nadir.grey.std() == pytest.approx(0.05, rel=0.5)
    line, sample = LineScan(scene.sensor, 1, scene.truth).project(forward.points[100:130:3, 200:300:10])
    row, column = np.rint(line).astype(int), np.rint(sample).astype(int)
    seen = forward.grey[100:130:3, 200:300:10]
    assert np.corrcoef(nadir.grey[row, column].ravel(), seen.ravel())[0, 1] > 0.97
    noisy = render(scene, 1, Light(albedo=0.0, snr=50.0, law=light.law)).grey
    assert noisy.mean() / noisy.std() == pytest.approx(50.0, rel=0.02)


def test_normals_of_a_tilted_plane():
    """A DEM rising to the east by 10 % tilts the normal westwards."""
    rise = 0.1 * np.radians(0.01) * 1_737_400.0  # metres a column of 0.01 degrees
    terrain = DemTerrain(np.arange(200.0)[None].repeat(200, 0) * rise, (10.0, 0.01, 0.0, 1.0, 0.0, -0.01))
    point = (terrain.radius_m + terrain.height(np.radians(11.0), 0.0)) * np.array(
        [np.cos(np.radians(11.0)), np.sin(np.radians(11.0)), 0.0]
    )
    normal = ground_normals(terrain, point, 300.0)
    east = np.array([-np.sin(np.radians(11.0)), np.cos(np.radians(11.0)), 0.0])
    assert normal @ east == pytest.approx(-np.sin(np.arctan(0.1)), abs=2e-4)


def test_a_wall_casts_its_shadow_away_from_the_sun():
    heights = np.zeros((200, 200))
    heights[:, 100:103] = 1000.0
    terrain = DemTerrain(heights, (10.0, 0.01, 0.0, 1.0, 0.0, -0.01))
    lon = np.radians([10.85, 10.97, 11.06, 11.15])
    points = terrain.radius_m * np.stack([np.cos(lon), np.sin(lon), 0 * lon], axis=-1)
    east, up = np.array([-np.sin(lon[1]), np.cos(lon[1]), 0.0]), points[1] / terrain.radius_m
    sun = np.sin(np.radians(75.0)) * east + np.cos(np.radians(75.0)) * up  # shadow length 3.7 km = 0.12 degrees
    assert in_shadow(terrain, points, sun, 120.0).tolist() == [False, True, False, False]
