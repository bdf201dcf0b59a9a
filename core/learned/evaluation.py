"""How good terrain from one image is: what is measured, and what a model has to be better than.

A `Case` is a picture with its true terrain. `contenders` makes terrain of it in every way there is to compare:
a flat plane, shape from shading, the model alone; and with altimeter tracks, the tracks alone (the best of four
interpolators), the model and shape from shading levelled to them, and a constant image levelled to them, which shows
what the image gave.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, MissingPackageError
from ..simulation.shading import smooth
from ..terrain.comparison import ShapeScores, correlation, shape_scores
from ..terrain.interpolators import BASELINES
from ..terrain.levelling import level_relative
from ..terrain.pyramid import fill_invalid
from ..terrain.shots import Shots
from .engine import Engine
from .prediction import predict_relief
from .shape_from_shading import shape_from_shading

Float = NDArray[np.float32]
Array = NDArray[np.float64]

LOCAL = 24.0  # pixels: sigma of the Gaussian mean taken away before shapes are correlated locally
SQUARE = 64  # pixels: side of the squares in which the sign is judged
MODEL, LEVELLED, CONSTANT = "model", "model, levelled", "constant image, levelled"
FLAT, SHADING, ALTIMETRY = "flat plane", "shape from shading", "altimetry alone"
LEVELLED_SHADING = "shape from shading, levelled"
NODES = 160  # along the longer side, at which altimetry is interpolated: it is smooth between its tracks


@dataclass(frozen=True)
class Case:
    """grey (rows, columns), any scale, NaN where invalid; height (rows, columns) true metres, NaN where unknown; both
    on square pixels of ``pixel_m`` metres. Angles in degrees: azimuth clockwise from north (up), incidence from the
    zenith; None where unknown. ``shots``: altimetry to level to, if any."""

    name: str
    grey: Float
    height: Float
    pixel_m: float
    sun_azimuth: float | None = None
    sun_incidence: float | None = None
    shots: Shots | None = None


@dataclass(frozen=True)
class Scores:
    """shape: see `ShapeScores`. local_cc: correlation of heights less their Gaussian mean (`LOCAL`). upright: share of
    the squares (`SQUARE`) in which the terrain rises where the truth rises."""

    shape: ShapeScores
    local_cc: float
    upright: float

    def measures(self) -> dict[str, float]:
        """Every number under its name, metres and degrees."""
        shape = self.shape
        table = {
            "RMSE after offset (m)": shape.rmse_offset,
            "MAE after offset (m)": shape.mae_offset,
            "RMSE after plane (m)": shape.rmse_plane,
            "MAE after plane (m)": shape.mae_plane,
            "RMSE after scale and plane (m)": shape.rmse_affine,
            "MAE after scale and plane (m)": shape.mae_affine,
            "slope RMSE (deg)": shape.slope_rmse,
            "slope RMSE after scale and plane (deg)": shape.slope_rmse_affine,
            "median aspect error (deg)": shape.aspect_error,
        }
        for name, values in (("CC", shape.cc), ("concordance CC", shape.concordance)):
            table |= {f"{name} at 1/{2**k}": value for k, value in enumerate(values)}
        table["local CC"] = self.local_cc
        table["upright squares (share)"] = self.upright
        table |= {
            f"amplitude ratio at {2 ** (k + 1)}-{2 ** (k + 2)} pixels": ratio for k, ratio in enumerate(shape.spectrum)
        }
        return table


def score(height: Float, truth: Float, pixel_m: float) -> Scores:
    """Scores of heights against the truth, (rows, columns) each, NaN where unknown."""
    both = np.isfinite(height) & np.isfinite(truth)
    shape = shape_scores(np.asarray(height, np.float64), np.asarray(truth, np.float64), (pixel_m, pixel_m))
    near, true = local(height, both), local(truth, both)
    squares = []
    for row in range(0, height.shape[0] - SQUARE // 2, SQUARE):
        for column in range(0, height.shape[1] - SQUARE // 2, SQUARE):
            where = slice(row, row + SQUARE), slice(column, column + SQUARE)
            known = both[where]
            if known.mean() > 0.5:
                squares.append(correlation(near[where][known], true[where][known]))
    told = np.array([value for value in squares if np.isfinite(value)])
    return Scores(shape, correlation(near[both], true[both]), float(np.mean(told > 0)) if told.size else float("nan"))


def local(height: Float, valid: NDArray[np.bool_], sigma: float = LOCAL) -> Float:
    """Heights less their Gaussian mean over the valid pixels; 0 where invalid."""
    known = valid.astype(np.float32)
    level = float(height[valid].mean()) if valid.any() else 0.0
    flat = np.where(valid, height - level, 0).astype(np.float32)
    mean = smooth(flat, sigma) / np.maximum(smooth(known, sigma), 1e-6)
    return np.where(valid, flat - mean, 0).astype(np.float32)


def contenders(case: Case, engine: Engine) -> dict[str, Float]:
    """Heights (rows, columns) in metres by the name of the way they were made; what cannot run here is left out."""
    valid = np.isfinite(case.grey)
    made = {FLAT: np.zeros_like(case.grey), **learned(case, engine)}
    if case.sun_azimuth is not None and case.sun_incidence is not None:
        grey = fill_invalid(np.where(valid, case.grey, 0).astype(np.float32), valid)
        with suppress(MissingPackageError):
            made[SHADING] = shape_from_shading(grey, case.sun_azimuth, case.sun_incidence, case.pixel_m)
    if case.shots is not None:
        flat = np.zeros(case.grey.shape, np.float32)
        made[CONSTANT] = level_relative(flat, valid, case.pixel_m, case.shots).height
        made[ALTIMETRY] = best_interpolated(case)
        if SHADING in made:
            made[LEVELLED_SHADING] = level_relative(made[SHADING], valid, case.pixel_m, case.shots).height
    return made


def learned(case: Case, engine: Engine) -> dict[str, Float]:
    """Heights of the model alone and, with altimetry, levelled to it, by name as in `contenders`."""
    relief = predicted(case, engine)
    made = {MODEL: relief}
    if case.shots is not None:
        made[LEVELLED] = level_relative(relief, np.isfinite(case.grey), case.pixel_m, case.shots).height
    return made


def learned_sigma(case: Case, engine: Engine) -> tuple[Float, Float]:
    """Heights of the model levelled to the case's altimetry, and their sigma, (rows, columns) each in metres."""
    if case.shots is None:
        raise InputError(f"{case.name} has no altimetry to level to.")
    made = level_relative(predicted(case, engine), np.isfinite(case.grey), case.pixel_m, case.shots)
    return made.height, made.sigma


