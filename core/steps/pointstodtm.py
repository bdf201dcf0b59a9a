"""Step: ground points become a DTM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..bodies import Body, body_of_crs, spatial_reference
from ..datums import Datum
from ..errors import InputError
from ..geotiff import Band, DtmWriter, writing_dtm
from ..memory import require_memory
from ..outputs import on_disk_of
from ..progress import Progress, part, silent, tell
from ..rasters import Grid
from ..tables import layer_crs
from ..terrain.gridding import PointSpool, fill_holes
from ..terrain.points import PointFile, Points, open_points
from ..terrain.target_grid import LONGEST_SIDE, point_spacing, target_grid
from .provenance import made_by
from .step import Kind, Output, OutputKind, Parameter, Step, StepResult

Array = NDArray[np.float64]

BANDS = (Band("height"), Band("sigma"), Band("count", ""))
# Measured at a quarter of a million to four million points.
_FIXED_MB, _BYTES_PER_POINT, _BYTES_PER_CELL = 350.0, 130, 80
_CELLS_PER_SPACING = 1.5  # of the default pixel size: rows of points and of pixels cross, so one each leaves holes


def gridding_mb(points: int, filled: int = 0) -> float:
    """What gridding so many points takes at most, MB, and filling the holes of so many cells."""
    return _FIXED_MB + (_BYTES_PER_POINT * points + _BYTES_PER_CELL * filled) / 1e6


def run(
    *,
    input: str,
    extent: Sequence[float] | None,
    pixel_size: float | None,
    crs: str | None,
    fill: bool,
    output: str,
    progress: Progress = silent,
    made: Mapping[str, str] | None = None,
    **_: Any,
) -> StepResult:
    """Grid the points in bands of rows; see `STEP` for the parameters. ``made``: how, where another step does it."""
    given = dict(locals())
    tell(progress, 0.0, "Reading points")
    file = open_points(input, body_of_crs(spatial_reference(crs)) if crs else None)
    body = file.body
    lon, lat = _places(file, Path(input).name)
    size = pixel_size or _CELLS_PER_SPACING * point_spacing(lon, lat, body)
    own = layer_crs(input) if extent else None
    grid = target_grid(lon, lat, body, size, crs, extent, None if pixel_size else LONGEST_SIDE, own)
    needed = gridding_mb(len(lon), fill * grid.width * grid.height)
    fix = "split INPUT" if not fill else "split INPUT, leave FILL out or choose a larger PIXEL_SIZE"
    require_memory(needed, f"Gridding {len(lon)} points", fix, progress)
    about = {
        **(made or made_by(STEP, given)),
        "GRIDDING": "robust inverse-variance mean about the local plane",
        "PIXEL_SIZE_M": f"{size:g}",
        "DATUM": grid.body.datum,
        "LEVELLED": "YES",
    }
    with on_disk_of(output), PointSpool((grid.height, grid.width), Path(output).parent) as spool:
        tell(progress, 0.3, "Sorting points")
        inside = sum(_add(spool, grid, piece, body) for piece in file.pieces())
        if not inside:
            raise InputError(f"None of the points of {Path(input).name!r} lies in EXTENT; choose one that covers them.")
        with writing_dtm(output, grid, BANDS, about, part(progress, 0.9, 1.0)) as writer:
            covered = _write(writer, spool, grid, fill, part(progress, 0.4, 0.9))
    width, height = grid.pixel_size_m
    notes = (
        f"{grid.width} x {grid.height} pixels of {width:.4g} x {height:.4g} m from {inside} points; "
        f"{covered / (grid.width * grid.height):.1%} of the raster has points.",
    )
    return StepResult({"OUTPUT": output}, notes=notes)


def _places(file: PointFile, name: str) -> tuple[Array, Array]:
    """Longitudes and latitudes (rad) of all points with a position."""
    lon, lat = np.concatenate([np.stack([piece.lon, piece.lat]) for piece in file.pieces()], axis=1)
    good = np.isfinite(lon) & np.isfinite(lat)
    if not good.any():
        raise InputError(f"Point file {name!r} has no point with a position.")
    return lon[good], lat[good]


def _add(spool: PointSpool, grid: Grid, points: Points, body: Body) -> int:
    """Sort points in; their altitudes above the surface of ``body`` become heights above that of the grid's CRS."""
    column, row = grid.pixel_of(points.lon, points.lat)
    altitude = points.altitude
    if body != grid.body:
        altitude = altitude + Datum(body).rise(Datum(grid.body), points.lat)
    return spool.add(column, row, altitude, points.sigma)


def _write(writer: DtmWriter, spool: PointSpool, grid: Grid, fill: bool, progress: Progress) -> int:
    """Write the bands of rows one by one, to fill holes all at the end; returns the number of cells with points."""
    covered = 0
    waiting = []
    for first, made in spool.grid():
        tell(progress, first / grid.height, "Gridding")
        covered += int((made.count > 0).sum())
        if fill:
            waiting.append((made.height, made.sigma, made.count))
        else:
            writer.write([made.height, made.sigma, made.count], row=first)
    if fill:
        height, sigma, count = (np.concatenate(band) for band in zip(*waiting))
        writer.write([fill_holes(height), sigma, count])
    return covered


STEP = Step(
    id="pointstodtm",
    title="Points to DTM",
    group="Stereo",
    help=(
        "Grids ground points to a digital terrain model: band 1 the height in metres above the sphere or "
        "ellipsoid of its CRS, band 2 "
        "its one-sigma error, band 3 the number of points.\n\n"
        "Every height is carried to the middle of its cell along the local slope, so that slopes are not biased, and "
        "points that stand far off their neighbours are left out. Cells without points stay empty unless FILL is on; "
        "then holes inside the data get a height (count 0 and no sigma tell them apart)."
    ),
    parameters=(
        Parameter("INPUT", Kind.FILE, "Points", "CSV, LAS or LAZ file with lon, lat and altitude, or a point layer."),
        Parameter(
            "EXTENT",
            Kind.EXTENT,
            "Extent",
            "Area of the DTM: in CRS where that is given, else in the CRS of the points (of a text file, LAS or LAZ, "
            "longitude and latitude in degrees). Left empty, all points.",
            optional=True,
            parent="INPUT",
        ),
        Parameter(
            "PIXEL_SIZE",
            Kind.NUMBER,
            "Pixel size",
            "Ground size of a pixel. Left empty: one and a half times the distance between points, coarsened until the "
            "longer side has at most 4096 pixels.",
            optional=True,
            minimum=1e-3,
            unit="m",
        ),
        Parameter(
            "CRS",
            Kind.CRS,
            "CRS",
            "CRS of the DTM, of the same body. Left empty: longitude and latitude, or polar stereographic beyond 75° "
            "of latitude.",
            optional=True,
        ),
        Parameter("FILL", Kind.FLAG, "Fill holes", "Fill holes that lie wholly inside the data.", default=False),
    ),
    outputs=(
        Output(
            "OUTPUT",
            OutputKind.RASTER,
            "DTM",
            "GeoTIFF in metres above the sphere or ellipsoid of its CRS: height, sigma, count.",
            extension="tif",
            style="dtm",
        ),
    ),
    run=run,
    icon="intersect",
    tags=("terrain", "elevation", "DEM", "raster", "LAS"),
)
