"""Step: two images of one ground are matched pixel by pixel."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..matching.dense import Matches, Options, Picture, coarse_fields, match_views, strips_mb
from ..matching.epipolar import Epipolar
from ..matching.match_file import writing_matches
from ..matching.seeds import Seeds
from ..memory import give_back, require_memory
from ..outputs import require_writable, together
from ..progress import Progress, part, silent
from ..rasters import Raster, Window
from .provenance import made_by
from .scans import EOPS, SENSOR, StereoImage, camera_of, checked_coverage, image_cameras
from .step import Kind, Output, OutputKind, Parameter, Step, StepResult

_FIXED_MB, _STRIPS_MB, _BYTES_PER_PIXEL = 150.0, 450.0, 60  # measured at 0.27 to 135 million pixels, all images
_EVERY = 97  # of the matches, one in so many tells the median sigma
_LITTLE = 0.5  # share of image A below which an overlap is worth a warning
_ASIDE_PX = 10.0  # from which on epipolar lines that miss the matches are worth one
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
    sensor: str | None,
    eops: str | None,
    output: str,
    output_c: str | None,
    progress: Progress = silent,
) -> StepResult:
    """Match two images, or three together; see `STEP` for the parameters."""
    given = dict(locals())
    if kernel % 2 == 0:
        raise InputError(f"KERNEL is {kernel}; a window needs an odd number of pixels.")
    if bool(image_c) != bool(output_c):
        raise InputError("IMAGE_C and OUTPUT_C go together: give both, or neither.")
    images = [path for path in (image_a, image_b, image_c) if path]
    if len({os.path.realpath(path) for path in images}) < len(images):
        raise InputError("One image is given twice; IMAGE_A, IMAGE_B and IMAGE_C have to be different images.")
    paths = [output, *([output_c] if output_c else [])]
    for path in paths:
        require_writable(path, (".tif", ".tiff"))
    a = Raster(image_a, "IMAGE_A")
    pairs = [_Pair.of(a, Raster(image_b, "IMAGE_B"), view_b)]
    if image_c:
        pairs.append(_Pair.of(a, Raster(image_c, "IMAGE_C"), view_c))
    pixels = sum(float(np.prod(picture.size)) for picture in (a, *(pair.b for pair in pairs)))
    at_work = max(strips_mb(a.size[1], len(pairs)), _STRIPS_MB)
    needed = _FIXED_MB + min(_BYTES_PER_PIXEL * pixels / 1e6, at_work)
    require_memory(needed, f"Matching {pixels / 1e6:.3g} million pixels in strips", "cut the images narrower", progress)
    warnings = _set_epipolar(sensor, eops, pairs, [view_a, view_b, view_c])
    names = made_by(STEP, given, IMAGE_A=a.name, VIEW_A=view_a or _view(a))
    with ExitStack() as files:
        files.enter_context(together())
        writers = []
        for path, pair in zip(paths, pairs):
            about = {**names, "IMAGE_B": pair.b.name, "VIEW_B": pair.view}
            writers.append(files.enter_context(writing_matches(path, *a.size, about)))
        own, pictures = _picture(a), [_picture(pair.b) for pair in pairs]
        coarse = coarse_fields(own, pictures, part(progress, 0.0, 0.3))
        for pair, field in zip(pairs, coarse):
            pair.seeds = field.seeds
        first = 0
        for strip in match_views(own, pictures, Options(kernel, threshold), part(progress, 0.3, 0.99), coarse):
            for found, pair, write in zip(strip, pairs, writers):
                kept = pair.counted(first, found)
                write(first, list(kept.bands()))
            first += len(strip[0].score)
        give_back()
        for pair in pairs:
            if not pair.count:
                raise InputError(f"No pixel of {a.name!r} could be matched with {pair.b.name!r}; check the images.")
    notes = [text for pair in pairs for text in pair.notes()]
    warnings += [text for pair in pairs for text in pair.warnings()]
    values = {"OUTPUT": output, "OUTPUT_C": output_c, "MATCHED": pairs[0].matched, "SIGMA": pairs[0].sigma}
    return StepResult({k: v for k, v in values.items() if v is not None}, tuple(warnings), tuple(notes))


@dataclass
class _Pair:
    """Image A and another one: its view, the epipolar lines where known, and what became of the matches."""

    a: Raster
    b: Raster
    view: str
    lines: Epipolar | None = None
    count: int = 0
    overlap: int = 0
    missed: int = 0  # their epipolar lines
    aside: list[float] = field(default_factory=list)
    sigmas: list[float] = field(default_factory=list)
    seeds: Seeds | None = None

    @classmethod
    def of(cls, a: Raster, b: Raster, view: str | None) -> _Pair:
        return cls(a, b, view or _view(b))

    def counted(self, first: int, found: Matches) -> Matches:
        """The matches of a strip, whose first line is given, that are to be kept."""
        if self.lines is not None:
            found, missed, aside = self.lines.kept(first, found)
            self.missed += missed
            self.aside += [aside] if np.isfinite(aside) else []
        self.count += int(np.isfinite(found.score).sum())
        self.overlap += found.overlap
        self.sigmas.extend(found.sigma[np.isfinite(found.sigma)][::_EVERY].tolist())
        return found

    @property
    def matched(self) -> float:
        """Share of A's pixels."""
        return self.count / int(np.prod(self.a.size))

    @property
    def sigma(self) -> float:
        """Median, pixels."""
        return float(np.median(self.sigmas))

    def notes(self) -> list[str]:
        grown = self.seeds and f" from {len(self.seeds.a)} seeds, turned by {round(self.seeds.turn)}°"
        said = [
            f"{self.matched:.1%} of the pixels of {self.a.name} matched with {self.b.name}{grown or ''}, "
            f"{self.count / max(self.overlap, 1):.1%} of those it shows; median sigma {self.sigma:.3f} px."
        ]
        if self.aside:
            said.append(
                f"{self.missed} matches with {self.b.name} miss their epipolar lines and are left out; EOPS place "
                f"these lines {np.median(self.aside):.2g} px aside in the median."
            )
        return said

    def warnings(self) -> list[str]:
        said, shown = [], self.overlap / int(np.prod(self.a.size))
        if self.aside and np.median(self.aside) > _ASIDE_PX:
            said.append(
                f"EOPS place the epipolar lines of {self.b.name} {np.median(self.aside):.0f} px aside; check that they "
                "belong to these images and views."
            )
        if shown < _LITTLE:
            said.append(f"{self.b.name} shows only {shown:.0%} of {self.a.name}; the rest has no matches.")
        if self.count < _FEW * self.overlap:
            said.append(
                f"Only {self.count / self.overlap:.1%} of what {self.b.name} seems to show of {self.a.name} could be "
                "matched; the images may not show the same ground."
            )
        return said


