"""The sun's azimuth from an image: over many rendered scenes, few wrong ones unwarned, few right ones warned of."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from planetary_dtm.core.learned import sun
from planetary_dtm.core.learned.greyscale import grey_scale
from planetary_dtm.core.learned.model_file import load_model
from planetary_dtm.core.learned.sun import estimate_sun, find_sun, side_evidence
from planetary_dtm.core.simulation.relief import random_relief
from planetary_dtm.core.simulation.shading import Camera, Scene, render

SCENES = 24


@cache
def scene(number: int, side: int = 320) -> tuple[np.ndarray, float]:
    """A normalised picture of simulated ground and its sun's azimuth."""
    rng = np.random.default_rng([8, number])
    height = random_relief((side, side), 100.0, rng)
    azimuth = float(rng.uniform(0, 360))
    picture = render(height, 100.0, azimuth, float(rng.uniform(35, 70)), Scene(albedo=0.03), Camera(noise=0.02), rng)
    grey, valid = picture.astype(np.float32), np.ones(picture.shape, bool)
    return grey_scale(grey, valid)(grey, valid), azimuth


def away(first: float, second: float) -> float:
    return abs((first - second + 180) % 360 - 180)


def test_the_azimuth_is_found_and_doubt_is_told() -> None:
    errors, warned = [], []
    for number in range(SCENES):
        grey, azimuth = scene(number)
        found, warnings = find_sun(grey, (1.0, 1.0))
        assert found.source == "estimated" and 0.5 <= found.confidence <= 1.0
        errors.append(away(found.azimuth, azimuth))
        warned.append(bool(warnings))
    inverted, doubted = np.array(errors) > 90, np.array(warned)
    assert np.sum(inverted & ~doubted) == 0 and np.sum(~inverted & doubted) <= 0.2 * SCENES
    assert np.median(np.array(errors)[~inverted]) < 6


def test_a_given_sun_is_kept_and_the_wrong_side_warned_of() -> None:
    wrong, right = 0, 0
    for number in range(8):
        grey, azimuth = scene(number)
        kept, warnings = find_sun(grey, (1.0, 1.0), azimuth + 20)
        assert kept.azimuth == pytest.approx((azimuth + 20) % 360) and kept.source == "given"
        right += bool(warnings)
        opposite, warnings = find_sun(grey, (1.0, 1.0), azimuth + 180)
        wrong += bool(warnings)
        assert opposite.confidence < 0.5 or not warnings
    assert wrong >= 7 and right == 0


def test_turning_the_image_turns_the_sun() -> None:
    grey, _ = scene(3)
    azimuth, evidence, _ = estimate_sun(grey)
    turned, same, _ = estimate_sun(np.ascontiguousarray(np.rot90(grey, -1)))
    assert away(turned, azimuth + 90) < 0.5 and same == pytest.approx(evidence, rel=0.05)


def test_opposite_sides_weigh_the_same() -> None:
    grey, azimuth = scene(3)
    there, opposite = side_evidence(grey, azimuth), side_evidence(grey, azimuth + 180)
    assert there > 0 > opposite and abs(there + opposite) < 0.2 * there


def test_oblong_pixels_do_not_bend_the_axis() -> None:
    for number in range(4):
        grey, azimuth = scene(number)
        squeezed = grey[:, : grey.shape[1] // 2 * 2].reshape(len(grey), -1, 2).mean(axis=2)
        found, _, _ = estimate_sun(squeezed, (2.0, 1.0))
        assert min(away(found, azimuth), away(found + 180, azimuth)) < 15


def test_large_images_are_halved_not_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    grey, azimuth = scene(2)
    monkeypatch.setattr(sun, "PIXELS", 40_000)
    found, _, _ = estimate_sun(grey)
    assert min(away(found, azimuth), away(found + 180, azimuth)) < 15


@pytest.mark.parametrize("shape", [(1, 1), (5, 400), (50, 60)])
def test_images_that_tell_nothing_are_doubted(shape: tuple[int, int]) -> None:
    flat = np.zeros(shape, np.float32)
    _, warnings = find_sun(flat, (1.0, 1.0))
    assert len(warnings) == 1 and "SUN_AZIMUTH" in warnings[0]
    assert find_sun(flat, (1.0, 1.0), 77.0)[1] == ()
    noise = np.random.default_rng(0).normal(size=(256, 256)).astype(np.float32)
    assert find_sun(noise, (1.0, 1.0))[1] != ()


def test_the_shipped_network_was_not_trained_on_evaluation_ground() -> None:
    boxes = load_model(sun.MODEL).card["training_boxes"]
    west, south, east, north = 1.5, 24.0, 4.5, 27.0
    assert boxes and not any(b[0] < east and b[2] > west and b[1] < north and b[3] > south for b in boxes)
