"""Georeferenced rasters: grids, and windowed reading with a validity mask.

Pixel coordinates follow the project's convention: column, row with pixel centres at integers. A grid's
``transform`` is GDAL's (upper-left corner of the upper-left pixel), so a centre lies half a pixel further.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .bodies import Array, Body, LonLat, body_of_crs, is_angular, lonlat_of, spatial_reference
from .errors import InputError, ResourceError
from .frames import angular_distance
from .hidden_sources import require_local, require_own_overviews
from .progress import breathe
from .sources import TEXT_TABLES, allowed, offline

Mask = npt.NDArray[np.bool_]
_FARTHEST, _SAMPLES = 64, 8  # decimation up to which every pixel is averaged; beyond, how many along an axis are
_FINE = 0.01  # of a step of a band's counts, by which offset and scale may round
_AT_ONCE, _STRIP = 1 << 23, 256  # pixels read between two breaths, and rows of a strip at least: those of a tile


@dataclass(frozen=True)
class Window:
    """Rows and columns of a grid: ``row``, ``column`` of the first pixel, ``height``, ``width``."""

    column: int
    row: int
    width: int
    height: int


@dataclass(frozen=True)
class Grid:
    """Size, placement (GDAL geotransform, north up) and CRS (WKT) of a raster."""

    width: int
    height: int
    transform: tuple[float, float, float, float, float, float]
    crs: str

    @cached_property
    def lonlat(self) -> LonLat:
        return lonlat_of(self.crs)

    @cached_property
    def body(self) -> Body:
        return body_of_crs(self.crs)

    @cached_property
    def is_geographic(self) -> bool:
        return is_angular(spatial_reference(self.crs))

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """xmin, ymin, xmax, ymax of the pixel edges, in the CRS."""
        x0, dx, _, y0, _, dy = self.transform
        x1, y1 = x0 + dx * self.width, y0 + dy * self.height
        return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)

    @cached_property
    def metres_per_unit(self) -> tuple[float, float]:
        """Ground metres per CRS unit along x and y at the middle of the grid, on the CRS's own ellipsoid."""
        x, y = self.xy((self.width - 1) / 2, (self.height - 1) / 2)
        step = np.array([abs(self.transform[1]), abs(self.transform[5])]) * max(min(self.width, self.height) / 8, 1)
        lon, lat = self.lonlat.from_xy(x + np.array([-1, 1, 0, 0]) * step[0], y + np.array([0, 0, -1, 1]) * step[1])
        # Great circles: differences of longitude mean nothing where the grid has a pole in its middle.
        metres = self.body.semi_major_m * angular_distance(lon[::2], lat[::2], lon[1::2], lat[1::2]) / (2 * step)
        if not np.all(np.isfinite(metres) & (metres > 0)):
            raise InputError("The raster lies outside the area where its CRS is defined; reproject it first.")
        return float(metres[0]), float(metres[1])

    @property
    def pixel_size_m(self) -> tuple[float, float]:
        """Pixel width and height on the ground (m) at the middle of the grid."""
        mx, my = self.metres_per_unit
        return abs(self.transform[1]) * mx, abs(self.transform[5]) * my

    def xy(self, column: npt.ArrayLike, row: npt.ArrayLike) -> tuple[Array, Array]:
        """Pixel centre coordinates (0-based, centres at integers) -> x, y of the CRS."""
        x0, dx, _, y0, _, dy = self.transform
        return x0 + (np.asarray(column, float) + 0.5) * dx, y0 + (np.asarray(row, float) + 0.5) * dy

    def pixel(self, x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Array, Array]:
        """Inverse of `xy`: x, y -> column, row (fractional)."""
        x0, dx, _, y0, _, dy = self.transform
        return (np.asarray(x, float) - x0) / dx - 0.5, (np.asarray(y, float) - y0) / dy - 0.5

    def lonlat_of(self, column: npt.ArrayLike, row: npt.ArrayLike) -> tuple[Array, Array]:
        """Pixel -> planetocentric longitude, latitude (rad)."""
        return self.lonlat.from_xy(*self.xy(column, row))

    def pixel_of(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Array, Array]:
        """Planetocentric longitude, latitude (rad), any turn -> column, row (fractional, maybe outside)."""
        middle = self.transform[0] + self.transform[1] * self.width / 2
        return self.pixel(*self.lonlat.to_xy(lon, lat, near_x=middle))

    def window(self, extent: Sequence[float] | None) -> Window:
        """Snap an extent (xmin, ymin, xmax, ymax) outward to whole pixels, cut to the grid.

        Raises `InputError` for an empty extent or one that does not meet the grid.
        """
        if extent is None:
            return Window(0, 0, self.width, self.height)
        xmin, ymin, xmax, ymax = map(float, extent)
        if not all(map(math.isfinite, (xmin, ymin, xmax, ymax))) or xmin >= xmax or ymin >= ymax:
            raise InputError(f"Extent {xmin:g} {ymin:g} {xmax:g} {ymax:g} is empty; give xmin ymin xmax ymax.")
        columns, rows = self.pixel([xmin, xmax], [ymin, ymax])
        slack = 1e-6  # an extent typed with few digits must not gain a pixel
        c0, c1 = math.floor(min(columns) + 0.5 + slack), math.ceil(max(columns) + 0.5 - slack)
        r0, r1 = math.floor(min(rows) + 0.5 + slack), math.ceil(max(rows) + 0.5 - slack)
        c0, r0, c1, r1 = max(c0, 0), max(r0, 0), min(c1, self.width), min(r1, self.height)
        if c1 <= c0 or r1 <= r0:
            mine = " ".join(f"{v:g}" for v in self.extent)
            raise InputError(
                f"Extent {xmin:g} {ymin:g} {xmax:g} {ymax:g} lies outside the layer ({mine}); choose one that meets it."
            )
        return Window(c0, r0, c1 - c0, r1 - r0)

    def sub(self, window: Window) -> Grid:
        """The grid of a window."""
        x0, dx, _, y0, _, dy = self.transform
        moved = (x0 + window.column * dx, dx, 0.0, y0 + window.row * dy, 0.0, dy)
        return replace(self, width=window.width, height=window.height, transform=moved)

    def resized(self, width: int, height: int) -> Grid:
        """The same ground with another number of pixels."""
        x0, dx, _, y0, _, dy = self.transform
        changed = (x0, dx * self.width / width, 0.0, y0, 0.0, dy * self.height / height)
        return replace(self, width=width, height=height, transform=changed)


