"""Small systems side by side against LAPACK, pivoting included."""

from __future__ import annotations

import numpy as np
import pytest

from planetary_dtm.core.systems import invert_many, solve_many


@pytest.mark.parametrize("size", (1, 2, 3, 6, 10))
def test_solutions_are_lapacks(size: int) -> None:
    generator = np.random.default_rng(size)
    matrix = generator.normal(size=(50, size, size))
    matrix[::3, 0, 0] = 0.0 if size > 1 else 1.0  # needs another pivot
    right = generator.normal(size=(50, size, 4))
    given = matrix.copy(), right.copy()
    condition = np.linalg.cond(matrix)[:, None, None]
    wanted = np.linalg.solve(matrix, right)
    off = np.abs(solve_many(matrix, right) - wanted)
    assert np.all(off < 1e-14 * size * condition * np.abs(wanted).max(axis=(1, 2), keepdims=True))
    assert np.allclose(invert_many(matrix) @ matrix, np.eye(size), atol=1e-13 * condition.max())
    assert np.array_equal(matrix, given[0]) and np.array_equal(right, given[1])


def test_a_singular_system_is_refused() -> None:
    matrix = np.stack([np.eye(3), np.zeros((3, 3))])
    with pytest.raises(np.linalg.LinAlgError):
        invert_many(matrix)


def test_no_system_at_all() -> None:
    assert solve_many(np.empty((0, 3, 3)), np.empty((0, 3, 2))).shape == (0, 3, 2)
