"""Step: a DTM is measured against a reference DEM or altimetry."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..datums import Datum, datum_named
from ..errors import InputError
from ..geotiff import Band, write_dtm
from ..memory import require_memory
from ..outputs import together
from ..pictures import DIFFERENCE_COLOURS, show_relief, show_values
from ..progress import Progress, breathe_during, part, silent, tell
from ..rasters import Grid, Raster, is_raster
from ..report import Report, figure, key_values, new_figure, note, table
from ..terrain.comparison import Comparison, compare_grids, compare_points
from ..terrain.sampling import bilinear
from ..terrain.shots import Shots
from .heights import INPUT_DATUM, REFERENCE_DATUM, Dem
from .inputs import Reference, reference_on, shots_on
from .provenance import made_by
from .step import Kind, Output, OutputKind, Parameter, Step, StepResult

Array = npt.NDArray[np.float64]
_FIXED_MB, _BYTES_PER_PIXEL = 250.0, 90  # measured at 1,000 to 4,000 pixels a side, two threads
_PICTURE_PIXELS = 900  # along the longer side of a picture in the report
_NO_UNIT = "Both hold relative heights: the numbers have no unit."


def run(
    *,
    input: str,
    reference: str,
    input_datum: str | None,
    reference_datum: str | None,
    output: str | None,
    output_report: str | None,
    progress: Progress = silent,
) -> StepResult:
    """Compare the first band of a DTM with a DEM or altimetry; see `STEP` for the outputs."""
    given = dict(locals())
    dem = Dem(input, "DTM", input_datum, INPUT_DATUM.name)
    source, grid, datum = dem.raster, dem.grid, dem.common(dem.grid.body)
    unit, warnings = ("", (_NO_UNIT,)) if dem.relative else ("m", dem.warnings)
    if dem.relative and not (is_raster(reference) and Dem(reference).relative):
        raise InputError(f"DTM {source.name!r} holds relative heights, not metres; level it first (leveldtm).")
    size = f"Comparing {grid.width} x {grid.height} pixels"
    require_memory(_FIXED_MB + _BYTES_PER_PIXEL * grid.width * grid.height / 1e6, size, "crop INPUT", progress)
    tell(progress, 0.0, "Reading")
    values, valid = dem.above(datum)(None, None)
    if not valid.any():
        raise InputError(f"DTM {source.name!r} holds only nodata.")
    height = breathe_during(lambda: np.where(valid, values, np.nan).astype(np.float64))
    tell(progress, 0.2, "Comparing")
    # medians and percentiles of many pixels take seconds each
    if is_raster(reference):
        other = reference_on(grid, reference, "REFERENCE", reference_datum, datum, dem.relative)
        warnings += () if dem.relative else other.warnings
        numbers, difference = breathe_during(lambda: _against_dem(grid, height, other))
    else:
        shots, doubts = _shots(grid, reference, reference_datum, datum, source.name)
        warnings += doubts
        numbers, difference = breathe_during(lambda: _against_shots(grid, height, valid, shots))
    about = made_by(STEP, given, INPUT=source.name, REFERENCE=Path(reference).name)
    made: dict[str, Any] = {
        "BIAS": numbers.bias,
        "RMSE": numbers.rmse,
        "NMAD": numbers.nmad,
        "LE90": numbers.le90,
        "CC": numbers.cc,
        "SLOPE_RMSE": numbers.slope_rmse,
        "COUNT": numbers.count,
    }
    with together():
        if output:
            write_dtm(output, grid, [difference], [Band("difference", unit)], about, part(progress, 0.6, 0.8))
            made["OUTPUT"] = output
        if output_report:
            tell(progress, 0.8, "Drawing the report")
            report = breathe_during(lambda: _report(source, height, difference, numbers, about, unit))
            report.write(output_report)
            made["OUTPUT_REPORT"] = output_report
    return StepResult(made, warnings)


def _against_dem(grid: Grid, height: Array, dem: Reference) -> tuple[Comparison, Array]:
    """Numbers and differences pixel by pixel."""
    other = np.where(dem.valid, dem.height, np.nan)
    return compare_grids(height, other, grid.pixel_size_m), height - other


def _shots(grid: Grid, path: str, given: str | None, datum: Datum, name: str) -> tuple[Shots, tuple[str, ...]]:
    """Shots whose altitudes count from ``datum``, that of the DTM, and warnings; raises `InputError` naming both where
    they do not.

    MOLA's heights above the areoid are taken where REFERENCE_DATUM says so.
    """
    wanted = datum_named(given, grid.body) if given else None
    shots, own, doubts = shots_on(grid, path, "TOPOGRAPHY" if wanted and wanted.areoid else None)
    if own != datum.name:
        raise InputError(
            f"Altitudes of {Path(path).name!r} are above the {own} but heights of DTM {name!r} above the {datum.name}, "
            "and what lies between them is not known; give both above one surface (for MOLA shots, REFERENCE_DATUM "
            "areoid takes their TOPOGRAPHY)."
        )
    return shots, doubts


def _against_shots(grid: Grid, height: Array, valid: npt.NDArray[np.bool_], shots: Shots) -> tuple[Comparison, Array]:
    """Numbers at the shots, and their differences on the grid (mean of a pixel's shots)."""
    sampled, known = bilinear(height, valid, shots.row, shots.col)
    apart = np.where(known, sampled - shots.altitude, np.nan)
    numbers = compare_points(np.where(known, sampled, np.nan), shots.altitude)
    cell = np.rint(shots.row).astype(int) * grid.width + np.rint(shots.col).astype(int)
    count = np.bincount(cell[known], minlength=grid.width * grid.height)
    total = np.bincount(cell[known], weights=apart[known], minlength=count.size)
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return numbers, mean.reshape(grid.height, grid.width)


def _report(
    source: Raster, height: Array, difference: Array, numbers: Comparison, about: Mapping[str, str], unit: str
) -> Report:
    known = difference[np.isfinite(difference)]
    limit = float(np.percentile(np.abs(known), 98)) or 1.0
    step = max(1, -(-max(height.shape) // _PICTURE_PIXELS))
    pixel = source.grid.pixel_size_m[0] * step, source.grid.pixel_size_m[1] * step
    fig, axes = new_figure(1, 2, (10.5, 4.6))
    show_relief(axes[0], height[::step, ::step], pixel, "DTM", unit)
    dense = known.size > 0.2 * difference.size
    if dense:
        show_values(
            axes[1], difference[::step, ::step], pixel, "DTM minus reference", unit, DIFFERENCE_COLOURS, (-limit, limit)
        )
    else:
        _show_points(axes[1], difference, source.grid.pixel_size_m, limit)
    bars, axis = new_figure(size=(7.0, 3.2))
    axis.hist(np.clip(known, -1.5 * limit, 1.5 * limit), bins=81, color="#1f5f8b")
    axis.axvline(numbers.bias, color="#b3372c", linewidth=1.2, label=f"bias {numbers.bias:.3g} {unit}")
    axis.set_xlabel(f"DTM minus reference {unit}", fontsize=8)
    axis.set_ylabel("pixels" if dense else "pixels with shots", fontsize=8)
    axis.legend(fontsize=8, frameon=False)
    rows = [
        ["Bias", numbers.bias, unit, "mean difference"],
        ["RMSE", numbers.rmse, unit, "root mean square difference"],
        ["NMAD", numbers.nmad, unit, "robust spread: 1.4826 times the median absolute deviation"],
        ["LE90", numbers.le90, unit, "nine of ten differences are smaller"],
        ["CC", numbers.cc, "", "correlation of the heights"],
        ["Slope RMSE", numbers.slope_rmse, "degrees", "not defined at shots" if not dense else ""],
        ["Count", numbers.count, "", "pixels or shots compared"],
    ]
    report = Report("Comparison of terrain", f"{about['INPUT']} minus {about['REFERENCE']}")
    report.section("Numbers", table(rows, ["measure", "value", "unit", "meaning"]))
    if abs(numbers.bias) > numbers.nmad:
        doubt = "The bias exceeds the spread: the heights may count from another datum."
        report.section("To note", note(doubt, "warning"))
    report.section("Where", figure(fig, "The terrain; where it lies above (brown) and below (blue) the reference."))
    report.section("How often", figure(bars, "Histogram of the differences; the outermost bars hold all beyond."))
    report.section("How the DTM was made", key_values(source.metadata))
    return report


def _show_points(axis: Any, difference: Array, pixel_m: tuple[float, float], limit: float) -> None:
    from ..pictures import colour_map

    row, column = np.nonzero(np.isfinite(difference))
    keep = slice(None, None, max(1, row.size // 20_000))
    row, column = row[keep], column[keep]
    place = column * pixel_m[0] / 1000, row * pixel_m[1] / 1000
    drawn = axis.scatter(
        *place, c=difference[row, column], s=2, cmap=colour_map(DIFFERENCE_COLOURS), vmin=-limit, vmax=limit
    )
    axis.invert_yaxis()
    axis.set_aspect("equal")
    axis.set_title("DTM minus shots", fontsize=10)
    axis.set_xlabel("km", fontsize=8)
    bar = axis.figure.colorbar(drawn, ax=axis, shrink=0.8, pad=0.02)
    bar.set_label("m", fontsize=8)
    bar.ax.tick_params(labelsize=7)


STEP = Step(
    id="comparedtm",
    title="Compare DTM",
    group="Terrain",
    help=(
        "Measures a DTM against a reference: another DEM, or altimetry. Gives the difference (DTM minus reference), "
        "a report with maps and a histogram, and the usual numbers: bias, RMSE, NMAD, LE90, correlation, slope RMSE."
    ),
    parameters=(
        Parameter("INPUT", Kind.RASTER, "DTM", "The DTM to measure; its first band is the height."),
        Parameter(
            "REFERENCE",
            Kind.LAYER,
            "Reference",
            "A DEM (raster) or altimetry (points or CSV with lon, lat, altitude) of the same body. Heights above "
            "another sphere or ellipsoid are converted; above the areoid, both have to be.",
        ),
        INPUT_DATUM,
        REFERENCE_DATUM,
    ),
    outputs=(
        Output(
            "OUTPUT",
            OutputKind.RASTER,
            "Difference",
            "GeoTIFF on the DTM's grid: DTM minus reference, in metres; with altimetry, the pixels that hold shots.",
            optional=True,
            extension="tif",
            style="difference",
            offered=True,
        ),
        Output(
            "OUTPUT_REPORT",
            OutputKind.REPORT,
            "Report",
            "HTML page with maps, histogram and numbers.",
            optional=True,
            extension="html",
        ),
        Output("BIAS", OutputKind.NUMBER, "Bias", "Mean difference in metres."),
        Output("RMSE", OutputKind.NUMBER, "RMSE", "Root mean square difference in metres."),
        Output("NMAD", OutputKind.NUMBER, "NMAD", "1.4826 times the median absolute deviation, in metres."),
        Output("LE90", OutputKind.NUMBER, "LE90", "90th percentile of the absolute difference, in metres."),
        Output("CC", OutputKind.NUMBER, "CC", "Pearson correlation of the heights."),
        Output("SLOPE_RMSE", OutputKind.NUMBER, "Slope RMSE", "Root mean square difference of the slopes in degrees."),
        Output("COUNT", OutputKind.NUMBER, "Count", "Number of pixels or shots compared."),
    ),
    run=run,
    icon="compare",
    tags=("accuracy", "difference", "quality"),
)
