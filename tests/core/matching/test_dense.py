"""Dense matching on a rendered pair whose every disparity is known, turned and scaled ones included."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("cv2")

from planetary_dtm.core.errors import CancelledError, InputError
from planetary_dtm.core.matching import dense
from planetary_dtm.core.matching.dense import BLEND, MARGIN, STRIP, Matches, Options, _joined, match, picture
from planetary_dtm.core.matching.seeds import find_seeds
from planetary_dtm.core.matching.warp import halved, identity, moved, sample, upsampled
from planetary_dtm.core.simulation.relief import random_relief
from planetary_dtm.core.simulation.shading import Camera, Scene, fractal, render, smooth

SIDE = 360


def ground(rows=SIDE, columns=SIDE, seed=5):
    """Relief (m) and its noiseless picture, pixels of 120 m."""
    rng = np.random.default_rng(seed)
    height = np.asarray(random_relief((rows, columns), 120.0, seed), float)
    texture = np.asarray(fractal((rows, columns), rng, 1.5))
    grey = render(height, 120.0, 290.0, 60.0, Scene(albedo=0.0), Camera(blur=0.6, noise=0, bits=0), rng)
    return height, (0.3 + 0.7 * grey + 0.04 * texture).astype(np.float32)


def pair(turn=0.0, scale=1.0, noise=0.01, rows=SIDE, columns=SIDE):
    """Images A and B and the true field: B is the ground's picture, A sees it through relief, turn and scale."""
    height, b = ground(rows, columns)
    angle, centre = np.radians(turn), (np.array([columns, rows]) - 1) / 2
    spin = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    field = (identity(rows, columns) - centre) @ spin.T + centre + [2.4, -3.3]
    field[..., 1] += 0.3 / 120.0 * np.asarray(smooth(height, 1.0))
    field = field.astype(np.float32)
    rng = np.random.default_rng(1)
    a = sample(b, field)
    inside = (field > 2).all(axis=-1) & (field[..., 0] < columns - 3) & (field[..., 1] < rows - 3)
    level = np.float32(noise * b.mean())
    a = np.where(inside, a + level * rng.standard_normal(a.shape, np.float32), np.nan)
    return a, b + level * rng.standard_normal(b.shape, np.float32), field, inside


def joined(strips):
    parts = list(strips)
    names = ("sample_shift", "line_shift", "score", "sigma")
    return [np.concatenate([getattr(p, name) for p in parts]) for name in names]


@pytest.mark.parametrize(("turn", "scale"), [(0.0, 1.0), (183.0, 1.05)])
def test_matches_are_right_to_a_fraction_of_a_pixel(turn, scale):
    a, b, truth, inside = pair(turn, scale)
    across, down, score, sigma = joined(match(picture(a), picture(b)))
    found = np.isfinite(score)
    error = np.linalg.norm(identity(*a.shape) + np.stack([across, down], -1) - truth, axis=-1)[found]
    assert found.sum() > 0.8 * inside.sum()
    assert np.median(error) < 0.1
    assert np.mean(error < 1) > 0.995
    assert not (found & ~inside).any()
    assert 0 < np.median(sigma[found]) < 0.1 and score[found].min() >= Options().threshold


def test_strips_join_without_a_step():
    """Between the last row of a strip and the first of the next the error changes no more than between others, and it
    is no larger about there."""
    rows = STRIP + 3 * MARGIN
    a, b, truth, _ = pair(rows=rows, columns=160)
    across, down, _, _ = joined(match(picture(a), picture(b)))
    assert across.shape == a.shape
    error = identity(*a.shape) + np.stack([across, down], -1) - truth
    border, length = rows // 2, np.linalg.norm(error, axis=-1)
    about = length[border - 8 : border + 8]
    assert np.isfinite(about).mean() > 0.6
    assert np.nanmedian(about) < 1.5 * np.nanmedian(length) + 0.02
    change = np.linalg.norm(np.diff(error[30:-30], axis=0), axis=-1)
    assert np.nanmedian(change[border - 31]) < 2 * np.nanmedian(change)


