"""Training of the network that tells the sun's side (`sun`), on the scenes of `rendered_pairs`.

Every scene has its sun at the left; its mirror image is the counterexample. From the command line:

    python -m planetary_dtm.core.learned.sun_training DEMS OUTPUT.safetensors [--scenes N] [--steps N]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import MissingPackageError
from ..progress import Progress, each, silent, tell
from .architectures import architecture
from .model_file import save_model
from .rendered_pairs import GLD100_AREAS, SUN_AZIMUTH, PairSource
from .scoring import CODE_VERSION, LICENCE, training_date

Float = NDArray[np.float32]

SEED = 21
CROP = 192
BATCH = 24
RATE = 2e-3


def train(
    dems: str | Path, output: str | Path, scenes: int = 1600, steps: int = 3000, progress: Progress = silent
) -> None:
    """Render ``scenes`` pictures from the DEMs in a folder, train ``steps`` batches and write the model file."""
    source = PairSource(dems, SEED)
    pictures = [
        source.pair(number).grey.astype(np.float16) for number in each(range(scenes), progress, 2 * scenes, "Rendering")
    ]
    save_model(output, fit(pictures, steps, progress), card(scenes, steps, training_date()))


def fit(pictures: Sequence[NDArray[np.float16]], steps: int, progress: Progress = silent) -> dict[str, Float]:
    """Weights that tell pictures (sun at the left) from their mirror images."""
    try:
        import torch
    except ImportError as error:
        raise MissingPackageError("torch", "Training") from error
    from .networks import build, tensors

    network = build(architecture("sun_side"), SEED)
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=1e-3)
    rng = np.random.default_rng(SEED)
    for step in range(steps):
        falling = 0.5 * (1 + np.cos(np.pi * step / steps))
        for group in optimiser.param_groups:
            group["lr"] = RATE * min((step + 1) / 100, 1.0) * (0.02 + 0.98 * falling)
        crops = np.stack([_crop(pictures[int(k)], rng) for k in rng.integers(0, len(pictures), BATCH)])
        batch = torch.from_numpy(crops[:, None])
        logit = (network(batch) - network(batch.flip(-1))).mean((1, 2, 3))
        loss = torch.nn.functional.softplus(-logit).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        tell(progress, 0.5 + 0.5 * (step + 1) / steps, f"Step {step + 1} of {steps}, loss {float(loss.detach()):.3f}")
    return tensors(network)


def _crop(picture: NDArray[np.float16], rng: np.random.Generator) -> Float:
    """A random part, at half the resolution now and then, mirrored across the sun's direction, contrast varied."""
    grey = picture.astype(np.float32)
    if rng.random() < 0.4:
        grey = grey.reshape(grey.shape[0] // 2, 2, grey.shape[1] // 2, 2).mean(axis=(1, 3))
        grey /= max(float(grey.std()), 0.05)
    row, column = rng.integers(0, len(grey) - CROP + 1, 2)
    part = grey[row : row + CROP, column : column + CROP][:: int(rng.choice((-1, 1)))]
    return np.asarray(part * np.exp(rng.normal(0, 0.2)) + rng.normal(0, 0.2), np.float32)


def card(scenes: int, steps: int, date: str) -> dict[str, object]:
    """The model card that goes into the file; ``date``: of the training."""
    return {
        "name": "Planetary DTM sun side",
        "architecture": "sun_side",
        "options": {},
        "input_bands": ["grey"],
        "input_size": CROP,
        "grey": {"kind": "robust"},
        "height_unit": "metre",
        "height_scale": 1.0,
        "height_offset": 0.0,
        "output": "evidence (logit, less that of the mirrored image) that the sun stands at sun_azimuth",
        "sun_azimuth": SUN_AZIMUTH,
        "training_data": "LROC WAC GLD100 (rendered, with simulated detail) and simulated relief; no real image",
        "training_boxes": [list(area.box) for area in GLD100_AREAS if not area.held_out],
        "body": "Moon",
        "gsd_m": [5.0, 500.0],
        "date": date,
        "code_version": CODE_VERSION,
        "training": {"scenes": scenes, "steps": steps, "seed": SEED},
        "licence": LICENCE,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line of this module."""
    parser = argparse.ArgumentParser(description="Train the network that tells the side of the sun.")
    parser.add_argument("dems", help="folder of the GLD100 files")
    parser.add_argument("output", help="model file to write (.safetensors)")
    parser.add_argument("--scenes", type=int, default=1600)
    parser.add_argument("--steps", type=int, default=3000)
    given = parser.parse_args(arguments)
    train(given.dems, given.output, given.scenes, given.steps, lambda fraction, message: print(message) is None)


if __name__ == "__main__":
    main()
