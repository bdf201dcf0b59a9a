"""Training of a terrain network on rendered pairs; `train_default` makes the model that ships.

Reproducible: the batch of a step depends on the seed and the step's number alone, so training killed and resumed
from its checkpoint goes on exactly as if nothing had happened. From the command line:

    python -m planetary_dtm.core.learned.training DEMS WORK MODEL.safetensors [--steps N] [--threads N]
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import CancelledError, InputError, MissingPackageError
from ..outputs import replacing
from ..progress import Progress, silent, tell
from .architectures import Architecture, architecture
from .rendered_pairs import GLD100_AREAS, SUN_AZIMUTH, PairSource

if TYPE_CHECKING:
    import torch

CODE_VERSION = "1"
AHEAD = 24  # scenes rendered before they are due


@dataclass(frozen=True)
class Plan:
    """Everything that decides the result besides the DEM files."""

    architecture: str = "unet"
    widths: tuple[int, ...] = (32, 64, 96, 128, 160)
    steps: int = 10_000
    batch: int = 16
    crop: int = 160
    peak_rate: float = 1.5e-3
    warm_up: int = 300
    weight_decay: float = 1e-3
    ema: float = 0.998
    seed: int = 1
    first_scenes: int = 48  # rendered before the first step
    steps_per_scene: int = 3  # one more scene every so many steps
    kept_scenes: int = 1200  # the oldest give way
    checkpoint_every: int = 500
    bfloat16: bool = True

    def options(self) -> dict[str, Any]:
        return {"widths": list(self.widths)} if self.architecture == "unet" else {}

    def network(self) -> Architecture:
        return architecture(self.architecture, self.options())

    def rate(self, step: int) -> float:
        """Learning rate: linear warm-up, then half a cosine to 1 % of the peak."""
        rising = min((step + 1) / self.warm_up, 1.0)
        falling = 0.5 * (1 + np.cos(np.pi * min(step / self.steps, 1.0)))
        return float(self.peak_rate * rising * (0.01 + 0.99 * falling))


class ScenePool:
    """The scenes a step may draw from, rendered ahead by worker processes (or when due), the same at every run."""

    def __init__(self, source: PairSource, plan: Plan, workers: ProcessPoolExecutor | None, step: int) -> None:
        self.source, self.plan, self.workers = source, plan, workers
        self.scenes: dict[int, tuple[NDArray[np.float16], NDArray[np.float32]]] = {}
        self.waiting: dict[int, Future[Any]] = {}
        self.first, self.stop = max(self._stop(step) - plan.kept_scenes, 0), 0
        self.advance(step)

    def _stop(self, step: int) -> int:
        return self.plan.first_scenes + step // self.plan.steps_per_scene

    def advance(self, step: int) -> None:
        """Take in the scenes due at `step` (waiting for them where need be), ask for the next, drop the oldest."""
        self.stop = self._stop(step)
        start = max(self.stop - self.plan.kept_scenes, 0)
        if self.workers:
            for number in range(max(start, self.first), self.stop + AHEAD):
                if number not in self.scenes and number not in self.waiting:
                    self.waiting[number] = self.workers.submit(_render, self.source, number)
        for number in range(max(start, self.first), self.stop):
            if number not in self.scenes:
                due = self.waiting.pop(number, None)
                self.scenes[number] = due.result() if due else _render(self.source, number)
        for number in [k for k in self.scenes if k < start]:
            del self.scenes[number]
        self.first = start

    def batch(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Grey and heights (batch, 1, crop, crop): crops mirrored across the sun's direction, contrast varied."""
        import torch

        self.advance(step)
        plan, rng = self.plan, np.random.default_rng([self.plan.seed, 7, step])
        greys, heights = [], []
        for number in rng.integers(self.first, self.stop, plan.batch):
            grey, height = self.scenes[int(number)]
            row, column = rng.integers(0, len(grey) - plan.crop + 1, 2)
            part = (slice(row, row + plan.crop), slice(column, column + plan.crop))
            flip = slice(None, None, int(rng.choice((-1, 1))))
            gain, shift = np.exp(rng.normal(0, 0.15)), rng.normal(0, 0.15)
            greys.append((grey[part][flip].astype(np.float32) * gain + shift)[None])
            heights.append(height[part][flip][None])
        return torch.from_numpy(np.stack(greys).astype(np.float32)), torch.from_numpy(np.stack(heights))


def _render(source: PairSource, number: int) -> tuple[NDArray[np.float16], NDArray[np.float32]]:
    pair = source.pair(number)
    return pair.grey.astype(np.float16), pair.height


