"""Matches and epipolar lines: relief stays on them, what leaves them goes, the orientation's own error does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planetary_dtm.core.camera.linescan import LineScan
from planetary_dtm.core.camera.rays import intersect_sphere
from planetary_dtm.core.matching.dense import Matches
from planetary_dtm.core.matching.epipolar import Epipolar
from planetary_dtm.core.simulation.scene import simulate
from planetary_dtm.core.simulation.terrain import SphereTerrain

FIRST, ROWS, COLUMNS = 700, 48, 128


@pytest.fixture(scope="module")
def cameras():
    """Nadir and forward views of 128 samples."""
    flown = simulate("ce1", SphereTerrain(), 1600, seed=2, start_latitude=0.3, altimetry=False)
    sensor = replace(flown.sensor, samples=COLUMNS, principal_sample=(COLUMNS - 1) / 2)
    named = [view.name for view in sensor.views]
    return [LineScan(sensor, named.index(name), flown.truth) for name in ("nadir", "forward")]


def seen(a, b):
    """True matches of ground whose height rises and falls by kilometres."""
    line, sample = np.meshgrid(np.arange(FIRST, FIRST + ROWS), np.arange(COLUMNS), indexing="ij")
    height = 2500.0 * np.sin(line / 5.0) * np.cos(sample / 9.0)
    there = b.project(intersect_sphere(*a.rays(line, sample), a.body_radius_m + height))
    shifts = [(found - own).astype(np.float32) for found, own in zip(there, (line, sample))]
    ones = np.ones((ROWS, COLUMNS), np.float32)
    return Matches(ROWS * COLUMNS, shifts[1], shifts[0], ones, ones, ones, ones)


def test_relief_moves_no_match_across_its_line(cameras):
    matches = seen(*cameras)
    assert np.ptp(matches.line_shift) > 10  # the relief does move them
    assert np.abs(Epipolar(*cameras).across(FIRST, matches)).max() < 0.02


def test_matches_off_their_lines_are_left_out_and_slow_errors_of_the_orientation_are_not(cameras):
    matches = seen(*cameras)
    moved = matches.sample_shift + 4.0 + 0.01 * np.arange(ROWS, dtype=np.float32)[:, None]  # what EOPs are wrong by
    wrong = np.zeros((ROWS, COLUMNS), bool)
    wrong[5, 7] = wrong[30, 100:104] = True
    shifted = replace(matches, sample_shift=np.where(wrong, moved + 3.0, moved).astype(np.float32))
    kept, missed, aside = Epipolar(*cameras).kept(FIRST, shifted)
    assert missed == wrong.sum() and aside == pytest.approx(4.2, abs=0.3)
    for name in ("sample_shift", "line_shift", "score", "sigma", "sample_sigma", "line_sigma"):
        np.testing.assert_array_equal(np.isnan(getattr(kept, name)), wrong)


def test_lines_without_orientation_say_nothing(cameras):
    a, b = cameras
    matches = seen(a, b)

    def known_to(last):
        place = np.where(a.orientation.line[:, None] < last, a.orientation.position, np.nan)
        return replace(a, orientation=a.orientation.with_(position=place))

    assert Epipolar(known_to(FIRST - 5), b).kept(FIRST, matches)[:2] == (matches, 0)
    across = Epipolar(known_to(FIRST + 24), b).across(FIRST, matches)
    assert np.isfinite(across[:14]).all() and np.isnan(across[33:]).all()
