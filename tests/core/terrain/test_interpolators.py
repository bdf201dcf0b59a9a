"""The plain interpolators where shots are arranged as they may be."""

from __future__ import annotations

import numpy as np
import pytest

from planetary_dtm.core.terrain.interpolators import BASELINES


@pytest.mark.parametrize("name", BASELINES)
def test_shots_on_one_line_are_interpolated_along_it(name: str) -> None:
    along, heading = np.linspace(0.0, 1000.0, 50), np.array([0.6, 0.8])
    shots, altitude = along[:, None] * heading, 40.0 * np.sin(along / 150.0)
    between = along[10:40] + 7.0
    found = BASELINES[name](shots, altitude, between[:, None] * heading)
    assert np.abs(found - 40.0 * np.sin(between / 150.0)).max() < 8.0
    if name in ("Delaunay", "thin plate"):  # nothing is known of the ground across the line
        beside = between[:, None] * heading + 90.0 * np.array([-0.8, 0.6])
        assert np.abs(BASELINES[name](shots, altitude, beside) - found).max() < 1e-6
