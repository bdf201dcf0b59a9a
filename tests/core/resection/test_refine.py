"""Nominal models refined: what ties and shots can tell comes back, what they cannot stays with its sigma."""

from __future__ import annotations

import numpy as np
import pytest

from planetary_dtm.core.camera.rotations import log_so3
from planetary_dtm.core.errors import InputError
from planetary_dtm.core.resection.dense_system import DenseSystem, Placed, Prior
from planetary_dtm.core.resection.model import control_points
from planetary_dtm.core.resection.nominal_path import NominalPath, image_rays
from planetary_dtm.core.resection.refine import ATTITUDE_LINES, POSITION_INTERVALS, ground_by_correction, refine
from planetary_dtm.core.resection.surface_search import Strip, search_shifts
from planetary_dtm.core.resection.surface_shots import repeats
from planetary_dtm.core.resection.ties import TieRows

from . import narrow


def errors(path, true, line):
    """Shift and turn (L, 6) of a path from the true camera."""
    poses, truth = path.at(line), true.orientation(line)
    shift = np.einsum("lji,lj->li", poses.frame, poses.position - truth.position)
    return np.concatenate([shift, log_so3(np.swapaxes(truth.rotation(), 1, 2) @ poses.rotation)], axis=1)


def rms(values):
    return np.sqrt(np.mean(np.square(values), axis=0))


@pytest.fixture(scope="module")
def refined():
    return refine(narrow.spoiled(), narrow.ties(), narrow.shots(), prior=Prior(60.0, 1e-4))


@pytest.mark.parametrize("image", [0, 1])
def test_the_ground_is_found_and_sigmas_cover(refined, image):
    true, line = narrow.pair()[image], refined.lines[image]
    path = refined.paths[image]
    error = errors(path, true, line)
    before = errors(NominalPath.over(narrow.spoiled()[image], 1, 1000.0), true, line)
    moved = ground_by_correction(path, line, narrow.RADIUS)
    ground, first = (np.einsum("lij,lj->li", moved, values)[:, 1:] for values in (error, before))
    assert np.all(rms(ground) < 0.12 * rms(first))
    spread = moved @ refined.covariance[image] @ np.swapaxes(moved, 1, 2)
    sigma = np.sqrt(np.diagonal(spread, axis1=1, axis2=2))[:, 1:]
    assert np.all(rms(ground / sigma) < 2.0)
    own = np.sqrt(np.diagonal(refined.covariance[image], axis1=1, axis2=2))
    assert np.all(rms(error / own) < 2.0)


def test_noise_of_ties_alone_pulls_the_cameras_nowhere():
    """Many small errors of lines once drew cameras that stood right aside, by five sigmas."""
    true, away = narrow.pair(), []
    paths = [NominalPath.over(camera, POSITION_INTERVALS, ATTITUDE_LINES) for camera in true]
    line = np.linspace(0, narrow.LINES - 1, 30)
    for seed in range(4):
        ties = narrow.ties(step=5, noise=0.5, seed=seed)
        rows = TieRows.of(image_rays(true, np.array([0, 1]), ties.line, ties.sample, ties.sigma_px))
        system = DenseSystem(paths, Prior(2000.0, 1e-3), [Placed.of(rows, (0, 1), paths)])
        system.step()
        sigma = [np.sqrt(np.diagonal(system.covariance(k, line), axis1=1, axis2=2)) for k in (0, 1)]
        away.append([(errors(path, own, line) / s).mean(axis=0) for path, own, s in zip(system.paths, true, sigma)])
    assert np.abs(np.mean(away, axis=0)).max() < 0.5


def test_what_cannot_be_told_is_said(refined):
    said = " ".join(refined.sentences)
    assert refined.settled
    assert "not recovered, and left to the prior" in said and "radial shift" in said
    assert "raw shots stand off the surface of left and right by" in said
    sigma = np.sqrt(np.mean(np.diagonal(refined.covariance[0], axis1=1, axis2=2), axis=0))
    assert sigma[0] > 0.3 * 60.0 and sigma[1] < 0.5 * 60.0


def test_models_worse_than_said_are_told():
    found = refine(narrow.spoiled(), narrow.ties(24), None, prior=Prior(1.0, 1e-6))
    assert any("raise it" in sentence for sentence in found.warnings)


def test_the_refined_camera_flies_the_refined_path(refined):
    line = np.array([0.0, 1234.5, narrow.LINES - 1.0])
    camera, poses = refined.camera(1), refined.paths[1].at(line)
    known = camera.orientation(line)
    np.testing.assert_allclose(known.position, poses.position, atol=1e-6)
    np.testing.assert_allclose(known.rotation(), poses.rotation, atol=1e-12)


def test_control_alone():
    true = narrow.pair()[0]
    line = np.repeat(np.arange(0.0, narrow.LINES, 100), 2)
    sample = np.tile([0.0, narrow.SAMPLES - 1.0], len(line) // 2)
    from planetary_dtm.core.camera.footprints import ground_points

    points = ground_points(true, line, sample, narrow.RADIUS, narrow.height)
    lon, lat = np.arctan2(points[:, 1], points[:, 0]), np.arcsin(points[:, 2] / np.linalg.norm(points, axis=1))
    given = control_points(line, 0, sample, lon, lat, narrow.height(lon, lat), sigma_altitude=1.0)
    found = refine(narrow.spoiled()[:1], None, None, given, prior=Prior(60.0, 1e-4), sigma_lateral=1.0)
    moved = ground_by_correction(found.paths[0], found.lines[0], narrow.RADIUS)
    ground = np.einsum("lij,lj->li", moved, errors(found.paths[0], true, found.lines[0]))
    assert np.all(rms(ground[:, 1:]) < 1.0)


def test_nothing_to_refine_against():
    with pytest.raises(InputError, match="need TIES"):
        refine(narrow.spoiled(), None, narrow.shots())


def test_search_finds_a_shift_that_changes_along_the_flight():
    generator = np.random.default_rng(1)
    along, across = generator.uniform(0, 20_000, 60_000), generator.uniform(-500, 500, 60_000)

    def ground(x, y):
        return 30 * np.sin(x / 170 + y / 300) + 20 * np.sin(x / 90 - y / 140) + 25 * np.cos(y / 110 + x / 400)

    track = np.arange(300.0, 19_700, 12)
    side = 40.0 * np.sin(track / 700)
    surface = Strip(along, across, ground(along + 80 + along / 250, across - 90) + 0.01 * along)
    centres, shift = search_shifts(surface, Strip(track, side, ground(track, side)), 400.0)
    np.testing.assert_allclose(shift[:, 0], 80 + centres / 250, atol=41)  # a cell and a half
    np.testing.assert_allclose(shift[:, 1], -90, atol=41)


def test_repeats_of_common_errors():
    generator = np.random.default_rng(2)
    alone = generator.normal(size=4096)
    assert repeats(alone) < 2.0
    assert 6.0 < repeats(np.repeat(alone[:512], 8)) < 14.0
