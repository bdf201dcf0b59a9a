"""Tie points and raw shots as rows: derivatives by finite differences, and what elimination and planes must keep."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from planetary_dtm.core.altimetry.readers import Shots
from planetary_dtm.core.bodies import body_of_radius
from planetary_dtm.core.camera.linescan import LineScan
from planetary_dtm.core.camera.rotations import exp_so3
from planetary_dtm.core.frames import lonlat_radius
from planetary_dtm.core.resection.banded import BandMatrix
from planetary_dtm.core.resection.bundle import spread
from planetary_dtm.core.resection.coupling import Coupling, Curves
from planetary_dtm.core.resection.model import TiePoints
from planetary_dtm.core.resection.path import Path, Poses, fit_nominal, fit_path
from planetary_dtm.core.resection.splines import UniformSpline
from planetary_dtm.core.resection.surface_shots import shots_over
from planetary_dtm.core.resection.ties import TieRows, intersect, rays_of, scale_of
from planetary_dtm.core.simulation.correspondences import grid_pixels, tie_points
from planetary_dtm.core.simulation.scene import Scene, simulate
from planetary_dtm.core.simulation.terrain import PaperTerrain
from planetary_dtm.core.terrain.intersection import intersect_matches

Array = NDArray[np.float64]
TERRAIN = PaperTerrain()
BODY = body_of_radius(TERRAIN.radius_m)


@pytest.fixture(scope="module")
def scene() -> Scene:
    return simulate("ce1", TERRAIN, 1600, seed=3, start_latitude=0.3, altimetry=False)


@pytest.fixture(scope="module")
def ties(scene: Scene) -> TiePoints:
    return tie_points(scene, 1, *grid_pixels(scene, (60.0, 60.0), 1), 0.3, 1)


@pytest.fixture(scope="module")
def path(scene: Scene) -> Path:
    truth = scene.truth
    splines = (UniformSpline.over(0.0, 1599.0, step) for step in (200.0, 100.0))
    nominal = fit_nominal(truth.line, truth.position, truth.rotation())
    return fit_path(nominal, *splines, truth.line, truth.position, truth.rotation())


def moved(poses: Poses, change: Array) -> Poses:
    """Poses after changes (L, 6) of the splines' values."""
    turn = exp_so3(np.einsum("lij,lj->li", poses.jacobian, change[:, 3:]))
    position = poses.position + np.einsum("lij,lj->li", poses.frame, change[:, :3])
    return replace(poses, position=position, rotation=poses.rotation @ turn)


def test_rows_have_the_derivatives_of_the_least_squares(scene: Scene, ties: TiePoints, path: Path) -> None:
    rows = TieRows.of(rays_of(ties, scene.sensor))
    poses = path.at(rows.line.ravel())
    residual, by_pose = rows.rows(poses)
    count, _, images, _ = by_pose.shape
    cost = np.sum(residual**2, axis=1)
    for component, step in enumerate((3.0, 3.0, 3.0, 1e-5, 1e-5, 1e-5)):
        for image in range(images):
            change = np.zeros((count, images, 6))
            change[:, image, component] = step
            ahead, back = (rows.rows(moved(poses, s * change.reshape(-1, 6)))[0] for s in (1.0, -1.0))
            slope = (np.sum(ahead**2, axis=1) - np.sum(back**2, axis=1)) / (2 * step)
            expected = 2 * np.sum(residual * by_pose[:, :, image, component], axis=1)
            size = 2 * np.sqrt(cost * np.sum(by_pose[:, :, image, component] ** 2, axis=1))
            assert np.abs(slope - expected).max() < 1e-4 * size.max()


def test_elimination_is_the_schur_complement(scene: Scene, ties: TiePoints, path: Path) -> None:
    found = intersect(rays_of(ties, scene.sensor), path.at(rays_of(ties, scene.sensor).line.ravel()))
    _, by_pose = found.rows()
    count, rows, images, _ = by_pose.shape
    full = np.zeros((count, rows, images, 6))
    for i in range(images):
        full[:, 2 * i : 2 * i + 2, i] = found.by_pose[:, 2 * i : 2 * i + 2]
    full, own = full.reshape(count, rows, -1), by_pose.reshape(count, rows, -1)
    a, t = found.by_point, np.swapaxes(found.by_point, 1, 2)
    mixed = t @ full
    schur = np.swapaxes(full, 1, 2) @ full - np.swapaxes(mixed, 1, 2) @ np.linalg.solve(t @ a, mixed)
    normal = np.swapaxes(own, 1, 2) @ own
    assert np.abs(normal - schur).max() < 1e-7 * np.abs(schur).max()
    missing = ~np.isfinite(ties.line)
    assert missing.any() and np.all(np.swapaxes(by_pose, 1, 2)[missing] == 0)
    rank = np.linalg.matrix_rank(own[~missing.any(axis=1)], tol=1e-6 * np.abs(own).max())
    assert np.all(rank == 3)


