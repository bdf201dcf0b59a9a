"""The correlation of altitude errors: found again in series, and beneath a trajectory that takes part of it up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planetary_dtm.core.resection.error_correlation import Correlation, correlation_along
from planetary_dtm.core.resection.trajectory import recover_trajectory
from planetary_dtm.core.resection.trajectory_system import System
from planetary_dtm.core.simulation.scene import simulate, with_lateral_noise
from planetary_dtm.core.simulation.terrain import SphereTerrain

LINES, SERIES = 4000, 6


def markov(count: int, series: int, length: float, seed: int = 0) -> np.ndarray:
    """Unit-variance series (count, series) with correlation exp(-lag / length)."""
    random = np.random.default_rng(seed)
    rho = np.exp(-1.0 / length)
    values = np.empty((count, series))
    values[0] = random.normal(size=series)
    for k in range(1, count):
        values[k] = rho * values[k - 1] + np.sqrt(1 - rho**2) * random.normal(size=series)
    return values


def estimated(values: np.ndarray) -> Correlation:
    """From series along six columns, 120 m a line."""
    line, column = (grid.ravel() for grid in np.meshgrid(np.arange(LINES), np.arange(SERIES), indexing="ij"))
    return correlation_along(line.astype(float), column, values.reshape(1, -1), 120.0)


@pytest.mark.parametrize("white", [0.0, 0.3])
def test_the_correlation_length_is_found_again(white: float) -> None:
    noise = np.random.default_rng(1).normal(size=(LINES, SERIES))
    found = estimated(2.0 * (np.sqrt(1 - white) * markov(LINES, SERIES, 25.0) + np.sqrt(white) * noise))
    assert found.length_m == pytest.approx(25 * 120.0, rel=0.2)
    assert found.white == pytest.approx(white, abs=0.1)
    assert found.shared == pytest.approx(1 - white, rel=0.3)


def test_a_long_tail_counts_by_its_integral() -> None:
    values = np.sqrt(0.8) * markov(LINES, SERIES, 15.0) + np.sqrt(0.2) * markov(LINES, SERIES, 90.0, 1)
    found = estimated(values)
    assert found.length_m < 30 * 120.0
    assert found.length_m * found.shared == pytest.approx((0.8 * 15 + 0.2 * 90) * 120.0, rel=0.3)
    assert found.shared > 1.2


def test_independent_errors_have_no_length() -> None:
    assert estimated(np.random.default_rng(0).normal(size=(LINES, SERIES))) == Correlation()


def test_what_the_path_takes_up_is_counted_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its own uncertainty the path passes for certain, and errors over tens of lines for short ones."""
    scene = simulate("ce1", SphereTerrain(), 6000, seed=4, start_latitude=0.2, line_step=3, altimetry=False)
    errors = markov(2000, SERIES, 20.0, 3)  # 7.2 km
    points = with_lateral_noise(scene.control, scene.sensor.body_radius_m, 5.0, 1)
    points = replace(points, altitude=points.altitude + 100.0 * errors.ravel(), sigma_altitude=np.full(12_000, 100.0))

    def length_m() -> float:
        found = recover_trajectory(points, scene.sensor, sigma_lateral=5.0)
        said = next(sentence for sentence in found.verdict.sentences if "correlated over" in sentence)
        return float(said.split(" over ")[1].split(" m")[0])

    whole = length_m()
    monkeypatch.setattr(System, "drawn", lambda self, state, rows, step, count: np.zeros((1, len(rows.zenith))))
    assert length_m() < 0.9 * whole
    assert whole == pytest.approx(7200.0, rel=0.25)
