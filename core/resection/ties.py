"""Ground points seen in several views, as rows of a least squares: the point itself is eliminated.

Ray i of a tie point leaves the camera C_i along R_i s_i. A point P stands at x = R_iᵀ(P - C_i) in that camera and off
the ray by E_i x / (s_i·x), the two small angles across it (E_i spans the plane square to s_i); over the angle and the
sigma of a pixel these are the whitened residuals v_i. At the point that fits all rays best, A P-derivatives stacked to
A (2M, 3), what is left of them is (I - A (AᵀA)⁻¹ Aᵀ) v: the projector leaves 2M - 3 independent rows that feel the
poses alone, which gives the same normal equations as the Schur complement of the point's (Triggs et al. 2000, Bundle
adjustment - a modern synthesis, section 6.1).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..camera.rotations import skew
from ..camera.sensor import Sensor
from ..progress import breathe
from ..systems import solve_many
from .model import TiePoints
from .path import Poses

Array = NDArray[np.float64]

LEAST_SIGMA_PX = 1e-3  # keeps the image that a match is given on from an infinite weight
_LEAST_RATE = 0.1  # of a pixel's width that a line is a way flown: less, and no line can be told from its angle
OUTLIER = 3.0  # sigmas from which a row's weight falls


@dataclass(frozen=True)
class Rays:
    """Rays of N points in M images: ``line`` (N, M), unit camera rays ``s`` (N, M, 3), ``across`` (N, M, 2, 3) square
    to them, ``sigma_px`` (N, M), and ``weight`` (N, M), one over that sigma in radians; 0 for a ray that is missing.

    Poses are taken at ``line``: as measured at first, less its error once poses tell that error, which then stands in
    ``offset`` (N, M), rad. With the error in it the derivatives would go with the residuals, and many small errors
    together would pull the path. ``reach`` (N, M) is the distance (m) at which a pixel is so wide in the direction
    flown, NaN for any: a line's error is a way flown, as long from afar as from near, and as an angle it would draw
    the cameras away from the ground.
    """

    line: Array
    offset: Array
    reach: Array
    s: Array
    across: Array
    sigma_px: Array
    weight: Array

    def __getitem__(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> Rays:
        return Rays(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def beside(self) -> Array:
        """Lines (N, M) one farther on, inward."""
        return np.asarray(self.line + np.where(self.line > np.mean(self.line), -1.0, 1.0))

    def placed(self, poses: Poses, beside: Poses) -> Rays:
        """The rays with lines less their errors, as poses at their lines, and at those of `beside`, tell them.

        Poses that are hardly known miss by more than the lines' errors; no more than those is taken off.
        """
        point = intersect(self, poses).point
        (here, reach), (there, _) = (self._off_flown(point, own) for own in (poses, beside))
        rate = (there - here) / (self.beside() - self.line)  # rad a line
        moving = (np.abs(rate) * self.weight * self.sigma_px > _LEAST_RATE) & (self.weight > 0)
        rate, most = np.where(moving, rate, 1.0), OUTLIER * self.sigma_px
        known = self.offset / rate  # lines taken off before
        more = np.where(moving, np.clip(known + here / rate, -most, most) - known, 0.0)
        return replace(self, line=self.line - more, offset=self.offset + rate * more, reach=reach)

    def through(self, points: Array, poses: Poses) -> Rays:
        """The rays of the same lines that meet at ``points`` (N, 3), and not where errors of their samples put them."""
        own = poses_of(poses, self.line.shape)
        x = np.einsum("nmji,nmj->nmi", own.rotation, points[:, None] - own.position)
        s = np.where(self.weight[..., None] > 0, x / np.linalg.norm(x, axis=-1, keepdims=True), self.s)
        return replace(self, s=s, across=_across(s), offset=np.zeros(self.line.shape))

    def _off_flown(self, point: Array, poses: Poses) -> tuple[Array, Array]:
        """Angles (N, M) by which points (N, 3) stand off the rays in the direction flown, and their distance (m)."""
        own = poses_of(poses, self.line.shape)
        x = np.einsum("nmji,nmj->nmi", own.rotation, point[:, None] - own.position)
        depth = np.sum(self.s * x, axis=-1)
        return np.sum(self.across[:, :, 0] * x, axis=-1) / depth, depth


def _across(s: Array) -> Array:
    """Two directions (..., 2, 3) square to unit rays (..., 3), the first one nearest to the camera's x, which flies."""
    first = np.array([1.0, 0.0, 0.0]) - s * s[..., :1]
    first /= np.linalg.norm(first, axis=-1, keepdims=True)
    return np.stack([first, np.cross(s, first)], axis=-2)


