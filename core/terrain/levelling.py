"""Relative terrain brought to metres: scale, plane and long waves from altimetry, shape from the image.

The learned relief is cut into octave bands; each band's gain, a plane and a smooth residual surface are estimated
together as universal kriging with the bands as external drift (`kriging`). A screened Poisson equation, gradients
from the image and heights from the shots, is the special case of one common gain and a logarithmic covariance; here
both are taken from the data, and with no signal in the image what is left is plain kriging of the shots.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import InputError
from ..products import product
from ..progress import Progress, silent, tell
from .kriging import Covariance, Problem, Solution, fit_covariance, left_out, solve
from .placement import NO_SHIFT, SEARCH_M, Shift, find_shift, moved
from .pyramid import Field, collapse, fill_invalid, octave_bands, sample_bands
from .robust import irls, nmad
from .sampling import bicubic_rows
from .shots import Shots
from .support import Support, gather_support

Array = np.ndarray[Any, np.dtype[np.float64]]
Indices = np.ndarray[Any, np.dtype[np.int64]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]

SUPPORT = 600  # support points at most: the cost grows with their cube
NODES = 65  # nodes of the residual surface along the longer side
OUTLIER = 5.0  # standard deviations of a left-out support point beyond which it is wild
FEWEST = 6  # shots
LOOSE_SPREAD = 0.7  # prior spread of a band's gain while the common one is sought, of a gain that explains everything
BAND_SPREAD = 0.2  # prior spread of a band's gain about the common one, of the common one
FINEST_WAVE = 4.0  # pixels: the middle wavelength of the finest band


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
    covariance: Covariance
    shift: Shift = NO_SHIFT


@dataclass(frozen=True)
class _Frame:
    """Size of the grid and of its pixels (row, column) in metres; places are metres from its first pixel."""

    shape: tuple[int, int]
    pixel: Array

    @property
    def extent_m(self) -> float:
        return float(max(self.shape * self.pixel))

    def plane(self, place: Array) -> Array:
        """Regressors (N, 3) of a plane: 1 and the place from the middle, in extents."""
        middle = (np.array(self.shape) - 1.0) * self.pixel / 2.0
        return np.column_stack([np.ones(len(place)), (place - middle) / self.extent_m])

    def nodes(self) -> tuple[Array, Array]:
        """Rows and columns of the residual surface's nodes."""
        step = max(self.shape * self.pixel) / (NODES - 1) / self.pixel
        rows, cols = (max(2, int(np.ceil(n / s)) + 1) for n, s in zip(self.shape, step))
        return np.linspace(0, self.shape[0] - 1, rows), np.linspace(0, self.shape[1] - 1, cols)


