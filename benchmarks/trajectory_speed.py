"""How long resection takes and what memory: thousands of lines by each method, a hundred thousand by the trajectory.

Simulated CE-1 with altitude errors that neighbours share, the costlier case.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..core.progress import Progress, silent, tell
from ..core.resection.model import ControlPoints
from ..core.resection.trajectory import recover_trajectory
from ..core.simulation.fractal import FractalField
from ..core.simulation.scene import Scene, simulate, with_lateral_noise
from ..core.simulation.terrain import SphereTerrain
from .table import Check, Table

LINES = (1000, 5000, 20_000, 100_000)
ALTITUDE_M, LATERAL_M = 100.0, 5.0  # errors, 1-sigma
SECONDS, SECONDS_LINES = 5.0, 5000  # by the clock, at most
MEMORY_GB = 4.0
LINEAR = 1.5  # times what a line takes of `SECONDS_LINES`; a longer arc settles in a few rounds more
LONGEST_M = 12e3  # wave of the altitudes' errors: they are alike over 2 to 3 km


def spoiled(scene: Scene) -> ControlPoints:
    """Control with errors that stay with the ground, and lateral noise."""
    radius = scene.terrain.radius_m
    points = with_lateral_noise(scene.control, radius, LATERAL_M, 0)
    errors = FractalField(0, (LONGEST_M,), (ALTITUDE_M,)).height(points.bearings * radius)
    sigma = np.full(len(points), ALTITUDE_M)
    return replace(points, altitude=points.altitude + errors, sigma_altitude=sigma)


def speed(lines: Sequence[int] = LINES, progress: Progress = silent) -> Table:
    """Seconds of the trajectory by the number of lines, and the process's peak memory so far."""
    table = Table(
        "Time and memory of the trajectory", ["lines", "seconds", "of a core", "ms of a core a line", "peak memory, GB"]
    )
    each, memory = {}, None
    for index, count in enumerate(lines):
        tell(progress, index / len(lines), f"Speed: {count} lines")
        scene = simulate("ce1", SphereTerrain(), count, seed=0, altimetry=False)
        points = spoiled(scene)
        started, used = time.perf_counter(), time.process_time()
        recover_trajectory(points, scene.sensor)
        seconds, used = time.perf_counter() - started, time.process_time() - used
        memory = peak_memory_gb()
        each[count] = 1000.0 * used / count
        table.rows.append([f"{count:,}", seconds, used, each[count], memory])
        if count == SECONDS_LINES:
            table.checks.append(Check(f"{count:,} lines, s by the clock", seconds, SECONDS))
    if SECONDS_LINES in each and lines[-1] > SECONDS_LINES:
        what = f"time a line of {lines[-1]:,} lines over {SECONDS_LINES:,}'s"
        table.checks.append(Check(what, each[lines[-1]] / each[SECONDS_LINES], LINEAR))
    if memory is not None:
        table.checks.append(Check(f"{lines[-1]:,} lines, peak memory, GB", memory, MEMORY_GB))
    table.notes.append(
        "Altitude errors of 100 m that neighbours share, lateral noise of 5 m; error bars included. Seconds of a core "
        "leave out what other programs take."
    )
    return table


def peak_memory_gb() -> float | None:
    """Most memory this process has held; None where the system does not tell."""
    try:
        import resource
    except ImportError:
        return None
    unit = 1.0 if sys.platform == "darwin" else 1024.0
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9)
