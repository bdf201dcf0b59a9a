"""Relative terrain brought to metres by a coarse DEM: the DEM's waves from the DEM, shorter ones from the image.

The mean of the result over each of the DEM's cells is the DEM's; the relief is scaled by how well it explains the
shortest waves the DEM still holds, which are the nearest to those it is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError
from ..products import product
from ..progress import Progress, silent, tell
from .comparison import correlation
from .pyramid import fill_invalid
from .robust import LEAST_SIGMA_M, irls
from .sampling import bicubic_rows

Array = np.ndarray[Any, np.dtype[np.float64]]
Field = np.ndarray[Any, np.dtype[np.float32]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]

FEWEST = 16  # cells of the DEM on the terrain
_REACH = 4  # cells over which the longer waves of the DEM are averaged away before the scale is fitted
_ROUNDS = 3  # of bringing the cell means to the DEM's


@dataclass(frozen=True)
class LevelledToDem:
    """height and sigma (H, W) in metres, NaN where the relief is invalid or the DEM unknown.

    scale: of the relief; inverted: it is not positive. agreement: correlation of relief and DEM at the DEM's
    shortest waves; cells: number of cells used.
    """

    height: Field
    sigma: Field
    scale: float
    inverted: bool
    agreement: float
    cells: int


def level_to_dem(
    relief: Field, valid: Mask, reference: Array, known: Mask, cell: float, progress: Progress = silent
) -> LevelledToDem:
    """Fuse a relief (H, W) with a DEM resampled on its grid.

    reference (H, W) in metres where ``known``; ``cell`` is the size of the DEM's own cells in pixels of this grid.
    Raises `InputError` when the DEM has fewer than `FEWEST` cells here.
    """
    good = valid & known & np.isfinite(relief) & np.isfinite(reference)
    cells = _Cells(relief.shape, cell)
    use = cells.mean(good.astype(np.float64)) > 0.5
    if use.sum() < FEWEST:
        raise InputError(
            f"REFERENCE_DEM has {int(use.sum())} cells on the terrain and levelling needs {FEWEST}; choose a larger "
            "extent or a finer DEM."
        )
    shape = np.asarray(fill_invalid(relief.astype(np.float32), good), np.float64)
    wanted = np.asarray(fill_invalid(np.where(good, reference, 0).astype(np.float32), good), np.float64)
    tell(progress, 0.2, "Fitting the scale")
    target, coarse = cells.mean(wanted), cells.mean(shape)
    scale, rest, agreement = _scale(coarse, target, use)
    tell(progress, 0.5, "Fusing")
    gain = max(scale, 0.0)
    height = gain * shape
    for _ in range(_ROUNDS):
        height += cells.surface(target - cells.mean(height))
    detail = gain * (shape - cells.surface(coarse))
    spread = np.sqrt(np.maximum(cells.surface(cells.mean(detail**2)), 0))
    # What the relief fails to explain at the DEM's shortest waves it fails to explain below them, in proportion.
    explained = gain * float(np.std(_short(coarse)[use])) or 1.0
    sigma = np.maximum(np.hypot(rest, spread * min(rest / explained, 3.0)), LEAST_SIGMA_M)
    unknown = ~(valid & known)
    height[unknown] = np.nan
    sigma = np.where(unknown, np.nan, sigma)
    return LevelledToDem(
        height.astype(np.float32), sigma.astype(np.float32), scale, scale <= 0, agreement, int(use.sum())
    )


def _scale(coarse: Array, target: Array, use: Mask) -> tuple[float, float, float]:
    """Scale of the relief by the shortest waves of the DEM, what is left over (m), and their correlation."""
    x, y = _short(coarse)[use], _short(target)[use]
    if not np.any(np.abs(x) > 1e-9 * (np.abs(coarse).max() or 1.0)):
        return 0.0, float(np.std(y)), 0.0
    scale = float(irls(x[:, None], y)[0][0])
    cc = correlation(x, y) if np.std(y) > 0 else 0.0
    return scale, float(np.std(y - scale * x)), cc


def _short(cells: Array) -> Array:
    """Cells less the mean of the cells around them: what varies over a few cells."""
    padded = np.pad(cells, _REACH, mode="reflect" if min(cells.shape) > _REACH else "edge")
    total = np.cumsum(np.cumsum(np.pad(padded, ((1, 0), (1, 0))), axis=0), axis=1)
    size = 2 * _REACH + 1
    window = total[size:, size:] - total[:-size, size:] - total[size:, :-size] + total[:-size, :-size]
    return np.asarray(cells - window / size**2)


class _Cells:
    """A grid cut into cells of ``cell`` pixels (fractions allowed): means over cells, and a smooth surface back."""

    def __init__(self, shape: tuple[int, ...], cell: float) -> None:
        self._across = [_means(n, max(1, round(n / max(cell, 1.0)))) for n in shape]
        steps = [(n, len(means)) for n, means in zip(shape, self._across)]
        # Pixel i lies at (i + 1/2) * cells / pixels - 1/2 among the centres of the cells.
        self._back = [bicubic_rows(m, n, 0.5 * m / n - 0.5, m / n) for n, m in steps]

    def mean(self, values: Array) -> Array:
        return np.asarray(product(product(self._across[0], values), self._across[1].T))

    def surface(self, cells: Array) -> Array:
        return np.asarray(product(product(self._back[0], cells), self._back[1].T))


def _means(pixels: int, cells: int) -> Array:
    """Weights (cells, pixels) of the area mean over each cell."""
    edge = np.arange(cells + 1) * (pixels / cells)
    pixel = np.arange(pixels)
    cover = np.minimum(edge[1:, None], pixel + 1) - np.maximum(edge[:-1, None], pixel)
    return np.asarray(np.maximum(cover, 0.0) * (cells / pixels))