def camera_rays(s: Array, line: Array, pixel_rad: Array, sigma_px: Array) -> Rays:
    """Rays along ``s`` (N, M, 3, any length, camera frame) of pixels ``pixel_rad`` (N, M) wide; NaN lines: no ray."""
    there = np.isfinite(line)
    own = np.where(there[..., None], s, [0.0, 0.0, -1.0])
    own = own / np.linalg.norm(own, axis=-1, keepdims=True)
    sigma = np.where(there, np.maximum(sigma_px, LEAST_SIGMA_PX), 1.0)
    some = np.take_along_axis(line, np.argmax(there, axis=1)[:, None], axis=1)
    line = np.where(there, line, some)
    weight = np.where(there, 1.0 / (pixel_rad * sigma), 0.0)
    return Rays(line, np.zeros(line.shape), np.full(line.shape, np.nan), own, _across(own), sigma, weight)


def rays_of(ties: TiePoints, sensor: Sensor) -> Rays:
    """The rays of tie points in the views of one scanner."""
    s = sensor.rays(ties.view, ties.sample)
    return camera_rays(s, ties.line, sensor.pixel_pitch_mm / np.linalg.norm(s, axis=-1), ties.sigma_px)


@dataclass(frozen=True)
class Intersected:
    """Points (N, 3) m that fit their rays best, and what the fit leaves.

    ``residual`` (N, 2M) whitened; ``by_point`` (N, 2M, 3) and ``by_pose`` (N, 2M, 6), row 2i and 2i + 1 by the pose of
    ray i; ``moved`` (N, 3, 2M) is how the point answers to changes of the residuals before the fit.
    """

    point: Array
    residual: Array
    by_point: Array
    by_pose: Array
    moved: Array

    def rows(self) -> tuple[Array, Array]:
        """Residuals (N, 2M) and their derivatives (N, 2M, M, 6) by the poses, the point eliminated."""
        count, rows, _ = self.by_pose.shape
        projector = np.eye(rows) + self.by_point @ self.moved
        by_pose = np.empty((count, rows, rows // 2, 6))
        for i in range(rows // 2):
            own = slice(2 * i, 2 * i + 2)
            by_pose[:, :, i] = projector[:, :, own] @ self.by_pose[:, own]
        return self.residual, by_pose

    def point_by_pose(self) -> Array:
        """Derivatives (N, 3, M, 6) of the points by the poses of their rays."""
        count, rows, _ = self.by_pose.shape
        moved = self.moved.reshape(count, 3, rows // 2, 2)
        return np.asarray(np.einsum("nkma,nmap->nkmp", moved, self.by_pose.reshape(count, rows // 2, 2, 6)))


def poses_of(poses: Poses, shape: tuple[int, ...]) -> Poses:
    """Poses of a flat list of lines as an array of ``shape``."""
    return Poses(
        poses.position.reshape(*shape, 3),
        poses.rotation.reshape(*shape, 3, 3),
        poses.frame.reshape(*shape, 3, 3),
        poses.jacobian.reshape(*shape, 3, 3),
    )


def intersect(rays: Rays, poses: Poses) -> Intersected:
    """Intersect N points under the poses of their rays, ``poses`` of N * M lines in the order of ``rays.line``."""
    own = poses_of(poses, rays.line.shape)
    direction = np.einsum("nmij,nmj->nmi", own.rotation, rays.s)
    seen = rays.weight > 0
    # a first point by equal weights: the sum of projectors across the rays
    spread = (np.eye(3) - direction[..., :, None] * direction[..., None, :]) * seen[..., None, None]
    base = np.mean(own.position, axis=1)
    right = np.einsum("nmij,nmj->ni", spread, own.position - base[:, None])
    point = base + solve_many(spread.sum(axis=1), right[..., None])[..., 0]
    # the linearised fit is repeated where the first point is far from the weighted one
    for _ in range(2):
        residual, by_point, by_pose = _linearised(rays, own, point)
        moved = -solve_many(np.swapaxes(by_point, 1, 2) @ by_point, np.swapaxes(by_point, 1, 2))
        point = point + np.einsum("nki,ni->nk", moved, residual)
    left = residual + np.einsum("nik,nk->ni", by_point, np.einsum("nki,ni->nk", moved, residual))
    return Intersected(point, left, by_point, by_pose, moved)


def _linearised(rays: Rays, poses: Poses, point: Array) -> tuple[Array, Array, Array]:
    """Whitened residuals (N, 2M) at points (N, 3); derivatives by the point (N, 2M, 3) and own pose (N, 2M, 6)."""
    breathe()
    count, images = rays.line.shape
    x = np.einsum("nmji,nmj->nmi", poses.rotation, point[:, None] - poses.position)
    depth = np.einsum("nmi,nmi->nm", rays.s, x)
    held = np.isfinite(rays.reach)
    far = np.stack([np.where(held, rays.reach, depth), depth], axis=-1)
    off = np.einsum("nmai,nmi->nma", rays.across, x) / far
    falling = off * np.stack([~held, np.ones_like(held)], axis=-1)
    by_x = (rays.across - falling[..., None] * rays.s[:, :, None]) * (rays.weight[..., None] / far)[..., None]
    by_point = by_x @ np.swapaxes(poses.rotation, -1, -2)
    by_pose = np.concatenate([-by_point @ poses.frame, by_x @ skew(x) @ poses.jacobian], axis=-1)
    rows = 2 * images
    off[..., 0] += rays.offset
    residual = (off * rays.weight[..., None]).reshape(count, rows)
    return residual, by_point.reshape(count, rows, 3), by_pose.reshape(count, rows, 6)


@dataclass(frozen=True)
class TieRows:
    """Tie points as observations: ``scale`` multiplies their sigmas, ``trust`` (N,) in 0..1 lowers outliers' weight."""

    rays: Rays
    trust: Array
    scale: float = 1.0

    @classmethod
    def of(cls, rays: Rays) -> TieRows:
        """Observations with their sigmas as given."""
        return cls(rays, np.ones(len(rays.line)))

    @property
    def line(self) -> Array:
        """Lines (N, M) whose poses the rows feel."""
        return self.rays.line

    def placed(self, poses: Poses, beside: Poses) -> TieRows:
        """The rows with `Rays.placed` rays."""
        return replace(self, rays=self.rays.placed(poses, beside))

    @property
    def freedom(self) -> Array:
        """Independent rows (N,) of each point."""
        return 2.0 * np.sum(self.rays.weight > 0, axis=1) - 3.0

    def rows(self, poses: Poses) -> tuple[Array, Array]:
        """Weighted residuals (N, 2M) and derivatives (N, 2M, M, 6) under the poses of `line`."""
        residual, by_pose = intersect(self.rays, poses).rows()
        weight = np.sqrt(self.trust) / self.scale
        return residual * weight[:, None], by_pose * weight[:, None, None, None]

    def cost(self, poses: Poses) -> float:
        """Weighted sum of squares."""
        residual = intersect(self.rays, poses).residual
        return float(np.sum(self.trust * np.sum(residual**2, axis=1))) / self.scale**2

    def reweighed(self, poses: Poses, determined: float) -> TieRows:
        """Scale and trust anew, by the residuals; ``determined`` values of the path were determined by these rows."""
        square = np.sum(intersect(self.rays, poses).residual ** 2, axis=1)
        scale = scale_of(square, self.trust, self.freedom, determined)
        return replace(self, scale=scale, trust=trusted(square / (scale**2 * self.freedom)))

    def usable(self, poses: Poses) -> tuple[NDArray[np.bool_], Array]:
        """Which points' rays meet within `OUTLIER` of what is usual for all, and the points (N, 3) m."""
        found = intersect(self.rays, poses)
        square = np.sum(found.residual**2, axis=1) / self.freedom
        usual = np.median(square) / 0.455  # the median of chi-square of one degree of freedom
        return square <= OUTLIER**2 * usual, found.point

    def rms_px(self, poses: Poses) -> float:
        """RMS residual of an independent row in pixels, outliers by their trust."""
        residual = intersect(self.rays, poses).residual * np.repeat(self.rays.sigma_px, 2, axis=1)
        square = np.sum(residual**2, axis=1)
        return float(np.sqrt(np.sum(self.trust * square) / np.sum(self.trust * self.freedom)))


def scale_of(square: Array, trust: Array, freedom: Array, determined: float) -> float:
    """Factor of the sigmas by which the whitened squares (N,) of rows come out as their redundancy."""
    redundancy = max(float(np.sum(trust * freedom)) - determined, 1.0)
    return float(np.sqrt(max(np.sum(trust * square), 1e-12) / redundancy))


def trusted(square: Array) -> Array:
    """Trust (N,) of rows with squares (N,) in units of their variance."""
    return np.asarray(np.minimum(1.0, OUTLIER**2 / np.maximum(square, 1e-9)))
