"""Sight lines against a simulated scanner, streaks against ones laid by hand, and a report that says all of it."""

import numpy as np
import pytest

from planetary_dtm.core.camera.footprints import ground_points
from planetary_dtm.core.camera.linescan import LineScan
from planetary_dtm.core.simulation.scene import simulate
from planetary_dtm.core.simulation.terrain import SphereTerrain
from planetary_dtm.core.terrain.quality import sight, streaks


@pytest.fixture(scope="module")
def views():
    scene = simulate("ce1", SphereTerrain(), 1400, start_latitude=0.3, altimetry=False)
    return [LineScan(scene.sensor, view, scene.truth) for view in range(3)]


def test_convergence_and_base_are_those_of_the_sensor(views):
    line, sample = np.arange(0.0, 1400, 50), np.array([128.0, 255.5, 384.0])
    found = sight(views[1], views[2], 1400, line, sample, 0.0)
    # 16.7° at the camera, more on the ground for the body is round: sin(e) = (1 + H/R) sin(16.7°); 3° of wander
    expected = np.degrees(np.arcsin((1 + 200.0 / 1737.4) * np.sin(np.arctan2(6.9993, 23.33))))
    assert np.nanmedian(np.degrees(found.convergence)) == pytest.approx(expected, abs=1.5)
    # the base flown between both sights of the middle pixel, over the height
    ground = views[1].rays(900.0, 255.5)
    meets = ground_points(views[1], 900.0, 255.5, views[1].body_radius_m)
    other = views[2].rays(*views[2].project(meets))[0]
    height = np.linalg.norm(ground[0]) - views[1].body_radius_m
    assert found.base_to_height[18, 1] == pytest.approx(np.linalg.norm(other - ground[0]) / height, rel=0.12)
    # nadir sees at line i what forward saw about 503 lines before
    assert not found.seen[line < 450].any() and found.seen[line > 560].all()
    assert np.isnan(found.convergence[~found.seen]).all()


def test_a_view_sees_itself_without_base(views):
    found = sight(views[0], views[0], 1400, np.array([100.0, 700.0]), np.array([10.0, 500.0]), -500.0)
    assert found.seen.all() and np.abs(found.base_to_height).max() < 1e-6


def test_streaks_show_rows_that_stand_off_and_nothing_else():
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:200, :300].astype(float)
    smooth = 0.5 * rows + 300.0 * np.sin(columns / 30.0) + 100.0 * np.sin(rows / 60.0)
    laid = rng.normal(0, 5.0, 200)
    holed = np.where(rng.random(smooth.shape) < 0.2, np.nan, smooth + laid[:, None])
    calm = np.where(np.isnan(holed), np.nan, smooth)
    found = streaks(holed)
    mean = np.convolve(laid, np.ones(17) / 17, mode="same")
    inner = slice(10, -10)
    assert np.corrcoef(found[inner], (laid - mean)[inner])[0, 1] > 0.99
    assert np.sqrt(np.mean(found[inner] ** 2)) == pytest.approx(5.0 * np.sqrt(16 / 17), rel=0.12)
    assert np.sqrt(np.mean(streaks(calm)[inner] ** 2)) < 0.5
    assert np.sqrt(np.nanmean(streaks(holed.T)[inner] ** 2)) < 5.0
    assert np.isnan(streaks(holed[:, :10])).all()
