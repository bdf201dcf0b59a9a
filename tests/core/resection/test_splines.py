"""The uniform cubic B-spline against its defining properties."""

from __future__ import annotations

import numpy as np
import pytest

from planetary_dtm.core.resection.splines import UniformSpline

SPLINE = UniformSpline.over(-3.0, 41.0, 4.0)
T = np.random.default_rng(0).uniform(-3.0, 41.0, 200)


def test_the_basis_covers_the_span_with_intervals_no_wider_than_asked() -> None:
    assert SPLINE.step <= 4.0
    assert SPLINE.start + (SPLINE.count - 3) * SPLINE.step == pytest.approx(41.0)
    assert UniformSpline.over(5.0, 5.0, 10.0).count == 4


def test_cubics_and_their_derivatives_are_reproduced_ends_included() -> None:
    cubic = np.polynomial.Polynomial([2.0, -0.3, 0.05, 0.004])
    t = np.linspace(-3.0, 41.0, 400)
    coefficients = SPLINE.fit(t, cubic(t))
    for derivative in range(4):
        found = SPLINE.evaluate(coefficients, t, derivative)
        np.testing.assert_allclose(found, cubic.deriv(derivative)(t), rtol=1e-6, atol=1e-6)


def test_derivatives_agree_with_finite_differences() -> None:
    coefficients = np.random.default_rng(1).normal(size=(SPLINE.count, 3))
    for derivative in (0, 1):
        step = 1e-5
        numeric = SPLINE.evaluate(coefficients, T + step, derivative) - SPLINE.evaluate(
            coefficients, T - step, derivative
        )
        exact = SPLINE.evaluate(coefficients, T, derivative + 1)
        np.testing.assert_allclose(numeric / (2 * step), exact, rtol=1e-6, atol=1e-8)


def test_weights_design_and_centres_agree() -> None:
    first, weights = SPLINE.weights(T)
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, atol=1e-14)
    assert first.min() >= 0 and first.max() <= SPLINE.count - 4
    coefficients = np.random.default_rng(2).normal(size=SPLINE.count)
    np.testing.assert_allclose(SPLINE.design(T) @ coefficients, SPLINE.evaluate(coefficients, T), atol=1e-13)
    np.testing.assert_allclose(SPLINE.evaluate(SPLINE.centres, T), T, atol=1e-12)


def test_roughness_sees_only_what_is_no_parabola() -> None:
    parabola = 3.0 - SPLINE.centres + 0.2 * SPLINE.centres**2
    assert np.abs(SPLINE.roughness() @ parabola).max() < 1e-10
    assert np.abs(SPLINE.roughness() @ SPLINE.centres**3).min() > 1.0


def test_a_gap_is_bridged_and_stiffness_smooths() -> None:
    t = np.concatenate([np.linspace(-3, 8, 60), np.linspace(30, 41, 60)])
    bridged = SPLINE.fit(t, 0.5 * t)
    np.testing.assert_allclose(SPLINE.evaluate(bridged, np.array([19.0])), 9.5, atol=1e-3)
    noisy = np.random.default_rng(3).normal(size=200)
    stiff, loose = (SPLINE.evaluate(SPLINE.fit(T, noisy, 1.0, s), T).std() for s in (1e3, 1e-9))
    assert stiff < 0.6 * loose
