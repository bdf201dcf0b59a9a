"""Step: an image of known orientation is put on the map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..bodies import require_same_body
from ..camera.footprints import Footprint, footprint
from ..camera.linescan import ImageCamera
from ..datums import Datum
from ..errors import InputError
from ..geotiff import Band, writing_dtm
from ..memory import require_memory
from ..outputs import require_writable
from ..progress import Progress, part, silent, tell
from ..rasters import Grid, Mask, Raster, Window
from ..terrain.ortho import Picture, Reader, Surface, orthorectify
from ..terrain.target_grid import LONGEST_SIDE, target_grid
from .footprints import body_of, ellipsoid_height
from .heights import Dem
from .provenance import made_by
from .scans import CAMERAS, EOPS_OR_CAMERAS, SENSOR_OR_CAMERAS, camera_of, image_cameras
from .step import Kind, Output, OutputKind, Parameter, Step, StepResult

_MB = 400.0  # whatever the image: measured at 0.7 and 17 million pixels
RESAMPLING = ("bilinear", "cubic")


def run(
    *,
    image: str,
    view: str | None,
    sensor: str | None,
    eops: str | None,
    cameras: list[str] | None,
    dtm: str | None,
    extent: Sequence[float] | None,
    pixel_size: float | None,
    crs: str | None,
    resampling: str,
    occlusion: bool,
    output: str,
    progress: Progress = silent,
) -> StepResult:
    """Project block by block; see `STEP` for the parameters."""
    given = dict(locals())
    require_memory(_MB, "Projecting block by block", "let it take more", progress)
    require_writable(output, (".tif", ".tiff"))
    source = Raster(image, "IMAGE")
    own = "" if view else Path(image).name  # a view the user named has to be there
    camera = _camera(image_cameras(sensor, eops, cameras), view or source.metadata.get("VIEW"), own)
    lines, samples = source.size
    if samples != camera.samples:
        raise InputError(
            f"Image {source.name!r} has {samples} samples a line and camera {camera.name!r} {camera.samples}; give the "
            "camera of the image."
        )
    body = body_of(camera)
    outline = footprint(camera, body.radius_m, None if body.is_sphere else ellipsoid_height(body))
    ground = Dem(dtm, "DTM") if dtm else None
    surface = _surface(ground, camera, part(progress, 0.0, 0.05)) if ground else None
    grid = _grid(surface, outline, camera, extent, pixel_size, crs)
    factor = max(1, int(min(grid.pixel_size_m) / float(np.mean(outline.pixel_m)) + 1e-6))
    picture = Picture(lines, samples, _reader(source), factor)
    about = {
        **made_by(STEP, given),
        "CAMERA": camera.name,
        "DTM": Path(dtm).name if dtm else "none: the body's sphere or ellipsoid",
    }
    seen = hidden = 0
    with writing_dtm(output, grid, [Band("grey", "")], about, part(progress, 0.9, 1.0)) as writer:
        stage, known_body = part(progress, 0.05, 0.9), None if body.is_sphere else body  # a map may be on a sphere
        blocks = orthorectify(camera, picture, surface, grid, resampling, occlusion, stage, known_body)
        for block in blocks:
            writer.write([block.grey], block.window.column, block.window.row)
            seen, hidden = seen + int(np.isfinite(block.grey).sum()), hidden + block.hidden
        if not seen:
            raise InputError(
                f"Image {source.name!r} shows no ground of the map; check that DTM or EXTENT lies where the image does."
            )
    share = seen / (grid.width * grid.height)
    note = f"{grid.width} x {grid.height} pixels; {share:.1%} show the image, {hidden} hidden behind terrain."
    known = min(camera.lines[1], lines - 1) - max(camera.lines[0], 0) + 1
    warnings = [f"The orientation covers {known:g} of the image's {lines} lines; the rest is left out."] * (
        known < lines
    )
    said = ground.warnings if ground else ()
    return StepResult({"OUTPUT": output, "SEEN": share, "HIDDEN": hidden}, (*said, *warnings), (note,))


def _camera(known: Sequence[ImageCamera], view: str | None, image: str) -> ImageCamera:
    """The image's camera: by its view or its own name, or the only one there is."""
    return known[0] if len(known) == 1 and not view else camera_of(known, view or "", image)


