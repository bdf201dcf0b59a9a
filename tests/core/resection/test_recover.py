"""The one interface: what bad control is told, and that a part that fails never spoils the rest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planetary_dtm.core.camera.sensor import View, load_sensor
from planetary_dtm.core.errors import CancelledError, InputError
from planetary_dtm.core.resection.model import ControlPoints, Flag
from planetary_dtm.core.resection.recover import recover
from planetary_dtm.core.simulation.orbit import orbital_plane
from planetary_dtm.core.simulation.scene import Scene, simulate, with_lateral_noise
from planetary_dtm.core.simulation.terrain import PaperTerrain

from .orbits import errors, pixels

METHODS = ("collinearity", "two_phase")


@pytest.fixture(scope="module")
def scene() -> Scene:
    plane = orbital_plane(0.5 * np.pi, 0.7)
    return simulate("ce1", PaperTerrain(), 300, seed=1, start_latitude=0.3, plane=plane, altimetry=False)


def degrees(points: ControlPoints) -> ControlPoints:
    return replace(points, lon=np.degrees(points.lon), lat=np.degrees(points.lat))


WRONG = {
    "degrees for radians": (degrees, "radians"),
    "lon and lat swapped": (lambda p: replace(p, lon=p.lat, lat=p.lon), "mirror|swapped"),
    "radians taken for degrees": (lambda p: replace(p, lon=np.radians(p.lon), lat=np.radians(p.lat)), "radians"),
    "lines in disorder": (
        lambda p: replace(p, line=np.random.default_rng(1).permutation(300)[p.line.astype(int)]),
        "line",
    ),
    "an unknown view": (lambda p: replace(p, view=p.view + 1), "view"),
    "a sample outside": (lambda p: replace(p, sample=p.sample + 600), "sample"),
    "no altitudes": (lambda p: replace(p, altitude=p.altitude * np.nan), "ALTIMETRY"),
    "one GCP a line": (lambda p: p[(p.view == 1) & (p.sample == 0)], "two GCPs"),
    "nothing": (lambda p: p[np.zeros(len(p), dtype=bool)], "no GCPs"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_control_is_refused_in_one_clear_sentence(scene: Scene, wrong: str) -> None:
    spoil, told = WRONG[wrong]
    with pytest.raises(InputError, match=told) as refused:
        recover(spoil(scene.control), scene.sensor, "two_phase")
    assert "\n" not in str(refused.value)


def test_wrong_settings_are_refused(scene: Scene) -> None:
    with pytest.raises(InputError, match="collinearity, two_phase, trajectory"):
        recover(scene.control, scene.sensor, "kalman")
    with pytest.raises(InputError, match="SIGMA_LATERAL"):
        recover(scene.control, scene.sensor, "two_phase", sigma_lateral=-1)
    with pytest.raises(InputError, match="sensor"):
        recover(scene.control, load_sensor("ce2"), "collinearity")


@pytest.mark.parametrize("method", METHODS)
def test_repeated_and_unmeasured_gcps_are_left_out_and_told(scene: Scene, method: str) -> None:
    points = scene.control
    altitude = points.altitude.copy()
    altitude[points.line == 40] = np.nan
    points = replace(points, altitude=altitude)
    again = np.concatenate([np.arange(len(points)), [6, 7]])
    found = recover(points[again], scene.sensor, method)
    told = " ".join(found.verdict.sentences)
    assert "repeat" in told
    assert "6 of 1800 GCPs have no altitude" in told
    assert found.points is not None
    assert len(found.points) == len(found.residuals_px) == len(points) - 6
    attitude, _ = errors(found.orientation, replace(scene.truth, **_without(scene, 40)))
    assert attitude.max() < 1e-11


def _without(scene: Scene, line: int) -> dict[str, np.ndarray]:
    keep = scene.truth.line != line
    return {name: getattr(scene.truth, name)[keep] for name in ("line", "position", "angles")}


@pytest.mark.parametrize("method", METHODS)
def test_a_missing_view_is_told_and_the_rest_is_solved(scene: Scene, method: str) -> None:
    found = recover(pixels(scene.control, scene.sensor, [0, 1, 4, 5]), scene.sensor, method)
    assert any("nadir" in sentence for sentence in found.verdict.sentences)
    assert errors(found.orientation, scene.truth)[0].max() < 1e-5


@pytest.mark.parametrize("method", METHODS)
def test_a_single_line_sensor_is_solved_with_a_stated_prior(scene: Scene, method: str) -> None:
    sensor = replace(scene.sensor, views=(View("nadir", 0.0),))
    points = scene.control[scene.control.view == 1]
    found = recover(replace(points, view=points.view * 0), sensor, method)
    told = " ".join(found.verdict.sentences)
    assert "pitch and along-track position" in told
    assert "straight down within 3°" in told
    assert (found.orientation.flag & Flag.PRIOR).all()
    attitude, position = errors(found.orientation, scene.truth)
    assert attitude.max() < 0.15
    assert position.max() < 30e3


@pytest.mark.parametrize("method", METHODS)
def test_gcps_on_one_line_of_the_image_are_told_apart_from_enough(scene: Scene, method: str) -> None:
    first_ends = pixels(scene.control, scene.sensor, [0, 2, 4])
    found = recover(first_ends, scene.sensor, method)
    assert (found.orientation.flag & Flag.PRIOR).all()
    assert np.isfinite(found.orientation.position).all()


def test_lines_of_wrong_number_are_named_and_spoil_no_others(scene: Scene) -> None:
    points = with_lateral_noise(scene.control, scene.terrain.radius_m, 5.0, 1)
    line = points.line.copy()
    line[points.line == 100], line[points.line == 150] = 150.0, 100.0
    found, clean = (recover(p, scene.sensor, "trajectory") for p in (replace(points, line=line), points))
    told = " ".join(found.verdict.sentences)
    assert "12 GCPs on 2 lines from 100 to 150 lie up to 6 km off" in told and "focal_length_mm" not in told
    assert "off the flight" not in " ".join(clean.verdict.sentences)
    known = scene.truth.line[~np.isin(scene.truth.line, (100, 150))]
    assert np.array_equal(found.orientation.line, known)  # what has no GCP is not made up
    truth = replace(
        scene.truth, **{n: getattr(scene.truth, n)[known.astype(int)] for n in ("line", "position", "angles")}
    )
    for own, other in zip(errors(found.orientation, truth), errors(clean.orientation, scene.truth)):
        assert own.max() < 1.5 * other.max()


def test_a_stretch_of_wrong_places_spoils_no_other(scene: Scene) -> None:
    points = with_lateral_noise(scene.control, scene.terrain.radius_m, 5.0, 1)
    wrong = (points.line >= 100) & (points.line <= 130)
    noise = 0.03 * np.random.default_rng(0).normal(size=len(points))
    found, clean = (
        recover(p, scene.sensor, "trajectory") for p in (replace(points, lon=points.lon + wrong * noise), points)
    )
    assert any("GCPs on 31 lines from 100 to 130 lie up to" in sentence for sentence in found.verdict.sentences)
    both = np.isin(scene.truth.line, found.orientation.line) & (np.abs(scene.truth.line - 115) > 50)
    sigma = [
        np.sqrt(o.covariance[np.isin(o.line, scene.truth.line[both]), 0, 0])
        for o in (found.orientation, clean.orientation)
    ]
    assert np.all(sigma[0] < 1.5 * sigma[1])


@pytest.mark.parametrize("method", METHODS)
def test_work_can_be_cancelled(scene: Scene, method: str) -> None:
    with pytest.raises(CancelledError):
        recover(scene.control, scene.sensor, method, progress=lambda fraction, message: False)


def test_sigma_lateral_widens_the_error_bars(scene: Scene) -> None:
    sigmas = [
        np.einsum("lii->li", recover(scene.control, scene.sensor, "two_phase", sigma_lateral=s).orientation.covariance)
        for s in (1.0, 10.0)
    ]
    assert np.allclose(np.sqrt(sigmas[1] / sigmas[0]), 10, rtol=1e-3)


def test_a_sensor_of_another_focal_length_is_told(scene: Scene) -> None:
    wrong = replace(scene.sensor, focal_length_mm=3 * scene.sensor.focal_length_mm)
    points = scene.control[scene.control.line < 100]
    told = recover(points, wrong, method="trajectory").verdict.sentences
    assert any("focal_length_mm" in sentence for sentence in told)
    told = recover(points, scene.sensor, method="trajectory").verdict.sentences
    assert not any("focal_length_mm" in sentence for sentence in told)
