"""What several steps share: altimetry and reference DEMs brought onto a DTM's grid, levelling to them, writing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..altimetry.readers import Shots as RawShots
from ..altimetry.readers import height_doubts, read_shots
from ..bodies import Body, require_same_body
from ..datums import Datum
from ..errors import InputError
from ..grid_map import GridMap
from ..progress import breathing
from ..rasters import Grid, Mask, Window
from ..terrain.sampling import bilinear
from ..terrain.shots import Shots, make_shots
from .heights import REFERENCE_DATUM, Dem

Array = npt.NDArray[np.float64]

ALTIMETRY_HELP = (
    "Laser shots: a point layer, or a CSV (also gzipped) with lon, lat, altitude [, sigma]; LOLA RDR and "
    "MOLA PEDR files are recognised by their header."
)
REFERENCE_HELP = (
    "A DEM to level to, coarser than the image, in metres (for example GLD100 or MOLA): heights above a sphere, an "
    "ellipsoid or the areoid, or distances from the body's centre. The result counts from the areoid "
    "where the DEM does."
)
# Without a stated sigma a shot is trusted to this many metres (its range is good to 1 m, its place to tens of metres).
_DEFAULT_SIGMA_M = 5.0


Extent = tuple[float, float, float, float]


@dataclass(frozen=True)
class Reference:
    """A DEM on another grid: heights (m above ``datum``) and validity there, its cells' size in pixels of that grid."""

    height: Array
    valid: Mask
    cell: float
    datum: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class References:
    """What a terrain is levelled to: shots on its grid or a DEM there, at most one of them, and what it counts from."""

    shots: Shots | None
    dem: Reference | None
    source: str
    datum: str = ""
    warnings: tuple[str, ...] = ()

    def as_shots(self) -> Shots:
        """The shots, or the DEM's heights as shots."""
        if self.dem is not None:
            return cells_as_shots(self.dem)
        if self.shots is None:
            raise InputError("Levelling needs ALTIMETRY or REFERENCE_DEM; give one.")
        return self.shots

    def __bool__(self) -> bool:
        return self.shots is not None or self.dem is not None


def read_references(
    grid: Grid,
    altimetry: str | None,
    altitude_field: str | None,
    reference_dem: str | None,
    reference_datum: str | None = None,
) -> References:
    """Read what to level to; nothing given is an empty answer, two things are refused."""
    if altimetry and reference_dem:
        raise InputError("ALTIMETRY and REFERENCE_DEM are both given; level to one of them.")
    if altimetry:
        shots, datum, warnings = shots_on(grid, altimetry, altitude_field)
        return References(shots, None, Path(altimetry.split("|")[0]).name, datum, warnings)
    if reference_dem:
        dem = reference_on(grid, reference_dem, datum=reference_datum, relative=False)
        return References(None, dem, Path(reference_dem).name, dem.datum, dem.warnings)
    return References(None, None, "")


def reference_datum_of(
    body: Body, reference_dem: str | None, reference_datum: str | None = None
) -> tuple[str, tuple[str, ...]]:
    """What terrain of ``body`` counts from once it is levelled to a DEM, or to nothing, and warnings."""
    if reference_dem:
        dem = Dem(reference_dem, "REFERENCE_DEM", reference_datum, REFERENCE_DATUM.name)
        return dem.common(body).name, dem.warnings
    return body.datum, ()


def shots_on(grid: Grid, path: str, altitude_field: str | None = None) -> tuple[Shots, str, tuple[str, ...]]:
    """Read altimetry and keep the shots that fall on ``grid`` -> shots, what their altitudes count from, warnings.

    Raises `InputError` for another body, no usable altitude, or no shot inside.
    """
    shots = read_shots(path, grid.body, altitude_field=altitude_field or None)
    found = shots_within(grid, shots)
    require_some(found, grid, shots)
    return found, shots.datum, height_doubts(shots)


def require_some(found: Shots, grid: Grid, shots: RawShots) -> None:
    """Raise `InputError` where none of ``shots`` was ``found`` on ``grid``."""
    if not len(found):
        cause = _swapped(grid, shots)
        raise InputError(
            f"Altimetry {shots.source!r}: none of its {len(shots.lon)} shots lies inside the extent{cause}."
        )


def shots_within(grid: Grid, shots: RawShots) -> Shots:
    """The shots that fall on ``grid``, there; perhaps none."""
    column, row = grid.pixel_of(shots.lon, shots.lat)
    inside = (column >= -0.5) & (column <= grid.width - 0.5) & (row >= -0.5) & (row <= grid.height - 0.5)
    inside &= np.isfinite(shots.altitude)
    column = np.clip(column[inside], 0, grid.width - 1)
    row = np.clip(row[inside], 0, grid.height - 1)
    sigma = _DEFAULT_SIGMA_M if shots.sigma is None else np.where(shots.sigma[inside] > 0, shots.sigma[inside], 1e-3)
    track = None if shots.track is None else shots.track[inside]
    return make_shots(row, column, shots.altitude[inside], sigma, track)


