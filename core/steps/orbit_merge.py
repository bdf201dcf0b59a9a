"""The DTMs of segments laid on one grid: merged within each orbit, then across orbits, with their differences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..cluster.blocks import pieces, shared
from ..errors import InputError
from ..geotiff import writing_dtm
from ..progress import Progress, part, silent, tell
from ..rasters import Grid, Raster, Window
from ..terrain.crossovers import Crossover, Tally
from ..terrain.merging import Heights, across_flights, within_flight
from ..threads import in_order
from .heights import DATUM_KEY
from .pointstodtm import BANDS

Array = NDArray[np.float64]

_PIECE = 256, 2048  # rows and columns merged at a time
_KEPT = 2_000_000  # cells of all DTMs that may tell how they differ
_OFF = 1e-3  # pixels by which grids that are the same may seem apart


@dataclass(frozen=True)
class Sheet:
    """The DTM of a segment: its file, its orbit's place among the names, its own name, and where it lies."""

    path: str
    orbit: int
    name: str
    window: Window


@dataclass(frozen=True)
class Merged:
    """Share of the cells that have a height, of those that several orbits saw; differences of orbits, and of the
    segments of each."""

    covered: float
    repeated: float
    orbits: list[Crossover]
    segments: list[Crossover]


def laid_out(paths: Sequence[tuple[str, int, str]]) -> tuple[Grid, list[Sheet]]:
    """The grid that holds all DTMs (path, orbit, name), which share CRS and pixels, and where each lies on it.

    Around the whole body it is one turn wide, and a DTM that reaches over its end lies on it twice.
    """
    grids = [Raster(path).grid for path, _, _ in paths]
    x0, dx, _, y0, _, dy = grids[0].transform
    column = np.array([(grid.transform[0] - x0) / dx for grid in grids])
    row = np.array([(grid.transform[3] - y0) / dy for grid in grids])
    turn = 360.0 / dx if grids[0].is_geographic else np.inf
    if np.isfinite(turn):
        column = _around(column, np.array([grid.width for grid in grids]), turn)
    corners = np.rint([column, row]).astype(int)
    left, top = corners.min(axis=1).tolist()
    right, below = np.add(corners, [[g.width for g in grids], [g.height for g in grids]]).max(axis=1).tolist()
    wraps = right - left > turn + _OFF
    if np.abs([column, row] - corners).max() > _OFF or (wraps and abs(turn - round(turn)) > _OFF):
        raise InputError("The orbits lie across the seam of longitude; give CRS, one without it there.")
    width = round(turn) if wraps else right - left
    sheets = [
        Sheet(path, orbit, name, Window(c - left, r - top, grid.width, grid.height))
        for (path, orbit, name), grid, c, r in zip(paths, grids, *corners.tolist())
    ]
    for sheet in sheets[:] if wraps else ():  # what reaches over the end of the turn begins it too
        if sheet.window.column + sheet.window.width > width:
            sheets.append(replace(sheet, window=replace(sheet.window, column=sheet.window.column - width)))
    return grids[0].sub(Window(left, top, width, below - top)), sheets


def _around(column: Array, width: NDArray[np.int_], turn: float) -> Array:
    """First columns of sheets, whole turns added so that they begin after the widest gap around the body; that of the
    first stays."""
    order = np.argsort(column % turn)
    start = (column % turn)[order]
    end = np.maximum.accumulate(start + width[order])
    gap = np.append(start[1:], start[0] + turn) - np.maximum(end, end[-1] - turn)
    first = start[(int(np.argmax(gap)) + 1) % len(start)]
    placed = first + (column - first + _OFF) % turn - _OFF
    return np.asarray(placed - turn * round((placed[0] - column[0]) / turn))


def one_datum(sheets: Sequence[Sheet]) -> str:
    """What the heights of all sheets count from; raises `InputError` naming two of them that differ."""
    found = {Raster(sheet.path).metadata[DATUM_KEY]: sheet.name for sheet in sheets}
    if len(found) > 1:
        (one, first), (other, second) = list(found.items())[:2]
        raise InputError(
            f"Heights of {first} are above the {one} but of {second} above the {other}; level all orbits to altimetry "
            "or a REFERENCE_DEM above one surface."
        )
    return next(iter(found))


def write_merged(
    output: str,
    grid: Grid,
    sheets: Sequence[Sheet],
    names: Sequence[str],
    about: Mapping[str, str],
    threads: int,
    progress: Progress = silent,
) -> Merged:
    """Merge piece by piece by ``threads``, write the DTM and gather the differences; memory does not grow with it."""
    every = max(1, sum(sheet.window.width * sheet.window.height for sheet in sheets) // _KEPT)
    orbits, segments = Tally(names, every), Tally([sheet.name for sheet in sheets], every)
    windows = pieces(grid.height, grid.width, _PIECE)
    covered = repeated = 0
    with writing_dtm(output, grid, BANDS, about, part(progress, 0.8, 1.0), threads) as writer:
        read = in_order(lambda window: list(_parts(sheets, window)), windows, threads)
        for window, parts in zip(windows, read):
            tell(progress, 0.8 * window.row / grid.height, "Merging")
            if not parts:
                empty = np.full((window.height, window.width), np.nan, np.float32)
                writer.write([empty, empty, np.zeros_like(empty)], window.column, window.row)
                continue
            flights: dict[int, list[tuple[int, Heights]]] = {}
            for number, heights in parts:
                flights.setdefault(sheets[number].orbit, []).append((number, heights))
            own = [(orbit, within_flight([heights for _, heights in of])) for orbit, of in sorted(flights.items())]
            for of in flights.values():
                segments.add(of, window.row)
            orbits.add(own, window.row)
            made = across_flights([heights for _, heights in own])
            seen = np.sum([np.isfinite(heights.height) for _, heights in own], axis=0)
            covered, repeated = covered + int((seen > 0).sum()), repeated + int((seen > 1).sum())
            writer.write([made.height, made.sigma, made.count], window.column, window.row)
    total = grid.width * grid.height
    return Merged(covered / total, repeated / total, orbits.crossovers(), segments.crossovers())


def _parts(sheets: Sequence[Sheet], window: Window) -> Iterator[tuple[int, Heights]]:
    """Position and heights of the sheets that know something in a window."""
    for number, sheet in enumerate(sheets):
        common = shared(window, sheet.window)
        if common.width <= 0 or common.height <= 0:
            continue
        source = Raster(sheet.path)
        own = Window(common.column - sheet.window.column, common.row - sheet.window.row, common.width, common.height)
        bands = []
        for band in (1, 2, 3):
            values, valid = source.read(own, band=band)
            whole = np.full((window.height, window.width), np.nan)
            row, column = common.row - window.row, common.column - window.column
            whole[row : row + common.height, column : column + common.width] = np.where(valid, values, np.nan)
            bands.append(whole)
        if np.isfinite(bands[0]).any():
            yield number, Heights(bands[0], bands[1], np.nan_to_num(bands[2]))
