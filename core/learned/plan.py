"""What a training does: every number that decides the result besides the pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..errors import InputError
from .architectures import Architecture, architecture

TRAINABLE = ("unet", "pix2pixcc")
PRECISIONS = ("float32", "bfloat16", "float16")


@dataclass(frozen=True)
class Plan:
    """Architecture, optimiser and the pairs' schedule; the defaults are those of the model that ships.

    widths, scans: of the U-Net. base, upsampling, discriminator (channels of its first layer), concordance (else
    Pearson): of Pix2PixCC. batch: pictures of a step, over all processes. crop: side in pixels. height_divisor: targets
    are divided by it, which brings them to order one. precision: of the layers but the last; float16 scales the loss.
    """

    architecture: str = "unet"
    widths: tuple[int, ...] = (16, 48, 96, 128, 160)
    scans: int = 32
    steps: int = 36_000
    batch: int = 6
    crop: int = 256
    peak_rate: float = 1.5e-3
    warm_up: int = 300
    weight_decay: float = 1e-3
    ema: float = 0.998
    seed: int = 1
    first_scenes: int = 48  # rendered before the first step
    steps_per_scene: int = 7  # one more scene every so many steps
    kept_scenes: int = 1200  # the oldest give way
    checkpoint_every: int = 500
    precision: str = "bfloat16"
    base: int = 64
    upsampling: str = "transposed"
    discriminator: int = 64
    concordance: bool = True
    height_divisor: float = 1.0

    def __post_init__(self) -> None:
        if self.architecture not in TRAINABLE:
            raise InputError(f"Architecture {self.architecture!r} is not trained here; use {' or '.join(TRAINABLE)}.")
        if self.precision not in PRECISIONS:
            raise InputError(f"Precision {self.precision!r} is unknown; use one of {', '.join(PRECISIONS)}.")
        multiple = self.network().multiple
        if self.crop < 2 * multiple or self.crop % multiple:
            raise InputError(
                f"Crops of {self.crop} pixels do not suit {self.architecture}; use a multiple of {multiple}, at least "
                f"{2 * multiple}."
            )

    def options(self) -> dict[str, Any]:
        """The architecture's options, as the model card states them."""
        if self.architecture == "unet":
            return {"widths": list(self.widths), **({"scans": self.scans} if self.scans else {})}
        return {"base": self.base, "upsampling": self.upsampling}

    def network(self) -> Architecture:
        return architecture(self.architecture, self.options())

    def rate(self, step: int) -> float:
        """Learning rate: U-Net, linear warm-up, then half a cosine to 1 % of the peak; Pix2PixCC, constant."""
        if self.architecture == "pix2pixcc":
            return self.peak_rate
        rising = min((step + 1) / self.warm_up, 1.0)
        falling = 0.5 * (1 + np.cos(np.pi * min(step / self.steps, 1.0)))
        return float(self.peak_rate * rising * (0.01 + 0.99 * falling))

    def differences(self, other: Mapping[str, Any]) -> list[str]:
        """Names of the numbers in which an earlier run's plan (as `asdict` gives it) forbids going on from it."""
        theirs = completed(other)
        theirs["widths"] = tuple(theirs["widths"])
        mine = asdict(self)
        free = {"steps", "checkpoint_every", *(["widths", "scans"] if self.architecture == "pix2pixcc" else [])}
        return [key for key in mine if key not in free and mine[key] != theirs[key]]


def completed(plan: Mapping[str, Any]) -> dict[str, Any]:
    """A plan as `asdict` gave it, with what plans had not yet when it was written: the first ones named no scans."""
    return {**asdict(Plan()), "scans": 0, **plan}


def published(steps: int, base: int = 64, **changes: Any) -> Plan:
    """The plan of Pix2PixCC as published: one whole picture a step, Adam 2e-4, constant rate; `changes` as in Plan."""
    from .pix2pixcc import RATE

    numbers: dict[str, Any] = {
        "batch": 1,
        "crop": 1024,
        "ema": 0.999,
        "precision": "float32",
        "peak_rate": RATE,
        "steps_per_scene": 3,
    } | changes
    return Plan("pix2pixcc", steps=steps, base=base, **numbers)
