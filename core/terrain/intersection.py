"""Forward intersection: the ground point of a match from its rays, with covariance and ray miss.

A ray starts at C with unit direction d; Q = I - d dᵀ removes what lies along it. The least-squares point of M rays
(Förstner and Wrobel 2016, Photogrammetric Computer Vision, section 13.4.1; the midpoint of two rays is its case M = 2)
minimises the sum of (P - C_i)ᵀ W_i (P - C_i), so that

    N P = Σ W_i C_i,   N = Σ W_i,   W_i = B_i (B_iᵀ S_i B_i)⁻¹ B_iᵀ,
    cov(P) = N⁻¹ + N⁻¹ [Σ W_i S_ij W_j] N⁻¹ over i ≠ j,

with B (3 x 2) spanning the plane across the ray, S_i the covariance by which pointing and orientation errors move ray
i at the point and S_ij what rays i and j share of it (one trajectory carries both); without S_i, W_i = Q_i. The ray
miss is the largest of the shortest distances |(C_j - C_i) · n|, n = d_i x d_j / |d_i x d_j|, between two of the rays:
it depends on no weight.

Arrays: M rays a point, N points; NaN marks a ray that is missing, and points of fewer than two rays come back NaN.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..camera.linescan import ImageCamera
from ..frames import lonlat_radius
from ..systems import invert_many

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

PARALLEL = 1e-4  # rad between two rays below which they fix no point
POINTING_PX = 1e-3  # the least 1-sigma of any pixel's place: keeps exact rays from infinite weight
SINGULAR = 1e-20  # determinant of the normal matrix over its trace, below which it is not inverted
BLUNDER = 6.0  # robust 1-sigmas of the ray miss beyond which a match is wrong


@dataclass(frozen=True)
class Intersection:
    """Points (N, 3) m body-fixed, covariance (N, 3, 3) m², ray miss (N,) m and its 1-sigma (N,) m, rays used (N,).

    ``misfit`` (N,) is Σ (P - C_i)ᵀ W_i (P - C_i), chi-square of 2 rays - 3 degrees of freedom. Covariance, miss_sigma
    and misfit are NaN where the rays came without covariance.
    """

    points: Array
    covariance: Array
    ray_miss: Array
    miss_sigma: Array
    rays: NDArray[np.int64]
    misfit: Array

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, rows: Mask) -> Intersection:
        return Intersection(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    @property
    def sigma_altitude(self) -> Array:
        """1-sigma of the points' altitude, (N,) m."""
        up = self.points / np.linalg.norm(self.points, axis=-1, keepdims=True)
        return np.sqrt(np.einsum("ni,nij,nj->n", up, self.covariance, up))

    def altitude(self, radius_m: float) -> Array:
        """Altitude above a sphere of ``radius_m``, (N,) m."""
        return lonlat_radius(self.points)[2] - radius_m


def intersect_rays(
    origins: ArrayLike,
    directions: ArrayLike,
    covariance: ArrayLike | None = None,
    shared: Mapping[tuple[int, int], Array] | None = None,
) -> Intersection:
    """Intersect rays: ``origins``, ``directions`` (M, N, 3), unit directions, NaN for a missing ray.

    ``covariance`` (M, N, 3, 3) m² moves each ray at the point (its part along the ray is not used); without it all rays
    weigh alike. ``shared`` holds the covariance (N, 3, 3) of the movement of ray i with that of ray j > i, by (i, j).
    """
    c, d = np.asarray(origins, float), np.asarray(directions, float)
    seen = np.isfinite(c).all(axis=-1) & np.isfinite(d).all(axis=-1)
    c, d = np.where(seen[..., None], c, 0.0), np.where(seen[..., None], d, 0.0)
    rays = seen.sum(axis=0)
    moved = None if covariance is None else np.where(seen[..., None, None], covariance, np.eye(3))
    weights = _weights(d, moved) * seen[..., None, None]
    normal = weights.sum(axis=0)
    # From the rays' mean origin: squares of 2e6 m would cost the millimetres.
    base = c.sum(axis=0) / np.maximum(rays, 1)[:, None]
    right = np.einsum("mnij,mnj->ni", weights, c - base)
    shared = {} if shared is None else shared
    miss, miss_sigma, angle = _misses(c, d, seen, moved, shared)
    solved = (rays >= 2) & (angle > PARALLEL)
    # Orientations that are hardly known leave no weight to solve with.
    share = np.trace(normal, axis1=1, axis2=2)[:, None, None]
    solved &= np.linalg.det(normal / np.where(share > 0, share, 1.0)) > SINGULAR
    normal[~solved] = np.eye(3)
    inverse = invert_many(normal)
    points = np.where(solved[:, None], base + np.einsum("nij,nj->ni", inverse, right), np.nan)
    known = solved if moved is not None else np.zeros_like(solved)
    off = (np.where(solved[:, None], points, 0.0) - c) * seen[..., None]
    # Only what lies across a ray counts: 1e5 m along it, at weights of 1 / (0.5 mm)², would leave rounding alone.
    off -= np.einsum("mni,mni->mn", off, d)[..., None] * d
    spread = inverse + _shared_part(inverse, weights, shared)
    return Intersection(
        points,
        np.where(known[:, None, None], spread, np.nan),
        np.where(solved, miss, np.nan),
        np.where(known, miss_sigma, np.nan),
        rays,
        np.where(known, np.einsum("mni,mnij,mnj->n", off, weights, off), np.nan),
    )


