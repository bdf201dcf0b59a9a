"""What each block of a mosaic is levelled to. Its shots are in a file beside its part: the table is read once, not by
workers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from itertools import groupby
from pathlib import Path

import numpy as np

from ..altimetry.readers import Shots as RawShots
from ..altimetry.readers import read_shots
from ..archives import read_arrays
from ..cluster.blocks import Block
from ..errors import InputError, ResourceError
from ..memory import limited_to, require_memory, table_mb
from ..outputs import replacing
from ..progress import Progress, breathing
from ..rasters import Grid
from ..terrain.shots import Shots
from .inputs import References, read_references, require_some, shots_within

_MOST_BYTES = 1 << 34


def read_altimetry(path: str, altitude_field: str | None, grid: Grid, memory_mb: float, progress: Progress) -> RawShots:
    """The whole table, where memory allows; raises `InputError` where none of it lies on ``grid``."""
    with limited_to(memory_mb):
        fix = "crop it to the mosaic or give more MEMORY"
        require_memory(table_mb(path), f"Reading ALTIMETRY {Path(path).name!r}", fix, progress)
    shots = read_shots(path, grid.body, altitude_field=altitude_field or None)
    require_some(shots_within(grid, shots), grid, shots)
    return shots


def write_shots(folder: Path, grid: Grid, shots: RawShots, blocks: Sequence[Block]) -> None:
    """Write what of ``shots`` lies on each of ``blocks`` of ``grid``; whichever they are, the same for a block."""
    row = grid.pixel_of(shots.lon, shots.lat)[1]
    for _, beside in groupby(blocks, key=lambda block: block.row):
        group = list(beside)
        first, height = group[0].reach.row, group[0].reach.height
        band = shots.kept((row > first - 1.5) & (row < first + height + 0.5))  # rows alone: columns may wrap round
        for block in breathing(group):
            with replacing(_path(folder, block)) as temporary:
                np.savez(temporary, **asdict(shots_within(grid.sub(block.reach), band)))


def shots_of_block(folder: Path, block: Block) -> References:
    """What `write_shots` wrote for a block; raises `InputError` where there are none."""
    path = _path(folder, block)
    try:
        shots = Shots(**read_arrays(path, [field.name for field in fields(Shots)], _MOST_BYTES))
    except (OSError, ValueError) as error:
        raise ResourceError(f"{str(path)!r} cannot be read ({error}); start again.") from error
    if not len(shots):
        raise InputError(f"Block {block.name} has no shot of ALTIMETRY; a larger BLOCK may hold some.")
    return References(shots, None, "")


def dem_of_block(grid: Grid, block: Block, reference_dem: str | None, reference_datum: str | None) -> References:
    """The DEM on the ``grid`` of a block's reach; its warnings are the same for all blocks and left out."""
    try:
        return replace(read_references(grid, None, None, reference_dem, reference_datum), warnings=())
    except ResourceError:
        raise
    except InputError as error:
        raise InputError(f"Block {block.name}: {error} A larger BLOCK may hold what it levels to.") from error


def _path(folder: Path, block: Block) -> Path:
    return folder / f"{block.name}.shots.npz"