def level_relative(
    relief: Field,
    valid: Mask,
    gsd_m: float | Sequence[float],
    shots: Shots,
    progress: Progress = silent,
    search_m: float = SEARCH_M,
) -> Levelled:
    """Fuse a relative relief with altimeter shots.

    relief (H, W) in any unit and valid (H, W); gsd_m is the ground size of a pixel in metres, or its (row, column)
    sizes; shots lie on the relief's grid, those on no valid pixel are left out. A relief whose image was placed wrong
    is moved, by up to ``search_m`` metres, to where it agrees with the shots; 0 keeps it in place. Raises InputError
    when fewer than `FEWEST` shots are left.
    """
    relief, valid = np.asarray(relief, dtype=np.float32), np.asarray(valid, dtype=bool) & np.isfinite(relief)
    shots = shots[_on_valid(valid, shots)]
    if len(shots) < FEWEST:
        raise InputError(
            f"Levelling needs at least {FEWEST} altimeter shots on the terrain, and {len(shots)} fall on it; "
            "choose a larger extent or other altimetry."
        )
    frame = _Frame((valid.shape[0], valid.shape[1]), np.broadcast_to(np.asarray(gsd_m, dtype=np.float64), (2,)))
    filled = fill_invalid(relief, valid)
    tell(progress, 0.05, "Placing the relief")
    shift = find_shift(filled, frame.pixel, shots, search_m)
    if shift:
        filled = fill_invalid(*moved(relief, valid, shift))
    bands = octave_bands(filled)
    tell(progress, 0.1, "Sampling the relief at the shots")
    place = np.column_stack([shots.row, shots.col]) * frame.pixel
    drift = sample_bands(bands, shots.row, shots.col)
    total, plane = drift.sum(axis=1), frame.plane(place)
    start, _ = irls(np.column_stack([total, plane]), shots.altitude)
    unit = _unit(total, shots.altitude, plane)
    support = gather_support(
        shots,
        place,
        drift if unit else drift[:, :0],
        product(np.column_stack([total, plane]), start),
        SUPPORT,
        float(frame.pixel.max()),
    )
    tell(progress, 0.2, "Fitting the covariance")
    pixel_m = float(frame.pixel.max())
    gains = _gains_within_cells(support, unit, LOOSE_SPREAD * unit, pixel_m)
    solution, good = _condition(support, gains, frame)
    if unit:  # now that the common gain is known, the bands are held to it
        tell(progress, 0.4, "Fitting the gains")
        common, _ = _common_gain(support, gains, solution)
        gains = _gains_within_cells(support, unit, BAND_SPREAD * abs(common), pixel_m)
        solution, good = _condition(support, gains, frame)
    tell(progress, 0.6, "Drawing the surface")
    return replace(_draw(bands, valid, support, gains, solution, good, frame), shift=shift)


@dataclass(frozen=True)
class _Gains:
    """What is known of the bands' gains before the support points are used: mean (P,), covariance (P, P); and the
    variance (m²) of a shot about its cell that they leave."""

    mean: Array
    covariance: Array
    variance: float


def _unit(total: Array, altitude: Array, plane: Array) -> float:
    """Size of a gain that would explain all of the altitudes' spread; 0 where the relief is constant."""
    spread = [nmad(values - product(plane, irls(plane, values)[0])) for values in (altitude, total)]
    return spread[0] / spread[1] if spread[1] > 1e-9 * max(1.0, float(np.abs(total).max())) else 0.0


def _gains_within_cells(support: Support, unit: float, spread: float, pixel_m: float) -> _Gains:
    """Gains of the bands that cell averages wipe out, from height differences within cells.

    No long-wave error of relief or shots touches those. The shots of one cell share its residual terrain, so a cell
    counts as one observation and not as many. Bands that no cell resolves keep near the others by the prior.
    """
    count = support.within_drift.shape[1]
    prior = unit**2 * np.ones((count, count)) + max(spread, 1e-3 * unit) ** 2 * np.eye(count)
    fine = FINEST_WAVE * pixel_m * 2.0 ** np.arange(count) <= support.cell_m
    drift, value = support.within_drift * fine, support.within
    variance = nmad(value) ** 2 if len(value) else 0.0
    if not fine.any() or not support.cell_count:
        return _Gains(np.zeros(count), prior, variance)
    _, weights = irls(drift, value)
    shared = np.count_nonzero(weights) / support.cell_count
    normal, right = product(drift.T, weights[:, None] * drift), product(drift.T, weights * value)
    for _ in range(3):  # the variance left over depends on the gains, and they on it
        noise = shared * max(variance, 1e-6)
        covariance = np.linalg.inv(np.linalg.inv(prior) + normal / noise)
        mean = product(covariance, right) / noise
        variance = nmad(value - product(drift, mean)) ** 2
    return _Gains(mean, covariance, variance)