def test_points_are_those_of_forward_intersection(scene: Scene, ties: TiePoints, path: Path) -> None:
    orientation = scene.truth
    cameras = [LineScan(scene.sensor, int(view), orientation) for view in ties.view[0]]
    sigma = np.where(np.isfinite(ties.line), ties.sigma_px, 0.3)
    expected = intersect_matches(cameras, ties.line.T, ties.sample.T, sigma.T)
    rays = rays_of(ties, scene.sensor)
    position, rotation = orientation.at(rays.line.ravel())
    frames = np.broadcast_to(np.eye(3), rotation.shape)
    found = intersect(rays, Poses(position, rotation, frames, frames))
    inside = np.isfinite(expected.points[:, 0])
    apart = (np.linalg.norm(found.point - expected.points, axis=1) / expected.sigma_altitude)[inside]
    assert np.median(apart) < 0.05 and apart.max() < 0.3  # the rays' slant is weighed a little otherwise
    freedom = TieRows.of(rays).freedom
    assert np.sum(found.residual**2) == pytest.approx(freedom.sum(), rel=0.15)


def test_groups_of_knot_intervals_add_up_to_the_normal_equations(scene: Scene, ties: TiePoints, path: Path) -> None:
    line, sample = np.array([700.0, 700.5, 760.0, 790.0]), np.array([10.0, 11.0, 300.0, 500.0])
    few = tie_points(scene, 1, line, sample, 0.3, 1)
    rows = TieRows.of(rays_of(few, scene.sensor))
    residual, by_pose = rows.rows(path.at(rows.line.ravel()))
    place = np.arange(path.place.count * 3).reshape(-1, 3)
    turn = place.size + np.arange(path.turn.count * 3).reshape(-1, 3)
    order = place.size + turn.size
    coupling = Coupling(rows.line, [Curves(path.place, path.turn, place, turn)] * rows.line.shape[1])
    assert 1 < len(coupling.unknown) < len(rows.line)  # some meet the same unknowns
    matrix, right = BandMatrix(order, order), np.zeros(order)
    matrix.add(np.arange(order), np.arange(order), np.ones(order))
    coupling.add(matrix, right, residual, by_pose)
    design = np.zeros((*residual.shape, order))
    for spline, own, first in ((path.place, place, 0), (path.turn, turn, 3)):
        at, share = spline.weights(rows.line)
        for n, m, tap in np.ndindex(*share.shape):
            design[n, :, own[at[n, m] + tap]] += share[n, m, tap] * by_pose[n, :, m, first : first + 3].T
    design = design.reshape(-1, order)
    assert np.allclose(right, -design.T @ residual.ravel(), rtol=0, atol=1e-9 * np.abs(right).max())
    expected = np.linalg.solve(np.eye(order) + design.T @ design, right)
    assert np.allclose(matrix.factor().solve(right), expected, rtol=0, atol=1e-7 * np.abs(expected).max())
    inverse = np.linalg.inv(np.eye(order) + design.T @ design)
    traced = coupling.determined(matrix.factor().inverse(), residual, by_pose)
    assert traced == pytest.approx(np.trace(design @ inverse @ design.T), rel=1e-6)
    unit = np.zeros((*rows.line.shape, 6, order))  # of a change of each pose, its unknowns
    for spline, own, first in ((path.place, place, 0), (path.turn, turn, 3)):
        at, share = spline.weights(rows.line)
        for n, m, tap, axis in np.ndindex(*share.shape, 3):
            unit[n, m, first + axis, own[at[n, m] + tap, axis]] += share[n, m, tap]
    unit = unit.reshape(len(unit), -1, order)
    found = coupling.pose_covariance(matrix.factor().inverse())
    expected = unit @ inverse @ np.swapaxes(unit, 1, 2)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6 * np.abs(expected).max())


@pytest.fixture(scope="module")
def surface(scene: Scene) -> tuple[TiePoints, Shots]:
    """Exact ties close together, and shots among them."""
    ties = tie_points(scene, 1, *grid_pixels(scene, (6.0, 6.0), 2), 1e-6, 2)
    ties = ties[(ties.line[:, 0] > 700) & (ties.line[:, 0] < 800)]
    places = tie_points(scene, 1, *grid_pixels(scene, (25.0, 40.0), 3), 1e-6, 3)
    places = places[(places.line[:, 0] > 710) & (places.line[:, 0] < 790)]
    ground = scene.ground(places.line[:, 0], 1, places.sample[:, 0])
    lon, lat, radius = lonlat_radius(ground)
    return ties, Shots(lon, lat, radius - TERRAIN.radius_m, BODY, BODY.datum)


