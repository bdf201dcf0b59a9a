"""The nearest shot in every direction, against looking at all of them one by one."""

from __future__ import annotations

import numpy as np
import pytest

from planetary_dtm.core.altimetry.search import ShotIndex, in_blocks
from planetary_dtm.core.errors import CancelledError, InputError
from planetary_dtm.core.frames import angular_distance, east_north_up, lonlat_radius, unit_vectors

RADIUS = 1_737_400.0


def by_brute_force(shot_lon, shot_lat, lon, lat, bins):
    """Distance (n, bins) of the nearest shot of every sector; sectors are wedges about the query on the sphere."""
    out = np.full((len(lon), bins), np.inf)
    for row in range(len(lon)):
        distance = RADIUS * angular_distance(lon[row], lat[row], shot_lon, shot_lat)
        east, north, _ = east_north_up(lon[row], lat[row]) @ unit_vectors(shot_lon, shot_lat).T
        sector = np.floor(np.mod(np.arctan2(east, north), 2 * np.pi) / (2 * np.pi / bins)).astype(int) % bins
        np.minimum.at(out[row], sector, distance)
    return out


def uniform(rng, n):
    return rng.uniform(-np.pi, np.pi, n), np.arcsin(rng.uniform(-1, 1, n))


@pytest.mark.parametrize("bins", [3, 8, 13])
def test_sectors_over_the_whole_sphere(bins):
    rng = np.random.default_rng(1)
    shots, queries = uniform(rng, 2000), uniform(rng, 60)
    found = ShotIndex(*shots, RADIUS).sectors(*queries, bins)
    assert np.allclose(found.distance, by_brute_force(*shots, *queries, bins), rtol=1e-12, atol=1e-6)
    distance = RADIUS * angular_distance(queries[0][:, None], queries[1][:, None], *(s[found.index] for s in shots))
    assert np.allclose(found.distance, distance, rtol=1e-12, atol=1e-6)
    assert np.allclose(np.hypot(found.east, found.north), found.distance)


def test_poles_and_seam_are_ordinary_places():
    rng = np.random.default_rng(2)
    for centre in ((0.3, np.pi / 2), (-1.0, -np.pi / 2), (np.pi, 0.2), (-np.pi, -1.5)):
        east, north, up = east_north_up(*centre)
        near = up + 0.02 * (rng.normal(size=(500, 1)) * east + rng.normal(size=(500, 1)) * north)
        shots = lonlat_radius(near)[:2]
        lon, lat = np.full(3, centre[0]), centre[1] - np.sign(centre[1]) * np.array([0.0, 1e-9, 0.01])
        found = ShotIndex(*shots, RADIUS).sectors(lon, lat)
        assert np.allclose(found.distance, by_brute_force(*shots, lon, lat, 8), rtol=1e-9, atol=1e-5)


def test_far_sectors_behind_a_dense_track_are_filled():
    """Two dense tracks: 5,000 shots of the near one are closer than any of the other."""
    lat = np.linspace(-0.01, 0.01, 10_000)
    lon = np.repeat([-1e-4, 2e-3], len(lat))
    index = ShotIndex(lon, np.tile(lat, 2), RADIUS)
    found = index.sectors([0.0], [0.0])
    truth = by_brute_force(lon, np.tile(lat, 2), np.zeros(1), np.zeros(1), 8)
    assert np.isfinite(found.distance).all()
    assert (found.distance >= truth - 1e-6).all()
    assert (found.distance <= 1.2 * truth).all()


def test_a_sector_without_any_shot_is_empty():
    found = ShotIndex([0.01, 0.02], [0.01, 0.02], RADIUS).sectors([0.0], [0.0])
    assert np.isfinite(found.distance[0, :2]).any()  # north-east is where two sectors meet
    assert np.isinf(found.distance[0, 2:]).all()


def test_left_out_and_wanted_distances():
    rng = np.random.default_rng(3)
    lon, lat = rng.uniform(0, 0.1, 3000), rng.uniform(0, 0.1, 3000)
    index, rows = ShotIndex(lon, lat, RADIUS), np.arange(50)
    found = index.sectors(lon[rows], lat[rows], without=rows)
    assert (found.index != rows[:, None])[np.isfinite(found.distance)].all()
    like = rng.uniform(3000, 20_000, (50, 8))
    like[:, 3] = np.inf
    middle = np.full(50, 0.05)
    alone, found = (index.alike(middle, middle, [*others, like])[-1] for others in ((), (0.5 * like,)))
    assert np.isinf(found.distance[:, 3]).all()
    assert np.median(np.abs(found.distance[:, :3] - like[:, :3])) < 800
    assert np.array_equal(found.index, alone.index)


def test_sectors_come_with_the_nearest_shots_wherever_they_lie():
    shots, queries = (uniform(np.random.default_rng(5), n) for n in (500, 40))
    index = ShotIndex(*shots, RADIUS)
    assert np.array_equal(index.sectors(*queries).nearest, index.nearest(*queries, 8)[0])
    few = ShotIndex(shots[0][:3], shots[1][:3], RADIUS)
    assert np.array_equal(few.sectors(*queries).nearest, few.nearest(*queries, 8)[0])
    assert np.isinf(few.sectors(*queries).nearest[:, 3:]).all()


def test_shots_side_by_side_are_the_same_shots_and_nearer():
    lon, lat = uniform(np.random.default_rng(6), 5000)
    rows = np.random.default_rng(7).permutation(5000)[:3000]
    order = ShotIndex(lon, lat, RADIUS).side_by_side(rows)
    assert np.array_equal(np.sort(order), np.sort(rows))
    steps = [np.median(angular_distance(lon[r][1:], lat[r][1:], lon[r][:-1], lat[r][:-1])) for r in (rows, order)]
    assert steps[1] < 0.1 * steps[0]


def test_nearest_tells_missing_shots():
    distance, _ = ShotIndex([0.0, 0.1], [0.0, 0.0], RADIUS).nearest([0.0], [0.0], 4)
    assert np.allclose(distance[0, :2], [0, 0.1 * RADIUS])
    assert np.isinf(distance[0, 2:]).all()
    with pytest.raises(InputError, match="no altimeter shots"):
        ShotIndex([], [], RADIUS)


def test_blocks_come_in_order_and_can_be_cancelled():
    parts = in_blocks(lambda block: np.arange(100_000)[block], 100_000)
    assert np.array_equal(np.concatenate(parts), np.arange(100_000))
    with pytest.raises(CancelledError):
        in_blocks(lambda block: 0, 200_000, lambda fraction, message="": fraction < 0.3)
