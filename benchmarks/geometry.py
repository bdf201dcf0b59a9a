"""The paper's Table 4: what errors of the orientation do to the altitude of a point, its places in the images known.

Every instant gets Gaussian errors of its own, in attitude or in position; the rays of 3 views (CE-1) or 2 (CE-2) are
intersected with equal weights. The paper does not say whether its levels are those of one component or of the whole
error, so both are shown; errors are means of |altitude error| over points and seeds.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..core.camera.linescan import LineScan
from ..core.camera.rays import to_world
from ..core.camera.rotations import exp_so3
from ..core.progress import Progress, silent, tell
from ..core.simulation.scene import Scene, simulate
from ..core.simulation.terrain import PaperTerrain
from ..core.terrain.intersection import intersect_rays
from .table import Table

Array = NDArray[np.float64]

SEEDS = range(10)
POINTS = 2000
ATTITUDE = (1e-5, 1e-4, 1e-3)
POSITION = (10.0, 100.0, 1000.0)
# lines of the scene, and the view whose pixels are matched: what all views of a preset see lies in the middle of it
PRESETS = {"ce1": (2400, 1), "ce2_paper": (7000, 1)}
PAPER_TABLE_4 = {
    "ce1": (13.72, 67.26, 472.80, 1.82, 119.22, 904.31),
    "ce2_paper": (12.20, 51.74, 341.26, 1.53, 81.22, 638.41),
}
NAMES = {"ce1": "CE-1", "ce2_paper": "CE-2"}


def table_4(progress: Progress = silent) -> Table:
    """Altitude error (m) by orientation error."""
    columns = [*(f"{level:g} rad" for level in ATTITUDE), *(f"{level:g} m" for level in POSITION)]
    table = Table(
        "Table 4: error of the reconstructed altitude (m), by error of every instant's orientation", ["", *columns]
    )
    for number, preset in enumerate(PRESETS):
        tell(progress, number / len(PRESETS), f"Table 4: {NAMES[preset]}")
        whole, component = (altitude_errors(preset, one_component) for one_component in (False, True))
        table.rows.append([f"paper: {NAMES[preset]}", *PAPER_TABLE_4[preset]])
        table.rows.append([f"{NAMES[preset]}, level of the whole error", *np.abs(whole).mean(axis=1).tolist()])
        table.rows.append([f"{NAMES[preset]}, level of each component", *np.abs(component).mean(axis=1).tolist()])
        table.rows.append([f"{NAMES[preset]}, each component, RMS", *np.sqrt(np.mean(component**2, axis=1)).tolist()])
    table.notes += [
        "This is geometry, and linear: ten times the error of the orientation gives ten times that of the altitude, "
        "and CE-2's smaller base carries errors of the position further. The paper's rows show neither."
    ]
    return table


def altitude_errors(preset: str, one_component: bool) -> Array:
    """Altitude errors (levels, points) in metres, attitude levels first."""
    lines, view = PRESETS[preset]
    scene = simulate(preset, PaperTerrain(), lines, seed=0, start_latitude=0.2, altimetry=False, line_step=5)
    line, sample, truth = _matches(scene, view)
    share = 1.0 if one_component else 1.0 / np.sqrt(3.0)
    errors = []
    for level, attitude in [*((value, True) for value in ATTITUDE), *((value, False) for value in POSITION)]:
        found = [_altitudes(scene, line, sample, level * share, attitude, seed) - truth for seed in SEEDS]
        errors.append(np.concatenate(found))
    return np.stack(errors)


def _matches(scene: Scene, view: int) -> tuple[Array, Array, Array]:
    """Lines and samples (views, points) of ground points that all views see, and their altitudes."""
    cameras = [LineScan(scene.sensor, index, scene.truth) for index in range(len(scene.sensor.views))]
    generator = np.random.default_rng(0)
    last = scene.truth.line[-1]
    line = generator.integers(0.35 * last, 0.65 * last, POINTS).astype(float)
    points = scene.ground(line, view, generator.uniform(0, scene.sensor.samples - 1, POINTS))
    places = np.array([camera.project(points) for camera in cameras])
    seen = np.isfinite(places).all(axis=(0, 1))
    altitude = np.linalg.norm(points[seen], axis=1) - scene.terrain.radius_m
    return places[:, 0, seen], places[:, 1, seen], altitude


def _altitudes(scene: Scene, line: Array, sample: Array, sigma: float, attitude: bool, seed: int) -> Array:
    """Altitudes (points,) from orientations with errors of ``sigma``; all views of one instant share its error."""
    generator = np.random.default_rng([seed, 9])
    instant, index = np.unique(np.rint(line), return_inverse=True)
    error = sigma * generator.normal(size=(len(instant), 3))[index.reshape(line.shape)]
    rays = []
    for view in range(len(line)):
        position, rotation = scene.truth.at(line[view])
        if attitude:
            rotation = rotation @ exp_so3(error[view])
        else:
            position = position + error[view]
        rays.append((position, to_world(rotation, scene.sensor.rays(view, sample[view]))))
    found = intersect_rays(*(np.stack(part) for part in zip(*rays)))
    return found.altitude(scene.terrain.radius_m)