def test_shots_stand_on_the_surface_of_exact_ties(scene: Scene, surface: tuple[TiePoints, Shots]) -> None:
    ties, shots = surface
    rays = rays_of(ties, scene.sensor)
    position, rotation = scene.truth.at(rays.line.ravel())
    frames = np.broadcast_to(np.eye(3), rotation.shape)
    every = TieRows.of(rays)
    good, point = every.usable(Poses(position, rotation, frames, frames))
    over = shots_over(shots, ties, point, good, lambda chosen: rays_of(chosen, scene.sensor))
    assert over is not None and len(over.row) > 0.9 * len(shots)
    position, rotation = scene.truth.at(over.line.ravel())
    frames = np.broadcast_to(np.eye(3), rotation.shape)
    distance = over.distance(Poses(position, rotation, frames, frames))
    assert np.sqrt(np.mean(distance**2)) < 3.0  # what a plane over a kilometre leaves of this relief
    raised = replace(shots, altitude=shots.altitude + 50.0)
    lifted = shots_over(raised, ties, point, good, lambda chosen: rays_of(chosen, scene.sensor))
    assert lifted is not None
    assert np.allclose(lifted.distance(Poses(position, rotation, frames, frames)) - distance, 50.0, atol=1e-6)


def test_shot_rows_have_true_derivatives(scene: Scene, surface: tuple[TiePoints, Shots], path: Path) -> None:
    ties, shots = surface
    every = TieRows.of(rays_of(ties, scene.sensor))
    good, point = every.usable(path.at(every.line.ravel()))
    over = shots_over(shots, ties, point, good, lambda chosen: rays_of(chosen, scene.sensor))
    assert over is not None
    poses = path.at(over.line.ravel())
    _, by_pose = over.rows(poses)
    count, _, images, _ = by_pose.shape
    for component, step in enumerate((3.0, 3.0, 3.0, 1e-5, 1e-5, 1e-5)):
        for image in range(images):
            change = np.zeros((count, images, 6))
            change[:, image, component] = step
            ahead, back = (over.rows(moved(poses, s * change.reshape(-1, 6)))[0] for s in (1.0, -1.0))
            slope = (ahead - back)[:, 0] / (2 * step)
            expected = by_pose[:, 0, image, component]
            assert np.abs(slope - expected).max() < 1e-4 * max(np.abs(by_pose[..., component]).max(), 1e-12)


def test_shots_far_from_ties_have_no_surface(scene: Scene, surface: tuple[TiePoints, Shots], path: Path) -> None:
    ties, shots = surface
    every = TieRows.of(rays_of(ties, scene.sensor))
    good, point = every.usable(path.at(every.line.ravel()))
    away = replace(shots, lat=shots.lat + 0.1)
    assert shots_over(away, ties, point, good, lambda chosen: rays_of(chosen, scene.sensor)) is None


def test_the_line_beside_is_within_those_that_were_flown(scene: Scene) -> None:
    rays = rays_of(tie_points(scene, 1, np.array([700.0, 760.0]), np.array([10.0, 300.0]), 0.3, 1), scene.sensor)
    beside = rays.beside()
    assert np.all(np.abs(beside - rays.line) == 1)
    assert rays.line.min() < beside.min() and beside.max() < rays.line.max()


def test_the_scale_of_sigmas_is_the_sum_of_squares_by_the_redundancy() -> None:
    four, trust = np.full(100, 4.0), np.linspace(0.5, 1.0, 100)
    assert scale_of(four, trust, np.full(100, 2.0), 20.0) == pytest.approx(np.sqrt(300.0 / (150.0 - 20.0)))
    assert scale_of(four, trust, np.ones(100), 90.0) == pytest.approx(np.sqrt(300.0))  # never below one
    assert scale_of(0 * four, trust, np.ones(100), 10.0) > 0


def test_spread_keeps_one_tie_a_cell(scene: Scene) -> None:
    line, sample = (values.ravel() for values in np.meshgrid(np.arange(600.0, 632.0, 2), np.arange(0.0, 512.0, 8)))
    dense = tie_points(scene, 1, line, sample, 0.3, 1)
    kept = spread(dense, scene.sensor.samples)
    assert len(kept) == 4 * 16
    assert np.isfinite(kept.line).sum(axis=1).min() >= np.isfinite(dense.line).sum(axis=1).min()
