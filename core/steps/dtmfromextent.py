"""Step: the visible extent of an image layer becomes a DTM by a learned image-to-height model."""

from __future__ import annotations

from ..learned.extent import dtm_from_extent
from ..terrain.references import ALTIMETRY_HELP, REFERENCE_HELP
from .step import Kind, Output, OutputKind, Parameter, Step

STEP = Step(
    id="dtmfromextent",
    title="DTM from extent",
    group="Terrain from one image",
    help=(
        "Turns the chosen extent of an image into a digital terrain model (DTM) by a learned image-to-height model.\n\n"
        "Give altimetry (laser shots as points or CSV) or a coarse reference DEM and the result is in metres above the "
        "body's datum, with a second band of its one-sigma error. Without either the result is a relative height: its "
        "shape can be trusted, its scale and long waves cannot, and it carries no unit.\n\n"
        "Give the azimuth of the sun where you know it; it is estimated from the shading otherwise, and a doubtful "
        "estimate is reported. Use grey or naturally coloured images, never a colourised elevation map."
    ),
    parameters=(
        Parameter(
            "INPUT", Kind.RASTER, "Image layer", "The image to read: any georeferenced raster, grey or natural colour."
        ),
        Parameter(
            "EXTENT",
            Kind.EXTENT,
            "Extent",
            "Area to turn into terrain, in the image's CRS; left empty, the whole image. "
            "It is snapped outward to whole pixels.",
            optional=True,
            parent="INPUT",
        ),
        Parameter(
            "PIXEL_SIZE",
            Kind.NUMBER,
            "Pixel size",
            "Ground size of an output pixel. Left empty: the image's own, coarsened "
            "until the longer side has at most 4096 pixels.",
            optional=True,
            minimum=1e-3,
            unit="m",
        ),
        Parameter("ALTIMETRY", Kind.TABLE, "Altimetry for levelling", ALTIMETRY_HELP, optional=True),
        Parameter(
            "ALTITUDE_FIELD",
            Kind.FIELD,
            "Altitude field",
            "Column of the altimetry that holds altitudes in metres above the "
            "datum; left empty, it is recognised by its name.",
            optional=True,
            parent="ALTIMETRY",
        ),
        Parameter("REFERENCE_DEM", Kind.RASTER, "Reference DEM for levelling", REFERENCE_HELP, optional=True),
        Parameter(
            "SUN_AZIMUTH",
            Kind.NUMBER,
            "Sun azimuth",
            "Direction towards the sun, clockwise from north. Left empty: read from "
            "the image's metadata or estimated from its shading.",
            optional=True,
            minimum=-360,
            maximum=360,
            unit="degrees",
        ),
        Parameter(
            "SUN_INCIDENCE",
            Kind.NUMBER,
            "Sun incidence",
            "Angle of the sun from the zenith. Left empty: taken as the model's "
            "usual one; it sets the scale of relief where nothing levels it.",
            optional=True,
            minimum=0,
            maximum=89.9,
            unit="degrees",
        ),
        Parameter(
            "MODE",
            Kind.CHOICE,
            "Mode",
            "seamless: full resolution in overlapping tiles joined without seams. jmars: as JMARS "
            "does it, one 1024 x 1024 square, scaled down and filled with mirrors.",
            default="seamless",
            choices=("seamless", "jmars"),
            advanced=True,
        ),
        Parameter(
            "MODEL",
            Kind.FILE,
            "Model",
            "Model file (.safetensors); left empty, the one that ships with the plugin.",
            optional=True,
            advanced=True,
            extension="safetensors",
        ),
        Parameter(
            "ENGINE",
            Kind.CHOICE,
            "Engine",
            "auto uses torch when it is installed, NumPy otherwise; the result is the same.",
            default="auto",
            choices=("auto", "numpy", "torch"),
            advanced=True,
        ),
    ),
    outputs=(
        Output(
            "OUTPUT",
            OutputKind.RASTER,
            "DTM",
            "GeoTIFF: band 1 height, and sigma where the terrain is levelled; its metadata say how it was made.",
            extension="tif",
            style="dtm",
        ),
    ),
    run=dtm_from_extent,
    icon="dtm_from_view",
    tags=("terrain", "elevation", "DEM", "learning", "Pix2Pix", "JMARS", "shading"),
)
