"""Phase 2 of the two-phase resection: the camera's position, linear once the attitude is known.

Each GCP gives n·(C - P) = 0 for n = R[:, 0] + (px/f) R[:, 2] and n = R[:, 1] + (py/f) R[:, 2]
(Xu et al. 2016, eqs. 9-10), its two rows weighted by the square root of its certainty. Instants are on the last axis.
"""

from __future__ import annotations

import numpy as np

from .batched import Array, solve
from .control import Control


def row_normals(rotation: Array, s: Array) -> Array:
    """The normals n (3, 2, K, L) of both rows of each GCP, from R (3, 3, L) and s = (px, py, -f) / f (3, K, L)."""
    return rotation[:, :2, None] + rotation[:, 2][:, None, None] * s[None, :2]


def position_normals(normals: Array, weight: Array) -> Array:
    """Normal matrix Σ w n nᵀ (3, 3, L)."""
    return np.einsum("arkl,brkl->abl", normals * weight, normals)


def solve_position(normals: Array, points: Array, weight: Array) -> Array:
    """C (3, L) m from row normals (3, 2, K, L), P (3, K, L) m and weights (K, L), zero in empty slots."""
    total = np.maximum(np.sum(weight, axis=0), 1e-300)
    centre = np.sum(weight * points, axis=1) / total
    # About the points' centre the numbers are small, so nothing of a millimetre is lost.
    offset = np.einsum("arkl,akl->rkl", normals, points - centre[:, None]) * weight
    return centre + solve(position_normals(normals, weight), np.einsum("arkl,rkl->al", normals, offset))


def misfit(rotation: Array, control: Control) -> Array:
    """RMS angle (L,) rad by which rays miss their GCPs after phase 2; infinite where most lie behind the camera."""
    normals = row_normals(rotation, control.s)
    position = solve_position(normals, control.points, control.weight)
    offset = control.points - position[:, None]
    distance = np.maximum(np.sqrt(np.sum(offset**2, axis=0)), 1e-300)
    miss = np.einsum("arkl,akl->rkl", normals, offset) / distance
    filled = control.weight > 0
    count = np.maximum(filled.sum(axis=0), 1)
    ahead = np.sum((np.einsum("al,akl->kl", rotation[:, 2], offset) < 0) & filled, axis=0)
    rms = np.sqrt(np.sum(np.where(filled, miss**2, 0.0), axis=(0, 1)) / (2 * count))
    return np.where(2 * ahead > count, rms, np.inf)
