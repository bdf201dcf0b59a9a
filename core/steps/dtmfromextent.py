"""Step: the visible extent of an image layer becomes a DTM by a learned image-to-height model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..compass import MUCH, UP, compass_at, north_varies
from ..errors import InputError
from ..geotiff import Band, require_geotiff, write_dtm
from ..learned.adapter import Grey, to_grey
from ..learned.engine import Engine, load_engine
from ..learned.model_file import load_height_model
from ..learned.prediction import LEVELS, MARGIN, Relief, predict_relief
from ..memory import require_memory
from ..outputs import require_writable
from ..progress import Progress, part, silent, tell
from ..rasters import Grid, Raster, Window
from .heights import REFERENCE_DATUM
from .inputs import ALTIMETRY_HELP, REFERENCE_HELP, Extent, read_references
from .levelled import bring_to_metres, write_levelled
from .provenance import made_by
from .step import Kind, Output, OutputKind, Parameter, Step, StepResult

DEFAULT_MODEL = Path(__file__).resolve().parents[2] / "resources" / "models" / "default.safetensors"
RELATIVE = Band("relative height", "")
AROUND = MARGIN * 2 ** (LEVELS - 1)  # pixels predicted beyond the extent on each side
_BYTES_PER_PIXEL = 54  # of what is predicted: peak of predicting and levelling
_FIXED_MB = 680.0  # interpreter, libraries, model, and what is lost to gaps
LONGEST_SIDE = 4096  # pixels of the output, unless a pixel size is asked for


def run(
    *,
    input: str,
    extent: Extent | None,
    pixel_size: float | None,
    altimetry: str | None,
    altitude_field: str | None,
    reference_dem: str | None,
    reference_datum: str | None,
    sun_azimuth: float | None,
    sun_incidence: float | None,
    mode: str,
    model: str | None,
    engine: str,
    output: str,
    progress: Progress = silent,
) -> StepResult:
    """Predict, level where something is given to level to, and write the DTM; see `STEP` for the parameters."""
    given = dict(locals())
    image = Raster(input, "INPUT")
    window, grid, warnings = output_grid(image.grid, extent, pixel_size)
    require_geotiff(grid)
    require_writable(output, (".tif", ".tiff"))
    size = f"Terrain of {grid.width} x {grid.height} pixels"
    fix = "choose a smaller EXTENT or a larger PIXEL_SIZE, or make it in blocks (mosaic)"
    require_memory(relief_mb(grid.height, grid.width), size, fix, progress)
    references = read_references(grid, altimetry, altitude_field, reference_dem, reference_datum)
    tell(progress, 0.0, "Reading the model")
    network = load_engine(load_height_model(model or DEFAULT_MODEL), engine)
    azimuth, incidence = sun_of(image, sun_azimuth, sun_incidence)
    pixels = Pixels(image, window, grid)
    relief = pixels.relief(network, azimuth, incidence, mode, part(progress, 0.02, 0.75))
    warnings += (*misfits(network.model.card, grid), *pixels.warnings, *relief.warnings)
    about = made_by(STEP, {**given, "model": model or DEFAULT_MODEL}, **about_relief(relief, network.model.card))
    if references:
        stage = part(progress, 0.75, 0.95)
        known = relief.height, relief.valid
        levelled = bring_to_metres(grid, *known, references, "relative", progress=stage, hidden=relief.hidden)
        write_levelled(output, grid, levelled, about, part(progress, 0.95, 1.0))
        return StepResult({"OUTPUT": output}, warnings + levelled.warnings, levelled.notes)
    about["LEVELLED"] = "NO"
    write_dtm(output, grid, [relief.height], [RELATIVE], about, part(progress, 0.95, 1.0))
    return StepResult(
        {"OUTPUT": output}, warnings, ("Relative heights: shape only, not metres; give altimetry to level.",)
    )


def relief_mb(rows: int, columns: int) -> float:
    """What predicting and levelling so many pixels takes at most, MB; measured at 1,536 to 4,096 pixels a side."""
    return _FIXED_MB + _BYTES_PER_PIXEL * (rows + 2 * AROUND) * (columns + 2 * AROUND) / 1e6


def output_grid(grid: Grid, extent: Extent | None, pixel_size: float | None) -> tuple[Window, Grid, tuple[str, ...]]:
    """The image pixels of an extent, the grid of the DTM over them, and warnings.

    ``pixel_size`` in metres on the ground; None: the image's own, coarsened by a whole number until the longer side
    has at most `LONGEST_SIDE` pixels. Terrain finer than the image is not made.
    """
    window = grid.window(extent)
    own = grid.sub(window)
    native = min(own.pixel_size_m)
    longest = max(window.width, window.height)
    warnings: tuple[str, ...] = ()
    across = down = float(-(-longest // LONGEST_SIDE))
    if pixel_size:
        # Square pixels of the CRS, sized by the finer axis; in a geographic one by the degree of latitude.
        finer = 1 if grid.is_geographic else int(np.argmin(own.pixel_size_m))
        wanted = pixel_size / own.metres_per_unit[finer]
        across, down = wanted / abs(grid.transform[1]), wanted / abs(grid.transform[5])
        if max(across, down) < 1 - 1e-6:
            warnings = (
                f"PIXEL_SIZE {pixel_size:g} m is finer than the image's {native:.4g} m, which is used instead.",
            )
        across, down = max(across, 1.0), max(down, 1.0)
    width, height = max(1, round(window.width / across)), max(1, round(window.height / down))
    return window, own.resized(width, height), warnings


class Pixels:
    """The image at the DTM's resolution, read part by part, beyond the extent too: real neighbours as context."""

    def __init__(self, image: Raster, window: Window, grid: Grid) -> None:
        self._image, self.grid = image, grid
        self._scale = window.width / grid.width, window.height / grid.height
        # Whole output pixels that fit before the window on either side.
        left, top = int(window.column / self._scale[0]), int(window.row / self._scale[1])
        size = image.grid
        right = int((size.width - window.column - window.width) / self._scale[0])
        below = int((size.height - window.row - window.height) / self._scale[1])
        self._origin = window.column - left * self._scale[0], window.row - top * self._scale[1]
        self.shape = top + grid.height + below, left + grid.width + right
        self.window = top, top + grid.height, left, left + grid.width
        self.warnings: tuple[str, ...] = ()
        self._read = False

    def read(self, row0: int, row1: int, column0: int, column1: int) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
        """Grey (float32) and validity of rows ``row0`` to ``row1``, columns ``column0`` to ``column1``."""
        sx, sy = self._scale
        x0, x1 = self._origin[0] + column0 * sx, self._origin[0] + column1 * sx
        y0, y1 = self._origin[1] + row0 * sy, self._origin[1] + row1 * sy
        box = Window(round(x0), round(y0), round(x1) - round(x0), round(y1) - round(y0))
        grey = self._grey(box, (row1 - row0, column1 - column0))
        if not self._read:
            self.warnings += grey.warnings
        self._read = True
        return grey.grey, grey.valid

    def relief(
        self, engine: Engine, azimuth: float | None, incidence: float | None, mode: str, progress: Progress = silent
    ) -> Relief:
        """Relative heights on the grid; see `predict_relief`."""
        size, compass = self.grid.pixel_size_m, compass_at(self.grid)
        if azimuth is not None:
            varies = north_varies(self.grid)
            if compass is None:
                self.warnings += (
                    "The pole lies in the middle of the extent, where an azimuth from north says nothing: the sun's "
                    "azimuth is estimated from the shading instead.",
                )
                azimuth = None
            elif varies > MUCH:
                self.warnings += (
                    f"North turns by {varies:.0f} degrees from the middle of the extent to its corners; the sun's "
                    "azimuth is taken from the north of the middle.",
                )
        return predict_relief(
            self.read, self.shape, self.window, size, engine, azimuth, incidence, mode, progress, compass or UP
        )

    def _grey(self, box: Window, shape: tuple[int, int]) -> Grey:
        colours = self._image.colours()
        palette = self._image.palette() if colours[0] == "palette" else None
        if palette is not None:
            index, valid = self._image.read(box, shape, resampling="nearest")
            return to_grey(np.moveaxis(palette[index.astype(int)], -1, 0), valid)
        count = self._image.bands if self._image.bands <= 4 else 1
        bands = [self._image.read(box, shape, band) for band in range(1, count + 1)]
        return to_grey(np.stack([values for values, _ in bands]), bands[0][1])