def _swapped(grid: Grid, shots: RawShots) -> str:
    """The likely cause where shots would lie on the grid with longitude and latitude exchanged."""
    could = np.abs(shots.lon) <= np.pi / 2
    column, row = grid.pixel_of(shots.lat[could], shots.lon[could])
    inside = (column >= -0.5) & (column <= grid.width - 0.5) & (row >= -0.5) & (row <= grid.height - 0.5)
    return "; its columns of longitude and latitude seem to be exchanged" if inside.any() else ""


def reference_on(
    grid: Grid,
    path: str,
    what: str = "REFERENCE_DEM",
    datum: str | None = None,
    wanted: Datum | None = None,
    relative: bool = True,
) -> Reference:
    """Read the part of a DEM under ``grid`` and resample it there (bilinear between its cell centres).

    ``datum``: the user's word for what it counts from. Heights come out above ``wanted``, or, where that is left open,
    above the surface of the grid's body, or the areoid where the DEM counts from that. ``relative``: heights without
    unit will do. Raises `InputError` for another body, datums that do not convert, or no overlap.
    """
    dem = Dem(path, what, datum, REFERENCE_DATUM.name)
    source = dem.raster
    if dem.relative and not relative:
        raise InputError(f"{what} {source.name!r} holds relative heights, not metres; level it first (leveldtm).")
    require_same_body(grid.body, "The image", source.grid.body, f"{what} {source.name!r}")
    wanted = wanted or dem.common(grid.body)
    read = dem.above(wanted)
    rows, columns = np.linspace(-0.5, grid.height - 0.5, 33), np.linspace(-0.5, grid.width - 0.5, 33)
    at_column, at_row = source.grid.pixel_of(*grid.lonlat_of(*np.meshgrid(columns, rows)))
    window = _around(at_row, at_column, source.grid)
    if window is None:
        raise InputError(f"{what} {source.name!r} does not reach the extent; choose one that overlaps it.")
    cell = _cell(at_row, at_column, grid)
    shape = (window.height, window.width)
    if cell < 1:  # finer than the grid: take area means first, so that nothing aliases
        shape = max(1, round(window.height * cell)), max(1, round(window.width * cell))
    part = source.grid.sub(window).resized(shape[1], shape[0])
    height, valid = read(window, shape)
    if not valid.any():
        raise InputError(f"{what} {source.name!r} holds only nodata in the extent.")
    out, known = np.empty((grid.height, grid.width)), np.empty((grid.height, grid.width), bool)
    step, there = max(1, 500_000 // grid.width), GridMap(grid, part)
    for start in breathing(range(0, grid.height, step)):
        row = np.arange(start, min(start + step, grid.height))
        c, r = there.places(row)
        # Up to half a cell beyond the outermost centres the rim is held.
        near = (c > -0.5) & (c < part.width - 0.5) & (r > -0.5) & (r < part.height - 0.5)
        r, c = np.clip(r, 0, part.height - 1), np.clip(c, 0, part.width - 1)
        values, seen = bilinear(height, valid, r.ravel(), c.ravel())
        out[row], known[row] = values.reshape(r.shape), seen.reshape(r.shape) & near
    if not known.any():
        raise InputError(f"{what} {source.name!r} does not reach the extent; choose one that overlaps it.")
    return Reference(out, known, max(cell, 1.0), wanted.name, dem.warnings)


def _cell(row: Array, column: Array, grid: Grid) -> float:
    """Side of a DEM's cells in pixels of ``grid``, from its ``row``, ``column`` at evenly spaced places of the grid.

    The usual one: a grid may hold a pole, and the seam of longitude runs through some places.
    """
    down, right = ((np.diff(at, axis=0)[:, :-1], np.diff(at, axis=1)[:-1]) for at in (row, column))
    cells = np.abs(down[0] * right[1] - down[1] * right[0])
    pixels = grid.height * grid.width / np.prod([n - 1 for n in row.shape])
    usual = float(np.nanmedian(cells)) if np.isfinite(cells).any() else np.nan
    return float(np.sqrt(pixels / usual)) if usual > 0 else 1.0


def cells_as_shots(dem: Reference, most: int = 4000) -> Shots:
    """Heights of a DEM at the centres of its cells (at most ``most`` of them, evenly spread), as shots."""
    rows, columns = dem.height.shape
    step = max(dem.cell, np.sqrt(rows * columns / most))
    across = np.arange(step / 2, rows - 0.5, step), np.arange(step / 2, columns - 0.5, step)
    row, column = np.meshgrid(*across, indexing="ij")
    altitude, known = bilinear(dem.height, dem.valid, row.ravel(), column.ravel())
    return make_shots(row.ravel()[known], column.ravel()[known], altitude[known], _DEFAULT_SIGMA_M)


def _around(row: Array, column: Array, grid: Grid) -> Window | None:
    """The window of ``grid`` around places, with two pixels to spare; None where they miss it."""
    if not (np.isfinite(row).any() and np.isfinite(column).any()):
        return None
    r0, r1 = max(int(np.nanmin(row)) - 2, 0), min(int(np.nanmax(row)) + 3, grid.height)
    c0, c1 = max(int(np.nanmin(column)) - 2, 0), min(int(np.nanmax(column)) + 3, grid.width)
    return Window(c0, r0, c1 - c0, r1 - r0) if r1 > r0 and c1 > c0 else None
