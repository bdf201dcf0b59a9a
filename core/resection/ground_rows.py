"""How far each GCP's ray passes its ground point, in metres, along and across the point's radius.

With s the unit ray (world), P = h p the ground point and C the camera, two unit vectors square to the ray are taken:
e1 towards the zenith p, e2 = s x p. Row 1, e1·(P - C), feels the altitude by u = e1·p and the lateral error by
sqrt(1 - u²); row 2, e2·(P - C) = -e2·C, is the coplanarity of s, p and C and feels the lateral error only. The two
rows are uncorrelated, so any ratio of altitude to lateral sigma is harmless. The derivatives are taken at the altitude
that fits best, not at the given one: with wrong altitudes Gauss-Newton would otherwise stall.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..camera.sensor import Sensor
from .model import ControlPoints
from .path import Poses

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

CHUNK = 16_384  # GCPs looked at together: what they take stays in the processor's cache


@dataclass(frozen=True)
class Targets:
    """N GCPs sorted by line: ``line`` (L,) ascending, ``row`` (N,) into it, ``first`` (L,) GCP of each line.

    ``p`` (N, 3) bearings, ``radius`` (N,) given distance from the centre (m), ``s`` (N, 3) unit camera rays.
    """

    line: Array
    row: Integers
    first: Integers
    p: Array
    radius: Array
    s: Array


def targets(points: ControlPoints, sensor: Sensor) -> Targets:
    """Lay out GCPs that are sorted by line already."""
    line, first, row = np.unique(points.line, return_index=True, return_inverse=True)
    rays = sensor.rays(points.view, points.sample)
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    radius = sensor.body_radius_m + points.altitude
    return Targets(line, row.astype(np.int64), first.astype(np.int64), points.bearings, radius, rays)


@dataclass(frozen=True)
class GroundRows:
    """Residuals (N, 2) in metres, their derivatives (N, 2, 6) by the path's shift and rotation vector, u (N,).

    ``variance`` (N, 2) m² of the rows from the lateral error and what is left of the altitude's.
    """

    residual: Array
    by_pose: Array
    zenith: Array
    variance: Array


def ground_rows(
    seen: Targets, poses: Poses, correction: Array, shift: Array | float, altitude: Array, lateral: Array
) -> GroundRows:
    """Rows at the present path; ``correction`` (N,) m is added to the altitudes, ``shift`` (N, 3) taken off the points.

    ``altitude`` (N,) is the sigma of what is then left of the altitude error, ``lateral`` (N,) that of a lateral
    component, metres: they say where between the ray and the altitude the ground point is taken to be.
    """
    count = len(seen.row)
    found = GroundRows(np.empty((count, 2)), np.empty((count, 2, 6)), np.empty(count), np.empty((count, 2)))
    for start in range(0, count, CHUNK):
        part = slice(start, start + CHUNK)
        own = shift[part] if isinstance(shift, np.ndarray) else shift
        made = _rows_of(seen, part, poses, correction[part], own, altitude[part], lateral[part])
        found.residual[part], found.by_pose[part] = made.residual, made.by_pose
        found.zenith[part], found.variance[part] = made.zenith, made.variance
    return found


def _rows_of(
    seen: Targets, part: slice, poses: Poses, correction: Array, shift: Array | float, altitude: Array, lateral: Array
) -> GroundRows:
    """`ground_rows` of the GCPs of ``part``."""
    row, p = seen.row[part], seen.p[part]
    rotation, position = poses.rotation[row], poses.position[row]
    s = np.einsum("nij,nj->ni", rotation, seen.s[part])
    e2 = _cross(s, p)
    sine = np.linalg.norm(e2, axis=1)
    overhead = sine < 1e-6  # the ray runs along the radius: any direction square to it will do
    e2[overhead] = rotation[overhead, :, 1]
    e2 /= np.where(overhead, 1.0, sine)[:, None]
    e1 = _cross(e2, s)
    offset = p * (seen.radius[part] + correction)[:, None] - shift - position
    residual = np.stack([_dot(e1, offset), _dot(e2, offset)], axis=1)
    u = _dot(e1, p)
    variance = np.stack([(u * altitude) ** 2 + (1.0 - u**2) * lateral**2, lateral**2], axis=1)
    best = offset - p * (altitude**2 * u * residual[:, 0] / variance[:, 0])[:, None]
    by_pose = np.empty((len(u), 2, 6))
    for k, e in enumerate((e1, e2)):
        # a small camera rotation w adds x × w to the point x in the camera: e·(x × w) = (e × x)·w
        turned = np.einsum("ni,nij->nj", _cross(e, best), rotation)
        by_pose[:, k, :3] = -np.einsum("ni,nij->nj", e, poses.frame[row])
        by_pose[:, k, 3:] = np.einsum("ni,nij->nj", turned, poses.jacobian[row])
    return GroundRows(residual, by_pose, u, variance)


def _cross(a: Array, b: Array) -> Array:
    """Cross products of (N, 3) arrays; several times faster than numpy's."""
    ax, ay, az = a.T
    bx, by, bz = b.T
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=1)


def _dot(a: Array, b: Array) -> Array:
    return np.asarray(np.einsum("ni,ni->n", a, b))
