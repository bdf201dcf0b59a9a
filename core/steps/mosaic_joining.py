"""The blocks of a mosaic made one DTM: levelled to each other where they are relative, blended where they overlap."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..cluster.blocks import Block, Layout, joined, offsets, pieces
from ..cluster.manifest import Manifest
from ..frames import angular_distance
from ..geotiff import Band, writing_dtm
from ..products import product
from ..progress import Progress, breathe, part, tell
from ..rasters import Grid, Window
from ..threads import in_order
from .dtmfromextent import RELATIVE
from .mosaic_units import Job

Float = npt.NDArray[np.float32]

_FIRMLY = 1e5  # times the weight of a pixel of an overlap: what disagrees is spread over those


def write_joined(
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
    """Join the blocks that are done and write the DTM: heights and sigma in metres, or relative heights.

    told: metadata of the raster; threads: that join and compress.
    """
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
