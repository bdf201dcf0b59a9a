"""Scores of learned terrain and of what it has to beat."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from planetary_dtm.core.learned import evaluation
from planetary_dtm.core.learned.engine import Engine, load_engine
from planetary_dtm.core.learned.evaluation import (
    ALTIMETRY,
    CONSTANT,
    FLAT,
    LEVELLED,
    LEVELLED_SHADING,
    MODEL,
    SHADING,
    Case,
    best_interpolated,
    contenders,
    local,
    names,
    score,
    spread,
    summary,
)
from planetary_dtm.core.learned.model_file import Model
from planetary_dtm.core.simulation.relief import random_relief
from planetary_dtm.core.simulation.shading import smooth
from planetary_dtm.core.simulation.tracks import Altimeter, simulate_tracks

SIDE = 128


def seer(**changes: Any) -> Engine:
    """A model that gives its grey as metres: shown the truth, it tells the truth."""
    card = {
        "architecture": "identity", "options": {}, "input_bands": ["grey"], "input_size": 64, "grey": {"kind": "raw"},
        "height_unit": "metre", "height_scale": 1.0, "height_offset": 0.0, "sun_azimuth": 270.0, **changes,
    }  # fmt: skip
    return load_engine(Model(card, {}), "numpy")


@pytest.fixture(scope="module")
def case() -> Case:
    truth = random_relief((SIDE, SIDE), 100.0, 3).astype(np.float32)
    shots = simulate_tracks(truth.astype(float), np.ones(truth.shape, bool), 100.0, Altimeter(3200.0, 100.0), 0)
    seen = 500 + truth - smooth(truth, 30.0)  # the long waves are lost
    return Case("seen", seen, truth, 100.0, 270.0, 55.0, shots)


def test_all_ways_are_made_and_the_better_image_scores_better(case: Case) -> None:
    made = contenders(case, seer())
    assert set(made) == {MODEL, FLAT, SHADING, LEVELLED, LEVELLED_SHADING, CONSTANT, ALTIMETRY}
    scores = {name: score(height, case.height, case.pixel_m) for name, height in made.items()}
    rmse = {name: given.shape.rmse_offset for name, given in scores.items()}
    assert rmse[LEVELLED] < 0.7 * rmse[ALTIMETRY] and rmse[LEVELLED] < 0.7 * rmse[CONSTANT] and rmse[MODEL] < rmse[FLAT]
    assert scores[MODEL].upright == 1.0 and scores[MODEL].local_cc > 0.98
    assert np.isnan(scores[FLAT].local_cc) and scores[FLAT].shape.slope_rmse > scores[MODEL].shape.slope_rmse
    table = summary([scores, scores])
    assert names([scores]) == [MODEL, SHADING, FLAT, LEVELLED, LEVELLED_SHADING, CONSTANT, ALTIMETRY]
    assert all(len(row) == 8 for row in table)
    assert {"RMSE after plane (m)", "CC at 1/8", "concordance CC at 1/2", "local CC"} <= {row[0] for row in table}


def test_without_sun_and_altimetry_the_rest_still_runs(case: Case) -> None:
    assert set(contenders(Case("bare", case.grey, case.height, 100.0, 270.0), seer())) == {MODEL, FLAT}


def test_upside_down_is_told(case: Case) -> None:
    upside_down = score(-case.height, case.height, 100.0)
    assert upside_down.upright == 0.0 and upside_down.local_cc == pytest.approx(-1.0, abs=1e-5)
    assert upside_down.shape.scale == pytest.approx(-1.0, abs=1e-5)


def test_the_strongest_interpolation_is_the_one_to_beat(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    def flat(shots: np.ndarray, altitude: np.ndarray, query: np.ndarray) -> np.ndarray:
        return np.full(len(query), altitude.mean())

    def plane(shots: np.ndarray, altitude: np.ndarray, query: np.ndarray) -> np.ndarray:
        return query[:, 0] * 2.0 - query[:, 1]

    monkeypatch.setattr(evaluation, "BASELINES", {"flat": flat, "plane": plane})
    row, column = np.mgrid[0:SIDE, 0:SIDE] * 100.0
    tilted = Case("tilted", case.grey, (2 * row - column).astype(np.float32), 100.0, shots=case.shots)
    assert np.abs(best_interpolated(tilted) - tilted.height).max() < 0.1


def test_local_heights_forget_level_and_long_waves_and_skip_what_is_unknown(case: Case) -> None:
    valid = np.ones(case.height.shape, bool)
    valid[20:50, 30:60] = False
    first, second = (local(np.where(valid, case.height + junk, junk), valid) for junk in (0.0, 500.0))
    assert np.abs(first - second).max() < 0.1 and np.all(first[~valid] == 0)
    assert first.std() < case.height.std()


def test_spread_counts_what_is_known() -> None:
    assert spread([1.0, 2.0, float("nan"), 3.0]) == pytest.approx((2.0, 1.2, 2.8))
    assert all(np.isnan(spread([float("nan")])))
