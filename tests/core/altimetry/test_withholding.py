"""Withheld shots stand for the ground between the tracks: their geometry and their errors are those of true places."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planetary_dtm.core.altimetry import withholding
from planetary_dtm.core.altimetry.error_features import features, log_roughness
from planetary_dtm.core.altimetry.interpolation import Interpolator, unit_variance
from planetary_dtm.core.altimetry.readers import Shots
from planetary_dtm.core.altimetry.sigma import fit_sigma
from planetary_dtm.core.altimetry.withholding import (
    as_places,
    places_between,
    whole_tracks,
    withheld_places,
    withheld_tracks,
)
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
    shots = Shots(made.lon, made.lat, made.altitude, MOON, MOON.datum, track=made.track)
    return Interpolator(shots), lon, lat, terrain.height(lon, lat)


def test_places_are_even_between_the_tracks(tracks):
    surface, lon, lat, _ = tracks
    drawn = unit_variance(surface.at(*places_between(surface, 3000, np.random.default_rng(0))))
    there = unit_variance(surface.at(lon, lat))
    for share in (0.25, 0.5, 0.75):
        assert np.quantile(drawn, share) == pytest.approx(np.quantile(there, share), rel=0.15)


def _folds(size, seed=0):
    return np.array_split(np.random.default_rng(seed).permutation(size), 10)


def test_withheld_errors_are_as_large_as_true_ones(tracks):
    surface, lon, lat, truth = tracks
    held = as_places(surface, _folds(len(surface))[0], 6000, np.random.default_rng(0))
    error = np.abs(surface.at(lon, lat).altitude - truth)
    middle = unit_variance(held.found) < np.quantile(unit_variance(held.found), 0.9)
    assert 0.75 < np.median(held.error[middle]) / np.median(error) < 1.5
    left_out, _ = surface.left_out
    assert np.median(np.abs(left_out)) < 0.9 * np.median(error)  # one shot left out tells too little


def test_roughness_is_looked_for_no_nearer_than_the_shots_that_interpolate(tracks):
    surface = tracks[0]
    held = as_places(surface, _folds(len(surface))[0], 3000, np.random.default_rng(0))
    around, found = (np.nanmean(np.where(np.isfinite(d), d, np.nan), axis=1) for d in _distances(held))
    assert (around >= 0.999 * found).mean() > 0.99


def _distances(held):
    return held.around.sectors.distance, held.found.sectors.distance


def test_the_shots_withheld_are_not_among_the_rest(tracks):
    surface = tracks[0]
    fold = _folds(len(surface))[0]
    held = as_places(surface, fold, 6000, np.random.default_rng(0))
    assert len(held.rest) == len(surface) - len(fold)
    assert len(held.error) == len(held.found.altitude) == len(held.around.altitude)
    one = surface.shots.track == surface.shots.track[0]
    held = whole_tracks(surface, one, 20, np.random.default_rng(0))
    assert not np.isin(held.rest.shots.track, surface.shots.track[0]).any()
    assert held.found.sectors.distance.min() > 3000.0  # the next track's


def test_what_tracks_disagree_by_shows_only_where_whole_tracks_are_withheld():
    rng = np.random.default_rng(4)
    track = np.repeat(np.arange(40), 100)
    along, across = np.tile(np.linspace(0, 0.02, 100), 40), np.repeat(rng.uniform(0, 0.02, 40), 100)
    east = (track % 2).astype(bool)
    lon, lat = np.where(east, along, across), np.where(east, across, along)
    height = lambda x, y: 300 * np.sin(100 * x) * np.cos(120 * y)  # noqa: E731
    off = 8 * rng.normal(size=40)
    shots = Shots(lon, lat, height(lon, lat) + off[track], MOON, MOON.datum, track=track)
    surface = Interpolator(shots)
    (_, error, which), (_, lone) = withheld_tracks(surface, rng), withheld_places(surface, rng)
    assert len(which) == len(error) and len(np.unique(which)) == 40
    assert np.quantile(error, 0.68) > 1.4 * np.quantile(lone, 0.68)
    x, y = rng.uniform(0.002, 0.018, (2, 3000))
    found = surface.at(x, y)
    other = height(x, y) + 8 * rng.normal(size=3000)  # what one more track would say
    missed = np.abs(found.altitude - other)
    for sigma, wanted in ((fit_sigma(surface), True), (fit_sigma(Interpolator(replace(shots, track=None))), False)):
        said = sigma.at(found)
        low = said < np.quantile(said, 1 / 3)
        assert (0.6 < np.mean(missed[low] < said[low]) < 0.78) == wanted


def test_tracks_unknown_or_few_are_not_withheld(tracks):
    shots = tracks[0].shots
    for track in (None, np.arange(len(shots)) % 3):
        assert withheld_tracks(Interpolator(replace(shots, track=track)), np.random.default_rng(0)) is None


def test_every_shot_of_the_tracks_withheld_is_as_likely_looked_at():
    """A short track that is off by far counts by its shots, not as one of the tracks."""
    rng = np.random.default_rng(6)
    track = np.concatenate([np.repeat(np.arange(12), 1200), np.repeat(np.arange(12, 24), 60)])
    lon, lat = rng.uniform(0, 0.02, (2, len(track)))
    shots = Shots(lon, lat, np.where(track < 12, 0.0, 1000.0), MOON, MOON.datum, track=track)
    _, error, which = withheld_tracks(Interpolator(shots), rng)
    assert len(np.unique(which)) == 24 and np.mean(which >= 12) == pytest.approx(1 / 21, abs=0.005)
    assert np.median(error[which >= 12]) > 800 and np.median(error[which < 12]) < 50


def test_enough_tracks_are_withheld_however_many_shots_there_are():
    for tracks, shots, rounds, withheld in ((45, 50_000, 40, 45), (45, 100_000, 24, 42), (45, 2_000_000, 4, 20),
                                            (448, 1_000_000, 4, 48), (7, 300, 7, 7)):  # fmt: skip
        folds = withholding._track_folds(tracks, shots, np.random.default_rng(0))
        assert (len(folds), sum(map(len, folds))) == (rounds, withheld)


def test_many_tracks_that_never_come_near_are_known_by_the_first_of_them():
    lon, lat = (a.ravel() for a in np.meshgrid(np.linspace(0, 2.4, 480), np.linspace(0, 0.02, 20), indexing="ij"))
    shots = Shots(lon, lat, 300 * np.sin(90 * lat), MOON, MOON.datum, track=np.repeat(np.arange(480), 20))
    surface = Interpolator(shots)
    known, _, which = withheld_tracks(surface, np.random.default_rng(0))
    assert len(np.unique(which)) == 480
    near = float(np.quantile(known.geometry, 0.02))
    assert withheld_tracks(surface, np.random.default_rng(0), 2 * near - known.geometry.max()) is None
    assert withheld_tracks(surface, np.random.default_rng(0), near + 3.0) is not None


def test_features_tell_far_shots_and_rough_ground(tracks):
    surface, lon, lat, truth = tracks
    patches = lambda x, y: 0.05 + np.clip(np.sin(300 * x) * np.sin(300 * y), 0.0, 1.0)  # noqa: E731
    shots = surface.shots
    patchy = replace(shots, altitude=shots.altitude * patches(shots.lon, shots.lat))
    surface = Interpolator(patchy)
    found = surface.at(lon, lat)
    known = features(found, patchy.altitude, log_roughness(surface))
    assert len(known) == len(lon)
    error = np.log(np.abs(found.altitude - truth * patches(lon, lat)) + 1.0)
    for values, least in ((known.geometry, 0.15), (known.rough, 0.4), (np.log(np.abs(known.bias) + 1), 0.3)):
        assert np.corrcoef(values, error)[0, 1] > least
