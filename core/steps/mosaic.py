"""Step: learned terrain over a mosaic of any size, block by block in several processes, joined without seams."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..altimetry.readers import height_doubts
from ..cluster.blocks import Block, Layout, joined, offsets, pieces
from ..cluster.cost import Meter, total
from ..cluster.files import absolute, files_of
from ..cluster.lock import sole_worker
from ..cluster.manifest import Done, Manifest, checksum, fingerprint
from ..cluster.pool import CLUSTER_HELP, cores, do_units
from ..errors import InputError
from ..frames import angular_distance
from ..geotiff import Band, writing_dtm
from ..learned.engine import Engine, engine_name, load_engine
from ..learned.model_file import load_height_model
from ..memory import give_back, require_memory
from ..outputs import discard, on_disk_of, replacing, require_writable
from ..products import product
from ..progress import Progress, breathe, part, silent, tell
from ..rasters import Grid, Raster, Window
from ..threads import in_order, one_thread
from ..version import VERSION
from . import dtmfromextent
from .dtmfromextent import AROUND, DEFAULT_MODEL, RELATIVE, Pixels, misfits, relief_mb, sun_of
from .inputs import Extent, reference_datum_of
from .levelled import bring_to_metres
from .mosaic_references import dem_of_block, read_altimetry, shots_of_block, write_shots
from .provenance import made_by
from .step import Kind, Parameter, Step, StepResult

Float = npt.NDArray[np.float32]

OVERLAP = 128  # pixels that a block reaches into the next: heights pass from one to the other over twice that
_KEPT_MB, _KEPT_BYTES_PER_PIXEL = 250.0, 90  # measured over some 50 blocks of 1,024 to 3,072 pixels
_FIRMLY = 1e5  # times the weight of a pixel of an overlap: what disagrees is spread over those
_SMALLEST = 512  # pixels of a block's side, under which its surroundings cost more than itself


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
    model: str | None,
    engine: str,
    block: int,
    workers: int | None,
    memory: float,
    scheduler: str | None,
    output: str,
    progress: Progress = silent,
) -> StepResult:
    """Predict the missing blocks, join all, write the DTM; see `STEP` for the parameters."""
    given = dict(locals())
    started = time.monotonic()
    image = Raster(input, "INPUT")
    require_writable(output, (".tif", ".tiff"))
    if altimetry and reference_dem:
        raise InputError("ALTIMETRY and REFERENCE_DEM are both given; level to one of them.")
    window, grid, factor = whole_grid(image.grid, extent, pixel_size)
    layout, count = affordable(grid.height, grid.width, block, memory), workers or cores()
    if not scheduler:
        busy = min(count, len(layout.blocks()))
        whose = f"Work on {busy} blocks of {layout.side} pixels at a time"
        require_memory(busy * needed_mb(layout), whose, "choose fewer WORKERS or a smaller BLOCK", progress)
    network = load_height_model(model or DEFAULT_MODEL)
    job = Job(
        absolute(input) or input,
        absolute(altimetry),
        altitude_field or None,
        absolute(reference_dem),
        reference_datum or None,
        absolute(model),
        engine_name(network, engine),
        checksum(model or DEFAULT_MODEL),
        *sun_of(image, sun_azimuth, sun_incidence),
        window,
        factor,
        str(Path(output).resolve().with_suffix("")) + ".parts",
    )
    blocks = layout.blocks()
    shots = read_altimetry(altimetry, altitude_field, grid, memory, progress) if altimetry else None
    if shots is None:
        datum, warnings = reference_datum_of(grid.body, reference_dem, reference_datum)
    else:
        datum, warnings = shots.datum, height_doubts(shots)
    files = [file for name in (job.input, job.altimetry, job.reference_dem) for file in files_of(name)]
    about = {**asdict(job), "side": layout.side, "overlap": OVERLAP, "grid": asdict(grid), "version": VERSION}
    with sole_worker(Path(job.folder), output):
        manifest = Manifest(Path(job.folder), fingerprint(about, files))
        missing = set(manifest.missing(item.name for item in blocks))
        units = [Unit(job, grid.sub(item.reach), item) for item in blocks if item.name in missing]
        if shots is not None:
            write_shots(Path(job.folder), grid, shots, [unit.block for unit in units])
            del shots
            give_back()
        do_units(predict_block, units, manifest.add, count, memory, scheduler or "", part(progress, 0.0, 0.85))
        if not any(done.file for done in manifest.done.values()):
            raise InputError("The extent holds nodata only; choose one that meets the image.")
        with on_disk_of(output):  # parts that were there a moment ago may not be on a network
            told = given | {name: getattr(job, name) for name in ("engine", "sun_azimuth", "sun_incidence")}
            told["model"] = model or DEFAULT_MODEL
            made = made_by(STEP, told, BLOCKS=str(len(blocks)), BLOCK_USED=str(layout.side), DATUM=datum)
            _write(output, grid, layout, blocks, manifest, job, made, count, part(progress, 0.85, 1.0))
            manifest.publish(output)
        discard(job.folder)
    cost = total(done.cost for done in manifest.done.values())
    note = (
        f"{len(blocks)} blocks of {layout.side} pixels ({len(blocks) - len(units)} were done before): "
        f"{cost.cpu_s:.0f} CPU seconds and at most {cost.peak_mb:.0f} MB a worker; "
        f"{time.monotonic() - started:.0f} s in all."
    )
    shape = _rounded(grid, pixel_size) + _left_out(image.grid, extent, window, factor)
    warnings = (*warnings, *misfits(network.card, grid), *shape, *_warnings(manifest, blocks))
    return StepResult({"OUTPUT": output}, warnings, (note,))


def _left_out(image: Grid, extent: Extent | None, window: Window, factor: int) -> list[str]:
    """What to say of the extent's last columns and rows where they make no whole pixel of the DTM."""
    asked = image.window(extent)
    columns, rows = max(asked.width - window.width, 0), max(asked.height - window.height, 0)
    if not columns and not rows:
        return []
    return [
        f"The extent's last {columns} columns and {rows} rows at the image's edge make no whole pixel of {factor} x "
        f"{factor} of the image's and are left out; a smaller PIXEL_SIZE leaves out less."
    ]


