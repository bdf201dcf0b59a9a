"""Tables of columns: CSV (plain or gzip) and every vector layer OGR reads; whole-or-nothing writing.

Positions come from a layer's geometry and CRS; longitude/latitude columns count only where a table has
no geometry, and then mean planetocentric degrees.
"""

from __future__ import annotations

import csv
import gzip
import io
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .bodies import Array, Body, LonLat
from .errors import InputError, ResourceError
from .hidden_sources import require_local
from .outputs import letting_go, replacing, require_writable, unwritten, workplace
from .progress import FEW_ROWS, breathe, breathing
from .rasters import quiet_gdal
from .sources import TEXT_TABLES, allowed, is_plain_file, is_there, offline

_LONGITUDES = ("lon", "longitude", "pt_longitude", "long", "long_east", "east_longitude", "x_lon")
_LONGEST_LINE, _SOME_LINES, _MOST_COLUMNS = 1 << 17, 100, 4096  # characters, as many as csv lets a field have
_MOST_UNPACKED, _EXPANSION = 1 << 24, 100  # characters, and times a packed file's size: text packs to a tenth as a rule
_LATITUDES = ("lat", "latitude", "pt_latitude", "y_lat")


@dataclass(frozen=True)
class Table:
    """Columns by their names in the file (numbers as float64, the rest as text), all of one length.

    ``geometry`` holds planetocentric longitude, latitude (rad) of point features, with ``body``; both
    None for a table without geometry.
    """

    name: str
    columns: dict[str, npt.NDArray[Any]]
    geometry: tuple[Array, Array] | None = None
    body: Body | None = None

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ())) if self.geometry is None else len(self.geometry[0])

    def find(self, *names: str) -> str | None:
        """The first column whose name matches one of ``names``, whatever its case and surrounding blanks."""
        present = {column.strip().lower(): column for column in self.columns}
        return next((present[n.lower()] for n in names if n.lower() in present), None)

    def numbers(self, *names: str, what: str = "") -> Array:
        """A numeric column under one of ``names``; `InputError` names the file, the field and those present."""
        column = self.find(*names)
        if column is None:
            listed = ", ".join(self.columns) or "none"
            headless = self.columns and all(map(_is_number, self.columns))
            hint = "its first line holds numbers, so a header line is missing" if headless else f"it has: {listed}"
            raise InputError(f"{self.name!r} has no column {names[0]!r}{what and f' ({what})'}; {hint}.")
        values = self.columns[column]
        if values.dtype.kind not in "fiu":
            row = next(row for row, value in enumerate(values) if not _is_number(str(value) or "nan"))
            bad = str(values[row])
            fix = "write a point for the decimal comma" if _is_number(bad.replace(",", ".")) else "correct it"
            raise InputError(
                f"Column {column!r} of {self.name!r} is text, not numbers: row {row + 1} has {bad[:40]!r}; {fix}, or "
                "choose another column."
            )
        return np.asarray(values, np.float64)

    def optional_numbers(self, *names: str) -> Array | None:
        """Like `numbers`, but None where no such column is there."""
        return None if self.find(*names) is None else self.numbers(*names)

    def lonlat(self) -> tuple[Array, Array]:
        """Planetocentric longitude, latitude (rad): from the geometry, else from columns in degrees."""
        if self.geometry is not None:
            return self.geometry
        if self.find("areod_lat") and not self.find(*_LATITUDES):
            raise InputError(
                f"{self.name!r} has areodetic latitudes (areod_lat) alone, up to 20 km from planetocentric ones; add a "
                "column lat with those."
            )
        lon, lat = self.numbers(*_LONGITUDES), self.numbers(*_LATITUDES)
        assert_degrees(self.name, lon, lat)
        return np.radians(lon), np.radians(lat)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def assert_degrees(name: str, lon: Any, lat: Any) -> None:
    """Raise `InputError` when longitude, latitude in degrees are out of range (or swapped)."""
    if np.nanmax(np.abs(lat), initial=0) > 90:
        swapped = np.nanmax(np.abs(lon), initial=0) <= 90
        hint = "are lon and lat swapped?" if swapped else "degrees from -90 to 90 are meant."
        raise InputError(f"Latitudes in {name!r} reach {np.nanmax(np.abs(lat)):g}; {hint}")
    if np.nanmin(lon, initial=0) < -180 or np.nanmax(lon, initial=0) > 360:
        raise InputError(f"Longitudes in {name!r} leave -180..360 degrees; correct the column or the units.")


