"""Camera attitudes: R = Rx(θ) Ry(φ) Rz(ρ), camera to world, and small rotations about it.

Ry carries the photogrammetric sign, Ry(φ) = [[cosφ, 0, -sinφ], [0, 1, 0], [sinφ, 0, cosφ]], so that
R = [[cφcρ,         -cφsρ,         -sφ  ],
     [cθsρ - sθsφcρ, cθcρ + sθsφsρ, -sθcφ],
     [sθsρ + cθsφcρ, sθcρ - cθsφsρ,  cθcφ]].
A small rotation w is taken in the camera frame: R(w) = R exp([w]x). Angles are radians.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..frames import components

Array = NDArray[np.float64]


def skew(vector: ArrayLike) -> Array:
    """Cross-product matrices [v]x of (..., 3) vectors, so that [v]x u = v x u; (..., 3, 3)."""
    v = np.asarray(vector, dtype=np.float64)
    matrix = np.zeros((*v.shape, 3))
    matrix[..., 0, 1], matrix[..., 0, 2] = -v[..., 2], v[..., 1]
    matrix[..., 1, 0], matrix[..., 1, 2] = v[..., 2], -v[..., 0]
    matrix[..., 2, 0], matrix[..., 2, 1] = -v[..., 1], v[..., 0]
    return matrix


def matrix_from_angles(angles: ArrayLike) -> Array:
    """Rotation matrices (..., 3, 3), camera to world, of angles (..., 3) = (θ, φ, ρ)."""
    a = components(angles)
    (ct, cp, cr), (st, sp, sr) = map(np.cos, a), map(np.sin, a)
    rows = [
        [cp * cr, -cp * sr, -sp],
        [ct * sr - st * sp * cr, ct * cr + st * sp * sr, -st * cp],
        [st * sr + ct * sp * cr, st * cr - ct * sp * sr, ct * cp],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def angles_from_matrix(rotation: ArrayLike) -> Array:
    """Angles (..., 3) = (θ, φ, ρ) of rotation matrices, φ in [-π/2, π/2], θ and ρ in (-π, π].

    At φ = ±π/2 only ρ ∓ θ is defined; there θ = 0.
    """
    r = np.asarray(rotation, dtype=np.float64)
    cos_phi = np.hypot(r[..., 0, 0], r[..., 0, 1])
    locked = cos_phi < 1e-12
    theta = np.where(locked, 0.0, np.arctan2(-r[..., 1, 2], r[..., 2, 2].copy()))
    phi = np.arctan2(-r[..., 0, 2], cos_phi)
    # The second row rotated back by θ gives ρ without dividing by cosφ, so it stays exact near the lock.
    ct, st = np.cos(theta), np.sin(theta)
    rho = np.arctan2(ct * r[..., 1, 0] + st * r[..., 2, 0], ct * r[..., 1, 1] + st * r[..., 2, 1])
    return np.stack([theta, phi, rho], axis=-1)


def unwrap_angles(angles: ArrayLike) -> Array:
    """Make (N, 3) angles continuous along an orbit, in steps of 2π and through φ = ±π/2.

    (θ, φ, ρ) and (θ + π, π - φ, ρ + π) are one attitude; each instant takes the form nearer to the one
    before it, so φ of an equatorial orbit runs on past π/2. Instants with NaN are passed over.
    """
    unwrapped = np.array(angles, dtype=np.float64)
    good = np.isfinite(unwrapped).all(axis=-1)
    a = unwrapped[good]
    if len(a) < 2:
        return unwrapped
    other = np.stack([a[:, 0] + np.pi, np.pi - a[:, 1], a[:, 2] + np.pi], axis=-1)

    def distance(to: Array) -> Array:
        step = to[1:] - a[:-1]
        return np.asarray(np.sum(1.0 - np.cos(step), axis=-1))

    flips = np.concatenate([[False], np.logical_xor.accumulate(distance(other) < distance(a))])
    unwrapped[good] = np.unwrap(np.where(flips[:, None], other, a), axis=0)
    return unwrapped


def angle_derivatives(angles: ArrayLike) -> Array:
    """dR/dθ, dR/dφ, dR/dρ stacked on axis -3: (..., 3, 3, 3)."""
    rate = angle_rates(angles)
    return np.asarray(matrix_from_angles(angles)[..., None, :, :] @ skew(np.swapaxes(rate, -1, -2)))


def angle_rates(angles: ArrayLike) -> Array:
    """Matrix (..., 3, 3) that turns small changes of (θ, φ, ρ) into a small camera-frame rotation w.

    Its columns are the axes of the three turns seen from the camera; it is singular at φ = ±π/2.
    """
    _, phi, rho = components(angles)
    cp, sp, cr, sr = np.cos(phi), np.sin(phi), np.cos(rho), np.sin(rho)
    zero, one = np.zeros_like(cp), np.ones_like(cp)
    columns = [[cp * cr, -cp * sr, -sp], [-sr, -cr, zero], [zero, zero, one]]
    return np.stack([np.stack(column, axis=-1) for column in columns], axis=-1)


def angle_rates_inverse(angles: ArrayLike) -> Array:
    """Matrix (..., 3, 3) that turns a small camera-frame rotation w into changes of (θ, φ, ρ).

    Near φ = ±π/2, where θ and ρ are not told apart, cosφ is held at 1e-6: their sigmas come out large, not infinite.
    """
    _, phi, rho = components(angles)
    cp, sp, cr, sr = np.cos(phi), np.sin(phi), np.cos(rho), np.sin(rho)
    secant = 1.0 / np.where(np.abs(cp) < 1e-6, np.copysign(1e-6, cp), cp)
    zero, one = np.zeros_like(cp), np.ones_like(cp)
    rows = [[cr * secant, -sr * secant, zero], [-sr, -cr, zero], [sp * cr * secant, -sp * sr * secant, one]]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def exp_so3(vector: ArrayLike) -> Array:
    """Rotation matrices (..., 3, 3) of rotation vectors (..., 3) (Rodrigues)."""
    v = np.asarray(vector, dtype=np.float64)
    angle = np.linalg.norm(v, axis=-1)[..., None, None]
    k = skew(v)
    # sin(a)/a and (1 - cos a)/a² by sinc, which holds at a = 0.
    return np.eye(3) + np.sinc(angle / np.pi) * k + 0.5 * np.sinc(angle / (2 * np.pi)) ** 2 * (k @ k)


def log_so3(rotation: ArrayLike) -> Array:
    """Rotation vectors (..., 3) of rotation matrices, length in [0, π]; by quaternions, so exact at both ends."""
    q = quaternion_from_matrix(rotation)
    q = np.where(q[..., 3:] < 0, -q, q)
    sine = np.linalg.norm(q[..., :3], axis=-1, keepdims=True)
    angle = 2.0 * np.arctan2(sine, q[..., 3:].copy())
    scale = np.where(sine > 1e-150, angle / np.where(sine > 1e-150, sine, 1.0), 2.0)
    return np.asarray(scale * q[..., :3])


def quaternion_from_matrix(rotation: ArrayLike) -> Array:
    """Unit quaternions (..., 4) as (x, y, z, w) of rotation matrices; the largest component is positive."""
    r = np.asarray(rotation, dtype=np.float64)
    m00, m11, m22 = r[..., 0, 0], r[..., 1, 1], r[..., 2, 2]
    d01, d02, d12 = r[..., 1, 0] - r[..., 0, 1], r[..., 0, 2] - r[..., 2, 0], r[..., 2, 1] - r[..., 1, 2]
    s01, s02, s12 = r[..., 1, 0] + r[..., 0, 1], r[..., 0, 2] + r[..., 2, 0], r[..., 2, 1] + r[..., 1, 2]
    # The four rows are 4 q q_k for k = x, y, z, w; the one with the largest q_k is used (Shepperd).
    candidates = np.stack(
        [
            np.stack([1 + m00 - m11 - m22, s01, s02, d12], axis=-1),
            np.stack([s01, 1 - m00 + m11 - m22, s12, d02], axis=-1),
            np.stack([s02, s12, 1 - m00 - m11 + m22, d01], axis=-1),
            np.stack([d12, d02, d01, 1 + m00 + m11 + m22], axis=-1),
        ],
        axis=-2,
    )
    best = np.argmax(np.diagonal(candidates, axis1=-2, axis2=-1), axis=-1)
    q = np.take_along_axis(candidates, best[..., None, None], axis=-2)[..., 0, :]
    return np.asarray(q / np.linalg.norm(q, axis=-1, keepdims=True))


def matrix_from_quaternion(quaternion: ArrayLike) -> Array:
    """Rotation matrices (..., 3, 3) of quaternions (..., 4) as (x, y, z, w), normalised here."""
    q = np.asarray(quaternion, dtype=np.float64)
    q = q / np.linalg.norm(q, axis=-1, keepdims=True)
    v, w = q[..., :3], q[..., 3, None, None]
    outer = v[..., :, None] * v[..., None, :]
    return np.asarray((w**2 - np.sum(v**2, axis=-1)[..., None, None]) * np.eye(3) + 2 * outer + 2 * w * skew(v))


def rotation_angle_between(first: ArrayLike, second: ArrayLike) -> Array:
    """Angle (...) in [0, π] of the rotation firstᵀ second; keeps full precision for tiny angles."""
    relative = np.swapaxes(np.asarray(first, dtype=np.float64), -1, -2) @ np.asarray(second, dtype=np.float64)
    return np.asarray(np.linalg.norm(log_so3(relative), axis=-1))
