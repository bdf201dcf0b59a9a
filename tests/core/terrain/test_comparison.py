"""The numbers of a comparison, each against a case whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from planetary_dtm.core.errors import InputError
from planetary_dtm.core.simulation.relief import random_relief
from planetary_dtm.core.terrain.comparison import compare_grids, compare_points, concordance, shape_scores, slope

PIXEL = (20.0, 30.0)


@pytest.fixture(scope="module")
def ground():
    return np.asarray(random_relief((96, 128), 25.0, 3), np.float64)


def test_known_difference(ground):
    rng = np.random.default_rng(0)
    apart = 5.0 + 2.0 * rng.standard_normal(ground.shape)
    height = ground + apart
    height[3, 4] = np.nan
    found = compare_grids(height, ground, PIXEL)
    assert found.count == ground.size - 1
    assert found.bias == pytest.approx(5.0, abs=0.1)
    assert found.rmse == pytest.approx(np.sqrt(29.0), rel=0.02)
    assert found.nmad == pytest.approx(2.0, rel=0.05)
    assert found.le90 == pytest.approx(np.percentile(np.abs(apart), 90), rel=0.01)
    assert 0.9 < found.cc < 1


def test_slopes_are_degrees_on_the_ground():
    row, column = np.mgrid[:40, :50]
    east, north = np.tan(np.radians(10.0)), np.tan(np.radians(-20.0))
    plane = east * column * PIXEL[0] - north * row * PIXEL[1]
    assert np.allclose(slope(plane, PIXEL), np.degrees(np.arctan(np.hypot(east, north))))
    assert compare_grids(plane, plane * 0, PIXEL).slope_rmse == pytest.approx(slope(plane, PIXEL)[0, 0])


def test_points_leave_out_what_is_unknown():
    found = compare_points(np.array([1.0, 2.0, np.nan, 5.0]), np.array([0.0, 2.5, 3.0, 3.0]))
    assert found.count == 3 and found.bias == pytest.approx(2.5 / 3) and np.isnan(found.slope_rmse)


def test_nothing_in_common_is_one_sentence():
    with pytest.raises(InputError, match="share no valid pixel"):
        compare_grids(np.full((4, 4), np.nan), np.zeros((4, 4)), PIXEL)


def test_shape_scores_forgive_level_tilt_and_scale(ground):
    row, column = np.mgrid[: ground.shape[0], : ground.shape[1]]
    same = shape_scores(2.0 * ground + 700.0 + 3.0 * row - 2.0 * column, ground, PIXEL)
    assert same.scale == pytest.approx(0.5, rel=1e-6)
    assert same.rmse_affine == pytest.approx(0.0, abs=1e-6)
    assert np.allclose(same.cc, 1.0)
    assert same.rmse_offset > same.rmse_plane > 10 * same.rmse_affine
    assert max(same.concordance) < 0.9  # twice as high is not concordant
    assert np.allclose(same.spectrum, 2.0, rtol=1e-6)


def test_inverted_terrain_is_told(ground):
    upside_down = shape_scores(-ground, ground, PIXEL)
    assert upside_down.scale == pytest.approx(-1.0) and max(upside_down.cc) < -0.99
    assert upside_down.aspect_error == pytest.approx(180.0)


def test_concordance_is_one_only_for_equal_samples():
    a = np.random.default_rng(1).standard_normal(500)
    assert concordance(a, a) == pytest.approx(1.0)
    assert concordance(a, a + 1) == pytest.approx(2 * a.var() / (2 * a.var() + 1))
