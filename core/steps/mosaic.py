"""Step: learned terrain over a mosaic of any size, block by block in several processes, joined without seams."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from ..altimetry.readers import height_doubts
from ..cluster.blocks import Block, Layout
from ..cluster.cost import total
from ..cluster.files import absolute, files_of
from ..cluster.lock import sole_worker
from ..cluster.manifest import Manifest, checksum, fingerprint
from ..cluster.pool import CLUSTER_HELP, cores, do_units
from ..errors import InputError
from ..learned.engine import engine_name
from ..learned.model_file import load_height_model
from ..memory import give_back, require_memory
from ..outputs import discard, on_disk_of, require_writable
from ..progress import Progress, part, silent
from ..rasters import Grid, Raster, Window
from ..version import VERSION
from . import dtmfromextent
from .dtmfromextent import AROUND, DEFAULT_MODEL, misfits, relief_mb, sun_of
from .inputs import Extent, reference_datum_of
from .mosaic_joining import write_joined
from .mosaic_references import read_altimetry, write_shots
from .mosaic_units import Job, Unit, predict_block
from .provenance import made_by
from .step import Kind, Parameter, Step, StepResult

OVERLAP = 128  # pixels that a block reaches into the next: heights pass from one to the other over twice that
_KEPT_MB, _KEPT_BYTES_PER_PIXEL = 250.0, 90  # measured over some 50 blocks of 1,024 to 3,072 pixels
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
        names = [item.name for item in blocks]
        missing = set(manifest.missing(names))
        units = [Unit(job, grid.sub(item.reach), item) for item in blocks if item.name in missing]
        if shots is not None:
            write_shots(Path(job.folder), grid, shots, [unit.block for unit in units])
            del shots
            give_back()
        with manifest.kept(names, "blocks"):
            do_units(predict_block, units, manifest.add, count, memory, scheduler or "", part(progress, 0.0, 0.85))
        if not any(done.file for done in manifest.done.values()):
            raise InputError("The extent holds nodata only; choose one that meets the image.")
        # parts that were there a moment ago may not be on a network
        with manifest.kept(names, "blocks"), on_disk_of(output):
            told = given | {name: getattr(job, name) for name in ("engine", "sun_azimuth", "sun_incidence")}
            told["model"] = model or DEFAULT_MODEL
            made = made_by(STEP, told, BLOCKS=str(len(blocks)), BLOCK_USED=str(layout.side), DATUM=datum)
            write_joined(output, grid, layout, blocks, manifest, job, made, count, part(progress, 0.85, 1.0))
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
