"""Step: a terrain network is trained on a folder of pairs, or on DEMs rendered as it goes."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, PlanetaryDtmError
from ..learned.model_file import Model, load_model
from ..learned.pair_folder import FolderPairs, PairFolder, is_pair_folder
from ..learned.pairs import Pairs, RenderedPairs, areas_in, rendering_workers
from ..learned.plan import PRECISIONS, TRAINABLE, Plan, published
from ..learned.processes import Processes, joined
from ..learned.rendered_pairs import Pair
from ..learned.scoring import export
from ..learned.training import CHECKPOINT, LOG, read_log, require_torch, train, usual_precision
from ..learned.training_memory import available, needed
from ..learned.training_report import drawn, training_report
from ..memory import require_memory
from ..outputs import require_writable
from ..progress import Progress, part, silent, tell
from ..report import Html
from .step import Kind, Output, OutputKind, Parameter, Step, StepResult

if TYPE_CHECKING:
    from ..learned.trainers import Trainer

Float = NDArray[np.float32]

SCENES_AN_EPOCH = 1800  # where pairs are rendered without end
SAMPLES = 3
QUICKEST = "quickest"  # of the precisions, or what the checkpoint was trained in


def run(
    *,
    pairs: str,
    architecture: str,
    epochs: int,
    crop: int,
    batch: int,
    base: int,
    rate: float | None,
    precision: str,
    checkpoint_every: int,
    workers: int,
    seed: int,
    resume: str | None,
    start: str | None,
    output: str,
    output_report: str | None,
    progress: Progress = silent,
) -> StepResult:
    """Train, go on training, or finish: `output` is written at the end; see `STEP` for the parameters."""
    given = dict(locals())
    require_torch()
    require_writable(output, (".safetensors",))
    if output_report:
        require_writable(output_report, (".html", ".htm"))
    work = Path(output).with_suffix(".training")
    if not resume and (work / CHECKPOINT).exists():
        raise InputError(
            f"{str(work / CHECKPOINT)!r} is of an earlier training of this OUTPUT; give it as RESUME, or delete it."
        )
    folder = PairFolder(pairs) if is_pair_folder(pairs) else None
    count = sum(not tile.held_out for tile in folder.tiles) if folder else SCENES_AN_EPOCH
    crop = crop or (folder.about["tile"] if folder else 256)
    changes: dict[str, Any] = {"crop": crop, "batch": batch, "seed": seed}
    changes |= {"checkpoint_every": checkpoint_every, **({"peak_rate": rate} if rate else {})}
    begun = _begun(start, architecture)
    changes |= _options(begun)
    steps = max(epochs * count // batch, 1)
    with ExitStack() as stack:
        processes = stack.enter_context(joined())
        if precision == QUICKEST:
            precision = usual_precision(resume, processes.device)
        changes["precision"] = given["precision"] = precision
        if architecture == "pix2pixcc":
            changes |= {"height_divisor": 1.0 if folder else 16.0}
            plan = published(steps, **{"base": base, **changes})
        else:
            plan = Plan(steps=steps, **changes)
        pool = stack.enter_context(rendering_workers(0 if folder else workers))
        source = FolderPairs(folder, plan) if folder else RenderedPairs(pairs, plan, areas_in(pairs), pool)
        command = _command(given)
        return _trained(plan, source, processes, work, resume, begun, output, output_report, command, progress)


def _trained(
    plan: Plan,
    pairs: Pairs,
    processes: Processes,
    work: Path,
    resume: str | None,
    begun: Model | None,
    output: str,
    output_report: str | None,
    command: str,
    progress: Progress,
) -> StepResult:
    facts, warnings = _facts(plan, processes, pairs.held_bytes)
    warnings += _strange_sun(begun, pairs)
    first = processes.first
    if processes.device == "cpu":
        whole = processes.count * needed(plan, processes.count, pairs.held_bytes) / 1e6
        require_memory(whole, "Training", "choose smaller crops, a smaller batch or fewer channels", silent)
    if not pairs.held_out(1):
        raise InputError("No pair is held out, so the model could not be scored; make pairs with a larger SPLIT.")
    tell(progress if first else silent, 0.0, f"{facts['memory']}; {facts['parameters']} parameters")
    samples = [pair.middle(plan.crop, plan.crop) for pair in pairs.held_out(SAMPLES)] if output_report and first else []

    page = _Page(output_report if first else None, plan, facts, work, samples)
    told = part(progress, 0.0, 0.95) if first else silent
    with page.to_the_end():
        tensors = begun.tensors if begun else None
        weights = train(plan, pairs, work, processes, resume, pairs.fingerprint(), page.watch, told, tensors)
        if not first:
            return StepResult()
        tell(progress, 0.95, "Scoring on held-out ground")
        log = read_log(work / LOG)
        card = export(
            plan,
            weights,
            plan.steps,
            pairs,
            output,
            log,
            stated={"command": command},
            start=begun.card if begun else None,
        )
    page.write("Trained and written.", card)
    made: dict[str, Any] = {"OUTPUT": output, "CC": float(np.mean([m["cc"][0] for m in card["metrics"].values()]))}
    made |= {"LOSS": log[-1]["loss"]} if log else {}
    made |= {"OUTPUT_REPORT": output_report} if output_report else {}
    return StepResult(made, tuple(warnings), (f"{facts['memory']}. Checkpoint and log are in {work}.",))


def _begun(start: str | None, architecture: str) -> Model | None:
    """The model that training begins with. Raises InputError where it is of another architecture."""
    if not start:
        return None
    model = load_model(start)
    own = model.card["architecture"]
    if own != architecture:
        raise InputError(f"START {str(start)!r} is a model of architecture {own!r}; choose that as ARCHITECTURE.")
    for option in model.card["options"]:
        if option not in Plan.__dataclass_fields__:
            raise InputError(f"START {str(start)!r} has option {option!r}, which is not trained here; give another.")
    return model


def _options(begun: Model | None) -> dict[str, Any]:
    """What a plan takes over of the model that training begins with: the numbers that give its weights their shapes."""
    if begun is None:
        return {}
    options = {**({"scans": 0} if begun.card["architecture"] == "unet" else {}), **begun.card["options"]}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in options.items()}


def _strange_sun(begun: Model | None, pairs: Pairs) -> list[str]:
    """A warning where the model that training begins with knows another sun than the pairs'."""
    before, now = (card.get("sun_azimuth") for card in (begun.card if begun else {}, pairs.card()))
    if before is None or now is None or np.cos(np.radians(before - now)) > np.sqrt(0.5):
        return []
    return [
        f"START was trained for a sun at azimuth {before:.0f}, the pairs have it at {now:.0f}; it may be of no help."
    ]