class Raster:
    """A raster opened for reading; file, band and fix are named in every `InputError`."""

    def __init__(self, path: str | Path, what: str = "Raster") -> None:
        from osgeo import gdal

        self.path = str(path)
        self.name = Path(self.path).name
        require_local(self.path, what)
        try:
            with quiet_gdal(), offline(self.path):
                dataset = gdal.OpenEx(self.path, gdal.OF_RASTER, allowed_drivers=allowed(self.path, "raster"))
        except RuntimeError:
            dataset = None
        if dataset is None or 0 in (dataset.RasterCount, dataset.RasterXSize, dataset.RasterYSize):
            raise ResourceError(f"{what} {self.path!r} cannot be opened as a raster; check the path and the format.")
        require_own_overviews(dataset, self.path, what)
        self._dataset = dataset
        self.bands: int = dataset.RasterCount
        try:
            with quiet_gdal(), offline(self.path):
                transform, reference = dataset.GetGeoTransform(can_return_null=True), dataset.GetSpatialRef()
        except RuntimeError:  # a placement that is damaged is none
            transform = reference = None
        self._georeferenced = transform is not None and reference is not None
        if self._georeferenced and (transform[2] or transform[4]):
            raise InputError(f"{what} {self.name!r} is rotated against its CRS; warp it north up first.")
        wkt = reference.ExportToWkt(["FORMAT=WKT2_2019"]) if reference is not None else ""
        self._grid = Grid(dataset.RasterXSize, dataset.RasterYSize, tuple(transform or (0, 1, 0, 0, 0, 1)), wkt)

    @property
    def size(self) -> tuple[int, int]:
        """Height, width in pixels."""
        return self._grid.height, self._grid.width

    @property
    def grid(self) -> Grid:
        """Placement; raises `InputError` when the file has none."""
        if not self._georeferenced:
            raise InputError(f"Raster {self.name!r} has no georeference (CRS and placement); assign one first.")
        return self._grid

    @property
    def metadata(self) -> dict[str, str]:
        """What the file says of itself; GDAL gives what is no UTF-8 as bytes."""
        found = dict(self._dataset.GetMetadata() or {}).items()
        return {_text(name): _text(value) for name, value in found}

    def band_name(self, band: int = 1) -> str:
        return str(self._dataset.GetRasterBand(band).GetDescription())

    def unit(self, band: int = 1) -> str:
        return str(self._dataset.GetRasterBand(band).GetUnitType())

    def is_byte(self, band: int = 1) -> bool:
        from osgeo import gdal

        return bool(self._dataset.GetRasterBand(band).DataType == gdal.GDT_Byte)

    def colours(self) -> list[str]:
        """Colour interpretation of every band, in lower case: gray, red, palette, alpha ..."""
        from osgeo import gdal

        bands = (self._dataset.GetRasterBand(i + 1) for i in range(self.bands))
        return [gdal.GetColorInterpretationName(b.GetColorInterpretation()).lower() for b in bands]

    def palette(self, band: int = 1) -> npt.NDArray[np.uint8] | None:
        """RGB table (256, 3) of a palette band, or None."""
        table = self._dataset.GetRasterBand(band).GetColorTable()
        if table is None:
            return None
        entries = [table.GetColorEntry(i)[:3] for i in range(min(table.GetCount(), 256))]
        return np.array(entries + [(0, 0, 0)] * (256 - len(entries)), np.uint8)

    def read(
        self,
        window: Window | None = None,
        shape: tuple[int, int] | None = None,
        band: int = 1,
        resampling: str = "average",
    ) -> tuple[npt.NDArray[Any], Mask]:
        """Read a window -> values (float32 or float64 as the band needs) and validity, both ``shape`` (rows, columns).

        ``shape`` smaller than the window reads area means of the valid pixels (``resampling`` as GDAL names it); more
        than 64 times smaller along an axis, without overviews, the means of 8 x 8 pixels spread over each area.
        Offset and scale of the band are applied; invalid values come back as 0.
        """
        from osgeo import gdal

        w = window or Window(0, 0, self._grid.width, self._grid.height)
        rows, columns = shape or (w.height, w.width)
        if (rows, columns) == (w.height, w.width) and rows * columns > _AT_ONCE and rows > _STRIP:
            return self._in_strips(w, band)
        source = self._dataset.GetRasterBand(band)
        if (
            resampling == "average"
            and max(w.height / rows, w.width / columns) > _FARTHEST
            and not source.GetOverviewCount()
        ):
            finer = min(w.height, _SAMPLES * rows), min(w.width, _SAMPLES * columns)
            return _means(*self.read(w, finer, band, "nearest"), (rows, columns))
        wide = source.DataType in (gdal.GDT_Float64, gdal.GDT_Int32, gdal.GDT_UInt32)
        method = {
            "average": gdal.GRIORA_Average,
            "nearest": gdal.GRIORA_NearestNeighbour,
            "bilinear": gdal.GRIORA_Bilinear,
        }
        options: dict[str, Any] = {"buf_xsize": columns, "buf_ysize": rows, "resample_alg": method[resampling]}
        buf_type = gdal.GDT_Float64 if wide else gdal.GDT_Float32
        try:
            with quiet_gdal(), offline(self.path):
                data = source.ReadAsArray(w.column, w.row, w.width, w.height, buf_type=buf_type, **options)
                flags = source.GetMaskBand().ReadAsArray(
                    w.column,
                    w.row,
                    w.width,
                    w.height,
                    columns,
                    rows,
                    buf_type=gdal.GDT_Float32,
                    resample_alg=options["resample_alg"],
                )
        except RuntimeError as error:
            raise ResourceError(f"Raster {self.name!r} cannot be read ({error}); it may be truncated.") from error
        if data is None or flags is None:
            raise ResourceError(f"Raster {self.name!r} cannot be read in full; it may be truncated.")
        valid = (flags > 0) & np.isfinite(data)
        scale, offset = source.GetScale() or 1.0, source.GetOffset() or 0.0
        if (scale, offset) != (1.0, 0.0):
            if abs(offset) * np.finfo(np.float32).eps > _FINE * abs(scale):  # radii as counts over a sphere
                data = data.astype(np.float64)
            data = data * scale + offset
        return np.where(valid, data, 0).astype(data.dtype, copy=False), valid

    def _in_strips(self, window: Window, band: int) -> tuple[npt.NDArray[Any], Mask]:
        """A large window in full resolution, with a breath before each strip of whole tiles."""
        rows = max(_STRIP, _AT_ONCE // window.width // _STRIP * _STRIP)
        values, valid = np.empty(0), np.empty((window.height, window.width), bool)
        for start in range(0, window.height, rows):
            breathe()
            height = min(rows, window.height - start)
            some, known = self.read(Window(window.column, window.row + start, window.width, height), None, band)
            if start == 0:
                values = np.empty(valid.shape, some.dtype)
            values[start : start + height], valid[start : start + height] = some, known
        return values, valid


def _means(values: npt.NDArray[Any], valid: Mask, shape: tuple[int, int]) -> tuple[npt.NDArray[Any], Mask]:
    """Means of the valid values in ``shape`` parts of equal size, to a pixel, along both axes."""
    sums, counts = np.where(valid, values, 0).astype(np.float64), valid.astype(np.float64)
    for axis, parts in enumerate(shape):
        starts = np.arange(parts) * values.shape[axis] // parts
        sums, counts = np.add.reduceat(sums, starts, axis), np.add.reduceat(counts, starts, axis)
    known = counts > 0
    return np.where(known, sums / np.where(known, counts, 1), 0).astype(values.dtype), known


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def is_raster(path: str | Path) -> bool:
    """Whether GDAL opens ``path`` as a raster with bands (a table or a point layer is none)."""
    from osgeo import gdal

    name = str(path)
    if name.partition("|")[0].lower().endswith(TEXT_TABLES):  # on a lattice, points are GDAL's XYZ raster
        return False
    try:
        require_local(name, "Raster")
        with quiet_gdal(), offline(name):
            dataset = gdal.OpenEx(name, gdal.OF_RASTER, allowed_drivers=allowed(name, "raster"))
    except (RuntimeError, InputError):
        return False
    return dataset is not None and dataset.RasterCount > 0


@contextmanager
def quiet_gdal() -> Iterator[None]:
    """Turn GDAL failures into exceptions inside the block and keep its messages off the terminal."""
    from osgeo import gdal

    used = gdal.GetUseExceptions()
    gdal.UseExceptions()
    gdal.PushErrorHandler("CPLQuietErrorHandler")
    try:
        yield
    finally:
        gdal.PopErrorHandler()
        if not used:
            gdal.DontUseExceptions()
