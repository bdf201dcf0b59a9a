"""Pictures of an evaluation: what was found, the truth, and the difference after the best scale and plane."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..pictures import DIFFERENCE_COLOURS, show_relief, show_values
from ..products import product
from ..report import Html, figure, new_figure
from .evaluation import CONSTANT, FLAT

Float = NDArray[np.float32]
Array = NDArray[np.float64]


def pictures(made: Mapping[str, Float], truth: Float, pixel_m: float) -> list[Html]:
    """One figure for each way terrain was made: prediction, truth and difference, metres."""
    blocks = []
    for name, height in made.items():
        if name in (FLAT, CONSTANT):
            continue
        fitted = fitted_to(height, truth)
        apart = fitted - truth
        limit = float(np.nanpercentile(np.abs(apart), 98)) or 1.0
        low, high = (float(value) for value in np.nanpercentile(truth, (1, 99)))
        fig, axes = new_figure(1, 3, (13.0, 4.2))
        pixel = (pixel_m, pixel_m)
        show_relief(axes[0], fitted, pixel, name, "m", (low, high))
        show_relief(axes[1], truth.astype(np.float64), pixel, "truth", "m", (low, high))
        show_values(axes[2], apart, pixel, "difference", "m", DIFFERENCE_COLOURS, (-limit, limit))
        blocks.append(figure(fig, f"{name}, after the best scale and plane; the truth; their difference."))
    return blocks


def fitted_to(height: Float, truth: Float) -> Array:
    """Heights times the scale, plus the plane, that bring them nearest to the truth; NaN where either is unknown."""
    both = np.isfinite(height) & np.isfinite(truth)
    row, column = np.nonzero(both)
    design = np.column_stack([height[both], np.ones(row.size), row, column]).astype(np.float64)
    best = np.linalg.lstsq(design, truth[both].astype(np.float64), rcond=None)[0]
    fitted = np.full(truth.shape, np.nan)
    fitted[both] = product(design, best)
    return fitted
