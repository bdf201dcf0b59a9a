"""Dense matching: seeds, correlation from coarse to fine, least squares of the whole field, left-right check.

A strip of lines at a time, two strips at once, so memory does not grow with the length of the orbit; only a coarse
field of the whole pair is kept.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..progress import Progress, part, silent, tell
from ..terrain.pyramid import fill_invalid
from .correlation import search, windows
from .multipoint import Refined, refine
from .seeds import Seeds, find_seeds, seed_field
from .warp import Field, Image, Mask, halved, identity, opencv, sample, upsampled, window_mean

Float32 = npt.NDArray[np.float32]
Reader = Callable[[int, int], tuple[Image, Mask]]  # first row, row past the last -> grey and validity

COARSE_PIXELS = 700_000  # the pair is first matched whole, at a scale of at most this many pixels
STRIP = 480  # lines matched at once at full resolution
MARGIN = 40  # lines beyond a strip that its smoothing reaches into
_SEARCH_KERNEL = 11  # of the correlation search, which needs a sure answer more than a sharp one
_COARSE_SCORE = 0.6  # NCC above which a coarse match is believed
_RETURN_PX = 1.0  # the way there and back may differ by this much
_RETURN_KERNEL = 15
_LEAST_SURE = 0.5  # sigma in pixels of a component from which on a match is none
_ITERATIONS = (3, 6)  # of least squares at half and at full resolution


@dataclass(frozen=True)
class Picture:
    """An image to match: its size and a reader of rows (grey float32, validity)."""

    rows: int
    columns: int
    read: Reader


@dataclass(frozen=True)
class Matches:
    """Matches on image A's grid, (h, w) float32 each, NaN where there is none.

    Position in B = position in A + (``sample_shift``, ``line_shift``); ``score`` is the NCC, ``sigma`` the 1-sigma
    of a component of the position in pixels (root mean square of ``sample_sigma`` and ``line_sigma``). ``overlap``
    counts the valid pixels of A that lie in B, matched or not.
    """

    overlap: int
    sample_shift: Float32
    line_shift: Float32
    score: Float32
    sigma: Float32
    sample_sigma: Float32
    line_sigma: Float32


@dataclass(frozen=True)
class Options:
    """``kernel``: side of the window, odd, in which grey is compared less its mean; ``threshold``: least NCC there."""

    kernel: int = 11
    threshold: float = 0.8


def picture(grey: npt.ArrayLike, valid: npt.ArrayLike | None = None) -> Picture:
    """A picture held in memory; non-finite grey is invalid."""
    image = np.asarray(grey, np.float32)
    mask = np.isfinite(image) if valid is None else np.asarray(valid, bool) & np.isfinite(image)
    image = np.where(mask, image, 0)
    return Picture(image.shape[0], image.shape[1], lambda first, last: (image[first:last], mask[first:last]))


@dataclass(frozen=True)
class Coarse:
    """The whole pair at 1 / ``factor`` of its size: places in B (of that size), and the seeds they grew from."""

    field: Field
    factor: int
    seeds: Seeds

    def affine(self, places: Field) -> Field:
        """Where the seeds' affine map puts places of A (both at the coarse size)."""
        return np.asarray(places @ self.seeds.affine[:, :2].T + self.seeds.affine[:, 2], np.float32)


def match(a: Picture, b: Picture, options: Options | None = None, progress: Progress = silent) -> Iterator[Matches]:
    """Match A with B strip by strip; the strips, joined row-wise, cover A.

    Raises `InputError` when the images are blank, do not overlap, or are mirrored.
    """
    return (found for (found,) in match_views(a, [b], options, progress))


