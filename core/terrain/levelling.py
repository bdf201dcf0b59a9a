"""Relative terrain brought to metres: scale, plane and long waves from altimetry, shape from the image.

The learned relief is cut into octave bands; each band's gain, a plane and a smooth residual surface are estimated
together as universal kriging with the bands as external drift (`fusion`, `kriging`). A screened Poisson equation,
gradients from the image and heights from the shots, is the special case of one common gain and a logarithmic
covariance; here both are taken from the data, and with no signal in the image what is left is plain kriging of the
shots.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import InputError
from ..products import product
from ..progress import Progress, each, part, silent
from .calibration import calibrate, steepness
from .fusion import Frame, Fusion, best_shift, fuse
from .pieces import Piece, pieces
from .placement import NO_SHIFT, SEARCH_M, Shift, find_shift, moved
from .pyramid import Field, collapse, fill_invalid, octave_bands, sample_bands
from .robust import LEAST_SIGMA_M, nmad
from .sampling import bicubic_rows, bilinear
from .shots import Shots
from .support import Support

Array = np.ndarray[Any, np.dtype[np.float64]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]

NODES = 65  # nodes of the residual surface along the longer side
FEWEST = 6  # shots


@dataclass(frozen=True)
class Levelled:
    """A levelled terrain: height and sigma (H, W) in metres, NaN where the relief is invalid.

    scale: common gain of the relief, with its sigma; inverted: the scale is not positive (the sun stood on the
    other side than was thought). gains (B,): gain of each octave band, finest first. used, wild: numbers of shots.
    shift: how far the relief was moved from where its image lies.
    """

    height: Field
    sigma: Field
    scale: float
    scale_sigma: float
    inverted: bool
    gains: Array
    used: int
    wild: int
    shift: Shift


def level_relative(
    relief: Field,
    valid: Mask,
    gsd_m: float | Sequence[float],
    shots: Shots,
    progress: Progress = silent,
    search_m: float = SEARCH_M,
    hidden: Field | None = None,
) -> Levelled:
    """Fuse a relative relief with altimeter shots.

    relief (H, W) in any unit and valid (H, W); gsd_m is the ground size of a pixel in metres, or its (row, column)
    sizes; shots lie on the relief's grid, those on no valid pixel are left out. A relief whose image was placed wrong
    is moved, by up to ``search_m`` metres, to where it agrees with the shots; 0 keeps it in place. ``hidden`` (H, W):
    metres from lit ground, for pixels whose image lies in shadow; there, the terrain may leave the relief by its usual
    slope. Raises InputError when fewer than `FEWEST` shots are left.
    """
    relief, valid = np.asarray(relief, dtype=np.float32), np.asarray(valid, dtype=bool) & np.isfinite(relief)
    shots = shots[_on_valid(valid, shots)]
    # Half a pixel beyond the outermost centres the rim is held.
    row, col = (np.clip(at, 0.0, n - 1.0) for at, n in zip((shots.row, shots.col), valid.shape))
    shots = replace(shots, row=row, col=col)
    if len(shots) < FEWEST:
        raise InputError(
            f"Levelling needs at least {FEWEST} altimeter shots on the terrain, and {len(shots)} fall on it; "
            "choose a larger extent or other altimetry."
        )
    pixel = np.broadcast_to(np.asarray(gsd_m, dtype=np.float64), (2,))
    parts = pieces(valid, pixel, shots)
    filled = fill_invalid(relief, valid)
    shift = _placed(filled, pixel, shots, parts, search_m, part(progress, 0.1, 0.3))
    if shift:
        filled = fill_invalid(*moved(relief, valid, shift))
    height, sigma = np.zeros(valid.shape, np.float32), np.zeros(valid.shape, np.float32)
    made: list[Fusion] = []
    for piece in each(parts, part(progress, 0.3, 1.0), len(parts), "Fitting gains and covariance"):
        frame, bands = _frame(piece, pixel), octave_bands(filled[piece.window])
        made.append(fuse(bands, piece.shots(shots), frame))
        for whole, own in zip((height, sigma), _draw(bands, made[-1], frame)):
            whole[piece.window] += piece.weight * own
    if hidden is not None:
        there = moved(hidden, valid, shift)[0] if shift else hidden
        sigma = np.hypot(sigma, _usual_slope(height, valid & (there == 0), pixel) * there)
    height[~valid], sigma[~valid] = np.nan, np.nan
    return _told(height, sigma, made, len(shots), shift)


def _frame(piece: Piece, pixel: Array) -> Frame:
    return Frame((len(piece.down), len(piece.across)), pixel)


def _placed(
    filled: Field, pixel: Array, shots: Shots, parts: list[Piece], search_m: float, progress: Progress
) -> Shift:
    """How far the relief is to be moved: what most pieces that were looked at agree on, or not at all."""
    found = []
    for piece in each(parts, progress, len(parts), "Placing the relief"):
        inside, relief = piece.shots(shots), np.ascontiguousarray(filled[piece.window])
        first = find_shift(relief, pixel, inside, search_m)
        found.append(best_shift(octave_bands(relief), inside, _frame(piece, pixel), first) if first else NO_SHIFT)
    sure = [shift for shift in found if shift]
    if 2 * len(sure) <= len(found):
        return NO_SHIFT
    rows, cols = (round(float(np.median(places))) for places in zip(*((s.rows, s.cols) for s in sure)))
    return Shift(rows, cols, sum(shift.gain for shift in sure))


def _told(height: Field, sigma: Field, made: list[Fusion], shots: int, shift: Shift) -> Levelled:
    """The result with what all pieces say of gain and wild shots, the latter as a share where pieces overlap."""
    wild = sum(int(fusion.support.wild.sum()) + int((~fusion.good).sum()) for fusion in made)
    seen = sum(len(fusion.support.wild) for fusion in made)
    wild = round(wild * shots / seen)
    told = [fusion for fusion in made if len(fusion.gains)]
    if not told:  # a constant relief
        return Levelled(height, sigma, 0.0, 0.0, False, np.zeros(0), shots - wild, wild, shift)
    weights = np.array([1.0 / max(fusion.scale_sigma, 1e-12) ** 2 for fusion in told])
    scale = float(np.average([fusion.scale for fusion in told], weights=weights))
    bands = min(len(fusion.gains) for fusion in told)
    gains = np.mean([fusion.gains[:bands] for fusion in told], axis=0)
    spread = float(weights.sum() ** -0.5)
    return Levelled(height, sigma, scale, spread, scale <= 0.0, gains, shots - wild, wild, shift)


def _on_valid(valid: Mask, shots: Shots) -> Mask:
    row, col = np.rint(shots.row), np.rint(shots.col)
    inside = (row >= 0) & (row < valid.shape[0]) & (col >= 0) & (col < valid.shape[1])
    inside[inside] = valid[row[inside].astype(np.int64), col[inside].astype(np.int64)]
    return np.asarray(inside)


def _draw(bands: list[Field], fusion: Fusion, frame: Frame) -> tuple[Field, Field]:
    """Height and sigma (H, W): bands at full resolution, the smooth rest on nodes between which it is interpolated.

    Sigma is the kriging's with what shots scatter within a cell, `calibration` applied to both.
    """
    step = frame.extent_m / (NODES - 1) / frame.pixel
    # A raster of one row or column has one node across.
    rows, cols = (np.linspace(0, n - 1, min(n, max(2, int(np.ceil(n / s)) + 1))) for n, s in zip(frame.shape, step))
    nodes = np.stack(np.meshgrid(rows, cols, indexing="ij"), axis=-1).reshape(-1, 2)
    place = nodes * frame.pixel
    plane = frame.plane(place)
    smooth = fusion.base + product(plane, fusion.plane) + fusion.solution.residual(place)
    height = _on_grid(smooth, rows, cols, frame.shape)
    if len(fusion.gains):
        height += collapse(bands, fusion.gains)
    drift = np.column_stack([sample_bands(bands, *nodes.T)[:, : len(fusion.gains)], plane])
    sigma = np.sqrt(fusion.solution.variance(place, drift) + _within_cells(fusion) + LEAST_SIGMA_M**2)
    sigma = _calibrated(sigma, height, rows, cols, fusion, frame)
    return height, np.maximum(_on_grid(sigma, rows, cols, frame.shape), np.float32(sigma.min()))


def _calibrated(sigma: Array, height: Field, rows: Array, cols: Array, fusion: Fusion, frame: Frame) -> Array:
    """Sigma (R * C,) of nodes at rows (R,) and columns (C,), as wide as left-out shots and the ground's slope ask."""
    # A constant relief says nothing of slopes.
    steep = steepness(height, rows, cols, frame.pixel) if len(fusion.gains) else np.zeros((len(rows), len(cols)))
    row, col = (
        np.interp(at, nodes, np.arange(len(nodes)))
        for at, nodes in zip((fusion.support.place / frame.pixel).T, (rows, cols))
    )
    about, _ = bilinear(steep, np.ones(steep.shape, bool), row, col)
    made = calibrate(fusion.solution, fusion.good, about).calibrated(sigma, steep.ravel())
    return np.maximum(made, LEAST_SIGMA_M)


