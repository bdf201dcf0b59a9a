"""Step: a DTM is brought to metres above the datum by altimetry or a reference DEM."""

from __future__ import annotations

import numpy as np

from ..errors import InputError
from ..memory import require_memory
from ..outputs import require_writable
from ..progress import Progress, part, silent, tell
from ..rasters import Raster
from .heights import INPUT_DATUM, REFERENCE_DATUM, Dem
from .inputs import ALTIMETRY_HELP, REFERENCE_HELP, read_references
from .levelled import bring_to_metres, write_levelled
from .provenance import before, made_by
from .step import Kind, Output, OutputKind, Parameter, Step, StepResult

_FIXED_MB, _BYTES_PER_PIXEL = 300.0, 75  # measured at 1,000 and 2,000 pixels a side, two threads


def run(
    *,
    input: str,
    altimetry: str | None,
    altitude_field: str | None,
    reference_dem: str | None,
    input_datum: str | None,
    reference_datum: str | None,
    mode: str,
    output: str,
    progress: Progress = silent,
) -> StepResult:
    """Level the first band of a DTM; see `STEP` for the parameters."""
    given = dict(locals())
    dem = Dem(input, "DTM", input_datum, INPUT_DATUM.name)
    source, grid = dem.raster, dem.grid
    require_writable(output, (".tif", ".tiff"))
    size = f"Levelling {grid.width} x {grid.height} pixels"
    require_memory(_FIXED_MB + _BYTES_PER_PIXEL * grid.width * grid.height / 1e6, size, "crop INPUT", progress)
    references = read_references(grid, altimetry, altitude_field, reference_dem, reference_datum)
    if not references:
        raise InputError("Levelling needs ALTIMETRY or REFERENCE_DEM; give one.")
    tell(progress, 0.0, "Reading")
    datum = dem.common(grid.body)
    height, valid = dem.above(datum)(None, None)
    if not valid.any():
        raise InputError(f"DTM {source.name!r} holds only nodata.")
    terrain, stage = np.asarray(height, np.float32), part(progress, 0.1, 0.9)
    levelled = bring_to_metres(grid, terrain, valid, references, mode, own_sigma(source), stage, datum=datum)
    about = {**before(source.metadata), **made_by(STEP, given)}
    write_levelled(output, grid, levelled, about, part(progress, 0.9, 1.0))
    return StepResult({"OUTPUT": output}, levelled.warnings, levelled.notes)


def own_sigma(source: Raster) -> np.ndarray | None:  # type: ignore[type-arg]
    """The DTM's own sigma band, where it has one."""
    for band in range(2, source.bands + 1):
        if source.band_name(band) == "sigma":
            values, valid = source.read(band=band)
            return np.where(valid, values, np.nan).astype(np.float32)
    return None


STEP = Step(
    id="leveldtm",
    title="Level DTM",
    group="Terrain",
    help=(
        "Brings a DTM to metres above the datum of laser altimetry or a reference DEM; the result names it.\n\n"
        "Relative terrain (from one image) gets scale, plane and long waves from the reference, and a band of its "
        "one-sigma error. Rigid levelling moves a measured terrain (from stereo) as a whole: a three-dimensional shift "
        "and a tilt, never a scale."
    ),
    parameters=(
        Parameter("INPUT", Kind.RASTER, "DTM", "The DTM to level; its first band is the height."),
        Parameter("ALTIMETRY", Kind.TABLE, "Altimetry", ALTIMETRY_HELP, optional=True),
        Parameter(
            "ALTITUDE_FIELD",
            Kind.FIELD,
            "Altitude field",
            "Column of the altimetry that holds altitudes in metres above the datum; left empty, it is recognised by "
            "its name.",
            optional=True,
            parent="ALTIMETRY",
        ),
        Parameter("REFERENCE_DEM", Kind.RASTER, "Reference DEM", REFERENCE_HELP, optional=True),
        INPUT_DATUM,
        REFERENCE_DATUM,
        Parameter(
            "MODE",
            Kind.CHOICE,
            "Mode",
            "relative: scale, plane and fusion, for terrain from one image. rigid: shift and tilt only, for measured "
            "terrain.",
            default="relative",
            choices=("relative", "rigid"),
        ),
    ),
    outputs=(
        Output(
            "OUTPUT",
            OutputKind.RASTER,
            "Levelled DTM",
            "GeoTIFF in metres above the datum of what it is levelled to, with sigma.",
            extension="tif",
            style="dtm",
        ),
    ),
    run=run,
    icon="level",
    tags=("altimetry", "LOLA", "MOLA", "bias", "co-registration"),
)
