"""Rigid levelling: a known shift, rise and tilt are found again, wild shots or not."""

from __future__ import annotations

import numpy as np
import pytest

from planetary_dtm.core.errors import InputError
from planetary_dtm.core.simulation.shading import fractal
from planetary_dtm.core.simulation.tracks import Altimeter, simulate_tracks
from planetary_dtm.core.terrain.levelling_rigid import level_rigid
from planetary_dtm.core.terrain.merging import Heights, within_flight
from planetary_dtm.core.terrain.sampling import cubic, slide
from planetary_dtm.core.terrain.shots import make_shots

GSD = 50.0


@pytest.fixture(scope="module")
def terrain():
    return 250 * fractal((220, 260), np.random.default_rng(4), 4.4)


def shots_over(terrain, **options):
    altimeter = Altimeter(2000.0, 60.0, heading_deg=4.0, noise_m=2.0, **options)
    return simulate_tracks(terrain, np.ones(terrain.shape, bool), GSD, altimeter, seed=3)


def test_finds_a_shift_of_many_pixels_a_rise_and_a_tilt(terrain):
    shots = shots_over(terrain, wild_fraction=0.01, wild_m=4000.0)
    rows, cols = np.mgrid[: terrain.shape[0], : terrain.shape[1]]
    tilt = -30.0 + 2e-4 * (rows - 109.5) * GSD - 3e-4 * (cols - 129.5) * GSD
    placed = slide(terrain - tilt, 17.3, -8.6).astype(np.float32)
    made = level_rigid(placed, np.ones(terrain.shape, bool), GSD, shots)
    assert made.rows == pytest.approx(-17.3, abs=0.05)
    assert made.cols == pytest.approx(8.6, abs=0.05)
    assert made.tilt == pytest.approx((2e-4, -3e-4), abs=2e-5)
    inside = np.isfinite(made.height)
    assert 0.8 < inside.mean() < 0.95  # what was not seen stays unknown
    error = (made.height - terrain)[inside]
    assert np.sqrt(np.mean(error**2)) < 2.0
    assert made.spread_before > 30 and made.spread_after < 3
    assert 0.005 < made.wild / (made.used + made.wild) < 0.015


def test_never_scales(terrain):
    made = level_rigid((0.5 * terrain).astype(np.float32), np.ones(terrain.shape, bool), GSD, shots_over(terrain))
    before, after = (np.diff(grid, axis=0)[5:-5, 5:-5].std() for grid in (0.5 * terrain, made.height))
    assert after == pytest.approx(before, rel=0.03)


def test_its_own_sigma_is_scaled_to_hold_two_thirds_of_the_shots(terrain):
    rng = np.random.default_rng(8)
    noisy = (terrain + 12.0 * fractal(terrain.shape, rng, 2.8)).astype(np.float32)
    shots = shots_over(terrain)
    made = level_rigid(noisy, np.ones(terrain.shape, bool), GSD, shots, sigma=np.full(terrain.shape, 3.0, np.float32))
    row, col = np.rint(shots.row).astype(int), np.rint(shots.col).astype(int)
    within = (np.abs(made.height - terrain) < made.sigma)[row, col]
    assert within.mean() == pytest.approx(0.68, abs=0.06)


def test_refuses_too_few_shots(terrain):
    shots = shots_over(terrain)[:7]
    with pytest.raises(InputError, match="at least 10 altimeter shots"):
        level_rigid(terrain.astype(np.float32), np.ones(terrain.shape, bool), GSD, shots)


@pytest.mark.parametrize("stated", [5.0, 2.0, 0.5])
def test_shots_better_than_they_say_leave_the_terrain_its_error(terrain, stated):
    """Shots good to 0.5 m whose sigma is a guess, over a terrain with errors of its own."""
    rng = np.random.default_rng(9)
    noise = fractal(terrain.shape, rng, 2.0)
    noisy = (terrain + 1.2 * noise / noise.std()).astype(np.float32)
    altimeter = Altimeter(2000.0, 60.0, heading_deg=4.0, noise_m=0.5)
    shots = simulate_tracks(terrain, np.ones(terrain.shape, bool), GSD, altimeter, seed=3)
    shots = make_shots(shots.row, shots.col, shots.altitude, stated, shots.track)
    made = level_rigid(noisy, np.ones(terrain.shape, bool), GSD, shots, np.full(terrain.shape, 2.0, np.float32))
    inside = np.isfinite(made.height)
    within = (np.abs(made.height - terrain) < made.sigma)[inside].mean()
    assert 0.5 < within < 0.8
    assert np.isfinite(within_flight([Heights(made.height, made.sigma, inside * 1.0)]).height[inside]).all()


@pytest.mark.parametrize("sigma", [None, 2.0])
def test_a_terrain_that_agrees_exactly_has_a_sigma_above_nothing(terrain, sigma):
    row, col = (g.ravel().astype(float) for g in np.mgrid[10:200:12, 10:240:12])
    flat = np.zeros(terrain.shape, np.float32)
    own = None if sigma is None else flat + np.float32(sigma)
    made = level_rigid(flat, np.ones(flat.shape, bool), GSD, make_shots(row, col, 0 * row + 7.0), own, search_m=0.0)
    assert made.rise == pytest.approx(7.0) and 0 < np.nanmin(made.sigma) < 0.01


def test_few_shots_are_not_believed_to_fit_as_well_as_they_seem(terrain):
    """Fourteen shots and five unknowns: the shots leave less over than the terrain is off."""
    ratio = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        row, col = rng.uniform(20, 200, 14), rng.uniform(20, 230, 14)
        altitude = cubic(terrain, row, col) + rng.normal(0, 3.0, 14)
        made = level_rigid(
            terrain.astype(np.float32), np.ones(terrain.shape, bool), GSD, make_shots(row, col, altitude)
        )
        ratio.append(np.nanmedian(made.sigma) / 3.0)
    assert 0.8 < np.median(ratio) < 1.25
