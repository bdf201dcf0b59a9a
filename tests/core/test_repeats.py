"""Equal input gives equal bits, wherever memory happens to be free."""

from __future__ import annotations

import numpy as np

from planetary_dtm.core.camera.rotations import angles_from_matrix, exp_so3, log_so3
from planetary_dtm.core.frames import components, lonlat_radius, unit_vectors
from planetary_dtm.tests.core.conftest import strided, watched


def test_strided_views_are_told() -> None:
    wide = np.ones((5, 3))
    assert strided(wide[:, 1]) and strided(wide[:, 2:]) and strided(wide[::2])
    assert not any(map(strided, (wide, wide.T, wide[1], wide[:1, :1], 1.0, *components(wide))))
    assert not strided(np.broadcast_to(1.0, (4, 4)))
    found: list[str] = []
    watched("arctan2", found)(wide[:, 0], wide[:, 1])
    assert not found  # only core is judged, not who tests it


def test_directions_and_rotations_repeat_to_the_last_bit() -> None:
    """An output that malloc puts right behind a strided view was rounded otherwise in one run of ten."""
    generator = np.random.default_rng(0)
    places = 1.7e6 * generator.normal(size=(6000, 3))
    seen, kept = set(), []
    for size in generator.integers(10, 60_000, 60):
        kept.append(np.empty(size))  # holes of other sizes each time
        kept = kept[-5:]
        lon, lat, radius = lonlat_radius(places.copy())
        turns = exp_so3(places / 1e7)
        values = lon, lat, radius, unit_vectors(lon, lat), turns, log_so3(turns), angles_from_matrix(turns)
        seen.add(b"".join(value.tobytes() for value in values))
    assert len(seen) == 1
