"""Altimeter tracks over a gridded DEM, and the protocol that gives some to the levelling and withholds the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError
from ..terrain.sampling import bilinear
from ..terrain.shots import Shots

Array = np.ndarray[Any, np.dtype[np.float64]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class Altimeter:
    """How the shots lie and err: parallel tracks, as one polar orbiter leaves them over a small area.

    spacing_m between tracks, along_m between shots of a track, heading_deg clockwise from the grid's up,
    wander_m the 1-sigma by which a track leaves its even place, noise_m of an altitude, and a fraction of
    wild shots that miss by up to ±wild_m. The grid's centre lies midway between two tracks, but for centred on one.
    """

    spacing_m: float
    along_m: float
    heading_deg: float = 0.0
    wander_m: float = 0.0
    noise_m: float = 0.0
    wild_fraction: float = 0.0
    wild_m: float = 5000.0
    centred: bool = False


def simulate_tracks(height: Array, valid: Mask, gsd_m: float, altimeter: Altimeter, seed: int) -> Shots:
    """Shots of an altimeter over a DEM.

    height (H, W) in metres, valid (H, W), gsd_m the ground pixel. Shots are bilinear samples of the DEM plus
    noise; those that need an invalid pixel are left out. Raises InputError when no shot falls on the DEM.
    """
    if not (altimeter.spacing_m > 0 and altimeter.along_m > 0):
        raise InputError("The altimeter's track spacing and shot spacing must be above 0 m.")
    rng = np.random.default_rng(seed)
    rows, cols = height.shape
    centre = np.array([(rows - 1) / 2.0, (cols - 1) / 2.0]) * gsd_m
    reach = float(np.hypot(rows, cols)) * gsd_m / 2.0
    tracks = np.arange(-np.ceil(reach / altimeter.spacing_m), np.ceil(reach / altimeter.spacing_m) + 1)
    # Half a spacing off the centre keeps tracks even about it; the wander makes each its own.
    even = tracks if altimeter.centred else tracks + 0.5
    across = even * altimeter.spacing_m + altimeter.wander_m * rng.standard_normal(len(tracks))
    along = np.arange(-reach, reach, altimeter.along_m)
    heading = np.deg2rad(altimeter.heading_deg)
    forward, side = np.array([-np.cos(heading), np.sin(heading)]), np.array([np.sin(heading), np.cos(heading)])
    start = rng.uniform(0.0, altimeter.along_m, len(tracks))
    place = centre + (along + start[:, None])[..., None] * forward + across[:, None, None] * side
    row, col = np.moveaxis(place.reshape(-1, 2) / gsd_m, -1, 0)
    track = np.repeat(np.arange(len(tracks)), len(along))
    altitude, seen = bilinear(np.asarray(height, dtype=np.float64), valid, row, col)
    if not seen.any():
        raise InputError("No shot of the simulated altimeter falls on a valid pixel of the DEM.")
    row, col, altitude, track = row[seen], col[seen], altitude[seen], track[seen]
    altitude = altitude + altimeter.noise_m * rng.standard_normal(len(altitude))
    wild = rng.random(len(altitude)) < altimeter.wild_fraction
    altitude[wild] += rng.uniform(-altimeter.wild_m, altimeter.wild_m, int(wild.sum()))
    sigma = np.full(len(altitude), max(altimeter.noise_m, 1e-3))
    return Shots(row, col, altitude, sigma, np.unique(track, return_inverse=True)[1].reshape(-1))


def select_tracks(longitude: Array, track: np.ndarray[Any, np.dtype[Any]], count: int, seed: int) -> Mask:
    """Which shots are given to the levelling; the rest are withheld (learned-terrain.md 5).

    The tracks are sorted by median longitude (N,), cut into ``count`` strips of tracks, and one track of each
    strip is given by rng(seed). Returns the mask (N,). Raises InputError when there are fewer tracks than strips.
    """
    names, inverse = np.unique(track, return_inverse=True)
    if not 0 < count <= len(names):
        raise InputError(f"{count} tracks were asked for and the altimetry has {len(names)}; ask for fewer.")
    inverse = inverse.reshape(-1)
    medians = np.array([np.median(longitude[inverse == index]) for index in range(len(names))])
    strips = np.array_split(np.argsort(medians, kind="stable"), count)
    rng = np.random.default_rng(seed)
    return np.isin(inverse, [rng.choice(strip) for strip in strips])
