"""mu as published, and a sigma that means what it says, on rough terrain under Chang'E-1's tracks."""

from __future__ import annotations

import numpy as np
import pytest

from planetary_dtm.core.altimetry.certainty import Certainty, CertaintyModel, certainty_at
from planetary_dtm.core.altimetry.interpolation import Interpolator
from planetary_dtm.core.altimetry.readers import Shots
from planetary_dtm.core.bodies import body_named
from planetary_dtm.core.errors import InputError
from planetary_dtm.core.frames import angular_distance
from planetary_dtm.core.simulation.altimeter import altimeter_shots
from planetary_dtm.core.simulation.terrain import RoughTerrain

MOON = body_named("Moon")


@pytest.fixture(scope="module")
def arc():
    """A strip from the equator to 86° of latitude: the certainty at places in it and the true errors there."""
    rng = np.random.default_rng(1)
    lat = rng.uniform(0, 1.5, 4000)
    lon = rng.uniform(-10e3, 10e3, 4000) / (MOON.radius_m * np.cos(lat))
    terrain = RoughTerrain(5)
    made = altimeter_shots(terrain, lon, lat, seed=2, wild=0.0, margin_m=15_000.0)
    model = CertaintyModel(Interpolator(Shots(made.lon, made.lat, made.altitude, MOON, MOON.datum)))
    found = model.at(lon, lat)
    return found, np.abs(found.altitude - terrain.height(lon, lat))


def rank_correlation(a, b):
    from scipy.stats import spearmanr

    return float(spearmanr(a, b)[0])


def test_sigma_is_calibrated_in_every_third(arc):
    found, error = arc
    for rows in np.array_split(np.argsort(found.sigma), 3):
        assert 0.59 < np.mean(error[rows] < found.sigma[rows]) < 0.77


def test_certainty_ranks_errors(arc):
    found, error = arc
    assert rank_correlation(error, found.mu) < -0.3
    assert rank_correlation(error, found.sigma) > 0.38


def test_mu_beats_mu_dist_where_some_ground_is_smooth():
    rng = np.random.default_rng(6)
    lon, lat = np.radians(rng.uniform(0, 8, (2, 3000)))
    terrain = RoughTerrain(5)
    taken = altimeter_shots(terrain, lon, lat, seed=2, wild=0.0, noise_m=0.0)
    patches = lambda x, y: 0.05 + np.clip(np.sin(80 * x) * np.sin(70 * y), 0.0, 1.0)  # noqa: E731
    shots = Shots(taken.lon, taken.lat, taken.altitude * patches(taken.lon, taken.lat), MOON, MOON.datum)
    found = certainty_at(shots, lon, lat)
    error = np.abs(found.altitude - terrain.height(lon, lat) * patches(lon, lat))
    assert rank_correlation(error, found.mu) < min(-0.35, rank_correlation(error, found.mu_dist))
    assert rank_correlation(error, found.sigma) > 0.6


def test_mu_by_hand():
    rng = np.random.default_rng(3)
    lon, lat = rng.uniform(0, 0.02, 100), rng.uniform(0, 0.02, 100)
    shots = Shots(lon, lat, 300 * rng.normal(size=100), MOON, MOON.datum)
    found = certainty_at(shots, [0.011], [0.009], bins=8, dmax=9000.0, emax=1000.0, alpha=0.3)
    distance = np.sort(MOON.radius_m * angular_distance(0.011, 0.009, lon, lat))[:8]
    assert found.mu_dist[0] == pytest.approx(np.maximum(9000 - distance, 0).sum() / (8 * 9000))
    surface = Interpolator(shots)
    error, _ = surface.left_out
    at = surface.at([0.011], [0.009])
    checked = np.maximum(1000 - np.abs(error), 0) / 1000
    assert found.mu_cross[0] == pytest.approx(np.sum(at.weights[0] * checked[at.sectors.index[0]]))
    assert found.mu[0] == pytest.approx(0.3 * found.mu_dist[0] + 0.7 * found.mu_cross[0])
    assert found.altitude[0] == at.altitude[0]


def test_default_dmax_is_the_papers_angle():
    shots = Shots(np.array([0.0, 1e-3]), np.zeros(2), np.zeros(2), MOON, MOON.datum)
    assert CertaintyModel(Interpolator(shots)).dmax == pytest.approx(7 / 1700 * MOON.radius_m)


def test_few_shots_have_no_sigma_but_an_altitude():
    one = Shots(np.zeros(1), np.zeros(1), np.array([5.0]), MOON, MOON.datum)
    found = certainty_at(one, [0.1], [0.1])
    assert found.altitude.tolist() == [5.0]
    assert np.isnan(found.sigma).all()
    assert 0 <= found.mu[0] <= 1


def test_known_noise_of_the_shots_is_not_held_against_smooth_ground():
    rng = np.random.default_rng(8)
    lon, lat = rng.uniform(0, 0.07, 3000), rng.uniform(0, 0.07, 3000)
    height = lambda x, y: 200 * np.sin(40 * x) * np.cos(50 * y)  # noqa: E731
    noisy = height(lon, lat) + 20 * rng.normal(size=3000)
    plain = Shots(lon, lat, noisy, MOON, MOON.datum)
    known = Shots(lon, lat, noisy, MOON, MOON.datum, sigma=np.full(3000, 20.0))
    x, y = rng.uniform(0.01, 0.06, (2, 2000))
    inside = {}
    for name, shots in (("plain", plain), ("known", known)):
        found = certainty_at(shots, x, y)
        inside[name] = np.mean(np.abs(found.altitude - height(x, y)) < found.sigma)
    assert inside["plain"] > 0.9
    assert 0.61 < inside["known"] < 0.77


def test_settings_out_of_range_are_refused():
    shots = Shots(np.array([0.0, 1e-3]), np.zeros(2), np.zeros(2), MOON, MOON.datum)
    for bad in ({"dmax": 0.0}, {"emax": -1.0}, {"alpha": 1.5}):
        with pytest.raises(InputError, match="DMAX and EMAX"):
            CertaintyModel(Interpolator(shots), **bad)


def test_many_queries_in_blocks_are_the_same_as_few(arc):
    rng = np.random.default_rng(4)
    shots = Shots(*rng.uniform(0, 0.1, (2, 300)), 100 * rng.normal(size=300), MOON, MOON.datum)
    model = CertaintyModel(Interpolator(shots))
    x, y = rng.uniform(0, 0.1, (2, 20_000))
    many, few = model.at(x, y), model.at(x[-5:], y[-5:])
    for name in Certainty.__dataclass_fields__:
        assert np.array_equal(getattr(many, name)[-5:], getattr(few, name))
