"""Training of a terrain network on pairs; `train_default` makes the model that ships.

Reproducible: the batch of a step depends on the seed and the step's number alone, so training killed and resumed
from its checkpoint goes on exactly as if nothing had happened. From the command line:

    python -m planetary_dtm.core.learned.training DEMS WORK MODEL.safetensors [--steps N] [--threads N] ...
"""

from __future__ import annotations

import argparse
import json
import shlex
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import CancelledError, InputError, MissingPackageError, PlanetaryDtmError
from ..outputs import replacing
from ..progress import Progress, breathe_during, hearing, silent, tell, unheard
from ..sources import is_plain_file
from . import checkpoint
from .engine import load_torch
from .model_file import Model, load_model
from .pairs import Pairs, RenderedPairs, rendering_workers
from .plan import Plan, published
from .processes import Processes, joined, quickest_precision
from .rendered_pairs import GLD100_AREAS
from .scoring import LICENCE, export
from .trainers import Trainer, trainer

Float = NDArray[np.float32]
Watch = Callable[[int, Trainer, bool], None]

LOG_EVERY = 50  # steps
CHECKPOINT, LOG = "checkpoint.pt", "log.jsonl"
_LONGEST_LOG = 1 << 26  # characters of it that are read: 400,000 lines
_LOGGED = ("step", "loss", "seconds", "cpu_seconds")  # in every line


def train(
    plan: Plan,
    pairs: Pairs,
    work: str | Path,
    processes: Processes | None = None,
    resume: str | Path | None = None,
    fingerprint: str = "",
    watch: Watch = lambda step, trainer, stopped: None,
    progress: Progress = silent,
    start: Mapping[str, Float] | None = None,
) -> dict[str, Float]:
    """Train on pairs -> the averaged (EMA) weights.

    work: folder of the checkpoint `checkpoint.pt` and the log `log.jsonl` (see `read_log`); where a checkpoint
    of the same plan lies there, or at `resume`, training goes on from it. fingerprint: of the pairs, which must still
    be the checkpoint's. watch: called at the start and whenever a checkpoint was written, with the step, the trainer,
    and whether training stops there. Cancel through `progress`, or SIGINT or SIGTERM, drops the step under way (of
    several processes: ends it) and leaves a checkpoint behind, but before the first step (CancelledError).
    start: weights that a training which begins anew begins with; what the network has besides them is new.
    Raises InputError when a loss or a weight is not finite (the last good checkpoint stays).
    """
    require_torch()
    processes, folder = processes or Processes(), Path(work)
    folder.mkdir(parents=True, exist_ok=True)
    processes.share(plan.batch)
    trained = trainer(plan, processes)
    if start:
        trained.begin_with(start)
    kept = folder / CHECKPOINT
    step, kept_step, good = 0, -1, "no checkpoint was written yet"
    means: dict[str, float] = {}
    if resume or kept.exists():
        step, means = checkpoint.restore(resume or kept, plan, trained, fingerprint)
        good = f"{resume or kept} holds step {step}"
    log = _Log(folder / LOG, step, Path(resume).with_name(LOG) if resume else None) if processes.first else None
    if processes.first:
        watch(step, trained, False)

    def save(stopped: bool = False) -> None:
        nonlocal kept_step, good
        if not trained.is_finite():  # a gradient can be infinite where the loss is not
            raise InputError(f"The weights are not finite at step {step}; lower the rate ({good}).")
        if processes.first:
            with unheard():
                if step != kept_step:
                    checkpoint.save(kept, plan, step, trained, means, fingerprint)
                kept_step, good = step, f"{kept} holds step {step}"
                watch(step, trained, stopped)

    def stop() -> CancelledError:
        if not step:  # nothing is learned yet, and a checkpoint may have hundreds of MB
            return CancelledError(f"Stopped before the first of {plan.steps} steps; nothing is kept.")
        save(stopped=True)
        return CancelledError(f"Stopped at step {step} of {plan.steps}; {kept} holds it to go on from.")

    def go_on(fraction: float, message: str = "") -> bool:
        return progress(fraction, message) and not asked

    def listening(fraction: float) -> AbstractContextManager[object]:
        """Of several processes none may leave the others alone in the middle of a step."""
        if processes.count > 1:
            return unheard()
        return hearing(go_on, fraction)

    with _stopping() as asked:
        while step < plan.steps:
            try:
                with listening(step / plan.steps):
                    found = trained.update(step, pairs.batch(step))
            except CancelledError:
                raise stop() from None
            if not all(np.isfinite(loss) for loss in found.values()):
                raise InputError(f"The loss is not finite at step {step}; lower the rate ({good}).")
            step += 1
            means = {name: 0.98 * means.get(name, loss) + 0.02 * loss for name, loss in found.items()}
            if log and step % LOG_EVERY == 0:
                log.add(step, means)
            if step % plan.checkpoint_every == 0 or step == plan.steps:
                save()
            left = not go_on(step / plan.steps, f"Step {step} of {plan.steps}, loss {means['loss']:.4f}")
            if _any(left, processes):
                raise stop()
    tell(progress, 1.0, "Trained")
    return trained.weights()


