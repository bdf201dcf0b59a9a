"""Withheld shots stand for the ground between the tracks: their geometry and their errors are those of true places."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planetary_dtm.core.altimetry.error_features import COUNT, features, log_roughness
from planetary_dtm.core.altimetry.interpolation import Interpolator, best_prediction, structure, unit_variance
from planetary_dtm.core.altimetry.readers import Shots
from planetary_dtm.core.altimetry.withholding import places_between, withhold
from planetary_dtm.core.bodies import body_named
from planetary_dtm.core.simulation.altimeter import altimeter_shots
from planetary_dtm.core.simulation.terrain import RoughTerrain

MOON = body_named("Moon")


@pytest.fixture(scope="module")
def tracks():
    """A surface of Chang'E-1's shots at the equator, places under them and the true heights there."""
    rng = np.random.default_rng(1)
    lon, lat = np.radians(rng.uniform(0, 4, (2, 3000)))
    terrain = RoughTerrain(5)
    made = altimeter_shots(terrain, lon, lat, seed=2, wild=0.0)
    return Interpolator(Shots(made.lon, made.lat, made.altitude, MOON, MOON.datum)), lon, lat, terrain.height(lon, lat)


def test_places_are_even_between_the_tracks(tracks):
    surface, lon, lat, _ = tracks
    drawn = unit_variance(surface.at(*places_between(surface, 3000, np.random.default_rng(0))))
    there = unit_variance(surface.at(lon, lat))
    for share in (0.25, 0.5, 0.75):
        assert np.quantile(drawn, share) == pytest.approx(np.quantile(there, share), rel=0.15)


def test_withheld_errors_are_as_large_as_true_ones(tracks):
    surface, lon, lat, truth = tracks
    held = withhold(surface, np.random.default_rng(0))
    error = np.abs(surface.at(lon, lat).altitude - truth)
    middle = unit_variance(held.found) < np.quantile(unit_variance(held.found), 0.9)
    assert 0.75 < np.median(held.error[middle]) / np.median(error) < 1.5
    left_out, _ = surface.left_out
    assert np.median(np.abs(left_out)) < 0.9 * np.median(error)  # one shot left out tells too little


def test_the_shots_withheld_are_not_among_the_rest(tracks):
    surface = tracks[0]
    held = withhold(surface, np.random.default_rng(0))
    assert len(held.rest) == len(surface) - len(surface) // 10
    assert len(held.error) == len(held.found.altitude) == len(held.around.altitude)


def test_features_tell_far_shots_and_rough_ground(tracks):
    surface, lon, lat, truth = tracks
    patches = lambda x, y: 0.05 + np.clip(np.sin(300 * x) * np.sin(300 * y), 0.0, 1.0)  # noqa: E731
    shots = surface.shots
    patchy = replace(shots, altitude=shots.altitude * patches(shots.lon, shots.lat))
    surface = Interpolator(patchy)
    found = surface.at(lon, lat)
    known = features(found, patchy.altitude, log_roughness(surface), 1.0)
    assert known.shape == (len(lon), COUNT) and np.isfinite(known).all()
    error = np.log(np.abs(found.altitude - truth * patches(lon, lat)) + 1.0)
    assert np.corrcoef(known[:, 0], error)[0, 1] > 0.15
    assert np.corrcoef(known[:, 1], error)[0, 1] > 0.4


def test_the_best_prediction_follows_a_slope_and_beats_shepard(tracks):
    surface, lon, lat, truth = tracks
    found = surface.at(lon, lat)
    predicted = best_prediction(found, surface.shots.altitude)
    assert np.median(np.abs(predicted - truth)) < 0.97 * np.median(np.abs(found.altitude - truth))
    slope = 1e4 * (surface.shots.lon + 2 * surface.shots.lat)
    on_slope = best_prediction(found, slope)
    inside = np.isfinite(found.sectors.distance).all(axis=1)
    true = 1e4 * (lon + 2 * lat)
    shepard = np.einsum("nk,nk->n", found.weights, slope[found.sectors.index])
    assert np.median(np.abs(on_slope - true)[inside]) < 0.2 * np.median(np.abs(shepard - true)[inside])


def test_the_best_prediction_by_hand():
    rng = np.random.default_rng(3)
    lon, lat = rng.uniform(0, 0.02, (2, 60))
    height = 300 * rng.normal(size=60)
    surface = Interpolator(Shots(lon, lat, height, MOON, MOON.datum))
    found = surface.at([0.011], [0.009])
    at = found.sectors
    place = np.stack([at.east[0], at.north[0]], axis=1)
    apart = structure(np.linalg.norm(place[:, None] - place, axis=-1))
    system = np.block([[apart, np.ones((8, 1))], [np.ones((1, 8)), np.zeros((1, 1))]])
    weights = np.linalg.solve(system, np.append(structure(at.distance[0]), 1.0))[:8]
    assert best_prediction(found, height)[0] == pytest.approx(weights @ height[at.index[0]], rel=0.01)


def test_one_shot_alone_predicts_itself():
    surface = Interpolator(Shots(np.zeros(1), np.zeros(1), np.array([5.0]), MOON, MOON.datum))
    assert best_prediction(surface.at([0.1, 0.0], [0.1, 0.0]), np.array([5.0])) == pytest.approx([5.0, 5.0])
