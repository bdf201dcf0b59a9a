"""Pixels and outlines on the ground."""

from dataclasses import replace

import numpy as np
import pytest

from planetary_dtm.core.camera.footprints import footprint, ground_points
from planetary_dtm.core.camera.linescan import LineScan
from planetary_dtm.core.errors import InputError
from planetary_dtm.core.simulation.scene import simulate
from planetary_dtm.core.simulation.terrain import PaperTerrain, SphereTerrain


def test_ground_points_on_relief_are_those_of_the_ray_caster():
    scene = simulate("ce1", PaperTerrain(), 300, start_latitude=0.3, altimetry=False)
    line, sample = np.meshgrid(np.arange(0.0, 300, 23), np.arange(0.0, 512, 31))
    for view in range(3):
        camera = LineScan(scene.sensor, view, scene.truth)
        points = ground_points(camera, line, sample, scene.terrain.radius_m, scene.terrain.height)
        assert np.linalg.norm(points - scene.ground(line, view, sample), axis=-1).max() < 0.1


def test_outline_of_a_nadir_image_on_a_sphere():
    scene = simulate("ce1", SphereTerrain(), 600, start_latitude=0.2, altimetry=False)
    outline = footprint(LineScan(scene.sensor, 1, scene.truth), scene.terrain.radius_m)
    corners = scene.control
    nadir = corners.view == 1
    assert outline.lat.min() == pytest.approx(corners.lat[nadir].min(), abs=1e-6)
    assert outline.lat.max() == pytest.approx(corners.lat[nadir].max(), abs=1e-6)
    assert (outline.lon[0], outline.lat[0]) == (outline.lon[-1], outline.lat[-1])
    assert outline.seen == 1.0
    assert outline.pixel_m == pytest.approx((120.0, 120.0), rel=0.1)


def test_an_image_of_the_sky_is_named():
    scene = simulate("ce1", SphereTerrain(), 20, altimetry=False)
    away = replace(scene.truth, angles=scene.truth.angles + np.array([np.pi, 0.0, 0.0]))
    with pytest.raises(InputError, match="does not look at the body"):
        footprint(LineScan(scene.sensor, 1, away), scene.terrain.radius_m)