def _rounded(grid: Grid, pixel_size: float | None) -> list[str]:
    """What to say where the DTM's pixels are not as large as asked for."""
    made = grid.pixel_size_m[1] if grid.is_geographic else min(grid.pixel_size_m)
    if not pixel_size or abs(made / pixel_size - 1) < 0.005:
        return []
    return [f"PIXEL_SIZE {pixel_size:g} m is no whole number of the image's pixels; {made:.4g} m is used instead."]


@dataclass(frozen=True)
class Job:
    """What all blocks share: absolute paths, the sun (degrees), and the image's pixels per pixel of the DTM.

    ``model``: None for the one that ships, which lies elsewhere on every machine; ``sha256``: of its file.
    """

    input: str
    altimetry: str | None
    altitude_field: str | None
    reference_dem: str | None
    reference_datum: str | None
    model: str | None
    engine: str
    sha256: str
    sun_azimuth: float | None
    sun_incidence: float | None
    window: Window
    factor: int
    folder: str


@dataclass(frozen=True)
class Unit:
    """One block of a job; ``grid`` is that of its reach."""

    job: Job
    grid: Grid
    block: Block


def predict_block(unit: Unit) -> Done:
    """Predict a block, bring it to metres where something is given to level to, and write its bands as a NumPy file.

    Runs anywhere this package and the files are; the same unit gives the same bytes.
    """
    meter, job, name = Meter(), unit.job, unit.block.name
    engine = _engine(job.model, job.engine, job.sha256)
    with one_thread():
        bands, warnings = _bands(unit, engine)
    if not bands:
        return Done(name, "", "", meter.cost())
    path = Path(job.folder) / f"{name}.npy"
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.save(file, np.stack(bands).astype(np.float32))
    return Done(name, path.name, checksum(path), meter.cost(), warnings)


def _bands(unit: Unit, engine: Engine) -> tuple[list[Float], tuple[str, ...]]:
    """Height and, in metres, sigma of a block, and warnings; nothing where the image shows nothing."""
    job, reach, first = unit.job, unit.block.reach, unit.job.window
    window = Window(
        first.column + reach.column * job.factor,
        first.row + reach.row * job.factor,
        reach.width * job.factor,
        reach.height * job.factor,
    )
    pixels = Pixels(Raster(job.input, "INPUT"), window, unit.grid)
    if not pixels.read(*pixels.window)[1].any():
        return [], ()
    relief = pixels.relief(engine, job.sun_azimuth, job.sun_incidence, "seamless")
    warnings = (*pixels.warnings, *relief.warnings)
    if not (job.altimetry or job.reference_dem):
        return [relief.height], warnings
    if job.altimetry:
        references = shots_of_block(Path(job.folder), unit.block)
    else:
        references = dem_of_block(unit.grid, unit.block, job.reference_dem, job.reference_datum)
    levelled = bring_to_metres(unit.grid, relief.height, relief.valid, references, "relative", hidden=relief.hidden)
    return [levelled.height, levelled.sigma], warnings + levelled.warnings


@lru_cache(maxsize=1)
def _engine(model: str | None, engine: str, sha256: str) -> Engine:
    path = model or DEFAULT_MODEL
    if checksum(path) != sha256:
        raise InputError(f"Model {str(path)!r} is another one for a worker than for this run; give all the same file.")
    return load_engine(load_height_model(path), engine)


