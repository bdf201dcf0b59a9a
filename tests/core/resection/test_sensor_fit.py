"""Which numbers of a sensor do not fit its GCPs is told; noise, wild values and slow biases are not taken for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from planetary_dtm.core.altimetry.filtering import filter_shots
from planetary_dtm.core.altimetry.interpolation import Interpolator
from planetary_dtm.core.altimetry.readers import Shots
from planetary_dtm.core.bodies import body_of_radius
from planetary_dtm.core.camera.sensor import Sensor, View
from planetary_dtm.core.resection import sensor_fit
from planetary_dtm.core.resection.model import ControlPoints
from planetary_dtm.core.resection.recover import recover
from planetary_dtm.core.simulation.scene import (
    Scene,
    simulate,
    with_altitude_noise,
    with_lateral_bias,
    with_lateral_noise,
)
from planetary_dtm.core.simulation.terrain import PaperTerrain, RoughTerrain

RADIUS_M = PaperTerrain().radius_m


@pytest.fixture(scope="module", params=[("ce1", 2400), ("ce2", 5000)], ids=["ce1", "ce2"])
def scene(request: pytest.FixtureRequest) -> Scene:
    preset, lines = request.param
    return simulate(preset, PaperTerrain(), lines, seed=3, start_latitude=0.2, altimetry=False)


def wild(points: ControlPoints) -> ControlPoints:
    """Altitudes off by kilometres in one line of a hundred."""
    generator = np.random.default_rng(0)
    wrong = generator.uniform(size=5000)[points.line.astype(int)] < 0.01
    return replace(points, altitude=points.altitude + wrong * generator.normal(0.0, 3000.0, len(points)))


HONEST: dict[str, Callable[[ControlPoints], ControlPoints]] = {
    "exact": lambda p: p,
    "lateral noise 5 m": lambda p: with_lateral_noise(p, RADIUS_M, 5.0, 1),
    "lateral noise 50 m": lambda p: with_lateral_noise(p, RADIUS_M, 50.0, 1),
    "lateral noise 300 m": lambda p: with_lateral_noise(p, RADIUS_M, 300.0, 1),
    "altitude noise 1000 m": lambda p: with_altitude_noise(p, 1000.0, 1),
    "slow bias 300 m": lambda p: with_lateral_bias(with_lateral_noise(p, RADIUS_M, 5.0, 1), RADIUS_M, 300.0, 1),
    "wild altitudes": lambda p: wild(with_lateral_noise(p, RADIUS_M, 5.0, 1)),
    "few lines": lambda p: p[p.line < 30],
    "lines of few kilometres, errors alike": lambda p: replace(
        p[p.line < 200], altitude=(p.altitude + 500.0 * np.sin(40.0 * p.lon))[p.line < 200]
    ),
    "no altitudes": lambda p: replace(p, altitude=p.altitude * np.nan),
    "one view": lambda p: p[p.view == 0],
    "a view without altitudes": lambda p: replace(p, altitude=np.where(p.view == 0, np.nan, p.altitude)),
}


@pytest.mark.parametrize("kind", HONEST)
def test_honest_control_raises_no_doubt(scene: Scene, kind: str) -> None:
    assert sensor_fit.doubted(HONEST[kind](scene.control), scene.sensor) is None


@pytest.mark.parametrize("factor", [0.9, 0.95, 0.98, 1.02, 1.05, 1.1])
@pytest.mark.parametrize("kind", ["exact", "lateral noise 50 m"])
def test_a_wrong_focal_length_is_named_with_the_right_one(scene: Scene, factor: float, kind: str) -> None:
    right = scene.sensor.focal_length_mm
    wrong = replace(scene.sensor, focal_length_mm=factor * right)
    doubt = sensor_fit.doubted(HONEST[kind](scene.control), wrong)
    assert doubt is not None and doubt.settled and doubt.sigmas > 5
    if kind != "exact" and scene.sensor.name == "Chang'E-2":  # 35 km and two views may tell it no better than another
        assert "focal_length_mm" in (doubt.what, *doubt.others)
        return
    assert doubt.what == "focal_length_mm"
    assert factor * np.exp(doubt.change) == pytest.approx(1.0, abs=0.1 * abs(factor - 1.0))
    (told,) = sensor_fit.told(HONEST[kind](scene.control), wrong)
    assert f"% too {'large' if factor > 1 else 'small'} (" in told and "would fit" in told


def test_noise_that_hides_the_focal_length_leaves_its_value_unbiased() -> None:
    """Noisy altitudes would draw the factor towards zero if they were compared with themselves: by a half here."""
    scene = simulate("ce1", PaperTerrain(), 2400, seed=3, start_latitude=0.2, altimetry=False)
    wrong = replace(scene.sensor, focal_length_mm=1.1 * scene.sensor.focal_length_mm)
    doubt = sensor_fit.doubted(with_altitude_noise(scene.control, 1000.0, 1), wrong)
    assert doubt is not None and np.exp(-doubt.change) == pytest.approx(1.1, abs=0.015)


def wrong_numbers(sensor: Sensor) -> dict[str, Sensor]:
    views = sensor.views
    shifted = View(views[0].name, 1.02 * views[0].px_mm)
    return {
        "pixel_pitch_mm": replace(sensor, pixel_pitch_mm=1.02 * sensor.pixel_pitch_mm),
        "principal_sample": replace(sensor, principal_sample=1.08 * sensor.principal_sample),
        "px_mm": replace(sensor, views=(shifted, *views[1:])),
    }


@pytest.mark.parametrize("number", ["pixel_pitch_mm", "principal_sample", "px_mm"])
def test_other_wrong_numbers_are_named(number: str) -> None:
    scene = simulate("ce1", PaperTerrain(), 2400, seed=3, start_latitude=0.2, altimetry=False)
    points = HONEST["lateral noise 5 m"](scene.control)
    sensor = wrong_numbers(scene.sensor)[number]
    doubt = sensor_fit.doubted(points, sensor)
    assert doubt is not None and doubt.what == number
    if number == "px_mm":
        assert doubt.view == 0 and doubt.change == pytest.approx(-0.02 * scene.sensor.views[0].px_mm, rel=0.01)
    (told,) = sensor_fit.told(points, sensor)
    assert number in told and told.count(".") >= 1 and "\n" not in told


@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_of_patterns_alike_the_number_is_named_whose_correction_leaves_least(factor: float) -> None:
    """Errors of altitudes between tracks make a focal length 10 % off look like a principal sample 16 px off."""
    scene = simulate("ce1", RoughTerrain(13), 2400, seed=13, start_latitude=0.0, line_step=4)
    body = body_of_radius(scene.terrain.radius_m)
    shots = Shots(scene.shots.lon, scene.shots.lat, scene.shots.altitude, body, body.datum)
    points = with_lateral_noise(scene.control, scene.terrain.radius_m, 5.0, 13)
    altitude = Interpolator(shots.kept(filter_shots(shots).keep)).at(points.lon, points.lat).altitude
    wrong = replace(scene.sensor, focal_length_mm=factor * scene.sensor.focal_length_mm)
    doubt = sensor_fit.doubted(replace(points, altitude=altitude), wrong)
    assert doubt is not None and doubt.what == "focal_length_mm" and not doubt.others and doubt.settled
    assert factor * np.exp(doubt.change) == pytest.approx(1.0, abs=0.015)


def test_of_two_views_the_place_of_one_is_told_by_the_pitch() -> None:
    scene = simulate("ce2", PaperTerrain(), 5000, seed=3, start_latitude=0.2, altimetry=False)
    doubt = sensor_fit.doubted(scene.control, wrong_numbers(scene.sensor)["px_mm"])
    assert doubt is not None and doubt.what == "pixel_pitch_mm"


def test_far_too_many_samples_are_told(scene: Scene) -> None:
    twice = replace(scene.sensor, samples=2 * scene.sensor.samples, principal_sample=scene.sensor.samples - 0.5)
    doubt = sensor_fit.doubted(scene.control, twice)
    assert doubt is not None and doubt.what == "principal_sample"
    assert doubt.change == pytest.approx(-0.5 * scene.sensor.samples, rel=0.05)


@pytest.mark.parametrize("method", ["collinearity", "two_phase", "trajectory"])
def test_every_method_says_that_the_focal_length_does_not_fit(method: str) -> None:
    scene = simulate("ce1", PaperTerrain(), 300, seed=3, start_latitude=0.2, altimetry=False)
    points = with_lateral_noise(scene.control, RADIUS_M, 5.0, 1)
    wrong = replace(scene.sensor, focal_length_mm=1.05 * scene.sensor.focal_length_mm)
    for sensor, doubted in ((scene.sensor, False), (wrong, True)):
        told = recover(points, sensor, method).verdict.sentences
        assert any("focal_length_mm seems 5" in sentence for sentence in told) == doubted


def test_where_the_wrong_number_is_known_large_residuals_are_not_told_as_well() -> None:
    scene = simulate("ce1", PaperTerrain(), 300, seed=3, start_latitude=0.2, altimetry=False)
    verdict = recover(scene.control, wrong_numbers(scene.sensor)["pixel_pitch_mm"], "two_phase").verdict
    assert len(verdict.doubts) == 1 and "pixel_pitch_mm seems 2 %" in verdict.doubts[0]
    assert verdict.doubts[0] in verdict.sentences and not any("px only" in text for text in verdict.sentences)
