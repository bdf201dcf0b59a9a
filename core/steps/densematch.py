"""Step: two images of one ground are matched pixel by pixel."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..matching.dense import Options, Picture, match_views
from ..matching.match_file import writing_matches
from ..outputs import require_writable, together
from ..progress import Progress, part, silent
from ..rasters import Raster, Window
from .step import Kind, Output, OutputKind, Parameter, Step, StepResult

_BANDS = ("sample_shift", "line_shift", "score", "sigma", "sample_sigma", "line_sigma")
_EVERY = 97  # of the matches, one in so many tells the median sigma
_LITTLE = 0.5  # share of image A below which an overlap is worth a warning
_FEW = 0.2  # share of the overlap below which its matches are worth one


def run(
    *,
    image_a: str,
    image_b: str,
    image_c: str | None,
    view_a: str | None,
    view_b: str | None,
    view_c: str | None,
    kernel: int,
    threshold: float,
    output: str,
    output_c: str | None,
    progress: Progress = silent,
) -> StepResult:
    """Match two images, or three together; see `STEP` for the parameters."""
    if kernel % 2 == 0:
        raise InputError(f"KERNEL is {kernel}; a window needs an odd number of pixels.")
    if bool(image_c) != bool(output_c):
        raise InputError("IMAGE_C and OUTPUT_C go together: give both, or neither.")
    paths = [output, *([output_c] if output_c else [])]
    for path in paths:
        require_writable(path, (".tif", ".tiff"))
    a = Raster(image_a, "IMAGE_A")
    others = [Raster(image_b, "IMAGE_B"), *([Raster(image_c, "IMAGE_C")] if image_c else [])]
    views = [view_b, view_c]
    names = {"METHOD": "densematch", "IMAGE_A": a.name, "VIEW_A": view_a or _view(a, image_a)}
    names |= {"KERNEL": str(kernel), "THRESHOLD": f"{threshold:g}"}
    count, overlap = np.zeros(len(others)), np.zeros(len(others))
    sigmas: list[list[float]] = [[] for _ in others]
    lines, samples = a.size
    with ExitStack() as files:
        files.enter_context(together())
        writers = []
        for path, other, view, source in zip(paths, others, views, (image_b, image_c)):
            about = {**names, "IMAGE_B": other.name, "VIEW_B": view or _view(other, str(source))}
            writers.append(files.enter_context(writing_matches(path, lines, samples, about)))
        pictures = [_picture(other) for other in others]
        first = 0
        for strip in match_views(_picture(a), pictures, Options(kernel, threshold), part(progress, 0.0, 0.99)):
            for i, (found, write) in enumerate(zip(strip, writers)):
                write(first, [getattr(found, name) for name in _BANDS])
                count[i] += np.isfinite(found.score).sum()
                overlap[i] += found.overlap
                sigmas[i].extend(found.sigma[np.isfinite(found.sigma)][::_EVERY].tolist())
            first += len(strip[0].score)
        for i, other in enumerate(others):
            if not count[i]:
                raise InputError(f"No pixel of {a.name!r} could be matched with {other.name!r}; check the images.")
    sigma = [float(np.median(values)) for values in sigmas]
    notes = [
        f"{count[i] / (lines * samples):.1%} of the pixels of {a.name} matched with {other.name}, "
        f"{count[i] / max(overlap[i], 1):.1%} of those it shows; median sigma {sigma[i]:.3f} px."
        for i, other in enumerate(others)
    ]
    warnings = [
        f"{other.name} shows only {overlap[i] / (lines * samples):.0%} of {a.name}; the rest has no matches."
        for i, other in enumerate(others)
        if overlap[i] < _LITTLE * lines * samples
    ]
    warnings += [
        f"Only {count[i] / overlap[i]:.1%} of what {other.name} seems to show of {a.name} could be matched; "
        "the images may not show the same ground."
        for i, other in enumerate(others)
        if count[i] < _FEW * overlap[i]
    ]
    values = {"OUTPUT": output, "OUTPUT_C": output_c, "MATCHED": count[0] / (lines * samples), "SIGMA": sigma[0]}
    return StepResult({k: v for k, v in values.items() if v is not None}, tuple(warnings), tuple(notes))


def _view(raster: Raster, path: str) -> str:
    return raster.metadata.get("VIEW", Path(path).stem)


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
        "fine finds the place, and least squares of the whole field the fraction of a pixel, with as much smoothing "
        "as the images ask for, place by place. Every match is checked from B's side and carries its score and sigma; "
        "shadows, saturated pixels and nodata are left out.\n\n"
        "With a third view of the same flight both are matched at once: relief moves a place in both by one height, "
        "so the three together know it better."
    ),
    parameters=(
        Parameter("IMAGE_A", Kind.RASTER, "Image A", "The image on whose pixels the matches are given."),
        Parameter("IMAGE_B", Kind.RASTER, "Image B", "The image to match with."),
        Parameter("IMAGE_C", Kind.RASTER, "Image C", "A third view, matched with A together with B.", optional=True),
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
            "VIEW_C",
            Kind.TEXT,
            "View of image C",
            "Name of C's view in the sensor; left empty, from the image's metadata or its file name.",
            optional=True,
        ),
        Parameter(
            "KERNEL",
            Kind.INTEGER,
            "Window",
            "Side of the window in which grey is compared less its mean: smaller ones forgive more difference in "
            "lighting, larger ones more noise.",
            default=Options.kernel,
            minimum=5,
            maximum=35,
            unit="pixels",
        ),
        Parameter(
            "THRESHOLD",
            Kind.NUMBER,
            "Least score",
            "Matches that correlate less (NCC in that window) are left out.",
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
            "GeoTIFF on image A's grid: sample shift, line shift, score, sigma (of a component, and of each).",
            extension="tif",
        ),
        Output(
            "OUTPUT_C",
            OutputKind.RASTER,
            "Matches with C",
            "The same for image C.",
            optional=True,
            extension="tif",
        ),
        Output("MATCHED", OutputKind.NUMBER, "Matched", "Share of image A's pixels that have a match, 0 to 1."),
        Output("SIGMA", OutputKind.NUMBER, "Sigma", "Median one-sigma of a match in pixels."),
    ),
    run=run,
    icon="intersect",
    tags=("stereo", "correlation", "disparity", "SIFT", "NCC"),
)
