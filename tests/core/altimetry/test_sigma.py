"""The parts of the sigma of altitudes: its form, the fit of that form, the calibration, and noise handed on."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from planetary_dtm.core.altimetry import sigma as module
from planetary_dtm.core.altimetry.error_features import Features, features, log_roughness
from planetary_dtm.core.altimetry.interpolation import Interpolator
from planetary_dtm.core.altimetry.readers import Shots
from planetary_dtm.core.altimetry.sigma import Scale, SigmaModel, fit_sigma
from planetary_dtm.core.bodies import body_named

MOON = body_named("Moon")


def some_features(count, seed=0):
    rng = np.random.default_rng(seed)
    geometry, rough, own = rng.uniform(-2, 2, count), rng.uniform(1, 5, count), rng.uniform(-1, 1, count)
    return Features(geometry, rough, own, rng.normal(0, 3, count))


def rough_shots(count=300, sigma=None):
    rng = np.random.default_rng(1)
    lon, lat = rng.uniform(0, 0.02, (2, count))
    altitude = 300 * np.sin(lon * 700) * np.cos(lat * 500) + rng.normal(0, 5, count)
    return Shots(lon, lat, altitude, MOON, MOON.datum, sigma)


def test_the_form_is_that_of_the_formula():
    known, form = some_features(50), np.array([0.3, 0.9, 1.2, -0.4])
    variance = np.exp(2 * 0.3) * np.exp(known.geometry) ** 0.9 * np.exp(known.rough) ** 1.2 * np.exp(known.own) ** -0.4
    expected = np.sqrt(variance + known.bias**2 + 2.5**2)
    np.testing.assert_allclose(np.exp(module._fitted(known, form, 2.5)), expected, rtol=1e-12)


def test_the_fit_finds_the_form_that_errors_follow():
    known, form = some_features(20_000, 2), np.array([0.4, 1.0, 0.7, 0.3])
    scale = np.exp(module._fitted(known, form, 1.0))
    error = np.random.default_rng(3).exponential(scale)
    found, nugget = module._fit(known, error, 1.0, module._SINGLY)
    np.testing.assert_allclose(found, form, atol=0.05)
    assert nugget == pytest.approx(1.0, abs=1e-4)
    # A few errors leave the form where theory has it.
    known = some_features(20, 4)
    few, _ = module._fit(known, np.exp(module._fitted(known, form, 1.0)), 1.0, module._SINGLY)
    assert abs(few[1] - 1) < 0.05 and np.abs(few[3]) < 0.5


def test_whole_tracks_tell_the_nugget_too():
    known, form = some_features(20_000, 8), np.array([-0.4, 1.3, 0.8, 0.2])
    error = np.random.default_rng(9).exponential(np.exp(module._fitted(known, form, 5.0)))
    found, nugget = module._fit(known, error, 1.0, module._BY_TRACK)
    np.testing.assert_allclose(found, form, atol=0.25)
    assert nugget == pytest.approx(5.0, rel=0.05)


@pytest.mark.parametrize(
    ("off", "tracks", "used", "levels"),
    [(0.0, 6, True, 1), (0.0, 16, True, 3), (0.0, 60, True, 10), (9.0, 60, False, 10)],
)
def test_tracks_that_come_as_near_as_places_do_are_what_counts(monkeypatch, off, tracks, used, levels):
    """Few tracks are calibrated in few levels; tracks too far apart tell nothing."""
    known, form, rng = some_features(6000, 11), np.array([0.5, 1.0, 1.0, 0.0]), np.random.default_rng(12)
    far = Features(known.geometry + off, known.rough, known.own, known.bias)
    error = np.abs(rng.normal(0, np.exp(module._fitted(known, form, 1.0))))
    monkeypatch.setattr(module, "withheld_places", lambda surface, generator: (known, error))
    monkeypatch.setattr(
        module, "withheld_tracks", lambda surface, generator, near: (far, 3 * error, np.arange(6000) % tracks)
    )
    scale = fit_sigma(Interpolator(rough_shots(20))).scale
    assert len(scale.level) == levels
    said = scale.at(far if used else known)
    assert np.mean((3 if used else 1) * error < said) == pytest.approx(0.683, abs=0.01)


def test_calibration_makes_one_sigma_of_errors_lie_within_at_every_level():
    rng = np.random.default_rng(5)
    fitted = rng.uniform(0, 4, 30_000)
    error = np.abs(rng.normal(0, np.exp(1.3 * fitted - 0.5)))
    level, gain = module._calibration(fitted, error, 0.0, 1500)
    assert len(level) == 20 and (np.diff(level) > 0).all()
    np.testing.assert_allclose(level + gain, 1.3 * level - 0.5, atol=0.12)
    assert (np.diff(level + gain) >= 0).all()
    alone, _ = module._calibration(fitted[:200], error[:200], 0.0, 150)
    assert len(alone) == 1
    three, _ = module._calibration(fitted[:450], error[:450], 0.0, 150)
    assert len(three) == 3


def test_the_shots_own_noise_is_taken_off_but_never_all():
    fitted, rng = np.zeros(3000) + np.arange(3000) * 1e-9, np.random.default_rng(6)
    error = np.abs(rng.normal(0, 5.0, 3000))
    for noise, left in ((0.0, 5.0), (3.0, 4.0), (50.0, 1.5)):
        level, gain = module._calibration(fitted, error, noise, 1500)
        assert np.median(np.exp(level + gain)) == pytest.approx(left, rel=0.1)


def test_sigma_is_the_form_with_its_gain_and_at_least_the_noise_handed_on():
    surface = Interpolator(rough_shots())
    lon, lat = np.random.default_rng(7).uniform(0.002, 0.018, (2, 40))
    found, rough = surface.at(lon, lat), log_roughness(surface)
    form = np.array([0.1, 1.0, 1.0, 0.0])
    level, gain = np.array([-50.0, 50.0]), np.array([0.5, 0.5])
    model = SigmaModel(surface.shots.altitude, rough, Scale(form, 2.0, level, gain), None)
    known = features(found, surface.shots.altitude, rough)
    np.testing.assert_allclose(model.at(found), np.exp(module._fitted(known, form, 2.0) + 0.5), rtol=1e-12)
    loud = SigmaModel(surface.shots.altitude, rough, Scale(form, 2.0, level, gain), np.full(len(surface), 1e4))
    np.testing.assert_allclose(loud.at(found), 1e4 * np.sqrt(np.sum(found.weights**2, axis=1)), rtol=1e-12)
    quiet = SigmaModel(surface.shots.altitude, rough, Scale(form, 2.0, level, gain), np.full(len(surface), 1e-6))
    np.testing.assert_array_equal(quiet.at(found), model.at(found))
    nothing = SimpleNamespace(**{**vars(found), "altitude": np.where(np.arange(40) == 3, np.nan, found.altitude)})
    assert np.isnan(model.at(nothing)[3]) and np.isfinite(np.delete(model.at(nothing), 3)).all()


def test_the_nugget_is_the_shots_own_sigma_or_a_metre():
    assert fit_sigma(Interpolator(rough_shots())).scale.nugget == 1.0
    assert fit_sigma(Interpolator(rough_shots(sigma=np.full(300, 0.1)))).scale.nugget == 1.0
    assert fit_sigma(Interpolator(rough_shots(sigma=np.linspace(2, 6, 300)))).scale.nugget == pytest.approx(4.0)
    few = rough_shots(9)
    assert fit_sigma(Interpolator(few)) is None and fit_sigma(Interpolator(rough_shots(10))) is not None


def test_roughness_of_some_is_that_of_all():
    surface = Interpolator(rough_shots())
    whole, rows = log_roughness(surface), np.array([5, 17, 200])
    part = log_roughness(surface, rows)
    np.testing.assert_allclose(part[rows], whole[rows], rtol=0.2, atol=0.3)
    assert (np.delete(part, rows) == 0).all() and (whole != 0).all()