def intersect_matches(
    cameras: Sequence[ImageCamera], line: ArrayLike, sample: ArrayLike, sigma_px: ArrayLike
) -> Intersection:
    """Intersect the image points (M, N) of one match a column, seen by ``cameras`` (M).

    ``line``, ``sample`` are 0-based and may be fractional, NaN where a camera has no match; ``sigma_px`` (M, N), or
    (M, N, 2) for lines and samples apart, is the 1-sigma of each place in pixels: 0 for the image whose grid the match
    is given on. The cameras' own orientation covariances are added. The rays are intersected once with equal weights
    to learn the range, then with their covariances there.
    """
    line, sample = np.broadcast_arrays(np.asarray(line, float), np.asarray(sample, float))
    sigma = np.asarray(sigma_px, float)
    sigma = np.broadcast_to(sigma if sigma.shape == (*line.shape, 2) else sigma[..., None], (*line.shape, 2))
    rays = [camera.rays(line[m], sample[m]) for m, camera in enumerate(cameras)]
    origins, directions = (np.stack(column) for column in zip(*rays))
    first = intersect_rays(origins, directions)
    covariance = np.stack(
        [
            pixel_covariance(camera, line[m], sample[m], sigma[m], first.points, *rays[m])
            + camera.displacement(line[m], first.points)
            for m, camera in enumerate(cameras)
        ]
    )
    shared = {
        (i, j): found
        for i, j in combinations(range(len(cameras)), 2)
        if (found := cameras[i].shared(line[i], cameras[j], line[j], first.points)) is not None
    }
    return intersect_rays(origins, directions, covariance, shared)


def pixel_covariance(
    camera: ImageCamera, line: Array, sample: Array, sigma_px: Array, points: Array, origins: Array, directions: Array
) -> Array:
    """Covariance (N, 3, 3) m² of the rays' place at ``points`` for image points whose line and sample are uncertain by
    ``sigma_px`` (N, 2)."""
    reach = np.linalg.norm(points - origins, axis=-1, keepdims=True)
    first, last = camera.lines
    moved = []
    # One pixel inward along each axis: at the image's edge there is nothing outward.
    for step_line, step_sample in ((np.where(line > (first + last) / 2, -1.0, 1.0), 0.0), (0.0, 1.0)):
        origin, direction = camera.rays(line + step_line, sample + step_sample)
        moved.append((origin + reach * direction) - (origins + reach * directions))
    jacobian = np.stack(moved, axis=-1) * np.maximum(sigma_px, POINTING_PX)[:, None, :]
    return np.asarray(jacobian @ np.swapaxes(jacobian, -1, -2))


def good_matches(
    found: Intersection, radius_m: float, lowest_m: float | None = None, highest_m: float | None = None
) -> Mask:
    """Which points (N,) to keep: solved, within the altitude bounds (m above ``radius_m``), and of a usual ray miss.

    A match is wrong when its ray miss, against its own 1-sigma where that is known, exceeds the median by more than
    `BLUNDER` robust standard deviations (1.4826 median absolute deviations).
    """
    altitude = found.altitude(radius_m)
    good = np.isfinite(altitude)
    if lowest_m is not None:
        good &= altitude >= lowest_m
    if highest_m is not None:
        good &= altitude <= highest_m
    relative = found.ray_miss / np.where(found.miss_sigma > 0, found.miss_sigma, 1.0)
    if good.any():
        median = np.median(relative[good])
        spread = 1.4826 * np.median(np.abs(relative[good] - median))
        # Exact rays miss by rounding alone: a spread of nothing must not throw half of them away.
        good &= ~(relative > median + BLUNDER * max(spread, 1e-6))
    return np.asarray(good)


