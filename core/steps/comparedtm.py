"""Step: a DTM is measured against a reference DEM or altimetry."""

from __future__ import annotations

from ..terrain.compare_files import compare_dtm
from .step import Kind, Output, OutputKind, Parameter, Step

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
            "A DEM (raster) or altimetry (points or CSV with lon, lat, altitude) of the same body and datum.",
        ),
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
    run=compare_dtm,
    icon="compare",
    tags=("accuracy", "difference", "quality"),
)
