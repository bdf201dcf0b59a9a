"""A scene for a first try without data: cratered ground, its picture under one sun, and altimeter tracks over it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..terrain.shots import Shots
from .relief import add_craters, draw_craters, ground, massifs, rille
from .shading import Camera, Scene, render
from .tracks import Altimeter, simulate_tracks

Array = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class View:
    """Heights (m) and the picture (0..255) on one grid of square pixels, and the shots (row, column, altitude in m)."""

    height: Array
    grey: Array
    shots: Shots


def simulate_view(size: int, pixel_m: float, sun_azimuth: float, sun_incidence: float, tracks: int, seed: int) -> View:
    """Simulate a square view of ``size`` pixels.

    Highland massifs and a rille under craters of all sizes; sun azimuth in degrees clockwise from north towards
    the sun, incidence in degrees from the zenith; ``tracks`` altimeter tracks cross the view from north to south,
    one shot a pixel or every 57 m (the spacing of LOLA), with 1 m noise and 0.3 % wild shots.
    """
    rng = np.random.default_rng(seed)
    shape = (size, size)
    height = ground(shape, pixel_m, rng, 0.85, 0.06) + massifs(shape, pixel_m, rng) + rille(shape, pixel_m, rng)
    craters = draw_craters(shape, pixel_m, rng, density=0.03, exponent=2.0, smallest=4.0, largest=0.25)
    height = np.asarray(add_craters(height, pixel_m, craters, rng), np.float64)
    camera = Camera(blur=0.7, noise=0.01, bits=8)
    picture = render(height, pixel_m, sun_azimuth, sun_incidence, Scene(albedo=0.05), camera, rng)
    grey = np.clip(np.rint(picture * 254) + 1, 1, 255)  # 0 stays free for nodata
    spacing = size * pixel_m / tracks
    altimeter = Altimeter(
        spacing, max(57.0, pixel_m), heading_deg=3.0, wander_m=0.1 * spacing, noise_m=1.0, wild_fraction=0.003
    )
    shots = simulate_tracks(height, np.ones(shape, bool), pixel_m, altimeter, seed)
    return View(height, grey, shots)
