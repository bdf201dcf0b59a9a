"""Shepard interpolation and the variance its geometry gives, each against a second way of computing it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planetary_dtm.core.altimetry.interpolation import HURST, Interpolator, interpolate, unit_variance
from planetary_dtm.core.altimetry.readers import Shots
from planetary_dtm.core.bodies import body_named
from planetary_dtm.core.errors import InputError

MOON = body_named("Moon")


def scattered(n=400, seed=0, noise=100.0):
    rng = np.random.default_rng(seed)
    lon, lat = rng.uniform(0.1, 0.2, n), rng.uniform(0.1, 0.2, n)
    return Shots(lon, lat, noise * rng.normal(size=n), MOON, MOON.datum)


def test_formula():
    shots = scattered()
    surface = Interpolator(shots, bins=8, power=2.0)
    found = surface.at([0.15], [0.16])
    nearest = found.sectors.index[0]
    weight = found.sectors.distance[0] ** -2
    assert found.altitude[0] == pytest.approx(np.sum(weight * shots.altitude[nearest]) / weight.sum(), rel=1e-12)


def test_a_query_on_a_shot_returns_it_and_shots_of_one_place_their_mean():
    shots = scattered()
    assert np.allclose(interpolate(shots, shots.lon, shots.lat), shots.altitude, atol=1e-9)
    twice = Shots(*(np.append(getattr(shots, n), getattr(shots, n)[:1]) for n in ("lon", "lat", "altitude")), MOON, "")
    twice.altitude[-1] += 10
    surface = Interpolator(twice)
    assert len(surface) == len(shots)
    assert surface.at(shots.lon[:1], shots.lat[:1]).altitude[0] == pytest.approx(shots.altitude[0] + 5)
    assert surface.place[0] == surface.place[-1]


def test_shots_of_one_place_are_merged_with_the_second_axis_of_numpy_2_0(monkeypatch):
    usual = np.unique

    def with_an_axis(values, *, axis=None, **options):
        found = usual(values, axis=axis, **options)
        return found if axis is None else (*found[:-1], found[-1].reshape(-1, 1))

    monkeypatch.setattr(np, "unique", with_an_axis)
    test_a_query_on_a_shot_returns_it_and_shots_of_one_place_their_mean()


def test_empty_sectors_contribute_nothing_and_a_constant_stays_one():
    shots = replace(scattered(), altitude=np.full(400, 7.0))
    outside = interpolate(shots, np.array([0.0, 0.3, -3.0]), np.array([0.15, 0.15, -1.5]))
    assert np.allclose(outside, 7.0)


def test_shape_follows_the_queries():
    assert interpolate(scattered(), np.full((3, 4), 0.15), 0.15).shape == (3, 4)
    assert interpolate(scattered(), np.empty(0), np.empty(0)).shape == (0,)


def test_leave_one_out_is_the_interpolation_without_the_shot():
    shots = scattered(60)
    error, variance = Interpolator(shots).left_out
    for row in (0, 17):
        rest = Interpolator(shots.kept(np.arange(60) != row))
        found = rest.at(shots.lon[row : row + 1], shots.lat[row : row + 1])
        assert error[row] == pytest.approx(found.altitude[0] - shots.altitude[row], abs=1e-9)
        assert variance[row] == pytest.approx(unit_variance(found)[0], rel=1e-9)


def test_unit_variance_is_that_of_simulated_self_affine_surfaces():
    """A Gaussian field with the stated structure function, drawn 20,000 times at the shots and the query."""
    rng = np.random.default_rng(5)
    shots = scattered(12, seed=3)
    found = Interpolator(shots).at([0.15], [0.15])
    used = np.isfinite(found.sectors.distance[0])
    place = np.stack([found.sectors.east[0][used], found.sectors.north[0][used]], axis=1) / 1000
    place = np.vstack([place, [[0.0, 0.0]]])
    # differences to the query have covariance g(i) + g(j) - g(i - j)
    g = lambda d: d ** (2 * HURST)  # noqa: E731
    away = np.linalg.norm(place, axis=1)
    apart = np.linalg.norm(place[:, None] - place[None], axis=-1)
    covariance = g(away)[:, None] + g(away)[None] - g(apart)
    weights = np.append(found.weights[0][used], 0.0)
    assert unit_variance(found)[0] == pytest.approx(weights @ covariance @ weights, rel=1e-3)
    draws = rng.multivariate_normal(np.zeros(len(place)), covariance, 20_000, check_valid="ignore")
    assert np.var(draws @ weights) == pytest.approx(unit_variance(found)[0], rel=0.05)


def test_unusable_settings_are_named():
    with pytest.raises(InputError, match="3 sectors"):
        Interpolator(scattered(), bins=2)
    broken = scattered()
    broken.altitude[3] = np.nan
    with pytest.raises(InputError, match="finite"):
        Interpolator(broken)
