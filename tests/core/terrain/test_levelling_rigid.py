"""Rigid levelling: a known shift, rise and tilt are found again, wild shots or not."""

from __future__ import annotations

import numpy as np
import pytest

from planetary_dtm.core.errors import InputError
from planetary_dtm.core.simulation.shading import fractal
from planetary_dtm.core.simulation.tracks import Altimeter, simulate_tracks
from planetary_dtm.core.terrain.levelling_rigid import level_rigid
from planetary_dtm.core.terrain.sampling import slide

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
