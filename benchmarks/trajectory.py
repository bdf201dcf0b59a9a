"""The trajectory where it matters: real-like control over rough ground from equator to pole, and two-line sensors.

Simulated CE-1 (two-line: CE-2). Altitudes come from altimeter tracks 7 km apart at the equator, 0.3 % of the shots
wild, filtered and interpolated at the control's own, wrong places. Collinearity gets the same control; its unconverged
instants are counted and left out. Means over instants and seeds; no weight knows the true error.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..core.altimetry.certainty import CertaintyModel
from ..core.altimetry.filtering import filter_shots
from ..core.altimetry.interpolation import Interpolator
from ..core.altimetry.readers import Shots
from ..core.bodies import body_of_radius
from ..core.camera.rays import intersect_sphere, to_world
from ..core.camera.rotations import rotation_angle_between
from ..core.frames import lonlat_radius
from ..core.progress import Progress, part, silent, tell
from ..core.resection.altitudes import fill_altitudes
from ..core.resection.collinearity import recover_collinearity
from ..core.resection.model import ControlPoints, Flag, Orientation, Resection
from ..core.resection.trajectory import recover_trajectory
from ..core.simulation.scene import Scene, simulate, with_altitude_noise, with_lateral_bias, with_lateral_noise
from ..core.simulation.terrain import PaperTerrain, RoughTerrain
from .table import Table, Tables

Array = NDArray[np.float64]

SEEDS = range(10)
ARC_LINES, STEP = 22_700, 4  # from the equator to the pole; every fourth line is solved
BANDS = np.arange(0.0, 90.0, 10.0)
# lateral noise and slow lateral bias, metres
CASES = {"lateral noise 5 m": (5.0, 0.0), "lateral noise 50 m": (50.0, 0.0), "5 m, slow bias of 300 m": (5.0, 300.0)}
QUANTITIES = ("position, m", "attitude, rad", "ground, m")
EOPS = ("X", "Y", "Z", "θ", "φ", "ρ")
PAPER_FOUR_GCPS = (4.13e-5, 18.70)


@dataclass(frozen=True)
class Errors:
    """Errors of L instants: ``values`` (L, 3) as `QUANTITIES`, ``pulls`` (L, 6) errors over sigmas; latitudes (L,).

    Instants without a solution are NaN.
    """

    latitude: Array
    values: Array
    pulls: Array

    def __add__(self, other: Errors) -> Errors:
        pairs = zip((self.latitude, self.values, self.pulls), (other.latitude, other.values, other.pulls))
        return Errors(*(np.concatenate(pair) for pair in pairs))


def hard_scene(seed: int) -> Scene:
    """CE-1 over rough ground from the equator to the pole."""
    return simulate("ce1", RoughTerrain(seed), ARC_LINES, seed=seed, line_step=STEP)


def altimetry(scene: Scene) -> CertaintyModel:
    """The scene's altimetry, filtered and ready to be interpolated."""
    body = body_of_radius(scene.terrain.radius_m)
    shots = Shots(scene.shots.lon, scene.shots.lat, scene.shots.altitude, body, body.datum)
    return CertaintyModel(Interpolator(shots.kept(filter_shots(shots).keep)))


def real_like(scene: Scene, known: CertaintyModel, lateral_m: float, bias_m: float, seed: int) -> ControlPoints:
    """Scanline ends with wrong places, and the altitudes that the altimetry has there."""
    radius = scene.terrain.radius_m
    points = with_lateral_noise(scene.control, radius, lateral_m, seed)
    if bias_m:
        points = with_lateral_bias(points, radius, bias_m, seed)
    return fill_altitudes(replace(points, altitude=np.full(len(points), np.nan)), known).points


