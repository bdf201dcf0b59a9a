"""The stages from images to a DTM, each a step of its own, joined by files in one folder."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..camera.footprints import ground_points
from ..camera.linescan import ImageCamera
from ..camera.sensor import load_sensor
from ..errors import InputError
from ..matching.dense import strips_mb
from ..progress import Progress, part
from ..rasters import Raster
from .densematch import STEP as MATCH
from .intersect import STEP as INTERSECT
from .intersect import miss_warnings
from .pointstodtm import STEP as GRID
from .pointstodtm import gridding_mb
from .recovereop import STEP as RECOVER
from .scans import StereoImage, camera_of, checked_coverage, image_cameras
from .step import Step, StepResult

Array = NDArray[np.float64]

# Shares of the whole time, as measured with the three views of a line scanner.
_SHARES = {"orient": 0.15, "match": 0.4, "intersect": 0.25, "grid": 0.07, "level": 0.03, "report": 0.1}


_LIBRARIES_MB = 250.0
_FIXED_MB = 600.0  # interpreter, libraries, and what matching takes for any image
_BYTES_PER_PIXEL = 60  # of an image: points sorted and gridded


def chain_mb(lines: int, samples: int) -> float:
    """What the chain takes at most, MB, for images of so many lines and samples: a point a pixel is gridded."""
    matching = _LIBRARIES_MB + strips_mb(samples, 2)
    return max(_FIXED_MB + _BYTES_PER_PIXEL * lines * samples / 1e6, matching, gridding_mb(lines * samples))


@dataclass
class Chain:
    """What the stages share: the user's values, the folder they work in, and what they said and took."""

    given: Mapping[str, Any]
    folder: Path
    progress: Progress
    images: list[StereoImage]
    eops: str | None = None
    cameras: list[ImageCamera] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    numbers: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    reached: float = 0.0  # of the progress bar

    def orient(self, ties: Sequence[str] = ()) -> None:
        """Find the cameras, from GCPs and match files by `recovereop`, else from what is given; check their images."""
        with self.stage("orient") as progress:
            self.eops = self.given["eops"]
            if self.given["gcps"]:
                self.eops = str(self.folder / f"eops{Path(self.given['output_eops'] or 'eops.csv').suffix}")
                self.call(RECOVER, progress, TIES=list(ties), OUTPUT=self.eops)
            self.cameras = image_cameras(self.given["sensor"], self.eops, self.given["cameras"])
            for image in self.images:
                # A view the user named has to be there; else the file's own name will do too.
                camera = camera_of(self.cameras, image.view, "" if self.given["views"] else image.name)
                self.warnings += checked_coverage(image, camera)

    def places(self) -> Array:
        """What tells which image looks from between the others, (N, k): the ground in the middle of each, m; before
        the cameras are known the places of the views in the sensor, mm."""
        if self.cameras:
            seen = [camera_of(self.cameras, image.view, image.name) for image in self.images]
            return np.array([_middle(camera) for camera in seen])
        sensor = load_sensor(self.given["sensor"])
        return np.array([[sensor.px_mm[sensor.view_index(image.view)]] for image in self.images])

    def match(self) -> list[str]:
        """Match the image in the middle with the others, two at a time; the match files, which share it as image A."""
        first, *others = middle_first(self.images, self.places())
        made: list[str] = []
        with self.stage("match") as progress:
            for number in range(0, len(others), 2):
                # Matches off their epipolar lines are seen by their ray miss, and ties come before EOPs.
                values = {"IMAGE_A": first.path, "VIEW_A": first.view, "SENSOR": None, "EOPS": None}
                for other, letter, output in zip(others[number : number + 2], "BC", ("OUTPUT", "OUTPUT_C")):
                    made.append(str(self.folder / f"matches_{len(made)}.tif"))
                    values |= {f"IMAGE_{letter}": other.path, f"VIEW_{letter}": other.view, output: made[-1]}
                share = part(progress, number / len(others), min(number + 2, len(others)) / len(others))
                self.call(MATCH, share, **values)
        return made

    def intersect(self, matches: list[str]) -> str:
        """Ground points of the matches; LAS where it can be written, for it is far faster than CSV."""
        usual = "points.las" if find_spec("laspy") else "points.csv"
        points = str(self.folder / f"points{Path(self.given['output_points'] or usual).suffix}")
        with self.stage("intersect") as progress:
            # Lines that the orientation does not cover have been told of each image.
            found = self.call(INTERSECT, progress, False, MATCHES=matches, EOPS=self.eops, OUTPUT=points)
            self.warnings += miss_warnings(found.outputs["RAY_MISS"], self.cameras[0])
        self.numbers |= {name: found.outputs[name] for name in ("COUNT", "RAY_MISS")}
        return points

    def grid(self, points: str, made_by: Mapping[str, str] | None = None) -> str:
        """The DTM of the points, where the cameras place it; ``made_by`` goes into its metadata."""
        made = str(self.folder / "raw.tif")
        with self.stage("grid") as progress:
            self.call(GRID, progress, True, {"made": made_by}, INPUT=points, OUTPUT=made)
        return made

    @contextmanager
    def stage(self, name: str) -> Iterator[Progress]:
        """The part of the progress bar that a stage fills, and a clock."""
        before, started = self.reached, time.monotonic()
        self.reached += _SHARES[name]
        yield part(self.progress, before, self.reached)
        self.seconds[name] = time.monotonic() - started

    def call(
        self, step: Step, progress: Progress, warn: bool = True, more: Mapping[str, Any] | None = None, /, **own: Any
    ) -> StepResult:
        """Run a step with its ``own`` values, and for the rest with what the user gave under the step's names; its
        warnings are passed on where ``warn`` says so. ``more``: what its function takes beyond its parameters."""
        names = [parameter.name for parameter in step.parameters] + [output.name for output in step.outputs]
        values = {p.name: self.given.get(p.name.lower()) for p in step.parameters}
        values |= {name: value for name, value in own.items() if name in names}
        found = step.run(**step.checked(values), **(more or {}), progress=progress)
        self.warnings += found.warnings if warn else ()
        self.notes += found.notes
        return found


