"""Step: a DTM is lit from one side, with slopes as they are on the ground of its own body."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..geotiff import write_image
from ..memory import require_memory
from ..pictures import hillshade
from ..progress import Progress, silent, tell
from ..rasters import Raster, Window
from .provenance import made_by
from .step import Kind, Output, OutputKind, Parameter, Step, StepResult

_FIXED_MB, _BYTES_PER_PIXEL = 150.0, 10  # measured at 1,000 and 4,000 pixels a side
_ROWS = 512


def run(
    *,
    input: str,
    azimuth: float,
    altitude: float,
    exaggeration: float,
    output: str,
    progress: Progress = silent,
    **_: Any,
) -> StepResult:
    """Shade the first band and write it as 8-bit grey (1..255, 0 where unknown); see `STEP` for the parameters."""
    given = dict(locals())
    source = Raster(input, "INPUT")
    grid = source.grid
    size = f"Shading {grid.width} x {grid.height} pixels"
    require_memory(_FIXED_MB + _BYTES_PER_PIXEL * grid.width * grid.height / 1e6, size, "crop INPUT", progress)
    grey = np.zeros((grid.height, grid.width), np.uint8)
    for start in range(0, grid.height, _ROWS):
        tell(progress, start / grid.height, "Shading")
        above, below = max(start - 1, 0), min(start + _ROWS + 1, grid.height)
        window = Window(0, above, grid.width, below - above)
        height, valid = source.read(window)
        metres = grid.sub(window).pixel_size_m  # degrees of longitude shrink towards the poles
        shade = hillshade(np.where(valid, height * exaggeration, np.nan), metres, azimuth, altitude)
        block = np.where(valid & np.isfinite(shade), np.rint(1 + 254 * np.nan_to_num(shade)), 0).astype(np.uint8)
        stop = min(start + _ROWS, grid.height)
        grey[start:stop] = block[start - above : stop - above]
    write_image(output, grid, grey, made_by(STEP, given), nodata=0)
    return StepResult({"OUTPUT": output})


STEP = Step(
    id="hillshade",
    title="Hillshade",
    group="Terrain",
    help=(
        "Lights a DTM from one side. Slopes are true on every body and in every CRS: degrees are turned into metres of "
        "the body's own ground, which QGIS's hillshade leaves to its Z factor."
    ),
    parameters=(
        Parameter("INPUT", Kind.RASTER, "DTM", "The DTM to light; its first band is the height in metres."),
        Parameter(
            "AZIMUTH",
            Kind.NUMBER,
            "Azimuth of the light",
            "Direction the light comes from, clockwise from the map's top, as QGIS's hillshade has it.",
            315.0,
            minimum=0,
            maximum=360,
            unit="degrees",
        ),
        Parameter(
            "ALTITUDE",
            Kind.NUMBER,
            "Altitude of the light",
            "Height of the light above the horizon.",
            45.0,
            minimum=1,
            maximum=90,
            unit="degrees",
        ),
        Parameter(
            "EXAGGERATION",
            Kind.NUMBER,
            "Exaggeration",
            "Factor on the heights; 1 shows slopes as they are.",
            1.0,
            minimum=1e-3,
            maximum=1e3,
        ),
    ),
    outputs=(
        Output("OUTPUT", OutputKind.RASTER, "Hillshade", "GeoTIFF, 8-bit grey, 0 where unknown.", extension="tif"),
    ),
    run=run,
    icon="hillshade",
    tags=("relief", "shading", "illumination"),
)
