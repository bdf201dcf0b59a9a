"""A DEM to train on, and scenes of few pixels."""

from __future__ import annotations

from pathlib import Path

import pytest

from planetary_dtm.core.learned.rendered_pairs import PairSource
from planetary_dtm.core.simulation.relief import random_relief

from .small import write_dem


@pytest.fixture(scope="session")
def dems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one DEM, 400 x 400 pixels of 0.01 degrees at the Moon's equator."""
    folder = tmp_path_factory.mktemp("dems")
    write_dem(folder / "dem.tif", random_relief((400, 400), 303.0, 3))
    return folder


@pytest.fixture
def small_scenes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PairSource.pair, "__defaults__", (64,))


@pytest.fixture
def same_numbers() -> None:
    pytest.importorskip("torch").manual_seed(0)
