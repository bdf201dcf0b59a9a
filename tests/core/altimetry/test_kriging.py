"""The best linear prediction against a second way of computing it, and against the truth."""

from __future__ import annotations

import numpy as np
import pytest

from planetary_dtm.core.altimetry.interpolation import Interpolated, Interpolator, structure
from planetary_dtm.core.altimetry.kriging import predict
from planetary_dtm.core.altimetry.readers import Shots
from planetary_dtm.core.altimetry.search import Sectors
from planetary_dtm.core.bodies import body_named
from planetary_dtm.core.simulation.altimeter import altimeter_shots
from planetary_dtm.core.simulation.terrain import RoughTerrain

MOON = body_named("Moon")


def scattered(seed=3, height=lambda x, y: 0 * x):
    rng = np.random.default_rng(seed)
    lon, lat = rng.uniform(0, 0.02, (2, 60))
    return Interpolator(Shots(lon, lat, 300 * rng.normal(size=60) + height(lon, lat), MOON, MOON.datum))


@pytest.mark.parametrize("place", [(0.011, 0.009), (0.03, 0.01)])  # amid the shots, and beside them all
def test_it_solves_the_kriging_equations(place):
    surface = scattered()
    found = surface.at([place[0]], [place[1]])
    at, filled = found.sectors, np.isfinite(found.sectors.distance[0])
    spot = np.stack([at.east[0], at.north[0]], axis=1)[filled]
    apart, count = structure(np.linalg.norm(spot[:, None] - spot, axis=-1)), int(filled.sum())
    system = np.block([[apart, np.ones((count, 1))], [np.ones((1, count)), np.zeros((1, 1))]])
    own, height = structure(at.distance[0][filled]), surface.shots.altitude[at.index[0]][filled]
    solved = np.linalg.solve(system, np.append(own, 1.0))
    best = predict(found, surface.shots.altitude)
    assert found.altitude[0] + best.bias[0] == pytest.approx(solved[:count] @ height, rel=0.01)
    assert best.variance[0] == pytest.approx(solved[:count] @ own + solved[count], rel=0.01)
    inverse = np.linalg.inv(system)[:count, :count]
    assert best.roughness[0] == pytest.approx(-height @ inverse @ height / (count - 1), rel=0.01)


def test_its_variance_and_roughness_are_those_of_simulated_self_affine_surfaces():
    surface = scattered()
    found = surface.at([0.011], [0.009])
    place = np.vstack([np.zeros(2), np.stack([found.sectors.east[0], found.sectors.north[0]], axis=1)])
    g = structure(np.linalg.norm(place[:, None] - place, axis=-1))
    covariance = g[:, :1] + g[:1] - g + 1e-9 * np.eye(9)  # heights over that of the query
    draws = 7.0 * np.random.default_rng(0).multivariate_normal(np.zeros(9), covariance, 3000)
    many = {
        name: np.repeat(getattr(found.sectors, name), 3000, axis=0) for name in ("distance", "east", "north", "nearest")
    }
    sectors = Sectors(np.arange(24_000).reshape(3000, 8), **many)  # each draw has shots of its own
    here = draws[:, 1:] @ found.weights[0]
    best = predict(Interpolated(here, np.repeat(found.weights, 3000, axis=0), sectors), draws[:, 1:].ravel())
    off = here + best.bias - draws[:, 0]
    assert np.mean(off**2) == pytest.approx(49 * best.variance[0], rel=0.1)
    assert np.mean(best.roughness) == pytest.approx(49, rel=0.05)


def test_it_follows_a_slope_and_beats_shepard():
    rng = np.random.default_rng(1)
    lon, lat = np.radians(rng.uniform(0, 4, (2, 3000)))
    terrain = RoughTerrain(5)
    made = altimeter_shots(terrain, lon, lat, seed=2, wild=0.0)
    surface = Interpolator(Shots(made.lon, made.lat, made.altitude, MOON, MOON.datum))
    truth, found = terrain.height(lon, lat), surface.at(lon, lat)
    best = found.altitude + predict(found, surface.shots.altitude).bias
    assert np.median(np.abs(best - truth)) < 0.97 * np.median(np.abs(found.altitude - truth))
    slope = 1e4 * (surface.shots.lon + 2 * surface.shots.lat)
    shepard = np.einsum("nk,nk->n", found.weights, slope[found.sectors.index])
    on_slope = shepard + predict(Interpolated(shepard, found.weights, found.sectors), slope).bias
    inside = np.isfinite(found.sectors.distance).all(axis=1)
    true = 1e4 * (lon + 2 * lat)
    assert np.median(np.abs(on_slope - true)[inside]) < 0.2 * np.median(np.abs(shepard - true)[inside])


def test_one_shot_alone_predicts_itself():
    surface = Interpolator(Shots(np.zeros(1), np.zeros(1), np.array([5.0]), MOON, MOON.datum))
    best = predict(surface.at([0.1, 0.0], [0.1, 0.0]), np.array([5.0]))
    assert best.bias == pytest.approx([0.0, 0.0]) and best.roughness.tolist() == [0.0, 0.0]
    assert np.isfinite(best.variance).all()
