"""Where an image lies on the ground: single pixels, and the outline of a whole image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..frames import lonlat_radius
from .linescan import ImageCamera
from .rays import intersect_sphere

Array = NDArray[np.float64]
Height = Callable[[Array, Array], Array]  # lon, lat (rad) -> metres above the sphere, NaN where unknown

EDGE_POINTS = 400  # of an outline along each side
_ITERATIONS = 30
_SETTLED_M = 0.01


@dataclass(frozen=True)
class Footprint:
    """Outline of an image: ring of lon, lat (rad, (N,) each, closed), the part of its edge that meets the body, and the
    ground size of a pixel along and across track (m) at its middle."""

    lon: Array
    lat: Array
    seen: float
    pixel_m: tuple[float, float]


def ground_points(
    camera: ImageCamera, line: ArrayLike, sample: ArrayLike, radius_m: float, height: Height | None = None
) -> Array:
    """Ground points (..., 3) m of image points on the sphere of ``radius_m``, or on a surface of ``height`` above it.

    The height is looked up where the ray meets the sphere through the last one found, until it settles within a
    centimetre; where it is unknown the sphere counts. NaN where the ray misses.
    """
    origin, direction = camera.rays(line, sample)
    points = intersect_sphere(origin, direction, radius_m)
    if height is None:
        return points
    level = np.zeros(points.shape[:-1])
    for iteration in range(_ITERATIONS):
        lon, lat, _ = lonlat_radius(points)
        # Half steps after the first few keep steep ground from swinging to and fro.
        moved = (1.0 if iteration < 4 else 0.5) * (np.nan_to_num(height(lon, lat)) - level)
        level = level + moved
        points = intersect_sphere(origin, direction, radius_m + level)
        if not np.any(np.abs(moved[np.isfinite(points[..., 0])]) > _SETTLED_M):
            break
    return points


def footprint(camera: ImageCamera, radius_m: float, height: Height | None = None) -> Footprint:
    """Outline of all lines and samples of ``camera``; raises `InputError` when the image does not meet the body."""
    first, last = camera.lines
    lines, samples = np.linspace(first, last, EDGE_POINTS), np.linspace(0, camera.samples - 1, EDGE_POINTS)
    low, high = np.full(EDGE_POINTS, first), np.full(EDGE_POINTS, last)
    left, right = np.zeros(EDGE_POINTS), np.full(EDGE_POINTS, camera.samples - 1.0)
    line = np.concatenate([low, lines, high, lines[::-1]])
    sample = np.concatenate([samples, right, samples[::-1], left])
    edge = ground_points(camera, line, sample, radius_m, height)
    on = np.isfinite(edge[:, 0])
    if on.sum() < 3:
        raise InputError(f"Image {camera.name!r} does not look at the body; check its orientation.")
    lon, lat, _ = lonlat_radius(np.concatenate([edge[on], edge[on][:1]]))
    middle_line, middle_sample = (first + last) / 2, (camera.samples - 1) / 2
    near = ground_points(
        camera,
        np.array([middle_line, middle_line + 1, middle_line]),
        np.array([middle_sample, middle_sample, middle_sample + 1]),
        radius_m,
        height,
    )
    along, across = np.linalg.norm(near[1:] - near[0], axis=1)
    return Footprint(lon, lat, float(on.mean()), (float(along), float(across)))
