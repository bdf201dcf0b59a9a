"""Finds wild shots: a consolidated surface (WLOP) first, then each shot against its neighbours that are not wild.

1. The shots are consolidated by weighted locally optimal projection (Huang et al. 2009): sample points are drawn to
   the local L1 median of the shots, weighted against uneven density, and pushed apart from each other. The shots are
   a height field, so the L1 distance is that of the altitudes and the support is one on the ground: a wild shot near
   by then weighs as little as its altitude is far off. A shot far from the consolidated surface, against the local
   spread, is taken out for the moment.
2. Every shot is compared with the Shepard surface of the shots that are left (without itself), in units of the spread
   that its neighbourhood and the geometry of its neighbours give it. Where the line between good and wild lies is read
   off the shots' own distribution, so that rugged ground is not thinned out. This is repeated until nothing changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..frames import Array, lonlat_radius
from ..progress import Progress, part, silent, tell
from .interpolation import Interpolator, unit_variance
from .readers import Shots
from .search import ShotIndex, in_blocks

Mask = npt.NDArray[np.bool_]

FEWEST_SHOTS = 20  # below which there is no neighbourhood to judge by
LEAST_SPREAD_M = 5.0  # noise of an altimeter: less is no reason to call a shot wild
_NEIGHBOURS = 16
_REPULSION = 0.45  # mu of Huang et al., below 1/2
_ITERATIONS = 10
_FIRST_LIMIT = 4.0  # spreads from the consolidated surface
_INNER, _OUTER = 0.75, 0.975  # quantiles of the kept shots through which an exponential tail is laid
_LEAST_LIMIT = 1.0  # spreads, and so at least LEAST_SPREAD_M from the surface, however quiet ground and shots are
_LOST = 0.001  # share of good shots that such a tail leaves outside the limit (cut tails look shorter: it is 0.3-0.6 %)
_ROUNDS = 4
_POWER = 3.0  # of the Shepard surface here: the nearest shots say most about a wild one
_TO_SIGMA = 1.4826  # median absolute value to 1-sigma of a normal distribution


@dataclass(frozen=True)
class FilterResult:
    """keep (N,): which shots are good. residual (N,): the surface of the good shots minus the shot, m. spread (N,): its
    1-sigma where the shot is, m. limit: how many spreads make a shot wild."""

    keep: Mask
    residual: Array
    spread: Array
    limit: float


def filter_shots(shots: Shots, progress: Progress = silent) -> FilterResult:
    """Find wild shots; shots at `FEWEST_SHOTS` places at least are needed, fewer are all kept (and the limit inf)."""
    size = len(shots)
    if np.unique(shots.lon + 1j * shots.lat).size < FEWEST_SHOTS:
        return FilterResult(np.ones(size, bool), np.zeros(size), np.full(size, np.nan), np.inf)
    surface = consolidate(shots, part(progress, 0.0, 0.5))
    residual = _off(surface, shots)
    spread = _tempered(_local_spread(np.abs(residual), shots, np.ones(size, bool)))
    keep = np.abs(residual) < _FIRST_LIMIT * np.maximum(spread, LEAST_SPREAD_M)
    for count in range(_ROUNDS):
        tell(progress, 0.5 + 0.5 * count / _ROUNDS, "Comparing shots with their neighbours")
        residual, scale = _against_others(shots, keep)
        spread = _tempered(_local_spread(np.abs(residual) / scale, shots, keep)) * scale
        spread = np.maximum(spread, LEAST_SPREAD_M)
        off = np.abs(residual) / spread
        inner, outer = np.quantile(off[keep], [_INNER, _OUTER])
        tail = (outer - inner) * np.log((1 - _OUTER) / _LOST) / np.log((1 - _INNER) / (1 - _OUTER))
        limit = max(float(outer + tail), _LEAST_LIMIT)
        before, keep = keep, off < limit
        if np.array_equal(before, keep):
            break
    tell(progress, 1.0)
    return FilterResult(keep, residual, spread, limit)


def consolidate(shots: Shots, progress: Progress = silent) -> Shots:
    """Weighted locally optimal projection of the shots, one sample point a shot; altitudes (m) of a robust surface."""
    index = ShotIndex(shots.lon, shots.lat, shots.body.radius_m)
    count = min(_NEIGHBOURS, len(shots) - 1)
    apart, around = _nearest(index, shots.lon, shots.lat, count + 1)
    support = np.maximum(apart[:, min(4, count)], 1.0)  # h / 4 of the paper: the local spacing of the shots
    density = _crowd(apart[:, 1:], support)  # v_j
    altitude = _joined(lambda block: np.median(shots.altitude[around[block]], axis=1), len(shots))
    points = np.column_stack([index.vectors, altitude])
    for step in range(_ITERATIONS):
        tell(progress, step / _ITERATIONS, "Consolidating shots")
        points = _projected(points, shots, index, support, density)
    lon, lat, _ = lonlat_radius(points[:, :3])
    return Shots(lon, lat, points[:, 3], shots.body, shots.datum)


def _projected(points: Array, shots: Shots, index: ShotIndex, support: Array, density: Array) -> Array:
    """The sample points (N, 4: unit vector, altitude) drawn to the shots and pushed apart once.

    Place and altitude move with the same weights, so that on a slope the points stay on it.
    """
    lon, lat, _ = lonlat_radius(points[:, :3])
    count = min(_NEIGHBOURS, len(shots) - 1)
    distance, near = _nearest(index, lon, lat, count)
    apart, other = _nearest(ShotIndex(lon, lat, index.radius), lon, lat, count + 1)
    apart, other = apart[:, 1:], other[:, 1:]
    crowd = _crowd(apart, support)  # w_i

    def moved(block: slice) -> Array:
        step_m = np.maximum(np.abs(shots.altitude[near[block]] - points[block, 3:]), 1.0)
        pull = _shares(_theta(distance[block], support[block]) / (step_m * density[near[block]]))
        least = np.maximum(apart[block], 1e-3 * support[block, None])
        push = _shares(crowd[other[block]] * _theta(apart[block], support[block]) / least)
        seen = np.concatenate([index.vectors[near[block]], shots.altitude[near[block], None]], axis=2)
        away = points[block] - np.einsum("nk,nkc->nc", push, points[other[block]])
        new = np.einsum("nk,nkc->nc", pull, seen) + _REPULSION * away
        new[:, :3] /= np.linalg.norm(new[:, :3], axis=1, keepdims=True)
        return np.asarray(new)

    return _joined(moved, len(points))


def _joined(work: Callable[[slice], Array], count: int) -> Array:
    return np.concatenate(in_blocks(work, count))


def _crowd(distance: Array, support: Array) -> Array:
    """Weighted density (N,) of the neighbours at ``distance`` (N, K), the point itself included."""
    return _joined(lambda block: 1 + _theta(distance[block], support[block]).sum(axis=1), len(support))


def _nearest(index: ShotIndex, lon: Array, lat: Array, count: int) -> tuple[Array, npt.NDArray[np.intp]]:
    """`ShotIndex.nearest`, several blocks at a time."""
    parts = in_blocks(lambda block: index.nearest(lon[block], lat[block], count), len(lon))
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


def _shares(weights: Array) -> Array:
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _theta(distance: Array, support: Array) -> Array:
    return np.asarray(np.exp(-((distance / support[:, None]) ** 2)) + 1e-30)


def _off(surface: Shots, shots: Shots) -> Array:
    """Altitude of a surface at the shots minus theirs, m."""
    prepared = Interpolator(surface, power=_POWER)
    return _joined(lambda block: prepared.at(shots.lon[block], shots.lat[block]).altitude, len(shots)) - shots.altitude


def _against_others(shots: Shots, keep: Mask) -> tuple[Array, Array]:
    """Residual (N,) in m of each shot to the surface of the kept ones without itself, and its geometry's scale."""
    prepared = Interpolator(shots.kept(keep), power=_POWER)
    residual, scale = np.empty(len(shots)), np.empty(len(shots))
    error, variance = prepared.left_out
    residual[keep], scale[keep] = error[prepared.place], np.sqrt(variance[prepared.place])
    found = prepared.at(shots.lon[~keep], shots.lat[~keep])
    residual[~keep], scale[~keep] = found.altitude - shots.altitude[~keep], np.sqrt(unit_variance(found))
    return residual, scale


def _local_spread(off: Array, shots: Shots, keep: Mask) -> Array:
    """1-sigma (N,) of ``off`` among the kept shots nearest to each shot, by their median."""
    index = ShotIndex(shots.lon[keep], shots.lat[keep], shots.body.radius_m)
    _, near = _nearest(index, shots.lon, shots.lat, min(_NEIGHBOURS, len(index)))
    kept = off[keep]
    return _TO_SIGMA * _joined(lambda block: np.median(kept[near[block]], axis=1), len(shots))


def _tempered(spread: Array) -> Array:
    """Geometric mean of the local spread and the usual one, since a spread from a few neighbours is uncertain."""
    return np.sqrt(np.maximum(spread, 1e-9) * max(float(np.median(spread)), 1e-9))