def match_views(
    a: Picture, others: Sequence[Picture], options: Options | None = None, progress: Progress = silent
) -> Iterator[list[Matches]]:
    """Match A with one or more ``others`` of one flight together, strip by strip; a list of one for each of them.

    Relief moves a place in all of them by one height, so three views know it better than two.
    """
    options = options or Options()
    share = 0.3 / len(others)
    coarse = [coarse_match(a, b, part(progress, share * i, share * (i + 1))) for i, b in enumerate(others)]
    workers = min(os.cpu_count() or 1, 4)
    with _one_thread_each(), ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[list[Matches]]] = deque()
        count = -(-a.rows // STRIP)
        bounds = [a.rows * i // count for i in range(count + 1)]
        for number, (first, last) in enumerate(zip(bounds, bounds[1:])):
            tell(progress, 0.3 + 0.7 * max(number - workers, 0) / count, "Matching")
            waiting.append(pool.submit(_strip, *_read_strip(a, others, coarse, first, last), options))
            if len(waiting) == workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """OpenCV on one thread: the strips fill the cores already."""
    cv2 = opencv()
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)


def coarse_match(a: Picture, b: Picture, progress: Progress = silent) -> Coarse:
    """SIFT seeds, their offsets spread over A, then correlation from coarse to less coarse."""
    factor = 1
    while a.rows * a.columns > COARSE_PIXELS * factor**2:
        factor *= 2
    small_a, small_b = _reduced(a, factor), _reduced(b, factor)
    tell(progress, 0.3, "Seeds")
    seeds = find_seeds(*small_a, *small_b)
    tell(progress, 0.7, "Coarse matching")
    field = seed_field(seeds, *small_a[0].shape)
    levels = [(*small_a, *small_b)]
    while min(levels[-1][0].shape) >= 192 and len(levels) < 3:
        image_a, valid_a, image_b, valid_b = levels[-1]
        levels.append((*_half(image_a, valid_a), *_half(image_b, valid_b)))
        field = _halved_field(field)
    for depth, (image_a, valid_a, image_b, valid_b) in enumerate(reversed(levels)):
        if depth:
            field = upsampled(field, *image_a.shape)
        for _ in range(1 if depth else 2):  # the seeds' field may be off by more than one search reaches
            field = _settled(image_a, valid_a, image_b, valid_b, field)
    return Coarse(field, factor, seeds)


@dataclass(frozen=True)
class _View:
    """Another image about the place of a strip of A: some rows of it, the first one's number less that of the strip's
    first, and where A's pixels should lie in them.
    """

    image: Image
    valid: Mask
    ahead: int
    field: Field


def _read_strip(
    a: Picture, others: Sequence[Picture], coarse: Sequence[Coarse], first: int, last: int
) -> tuple[Image, Mask, list[_View | None], slice, int]:
    """A's rows ``first`` to ``last`` with a margin on either side, what the others show of them (None for nothing),
    which rows are wanted, and the factor of the coarsest field.
    """
    top, bottom = max(first - MARGIN, 0), min(last + MARGIN, a.rows)
    image, valid = a.read(top, bottom)
    views: list[_View | None] = []
    for b, start_field in zip(others, coarse):
        field = _at_full_size(start_field, top, bottom, a.columns)
        inside = _within(field, b.rows, b.columns)
        if not inside.any():
            views.append(None)
            continue
        reach = 8 + MARGIN
        start = max(int(field[..., 1][inside].min()) - reach, 0) // 2 * 2
        rows = b.read(start, min(int(field[..., 1][inside].max()) + reach + 1, b.rows))
        views.append(_View(*rows, start - top, field - np.array([0, start], np.float32)))
    return image, valid, views, slice(first - top, last - top), max(c.factor for c in coarse)


def _strip(
    image: Image, valid: Mask, views: list[_View | None], kept: slice, factor: int, options: Options
) -> list[Matches]:
    """Match a strip of A with all views that show it."""
    shown = [view for view in views if view is not None]
    found = iter(match_arrays(image, valid, shown, factor > 1, options) if shown else [])
    nothing = np.full((kept.stop - kept.start, image.shape[1]), np.nan, np.float32)
    results = []
    for view in views:
        if view is None:
            results.append(Matches(0, *[nothing] * 6))
            continue
        refined, good = next(found)
        shift = refined.field - identity(*image.shape)
        bands = [shift[..., 0], shift[..., 1] + np.float32(view.ahead), refined.score]
        bands += [np.sqrt((refined.sigma**2).mean(axis=-1)), refined.sigma[..., 0], refined.sigma[..., 1]]
        overlap = int((_within(refined.field, *view.image.shape) & valid)[kept].sum())
        kept_bands = [np.where(good, band, np.nan)[kept].astype(np.float32) for band in bands]
        results.append(Matches(overlap, *kept_bands))
    return results


def match_arrays(
    image_a: Image, valid_a: Mask, views: Sequence[_View], halve: bool, options: Options
) -> list[tuple[Refined, Mask]]:
    """Match a strip from fields that are right to a few pixels; each result with the mask of what is a match.

    ``halve``: settle at half the resolution first, as fields from a coarser one ask for.
    """
    lit_a = _lit(image_a, valid_a)
    lit = [_lit(view.image, view.valid) for view in views]
    # Windows that reach over nodata see smooth ground there, not an edge that would pull them.
    filled_a = fill_invalid(image_a, valid_a)
    filled = [fill_invalid(view.image, view.valid) for view in views]
    fields = [view.field for view in views]
    if halve:
        half_a, halves = _half(filled_a, lit_a), [_half(*pair) for pair in zip(filled, lit)]
        fields = [_settled(*half_a, *half, _halved_field(field)) for half, field in zip(halves, fields)]
        found = refine(*half_a, halves, fields, options.kernel, _ITERATIONS[0])
        fields = [upsampled(result.field, *image_a.shape) for result in found]
    else:
        fields = [_settled(filled_a, lit_a, b, lit_b, field) for b, lit_b, field in zip(filled, lit, fields)]
    found = refine(filled_a, lit_a, list(zip(filled, lit)), fields, options.kernel, _ITERATIONS[1])
    results = []
    for result, image_b, lit_b in zip(found, filled, lit):
        good = result.used & (result.score >= options.threshold) & (result.sigma < _LEAST_SURE).all(axis=-1)
        good &= _within(result.field, *image_b.shape)
        results.append((result, good & _returns(filled_a, lit_a, image_b, lit_b, result, options)))
    return results


def _settled(image_a: Image, valid_a: Mask, image_b: Image, valid_b: Mask, field: Field) -> Field:
    """Search by correlation, believe what correlates, and carry it smoothly over the rest."""
    found, score = search(windows(image_a, _SEARCH_KERNEL), image_b, field, (3, 3))
    good = (score > _COARSE_SCORE) & valid_a
    good &= sample(valid_b.astype(np.float32), found, cubic=False) > 0.99
    move = np.where(good[..., None], found - field, 0).astype(np.float32)
    return field + _spread(move, good)


def _spread(values: Field, known: Mask) -> Field:
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


def _returns(image_a: Image, lit_a: Mask, image_b: Image, lit_b: Mask, found: Refined, options: Options) -> Mask:
    """Left-right check: matched from B's side, does a match come back to where it started?"""
    rows, columns = image_b.shape
    back = _inverse(found.field, rows, columns)
    known = np.isfinite(back[..., 0])
    if not known.any():
        return known[: image_a.shape[0], : image_a.shape[1]] & False
    back = _spread(np.where(known[..., None], back, 0).astype(np.float32), known)
    back, _ = search(windows(image_b, _RETURN_KERNEL), image_a, back, (1, 1))
    back = refine(image_b, lit_b & known, [(image_a, lit_a)], [back], options.kernel, 2)[0].field
    here = sample(np.where(known[..., None], back, 1e6).astype(np.float32), found.field, cubic=False)
    return np.asarray(np.abs(here - identity(*image_a.shape)).max(axis=-1) <= _RETURN_PX)


def _inverse(field: Field, rows: int, columns: int) -> Field:
    """The field from B to A, (rows, columns, 2); NaN where A does not reach."""
    jacobian = np.stack([np.gradient(field, axis=1), np.gradient(field, axis=0)], axis=-1)
    (a, b), (c, d) = (jacobian[..., 0, 0], jacobian[..., 0, 1]), (jacobian[..., 1, 0], jacobian[..., 1, 1])
    determinant = a * d - b * c
    column, row = np.rint(field[..., 0]).astype(int), np.rint(field[..., 1]).astype(int)
    inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows) & (np.abs(determinant) > 0.1)
    east, south = field[..., 0] - column, field[..., 1] - row  # what rounding took away, undone to first order
    safe = np.where(inside, determinant, 1)
    undone = np.stack([(d * east - b * south) / safe, (a * south - c * east) / safe], axis=-1)
    out = np.full((rows, columns, 2), np.nan, np.float32)
    out[row[inside], column[inside]] = (identity(*field.shape[:2]) - undone)[inside]
    gap = np.isnan(out[..., 0])
    mass = window_mean((~gap).astype(np.float32), 3)
    mean = window_mean(np.where(gap[..., None], 0, out), 3) / np.maximum(mass, 1e-6)[..., None]
    return np.asarray(np.where((gap & (mass > 0))[..., None], mean, out), np.float32)


