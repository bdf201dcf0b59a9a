"""The model that ships: it finds relief it has never seen, the right way up; its card says what it was trained on."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from planetary_dtm.core.learned import tiles
from planetary_dtm.core.learned.engine import Engine, load_engine
from planetary_dtm.core.learned.greyscale import grey_scale
from planetary_dtm.core.learned.model_file import load_model
from planetary_dtm.core.learned.prediction import predict_relief
from planetary_dtm.core.simulation.photometry import Hapke
from planetary_dtm.core.simulation.relief import random_relief
from planetary_dtm.core.simulation.shading import Scene, render, smooth

PATH = Path(__file__).resolve().parents[3] / "resources" / "models" / "default.safetensors"


@pytest.fixture(scope="module")
def engine() -> Engine:
    return load_engine(load_model(PATH), "numpy")


def local(height: np.ndarray) -> np.ndarray:
    return (height - smooth(height, 24.0)).ravel()


@pytest.mark.parametrize("law", [None, Hapke()])
def test_unseen_relief_is_found_and_its_sign_and_slope_are_right(engine: Engine, law: Hapke | None) -> None:
    correlation, scale, turned = [], [], []
    for seed in range(900, 908):
        truth = random_relief((192, 192), 100.0, seed).astype(np.float32)
        grey = render(truth, 100.0, 270.0, 55.0, Scene(law) if law else None, seed=seed).astype(np.float32)
        valid = np.ones(grey.shape, bool)
        normal = grey_scale(grey, valid)(grey, valid)
        found, wrong = (
            engine.model.heights(engine.predict(picture[None, None])[0, 0], 100.0)
            for picture in (normal, normal[:, ::-1])
        )
        correlation.append(np.corrcoef(local(found), local(truth))[0, 1])
        turned.append(np.corrcoef(local(wrong[:, ::-1]), local(truth))[0, 1])
        scale.append(local(found) @ local(truth) / (local(found) @ local(found)))
    assert np.median(correlation) > 0.8 and min(correlation) > 0.5
    assert max(turned) < 0  # the sun on the wrong side turns relief inside out
    assert 0.4 < np.median(scale) < 4.0  # one picture tells the scale no better


@pytest.mark.parametrize("azimuth", [270.0, 300.0])
def test_tile_borders_add_no_step(engine: Engine, monkeypatch: pytest.MonkeyPatch, azimuth: float) -> None:
    """Another tiling changes the step between neighbours, anywhere, by less than the usual one."""
    truth = random_relief((448, 448), 100.0, 71).astype(np.float32)
    grey = render(truth, 100.0, azimuth, 60.0, seed=1).astype(np.float32)

    def read(row: int, row_stop: int, column: int, column_stop: int) -> tuple[np.ndarray, np.ndarray]:
        return grey[row:row_stop, column:column_stop], np.ones((row_stop - row, column_stop - column), bool)

    reliefs = []
    for tile in (1024, 3 * engine.halo):
        monkeypatch.setattr(tiles, "TILE", tile)
        reliefs.append(predict_relief(read, grey.shape, (0, 448, 0, 448), (100.0, 100.0), engine, azimuth).height)
    for axis in (0, 1):
        usual = float(np.median(np.abs(np.diff(reliefs[0], axis=axis))))
        added = np.abs(np.diff((reliefs[1] - reliefs[0])[48:-48, 48:-48], axis=axis))  # the rim feels any tile's end
        assert float(added.mean(axis=1 - axis).max()) < 0.3 * usual and float(np.percentile(added, 99.9)) < usual


def test_the_card_is_complete_and_the_file_small(engine: Engine) -> None:
    card = engine.model.card
    assert {"name", "gsd_m", "body", "training_data", "training_boxes", "metrics", "licence", "date"} <= card.keys()
    assert card["metrics"]["rendered GLD100"]["cc_local"][0] > 0.85
    assert card["height_scale_range"][0] < card["height_scale"] < card["height_scale_range"][1]
    assert "level to altimetry" in card["limits"] and "Mars" in card["limits"]
    assert card["code_version"] == "1" or f"--crop {card['training']['crop']}" in card["command"]
    told = [int(steps) for steps in re.findall(r"--steps (\d+)", card.get("command") or "")]
    assert card["training"]["steps_done"] == (sum(told) or card["training"]["steps"])
    assert PATH.stat().st_size < 5_000_000
