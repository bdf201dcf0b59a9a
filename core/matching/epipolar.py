"""What known orientation says of a match: relief moves a place along one line in the other image, never across it.

A ground point of unknown height lies on the ray of its pixel in image A; the places in image B of two heights on that
ray span the epipolar line, which is straight to well under a pixel over a body's relief (Kim 2000, A study on the
epipolarity of linear pushbroom images). Orientation from imperfect control places it some pixels aside; that is slow
over the image and taken out, so that only single matches are judged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..camera.linescan import ImageCamera
from ..camera.rays import intersect_sphere
from .dense import Matches

Array = NDArray[np.float64]

RELIEF_M = 3000.0  # above and below the sphere: places in B of these heights span the line
BOUND_PX = 1.0  # across the line, at least
SIGMAS = 6.0  # and at least so many of the strip's own
_STEP = 16  # pixels of A between places where the line is worked out
_COLUMNS = 64  # pixels of A over which the orientation's own error is one
_SHORTEST_PX = 0.5  # a line that relief moves a place along by less has no direction
_TO_SIGMA = 1.4826


@dataclass(frozen=True)
class Epipolar:
    """The lines in the image of camera ``b`` of the pixels of the image of ``a``."""

    a: ImageCamera
    b: ImageCamera

    def across(self, first: int, found: Matches) -> Array:
        """Pixels (h, w) by which matches of A's lines from ``first`` on miss their epipolar lines; NaN if unknown."""
        rows, columns = found.sample_shift.shape
        line, sample = _nodes(rows), _nodes(columns)
        at = np.broadcast_arrays(first + line[:, None], sample)
        origin, direction = self.a.rays(*at)
        radius = self.a.body_radius_m
        low, high = (
            np.stack(self.b.project(intersect_sphere(origin, direction, radius + height)), axis=-1)
            for height in (-RELIEF_M, RELIEF_M)
        )
        along = high - low
        length = np.linalg.norm(along, axis=-1, keepdims=True)
        along /= np.where(length > _SHORTEST_PX, length, np.nan)
        # in B: normal to the line, and where the line lies on it
        normal = np.stack([along[..., 1], -along[..., 0]], axis=-1)
        place = np.sum(normal * (low + high) / 2, axis=-1)
        to_rows, to_columns = _weights(line, rows), _weights(sample, columns)
        normal_line, normal_sample, middle = (
            _spread(values, to_rows, to_columns) for values in (normal[..., 0], normal[..., 1], place)
        )
        there_line = np.arange(first, first + rows)[:, None] + found.line_shift.astype(np.float64)
        there_sample = np.arange(columns) + found.sample_shift.astype(np.float64)
        return np.asarray(normal_line * there_line + normal_sample * there_sample - middle)

    def kept(self, first: int, found: Matches) -> tuple[Matches, int, float]:
        """The matches without those that miss their lines, how many these are, and how far aside (pixels, median) the
        orientation places the lines of all of them; NaN where it says nothing."""
        across = self.across(first, found)
        if not np.isfinite(across).any():
            return found, 0, float("nan")
        aside = float(np.nanmedian(np.abs(across)))
        across -= _medians(across)[:, None]
        for start in range(0, across.shape[1], _COLUMNS):
            block = across[:, start : start + _COLUMNS]
            if np.isfinite(block).any():
                block -= np.nanmedian(block)
        sigma = _TO_SIGMA * float(np.nanmedian(np.abs(across)))
        wrong = np.abs(across) > max(BOUND_PX, SIGMAS * sigma)
        bands = ("sample_shift", "line_shift", "score", "sigma", "sample_sigma", "line_sigma")
        left = [np.where(wrong, np.float32(np.nan), getattr(found, name)) for name in bands]
        return Matches(found.overlap, *left), int(wrong.sum()), aside


def _nodes(count: int) -> Array:
    """Places 0 to ``count`` - 1, some `_STEP` apart, both ends among them."""
    return np.linspace(0.0, count - 1.0, max(2, -(-(count - 1) // _STEP) + 1))


def _weights(nodes: Array, count: int) -> Array:
    """Weights (count, nodes) of linear interpolation at 0, 1, ..."""
    place = np.interp(np.arange(count), nodes, np.arange(len(nodes)))
    return np.maximum(1.0 - np.abs(place[:, None] - np.arange(len(nodes))), 0.0)


def _spread(values: Array, to_rows: Array, to_columns: Array) -> Array:
    """Values of the nodes at the pixels; NaN next to nodes without one."""
    unknown = to_rows @ ~np.isfinite(values) @ to_columns.T > 0
    return np.where(unknown, np.nan, to_rows @ np.nan_to_num(values) @ to_columns.T)


def _medians(values: Array) -> Array:
    """Median (h,) of the known values of each row; 0 where there are none."""
    known = np.where(np.isfinite(values).any(axis=1, keepdims=True), values, 0.0)
    return np.asarray(np.nanmedian(known, axis=1))
