"""The units of work of a mosaic: a block's heights, predicted and brought to metres, on any machine."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..cluster.blocks import Block
from ..cluster.cost import Meter
from ..cluster.manifest import Done, checksum
from ..errors import InputError
from ..learned.engine import Engine, load_engine
from ..learned.model_file import load_height_model
from ..outputs import replacing
from ..rasters import Grid, Raster, Window
from ..threads import one_thread
from .dtmfromextent import DEFAULT_MODEL, Pixels
from .levelled import bring_to_metres
from .mosaic_references import dem_of_block, shots_of_block

Float = npt.NDArray[np.float32]


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
