"""The four plain interpolators of altimeter shots that every levelled DTM has to beat.

All take shots and queries as plane coordinates in metres; nothing of the image enters. They stand for what a
user could do without this package: inverse distance, Shepard over one shot per sector, Delaunay triangles and
the thin-plate spline. Shapes: shots (N, 2) and query (M, 2) in metres, altitude (N,) and the result (M,) in metres.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import InputError, MissingPackageError
from ..frames import components
from ..progress import breathe_during, breathing

Array = np.ndarray[Any, np.dtype[np.float64]]
Interpolator = Callable[[Array, Array, Array], Array]
CHUNK = 4_000_000  # query-shot pairs held at once
_STRAIGHT = 1e-6  # of its length, within which shots lie on one line


def inverse_distance(shots: Array, altitude: Array, query: Array, neighbours: int = 12, power: float = 2.0) -> Array:
    """Mean of the nearest shots weighted by distance**-power (Shepard 1968)."""
    shots, altitude = merged_shots(shots, altitude)
    tree = _scipy("spatial").cKDTree(shots)
    distance, index = tree.query(query, k=min(neighbours, len(shots)))
    return _weighted(distance.reshape(len(query), -1), altitude[index].reshape(len(query), -1), power)


def sector_shepard(
    shots: Array, altitude: Array, query: Array, sectors: int = 8, power: float = 2.0, limit: int = 1500
) -> Array:
    """Inverse distance over the nearest shot of each of ``sectors`` equal azimuth sectors (Xu et al. 2016).

    Every sector looks as far as the shots go; an empty one contributes nothing. Shots are merged to ``limit`` at most.
    """
    shots, altitude = merged_shots(shots, altitude, limit)
    result = np.empty(len(query))
    step = max(1, CHUNK // len(shots))
    for start in breathing(range(0, len(query), step)):
        delta = shots[None] - query[start : start + step, None]
        squared = np.einsum("qsk,qsk->qs", delta, delta)
        x, y = components(delta)
        sector = np.floor(np.arctan2(y, x) * (sectors / (2.0 * np.pi))) % sectors
        nearest = np.full((len(delta), sectors), np.inf)
        values = np.zeros((len(delta), sectors))
        for k in range(sectors):
            within = np.where(sector == k, squared, np.inf)
            best = within.argmin(axis=1)
            nearest[:, k] = np.sqrt(within[np.arange(len(delta)), best])
            values[:, k] = altitude[best]
        result[start : start + step] = _weighted(nearest, values, power)
    return result


def delaunay(shots: Array, altitude: Array, query: Array) -> Array:
    """Linear interpolation on Delaunay triangles (on one line: between neighbours); the nearest shot outside their
    hull."""
    interpolate = _scipy("interpolate")
    shots, altitude = merged_shots(shots, altitude)
    if (line := _line(shots)) is not None:
        order = np.argsort(along := (shots - shots[0]) @ line)
        return np.interp((query - shots[0]) @ line, along[order], altitude[order])
    linear = breathe_during(lambda: interpolate.LinearNDInterpolator(shots, altitude))
    inside = np.asarray(breathe_during(lambda: linear(query)), dtype=np.float64)
    outside = ~np.isfinite(inside)
    if outside.any():
        inside[outside] = interpolate.NearestNDInterpolator(shots, altitude)(query[outside])
    return inside


def thin_plate(shots: Array, altitude: Array, query: Array, limit: int = 2500) -> Array:
    """Thin-plate spline through the shots (Duchon 1976), merged to ``limit`` at most: the system is dense.

    Shots on one line leave the tilt across it open: the spline is the same all across.
    """
    interpolate = _scipy("interpolate")
    shots, altitude = merged_shots(shots, altitude, limit)
    if (line := _line(shots)) is not None:
        shots, query = (shots - shots[0]) @ line[:, None], (query - shots[0]) @ line[:, None]
    scale = float(np.ptp(shots, axis=0).max()) or 1.0
    spline = breathe_during(lambda: interpolate.RBFInterpolator(shots / scale, altitude, kernel="thin_plate_spline"))
    step = max(1, CHUNK // len(shots))
    parts = [spline(query[start : start + step] / scale) for start in breathing(range(0, len(query), step))]
    return np.concatenate(parts) if parts else np.empty(0)


BASELINES: dict[str, Interpolator] = {
    "inverse distance": inverse_distance,
    "sector Shepard": sector_shepard,
    "Delaunay": delaunay,
    "thin plate": thin_plate,
}


def merged_shots(shots: Array, altitude: Array, limit: int | None = None) -> tuple[Array, Array]:
    """Average the shots of a square cell, the cell grown from a millimetre until at most ``limit`` are left.

    Raises InputError when fewer than three shots remain, which none of the interpolators can use.
    """
    shots, altitude = np.asarray(shots, dtype=np.float64), np.asarray(altitude, dtype=np.float64)
    extent = float(np.ptp(shots, axis=0).max()) if len(shots) else 0.0
    cell = 1e-3
    while True:
        unique, inverse = np.unique(np.floor(shots / cell).astype(np.int64), axis=0, return_inverse=True)
        if limit is None or len(unique) <= limit:
            break
        cell = max(cell * 1.25, extent / (4.0 * limit))
    if len(unique) < 3:
        raise InputError(f"ALTIMETRY has {len(unique)} separate shots here; an interpolation needs at least 3.")
    inverse = inverse.reshape(-1)
    count = np.bincount(inverse)
    mean = [np.bincount(inverse, weights=column) / count for column in (shots[:, 0], shots[:, 1], altitude)]
    return np.stack(mean[:2], axis=1), mean[2]


def _line(shots: Array) -> Array | None:
    """Direction (2,) of the line on which all shots lie, to a millionth of its length; None where they do not."""
    _, extent, directions = np.linalg.svd(shots - shots.mean(axis=0), full_matrices=False)
    return directions[0] if extent[1] <= _STRAIGHT * extent[0] else None


def _weighted(distance: Array, values: Array, power: float) -> Array:
    """Shepard weights; a query on a shot (within a millimetre) returns that shot."""
    weight = np.maximum(distance, 1e-3) ** -power
    return np.asarray((weight * values).sum(axis=1) / weight.sum(axis=1), dtype=np.float64)


def _scipy(module: str) -> Any:
    try:
        return importlib.import_module(f"scipy.{module}")
    except ImportError as error:
        raise MissingPackageError("scipy", "Comparing with the plain interpolators") from error