def sun_of(image: Raster, azimuth: float | None, incidence: float | None) -> tuple[float | None, float | None]:
    """What the user says, else what the image's metadata say under usual names."""

    def noted(*names: str) -> float | None:
        lower = {key.lower(): value for key, value in image.metadata.items()}
        for name in names:
            try:
                return float(lower[name].split("<")[0])
            except (KeyError, ValueError):
                continue
        return None

    azimuth = (
        noted("sun_azimuth", "subsolar_ground_azimuth", "sub_solar_ground_azimuth") if azimuth is None else azimuth
    )
    incidence = noted("sun_incidence", "incidence_angle") if incidence is None else incidence
    if incidence is not None and not 0 <= incidence < 90:
        raise InputError(f"SUN_INCIDENCE is {incidence:g} degrees; the sun must stand above the horizon (0 to 89.9).")
    return azimuth, incidence


def misfits(card: Mapping[str, Any], grid: Grid) -> tuple[str, ...]:
    """Warnings where a model's card names another body than the grid's, or other sizes of pixels."""
    name, body, sizes = card.get("name", ""), card.get("body"), card.get("gsd_m")
    found = []
    if isinstance(body, str) and body and grid.body.name not in body.split(", "):
        found.append(
            f"Model {name!r} was trained on {body} and the image shows {grid.body.name}, where shapes it learned may "
            "fail: compare the DTM with altimetry, or train a model there."
        )
    pixel = float(np.sqrt(np.prod(grid.pixel_size_m)))
    if isinstance(sizes, list) and len(sizes) == 2 and all(isinstance(size, (int, float)) for size in sizes):
        low, high = sizes
        if not 0.99 * low <= pixel <= 1.01 * high:
            found.append(
                f"Model {name!r} was trained on pixels of {low:g} to {high:g} m and those of this DTM have {pixel:.4g} "
                "m, where shapes it learned may fail: compare the DTM with altimetry, or choose another image."
            )
    return tuple(found)


def about_relief(relief: Relief, card: object) -> dict[str, str]:
    """Metadata of the DTM: the model's name and where the sun was taken to stand."""
    sun = "" if relief.sun is None else f"{relief.sun.azimuth % 360:.1f}"
    name = card.get("name", "") if isinstance(card, dict) else ""
    return {"MODEL_NAME": str(name), "SUN_AZIMUTH_USED": sun}


STEP = Step(
    id="dtmfromextent",
    title="DTM from extent",
    group="Terrain from one image",
    help=(
        "Turns the chosen extent of an image into a digital terrain model (DTM) by a learned image-to-height model.\n\n"
        "Give altimetry (laser shots as points or CSV) or a coarse reference DEM and the result is in metres above "
        "their datum, with a second band of its one-sigma error. Without either the result is a relative height: its "
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
        REFERENCE_DATUM,
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
    run=run,
    icon="dtm_from_view",
    tags=("terrain", "elevation", "DEM", "learning", "Pix2Pix", "JMARS", "shading"),
)
