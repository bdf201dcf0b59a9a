"""The report of a training: loss curve and sample tiles, written anew whenever a checkpoint is, and at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..pictures import shaded_relief
from ..report import Html, Report, figure, key_values, new_figure, note, table
from .plan import Plan
from .rendered_pairs import Pair

Float = NDArray[np.float32]

COLOURS = ("#1f5f8b", "#b07408", "#2e7d4f", "#b3372c", "#6d4c8f")
REFRESH_S = 60
_UNUSED = {
    "unet": ("base", "upsampling", "discriminator", "concordance", "height_divisor"),
    "pix2pixcc": ("widths", "warm_up", "weight_decay"),
}
_LEVELS = ("1", "1/2", "1/4", "1/8")


def drawn(log: Sequence[Mapping[str, float]], samples: Sequence[tuple[Pair, Float]]) -> dict[str, Html]:
    """The report's pictures by their headings. samples: held-out pairs with what the averaged weights make of them."""
    made = {}
    if log:
        text = "Running means (over some 50 steps) of what training minimises, on a logarithmic scale."
        made["Loss"] = figure(_curve(log), text)
    if samples:
        text = "Held-out ground: image, heights predicted, true heights in the same colours, and the difference."
        made["Samples"] = figure(_tiles(samples), text)
    return made


def training_report(
    plan: Plan,
    step: int,
    pictures: Mapping[str, Html],
    state: str,
    facts: Mapping[str, object],
    card: Mapping[str, Any] | None = None,
    running: bool = False,
) -> Report:
    """The page after `step` steps, with what `drawn` gave at the last checkpoint.

    state: a sentence on how the training stands; facts: memory, checkpoint, processes; card: of the model, once
    written; running: it goes on, so a browser loads the page anew every `REFRESH_S` seconds.
    """
    report = Report("Training", f"{plan.architecture}, step {step} of {plan.steps}", REFRESH_S if running else None)
    level = "good" if card else "info" if running else "warning"
    report.section("State", note(state, level), key_values(facts))
    for heading, picture in pictures.items():
        report.section(heading, picture)
    if card:
        report.section("Scores on held-out ground", _scores(card["metrics"]))
    used = {key: value for key, value in asdict(plan).items() if key not in _UNUSED[plan.architecture]}
    return report.section("Plan", key_values(used))


def _curve(log: Sequence[Mapping[str, float]]) -> Any:
    from matplotlib.ticker import LogFormatter, StrMethodFormatter

    drawn, axis = new_figure(size=(8.0, 3.6))
    names = [name for name in log[-1] if name not in ("step", "seconds", "cpu_seconds")]
    for name, colour in zip(names, COLOURS):
        axis.plot([line["step"] for line in log], [line[name] for line in log], color=colour, label=name, linewidth=1.4)
    axis.set_yscale("log")
    axis.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.yaxis.set_minor_formatter(LogFormatter(labelOnlyBase=False))  # a loss may fall by less than a power of ten
    axis.tick_params(axis="y", which="minor", labelsize=8)
    axis.set_xlabel("step", fontsize=8)
    axis.set_ylabel("loss", fontsize=8)
    axis.legend(fontsize=8, frameon=False, ncols=len(names))
    return drawn


def _tiles(samples: Sequence[tuple[Pair, Float]]) -> Any:
    drawn, axes = new_figure(len(samples), 4, (10.0, 2.65 * len(samples)), squeeze=False)
    for row, (pair, predicted) in zip(axes, samples):
        truth = pair.height.astype(np.float64) * pair.slope
        found = predicted.astype(np.float64) * pair.slope
        found = found - found.mean() + truth.mean()
        low, high = (float(value) for value in np.percentile(truth, (1, 99)))
        limit = max((high - low) / 2, 1e-9)
        row[0].imshow(pair.grey, cmap="gray")
        for axis, height in zip(row[1:3], (found, truth)):
            axis.imshow(shaded_relief(height, (1.0, 1.0), (low, high)))
        row[3].imshow(found - truth, cmap="RdBu_r", vmin=-limit, vmax=limit)
        for axis in row:
            axis.set_axis_off()
    for axis, title in zip(axes[0], ("image", "predicted", "true", "difference")):
        axis.set_title(title, fontsize=9)
    return drawn


def _scores(metrics: Mapping[str, Mapping[str, Sequence[float]]]) -> Html:
    header = [
        "held-out pairs",
        *(f"CC at {level}" for level in _LEVELS),
        "local CC",
        "RMSE (pixels)",
        "slope (degrees)",
    ]
    rows = [[kind, *m["cc"], *m["cc_local"], *m["rmse"], *m["slope_rmse"]] for kind, m in metrics.items()]
    return table(rows, header, "Medians; heights less their plane, the prediction scaled to fit best.")
