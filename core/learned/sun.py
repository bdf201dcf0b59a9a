"""Where the sun stands, read from the shading of an image: the axis from its gradients, the side from a small network.

Shaded relief changes most along the sun's azimuth: for isotropic terrain under weak shading, brightness gradients are
three times as strong (in power) along it as across it. Which end of that axis the sun stands at cannot be told from
shading alone (a crater under one sun is a dome under the opposite one); it takes knowing what ground looks like, and
cast shadows. So a network trained on rendered ground weighs an image against its mirror image.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..compass import UP, Compass
from ..simulation.shading import smooth
from .engine import Engine, load_engine
from .frame import bounds, frame_of, resample
from .model_file import load_model

Float = NDArray[np.float32]

MODEL = Path(__file__).resolve().parents[2] / "resources" / "models" / "sun.safetensors"
ENOUGH = 2.0  # evidence, in units of the logit, from which a side is taken as sure
COHERENT = 0.02  # of the gradients, from which an axis is taken as sure
PIXELS = 2_000_000  # of an image looked at; larger ones are halved


@dataclass(frozen=True)
class Sun:
    """azimuth: degrees clockwise from north, towards the sun. confidence: 0.5 .. 1, that it is not the opposite one.

    source: "given" or "estimated".
    """

    azimuth: float
    confidence: float
    source: str


def find_sun(
    grey: Float, gsd_m: tuple[float, float], given: float | None = None, compass: Compass = UP
) -> tuple[Sun, tuple[str, ...]]:
    """The sun to work with, and what the user should be told: the given one is kept but checked against the image.

    ``grey``: normalised image without holes; ``gsd_m``: ground size of its pixels (width, height);
    ``given``: degrees clockwise from north, which stands on the image where ``compass`` has it.
    """
    seen, evidence, coherence = estimate_sun(grey, gsd_m)
    azimuth = compass.from_north(seen)
    sure = evidence >= ENOUGH and coherence >= COHERENT
    confidence = float(1 / (1 + np.exp(-min(evidence, 30.0))))
    if given is None:
        warnings = () if sure else (
            f"The sun's azimuth was estimated as {azimuth:.0f} degrees, but the shading leaves doubt: relief may be "
            "inverted; give SUN_AZIMUTH if you know it.",
        )  # fmt: skip
        return Sun(azimuth, confidence, "estimated"), warnings
    away = abs((seen - compass.on_map(given) + 180.0) % 360.0 - 180.0)
    if sure and away > 90.0:
        return Sun(given % 360.0, 1.0 - confidence, "given"), (
            f"SUN_AZIMUTH is {given:g} degrees, but the shading looks lit from about {azimuth:.0f}: relief is "
            "probably inverted; check the azimuth (clockwise from north, towards the sun).",
        )
    return Sun(given % 360.0, confidence if away <= 90.0 else 1.0 - confidence, "given"), ()


def estimate_sun(grey: Float, gsd_m: tuple[float, float] = (1.0, 1.0)) -> tuple[float, float, float]:
    """Azimuth (degrees clockwise from north), evidence for its side (logit, >= 0), coherence of its axis (0..1)."""
    while grey.size > PIXELS:
        grey = _halved(grey)
    if min(grey.shape) < 8 or np.ptp(grey) == 0:
        return 0.0, 0.0, 0.0
    oblong = max(gsd_m) / min(gsd_m)
    if oblong > 1.01:
        square = frame_of(gsd_m, None, None)
        column, row, width, height = bounds(square.matrix, (0, 0), (grey.shape[0], grey.shape[1]))
        grey = resample([grey], square.matrix, (0, 0), (column, row), (height, width))[0]
    axis, coherence = shading_axis(grey, oblong)
    side = side_evidence(grey, axis) + side_evidence(_restretched(_halved(grey)), axis)
    return (axis if side >= 0 else axis + 180.0) % 360.0, abs(side), coherence


def shading_axis(grey: Float, blur: float = 1.0) -> tuple[float, float]:
    """Axis (degrees clockwise from north, -90..90) along which brightness changes most, and how clearly so (0..1).

    Structure tensor (Bigun & Granlund 1987) of the image smoothed by ``blur`` pixels, which are square; gradients
    enter by their length, not its square, so that a few cliffs do not decide.
    """
    south, east = np.gradient(smooth(grey, blur))
    length = np.hypot(south, east) + 1e-12
    doubled = np.mean((-south + 1j * east) ** 2 / length, dtype=np.complex128) / length.mean(dtype=np.float64)
    return float(np.degrees(np.angle(doubled)) / 2), float(np.abs(doubled))


def side_evidence(grey: Float, azimuth: float) -> float:
    """Logit of the sun standing at ``azimuth`` against the opposite side; pixels are square."""
    network = _network()
    frame = frame_of((1.0, 1.0), azimuth, network.model.sun_azimuth)
    column, row, width, height = bounds(frame.matrix, (0, 0), (grey.shape[0], grey.shape[1]))
    cell = network.multiple
    shape = (-(-height // cell) * cell, -(-width // cell) * cell)
    turned, seen = resample([grey, np.ones_like(grey)], frame.matrix, (0, 0), (column, row), shape)
    straight = network.predict(turned[None, None])[0, 0]
    mirrored = network.predict(turned[None, None, :, ::-1])[0, 0, :, ::-1]
    inside = seen.reshape(straight.shape[0], cell, straight.shape[1], cell).mean(axis=(1, 3))
    return float(np.average(straight - mirrored, weights=inside + 1e-6))


@lru_cache(maxsize=1)
def _network() -> Engine:
    """The side network, on NumPy everywhere: it is small, and the answer does not depend on what is installed."""
    return load_engine(load_model(MODEL), "numpy")


def _halved(grey: Float) -> Float:
    rows, columns = (length // 2 * 2 for length in grey.shape)
    blocks = grey[:rows, :columns].reshape(rows // 2, 2, columns // 2, 2)
    return np.asarray(blocks.mean(axis=(1, 3)), np.float32)


def _restretched(grey: Float) -> Float:
    low, middle, high = np.percentile(grey, (15.87, 50.0, 84.13))
    return np.asarray((grey - middle) / max((high - low) / 2, 1e-3), np.float32)
