"""The benchmark's cases: rendered scenes are drawn from held-out ground, real sites lie where their truth does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from planetary_dtm.benchmarks import learned, learned_sites
from planetary_dtm.benchmarks.learned import Judged, real_table
from planetary_dtm.benchmarks.learned_rival import budgets, compared
from planetary_dtm.benchmarks.learned_sites import FRAMES, apollo, gale, local_cc, viking
from planetary_dtm.core.learned.engine import load_engine
from planetary_dtm.core.learned.evaluation import LEVELLED, MODEL, score
from planetary_dtm.core.learned.model_file import load_model
from planetary_dtm.core.steps.dtmfromextent import DEFAULT_MODEL
from planetary_dtm.core.terrain.levelling import level_relative


def test_rendered_cases_are_the_same_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learned, "SIDE", 96)
    first, again = (list(learned.rendered(None, 2)) for _ in range(2))
    assert all(np.array_equal(a.grey, b.grey) and np.array_equal(a.height, b.height) for a, b in zip(first, again))
    unturned = list(learned.rendered(None, 2, azimuth=270.0))
    assert all(np.array_equal(a.height, b.height) and b.sun_azimuth == 270.0 for a, b in zip(first, unturned))
    assert first[0].sun_azimuth != first[1].sun_azimuth and len(np.unique(first[0].shots.track)) >= 3


def test_a_frame_under_altimetry_gives_terrain_no_interpolation_gives(real_data: Path) -> None:
    """Real image, real DEM: the shape between tracks 45 km apart comes from the image."""
    site = apollo("0297", real_data)
    relief, shots = site.relief(load_engine(load_model(DEFAULT_MODEL))), site.tracks()
    assert 5 <= len(np.unique(shots.track)) <= 7 and site.cell_m == pytest.approx(460, abs=15)
    valid, pixel = np.isfinite(relief), site.pixel_m[::-1]
    made, plain = (level_relative(terrain, valid, pixel, shots) for terrain in (relief, np.zeros_like(relief)))
    cc, without = (local_cc(site.means(levelled.height), site.height) for levelled in (made, plain))
    assert cc > 0.8 and without < 0.65 and not made.inverted


def test_a_model_half_as_wrong_as_its_rival_keeps_the_bounds() -> None:
    rng = np.random.default_rng(0)
    truth, noise = (rng.normal(size=(2, 64, 64)) * 10).cumsum(axis=1).astype(np.float32)
    near, far = ({MODEL: score(truth + share * noise, truth, 100.0)} for share in (0.1, 0.2))
    table = compared("Case", [near] * 3, [far] * 3, bounded=True)
    assert [row[3] for row in table.rows[:2]] == pytest.approx([0.5, 0.5], abs=0.02) and len(table.rows) == 6
    assert [check.held for check in table.checks] == [True] * 4 and table.rows[5][4] == "-"
    assert table.notes == ["Pix2PixCC is better by none of them."]
    again = compared("Case", [far] * 3, [near] * 3, bounded=True)
    assert [check.held for check in again.checks] == [False] * 4
    assert again.notes[0].count("model: ") == 6  # the correlation among them, of which more is better


def test_a_slope_is_compared_whatever_the_unit_of_height() -> None:
    truth = np.random.default_rng(1).normal(size=(64, 64)).cumsum(axis=1).astype(np.float32) * 10
    ours, theirs = {MODEL: score(truth * 30 + 500, truth, 100.0)}, {MODEL: score(truth[::-1], truth, 100.0)}
    table = compared("Case", [ours], [theirs], bounded=True)
    assert [check.held for check in table.checks] == [True] * 4 and table.rows[4][3] > 1


def test_scenes_count_by_their_errors_where_they_are_taken_together() -> None:
    """One rough scene in which the default is twice as good, and two flat ones in which it is a little worse."""
    truth = np.random.default_rng(2).normal(size=(64, 64)).cumsum(axis=1).astype(np.float32)
    noise = np.random.default_rng(3).normal(size=truth.shape).astype(np.float32)
    scale, ours, theirs = (50.0, 1.0, 1.0), (0.5, 1.1, 1.1), (1.0, 1.0, 1.0)
    scored = [
        [{MODEL: score((truth + wrong * noise) * size, truth * size, 100.0)} for size, wrong in zip(scale, errors)]
        for errors in (ours, theirs)
    ]
    row = compared("Case", *scored).rows[0]
    assert row[3] == pytest.approx(1.1, abs=0.02) and row[4] == pytest.approx(0.5, abs=0.02)


def test_a_card_without_its_budget_misses_the_bound() -> None:
    plan = {"steps_done": 10, "batch": 1, "crop": 64, "seed": 1}
    table = budgets({"told": {"training": plan, "cpu_hours": 3.2}, "untold": {"training": plan}})
    assert [check.held for check in table.checks] == [True, False, False]
    told = {"training": plan, "cpu_hours": 3.1}
    for hours, enough in ((3.1, True), (3.6, False)):
        table = budgets({"default": {"training": plan, "cpu_hours": hours}, "Pix2PixCC": told})
        assert [check.held for check in table.checks] == [True, True, enough]
    assert [check.held for check in budgets({"default": told}).checks] == [True, False]


def test_what_altimetry_alone_makes_as_well_misses_the_bounds() -> None:
    rng = np.random.default_rng(3)
    truth, noise = (rng.normal(size=(2, 96, 96)) * 10).cumsum(axis=1).astype(np.float32)
    near, far = truth + 0.2 * noise, truth + 0.6 * noise
    won = Judged("Case", {MODEL: near, LEVELLED: near}, truth, 100.0, {"a": far, "b": far + noise})
    lost = replace(won, interpolated={"a": far, "b": near})
    assert [check.held for check in real_table(won).checks] == [True] * 4
    assert [check.held for check in real_table(lost).checks] == [True, False, False, True]
    assert real_table(replace(won, interpolated={})).checks == []


def test_real_sites_are_whole(real_data: Path) -> None:
    for frame, (azimuth, incidence) in FRAMES.items():
        site = apollo(frame, real_data)
        assert np.isfinite(site.height).all() and 0.3 < np.isfinite(site.grey).mean() < 1
        assert 270 < azimuth < 290 and 60 < incidence < 75
    crater = gale(real_data)
    assert crater.grey.shape == (4 * crater.height.shape[0], 4 * crater.height.shape[1])
    assert -5000 < np.nanmin(crater.height) < np.nanmax(crater.height) < 2000
    view, coarse = viking(real_data)
    assert view.grey.shape == (1024, 1024) and view.height.shape == (128, 128) and coarse.shape == (32, 32)
    assert local_cc(view.height, view.height) == pytest.approx(1.0)


def test_without_the_data_the_message_names_the_folder(tmp_path: Path) -> None:
    with pytest.raises(learned_sites.InputError, match="PLANETARY_DTM_DATA"):
        apollo("0297", tmp_path)