@contextmanager
def _workers(count: int) -> Iterator[ProcessPoolExecutor | None]:
    if count == 0:
        yield None
        return
    with ProcessPoolExecutor(count, get_context("spawn")) as pool:
        try:
            yield pool
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def train(
    plan: Plan, dems: str | Path, work: str | Path, workers: int = 1, progress: Progress = silent
) -> dict[str, NDArray[np.float32]]:
    """Train on rendered DEMs in folder `dems` -> the averaged (EMA) weights.

    workers: processes that render (0: this one does).
    work: folder of the checkpoint `checkpoint.pt` and the log `log.jsonl` (step, loss, seconds); where a checkpoint of
    the same plan lies there, training goes on from it. Cancel through `progress` leaves a checkpoint behind.
    Raises InputError when the loss is not finite (the last good checkpoint stays).
    """
    try:
        import torch
    except ImportError as error:
        raise MissingPackageError("torch", "Training") from error
    from .networks import build, tensors

    folder = Path(work)
    folder.mkdir(parents=True, exist_ok=True)
    network = build(plan.network(), plan.seed).to(memory_format=torch.channels_last)
    average = build(plan.network(), plan.seed)
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=plan.peak_rate, betas=(0.9, 0.98), weight_decay=plan.weight_decay
    )
    checkpoint = folder / "checkpoint.pt"
    step = _resume(checkpoint, plan, network, average, optimiser) if checkpoint.exists() else 0
    if step >= plan.steps:
        return tensors(average)
    source = PairSource(dems, plan.seed)
    started, mean_loss = time.monotonic(), float("nan")
    with _workers(workers) as pool, (folder / "log.jsonl").open("a") as log:
        scenes = ScenePool(source, plan, pool, step)
        try:
            while step < plan.steps:
                loss = _step(plan, step, scenes.batch(step), network, average, optimiser)
                step += 1
                mean_loss = 0.98 * mean_loss + 0.02 * loss if np.isfinite(mean_loss) else loss
                if step % 50 == 0:
                    seconds = round(time.monotonic() - started, 1)
                    log.write(json.dumps({"step": step, "loss": round(mean_loss, 5), "seconds": seconds}) + "\n")
                    log.flush()
                if step % plan.checkpoint_every == 0 or step == plan.steps:
                    _save(checkpoint, plan, step, network, average, optimiser)
                tell(progress, step / plan.steps, f"Step {step} of {plan.steps}, loss {mean_loss:.4f}")
        except CancelledError:
            _save(checkpoint, plan, step, network, average, optimiser)
            raise
    return tensors(average)


def _step(
    plan: Plan,
    step: int,
    batch: tuple[torch.Tensor, torch.Tensor],
    network: torch.nn.Module,
    average: torch.nn.Module,
    optimiser: torch.optim.Optimizer,
) -> float:
    """One update of the weights and of their average -> loss."""
    import torch

    from .losses import relief_loss

    grey, height = batch
    for group in optimiser.param_groups:
        group["lr"] = plan.rate(step)
    with torch.autocast("cpu", torch.bfloat16, enabled=plan.bfloat16):
        predicted = network(grey.contiguous(memory_format=torch.channels_last))
    loss = relief_loss(predicted, height)
    if not torch.isfinite(loss):
        raise InputError(f"The loss is not finite at step {step}; lower the learning rate (the checkpoint is kept).")
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimiser.step()
    keep = min(plan.ema, (step + 1) / (step + 10))
    with torch.no_grad():
        for mean, weight in zip(average.parameters(), network.parameters()):
            mean.lerp_(weight, 1 - keep)
    return float(loss.detach())


def _save(
    path: Path, plan: Plan, step: int, network: torch.nn.Module, average: torch.nn.Module, optimiser: Any
) -> None:
    import torch

    state = {"plan": json.dumps(asdict(plan)), "step": step, "network": network.state_dict()}
    state |= {"average": average.state_dict(), "optimiser": optimiser.state_dict()}
    with replacing(path) as temporary:
        torch.save(state, temporary)


def _resume(path: Path, plan: Plan, network: torch.nn.Module, average: torch.nn.Module, optimiser: Any) -> int:
    """Restore everything from a checkpoint -> the step to go on with. Raises InputError for another plan's."""
    import torch

    state = torch.load(path, weights_only=True)
    theirs, ours = json.loads(state["plan"]), json.loads(json.dumps(asdict(plan)))
    changed = [key for key in ours if theirs.get(key) != ours[key] and key not in ("steps", "checkpoint_every")]
    if changed:
        raise InputError(f"Checkpoint {str(path)!r} was made with another {', '.join(changed)}; use another folder.")
    network.load_state_dict(state["network"])
    average.load_state_dict(state["average"])
    optimiser.load_state_dict(state["optimiser"])
    return int(state["step"])


