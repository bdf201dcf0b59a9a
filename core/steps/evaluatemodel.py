"""Step: a model is judged on the held-out tiles of a pair folder, beside what it has to be better than."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..learned.engine import load_engine
from ..learned.evaluation import LEVELLED, MODEL, Case, Scores, contenders, names, score, summary
from ..learned.evaluation_report import pictures
from ..learned.model_file import load_height_model
from ..learned.pair_folder import Listed, PairFolder, is_boxes
from ..learned.pair_ground import meets
from ..memory import require_memory
from ..progress import Progress, part, silent, tell
from ..report import Report, key_values, note, table
from ..simulation.tracks import Altimeter, simulate_tracks
from ..terrain.comparison import Comparison, compare_grids
from ..terrain.shots import Shots
from .dtmfromextent import DEFAULT_MODEL, relief_mb
from .step import Kind, Output, OutputKind, Parameter, Step, StepResult

Float = npt.NDArray[np.float32]

_DRAWN = 3  # tiles in the report's pictures: the best, the middle and the worst


@dataclass(frozen=True)
class _Judged:
    """A tile with its scores by the way terrain was made, and the model's numbers, means taken away."""

    case: Case
    made: Mapping[str, Float]
    scores: Mapping[str, Scores]
    numbers: Comparison


def run(
    *,
    model: str | None,
    pairs: str,
    count: int,
    tracks: int,
    sun_incidence: float | None,
    engine: str,
    output_report: str | None,
    progress: Progress = silent,
) -> StepResult:
    """Judge the model on at most ``count`` tiles; see `STEP` for the parameters."""
    tell(progress, 0.0, "Checking the pairs")
    folder = PairFolder(pairs)
    side = folder.about["tile"]
    require_memory(relief_mb(side, side), f"Judging tiles of {side} x {side} pixels", "draw smaller ones", progress)
    network = load_engine(load_height_model(model or DEFAULT_MODEL), engine)
    tiles, warnings = _unseen(folder, network.model.card)
    tiles = tiles[:count]
    pixel, azimuth = float(folder.about["pixel_m"]), folder.about["sun_azimuth"]
    judged: list[_Judged] = []
    stage = part(progress, 0.05, 0.9)
    for number, tile in enumerate(tiles):
        tell(stage, number / len(tiles), f"Tile {number + 1} of {len(tiles)}")
        grey, valid, height = folder.read(tile)
        seen = np.where(valid, grey, np.nan).astype(np.float32)
        shots = _tracks(height, pixel, tracks, number) if tracks else None
        case = Case(tile.image, seen, height, pixel, azimuth, sun_incidence, shots)
        made = contenders(case, network)
        scores = {name: score(terrain, height, pixel) for name, terrain in made.items()}
        judged.append(_Judged(case, made, scores, _numbers(made[MODEL], height, pixel)))
    result: dict[str, Any] = _pooled([one.numbers for one in judged])
    if output_report:
        tell(progress, 0.9, "Drawing the report")
        _report(judged, network.model.card, Path(model or DEFAULT_MODEL).name, warnings).write(output_report)
        result["OUTPUT_REPORT"] = output_report
    return StepResult(result, warnings)


def _unseen(folder: PairFolder, card: Mapping[str, Any]) -> tuple[list[Listed], tuple[str, ...]]:
    """The held-out tiles that lie on no ground the model was trained on, and warnings; all tiles where none is left.

    A model trained on this folder keeps to its split, tile by tile; of others the boxes in the card tell.
    """
    held_out = [tile for tile in folder.tiles if tile.held_out]
    warnings: tuple[str, ...] = ()
    if not held_out:
        warnings = ("PAIRS holds no tile held out from training: a model trained on these scores too well here.",)
    tiles, boxes = held_out or list(folder.tiles), card.get("training_boxes", [])
    other = folder.about["body"] not in str(card.get("body", "")).split(", ")
    if other or not is_boxes(boxes) or boxes == folder.about["training_boxes"]:
        return tiles, warnings
    unseen = [tile for tile in tiles if not any(meets(folder.box(tile), box) for box in boxes)]
    seen = len(tiles) - len(unseen)
    if seen and unseen:
        warnings += (f"The model was trained on the ground of {seen} of {len(tiles)} tiles; they are left out.",)
    elif seen:
        warnings += (f"The model was trained on the ground of all {seen} tiles: it scores too well here.",)
    return unseen or tiles, warnings


def _tracks(height: Float, pixel: float, count: int, seed: int) -> Shots:
    """Simulated altimeter tracks over a tile, as one polar orbiter leaves them: one along the middle of each strip."""
    spacing = max(height.shape) * pixel / count
    altimeter = Altimeter(spacing, pixel, 3.0, 0.1 * spacing, 1.0, centred=count % 2 == 1)
    return simulate_tracks(height.astype(np.float64), np.isfinite(height), pixel, altimeter, seed)


def _numbers(found: Float, truth: Float, pixel: float) -> Comparison:
    """comparedtm's numbers of heights less their means: one picture does not tell those."""
    both = np.isfinite(found) & np.isfinite(truth)
    h, r = (np.where(both, values - values[both].mean(), np.nan).astype(np.float64) for values in (found, truth))
    return compare_grids(h, r, (pixel, pixel))


