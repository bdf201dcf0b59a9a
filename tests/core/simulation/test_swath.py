"""A rough terrain read off a table: the same ground, wherever the swath runs, and no edges between tiles."""

from __future__ import annotations

import numpy as np
import pytest

from planetary_dtm.core.frames import east_north_up, lonlat_radius, unit_vectors
from planetary_dtm.core.simulation import swath
from planetary_dtm.core.simulation.scene import simulate
from planetary_dtm.core.simulation.swath import SPACING_M, TILE, under_swath
from planetary_dtm.core.simulation.terrain import DetailedTerrain, PaperTerrain, RoughTerrain

ROUGH = RoughTerrain(5)
R = ROUGH.radius_m


def places(centre: tuple[float, float], heading: float, along_m: np.ndarray, across_m: np.ndarray):
    """Longitude and latitude of places along and across a great circle that leaves ``centre`` at ``heading``."""
    east, north, up = east_north_up(*centre)
    ahead = np.sin(heading) * east + np.cos(heading) * north
    a, c = along_m[:, None] / R, across_m[:, None] / R
    return lonlat_radius(np.cos(c) * (np.cos(a) * up + np.sin(a) * ahead) + np.sin(c) * np.cross(up, ahead))[:2]


@pytest.mark.parametrize("centre", [(0.3, 0.4), (0.0, np.pi / 2), (np.pi, -0.1)], ids=["middle", "pole", "dateline"])
def test_the_ground_is_the_rough_terrain_s(centre):
    ends = places(centre, 0.3, np.repeat([-2e3, 2e3], 2), np.array([-1e3, 1e3, -1e3, 1e3]))
    quick = under_swath(ROUGH, unit_vectors(*ends))
    rng = np.random.default_rng(0)
    lon, lat = places(centre, 0.3, *rng.uniform(-1e3, 1e3, (2, 2000)))
    off = quick.height(lon, lat) - ROUGH.height(lon, lat)
    assert 0 < np.sqrt(np.mean(off**2)) < 0.1
    assert np.abs(off).max() < 5.0
    low, high = quick.bounds()
    assert low < quick.height(lon, lat).min() < quick.height(lon, lat).max() < high


def test_beside_the_table_the_ground_is_the_very_same():
    quick = under_swath(ROUGH, unit_vectors(np.array([0.0, 0.001]), np.zeros(2)))
    lat = np.array([0.01, -0.02])
    np.testing.assert_allclose(quick.height(0.0005, lat), ROUGH.height(0.0005, lat), atol=1e-8)


def test_tiles_join_without_a_step():
    quick = under_swath(ROUGH, unit_vectors(np.array([0.0, 0.001, 0.0, 0.001]), np.array([0.0, 0.0, 1e-6, 1e-6])))
    assert isinstance(quick, DetailedTerrain)
    table = quick.coarse
    edge = TILE * 2 * np.pi / round(2 * np.pi * R / SPACING_M)
    u, v = edge + np.array([-1e-11, 1e-11])[:, None], np.linspace(-3e3, 3e3, 50) / R
    lon, lat, _ = lonlat_radius(unit_vectors(u, v) @ table.frame)
    before, after = table.height(lon, lat)
    assert len(table._tiles) == 2
    np.testing.assert_allclose(before, after, atol=1e-4)


def test_a_dense_scene_s_control_lies_on_the_ground_that_is_rendered(monkeypatch):
    monkeypatch.setattr(swath, "TILE", 32)
    scene = simulate("ce1", ROUGH, 4, altimetry=False, dense=True, start_latitude=0.3)
    control = scene.control
    np.testing.assert_allclose(scene.terrain.height(control.lon, control.lat), control.altitude, atol=1e-4)
    assert simulate("ce1", PaperTerrain(), 4, altimetry=False, dense=True).terrain == PaperTerrain()
