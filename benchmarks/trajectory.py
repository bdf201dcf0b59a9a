"""``planetary-dtm bench trajectory``: accuracy, error bars and speed of the trajectory beside per-line resection.

Table 3 of the paper; two-line sensors; the hard case (`hard_case`); seconds and memory. Simulated CE-1 (two-line:
CE-2). Means over instants and seeds; no weight knows the true error.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..core.progress import Progress, part, silent, tell
from ..core.resection.trajectory import recover_trajectory
from ..core.simulation.scene import simulate, with_altitude_noise, with_lateral_noise
from ..core.simulation.terrain import PaperTerrain
from .hard_case import errors_of, hard_cases, pull_table
from .resection import table_3, table_5
from .table import Check, Table, Tables
from .trajectory_speed import speed

SEEDS = 2  # scenes of each kind unless told; the error bars' ratios want ten
PAPER_FOUR_GCPS = (4.13e-5, 18.70)
TWO_LINE_RAD, TWO_LINE_M = 1e-6, 0.1  # with exact control


def noise_case(noise_m: float, seeds: Sequence[int]) -> Table:
    """Errors over sigmas with independent altitude noise and lateral noise of 5 m over the paper's terrain."""
    runs = []
    for seed in seeds:
        scene = simulate("ce1", PaperTerrain(), 5000, seed=seed, start_latitude=0.2, altimetry=False)
        points = with_lateral_noise(
            with_altitude_noise(scene.control, noise_m, seed), scene.terrain.radius_m, 5.0, seed
        )
        runs.append(errors_of(recover_trajectory(points, scene.sensor), scene))
    return pull_table({f"altitude noise {noise_m:g} m, lateral noise 5 m": runs})


def two_line(seeds: Sequence[int], progress: Progress = silent) -> Table:
    """Two-line sensors with exact control."""
    table = Table(
        "Two-line sensor, 4 exact GCPs an instant", ["", "mean rad", "mean m", "RMS rad", "RMS m", "unsolved"]
    )
    table.rows.append(["paper: ours-1", *PAPER_FOUR_GCPS, None, None, None])
    for index, preset in enumerate(("ce2", "ce2_paper")):
        runs = []
        for number, seed in enumerate(seeds):
            tell(progress, (index + number / len(seeds)) / 2, f"Two-line sensor: {preset}, seed {seed}")
            scene = simulate(preset, PaperTerrain(), 5000, seed=seed, start_latitude=0.2, altimetry=False)
            runs.append(errors_of(recover_trajectory(scene.control, scene.sensor, sigma_lateral=0.0), scene))
        values = sum(runs[1:], runs[0]).values[:, 1::-1]
        mean, rms = np.nanmean(values, axis=0), np.sqrt(np.nanmean(values**2, axis=0))
        table.rows.append([f"trajectory, {preset}", *mean.tolist(), *rms.tolist(), int(np.isnan(values[:, 0]).sum())])
        table.checks.append(Check(f"{preset}, mean position error, m", float(mean[1]), TWO_LINE_M))
        table.checks.append(Check(f"{preset}, mean attitude error, rad", float(mean[0]), TWO_LINE_RAD))
    table.notes.append(f"{len(seeds)} flights each.")
    return table


def run(data: str | None = None, folder: str | None = None, progress: Progress = silent, seeds: int = SEEDS) -> Tables:
    """All of it, over ``seeds`` scenes of each kind."""
    chosen = range(seeds)
    fast = [speed(progress=part(progress, 0.0, 0.2)), table_5(part(progress, 0.2, 0.25))]  # memory is the peak so far
    tables = [
        table_3(("two_phase", "trajectory"), part(progress, 0.25, 0.35), chosen),
        two_line(chosen, part(progress, 0.35, 0.4)),
        noise_case(100.0, chosen),
        *hard_cases(chosen, part(progress, 0.45, 1.0)),
    ]
    return Tables([*tables, *fast])
