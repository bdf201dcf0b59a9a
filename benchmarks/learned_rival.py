"""The default model beside Pix2PixCC with 16 channels, trained on the same pairs with the same budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..core.learned.engine import Engine, load_engine
from ..core.learned.evaluation import LEVELLED, MODEL, Scores
from ..core.learned.model_file import load_model
from ..core.report import Html, figure, new_figure
from .table import Check, Table

RIVAL_MODEL = Path(__file__).parent / "models" / "pix2pixcc16.safetensors"
MOST_ERROR = 0.8  # of the rival's that the default may have on held-out ground
LEAST_CPU_HOURS = 3.0
LEAST_SHARE = 0.95  # of the default's CPU hours that the rival was trained for

# ways of making terrain, and the measures by which they are compared; in all but the correlation less is better
_MEASURES = (
    (MODEL, "RMSE after scale and plane (m)"),
    (MODEL, "slope RMSE after scale and plane (deg)"),
    (MODEL, "RMSE after offset (m)"),
    (MODEL, "RMSE after plane (m)"),
    (MODEL, "slope RMSE (deg)"),
    (MODEL, "local CC"),
    (LEVELLED, "RMSE after offset (m)"),
    (LEVELLED, "slope RMSE (deg)"),
)
_BOUND = _MEASURES[:2]  # the shape alone: a model's unit of height decides neither


def load_rival() -> Engine | None:
    """The rival, or None where its file is not at hand: it is in the sources only."""
    return load_engine(load_model(RIVAL_MODEL)) if RIVAL_MODEL.exists() else None


def compared(
    title: str, ours: Sequence[Mapping[str, Scores]], theirs: Sequence[Mapping[str, Scores]], bounded: bool = False
) -> Table:
    """Both models' measures, medians over the cases, and two ratios: the median of the cases' own, and that of the root
    mean squares over all cases together (of errors alone). By which measures the rival is better follows the first.
    bounded: with the checks of held-out ground, on either ratio."""
    columns = ["measure", "default", "Pix2PixCC", "default / Pix2PixCC", "all together"]
    table, won = Table(f"{title}, default beside Pix2PixCC", columns), []
    for way, measure in _MEASURES:
        both = [(o[way].measures()[measure], t[way].measures()[measure]) for o, t in zip(ours, theirs) if way in t]
        if not both:
            continue
        values, larger_is_better = np.array(both), measure == "local CC"
        ratio = float(np.median(values[:, 0] / values[:, 1]))
        together = float(np.sqrt(np.mean(values[:, 0] ** 2) / np.mean(values[:, 1] ** 2)))
        table.rows.append(
            [f"{way}: {measure}", *np.median(values, axis=0).tolist(), ratio, "-" if larger_is_better else together]
        )
        won += [f"{way}: {measure}"] * (ratio < 1 if larger_is_better else ratio > 1)
        if bounded and (way, measure) in _BOUND:
            for name, value in (("median of the scenes' ratios", ratio), ("all scenes together", together)):
                table.checks.append(Check(f"{title}: {measure}, {name}", value, most=MOST_ERROR))
    table.notes.append(f"Pix2PixCC is better by {'; '.join(won) or 'none of them'}.")
    return table


def budgets(cards: Mapping[str, Mapping[str, Any]]) -> Table:
    """What the default model and its rival, by name, were trained with, as their cards say."""
    table = Table("Budget of training", ["model", "CPU hours", "steps", "pictures a step", "crop", "pairs' seed"])
    spent = []
    for name, card in cards.items():
        plan = card["training"]
        spent.append(float(card.get("cpu_hours") or "nan"))
        table.rows.append([name, spent[-1], *(str(plan[key]) for key in ("steps_done", "batch", "crop", "seed"))])
        table.checks.append(Check(f"CPU hours of training, {name}", spent[-1], least=LEAST_CPU_HOURS))
    share = spent[1] / spent[0] if len(spent) == 2 else float("nan")  # without a rival nothing was compared
    table.checks.append(Check("CPU hours of Pix2PixCC, of the default's", share, least=LEAST_SHARE))
    return table


def loss_curves(cards: Mapping[str, Mapping[str, Any]]) -> Html:
    """Each model's loss over the CPU hours; the losses are not the same function, so their levels say nothing."""
    drawn, axes = new_figure(1, len(cards), (10.0, 3.4), squeeze=False)
    for axis, (name, card) in zip(axes[0], cards.items()):
        curve = np.array(card.get("loss_curve") or np.empty((0, 3)))
        axis.plot(curve[:, 1] / 3600, curve[:, 2], linewidth=1.4)
        axis.set(xlabel="CPU hours", ylabel="loss", yscale="log", title=name)
    return figure(drawn, "What each training minimises (running means); the two losses are different functions.")
