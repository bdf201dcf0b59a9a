"""Altimeter shots against the surface that tie points span: no altitude is interpolated, distances are observed.

Around each shot a plane is fitted to the nearest intersected tie points, radial height over the tangent plane. The same
weights that give the plane's height at the shot, applied to the ties' image coordinates, make one tie point under the
shot; its height misses the shot's by n·(S - P) with n = up - slope, the vertical distance between shot and surface to
first order in any shift of the surface. Match noise and roughness come together in the scatter about the plane.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..altimetry.readers import Shots
from ..frames import east_north_up, lonlat_radius, unit_vectors
from ..systems import solve_many
from .model import TiePoints
from .path import Poses
from .ties import OUTLIER, Rays, intersect, scale_of, trusted

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

NEAREST, NEAREST_CURVED = 12, 20  # ties about a shot
LEAST_FREEDOM = 3.0  # of the pooled scatter, in degrees of freedom of a plane's own
FARTHEST = 3.0  # times the usual distance to that many ties: farther, a shot has no surface under it
MOST_SPREAD = 1.0  # sum of squared weights: more, and the shot lies beside its ties
STRETCHES = 32  # of a flight, from which common errors of neighbouring shots are told
# relief finer than such a part of a flight, and the sigma of the share of it that a surface from images lacks
RELIEF = ((64, 0.02), (4, 0.005))
UNKNOWN_SIGMA_M = 10.0  # of a shot whose file does not tell


@dataclass(frozen=True)
class ShotRows:
    """Shots (N,) as observations of the surface: its tie points' ``rays``, the shots' ``place`` (N, 3) m, ``normal``
    (N, 3), the upward direction less the slope, and ``sigma`` (N,) m of the vertical distance; ``scale`` and ``trust``
    as in `TieRows`. ``row`` (N,) are the shots' rows in what was given. ``repeats``: so many shots tell as much as one,
    since neighbours share the errors of their surface."""

    rays: Rays
    place: Array
    normal: Array
    sigma: Array
    trust: Array
    row: Integers
    scale: float = 1.0
    repeats: float = 1.0

    @property
    def line(self) -> Array:
        """Lines (N, M) whose poses the rows feel."""
        return self.rays.line

    def placed(self, poses: Poses, beside: Poses) -> ShotRows:
        """The rows with `Rays.placed` rays."""
        return replace(self, rays=self.rays.placed(poses, beside))

    def distance(self, poses: Poses) -> Array:
        """Vertical distance (N,) m of the shots above the surface."""
        return np.asarray(np.sum(self.normal * (self.place - intersect(self.rays, poses).point), axis=1))

    def rows(self, poses: Poses) -> tuple[Array, Array]:
        """Weighted residuals (N, 1) and derivatives (N, 1, M, 6) under the poses of `line`.

        The derivatives are those of rays that meet at the shot's height: with the matches' errors in them they would go
        with the residuals, and the surface be drawn to where relief looks as rough as it is noisy.
        """
        found = intersect(self.rays, poses)
        weight = np.sqrt(self.trust / self.repeats) / (self.scale * self.sigma)
        away = np.sum(self.normal * (self.place - found.point), axis=1)
        up = self.place / np.linalg.norm(self.place, axis=1, keepdims=True)
        met = intersect(self.rays.through(found.point + away[:, None] * up, poses), poses)
        by_pose = -np.einsum("nk,nkmp->nmp", self.normal * weight[:, None], met.point_by_pose())
        residual = away * weight
        return residual[:, None], by_pose[:, None]

    def by_relief(self) -> tuple[Array, Array]:
        """Weighted changes (N, K) of the distances by the share that the surface lacks of relief finer than each of
        `RELIEF`, and the shares' sigmas (K,): windows, and gaps between ties, smooth what images show."""
        order = np.argsort(self.line[:, 0], kind="stable")
        radius = np.linalg.norm(self.place, axis=1)[order]
        radius = radius - radius.mean()
        total, at = np.concatenate([[0.0], np.cumsum(radius)]), np.arange(len(radius))
        fine = np.empty((len(radius), len(RELIEF)))
        for k, (part, _) in enumerate(RELIEF):
            reach = max(4, len(radius) // (2 * part))
            first, last = np.maximum(at - reach, 0), np.minimum(at + reach + 1, len(radius))
            fine[order, k] = radius - (total[last] - total[first]) / (last - first)
        weight = np.sqrt(self.trust / self.repeats) / (self.scale * self.sigma)
        return fine * weight[:, None], np.array([sigma for _, sigma in RELIEF])

    def cost(self, poses: Poses) -> float:
        """Weighted sum of squares."""
        return float(np.sum(self.trust * (self.distance(poses) / self.sigma) ** 2)) / (self.scale**2 * self.repeats)

    def reweighed(self, poses: Poses, determined: float, half: bool = False) -> ShotRows:
        """Scale and trust anew; ``determined`` values of the path were determined by these rows. ``half``: the scale
        goes half the way, where path and scale would answer each other to and fro."""
        off = self.distance(poses) / self.sigma
        scale = scale_of(off**2, self.trust, np.ones(len(off)), determined)
        scale = float(np.sqrt(scale * self.scale)) if half else scale
        return replace(self, scale=scale, trust=trusted((off / scale) ** 2))

    def with_repeats(self, poses: Poses) -> ShotRows:
        """The observations with `repeats` by what is left of the distances: for a surface that has settled."""
        order = np.argsort(self.line[:, 0], kind="stable")
        return replace(self, repeats=repeats((np.sqrt(self.trust) * self.distance(poses) / self.sigma)[order]))

    def rms_m(self, poses: Poses) -> float:
        """RMS vertical distance, outliers by their trust."""
        return float(np.sqrt(np.sum(self.trust * self.distance(poses) ** 2) / np.sum(self.trust)))


def repeats(values: Array) -> float:
    """How many of the values (N,), in the order of their flight, tell as much as one of independent ones: the largest
    variance of means of 2, 4, 8 ... neighbours over what independence gives, as long as `STRETCHES` means are left."""
    found, count = 1.0, 2
    variance = float(np.mean(values**2)) if len(values) else 0.0
    while len(values) >= count * STRETCHES and variance > 0:
        means = values[: len(values) // count * count].reshape(-1, count).mean(axis=1)
        found = max(found, count * float(np.mean(means**2)) / variance)
        count *= 2
    return found


def shots_over(
    shots: Shots,
    ties: TiePoints,
    points: Array,
    good: NDArray[np.bool_],
    rays_of: Callable[[TiePoints], Rays],
    curved: bool = False,
) -> ShotRows | None:
    """Shots with a surface under them, spanned by the ``good`` (N,) of ``ties``; None where there is no such shot.

    ``points`` (N, 3) m are the ties' places by the present path; ``rays_of`` makes rays of tie points. Altitudes of the
    shots are above their body's sphere. ``curved``: ties lie farther apart than the ground is flat; a plane would cut
    its tops off, and a surface low in relief would tell of a camera too near.
    """
    found, left = [], np.arange(len(shots))
    for kind in _kinds(ties):
        chosen = np.flatnonzero(kind & good)
        if len(chosen) >= (NEAREST_CURVED if curved else NEAREST) and len(left):
            found.append(_over(shots, left, ties[chosen], points[chosen], rays_of, curved))
            left = np.setdiff1d(left, found[-1].row)
    found = [rows for rows in found if len(rows.row)]
    if not found:
        return None

    def joined(parts: Sequence[object], names: Iterable[str]) -> list[NDArray[Any]]:
        return [np.concatenate([getattr(part, name) for part in parts]) for name in names]

    rays = Rays(*joined([rows.rays for rows in found], Rays.__dataclass_fields__))
    place, normal, sigma, trust, row = joined(found, ("place", "normal", "sigma", "trust", "row"))
    return ShotRows(rays, place, normal, sigma, trust, row)


def _kinds(ties: TiePoints) -> list[NDArray[np.bool_]]:
    """Masks (N,) of the ties seen by the same views, those of most views first."""
    seen = np.where(np.isfinite(ties.line), ties.view, -1)
    kinds, kind = np.unique(seen, axis=0, return_inverse=True)
    order = np.argsort(-np.sum(kinds >= 0, axis=1), kind="stable")
    return [np.asarray(kind.ravel() == index) for index in order]


def _over(
    shots: Shots,
    rows: Integers,
    ties: TiePoints,
    points: Array,
    rays_of: Callable[[TiePoints], Rays],
    curved: bool,
) -> ShotRows:
    """The shots of ``rows`` that have ties of one kind about them."""
    from scipy.spatial import cKDTree

    radius = shots.body.radius_m
    lon, lat, distance = lonlat_radius(points)
    bearing, up = unit_vectors(lon, lat), unit_vectors(shots.lon[rows], shots.lat[rows])
    tree = cKDTree(bearing)
    nearest = NEAREST_CURVED if curved else NEAREST
    usual = float(np.median(tree.query(bearing, nearest)[0][:, -1]))
    apart, near = tree.query(up, nearest, distance_upper_bound=FARTHEST * usual)
    reached = np.isfinite(apart[:, -1])
    rows, near, up = rows[reached], near[reached], up[reached]
    axes = east_north_up(shots.lon[rows], shots.lat[rows])
    flat = radius * np.einsum("nij,nkj->nki", axes[:, :2], bearing[near])
    plane = _planes(flat, (distance - radius)[near], curved)
    inside = np.sum(plane.weight**2, axis=1) <= MOST_SPREAD
    rows, near, up, axes, plane = rows[inside], near[inside], up[inside], axes[inside], plane[inside]

    def mean(values: Array) -> Array:
        return np.asarray(np.einsum("nk,nkm->nm", plane.weight, values[near]))

    spread = np.sqrt(np.einsum("nk,nkm->nm", plane.weight**2, ties.sigma_px[near] ** 2))
    under = TiePoints(mean(ties.line), ties.view[near[:, 0]], mean(ties.sample), spread)
    normal = up - np.einsum("nk,nkj->nj", plane.slope, axes[:, :2])
    given = np.full(len(rows), UNKNOWN_SIGMA_M) if shots.sigma is None else shots.sigma[rows]
    sigma = np.sqrt(given**2 + plane.variance * np.sum(plane.weight**2, axis=1))
    place = (radius + shots.altitude[rows])[:, None] * up
    return ShotRows(rays_of(under), place, normal, sigma, np.ones(len(rows)), rows)


@dataclass(frozen=True)
class _Planes:
    """Planes about N places: ``weight`` (N, K) of the heights in the one at the place, ``slope`` (N, 2), and the
    ``variance`` (N,) of a height about the plane, m²."""

    weight: Array
    slope: Array
    variance: Array

    def __getitem__(self, rows: NDArray[np.bool_]) -> _Planes:
        return _Planes(self.weight[rows], self.slope[rows], self.variance[rows])


def _planes(flat: Array, height: Array, curved: bool) -> _Planes:
    """Planes, or tangents of paraboloids where ``curved``, through ``height`` (N, K) at ``flat`` (N, K, 2) about
    (0, 0), robust against a wrong height or two."""
    count = height.shape[1]
    scale = np.sqrt(np.mean(flat**2, axis=(1, 2)))[:, None]
    x, y = np.moveaxis(flat / scale[..., None], -1, 0)
    design = np.stack([np.ones(x.shape), x, y, *([x * x, x * y, y * y] if curved else [])], axis=2)
    terms = design.shape[2]
    trust = np.ones_like(height)
    for _ in range(3):
        weighted = trust[..., None] * design
        normal = np.swapaxes(weighted, 1, 2) @ design + 1e-9 * np.eye(terms)
        gain = solve_many(normal, np.swapaxes(weighted, 1, 2))
        values = np.einsum("nik,nk->ni", gain, height)
        off = height - np.einsum("nki,ni->nk", design, values)
        square = np.sum(trust * off**2, axis=1) / (count - terms)
        trust = np.minimum(1.0, OUTLIER**2 * np.median(off**2, axis=1, keepdims=True) / 0.455 / (off**2 + 1e-12))
    usual = np.median(square) if len(square) else 0.0
    variance = (square * (count - terms) + usual * LEAST_FREEDOM) / (count - terms + LEAST_FREEDOM)
    return _Planes(gain[:, 0], values[:, 1:3] / scale, variance)
