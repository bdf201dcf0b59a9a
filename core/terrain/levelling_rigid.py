"""Measured terrain set on altimetry: a shift in three dimensions and a tilt, never a scale.

For DTMs from stereo, whose shape is right and whose place is not: altitude = H(x - shift) + rise + tilt·(x - middle),
estimated by Gauss-Newton with Tukey's weights from where `find_shift` leaves it (least-squares surface matching as
Gruen & Akca 2005, with a tilt in place of their rotation).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError
from ..products import product
from ..progress import Progress, silent, tell
from .placement import SEARCH_M, find_shift
from .pyramid import Field, fill_invalid
from .robust import LEAST_SIGMA_M, irls, nmad
from .sampling import bilinear, cubic, slide
from .shots import Shots

Array = np.ndarray[Any, np.dtype[np.float64]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]

UNKNOWNS = 5  # a shift along rows and columns, and a plane
FEWEST = 10  # shots
MOST = 20_000  # shots that are used; of more, every k-th
ROUNDS = 20
LEAP = 2.0  # pixels: the longest step of a round
STILL = 1e-3  # pixels: a step that ends the search
WILD = 4.685  # standard deviations, where Tukey's weight ends
OWN = 0.5  # of what the shots leave over (m²) at least is the terrain's, however large their own sigma is said to be


@dataclass(frozen=True)
class RigidlyLevelled:
    """height and sigma (H, W) in metres, NaN where unknown.

    rows, cols: pixels by which the terrain was moved (down, right), and with the tilt's middle fixed its rise (m).
    tilt: metres a metre towards greater rows and columns. spread_before, spread_after: NMAD (m) of shots about the
    terrain. used, wild: numbers of shots.
    """

    height: Field
    sigma: Field
    rows: float
    cols: float
    rise: float
    tilt: tuple[float, float]
    spread_before: float
    spread_after: float
    used: int
    wild: int


def level_rigid(
    height: Field,
    valid: Mask,
    gsd_m: float | Sequence[float],
    shots: Shots,
    sigma: Field | None = None,
    progress: Progress = silent,
    search_m: float = SEARCH_M,
) -> RigidlyLevelled:
    """Move a DTM (H, W), metres, onto altimeter shots on its grid.

    gsd_m: ground size of a pixel (m), or its (row, column) sizes; sigma (H, W): the DTM's own error, scaled so that
    68 % of the shots fall within it and their own; without it the sigma is the spread of the shots. Shifts up to
    ``search_m`` m are looked at. Raises InputError when fewer than `FEWEST` shots fall on the terrain.
    """
    pixel = np.broadcast_to(np.asarray(gsd_m, dtype=np.float64), (2,))
    valid = np.asarray(valid, dtype=bool) & np.isfinite(height)
    terrain = fill_invalid(np.where(valid, height, 0).astype(np.float32), valid)
    shots = shots[:: max(1, -(-len(shots) // MOST))]
    here = _seen(valid, shots, 0.0, 0.0)
    if len(here) < FEWEST:
        raise InputError(
            f"Rigid levelling needs at least {FEWEST} altimeter shots on the terrain, and {len(here)} fall on it; "
            "choose a larger extent or other altimetry."
        )
    tell(progress, 0.1, "Seeking the shift")
    start = find_shift(terrain, pixel, here, search_m)
    tell(progress, 0.5, "Refining shift and tilt")
    rows, cols, plane = _refine(terrain, valid, pixel, shots, float(start.rows), float(start.cols))
    seen = _seen(valid, shots, rows, cols)
    residual = seen.altitude - cubic(terrain, seen.row - rows, seen.col - cols)
    residual -= product(_plane(seen.row, seen.col, valid.shape, pixel), plane)
    wild = np.abs(residual) > WILD * max(nmad(residual), float(np.median(seen.sigma)))
    tell(progress, 0.8, "Moving the terrain")
    known = slide(valid.astype(np.float32), rows, cols) > 0.99
    for axis, by in ((0, rows), (1, cols)):
        source = np.arange(valid.shape[axis]) - by
        known &= np.expand_dims((source >= 0) & (source <= valid.shape[axis] - 1), 1 - axis)
    result = slide(terrain, rows, cols) + _tilted(valid.shape, pixel, plane)
    left = nmad(residual[~wild])
    error = np.full(valid.shape, left, dtype=np.float32)
    if sigma is not None:
        error = slide(fill_invalid(np.where(valid, sigma, 0).astype(np.float32), valid), rows, cols)
        error *= _calibration(residual[~wild], seen.sigma[~wild], cubic(error, seen.row, seen.col)[~wild])
    # The shift and the plane took their share of what the shots would leave over.
    count = int((~wild).sum())
    error = np.maximum(error * np.float32(np.sqrt(count / max(count - UNKNOWNS, 1))), np.float32(LEAST_SIGMA_M))
    return RigidlyLevelled(
        np.where(known, result, np.float32(np.nan)),
        np.where(known, error, np.float32(np.nan)),
        rows,
        cols,
        float(plane[0]),
        (float(plane[1]), float(plane[2])),
        nmad(here.altitude - cubic(terrain, here.row, here.col)),
        left,
        count,
        int(wild.sum()),
    )


def _calibration(residual: Array, shots_sigma: Array, sigma: Array) -> np.float32:
    """The factor of the terrain's sigma (N,) at which it and the shots' own errors (N,) hold 68 % of residuals (N,).

    Shots that lie nearer than their sigma says contradict it, for it is often a guess. How much of a residual is whose
    is then unknown, and none of it would be the terrain's: `OWN` is.
    """
    scale = np.maximum(sigma, 1e-6) ** 2
    whole, rest = (np.quantile(v / scale, 0.683) for v in (residual**2, residual**2 - shots_sigma**2))
    return np.float32(np.sqrt(max(float(rest), OWN * float(whole))))


def _refine(
    terrain: Field, valid: Mask, pixel: Array, shots: Shots, rows: float, cols: float
) -> tuple[float, float, Array]:
    """Shift (rows, cols) and plane (3,) that bring the terrain nearest to the shots, from a first shift."""
    plane = np.zeros(3)
    for _ in range(ROUNDS):
        seen = _seen(valid, shots, rows, cols)
        if len(seen) < FEWEST:
            raise InputError("The terrain moves off the altimetry when levelled; give altimetry of a larger area.")
        r, c = seen.row - rows, seen.col - cols
        down = cubic(terrain, r + 0.5, c) - cubic(terrain, r - 0.5, c)
        right = cubic(terrain, r, c + 0.5) - cubic(terrain, r, c - 0.5)
        design = np.column_stack([-down, -right, _plane(seen.row, seen.col, valid.shape, pixel)])
        found, _ = irls(design, seen.altitude - cubic(terrain, r, c))
        # Across a single row or column there is no shift to see, and rounding's would move all of it off.
        step, plane = np.where(np.array(valid.shape) > 1, np.clip(found[:2], -LEAP, LEAP), 0.0), found[2:]
        rows, cols = rows + float(step[0]), cols + float(step[1])
        if np.abs(step).max() < STILL:
            break
    return rows, cols, plane


def _seen(valid: Mask, shots: Shots, rows: float, cols: float) -> Shots:
    """The shots that fall on valid terrain after it was moved."""
    return shots[bilinear(valid.astype(np.float64), valid, shots.row - rows, shots.col - cols)[1]]


def _plane(row: Array, col: Array, shape: tuple[int, ...], pixel: Array) -> Array:
    """Regressors (N, 3): 1 and metres from the middle of the grid along rows and columns."""
    middle = (np.array(shape) - 1.0) / 2.0
    return np.column_stack([np.ones(len(row)), (row - middle[0]) * pixel[0], (col - middle[1]) * pixel[1]])


def _tilted(shape: tuple[int, ...], pixel: Array, plane: Array) -> Field:
    """The plane on the grid (H, W)."""
    rows, cols = ((np.arange(n) - (n - 1) / 2.0) * p for n, p in zip(shape, pixel))
    return np.asarray((plane[0] + plane[1] * rows)[:, None] + plane[2] * cols, dtype=np.float32)
