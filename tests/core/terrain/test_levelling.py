"""Relative relief to metres: what the shots tell, what the image adds, and how sure the result is."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from planetary_dtm.core.errors import InputError
from planetary_dtm.core.simulation.relief import random_relief
from planetary_dtm.core.simulation.shading import fractal, smooth
from planetary_dtm.core.simulation.tracks import Altimeter, simulate_tracks
from planetary_dtm.core.terrain.interpolators import BASELINES
from planetary_dtm.core.terrain.level_dem import level_to_dem
from planetary_dtm.core.terrain.levelling import FEWEST, Levelled, level_relative
from planetary_dtm.core.terrain.levelling_rigid import level_rigid
from planetary_dtm.core.terrain.shots import Shots, make_shots

SIDE, PIXEL = 160, 100.0
ALL = np.ones((SIDE, SIDE), bool)


@cache
def site(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """True heights, and a relief as a network gives it: half the scale, tilted, long waves lost, some noise."""
    rng = np.random.default_rng([5, seed])
    truth = random_relief((SIDE, SIDE), PIXEL, rng).astype(np.float32)
    lost = smooth(truth, 24.0)
    noise = 0.3 * (truth - lost).std() * fractal((SIDE, SIDE), rng, 3.0)
    column = np.linspace(-1, 1, SIDE, dtype=np.float32) * truth.std()
    return truth, np.asarray(0.5 * (truth - 0.8 * lost + noise) + column, np.float32)


def tracks(truth: np.ndarray, count: int, seed: int = 0, **changes: float) -> Shots:
    spacing = SIDE * PIXEL / count
    return simulate_tracks(
        truth.astype(float), ALL, PIXEL, Altimeter(spacing, PIXEL, 4.0, 0.1 * spacing, **changes), seed
    )


def rmse(height: np.ndarray, truth: np.ndarray) -> float:
    return float(np.sqrt(np.nanmean((height - truth) ** 2)))


@cache
def levelled(seed: int) -> Levelled:
    truth, relief = site(seed)
    return level_relative(relief, ALL, PIXEL, tracks(truth, 5, seed, noise_m=1.0))


def test_the_image_beats_every_interpolation_and_without_it_the_gain_is_gone() -> None:
    gains, plain = [], []
    place = np.stack(np.meshgrid(np.arange(0, SIDE, 8), np.arange(0, SIDE, 8), indexing="ij"), -1).reshape(-1, 2)
    for seed in range(2):
        truth, _ = site(seed)
        shots = tracks(truth, 5, seed, noise_m=1.0)
        at = np.column_stack([shots.row, shots.col]) * PIXEL
        wanted = truth[place[:, 0], place[:, 1]]
        best = min(rmse(f(at, shots.altitude, place * PIXEL), wanted) for f in BASELINES.values())
        constant = level_relative(np.zeros_like(truth), ALL, PIXEL, shots)
        assert len(constant.gains) == 0 and not constant.inverted
        gains.append(rmse(levelled(seed).height, truth) / best)
        plain.append(rmse(constant.height, truth) / best)
    assert np.median(gains) < 0.65 and max(gains) < 0.8
    assert np.median(plain) > 0.9


def test_scale_and_inversion_are_told() -> None:
    truth, relief = site(0)
    assert 1.5 < levelled(0).scale < 2.3 and not levelled(0).inverted and levelled(0).scale_sigma < 0.5
    upside_down = level_relative(-relief, ALL, PIXEL, tracks(truth, 5, 0, noise_m=1.0))
    assert upside_down.inverted and upside_down.scale < 0


def test_most_shots_lie_within_one_sigma_and_sigma_grows_away_from_the_tracks() -> None:
    within, ratio = [], []
    row, col = np.mgrid[0:SIDE, 0:SIDE]
    for seed in range(3):
        truth, _ = site(seed)
        made = levelled(seed)
        within.append(float(np.mean(np.abs(made.height - truth) <= made.sigma)))
        shots = tracks(truth, 5, seed, noise_m=1.0)
        place = np.column_stack([shots.row, shots.col])[::3]
        apart = np.sqrt((row.reshape(-1, 1) - place[:, 0]) ** 2 + (col.reshape(-1, 1) - place[:, 1]) ** 2).min(axis=1)
        near, far = np.percentile(apart, (10, 90))
        sigma = made.sigma.ravel()
        ratio.append(sigma[apart >= far].mean() / sigma[apart <= near].mean())
    assert 0.55 < np.mean(within) < 0.85
    assert min(ratio) > 1.3


def test_a_relief_placed_wrong_is_moved_to_the_shots() -> None:
    truth, relief = site(1)
    shots = tracks(truth, 8, 1, noise_m=1.0)
    off = np.roll(relief, (-5, 4), axis=(0, 1))
    made = level_relative(off, ALL, PIXEL, shots)
    assert abs(made.shift.rows - 5) <= 1 and abs(made.shift.cols + 4) <= 1
    assert not level_relative(off, ALL, PIXEL, shots, search_m=0.0).shift
    inner = slice(12, -12), slice(12, -12)
    kept = level_relative(off, ALL, PIXEL, shots, search_m=0.0)
    assert rmse(made.height[inner], truth[inner]) < 0.85 * rmse(kept.height[inner], truth[inner])


def test_wild_shots_are_left_out() -> None:
    truth, relief = site(2)
    shots = tracks(truth, 5, 2, noise_m=1.0)
    wild = shots.altitude.copy()
    chosen = np.random.default_rng(0).choice(len(wild), 8, replace=False)
    wild[chosen] += 8000.0
    made = level_relative(relief, ALL, PIXEL, Shots(shots.row, shots.col, wild, shots.sigma, shots.track))
    assert made.wild >= 8 and rmse(made.height, truth) < 1.25 * rmse(levelled(2).height, truth)


def test_what_is_invalid_stays_unknown_and_does_not_count() -> None:
    truth, relief = site(0)
    valid = ALL.copy()
    valid[30:70, 40:90] = False
    shots = tracks(truth, 5, 0, noise_m=1.0)
    results = [level_relative(np.where(valid, relief, junk), valid, PIXEL, shots) for junk in (0.0, 1e7)]
    assert np.array_equal(np.isnan(results[0].height), ~valid) and np.array_equal(np.isnan(results[0].sigma), ~valid)
    assert np.array_equal(results[0].height, results[1].height, equal_nan=True)


def test_too_few_shots_are_refused() -> None:
    truth, relief = site(0)
    with pytest.raises(InputError, match=f"at least {FEWEST} altimeter shots"):
        level_relative(relief, ALL, PIXEL, tracks(truth, 5)[: FEWEST - 1])


@pytest.mark.parametrize("shape", [(1, 400), (400, 1), (2, 400)])
def test_a_profile_is_levelled_too(shape: tuple[int, int]) -> None:
    """A raster of one row or column: the same terrain, without a slope across."""
    rng = np.random.default_rng(0)
    truth = 300 * np.sin(np.arange(shape[0])[:, None] / 19 + np.arange(shape[1]) / 17)
    relief, valid = (0.5 * truth + rng.normal(0, 1, shape)).astype(np.float32), np.ones(shape, bool)
    row, col = rng.integers(0, shape[0], 60), rng.integers(0, shape[1], 60)
    shots = make_shots(row, col, truth[row, col] + rng.normal(0, 1, 60), 1.0, np.repeat(np.arange(4), 15))
    hidden = np.zeros(shape, np.float32)
    hidden.flat[:50] = 100.0
    for made in (
        level_relative(relief, valid, 50.0, shots),
        level_relative(relief, valid, 50.0, shots, hidden=hidden),
        level_to_dem(relief, valid, truth, valid, 8.0),
    ):
        assert rmse(made.height, truth) < 4.0 and np.isfinite(made.height).all() and (made.sigma > 0).all()
    if 1 in shape:
        rigid = level_rigid(2 * relief + np.float32(70), valid, 50.0, shots)
        assert np.isfinite(rigid.height).mean() > 0.95 and rmse(rigid.height, truth) < 4.0


def test_a_dem_of_one_row_of_cells_levels_a_narrow_terrain() -> None:
    column = np.arange(2000) / 150
    truth = np.broadcast_to(300 * np.sin(column), (100, 2000))
    relief = np.broadcast_to(np.sin(column), (100, 2000)).astype(np.float32)
    made = level_to_dem(relief, np.ones(truth.shape, bool), truth, np.ones(truth.shape, bool), 80.0)
    assert made.cells == 25 and rmse(made.height, truth) < 5.0


@pytest.mark.parametrize("place", ["spread", "one place", "beyond the outermost centres"])
def test_level_shots_give_level_terrain_with_a_sigma(place: str) -> None:
    """Shots that are all at one altitude, over a relief of noise: nothing in them has a spread."""
    rng = np.random.default_rng(3)
    row, col = rng.uniform(0, 63, (2, 30)) if place == "spread" else np.full((2, 30), 20.3)
    if place.startswith("beyond"):
        row, col = np.full(30, -0.4), np.linspace(0, 63, 30)
    relief, valid = rng.normal(size=(64, 64)).astype(np.float32), np.ones((64, 64), bool)
    made = level_relative(relief, valid, 50.0, make_shots(row, col, np.full(30, 7.0)))
    assert np.isfinite(made.height).all() and (made.sigma > 0).all()
    at = np.clip(np.rint([row, col]), 0, 63).astype(int)
    assert np.abs(made.height[at[0], at[1]] - 7.0).max() < 1.0


def test_a_dem_that_is_level_leaves_a_sigma() -> None:
    relief, valid = np.random.default_rng(1).normal(size=(64, 64)).astype(np.float32), np.ones((64, 64), bool)
    made = level_to_dem(relief, valid, np.full((64, 64), 3.0), valid, 8.0)
    assert np.allclose(made.height, 3.0) and (made.sigma > 0).all()
