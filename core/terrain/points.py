"""Point files, CSV or LAS/LAZ, read and written in pieces: body-fixed places with altitude, sigma and ray miss."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..bodies import Body, body_of_radius
from ..errors import InputError, MissingPackageError, PlanetaryDtmError, ResourceError
from ..frames import lonlat_radius, unit_vectors
from ..outputs import replacing
from ..progress import FEW_ROWS
from ..tables import Table, read_table
from .las_header import check_las

Array = NDArray[np.float64]

COLUMNS = ("x", "y", "z", "lon", "lat", "altitude", "sigma", "ray_miss")
_FORMATS = ("%.3f", "%.3f", "%.3f", "%.9f", "%.9f", "%.3f", "%.3f", "%.3f")  # 1e-9 degrees: 0.03 mm on the Moon
_EXTRA = {"lon": "f8", "lat": "f8", "altitude": "f8", "sigma": "f4", "ray_miss": "f4"}
_PIECE = 1_000_000


@dataclass(frozen=True)
class Points:
    """Ground points: lon, lat (rad, planetocentric), altitude (m above the body's sphere), sigma of the altitude and
    ray miss (m, NaN where unknown), all (N,)."""

    lon: Array
    lat: Array
    altitude: Array
    sigma: Array
    ray_miss: Array

    def __len__(self) -> int:
        return len(self.lon)


@dataclass(frozen=True)
class PointFile:
    """A point file opened for reading: its body, and ``pieces()``, its points part by part from the start."""

    body: Body
    pieces: Callable[[], Iterator[Points]]


class PointsWriter:
    """Appends pieces of points to a file opened by `writing_points`."""

    def __init__(self, sink: Any, radius_m: float) -> None:
        self._sink, self._radius_m = sink, radius_m
        self.count = 0

    def write(self, points: Points) -> None:
        """Append points; altitudes are above the sphere of the file's body."""
        places = (self._radius_m + points.altitude)[:, None] * unit_vectors(points.lon, points.lat)
        lonlat = np.degrees([points.lon, points.lat])
        self._sink(places, dict(zip(COLUMNS[3:], (*lonlat, points.altitude, points.sigma, points.ray_miss))))
        self.count += len(points)


@contextmanager
def writing_points(path: str | Path, body: Body) -> Iterator[PointsWriter]:
    """Write ``.csv``, ``.las`` or ``.laz`` in pieces; the file takes its name only when complete."""
    with replacing(path, (".csv", ".las", ".laz")) as temporary:
        if Path(path).suffix.lower() == ".csv":
            with temporary.open("w", encoding="utf-8", newline="") as text:
                text.write(",".join(COLUMNS) + "\n")

                def rows(places: Array, columns: dict[str, Array]) -> None:
                    values = np.column_stack([places, *columns.values()])
                    for first in range(0, len(values), FEW_ROWS):
                        some = values[first : first + FEW_ROWS].tolist()
                        text.writelines(",".join(_FORMATS) % tuple(row) + "\n" for row in some)

                yield PointsWriter(rows, body.radius_m)
        else:
            with _las_sink(temporary, body) as sink:
                yield PointsWriter(sink, body.radius_m)


def open_points(path: str | Path, body: Body | None = None) -> PointFile:
    """Open a point file of `writing_points`, or any table or point layer with an altitude column.

    ``body`` is needed only where the file does not tell it (no x, y, z and no CRS). Raises `InputError` naming what is
    missing.
    """
    if str(path).lower().endswith((".las", ".laz")):
        return _open_las(Path(path))
    table = read_table(path, "Point file")
    lon, lat = table.lonlat()
    altitude = table.numbers("altitude", "height", "elevation", what="metres above the body's sphere")
    found = table.body or _body_of(table, altitude) or body
    if found is None:
        raise InputError(f"Point file {table.name!r} does not tell its body; give CRS.")
    unknown = np.full(len(lon), np.nan)
    optional = [table.optional_numbers(name) for name in ("sigma", "ray_miss")]
    points = Points(lon, lat, altitude, *(unknown if column is None else column for column in optional))
    return PointFile(found, lambda: iter([points]))


def _body_of(table: Table, altitude: Array) -> Body | None:
    """The body whose radius is what x, y, z (m) leave when the altitude is taken off."""
    places = [axis for axis in map(table.optional_numbers, "xyz") if axis is not None]
    if len(places) < 3:
        return None
    radius = np.linalg.norm(places, axis=0) - altitude
    middle = float(np.nanmedian(radius))
    if not middle > 0 or np.nanmax(np.abs(radius - middle)) > 10.0:
        raise InputError(f"In {table.name!r} the columns x, y, z (m) and altitude (m) contradict each other.")
    return body_of_radius(round(middle, 1))


@contextmanager
def _las_sink(path: Path, body: Body) -> Iterator[Any]:
    laspy = _laspy()
    header = laspy.LasHeader(point_format=6, version="1.4")
    # Places are stored as 32-bit counts: 1 mm reaches to 2,147 km from the centre, so larger bodies get coarser ones.
    header.scales = np.full(3, ceil(1.05 * body.radius_m / 2**31 * 1000) / 1000)
    header.add_extra_dims([laspy.ExtraBytesParams(name, kind) for name, kind in _EXTRA.items()])
    try:
        with laspy.open(str(path), mode="w", header=header, do_compress=path.suffix.lower() == ".laz") as file:

            def append(places: Array, columns: dict[str, Array]) -> None:
                record = laspy.ScaleAwarePointRecord.zeros(len(places), header=header)
                record.x, record.y, record.z = places.T
                for name, values in columns.items():
                    record[name] = values
                file.write_points(record)

            yield append
    except laspy.errors.LaspyException as error:
        raise _las_trouble(path, error) from error


def _open_las(path: Path) -> PointFile:
    laspy = _laspy()
    if not path.is_file():
        raise ResourceError(f"Point file {str(path)!r} does not exist; check the path.")
    check_las(path)
    with _reading_las(path), laspy.open(str(path)) as file:
        missing = [name for name in _EXTRA if name not in file.header.point_format.dimension_names]
        if missing:
            raise InputError(f"Point file {path.name!r} has no dimension {missing[0]!r}; intersect writes it.")
        first = next(file.chunk_iterator(100), None)
        if first is None:
            raise InputError(f"Point file {path.name!r} holds no points.")
        radius = np.linalg.norm([first.x, first.y, first.z], axis=0) - first["altitude"]
        middle = float(np.median(radius))
    if not 0 < middle < np.inf:
        raise InputError(f"In point file {path.name!r} the places and the altitudes (m) contradict each other.")
    return PointFile(body_of_radius(round(middle, 1)), lambda: _las_pieces(path, laspy))


@contextmanager
def _reading_las(path: Path) -> Iterator[None]:
    """Tell a damaged file, which fails inside laspy in many ways, in one sentence."""
    try:
        yield
    except (PlanetaryDtmError, GeneratorExit):
        raise
    except Exception as error:
        raise _las_trouble(path, error) from error


def _las_pieces(path: Path, laspy: Any) -> Iterator[Points]:
    with _reading_las(path), laspy.open(str(path)) as file:
        for piece in file.chunk_iterator(_PIECE):
            lon, lat, *rest = (np.asarray(piece[name], float) for name in _EXTRA)
            yield Points(np.radians(lon), np.radians(lat), *rest)


def _laspy() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # laspy looks for pyproj, which complains where its data are elsewhere
            import laspy
    except ImportError as error:
        raise MissingPackageError("laspy", "Reading and writing LAS/LAZ point clouds") from error
    return laspy


def _las_trouble(path: Path, error: Exception) -> Exception:
    if "backend" in str(error).lower():
        return MissingPackageError("lazrs", "Compressed point clouds (.laz)")
    return ResourceError(f"Point file {path.name!r} cannot be used: {str(error) or type(error).__name__}.")


def points_of(places: Array, body: Body, sigma: Array, ray_miss: Array) -> Points:
    """Points from body-fixed ``places`` (N, 3) m."""
    lon, lat, radius = lonlat_radius(places)
    return Points(lon, lat, radius - body.radius_m, sigma, ray_miss)
