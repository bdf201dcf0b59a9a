"""Space resection by collinearity, instant by instant and every GCP weighted alike: the existing model.

px/f = -x/z, py/f = -y/z with (x, y, z) = Rᵀ(P - C), six unknowns an instant (Xu et al. 2016, eqs. 1-2),
by Levenberg-Marquardt on all instants at once, instants on the last axis (see `batched`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..camera.rotations import log_so3
from ..camera.sensor import Sensor
from ..errors import InputError
from ..progress import Progress, silent, tell
from .batched import Array, condition_number, cross, inverse, normal_equations, solve, turned
from .control import Control, gather_control, nadir_start, spread
from .model import ControlPoints, Flag, Orientation, Resection
from .outcome import Solution, conclude
from .propagation import complete_sigmas, estimate_collinearity_altitude, propagate_collinearity

NADIR_SIGMA = 0.05  # rad; the prior on roll, pitch and heading where the GCPs leave the attitude open
IMAGE_SIGMA = 1e-4  # px / f; what the prior is weighed against
SETTLED = 1e-9  # rad; an undamped step this short is the last
FLAT_IMAGE = 1e-6  # GCPs whose rays depart less than this (px / f) from one line of the image do not fix a pose


@dataclass(frozen=True)
class Pose:
    """L poses: R (3, 3, L), C (3, L) m, RMS residual (px / f), JᵀJ (6, 6, L) by (ω, C), whether converged."""

    rotation: Array
    position: Array
    rms: Array
    normal: Array
    converged: Array


def recover_collinearity(
    points: ControlPoints, sensor: Sensor, *, start: Orientation | None = None, progress: Progress = silent
) -> Resection:
    """Resect every instant by collinearity, all GCPs weighted alike, altitudes taken as true.

    ``start`` gives first values for the lines it covers; by default the camera looks straight down, at the
    heading and height its GCPs show. Instants with two GCPs, or GCPs on one line of the image, lean on a nadir prior of
    `NADIR_SIGMA` and are flagged PRIOR; with three the pose nearest to the start is taken and flagged AMBIGUOUS.
    """
    instants, control = gather_control(points, sensor, np.ones(len(points)))
    rotation, position = first_poses(control, start)
    tell(progress, 0.1, "Resecting by collinearity")
    open_, prior = nadir_prior(control)
    pose = resect(control, rotation, position, prior)
    flag = np.where(open_, int(Flag.PRIOR), 0) | np.where(control.count == 3, int(Flag.AMBIGUOUS), 0)
    flag |= np.where(pose.converged, 0, int(Flag.UNCONVERGED))
    flag = np.where(control.count < 2, int(Flag.FAILED), flag)
    residual, jacobian = image_residuals(pose.rotation, pose.position, control)
    inverted = inverse(pose.normal)
    sure = flag == Flag.GOOD

    def altitude_sigma() -> float:
        rows = (residual[:, sure], jacobian[..., sure], inverted[..., sure])
        return estimate_collinearity_altitude(control[sure], *rows)

    lateral, altitude, sentences = complete_sigmas(points, instants, {"sigma_altitude": altitude_sigma})
    # A lateral sigma that is not given cannot be told from the altitudes' and counts as theirs.
    covariance = propagate_collinearity(control, jacobian, inverted, np.nan_to_num(lateral), altitude)
    covariance[..., open_] = np.nan
    if open_.any():
        sentences.append(
            f"{int(open_.sum())} of {len(open_)} lines have too few GCPs, or GCPs on one line of the image: they lean "
            f"on the prior that the camera looks straight down within {np.degrees(NADIR_SIGMA):.0f}° (1-sigma)."
        )
    scaled = condition_number(*_scaled(pose.normal))
    solution = Solution(pose.rotation, pose.position, covariance, flag, scaled)
    return conclude("collinearity", points, sensor, instants, solution, sentences)


def nadir_prior(control: Control) -> tuple[NDArray[np.bool_], Array]:
    """Which instants do not fix a pose by themselves (L,), and the weight (L,) the nadir attitude then gets."""
    open_ = (control.count < 3) | (spread(control) < FLAT_IMAGE)
    return open_, np.where(open_, (IMAGE_SIGMA / NADIR_SIGMA) ** 2, 0.0)


def first_poses(control: Control, start: Orientation | None) -> tuple[Array, Array]:
    """R (3, 3, L) and C (3, L) to start from: ``start`` where it covers the line, else `nadir_start`."""
    rotation, position = nadir_start(control)
    if start is not None:
        if len(start) == 0:
            raise InputError("The start orientation has no lines: leave START empty or give a table with EOPs.")
        given, attitude = start.at(control.line)
        known = np.isfinite(given).all(axis=-1)
        rotation[..., known], position[:, known] = np.moveaxis(attitude[known], 0, -1), given[known].T
    return rotation, position


def image_residuals(rotation: Array, position: Array, control: Control) -> tuple[Array, Array]:
    """Projected minus measured (px, py) / f as (2K, L), and derivatives (6, 2K, L) by a small world rotation and C."""
    offset = control.points - position[:, None]
    x = np.einsum("jil,jkl->ikl", rotation, offset)
    inverse_depth = np.where(control.filled, -1.0 / np.where(x[2] == 0, 1e-300, x[2]), 0.0)
    image = x[:2] * inverse_depth
    # d(x/-z) as a world vector: (R[:, i] + image_i R[:, 2]) / -z.
    by_point = (rotation[:, :2, None] + rotation[:, 2][:, None, None] * image[None]) * inverse_depth
    by_turn = cross(by_point, np.broadcast_to(offset[:, None], by_point.shape))
    rows = (-1, control.s.shape[-1])
    residual = np.where(control.filled, image - control.s[:2], 0.0).reshape(rows)
    return residual, np.concatenate([by_turn, -by_point]).reshape(6, *residual.shape)


def resect(control: Control, rotation: Array, position: Array, prior: Array, iterations: int = 50) -> Pose:
    """Levenberg-Marquardt on Σ r² + prior |turn from the start|², each instant until it settles.

    ``prior`` (L,) is the weight of the start's attitude against one unit of (px / f)².
    """
    first, count = rotation, control.line.size
    rotation, position = rotation.copy(), position.copy()
    damping = np.full(count, 1e-3)
    cost, normal, gradient = _linearise(control, rotation, position, first, prior)
    converged = np.zeros(count, dtype=bool)
    active = np.arange(count)
    for _ in range(iterations):
        part = control[active]
        damped = normal[..., active] * (1 + damping[active] * np.eye(6)[..., None])
        x = solve(damped, gradient[:, active].copy())
        x *= np.minimum(1.0, 0.3 / np.maximum(np.sqrt(np.sum(x[:3] ** 2, axis=0)), 1e-300))
        after = turned(rotation[..., active], x[:3])
        moved = position[:, active] + x[3:]
        trial = _linearise(part, after, moved, first[..., active], prior[active])
        # At the bottom of the bowl rounding decides which cost is smaller, so a tiny step is always taken.
        tiny = np.sqrt(np.sum(x[:3] ** 2, axis=0)) < SETTLED
        better = (trial[0] < cost[active]) | (tiny & np.isfinite(trial[0]))
        take = active[better]
        rotation[..., take], position[:, take] = after[..., better], moved[:, better]
        cost[take], normal[..., take], gradient[:, take] = trial[0][better], trial[1][..., better], trial[2][:, better]
        done = tiny & better & (damping[active] < 1e-6)
        damping[active] = np.clip(damping[active] * np.where(better, 0.1, 10.0), 1e-16, 1e12)
        converged[active[done]] = True
        active = active[~done & (damping[active] < 1e12)]
        if len(active) == 0:
            break
    residual, _ = image_residuals(rotation, position, control)
    rms = np.sqrt(np.sum(residual**2, axis=0) / (2 * control.count))
    return Pose(rotation, position, rms, normal, converged)


def _linearise(
    control: Control, rotation: Array, position: Array, first: Array, prior: Array
) -> tuple[Array, Array, Array]:
    """Cost (L,), JᵀJ (6, 6, L) and -Jᵀr (6, L), the prior on the attitude included."""
    residual, jacobian = image_residuals(rotation, position, control)
    normal, gradient = normal_equations(jacobian, residual)
    cost = np.sum(residual**2, axis=0)
    held = np.flatnonzero(prior)
    if len(held):
        turn = log_so3(np.einsum("ijl,kjl->lik", rotation[..., held], first[..., held])).T
        cost[held] += prior[held] * np.sum(turn**2, axis=0)
        normal[:3, :3, held] += prior[held] * np.eye(3)[..., None]
        gradient[:3, held] -= prior[held] * turn
    cost = np.where(_ahead(control, rotation, position), cost, np.inf)
    return cost, normal, gradient


def _ahead(control: Control, rotation: Array, position: Array) -> Array:
    """Whether every GCP lies before the camera, (L,)."""
    depth = np.einsum("al,akl->kl", rotation[:, 2], control.points - position[:, None])
    return np.asarray(np.all((depth < 0) | ~control.filled, axis=0))


def _scaled(normal: Array) -> tuple[Array, Array]:
    """JᵀJ with columns of unit length, and its inverse: metres and radians made comparable."""
    scale = 1.0 / np.sqrt(np.maximum(np.einsum("aal->al", normal), 1e-300))
    unit = normal * scale[:, None] * scale[None]
    return unit, inverse(unit)
