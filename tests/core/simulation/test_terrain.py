"""Terrains: heights, bounds, seams, poles, slopes."""

from __future__ import annotations

import numpy as np
import pytest

from planetary_dtm.core.errors import InputError
from planetary_dtm.core.frames import lonlat_radius, unit_vectors
from planetary_dtm.core.simulation.craters import crater_profile
from planetary_dtm.core.simulation.fractal import FractalField
from planetary_dtm.core.simulation.terrain import DemTerrain, PaperTerrain, RoughTerrain, Terrain


@pytest.fixture(scope="module")
def rough() -> RoughTerrain:
    return RoughTerrain(5)


def random_directions(count: int, seed: int = 0) -> np.ndarray:
    d = np.random.default_rng(seed).normal(size=(count, 3))
    return d / np.linalg.norm(d, axis=1, keepdims=True)


def heights_at(terrain: Terrain, directions: np.ndarray) -> np.ndarray:
    lon, lat, _ = lonlat_radius(directions)
    return terrain.height(lon, lat)


def slope_degrees(terrain: Terrain, p: np.ndarray, baseline: float) -> float:
    q = np.cross(p, random_directions(len(p), 9))
    q /= np.linalg.norm(q, axis=1, keepdims=True)
    a = baseline / terrain.radius_m
    rise = heights_at(terrain, np.cos(a) * p + np.sin(a) * q) - heights_at(terrain, p)
    return float(np.degrees(np.arctan(np.sqrt(np.mean((rise / baseline) ** 2)))))


def test_paper_terrain_is_the_printed_formula() -> None:
    lon, lat = 1.2, 0.7
    printed = 1_738_200 + (200 * lat + 9000) * np.sin(40 * lon) * np.cos(30 * lat)
    printed += (200 * 2 * np.pi * lon + 9000) * np.sin(15 * lon) * np.cos(20 * lat)
    terrain = PaperTerrain()
    assert terrain.radius_m + terrain.height(lon, lat) == pytest.approx(printed, abs=1e-8)
    assert terrain.height(lon - 2 * np.pi, lat) == pytest.approx(terrain.height(lon, lat), abs=1e-6)


def test_rough_terrain_has_highland_slopes_everywhere(rough: RoughTerrain) -> None:
    p = random_directions(4000)
    assert 8 < slope_degrees(rough, p, 100.0) < 14
    assert 5.5 < slope_degrees(rough, p, 1000.0) < 10
    assert 2.5 < slope_degrees(rough, p, 10_000.0) < 5
    polar = p.copy()
    polar[:, 2] = 200.0  # within half a degree of the pole
    polar /= np.linalg.norm(polar, axis=1, keepdims=True)
    assert 4 < slope_degrees(rough, polar, 1000.0) < 14


def test_rough_terrain_repeats_with_its_seed_and_only_then(rough: RoughTerrain) -> None:
    p = random_directions(100)
    same = heights_at(RoughTerrain(5), p)
    np.testing.assert_allclose(heights_at(rough, p), same, atol=1e-6)
    assert np.std(heights_at(RoughTerrain(6), p) - same) > 500


@pytest.mark.parametrize("terrain", [PaperTerrain(), RoughTerrain(1)], ids=["paper", "rough"])
def test_bounds_hold(terrain: Terrain) -> None:
    low, high = terrain.bounds()
    heights = heights_at(terrain, random_directions(5000))
    assert low < heights.min() < heights.max() < high


def test_rough_terrain_is_continuous_across_pole_and_dateline(rough: RoughTerrain) -> None:
    step = 1e-9
    pairs = [((np.pi - step, 0.3), (-np.pi + step, 0.3)), ((0.4, np.pi / 2 - step), (0.4 - np.pi, np.pi / 2 - step))]
    for a, b in pairs:
        assert rough.height(*a) == pytest.approx(rough.height(*b), abs=0.05)


def test_crater_has_pikes_depth_a_rim_and_an_end() -> None:
    radius = 2000.0
    distance = np.linspace(0, 3 * radius, 3001)
    h = crater_profile(distance, np.full(3001, radius))
    assert h.max() - h[0] == pytest.approx(196 * 4**1.01, rel=0.02)
    assert abs(distance[h.argmax()] - radius) < 0.15 * radius
    assert np.all(h[distance > 2 * radius] == 0)


def test_fractal_detail_has_the_slope_asked_for() -> None:
    detail = FractalField.detail(0, longest_m=400.0, shortest_m=2.0, rms_slope=0.15)
    assert len(detail.periods) == 2
    p = random_directions(3000) * 1.7374e6
    shift = np.array([2.0, 0.0, 0.0])
    slope = np.std((detail.height(p + shift) - detail.height(p)) / 2.0)
    assert 0.12 < slope < 0.18
    assert np.std(detail.height(p)) < 20
    one = FractalField.detail(0, longest_m=237.0, shortest_m=14.0, rms_slope=0.15)
    assert one.periods == (237.0,)
    slope = np.std((one.height(p + 0.3 * shift) - one.height(p)) / 0.6)
    assert 0.13 < slope < 0.17


def test_dem_terrain_interpolates_its_own_cells_and_a_smooth_field_between() -> None:
    step = 0.25
    lon, lat = np.arange(10, 20, step) + step / 2, np.arange(30, 20, -step) - step / 2

    def field(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return 1000 * np.sin(np.radians(x) * 10) * np.cos(np.radians(y) * 8)

    dem = DemTerrain(field(lon[None, :], lat[:, None]), (10, step, 0, 30, 0, -step))
    np.testing.assert_allclose(dem.height(np.radians(lon)[None], np.radians(lat)[:, None]), dem.heights, atol=1e-9)
    x, y = np.random.default_rng(0).uniform([12, 22], [18, 28], (500, 2)).T
    np.testing.assert_allclose(dem.height(np.radians(x), np.radians(y)), field(x, y), atol=0.02)
    np.testing.assert_allclose(dem.height(np.radians(x - 360), np.radians(y)), field(x, y), atol=0.02)
    assert dem.height(np.radians(5.0), np.radians(25.0)) == pytest.approx(
        dem.height(np.radians(10.0), np.radians(25.0))
    )


def test_global_dem_closes_on_itself() -> None:
    lon = np.arange(-180, 180, 2.0) + 1
    grid = np.cos(np.radians(lon))[None, :] * np.ones((20, 1)) * 100
    dem = DemTerrain(grid, (-180, 2.0, 0, 20, 0, -2.0))
    x = np.array([179.7, -179.9, 180.3])
    np.testing.assert_allclose(dem.height(np.radians(x), np.zeros(3)), 100 * np.cos(np.radians(x)), atol=1e-3)


@pytest.mark.parametrize(
    ("grid", "transform"),
    [
        (np.full((4, 4), np.nan), (0, 1, 0, 0, 0, -1)),
        (np.zeros((4, 4)), (0, 1, 0, 0, 0, 1)),
        (np.zeros(4), (0, 1, 0, 0, 0, -1)),
    ],
)
def test_dem_terrain_refuses_what_it_cannot_use(grid: np.ndarray, transform: tuple) -> None:
    with pytest.raises(InputError, match="terrain DEM"):
        DemTerrain(grid, transform)


def test_unit_vectors_of_frames_are_what_the_terrain_uses(rough: RoughTerrain) -> None:
    lon, lat = np.array([0.1, 2.0]), np.array([-1.0, 0.4])
    np.testing.assert_allclose(rough.height(lon, lat), heights_at(rough, unit_vectors(lon, lat)), atol=1e-4)