def joined(parts: Sequence[Intersection]) -> Intersection:
    """Several intersections as one."""
    names = Intersection.__dataclass_fields__
    return Intersection(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def sigma_factor(found: Intersection) -> float:
    """How much larger than stated the sigma of the rays is, by their misfit: the root of the variance of unit weight.

    By medians, so that wrong matches do not count; never below 1.
    """
    freedom = 2.0 * found.rays - 3.0
    known = np.isfinite(found.misfit) & (freedom > 0)
    if not known.any():
        return 1.0
    # Median of chi-square (Wilson and Hilferty 1931).
    usual = freedom[known] * (1.0 - 2.0 / (9.0 * freedom[known])) ** 3
    return max(1.0, float(np.sqrt(np.median(found.misfit[known] / usual))))


def across(directions: Array) -> Array:
    """Orthonormal basis (..., 3, 2) of the plane across unit directions (..., 3)."""
    least = np.eye(3)[np.argmin(np.abs(directions), axis=-1)]
    first = np.cross(directions, least)
    length = np.linalg.norm(first, axis=-1, keepdims=True)
    first /= np.where(length > 0, length, 1.0)
    return np.stack([first, np.cross(directions, first)], axis=-1)


def _weights(directions: Array, covariance: Array | None) -> Array:
    """W (M, N, 3, 3) of unit directions (M, N, 3)."""
    if covariance is None:
        return np.asarray(np.eye(3) - directions[..., :, None] * directions[..., None, :])
    basis = across(directions)
    s = np.swapaxes(basis, -1, -2) @ covariance @ basis
    determinant = s[..., 0, 0] * s[..., 1, 1] - s[..., 0, 1] * s[..., 1, 0]
    adjugate = np.stack(
        [np.stack([s[..., 1, 1], -s[..., 0, 1]], -1), np.stack([-s[..., 1, 0], s[..., 0, 0]], -1)], axis=-2
    )
    inverse = adjugate / np.where(determinant > 0, determinant, np.nan)[..., None, None]
    return np.asarray(basis @ np.nan_to_num(inverse) @ np.swapaxes(basis, -1, -2))


def _shared_part(inverse: Array, weights: Array, shared: Mapping[tuple[int, int], Array]) -> Array:
    """N⁻¹ [Σ W_i S_ij W_j] N⁻¹ (N, 3, 3) over i ≠ j; a missing ray has no weight."""
    total = np.zeros_like(inverse)
    for (i, j), covariance in shared.items():
        both = weights[i] @ np.nan_to_num(covariance) @ weights[j]
        total += both + np.swapaxes(both, -1, -2)
    return np.asarray(inverse @ total @ inverse)


def _misses(
    c: Array, d: Array, seen: Mask, covariance: Array | None, shared: Mapping[tuple[int, int], Array]
) -> tuple[Array, Array, Array]:
    """Largest miss (N,) between two of the rays, the 1-sigma of that miss, and the largest sine between two rays."""
    worst, sigma, angle = (np.zeros(seen.shape[1]) for _ in range(3))
    for i, j in combinations(range(len(c)), 2):
        normal = np.cross(d[i], d[j])
        sine = np.linalg.norm(normal, axis=-1)
        both = seen[i] & seen[j] & (sine > PARALLEL)
        normal /= np.where(sine > 0, sine, 1.0)[:, None]
        miss = np.abs(np.einsum("ni,ni->n", c[j] - c[i], normal))
        larger = both & (miss >= worst)
        if covariance is not None:
            moved = covariance[i] + covariance[j] - 2.0 * np.nan_to_num(shared.get((i, j), 0.0))
            expected = np.sqrt(np.maximum(np.einsum("ni,nij,nj->n", normal, moved, normal), 0.0))
            sigma = np.where(larger, expected, sigma)
        worst = np.where(larger, miss, worst)
        angle = np.maximum(angle, np.where(both, sine, 0.0))
    return worst, sigma, angle
