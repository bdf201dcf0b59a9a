"""Band matrices against dense linear algebra."""

from __future__ import annotations

import numpy as np
import pytest

from planetary_dtm.core.resection.banded import BandMatrix


@pytest.mark.parametrize(("order", "width"), [(300, 90), (70, 69), (500, 3), (64, 10)])
def test_solution_and_inverse_agree_with_dense_algebra(order: int, width: int) -> None:
    random = np.random.default_rng(order)
    row, column = np.nonzero(np.tri(order) - np.tri(order, k=-width - 1))
    value = random.normal(size=len(row))
    dense = np.zeros((order, order))
    dense[row, column] = dense[column, row] = value
    dense += 6.0 * np.sqrt(width + 1) * np.eye(order)
    band = BandMatrix(order, width)
    swap = random.integers(0, 2, len(row)).astype(bool)  # either order of a pair, and in two parts
    band.add(np.where(swap, column, row), np.where(swap, row, column), 0.25 * value)
    band.add(row, column, 0.75 * value)
    band.add(np.arange(order), np.arange(order), np.full(order, 6.0 * np.sqrt(width + 1)))
    factor = band.factor()
    right = random.normal(size=(order, 3))
    np.testing.assert_allclose(factor.solve(right), np.linalg.solve(dense, right), atol=1e-12)
    np.testing.assert_allclose(factor.solve(right[:, 0]), np.linalg.solve(dense, right[:, 0]), atol=1e-12)
    found = factor.inverse()
    inverse = np.linalg.inv(dense)
    np.testing.assert_allclose(found.gather(row, column), inverse[row, column], atol=1e-13)
    np.testing.assert_allclose(found.gather(column, row), inverse[row, column], atol=1e-13)
    root = factor.draw(np.eye(order))
    np.testing.assert_allclose(root @ root.T, inverse, atol=1e-13)


def test_an_indefinite_matrix_is_refused() -> None:
    band = BandMatrix(5, 1)
    band.add(np.arange(5), np.arange(5), np.array([1.0, 1, -1, 1, 1]))
    with pytest.raises(np.linalg.LinAlgError):
        band.factor()
