"""Relief of any extent from its image: turned to the sun, in overlapping tiles, at several resolutions, joined.

A network sees some hundred pixels far and cannot tell the longest waves, so the image is also given to it at 1/2, 1/4
and 1/8 of its resolution: heights in units of the ground pixel make one network serve all of them. Each coarser result
replaces the long waves of the finer one (`CROSSOVER`), which leaves the finer tiles nothing to disagree about: there
are no seams, and no tile has to be levelled to its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..progress import Progress, part, silent, tell
from ..simulation.photometry import LunarLambert, reflectance
from ..simulation.shading import smooth, sun_vector
from ..terrain.pyramid import fill_invalid
from .adapter import Grey, bilinear, jmars_heights, placement, to_grey8
from .engine import Engine
from .frame import Frame, frame_of
from .greyscale import GreyScale, even_grey, grey_scale
from .model_file import Model
from .shadow import shadow_depth
from .sun import Sun, find_sun
from .tiles import Box, Image, predict_tiles

Float = NDArray[np.float32]
Mask = NDArray[np.bool_]
Read = Callable[[int, int, int, int], "tuple[Float, Mask]"]

MODES = ("seamless", "jmars")
LEVELS = 4  # resolutions: 1, 1/2, 1/4, 1/8
CROSSOVER = 6.0  # sigma, in pixels of the coarser of two levels, above which its waves replace the finer one's
MARGIN = 64  # pixels around the extent, at each level, that give its rim a neighbourhood
SMALLEST = 384  # pixels; an image that is smaller than this at a level only does harm there


@dataclass(frozen=True)
class Relief:
    """Relative heights of an extent: metres if the model's scale held.

    height: (rows, columns) float32, NaN where not ``valid``; zero mean in seamless mode, as the model gives it in jmars
    mode. hidden (rows, columns): metres from lit ground, 0 outside of shadows. sun: where the sun was taken to stand
    (None: the model does not ask). warnings: sentences for the user.
    """

    height: Float
    valid: Mask
    hidden: Float
    sun: Sun | None
    warnings: tuple[str, ...] = ()


def predict_relief(
    read: Read,
    shape: tuple[int, int],
    window: tuple[int, int, int, int],
    gsd_m: tuple[float, float],
    engine: Engine,
    sun_azimuth: float | None = None,
    sun_incidence: float | None = None,
    mode: str = "seamless",
    progress: Progress = silent,
) -> Relief:
    """Relief of ``window`` (row0, row1, column0, column1) of an image of ``shape`` (rows, columns), north up.

    ``read(row0, row1, column0, column1)`` returns grey (float32) and validity of any part of the image; what surrounds
    the window is read too, as context. ``gsd_m``: ground size of a pixel along columns (x) and rows (y), metres.
    ``sun_azimuth``: degrees clockwise from north; None: estimated from the image where the model needs it.
    ``sun_incidence``: degrees from the zenith; with a calibrated image (radiance factors) it sets the scale of the
    relief, which otherwise is that of the training scenes: stretched counts do not tell it.
    ``mode``: "seamless" or "jmars" (see `adapter`). Raises `InputError` for a window without valid pixels.
    """
    if mode not in MODES:
        raise InputError(f"Mode {mode!r} is unknown; use one of {', '.join(MODES)}.")
    box = Box(*window)
    if mode == "jmars":
        return _jmars(read, box, gsd_m, engine, sun_azimuth, progress)
    seen = _look(read, shape, box, engine, part(progress, 0.0, 0.1))
    valid = seen.valid
    if not valid.any():
        raise InputError("The extent holds nodata only; choose one that meets the image.")
    sun: Sun | None = None
    warnings: tuple[str, ...] = ()
    if engine.model.sun_azimuth is not None:
        finest = seen.levels[0]
        own = finest.grey[_around(finest, box, shape).slices(finest.row, finest.column)]
        sun, warnings = find_sun(own, gsd_m, sun_azimuth)
    frame = frame_of(gsd_m, sun.azimuth if sun else None, engine.model.sun_azimuth)
    height = _joined(seen.levels, box, shape, frame, engine, part(progress, 0.1, 1.0))
    height /= np.float32(seen.scale.spread)
    if seen.reflectance and sun_incidence is not None:
        height *= np.float32(_slope_factor(seen.scale, engine.model, sun_incidence))
    height -= height[valid].mean(dtype=np.float64)
    hidden = seen.shadow * np.float32(frame.gsd_m)
    return Relief(np.where(valid, height, np.float32(np.nan)), valid, hidden, sun, warnings)


@dataclass(frozen=True)
class _Seen:
    """What was read: the image at every resolution that helps, finest first; validity and shadows of the window.

    scale: of the grey as a whole. reflectance: the grey is a calibrated radiance factor (fractions up to about one),
    not stretched counts.
    """

    levels: list[Image]
    valid: Mask
    shadow: Float
    scale: GreyScale
    reflectance: bool


def _look(read: Read, shape: tuple[int, int], window: Box, engine: Engine, progress: Progress) -> _Seen:
    """Read the image around the window, part by part, and halve it as often as helps."""
    count = LEVELS if engine.model.card["height_unit"] == "ground_pixel" else 1
    step = 2**count
    box = window.grown(MARGIN * step // 2)
    whole = Box(box.row // step * step, -(-box.row_stop // step) * step,
                box.column // step * step, -(-box.column_stop // step) * step)  # fmt: skip
    real = whole.within(Box(0, shape[0], 0, shape[1]))
    grey, valid = np.zeros(whole.shape, np.float32), np.zeros(whole.shape, bool)
    for row in range(real.row, real.row_stop, 256):
        tell(progress, (row - real.row) / (real.row_stop - real.row), "Reading the image")
        lines = Box(row, min(row + 256, real.row_stop), real.column, real.column_stop)
        values, known = read(lines.row, lines.row_stop, lines.column, lines.column_stop)
        where = lines.slices(whole.row, whole.column)
        grey[where], valid[where] = np.where(known, values, 0), known
    inside = window.slices(whole.row, whole.column)
    own, shadow = valid[inside].copy(), shadow_depth(grey[inside], valid[inside])
    reflectance = bool(0 < grey.max() <= 1.5 and grey.min() >= 0 and (grey % 1 > 0).any())
    scale = grey_scale(grey, valid, engine.model.card["grey"]["kind"])
    levels: list[Image] = []
    factor = 1
    while factor == 1 or (factor < step and min(shape) >= factor * SMALLEST):
        if factor > 1:
            grey, valid = _halved(grey, valid)
        if engine.model.card["grey"]["kind"] == "robust":
            even, spread = even_grey(grey, valid)
        else:
            even, spread = scale(grey, valid), np.full(grey.shape, scale.spread, np.float32)
        filled = np.clip(fill_invalid(even, valid), -scale.clip, scale.clip)
        levels.append(Image(filled, whole.row // factor, whole.column // factor, factor, spread))
        factor *= 2
    return _Seen(levels, own, shadow, scale, reflectance)


def _around(level: Image, window: Box, shape: tuple[int, int]) -> Box:
    """The window at this level with its margin, on even pixels, as far as the image of ``shape`` goes."""
    grown = window.grown(MARGIN * level.factor).within(Box(0, shape[0], 0, shape[1]))
    step = 2 * level.factor
    row, column = grown.row // step * 2, grown.column // step * 2
    return Box(row, -(-grown.row_stop // step) * 2, column, -(-grown.column_stop // step) * 2)


def _halved(grey: Float, valid: Mask) -> tuple[Float, Mask]:
    """Means of the valid pixels among 2 x 2; valid where at least two of them are."""
    weight = valid.astype(np.float32)
    total, count = (_sums_of_4(array) for array in (grey * weight, weight))
    return total / np.maximum(count, 1), count >= 2


def _sums_of_4(values: Float) -> Float:
    return np.asarray(values[::2, ::2] + values[1::2, ::2] + values[::2, 1::2] + values[1::2, 1::2], np.float32)


def _joined(
    levels: list[Image], window: Box, shape: tuple[int, int], frame: Frame, engine: Engine, progress: Progress
) -> Float:
    """Heights of the window, metres times grey: predicted at every level, coarsest first; it gives the long waves."""
    boxes = [_around(level, window, shape) for level in levels]
    areas = np.array([np.prod(box.shape) for box in boxes[::-1]], float)
    done = np.concatenate([[0.0], np.cumsum(areas) / areas.sum()])
    height, coarser = np.empty((0, 0), np.float32), boxes[-1]
    for index, (level, box) in enumerate(zip(levels[::-1], boxes[::-1])):
        stage = part(progress, done[index], done[index + 1])
        new = predict_tiles(level, box, frame, engine, stage)
        # Contrast falls with resolution as slopes do: what was stretched for the network is taken back.
        spread = level.spread[box.slices(level.row, level.column)]
        new = engine.model.heights(new, frame.gsd_m * level.factor) * spread
        height = _with_long_waves(new, box, height, coarser) if index else new
        coarser = box
    return height[window.slices(coarser.row, coarser.column)].copy()


def _with_long_waves(fine: Float, box: Box, coarse: Float, coarse_box: Box) -> Float:
    """``fine`` with the waves longer than some `CROSSOVER` coarse pixels taken from ``coarse``."""
    same = Box(box.row // 2, box.row_stop // 2, box.column // 2, box.column_stop // 2)
    difference = coarse[same.slices(coarse_box.row, coarse_box.column)] - _sums_of_4(fine) / 4
    return fine + bilinear(np.asarray(smooth(difference, CROSSOVER), np.float32), box.shape)


def _slope_factor(scale: GreyScale, model: Model, incidence: float) -> float:
    """Slopes told by the contrast of a calibrated image under a sun at ``incidence``, over the model's usual ones."""
    tilt = 0.05
    normals = np.array([[-side * tilt, 0.0, 1.0] for side in (-1, 1)]) / np.hypot(1.0, tilt)
    away, toward = reflectance(normals, sun_vector(270.0, incidence), np.array([0.0, 0.0, 1.0]), 1.0, LunarLambert())
    contrast_of_slope = (toward - away) / (toward + away) / tilt
    usual = abs(float(model.card["height_scale"]))
    return float(abs(scale.spread / scale.centre / contrast_of_slope) / usual)


