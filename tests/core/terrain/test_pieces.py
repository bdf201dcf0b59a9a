"""Pieces of an extent: they cover it, their weights add up to one, and each holds what it needs."""

from __future__ import annotations

import numpy as np
import pytest

from planetary_dtm.core.terrain.pieces import MOST, pieces
from planetary_dtm.core.terrain.shots import Shots, make_shots

PIXEL = np.array([100.0, 80.0])
SHAPE = (400, 500)


def tracks(count: int, along: int = 200, until: float = 1.0) -> Shots:
    """Straight tracks down the rows, evenly over the first part of the columns."""
    column = np.repeat(np.linspace(2, until * SHAPE[1] - 3, count), along)
    row = np.tile(np.linspace(1, SHAPE[0] - 2, along), count)
    return make_shots(row, column, np.zeros(row.size), 1.0, np.repeat(np.arange(count), along))


@pytest.mark.parametrize(("count", "expected"), [(6, 1), (14, 1), (36, 16), (500, MOST**2)])
def test_as_many_as_the_tracks_ask_for(count: int, expected: int) -> None:
    valid = np.ones(SHAPE, bool)
    made = pieces(valid, PIXEL, tracks(count))
    assert len(made) == expected
    total = np.zeros(SHAPE, np.float32)
    for piece in made:
        total[piece.window] += piece.weight
    assert np.abs(total - 1).max() < 1e-5


def test_shots_come_on_the_grid_of_the_piece() -> None:
    shots = tracks(42)
    for piece in pieces(np.ones(SHAPE, bool), PIXEL, shots):
        own = piece.shots(shots)
        assert len(own) and (own.row >= 0).all() and (own.col <= len(piece.across) - 1).all()
        assert np.isin(own.row + piece.rows.start, shots.row).all()


def test_no_piece_is_left_without_shots() -> None:
    """All tracks lie in the left third: fewer pieces, or one; ground without valid pixels needs none."""
    shots, valid = tracks(42, until=0.33), np.ones(SHAPE, bool)
    for piece in pieces(valid, PIXEL, shots):
        assert len(np.unique(piece.shots(shots).track)) >= 3 or piece.weight.shape == SHAPE
    valid[:, 170:] = False
    made = pieces(valid, PIXEL, shots)
    assert all(valid[piece.window].any() for piece in made)


def test_shots_without_tracks_are_levelled_at_once() -> None:
    rng = np.random.default_rng(0)
    shots = make_shots(rng.uniform(0, 399, 5000), rng.uniform(0, 499, 5000), np.zeros(5000))
    assert len(pieces(np.ones(SHAPE, bool), PIXEL, shots)) == 1
