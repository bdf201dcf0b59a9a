"""Phase 2 of the two-phase resection against a plain least squares of each instant, and the angle its rays miss by."""

from __future__ import annotations

import numpy as np
import pytest

from planetary_dtm.core.camera.rotations import exp_so3
from planetary_dtm.core.resection.batched import turned
from planetary_dtm.core.resection.collinearity import nadir_prior
from planetary_dtm.core.resection.control import gather_control, spread
from planetary_dtm.core.resection.position import misfit, row_normals, solve_position

from .orbits import pixels, random_instants


@pytest.fixture(scope="module")
def seen():
    """Control of 20 instants by weight, a slot of one empty, rotations (3, 3, L) a little off, positions (3, L)."""
    sensor, truth, points = random_instants(20, orbits=1)
    points = points[np.arange(len(points)) != 3]
    rng = np.random.default_rng(1)
    _, control = gather_control(points, sensor, rng.uniform(0.5, 2.0, len(points)))
    off = rng.normal(0, 1e-3, (3, 20))
    return control, turned(np.moveaxis(truth.rotation(), 0, -1), off), truth.position.T


def test_each_position_is_the_weighted_least_squares(seen):
    control, rotation, _ = seen
    normals = row_normals(rotation, control.s)
    found = solve_position(normals, control.points, control.weight)
    angle = misfit(rotation, control)
    for i in range(20):
        used = np.flatnonzero(control.filled[:, i])
        n = normals[:, :, used, i].reshape(3, -1).T  # row 0 of all points, then row 1
        weight = np.tile(np.sqrt(control.weight[used, i]), 2)
        p = np.tile(control.points[:, used, i].T, (2, 1))
        place = np.linalg.lstsq(n * weight[:, None], np.sum(n * p, axis=1) * weight, rcond=None)[0]
        np.testing.assert_allclose(found[:, i], place, atol=1e-3)
        offset = p - place
        miss = np.sum(n * offset, axis=1) / np.linalg.norm(offset, axis=1)
        assert angle[i] == pytest.approx(np.sqrt(np.mean(miss**2)), rel=1e-6)


def test_the_right_attitude_hardly_misses_and_one_that_is_turned_about_is_impossible(seen):
    position = seen[2]
    sensor, truth, points = random_instants(20, orbits=1)
    _, exact = gather_control(points, sensor, np.ones(len(points)))
    right = np.moveaxis(truth.rotation(), 0, -1)
    assert misfit(right, exact).max() < 1e-12
    np.testing.assert_allclose(
        solve_position(row_normals(right, exact.s), exact.points, exact.weight), position, atol=1e-5
    )
    # Seen from below: everything lies behind the camera.
    about = np.einsum("ijl,jk->ikl", right, exp_so3([0.0, 0.0, np.pi]))
    assert np.isinf(misfit(about, exact)).all()


def test_which_lines_lean_on_the_nadir_prior_and_how_much():
    sensor, _, points = random_instants(20, orbits=1)
    kept = {"two": [0, 1], "three": [0, 1, 5], "one line of the image": [0, 2, 4]}
    prior = {}
    for name, slots in kept.items():
        own = pixels(points, sensor, slots)
        prior[name] = nadir_prior(gather_control(own, sensor, np.ones(len(own)))[1])
    for name in ("two", "one line of the image"):
        assert prior[name][0].all() and prior[name][1] == pytest.approx((1e-4 / 0.05) ** 2)
    assert not prior["three"][0].any() and (prior["three"][1] == 0).all()


def test_the_spread_of_rays_is_the_lesser_extent_of_the_image(seen):
    control, *_ = seen
    for i, found in enumerate(spread(control)):
        image = control.s[:2, control.filled[:, i], i]
        least = np.linalg.eigvalsh(np.cov(image, bias=True))[0]
        assert found == pytest.approx(np.sqrt(least), rel=1e-6)
