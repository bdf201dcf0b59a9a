"""How far a terrain is from a reference once what a doubtful pose does to it is taken out: a horizontal shift and a
quadratic trend of the heights, both told.

height(x) = reference(x + shift) + trend(x), by Gauss-Newton with Tukey's weights from the best of a raster of shifts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .robust import irls, nmad
from .sampling import bilinear, cubic

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

FEWEST = 100  # cells: eight unknowns, robustly
ROUNDS = 20
STILL = 1e-3  # cells: a step that ends the search
_SOME = 4000  # cells that the first shifts are tried on


@dataclass(frozen=True)
class Coregistered:
    """``rows``, ``cols``: cells by which the terrain is to be moved (down, right) to lie on the reference; ``trend``
    (R, C) and ``residual`` (R, C) in metres, NaN where either is unknown; ``nmad`` of the residuals."""

    rows: float
    cols: float
    trend: Array
    residual: Array

    @property
    def nmad(self) -> float:
        """Robust spread of what is left, m."""
        return nmad(self.residual[np.isfinite(self.residual)])


def coregister(height: Array, reference: Array, valid: Mask, search: int = 6) -> Coregistered:
    """Find shift and trend of ``height`` (NaN where unknown) on the grid of ``reference`` and ``valid``, all (R, C).

    Shifts up to ``search`` cells are tried first. Raises `InputError` where fewer than `FEWEST` cells are shared.
    """
    row, column = np.nonzero(np.isfinite(height))
    place = np.column_stack([row, column]).astype(np.float64)
    known = height[row, column]
    design = _quadratic(place, height.shape)

    def shared(shift: Array, some: slice = slice(None)) -> int:
        """How many cells have a reference after a shift."""
        return int(bilinear(reference, valid, *(place[some] + shift).T)[1].sum())

    def rest(shift: Array, some: slice = slice(None)) -> tuple[Array, Mask, Array]:
        """Heights less reference and trend, where the reference is known, and the trend's coefficients."""
        at = place[some] + shift
        there = bilinear(reference, valid, at[:, 0], at[:, 1])[1]
        if there.sum() < FEWEST:
            raise InputError(f"The terrain shares {int(there.sum())} cells with the reference; too few to compare.")
        apart = known[some] - cubic(reference, at[:, 0], at[:, 1])
        trend, _ = irls(design[some][there], apart[there], rounds=8)
        return apart - design[some] @ trend, there, trend

    stay = np.zeros(2)
    some = slice(None, None, max(1, min(len(place) // _SOME, shared(stay) // (2 * FEWEST))))
    enough = max(shared(stay, some) // 2, FEWEST)

    def spread(shift: Array) -> float:
        """Of what is left under a shift; a shift under which little is shared says nothing."""
        if shift.any() and shared(shift, some) < enough:
            return np.inf
        apart, there, _ = rest(shift, some)
        return nmad(apart[there])

    tried = [np.array([r, c], float) for r in range(-search, search + 1) for c in range(-search, search + 1)]
    shift = min(tried, key=spread)
    for _ in range(ROUNDS):
        apart, there, _ = rest(shift)
        at = (place + shift)[there]
        slope = [
            cubic(reference, at[:, 0] + r, at[:, 1] + c) - cubic(reference, at[:, 0] - r, at[:, 1] - c)
            for r, c in ((0.5, 0.0), (0.0, 0.5))
        ]
        step = irls(np.column_stack([*slope, design[there]]), apart[there])[0][:2]
        shift = shift + np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < STILL:
            break
    apart, there, trend = rest(shift)
    made, left = np.full(height.shape, np.nan), np.full(height.shape, np.nan)
    made[row, column] = design @ trend
    left[row[there], column[there]] = apart[there]
    return Coregistered(float(shift[0]), float(shift[1]), made, left)


def _quadratic(place: Array, shape: tuple[int, ...]) -> Array:
    """Regressors (N, 6) of a quadratic surface, about the middle of the grid and scaled to its size."""
    y, x = ((place - np.array(shape) / 2.0) / max(shape)).T
    return np.column_stack([np.ones(len(x)), x, y, x * x, x * y, y * y])
