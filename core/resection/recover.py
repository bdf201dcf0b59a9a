"""The one door to the three resections: `recover(points, sensor, method)`."""

from __future__ import annotations

from typing import Any

from ..camera.sensor import Sensor
from ..errors import InputError
from ..progress import Progress, silent
from .model import ControlPoints, Resection, TiePoints

METHODS = ("collinearity", "two_phase", "trajectory")


def recover(
    points: ControlPoints,
    sensor: Sensor,
    method: str,
    *,
    sigma_lateral: float | None = None,
    use_certainty: bool = True,
    ties: TiePoints | None = None,
    progress: Progress = silent,
    **options: Any,
) -> Resection:
    """Exterior orientation of every instant that has GCPs.

    ``method``: "collinearity" (per instant, GCPs weighted alike), "two_phase" (per instant, attitude
    from lon/lat alone, then position; ``use_certainty`` weights its rows by mu) or "trajectory" (one
    smooth orbit; ``sigma_lateral`` in metres overrides the points' own, ``ties`` join the views).
    Further ``options`` go to the method. Raises `InputError` for data no part of which can be used.
    """
    if method == "collinearity":
        from .collinearity import recover_collinearity

        return recover_collinearity(points, sensor, progress=progress, **options)
    if method == "two_phase":
        from .two_phase import recover_two_phase

        return recover_two_phase(points, sensor, use_certainty=use_certainty, progress=progress, **options)
    if method == "trajectory":
        from .trajectory import recover_trajectory

        options = {"sigma_lateral": sigma_lateral, "use_certainty": use_certainty, "ties": ties, **options}
        return recover_trajectory(points, sensor, progress=progress, **options)
    raise InputError(f"Method {method!r} is unknown: use one of {', '.join(METHODS)}.")
