"""Grey for the network: one scale for a scene, and one that follows the surroundings over wide ground."""

from __future__ import annotations

import numpy as np
import pytest

from planetary_dtm.core.learned import greyscale
from planetary_dtm.core.learned.greyscale import CLIP, even_grey, grey_scale
from planetary_dtm.core.simulation.shading import smooth

WIDE = 128


@pytest.fixture(autouse=True)
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Narrow surroundings, so that small pictures show what wide ones would."""
    monkeypatch.setattr(greyscale, "WIDE", WIDE)
    monkeypatch.setattr(greyscale, "_CELL", WIDE // 8)


def ground(rows: int = 600, columns: int = 900, seed: int = 0) -> np.ndarray:
    """Texture that is five times as strong, and brighter, in the right half as in the left."""
    texture = smooth(np.random.default_rng(seed).normal(size=(rows, columns)).astype(np.float32), 2.0)
    right = 1 / (1 + np.exp(-(np.arange(columns) - columns / 2) / 20.0))
    return np.asarray(100 + 40 * right + texture * (10 + 40 * right), np.float32)


def all_of(image: np.ndarray) -> np.ndarray:
    return np.ones(image.shape, bool)


def test_plains_and_highlands_come_to_the_same_contrast() -> None:
    image = ground(600, 1300)
    even, spread = even_grey(image, all_of(image))
    plain, rough = even[:, :150], even[:, -150:]
    assert 0.75 < plain.std() / rough.std() < 1.33 and max(abs(plain.mean()), abs(rough.mean())) < 1.2
    true = image[:, -150:].std() / image[:, :150].std()
    assert spread[:, -150:].mean() / spread[:, :150].mean() == pytest.approx(true, rel=0.25)
    flat = grey_scale(image, all_of(image))(image, all_of(image))
    assert flat[:, -150:].std() / flat[:, :150].std() > 3  # what one scale for all would give


def test_a_place_keeps_its_contrast_whatever_extent_it_is_part_of() -> None:
    image = ground(500, 1400)
    valid = all_of(image)
    _, whole = even_grey(image, valid)
    _, part = even_grey(image[:, :1100], valid[:, :1100])
    inner = slice(None), slice(0, 1100 - 3 * WIDE)
    assert part[inner] == pytest.approx(whole[inner], rel=0.02)
    scales = [grey_scale(image[:, :stop], valid[:, :stop]) for stop in (1400, 700)]
    assert scales[0].spread > 1.2 * scales[1].spread  # one scale for all depends on the extent


def test_gain_and_offset_of_the_camera_do_not_matter() -> None:
    image = ground(300, 300)
    even, spread = even_grey(image, all_of(image))
    other, stretched = even_grey(3 * image - 7, all_of(image))
    assert np.abs(other - even).max() < 1e-3 and stretched == pytest.approx(3 * spread, rel=1e-4)
    assert np.abs(even).max() <= CLIP


def test_what_is_invalid_is_zero_and_does_not_count() -> None:
    image = 100 + 30 * smooth(np.random.default_rng(2).normal(size=(200, 260)).astype(np.float32), 2.0)
    valid = np.random.default_rng(1).random(image.shape) > 0.2
    valid[40:120, 60:140] = False
    results = [even_grey(np.where(valid, image, junk).astype(np.float32), valid) for junk in (0.0, 1e6)]
    assert np.array_equal(results[0][0], results[1][0]) and np.all(results[0][0][~valid] == 0)
    assert np.isfinite(results[0][1]).all() and (results[0][1] > 0).all()
    full, _ = even_grey(image, all_of(image))
    assert np.abs(results[0][0] - full)[valid].mean() < 0.1


@pytest.mark.parametrize("value", [0.0, 255.0])
def test_a_blank_picture_is_zero(value: float) -> None:
    image = np.full((50, 70), value, np.float32)
    even, spread = even_grey(image, all_of(image))
    assert np.all(even == 0) and np.isfinite(spread).all()


def test_the_scale_of_one_pixel_and_of_none() -> None:
    assert grey_scale(np.float32([[7.0]]), np.array([[True]])).centre == 7.0
    assert grey_scale(np.float32([[7.0]]), np.array([[False]])) == greyscale.GreyScale(0.0, 1.0, CLIP)


def test_the_scale_is_of_percentiles() -> None:
    grey = np.arange(10001, dtype=np.float32).reshape(1, -1)
    scale = grey_scale(grey, all_of(grey))
    assert scale.centre == 5000 and scale.spread == pytest.approx((8413 - 1587) / 2) and scale.clip == CLIP
    rare = np.where(np.arange(100) < 5, 30, 10).astype(np.float32)[None]  # percentiles that are equal: the deviation
    assert grey_scale(rare, all_of(rare)).spread == pytest.approx(rare.std())
