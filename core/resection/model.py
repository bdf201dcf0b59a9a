"""What resection takes and gives: control points, tie points, orientations and a verdict."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import IntFlag
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..camera.rotations import exp_so3, log_so3, matrix_from_angles
from ..frames import unit_vectors

Array = NDArray[np.float64]
Integers = NDArray[np.int64]


class Flag(IntFlag):
    """What is known against one instant's orientation; 0 is good. Tables write the names."""

    GOOD = 0
    UNCONVERGED = 1  # the iteration ended without settling
    WEAK = 2  # ill-conditioned: formally solved, hardly determined
    PRIOR = 4  # too few GCPs: the neighbours in time carry what the data leave open
    AMBIGUOUS = 8  # another solution fits about as well
    FAILED = 16  # no solution; the orientation is NaN
    EXTRAPOLATED = 32  # outside the control in time


@dataclass(frozen=True)
class ControlPoints:
    """Ground control points (GCPs), one row each, (N,) arrays. Make them with `control_points`.

    ``line`` is the instant; ``view`` the index into the sensor's views; ``lon``, ``lat`` radians,
    planetocentric; ``altitude`` metres above the sensor's body radius. ``sigma_altitude`` and
    ``sigma_lateral`` are 1-sigma in metres (lateral: a component, on the ground), NaN where
    unknown; ``mu`` is the altitude's certainty, 0..1.
    """

    line: Array
    view: Integers
    sample: Array
    lon: Array
    lat: Array
    altitude: Array
    sigma_altitude: Array
    sigma_lateral: Array
    mu: Array

    def __len__(self) -> int:
        return len(self.line)

    def __getitem__(self, rows: NDArray[np.bool_] | NDArray[np.int64] | slice) -> ControlPoints:
        return ControlPoints(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    @cached_property
    def bearings(self) -> Array:
        """Unit directions p from the body centre, (N, 3)."""
        return unit_vectors(self.lon, self.lat)

    def points(self, body_radius_m: float) -> Array:
        """Body-fixed positions P = (radius + altitude) p, (N, 3) m."""
        return (body_radius_m + self.altitude)[:, None] * self.bearings


def control_points(
    line: ArrayLike,
    view: ArrayLike,
    sample: ArrayLike,
    lon: ArrayLike,
    lat: ArrayLike,
    altitude: ArrayLike = 0.0,
    *,
    sigma_altitude: ArrayLike = np.nan,
    sigma_lateral: ArrayLike = np.nan,
    mu: ArrayLike = 1.0,
) -> ControlPoints:
    """GCPs from columns or single values (broadcast); units as in `ControlPoints`."""
    given = (line, view, sample, lon, lat, altitude, sigma_altitude, sigma_lateral, mu)
    values = [np.array(column, dtype=np.float64) for column in np.broadcast_arrays(*np.atleast_1d(*given))]
    return ControlPoints(values[0], values[1].astype(np.int64), *values[2:])


@dataclass(frozen=True)
class TiePoints:
    """Ground points seen in several views, one row each: (N, M) lines (may be fractional; NaN for a view that does not
    see the point), view indices, samples and 1-sigma in pixels (0 for the image whose grid a match is given on)."""

    line: Array
    view: Integers
    sample: Array
    sigma_px: Array

    def __len__(self) -> int:
        return len(self.line)

    def __getitem__(self, rows: NDArray[np.bool_] | NDArray[np.int64] | slice) -> TiePoints:
        return TiePoints(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Orientation:
    """Exterior orientation of L instants, ascending ``line``.

    ``position`` (L, 3) m body-fixed; ``angles`` (L, 3) = θ, φ, ρ in radians, unwrapped along the orbit;
    ``time`` (L,) s; ``covariance`` (L, 6, 6) ordered X, Y, Z, θ, φ, ρ (m, rad);
    ``rms_px`` the RMS image residual in pixels; ``gcps`` their number; ``flag`` bits of `Flag`.
    """

    line: Array
    position: Array
    angles: Array
    method: str
    time: Array | None = None
    covariance: Array | None = None
    rms_px: Array = field(default_factory=lambda: np.empty(0))
    gcps: Integers = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    flag: Integers = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def __post_init__(self) -> None:
        defaults = {"rms_px": np.full(len(self.line), np.nan), "gcps": np.zeros(len(self.line), dtype=np.int64)}
        defaults["flag"] = np.where(np.isfinite(self.position).all(axis=-1), Flag.GOOD, Flag.FAILED)
        for name, value in defaults.items():
            if len(getattr(self, name)) != len(self.line):
                object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return len(self.line)

    def rotation(self) -> Array:
        """Rotation matrices, camera to world, (L, 3, 3)."""
        return matrix_from_angles(self.angles)

    def at(self, line: ArrayLike) -> tuple[Array, Array]:
        """Position (..., 3) m and rotation (..., 3, 3) at any lines, fractions included.

        Cubic Lagrange through the four nearest solved instants, the rotation as small rotations from the nearest;
        NaN more than half a line outside the solved instants: nothing is extrapolated.
        """
        wanted = np.asarray(line, dtype=np.float64)
        solved = np.flatnonzero(np.isfinite(self.position).all(axis=-1))
        shape = wanted.shape
        if len(solved) == 0:
            return np.full((*shape, 3), np.nan), np.full((*shape, 3, 3), np.nan)
        nodes = self.line[solved]
        count = min(4, len(solved))
        after = np.searchsorted(nodes, wanted, side="right")
        first = np.clip(after - count // 2, 0, len(solved) - count)
        near = first[..., None] + np.arange(count)
        weights = _lagrange(nodes[near], wanted)
        weights[(wanted < nodes[0] - 0.5) | (wanted > nodes[-1] + 0.5)] = np.nan
        position = np.sum(weights[..., None] * self.position[solved[near]], axis=-2)
        rotation = self.rotation()[solved]
        base = rotation[np.clip(after - 1, 0, len(solved) - 1)]
        turn = log_so3(np.swapaxes(base, -1, -2)[..., None, :, :] @ rotation[near])
        return position, base @ exp_so3(np.sum(weights[..., None] * turn, axis=-2))

    def with_(self, **changes: object) -> Orientation:
        """A copy with some fields changed."""
        return replace(self, **changes)  # type: ignore[arg-type]


def _lagrange(nodes: Array, at: Array) -> Array:
    """Lagrange weights (..., K) of nodes (..., K) at (...)."""
    difference = nodes[..., :, None] - nodes[..., None, :]
    offset = at[..., None, None] - np.broadcast_to(nodes[..., None, :], difference.shape)
    diagonal = np.eye(nodes.shape[-1], dtype=bool)
    return np.asarray(np.prod(np.where(diagonal, 1.0, offset / np.where(diagonal, 1.0, difference)), axis=-1))


@dataclass(frozen=True)
class Verdict:
    """How far a resection can be trusted.

    ``condition`` is the median condition number of the scaled normal equations' design matrix;
    ``rms_px`` the RMS image residual of all GCPs; ``sentences`` say what was under-determined,
    which prior was used, how many instants failed, whether the ground is too flat for the lateral noise; ``doubts`` are
    those of them that speak against the GCPs or the sensor.
    """

    condition: float
    rms_px: float
    instants: int
    good: int
    sentences: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


class InstantsCovariance(Protocol):
    """Covariances between the orientation errors of two instants: dC (m, world) and w (rad, camera frame)."""

    def between(self, first: Array, second: Array) -> Array:
        """Covariance (..., 6, 6) of the errors at lines ``first`` (...) with those at ``second`` (...)."""


@dataclass(frozen=True)
class Resection:
    """Orientations and the verdict on them.

    ``residuals_px`` (N, 2), measured minus projected along and across track, one row for each of the ``points`` used.
    ``joint`` tells how the errors of different instants hang together, where the method knows.
    """

    orientation: Orientation
    verdict: Verdict
    residuals_px: Array
    points: ControlPoints | None = None
    joint: InstantsCovariance | None = None
