"""Equator to pole, the paper's Figures 8 and 9: orientation and altitude errors by band of latitude.

Rough terrain; the altitudes of the scanline ends are interpolated from altimeter tracks 7 km apart at the equator that
close towards the pole, 0.3 % of the shots wild and filtered. Longitude and latitude are exact, as the paper takes them,
or have lateral noise, as real ones do. All methods get the same control; instants that a method leaves unsolved are
counted and left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.camera.rays import to_world
from ..core.camera.rotations import log_so3
from ..core.frames import lonlat_radius
from ..core.progress import Progress, part, silent, tell
from ..core.report import new_figure
from ..core.resection.altitudes import fill_altitudes
from ..core.resection.model import ControlPoints, Flag, Orientation, Resection
from ..core.resection.recover import recover
from ..core.simulation.scene import Scene, simulate, with_lateral_noise
from ..core.simulation.terrain import RoughTerrain
from ..core.terrain.intersection import intersect_rays
from .hard_case import altimetry, points_seen
from .table import Check, Table

Array = NDArray[np.float64]

LATERAL_M = (0.0, 5.0)  # noise of longitude and latitude on the ground, one component
PRESETS = {"ce1": "CE-1", "ce2_paper": "CE-2"}
INSTANTS = 5700  # solved along the arc, of its many more lines
POINTS = 4000  # intersected along it
EDGES = np.arange(0.0, 91.0, 10.0)
METHODS: dict[str, Callable[..., Resection]] = {
    "collinearity": partial(recover, method="collinearity"),
    "two-phase, ours-1": partial(recover, method="two_phase", use_certainty=False),
    "two-phase, ours-2": partial(recover, method="two_phase", use_certainty=True),
    "trajectory": partial(recover, method="trajectory"),
}
COLOURS = dict(zip(METHODS, ("#222222", "#1f5f8b", "#d98e04", "#b3372c")))
DASHES = {"two-phase, ours-2": "--"}  # over ours-1, from which it hardly differs


@dataclass(frozen=True)
class Arc:
    """Errors along one arc by method: at instants (latitude in degrees, position in m, attitude in rad), and of the
    altitudes of intersected points (latitude, m)."""

    instants: dict[str, tuple[Array, Array, Array]]
    points: dict[str, tuple[Array, Array]]
    left_out: dict[str, int]


def fly(scene: Scene, known: ControlPoints, lateral_m: float, seed: int = 0, progress: Progress = silent) -> Arc:
    """One arc from the equator to the north pole, solved by every method from its control with lateral noise."""
    control = with_lateral_noise(known, scene.terrain.radius_m, lateral_m, seed) if lateral_m else known
    line, sample, truth = points_seen(scene, POINTS)
    instants, points, left_out = {}, {}, {}
    for number, (name, method) in enumerate(METHODS.items()):
        tell(progress, number / len(METHODS), f"{scene.sensor.name}: {name}")
        found = method(control, scene.sensor, sigma_lateral=lateral_m).orientation
        off, turn = _errors(found, scene.truth)
        good = np.isfinite(off[:, 0])
        if name != "trajectory":  # which is one solution for all instants
            good &= (found.flag & (Flag.FAILED | Flag.UNCONVERGED)) == 0
        latitude = np.degrees(lonlat_radius(scene.truth.position)[1])
        instants[name] = latitude[good], np.linalg.norm(off[good], axis=1), np.linalg.norm(turn[good], axis=1)
        left_out[name] = int((~good).sum())
        points[name] = _altitude_errors(scene, line, sample, truth, np.where(good[:, None], off, np.nan), turn)
    return Arc(instants, points, left_out)


def controlled(preset: str, seed: int = 0) -> tuple[Scene, ControlPoints]:
    """A scene from the equator to the pole and its control: exact places, altitudes as the altimeter's tracks give."""
    terrain = RoughTerrain(seed)
    probe = simulate(preset, terrain, 2, altimetry=False)
    lines = int(0.5 * np.pi / probe.line_angle)
    scene = simulate(preset, terrain, lines, seed=seed, line_step=max(1, lines // INSTANTS))
    bare = replace(scene.control, altitude=np.full(len(scene.control), np.nan))
    return scene, fill_altitudes(bare, altimetry(scene)).points


def _errors(found: Orientation, truth: Orientation) -> tuple[Array, Array]:
    """Position errors (L, 3) m and small camera-frame rotations (L, 3) rad from truth to found, NaN where unsolved."""
    row = np.searchsorted(found.line, truth.line)
    row = np.minimum(row, len(found) - 1)
    same = found.line[row] == truth.line
    off = np.where(same[:, None], found.position[row] - truth.position, np.nan)
    relative = np.swapaxes(truth.rotation(), -1, -2) @ np.nan_to_num(found.rotation()[row])
    known = np.isfinite(off[:, 0])
    turn = np.full(off.shape, np.nan)
    turn[known] = log_so3(relative[known])
    return off, turn


def _altitude_errors(
    scene: Scene, line: Array, sample: Array, truth: Array, off: Array, turn: Array
) -> tuple[Array, Array]:
    """Latitudes (degrees) and altitude errors (m) of points whose rays the nearest instants' errors move."""
    nearest = np.abs(scene.truth.line[1] - scene.truth.line[0])
    rays = []
    for view in range(len(line)):
        instant = np.clip(np.rint((line[view] - scene.truth.line[0]) / nearest), 0, len(scene.truth) - 1).astype(int)
        position, rotation = scene.truth.at(line[view])
        camera_ray = scene.sensor.rays(view, sample[view])
        turned = camera_ray + np.cross(turn[instant], camera_ray)
        rays.append((position + off[instant], to_world(rotation, turned)))
    found = intersect_rays(*(np.stack(part) for part in zip(*rays)))
    error = np.linalg.norm(found.points, axis=1) - np.linalg.norm(truth, axis=1)
    both = found.rays == len(line)
    return np.degrees(lonlat_radius(truth)[1])[both], np.abs(error[both])


def banded(latitude: Array, error: Array) -> Array:
    """Mean error in each 10 degree band, from the equator on; NaN in an empty one."""
    band = np.clip(np.digitize(np.abs(latitude), EDGES) - 1, 0, len(EDGES) - 2)
    count, total = (np.bincount(band, weight, len(EDGES) - 1) for weight in (None, error))
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def run(progress: Progress = silent) -> dict[str, Arc]:
    """Every arc, by its name."""
    flights = {preset: controlled(preset) for preset in PRESETS}
    cases = [(preset, lateral) for lateral in LATERAL_M for preset in PRESETS]
    arcs = {}
    for number, (preset, lateral) in enumerate(cases):
        name = f"{PRESETS[preset]}, " + (f"lateral noise {lateral:g} m" if lateral else "exact longitude, latitude")
        own = part(progress, number / len(cases), (number + 1) / len(cases))
        arcs[name] = fly(*flights[preset], lateral, progress=own)
    return arcs


def table_of(name: str, arc: Arc) -> Table:
    """Mean errors by band, a row for each method and quantity."""
    header = ["", *(f"{low:.0f}-{low + 10:.0f} deg" for low in EDGES[:-1])]
    table = Table(f"Figures 8 and 9: mean errors by latitude; {name}", header)
    for unit, index in (("m", 1), ("rad", 2)):
        for method, values in arc.instants.items():
            table.rows.append([f"{method}, {unit}", *banded(values[0], values[index]).tolist()])
    for method, (latitude, error) in arc.points.items():
        table.rows.append([f"{method}, altitude m", *banded(latitude, error).tolist()])
    means = {str(row[0]): np.array(row[1:]) for row in table.rows}
    for quantity in ("m", "rad", "altitude m"):
        worst = float(np.nanmax(means[f"trajectory, {quantity}"] / means[f"collinearity, {quantity}"]))
        table.checks.append(Check(f"trajectory over collinearity, {quantity}, worst band", worst, 1.0))
    said = ", ".join(f"{method} {count}" for method, count in arc.left_out.items() if count)
    if said:
        table.notes.append(f"Instants left out: {said}.")
    return table


def figure_8(arcs: dict[str, Arc]) -> Any:
    """Position and attitude errors by latitude, from the pole (left) to the equator, as the paper draws them."""
    fig, axes = new_figure(len(arcs), 2, (10.0, 3.8 * len(arcs)), squeeze=False)
    for row, (title, arc) in zip(axes, arcs.items()):
        for axis, index, label in zip(row, (1, 2), ("position error [m]", "attitude error [rad]")):
            for name, values in arc.instants.items():
                _draw(axis, name, values[0], values[index])
            axis.set(xlabel="latitude [deg]", ylabel=label, yscale="log", xlim=(90, 0))
            axis.set_title(title, fontsize=10)
    axes[0, 0].legend(fontsize=8, frameon=False, ncol=2)
    return fig


def figure_9(arcs: dict[str, Arc]) -> Any:
    """Altitude errors of intersected points by latitude."""
    fig, axes = new_figure(-(-len(arcs) // 2), 2, (10.0, 3.8 * -(-len(arcs) // 2)), squeeze=False)
    for axis, (title, arc) in zip(axes.flat, arcs.items()):
        for name, (latitude, error) in arc.points.items():
            _draw(axis, name, latitude, error)
        axis.set(xlabel="latitude [deg]", ylabel="altitude error [m]", yscale="log", xlim=(90, 0))
        axis.set_title(title, fontsize=10)
    axes[0, 0].legend(fontsize=8, frameon=False, ncol=2)
    return fig


def _draw(axis: Any, name: str, latitude: Array, error: Array) -> None:
    """A running mean over two degrees."""
    edges = np.arange(0.0, 91.0, 2.0)
    band = np.digitize(np.abs(latitude), edges) - 1
    inside = (band >= 0) & (band < len(edges) - 1)
    count, total = (np.bincount(band[inside], weight, len(edges) - 1) for weight in (None, error[inside]))
    shown = count > 0
    axis.margins(y=0.25)  # room for the legend
    axis.plot(
        (edges[:-1] + 1.0)[shown],
        (total / np.maximum(count, 1))[shown],
        DASHES.get(name, "-"),
        color=COLOURS[name],
        label=name,
    )
