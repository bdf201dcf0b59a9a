"""Parts of the refinement: how corrections move the ground, by moving the cameras, and ties thinned to one a cell."""

from __future__ import annotations

import numpy as np
import pytest

from planetary_dtm.core.resection.model import TiePoints
from planetary_dtm.core.resection.nominal_path import NominalPath
from planetary_dtm.core.resection.refine import ground_by_correction, spread

from . import narrow


def ground_of(path, line, radius):
    """Where the middle ray of each line meets the sphere."""
    camera = path.corrected()
    origin, direction = camera.rays(line, np.full(len(line), 0.5 * (camera.samples - 1)))
    along = np.sum(origin * direction, axis=1)
    far = np.sum(direction**2, axis=1)
    reach = (-along - np.sqrt(along**2 - far * (np.sum(origin**2, axis=1) - radius**2))) / far
    return origin + reach[:, None] * direction


@pytest.mark.parametrize("image", [0, 1])
def test_corrections_move_the_ground_as_moved_cameras_show(image):
    path = NominalPath.over(narrow.spoiled()[image], 4, 512.0)
    line = np.array([100.0, 900.5, 2000.0])
    moved = ground_by_correction(path, line, narrow.RADIUS)
    frame, zero = path.at(line).frame, np.zeros
    for component in range(6):
        size = 0.5 if component < 3 else 1e-6
        shifts, turns = zero((path.place.count, 3)), zero((path.turn.count, 3))
        (shifts if component < 3 else turns)[:, component % 3] = size  # the same all along: splines' shares add up to 1
        ends = [ground_of(path.moved(sign * shifts, sign * turns), line, narrow.RADIUS) for sign in (1.0, -1.0)]
        seen = np.einsum("lji,lj->li", frame, (ends[0] - ends[1]) / (2 * size))
        scale = 1.0 if component < 3 else narrow.HEIGHT
        np.testing.assert_allclose(
            moved[:, 1:, component] / scale, seen[:, 1:] / scale, atol=5e-3
        )  # level ground, not a sphere
        assert np.abs(moved[:, 0, component]).max() < 1e-6 * scale


def test_one_tie_a_cell_of_the_first_image_is_kept():
    samples = narrow.SAMPLES  # 16 cells of 20
    line = np.array([0.0, 63.0, 64.0, 63.0, 63.0])
    sample = np.array([0.0, 19.0, 0.0, 20.0, samples - 1.0])
    both = [np.stack([values, values], axis=1) for values in (line, sample)]
    ties = TiePoints(both[0], np.tile([0, 1], (5, 1)), both[1], np.ones((5, 2)))
    kept = spread(ties, narrow.pair())
    np.testing.assert_array_equal(kept.line[:, 0], [0.0, 63.0, 63.0, 64.0])
    np.testing.assert_array_equal(kept.sample[:, 0], [0.0, 20.0, samples - 1.0, 0.0])
