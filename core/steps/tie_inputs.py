"""Match files as tie points: a spread over the image, and a patch about the pixel of every altimeter shot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..altimetry.readers import Shots
from ..camera.linescan import ImageCamera
from ..errors import InputError
from ..frames import unit_vectors
from ..matching.match_file import USUAL_SIGMA_PX, Matches, MatchFile, by_image_a
from ..resection.bundle import CELL_LINES, CELLS, joined_ties, spread
from ..resection.model import TiePoints

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

PATCH = np.arange(-3, 4)  # lines and samples about a shot's pixel whose matches make the surface there
PATCH_TIES = 16  # of them, those a pixel apart first: neighbours' matches share what they saw
EVEN = 200_000  # pixels that make a surface that may lie anywhere
_CANDIDATES = 8  # lines and samples of a cell looked at for its tie point
_BLOCK_PIXELS = 1 << 22
_BYTES_PER_PIXEL = 120  # of a block of one match file
_BYTES_PER_PLACE = 2000  # of a tie in one image, adjusted


@dataclass(frozen=True)
class MatchGroup:
    """Match files that share image A; ``views`` (M,) numbers A's view and those of the files in order."""

    files: Sequence[MatchFile]
    views: Sequence[int]


def match_groups(paths: Sequence[str], view_of: Callable[[str, str], int], samples: Sequence[int]) -> list[MatchGroup]:
    """Match files by their image A. ``view_of(view, image)`` numbers a view; ``samples`` (V,) are its line's.

    Raises `InputError` for views that are not known and images of another size.
    """
    groups = by_image_a(list(map(MatchFile, paths)), lambda view, image: samples[view_of(view, image)], "Ties")
    return [
        MatchGroup(files, [view_of(files[0].view_a, files[0].image_a), *(view_of(f.view_b, f.image_b) for f in files)])
        for files in groups
    ]


def matches_mb(groups: Sequence[MatchGroup]) -> float:
    """What reading the files takes at most, MB: those of a group block by block at a time."""
    most = 0.0
    for group in groups:
        step = CELL_LINES * max(1, _BLOCK_PIXELS // (group.files[0].samples * CELL_LINES))
        pixels = min(group.files[0].lines, step) * group.files[0].samples
        most = max(most, _BYTES_PER_PIXEL * pixels * len(group.files) / 1e6)
    return most


def ties_mb(ties: TiePoints) -> float:
    """What adjusting ties takes at most, MB."""
    return _BYTES_PER_PLACE * ties.line.size / 1e6


def pick_ties(
    groups: Sequence[MatchGroup], cameras: Sequence[ImageCamera], shots: Shots | None, even: bool = False
) -> TiePoints:
    """Tie points of all groups; ``cameras`` (by view number) say where the shots are to be looked for.

    ``even``: cameras that do not know yet; pixels evenly over the whole image then make the surface.
    """
    found = []
    for group in groups:
        line = sample = shot = np.empty(0, np.int64)
        if even:
            lines, samples = group.files[0].lines, group.files[0].samples
            step = int(np.ceil(np.sqrt(lines * samples / EVEN)))
            grid = np.meshgrid(np.arange(0, lines, step), np.arange(0, samples, step), indexing="ij")
            line, sample = (axis.ravel() for axis in grid)
            shot = np.arange(len(line))
        elif shots is not None:
            line, sample, shot = _patches(cameras[group.views[0]], shots, group.files[0])
        found += _picked(group, line, sample, shot)
    if not found:
        names = ", ".join(file.name for group in groups for file in group.files)
        raise InputError(f"Ties {names} hold no match.")
    return joined_ties(found)


def _patches(camera: ImageCamera, shots: Shots, file: MatchFile) -> tuple[Integers, Integers, Integers]:
    """Pixels (N,) of the patches about the shots that ``camera`` sees, by line and sample, and each one's shot; the
    pixels of a shot stand in the order in which they are wanted."""
    places = (shots.body.radius_m + shots.altitude)[:, None] * unit_vectors(shots.lon, shots.lat)
    line, sample = camera.project(places)
    inside = (line >= 0) & (line < file.lines) & (sample >= 0) & (sample < file.samples)
    down, right = (offset.ravel() for offset in np.meshgrid(PATCH, PATCH, indexing="ij"))
    order = np.argsort((down % 2 == 0) | (right % 2 == 0), kind="stable")
    row = (np.rint(line[inside]).astype(np.int64)[:, None] + down[order]).ravel()
    column = (np.rint(sample[inside]).astype(np.int64)[:, None] + right[order]).ravel()
    shot = np.repeat(np.arange(int(inside.sum())), len(order))
    kept = (row >= 0) & (row < file.lines) & (column >= 0) & (column < file.samples)
    return row[kept], column[kept], shot[kept]


def _picked(group: MatchGroup, line: Integers, sample: Integers, shot: Integers) -> list[TiePoints]:
    """One match a cell of the whole image, and for each ``shot`` the first matches at its pixels ``line``, ``sample``
    (N,)."""
    found = []
    lines, samples = group.files[0].lines, group.files[0].samples
    cell = int(CELL_LINES)
    step = cell * max(1, _BLOCK_PIXELS // (samples * cell))
    columns = np.arange(0, samples, max(1, int(samples / CELLS) // _CANDIDATES))
    for first in range(0, lines, step):
        count = min(step, lines - first)
        blocks = [file.read(first, count) for file in group.files]
        row, column = (grid.ravel() for grid in np.meshgrid(np.arange(count), columns, indexing="ij"))
        found.append(spread(_ties_at(group, blocks, first, row, column), samples))
        own = (line >= first) & (line < first + count)
        pixel = _wanted(blocks, line[own] - first, sample[own], shot[own])
        found.append(_ties_at(group, blocks, first, *pixel))
    return [ties for ties in found if len(ties)]


def _wanted(blocks: Sequence[Matches], row: Integers, column: Integers, shot: Integers) -> tuple[Integers, Integers]:
    """Of pixels (N,) of blocks the first `PATCH_TIES` of each shot that are matched anywhere, each pixel once."""
    matched = np.flatnonzero(np.any([np.isfinite(block.line[row, column]) for block in blocks], axis=0))
    matched = matched[np.argsort(shot[matched], kind="stable")]
    _, start, count = np.unique(shot[matched], return_index=True, return_counts=True)
    rank = np.arange(len(matched)) - np.repeat(start, count)
    kept = matched[rank < PATCH_TIES]
    return tuple(np.unique(np.stack([row[kept], column[kept]]), axis=1))  # type: ignore[return-value]


def _ties_at(group: MatchGroup, blocks: Sequence[Matches], first: int, row: Integers, column: Integers) -> TiePoints:
    """The pixels (N,) of blocks from line ``first`` of A that are matched anywhere."""
    places = [(block.line[row, column], block.sample[row, column], block.sigma[row, column]) for block in blocks]
    line, sample, sigma = (np.stack(values, axis=1) for values in zip(*places))
    sigma = np.where(np.isfinite(line) & np.isnan(sigma), USUAL_SIGMA_PX, sigma)
    ties = TiePoints(
        np.column_stack([first + row, line]).astype(float),
        np.tile(group.views, (len(row), 1)),
        np.column_stack([column, sample]).astype(float),
        np.column_stack([np.zeros(len(row)), sigma]),
    )
    return ties[np.isfinite(line).any(axis=1)]
