"""``planetary-dtm bench hard_case``: control as real data give it, over rough ground from the equator to the pole.

Simulated CE-1. Altitudes come from altimeter tracks 7 km apart at the equator, 0.3 % of the shots wild, filtered and
interpolated at the control's own, wrong places. Collinearity gets the same control; its unconverged instants are
counted and left out. Means over instants and orbits; no weight knows the true error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.altimetry.certainty import CertaintyModel
from ..core.altimetry.filtering import filter_shots
from ..core.altimetry.interpolation import Interpolator
from ..core.altimetry.readers import Shots
from ..core.bodies import body_of_radius
from ..core.camera.linescan import LineScan
from ..core.camera.rays import intersect_sphere, to_world
from ..core.camera.rotations import rotation_angle_between
from ..core.frames import lonlat_radius
from ..core.progress import Progress, silent, tell
from ..core.resection.altitudes import fill_altitudes
from ..core.resection.collinearity import recover_collinearity
from ..core.resection.model import ControlPoints, Flag, Orientation, Resection
from ..core.resection.trajectory import recover_trajectory
from ..core.simulation.scene import Scene, simulate, with_lateral_noise
from ..core.simulation.terrain import RoughTerrain
from ..core.terrain.intersection import intersect_matches
from .table import Check, Table, Tables

Array = NDArray[np.float64]

SEEDS = 10  # orbits unless told
ARC_LINES, STEP = 22_700, 4  # from the equator to the pole; every fourth line is solved
BANDS = np.arange(0.0, 90.0, 10.0)
# lateral noise and slow lateral bias, metres
CASES = {"lateral noise 5 m": (5.0, 0.0), "lateral noise 50 m": (50.0, 0.0), "5 m, slow bias of 300 m": (5.0, 300.0)}
QUANTITIES = ("position, m", "attitude, rad", "ground, m")
EOPS = ("X", "Y", "Z", "θ", "φ", "ρ")
POINTS = 2000  # intersected along an arc
BAND_RATIO, ARC_RATIO = 0.35, 0.2  # of collinearity's errors that the trajectory may have
TRUE_BARS = (0.8, 1.25)  # RMS of errors over sigmas


@dataclass(frozen=True)
class Errors:
    """Errors of L instants: ``values`` (L, 3) as `QUANTITIES`, ``pulls`` (L, 6) errors over sigmas; latitudes (L,).

    ``points`` (N, 2): altitude errors of intersected points, m, and these over their sigmas. Instants without a
    solution are NaN.
    """

    latitude: Array
    values: Array
    pulls: Array
    points: Array

    def __add__(self, other: Errors) -> Errors:
        names = self.__dataclass_fields__
        return Errors(*(np.concatenate([getattr(self, name), getattr(other, name)]) for name in names))


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
        points = with_flight_bias(points, scene, bias_m, seed)
    return fill_altitudes(replace(points, altitude=np.full(len(points), np.nan)), known).points


def with_flight_bias(points: ControlPoints, scene: Scene, bias_m: float, seed: int) -> ControlPoints:
    """A slow bias of ``bias_m`` along and across the flight, as errors of an orbit are, that turns once or less."""
    generator = np.random.default_rng([seed, 6])
    line = points.line - points.line.min()
    angle = 2 * np.pi * (generator.uniform() + generator.uniform(0.3, 1.0) * line / line.max())[:, None]
    normal = np.cross(scene.truth.position[0], scene.truth.position[-1])
    ahead = np.cross(normal, points.bearings)
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    aside = np.cross(points.bearings, ahead)
    off = bias_m / scene.terrain.radius_m * (np.cos(angle) * ahead + np.sin(angle) * aside)
    lon, lat, _ = lonlat_radius(points.bearings + off)
    return replace(points, lon=lon, lat=lat)


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
    points = _point_errors(found, scene) if own.covariance is not None and solved.any() else np.empty((0, 2))
    return Errors(np.degrees(lonlat_radius(truth.position)[1]), values, pulls, points)


def points_seen(scene: Scene, count: int) -> tuple[Array, Array, Array]:
    """Lines and samples (V, N) of at most ``count`` points that all views see, and their places (N, 3)."""
    generator = np.random.default_rng(0)
    cameras = [LineScan(scene.sensor, view, scene.truth) for view in range(len(scene.sensor.views))]
    middle = cameras[len(cameras) // 2]
    line = generator.uniform(*scene.truth.line[[0, -1]], count)
    origin, direction = middle.rays(line, generator.uniform(0, scene.sensor.samples - 1, count))
    height = np.linalg.norm(origin, axis=1) - scene.terrain.radius_m
    points = origin + height[:, None] * direction  # near the ground is good enough: only errors are wanted
    places = np.array([camera.project(points) for camera in cameras])
    seen = np.isfinite(places).all(axis=(0, 1))
    return places[:, 0, seen], places[:, 1, seen], points[seen]


def _point_errors(found: Resection, scene: Scene) -> Array:
    """Altitude errors (N, 2) of points intersected from exact matches, in metres and over their sigmas."""
    line, sample, truth = points_seen(scene, POINTS)
    cameras = [LineScan(scene.sensor, view, found.orientation, found.joint) for view in range(len(line))]
    points = intersect_matches(cameras, line, sample, 0.0)
    error = np.linalg.norm(points.points, axis=1) - np.linalg.norm(truth, axis=1)
    seen = points.rays == len(cameras)
    return np.stack([error, error / points.sigma_altitude], axis=1)[seen]


def _ground(orientation: Orientation, scene: Scene) -> Array:
    """Where first, middle and last detector of each view meet the sphere, (L, V, 3, 3) metres."""
    views, samples = np.arange(len(scene.sensor.views))[:, None], np.array([0.0, 0.5, 1.0]) * (scene.sensor.samples - 1)
    rays = to_world(np.nan_to_num(orientation.rotation())[:, None, None], scene.sensor.rays(views, samples))
    return intersect_sphere(orientation.position[:, None, None], rays, scene.terrain.radius_m)


def hard_cases(seeds: Sequence[int], progress: Progress = silent) -> list[Table]:
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
            found = recover_trajectory(points, scene.sensor, bias=bias_m > 0)
            ours[name].append(errors_of(found, scene))
    bands = [band_table(name, theirs[name], ours[name]) for name in CASES]
    pulls = pull_table({f"hard case, {name}": runs for name, runs in ours.items()})
    bands[0].checks += gains(bands[0], BAND_RATIO, ARC_RATIO)  # the other cases are stated, without bounds
    return [*bands, pulls]


def gains(table: Table, band: float, arc: float) -> list[Check]:
    """Whether the ratios of a table of bands keep their bounds in the worst band and over the whole arc."""
    checks = []
    for row in table.rows:
        if row[0].startswith("ratio"):
            what = f"{row[0].split(', ')[1]} error over collinearity's"
            checks.append(Check(f"{what}, worst band", max(row[1:-2]), band))
            checks.append(Check(f"{what}, whole arc", row[-2], arc))
    return checks


def _bars(row: Sequence[Any]) -> list[Check]:
    """Whether errors over sigmas, by parameter and of points, are as large as error bars that are true allow."""
    named = zip((*EOPS, "all parameters", "intersected points"), row[1:-1])
    return [Check(f"error over sigma, {name}", figure, TRUE_BARS[1], TRUE_BARS[0]) for name, figure in named]


def band_table(name: str, theirs: Sequence[Errors], ours: Sequence[Errors]) -> Table:
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


def pull_table(cases: Mapping[str, Sequence[Errors]]) -> Table:
    """RMS of error over sigma by parameter and of intersected points, all seeds together; the first case is bounded."""
    title = "Error bars: RMS of the trajectory's errors over their sigmas (1 is true)"
    table = Table(title, ["", *EOPS, "all", "points' altitude", "points' error, m"])
    for name, runs in cases.items():
        total = sum(runs[1:], runs[0])
        each = np.sqrt(np.nanmean(total.pulls**2, axis=0))
        points = np.sqrt(np.mean(total.points**2, axis=0))
        mean = float(np.sqrt(np.mean(each**2)))
        table.rows.append([name, *each.tolist(), mean, float(points[1]), float(points[0])])
    count = len(next(iter(cases.values())))
    table.notes.append(f"{count} orbits each, of some ten independent stretches each.")
    if count >= SEEDS:
        table.checks += _bars(table.rows[0])
    else:
        table.notes.append(f"So few stretches scatter by more than the bounds allow: {SEEDS} orbits are held to them.")
    return table


def run(data: str | None = None, folder: str | None = None, progress: Progress = silent, seeds: int = SEEDS) -> Tables:
    """The hard case over ``seeds`` orbits."""
    return Tables(hard_cases(range(seeds), progress))