def errors_of(found: Resection, scene: Scene) -> Errors:
    """Errors of a resection of all of the scene's lines."""
    own, truth = found.orientation, scene.truth
    solved = np.isfinite(own.position).all(axis=1) & ((own.flag & (Flag.FAILED | Flag.UNCONVERGED)) == 0)
    off = own.position - truth.position
    turn = np.mod(own.angles - truth.angles + np.pi, 2 * np.pi) - np.pi
    values = np.full((len(truth), 3), np.nan)
    values[:, 0] = np.linalg.norm(off, axis=1)
    values[solved, 1] = rotation_angle_between(truth.rotation()[solved], own.rotation()[solved])
    apart = _ground(own, scene) - _ground(truth, scene)
    values[:, 2] = np.sqrt(np.mean(np.sum(apart**2, axis=-1), axis=(1, 2)))
    values[~solved] = np.nan
    pulls = np.full((len(truth), 6), np.nan)
    if own.covariance is not None:
        sigma = np.sqrt(np.diagonal(own.covariance, axis1=1, axis2=2))
        pulls[solved] = (np.concatenate([off, turn], axis=1) / sigma)[solved]
    return Errors(np.degrees(lonlat_radius(truth.position)[1]), values, pulls)


def _ground(orientation: Orientation, scene: Scene) -> Array:
    """Where first, middle and last detector of each view meet the sphere, (L, V, 3, 3) metres."""
    views, samples = np.arange(len(scene.sensor.views))[:, None], np.array([0.0, 0.5, 1.0]) * (scene.sensor.samples - 1)
    rays = to_world(np.nan_to_num(orientation.rotation())[:, None, None], scene.sensor.rays(views, samples))
    return intersect_sphere(orientation.position[:, None, None], rays, scene.terrain.radius_m)


def hard_cases(seeds: Sequence[int] = SEEDS, progress: Progress = silent) -> list[Table]:
    """Collinearity and trajectory by 10° band for each of `CASES`, and the trajectory's errors over their sigmas."""
    ours: dict[str, list[Errors]] = {name: [] for name in CASES}
    theirs: dict[str, list[Errors]] = {name: [] for name in CASES}
    for index, seed in enumerate(seeds):
        scene = hard_scene(seed)
        known = altimetry(scene)
        for number, (name, (lateral_m, bias_m)) in enumerate(CASES.items()):
            tell(progress, (index + number / len(CASES)) / len(seeds), f"Hard case, {name}: seed {seed}")
            points = real_like(scene, known, lateral_m, bias_m, seed)
            theirs[name].append(errors_of(recover_collinearity(points, scene.sensor), scene))
            ours[name].append(errors_of(recover_trajectory(points, scene.sensor, bias=bias_m > 0), scene))
    tables = []
    for name in CASES:
        tables += [_band_table(name, theirs[name], ours[name]), _pull_table(name, ours[name])]
    return tables


def _band_table(name: str, theirs: Sequence[Errors], ours: Sequence[Errors]) -> Table:
    """Mean errors of both by band, and their ratio."""
    total = {"collinearity": sum(theirs[1:], theirs[0]), "trajectory": sum(ours[1:], ours[0])}
    columns = [f"{low:.0f}-{low + 10:.0f}°" for low in BANDS]
    table = Table(f"Hard case, {name}: mean errors by latitude", ["", *columns, "whole arc", "RMS"])
    for k, quantity in enumerate(QUANTITIES):
        means = {method: _banded(errors.latitude, errors.values[:, k]) for method, errors in total.items()}
        for method, errors in total.items():
            rms = float(np.sqrt(np.nanmean(errors.values[:, k] ** 2)))
            table.rows.append([f"{method}, {quantity}", *means[method], rms])
        ratio = [own / other for own, other in zip(means["trajectory"], means["collinearity"])]
        table.rows.append([f"ratio, {quantity.split(',')[0]}", *ratio, None])
    left_out = ", ".join(f"{method} {np.isnan(errors.values[:, 0]).sum()}" for method, errors in total.items())
    table.notes.append(f"{len(total['trajectory'].latitude)} instants; unsolved and left out: {left_out}.")
    return table


