"""Forward intersection against known ground."""

import numpy as np
import pytest

from planetary_dtm.core.camera.linescan import LineScan
from planetary_dtm.core.frames import unit_vectors
from planetary_dtm.core.simulation.scene import simulate
from planetary_dtm.core.simulation.terrain import PaperTerrain
from planetary_dtm.core.terrain.intersection import (
    POINTING_PX,
    across,
    good_matches,
    intersect_matches,
    intersect_rays,
    sigma_factor,
)

COUNT = 3000


@pytest.fixture(scope="module")
def matches():
    """Exact places (3, N) of ground points in the three views of a CE-1 scene, and the points."""
    scene = simulate("ce1", PaperTerrain(), 2400, start_latitude=0.3, altimetry=False)
    cameras = [LineScan(scene.sensor, view, scene.truth) for view in range(3)]
    rng = np.random.default_rng(0)
    points = scene.ground(rng.integers(700, 1700, COUNT), 1, rng.integers(0, 512, COUNT))
    places = np.stack([camera.project(points) for camera in cameras], axis=1)
    return cameras, places, points


def test_exact_matches_give_exact_points(matches):
    cameras, (line, sample), points = matches
    for views in ([0, 1, 2], [0, 1], [1, 2], [0, 2]):
        found = intersect_matches([cameras[v] for v in views], line[views], sample[views], 0.0)
        assert np.linalg.norm(found.points - points, axis=1).max() < 1e-4
        assert found.ray_miss.max() < 1e-4
        assert (found.rays == len(views)).all()


@pytest.mark.parametrize("views", [[0, 1, 2], [1, 2], [0, 2]])
def test_error_bars_are_true(matches, views):
    """Noise of a known sigma on the matches: point and altitude errors follow the covariance, the miss its sigma."""
    cameras, (line, sample), points = matches
    noise = np.random.default_rng(1).normal(size=(2, len(views), COUNT)) * 0.2
    found = intersect_matches([cameras[v] for v in views], line[views] + noise[0], sample[views] + noise[1], 0.2)
    error = found.points - points
    chi_square = np.einsum("ni,nij,nj->n", error, np.linalg.inv(found.covariance), error)
    assert np.mean(chi_square) / 3 == pytest.approx(1.0, abs=0.06)
    up = points / np.linalg.norm(points, axis=1, keepdims=True)
    ratio = np.sum(error * up, axis=1) / found.sigma_altitude
    assert np.sqrt(np.mean(ratio**2)) == pytest.approx(1.0, abs=0.06)
    if len(views) == 2:
        assert np.sqrt(np.mean((found.ray_miss / found.miss_sigma) ** 2)) == pytest.approx(1.0, abs=0.06)


def test_missing_rays_leave_what_the_others_give(matches):
    cameras, (line, sample), points = matches
    line = line.copy()
    line[0, :10] = np.nan
    line[1, 5:10] = np.nan
    found = intersect_matches(cameras, line, sample, 0.1)
    assert found.rays[:12].tolist() == [2] * 5 + [1] * 5 + [3] * 2
    assert np.isnan(found.points[5:10]).all()
    assert np.linalg.norm(found.points[:5] - points[:5], axis=1).max() < 1e-4


def test_parallel_rays_fix_no_point():
    origins = np.array([[[0.0, 0.0, 0.0]], [[10.0, 0.0, 0.0]]])
    directions = np.tile([0.0, 0.0, 1.0], (2, 1, 1))
    assert np.isnan(intersect_rays(origins, directions).points).all()


def test_two_skew_rays_meet_at_their_midpoint():
    origins = np.array([[[-5.0, 0.0, 1.0]], [[0.0, -5.0, -1.0]]])
    directions = np.array([[[1.0, 0.0, 0.0]], [[0.0, 1.0, 0.0]]])
    found = intersect_rays(origins, directions)
    np.testing.assert_allclose(found.points, [[0.0, 0.0, 0.0]], atol=1e-12)
    assert found.ray_miss[0] == pytest.approx(2.0)


