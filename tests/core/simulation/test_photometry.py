"""Photometric laws: their limits, reciprocity, and the multiple scattering term against its integral equation."""

from __future__ import annotations

import numpy as np
import pytest

from planetary_dtm.core.simulation.photometry import Hapke, LunarLambert, reflectance

ANGLES = np.random.default_rng(0).uniform(0.05, 1.0, (2, 200))


def test_lunar_lambert_ends_at_lambert_and_lommel_seeliger() -> None:
    mu0, mu = ANGLES
    assert LunarLambert(0.0)(mu0, mu, np.array(0.5)) == pytest.approx(mu0)
    assert LunarLambert(1.0)(mu0, mu, np.array(0.5)) == pytest.approx(2 * mu0 / (mu0 + mu))


def test_lunar_lambert_weight_follows_phase() -> None:
    one = np.array(1.0)
    weight = [float(LunarLambert()(np.array(0.5), one, np.radians(g)) - 0.5) * 6 for g in (0.0, 30.0, 90.0)]
    assert weight == pytest.approx([1.0, 1 - 0.57 + 0.2178 - 0.03942, 1 - 1.71 + 1.9602 - 1.06434], abs=1e-9)


@pytest.mark.parametrize("law", [Hapke(), Hapke(0.6, 0.3, -0.1, 0.5, 0.1), LunarLambert(1.0)])
def test_reciprocity(law: Hapke | LunarLambert) -> None:
    mu0, mu = ANGLES
    phase = np.array(0.9)
    assert law(mu0, mu, phase) / mu0 == pytest.approx(law(mu, mu0, phase) / mu)


def test_hapke_multiple_scattering_solves_the_integral_equation() -> None:
    """H(x) = 1 + w/2 x H(x) int H(y)/(x+y) dy (Chandrasekhar 1960): the approximation holds to 4 %."""
    w, (y, weight) = 0.6, np.polynomial.legendre.leggauss(64)
    y, weight = (y + 1) / 2, weight / 2
    exact = np.ones_like(y)
    for _ in range(200):
        exact = 1 / (1 - w / 2 * y * np.sum(weight * exact / (y[:, None] + y), axis=1))
    isotropic = Hapke(w, b=0.0, c=0.0, b0=0.0)
    value = isotropic(y, y, np.array(0.0)) * 4 / w * 2
    assert np.sqrt(value) == pytest.approx(exact, rel=0.04)


def test_nothing_is_seen_from_below_or_without_sun() -> None:
    for law in (LunarLambert(), Hapke()):
        assert law(np.array([-0.2, 0.5]), np.array([0.5, -0.1]), np.array(1.0)).tolist() == [0.0, 0.0]


def test_reflectance_uses_the_angles_of_the_vectors() -> None:
    normals = np.array([[0.0, 0.0, 1.0], [0.0, 0.6, 0.8]])
    sun = np.array([0.0, np.sin(0.5), np.cos(0.5)])
    value = reflectance(normals, sun, np.array([0.0, 0.0, 1.0]), np.array([1.0, 2.0]), LunarLambert(0.0))
    assert value == pytest.approx([np.cos(0.5), 2 * (0.6 * np.sin(0.5) + 0.8 * np.cos(0.5))])
