"""Rays out of a camera, points into it, and the derivatives of the second.

The camera stands at C (m, body-fixed) with attitude R (camera to world); x = Rᵀ(P - C) is the point
in the camera frame, seen where x points along s = (px, py, -f), that is at x_z < 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .rotations import skew

Array = NDArray[np.float64]


def to_world(rotation: ArrayLike, camera_rays: ArrayLike) -> Array:
    """Unit ray directions in the world frame, (..., 3), of camera rays (..., 3) of any length."""
    rays = (np.asarray(rotation) @ np.asarray(camera_rays, dtype=np.float64)[..., None])[..., 0]
    return np.asarray(rays / np.linalg.norm(rays, axis=-1, keepdims=True))


def to_camera(points: ArrayLike, position: ArrayLike, rotation: ArrayLike) -> Array:
    """World points in the camera frame, x = Rᵀ(P - C), (..., 3) m."""
    offset = np.asarray(points, dtype=np.float64) - np.asarray(position, dtype=np.float64)
    return np.asarray((offset[..., None, :] @ np.asarray(rotation))[..., 0, :])


def project(points: ArrayLike, position: ArrayLike, rotation: ArrayLike, focal_length_mm: float) -> Array:
    """Image-plane points (px, py) of world points by collinearity, (..., 2) mm: px = -f x/z, py = -f y/z.

    NaN for a point beside or behind the camera.
    """
    x = to_camera(points, position, rotation)
    depth = np.where(x[..., 2:] < 0, x[..., 2:], np.nan)
    return np.asarray(-focal_length_mm * x[..., :2] / depth)


def projection_derivatives(
    points: ArrayLike, position: ArrayLike, rotation: ArrayLike, focal_length_mm: float
) -> tuple[Array, Array, Array]:
    """Derivatives of `project` by C, by a small camera-frame rotation w (R exp([w]x)) and by P.

    Each is (..., 2, 3): mm per metre, mm per radian, mm per metre.
    """
    x = to_camera(points, position, rotation)
    return derivatives_in_camera(x, rotation, focal_length_mm)


def derivatives_in_camera(x: Array, rotation: ArrayLike, focal_length_mm: float) -> tuple[Array, Array, Array]:
    """`projection_derivatives` for points already in the camera frame (`to_camera`)."""
    inverse = 1.0 / x[..., 2]
    by_x = np.zeros((*x.shape[:-1], 2, 3))
    by_x[..., 0, 0] = by_x[..., 1, 1] = -focal_length_mm * inverse
    by_x[..., 0, 2] = focal_length_mm * x[..., 0] * inverse**2
    by_x[..., 1, 2] = focal_length_mm * x[..., 1] * inverse**2
    # x(w) = exp(-[w]x) x = x + x × w, and dx/dP = Rᵀ = -dx/dC.
    by_point = by_x @ np.swapaxes(np.asarray(rotation), -1, -2)
    return -by_point, by_x @ skew(x), by_point


def intersect_sphere(position: ArrayLike, direction: ArrayLike, radius_m: ArrayLike) -> Array:
    """Nearest points (..., 3) where unit rays from ``position`` meet a sphere about the origin; NaN for a miss."""
    c, d = np.asarray(position, dtype=np.float64), np.asarray(direction, dtype=np.float64)
    along = -np.sum(c * d, axis=-1)
    # |c|² - r² as a product keeps the centimetres that squaring 2e6 m would lose.
    distance = np.linalg.norm(c, axis=-1)
    power = (distance - radius_m) * (distance + radius_m)
    root = np.sqrt(np.where(along**2 >= power, along**2 - power, np.nan))
    near = power / np.where(along + root > 0, along + root, np.nan)
    return np.asarray(c + near[..., None] * d)