def _command(given: Mapping[str, Any]) -> str:
    """The command that trains the same, files and folders told by name alone."""
    words = ["planetary-dtm", STEP.id]
    for name in [*(parameter.name for parameter in STEP.parameters), "OUTPUT"]:
        value = given.get(name.lower())
        if value is not None and name != "RESUME":
            told = Path(value).name if name in ("PAIRS", "START", "OUTPUT") else str(value)
            words += [f"--{name.lower().replace('_', '-')}", told]
    return shlex.join(words)


@dataclass
class _Page:
    """The report (none without a path): written at the start, with every checkpoint, and however training ends."""

    path: str | None
    plan: Plan
    facts: dict[str, object]
    work: Path
    samples: list[Pair]
    step: int | None = None  # until training begins
    pictures: dict[str, Html] = field(default_factory=dict)

    def watch(self, step: int, trainer: Trainer, stopped: bool) -> None:
        """See `train`. Who stops it does not wait for pictures: those of the last checkpoint stay."""
        self.step = step
        if stopped or not self.path:
            return
        if step:
            seen = [(pair, _predicted(trainer, pair)) for pair in self.samples]
            self.pictures = drawn(read_log(self.work / LOG), seen)
        self.write("Training goes on.", running=True)

    def write(self, state: str, card: dict[str, Any] | None = None, running: bool = False) -> None:
        if self.path:
            kept = self.work / CHECKPOINT
            to_go_on_from = f"{kept}, step {self.step} (RESUME)" if kept.exists() else "none yet"
            facts = {**self.facts, "checkpoint": to_go_on_from}
            training_report(self.plan, self.step or 0, self.pictures, state, facts, card, running).write(self.path)

    @contextmanager
    def to_the_end(self) -> Iterator[None]:
        """Tell on the page what ended the training in here, if it is not done."""
        try:
            yield
        except BaseException as error:
            if self.step is not None:
                with suppress(PlanetaryDtmError):  # what ended it may keep the page from being written, too
                    self.write(str(error) or type(error).__name__)
            raise


def _facts(plan: Plan, processes: Processes, held: float) -> tuple[dict[str, object], list[str]]:
    """What the report tells of the run, and a warning where memory is short."""
    wanted, free = needed(plan, processes.count, held), available()
    memory = f"about {wanted / 1e9:.1f} GB of memory needed by each process"
    facts: dict[str, object] = {
        "memory": memory + (f", {free / 1e9:.1f} GB are free" if free else ""),
        "parameters": f"{plan.network().parameters():,}",
        "processes": processes.count,
        "device": processes.device,
    }
    short = free is not None and processes.device == "cpu" and wanted * processes.count > free
    return facts, ["Memory is short: choose smaller crops, a smaller batch or fewer channels."] if short else []


