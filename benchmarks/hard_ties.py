"""``planetary-dtm bench hard_ties``: the hard case of the orientation benchmark with ties and raw shots.

The same orbits from equator to pole and the same spoiled control as ``bench hard_case``; beside it ties between the
views as a matcher gives them, made from the truth with its noise, and the altimeter's shots as they are, the densest
of them near the pole thinned.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..core.altimetry.readers import Shots
from ..core.camera.linescan import LineScan
from ..core.progress import Progress, silent, tell
from ..core.resection.collinearity import recover_collinearity
from ..core.resection.model import TiePoints
from ..core.resection.recover import recover
from ..core.simulation.scene import Scene
from .bundle import places_of, spread_ties
from .hard_case import Errors, altimetry, band_table, errors_of, gains, hard_scene, pull_table, real_like
from .table import Table, Tables

SEEDS = 2
LATERAL_M, NOISE_PX = 5.0, 0.06  # the latter as measured of dense matching on rendered images
APART = 8.0, 32.0  # ties: lines, samples
RATIO = 0.1  # of collinearity's errors that are left with ties and shots
CELL = 16.0  # pixels: of the shots in so wide a square one is used


def hard_ties(seeds: Sequence[int], progress: Progress = silent) -> list[Table]:
    """Errors by 10° band of collinearity and of the trajectory with ties and raw shots, and their error bars."""
    theirs: list[Errors] = []
    alone: list[Errors] = []
    ours: list[Errors] = []
    notes = []
    for index, seed in enumerate(seeds):
        tell(progress, index / len(seeds), f"Hard case with ties: seed {seed}")
        scene = hard_scene(seed)
        known = altimetry(scene)
        points = real_like(scene, known, LATERAL_M, 0.0, seed)
        theirs.append(errors_of(recover_collinearity(points, scene.sensor), scene))
        alone.append(errors_of(recover(points, scene.sensor, "trajectory"), scene))
        tell(progress, (index + 0.4) / len(seeds), f"Hard case with ties: seed {seed}")
        ties, shots = seen_with(scene, known.surface.shots, seed)
        found = recover(points, scene.sensor, "trajectory", ties=ties, shots=shots)
        ours.append(errors_of(found, scene))
        notes.append(f"Seed {seed}: {len(ties)} ties, {len(shots)} shots.")
    tables = [
        band_table("lateral noise 5 m, GCPs alone", theirs, alone),
        band_table("lateral noise 5 m, GCPs, ties and raw shots", theirs, ours),
        pull_table({"GCPs alone": alone, "GCPs, ties and raw shots": ours}),
    ]
    tables[1].notes += notes
    tables[1].checks += gains(tables[1], RATIO, RATIO)
    return tables


def seen_with(scene: Scene, shots: Shots, seed: int) -> tuple[TiePoints, Shots]:
    """Ties of the whole orbit, in patches about the shots that the middle view sees, and these shots."""
    cameras = [LineScan(scene.sensor, view, scene.truth) for view in range(len(scene.sensor.views))]
    line, sample = cameras[len(cameras) // 2].project(places_of(shots))
    inside = np.flatnonzero(np.isfinite(line) & (sample > 4) & (sample < scene.sensor.samples - 4))
    cell = np.floor(np.stack([line, sample])[:, inside] / CELL)
    used = shots.kept(inside[np.unique(cell, axis=1, return_index=True)[1]])
    return spread_ties(scene, cameras, used, APART, NOISE_PX, seed), used


def run(data: str | None = None, folder: str | None = None, progress: Progress = silent, seeds: int = SEEDS) -> Tables:
    """The hard case over ``seeds`` orbits."""
    return Tables(hard_ties(range(seeds), progress))
