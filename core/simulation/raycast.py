"""Where rays meet a terrain."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..frames import lonlat_radius
from .terrain import DetailedTerrain, Terrain

Array = NDArray[np.float64]

MAX_STEPS = 60
SECANT_STEPS = 12
LEAST_RATE = 0.01  # of convergence that may be counted on
NEAR_M = 1.0  # how near a coarser terrain brings the start


def raycast(terrain: Terrain, centres: ArrayLike, directions: ArrayLike, tolerance_m: float = 1e-5) -> Array:
    """Ground points (..., 3) where rays from ``centres`` (..., 3) along ``directions`` (..., 3) meet the terrain.

    Metres, body-fixed; the two broadcast; directions need no unit length. The height above ground along the ray goes
    to zero by the secant method, from where the ray meets the sphere, or the terrain's coarse form where it has one.
    Where that does not settle, the root is bracketed by the shells of the terrain's highest and lowest height and found
    by the Illinois variant. To ``tolerance_m`` of height. A ray steeper than the ground's steepest slope meets it once;
    of several crossings of an oblique ray one is returned. NaN where a ray misses.
    """
    c, d = np.broadcast_arrays(np.asarray(centres, dtype=float), np.asarray(directions, dtype=float))
    shape = c.shape
    c, d = c.reshape(-1, 3), d.reshape(-1, 3)
    d = d / np.linalg.norm(d, axis=1, keepdims=True)
    low, high = terrain.bounds()
    near, far = _shell(c, d, terrain.radius_m + high + 1.0), _shell(c, d, terrain.radius_m + low - 1.0)
    distance = np.full(len(c), np.nan)
    seen = np.isfinite(near) & np.isfinite(far) & (far > 0)
    rays = np.flatnonzero(seen & (near > 0))
    distance[rays] = _by_secants(terrain, c[rays], d[rays], near[rays], far[rays], tolerance_m)
    rays = np.flatnonzero(seen & np.isnan(distance))
    if rays.size:
        distance[rays] = _first_root(terrain, c[rays], d[rays], np.maximum(near[rays], 0.0), far[rays], tolerance_m)
    points: Array = c + distance[:, None] * d
    return points.reshape(shape)


def _by_secants(terrain: Terrain, c: Array, d: Array, near: Array, far: Array, tolerance: float) -> Array:
    """Distance (N,) along the rays to the ground by secants, NaN where they leave near..far or do not settle.

    The last step is not looked at again: it is taken once the height it leads to, at the rate at which the step before
    lowered it, is below the tolerance (secants converge faster than that).
    """
    if isinstance(terrain, DetailedTerrain):
        start = _by_secants(terrain.coarse, c, d, near, far, NEAR_M)
        t = np.where(np.isnan(start), 0.5 * (near + far), start)
    else:
        level = np.clip(0.0, *terrain.bounds())
        t = np.fmin(np.fmax(_shell(c, d, terrain.radius_m + float(level)), near), far)
    root = np.full(len(c), np.nan)
    live = np.arange(len(c))
    last_t, last_f = t, np.zeros(len(c))
    for _ in range(SECANT_STEPS):
        f, descent = _above_and_descent(terrain, c, d, t)
        with np.errstate(invalid="ignore", divide="ignore"):
            slope, rate = (f - last_f) / (t - last_t), np.abs(f / last_f)
        steep = np.abs(slope / descent - 1) < 0.8  # of a first step there is none, of a last one it is rounding
        step = f / np.where(steep, -slope, descent)
        done = np.abs(f) * np.clip(np.nan_to_num(rate, nan=1.0), LEAST_RATE, 1.0) < tolerance
        root[live[done]] = (t + step)[done]
        going = ~done & (t + step >= near) & (t + step <= far)
        if not going.any():
            break
        last_t, last_f = t[going], f[going]
        t, live, c, d, near, far = (a[going] for a in (t + step, live, c, d, near, far))
    return root


def _shell(c: Array, d: Array, radius: float) -> Array:
    """Distance along unit rays to the nearer crossing of a sphere about the origin; NaN for a miss."""
    along = np.einsum("ij,ij->i", c, d)
    foot = np.linalg.norm(c - along[:, None] * d, axis=1)  # the ray's least distance from the centre
    half = (radius - foot) * (radius + foot)
    return np.asarray(-along - np.sqrt(np.where(half >= 0, half, np.nan)))


def _above_and_descent(terrain: Terrain, c: Array, d: Array, t: Array) -> tuple[Array, Array]:
    """Height above the ground (N,) at distance t along the rays, metres, and how steeply the rays go down there."""
    place = c + t[:, None] * d
    lon, lat, radius = lonlat_radius(place)
    above = (radius - terrain.radius_m) - terrain.height(lon, lat)
    return above, np.maximum(-np.einsum("ij,ij->i", place, d) / radius, 0.01)


def _above(terrain: Terrain, c: Array, d: Array, t: Array) -> Array:
    """Height above the ground at distance t along the rays, metres."""
    lon, lat, radius = lonlat_radius(c + t[:, None] * d)
    return np.asarray((radius - terrain.radius_m) - terrain.height(lon, lat))


def _first_root(terrain: Terrain, c: Array, d: Array, a: Array, b: Array, tolerance: float) -> Array:
    """Root of the height above ground between a (above) and b (below) for every ray: Illinois method."""
    fa, fb = _above(terrain, c, d, a), _above(terrain, c, d, b)
    root = np.where(fa <= 0, np.nan, a)  # a camera below the ground sees nothing
    live = np.flatnonzero((fa > 0) & (fb < 0))
    a, b, fa, fb, c, d = a[live], b[live], fa[live], fb[live], c[live], d[live]
    for step in range(MAX_STEPS):
        if not live.size:
            return root
        # a bisection now and then keeps the bracket shrinking whatever the ground does
        t = 0.5 * (a + b) if step % 12 == 11 else b - fb * (b - a) / (fb - fa)
        f = _above(terrain, c, d, t)
        root[live] = t
        below = f < 0
        same = below == (fb < 0)  # b always holds the latest point; a the other side
        fa = np.where(same, 0.5 * fa, fb)
        a = np.where(same, a, b)
        b, fb = t, f
        going = (np.abs(f) > tolerance) & (np.abs(b - a) > 0.1 * tolerance)
        live, a, b, fa, fb, c, d = live[going], a[going], b[going], fa[going], fb[going], c[going], d[going]
    return root