def test_blunders_are_found_by_their_ray_miss_and_altitude(matches):
    """Rays see an error across the epipolar line; one along it shifts the altitude, which only bounds can catch."""
    cameras, (line, sample), _ = matches
    rng = np.random.default_rng(2)
    noise = rng.normal(size=(2, 2, COUNT)) * 0.1
    line, sample = line[1:] + noise[0], sample[1:] + noise[1]
    wrong = rng.random(COUNT) < 0.05
    sample[1, wrong] += rng.choice([-1, 1], wrong.sum()) * rng.uniform(5, 30, wrong.sum())
    found = intersect_matches(cameras[1:], line, sample, 0.1)
    good = good_matches(found, 1_737_400.0)
    assert not good[wrong].any()
    assert good[~wrong].mean() > 0.995
    altitude = found.altitude(1_737_400.0)
    bounded = good_matches(found, 1_737_400.0, lowest_m=0.0, highest_m=5000.0)
    assert bounded.any() and (altitude[bounded] >= 0).all() and (altitude[bounded] <= 5000).all()


@pytest.mark.parametrize("views", [[0, 1, 2], [1, 2]])
def test_ray_misses_tell_a_sigma_too_small(matches, views):
    """Matches three times as noisy as their sigma says, a tenth of them wrong altogether."""
    cameras, (line, sample), _ = matches
    rng = np.random.default_rng(3)
    noise = 0.3 * rng.normal(size=(2, len(views), COUNT)) * np.where(rng.random(COUNT) < 0.1, 20.0, 1.0)
    seen_by = [cameras[view] for view in views]
    found = intersect_matches(seen_by, line[views] + noise[0], sample[views] + noise[1], 0.1)
    assert sigma_factor(found) == pytest.approx(3.0, rel=0.16)
    honest = intersect_matches(seen_by, line[views] + noise[0] / 20, sample[views] + noise[1] / 20, 0.1)
    assert sigma_factor(honest) == 1.0


def test_rays_of_unknown_orientation_give_no_point_and_no_error():
    origins = np.array([[[0.0, 0.0, 1e5]] * 3, [[5e4, 0.0, 1e5]] * 3])
    directions = -origins / np.linalg.norm(origins, axis=-1, keepdims=True)
    covariance = np.tile(np.eye(3), (2, 3, 1, 1))
    covariance[:, 1] *= np.diag([1e40, 1e-3, 1.0])
    covariance[:, 2] = np.nan
    found = intersect_rays(origins, directions, covariance)
    assert np.linalg.norm(found.points[0]) < 1e-6 and np.isnan(found.points[1:]).all()


@pytest.mark.parametrize(("gsd", "height"), [(120.0, 2e5), (0.5, 1e5), (0.25, 2.9e5)])
def test_the_misfit_keeps_its_digits_however_near_exact_one_ray_is(gsd, height):
    """The left image's pixel is where it is, to `POINTING_PX`; the right one's is known to 0.2 px."""
    rng, radius = np.random.default_rng(4), 3_396_190.0
    points = radius * unit_vectors(0.5 + rng.uniform(-1e-3, 1e-3, COUNT), 0.35 + rng.uniform(-1e-3, 1e-3, COUNT))
    up = points / radius
    north = np.cross(up, np.cross([0.0, 0.0, 1.0], up))
    north /= np.linalg.norm(north, axis=1, keepdims=True)
    origins, directions, covariance = [], [], []
    for lean, sigma in ((-0.2, POINTING_PX), (0.2, 0.2)):
        origin = points + height * (up + lean * north)
        basis = across((points - origin) / np.linalg.norm(points - origin, axis=1, keepdims=True))
        seen = points + gsd * sigma * np.einsum("nij,nj->ni", basis, rng.normal(size=(COUNT, 2)))
        origins.append(origin)
        directions.append((seen - origin) / np.linalg.norm(seen - origin, axis=1, keepdims=True))
        covariance.append((gsd * sigma) ** 2 * basis @ np.swapaxes(basis, -1, -2))
    found = intersect_rays(np.array(origins), np.array(directions), np.array(covariance))
    assert (found.misfit >= 0).all()
    assert np.median(found.misfit) == pytest.approx(0.455, abs=0.06)  # chi-square of one degree of freedom
    assert sigma_factor(found) == pytest.approx(1.0, abs=0.05)
