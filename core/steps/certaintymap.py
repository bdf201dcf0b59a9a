"""Step: altimetry becomes a map of altitude, certainty and sigma."""

from __future__ import annotations

import numpy as np

from ..altimetry.certainty import DMAX_RADIANS, CertaintyModel
from ..altimetry.interpolation import Interpolator
from ..altimetry.readers import doubts, read_shots, require_places
from ..bodies import body_named
from ..errors import InputError
from ..geotiff import Band, writing_dtm
from ..memory import require_memory
from ..progress import Progress, part, silent
from ..rasters import Grid
from ..tables import layer_crs
from ..terrain.target_grid import LONGEST_SIDE, target_grid
from .inputs import ALTIMETRY_HELP, Extent
from .provenance import made_by
from .step import Kind, Output, OutputKind, Parameter, Step, StepResult

BANDS = (Band("altitude"), Band("certainty", ""), Band("mu_dist", ""), Band("mu_cross", ""), Band("sigma"))
_FIXED_MB, _BYTES_PER_SHOT = 250.0, 1200  # measured at 50,000 and 200,000 shots
_CELLS = 1 << 18  # asked for together
_TOLD_OUTSIDE = 0.01  # of the cells
_LOOKED = 33  # cells a side whose nearest shot is looked for
_CELLS_ACROSS = 512  # along the longer side, where no pixel size is given