def read_table(path: str | Path, what: str = "Table") -> Table:
    """Read a CSV (gzip too) or a vector layer; ``path|layername=NAME`` picks a layer as QGIS writes it."""
    source = str(path)
    bare, _, layer = source.partition("|")
    file = Path(bare)
    if not is_there(file) and not bare.startswith("/vsi"):
        raise ResourceError(f"{what} {bare!r} does not exist; check the path.")
    lower = file.name.lower()
    if lower.endswith(TEXT_TABLES):
        if not is_plain_file(file):
            raise InputError(f"{what} {bare!r} is no file; give a file.")
        return _read_csv(file, what)
    return _read_vector(bare, dict(p.split("=", 1) for p in layer.split("|") if "=" in p), what)


def layer_crs(path: str | Path) -> str | None:
    """WKT of a vector layer's CRS; None for a text table, a layer without one, and what is no layer."""
    from osgeo import gdal

    bare, _, rest = str(path).partition("|")
    if bare.lower().endswith((*TEXT_TABLES, ".las", ".laz")):
        return None
    require_local(bare, "Layer")
    name = dict(part.split("=", 1) for part in rest.split("|") if "=" in part).get("layername")
    with quiet_gdal(), offline(bare):
        try:
            dataset = gdal.OpenEx(bare, gdal.OF_VECTOR, allowed_drivers=allowed(bare, "vector"))
            layer = dataset and (dataset.GetLayerByName(name) if name else dataset.GetLayer(0))
            reference = layer and layer.GetSpatialRef()
        except RuntimeError:
            reference = None
    return str(reference.ExportToWkt(["FORMAT=WKT2_2019"])) if reference else None


@contextmanager
def _text(file: Path) -> Iterator[io.TextIOBase]:
    with file.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        with gzip.open(raw) if packed else raw as content:
            yield io.TextIOWrapper(content, encoding="utf-8-sig", errors="strict", newline="")


def _lines(text: io.TextIOBase, file: Path, what: str) -> Iterator[list[str]]:
    """Lists of a text's lines, none of them endless, and of what is packed no more than real tables unpack to."""
    most = max(_MOST_UNPACKED, _EXPANSION * file.stat().st_size)
    read = 0
    while lines := list(islice(iter(partial(text.readline, _LONGEST_LINE), ""), _SOME_LINES)):
        breathe()
        sizes = list(map(len, lines))
        read += sum(sizes)
        if max(sizes) == _LONGEST_LINE:
            raise InputError(f"{what} {file.name!r} has a line of {_LONGEST_LINE >> 10} KB or more; it is no table.")
        if read > most:
            raise InputError(f"{what} {file.name!r} unpacks to more than {_EXPANSION} times its size; unpack it first.")
        yield lines


def _read_csv(file: Path, what: str) -> Table:
    try:
        with _text(file) as text:
            lines = chain.from_iterable(_lines(text, file, what))
            first = next(lines, "")
            if not first.strip():
                raise InputError(f"{what} {file.name!r} is empty; it needs a header line and rows.")
            mark = max(",;\t", key=first.count)
            if first.count(mark) == 0:
                mark = None if len(first.split()) > 1 else ","  # type: ignore[assignment]
            split = (lambda line: line.split(mark)) if mark is None else None
            header = [h.strip() for h in (first.split() if split else next(csv.reader([first], delimiter=mark)))]
            rows: Iterator[list[str]]
            rows = (line.split() for line in lines) if split else csv.reader(lines, delimiter=mark)
            columns = _columns(rows, header, file.name, what)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise ResourceError(
            f"{what} {file.name!r} cannot be read as a text table ({error}); it may be damaged."
        ) from error
    return Table(file.name, columns)


