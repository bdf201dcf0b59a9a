"""The parts of the surface's search: places along a flight, cells, costs of shifts, and the cheapest chain of them."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from planetary_dtm.core.resection import surface_search
from planetary_dtm.core.resection.surface_search import Strip


def test_a_strip_is_arc_along_arc_across_and_distance():
    radius, frame = 1000.0, np.eye(3)[:, [2, 0, 1]]  # the middle of the flight over the pole
    along, across, far = np.array([0.1, -0.2]), np.array([0.05, 0.0]), np.array([1010.0, 990.0])
    flying = np.stack([np.cos(across) * np.cos(along), np.cos(across) * np.sin(along), np.sin(across)], axis=1)
    found = Strip.of(far[:, None] * flying @ frame.T, frame, radius)
    np.testing.assert_allclose(found.along, radius * along)
    np.testing.assert_allclose(found.across, radius * across, atol=1e-9)
    np.testing.assert_allclose(found.height, far)


def test_cells_hold_means_and_know_where_they_end():
    rng = np.random.default_rng(1)
    surface = Strip(rng.uniform(50, 450, 900), rng.uniform(-100, 100, 900), rng.normal(0, 1, 900))
    grid = surface_search._grid(surface, 400.0)
    assert grid.cell == max(400.0 / surface_search.CELLS_REACHED, surface_search.FINEST * _spacing(surface))
    row = ((surface.along - surface.along.min()) / grid.cell).astype(int)
    column = ((surface.across - surface.across.min()) / grid.cell).astype(int)
    assert grid.height.shape == (row.max() + 1, column.max() + 1)
    own = (row == 1) & (column == 2)
    assert grid.at(np.array([1]), np.array([2]))[0] == pytest.approx(surface.height[own].mean())
    rows, columns = grid.height.shape
    outside = grid.at(np.array([-1, rows, 0, 0]), np.array([0, 0, -1, columns]))
    assert np.isnan(outside).all()
    corner = grid.at(np.array([rows - 1]), np.array([columns - 1]))
    np.testing.assert_array_equal(corner, grid.height[-1:, -1])
    assert surface_search._grid(Strip(*np.zeros((3, 99))), 400.0) is None


def _spacing(surface):
    return np.sqrt(np.ptp(surface.along) * np.ptp(surface.across) / len(surface.along))


def test_the_chain_is_the_cheapest_of_all():
    rng = np.random.default_rng(2)
    place = np.array([0, 1, 2, 4])
    square = (place[:, None] - place) ** 2
    for _ in range(20):
        costs, tolerance = rng.uniform(0, 5, (5, 4)), rng.uniform(0.5, 3, 4)

        def total(chain, costs=costs, tolerance=tolerance):
            own = sum(costs[k, s] for k, s in enumerate(chain))
            return own + sum(square[a, b] / (2 * t) for a, b, t in zip(chain, chain[1:], tolerance))

        best = min(product(range(4), repeat=5), key=total)
        assert tuple(surface_search._chain(costs, square, tolerance)) == best


def test_a_shift_costs_what_the_shots_then_stand_off():
    along, across = (values.ravel() for values in np.meshgrid(np.arange(0.0, 4000, 5), np.arange(0.0, 200, 5)))

    def ground(x, y):
        return 30 * np.sin(x / 60) * np.cos(y / 45)

    grid = surface_search._grid(Strip(along, across, ground(along, across)), 160.0)
    track = np.arange(1000.0, 3000, 6)
    shots = Strip(track, np.full(len(track), 100.0), ground(track + 2 * grid.cell, 100.0 - grid.cell) + 0.02 * track)
    steps = np.arange(-3, 4)
    down, right = (values.ravel() for values in np.meshgrid(steps, steps, indexing="ij"))
    cost = surface_search._costs(grid, shots, down, right)
    best = int(np.argmin(cost))
    assert (down[best], right[best]) == (2, -1)
    assert surface_search._costs(grid, Strip(*np.zeros((3, 3))), down, right) is None
    away = Strip(track + 1e5, shots.across, shots.height)
    assert surface_search._costs(grid, away, down, right) is None
