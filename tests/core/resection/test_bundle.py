"""What ties and shots a trajectory is adjusted to, what is said of them, and ties thinned and joined."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planetary_dtm.core.altimetry.readers import Shots
from planetary_dtm.core.bodies import body_of_radius
from planetary_dtm.core.errors import InputError
from planetary_dtm.core.resection.bundle import Bundle, joined_ties, spread
from planetary_dtm.core.resection.model import TiePoints
from planetary_dtm.core.resection.path import fit_nominal, fit_path
from planetary_dtm.core.resection.splines import UniformSpline
from planetary_dtm.core.simulation.correspondences import grid_pixels, tie_points
from planetary_dtm.core.simulation.scene import simulate
from planetary_dtm.core.simulation.terrain import PaperTerrain

LINES = 1200


@pytest.fixture(scope="module")
def flight():
    """A scene, its path, ties of half a pixel, and a few shots of its ground."""
    scene = simulate("ce1", PaperTerrain(), LINES, seed=3, start_latitude=0.3, altimetry=False)
    truth = scene.truth
    nominal = fit_nominal(truth.line, truth.position, truth.rotation())
    splines = (UniformSpline.over(0.0, LINES - 1.0, 200.0) for _ in range(2))
    path = fit_path(nominal, *splines, truth.line, truth.position, truth.rotation())
    return scene, path, tie_points(scene, 1, *grid_pixels(scene, (60.0, 60.0), 1), 0.5, 1)


def shots_at(lon, lat, altitude):
    body = body_of_radius(PaperTerrain().radius_m)
    return Shots(lon, lat, altitude, body, body.datum)


def test_without_ties_there_is_nothing_and_shots_are_told_to_be_unused(flight):
    scene, path, ties = flight
    line = scene.truth.line
    assert Bundle.of(None, None, scene.sensor, line, path) == Bundle()
    assert Bundle.of(ties[:0], None, scene.sensor, line, path) == Bundle()
    unused = Bundle.of(None, shots_at(*np.zeros((3, 1))), scene.sensor, line, path)
    assert unused.observed == () and unused.sentences[0].startswith("Raw shots are not used: without TIES")


def test_ties_join_the_views_and_their_miss_is_told(flight):
    scene, path, ties = flight
    found = Bundle.of(ties, None, scene.sensor, scene.truth.line, path)
    (rows,) = found.observed
    assert f"{len(rows.trust)} of {len(ties)} tie points join the views" in found.sentences[0]
    miss = float(found.sentences[0].rpartition("miss by ")[2].split()[0])
    assert miss == pytest.approx(0.5, rel=0.2)  # their noise: the path is the true one
    told = found.told(found.observed, path)
    assert len(told) == 2 and "1 times their sigma" in told[1] and "0 lie beyond 3 sigma" in told[1]
    picked = Bundle.of(lambda orientation: ties[: len(orientation) // 40], None, scene.sensor, scene.truth.line, path)
    assert f"of {LINES // 40} tie points" in picked.sentences[0]


def test_ties_count_between_the_lines_and_where_seen_twice(flight):
    scene, path, ties = flight
    with pytest.raises(InputError, match=r"seen twice between lines 5000 and 6000 of the GCPs"):
        Bundle.of(ties, None, scene.sensor, np.array([5000.0, 6000.0]), path)
    line = np.arange(100.0, 900.0)
    found = Bundle.of(ties, None, scene.sensor, line, path)
    inside = ((ties.line >= 100) & (ties.line <= 899)).sum(axis=1)
    assert f"of {int((inside >= 2).sum())} tie points" in found.sentences[0]
    edges = TiePoints(
        np.array([[100.0, 899.0], [99.0, 899.0]]), ties.view[:2, :2], ties.sample[:2, :2], np.ones((2, 2))
    )
    assert "of 1 tie points" in Bundle.of(edges, None, scene.sensor, line, path).sentences[0]


def test_shots_far_from_all_ties_are_told(flight):
    scene, path, ties = flight
    far = shots_at(*np.array([[2.0, 2.1], [-1.0, -1.0], [0.0, 0.0]]))
    found = Bundle.of(ties, far, scene.sensor, scene.truth.line, path)
    assert len(found.observed) == 1 and found.sentences[1].startswith("No raw shot has tie points about it")


def test_one_tie_a_cell_is_kept_the_one_seen_most_often_and_best():
    line = np.array([[0.0, 1.0, np.nan], [1.0, 2.0, 3.0], [2.0, 3.0, 4.0], [9.0, 9.0, np.nan], [9.0, 9.0, np.nan]])
    sample = np.array([[0.0], [1.0], [2.0], [3.0], [70.0]]) * np.ones(3)
    sigma = np.array([[0.0, 0.1, 9.0], [0.0, 0.5, 0.5], [0.0, 0.3, 0.3], [0.0, 0.5, 9.0], [0.0, 0.5, 9.0]])
    ties = TiePoints(line, np.zeros((5, 3), int), sample, sigma)
    kept = spread(ties, 64 * 2)  # cells of 8 lines and 8 samples
    np.testing.assert_array_equal(kept.line[:, 0], [2.0, 9.0, 9.0])
    assert len(spread(ties[:0], 128)) == 0
    np.testing.assert_array_equal(spread(replace(ties, sigma_px=sigma * 0), 128).line[:, 0], [1.0, 9.0, 9.0])


def test_tables_of_several_images_become_one_as_wide_as_the_widest():
    two, three = (TiePoints(*(np.full((2, n), float(n)) for _ in range(4))) for n in (2, 3))
    both = joined_ties([two, three])
    assert both.line.shape == (4, 3) and np.isnan(both.line[:2, 2]).all() and not np.isnan(both.line[2:]).any()
    assert (both.sigma_px[:2, 2] == 0).all() and (both.sample[:2, 2] == 0).all() and (both.view[:2, 2] == 0).all()
