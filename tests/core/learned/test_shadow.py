"""Cast shadows are found, and the sigma of levelled terrain grows inside them as its error does."""

from __future__ import annotations

import numpy as np
import pytest

from planetary_dtm.core.learned.shadow import shadow_depth
from planetary_dtm.core.simulation.relief import random_relief
from planetary_dtm.core.simulation.shading import Camera, Scene, cast_shadows, render, smooth
from planetary_dtm.core.simulation.tracks import Altimeter, simulate_tracks
from planetary_dtm.core.terrain.levelling import level_relative

SIDE, PIXEL = 192, 100.0
ALL = np.ones((SIDE, SIDE), bool)


def test_depth_is_the_distance_to_lit_ground() -> None:
    grey = np.full((60, 80), 100.0, np.float32) + np.random.default_rng(0).normal(0, 10, (60, 80)).astype(np.float32)
    grey[20:31, 40:61] = 0.0
    grey[:, :4] = 0.0  # reaches the border, beyond which nothing is known
    depth = shadow_depth(grey, np.ones(grey.shape, bool))
    assert depth[25, 50] == 6 and depth[20, 50] == 1 and depth[25, 41] == 2 and depth[10, 70] == 0
    assert depth[10, 3] == 1 and depth[10, 0] == 4
    valid = np.ones(grey.shape, bool)
    valid[20:31, 40:61] = False
    assert np.all(shadow_depth(grey, valid)[20:31, 40:61] == 0)


@pytest.mark.parametrize("grey", [np.zeros((9, 9)), np.random.default_rng(0).normal(size=(300, 300)) + 9])
def test_a_picture_without_shadows_has_none(grey: np.ndarray) -> None:
    assert not shadow_depth(grey.astype(np.float32), np.ones(grey.shape, bool)).any()


def test_rendered_shadows_are_found_and_lit_ground_is_not_taken_for_one() -> None:
    truth = 2.0 * random_relief((SIDE, SIDE), PIXEL, 12).astype(np.float32)
    grey = render(truth, PIXEL, 270.0, 74.0, Scene(albedo=0.05), Camera(noise=0.01), 0).astype(np.float32)
    lit = cast_shadows(truth, PIXEL, 270.0, 74.0)
    found = shadow_depth(grey, ALL) > 0
    inner = smooth((lit < 0.01).astype(np.float32), 1.0) > 0.9
    assert inner.mean() > 0.005 and found[inner].mean() > 0.9 and found[lit > 0.99].mean() < 0.05


def test_sigma_grows_in_shadow() -> None:
    truth = random_relief((SIDE, SIDE), PIXEL, 12).astype(np.float32)
    shots = simulate_tracks(truth.astype(float), ALL, PIXEL, Altimeter(4000.0, PIXEL, 3.0), 0)
    hidden = np.zeros(truth.shape, np.float32)
    hidden[60:100, 60:100] = 500.0
    plain, told = (level_relative(truth / 2, ALL, PIXEL, shots, hidden=dark) for dark in (None, hidden))
    assert np.array_equal(plain.height, told.height)
    assert np.array_equal(plain.sigma[hidden == 0], told.sigma[hidden == 0])
    slope = np.sqrt(np.mean(np.square(np.gradient(truth, PIXEL))))
    extra = np.sqrt(told.sigma[80, 80] ** 2 - plain.sigma[80, 80] ** 2)
    assert extra == pytest.approx(500.0 * slope, rel=0.2)
