"""Error bars of the two-phase resection: each GCP's lateral and altitude error carried through both phases."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .batched import Array, Integers, blocks, condition_number, cross, inverse, normal_equations, tangents
from .control import Control
from .coplanarity import residuals
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