def stereo_images(paths: Sequence[str], views: str | None) -> list[StereoImage]:
    """The images, named by VIEWS, else by their metadata, else by their files. Raises `InputError`."""
    if len(paths) < 2:
        raise InputError("IMAGES holds one image; stereo needs two or more of the same ground.")
    named = [name.strip() for name in views.split(",")] if views else []
    if named and len(named) != len(paths):
        raise InputError(f"VIEWS names {len(named)} views for {len(paths)} images; name one for each, in their order.")
    images: list[StereoImage] = []
    files = [os.path.realpath(path) for path in paths]
    for number, path in enumerate(paths):
        raster = Raster(path, "Image")
        if files.count(files[number]) > 1:
            raise InputError(f"Image {raster.name!r} is given twice; IMAGES need to be different images of one ground.")
        view = named[number] if named else raster.metadata.get("VIEW", Path(path).stem)
        if view.casefold() in {image.view.casefold() for image in images}:
            raise InputError(f"Two images are of view {view!r}; name the views in VIEWS, in the images' order.")
        images.append(StereoImage(path, view, *raster.size))
    return images


def middle_first(images: Sequence[StereoImage], places: Array) -> list[StereoImage]:
    """The images with the one first whose place (N, k) lies nearest to those of all; two stay as they are."""
    if len(images) < 3:
        return list(images)
    apart = np.linalg.norm(places[:, None] - places, axis=-1).sum(axis=1)
    first = images[int(np.argmin(np.nan_to_num(apart, nan=np.inf)))]
    return [first, *(image for image in images if image is not first)]


def _middle(camera: ImageCamera) -> Array:
    """The ground point (3,) in the middle of an image, on the sphere."""
    return ground_points(camera, np.mean(camera.lines), (camera.samples - 1) / 2, camera.body_radius_m)
