"""The grid of a raster made from points: CRS, pixel size and extent, chosen where the user leaves them open."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, isfinite, pi
from typing import Any

import numpy as np
import numpy.typing as npt

from ..bodies import Body, LonLat, body_of_crs, is_angular, require_same_body, spatial_reference
from ..errors import InputError
from ..frames import lonlat_radius, unit_vectors
from ..rasters import Grid

Array = npt.NDArray[np.float64]

LONGEST_SIDE = 4096  # pixels, where the pixel size is left open
EDGE = 1e-5  # pixels: a point so near to the edge between two cells lies on it, for coordinates are rounded
_POLAR = np.radians(75.0)  # beyond it longitude and latitude stretch too much: polar stereographic
_MOST_PIXELS = 2**31
_SAMPLED = 42  # places along a side of an extent; an even number misses a pole in the very middle


def default_crs(lat: Array, body: Body) -> str:
    """Longitude, latitude; polar stereographic where the points go beyond 75° of latitude. WKT."""
    highest = lat[np.nanargmax(np.abs(lat))]
    if abs(highest) < _POLAR:
        return str(body.lonlat_crs().ExportToWkt(["FORMAT=WKT2_2019"]))
    pole = 90 if highest > 0 else -90
    reference = spatial_reference(f"+proj=stere +lat_0={pole} +lon_0=0 +R={body.radius_m!r} +units=m +no_defs")
    return str(reference.ExportToWkt(["FORMAT=WKT2_2019"]))


def target_grid(
    lon: Array,
    lat: Array,
    body: Body,
    pixel_m: float,
    crs: str | None = None,
    extent: Sequence[float] | None = None,
    limit: int | None = None,
    extent_crs: str | None = None,
) -> Grid:
    """A north-up grid over points lon, lat (rad) of ``body``, its edges on multiples of the pixel size.

    ``pixel_m`` is metres on the ground, in a geographic CRS degrees of latitude along both axes; with ``limit`` it is
    coarsened until the longest side has at most so many pixels. ``extent`` (xmin, ymin, xmax, ymax) is in ``crs``, or
    where that is left open in ``extent_crs`` (the input's; default: longitude and latitude in degrees) and carried to
    the CRS chosen; it is snapped outward; without it every point lies in one of the grid's `cells`. Raises `InputError`
    for a CRS of another body, an empty extent, or too many pixels.
    """
    text = crs or default_crs(lat, body)
    reference = spatial_reference(text)
    require_same_body(body_of_crs(reference), "CRS", body, "the input")
    of_points = extent is None
    if extent is None:
        extent = _bounds(lon, lat, LonLat(reference))
    elif not (all(map(isfinite, extent)) and extent[0] < extent[2] and extent[1] < extent[3]):
        raise InputError(f"EXTENT {' '.join(f'{v:g}' for v in extent)} is empty; give xmin ymin xmax ymax.")
    elif not crs:
        extent = _carried(extent, extent_crs, reference, body)
    unit = 180.0 / (pi * body.radius_m) if is_angular(reference) else 1.0 / (reference.GetLinearUnits() or 1.0)
    step = pixel_m * unit
    longest = max(extent[2] - extent[0], extent[3] - extent[1]) / step
    if limit and longest > limit:
        step *= longest / (limit - 2)  # two pixels to spare for the snapping
    # A hair inward: an extent that lies on the pixels' edges must not gain a row.
    hair = EDGE if of_points else 1e-6
    x0, y0 = floor(extent[0] / step + hair) * step, ceil(extent[3] / step - hair) * step
    across, down = (extent[2] - x0) / step, (y0 - extent[1]) / step
    # The cell of a point on an edge is the next one; an extent ends there.
    width, height = (floor(n + hair) + 1 if of_points else ceil(n - hair) for n in (across, down))
    if width * height > _MOST_PIXELS:
        raise InputError(f"PIXEL_SIZE {pixel_m:g} m gives {width} x {height} pixels; choose a larger one.")
    wkt = str(reference.ExportToWkt(["FORMAT=WKT2_2019"]))
    return Grid(max(width, 1), max(height, 1), (x0, step, 0.0, y0, 0.0, -step), wkt)


def whole_turn(crs: str, pixel_m: float) -> float:
    """``pixel_m`` (m); in a geographic CRS the nearest size that goes around the body a whole number of times, so that
    grids of `target_grid` a turn of longitude apart share their pixels."""
    reference = spatial_reference(crs)
    if not is_angular(reference):
        return pixel_m
    around = 2.0 * pi * body_of_crs(reference).radius_m
    return around / max(1, round(around / pixel_m))


def cells(place: Array) -> Array:
    """Whole columns or rows of the cells in which points at fractional ones (centres at integers) lie.

    A point between two cells lies in the one that begins there, to the right or below.
    """
    return np.asarray(np.floor(place + (0.5 + EDGE)))


def point_spacing(lon: Array, lat: Array, body: Body) -> float:
    """Usual distance (m) from a point to the next in the file, lon and lat in rad: files go row by row."""
    place = unit_vectors(lon, lat)
    step = np.linalg.norm(np.diff(place, axis=0), axis=1) * body.radius_m
    step = step[step > 0]
    if not len(step):
        raise InputError("PIXEL_SIZE cannot be chosen from a single point; give it.")
    return float(np.median(step))


def _carried(extent: Sequence[float], own: str | None, reference: Any, body: Body) -> Sequence[float]:
    """The extent in the CRS chosen, around all that it holds; ``own`` None: planetocentric degrees."""
    given = spatial_reference(own) if own else body.lonlat_crs()
    require_same_body(body_of_crs(given), "EXTENT", body, "the input")
    if given.IsSame(reference):
        return extent
    x, y = (np.linspace(extent[axis], extent[axis + 2], _SAMPLED) for axis in (0, 1))
    lon, lat = (angle.ravel() for angle in LonLat(given).from_xy(*np.meshgrid(x, y)))
    return _bounds(lon, lat, LonLat(reference))


def _bounds(lon: Array, lat: Array, frame: LonLat) -> tuple[float, float, float, float]:
    good = np.isfinite(lon) & np.isfinite(lat)
    if not good.any():
        raise InputError("There are no points with a position to put on a grid.")
    middle, _, _ = lonlat_radius(unit_vectors(lon[good], lat[good]).sum(axis=0))
    near, _ = frame.to_xy(middle, 0.0)
    x, y = frame.to_xy(lon[good], lat[good], near_x=float(near))
    if not (np.isfinite(x).any() and np.isfinite(y).any()):
        raise InputError("CRS does not reach the points; choose one that covers them.")
    return float(np.nanmin(x)), float(np.nanmin(y)), float(np.nanmax(x)), float(np.nanmax(y))
