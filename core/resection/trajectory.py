"""The trajectory: one smooth orbit and attitude through all GCPs, with error bars.

Position and attitude are cubic splines about an even flight (`path`). Every GCP gives two ground residuals with the
full covariance of its altitude and its place (`ground_rows`); the errors of interpolated altitudes, which neighbours
share, are unknowns too (`altitude_errors`). How smooth the splines are and how large the noises, the data say
(`trajectory_noise`); all of it is one banded Gauss-Newton (`trajectory_system`, `banded`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..altimetry.readers import Shots
from ..camera.sensor import Sensor
from ..errors import InputError
from ..progress import Progress, part, silent, tell
from ..threads import one_thread
from .altitude_errors import ErrorNodes, Spacing, columns, error_nodes, no_nodes, repeats
from .banded import BandInverse
from .batched import condition_number, group_instants, inverse
from .bundle import Bundle, TiePicker
from .collinearity import recover_collinearity
from .error_correlation import Correlation, estimate_correlation
from .gross import gross_errors, told
from .ground_rows import targets
from .joint import joint_covariance
from .lateral_bias import LateralBias, shared_effect
from .model import ControlPoints, Flag, Orientation, Resection, TiePoints
from .outcome import Solution, conclude
from .path import Path, fit_nominal, fit_path
from .splines import UniformSpline
from .trajectory_noise import NoiseModel, first_noise
from .trajectory_system import PLACE_RANGE_M, TURN_RANGE, State, Step, System
from .two_phase import recover_two_phase

Array = NDArray[np.float64]

# lines, and radians flown, between knots; far finer than any orbit moves, the roughness prior smooths
PLACE_KNOTS, PLACE_ARC = 64.0, 4e-3
TURN_KNOTS = 32.0  # fine enough for jitter of 200 lines
START_LINES = 400  # resected for the start
# what the roughness starts from: swings of these sizes (RMS), some seven radians of phase for each flown
USUAL_SHIFT_M, USUAL_TURN, USUAL_RATE = 1400.0, 0.035, 7.3
ROUNDS = 40  # rounding makes the last ones slow where control is exact and pixels are fine
FREE_ROUNDS = 4  # after these the roughness is changed less and less
LOOSENED = 12  # times the roughness is raised tenfold before the system is given up
WHITE_ROUNDS = 8  # with independent altitude errors; enough to see whether they are
CLEANED = 4  # times GCPs of another place are left out, each by what the solution without the last ones shows
SETTLED = 0.05  # of a sigma: a change of the path as small as this is the last
CORRELATED = 3  # times their correlation is estimated, each by what the trajectory then is


@dataclass(frozen=True)
class Estimate:
    """One settled (or not) solution."""

    state: State
    model: NoiseModel
    covariance: Array
    step: Step
    settled: bool


@one_thread()
def recover_trajectory(
    points: ControlPoints,
    sensor: Sensor,
    *,
    sigma_lateral: float | None = None,
    use_certainty: bool = True,
    correlation_length_m: float | None = None,
    position_knots: float | None = None,
    attitude_knots: float | None = None,
    bias: bool = False,
    ties: TiePoints | TiePicker | None = None,
    shots: Shots | None = None,
    start: Orientation | None = None,
    progress: Progress = silent,
) -> Resection:
    """Recover one smooth trajectory for all lines that have GCPs.

    ``sigma_lateral``: metres on the ground, one component, over the points' own; estimated from the residuals where
    neither gives it; 0 means exact. ``use_certainty``: weigh altitudes by their sigma. ``correlation_length_m``: over
    which errors of neighbouring altitudes fall to 1/e; 0 for independent ones; estimated by default.
    ``position_knots``, ``attitude_knots``: lines between the splines' knots; by default they are dense and the data
    choose the smoothness. A GCP without altitude counts by its place alone. ``ties`` join the views; ``shots``, raw
    altimetry free of wild shots, hold the surface that the ties span. ``start``: first orientation, any lines. Raises
    `InputError` when the GCPs are too few to begin.
    """
    order = np.argsort(points.line, kind="stable")
    usable = np.isfinite(points.lon + points.lat + points.line + points.sample)[order]
    order = order[usable]
    given = points[order]
    if len(np.unique(given.line)) < 4 or len(given) < 12:
        raise InputError(
            f"A trajectory needs at least 12 GCPs on 4 lines; {len(given)} on {len(np.unique(given.line))} are given."
        )
    missing = ~np.isfinite(given.altitude)
    if missing.all():
        raise InputError("No GCP has an altitude: give ALTIMETRY or a column altitude.")
    filled = replace(given, altitude=np.where(missing, np.nanmedian(given.altitude), given.altitude))
    tell(progress, 0.02, "Finding a start")
    path = first_path(filled, sensor, start, position_knots, attitude_knots)

    def begun(path: Path, model: NoiseModel) -> tuple[System, Estimate]:
        """The solution with independent altitude errors."""
        seen = targets(filled, sensor)
        slow = LateralBias.about(seen, given.view, len(sensor.views), path.nominal.axes[:, 2]) if bias else None
        system = System(seen, path, no_nodes(len(given)), slow)
        state = State(path, np.empty(0), np.zeros(slow.count if slow else 0))
        return system, settle(system, state, model, part(progress, 0.1, 0.3), WHITE_ROUNDS)

    def levels() -> NoiseModel:
        return first_noise(given, sigma_lateral, use_certainty, _first_roughness(path))

    system, final = begun(path, levels())
    lost_line, lost_off = np.empty(0), np.empty(0)
    for _ in range(CLEANED):
        wrong, off = gross_errors(system.seen, final.state.path, np.isfinite(given.altitude))
        if not wrong.any():
            break
        lost_line, lost_off = np.append(lost_line, given.line[wrong]), np.append(lost_off, off[wrong])
        order, given, filled = order[~wrong], given[~wrong], filled[~wrong]
        system, final = begun(final.state.path, levels())
    seen, slow = system.seen, system.bias
    correlation = Correlation()
    for number in range(CORRELATED):
        fresh = _correlation(filled, system, final, sensor, correlation_length_m)
        if not fresh.length_m or fresh.near(correlation):
            break
        correlation = fresh
        model, nodes = _shared(filled, sensor, final, correlation)
        system = System(seen, path, nodes, slow)
        state = replace(final.state, process=np.zeros(len(nodes.line)))
        final = settle(system, state, model, part(progress, 0.3 + 0.1 * number, 0.4 + 0.1 * number), ROUNDS)
    bundle = Bundle.of(ties, shots, sensor, seen.line, final.state.path)
    if bundle.observed:
        system = System(seen, path, system.nodes, slow, bundle.observed)
    if bundle.observed or not final.settled:
        final = settle(system, final.state, final.model, part(progress, 0.6, 0.95), ROUNDS)
    alone = len(np.unique(given.view)) == 1
    found = _conclude(given, sensor, final, slow, correlation.length_m, alone)
    sentences = (*told(lost_line, lost_off), *found.verdict.sentences, *bundle.told(system.observed, final.state.path))
    found = replace(found, verdict=replace(found.verdict, sentences=sentences))
    residuals = np.full((len(points), 2), np.nan)
    residuals[order] = found.residuals_px
    joint = joint_covariance(system, final.state, final.step, lambda at: _unseen(at, final, sensor, slow, alone))
    return replace(found, residuals_px=residuals, joint=joint)


def first_path(
    points: ControlPoints,
    sensor: Sensor,
    start: Orientation | None,
    position_knots: float | None,
    attitude_knots: float | None,
) -> Path:
    """Splines through a per-line resection of some lines, or through ``start``."""
    lines = np.unique(points.line)
    if start is None:
        chosen = lines[np.unique(np.linspace(0, len(lines) - 1, START_LINES).astype(int))]
        start = _line_by_line(points[np.isin(points.line, chosen)], sensor)
    good = np.isfinite(start.position).all(axis=1) & (start.line >= lines[0]) & (start.line <= lines[-1])
    if good.sum() < 2:
        raise InputError("No line could be resected for a start: check GCPs and SENSOR against each other.")
    line, position, rotation = start.line[good], start.position[good], start.rotation()[good]
    gap = 2.0 * float(np.median(np.diff(lines)))
    nominal = fit_nominal(line, position, rotation)
    usual = max(PLACE_KNOTS, PLACE_ARC / max(abs(nominal.rate), 1e-9))
    place = UniformSpline.over(lines[0], lines[-1], max(position_knots or usual, gap))
    turn = UniformSpline.over(lines[0], lines[-1], max(attitude_knots or TURN_KNOTS, gap))
    return fit_path(nominal, place, turn, line, position, rotation)


def _line_by_line(points: ControlPoints, sensor: Sensor) -> Orientation:
    """Orientation of single lines: two_phase where it is determined and most lines allow it, else collinearity."""
    _, count = np.unique(points.line, return_counts=True)
    if np.median(count) >= 5:
        found = recover_two_phase(points, sensor).orientation
        good = found.flag == Flag.GOOD
        if good.mean() > 0.5:
            return found.with_(position=np.where(good[:, None], found.position, np.nan))
    found = recover_collinearity(points, sensor).orientation
    bad = (found.flag & (Flag.FAILED | Flag.UNCONVERGED)) > 0
    return found.with_(position=np.where(bad[:, None], np.nan, found.position))


def settle(system: System, state: State, model: NoiseModel, progress: Progress, rounds: int) -> Estimate:
    """Gauss-Newton on the path and one round of noise estimation, in turns, until both stand still."""
    for round_ in range(rounds):
        tell(progress, round_ / rounds, "Solving the trajectory")
        model, step = _solved(system, state, model)
        noise = model.noise()
        before, length = system.cost(state, noise), 1.0
        moved = system.moved(state, step, length)
        while not system.cost(moved, noise) <= before * (1 + 1e-6) and length > 1e-3:
            length *= 0.5
            moved = system.moved(state, step, length)
        earlier, state = state, moved
        inverse = step.factor.inverse()
        covariance = system.pose_covariance(inverse, step.border)
        system.reweigh(earlier, state, inverse)
        following = model.updated(system, state, inverse, covariance, gain=1.0 / max(1, round_ - FREE_ROUNDS))
        levels, model = following.change(model), following
        settled = length == 1.0 and levels < 0.02 and _largest(system, step.change, inverse) < SETTLED
        if settled:
            break
    return Estimate(state, model, covariance, step, settled)


def _solved(system: System, state: State, model: NoiseModel) -> tuple[NoiseModel, Step]:
    """The next step; with a rougher path where one so smooth is more than double precision can hold."""
    for _ in range(LOOSENED):
        try:
            return model, system.solve(state, model.noise())
        except np.linalg.LinAlgError:
            model = model.loosened()
    raise InputError("The GCPs do not determine a trajectory: check their places and the SENSOR.")


def _largest(system: System, change: Array, inverse: BandInverse) -> float:
    """Largest change of a spline coefficient against its sigma."""
    own = np.concatenate([system.layout.place.ravel(), system.layout.turn.ravel()])
    return float(np.max(np.abs(change[own]) / np.sqrt(inverse.gather(own, own))))


def _first_roughness(path: Path) -> Array:
    """Sigmas (6,) of third differences that swings of the usual size and rate have."""
    rate = USUAL_RATE * max(abs(path.nominal.rate), 1e-9)
    place = USUAL_SHIFT_M * (rate * path.place.step) ** 3
    return np.repeat([place, USUAL_TURN * (rate * path.turn.step) ** 3], 3)


def _correlation(
    points: ControlPoints, system: System, found: Estimate, sensor: Sensor, given_m: float | None
) -> Correlation:
    """How the altitude errors hang together, by the residuals of an estimate."""
    path = found.state.path
    steps = _metres_a_line(path, sensor), _metres_a_sample(path, sensor)
    return estimate_correlation(points, system, found.state, found.step, found.model, *steps, given_m)


def _shared(
    points: ControlPoints, sensor: Sensor, found: Estimate, correlation: Correlation
) -> tuple[NoiseModel, ErrorNodes]:
    """The noise model and the nodes for altitude errors that hang together so."""
    path, length = found.state.path, correlation.length_m
    column, lines = columns(points, _metres_a_sample(path, sensor), length), length / _metres_a_line(path, sensor)
    spacing = Spacing.of(points.line, column, lines)
    nodes = error_nodes(points.line, column, lines, spacing.step)
    times = repeats(points.bearings, column, nodes, length / sensor.body_radius_m, correlation.white)
    model = replace(
        found.model,
        repeats=times,
        white=max(correlation.white, spacing.white),
        shared=correlation.shared,
        altitude_scale=found.model.altitude_scale * correlation.scale,
        moved=np.zeros(6),  # other errors, another fixed point
    )
    return model, nodes


def _metres_a_line(path: Path, sensor: Sensor) -> float:
    return max(abs(path.nominal.rate) * sensor.body_radius_m, 1e-3)


def _metres_a_sample(path: Path, sensor: Sensor) -> float:
    height = path.nominal.radius_m - sensor.body_radius_m
    return max(height * sensor.pixel_pitch_mm / sensor.focal_length_mm, 1e-3)


def _conclude(
    given: ControlPoints, sensor: Sensor, final: Estimate, bias: LateralBias | None, length: float, alone: bool
) -> Resection:
    """Orientation, residuals and verdict; ``alone``: one view without a nominal model."""
    instants = group_instants(given.line)
    poses = final.state.path.at(instants.line)
    turned = poses.rotation @ poses.jacobian
    join = np.zeros((len(instants.line), 6, 6))
    join[:, :3, 3:], join[:, 3:, :3] = turned, poses.frame
    covariance = join @ final.covariance @ np.swapaxes(join, 1, 2)
    unseen = _unseen(instants.line, final, sensor, bias, alone)
    covariance += np.swapaxes(unseen, 1, 2) @ unseen
    sigma = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    leaning = (sigma[:, :3].max(axis=1) > 0.1 * TURN_RANGE) | (sigma[:, 3:].max(axis=1) > 0.1 * PLACE_RANGE_M)
    flag = np.where(leaning, int(Flag.PRIOR), 0) | (0 if final.settled else int(Flag.UNCONVERGED))
    solution = Solution(
        np.moveaxis(poses.rotation, 0, -1),
        poses.position.T,
        np.moveaxis(covariance, 0, -1),
        flag.astype(np.int64),
        _condition(final.covariance),
    )
    sentences = final.model.told(float(instants.line[-1] - instants.line[0]))
    if length > 0:
        sentences.append(f"Errors of neighbouring altitudes are correlated over {length:.0f} m along the lines.")
    if not final.settled:
        check = f"check the GCPs and sensor {sensor.name!r} against each other"
        open_ = "the GCPs leave ways open along which it still moves"
        sentences.append(f"The trajectory does not settle: {open_ if alone or leaning.any() else check}.")
    if bias is not None and final.step.border is not None:
        names = tuple(view.name for view in sensor.views)
        sentences += bias.told(final.state.bias, final.step.border.covariance, names)
    if alone:
        sentences.append(
            "With one view, pitch cannot be told from a shift along the track, nor roll from one across: the camera is "
            f"taken to look straight down within {np.degrees(TURN_RANGE):.0f}° (1-sigma), as the error bars say."
        )
    elif leaning.any():
        sentences.append(
            f"{int(leaning.sum())} of {len(leaning)} lines lean on the prior that the camera keeps its mean mounting "
            f"within {np.degrees(TURN_RANGE):.0f}°: the GCPs leave part of their orientation open."
        )
    return conclude("trajectory", given, sensor, instants, solution, sentences)


def _unseen(at: Array, final: Estimate, sensor: Sensor, bias: LateralBias | None, alone: bool) -> Array:
    """What the data cannot see of lines ``at`` (K,): changes (K, terms, 6) of (small world rotation, position).

    One row a term of 1-sigma size, acting on all lines: biases that all GCPs share, and of a single view pitch and roll
    about the ground below. ``at`` runs from the trajectory's first line to its last.
    """
    poses = final.state.path.at(at)
    effects = [np.empty((len(at), 0, 6))]
    if bias is not None:
        normal = final.state.path.nominal.axes[:, 2]
        effects.append(shared_effect(at, poses.position, normal, sensor.body_radius_m))
    if alone:
        axes = np.swapaxes(poses.rotation[:, :, :2], 1, 2)
        height = np.linalg.norm(poses.position, axis=1, keepdims=True)
        above = poses.position * (1.0 - sensor.body_radius_m / height)
        effects.append(TURN_RANGE * np.concatenate([axes, np.cross(axes, above[:, None])], axis=2))
    return np.concatenate(effects, axis=1)


def _condition(covariance: Array) -> Array:
    """Condition number (L,) of covariances (L, n, n) scaled to unit sigmas, as of a design matrix."""
    sigma = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    scaled = np.moveaxis(covariance / sigma[:, :, None] / sigma[:, None, :], 0, -1)
    return condition_number(scaled, inverse(scaled))
