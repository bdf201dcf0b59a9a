"""The benchmark of large extents and of sigma on many sites, at a small size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from planetary_dtm.benchmarks import extents


def test_a_whole_its_quarters_and_its_cost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extents, "SIDE", 400)
    monkeypatch.setattr(extents, "TRACKS_M", 6000.0)
    height = extents.write_scene(tmp_path, None)
    table = extents.cost(tmp_path)
    assert [check.held for check in table.checks] == [True, True] and table.rows[0][1] > 50
    table = extents.quarters(tmp_path, height, lambda *_: True)
    assert len(table.checks) == len(table.rows) == 4
    assert all(0 < row[1] < 0.5 and row[3] < height.std() for row in table.rows)


def test_sites_are_the_same_every_time_and_say_how_often_sigma_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extents, "SITE_SIDE", 128)
    monkeypatch.setattr(extents, "SITES", 3)
    first, again = (extents.site(None, 2, 6) for _ in range(2))
    assert np.array_equal(first.grey, again.grey) and first.shots is not None and 5 <= first.shots.track.max() <= 8
    table = extents.sites(None)
    assert [row[0] for row in table.rows] == ["4", "6", "12"] and len(table.checks) == 9
    assert all(0.3 < share < 1 for row in table.rows for share in row[2:])