def test_what_is_a_match_is_left_to_the_strip_whose_row_it_is():
    """Of two strips that disagree by a pixel the one passes into the other; where one has none, the other's stays."""

    def strip(value, rows, holes):
        band = np.full((rows, 3), value, np.float32)
        band[holes, 1] = np.nan
        return Matches(7, *(band.copy() for _ in range(6)))

    first, second = strip(0.0, 50 + BLEND, slice(45, 48)), strip(1.0, 40 + BLEND, slice(0, BLEND + 2))
    own = slice(0, 50), slice(BLEND, 40 + BLEND)
    parts = list(_joined(pair for pair in zip(own, ([first], [second]))))
    assert [one.overlap for (one,) in parts] == [7, 7]
    whole = np.concatenate([one.line_shift for (one,) in parts])
    assert whole.shape == (90, 3)
    assert np.diff(whole[:, 0]).max() == pytest.approx(1 / (2 * BLEND)) and whole[33, 0] == 0 and whole[66, 0] == 1
    assert np.isnan(whole[:, 1]).nonzero()[0].tolist() == [45, 46, 47, 50, 51]
    assert (whole[:45, 1] == 0).all() and 0.5 < whole[52, 1] < 1


def test_what_wide_strips_take_is_what_was_measured(monkeypatch):
    """On two cores, less the 150 MB of the libraries: by resident memory of the command, GDAL's cache at 64 MB."""
    monkeypatch.setattr(dense, "_workers", lambda: 2)
    for columns, others, measured in ((2000, 1, 307), (2000, 2, 511), (5000, 1, 747), (5000, 2, 1173)):
        assert measured < dense.strips_mb(columns, others) < 1.35 * measured


def test_shadow_and_nodata_are_left_out():
    a, b, _, _ = pair()
    a[100:140, 100:150] = 0
    a[200:240, 40:90] = np.nan
    score = joined(match(picture(a), picture(b)))[2]
    assert not np.isfinite(score[100:140, 100:150]).any()
    assert not np.isfinite(score[200:240, 40:90]).any()


def test_a_cancel_ends_the_strips():
    a, b, _, _ = pair(rows=STRIP + 40, columns=160)
    told = []

    def progress(fraction, message):
        told.append(message)
        return message != "Matching"

    with pytest.raises(CancelledError):
        list(match(picture(a), picture(b), progress=progress))
    assert told[-1] == "Matching" and "Seeds" in told


def test_a_small_overlap_is_as_sure_as_a_whole_one():
    a, b, _, _ = pair()
    whole = joined(match(picture(a), picture(b)))[3]
    part = joined(match(picture(a), picture(np.ascontiguousarray(b[:, 200:]))))[3]
    assert np.nanmedian(part) < 1.4 * np.nanmedian(whole[:, 210:])


def test_unmatchable_pairs_are_one_sentence():
    _, b, _, _ = pair(noise=0)
    a = np.ascontiguousarray(b[:, ::-1])
    with pytest.raises(InputError, match="mirror image"):
        list(match(picture(a), picture(b)))
    with pytest.raises(InputError, match="blank"):
        list(match(picture(np.full_like(b, 7)), picture(b)))
    with pytest.raises(InputError, match="too few lines"):
        list(match(picture(b), picture(b[:1])))
    with pytest.raises(InputError, match="fewer than"):
        list(match(picture(ground(seed=9)[1]), picture(np.random.default_rng(0).random(b.shape))))


def test_seeds_tell_turn_and_scale():
    a, b, _, _ = pair(turn=25.0, scale=1.1)
    valid = np.isfinite(a)
    seeds = find_seeds(np.where(valid, a, 0), valid, b, np.ones(b.shape, bool))
    assert seeds.turn == pytest.approx(25.0, abs=0.3)
    assert seeds.scale == pytest.approx(1.1, abs=0.005)


def test_fields_keep_their_place_through_halving_and_moving():
    field = (identity(40, 60) @ np.array([[1.02, 0.01], [-0.02, 0.98]], np.float32) + [3.25, -1.5]).astype(np.float32)
    assert np.abs(upsampled((halved(field) - np.float32(0.5)) / 2, 40, 60) - field).max() < 2e-4
    shift = np.full(field.shape, 0.75, np.float32)
    inner = moved(field, shift)[2:-2, 2:-2]
    expected = (identity(40, 60) + 0.75) @ np.array([[1.02, 0.01], [-0.02, 0.98]], np.float32) + [3.25, -1.5]
    assert np.abs(inner - expected[2:-2, 2:-2]).max() < 1e-3
