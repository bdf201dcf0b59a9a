"""Rays meet the ground where they should, to a fraction of a millimetre."""

from __future__ import annotations

import numpy as np
import pytest

from planetary_dtm.core.frames import lonlat_radius, unit_vectors
from planetary_dtm.core.simulation.raycast import raycast
from planetary_dtm.core.simulation.terrain import PaperTerrain, RoughTerrain, SphereTerrain, Terrain


@pytest.mark.parametrize("terrain", [SphereTerrain(level=-120.0), PaperTerrain(), RoughTerrain(2)], ids=str)
def test_rays_return_to_the_points_they_left(terrain: Terrain) -> None:
    random = np.random.default_rng(0)
    lon, lat = random.uniform(-np.pi, np.pi, 3000), random.uniform(0, 1.2, 3000)
    points = unit_vectors(lon, lat) * (terrain.radius_m + terrain.height(lon, lat))[:, None]
    aside = np.cross(points, random.normal(size=(3000, 3)))
    aside *= random.uniform(0, 8e4, (3000, 1)) / np.linalg.norm(aside, axis=1, keepdims=True)
    cameras = unit_vectors(lon, lat) * (terrain.radius_m + 2e5) + aside
    hits = raycast(terrain, cameras, 3.0 * (points - cameras))
    assert np.abs(hits - points).max() < 1e-3


def test_shapes_broadcast_and_misses_are_nan() -> None:
    camera = np.array([2e6, 0, 0])
    directions = np.array([[[-1.0, 0, 0], [-1.0, 0.1, 0]], [[0, 1.0, 0], [1.0, 0, 0]]])
    hits = raycast(SphereTerrain(), camera, directions)
    assert hits.shape == (2, 2, 3)
    np.testing.assert_allclose(hits[0, 0], [1_737_400.0, 0, 0], atol=1e-6)
    assert np.isnan(hits[1]).all()
    assert lonlat_radius(hits[0, 1])[2] == pytest.approx(1_737_400.0, abs=1e-5)
