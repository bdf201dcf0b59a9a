"""Step: a DTM is brought to metres above the datum by altimetry or a reference DEM."""

from __future__ import annotations

from ..terrain.level_files import level_dtm
from ..terrain.references import ALTIMETRY_HELP, REFERENCE_HELP
from .step import Kind, Output, OutputKind, Parameter, Step

STEP = Step(
    id="leveldtm",
    title="Level DTM",
    group="Terrain",
    help=(
        "Brings a DTM to metres above the body's datum with laser altimetry or a reference DEM.\n\n"
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
            "Column of the altimetry that holds altitudes in metres above the "
            "datum; left empty, it is recognised by its name.",
            optional=True,
            parent="ALTIMETRY",
        ),
        Parameter("REFERENCE_DEM", Kind.RASTER, "Reference DEM", REFERENCE_HELP, optional=True),
        Parameter(
            "MODE",
            Kind.CHOICE,
            "Mode",
            "relative: scale, plane and fusion, for terrain from one image. rigid: shift and tilt "
            "only, for measured terrain.",
            default="relative",
            choices=("relative", "rigid"),
        ),
    ),
    outputs=(
        Output(
            "OUTPUT",
            OutputKind.RASTER,
            "Levelled DTM",
            "GeoTIFF in metres above the datum, with sigma.",
            extension="tif",
            style="dtm",
        ),
    ),
    run=level_dtm,
    icon="level",
    tags=("altimetry", "LOLA", "MOLA", "bias", "co-registration"),
)