def _pooled(numbers: list[Comparison]) -> dict[str, float]:
    """RMSE and slope RMSE over all tiles, medians of the rest, and the number of pixels.

    Flat tiles have no correlation and do not count in its median.
    """
    known = [one.cc for one in numbers if np.isfinite(one.cc)]
    return {
        "BIAS": float(np.mean([one.bias for one in numbers])),
        "RMSE": float(np.sqrt(np.mean([one.rmse**2 for one in numbers]))),
        "NMAD": float(np.median([one.nmad for one in numbers])),
        "LE90": float(np.median([one.le90 for one in numbers])),
        "CC": float(np.median(known)) if known else float("nan"),
        "SLOPE_RMSE": float(np.sqrt(np.mean([one.slope_rmse**2 for one in numbers]))),
        "COUNT": int(sum(one.count for one in numbers)),
    }


def _report(judged: list[_Judged], card: Mapping[str, Any], model: str, warnings: tuple[str, ...]) -> Report:
    scores = [one.scores for one in judged]
    report = Report("Evaluation of a model", f"{model} on {len(judged)} tiles")
    for warning in warnings:
        report.section("To note", note(warning, "warning"))
    caption = "Median (10th to 90th percentile) over the tiles."
    report.section("Scores", table(summary(scores), ["measure", *names(scores)], caption))
    order = sorted(judged, key=lambda one: float(np.nan_to_num(one.scores[MODEL].local_cc)))
    chosen = {"Worst": order[0], "Middle": order[len(order) // 2], "Best": order[-1]}
    for rank, one in list(chosen.items())[: min(_DRAWN, len(order))]:
        shown = {name: one.made[name] for name in (MODEL, LEVELLED) if name in one.made}
        report.section(f"{rank} tile: {one.case.name}", *pictures(shown, one.case.height, one.case.pixel_m))
    report.section("The model", key_values({key: str(value) for key, value in card.items()}))
    return report


STEP = Step(
    id="evaluatemodel",
    title="Evaluate model",
    group="Learned terrain",
    help=(
        "Judges an image-to-height model on the tiles of a pair folder that were held out from training: heights, "
        "slopes, aspects, correlations at several resolutions, spectrum and sign, with median and spread over the "
        "tiles.\n\n"
        "Beside the model stand a flat plane, simulated altimeter tracks alone (the best of four interpolators), the "
        "model levelled to these tracks, a constant image levelled to them, and shape from shading where the sun is "
        "known. The numbers returned are the model's alone, each tile's mean height taken away."
    ),
    parameters=(
        Parameter(
            "MODEL",
            Kind.FILE,
            "Model",
            "Model file (.safetensors); left empty, the one that ships with the plugin.",
            optional=True,
            extension="safetensors",
        ),
        Parameter("PAIRS", Kind.FOLDER, "Pairs", "Folder written by trainingpairs; its files are checked first."),
        Parameter(
            "COUNT",
            Kind.INTEGER,
            "Most tiles",
            "At most so many tiles are judged, held-out ones.",
            default=16,
            minimum=1,
        ),
        Parameter(
            "TRACKS",
            Kind.INTEGER,
            "Altimeter tracks",
            "Simulated tracks over each tile, for levelling; 0 for none.",
            default=4,
            minimum=0,
            maximum=64,
        ),
        Parameter(
            "SUN_INCIDENCE",
            Kind.NUMBER,
            "Sun incidence",
            "Angle of the sun from the zenith in all tiles, for shape from shading; left empty, that is not run.",
            optional=True,
            minimum=0,
            maximum=89.9,
            unit="degrees",
        ),
        Parameter(
            "ENGINE",
            Kind.CHOICE,
            "Engine",
            "auto uses torch when it is installed, NumPy otherwise; the result is the same.",
            default="auto",
            choices=("auto", "numpy", "torch"),
            advanced=True,
        ),
    ),
    outputs=(
        Output(
            "OUTPUT_REPORT",
            OutputKind.REPORT,
            "Report",
            "HTML page with all scores and pictures of prediction, truth and difference.",
            optional=True,
            extension="html",
        ),
        Output("BIAS", OutputKind.NUMBER, "Bias", "Mean difference in metres (0: means are taken away)."),
        Output("RMSE", OutputKind.NUMBER, "RMSE", "Root mean square difference over all tiles, metres."),
        Output("NMAD", OutputKind.NUMBER, "NMAD", "1.4826 times the median absolute deviation, median tile, metres."),
        Output("LE90", OutputKind.NUMBER, "LE90", "90th percentile of the absolute difference, median tile, metres."),
        Output("CC", OutputKind.NUMBER, "CC", "Pearson correlation of the heights, median tile."),
        Output("SLOPE_RMSE", OutputKind.NUMBER, "Slope RMSE", "Root mean square difference of the slopes in degrees."),
        Output("COUNT", OutputKind.NUMBER, "Count", "Number of pixels compared."),
    ),
    run=run,
    icon="model",
    tags=("accuracy", "learning", "model", "quality", "evaluation"),
)
