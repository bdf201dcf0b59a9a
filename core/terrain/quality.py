"""Numbers that tell how good a stereo DTM is without knowing the truth: sight lines, overlap, streaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..camera.footprints import ground_points
from ..camera.linescan import ImageCamera
from ..frames import east_north_up, lonlat_radius

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

STREAK_REACH = 8  # rows on either side from which a streak must stand out


@dataclass(frozen=True)
class Sight:
    """Two cameras over the nodes of image A: ``seen`` (L, S) whether both see the ground there, and there the
    ``convergence`` of the rays (rad) and the ``base_to_height`` ratio; NaN elsewhere."""

    seen: Mask
    convergence: Array
    base_to_height: Array


def sight(a: ImageCamera, b: ImageCamera, b_lines: int, line: Array, sample: Array, altitude_m: float) -> Sight:
    """How two cameras see the ground at ``line`` (L,) and ``sample`` (S,) of image A, level at ``altitude_m``.

    The base over the height is |t_a - t_b| where t = (east, north) / up of the direction to a camera: the parallax, in
    metres on the ground, of a metre of height.
    """
    lines, samples = np.meshgrid(line, sample, indexing="ij")
    ground = ground_points(a, lines, samples, a.body_radius_m + altitude_m)
    seen_line, seen_sample = b.project(ground)
    seen = (seen_line >= -0.5) & (seen_line <= b_lines - 0.5)
    seen &= (seen_sample >= -0.5) & (seen_sample <= b.samples - 0.5)
    lon, lat, _ = lonlat_radius(ground)
    up = east_north_up(lon, lat)
    to_a, to_b = (_towards(camera, at, ground) for camera, at in ((a, (lines, samples)), (b, (seen_line, seen_sample))))
    angle = np.arctan2(np.linalg.norm(np.cross(to_a, to_b), axis=-1), np.sum(to_a * to_b, axis=-1))
    leaning = [local[..., :2] / local[..., 2:] for local in (_in_frame(up, to_a), _in_frame(up, to_b))]
    ratio = np.linalg.norm(leaning[0] - leaning[1], axis=-1)
    return Sight(seen, np.where(seen, angle, np.nan), np.where(seen, ratio, np.nan))


def _towards(camera: ImageCamera, at: Sequence[Array], ground: Array) -> Array:
    """Unit vectors (..., 3) from the ground to the camera."""
    offset = camera.rays(*at)[0] - ground
    return np.asarray(offset / np.linalg.norm(offset, axis=-1, keepdims=True))


def _in_frame(axes: Array, vector: Array) -> Array:
    """Vectors (..., 3) in frames whose axes are the rows of ``axes`` (..., 3, 3)."""
    return np.asarray((axes @ vector[..., None])[..., 0])


def streaks(height: Array, reach: int = STREAK_REACH, fewest: int = 20) -> Array:
    """Mean over each row (R,) of what heights (R, C), NaN where unknown, stand off the ``reach`` rows on both sides.

    Errors of single scanlines show here, for they are the same across the row, while terrain averages out. NaN where
    fewer than ``fewest`` columns are known.
    """
    known = np.isfinite(height)
    total, count = (_windowed(values, reach) for values in (np.where(known, height, 0.0), known.astype(float)))
    usable = known & (count > reach)
    off = np.where(usable, height - total / np.maximum(count, 1.0), 0.0)
    across = usable.sum(axis=1)
    return np.where(across >= fewest, off.sum(axis=1) / np.maximum(across, 1), np.nan)


def _windowed(values: Array, reach: int) -> Array:
    """Sums over 2 ``reach`` + 1 rows about each row, fewer at the ends."""
    total = np.cumsum(np.vstack([np.zeros(values.shape[1]), values]), axis=0)
    rows = np.arange(len(values))
    return np.asarray(total[np.minimum(rows + reach + 1, len(values))] - total[np.maximum(rows - reach, 0)])
