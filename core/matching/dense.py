"""Dense matching of a pair: seeds, coarse-to-fine correlation, least squares, left-right check.

A strip of lines at a time, so memory does not grow with the length of the orbit; only a coarse field of the whole pair
is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..progress import Progress, part, silent, tell
from ..terrain.pyramid import fill_invalid
from .refine import Refined, adaptive, least_squares, search, windows
from .seeds import Seeds, find_seeds, seed_field
from .warp import Field, Image, Mask, halved, identity, opencv, sample, upsampled, window_mean

Float32 = npt.NDArray[np.float32]
Reader = Callable[[int, int], tuple[Image, Mask]]  # first row, row past the last -> grey and validity

COARSE_PIXELS = 700_000  # the pair is first matched whole, at a scale of at most this many pixels
STRIP = 768  # lines matched at once at full resolution
MARGIN = 48  # lines beyond a strip that its windows reach into
_SEARCH_KERNEL = 11  # of the correlation search, which needs a sure answer more than a sharp one
_COARSE_SCORE = 0.6  # NCC above which a coarse match is believed
_RETURN_PX = 1.0  # the way there and back may differ by this much


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
    of a component of the position in pixels.
    """

    sample_shift: Float32
    line_shift: Float32
    score: Float32
    sigma: Float32


@dataclass(frozen=True)
class Options:
    """``kernel`` and ``largest_kernel``: sides of the smallest and largest window, odd; ``threshold``: least NCC."""

    kernel: int = 9
    largest_kernel: int = 37
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
    options = options or Options()
    coarse = coarse_match(a, b, part(progress, 0.0, 0.25))
    for first in range(0, a.rows, STRIP):
        tell(progress, 0.25 + 0.75 * first / a.rows, "Matching")
        yield _strip(a, b, coarse, first, min(first + STRIP, a.rows), options)


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
        for _ in range(2):
            field = _settled(image_a, valid_a, image_b, valid_b, field)
    return Coarse(field, factor, seeds)


def _strip(a: Picture, b: Picture, coarse: Coarse, first: int, last: int, options: Options) -> Matches:
    """Rows ``first`` to ``last`` of A at full resolution, with a margin on either side that is cut off again."""
    top, bottom = max(first - MARGIN, 0), min(last + MARGIN, a.rows)
    field = _at_full_size(coarse, top, bottom, a.columns)
    inside = (field[..., 0] > -1) & (field[..., 0] < b.columns) & (field[..., 1] > -1) & (field[..., 1] < b.rows)
    if not inside.any():
        return Matches(*(np.full((last - first, a.columns), np.nan, np.float32) for _ in range(4)))
    reach = 8 + MARGIN
    start = max(int(field[..., 1][inside].min()) - reach, 0)
    stop = min(int(field[..., 1][inside].max()) + reach + 1, b.rows)
    image_a, valid_a = a.read(top, bottom)
    image_b, valid_b = b.read(start, stop)
    found = match_arrays(image_a, valid_a, image_b, valid_b, field - np.array([0, start], np.float32), options)
    kept = slice(first - top, last - top)
    return Matches(
        found.sample_shift[kept], found.line_shift[kept] + np.float32(start - top), found.score[kept], found.sigma[kept]
    )


def match_arrays(
    image_a: Image, valid_a: Mask, image_b: Image, valid_b: Mask, field: Field, options: Options
) -> Matches:
    """Match two images held in memory from a field that is right to a few pixels."""
    # Windows that reach over nodata see smooth ground there, not an edge that would pull them.
    image_a, image_b = fill_invalid(image_a, valid_a), fill_invalid(image_b, valid_b)
    field = _settled(image_a, valid_a, image_b, valid_b, field)
    field, _ = search(windows(image_a, _SEARCH_KERNEL), image_b, field, (2, 2))
    found = adaptive(image_a, image_b, field, options.kernel, options.largest_kernel)
    good = _sound(image_a, valid_a, options.kernel) & (found.score >= options.threshold)
    sound_b = _sound(image_b, valid_b, options.kernel).astype(np.float32)
    good &= sample(sound_b, found.field, cubic=False) > 0.99
    good &= _returns(image_a, image_b, found, options)
    shift = found.field - identity(*image_a.shape)
    sigma = np.sqrt((found.sigma**2).mean(axis=-1))
    bands = (shift[..., 0], shift[..., 1], found.score, sigma)
    return Matches(*(np.where(good, band, np.nan).astype(np.float32) for band in bands))


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


def _returns(image_a: Image, image_b: Image, found: Refined, options: Options) -> Mask:
    """Left-right check: matched from B's side, does a match come back to where it started?"""
    rows, columns = image_b.shape
    back = _inverse(found.field, rows, columns)
    known = np.isfinite(back[..., 0])
    back = np.where(known[..., None], back, 0).astype(np.float32)
    kernel = max(options.kernel, 15)
    back, _ = search(windows(image_b, kernel), image_a, back, (1, 1))
    back = least_squares(windows(image_b, kernel), image_a, back, 1).field
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


def _sound(image: Image, valid: Mask, kernel: int) -> Mask:
    """Pixels whose window is valid and neither in shadow (black) nor saturated."""
    cv2 = opencv()
    sound = valid & (image > 0)
    if sound.any():
        grey = image[sound]
        floor, top = 0.05 * float(np.median(grey)), float(grey.max())
        sound &= image > floor
        full = image >= top
        if np.count_nonzero(full) > 1e-4 * full.size:  # more than a chance maximum: the sensor's ceiling
            sound &= ~full
    return np.asarray(cv2.erode(sound.astype(np.uint8), np.ones((kernel, kernel), np.uint8)) > 0)


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