def predicted(case: Case, engine: Engine) -> Float:
    """The model's relief of a case, NaN where the picture is invalid."""
    valid = np.isfinite(case.grey)
    grey = np.where(valid, case.grey, 0).astype(np.float32)

    def read(row: int, row_stop: int, column: int, column_stop: int) -> tuple[Float, NDArray[np.bool_]]:
        part = slice(row, row_stop), slice(column, column_stop)
        return grey[part], valid[part]

    window, pixel = (0, grey.shape[0], 0, grey.shape[1]), (case.pixel_m, case.pixel_m)
    return predict_relief(read, window[1::2], window, pixel, engine, case.sun_azimuth, case.sun_incidence).height


def best_interpolated(case: Case) -> Float:
    """Of the four interpolations of the case's shots the one nearest to the truth: the strongest there is to beat."""
    surfaces = interpolations(case).values()
    return min(surfaces, key=lambda surface: float(np.nanmean((surface - case.height) ** 2)))


def interpolations(case: Case, nodes: int = NODES) -> dict[str, Float]:
    """Heights (rows, columns) of the case's shots by each of the four interpolators, by name, made on some ``nodes``
    along the longer side and bilinear between them."""
    if case.shots is None:
        raise InputError(f"{case.name} has no altimetry to interpolate.")
    rows, columns = case.height.shape
    step = max(1, round(max(rows, columns) / nodes))
    at = np.arange(0, rows + step, step), np.arange(0, columns + step, step)
    query = np.stack(np.meshgrid(*at, indexing="ij"), axis=-1).reshape(-1, 2) * case.pixel_m
    place = np.column_stack([case.shots.row, case.shots.col]) * case.pixel_m
    made = {}
    for name, interpolate in BASELINES.items():
        coarse = interpolate(place, case.shots.altitude, query).reshape(len(at[0]), len(at[1]))
        made[name] = _between(coarse, step, (rows, columns))
    return made


def _between(coarse: Array, step: int, shape: tuple[int, int]) -> Float:
    """Bilinear values on every pixel of nodes ``step`` pixels apart."""
    for axis, size in enumerate(shape):
        place = np.arange(size) / step
        first = place.astype(int)
        share = (place - first).reshape((-1, 1) if axis == 0 else (1, -1))
        coarse = np.take(coarse, first, axis) * (1 - share) + np.take(coarse, first + 1, axis) * share
    return np.asarray(coarse, np.float32)


def spread(values: Sequence[float]) -> tuple[float, float, float]:
    """Median, 10th and 90th percentile of the numbers that are known."""
    known = [value for value in values if np.isfinite(value)]
    if not known:
        return float("nan"), float("nan"), float("nan")
    low, middle, high = np.percentile(known, (10, 50, 90))
    return float(middle), float(low), float(high)


def summary(cases: Sequence[Mapping[str, Scores]]) -> list[list[str]]:
    """Rows of a table: a measure, then median (10th to 90th percentile) over the cases for each of `names`."""
    columns = names(cases)
    rows = []
    for measure in max((case[MODEL].measures() for case in cases), key=len):
        row = [measure]
        for name in columns:
            values = [case[name].measures().get(measure, float("nan")) for case in cases if name in case]
            middle, low, high = spread(values)
            around = "" if low == high else f" ({low:.3g} to {high:.3g})"
            row.append("-" if np.isnan(middle) else f"{middle:.3g}{around}")
        rows.append(row)
    return rows


def names(cases: Sequence[Mapping[str, Scores]]) -> list[str]:
    """The ways that ran on any case, in a fixed order."""
    order = (MODEL, SHADING, FLAT, LEVELLED, LEVELLED_SHADING, CONSTANT, ALTIMETRY)
    return [name for name in order if any(name in case for case in cases)]
