"""Altitudes of control points from altimetry."""

from dataclasses import replace

import numpy as np
import pytest

from planetary_dtm.core.altimetry.certainty import CertaintyModel
from planetary_dtm.core.altimetry.interpolation import Interpolator
from planetary_dtm.core.altimetry.readers import Shots
from planetary_dtm.core.bodies import body_named
from planetary_dtm.core.errors import InputError
from planetary_dtm.core.resection.altitudes import certainty_map, fill_altitudes
from planetary_dtm.core.simulation.altimeter import altimeter_shots
from planetary_dtm.core.simulation.scene import simulate
from planetary_dtm.core.simulation.terrain import PaperTerrain

MOON = body_named("Moon")


@pytest.fixture(scope="module")
def scene():
    return simulate("ce1", PaperTerrain(), 900, start_latitude=0.4, altimetry=False, line_step=10)


def model_of(scene, keep=lambda shots: np.ones(len(shots), bool)):
    shots = altimeter_shots(scene.terrain, scene.control.lon, scene.control.lat, 0, wild=0.0)
    kept = keep(shots)
    return CertaintyModel(
        Interpolator(Shots(shots.lon[kept], shots.lat[kept], shots.altitude[kept], MOON, MOON.datum, source="lam.csv"))
    )


@pytest.fixture(scope="module")
def model(scene):
    return model_of(scene)


def bare(points):
    return replace(points, altitude=np.full(len(points), np.nan))


def test_altitudes_come_with_sigma_and_certainty(scene, model):
    known = fill_altitudes(bare(scene.control), model)
    error = known.points.altitude - scene.control.altitude
    assert np.isfinite(error).all() and not known.warnings
    assert 0.2 < np.median(np.abs(error)) / np.median(known.points.sigma_altitude) < 2.0
    assert (known.points.mu >= 0).all() and (known.points.mu <= 1).all() and np.ptp(known.points.mu) > 0
    assert "540 of 540 GCPs" in known.sentences[0] and "lam.csv" in known.sentences[0]


def test_an_altitude_of_its_own_counts_first(scene, model):
    half = replace(scene.control, altitude=np.where(scene.control.view == 1, 123.0, np.nan))
    known = fill_altitudes(half, model)
    assert (known.points.altitude[half.view == 1] == 123.0).all()
    assert np.isfinite(known.points.altitude).all()
    assert "not used" in fill_altitudes(scene.control, model).warnings[0]


def test_altimetry_that_ends_early_leaves_the_rest_without(scene):
    middle = float(np.median(scene.control.lat))
    known = fill_altitudes(bare(scene.control), model_of(scene, lambda shots: shots.lat < middle))
    missing = np.isnan(known.points.altitude)
    assert 0.2 < missing.mean() < 0.5
    assert (scene.control.lat[missing] > middle).all()
    assert "outside the altimetry" in known.warnings[0]


def test_altimetry_elsewhere_is_named(scene, model):
    there = replace(scene.control, lon=scene.control.lon + 1.0)
    with pytest.raises(InputError, match=r"does not reach the swath: its nearest shot is 1\d{3} km away"):
        fill_altitudes(bare(there), model)


def test_the_certainty_map_surrounds_the_points(scene, model):
    drawn = certainty_map(scene.control, model)
    lat = np.degrees(scene.control.lat)
    assert drawn.lat[0] < lat.min() and drawn.lat[-1] > lat.max()
    assert drawn.mu.shape == (len(drawn.lat), len(drawn.lon)) and np.isfinite(drawn.mu).all()
