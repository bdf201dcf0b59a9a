"""Scores of weights on held-out pairs, and the model card that tells them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .pairs import Pairs
from .plan import Plan
from .rendered_pairs import Pair

if TYPE_CHECKING:
    import torch

Float = NDArray[np.float32]

CODE_VERSION = "3"
CURVE = 100
LICENCE = "GPL-2.0-or-later"  # of the project's own models
_LIMITS = (
    "One picture tells relief up to a factor (height_scale_range) and wavelengths past some 100 pixels hardly at all: "
    "level to altimetry. Albedo markings can pass for relief."
)
_NAMES = {"unet": "U-Net", "pix2pixcc": "Pix2PixCC"}


def scores(
    plan: Plan, weights: Mapping[str, Float], pairs: Sequence[Pair], unit: float | None = None
) -> tuple[dict[str, dict[str, list[float]]], list[float]]:
    """Scores of weights on held-out pairs, and the height scale.

    Scores, medians: {kind of pair: {...}} with "cc" and "concordance" of plane-free heights at 1, 1/2, 1/4, 1/8,
    "cc_local" of heights less their 24-pixel Gaussian mean at full resolution, and, after a best scale, "rmse" of the
    plane-free heights in ground pixels and "slope_rmse" in degrees. Of a pair the middle is scored, as large as the
    network's strides divide it. Height scale: the 16th, 50th and 84th percentile
    of the factors that fit the output best to the heights in ground pixels, or in metres where `unit`, the metres of
    one unit of the pairs' heights, is given.
    """
    import torch

    from .losses import correlations, plane_removed, pyramid
    from .networks import build, load

    graph = plan.network()
    network = build(graph)
    load(network, weights)
    rows: dict[str, list[list[float]]] = {}
    factors = []
    for whole in pairs:
        pair = whole.middle(*(length // graph.multiple * graph.multiple for length in whole.grey.shape))
        with torch.no_grad():
            predicted = network(torch.from_numpy(pair.grey)[None, None])
        truth = torch.from_numpy(pair.height)[None, None]
        flat, true = plane_removed(predicted * plan.height_divisor), plane_removed(truth)
        levels = list(zip(pyramid(flat, 4), pyramid(true, 4)))
        row = [float(correlations(p, t, concordance=kind)) for kind in (False, True) for p, t in levels]
        correlation, factor = _local(predicted, truth)
        row += [correlation, *_errors(flat, true, pair.slope)]
        rows.setdefault(pair.kind, []).append(row)
        factors.append(factor * (unit or pair.slope))
    table = {kind: np.round(np.median(values, axis=0), 3).tolist() for kind, values in rows.items()}
    named = {
        kind: {
            "cc": row[:4],
            "concordance": row[4:8],
            "cc_local": row[8:9],
            "rmse": row[9:10],
            "slope_rmse": row[10:11],
        }
        for kind, row in table.items()
    }
    return named, np.round(np.percentile(factors, (16, 50, 84)), 4).tolist()


def _local(predicted: torch.Tensor, truth: torch.Tensor) -> tuple[float, float]:
    """Pearson correlation, and factor of the prediction, of heights less their Gaussian mean of sigma 24 pixels."""
    from ..simulation.shading import smooth

    p, t = (height[0, 0].numpy() - smooth(height[0, 0].numpy(), 24.0) for height in (predicted, truth))
    return float(np.corrcoef(p.ravel(), t.ravel())[0, 1]), float(np.sum(p * t) / np.sum(p * p))


def _errors(flat: torch.Tensor, true: torch.Tensor, slope: float) -> tuple[float, float]:
    """RMSE of plane-free heights (ground pixels) and of slope vectors (degrees), the prediction scaled to fit best."""
    p, t = flat[0, 0].double().numpy() * slope, true[0, 0].double().numpy() * slope
    p = p * max(float(np.sum(p * t) / np.sum(p * p)), 0.0)
    steps = [a - b for a, b in zip(np.gradient(p), np.gradient(t))]
    return float(np.sqrt(np.mean((p - t) ** 2))), float(np.degrees(np.sqrt(np.mean(steps[0] ** 2 + steps[1] ** 2))))


def card(
    plan: Plan,
    data: Mapping[str, Any],
    metrics: Mapping[str, Any],
    height_scale: Sequence[float],
    step: int,
    log: Sequence[Mapping[str, float]] = (),
    stated: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The model card that goes into the file; `data`: what the pairs say of themselves (`Pairs.card`); `log`: the lines
    of the training's log, of which the loss is kept at up to `CURVE` steps; `stated`: what who trains it says: name,
    licence, the command that does it again, more limits. Its date is today's, or that of the
    environment variable SOURCE_DATE_EPOCH, with which a training repeats byte for byte on another day."""
    curve = [[line["step"], line["cpu_seconds"], line["loss"]] for line in log[:: -max(-(-len(log) // CURVE), 1)]][::-1]
    said = dict(stated or {})
    return {
        "name": f"{_NAMES[plan.architecture]}, {data['body']}",
        "architecture": plan.architecture,
        "options": plan.options(),
        "input_bands": ["grey"],
        "input_size": plan.crop,
        "height_scale": height_scale[1],
        "height_scale_range": [height_scale[0], height_scale[2]],
        "height_offset": 0.0,
        "training": {**asdict(plan), "widths": list(plan.widths), "steps_done": step},
        "cpu_hours": round(log[-1]["cpu_seconds"] / 3600, 2) if log else None,
        "loss_curve": curve,  # step, CPU seconds of a process, loss
        "metrics": dict(metrics),
        "licence": "not stated",
        "date": training_date(),
        "code_version": CODE_VERSION,
        **data,
        **said,
        "limits": " ".join(filter(None, (_LIMITS, data["limits"], said.get("limits")))),
    }


def training_date() -> str:
    """The day (UTC) that a model card names, as year-month-day."""
    stated = os.environ.get("SOURCE_DATE_EPOCH", "")
    when = datetime.fromtimestamp(int(stated), timezone.utc) if stated.isdigit() else datetime.now(timezone.utc)
    return when.date().isoformat()


def export(
    plan: Plan,
    weights: Mapping[str, Float],
    step: int,
    pairs: Pairs,
    output: str | Path,
    log: Sequence[Mapping[str, float]] = (),
    count: int = 64,
    stated: Mapping[str, str] | None = None,
    start: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Score weights on at most `count` held-out pairs and write the model file, half precision -> its card.

    log, stated: see `card`; start: card of the model whose weights training began with, of which this one then tells.
    """
    if start:
        step, log, stated = _continued(start, step, log, stated or {})
    from .model_file import save_model

    halves = {name: value.astype(np.float16) for name, value in weights.items()}
    singles = {name: value.astype(np.float32) for name, value in halves.items()}
    data = pairs.card()
    found = scores(plan, singles, pairs.held_out(count), data.get("height_scale"))
    made = card(plan, data, *found, step, log, stated)
    save_model(output, halves, made)
    return made


def _continued(
    start: Mapping[str, Any], step: int, log: Sequence[Mapping[str, float]], stated: Mapping[str, str]
) -> tuple[int, list[Mapping[str, float]], dict[str, str]]:
    """Steps, log and statements of a training, after those of the model it began with."""
    earlier = start.get("loss_curve") or []
    curve: list[Mapping[str, float]] = [dict(zip(("step", "cpu_seconds", "loss"), line)) for line in earlier]
    done, spent = int(start["training"]["steps_done"]), curve[-1]["cpu_seconds"] if curve else 0.0
    curve += [{**line, "step": line["step"] + done, "cpu_seconds": line["cpu_seconds"] + spent} for line in log]
    version = str(start.get("code_version"))
    other = "" if version == CODE_VERSION else f"  # code version {version}"
    before = str(start.get("command") or "the command of the model that training began with is not stated") + other
    return step + done, curve, {**stated, "command": f"{before}\n{stated.get('command', '')}".strip()}
