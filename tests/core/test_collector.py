"""Long tables pass through without waking Python's collector of cycles, which in QGIS holds the map for its pass."""

from __future__ import annotations

import gc
from contextlib import contextmanager

import numpy as np
import pytest

from planetary_dtm.core.bodies import LonLat, body_named
from planetary_dtm.core.tables import read_table, write_table
from planetary_dtm.core.terrain.points import Points, writing_points

ROWS = 20_000
MOON = body_named("Moon")


@contextmanager
def collections():
    """The collector's passes in here, as their generations."""
    passes = []

    def told(phase, about):
        if phase == "stop":
            passes.append(about["generation"])

    gc.collect()
    gc.callbacks.append(told)
    try:
        yield passes
    finally:
        gc.callbacks.remove(told)


@pytest.fixture
def places():
    rng = np.random.default_rng(3)
    return rng.uniform(-3, 3, ROWS), rng.uniform(-1, 1, ROWS)


def test_reading_a_table(tmp_path, places):
    columns = dict(zip(("lon", "lat"), np.degrees(places)))
    write_table(tmp_path / "shots.csv", {**columns, "altitude": np.arange(ROWS), "view": ["nadir"] * ROWS})
    with collections() as passes:
        table = read_table(tmp_path / "shots.csv")
    assert len(table) == ROWS and len(passes) <= 3


def test_writing_points(tmp_path, places):
    about = (np.ones(ROWS) for _ in range(3))
    with writing_points(tmp_path / "points.csv", MOON) as writer, collections() as passes:
        writer.write(Points(*places, *about))
    assert len(passes) <= 3


def test_carrying_places_into_a_projection(places):
    frame = LonLat("+proj=eqc +R=1737400 +units=m")
    frame.to_xy(*(axis[:10] for axis in places))
    with collections() as passes:
        x, y = frame.to_xy(*places)
    assert len(passes) <= 3
    assert np.allclose(x, 1737400 * places[0]) and np.allclose(y, 1737400 * places[1])