def _columns(rows: Iterator[list[str]], header: list[str], name: str, what: str) -> dict[str, npt.NDArray[Any]]:
    if len(set(header)) != len(header):
        twice = next(h for h in header if header.count(h) > 1)
        raise InputError(f"{what} {name!r} has two columns named {twice!r}; rename one.")
    if len(header) > _MOST_COLUMNS:
        raise InputError(f"{what} {name!r} has {len(header)} columns; a table has at most {_MOST_COLUMNS}.")
    parts: list[list[npt.NDArray[Any]]] = [[] for _ in header]
    filled = _filled(rows, f"{what} {name!r}")
    count = 0
    while chunk := list(islice(filled, FEW_ROWS)):
        for number, row in enumerate(chunk):
            if len(row) < len(header):
                line = count + number + 2
                raise InputError(
                    f"{what} {name!r}, line {line}: {len(row)} values where the header names {len(header)}."
                )
        count += len(chunk)
        breathe()
        for blocks, column in zip(parts, zip(*chunk)):
            breathe()
            blocks.append(_convert(column))
    if not count:
        raise InputError(f"{what} {name!r} has a header but no rows.")
    return {key: _joined(blocks) for key, blocks in zip(header, parts)}


def _filled(rows: Iterator[list[str]], what: str) -> Iterator[list[str]]:
    """Rows that are neither blank nor dashes under the header."""
    for row in rows:
        if len(row) > _MOST_COLUMNS:
            raise InputError(f"{what} has a row of {len(row)} values; a table has at most {_MOST_COLUMNS} columns.")
        if any(value.strip(" .-") for value in row):
            yield row


def _convert(column: Sequence[str]) -> npt.NDArray[Any]:
    try:
        return np.array(column, dtype=np.float64)
    except ValueError:
        stripped = [value.strip() for value in column]
        try:
            return np.array([value or "nan" for value in stripped], dtype=np.float64)
        except ValueError:
            return np.array(stripped, dtype=object)


