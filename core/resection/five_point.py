"""The calibrated five-point problem for many instants at once: all essential matrices E = [d]x R of pᵀ E s = 0.

p are bearings seen from the body centre, s rays seen from the camera. Null space of the linear constraints
(Nistér 2004), the ten cubics of an essential matrix, and the eigenvectors of the action matrix of one
unknown (Stewénius, Engels & Nistér 2006). More than five GCPs use the four directions that fit best.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from ..systems import solve_many

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

# Cubic monomials in (x, y, z, 1) as exponents of x, y, z; the ten of degree 3 first, then the basis.
_CUBIC = [(3, 0, 0), (2, 1, 0), (1, 2, 0), (0, 3, 0), (2, 0, 1), (1, 1, 1), (0, 2, 1), (1, 0, 2), (0, 1, 2), (0, 0, 3)]
_BASIS = [(2, 0, 0), (1, 1, 0), (0, 2, 0), (1, 0, 1), (0, 1, 1), (0, 0, 2), (1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 0, 0)]


def _collector() -> Array:
    """Matrix (64, 20) that adds the 4x4x4 coefficients of a cubic form into its monomials."""
    order = {monomial: column for column, monomial in enumerate(_CUBIC + _BASIS)}
    matrix = np.zeros((64, 20))
    for row, factors in enumerate(itertools.product(range(4), repeat=3)):
        matrix[row, order[factors.count(0), factors.count(1), factors.count(2)]] = 1.0
    return matrix


_COLLECT = _collector()
# x times each basis monomial: a cubic (its row after elimination) or another basis monomial.
_TIMES_X = [(a + 1, b, c) for a, b, c in _BASIS]


def candidate_poses(bearings: Array, rays: Array, near_real: float = 1e-2) -> tuple[Integers, Array, Array]:
    """All (R, d) that satisfy five or more bearing constraints with every point before the camera.

    ``bearings`` p and ``rays`` s are (M, K, 3) unit vectors, K >= 5 and no padding. Roots whose imaginary part
    is below ``near_real`` of them are kept too: two almost equal real roots come out so.
    Returns instant index (Q,), R (Q, 3, 3) camera to world, and d (Q, 3) unit.
    """
    instant, essential = _essential_matrices(bearings, rays, near_real)
    u, _, vt = np.linalg.svd(essential)
    u, vt = u * np.linalg.det(u)[:, None, None], vt * np.linalg.det(vt)[:, None, None]
    quarter = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    p, s = bearings[instant], rays[instant]
    # The camera stands on the side of the ground it sees, which settles the sign of d.
    d = u[:, :, 2] * np.where(np.sum(u[:, :, 2] * p.mean(axis=1), axis=-1) < 0, -1.0, 1.0)[:, None]
    both = [(u @ w @ vt, d) for w in (quarter, quarter.T)]
    chosen = [_in_front(rotation, d, p, s) for rotation, d in both]
    index = np.concatenate([instant[keep] for keep in chosen])
    rotations = np.concatenate([rotation[keep] for (rotation, _), keep in zip(both, chosen)])
    return index, rotations, np.concatenate([d[keep] for keep in chosen])


def _in_front(rotation: Array, d: Array, p: Array, s: Array) -> NDArray[np.bool_]:
    """Whether most points lie before the camera and on the bearing's side of the centre (noise may cost one)."""
    ray = s @ np.swapaxes(rotation, -1, -2)
    normal = np.cross(p, ray)
    depth = -np.sum(np.cross(p, d[:, None]) * normal, axis=-1)
    height = np.sum(np.cross(d[:, None], ray) * normal, axis=-1)
    return np.asarray(np.sum((depth > 0) & (height > 0), axis=-1) >= p.shape[1] - 1)


def _essential_matrices(bearings: Array, rays: Array, near_real: float) -> tuple[Integers, Array]:
    """Real roots of the five-point problem: instant index (Q,) and E (Q, 3, 3)."""
    count = bearings.shape[1]
    linear = (bearings[..., :, None] * rays[..., None, :]).reshape(-1, count, 9)
    basis = np.linalg.svd(linear)[2][:, 5:].reshape(-1, 4, 3, 3)
    cubics = _cubics(basis) @ _COLLECT
    try:
        reduced = solve_many(cubics[..., :10], cubics[..., 10:])
    except np.linalg.LinAlgError:
        reduced = np.linalg.pinv(cubics[..., :10]) @ cubics[..., 10:]
    action = np.zeros((len(basis), 10, 10))
    for row, product in enumerate(_TIMES_X):
        if product in _BASIS:
            action[:, row, _BASIS.index(product)] = 1.0
        else:
            action[:, row] = -reduced[:, _CUBIC.index(product)]
    vectors = np.swapaxes(np.linalg.eig(action)[1], -1, -2)
    weights = vectors[..., 6:] / np.where(vectors[..., 9:] == 0, 1e-300, vectors[..., 9:])
    size = np.linalg.norm(weights.real, axis=-1)
    # Of a complex pair one is enough.
    real = np.linalg.norm(weights.imag, axis=-1) <= near_real * size
    real &= weights.imag.sum(axis=-1) >= 0
    instant, root = np.nonzero(real)
    essential = np.einsum("qk,qkij->qij", weights.real[instant, root], basis[instant])
    return instant, essential / np.linalg.norm(essential, axis=(-2, -1), keepdims=True)


def _cubics(basis: Array) -> Array:
    """The ten cubic forms of an essential matrix, E Eᵀ E - ½ tr(E Eᵀ) E = 0 and det E = 0: (M, 10, 64)."""
    size = len(basis)
    product = np.einsum("maij,mbkj->mabik", basis, basis)
    trace = np.trace(product, axis1=-2, axis2=-1)
    product = product - 0.5 * trace[..., None, None] * np.eye(3)
    nine = np.einsum("mabik,mckj->mijabc", product, basis).reshape(size, 9, 64)
    minors = np.cross(basis[:, :, None, 1], basis[:, None, :, 2])
    determinant = np.einsum("mai,mbci->mabc", basis[:, :, 0], minors).reshape(size, 1, 64)
    return np.concatenate([nine, determinant], axis=1)