def _condition(support: Support, gains: _Gains, frame: _Frame) -> tuple[Solution, Mask]:
    """Kriging of the support points, and which of them are not wild."""
    value = support.altitude - product(support.drift, gains.mean)
    middle, spread = float(np.median(value)), max(float(np.std(value)), 1.0)
    count = support.drift.shape[1]
    prior = np.diag(np.full(count + 3, (10.0 * spread) ** 2))
    prior[:count, :count] = gains.covariance
    drift = np.column_stack([support.drift, frame.plane(support.place)])
    problem = Problem(
        support.place, drift, prior, value - middle, support.noise, _groups(support, frame), frame.extent_m
    )
    covariance = fit_covariance(problem)
    good = np.ones(len(value), dtype=bool)
    for turn in range(3):
        solution = solve(problem, covariance)
        error, variance = left_out(solution.inverse, problem.value, np.arange(len(value)))
        wild = np.abs(error) > OUTLIER * np.maximum(nmad(error / np.sqrt(variance)), 0.5) * np.sqrt(variance)
        if (wild == ~good).all():
            break
        good = ~wild
        problem = replace(problem, noise=support.noise + np.where(wild, error**2, 0.0))
        if turn == 0:
            covariance = fit_covariance(problem[good])
    return solution, good


def _groups(support: Support, frame: _Frame) -> Indices:
    """What is left out together: tracks, or squares of the extent where there are fewer than three tracks."""
    if len(np.unique(support.track)) >= 3:
        return support.track
    square = np.floor(4.0 * support.place / (frame.extent_m * 1.001)).astype(np.int64)
    return square[:, 0] * 4 + square[:, 1]


def _draw(
    bands: list[Field], valid: Mask, support: Support, gains: _Gains, solution: Solution, good: Mask, frame: _Frame
) -> Levelled:
    count = len(gains.mean)
    fitted = gains.mean + solution.coefficients[:count]
    rows, cols = frame.nodes()
    grid = np.stack(np.meshgrid(rows, cols, indexing="ij"), axis=-1).reshape(-1, 2)
    place = grid * frame.pixel
    plane = frame.plane(place)
    base = float(np.median(support.altitude - product(support.drift, gains.mean)))
    smooth = base + product(plane, solution.coefficients[count:]) + solution.residual(place)
    drift = np.column_stack([sample_bands(bands, *grid.T)[:, :count], plane])
    variance = solution.variance(place, drift) + solution.covariance.nugget
    error, left = solution.left_out()
    factor = float(np.quantile((error**2 / left)[good], 0.683))
    sigma = np.sqrt(factor * variance + gains.variance)
    height = _on_grid(smooth, rows, cols, frame.shape)
    if count:
        height += collapse(bands, fitted)
    spread = np.maximum(_on_grid(sigma, rows, cols, frame.shape), np.float32(sigma.min()))
    height[~valid], spread[~valid] = np.nan, np.nan
    scale, scale_sigma = _common_gain(support, gains, solution)
    wild = int(support.wild.sum()) + int((~good).sum())
    return Levelled(
        height, spread, scale, scale_sigma, bool(count) and scale <= 0.0, fitted, len(support.wild) - wild, wild,
        solution.covariance,
    )


def _common_gain(support: Support, gains: _Gains, solution: Solution) -> tuple[float, float]:
    """The best single gain and its sigma, from the estimates of all bands and what the prior did not say."""
    count = len(gains.mean)
    if not count:
        return 0.0, 0.0
    mean, covariance = solution.coefficients[:count] + gains.mean, solution.coefficient_covariance[:count, :count]
    weights = np.linalg.solve(covariance, np.ones(count))
    return float(weights @ mean / weights.sum()), float(1.0 / np.sqrt(weights.sum()))


def _on_grid(values: Array, rows: Array, cols: Array, shape: tuple[int, int]) -> Field:
    """Node values (R * C,) on the full grid (H, W) by cubic convolution."""
    up = bicubic_rows(len(rows), shape[0], 0.0, 1.0 / (rows[1] - rows[0])).astype(np.float32)
    across = bicubic_rows(len(cols), shape[1], 0.0, 1.0 / (cols[1] - cols[0])).astype(np.float32)
    return product(product(up, values.reshape(len(rows), len(cols)).astype(np.float32)), across.T)


def _on_valid(valid: Mask, shots: Shots) -> Mask:
    row, col = np.rint(shots.row), np.rint(shots.col)
    inside = (row >= 0) & (row < valid.shape[0]) & (col >= 0) & (col < valid.shape[1])
    inside[inside] = valid[row[inside].astype(np.int64), col[inside].astype(np.int64)]
    return inside
