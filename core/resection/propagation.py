"""Error bars: each GCP's lateral and altitude error carried through a resection, linearly.

Sigmas that are not given are estimated from the residuals of a run: a residual's expected square is what one
metre of error would make of it, less what the solution takes up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .batched import Array, Instants, Integers, blocks, condition_number, cross, inverse, normal_equations, tangents
from .control import Control
from .coplanarity import residuals
from .model import ControlPoints
from .position import position_normals, row_normals

LEAST_SIGMA = 1e-3  # m


@dataclass(frozen=True)
class TwoPhase:
    """Solutions of both phases, instants last: R (3, 3, L), d (3, L) of phase 1 and C (3, L) m of phase 2."""

    control: Control
    rotation: Array
    d: Array
    position: Array

    def __getitem__(self, index: NDArray[np.bool_] | Integers | slice) -> TwoPhase:
        return TwoPhase(self.control[index], self.rotation[..., index], self.d[:, index], self.position[:, index])


def complete_sigmas(
    points: ControlPoints, instants: Instants, estimates: Mapping[str, Callable[[], float]]
) -> tuple[Array, Array, list[str]]:
    """Lateral and altitude sigma of each slot, (K, L) m: as given, else by ``estimates`` (by field), and told so."""
    arrays, sentences = [], []
    for field in ("sigma_lateral", "sigma_altitude"):
        given = instants.gather(getattr(points, field))
        missing = ~np.isfinite(given)
        if missing.any() and field in estimates:
            given[missing] = value = estimates[field]()
            found = f"the residuals give {value:.3g} m"
            nothing = "the residuals tell nothing of it, so there are no error bars"
            sentences.append(f"{field} was not given: {found if np.isfinite(value) else nothing}.")
        arrays.append(np.maximum(given, LEAST_SIGMA))
    return arrays[0], arrays[1], sentences


def estimate_lateral(solution: TwoPhase) -> float:
    """Lateral sigma (m) that explains phase 1's residuals over a run; NaN without an instant of six GCPs."""
    residual, jacobian = residuals(solution.rotation, solution.d, solution.control.p, solution.control.s)
    inverted = inverse(normal_equations(jacobian, residual)[0])
    left = 1.0 - np.einsum("akl,abl,bkl->kl", jacobian, inverted, jacobian)
    expected = np.sum(_by_lateral(solution) ** 2, axis=0) * left
    return _pooled(residual**2, expected, solution.control.count > 5)


def estimate_altitude(solution: TwoPhase) -> float:
    """Altitude sigma (m) that explains phase 2's residuals over a run."""
    control, weight = solution.control, solution.control.weight
    normals = row_normals(solution.rotation, control.s)
    miss = np.einsum("arkl,akl->rkl", normals, control.points - solution.position[:, None])
    reach = np.einsum("arkl,akl->rkl", normals, control.p)
    pull = np.einsum("arkl,rkl->akl", normals, reach) * weight
    taken = np.einsum("akl,abl,bkl->kl", pull, inverse(position_normals(normals, weight)), pull)
    expected = np.sum(reach**2, axis=0) * weight - taken
    return _pooled(np.sum(miss**2, axis=0) * weight, expected, control.count > 1)


def _pooled(squares: Array, expected: Array, usable: NDArray[np.bool_]) -> float:
    """Sigma from squared residuals (K, L) and what they would be for a sigma of 1, over the usable instants (L,)."""
    usable = usable & np.isfinite(squares).all(axis=0)
    total = float(np.sum(expected[:, usable]))
    return max(float(np.sqrt(np.sum(squares[:, usable]) / total)), LEAST_SIGMA) if total > 0 else float("nan")


def propagate(solution: TwoPhase, lateral: Array, altitude: Array) -> tuple[Array, Array, Array]:
    """Linear propagation of sigmas (K, L) in metres.

    Returns the covariance (6, 6, L) of (ω, C), the condition number (L,) of phase 1, and how many metres one metre of
    lateral noise moves C (L,).
    """
    count = len(solution.control.line)
    parts = [_propagate(solution[block], lateral[:, block], altitude[:, block]) for block in blocks(count)]
    covariance, condition, gain = (np.concatenate(values, axis=-1) for values in zip(*parts))
    return covariance, condition, gain