def whole_grid(grid: Grid, extent: Extent | None, pixel_size: float | None) -> tuple[Window, Grid, int]:
    """Image pixels of an extent, the grid of the DTM, and the whole number of image pixels to one of the DTM's.

    Blocks then begin at image pixels, whatever their size. An extent is snapped outward to whole pixels of the DTM as
    far as the image goes: one that would lie over its edge is left out, since a whole body has no ground there.
    """
    window = grid.window(extent)
    own = grid.sub(window)
    native = own.pixel_size_m[1] if grid.is_geographic else min(own.pixel_size_m)
    factor = max(1, round(pixel_size / native)) if pixel_size else 1
    if min(window.width, window.height) < factor:
        raise InputError(f"PIXEL_SIZE {pixel_size:g} m is larger than the extent; give a smaller one.")
    width = min(-(-window.width // factor), (grid.width - window.column) // factor)
    height = min(-(-window.height // factor), (grid.height - window.row) // factor)
    window = Window(window.column, window.row, width * factor, height * factor)
    return window, grid.sub(window).resized(width, height), factor


def affordable(height: int, width: int, side: int, memory_mb: float) -> Layout:
    """Blocks of ``side`` pixels, or smaller where a worker's memory does not hold the largest of them."""
    for smaller in range(side, _SMALLEST - 1, -1):
        layout = Layout(height, width, smaller, OVERLAP)
        if needed_mb(layout) <= memory_mb:
            return layout
    least = np.ceil(needed_mb(Layout(height, width, _SMALLEST, OVERLAP)))
    raise InputError(f"MEMORY {memory_mb:g} MB is too little for a worker; give at least {least:.0f} MB.")


def needed_mb(layout: Layout) -> float:
    """What a worker takes at most, MB, for the largest block of a layout: after many, since it keeps what it freed."""
    pixels = np.prod([side + 2 * AROUND for side in layout.largest])
    return max(relief_mb(*layout.largest), _KEPT_MB + _KEPT_BYTES_PER_PIXEL * float(pixels) / 1e6)


def _write(
    output: str,
    grid: Grid,
    layout: Layout,
    blocks: Sequence[Block],
    manifest: Manifest,
    job: Job,
    told: dict[str, str],
    threads: int,
    progress: Progress,
) -> None:
    known = [item for item in blocks if manifest.done[item.name].file]
    metres = bool(job.altimetry or job.reference_dem)

    def read(item: Block, window: Window) -> list[Float]:
        bands = np.load(manifest.folder / manifest.done[item.name].file, mmap_mode="r")
        row, column = window.row - item.reach.row, window.column - item.reach.column
        return list(bands[:, row : row + window.height, column : column + window.width])

    added = {} if metres else _levels(layout, known, read, _closes(grid))
    about = {**told, "LEVELLED": "YES" if metres else "NO"}
    if metres:
        about["LEVELLED_TO"] = Path((job.altimetry or job.reference_dem or "").partition("|")[0]).name
    else:
        del about["DATUM"]
    bands = (Band("height", "m"), Band("sigma", "m")) if metres else (RELATIVE,)
    places, windows = {(item.row, item.column): item for item in known}, pieces(grid.height, grid.width)
    with writing_dtm(output, grid, bands, about, part(progress, 0.7, 1.0), threads) as writer:
        made = in_order(lambda piece: joined(layout, places, read, piece, added), windows, threads)
        for piece, values in zip(windows, made):
            tell(progress, 0.7 * piece.row / grid.height, "Joining the blocks")
            nothing = [np.full(values[0].shape, np.nan, np.float32)] * (len(bands) - len(values))
            writer.write([*values, *nothing], piece.column, piece.row)


def _closes(grid: Grid) -> bool:
    """Whether the last column's eastern edge is the first's western: the grid goes around the body."""
    lon, lat = grid.lonlat_of([-0.5, grid.width - 0.5], [(grid.height - 1) / 2] * 2)
    apart = float(angular_distance(lon[:1], lat[:1], lon[1:], lat[1:])[0]) * grid.body.radius_m
    return grid.width > 2 and apart < 1.5 * grid.pixel_size_m[0]  # nan, outside the projection, is no


def _levels(layout: Layout, blocks: Sequence[Block], read: Any, closes: bool) -> dict[str, float]:
    """What to add to the relative heights of each block so that neighbours agree where they overlap.

    Around a whole body (``closes``) the columns on either side of the seam agree on average too, block by block: they
    do not overlap, so that nothing would blend a step between them.
    """
    pairs, steps, weights = [], [], []

    def weigh(first: int, second: int, difference: Float, each: float) -> None:
        seen = np.isfinite(difference)
        if seen.any():
            pairs.append((first, second))
            steps.append(float(difference[seen].mean(dtype=np.float64)))
            weights.append(each * float(seen.sum()))

    for first, second, shared in layout.neighbours(blocks):
        weigh(first, second, read(blocks[second], shared)[0] - read(blocks[first], shared)[0], 1.0)
    for first, second in layout.facing(blocks) if closes else ():
        sides = ((blocks[first], layout.width - 1), (blocks[second], 0))
        west, east = (read(b, Window(column, b.reach.row, 1, b.reach.height))[0] for b, column in sides)
        weigh(first, second, east - west, _FIRMLY)
    levels = offsets(pairs, np.array(steps), np.array(weights), len(blocks))
    levels -= _mean(layout, blocks, read, levels)
    return {item.name: float(level) for item, level in zip(blocks, levels)}


def _mean(layout: Layout, blocks: Sequence[Block], read: Any, levels: npt.NDArray[np.float64]) -> float:
    """Mean of what the blocks become once they are joined, each raised by its level: of a mosaic, none remains."""
    total = count = 0.0
    for item, level in zip(blocks, levels):
        breathe()
        rows, columns = layout.weight(item)
        height = read(item, item.reach)[0]
        seen = np.isfinite(height)
        share = product(seen.astype(np.float64), columns)
        sums = product(np.where(seen, height, 0).astype(np.float64), columns) + level * share
        total, count = total + float(np.sum(rows * sums)), count + float(np.sum(rows * share))
    return total / count if count else 0.0


def _warnings(manifest: Manifest, blocks: Sequence[Block]) -> tuple[str, ...]:
    """Each warning once, with how many blocks it concerns."""
    found: dict[str, list[str]] = {}
    for item in blocks:
        for sentence in manifest.done[item.name].warnings:
            found.setdefault(sentence, []).append(item.name)
    return tuple(
        f"{names[0]}{f' and {len(names) - 1} more blocks' if len(names) > 1 else ''}: {sentence}"
        for sentence, names in found.items()
    )


_TAKEN = (
    *("INPUT", "EXTENT", "ALTIMETRY", "ALTITUDE_FIELD", "REFERENCE_DEM", "REFERENCE_DATUM"),
    *("SUN_AZIMUTH", "SUN_INCIDENCE", "MODEL"),
)
_SHARED = {parameter.name: parameter for parameter in dtmfromextent.STEP.parameters}

STEP = Step(
    id="mosaic",
    title="DTM from mosaic",
    group="Terrain from one image",
    help=(
        "Turns an image mosaic of any size into a digital terrain model (DTM), as DTM from extent does for a view, but "
        "block by block in several processes, here or on a Dask cluster, in bounded memory.\n\n"
        "Finished blocks are kept beside the output (OUTPUT.parts) until all are done: a run that was stopped, killed "
        "or cancelled goes on with what is missing when it is started again with the same parameters. What every block "
        "cost is listed beside the output in the end (OUTPUT.manifest.jsonl).\n\n"
        "Give altimetry or a reference DEM that reaches every block, and the result is in metres with its one-sigma "
        "error; without, blocks are joined to one relative surface.\n\n" + CLUSTER_HELP
    ),
    parameters=(
        *(_SHARED[name] for name in _TAKEN[:2]),
        Parameter(
            "PIXEL_SIZE",
            Kind.NUMBER,
            "Pixel size",
            "Ground size of an output pixel, rounded to a whole number of image pixels; left empty, the image's own.",
            optional=True,
            minimum=1e-3,
            unit="m",
        ),
        *(_SHARED[name] for name in _TAKEN[2:]),
        _SHARED["ENGINE"],
        Parameter(
            "BLOCK",
            Kind.INTEGER,
            "Block size",
            "Side of a block in pixels of the DTM: one unit of work. Made smaller where MEMORY does not hold it.",
            default=2560,
            minimum=_SMALLEST,
            maximum=16384,
            advanced=True,
        ),
        Parameter(
            "WORKERS",
            Kind.INTEGER,
            "Workers",
            "Processes on this machine, of one thread each; left empty, one a core. 1 works without Dask.",
            optional=True,
            minimum=1,
            maximum=512,
        ),
        Parameter(
            "MEMORY",
            Kind.NUMBER,
            "Memory of a worker",
            "What one worker may take; it decides the largest block.",
            default=2000,
            minimum=100,
            unit="MB",
        ),
        Parameter(
            "SCHEDULER",
            Kind.TEXT,
            "Scheduler",
            "Address of a running Dask scheduler, for example tcp://host:8786; its workers need this package and the "
            "same file system. Left empty, workers are started here.",
            optional=True,
            advanced=True,
        ),
    ),
    outputs=dtmfromextent.STEP.outputs,
    run=run,
    icon="dtm_from_view",
    tags=("terrain", "elevation", "DEM", "learning", "large", "cluster", "Dask", "parallel"),
)
