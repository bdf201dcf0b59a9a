"""A laser altimeter over a simulated terrain: shots along meridian tracks, as Chang'E-1's LAM took them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..frames import unit_vectors
from .terrain import Terrain

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Shots:
    """Altimeter shots, (N,) each: ``lon``, ``lat`` radians, ``altitude`` metres above the sphere, ``track`` number,
    and whether the shot is ``wild`` (what a filter should find)."""

    lon: Array
    lat: Array
    altitude: Array
    track: NDArray[np.int64]
    wild: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.lon)


def altimeter_shots(
    terrain: Terrain,
    lon: Array,
    lat: Array,
    seed: int,
    *,
    margin_m: float = 25_000.0,
    along_m: float = 1_400.0,
    across_m: float = 7_000.0,
    noise_m: float = 5.0,
    wild: float = 0.003,
    wild_m: tuple[float, float] = (500.0, 5_000.0),
) -> Shots:
    """All shots within ``margin_m`` of the points ``lon``, ``lat`` (radians), and some to half as far again.

    Tracks are meridians ``across_m`` apart at the equator, so they close with cos(lat); each starts at its own
    place and stands off its meridian by a tenth of the spacing (RMS). Altitudes carry Gaussian ``noise_m``; the
    fraction ``wild`` of the shots is off by ``wild_m`` (least, most) metres either way.
    """
    generator = np.random.default_rng([seed, 4])
    radius = terrain.radius_m
    tracks = round(2 * np.pi * radius / across_m)
    rows = round(np.pi * radius / along_m)
    meridian = (np.arange(tracks) + 0.1 * generator.normal(size=tracks)) * (2 * np.pi / tracks)
    start = generator.uniform(0.0, 1.0, tracks)
    track, row = _near(lon, lat, meridian, rows, margin_m / radius)
    shot_lon = np.mod(meridian[track] + np.pi, 2 * np.pi) - np.pi
    shot_lat = (row + start[track]) * (np.pi / rows) - 0.5 * np.pi
    altitude = terrain.height(shot_lon, shot_lat) + noise_m * generator.normal(size=len(track))
    bad = generator.uniform(size=len(track)) < wild
    size = generator.uniform(*wild_m, len(track)) * generator.choice([-1.0, 1.0], len(track))
    return Shots(shot_lon, shot_lat, altitude + bad * size, track, bad)


def _near(
    lon: Array, lat: Array, meridian: Array, rows: int, margin: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Track and row numbers of the shots within ``margin`` (rad) of the given points."""
    from scipy.spatial import cKDTree

    # points closer together than a quarter of the margin add nothing
    cell = np.round(unit_vectors(lon, lat) * (4.0 / margin)).astype(np.int64)
    sites = np.unique(cell, axis=0) * (margin / 4.0)
    tree = cKDTree(sites / np.linalg.norm(sites, axis=1, keepdims=True))
    first = max(0, int((lat.min() - margin + 0.5 * np.pi) * rows / np.pi) - 1)
    last = min(rows, int((lat.max() + margin + 0.5 * np.pi) * rows / np.pi) + 1)
    near_rows = np.arange(first, last)
    found = []
    for block in np.array_split(near_rows, max(1, len(near_rows) * len(meridian) // 500_000)):
        centre = (block + 0.5) * (np.pi / rows) - 0.5 * np.pi
        places = unit_vectors(meridian[:, None], centre[None, :]).reshape(-1, 3)
        distance, _ = tree.query(places, distance_upper_bound=1.2 * margin)
        track, row = np.divmod(np.flatnonzero(np.isfinite(distance)), len(block))
        found.append(np.stack([track, block[row]]))
    track, row = np.concatenate(found, axis=1)
    return track, row