def _jmars(
    read: Read, window: Box, gsd_m: tuple[float, float], engine: Engine, sun_azimuth: float | None, progress: Progress
) -> Relief:
    """The window as JMARS would do it: one square, no turn; see `adapter`."""
    tell(progress, 0.0, "Reading the image")
    grey, valid = read(window.row, window.row_stop, window.column, window.column_stop)
    view = to_grey8(Grey(grey, valid))
    scale = grey_scale(view.grey, valid, engine.model.card["grey"]["kind"])
    place = placement(window.shape)
    gsd = float(np.sqrt(gsd_m[0] * gsd_m[1] * np.prod(window.shape) / np.prod(place.size)))

    def model(square: Float) -> Float:
        tell(progress, 0.2, "Predicting")
        image = scale(square, np.ones(square.shape, bool))
        return engine.model.heights(engine.predict(image[None, None])[0, 0], gsd)

    height = jmars_heights(view.grey, valid, model)
    expected = engine.model.sun_azimuth
    warnings: tuple[str, ...] = ()
    if expected is not None:
        seen = "an unknown azimuth" if sun_azimuth is None else f"azimuth {sun_azimuth:.0f}"
        if sun_azimuth is None or np.cos(np.radians(sun_azimuth - expected)) < np.sqrt(0.5):
            warnings = (
                f"The sun stands at {seen}, the model expects it at {expected:.0f}, and jmars mode does not turn the "
                "image: relief may be wrong or inverted; use seamless mode.",
            )
    tell(progress, 1.0, "Predicted")
    return Relief(height, valid, np.zeros(valid.shape, np.float32), None, warnings)