def _predicted(trainer: Trainer, pair: Pair) -> Float:
    import torch

    with torch.no_grad():
        grey = torch.from_numpy(np.ascontiguousarray(pair.grey))[None, None].to(trainer.processes.device)
        found = trainer.average(grey)[0, 0].cpu().numpy()
    return np.asarray(found * trainer.plan.height_divisor, np.float32)


STEP = Step(
    id="trainmodel",
    title="Train model",
    group="Learned terrain",
    help=(
        "Trains a network that makes terrain of one image, on a folder of pairs (trainingpairs) or on DEMs that are "
        "rendered as it goes. Needs torch; with a GPU it trains there.\n\n"
        "A checkpoint is written every so many steps: training cancelled, killed or stopped by a full disk goes on "
        "from it (RESUME) as if nothing had happened. The report shows the loss and sample tiles of held-out ground "
        "and is renewed with every checkpoint.\n\n"
        "Several processes or machines: torchrun --nproc-per-node N -m planetary_dtm.core.cli trainmodel ..."
    ),
    parameters=(
        Parameter("PAIRS", Kind.FOLDER, "Pairs", "Folder of pairs with its manifest, or of DEMs in degrees to render."),
        Parameter("ARCHITECTURE", Kind.CHOICE, "Architecture", "unet: ours, no seams, small. pix2pixcc: as published.",
                  "unet", choices=TRAINABLE),
        Parameter("EPOCHS", Kind.INTEGER, "Epochs", "How often every pair is seen; of rendered DEMs an epoch is 1,800 "
                  "pictures.", 100, minimum=1, maximum=1_000_000),
        Parameter("CROP", Kind.INTEGER, "Crop side", "Side of the parts trained on; 0: the whole tile, 256 of rendered "
                  "DEMs.", 0, minimum=0, maximum=4096, unit="pixels"),
        Parameter("BATCH", Kind.INTEGER, "Batch", "Pictures of a step, over all processes (as published: 1).", 8,
                  minimum=1, maximum=4096),
        Parameter("BASE", Kind.INTEGER, "Channels of Pix2PixCC", "Of its first layer; published: 64.", 64, minimum=1,
                  maximum=128),
        Parameter("RATE", Kind.NUMBER, "Learning rate", "Empty: that of the architecture.", optional=True, minimum=1e-7,
                  maximum=1.0, advanced=True),
        Parameter("PRECISION", Kind.CHOICE, "Precision", "Of all layers but the last; quickest: what suits the GPU or "
                  "processor best (with RESUME: what that was trained in).", QUICKEST, choices=(QUICKEST, *PRECISIONS),
                  advanced=True),
        Parameter("CHECKPOINT_EVERY", Kind.INTEGER, "Checkpoint every", "Steps between checkpoints.", 500, minimum=1,
                  advanced=True),
        Parameter("WORKERS", Kind.INTEGER, "Rendering processes", "Beside the one that trains; 0: that one renders.", 1,
                  minimum=0, maximum=256, advanced=True),
        Parameter("SEED", Kind.INTEGER, "Seed", "The same seed on the same machine trains the same.", 1, minimum=0),
        Parameter("RESUME", Kind.FILE, "Resume from", "checkpoint.pt of an earlier training with the same parameters "
                  "(EPOCHS may differ).", optional=True),
        Parameter("START", Kind.FILE, "Start from model", "Model (.safetensors) whose weights training begins with, to "
                  "make it fit your own pairs; empty: from nothing.", optional=True),
    ),
    outputs=(
        Output("OUTPUT", OutputKind.FILE, "Model", "Model file with its card; checkpoint and log go into a folder "
               "beside it that ends in .training.", extension="safetensors"),
        Output("OUTPUT_REPORT", OutputKind.REPORT, "Report", "HTML page with loss curve, samples and scores, renewed "
               "with every checkpoint and kept when training is stopped.", optional=True, extension="html"),
        Output("LOSS", OutputKind.NUMBER, "Loss", "Its last running mean."),
        Output("CC", OutputKind.NUMBER, "CC", "Median correlation of plane-free heights on held-out ground."),
    ),
    run=run,
    icon="model",
    tags=("training", "neural network", "pix2pixcc", "machine learning"),
)  # fmt: skip