def require_torch() -> None:
    """Raise MissingPackageError where torch is not installed: prediction goes on without, training does not."""
    try:
        load_torch()
        breathe_during(_first_optimiser)
    except ImportError as error:
        raise MissingPackageError("torch", "Training") from error


def _first_optimiser() -> None:
    """What torch loads for its first optimiser takes another second."""
    import torch

    torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))])


class _Log:
    """Lines of JSON; what an earlier run wrote past the checkpoint is dropped, its seconds go on."""

    def __init__(self, path: Path, step: int, earlier: Path | None = None) -> None:
        """earlier: the log beside the checkpoint that training goes on from, where that is another's."""
        found = (earlier and read_log(earlier)) or read_log(path)
        lines = [line for line in found if line["step"] <= step]
        self._before = np.array([lines[-1][name] if lines else 0.0 for name in ("seconds", "cpu_seconds")])
        self._path, self._started = path, np.array(_clocks())
        with replacing(path) as temporary:
            temporary.write_text("".join(json.dumps(line) + "\n" for line in lines))

    def add(self, step: int, means: dict[str, float]) -> None:
        seconds, cpu = np.round(self._before + _clocks() - self._started, 1).tolist()
        line = {"step": step, **{name: round(value, 5) for name, value in means.items()}}
        line |= {"seconds": seconds, "cpu_seconds": cpu}
        try:
            with self._path.open("a") as file:
                file.write(json.dumps(line) + "\n")
        except OSError as error:
            raise InputError(f"The log {str(self._path)!r} cannot be written ({error.strerror}).") from error


def _clocks() -> tuple[float, float]:
    return time.monotonic(), time.process_time()


def read_log(path: str | Path) -> list[dict[str, float]]:
    """The lines of a training's log: step, losses, seconds, cpu_seconds of this process; half-written ones left out."""
    lines: list[dict[str, float]] = []
    if not is_plain_file(Path(path)):
        return lines
    with Path(path).open(errors="replace") as file:
        content = file.read(_LONGEST_LOG)
    for text in content.splitlines():
        try:
            line = {name: float(value) for name, value in json.loads(text).items()}
            step, *_ = (line[name] for name in _LOGGED)
            lines.append({**line, "step": int(step)})
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
            break
    return lines


def usual_precision(kept: str | Path | None, device: str) -> str:
    """What the checkpoint to go on from was trained in; without one, what the device is quickest at."""
    return str(checkpoint.plan_of(kept)["precision"]) if kept else quickest_precision(device)


def _any(flag: bool, processes: Processes) -> bool:
    """Whether any process wants to stop: all of them must, at the same step."""
    if processes.count == 1:
        return flag
    import torch

    return float(processes.mean(torch.tensor(float(flag), device=processes.device))) > 0


