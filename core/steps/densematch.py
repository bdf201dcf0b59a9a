"""Step: two images of one ground are matched pixel by pixel."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import InputError
from ..matching.dense import Matches, Options, Picture, match
from ..matching.match_file import write_matches
from ..outputs import require_writable
from ..progress import Progress, part, silent
from ..rasters import Raster, Window
from .step import Kind, Output, OutputKind, Parameter, Step, StepResult


def run(
    *,
    image_a: str,
    image_b: str,
    view_a: str | None,
    view_b: str | None,
    kernel: int,
    threshold: float,
    output: str,
    progress: Progress = silent,
) -> StepResult:
    """Match two images; see `STEP` for the parameters."""
    if kernel % 2 == 0:
        raise InputError(f"KERNEL is {kernel}; a window needs an odd number of pixels.")
    require_writable(output, (".tif", ".tiff"))
    a, b = Raster(image_a, "IMAGE_A"), Raster(image_b, "IMAGE_B")
    options = Options(kernel=kernel, largest_kernel=max(kernel, Options.largest_kernel), threshold=threshold)
    found = joined(match(_picture(a), _picture(b), options, part(progress, 0.0, 0.97)))
    share = float(np.isfinite(found.score).mean())
    if share == 0:
        raise InputError(f"No pixel of {a.name!r} could be matched with {b.name!r}; check the images.")
    about = {
        "METHOD": "densematch",
        "IMAGE_A": a.name,
        "IMAGE_B": b.name,
        "VIEW_A": view_a or a.metadata.get("VIEW", Path(image_a).stem),
        "VIEW_B": view_b or b.metadata.get("VIEW", Path(image_b).stem),
        "KERNEL": str(kernel),
        "THRESHOLD": f"{threshold:g}",
    }
    write_matches(output, found.sample_shift, found.line_shift, found.score, found.sigma, about)
    sigma = float(np.nanmedian(found.sigma))
    notes = (f"{share:.1%} of the pixels of {a.name} matched; median sigma {sigma:.3f} px.",)
    return StepResult({"OUTPUT": output, "MATCHED": share, "SIGMA": sigma}, notes=notes)


def joined(strips: object) -> Matches:
    """The strips of a match, put together."""
    parts = list(strips)  # type: ignore[call-overload]
    names = ("sample_shift", "line_shift", "score", "sigma")
    return Matches(*(np.concatenate([getattr(strip, name) for strip in parts]) for name in names))


def _picture(raster: Raster) -> Picture:
    rows, columns = raster.size

    def read(first: int, last: int) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
        grey, valid = raster.read(Window(0, first, columns, last - first))
        return np.asarray(grey, np.float32), valid

    return Picture(rows, columns, read)


STEP = Step(
    id="densematch",
    title="Dense matching",
    group="Stereo",
    help=(
        "Finds for every pixel of image A where the same ground lies in image B, to a fraction of a pixel.\n\n"
        "SIFT features say how the images lie over each other (turned and scaled too); correlation from coarse to "
        "fine and least squares in windows that adapt to the relief do the rest. Every match is checked from B's side "
        "and carries its score and sigma; shadows, saturated pixels and nodata are left out."
    ),
    parameters=(
        Parameter("IMAGE_A", Kind.RASTER, "Image A", "The image on whose pixels the matches are given."),
        Parameter("IMAGE_B", Kind.RASTER, "Image B", "The image to match with."),
        Parameter(
            "VIEW_A",
            Kind.TEXT,
            "View of image A",
            "Name of A's view in the sensor; left empty, from the image's metadata or its file name.",
            optional=True,
        ),
        Parameter(
            "VIEW_B",
            Kind.TEXT,
            "View of image B",
            "Name of B's view in the sensor; left empty, from the image's metadata or its file name.",
            optional=True,
        ),
        Parameter(
            "KERNEL",
            Kind.INTEGER,
            "Smallest window",
            "Side of the smallest matching window; smooth ground is matched in larger ones.",
            default=Options.kernel,
            minimum=5,
            maximum=35,
            unit="pixels",
        ),
        Parameter(
            "THRESHOLD",
            Kind.NUMBER,
            "Least score",
            "Matches that correlate less (NCC, in the window chosen) are left out.",
            default=Options.threshold,
            minimum=0.0,
            maximum=1.0,
        ),
    ),
    outputs=(
        Output(
            "OUTPUT",
            OutputKind.RASTER,
            "Matches",
            "GeoTIFF on image A's grid: sample shift, line shift, score, sigma.",
            extension="tif",
        ),
        Output("MATCHED", OutputKind.NUMBER, "Matched", "Share of image A's pixels that have a match, 0 to 1."),
        Output("SIGMA", OutputKind.NUMBER, "Sigma", "Median one-sigma of a match in pixels."),
    ),
    run=run,
    icon="intersect",
    tags=("stereo", "correlation", "disparity", "SIFT", "NCC"),
)