def _surface(dem: Dem, camera: ImageCamera, progress: Progress) -> Surface:
    """The DTM as a surface; raises `InputError` for another body, relative heights, and heights above an areoid."""
    source = dem.raster
    require_same_body(source.grid.body, f"DTM {source.name!r}", body_of(camera), "the camera")
    if dem.relative:
        raise InputError(f"DTM {source.name!r} holds relative heights, not metres; level it first (leveldtm).")
    highest, read = -np.inf, dem.above(Datum(dem.grid.body), "those the rays meet")
    step = max(1, (1 << 22) // source.grid.width)
    for row in range(0, source.grid.height, step):
        tell(progress, row / source.grid.height, "Reading the DTM")
        values, valid = read(Window(0, row, source.grid.width, min(step, source.grid.height - row)), None)
        highest = max(highest, float(values[valid].max(initial=-np.inf)))
    if not np.isfinite(highest):
        raise InputError(f"DTM {source.name!r} holds only nodata.")
    return Surface(source.grid, read, highest)


def _reader(source: Raster) -> Reader:
    def read(window: Window, shape: tuple[int, int]) -> tuple[NDArray[Any], Mask]:
        return source.read(window, shape)

    return read


def _grid(
    surface: Surface | None,
    outline: Footprint,
    camera: ImageCamera,
    extent: Sequence[float] | None,
    pixel_size: float | None,
    crs: str | None,
) -> Grid:
    """The map's grid: the DTM's own, or one over the DTM or the footprint with the size and CRS asked for."""
    if surface is not None and pixel_size is None and not crs:
        return surface.grid.sub(surface.grid.window(extent))
    size = pixel_size or float(np.mean(outline.pixel_m))
    lon, lat, body = outline.lon, outline.lat, body_of(camera)
    if surface is not None:
        own = surface.grid
        edge = np.linspace(-0.5, own.width - 0.5, 65), np.linspace(-0.5, own.height - 0.5, 65)
        lon, lat = (axis.ravel() for axis in own.lonlat_of(*np.meshgrid(*edge)))
        size, crs, body = pixel_size or float(np.mean(own.pixel_size_m)), crs or own.crs, own.body
    return target_grid(lon, lat, body, size, crs, extent, None if pixel_size else LONGEST_SIDE)


STEP = Step(
    id="orthoimage",
    title="Orthoimage",
    group="Stereo",
    help=(
        "Puts an image of known orientation on the map: every pixel of the map shows the grey of the ground that lies "
        "there, with the displacement by relief taken out.\n\n"
        "The map has the DTM's grid, or the pixel size, CRS and extent you choose. Without a DTM the body's sphere or "
        "ellipsoid is taken. Ground hidden behind terrain stays empty, as does ground the image or the DTM does not "
        "cover."
    ),
    parameters=(
        Parameter("IMAGE", Kind.RASTER, "Image", "The image to put on the map, of the whole sensor."),
        Parameter(
            "VIEW",
            Kind.TEXT,
            "View",
            "Name of the image's view or camera; left empty, from the image's metadata or its file name.",
            optional=True,
        ),
        SENSOR_OR_CAMERAS,
        EOPS_OR_CAMERAS,
        replace(CAMERAS, label="Camera model"),
        Parameter("DTM", Kind.RASTER, "DTM", "Heights in metres above the body's sphere or ellipsoid.", optional=True),
        Parameter(
            "EXTENT",
            Kind.EXTENT,
            "Extent",
            "Area of the map: in CRS where that is given, else in the DTM's (without a DTM, longitude and latitude in "
            "degrees). Left empty, all of the DTM, or of the image where there is none.",
            optional=True,
            parent="DTM",
        ),
        Parameter(
            "PIXEL_SIZE",
            Kind.NUMBER,
            "Pixel size",
            "Ground size of a pixel of the map; left empty, the DTM's, or the image's where there is none.",
            optional=True,
            minimum=1e-3,
            unit="m",
        ),
        Parameter("CRS", Kind.CRS, "CRS", "CRS of the map, of the same body; left empty, the DTM's.", optional=True),
        Parameter(
            "RESAMPLING",
            Kind.CHOICE,
            "Resampling",
            "How greys are interpolated: bilinear, or cubic (sharper, may overshoot at edges).",
            default="bilinear",
            choices=RESAMPLING,
        ),
        Parameter(
            "OCCLUSION",
            Kind.FLAG,
            "Leave out hidden ground",
            "Follow every line of sight back to the camera and leave out ground that terrain hides.",
            default=True,
            advanced=True,
        ),
    ),
    outputs=(
        Output(
            "OUTPUT",
            OutputKind.RASTER,
            "Orthoimage",
            "GeoTIFF of the grey on the map.",
            extension="tif",
            style="image",
        ),
        Output("SEEN", OutputKind.NUMBER, "Seen", "Share of the map's pixels that show the image, 0 to 1."),
        Output("HIDDEN", OutputKind.NUMBER, "Hidden", "Number of the map's pixels that terrain hides."),
    ),
    run=run,
    icon="footprint",
    tags=("orthophoto", "orthorectification", "map projection", "rectification"),
)