def _set_epipolar(
    sensor: str | None, eops: str | None, pairs: Sequence[_Pair], views: Sequence[str | None]
) -> list[str]:
    """Give the pairs their epipolar lines where SENSOR and EOPS are known; warnings name lines without orientation.

    ``views`` are those the user named: each has to be there; else the file's own name will do too.
    """
    if not (sensor or eops):
        return []
    cameras, warnings = image_cameras(sensor, eops, None), []
    known = []
    for image, view in zip([pairs[0].a, *(pair.b for pair in pairs)], views):
        known.append(camera_of(cameras, view or _view(image), "" if view else image.name))
        warnings += checked_coverage(StereoImage(image.path, view or _view(image), *image.size), known[-1])
    for pair, camera in zip(pairs, known[1:]):
        pair.lines = Epipolar(known[0], camera)
    return warnings


def _view(raster: Raster) -> str:
    return raster.metadata.get("VIEW", Path(raster.path).stem)


def _picture(raster: Raster) -> Picture:
    rows, columns = raster.size

    def read(first: int, last: int) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
        grey, valid = raster.read(Window(0, first, columns, last - first))
        return np.asarray(grey, np.float32), valid

    return Picture(rows, columns, read, repr(raster.name))


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
        replace(
            SENSOR,
            optional=True,
            help="With EOPS: matches that lie off their epipolar line, where relief cannot move them, are left out. "
            + SENSOR.help,
        ),
        replace(EOPS, optional=True),
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