def scores(
    plan: Plan, weights: Mapping[str, NDArray[np.float32]], dems: str | Path, count: int = 64
) -> tuple[dict[str, dict[str, list[float]]], list[float]]:
    """Scores of weights on `count` rendered scenes of held-out areas and new simulated ground, and the height scale.

    Scores, medians: {"rendered GLD100": {...}, "simulated": {...}} with "cc" and "concordance" of plane-free heights at
    1, 1/2, 1/4, 1/8 and "cc_local" of heights less their 24-pixel Gaussian mean at full resolution. Height scale: the
    16th, 50th and 84th percentile of the factors that fit the output best to the heights in ground pixels.
    """
    import torch

    from .losses import correlations, plane_removed, pyramid
    from .networks import build, load

    network = build(plan.network())
    load(network, weights)
    source = PairSource(dems, plan.seed, held_out=True)
    rows: dict[str, list[list[float]]] = {"rendered GLD100": [], "simulated": []}
    factors = []
    for number in range(count):
        pair = source.pair(number)
        with torch.no_grad():
            predicted = network(torch.from_numpy(pair.grey)[None, None])
        truth = torch.from_numpy(pair.height)[None, None]
        levels = list(zip(pyramid(plane_removed(predicted), 4), pyramid(plane_removed(truth), 4)))
        row = [float(correlations(p, t, concordance=kind)) for kind in (False, True) for p, t in levels]
        correlation, factor = _local(predicted, truth)
        rows["simulated" if pair.simulated else "rendered GLD100"].append([*row, correlation])
        factors.append(factor * pair.slope)
    table = {kind: np.round(np.median(values, axis=0), 3).tolist() for kind, values in rows.items() if values}
    named = {kind: {"cc": row[:4], "concordance": row[4:8], "cc_local": row[8:]} for kind, row in table.items()}
    return named, np.round(np.percentile(factors, (16, 50, 84)), 4).tolist()


def _local(predicted: torch.Tensor, truth: torch.Tensor) -> tuple[float, float]:
    """Pearson correlation, and factor of the prediction, of heights less their Gaussian mean of sigma 24 pixels."""
    from ..simulation.shading import smooth

    p, t = (height[0, 0].numpy() - smooth(height[0, 0].numpy(), 24.0) for height in (predicted, truth))
    return float(np.corrcoef(p.ravel(), t.ravel())[0, 1]), float(np.sum(p * t) / np.sum(p * p))


def card(plan: Plan, metrics: Mapping[str, Any], height_scale: Sequence[float], step: int) -> dict[str, Any]:
    """The model card that goes into the file."""
    return {
        "name": "Planetary DTM default" if plan.architecture == "unet" else plan.architecture,
        "architecture": plan.architecture,
        "options": plan.options(),
        "input_bands": ["grey"],
        "input_size": plan.crop,
        "grey": {"kind": "robust"},
        "height_unit": "ground_pixel",
        "height_scale": height_scale[1],
        "height_scale_range": [height_scale[0], height_scale[2]],
        "height_offset": 0.0,
        "sun_azimuth": SUN_AZIMUTH,
        "gsd_m": [5.0, 500.0],
        "body": "Moon",
        "training_data": "LROC WAC GLD100 (rendered, with simulated detail) and simulated relief; no real image",
        "training_boxes": [list(area.box) for area in GLD100_AREAS if not area.held_out],
        "held_out_boxes": [list(area.box) for area in GLD100_AREAS if area.held_out],
        "limits": "One picture tells relief up to a factor (height_scale_range) and wavelengths past some 100 pixels "
        "hardly at all: level to altimetry. The sun must stand within 25 degrees of sun_azimuth, 25 to 80 degrees from "
        "the zenith; albedo markings can pass for relief.",
        "training": {**asdict(plan), "widths": list(plan.widths), "steps_done": step},
        "metrics": dict(metrics),
        "licence": "GPL-2.0-or-later",
        "date": "2026-11",
        "code_version": CODE_VERSION,
    }


def train_default(
    dems: str | Path, work: str | Path, output: str | Path, plan: Plan | None = None, progress: Progress = silent
) -> None:
    """Train (or go on training) the default model and write it, scores in its card, to `output` (.safetensors)."""
    plan = plan or Plan()
    weights = train(plan, dems, work, progress=progress)
    export(plan, weights, plan.steps, dems, output)


def export(
    plan: Plan,
    weights: Mapping[str, NDArray[np.float32]],
    step: int,
    dems: str | Path,
    output: str | Path,
    count: int = 64,
) -> None:
    """Score weights on `count` held-out scenes and write the model file, half precision."""
    from .model_file import save_model

    halves = {name: value.astype(np.float16) for name, value in weights.items()}
    singles = {name: value.astype(np.float32) for name, value in halves.items()}
    save_model(output, halves, card(plan, *scores(plan, singles, dems, count), step))


def main() -> None:
    """Command line of this module."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("dems", help="folder of the GLD100 files")
    parser.add_argument("work", help="folder of checkpoint and log")
    parser.add_argument("output", help="model file to write (.safetensors)")
    parser.add_argument("--steps", type=int, default=Plan.steps)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    import torch

    torch.set_num_threads(options.threads)
    train_default(options.dems, options.work, options.output, Plan(steps=options.steps))


if __name__ == "__main__":
    main()
