"""Directions and distances on the sphere; angles in radians, vectors of the body-fixed frame.

Frame: origin at the body centre, +Z to the north pole, +X to longitude 0 on the equator.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def components(values: npt.ArrayLike) -> list[Array]:
    """The columns (...) of values (..., k), each in memory of its own.

    For sines, arcs and powers: NumPy's vectorised ones differ from its plain ones in the last bit, and of a strided
    view it takes the plain ones where the result happens to be allocated right behind it. Runs would not repeat.
    """
    return [column.copy() for column in np.moveaxis(np.asarray(values, float), -1, 0)]


def unit_vectors(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Array:
    """Longitude, latitude (rad, any shape) -> unit vectors (..., 3)."""
    lon, lat = (a.copy() for a in np.broadcast_arrays(np.asarray(lon, float), np.asarray(lat, float)))
    cos_lat = np.cos(lat)
    return np.stack([cos_lat * np.cos(lon), cos_lat * np.sin(lon), np.sin(lat)], axis=-1)


def lonlat_radius(points: npt.ArrayLike) -> tuple[Array, Array, Array]:
    """Points (..., 3) -> longitude in -pi..pi, latitude (rad), distance from the centre (unit of the points)."""
    x, y, z = components(points)
    across = np.hypot(x, y)
    return np.arctan2(y, x), np.arctan2(z, across), np.hypot(across, z)


def east_north_up(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Array:
    """Local axes at lon, lat (rad) as the rows of (..., 3, 3): east, north, up."""
    lon, lat = (a.copy() for a in np.broadcast_arrays(np.asarray(lon, float), np.asarray(lat, float)))
    zero = np.zeros_like(lon)
    east = np.stack([-np.sin(lon), np.cos(lon), zero], axis=-1)
    north = np.stack([-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)], axis=-1)
    return np.stack([east, north, unit_vectors(lon, lat)], axis=-2)


def angular_distance(lon1: npt.ArrayLike, lat1: npt.ArrayLike, lon2: npt.ArrayLike, lat2: npt.ArrayLike) -> Array:
    """Great-circle distance (rad), accurate from 0 to pi (haversine and its complement)."""
    a, b = unit_vectors(lon1, lat1), unit_vectors(lon2, lat2)
    chord = np.linalg.norm(a - b, axis=-1)
    opposite = np.linalg.norm(a + b, axis=-1)
    return np.asarray(2 * np.arctan2(chord, opposite))


def wrap_degrees(lon: npt.ArrayLike) -> Array:
    """Longitude in degrees, any turn -> -180 <= lon < 180."""
    return np.asarray((np.asarray(lon, float) + 180.0) % 360.0 - 180.0)