def _within(field: Field, rows: int, columns: int) -> Mask:
    """Which places lie in an image of that size."""
    return np.asarray((field > -0.5).all(axis=-1) & (field[..., 0] < columns - 0.5) & (field[..., 1] < rows - 0.5))


def _lit(image: Image, valid: Mask) -> Mask:
    """Valid pixels neither in shadow (black) nor saturated, nor beside such ones."""
    cv2 = opencv()
    lit = valid & (image > 0)
    if lit.any():
        grey = image[lit]
        floor, top = 0.05 * float(np.median(grey)), float(grey.max())
        lit &= image > floor
        full = image >= top
        if np.count_nonzero(full) > 1e-4 * full.size:  # more than a chance maximum: the sensor's ceiling
            lit &= ~full
    return np.asarray(cv2.erode(lit.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)


def _reduced(source: Picture, factor: int, block: int = 2048) -> tuple[Image, Mask]:
    """The whole picture at 1 / ``factor`` of its size, read a block of rows at a time."""
    parts = []
    for first in range(0, source.rows // factor * factor, block):
        image, valid = source.read(first, min(first + block, source.rows // factor * factor))
        size = factor
        while size > 1:
            image, valid = _half(image, valid)
            size //= 2
        parts.append((image, valid))
    if not parts:
        raise InputError("An image has too few lines to be matched.")
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


def _half(image: Image, valid: Mask) -> tuple[Image, Mask]:
    mass = halved(valid.astype(np.float32))
    total = halved(np.where(valid, image, 0).astype(np.float32))
    return np.asarray(total / np.maximum(mass, 0.25), np.float32), mass >= 0.5


def _halved_field(field: Field) -> Field:
    """A field brought to the halved images: mean of the places of four pixels, in B's halved pixels."""
    parts = np.stack([halved(np.ascontiguousarray(field[..., i])) for i in (0, 1)], axis=-1)
    return np.asarray((parts - 0.5) / 2, np.float32)


def _at_full_size(coarse: Coarse, top: int, bottom: int, columns: int) -> Field:
    """Rows ``top`` to ``bottom`` of the coarse field at full resolution, bilinear, continued past its rim."""
    cv2 = opencv()
    f = coarse.factor
    row = (np.arange(top, bottom, dtype=np.float32) + 0.5) / f - 0.5
    column = (np.arange(columns, dtype=np.float32) + 0.5) / f - 0.5
    places = np.stack(np.meshgrid(column, row), axis=-1)
    rest = coarse.field - coarse.affine(identity(*coarse.field.shape[:2]))
    at = np.clip(places, 0, np.array([rest.shape[1] - 1, rest.shape[0] - 1], np.float32))
    fine = cv2.remap(rest, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) + coarse.affine(places)
    return np.asarray((fine + 0.5) * f - 0.5, np.float32)
