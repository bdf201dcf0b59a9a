"""A large grid cut into blocks that overlap, and their results joined again without seams, piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from ..rasters import Window

Float = npt.NDArray[np.float32]
Array = npt.NDArray[np.float64]

PIECE = 256, 8192  # rows and columns joined at a time


@dataclass(frozen=True)
class Block:
    """``reach``: the pixels a block covers, its overlap with the neighbours included; ``name`` says row and column."""

    name: str
    row: int
    column: int
    reach: Window


@dataclass(frozen=True)
class Layout:
    """Blocks of ``side`` pixels over a grid of ``height`` by ``width``, each reaching ``overlap`` into the next."""

    height: int
    width: int
    side: int
    overlap: int

    def blocks(self) -> list[Block]:
        return [
            Block(f"r{row:04d}c{column:04d}", row, column, Window(left, top, right - left, below - top))
            for row, (top, below) in enumerate(_reaches(self.height, self.side, self.overlap))
            for column, (left, right) in enumerate(_reaches(self.width, self.side, self.overlap))
        ]

    @property
    def largest(self) -> tuple[int, int]:
        """Rows and columns of the largest block, its overlap included."""
        rows, columns = (
            max(last - first for first, last in _reaches(length, self.side, self.overlap))
            for length in (self.height, self.width)
        )
        return rows, columns

    def neighbours(self, blocks: Sequence[Block]) -> Iterator[tuple[int, int, Window]]:
        """Pairs of blocks (positions in the list) beside or above each other, and the pixels they share."""
        place = {(block.row, block.column): number for number, block in enumerate(blocks)}
        for (row, column), number in place.items():
            for other in ((row, column + 1), (row + 1, column)):
                if other in place:
                    yield number, place[other], shared(blocks[number].reach, blocks[place[other]].reach)

    def facing(self, blocks: Sequence[Block]) -> Iterator[tuple[int, int]]:
        """Pairs of blocks (positions in the list), the last of a row and its first: neighbours around a whole body."""
        last = len(_reaches(self.width, self.side, self.overlap)) - 1
        place = {(block.row, block.column): number for number, block in enumerate(blocks)}
        for (row, column), number in place.items():
            if column == last > 0 and (row, 0) in place:
                yield number, place[row, 0]

    def meeting(self, window: Window) -> Iterator[tuple[int, int]]:
        """Rows and columns of the blocks that reach into a window."""
        ends = ((window.row, window.height, self.height), (window.column, window.width, self.width))
        rows, columns = (
            [
                number
                for number, (first, last) in enumerate(_reaches(total, self.side, self.overlap))
                if first < start + length and last > start
            ]
            for start, length, total in ends
        )
        return product(rows, columns)

    def weight(self, block: Block) -> tuple[Array, Array]:
        """Weights of a block's rows and columns: 1 inside, a ramp across each overlap; with its neighbours', 1."""
        ends = ((block.reach.row, block.reach.height, self.height), (block.reach.column, block.reach.width, self.width))
        rows, columns = (_ramp(start, length, total, self.overlap) for start, length, total in ends)
        return rows, columns


def offsets(pairs: Sequence[tuple[int, int]], steps: Array, weights: Array, count: int) -> Array:
    """Heights (count,) to add to each block so that neighbours agree: least squares over the steps between them.

    steps: mean of second less first over what each pair shares; weights: pixels that say so. Mean zero over blocks
    that hang together; a block without neighbours stays.
    """
    from scipy.sparse import coo_matrix, identity
    from scipy.sparse.linalg import spsolve

    if not pairs:
        return np.zeros(count)
    first, second = np.asarray(pairs).T
    row = np.arange(len(first))
    difference = coo_matrix(
        (np.concatenate([-np.ones(len(row)), np.ones(len(row))]), (np.tile(row, 2), np.concatenate([first, second]))),
        shape=(len(row), count),
    ).tocsr()
    scaled = difference.T.multiply(weights).tocsr()
    # A whisper of damping holds what the differences leave open: the level of each group of blocks.
    damping = 1e-9 * float(np.max(weights)) * identity(count)
    return np.asarray(spsolve((scaled @ difference + damping).tocsc(), -(scaled @ steps)))


def pieces(height: int, width: int, size: tuple[int, int] | None = None) -> list[Window]:
    """Windows of ``size`` (rows, columns; default `PIECE`) that cover a grid, row by row: what is joined at a time."""
    rows, columns = size or PIECE
    return [
        Window(left, top, min(columns, width - left), min(rows, height - top))
        for top in range(0, height, rows)
        for left in range(0, width, columns)
    ]


def joined(
    layout: Layout,
    blocks: Mapping[tuple[int, int], Block],
    read: Callable[[Block, Window], Sequence[Float]],
    piece: Window,
    added: Mapping[str, float] | None = None,
) -> list[Float]:
    """A piece of the whole: [height, sigma ...], NaN where no block knows.

    blocks: by row and column, those that know something; ``read(block, window)`` gives the bands of a window of the
    whole grid inside the block's reach. Heights (band 1) are means by `Layout.weight`, after ``added`` was added to
    each block's; further bands are errors that neighbours share, and are averaged alike.
    """
    total: list[Float] = []
    weight = np.zeros((piece.height, piece.width), np.float32)
    for block in (blocks[place] for place in layout.meeting(piece) if place in blocks):
        window = shared(piece, block.reach)
        bands = read(block, window)
        rows, columns = layout.weight(block)
        row, column = window.row - block.reach.row, window.column - block.reach.column
        share = np.outer(rows[row : row + window.height], columns[column : column + window.width]).astype(np.float32)
        share[~np.isfinite(bands[0])] = 0
        total = total or [np.zeros_like(weight) for _ in bands]
        row, column = window.row - piece.row, window.column - piece.column
        part = slice(row, row + window.height), slice(column, column + window.width)
        weight[part] += share
        for number, (sums, band) in enumerate(zip(total, bands)):
            lift = np.float32(added.get(block.name, 0.0) if added and number == 0 else 0.0)
            sums[part] += share * np.where(share > 0, band + lift, np.float32(0))
    weight[weight <= 0] = np.nan
    return [sums / weight for sums in total or [weight]]


def _reaches(length: int, side: int, overlap: int) -> list[tuple[int, int]]:
    """Ends of the blocks along an axis: whole sides, the last at least half a side long, each grown by the overlap."""
    count = max(1, round(length / side))
    edges = [min(number * side, length) for number in range(count)] + [length]
    return [
        (max(edges[number] - overlap, 0), min(edges[number + 1] + overlap, length)) for number in range(len(edges) - 1)
    ]


def _ramp(start: int, length: int, total: int, overlap: int) -> Array:
    place = np.arange(length) + 0.5
    rising = np.ones(length) if start == 0 else np.clip(place / (2 * overlap), 0, 1)
    falling = np.ones(length) if start + length == total else np.clip((length - place) / (2 * overlap), 0, 1)
    return np.asarray(np.minimum(rising, falling))


def shared(a: Window, b: Window) -> Window:
    left, top = max(a.column, b.column), max(a.row, b.row)
    right = min(a.column + a.width, b.column + b.width)
    below = min(a.row + a.height, b.row + b.height)
    return Window(left, top, right - left, below - top)