def _propagate(solution: TwoPhase, lateral: Array, altitude: Array) -> tuple[Array, Array, Array]:
    control, weight = solution.control, solution.control.weight
    _, jacobian = residuals(solution.rotation, solution.d, control.p, control.s)
    normal, _ = normal_equations(jacobian, jacobian[0])
    inverted = inverse(normal)
    turn = -np.einsum("abl,bkl->akl", inverted[:3], jacobian)[:, None] * _by_lateral(solution)

    # Phase 2 about its solution: M δC = Σ w n (n·δP + ω·(n × (P - C))).
    normals = row_normals(solution.rotation, control.s)
    axes = np.concatenate([tangents(control.p), control.p[:, None]], axis=1)
    moved = np.einsum("arkl,rckl->ackl", normals * weight, np.einsum("brkl,bckl->rckl", normals, axes))
    offset = np.broadcast_to((control.points - solution.position[:, None])[:, None], normals.shape)
    moved[:, :2] += np.einsum("abl,bckl->ackl", _coupling(normals, offset, weight), turn)
    moved = np.einsum("abl,bckl->ackl", inverse(position_normals(normals, weight)), moved)

    effect = np.zeros((6, 3, *weight.shape))
    effect[:3, :2], effect[3:] = turn, moved
    effect *= control.filled
    gain = np.sqrt(np.sum(effect[3:, :2] ** 2, axis=(0, 1, 2)))
    effect *= np.stack([lateral, lateral, altitude])
    return np.einsum("ackl,bckl->abl", effect, effect), condition_number(normal, inverted), gain


def _coupling(normals: Array, offset: Array, weight: Array) -> Array:
    """Σ w n (n × (P - C))ᵀ, (3, 3, L)."""
    return np.einsum("arkl,brkl->abl", normals * weight, cross(normals, offset))


def _by_lateral(solution: TwoPhase) -> Array:
    """Derivatives (2, K, L) of phase 1's residual by a GCP's shift along its two tangents, per metre."""
    control = solution.control
    ray = np.einsum("ijl,jkl->ikl", solution.rotation, control.s)
    gradient = cross(ray, np.broadcast_to(solution.d[:, None], ray.shape))
    radius = np.where(control.filled, np.sqrt(np.sum(control.points**2, axis=0)), 1.0)
    return np.einsum("akl,abkl->bkl", gradient, tangents(control.p)) / radius


def estimate_collinearity_altitude(control: Control, residual: Array, jacobian: Array, inverted: Array) -> float:
    """Altitude sigma (m) that explains the image residuals (2K, L) of a run resected by collinearity."""
    shift = _image_shift(control, jacobian)[:, 2]
    pull = np.einsum("arkl,rkl->akl", jacobian.reshape(6, 2, *control.weight.shape), shift)
    expected = np.sum(shift**2, axis=0) - np.einsum("akl,abl,bkl->kl", pull, inverted, pull)
    squares = np.sum(residual.reshape(2, *control.weight.shape) ** 2, axis=0)
    return _pooled(squares, expected, control.count > 3)


def propagate_collinearity(
    control: Control, jacobian: Array, inverted: Array, lateral: Array, altitude: Array
) -> Array:
    """Covariance (6, 6, L) of (ω, C) from sigmas (K, L) in metres, for rows that all weigh the same."""
    shift = _image_shift(control, jacobian) * np.stack([lateral, lateral, altitude])
    rows = jacobian.reshape(6, 2, *control.weight.shape)
    pull = np.einsum("arkl,rckl->ackl", rows, shift)
    effect = np.einsum("abl,bckl->ackl", inverted, pull)
    return np.einsum("ackl,bckl->abl", effect, effect)


def _image_shift(control: Control, jacobian: Array) -> Array:
    """Change of the projected (px, py) / f, (2, 3, K, L), by a metre along a GCP's two tangents and its radius."""
    by_point = -jacobian[3:].reshape(3, 2, *control.weight.shape)
    axes = np.concatenate([tangents(control.p), control.p[:, None]], axis=1)
    return np.einsum("arkl,ackl->rckl", by_point, axes) * control.filled
