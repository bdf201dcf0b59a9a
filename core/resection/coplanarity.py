"""Phase 1 of the two-phase resection: attitude and direction of the camera from bearings alone.

A GCP's bearing p from the body centre, its ray R s and the camera's bearing d lie in one plane,
r = d·(p × R s) = 0 (Xu et al. 2016, eqs. 5-7; an essential-matrix constraint), whatever the altitudes.
Instants are on the last axis (see `batched`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .batched import cross, normal_equations, solve, tangents, turned

Array = NDArray[np.float64]

# A step (rad) this short is the last: convergence is quadratic, so what is left after it is rounding.
SETTLED = 1e-10


@dataclass(frozen=True)
class Attitude:
    """Solutions: R (3, 3, L) camera to world, d (3, L) unit, RMS residual and length of the last step (L,), rad."""

    rotation: Array
    d: Array
    rms: Array
    step: Array


def residuals(rotation: Array, d: Array, p: Array, s: Array) -> tuple[Array, Array]:
    """r (K, L) and its derivatives (5, K, L) by a small world rotation (3) and a shift of d along its tangents (2)."""
    ray, across = _ray_and_plane(rotation, d, p, s)
    by_d = np.einsum("ial,ikl->akl", tangents(d), cross(p, ray))
    return np.sum(across * ray, axis=0), np.concatenate([cross(ray, across), by_d])


def root_mean_square(rotation: Array, d: Array, p: Array, s: Array) -> Array:
    """RMS of r over each instant's GCPs, (L,)."""
    ray, across = _ray_and_plane(rotation, d, p, s)
    count = np.maximum(np.count_nonzero(s[2], axis=0), 1)
    return np.asarray(np.sqrt(np.sum(np.sum(across * ray, axis=0) ** 2, axis=0) / count))


def _ray_and_plane(rotation: Array, d: Array, p: Array, s: Array) -> tuple[Array, Array]:
    """R s and d × p, each (3, K, L).

    (d - p) × p stands for d × p: the two bearings are close, and their difference is exact in floating point.
    """
    return np.einsum("ijl,jkl->ikl", rotation, s), cross(d[:, None] - p, p)


def polish(rotation: Array, d: Array, p: Array, s: Array, iterations: int = 25) -> Attitude:
    """Gauss-Newton on Σ r² from a start, each instant until it settles; steps are kept below 0.1 rad."""
    rotation, d = rotation.copy(), d.copy()
    step = np.full(d.shape[1], np.inf)
    active = np.arange(d.shape[1])
    for _ in range(iterations):
        every = len(active) == d.shape[1]
        part = (rotation, d, p, s) if every else (rotation[..., active], d[:, active], p[..., active], s[..., active])
        r, jacobian = residuals(*part)
        x = solve(*normal_equations(jacobian, r))
        size = np.sqrt(np.sum(x**2, axis=0))
        x *= np.minimum(1.0, 0.1 / np.maximum(size, 1e-300))
        step[active] = size
        rotation[..., active], d[:, active] = moved(part[0], part[1], x)
        active = active[size > SETTLED]
        if len(active) == 0:
            break
    return Attitude(rotation, d, root_mean_square(rotation, d, p, s), step)


def moved(rotation: Array, d: Array, x: Array) -> tuple[Array, Array]:
    """R and d after a step x (5, L) of `residuals`' unknowns."""
    first, second = tangents(d).swapaxes(0, 1)
    shifted = d + x[3] * first + x[4] * second
    return turned(rotation, x[:3]), shifted / np.sqrt(np.sum(shifted**2, axis=0))