def run(
    *,
    input: str,
    altitude_field: str | None,
    body: str | None,
    extent: Extent | None,
    pixel_size: float | None,
    crs: str | None,
    bins: int,
    dmax: float | None,
    emax: float,
    alpha: float,
    output: str,
    progress: Progress = silent,
) -> StepResult:
    """Interpolate the shots over a grid, strip by strip; see `STEP` for the parameters."""
    given = dict(locals())
    shots = read_shots(input, body_named(body) if body else None, altitude_field=altitude_field or None)
    require_places(shots)
    needed = _FIXED_MB + _BYTES_PER_SHOT * len(shots) / 1e6
    require_memory(needed, f"A map of {len(shots)} shots", "crop INPUT to the area of the map", progress)
    place = shots.lon, shots.lat, shots.body
    limit = LONGEST_SIDE if pixel_size else _CELLS_ACROSS
    grid = target_grid(*place, pixel_size or 1.0, crs, extent, limit, layer_crs(input) if extent else None)
    surface = Interpolator(shots, bins)
    if extent:
        _require_reach(grid, surface, DMAX_RADIANS * shots.body.radius_m if dmax is None else dmax)
    model = CertaintyModel(surface, dmax, emax, alpha, part(progress, 0.0, 0.2))
    about = made_by(STEP, given, DATUM=shots.datum, DMAX_USED=f"{model.dmax:g}")
    step, outside = max(1, _CELLS // grid.width), 0
    with writing_dtm(output, grid, BANDS, about, part(progress, 0.95, 1.0)) as writer:
        for row in range(0, grid.height, step):
            rows = np.arange(row, min(row + step, grid.height))
            stage = part(progress, 0.2 + 0.75 * row / grid.height, 0.2 + 0.75 * (row + rows.size) / grid.height)
            found = model.at(*grid.lonlat_of(*np.meshgrid(np.arange(grid.width), rows)), progress=stage)
            outside += int((found.mu_dist == 0).sum())
            values = (found.altitude, found.mu, found.mu_dist, found.mu_cross, found.sigma)
            writer.write([band.reshape(rows.size, grid.width) for band in values], 0, row)
    width, height = grid.pixel_size_m
    note = f"{grid.width} x {grid.height} cells of {width:.4g} x {height:.4g} m from {len(shots)} shots."
    warnings = (
        *doubts(shots),
        *_coarser(grid, pixel_size),
        *_outside(outside / (grid.width * grid.height), model.dmax),
    )
    return StepResult({"OUTPUT": output}, warnings, (note,))


def _coarser(grid: Grid, asked: float | None) -> tuple[str, ...]:
    """A sentence where the cells are larger than ``asked`` (m) so that the map stays in bounds."""
    made = grid.pixel_size_m[1]
    if not asked or made < 1.01 * asked:
        return ()
    return (
        f"Cells of PIXEL_SIZE {asked:g} m would be more than {LONGEST_SIDE} along the longer side: they are {made:.4g} "
        "m wide; give a smaller EXTENT for finer ones.",
    )


def _outside(share: float, reach: float) -> tuple[str, ...]:
    """A sentence on the share of the cells that no shot is within ``reach`` m of, where it is worth one."""
    if share < _TOLD_OUTSIDE:
        return ()
    return (
        f"{share:.0%} of the cells lie farther than DMAX ({reach / 1000:.2g} km) from every shot: altitudes there are "
        "extrapolated, as their certainty and sigma say.",
    )


def _require_reach(grid: Grid, surface: Interpolator, reach: float) -> None:
    """Raise `InputError` where no cell of the map has a shot within ``reach`` m, by some of the cells and the shots."""
    columns, rows = (np.unique(np.linspace(0, size - 1, _LOOKED)) for size in (grid.width, grid.height))
    distance, _ = surface.index.nearest(*grid.lonlat_of(*np.meshgrid(columns, rows)), 1)
    column, row = grid.pixel_of(surface.shots.lon, surface.shots.lat)
    inside = (column > -1) & (column < grid.width) & (row > -1) & (row < grid.height)
    if distance.min() > reach and not inside.any():
        raise InputError(
            f"EXTENT lies {distance.min() / 1000:.0f} km from the nearest shot of {surface.shots.source!r}; choose one "
            "that the shots reach."
        )


STEP = Step(
    id="certaintymap",
    title="Certainty map",
    group="Altimetry",
    help=(
        "Interpolates laser altitudes between the tracks and tells how far they can be trusted: the certainty of Xu et "
        "al. (2016), mu = alpha mu_dist + (1 - alpha) mu_cross, from the distance to the nearest shots and from how "
        "well they predict each other, and a one-sigma error in metres calibrated on withheld shots."
    ),
    parameters=(
        Parameter("INPUT", Kind.TABLE, "Altimetry", ALTIMETRY_HELP),
        Parameter(
            "ALTITUDE_FIELD",
            Kind.FIELD,
            "Altitude field",
            "Column that holds altitudes in metres above the datum; left empty, it is recognised by its name.",
            optional=True,
            parent="INPUT",
        ),
        Parameter(
            "BODY",
            Kind.TEXT,
            "Body",
            "Name of the body (Moon, Mars ...) where a table without geometry does not tell it.",
            optional=True,
        ),
        Parameter(
            "EXTENT",
            Kind.EXTENT,
            "Extent",
            "Area of the map: in CRS where that is given, else in the CRS of the altimetry (of a table, longitude and "
            "latitude in degrees). Left empty, all shots.",
            optional=True,
            parent="INPUT",
        ),
        Parameter(
            "PIXEL_SIZE",
            Kind.NUMBER,
            "Pixel size",
            "Ground size of a cell. Left empty: 512 cells along the longer side.",
            optional=True,
            minimum=1e-3,
            unit="m",
        ),
        Parameter(
            "CRS",
            Kind.CRS,
            "CRS",
            "CRS of the map; left empty, longitude and latitude of the body, polar stereographic beyond 75 degrees.",
            optional=True,
        ),
        Parameter(
            "BINS",
            Kind.INTEGER,
            "Sectors",
            "Azimuth sectors around a cell; the nearest shot of each is used.",
            default=8,
            minimum=3,
            maximum=64,
            advanced=True,
        ),
        Parameter(
            "DMAX",
            Kind.NUMBER,
            "Largest distance",
            "Distance at which a shot no longer counts for mu_dist. Left empty: 7/1700 of the body's radius.",
            optional=True,
            minimum=1.0,
            unit="m",
            advanced=True,
        ),
        Parameter(
            "EMAX",
            Kind.NUMBER,
            "Largest error",
            "Error of a shot predicted by its neighbours at which its mu_cross is 0.",
            default=2000.0,
            minimum=1.0,
            unit="m",
            advanced=True,
        ),
        Parameter(
            "ALPHA",
            Kind.NUMBER,
            "Share of mu_dist",
            "Weight of mu_dist in the certainty, 0 to 1.",
            default=0.5,
            minimum=0.0,
            maximum=1.0,
            advanced=True,
        ),
    ),
    outputs=(
        Output(
            "OUTPUT",
            OutputKind.RASTER,
            "Certainty map",
            "GeoTIFF with bands altitude, certainty, mu_dist, mu_cross and sigma.",
            extension="tif",
            style="certainty",
        ),
    ),
    run=run,
    icon="altimetry",
    tags=("LOLA", "MOLA", "LAM", "interpolation", "quality", "Shepard"),
)
