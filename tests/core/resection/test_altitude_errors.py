"""Shared altitude errors: the process at the nodes, its length found again, and repeated columns."""

from __future__ import annotations

import numpy as np
import pytest

from planetary_dtm.core.resection.altitude_errors import columns, correlation_along, error_nodes, no_nodes, repeats
from planetary_dtm.core.resection.model import control_points


def markov(count: int, series: int, length: float, seed: int = 0) -> np.ndarray:
    """Unit-variance series (count, series) with correlation exp(-lag / length)."""
    random = np.random.default_rng(seed)
    rho = np.exp(-1.0 / length)
    values = np.empty((count, series))
    values[0] = random.normal(size=series)
    for k in range(1, count):
        values[k] = rho * values[k - 1] + np.sqrt(1 - rho**2) * random.normal(size=series)
    return values


def test_the_prior_is_the_inverse_of_the_markov_covariance_gaps_included() -> None:
    line = np.concatenate([np.arange(0, 40.0), np.arange(100, 130.0)])
    nodes = error_nodes(np.tile(line, 2), np.repeat([0, 1], len(line)), 10.0)
    precision = np.zeros((len(nodes.line),) * 2)
    row, column, value = nodes.prior()
    precision[row, column] = precision[column, row] = value * 0
    for i, j, v in zip(row, column, value):
        precision[i, j] += v
        precision[j, i] += v if i != j else 0.0
    own = np.zeros(len(nodes.line), dtype=int)
    own[nodes.heads[1] :] = 1
    apart = np.abs(nodes.line[:, None] - nodes.line)
    expected = np.where(own[:, None] == own, np.exp(-apart / 10.0), 0.0)
    np.testing.assert_allclose(np.linalg.inv(precision), expected, atol=1e-12)


def test_interpolation_between_nodes_keeps_the_variance() -> None:
    line = np.linspace(0, 500, 2001)
    nodes = error_nodes(line, np.zeros(2001, dtype=int), 20.0)
    a, b = nodes.weight.T
    variance = a**2 + b**2 + 2 * a * b * np.exp(-0.5)
    np.testing.assert_allclose(variance, 1.0, rtol=1e-12)
    assert np.all(nodes.line[nodes.node[:, 0]] <= line + 1e-9)
    assert np.all(nodes.line[nodes.node[:, 1]] >= line - 1e-9)


def test_no_nodes_mean_independent_errors() -> None:
    nodes = no_nodes(7)
    assert nodes.node.shape == (7, 0)
    assert all(len(part) == 0 for part in nodes.prior())


@pytest.mark.parametrize("white", [0.0, 0.3])
def test_the_correlation_length_is_found_again(white: float) -> None:
    values = np.sqrt(1 - white) * markov(4000, 6, 25.0)
    values += np.sqrt(white) * np.random.default_rng(1).normal(size=values.shape)
    line, column = (grid.ravel() for grid in np.meshgrid(np.arange(4000.0), np.arange(6), indexing="ij"))
    length, share = correlation_along(line, column, 2.0 * values.ravel(), 120.0, 20_000.0)
    assert length == pytest.approx(25 * 120.0, rel=0.2)
    assert share == pytest.approx(white, abs=0.1)


def test_independent_errors_have_no_length() -> None:
    values = np.random.default_rng(0).normal(size=(3000, 6))
    line, column = (grid.ravel() for grid in np.meshgrid(np.arange(3000.0), np.arange(6), indexing="ij"))
    assert correlation_along(line, column, values.ravel(), 120.0, 20_000.0) == (0.0, 1.0)


def test_columns_are_views_and_bins_of_samples() -> None:
    points = control_points(0, [0, 0, 0, 1, 1], [0, 2, 511, 0, 511], 0.0, 0.0)
    found = columns(points, 120.0, 3000.0)
    assert found[0] == found[1] != found[2]
    assert len(np.unique(found)) == 4


def test_columns_over_the_same_ground_count_once_together() -> None:
    line = np.arange(0.0, 600.0)
    angle = line * 7e-5
    bearings = np.stack([np.cos(angle), np.sin(angle), np.zeros(600)], axis=1)
    far = np.stack([np.cos(angle) * np.cos(0.05), np.sin(angle) * np.cos(0.05), np.full(600, np.sin(0.05))], axis=1)
    column = np.repeat([0, 1, 2], 600)
    nodes = error_nodes(np.tile(line, 3), column, 25.0)
    length = 25 * 7e-5
    same = repeats(np.concatenate([bearings, bearings, far]), column, nodes, length, 0.0)
    np.testing.assert_allclose(same[:1200], 2.0, atol=0.05)
    np.testing.assert_allclose(same[1200:], 1.0)
    apart = repeats(np.concatenate([bearings, far, -far]), column, nodes, length, 0.0)
    np.testing.assert_allclose(apart, 1.0)
