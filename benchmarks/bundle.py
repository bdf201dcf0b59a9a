"""Bundle adjustment: what ties and raw shots add to ground control, judged at shots that nobody has seen.

Scanline ends with 5 m of lateral noise and altitudes interpolated from four in five shots; ties between the views with
matching noise, one a cell and a patch about every shot; the trajectory by GCPs alone, with ties, with ties and the raw
shots. Withheld shots are looked up in the views by the true cameras and intersected by the recovered ones: from exact
places (what the orientation contributes), from places with matching noise, and from the mean of a window of those.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..core.altimetry.certainty import CertaintyModel
from ..core.altimetry.filtering import filter_shots
from ..core.altimetry.interpolation import Interpolator
from ..core.altimetry.readers import Shots
from ..core.bodies import body_of_radius
from ..core.camera.linescan import LineScan
from ..core.camera.rotations import rotation_angle_between
from ..core.frames import unit_vectors
from ..core.progress import Progress, silent, tell
from ..core.resection.altitudes import fill_altitudes
from ..core.resection.model import ControlPoints, Orientation, Resection, TiePoints
from ..core.resection.recover import recover
from ..core.simulation.correspondences import tie_points
from ..core.simulation.scene import Scene, simulate, with_lateral_noise
from ..core.simulation.terrain import RoughTerrain
from ..core.terrain.intersection import intersect_matches
from .table import Check, Table, Tables

Array = NDArray[np.float64]

SEEDS = 1
LATERAL_M = 5.0
WITHHELD = 5  # one in so many shots
START = 0.3  # rad: latitude at which the arcs begin
WINDOW = 25  # matches of a cell
HALF = 0.5  # of what GCPs alone leave of the heights, with ties and shots
PATCH = np.array([-3.0, -1.0, 1.0, 3.0])


@dataclass(frozen=True)
class Case:
    """A flight: control every ``step`` lines, ties ``apart`` (lines, samples), matching noise in pixels."""

    preset: str
    lines: int
    step: int
    apart: tuple[float, float]
    noise_px: float


CASES = {
    "CE-1, 0.2 px": Case("ce1", 1500, 5, (8.0, 32.0), 0.2),
    "CE-1, 0.05 px": Case("ce1", 1500, 5, (8.0, 32.0), 0.05),
    "CE-2, 0.2 px": Case("ce2_paper", 6000, 12, (16.0, 384.0), 0.2),
}
HEADER = (
    *("", "position, m", "attitude, rad", "error over sigma", "height at withheld shots, exact places, m"),
    *("with matching noise, m", f"mean of {WINDOW}, m"),
)


@dataclass(frozen=True)
class Flight:
    """A scene, its spoiled control, and its shots: those used and those withheld."""

    case: Case
    scene: Scene
    control: ControlPoints
    used: Shots
    withheld: Shots
    cameras: list[LineScan]

    @classmethod
    def of(cls, case: Case, seed: int) -> Flight:
        """Simulate one over rough ground."""
        scene = simulate(case.preset, RoughTerrain(seed), case.lines, seed=seed, start_latitude=START)
        body = body_of_radius(scene.terrain.radius_m)
        every = Shots(scene.shots.lon, scene.shots.lat, scene.shots.altitude, body, body.datum)
        good = every.kept(filter_shots(every).keep)
        mine = np.arange(len(good)) % WITHHELD > 0
        used, withheld = good.kept(mine), good.kept(~mine)
        control = with_lateral_noise(scene.control, scene.terrain.radius_m, LATERAL_M, seed)
        control = control[control.line % case.step == 0]
        bare = replace(control, altitude=np.full(len(control), np.nan))
        known = fill_altitudes(bare, CertaintyModel(Interpolator(used))).points
        cameras = [LineScan(scene.sensor, view, scene.truth) for view in range(len(scene.sensor.views))]
        return cls(case, scene, known, used, withheld, cameras)

    def ties(self, seed: int) -> TiePoints:
        """Ties on an even grid of the view in between and in patches about the shots it sees."""
        return spread_ties(self.scene, self.cameras, self.used, self.case.apart, self.case.noise_px, seed)

    @property
    def middle(self) -> LineScan:
        """The view whose grid matches are given on."""
        return self.cameras[len(self.cameras) // 2]

    def heights(self, found: Resection, seed: int) -> tuple[Array, Array, Array]:
        """Height errors (N,) at withheld shots: exact places, places with noise, mean of a window of those."""
        views = range(len(self.cameras))
        ours = [LineScan(self.scene.sensor, view, found.orientation, found.joint) for view in views]
        places = places_of(self.withheld)
        seen = np.array([camera.project(places) for camera in self.cameras])
        line, sample = seen[:, 0], seen[:, 1]
        edge = np.array([1.0, -1.0]) * 2.0 + found.orientation.line[[0, -1]]
        inside = (sample > 1) & (sample < self.scene.sensor.samples - 2) & (line > edge[0]) & (line < edge[1])
        line = np.where(inside, line, np.nan)
        both = np.isfinite(line).all(axis=0)
        line, sample = line[:, both], sample[:, both]
        radius = np.linalg.norm(places[both], axis=1)
        generator = np.random.default_rng([seed, 4])

        def error(noise_px: float) -> Array:
            off = noise_px * generator.normal(size=(2, *line.shape))
            off[:, len(ours) // 2] = 0.0
            found_there = intersect_matches(ours, line + off[0], sample + off[1], 0.1)
            return np.asarray(np.linalg.norm(found_there.points, axis=1) - radius)

        noisy = np.array([error(self.case.noise_px) for _ in range(WINDOW)])
        return error(0.0), noisy[0], noisy.mean(axis=0)


def spread_ties(
    scene: Scene, cameras: Sequence[LineScan], shots: Shots, apart: tuple[float, float], noise_px: float, seed: int
) -> TiePoints:
    """Ties with ``noise_px``: a grid of the middle view, ``apart`` lines and samples, patches about ``shots``."""
    middle, samples, end = len(cameras) // 2, scene.sensor.samples, float(scene.truth.line[-1])
    grid = np.meshgrid(np.arange(0.0, end + 1.0, apart[0]), np.arange(4.0, samples, apart[1]), indexing="ij")
    line, sample = cameras[middle].project(places_of(shots))
    inside = np.isfinite(line) & (sample > 4) & (sample < samples - 4)
    down, right = (offset.ravel() for offset in np.meshgrid(PATCH, PATCH, indexing="ij"))
    rows = (np.rint(line[inside])[:, None] + down).ravel()
    columns = (np.rint(sample[inside])[:, None] + right).ravel()
    line, sample = np.append(grid[0], rows), np.append(grid[1], columns)
    kept = (line >= 0) & (line <= end)
    return tie_points(scene, middle, line[kept], sample[kept], noise_px, seed)


def places_of(shots: Shots) -> Array:
    return (shots.body.radius_m + shots.altitude)[:, None] * unit_vectors(shots.lon, shots.lat)


def pose_errors(found: Orientation, truth: Orientation) -> tuple[float, float, float]:
    """RMS of position (m, a component) and attitude (rad), and RMS of the six errors over their sigmas."""
    row = np.searchsorted(truth.line, found.line)
    solved = np.isfinite(found.position).all(axis=1)
    off = (found.position - truth.position[row])[solved]
    turn = rotation_angle_between(truth.rotation()[row][solved], found.rotation()[solved])
    pull = np.nan
    if found.covariance is not None:
        angles = np.mod(found.angles - truth.angles[row] + np.pi, 2 * np.pi)[solved] - np.pi
        sigma = np.sqrt(np.diagonal(found.covariance, axis1=1, axis2=2))[solved]
        pull = float(np.sqrt(np.mean((np.hstack([off, angles]) / sigma) ** 2)))
    return float(np.sqrt(np.mean(off**2))), float(np.sqrt(np.mean(turn**2))), pull


def compared(name: str, case: Case, seed: int, progress: Progress = silent) -> Table:
    """One flight, adjusted with more and more."""
    flight = Flight.of(case, seed)
    ties = flight.ties(seed)
    table = Table(f"{name}, {case.lines} lines, seed {seed}: RMS errors", HEADER)
    ways: dict[str, dict[str, object]] = {
        "collinearity": {"method": "collinearity"},
        "trajectory, GCPs alone": {"method": "trajectory"},
        "GCPs and ties": {"method": "trajectory", "ties": ties},
        "GCPs, ties and raw shots": {"method": "trajectory", "ties": ties, "shots": flight.used},
    }
    for number, (way, options) in enumerate(ways.items()):
        tell(progress, number / len(ways), f"{name}: {way}")
        found = recover(flight.control, flight.scene.sensor, **options)  # type: ignore[arg-type]
        heights = [float(np.sqrt(np.nanmean(values**2))) for values in flight.heights(found, seed)]
        table.rows.append([way, *pose_errors(found.orientation, flight.scene.truth), *heights])
    alone, whole = table.rows[1], table.rows[3]
    table.rows.append(["ratio of the last to GCPs alone", *(a / b for a, b in zip(whole[1:], alone[1:]))])
    table.checks.append(Check(f"{name}, seed {seed}: heights from exact places", table.rows[-1][4], HALF))
    table.notes.append(f"{len(ties)} ties, {len(flight.used)} shots used, {len(flight.withheld)} withheld.")
    return table


def run(data: str | None = None, folder: str | None = None, progress: Progress = silent, seeds: int = SEEDS) -> Tables:
    """Every case for ``seeds`` flights."""
    cases = [(name, case, seed) for name, case in CASES.items() for seed in range(seeds)]
    tables = []
    for number, (name, case, seed) in enumerate(cases):
        tell(progress, number / len(cases), name)
        tables.append(compared(name, case, seed))
    return Tables(tables)