@contextmanager
def _stopping() -> Iterator[list[int]]:
    """While open, SIGINT and SIGTERM are noted in the list yielded and no longer break a step in its middle."""
    asked: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return

    def note(number: int, frame: FrameType | None) -> None:
        asked.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def train_default(
    dems: str | Path,
    work: str | Path,
    output: str | Path,
    plan: Plan | None = None,
    workers: int = 1,
    stated: Mapping[str, str] | None = None,
    progress: Progress = silent,
    start: Model | None = None,
) -> None:
    """Train (or go on training) on rendered GLD100 and write the model, scores in its card, to `output`.

    stated: what the card says besides, see `scoring.card`. start: a model whose weights training begins with; its CPU
    hours count.
    """
    plan = plan or Plan()
    with rendering_workers(workers) as pool, joined() as processes:
        pairs = RenderedPairs(dems, plan, GLD100_AREAS, pool)
        begun = start.tensors if start else None
        weights = train(plan, pairs, work, processes, fingerprint=pairs.fingerprint(), progress=progress, start=begun)
        if processes.first:
            log, card = read_log(Path(work) / LOG), start.card if start else None
            export(plan, weights, plan.steps, pairs, output, log, stated=stated, start=card)


def _command(given: Sequence[str], places: Sequence[str]) -> str:
    """The command line of this module, places in the file system told by name alone."""
    words = [Path(word).name if word in places else word for word in given]
    return shlex.join(["python", "-m", "planetary_dtm.core.learned.training", *words])


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of this module."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("dems", help="folder of the GLD100 files")
    parser.add_argument("work", help="folder of checkpoint and log")
    parser.add_argument("output", help="model file to write (.safetensors)")
    parser.add_argument("--architecture", default="unet", choices=("unet", "pix2pixcc"))
    parser.add_argument("--base", type=int, default=16, help="channels of Pix2PixCC's first layer")
    parser.add_argument("--widths", type=int, nargs="+", help="channels of the U-Net's levels, finest first")
    parser.add_argument("--scans", type=int, help="channels that the U-Net scans, a multiple of 4 (0: none)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=1, help="processes that render")
    numbers = {"steps": int, "batch": int, "crop": int, "seed": int, "peak_rate": float, "height_divisor": float}
    numbers |= {"steps_per_scene": int, "checkpoint_every": int}
    for name, kind in numbers.items():
        parser.add_argument("--" + name.replace("_", "-"), type=kind)
    parser.add_argument("--precision", help="of all layers but the last (default: what this machine is quickest at)")
    parser.add_argument("--name", help="of the model, in its card")
    parser.add_argument("--start", help="model file whose weights training begins with")
    parser.add_argument("--limits", help="a sentence on what else is known of the model, for its card")
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = vars(parser.parse_args(given))
    import torch

    torch.set_num_threads(options["threads"])
    changes: dict[str, Any] = {key: options[key] for key in numbers if options[key] is not None}
    try:
        dems, work, output = options["dems"], options["work"], options["output"]
        kept = Path(work) / CHECKPOINT
        device = "cuda" if torch.cuda.is_available() else "cpu"
        changes["precision"] = options["precision"] or usual_precision(kept if kept.exists() else None, device)
        if options["architecture"] == "pix2pixcc":
            usual = {"steps": 10_000, "base": options["base"], "crop": 256, "height_divisor": 16.0}
            plan = published(**{**usual, **changes})
        else:
            if options["widths"]:
                changes["widths"] = tuple(options["widths"])
            if options["scans"] is not None:
                changes["scans"] = options["scans"]
            plan = Plan(**changes)
        start = load_model(options["start"]) if options["start"] else None
        command = _command(given, [dems, work, output, *filter(None, [options["start"]])])
        stated = {"licence": LICENCE, "command": command}
        stated |= {key: options[key] for key in ("name", "limits") if options[key]}
        train_default(dems, work, output, plan, options["workers"], stated, start=start)
    except PlanetaryDtmError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
