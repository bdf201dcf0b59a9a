"""Octave bands: nothing lost, nothing moved; holes filled from around."""

from __future__ import annotations

import numpy as np
import pytest

from planetary_dtm.core.simulation.shading import fractal
from planetary_dtm.core.terrain.pyramid import collapse, fill_invalid, octave_bands, sample_bands, step_of


@pytest.mark.parametrize("shape", [(96, 130), (257, 200), (40, 40), (5, 7)])
def test_bands_add_up_to_the_relief(shape: tuple[int, int]) -> None:
    relief = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    bands = octave_bands(relief)
    assert np.abs(collapse(bands, np.ones(len(bands))) - relief).max() < 1e-5


def test_a_band_holds_its_octave_and_stays_in_place() -> None:
    column = np.arange(256.0)
    for wave in (6.0, 12.0, 24.0, 48.0):
        relief = (np.sin(2 * np.pi * column / wave) * np.ones((256, 1))).astype(np.float32)
        bands = octave_bands(relief)
        alone = [collapse(bands, np.eye(len(bands))[k])[64:-64, 64:-64] for k in range(len(bands))]
        power = np.array([band.std() for band in alone])
        strongest = alone[int(power.argmax())]
        assert 4 * 2 ** power.argmax() / 2 <= wave <= 4 * 2 ** power.argmax() * 2
        assert np.corrcoef(strongest.ravel(), relief[64:-64, 64:-64].ravel())[0, 1] > 0.999


def test_sampling_agrees_with_the_full_grid() -> None:
    relief = fractal((128, 150), np.random.default_rng(1), 3.5) * 100
    bands = octave_bands(relief)
    row, col = np.array([20.0, 64.0, 101.0]), np.array([33.0, 90.0, 17.0])
    sampled = sample_bands(bands, row, col)
    for band in range(len(bands)):
        full = collapse(bands, np.eye(len(bands))[band])[row.astype(int), col.astype(int)]
        assert sampled[:, band] == pytest.approx(full, abs=0.15 * bands[band].std() + 1e-3)
    assert [step_of(band) for band in range(5)] == [1, 1, 1, 2, 4]


def test_holes_are_filled_from_around_and_the_rest_is_kept() -> None:
    row, col = np.mgrid[0:60, 0:80].astype(np.float32)
    plane = 3 * row - 2 * col
    valid = np.ones(plane.shape, bool)
    valid[20:30, 30:45] = False
    filled = fill_invalid(np.where(valid, plane, np.nan), valid)
    assert np.array_equal(filled[valid], plane[valid]) and np.abs(filled - plane).max() < 15
    assert np.array_equal(fill_invalid(plane, np.zeros_like(valid)), np.zeros_like(plane))
