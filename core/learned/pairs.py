"""Where training gets its batches from: scenes rendered as it goes, or a folder of pairs (`pair_folder`).

The batch of a step depends on the plan's seed and the step's number alone, whatever was drawn before.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..progress import breathe
from ..rasters import Grid, Raster
from ..terrain.pyramid import fill_invalid
from .pair_folder import sha256
from .plan import Plan
from .rendered_pairs import GLD100_AREAS, SIDE, SUN_AZIMUTH, SUN_JITTER, Area, Pair, PairSource

Float = NDArray[np.float32]

AHEAD = 24  # scenes rendered before they are due
_ELSEWHERE = {
    "Moon": "On Mars, which it was not trained for, shapes are weak: dunes, dust and albedo borders are taken for "
    "slopes."
}
UNSEEN = 0.4  # share of the crops of which a part is hidden, as beyond the edges of a turned picture
_REACHED = 64  # pixels beyond an edge that are continued; what is further out is mid-grey
_PATIENCE_S = 0.05  # between two questions whether to go on waiting for a scene


class Pairs(Protocol):
    """Batches to train on, pairs held out for scores, and what a model card says of them."""

    def batch(self, step: int) -> tuple[Float, Float]:
        """Grey and target heights, (batch, 1, crop, crop), of a step."""

    def held_out(self, count: int) -> Sequence[Pair]:
        """At most `count` pairs of ground that no batch shows."""

    @property
    def held_bytes(self) -> float:
        """Most memory that pairs at hand take."""

    def fingerprint(self) -> str:
        """What tells these pairs from all others, by which a checkpoint knows its own."""

    def card(self) -> dict[str, Any]:
        """The fields of the model card that come from the data: height_unit, sun_azimuth, training_boxes, limits ..."""


class RenderedPairs:
    """Scenes rendered from the DEMs of a folder and from simulated ground, ahead by worker processes or when due.

    Where the workers end (killed from outside, for want of memory), the rest is rendered when due. A step draws from
    the scenes `kept_scenes` back from the newest; a new one joins every `steps_per_scene` steps.
    """

    def __init__(
        self,
        dems: str | Path,
        plan: Plan,
        areas: Sequence[Area] = GLD100_AREAS,
        workers: ProcessPoolExecutor | None = None,
    ) -> None:
        self.source = PairSource(dems, plan.seed, areas=areas)
        self.unseen = PairSource(dems, plan.seed, held_out=True, areas=areas)
        self.plan, self.areas, self.workers = plan, areas, workers
        self.folder = Path(dems)
        self.scenes: dict[int, tuple[NDArray[np.float16], Float]] = {}
        self.waiting: dict[int, Future[Any]] = {}

    def batch(self, step: int) -> tuple[Float, Float]:
        """Crops mirrored across the sun's direction, contrast varied, of some a part hidden."""
        plan, rng = self.plan, np.random.default_rng([self.plan.seed, 7, step])
        stop = plan.first_scenes + step // plan.steps_per_scene
        start = max(stop - plan.kept_scenes, 0)
        self._provide(start, stop)
        greys, heights = [], []
        for number in rng.integers(start, stop, plan.batch):
            grey, height = self.scenes[int(number)]
            row, column = rng.integers(0, len(grey) - plan.crop + 1, 2)
            part = (slice(row, row + plan.crop), slice(column, column + plan.crop))
            flip = slice(None, None, int(rng.choice((-1, 1))))
            gain, shift = np.exp(rng.normal(0, 0.15)), rng.normal(0, 0.15)
            seen = (grey[part][flip].astype(np.float32) * gain + shift).astype(np.float32)
            greys.append((_edged(seen, rng) if rng.random() < UNSEEN else seen)[None])
            heights.append(target(plan, height[part][flip])[None])
        return np.stack(greys).astype(np.float32), np.stack(heights)

    def _provide(self, start: int, stop: int) -> None:
        """Have the scenes from `start` to `stop`, waiting where need be; ask for the next ones, drop the older."""
        for number in range(start, stop + AHEAD):
            if self.workers and number not in self.scenes and number not in self.waiting:
                with self._alone_where_they_ended():
                    self.waiting[number] = self.workers.submit(_render, self.source, number)
        for number in range(start, stop):
            if number in self.waiting:
                with self._alone_where_they_ended():
                    while not wait([self.waiting[number]], _PATIENCE_S).done:
                        breathe()
                    self.scenes[number] = self.waiting.pop(number).result()
            if number not in self.scenes:
                breathe()
                self.scenes[number] = _render(self.source, number)
        for number in [k for k in self.scenes if k < start]:
            del self.scenes[number]

    @contextmanager
    def _alone_where_they_ended(self) -> Iterator[None]:
        try:
            yield
        except BrokenProcessPool:
            self.workers = None
            self.waiting.clear()

    def held_out(self, count: int) -> Sequence[Pair]:
        return [self.unseen.pair(number) for number in range(count)]

    @property
    def held_bytes(self) -> float:
        return 6.0 * SIDE**2 * self.plan.kept_scenes

    def fingerprint(self) -> str:
        sums = {file: sha256(self.folder / file) for file in {area.file for area in self.areas}}
        return json.dumps([[sums[area.file], area.box, area.held_out] for area in self.areas])

    def card(self) -> dict[str, Any]:
        files = sorted({area.file for area in self.areas})
        dems = ", ".join(files)
        bodies = sorted({Raster(self.folder / file, "DEM").grid.body.name for file in files})
        body = ", ".join(bodies)
        return {
            "body": body,
            "limits": f"The sun must stand within {SUN_JITTER:g} degrees of sun_azimuth, 25 to 80 degrees from the "
            "zenith. " + _ELSEWHERE.get(body, f"It was not tried on other bodies than the {body}."),
            "height_unit": "ground_pixel",
            "grey": {"kind": "robust"},
            "sun_azimuth": SUN_AZIMUTH,
            "gsd_m": [float(f"{size:.3g}") for size in self.source.gsd_m()],
            "training_data": f"rendered from {dems} with simulated detail, and simulated relief; no real image",
            "training_boxes": [list(area.box) for area in self.areas if not area.held_out],
            "held_out_boxes": [list(area.box) for area in self.areas if area.held_out],
        }


