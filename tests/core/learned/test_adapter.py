"""JMARS mode: with a model that returns its input, the view must come back exactly where and as it was."""

from __future__ import annotations

import numpy as np
import pytest

from planetary_dtm.core.errors import InputError
from planetary_dtm.core.learned.adapter import (
    SIDE,
    area_mean,
    bilinear,
    from_square,
    is_colourised,
    jmars_heights,
    placement,
    to_grey,
    to_grey8,
    to_square,
)
from planetary_dtm.core.learned.greyscale import grey_scale


def identity(square: np.ndarray) -> np.ndarray:
    assert square.shape == (SIDE, SIDE) and square.dtype == np.float32
    return square


def sizes(count: int) -> list[tuple[int, int]]:
    rng = np.random.default_rng(7)
    corners = [(1, 1), (1, SIDE), (SIDE, 1), (SIDE, SIDE), (SIDE - 1, 2), (3, 5), (511, 513)]
    small = [tuple(np.exp(rng.uniform(0, np.log(SIDE), 2)).astype(int)) for _ in range(count // 2)]
    return corners + small + [tuple(rng.integers(1, SIDE + 1, 2)) for _ in range(count // 2)]


@pytest.mark.parametrize("shape", sizes(60))
def test_identity_returns_every_small_view_bit_for_bit(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(shape[0] * 2000 + shape[1])
    view = rng.integers(0, 256, shape, dtype=np.uint8)
    image = to_grey8(to_grey(view[None]))
    heights = jmars_heights(image.grey, image.valid, identity)
    assert heights.shape == shape and heights.dtype == np.float32
    assert np.array_equal(heights.astype(np.uint8), view) and np.array_equal(heights, view.astype(np.float32))


def test_identity_with_nodata_keeps_valid_pixels_and_marks_the_rest() -> None:
    rng = np.random.default_rng(1)
    view, valid = rng.integers(0, 256, (90, 41), dtype=np.uint8), rng.random((90, 41)) > 0.4
    image = to_grey(view[None], valid)
    heights = jmars_heights(image.grey, image.valid, identity)
    assert np.array_equal(np.isnan(heights), ~valid) and np.array_equal(heights[valid], view[valid].astype(np.float32))


def overlap_matrix(have: int, want: int) -> np.ndarray:
    """Share of each fine pixel in each coarse cell, written down plainly."""
    border = np.arange(want + 1) * have / want
    pixel = np.arange(have)
    low, high = np.maximum(border[:-1, None], pixel), np.minimum(border[1:, None], pixel + 1)
    return np.clip(high - low, 0, None) * want / have


def tent_matrix(have: int, want: int) -> np.ndarray:
    """Bilinear interpolation between pixel centres, flat beyond the outermost ones."""
    at = np.clip((np.arange(want) + 0.5) * have / want - 0.5, 0, have - 1)
    return np.clip(1 - np.abs(at[:, None] - np.arange(have)), 0, None)


@pytest.mark.parametrize("shape", [(1025, 700), (1300, 1300), (333, 2048), (2050, 1), (1, 3000), (1500, 1024)])
def test_identity_on_large_views_equals_plain_down_and_up_scaling(shape: tuple[int, int]) -> None:
    view = np.random.default_rng(shape[0]).integers(0, 256, shape).astype(np.float32)
    height, width = (max(1, round(n * SIDE / max(shape))) for n in shape)
    down = overlap_matrix(shape[0], height) @ view @ overlap_matrix(shape[1], width).T
    up = tent_matrix(height, shape[0]) @ down @ tent_matrix(width, shape[1]).T
    heights = jmars_heights(view, np.ones(shape, bool), identity)
    assert np.abs(heights - up).max() < 1e-3


def test_large_views_come_back_unshifted() -> None:
    """A ramp keeps its place: cells that cut pixels ripple by a few hundredths, but 0.01 px of shift would show."""
    row, column = np.mgrid[0:1700, 0:1234]
    for ramp, axis in ((row, 0), (column, 1)):
        error = jmars_heights(ramp.astype(np.float32), np.ones(ramp.shape, bool), identity) - ramp
        inner = np.take(np.take(error, range(3, 1230), 1), range(3, 1690), 0)
        assert abs(inner.mean()) < 1e-3 and np.abs(inner).max() < 0.06, axis


def test_flips_and_turns_commute_with_the_adapter() -> None:
    """Even free margins on both sides: a turned view must give the turned result (no half pixel anywhere)."""
    view = np.random.default_rng(3).integers(0, 256, (1400, 900)).astype(np.float32)
    valid = np.random.default_rng(4).random(view.shape) > 0.02
    straight = jmars_heights(view, valid, identity)
    for turn in (np.flipud, np.fliplr, np.transpose):
        turned = jmars_heights(np.ascontiguousarray(turn(view)), np.ascontiguousarray(turn(valid)), identity)
        assert np.allclose(turned, turn(straight), atol=1e-3, equal_nan=True)


def test_nodata_values_do_not_matter_to_anything_else() -> None:
    """Whatever stands in the invalid pixels, the valid ones' heights stay the same bits."""
    rng = np.random.default_rng(5)
    for shape in ((70, 50), (1500, 1100)):
        view, valid = rng.integers(0, 256, shape).astype(np.float32), rng.random(shape) > 0.3
        valid[: shape[0] // 4, : shape[1] // 4] = False
        views = [np.where(valid, view, junk).astype(np.float32) for junk in (0, 255, -32768, 1e30)]
        squares = [to_square(dirty, valid, placement(shape)) for dirty in views]
        results = [jmars_heights(dirty, valid, identity) for dirty in views]
        for square, result in zip(squares[1:], results[1:]):
            assert np.array_equal(square, squares[0]) and np.array_equal(result, results[0], equal_nan=True)
        assert squares[0].min() >= 0 and squares[0].max() <= 255


def test_the_square_is_filled_with_mirror_images() -> None:
    view = np.arange(6, dtype=np.float32).reshape(2, 3)
    square = to_square(view, np.ones((2, 3), bool), placement((2, 3), 8))
    assert np.array_equal(square[3:5, 2:5], view)
    assert np.array_equal(square, np.pad(view, ((3, 3), (2, 3)), mode="symmetric"))


def test_placement_keeps_aspect_and_never_enlarges() -> None:
    assert placement((10, 20)).size == (10, 20)
    place = placement((4096, 1000))
    assert place.size == (1024, 250) and place.offset == (0, 387)
    assert placement((1, 9000)).size == (1, 1024)
    assert from_square(np.ones((SIDE, SIDE), np.float32), place).shape == (4096, 1000)


def test_same_view_same_bits() -> None:
    view = np.random.default_rng(6).random((1200, 1500)).astype(np.float32) * 255
    first, second = (jmars_heights(view, np.ones(view.shape, bool), identity) for _ in range(2))
    assert first.tobytes() == second.tobytes()


def test_area_mean_keeps_the_mean_and_bilinear_the_constant() -> None:
    view = np.random.default_rng(8).random((333, 77))
    assert np.isclose(area_mean(view, (41, 13)).mean(), view.mean(), rtol=1e-12)
    assert np.array_equal(bilinear(np.full((3, 4), 7, np.float32), (50, 60)), np.full((50, 60), 7, np.float32))


def test_bad_views_are_refused() -> None:
    with pytest.raises(InputError, match="nodata only"):
        jmars_heights(np.zeros((5, 5), np.float32), np.zeros((5, 5), bool), identity)
    with pytest.raises(InputError, match="at least one"):
        placement((0, 4))
    with pytest.raises(InputError, match="no bands"):
        to_grey(np.zeros((0, 4, 4)))


def test_grey_of_bands() -> None:
    rng = np.random.default_rng(9)
    grey = rng.integers(0, 256, (1, 20, 30), dtype=np.uint8)
    alpha = np.where(rng.random((1, 20, 30)) > 0.5, 255, 0).astype(np.uint8)
    plain, with_alpha = to_grey(grey), to_grey(np.concatenate([grey, grey, grey, alpha]))
    assert np.array_equal(plain.grey, grey[0]) and plain.valid.all() and plain.warnings == ()
    assert np.array_equal(with_alpha.valid, alpha[0] > 0) and with_alpha.warnings == ()
    assert np.array_equal(with_alpha.grey[with_alpha.valid], grey[0][with_alpha.valid])
    holes = np.where(grey > 100, grey, np.nan).astype(np.float64)
    assert np.array_equal(to_grey(holes).valid, grey[0] > 100)
    luma = to_grey(np.stack([np.full((2, 2), value, np.uint8) for value in (255, 0, 0)]))
    assert np.allclose(luma.grey, 0.299 * 255)
    assert to_grey(rng.random((6, 4, 4))).warnings[0].startswith("The image has 6 bands")


def test_eight_bit_grey() -> None:
    counts = to_grey(np.linspace(0, 4000, 100, dtype=np.float32).reshape(1, 10, 10))
    eight = to_grey8(counts).grey
    assert eight.min() == 0 and eight.max() == 255 and np.array_equal(eight, np.rint(eight))
    assert (np.diff(eight.ravel()) >= 0).all()
    unit = to_grey8(to_grey(np.array([[[0.0, 0.5, 1.0]]])))
    assert unit.grey.tolist() == [[0, 128, 255]]
    luma = to_grey8(to_grey(np.array([[[10.0, 20.4, 99.6]]])))
    assert luma.grey.tolist() == [[10, 20, 100]]


def hue_ramp(t: np.ndarray) -> np.ndarray:
    """Blue - green - yellow - red, as elevation maps are coloured."""
    knots = np.linspace(0, 1, 5)
    colours = np.array([[0, 0, 160], [0, 160, 220], [40, 180, 60], [250, 230, 50], [200, 20, 20]])
    return np.stack([np.interp(t, knots, channel) for channel in colours.T])


def test_colourised_products_are_warned_of_and_natural_colour_is_not() -> None:
    rng = np.random.default_rng(10)
    t = np.linspace(0, 1, 64)[:, None] * np.ones(64) + rng.normal(0, 0.02, (64, 64))
    shade = np.clip(rng.normal(0.7, 0.15, (64, 64)), 0, 1)
    warned = to_grey((hue_ramp(t) * shade).astype(np.uint8))
    assert len(warned.warnings) == 1 and "colourised" in warned.warnings[0]
    mars = np.stack([shade * 220, shade * 150, shade * 90]) + rng.normal(0, 6, (3, 64, 64))
    moon = np.stack([shade * 200, shade * 198, shade * 190]) + rng.normal(0, 3, (3, 64, 64))
    for natural in (mars, moon):
        assert to_grey(np.clip(natural, 0, 255).astype(np.uint8)).warnings == ()
    assert not is_colourised(*mars.astype(np.float32), np.zeros((64, 64), bool))


def test_robust_grey_is_unmoved_by_gain_offset_and_a_few_wild_pixels() -> None:
    rng = np.random.default_rng(11)
    grey = rng.normal(100, 20, (80, 80)).astype(np.float32)
    valid = rng.random(grey.shape) > 0.1
    base = grey_scale(grey, valid)(grey, valid)
    other = (grey * 3 + 50).astype(np.float32)
    assert np.allclose(grey_scale(other, valid)(other, valid), base, atol=1e-4)
    assert abs(np.median(base[valid])) < 1e-6 and 0.9 < base[valid].std() < 1.1 and (base[~valid] == 0).all()
    wild = grey.copy()
    wild[:1] = 1e6
    assert np.allclose(grey_scale(wild, valid)(grey, valid), base, atol=0.1) and abs(base).max() <= 4
    flat = np.full((5, 5), 3, np.float32)
    assert (grey_scale(flat, np.ones((5, 5), bool))(flat, np.ones((5, 5), bool)) == 0).all()
    assert np.allclose(grey_scale(grey, valid, "symmetric")(np.float32([[0, 255]]), np.ones((1, 2), bool)), [[-1, 1]])
    assert np.array_equal(grey_scale(grey, valid, "raw")(grey, np.ones_like(valid)), grey)


def test_each_colour_has_its_weight_and_five_bands_are_too_many() -> None:
    for weight, colour in zip((0.299, 0.587, 0.114), np.eye(3)):
        assert np.allclose(to_grey(100 * np.float32(colour)[:, None, None]).grey, 100 * weight)
    assert to_grey(np.zeros((4, 2, 2))).warnings == () and len(to_grey(np.zeros((5, 2, 2))).warnings) == 1


@pytest.mark.parametrize(
    "values, eight",
    [
        ([50.4, 100.3, 255.0], [50, 100, 255]),  # 8-bit luma up to its very end
        ([0.2, 1.6], [0, 2]),  # dark 8-bit luma, not a fraction of one
        ([-100.0, 0.0, 100.0], [0, 128, 255]),  # whole numbers, but signed
        ([0.0, 1000.0, 2000.0], [0, 128, 255]),  # whole numbers of more than 8 bits
        ([0.0, 0.04, 0.12], [0, 85, 255]),  # radiance factors of dark ground
        ([0.0, 0.4, 1.2], [0, 85, 255]),  # and of a mirror
    ],
)
def test_what_counts_as_eight_bit(values: list[float], eight: list[int]) -> None:
    made = to_grey8(to_grey(np.array([[values]])))
    assert made.grey.tolist() == [eight]


def test_invalid_pixels_stay_zero_when_stretched() -> None:
    made = to_grey8(to_grey(np.array([[[-5.0, 100.0, 3000.0]]]), np.array([[True, False, True]])))
    assert made.grey.tolist() == [[0, 0, 255]]


def two_hues(first: tuple[float, ...], second: tuple[float, ...], share: float = 0.5) -> bool:
    """Whether a picture of two colours, ``share`` of it the first, counts as colourised."""
    picked = np.arange(100)[:, None] < 100 * share
    bands = (np.where(picked, a, b).astype(np.float32) for a, b in zip(first, second))
    return is_colourised(*bands, np.ones((100, 1), bool))


def test_opposite_hues_are_colourised_from_a_tenth_of_the_brightest_band() -> None:
    assert two_hues((200, 179, 179), (100, 121, 121)) and not two_hues((200, 181, 181), (100, 119, 119))
    assert two_hues((179, 179, 200), (121, 121, 100)) and not two_hues((181, 181, 200), (119, 119, 100))
    # One hue in nine tenths of the picture is natural colour.
    assert two_hues((200, 100, 100), (100, 200, 200), 0.88) and not two_hues((200, 100, 100), (100, 200, 200), 0.92)


def test_holes_do_not_darken_what_is_scaled_down() -> None:
    valid = np.random.default_rng(12).random((1500, 1100)) > 0.6
    place = placement(valid.shape)
    np.testing.assert_allclose(to_square(np.where(valid, 80, 0).astype(np.float32), valid, place), 80, rtol=1e-5)
