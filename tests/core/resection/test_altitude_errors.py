"""Shared altitude errors: the process at the nodes, and repeated columns."""

from __future__ import annotations

import numpy as np
import pytest

from planetary_dtm.core.resection.altitude_errors import (
    FINEST,
    LEAST_WHITE,
    Spacing,
    columns,
    error_nodes,
    no_nodes,
    repeats,
)
from planetary_dtm.core.resection.model import control_points


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


def errors_over_sigmas(gap: float, spacing: Spacing | None = None, length: float = 60.0) -> float:
    """Of a height and a slope fitted to GCPs ``gap`` lines apart, errors exp(-distance / length), sigmas uneven."""
    line = np.arange(0.0, 1200.0, gap)
    column = np.zeros(len(line), dtype=int)
    spacing = Spacing.of(line, column, length) if spacing is None else spacing
    nodes = error_nodes(line, column, length, spacing.step)
    precision = np.zeros((len(nodes.line),) * 2)
    for row, other, value in zip(*nodes.prior()):
        precision[row, other] += value
        precision[other, row] += value if row != other else 0.0
    felt = np.zeros((len(line), len(nodes.line)))
    np.put_along_axis(felt, nodes.node, nodes.weight, axis=1)
    sigma = np.where(np.sin(line / 17.0) ** 2 < 0.15, 30.0, 150.0)  # beside a shot and between tracks
    shared = felt @ np.linalg.inv(precision) @ felt.T
    modelled = np.outer(sigma, sigma) * (shared + spacing.white * np.eye(len(line)))
    true = np.outer(sigma, sigma) * np.exp(-np.abs(line[:, None] - line) / length)
    design = np.stack([np.ones(len(line)), line / 1200.0 - 0.5], axis=1)
    gain = np.linalg.solve(modelled, design).T
    said = np.linalg.inv(gain @ design)
    spread = said @ gain @ true @ gain.T @ said
    return float(np.sqrt(np.mean(np.diagonal(spread) / np.diagonal(said))))


@pytest.mark.parametrize("length", [25.0, 60.0, 300.0])
@pytest.mark.parametrize("gap", [1.0, 2.0, 5.0, 12.0, 40.0])
def test_fits_to_errors_know_their_sigma_however_dense_the_control(gap: float, length: float) -> None:
    assert 0.55 < errors_over_sigmas(gap, length=length) < 1.2


def test_what_interpolation_between_nodes_loses_is_no_noise_of_single_gcps() -> None:
    assert errors_over_sigmas(1.0, Spacing(30.0, LEAST_WHITE)) > 1.8


def test_nodes_stand_as_close_as_the_control_asks_and_a_path_can_follow() -> None:
    column = np.zeros(100, dtype=int)
    assert Spacing.of(np.arange(100) * 5.0, column, 10.0) == Spacing(5.0, LEAST_WHITE)
    assert Spacing.of(np.arange(100.0), column, 12.0) == Spacing(6.0, pytest.approx(0.5))
    assert Spacing.of(np.arange(100) * 60.0, column, 60.0) == Spacing(30.0, LEAST_WHITE)
    fine = Spacing.of(np.arange(100) * 12.0, column, 250.0)
    assert 2 * FINEST < fine.step < 125.0 and fine.white == pytest.approx(LEAST_WHITE)
    assert Spacing.of(np.arange(100.0), column, 60.0).step == FINEST
    alone = Spacing.of(np.zeros(3), np.arange(3), 60.0)  # no two along a column
    assert alone == Spacing(30.0, LEAST_WHITE)
