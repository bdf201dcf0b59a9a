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

from ..compass import UP, Compass
from ..errors import InputError
from ..progress import Progress, part, silent, tell
from ..simulation.photometry import LunarLambert, reflectance
from ..simulation.shading import smooth, sun_vector
from ..terrain.pyramid import fill_invalid
from .adapter import FRACTION, Grey, bilinear, jmars_heights, placement, to_grey8
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
FAR = 256  # the same at the coarsest level, whose long waves nothing replaces: as far as the network sees
LINES = 256  # rows read at a time
SAMPLED = 16  # every so many rows and columns a pixel is drawn for the grey's scale ...
FEW = 4096  # ... unless that would give fewer than this
FAINT = 0.05  # contrast of a unit slope, that of a sun 5 degrees from the zenith: below, albedo is all there is to see
SMALLEST = 384  # pixels; an image that is smaller than this at a level only does harm there


@dataclass(frozen=True)
class Relief:
    """Relative heights of an extent: metres if the model's scale held.

    height: (rows, columns) float32, NaN where not ``valid``; zero mean, but for jmars mode with a model that gives
    metres itself, whose heights stay as it gives them. hidden (rows, columns): metres from lit ground, 0 outside of
    shadows. sun: where the sun was taken to stand (None: the model does not ask). warnings: sentences for the user.
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
    compass: Compass = UP,
) -> Relief:
    """Relief of ``window`` (row0, row1, column0, column1) of an image of ``shape`` (rows, columns).

    ``read(row0, row1, column0, column1)`` returns grey (float32) and validity of any part of the image; what surrounds
    the window is read too, as context. ``gsd_m``: ground size of a pixel along columns (x) and rows (y), metres.
    ``sun_azimuth``: degrees clockwise from north; None: estimated from the image where the model needs it.
    ``compass``: where north stands on the image; default: up.
    ``sun_incidence``: degrees from the zenith; with a calibrated image (radiance factors) it sets the scale of the
    relief, which otherwise is that of the training scenes: stretched counts do not tell it.
    ``mode``: "seamless" or "jmars" (see `adapter`). Raises `InputError` for a window without valid pixels.
    """
    if mode not in MODES:
        raise InputError(f"Mode {mode!r} is unknown; use one of {', '.join(MODES)}.")
    box = Box(*window)
    if mode == "jmars":
        seen_at = None if sun_azimuth is None else compass.on_map(sun_azimuth)
        return _jmars(read, box, gsd_m, engine, seen_at, progress)
    seen = _look(read, shape, box, engine, part(progress, 0.0, 0.1))
    valid = seen.valid
    if not valid.any():
        raise InputError("The extent holds nodata only; choose one that meets the image.")
    sun: Sun | None = None
    warnings: tuple[str, ...] = ()
    if engine.model.sun_azimuth is not None:
        finest = seen.levels[0]
        own = finest.grey[_around(finest, box, shape).slices(finest.row, finest.column)]
        sun, warnings = find_sun(own, gsd_m, sun_azimuth, compass)
    frame = frame_of(gsd_m, compass.on_map(sun.azimuth) if sun else None, engine.model.sun_azimuth)
    height = _joined(seen.levels, box, shape, frame, engine, part(progress, 0.1, 1.0))
    if seen.stretched:
        height /= np.float32(seen.scale.spread)
    if seen.stretched and seen.reflectance and sun_incidence is not None:
        factor, doubts = _slope_factor(seen.scale, engine.model, sun_incidence)
        height *= np.float32(factor)
        warnings += doubts
    height -= height[valid].mean(dtype=np.float64)
    hidden = seen.shadow * np.float32(frame.gsd_m)
    return Relief(np.where(valid, height, np.float32(np.nan)), valid, hidden, sun, warnings)


@dataclass(frozen=True)
class _Seen:
    """What was read: the image at every resolution that helps, finest first; validity and shadows of the window.

    scale: of the grey as a whole. stretched: each place to one contrast, which its relief is to have back.
    reflectance: the grey is a calibrated radiance factor (fractions up to about one), not stretched counts.
    """

    levels: list[Image]
    valid: Mask
    shadow: Float
    scale: GreyScale
    stretched: bool
    reflectance: bool


def _look(read: Read, shape: tuple[int, int], window: Box, engine: Engine, progress: Progress) -> _Seen:
    """Read the image around the window, part by part, and halve it as often as helps.

    The coarsest level is read far around and the grey's scale taken from all of that, so that neighbouring extents of
    one image, which share most of it, come to the same long waves and the same contrast.
    """
    kind, relative = engine.model.card["grey"]["kind"], engine.model.card["height_unit"] == "ground_pixel"
    stretched = relative and kind == "robust"  # metres are the network's own: no contrast goes into them afterwards
    many = LEVELS if relative else 1
    factors = [2**level for level in range(many) if not level or min(shape) >= 2**level * SMALLEST]
    near = _in_steps(window.grown(MARGIN * factors[-1]), 2**many)
    far = _in_steps(window.grown(FAR * factors[-1]), 2**many) if factors[-1] > 1 else near
    grey, valid, coarse, known, scale = _read(read, shape, near, far, factors[-1], kind, progress)
    inside = window.slices(near.row, near.column)
    own, shadow = valid[inside].copy(), shadow_depth(grey[inside], valid[inside])
    reflectance = bool(0 < grey.max() <= FRACTION and grey.min() >= 0 and (grey % 1 > 0).any())
    levels: list[Image] = []
    for factor in factors:
        box = near
        if factor == factors[-1] > 1:
            grey, valid, box = coarse, known, far
        elif factor > 1:
            grey, valid = _halved(grey, valid)
        if stretched:
            even, spread = even_grey(grey, valid, scale)
        else:
            even, spread = scale(grey, valid), np.ones(grey.shape, np.float32)
        filled = np.clip(fill_invalid(even, valid), -scale.clip, scale.clip)
        levels.append(Image(filled, box.row // factor, box.column // factor, factor, spread))
    return _Seen(levels, own, shadow, scale, stretched, reflectance)


def _read(
    read: Read, shape: tuple[int, int], near: Box, far: Box, factor: int, kind: str, progress: Progress
) -> tuple[Float, Mask, Float, Mask, GreyScale]:
    """Grey and validity of ``near``; those of ``far``, reduced by ``factor``; and the scale of the grey in ``far``."""
    grey, valid = np.zeros(near.shape, np.float32), np.zeros(near.shape, bool)
    small = far.shape[0] // factor, far.shape[1] // factor
    coarse, known = np.zeros(small, np.float32), np.zeros(small, bool)
    sample: list[Float] = []
    image = Box(0, shape[0], 0, shape[1])
    every = SAMPLED if np.prod(far.within(image).shape) > FEW * SAMPLED**2 else 1
    for row in range(far.row, far.row_stop, LINES):
        strip = Box(row, min(row + LINES, far.row_stop), far.column, far.column_stop)
        lines = strip.within(image)
        if 0 in lines.shape:
            continue
        tell(progress, (row - far.row) / far.shape[0], "Reading the image")
        values, there = np.zeros(strip.shape, np.float32), np.zeros(strip.shape, bool)
        where = lines.slices(strip.row, strip.column)
        found = read(lines.row, lines.row_stop, lines.column, lines.column_stop)
        values[where], there[where] = np.where(found[1], found[0], 0), found[1]
        both = strip.within(near)
        if 0 not in both.shape:
            source, to = both.slices(strip.row, strip.column), both.slices(near.row, near.column)
            grey[to], valid[to] = values[source], there[source]
        sample.append(values[::every, ::every][there[::every, ::every]])
        if factor > 1:
            for _ in range(factor.bit_length() - 1):
                values, there = _halved(values, there)
            first = (row - far.row) // factor
            coarse[first : first + len(values)], known[first : first + len(values)] = values, there
    drawn = np.concatenate(sample) if sample else np.zeros(0, np.float32)
    return grey, valid, coarse, known, grey_scale(drawn, np.ones(drawn.shape, bool), kind)


def _in_steps(box: Box, step: int) -> Box:
    """The smallest box around another that begins and ends at multiples of ``step``."""
    return Box(box.row // step * step, -(-box.row_stop // step) * step,
               box.column // step * step, -(-box.column_stop // step) * step)  # fmt: skip


def _around(level: Image, window: Box, shape: tuple[int, int], margin: int = MARGIN) -> Box:
    """The window at this level with its margin, on even pixels, as far as the image of ``shape`` goes."""
    grown = window.grown(margin * level.factor).within(Box(0, shape[0], 0, shape[1]))
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
    """Heights of the window, metres (times grey where that is stretched): predicted at every level, coarsest first; it
    gives the long waves."""
    margins = [MARGIN] * (len(levels) - 1) + [FAR if len(levels) > 1 else MARGIN]
    boxes = [_around(level, window, shape, margin) for level, margin in zip(levels, margins)]
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


def _slope_factor(scale: GreyScale, model: Model, incidence: float) -> tuple[float, tuple[str, ...]]:
    """Slopes told by the contrast of a calibrated image under a sun at ``incidence``, over the model's usual ones.

    1 and a warning where they are not told.
    """
    tilt = 0.05
    normals = np.array([[-side * tilt, 0.0, 1.0] for side in (-1, 1)]) / np.hypot(1.0, tilt)
    away, toward = reflectance(normals, sun_vector(270.0, incidence), np.array([0.0, 0.0, 1.0]), 1.0, LunarLambert())
    contrast_of_slope = (toward - away) / (toward + away) / tilt
    if scale.centre <= 0 or contrast_of_slope < FAINT:
        why = "half of the image is black" if scale.centre <= 0 else f"SUN_INCIDENCE is {incidence:g} degrees"
        return 1.0, (f"Shading tells no scale of the relief, for {why}; it is that of the training scenes.",)
    return float(scale.spread / scale.centre / contrast_of_slope / model.usual_slope), ()


def _jmars(
    read: Read, window: Box, gsd_m: tuple[float, float], engine: Engine, sun_azimuth: float | None, progress: Progress
) -> Relief:
    """The window as JMARS would do it: one square, no turn; see `adapter`. Azimuth clockwise from the image's top."""
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
    if engine.model.card["height_unit"] == "ground_pixel" and valid.any():
        height = height - np.float32(height[valid].mean(dtype=np.float64))
    tell(progress, 1.0, "Predicted")
    return Relief(height, valid, np.zeros(valid.shape, np.float32), None, warnings)