def _banded(latitude: Array, values: Array) -> list[float]:
    """Means in each band and over all."""
    bands = [values[(latitude >= low) & (latitude < low + 10)] for low in BANDS]
    return [float(np.nanmean(band)) for band in (*bands, values)]


def _pull_table(name: str, runs: Sequence[Errors]) -> Table:
    """RMS of error over sigma by parameter: all seeds together, and the extreme seeds."""
    each = np.array([np.sqrt(np.nanmean(run.pulls**2, axis=0)) for run in runs])
    table = Table(f"Trajectory's errors over their sigmas, RMS: {name}", ["", *EOPS, "all"])
    total = np.sqrt(np.mean(each**2, axis=0))
    table.rows.append(["all seeds", *total.tolist(), float(np.sqrt(np.mean(total**2)))])
    for label, pick in (("best seed", np.min), ("worst seed", np.max)):
        table.rows.append([label, *pick(each, axis=0).tolist(), None])
    return table


def noise_case(noise_m: float, seeds: Sequence[int] = SEEDS) -> Table:
    """Errors over sigmas with independent altitude noise and lateral noise of 5 m over the paper's terrain."""
    runs = []
    for seed in seeds:
        scene = simulate("ce1", PaperTerrain(), 5000, seed=seed, start_latitude=0.2, altimetry=False)
        points = with_lateral_noise(
            with_altitude_noise(scene.control, noise_m, seed), scene.terrain.radius_m, 5.0, seed
        )
        runs.append(errors_of(recover_trajectory(points, scene.sensor), scene))
    return _pull_table(f"altitude noise {noise_m:g} m, lateral noise 5 m", runs)


def two_line(seeds: Sequence[int] = SEEDS, progress: Progress = silent) -> Table:
    """Two-line sensors with exact control."""
    table = Table(
        "Two-line sensor, 4 exact GCPs an instant", ["", "mean rad", "mean m", "RMS rad", "RMS m", "unsolved"]
    )
    table.rows.append(["paper: ours-1", *PAPER_FOUR_GCPS, None, None, None])
    for index, preset in enumerate(("ce2", "ce2_paper")):
        runs = []
        for seed in seeds:
            tell(progress, (index + seed / len(SEEDS)) / 2, f"Two-line sensor: {preset}, seed {seed}")
            scene = simulate(preset, PaperTerrain(), 5000, seed=seed, start_latitude=0.2, altimetry=False)
            runs.append(errors_of(recover_trajectory(scene.control, scene.sensor, sigma_lateral=0.0), scene))
        values = sum(runs[1:], runs[0]).values[:, 1::-1]
        mean, rms = np.nanmean(values, axis=0), np.sqrt(np.nanmean(values**2, axis=0))
        table.rows.append([f"trajectory, {preset}", *mean.tolist(), *rms.tolist(), int(np.isnan(values[:, 0]).sum())])
    return table


def speed(lines: Sequence[int] = (1000, 2000, 5000, 20_000), progress: Progress = silent) -> Table:
    """Seconds of the trajectory, altitudes from altimetry."""
    table = Table("Seconds of the trajectory, altitudes from altimetry", ["", *(f"{count:,} lines" for count in lines)])
    seconds = []
    for index, count in enumerate(lines):
        tell(progress, index / len(lines), f"Speed: {count} lines")
        scene = simulate("ce1", RoughTerrain(0), count, seed=0)
        points = real_like(scene, altimetry(scene), 5.0, 0.0, 0)
        started = time.perf_counter()
        recover_trajectory(points, scene.sensor)
        seconds.append(time.perf_counter() - started)
    table.rows.append(["trajectory", *seconds])
    return table


def run(data: str | None = None, folder: str | None = None, progress: Progress = silent) -> Tables:
    """All of it."""
    tables = [two_line(progress=part(progress, 0.0, 0.1)), noise_case(100.0)]
    tables += hard_cases(progress=part(progress, 0.15, 0.95))
    return Tables([*tables, speed(progress=part(progress, 0.95, 1.0))])
