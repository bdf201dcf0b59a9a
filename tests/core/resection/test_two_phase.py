"""Two-phase resection: attitude without a start, solutions told apart, altitudes kept out of phase 1, priors named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planetary_dtm.core.camera.rotations import rotation_angle_between
from planetary_dtm.core.resection import attitude, coplanarity
from planetary_dtm.core.resection.batched import turned
from planetary_dtm.core.resection.control import gather_control
from planetary_dtm.core.resection.five_point import candidate_poses
from planetary_dtm.core.resection.model import Flag
from planetary_dtm.core.resection.two_phase import recover_two_phase
from planetary_dtm.core.simulation.orbit import orbital_plane
from planetary_dtm.core.simulation.scene import simulate, with_altitude_noise, with_lateral_noise
from planetary_dtm.core.simulation.terrain import PaperTerrain, SphereTerrain

from .orbits import errors, pixels, random_instants

MOON = 1_737_400.0


def test_six_gcps_give_every_random_instant_without_a_start() -> None:
    sensor, truth, points = random_instants(4000)
    found = recover_two_phase(points, sensor)
    attitude, position = errors(found.orientation, truth)
    assert attitude.max() < 1e-11
    assert position.max() < 1e-5
    assert np.isin(found.orientation.flag, (Flag.GOOD, Flag.WEAK)).all()
    assert np.mean(found.orientation.flag == Flag.GOOD) > 0.999


def test_five_gcps_choose_the_right_solution_and_flag_the_ill_conditioned() -> None:
    sensor, truth, points = random_instants(4000)
    found = recover_two_phase(pixels(points, sensor, [0, 1, 3, 4, 5]), sensor).orientation
    attitude, _ = errors(found, truth)
    assert np.mean(attitude < 1e-5) >= 0.999
    good = found.flag == Flag.GOOD
    assert good.mean() > 0.97
    assert attitude[good].max() < 1e-9


def test_five_point_search_holds_the_truth_among_its_candidates() -> None:
    sensor, truth, points = random_instants(1000)
    points = pixels(points, sensor, [0, 1, 2, 4, 5])
    rays = sensor.rays(points.view, points.sample)
    rays /= np.linalg.norm(rays, axis=1)[:, None]
    owner, rotation, d = candidate_poses(points.bearings.reshape(-1, 5, 3), rays.reshape(-1, 5, 3))
    error = np.full(1000, np.inf)
    np.minimum.at(error, owner, rotation_angle_between(rotation, truth.rotation()[owner]))
    assert error.max() < 1e-4
    assert np.allclose(np.linalg.norm(d, axis=1), 1)
    assert 2 < len(owner) / 1000 < 10


def test_phase_one_derivatives_agree_with_finite_differences() -> None:
    scene = simulate("ce1", PaperTerrain(), 20, seed=1, start_latitude=0.4, altimetry=False)
    _, control = gather_control(scene.control, scene.sensor, np.ones(len(scene.control)))
    rotation = np.moveaxis(scene.truth.rotation(), 0, -1)
    rotation = turned(rotation, np.full((3, 20), 1e-2))
    d = (scene.truth.position / np.linalg.norm(scene.truth.position, axis=1)[:, None]).T
    _, jacobian = coplanarity.residuals(rotation, d, control.p, control.s)
    for k in range(5):
        step = np.zeros((5, 20))
        step[k] = 1e-6
        ends = [
            coplanarity.residuals(*coplanarity.moved(rotation, d, x), control.p, control.s)[0] for x in (step, -step)
        ]
        numeric = (ends[0] - ends[1]) / 2e-6
        assert np.abs(numeric - jacobian[k]).max() < 1e-6 * np.abs(jacobian[k]).max()


@pytest.mark.parametrize("noise", [1000.0, 30.0])
def test_altitude_noise_leaves_the_attitude_untouched_and_the_position_below_the_papers(noise: float) -> None:
    scene = simulate("ce1", PaperTerrain(), 2400, seed=3, start_latitude=0.3, altimetry=False)
    points = with_altitude_noise(scene.control, noise, 1)
    found = recover_two_phase(points, scene.sensor).orientation
    attitude, position = errors(found, scene.truth)
    assert attitude.max() < 1e-9
    assert position.mean() < {1000.0: 512.61, 30.0: 20.85}[noise]
    assert found.covariance is not None
    sigma = np.sqrt(np.einsum("lii->li", found.covariance)[:, :3])
    ratio = np.sqrt(np.mean(((found.position - scene.truth.position) / sigma) ** 2, axis=0))
    assert ((ratio > 0.9) & (ratio < 1.1)).all()


def test_error_bars_hold_with_sigmas_estimated_from_the_residuals_and_flat_ground_is_told() -> None:
    scene = simulate("ce1", PaperTerrain(), 3000, seed=1, start_latitude=0.3, altimetry=False)
    points = with_altitude_noise(with_lateral_noise(scene.control, MOON, 1.7, 1), 100.0, 2)
    points = replace(points, sigma_altitude=np.full(len(points), np.nan))
    found = recover_two_phase(points, scene.sensor)
    eop = found.orientation
    assert eop.covariance is not None
    sigma = np.sqrt(np.einsum("lii->li", eop.covariance))
    ratio = np.hstack([eop.position - scene.truth.position, eop.angles - scene.truth.angles]) / sigma
    assert np.abs(np.sqrt(np.mean(ratio**2, axis=0)) - 1).max() < 0.2
    assert any("too flat" in sentence for sentence in found.verdict.sentences)


def test_certainty_weights_hold_bad_altitudes_down() -> None:
    scene = simulate("ce1", PaperTerrain(), 500, seed=1, start_latitude=0.3, altimetry=False)
    points = scene.control
    wild = (points.view == 2) & (points.sample > 0)
    altitude = points.altitude + np.where(wild, 800.0, 0.0)
    points = replace(points, altitude=altitude, mu=np.where(wild, 0.01, 0.9))
    weighted, even = (
        errors(recover_two_phase(points, scene.sensor, use_certainty=use).orientation, scene.truth)[1].mean()
        for use in (True, False)
    )
    assert weighted < 0.1 * even


@pytest.mark.parametrize(
    ("plane", "start"),
    [(orbital_plane(0.0, 0.0), -1.6), (None, np.pi / 2 - 0.05), (orbital_plane(0.5, np.pi - 0.02), -0.03)],
    ids=["equatorial", "pole", "date line"],
)
def test_any_orbit_works(plane: np.ndarray | None, start: float) -> None:
    scene = simulate("ce1", SphereTerrain(), 1500, seed=2, start_latitude=start, plane=plane, altimetry=False)
    found = recover_two_phase(scene.control, scene.sensor).orientation
    attitude, position = errors(found, scene.truth)
    assert attitude.max() < 1e-9
    assert position.max() < 1e-3


@pytest.mark.parametrize(("preset", "kept"), [("ce2_paper", [0, 1, 2, 3]), ("ce1", [0, 1, 4, 5]), ("ce1", [0, 1, 5])])
def test_too_few_gcps_lean_on_the_neighbours_and_say_so(preset: str, kept: list[int]) -> None:
    scene = simulate(preset, PaperTerrain(), 1500, seed=1, start_latitude=0.3, altimetry=False)
    found = recover_two_phase(pixels(scene.control, scene.sensor, kept), scene.sensor)
    attitude, position = errors(found.orientation, scene.truth)
    assert (found.orientation.flag == Flag.PRIOR).all()
    assert "even motion" in found.verdict.sentences[0]
    # The paper's error with four GCPs: 4.1e-5 rad and 18.7 m.
    assert attitude.mean() < 1e-6
    assert position.mean() < 0.5


def test_neighbours_average_altitude_noise_out_of_two_line_attitudes() -> None:
    scene = simulate("ce2_paper", PaperTerrain(), 1500, seed=1, start_latitude=0.3, altimetry=False)
    found = recover_two_phase(with_altitude_noise(scene.control, 30.0, 1), scene.sensor).orientation
    assert errors(found, scene.truth)[0].mean() < 1e-4


def test_few_lines_are_searched_from_nothing_the_rest_followed_from_them(monkeypatch: pytest.MonkeyPatch) -> None:
    searched, search = [], attitude._search
    monkeypatch.setattr(attitude, "_search", lambda few, told: searched.append(len(few.line)) or search(few, told))
    scene = simulate(
        "ce1", PaperTerrain(), 2 * attitude.ANCHOR_STRIDE + 10, seed=1, start_latitude=0.3, altimetry=False
    )
    found = recover_two_phase(scene.control, scene.sensor).orientation
    assert not found.flag.any() and errors(found, scene.truth)[1].max() < 1e-3
    assert searched == [4]  # every `ANCHOR_STRIDE`th, and the last


def test_mixed_lines_are_each_solved_by_what_they_have() -> None:
    scene = simulate("ce1", PaperTerrain(), 400, seed=1, start_latitude=0.3, altimetry=False)
    points = scene.control
    drop = ((points.line % 7 == 3) & (points.view == 1)) | ((points.line == 200) & (points.view + points.sample > 0))
    found = recover_two_phase(points[~drop], scene.sensor).orientation
    attitude, _ = errors(found, scene.truth)
    assert found.flag[200] == Flag.FAILED
    assert np.isnan(found.position[200]).all()
    four = np.arange(400) % 7 == 3
    assert (found.flag[four & (np.arange(400) != 200)] == Flag.PRIOR).all()
    assert np.nanmax(attitude[~four]) < 1e-11
    assert np.nanmax(attitude[four]) < 1e-5
