"""How far a terrain is from a reference: the usual numbers, and those that say where a learned terrain is right.

Heights are on one grid, (rows, columns), NaN where unknown, rows running south; ``pixel_m`` is the (width, height) of
a pixel on the ground in metres.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..products import product

Array = npt.NDArray[np.float64]
NAN = float("nan")


@dataclass(frozen=True)
class Comparison:
    """Numbers of one comparison, terrain minus reference: metres, slopes in degrees; NaN where not defined.

    ``nmad`` is 1.4826 times the median absolute deviation from the median; ``le90`` the 90th percentile of the
    absolute difference (bias included); ``cc`` Pearson's correlation of the heights.
    """

    bias: float
    rmse: float
    nmad: float
    le90: float
    cc: float
    slope_rmse: float
    count: int


@dataclass(frozen=True)
class ShapeScores:
    """How well shapes agree whatever the level: RMSE and MAE (m) after an offset, a plane, and scale with plane.

    ``cc`` and ``concordance`` at 1, 1/2, 1/4 and 1/8 of the resolution (plane removed), ``slope_rmse`` (of the terrain
    as it is), ``slope_rmse_affine`` (after scale and plane) and ``aspect_error`` (median, where the reference slopes by
    2 degrees or more) in degrees, ``spectrum`` the ratio of amplitudes by octave of wavelength from 2 pixels up,
    ``scale`` the factor that fits the terrain to the reference.
    """

    rmse_offset: float
    mae_offset: float
    rmse_plane: float
    mae_plane: float
    rmse_affine: float
    mae_affine: float
    scale: float
    cc: tuple[float, ...]
    concordance: tuple[float, ...]
    slope_rmse: float
    slope_rmse_affine: float
    aspect_error: float
    spectrum: tuple[float, ...]


def compare_grids(height: Array, reference: Array, pixel_m: tuple[float, float]) -> Comparison:
    """Compare two DEMs pixel by pixel. Raises `InputError` where they share no pixel."""
    both = np.isfinite(height) & np.isfinite(reference)
    numbers = _numbers(height[both], reference[both])
    return Comparison(*numbers, _slope_rmse(height, reference, pixel_m), int(both.sum()))


def compare_points(height: Array, altitude: Array) -> Comparison:
    """Compare heights sampled at shots with the shots' altitudes, (N,) each, NaN where the terrain is unknown."""
    both = np.isfinite(height) & np.isfinite(altitude)
    return Comparison(*_numbers(height[both], altitude[both]), NAN, int(both.sum()))


def _numbers(height: Array, reference: Array) -> tuple[float, float, float, float, float]:
    if height.size == 0:
        raise InputError("INPUT and REFERENCE share no valid pixel; choose data that overlap.")
    apart = height.astype(np.float64) - reference
    middle = float(np.median(apart))
    return (
        float(apart.mean()),
        float(np.sqrt(np.mean(apart**2))),
        1.4826 * float(np.median(np.abs(apart - middle))),
        float(np.percentile(np.abs(apart), 90)),
        correlation(height, reference),
    )


def correlation(a: Array, b: Array) -> float:
    """Pearson's correlation of two samples; NaN where one is constant."""
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.sqrt(np.sum(a * a) * np.sum(b * b)))
    return float(np.sum(a * b)) / norm if norm > 0 else NAN


def concordance(a: Array, b: Array) -> float:
    """Lin's concordance correlation (1989): 1 only where the samples are equal; NaN where both are constant."""
    spread = float(a.var() + b.var() + (a.mean() - b.mean()) ** 2)
    return 2 * float(np.mean((a - a.mean()) * (b - b.mean()))) / spread if spread > 0 else NAN


def gradients(height: Array, pixel_m: tuple[float, float]) -> tuple[Array, Array]:
    """Slopes towards east and north (tangents) by central differences; NaN next to unknown pixels."""
    if min(height.shape) < 2:
        return np.full(height.shape, np.nan), np.full(height.shape, np.nan)
    south, east = np.gradient(np.asarray(height, np.float64), pixel_m[1], pixel_m[0])
    return east, -south


def slope(height: Array, pixel_m: tuple[float, float]) -> Array:
    """Slope in degrees from the horizontal."""
    east, north = gradients(height, pixel_m)
    return np.degrees(np.arctan(np.hypot(east, north)))


def _slope_rmse(height: Array, reference: Array, pixel_m: tuple[float, float]) -> float:
    """RMS difference of the slopes in degrees; NaN where none is known on both."""
    apart = slope(height, pixel_m) - slope(reference, pixel_m)
    apart = apart[np.isfinite(apart)]
    return float(np.sqrt(np.mean(apart**2))) if apart.size else NAN


