"""Rendered ground that no model was trained on: held-out GLD100 or simulated relief, under one light and camera."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..core.learned.evaluation import Case
from ..core.learned.rendered_pairs import GLD100_AREAS
from ..core.simulation.relief import random_relief
from ..core.simulation.shading import Camera, Scene, render
from ..core.simulation.tracks import Altimeter, simulate_tracks
from .data import square_of

Float = npt.NDArray[np.float32]

SCENE, CAMERA = Scene(albedo=0.04, albedo_slope=0.3), Camera(blur=0.7, noise=0.02, haze=0.05)
SIMULATED_M = 100.0  # pixel of simulated relief
INCIDENCES = 40.0, 70.0  # degrees from the zenith


@dataclass(frozen=True)
class Lit:
    """Ground and its picture, both (side, side); pixel in metres; sun in degrees."""

    height: Float
    grey: Float
    pixel_m: float
    azimuth: float
    incidence: float

    def case(self, name: str, altimeter: Altimeter, number: int) -> Case:
        """The picture with the shots of an altimeter, drawn by ``number``."""
        known = np.ones(self.height.shape, bool)
        shots = simulate_tracks(self.height.astype(np.float64), known, self.pixel_m, altimeter, number)
        return Case(name, self.grey, self.height, self.pixel_m, self.azimuth, self.incidence, shots)


def lit_ground(
    gld100: Path | None, number: int, side: int, rng: np.random.Generator, azimuth: float | None = None
) -> Lit:
    """Scene ``number`` of the held-out areas of the GLD100 files in a folder, or of simulated relief without one; under
    a sun from anywhere or from ``azimuth``."""
    if gld100 is None:
        height, pixel = random_relief((side, side), SIMULATED_M, rng), SIMULATED_M
    else:
        areas = [area for area in GLD100_AREAS if area.held_out]
        area = areas[number % len(areas)]
        height, pixel = square_of(gld100 / area.file, area.box, side, rng)
    anywhere, incidence = float(rng.uniform(0, 360)), float(rng.uniform(*INCIDENCES))
    lit_from = anywhere if azimuth is None else azimuth
    grey = render(height, pixel, lit_from, incidence, SCENE, CAMERA, rng)
    return Lit(height.astype(np.float32), grey.astype(np.float32), pixel, lit_from, incidence)
