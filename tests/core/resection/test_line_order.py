"""Lines in each other's places are seen by their GCPs, however noisy; noise and rough relief are not taken for them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planetary_dtm.core.resection import line_order
from planetary_dtm.core.resection.model import ControlPoints
from planetary_dtm.core.resection.recover import recover
from planetary_dtm.core.simulation.scene import Scene, simulate, with_lateral_noise
from planetary_dtm.core.simulation.terrain import RoughTerrain

from .orbits import errors

RADIUS_M = RoughTerrain(1).radius_m


@pytest.fixture(scope="module")
def scene() -> Scene:
    """Rough ground across the pole, and jitter."""
    return simulate("ce1", RoughTerrain(1), 1200, seed=3, start_latitude=1.52, altimetry=False, jitter=3e-5)


def exchanged(points: ControlPoints, one: float, other: float) -> ControlPoints:
    line = points.line.copy()
    line[points.line == one], line[points.line == other] = other, one
    return replace(points, line=line)


@pytest.mark.parametrize(("noise_m", "apart"), [(0.0, 1), (5.0, 1), (50.0, 3), (300.0, 50), (1000.0, 80)])
def test_exchanged_lines_are_found_and_no_others(scene: Scene, noise_m: float, apart: int) -> None:
    points = with_lateral_noise(scene.control, RADIUS_M, noise_m, 1)
    assert len(line_order.displaced(points).line) == 0
    found = line_order.displaced(exchanged(points, 500, 500 + apart))
    assert found.line.tolist() == [500, 500 + apart]
    assert found.ahead == pytest.approx([apart, -apart], abs=0.1 + 0.015 * noise_m)


@pytest.mark.parametrize("ends", [(0, 4), (1199, 1195)])
def test_the_first_and_the_last_line_count_too(scene: Scene, ends: tuple[int, int]) -> None:
    found = line_order.displaced(exchanged(scene.control, *ends))
    assert sorted(ends) == found.line.tolist()


def test_wild_places_of_one_view_move_no_line(scene: Scene) -> None:
    points = scene.control
    wrong = (points.view == 1) & (points.line % 97 == 0)
    assert len(line_order.displaced(replace(points, lat=points.lat - 0.01 * wrong)).line) == 0


def test_steps_of_many_lines_count_as_one(scene: Scene) -> None:
    """Every 60th line of a curved, rough arc: a tenth of a step is many lines, and no matter."""
    arc = simulate("ce2_paper", RoughTerrain(0), 12_000, seed=0, line_step=60, altimetry=False)
    assert len(line_order.displaced(arc.control).line) == 0
    assert line_order.displaced(exchanged(arc.control, 6000, 6060)).line.tolist() == [6000, 6060]


def test_missing_gcps_move_no_line(scene: Scene) -> None:
    points = with_lateral_noise(scene.control, RADIUS_M, 5.0, 1)
    kept = np.random.default_rng(0).uniform(size=len(points)) < 0.5
    assert len(line_order.displaced(points[kept & ((points.line < 300) | (points.line > 420))]).line) == 0


def test_the_sentence_says_whether_lines_fill_each_others_places(scene: Scene) -> None:
    (told,) = line_order.told(line_order.displaced(exchanged(scene.control, 500, 530)), "g.csv", left_out=True)
    assert "lines 500, 530 in 'g.csv'" in told and "in each other's places" in told and "left out" in told
    line = scene.control.line.copy()
    line[line == 700] = 5000.0  # a number from elsewhere, put back to where a table would have it
    moved = replace(scene.control, line=np.where(line == 5000.0, 712.5, line))
    (told,) = line_order.told(line_order.displaced(moved), "g.csv", left_out=False)
    assert "line 712.5 in" in told and "each other" not in told and "left out" not in told
    assert line_order.told(line_order.displaced(scene.control), "g.csv", left_out=True) == []


@pytest.mark.parametrize("method", ["collinearity", "two_phase"])
def test_line_by_line_methods_leave_exchanged_lines_out_and_say_so(scene: Scene, method: str) -> None:
    points = scene.control[scene.control.line < 300]
    found = recover(exchanged(points, 100, 101), scene.sensor, method)
    assert any("lines 100, 101" in s and "in each other's places" in s for s in found.verdict.sentences)
    assert not np.isin((100, 101), found.orientation.line).any()
    rest = found.orientation.line.astype(int)
    truth = replace(scene.truth, **{n: getattr(scene.truth, n)[rest] for n in ("line", "position", "angles")})
    assert errors(found.orientation, truth)[1].max() < 1e-3
    clean = recover(points, scene.sensor, method)
    assert len(clean.orientation) == 300 and not any("lines off" in s for s in clean.verdict.sentences)
