"""Support points: tracks are kept apart where they are few and long, and averaged together where they are many."""

from __future__ import annotations

import numpy as np
import pytest

from planetary_dtm.core.terrain import support
from planetary_dtm.core.terrain.levelling_rigid import level_rigid
from planetary_dtm.core.terrain.shots import make_shots
from planetary_dtm.core.terrain.support import gather_support

SIDE = 10_000.0  # m


@pytest.fixture(autouse=True)
def _ends(monkeypatch):
    """Cells that never become fewer must fail a test and not hang it."""
    left = iter(range(200))
    monkeypatch.setattr(support, "breathe", lambda: next(left))


def gathered(place, track, altitude=None, limit=600):
    altitude = np.zeros(len(place)) if altitude is None else altitude
    shots = make_shots(place[:, 0] / 50.0, place[:, 1] / 50.0, altitude, 5.0, track)
    return gather_support(shots, place, place[:, :0], np.zeros(len(place)), limit, 50.0)


def along_tracks(tracks, each, seed=0):
    """Straight tracks (all azimuths) over a square of `SIDE`: places (N, 2) and track (N,)."""
    rng = np.random.default_rng(seed)
    ends = rng.uniform(0, SIDE, (2, tracks, 1, 2))
    share = np.linspace(0, 1, each)[None, :, None]
    place = ends[0] + share * (ends[1] - ends[0])
    return place.reshape(-1, 2), np.repeat(np.arange(tracks), each)


@pytest.mark.parametrize(("tracks", "each"), [(2, 7), (10, 6), (40, 1), (1, 3)])
def test_tracks_of_a_few_shots_are_judged_beside_each_other(tracks, each):
    place, track = along_tracks(tracks, each)
    made = gathered(place, track)
    assert len(made.altitude) == tracks * each  # fewer than the limit: none is averaged
    assert sorted(np.unique(made.track)) == list(range(tracks))


@pytest.mark.parametrize("tracks", [590, 650, 2000])
def test_many_tracks_leave_points_all_over_the_ground(tracks):
    place, track = along_tracks(tracks, 30)
    rng = np.random.default_rng(1)
    altitude = 0.1 * place[:, 0] + rng.normal(0, 3.0, tracks)[track]
    made = gathered(place, track, altitude)
    assert 300 < len(made.altitude) <= 600
    assert made.cell_m < 2 * SIDE / np.sqrt(600)  # means of whole tracks would say nothing of the ground
    assert np.abs(made.altitude - 0.1 * made.place[:, 0]).max() < 12.0
    assert not made.wild.any()


def test_a_wild_shot_is_found_among_tracks_of_few_shots():
    place, track = along_tracks(60, 5)
    altitude = np.random.default_rng(2).normal(0, 5.0, len(place))
    altitude[17] += 3000.0
    assert np.flatnonzero(gathered(place, track, altitude).wild).tolist() == [17]


def test_few_long_tracks_stay_apart():
    place, track = along_tracks(12, 400)
    made = gathered(place, track)
    assert len(np.unique(made.track)) == 12 and len(made.altitude) <= 600


def test_places_before_the_first_pixel_share_the_first_cells():
    place, track = along_tracks(20, 20)
    assert len(gathered(place - 20.0, track, limit=1).altitude) == 1


def test_rigid_levelling_to_tracks_of_six_shots():
    row, col = np.mgrid[:128, :128]
    terrain = (100 * np.sin(col / 9) * np.cos(row / 11)).astype(np.float32)
    at_row, at_col = np.tile(np.linspace(4, 122, 6), 12), np.repeat(np.linspace(4, 122, 12), 6)
    altitude = 100 * np.sin(at_col / 9) * np.cos(at_row / 11) - 30.0
    shots = make_shots(at_row, at_col, altitude, 5.0, np.repeat(np.arange(12), 6))
    made = level_rigid(terrain, np.ones((128, 128), bool), 200.0, shots)
    assert made.rise == pytest.approx(-30.0, abs=1.0) and made.used == 72