def shape_scores(height: Array, reference: Array, pixel_m: tuple[float, float]) -> ShapeScores:
    """Scores of the shape alone. Raises `InputError` where the grids share fewer than 16 pixels."""
    both = np.isfinite(height) & np.isfinite(reference)
    if both.sum() < 16:
        raise InputError("The terrain and its reference share fewer than 16 pixels; too few to compare shapes.")
    row, column = np.nonzero(both)
    plane = np.column_stack([np.ones(row.size), row, column]).astype(np.float64)
    h, r = height[both].astype(np.float64), reference[both].astype(np.float64)
    flat = np.where(both, 0.0, np.nan), np.where(both, 0.0, np.nan)
    flat[0][both], flat[1][both] = _rest(plane, h), _rest(plane, r)
    affine = np.column_stack([plane, h])
    fit = np.linalg.lstsq(affine, r, rcond=None)[0]
    fitted = np.full(both.shape, np.nan)
    fitted[both] = product(affine, fit)
    rests = (h - r) - (h - r).mean(), _rest(plane, h - r), _rest(affine, r)
    rmse = [float(np.sqrt(np.mean(rest**2))) for rest in rests]
    mae = [float(np.abs(rest).mean()) for rest in rests]
    levels = [(_coarse(flat[0], 2**k), _coarse(flat[1], 2**k)) for k in range(4)]
    known = [(a[m], b[m]) for a, b in levels for m in [np.isfinite(a) & np.isfinite(b)]]
    return ShapeScores(
        rmse_offset=rmse[0],
        mae_offset=mae[0],
        rmse_plane=rmse[1],
        mae_plane=mae[1],
        rmse_affine=rmse[2],
        mae_affine=mae[2],
        scale=float(fit[3]),
        cc=tuple(correlation(a, b) if a.size > 2 else NAN for a, b in known),
        concordance=tuple(concordance(a, b) if a.size > 2 else NAN for a, b in known),
        slope_rmse=_slope_rmse(height, reference, pixel_m),
        slope_rmse_affine=_slope_rmse(fitted, reference, pixel_m),
        aspect_error=_aspect_error(height, reference, pixel_m),
        spectrum=_spectrum_ratio(*flat),
    )


def _rest(design: Array, values: Array) -> Array:
    return np.asarray(values - product(design, np.linalg.lstsq(design, values, rcond=None)[0]))


def _coarse(values: Array, factor: int) -> Array:
    """Means of blocks of ``factor`` x ``factor`` pixels; NaN where a block is not whole."""
    rows, columns = (n // factor for n in values.shape)
    blocks = values[: rows * factor, : columns * factor].reshape(rows, factor, columns, factor)
    return np.asarray(blocks.mean(axis=(1, 3)))


def _aspect_error(height: Array, reference: Array, pixel_m: tuple[float, float]) -> float:
    (e1, n1), (e2, n2) = gradients(height, pixel_m), gradients(reference, pixel_m)
    steep = np.hypot(e2, n2) >= np.tan(np.radians(2.0))
    steep &= (e1 != 0) | (n1 != 0)  # level ground faces nowhere
    angle = np.degrees(np.abs(np.arctan2(e1 * n2 - n1 * e2, e1 * e2 + n1 * n2)))[steep]
    angle = angle[np.isfinite(angle)]
    return float(np.median(angle)) if angle.size else NAN


def _spectrum_ratio(height: Array, reference: Array) -> tuple[float, ...]:
    """Amplitude of the terrain over that of the reference in octaves of wavelength (2-4, 4-8 ... pixels)."""
    rows, columns = height.shape
    window = np.hanning(rows)[:, None] * np.hanning(columns)
    power = [np.abs(np.fft.rfft2(np.nan_to_num(v) * window)) ** 2 for v in (height, reference)]
    down = np.minimum(np.arange(rows), rows - np.arange(rows)) / rows  # cycles a pixel, sign apart
    wave = 1 / np.maximum(np.hypot(down[:, None], np.arange(columns // 2 + 1) / columns), 1e-12)
    octaves = range(1, max(2, int(np.log2(min(rows, columns)))))
    ratios = []
    for octave in octaves:
        band = (wave >= 2**octave) & (wave < 2 ** (octave + 1))
        below = float(power[1][band].sum())
        ratios.append(float(np.sqrt(power[0][band].sum() / below)) if below > 0 else NAN)
    return tuple(ratios)
