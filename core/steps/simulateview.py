"""Step: a simulated image with altimetry and its true terrain, to try the rest without data."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from ..bodies import body_named
from ..geotiff import Band, write_dtm, write_image
from ..memory import require_memory
from ..outputs import replacing_folder
from ..progress import Progress, part, silent, tell
from ..rasters import Grid
from ..simulation.view import View, simulate_view
from ..tables import write_table
from .provenance import made_by
from .step import Kind, Output, OutputKind, Parameter, Step, StepResult

_FIXED_MB, _BYTES_PER_PIXEL = 150.0, 150  # measured at 512 to 2,048 pixels a side, two threads


def run(
    *,
    size: int,
    pixel_size: float,
    sun_azimuth: float,
    sun_incidence: float,
    tracks: int,
    seed: int,
    output_folder: str,
    progress: Progress = silent,
    **_: Any,
) -> StepResult:
    """Write image.tif, altimetry.csv and truth_dtm.tif into the folder; see `STEP` for the parameters."""
    given = dict(locals())
    needed = _FIXED_MB + _BYTES_PER_PIXEL * size**2 / 1e6
    require_memory(needed, f"A scene of {size} x {size} pixels", "choose a smaller SIZE", progress)
    tell(progress, 0.0, "Raising terrain")
    view = simulate_view(size, pixel_size, sun_azimuth, sun_incidence, tracks, seed)
    tell(progress, 0.7, "Writing")
    body = body_named("Moon")
    degree = math.radians(1) * body.radius_m
    half = size * pixel_size / 2
    # Near the equator an equirectangular metre is a metre on the ground both ways.
    crs = "IAU_2015:30110"
    grid = Grid(size, size, (20 * degree - half, pixel_size, 0.0, half, 0.0, -pixel_size), crs)
    about = {
        **made_by(STEP, given),
        "SUN_AZIMUTH": f"{sun_azimuth:g}",
        "SUN_INCIDENCE": f"{sun_incidence:g}",
    }
    with replacing_folder(output_folder) as folder:
        write_image(folder / "image.tif", grid, view.grey.astype(np.uint8), about, nodata=0)
        truth = {**about, "LEVELLED": "YES", "DATUM": body.datum}
        write_dtm(folder / "truth_dtm.tif", grid, [view.height], [Band("height")], truth, part(progress, 0.8, 1.0))
        _write_shots(folder / "altimetry.csv", grid, view)
    made = Path(output_folder)
    return StepResult(
        {"OUTPUT_FOLDER": str(made)},
        notes=(f"Image, altimetry ({len(view.shots)} shots on {tracks} tracks) and true terrain are in {made}.",),
    )


def _write_shots(path: Path, grid: Grid, view: View) -> None:
    lon, lat = grid.lonlat_of(view.shots.col, view.shots.row)
    columns = {
        "lon": np.round(np.degrees(lon), 8),
        "lat": np.round(np.degrees(lat), 8),
        "altitude": np.round(view.shots.altitude, 2),
        "track": view.shots.track,
    }
    write_table(path, columns)


STEP = Step(
    id="simulateview",
    title="Simulate image scene",
    group="Simulation",
    help=(
        "Makes a scene to try the way from image to terrain without data: a simulated lunar image lit from one side, "
        "altimeter tracks over it with noise and a few wild shots, and the true terrain to compare with."
    ),
    parameters=(
        Parameter(
            "SIZE",
            Kind.INTEGER,
            "Size",
            "Width and height of the image.",
            default=1024,
            minimum=64,
            maximum=8192,
            unit="pixels",
        ),
        Parameter("PIXEL_SIZE", Kind.NUMBER, "Pixel size", "Ground size of a pixel.", 60.0, minimum=0.1, unit="m"),
        Parameter(
            "SUN_AZIMUTH",
            Kind.NUMBER,
            "Sun azimuth",
            "Direction towards the sun, clockwise from north.",
            285.0,
            minimum=-360,
            maximum=360,
            unit="degrees",
        ),
        Parameter(
            "SUN_INCIDENCE",
            Kind.NUMBER,
            "Sun incidence",
            "Angle of the sun from the zenith.",
            60.0,
            minimum=5,
            maximum=85,
            unit="degrees",
        ),
        Parameter(
            "TRACKS",
            Kind.INTEGER,
            "Altimeter tracks",
            "Number of altimeter tracks across the image.",
            6,
            minimum=1,
            maximum=1000,
        ),
        Parameter("SEED", Kind.INTEGER, "Seed", "The same seed makes the same scene.", 1, minimum=0),
    ),
    outputs=(
        Output(
            "OUTPUT_FOLDER", OutputKind.FOLDER, "Scene folder", "Folder for image.tif, altimetry.csv and truth_dtm.tif."
        ),
    ),
    run=run,
    icon="simulate",
    tags=("sample", "test data", "rendering", "craters"),
)