def _usual_slope(height: Field, seen: Mask, pixel: Array) -> np.float32:
    """Root mean square slope (tangent, along one axis) where the ground is seen."""
    long = [axis for axis in (0, 1) if height.shape[axis] > 1]
    slopes = [np.gradient(height, np.float32(pixel[axis]), axis=axis) for axis in long] if seen.any() else []
    return np.float32(np.sqrt(np.mean([np.mean(slope[seen] ** 2) for slope in slopes])) if slopes else 0.0)


def _within_cells(fusion: Fusion) -> float:
    """Variance (m²) of a shot about the surface within its cell: what bands and a slope across the cell leave.

    The nugget stands for it in the kriging, as a guess, and here where the shots of a cell are too few to tell.
    """
    support: Support = fusion.support
    count = np.bincount(support.cell)
    rest = support.within - product(support.within_drift, fusion.gains)
    along = support.within_place[:, int(np.ptp(support.within_place, axis=0).argmax())] if len(rest) else rest
    slope = np.bincount(support.cell, along * rest) / np.maximum(np.bincount(support.cell, along**2), 1e-12)
    many = count[support.cell] >= 4
    if not many.any():
        return fusion.solution.covariance.nugget
    rest = (rest - slope[support.cell] * along) * np.sqrt(count / np.maximum(count - 2.0, 1.0))[support.cell]
    return nmad(rest[many]) ** 2


def _on_grid(values: Array, rows: Array, cols: Array, shape: tuple[int, int]) -> Field:
    """Node values (R * C,) on the full grid (H, W) by cubic convolution."""
    steps = [1.0 / (nodes[1] - nodes[0]) if len(nodes) > 1 else 0.0 for nodes in (rows, cols)]
    up, across = (
        bicubic_rows(len(nodes), n, 0.0, step).astype(np.float32) for nodes, n, step in zip((rows, cols), shape, steps)
    )
    return product(product(up, values.reshape(len(rows), len(cols)).astype(np.float32)), across.T)
