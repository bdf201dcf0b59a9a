"""Ground control from a known camera: where both ends of its lines meet the ground."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..frames import lonlat_radius
from ..resection.model import ControlPoints, control_points
from .footprints import Height, ground_points
from .linescan import ImageCamera

Array = NDArray[np.float64]


def control_of_camera(
    camera: ImageCamera, line: ArrayLike, radius_m: float, height: Height | None = None, view: int = 0
) -> ControlPoints:
    """GCPs of the first and last sample at ``line`` (L,), on the sphere of ``radius_m`` or on ``height`` above it.

    Ends that look past the body, or to where the height is not known, are left out. Raises `InputError` where none
    remains.
    """
    lines = np.repeat(np.asarray(line, float), 2)
    sample = np.tile([0.0, camera.samples - 1.0], len(lines) // 2)
    lon, lat, radius = lonlat_radius(ground_points(camera, lines, sample, radius_m, height))
    known = np.isfinite(lon) if height is None else np.isfinite(height(lon, lat))
    if not known.any():
        raise InputError(f"Camera {camera.name!r} sees no known ground; give a DEM of the place it looks at.")
    points = control_points(lines, view, sample, lon, lat, radius - radius_m)
    return points[known]
