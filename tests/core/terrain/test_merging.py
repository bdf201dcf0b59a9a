"""DTMs of one ground made one: a sigma of nothing is a height like others, a sigma that is unknown is none."""

import numpy as np
import pytest

from planetary_dtm.core.terrain.merging import Heights, across_flights, within_flight


@pytest.mark.parametrize("merged", [within_flight, across_flights])
def test_a_height_whose_sigma_is_nothing_is_not_lost(merged):
    exact = Heights(np.array([[5.0, 5.0, np.nan]]), np.array([[0.0, 0.0, 0.0]]), np.ones((1, 3)))
    other = Heights(np.array([[np.nan, 9.0, 9.0]]), np.array([[np.nan, 2.0, 2.0]]), np.ones((1, 3)))
    made = merged([exact, other])
    np.testing.assert_allclose(made.height, [[5.0, 5.0, 9.0]], atol=1e-5)
    np.testing.assert_allclose(made.sigma, [[0.001, 0.001, 2.0]], rtol=1.0)
    filled = Heights(np.array([[5.0]]), np.array([[np.nan]]), np.ones((1, 1)))
    assert np.isnan(merged([filled]).height).all()