def _edged(grey: Float, rng: np.random.Generator) -> Float:
    """A crop as it looks where a turned picture ends: some way in from a corner nothing was seen, in no more than about
    a third of it. Prediction continues a picture beyond its edges just so."""
    side = len(grey)
    angle = rng.uniform(0.0, 2 * np.pi)
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    edges = rng.uniform(0.25, 0.75, 2) * side
    beyond = np.maximum(along - edges[0], across - edges[1])
    if beyond.max() <= 0 or np.mean(beyond > 0) > 0.35:
        return grey
    continued = fill_invalid(grey, beyond <= 0)
    return np.where(beyond <= _REACHED, continued, 0).astype(np.float32)


def target(plan: Plan, height: Float) -> Float:
    """What the network is to give for relative heights: Pix2PixCC, their mean removed, over the plan's divisor."""
    if plan.architecture == "pix2pixcc":
        height = (height - height.mean()) / np.float32(plan.height_divisor)
    return np.asarray(height, np.float32)


def areas_in(dems: str | Path) -> tuple[Area, ...]:
    """The ground of a folder's DEMs: the project's own areas of GLD100 files, of others all but an eastern strip.

    Where none of the own ones is held out, a strip of each is. Raises InputError when the folder holds no DEM, one that
    is not in degrees, or those of several bodies.
    """
    areas: list[Area] = []
    bodies: dict[str, str] = {}
    for path in sorted(p for p in Path(dems).glob("*") if p.suffix.lower() in (".tif", ".tiff", ".img", ".cub")):
        grid = Raster(path, "DEM").grid
        if not grid.is_geographic:
            raise InputError(f"DEM {path.name!r} is not in degrees; warp it to longitude and latitude to render it.")
        bodies[grid.body.name] = path.name
        areas += _own_areas(path.name, grid) or _parted(path.name, grid.extent)
    if not areas:
        raise InputError(f"Folder {str(dems)!r} holds no DEM (.tif); give DEMs to render or a folder of pairs.")
    if len(bodies) > 1:
        named = " and ".join(f"{file!r} ({body})" for body, file in bodies.items())
        raise InputError(f"DEMs {named} are of different bodies; give those of one.")
    if not any(area.held_out for area in areas):
        areas = [part for area in areas for part in _parted(area.file, area.box)]
    return tuple(areas)


def _own_areas(file: str, grid: Grid) -> list[Area]:
    """The project's areas of a GLD100 file, none where another's goes by its name."""
    own = [area for area in GLD100_AREAS if area.file == file]
    boxes = np.array([area.box for area in own]).reshape(-1, 4)
    if not own or grid.body.name != "Moon":
        return []
    extent = (*boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0))
    return own if np.allclose(extent, grid.extent, rtol=0, atol=0.05) else []


def _parted(file: str, box: Sequence[float]) -> list[Area]:
    """Ground (lon/lat box, degrees) in bands of latitude, of each the eastern strip held out."""
    west, south, east, north = box
    border = east - 0.12 * (east - west)
    parts = ((west, border, False), (border, east, True))
    return [Area(file, (w, s, e, n), held) for s, n in _bands(south, north) for w, e, held in parts]


def _bands(south: float, north: float) -> list[tuple[float, float]]:
    """Latitudes (degrees) in bands narrow enough for one cosine: of at most 10 degrees, and across which it falls by at
    most a quarter or which are of 2.5 degrees."""
    height = north - south
    low, high = sorted(np.cos(np.radians((south, north))))
    count = int(np.ceil(height / 10.001)) if height > 10.001 else 1 + (height > 2.501 and low < 0.75 * high)
    if count == 1:
        return [(south, north)]
    edges = np.linspace(south, north, count + 1).tolist()
    return [band for lower, upper in zip(edges, edges[1:]) for band in _bands(lower, upper)]


def _render(source: PairSource, number: int) -> tuple[NDArray[np.float16], Float]:
    pair = source.pair(number)
    return pair.grey.astype(np.float16), pair.height


def _ignore_interrupts() -> None:
    """Ctrl-C reaches all processes of a terminal; the one that trains ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def rendering_workers(count: int) -> Iterator[ProcessPoolExecutor | None]:
    """Processes that render ahead (none for 0: scenes are then rendered when due)."""
    if count == 0:
        yield None
        return
    with ProcessPoolExecutor(count, get_context("spawn"), _ignore_interrupts) as pool:
        try:
            yield pool
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
