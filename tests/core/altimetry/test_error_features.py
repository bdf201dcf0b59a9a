"""The four numbers that tell sigma, each computed a second way."""

from __future__ import annotations

import numpy as np
import pytest

from planetary_dtm.core.altimetry.error_features import features, log_roughness
from planetary_dtm.core.altimetry.interpolation import Interpolator
from planetary_dtm.core.altimetry.kriging import predict
from planetary_dtm.core.altimetry.readers import Shots
from planetary_dtm.core.bodies import body_named

MOON = body_named("Moon")


@pytest.fixture(scope="module")
def surface() -> Interpolator:
    rng = np.random.default_rng(5)
    lon, lat = rng.uniform(0, 0.02, (2, 80))
    return Interpolator(Shots(lon, lat, 300 * rng.normal(size=80) + 4e5 * lon, MOON, MOON.datum))


def test_features_are_those_of_the_best_prediction(surface: Interpolator) -> None:
    found, rough = surface.at([0.011, 0.03], [0.009, 0.01]), log_roughness(surface)
    seen, best = features(found, surface.shots.altitude, rough), predict(found, surface.shots.altitude)
    np.testing.assert_allclose(np.exp(seen.geometry), best.variance)
    around = [np.sum(found.weights[k] * rough[found.sectors.index[k]]) for k in range(2)]
    np.testing.assert_allclose(seen.rough, around)
    np.testing.assert_allclose(np.exp(seen.own + seen.rough), best.roughness)
    # Shepard's altitude stands above the best one by the bias
    np.testing.assert_allclose(found.altitude - seen.bias, found.altitude + best.bias)
    assert np.abs(seen.bias).min() > 1


def test_roughness_may_be_taken_from_around_another_place(surface: Interpolator) -> None:
    found, rough = surface.at([0.011], [0.009]), log_roughness(surface)
    other = surface.at([0.002], [0.018])
    moved = features(found, surface.shots.altitude, rough, other)
    here, there = (features(place, surface.shots.altitude, rough) for place in (found, other))
    assert moved.rough == there.rough != here.rough
    assert moved.own + moved.rough == pytest.approx(here.own + here.rough)
    assert len(moved + here) == 2 and (moved + here).geometry.tolist() == [*moved.geometry, *here.geometry]
