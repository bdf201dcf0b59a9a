"""The whole pair at a fraction of its size: seeds, the field they give, and correlation from coarse to less coarse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..progress import Progress, silent, tell
from .correlation import search, windows
from .pictures import Picture, half, reduced
from .seeds import Seeds, find_seeds, seed_field
from .warp import Field, Image, Mask, opencv, sample, upsampled, window_mean

COARSE_PIXELS = 700_000  # the pair is matched whole at a scale of at most this many pixels
COARSEST = 4  # reduction from which on strips go on, where the seeds were found at no finer scale
_FIRST_PIXELS, _LEAST_SIDE = 20_000, 48  # scale at which seeds are first looked for
_ENOUGH, _PLENTY, _DENSE = 100, 350, 0.005  # seeds that are enough if they are so many of the pixels, and always
_COARSER, _WIDE = 1, 96  # levels coarser than that of the seeds to correlate from, and shorter side of these at least
_KERNEL = 11  # of the correlation search, which needs a sure answer more than a sharp one
_SCORE = 0.6  # NCC above which a coarse match is believed


@dataclass(frozen=True)
class Coarse:
    """The whole pair at 1 / ``factor`` of its size: places in B (of that size), and the seeds they grew from."""

    field: Field
    factor: int
    seeds: Seeds

    def places(self, top: int, rows: int, columns: int, step: int) -> Field:
        """Places in B, in its full pixels, of the middles of (rows, columns) blocks of ``step`` x ``step`` pixels of A
        from row ``top`` on: bilinear, continued past the rim of the field along the seeds' affine map.
        """
        cv2 = opencv()
        f = self.factor
        row = (top + (np.arange(rows, dtype=np.float32) + 0.5) * step) / f - 0.5
        column = (np.arange(columns, dtype=np.float32) + 0.5) * (step / f) - 0.5
        first = max(int(row[0]) - 2, 0)
        part = self.field[first : int(row[-1]) + 3]
        rest = part - self._affine(np.arange(first, first + len(part)), np.arange(part.shape[1]))
        at = np.empty((rows, columns, 2), np.float32)
        at[..., 0], at[..., 1] = column, (row - first)[:, None]
        fine = cv2.remap(rest, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray((fine + self._affine(row, column) + np.float32(0.5)) * f - np.float32(0.5))

    def _affine(self, row: np.ndarray, column: np.ndarray) -> Field:  # type: ignore[type-arg]
        """Where the seeds' affine map puts the rows and columns of A (at the coarse size)."""
        affine = self.seeds.affine
        out = np.empty((len(row), len(column), 2), np.float32)
        for i in (0, 1):
            out[..., i] = affine[i, 0] * column + (affine[i, 1] * row + affine[i, 2])[:, None]
        return out


@dataclass(frozen=True)
class Pyramid:
    """A picture ever smaller: level k is 1 / (``factor`` 2^k) of its size; its name."""

    factor: int
    levels: list[tuple[Image, Mask]]
    name: str


def pyramid(source: Picture, factor: int, depth: int) -> Pyramid:
    levels = [reduced(source, factor)]
    for _ in range(depth):
        if min(levels[-1][0].shape) < 2:
            raise InputError(f"{source.name} has too few lines or samples to be matched.")
        levels.append(half(*levels[-1]))
    return Pyramid(factor, levels, source.name)


def scales(a: Picture) -> tuple[int, int]:
    """Reduction of the finest level of A's pyramid, and how many coarser ones there are."""
    factor = 1
    while a.rows * a.columns > COARSE_PIXELS * factor**2:
        factor *= 2
    depth = 0
    while _halves(a, factor << depth):
        depth += 1
    return factor, depth


def _halves(a: Picture, factor: int) -> bool:
    side = min(a.rows, a.columns) // (2 * factor)
    return side >= _LEAST_SIDE and a.rows * a.columns > _FIRST_PIXELS * factor**2


def coarse_match(a: Pyramid, b: Pyramid, progress: Progress = silent) -> Coarse:
    """SIFT seeds at the coarsest scale that has enough of them, their offsets spread over A, then correlation."""
    seeds, level = _seeds(a, b, progress)
    tell(progress, 0.7, "Coarse matching")
    last = min(level, max(COARSEST // a.factor, 1).bit_length() - 1)
    first = level
    while first + 1 < len(a.levels) and first < level + _COARSER and min(a.levels[first + 1][0].shape) >= _WIDE:
        first, seeds = first + 1, seeds.rescaled(0.5)
    field = seed_field(seeds, *a.levels[first][0].shape)
    for depth in range(first, last - 1, -1):
        images = *a.levels[depth], *b.levels[depth]
        if depth < first:
            field, seeds = upsampled(field, *images[0].shape), seeds.rescaled(2.0)
        # The seeds' field may be off by more than one search reaches.
        for _ in range(1 if depth < first else 2):
            field = settled(*images, field, 3 if depth >= level else 2)
    return Coarse(field, a.factor << last, seeds)


def _seeds(a: Pyramid, b: Pyramid, progress: Progress) -> tuple[Seeds, int]:
    """Seeds and the level that they were found at."""
    found: list[tuple[Seeds, int]] = []
    for level in range(len(a.levels) - 1, -1, -1):
        tell(progress, 0.3 + 0.4 * (1 - (level + 1) / len(a.levels)), "Seeds")
        try:
            seeds = find_seeds(*a.levels[level], *b.levels[level], names=(a.name, b.name))
        except InputError:
            if level == 0 and not found:
                raise
            continue
        found.append((seeds, level))
        if len(seeds.a) >= min(max(_ENOUGH, _DENSE * a.levels[level][0].size), _PLENTY):
            return seeds, level
    return max(found, key=lambda seen: len(seen[0].a))


def settled(image_a: Image, valid_a: Mask, image_b: Image, valid_b: Mask, field: Field, radius: int) -> Field:
    """Search by correlation, believe what correlates, and carry it smoothly over the rest."""
    found, score = search(windows(image_a, _KERNEL), image_b, field, (radius, radius))
    good = (score > _SCORE) & valid_a
    good &= sample(valid_b.astype(np.float32), found, cubic=False) > 0.99
    move = np.where(good[..., None], found - field, 0).astype(np.float32)
    return field + spread(move, good)


def spread(values: Field, known: Mask) -> Field:
    """Median-filtered values where known; smooth ones elsewhere, from means in ever larger windows."""
    cv2 = opencv()
    calm = np.stack([cv2.medianBlur(np.ascontiguousarray(values[..., i]), 5) for i in (0, 1)], axis=-1)
    weight = known.astype(np.float32)
    result, done = np.zeros_like(values), np.zeros(known.shape, bool)
    size, end = 5, 2 * max(known.shape)
    while size < end and not done.all():
        mass = window_mean(weight, size)
        ready = (mass > 0.3) & ~done
        result[ready] = (window_mean(calm * weight[..., None], size) / np.maximum(mass, 1e-6)[..., None])[ready]
        done |= ready
        size = 2 * size + 1
    return result
