"""The one door to the three resections: `recover(points, sensor, method)`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import pi
from typing import Any

import numpy as np

from ..altimetry.readers import Shots
from ..camera.sensor import Sensor
from ..errors import InputError
from ..progress import Progress, silent
from . import line_order, sensor_fit
from .bundle import TiePicker
from .model import ControlPoints, Resection, TiePoints
from .tables import checked_gcps

METHODS = ("collinearity", "two_phase", "trajectory")


def recover(
    points: ControlPoints,
    sensor: Sensor,
    method: str,
    *,
    sigma_lateral: float | None = None,
    use_certainty: bool = True,
    ties: TiePoints | TiePicker | None = None,
    shots: Shots | None = None,
    name: str = "GCPs",
    progress: Progress = silent,
    **options: Any,
) -> Resection:
    """Exterior orientation of every instant that has GCPs.

    ``method``: "collinearity" (per instant, GCPs weighted alike), "two_phase" (per instant, attitude
    from lon/lat alone, then position; ``use_certainty`` weights its rows by mu) or "trajectory" (one
    smooth orbit; ``ties`` join the views, raw ``shots`` hold the surface they span). ``sigma_lateral``
    in metres replaces the points' own. ``name`` is that of the GCPs' table. Further ``options`` go to
    the method. GCPs that cannot be used are left out, lines that cannot be solved are flagged, and the
    verdict says so; raises `InputError` for data no part of which can be used.
    """
    solve = _solver(method)
    points, said = _usable(points, sensor, name, per_line=method != "trajectory")
    misfit = sensor_fit.told(points, sensor)
    if sigma_lateral is not None:
        if not sigma_lateral >= 0:
            raise InputError(f"SIGMA_LATERAL should be metres, 0 or more, not {sigma_lateral}.")
        points = replace(points, sigma_lateral=np.full(len(points), float(sigma_lateral)))
    if method != "collinearity":
        options["use_certainty"] = use_certainty
    if method == "trajectory":
        options |= {"sigma_lateral": sigma_lateral, "ties": ties, "shots": shots}
    elif ties is not None:
        raise InputError(f"Method {method!r} solves line by line and takes no TIES: use trajectory, or leave them out.")
    found = solve(points, sensor, progress=progress, **options)
    own = found.verdict
    # Where it is known which number is wrong, large residuals are no news.
    left = own.sentences if not misfit else tuple(text for text in own.sentences if text not in own.doubts)
    doubts = (*said, *(misfit or own.doubts))
    verdict = replace(own, sentences=(*said, *misfit, *left), doubts=doubts)
    return replace(found, verdict=verdict, points=points)


def _solver(method: str) -> Callable[..., Resection]:
    """The function of a method, imported when it is wanted."""
    if method == "collinearity":
        from .collinearity import recover_collinearity

        return recover_collinearity
    if method == "two_phase":
        from .two_phase import recover_two_phase

        return recover_two_phase
    if method == "trajectory":
        from .trajectory import recover_trajectory

        return recover_trajectory
    raise InputError(f"Method {method!r} is unknown: use one of {', '.join(METHODS)}.")


def _usable(points: ControlPoints, sensor: Sensor, name: str, per_line: bool) -> tuple[ControlPoints, tuple[str, ...]]:
    """The GCPs that can be used, and sentences on those that cannot.

    A solver that works ``per_line`` needs altitudes and two GCPs a line; the trajectory needs neither everywhere.
    """
    if len(points) == 0:
        raise InputError("There are no GCPs.")
    if not np.all((points.view >= 0) & (points.view < len(sensor.views))):
        raise InputError(f"A GCP's view should be an index from 0 to {len(sensor.views) - 1} into the sensor's views.")
    if np.any(np.abs(points.lat) > 0.5 * pi) or np.any(np.abs(points.lon) > 2 * pi):
        raise InputError(
            "The GCPs' lon and lat should be radians, lat between -π/2 and π/2: convert them from degrees."
        )
    checked = checked_gcps(points, sensor, name)
    points, said = checked.points, list(checked.warnings)
    if per_line and len(np.unique(points.view)) == 1:  # the trajectory tells what it holds fast
        said.append(
            "All GCPs lie in one view: pitch and along-track position, heading and roll cannot be told apart by the "
            "data, only by the prior named."
        )
    displaced = line_order.displaced(points)
    said += line_order.told(displaced, name, left_out=per_line)
    if per_line:  # the trajectory lowers the weight of GCPs that its other lines do not bear out
        points = _enough_per_line(points[~np.isin(points.line, displaced.line)], said)
    return points, tuple(said)


def _enough_per_line(points: ControlPoints, said: list[str]) -> ControlPoints:
    """GCPs with an altitude; refuses control without two of them on any line."""
    known = np.isfinite(points.altitude)
    if not known.all():
        if not known.any():
            raise InputError("The GCPs have no altitudes: give them a column altitude, or ALTIMETRY that reaches them.")
        said.append(f"{int((~known).sum())} of {len(known)} GCPs have no altitude and are left out.")
        points = points[known]
    line, count = np.unique(points.line, return_counts=True)
    if count.max() < 2:
        raise InputError("No line has two GCPs or more: give at least both ends of one view's scanline.")
    if np.any(count < 2):
        said.append(
            f"{int(np.sum(count < 2))} of {len(line)} lines have a single GCP, too few to be solved by themselves."
        )
    return points
