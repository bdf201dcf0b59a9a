"""The trajectory's normal equations: a step ends where the cost is least, covariances are a dense inverse's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planetary_dtm.core.resection.altitude_errors import error_nodes, no_nodes
from planetary_dtm.core.resection.ground_rows import targets
from planetary_dtm.core.resection.lateral_bias import LateralBias
from planetary_dtm.core.resection.path import fit_nominal, fit_path
from planetary_dtm.core.resection.splines import UniformSpline
from planetary_dtm.core.resection.trajectory_system import Noise, State, System
from planetary_dtm.core.simulation.scene import simulate, with_altitude_noise, with_lateral_noise
from planetary_dtm.core.simulation.terrain import PaperTerrain

LINES = 400


@pytest.fixture(scope="module")
def flight():
    """Scene, noisy GCPs, their targets and a path near the truth with knots 100 and 50 lines apart."""
    scene = simulate("ce1", PaperTerrain(), LINES, seed=1, start_latitude=0.3, altimetry=False, line_step=4)
    points = with_lateral_noise(scene.control, scene.sensor.body_radius_m, 5.0, 1)
    points = with_altitude_noise(points, 50.0, 1)
    points = points[np.argsort(points.line, kind="stable")]
    truth = scene.truth
    splines = (UniformSpline.over(truth.line[0], truth.line[-1], step) for step in (100.0, 50.0))
    nominal = fit_nominal(truth.line, truth.position, truth.rotation())
    path = fit_path(nominal, *splines, truth.line, truth.position, truth.rotation())
    return scene, points, targets(points, scene.sensor), path


def noise_of(count, shared=0.0):
    every = np.ones(count)
    roughness = np.array([20.0, 20.0, 20.0, 2e-5, 2e-5, 2e-5])
    return Noise(5.0 * every, 50.0 * every, (1 - shared) * every, shared * every, roughness)


def systems(flight):
    """Independent altitudes; altitudes that neighbours share; and biases of the views beside them."""
    _, points, seen, path = flight
    count = len(points)
    alone = System(seen, path, no_nodes(count))
    yield "alone", alone, State(path, np.empty(0), np.empty(0)), noise_of(count)
    nodes = error_nodes(points.line, points.view * 2 + (points.sample > 0), 60.0)
    system = System(seen, path, nodes)
    process = np.random.default_rng(2).normal(0, 0.3, len(nodes.line))
    yield "shared", system, State(path, process, np.empty(0)), noise_of(count, 0.6)
    bias = LateralBias.about(seen, points.view, 3, path.nominal.axes[:, 2])
    values = np.random.default_rng(3).normal(0, 20.0, bias.count)
    yield "bias", System(seen, path, nodes, bias), State(path, process, values), noise_of(count, 0.6)


def slopes(system, state, noise, at):
    """Derivatives of the cost along each kind of unknown, per sigma, near a state."""
    rng = np.random.default_rng(4)
    step = system.solve(at, noise)
    found = []
    for _ in range(12):
        draw = step.factor.draw(rng.normal(size=(system.layout.order, 1)))[:, 0]
        turn = rng.normal(size=len(step.bias_change)) * 5.0
        along = replace(step, change=draw, bias_change=turn)
        ends = [system.cost(system.moved(state, along, sign * 0.05), noise) for sign in (1, -1)]
        found.append((ends[0] - ends[1]) / 0.1)
    return np.abs(found)


@pytest.mark.parametrize("kind", ["alone", "shared", "bias"])
def test_a_step_ends_where_the_cost_is_least(flight, kind):
    system, state, noise = next(case[1:] for case in systems(flight) if case[0] == kind)
    for _ in range(4):
        settled = system.moved(state, system.solve(state, noise), 1.0)
        assert system.cost(settled, noise) <= system.cost(state, noise) * (1 + 1e-9)
        first, state = state, settled
    assert slopes(system, state, noise, state).max() < 0.05
    away = system.moved(state, replace(system.solve(first, noise), change=_pushed(system, state, noise)), 1.0)
    assert slopes(system, away, noise, state).max() > 1.0
    back = system.moved(away, system.solve(away, noise), 1.0)
    assert system.cost(back, noise) == pytest.approx(system.cost(state, noise), rel=1e-4)


def _pushed(system, state, noise):
    """Changes of three sigmas of all unknowns."""
    step = system.solve(state, noise)
    return 3.0 * step.factor.draw(np.random.default_rng(5).normal(size=(system.layout.order, 1)))[:, 0]


def dense(system, state, noise):
    """Covariance of all unknowns, bias terms last, by finite differences of the cost."""
    step = system.solve(state, noise)
    order, terms = system.layout.order, len(step.bias_change)
    inverse = step.factor.solve(np.eye(order))
    whole = np.zeros((order + terms, order + terms))
    whole[:order, :order] = inverse
    if terms:
        effect, own = step.border.effect, step.border.covariance
        whole[:order, :order] += effect @ own @ effect.T
        whole[:order, order:], whole[order:, order:] = effect @ own, own
        whole[order:, :order] = whole[:order, order:].T
    return whole


@pytest.mark.parametrize("kind", ["shared", "bias"])
def test_the_cost_curves_as_its_covariance_says(flight, kind):
    """(cost(x + d) + cost(x - d) - 2 cost(x)) / 2 is the square of d in sigmas, for draws d of the covariance."""
    system, state, noise = next(case[1:] for case in systems(flight) if case[0] == kind)
    for _ in range(4):
        state = system.moved(state, system.solve(state, noise), 1.0)
    step, covariance = system.solve(state, noise), dense(system, state, noise)
    order = system.layout.order
    root = np.linalg.cholesky(covariance + 1e-12 * np.diag(np.diag(covariance)))
    rng, base = np.random.default_rng(6), system.cost(state, noise)
    for _ in range(8):
        unit = rng.normal(size=len(root))
        draw = root @ unit * 0.3
        along = replace(step, change=draw[:order], bias_change=draw[order:])
        ends = [system.cost(system.moved(state, along, sign), noise) for sign in (1.0, -1.0)]
        assert (sum(ends) - 2 * base) / 2 == pytest.approx(0.09 * unit @ unit, rel=0.02)


@pytest.mark.parametrize("kind", ["alone", "bias"])
def test_pose_covariances_and_draws_are_those_of_the_unknowns(flight, kind):
    system, state, noise = next(case[1:] for case in systems(flight) if case[0] == kind)
    step, path = system.solve(state, noise), state.path
    order, line = system.layout.order, system.seen.line
    taps = np.zeros((len(line), 6, order))
    for first, spline, place in ((0, path.place, system.layout.place), (3, path.turn, system.layout.turn)):
        start, share = spline.weights(line)
        for tap in range(4):
            for component in range(3):
                taps[np.arange(len(line)), first + component, place[start + tap, component]] += share[:, tap]
    covariance = dense(system, state, noise)[:order, :order]
    expected = taps @ covariance @ np.swapaxes(taps, 1, 2)
    found = system.pose_covariance(step.factor.inverse(), step.border)
    scale = np.sqrt(np.einsum("lii->li", expected))
    size = scale[:, :, None] * scale[:, None]
    np.testing.assert_allclose(found / size, expected / size, atol=1e-6)
    rows, _ = system.rows(state, noise)
    drawn = system.drawn(state, rows, step, 4000)
    own = rows.by_pose[:, 0]
    variance = np.einsum("ni,nij,nj->n", own, expected[system.seen.row], own)
    np.testing.assert_allclose(np.mean(drawn**2, axis=0), variance, rtol=0.15)


def test_roughness_is_that_of_third_differences(flight):
    system, state, noise = next(case[1:] for case in systems(flight) if case[0] == "shared")
    inverse = system.solve(state, noise).factor.inverse()
    squares, variances, counts = system.roughness(state.path, inverse)
    covariance = dense(system, state, noise)
    for part, place, own in (
        (slice(0, 3), system.layout.place, state.path.shifts),
        (slice(3, 6), system.layout.turn, state.path.turns),
    ):
        differences = np.diff(np.eye(len(own)), 3, axis=0)
        np.testing.assert_allclose(squares[part], np.sum((differences @ own) ** 2, axis=0))
        assert (counts[part] == len(own) - 3).all()
        for k, component in enumerate(range(3)):
            block = covariance[np.ix_(place[:, component], place[:, component])]
            assert variances[part][k] == pytest.approx(np.trace(differences @ block @ differences.T), rel=1e-5)