def _joined(blocks: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    if any(block.dtype == object for block in blocks):
        return np.concatenate([block.astype(object) for block in blocks])
    return np.concatenate(blocks)


def _read_vector(path: str, options: Mapping[str, str], what: str) -> Table:
    from osgeo import gdal

    name = Path(path).name
    require_local(path, what)
    with quiet_gdal(), offline(path):
        try:
            dataset = gdal.OpenEx(path, gdal.OF_VECTOR, allowed_drivers=allowed(path, "vector"))
            layer = dataset and (
                dataset.GetLayerByName(options["layername"]) if "layername" in options else dataset.GetLayer(0)
            )
        except RuntimeError:
            layer = None
        if layer is None:
            raise ResourceError(
                f"{what} {path!r} cannot be opened as a table or vector layer; check the path and the format."
            )
        try:
            columns, points = _layer_columns(layer)
        except RuntimeError as error:
            raise ResourceError(f"{what} {name!r} cannot be read in full ({error}); it may be damaged.") from error
        if not (points or any(len(v) for v in columns.values())):
            raise InputError(f"{what} {name!r} has no features.")
        return _with_geometry(name, columns, points, layer, what)


def _layer_columns(layer: Any) -> tuple[dict[str, npt.NDArray[Any]], list[tuple[float, float]]]:
    """The fields of all features, and the x, y of their first points (none for a table)."""
    from osgeo import ogr

    definition = layer.GetLayerDefn()
    fields = [definition.GetFieldDefn(i) for i in range(definition.GetFieldCount())]
    numeric = {ogr.OFTInteger, ogr.OFTInteger64, ogr.OFTReal}
    values: list[list[Any]] = [[] for _ in fields]
    points: list[tuple[float, float]] = []
    has_geometry = layer.GetGeomType() != ogr.wkbNone
    for feature in breathing(layer):
        geometry = feature.GetGeometryRef() if has_geometry else None
        if geometry is not None and not geometry.IsEmpty():
            if geometry.GetGeometryCount():
                geometry = geometry.GetGeometryRef(0)
            points.append((geometry.GetX(), geometry.GetY()))
        elif has_geometry:
            points.append((np.nan, np.nan))
        for index, field in enumerate(fields):
            if not feature.IsFieldSetAndNotNull(index):
                values[index].append(np.nan if field.GetType() in numeric else "")
            elif field.GetType() in numeric:
                values[index].append(feature.GetFieldAsDouble(index))
            else:
                values[index].append(feature.GetFieldAsString(index))
    columns: dict[str, npt.NDArray[Any]] = {
        field.GetName(): np.array(v, np.float64) if field.GetType() in numeric else _convert(v)
        for field, v in zip(fields, values)
    }
    return columns, points


def _with_geometry(
    name: str, columns: dict[str, npt.NDArray[Any]], points: list[tuple[float, float]], layer: Any, what: str
) -> Table:
    if not points:
        return Table(name, columns)
    reference = layer.GetSpatialRef()
    if reference is None:
        raise InputError(f"{what} {name!r} has points but no CRS; set the layer's CRS first.")
    frame = LonLat(reference)
    x, y = np.array(points, np.float64).T
    return Table(name, columns, frame.from_xy(x, y), frame.body)


def write_table(
    path: str | Path,
    columns: Mapping[str, npt.ArrayLike],
    lonlat: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    body: Body | None = None,
) -> None:
    """Write columns as CSV (``.csv``) or, by the name's ending, as GeoPackage or another vector format.

    With ``lonlat`` (degrees) and ``body`` a vector format gets point geometry in the body's lon/lat CRS.
    Numbers are written so that they read back exactly.
    """
    suffix = Path(path).suffix.lower()
    if suffix == ".csv":
        with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as text:
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(breathing(zip(*(_plain(values) for values in breathing(columns.values())))))
        return
    formats = {
        ".gpkg": "GPKG",
        ".geojson": "GeoJSON",
        ".json": "GeoJSON",
        ".shp": "ESRI Shapefile",
        ".fgb": "FlatGeobuf",
    }
    if suffix not in formats:
        raise InputError(f"Output {Path(path).name!r} must end in .csv or {', '.join(formats)}.")
    if suffix == ".shp":
        _write_shapefile(Path(path), columns, lonlat, body)
        return
    with replacing(path) as temporary:
        _write_vector(str(temporary), formats[suffix], columns, lonlat, body)


def _write_shapefile(path: Path, columns: Mapping[str, npt.ArrayLike], lonlat: Any, body: Body | None) -> None:
    """A shapefile is several files: all are whole before the first takes its name; .shp, which is opened, is last."""
    require_writable(path)
    with workplace(path) as folder:
        _write_vector(str(folder / path.name), "ESRI Shapefile", columns, lonlat, body)
        made = sorted(folder.iterdir(), key=lambda file: file.suffix == ".shp")
        path.unlink(missing_ok=True)
        for file in made:
            os.replace(file, path.with_name(file.name))


def _plain(values: npt.ArrayLike) -> list[Any]:
    array = np.asarray(values)
    if array.dtype.kind == "f":
        return ["" if v != v else repr(v).removesuffix(".0") if abs(v) < 1e15 else repr(v) for v in array.tolist()]
    return list(array.tolist())


def _write_vector(path: str, driver: str, columns: Mapping[str, npt.ArrayLike], lonlat: Any, body: Body | None) -> None:
    from osgeo import gdal, ogr

    kinds = {"f": ogr.OFTReal, "i": ogr.OFTInteger64, "u": ogr.OFTInteger64, "b": ogr.OFTInteger}
    with quiet_gdal():
        try:
            dataset = gdal.GetDriverByName(driver).Create(path, 0, 0, 0, gdal.GDT_Unknown)
            reference = body.lonlat_crs() if body is not None and lonlat is not None else None
            shape = ogr.wkbPoint if reference is not None else ogr.wkbNone
            layer = dataset.CreateLayer(Path(path).stem.lstrip(".").split(".")[0], reference, shape)
            arrays = [np.asarray(v) for v in columns.values()]
            for name, array in zip(columns, arrays):
                layer.CreateField(ogr.FieldDefn(name, kinds.get(array.dtype.kind, ogr.OFTString)))
            definition = layer.GetLayerDefn()
            where = zip(*(np.asarray(c, float).tolist() for c in lonlat)) if reference is not None else None
            layer.StartTransaction()
            for row in breathing(zip(*(array.tolist() for array in arrays))):
                feature = ogr.Feature(definition)
                for index, value in enumerate(row):
                    if value == value:
                        feature.SetField(index, value)
                if where is not None:
                    point = ogr.Geometry(ogr.wkbPoint)
                    point.SetPoint_2D(0, *next(where))
                    feature.SetGeometry(point)
                layer.CreateFeature(feature)
            layer.CommitTransaction()
            dataset.FlushCache()
        except RuntimeError as error:
            with letting_go():
                layer = dataset = None  # closed here
            raise unwritten(path, error) from error
