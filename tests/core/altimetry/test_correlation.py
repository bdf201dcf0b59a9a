"""Errors of neighbouring interpolated altitudes: the correlation foretold and the one seen."""

from __future__ import annotations

import numpy as np

from planetary_dtm.core.altimetry.correlation import correlation_length, error_correlation
from planetary_dtm.core.altimetry.interpolation import Interpolator
from planetary_dtm.core.altimetry.readers import Shots
from planetary_dtm.core.bodies import body_named
from planetary_dtm.core.simulation.altimeter import altimeter_shots
from planetary_dtm.core.simulation.terrain import RoughTerrain

MOON = body_named("Moon")


def test_correlation_foretold_is_seen_on_rough_terrain():
    rng = np.random.default_rng(2)
    lon, lat = np.radians(rng.uniform(0, 10, (2, 4000)))
    terrain = RoughTerrain(7)
    made = altimeter_shots(terrain, lon, lat, seed=1, wild=0.0)
    surface = Interpolator(Shots(made.lon, made.lat, made.altitude, MOON, MOON.datum))

    def error(x, y):
        off = surface.at(x, y).altitude - terrain.height(x, y)
        return np.clip(off, *np.quantile(off, [0.02, 0.98]))

    for lag in (500.0, 1500.0, 4000.0):
        north = lat + lag / MOON.radius_m
        seen = np.corrcoef(error(lon, lat), error(lon, north))[0, 1]
        foretold = error_correlation(surface, lon, lat, lon, north).mean()
        assert abs(seen - foretold) < 0.15
    along, across = (correlation_length(surface, lon, lat, azimuth) for azimuth in (0.0, np.pi / 2))
    assert 2000 < along < 4500
    assert 900 < across < along


def test_correlation_is_one_at_the_same_place_and_dies_away():
    rng = np.random.default_rng(3)
    shots = Shots(*rng.uniform(0, 0.1, (2, 2000)), np.zeros(2000), MOON, MOON.datum)
    surface = Interpolator(shots)
    lon, lat = rng.uniform(0.03, 0.07, (2, 50))
    assert np.allclose(error_correlation(surface, lon, lat, lon, lat), 1.0)
    assert np.abs(error_correlation(surface, lon, lat, lon + 0.02, lat).mean()) < 0.05
