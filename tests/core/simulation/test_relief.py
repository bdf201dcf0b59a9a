"""Simulated relief: crater shapes and numbers as published, self-affine ground, one seed one ground."""

from __future__ import annotations

import numpy as np
import pytest

from planetary_dtm.core.simulation.relief import (
    Craters,
    add_craters,
    draw_craters,
    flood,
    ground,
    massifs,
    random_relief,
    rille,
    scarp,
    worn_profile,
)


@pytest.mark.parametrize(
    ("diameter", "depth"), [(2e3, 196.0 * 2**1.01), (5e3, 196.0 * 5**1.01), (40e3, 1044.0 * 40**0.301)]
)
def test_fresh_craters_have_pike_s_depth(diameter: float, depth: float) -> None:
    radius = np.linspace(0, 2.9, 600)
    profile = worn_profile(radius, diameter)
    assert profile[radius > 0.8].max() - profile[radius < 0.8].min() == pytest.approx(depth, rel=0.12)
    assert abs(radius[profile.argmax()] - 1.0) < 0.08
    assert abs(profile[-1]) < 0.01 * depth


def test_complex_craters_have_a_floor_and_a_peak() -> None:
    centre, floor = worn_profile(np.array([0.0, 0.3]), 40e3)
    assert centre > floor + 300


def test_worn_craters_are_shallower_and_smoother() -> None:
    radius = np.linspace(0, 2.9, 600)
    fresh, worn = worn_profile(radius, 3e3, 1.0), worn_profile(radius, 3e3, 0.2)
    assert np.ptp(worn) < 0.4 * np.ptp(fresh)
    assert np.abs(np.diff(worn, 2)).max() < 0.3 * np.abs(np.diff(fresh, 2)).max()


@pytest.mark.parametrize("exponent", [1.8, 3.0])
def test_crater_numbers_follow_the_power_law(exponent: float) -> None:
    craters = draw_craters((2000, 2000), 10.0, np.random.default_rng(0), 0.1, exponent, smallest=4.0, largest=0.5)
    counts = [np.sum(craters.diameter > diameter) for diameter in (50.0, 200.0)]
    assert np.log(counts[0] / counts[1]) / np.log(4.0) == pytest.approx(exponent, abs=0.25)
    expected = 0.1 * 2000**2 * 1.2**2 / 4.0**2
    assert craters.diameter.size == pytest.approx(expected, rel=0.05)
    assert craters.diameter.min() >= 40.0 and craters.diameter.max() <= 0.5 * 2000 * 10


def test_a_crater_lies_where_it_is_put() -> None:
    one = Craters(*(np.array([value]) for value in (60.0, 40.0, 2000.0, 1.0)))
    height = add_craters(np.zeros((100, 120), np.float32), 100.0, one, np.random.default_rng(0))
    assert np.unravel_index(height.argmin(), height.shape) == (40, 60)
    assert np.ptp(height) == pytest.approx(196.0 * 2**1.01, rel=0.15)
    assert np.all(height[90:] == 0)


def test_ground_has_its_slope() -> None:
    surface = ground((200, 200), 25.0, np.random.default_rng(1), 0.8, 0.1)
    south, east = np.gradient(surface, 25.0)
    assert np.sqrt(np.mean(south**2 + east**2)) == pytest.approx(0.1, rel=1e-5)


def test_features_have_their_shapes() -> None:
    rng = np.random.default_rng(2)
    for _ in range(5):
        channel = rille((200, 200), 30.0, rng)
        assert channel.min() < -3.0 and channel.max() == 0.0 and 0.005 < np.mean(channel < 0) < 0.5
        assert np.isfinite(scarp((200, 200), 30.0, rng)).all()
        assert np.hypot(*np.gradient(massifs((200, 200), 30.0, rng), 30.0)).std() < 0.3
    rough = ground((200, 200), 30.0, rng, 0.8, 0.2)
    filled = flood(rough, 30.0, rng, 0.7)
    deep, high = rough < np.quantile(rough, 0.5), rough > np.quantile(rough, 0.9)
    before, after = (np.gradient(surface, axis=1) for surface in (rough, filled))
    assert abs(np.corrcoef(before[deep], after[deep])[0, 1]) < 0.2 < 0.6 < np.corrcoef(before[high], after[high])[0, 1]


def test_same_seed_same_ground() -> None:
    first, again, other = (random_relief((80, 90), 50.0, seed) for seed in (7, 7, 8))
    assert first.shape == (80, 90) and np.array_equal(first, again) and not np.array_equal(first, other)
    assert abs(first.mean()) < 1e-2
