"""Control points of one image as observations beside ties and shots."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .ground_rows import GroundRows, Targets, ground_rows
from .model import ControlPoints
from .path import Poses
from .ties import scale_of, trusted

Array = NDArray[np.float64]

LATERAL_M, ALTITUDE_M = 10.0, 100.0  # sigmas of GCPs that tell none
UNKNOWN_ALTITUDE_M = 1e4


@dataclass(frozen=True)
class ControlRows:
    """GCPs (N,) as rows of `ground_rows`: ``seen`` with one line each, sigmas ``lateral`` and ``altitude`` (N,) m."""

    seen: Targets
    lateral: Array
    altitude: Array
    trust: Array
    scale: float = 1.0

    @classmethod
    def of(cls, points: ControlPoints, s: Array, radius_m: float, sigma_lateral: float | None) -> ControlRows:
        """GCPs seen along camera rays ``s`` (N, 3), on a body of ``radius_m``; unknown sigmas take the usual values."""
        row = np.arange(len(points))
        known = np.isfinite(points.altitude)
        radius = radius_m + np.where(known, points.altitude, np.nanmedian(points.altitude) if known.any() else 0.0)
        given = np.where(np.isfinite(points.sigma_lateral), points.sigma_lateral, LATERAL_M)
        lateral = given if sigma_lateral is None else np.full(len(points), sigma_lateral)
        altitude = np.where(np.isfinite(points.sigma_altitude), points.sigma_altitude, ALTITUDE_M)
        altitude = np.where(known, altitude, UNKNOWN_ALTITUDE_M)
        unit = s / np.linalg.norm(s, axis=1, keepdims=True)
        seen = Targets(points.line, row, row, points.bearings, radius, unit)
        return cls(seen, np.maximum(lateral, 1e-3), np.maximum(altitude, 1e-3), np.ones(len(points)))

    @property
    def line(self) -> Array:
        """Lines (N, 1)."""
        return self.seen.line[:, None]

    def _ground(self, poses: Poses) -> GroundRows:
        return ground_rows(self.seen, poses, np.zeros(len(self.trust)), 0.0, self.altitude, self.lateral)

    def rows(self, poses: Poses) -> tuple[Array, Array]:
        """Weighted residuals (N, 2) and derivatives (N, 2, 1, 6) under the poses of `line`."""
        rows = self._ground(poses)
        weight = np.sqrt(self.trust[:, None] / rows.variance) / self.scale
        return rows.residual * weight, (rows.by_pose * weight[..., None])[:, :, None]

    def cost(self, poses: Poses) -> float:
        """Weighted sum of squares."""
        return float(np.sum(self.trust * self._square(poses))) / self.scale**2

    def reweighed(self, poses: Poses, determined: float) -> ControlRows:
        """Scale and trust anew; ``determined`` values of the path were determined by these rows."""
        square = self._square(poses)
        scale = max(scale_of(square, self.trust, np.full(len(square), 2.0), determined), 1.0)  # stated sigmas hold
        return replace(self, scale=scale, trust=trusted(square / (2.0 * scale**2)))

    def rms_m(self, poses: Poses) -> float:
        """RMS of a component across the rays, outliers by their trust."""
        square = np.sum(self._ground(poses).residual ** 2, axis=1)
        return float(np.sqrt(np.sum(self.trust * square) / np.sum(2.0 * self.trust)))

    def _square(self, poses: Poses) -> Array:
        rows = self._ground(poses)
        return np.asarray(np.sum(rows.residual**2 / rows.variance, axis=1))
