"""GCPs that no flight explains are told apart from poor ones, and from a poor path."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planetary_dtm.core.resection.gross import LEAST_M, MOST, STANDS_OFF, gross_errors, told
from planetary_dtm.core.resection.ground_rows import Targets, targets
from planetary_dtm.core.resection.path import Poses
from planetary_dtm.core.simulation.scene import Scene, simulate
from planetary_dtm.core.simulation.terrain import PaperTerrain

RADIUS = PaperTerrain().radius_m


class TruePath:
    """The flight itself, off by a shift (m) along the world's axes."""

    def __init__(self, scene: Scene, shift: float = 0.0) -> None:
        self._truth, self._shift = scene.truth, shift

    def at(self, line: np.ndarray) -> Poses:
        at = np.searchsorted(self._truth.line, line)
        eye = np.broadcast_to(np.eye(3), (len(at), 3, 3))
        return Poses(self._truth.position[at] + self._shift, self._truth.rotation()[at], eye, eye)


@pytest.fixture(scope="module")
def scene() -> Scene:
    return simulate("ce1", PaperTerrain(), 40, seed=2, start_latitude=0.4, altimetry=False)


def seen(scene: Scene, moved_m: np.ndarray) -> Targets:
    """Targets of control whose longitudes are off by metres (N,)."""
    off = moved_m / (RADIUS * np.cos(scene.control.lat))
    return targets(replace(scene.control, lon=scene.control.lon + off), scene.sensor)


def test_control_far_off_is_found_and_how_far(scene: Scene) -> None:
    moved = np.full(len(scene.control), 30.0)
    bad = np.arange(len(moved)) % 9 == 4
    moved[bad] = 40_000.0
    wrong, off = gross_errors(seen(scene, moved), TruePath(scene))
    assert np.array_equal(wrong, bad)
    assert off[~bad] == pytest.approx(30.0, rel=0.2) and off[bad] == pytest.approx(40_000.0, rel=0.2)


def test_what_stands_off_as_far_as_altitudes_may_be_wrong_stays(scene: Scene) -> None:
    moved = np.full(len(scene.control), 1.0)
    moved[0] = 0.7 * LEAST_M
    assert not gross_errors(seen(scene, moved), TruePath(scene))[0].any()
    moved[0] = 1.5 * LEAST_M
    assert gross_errors(seen(scene, moved), TruePath(scene))[0].tolist() == [True] + [False] * (len(moved) - 1)


def test_an_altitude_that_is_not_known_does_not_count(scene: Scene) -> None:
    """Without one, half the relief stands in for it: 20 km here."""
    points = scene.control
    known = np.arange(len(points)) % 7 > 0
    high = targets(replace(points, altitude=points.altitude + np.where(known, 0.0, 20_000.0)), scene.sensor)
    assert gross_errors(high, TruePath(scene))[0].any()
    wrong, off = gross_errors(high, TruePath(scene), known)
    assert not wrong.any() and off.max() < 1.0
    moved = np.where(known, 0.0, 60_000.0)
    assert gross_errors(seen(scene, moved), TruePath(scene), known)[0].sum() > 0.8 * (~known).sum()


def test_usual_distances_set_the_measure_where_they_are_large(scene: Scene) -> None:
    moved = np.full(len(scene.control), 900.0)
    moved[0] = 0.7 * STANDS_OFF * 900.0
    assert not gross_errors(seen(scene, moved), TruePath(scene))[0].any()
    moved[0] = 1.5 * STANDS_OFF * 900.0
    assert gross_errors(seen(scene, moved), TruePath(scene))[0].sum() == 1


def test_where_many_stand_off_the_path_is_wrong(scene: Scene) -> None:
    count = len(scene.control)
    for share, found in ((0.9 * MOST, True), (1.2 * MOST, False)):
        moved = np.where(np.arange(count) < share * count, 60_000.0, 10.0)
        assert gross_errors(seen(scene, moved), TruePath(scene))[0].any() == found


def test_the_sentence_names_lines_and_distance() -> None:
    assert told(np.array([]), np.array([])) == []
    one = told(np.array([7.0, 7.0]), np.array([6_000.0, 12_400.0]))
    assert len(one) == 1 and one[0].startswith("2 GCPs on line 7 lie up to 12 km off")
    many = told(np.array([9.0, 3.0, 5.0]), np.array([6_000.0, 7_000.0, 8_000.0]))
    assert many[0].startswith("3 GCPs on 3 lines from 3 to 9 lie up to 8 km off")
