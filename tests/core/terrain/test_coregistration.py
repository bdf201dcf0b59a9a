"""A terrain displaced and bent comes back with its shift and trend; noise and wild cells do not matter."""

import numpy as np
import pytest

from planetary_dtm.core.errors import InputError
from planetary_dtm.core.terrain.coregistration import coregister
from planetary_dtm.core.terrain.sampling import cubic


def terrain(rows, columns, seed=0):
    noise = np.random.default_rng(seed).normal(size=(rows, columns))
    power = np.hypot(*np.meshgrid(np.fft.fftfreq(columns), np.fft.fftfreq(rows)))
    shaped = np.fft.fft2(noise) * np.exp(-((power / 0.08) ** 2)) / np.maximum(power, 0.01)
    made = np.fft.ifft2(shaped).real
    return 500.0 * made / made.std()


def test_shift_and_trend_come_back():
    reference = terrain(120, 150)
    rows, columns = np.mgrid[10:100, 20:130].astype(float)
    true = np.array([2.4, -3.7])
    height = np.full(reference.shape, np.nan)
    bent = 300.0 + 4.0 * rows - 2.0 * columns + 0.03 * (columns - 75) ** 2 - 0.02 * rows * columns
    seen = cubic(reference, rows.ravel() + true[0], columns.ravel() + true[1]).reshape(rows.shape)
    noise = np.random.default_rng(1).normal(0, 20.0, rows.shape)
    noise[::9, ::7] += 3000.0
    height[10:100, 20:130] = seen + bent + noise
    found = coregister(height, reference, np.ones(reference.shape, bool))
    assert abs(found.rows - true[0]) < 0.02 and abs(found.cols - true[1]) < 0.02
    assert found.nmad == pytest.approx(20.0, rel=0.05)
    assert np.abs(found.trend[10:100, 20:130] - bent).max() < 10.0


def test_without_shift_and_trend_none_is_found():
    reference = terrain(90, 90)
    found = coregister(reference + 5.0, reference, np.ones(reference.shape, bool), search=2)
    assert abs(found.rows) < 1e-3 and abs(found.cols) < 1e-3
    assert np.nanmax(np.abs(found.trend - 5.0)) < 0.01 and found.nmad < 0.01


def test_too_little_in_common_is_refused():
    height = np.full((50, 50), np.nan)
    height[:5, :5] = 1.0
    with pytest.raises(InputError, match="shares .. cells"):
        coregister(height, terrain(50, 50), np.ones((50, 50), bool), search=1)


def test_shifts_under_which_little_is_shared_are_passed_over():
    """The reference is known on 11 x 11 cells alone: moved by six, hardly any would be left."""
    reference, valid = terrain(60, 60), np.zeros((60, 60), bool)
    valid[20:31, 20:31] = True
    found = coregister(np.where(valid, reference + 5.0, np.nan), reference, valid)
    assert abs(found.rows) < 0.01 and abs(found.cols) < 0.01 and found.nmad < 0.01
