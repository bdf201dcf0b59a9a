"""Resection by collinearity: exact data, odd orbits, error bars, what it says when it cannot be sure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planetary_dtm.core.resection.batched import turned
from planetary_dtm.core.resection.collinearity import image_residuals, recover_collinearity
from planetary_dtm.core.resection.control import gather_control, nadir_start
from planetary_dtm.core.resection.model import Flag
from planetary_dtm.core.simulation.orbit import orbital_plane
from planetary_dtm.core.simulation.scene import scanline_ends, simulate, with_altitude_noise
from planetary_dtm.core.simulation.terrain import PaperTerrain, SphereTerrain

from .orbits import errors, pixels, tilted

ORBITS = {
    "polar": (None, 0.3),
    "equatorial": (orbital_plane(0.0, 0.0), -1.6),
    "over the pole": (None, np.pi / 2 - 0.05),
    "over the date line": (orbital_plane(0.5, np.pi - 0.02), -0.03),
}


@pytest.mark.parametrize("orbit", ORBITS)
def test_exact_control_gives_the_exact_orbit_from_a_nadir_start(orbit: str) -> None:
    plane, start = ORBITS[orbit]
    scene = simulate("ce1", SphereTerrain(), 1500, seed=2, start_latitude=start, plane=plane, altimetry=False)
    found = recover_collinearity(scene.control, scene.sensor)
    attitude, position = errors(found.orientation, scene.truth)
    assert attitude.max() < 1e-11
    assert position.max() < 1e-5
    assert (found.orientation.flag == Flag.GOOD).all()
    assert found.verdict.rms_px < 1e-8
    # The other two pass φ = ±90°, where θ and ρ may turn fast.
    assert orbit not in ("polar", "over the pole") or np.abs(np.diff(found.orientation.angles, axis=0)).max() < 1e-3


def test_derivatives_agree_with_finite_differences() -> None:
    scene = simulate("ce1", PaperTerrain(), 20, seed=1, start_latitude=0.4, altimetry=False)
    _, control = gather_control(scene.control, scene.sensor, np.ones(len(scene.control)))
    rotation, position = nadir_start(control)
    _, jacobian = image_residuals(rotation, position, control)
    for k, h in zip(range(6), [1e-6] * 3 + [10.0] * 3):
        step = np.zeros((6, position.shape[1]))
        step[k] = h
        ends = [
            image_residuals(turned(rotation, sign * step[:3]), position + sign * step[3:], control)[0]
            for sign in (1, -1)
        ]
        numeric = (ends[0] - ends[1]) / (2 * h)
        assert np.abs(numeric - jacobian[k]).max() < 1e-6 * np.abs(jacobian[k]).max()


def test_a_camera_that_looks_aside_is_found_too() -> None:
    scene = simulate("ce1", SphereTerrain(), 100, seed=4, start_latitude=0.2, altimetry=False)
    truth = tilted(scene.truth, np.radians(20))
    points = scanline_ends(scene.sensor, scene.terrain, truth)
    attitude, _ = errors(recover_collinearity(points, scene.sensor).orientation, truth)
    assert attitude.max() < 1e-11


@pytest.mark.parametrize("given", [True, False])
def test_error_bars_hold_whether_the_sigma_is_given_or_estimated(given: bool) -> None:
    scene = simulate("ce1", PaperTerrain(), 3000, seed=1, start_latitude=0.3, altimetry=False)
    points = with_altitude_noise(scene.control, 20.0, 1)
    points = points if given else replace(points, sigma_altitude=np.full(len(points), np.nan))
    found = recover_collinearity(points, scene.sensor).orientation
    assert found.covariance is not None
    sigma = np.sqrt(np.einsum("lii->li", found.covariance))
    ratio = np.hstack([found.position - scene.truth.position, found.angles - scene.truth.angles]) / sigma
    assert np.abs(np.sqrt(np.mean(ratio**2, axis=0)) - 1).max() < 0.1


def test_a_good_start_is_taken_and_chooses_among_three_point_solutions() -> None:
    scene = simulate("ce1", PaperTerrain(), 300, seed=1, start_latitude=0.3, altimetry=False)
    points = pixels(scene.control, scene.sensor, [0, 1, 5])
    start = scene.truth.with_(angles=scene.truth.angles + 1e-3)
    found = recover_collinearity(points, scene.sensor, start=start).orientation
    assert errors(found, scene.truth)[0].max() < 1e-10
    assert (found.flag == Flag.AMBIGUOUS).all()


def test_two_gcps_lean_on_a_named_prior() -> None:
    scene = simulate("ce1", PaperTerrain(), 50, seed=1, start_latitude=0.3, altimetry=False)
    found = recover_collinearity(pixels(scene.control, scene.sensor, [0, 1]), scene.sensor)
    assert (found.orientation.flag == Flag.PRIOR).all()
    assert "looks straight down within 3°" in " ".join(found.verdict.sentences)
    attitude, position = errors(found.orientation, scene.truth)
    assert attitude.max() < 0.12
    assert position.max() < 25e3


def test_spoilt_lines_do_not_spoil_the_others() -> None:
    scene = simulate("ce1", PaperTerrain(), 60, seed=1, start_latitude=0.3, altimetry=False)
    points = scene.control
    generator = np.random.default_rng(0)
    spoilt = points.line == 30
    lon = points.lon.copy()
    lon[spoilt] += generator.normal(size=spoilt.sum()) * 0.05
    found = recover_collinearity(replace(points, lon=lon), scene.sensor).orientation
    attitude, _ = errors(found, scene.truth)
    assert np.delete(attitude, 30).max() < 1e-11
    assert found.rms_px[30] > 10
