"""Dense matching: seeds, correlation at coarse scales, least squares of the whole field from half to full resolution,
left-right check.

A strip of lines at a time, two strips at once, so memory does not grow with the length of the orbit; only a coarse
field of the whole pair is kept.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from dataclasses import dataclass
from threading import Event

import numpy as np
import numpy.typing as npt

from ..errors import CancelledError
from ..memory import give_back, reuse_freed
from ..progress import Progress, part, silent, tell
from .coarse import Coarse, coarse_match, pyramid, scales
from .multipoint import Adjustment, Refined, node_grid
from .nodes import SPACING
from .pictures import Picture, filled, half, lit, picture, seen
from .returning import inverse, returns
from .warp import Field, Image, Mask, halved, opencv, upsampled

__all__ = ["Matches", "Options", "Picture", "coarse_fields", "match", "match_views", "picture"]

Float32 = npt.NDArray[np.float32]

STRIP = 480  # lines matched at once at full resolution
MARGIN = 40  # lines beyond a strip that its smoothing reaches into
BLEND = 16  # lines on either side of a border, over which the matches of a strip pass into those of the next
_LEAST_SURE = 1.0  # sigma in pixels of a component from which on a match is none
_MOST_STEPS = 6  # of least squares at half, and at full resolution
_CALM, _CALM_BACK = 0.2, 0.3  # movement (pixels, of most nodes) that ends them; and of the left-right check
_RETURN_PX = 1.0  # the way there and back may differ by this much
_ASK = 0.2  # seconds after which a cancel is looked for again
_MB_A_PIXEL = 55e-6, 95e-6  # of a strip with its margins: of A, of each other image (measured, 500 to 5,000 columns)


def strips_mb(columns: int, others: int) -> float:
    """What the strips at work take of memory, MB, for an image A of so many columns matched with ``others``."""
    return _workers() * (STRIP + 2 * MARGIN) * columns * (_MB_A_PIXEL[0] + _MB_A_PIXEL[1] * others)


def _workers() -> int:
    """Strips matched at once."""
    return min(os.cpu_count() or 1, 4)


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

    def bands(self) -> tuple[Float32, ...]:
        """All arrays, in the order of the fields."""
        return self.sample_shift, self.line_shift, self.score, self.sigma, self.sample_sigma, self.line_sigma

    def of_rows(self, rows: slice) -> Matches:
        """Some rows; ``overlap`` stays."""
        return Matches(self.overlap, *(band[rows] for band in self.bands()))


@dataclass(frozen=True)
class Options:
    """``kernel``: side of the window, odd, in which grey is compared less its mean; ``threshold``: least NCC there."""

    kernel: int = 11
    threshold: float = 0.7


def match(a: Picture, b: Picture, options: Options | None = None, progress: Progress = silent) -> Iterator[Matches]:
    """Match A with B strip by strip; the strips, joined row-wise, cover A.

    Raises `InputError` when the images are blank, do not overlap, or are mirrored.
    """
    return (found for (found,) in match_views(a, [b], options, progress))


def match_views(
    a: Picture,
    others: Sequence[Picture],
    options: Options | None = None,
    progress: Progress = silent,
    coarse: Sequence[Coarse] | None = None,
) -> Iterator[list[Matches]]:
    """Match A with one or more ``others`` of one flight together, strip by strip; a list of one for each of them.

    Relief moves a place in all of them by one height, so three views know it better than two. ``coarse``: their
    `coarse_fields`, where these are there already.
    """
    if coarse is None:
        coarse, progress = coarse_fields(a, others, part(progress, 0.0, 0.3)), part(progress, 0.3, 1.0)
    return _joined(_strips(a, others, coarse, options or Options(), progress))


def coarse_fields(a: Picture, others: Sequence[Picture], progress: Progress = silent) -> list[Coarse]:
    """The fields of all pairs at a coarse scale."""
    reuse_freed()
    small = pyramid(a, *scales(a))
    share = 1 / len(others)
    found = []
    with _one_thread_each():
        for i, b in enumerate(others):
            tell(progress, share * i, "Reading")
            reduced = pyramid(b, small.factor, len(small.levels) - 1)
            found.append(coarse_match(small, reduced, part(progress, share * i, share * (i + 1))))
    give_back()  # the threads of the strips have places of their own
    return found


def _strips(
    a: Picture, others: Sequence[Picture], coarse: Sequence[Coarse], options: Options, progress: Progress
) -> Generator[tuple[slice, list[Matches]], None, None]:
    """Matches of each strip and of `BLEND` lines about it; which rows of them are the strip's own."""
    reuse_freed()
    workers = _workers()
    count = -(-a.rows // STRIP)
    bounds = [a.rows * i // count for i in range(count + 1)]
    waiting: deque[tuple[slice, Future[list[Matches]]]] = deque()
    stop = Event()

    def done(number: int) -> tuple[slice, list[Matches]]:
        own, future = waiting.popleft()
        while not wait([future], _ASK).done:
            tell(progress, max(number - workers, 0) / count, "Matching")
        return own, future.result()

    with _one_thread_each(), ThreadPoolExecutor(workers) as pool:
        try:
            for number, (first, last) in enumerate(zip(bounds, bounds[1:])):
                tell(progress, max(number - workers, 0) / count, "Matching")
                strip, views = _read_strip(a, others, coarse, first, last)
                waiting.append((strip.own, pool.submit(_strip, strip, views, options, stop)))
                if len(waiting) == workers:
                    yield done(number)
            while waiting:
                yield done(count)
        finally:  # strips that nobody waits for any more end at their next step
            stop.set()


def _joined(strips: Generator[tuple[slice, list[Matches]], None, None]) -> Iterator[list[Matches]]:
    """Each strip's own rows, blended with its neighbours' about their border.

    Strips are matched apart; there they differ by some hundredths of a pixel, which would stand in a DTM as a scarp.
    """
    earlier: tuple[slice, list[Matches]] | None = None
    with closing(strips):
        for own, found in strips:
            if earlier:
                for before, behind in zip(earlier[1], found):
                    _blend(before, earlier[0].stop, behind, own.start)
                yield [matches.of_rows(earlier[0]) for matches in earlier[1]]
            earlier = own, found
    if earlier:
        yield [matches.of_rows(earlier[0]) for matches in earlier[1]]


def _blend(before: Matches, end: int, behind: Matches, start: int) -> None:
    """Let the matches pass into each other about a border, before row ``end`` of the one and ``start`` of the other.

    What is a match is left to the strip whose row it is.
    """
    weight = ((np.arange(2 * BLEND, dtype=np.float32) + np.float32(0.5)) / (2 * BLEND))[:, None]
    for one, other in zip(before.bands(), behind.bands()):
        above, below = one[end - BLEND : end + BLEND], other[start - BLEND : start + BLEND]
        mixed = above + weight * (below - above)
        both = np.isfinite(mixed)
        np.copyto(above[:BLEND], mixed[:BLEND], where=both[:BLEND])
        np.copyto(below[BLEND:], mixed[BLEND:], where=both[BLEND:])


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


@dataclass(frozen=True)
class _View:
    """Another image about the place of a strip of A: some rows of it, the first one's number less that of the strip's
    first, and where the nodes of A at half resolution should lie in them at half resolution.
    """

    image: Image
    valid: Mask
    ahead: int
    places: Field


@dataclass(frozen=True)
class _Strip:
    """Rows of A with a margin on either side, of which ``kept`` are the strip's own, and ``reach`` are wanted."""

    image: Image
    valid: Mask
    kept: slice
    reach: slice

    @property
    def own(self) -> slice:
        """The strip's own rows among those that are wanted."""
        return slice(self.kept.start - self.reach.start, self.kept.stop - self.reach.start)


def _read_strip(
    a: Picture, others: Sequence[Picture], coarse: Sequence[Coarse], first: int, last: int
) -> tuple[_Strip, list[_View | None]]:
    """A's rows ``first`` to ``last`` with what the others show of them (None for nothing)."""
    top, bottom = max(first - MARGIN, 0), min(last + MARGIN, a.rows)
    nodes = node_grid((bottom - top) // 2, a.columns // 2)
    views: list[_View | None] = []
    for b, start in zip(others, coarse):
        places = start.places(top, *nodes, 2 * SPACING)
        inside = _within(places, b.rows, b.columns)
        if not inside.any():
            views.append(None)
            continue
        lines = places[..., 1][inside]
        around = 8 + MARGIN
        begin = max(int(lines.min()) - around, 0)
        rows = seen(b, begin, min(int(lines.max()) + around + 1, b.rows))
        places[..., 1] -= begin
        views.append(_View(*rows, begin - top, np.asarray((places - np.float32(0.5)) / 2)))
    reach = slice(max(first - BLEND, 0) - top, min(last + BLEND, a.rows) - top)
    return _Strip(*seen(a, top, bottom), slice(first - top, last - top), reach), views


def _strip(strip: _Strip, views: list[_View | None], options: Options, stop: Event) -> list[Matches]:
    """Match a strip of A with all views that show it."""
    shown = [view for view in views if view is not None]
    found = iter(_match_strip(strip, shown, options, stop) if shown else [])
    nothing = np.full((strip.reach.stop - strip.reach.start, strip.image.shape[1]), np.nan, np.float32)
    results = []
    for view in views:
        if view is None:
            results.append(Matches(0, *[nothing] * 6))
            continue
        results.append(_matches(strip, view, *next(found), options))
    return results


def _matches(strip: _Strip, view: _View, found: Refined, returned: Mask, options: Options) -> Matches:
    """What is a match of the rows that are wanted; ``returned``: the pixels that come back to where they started."""
    rows = strip.reach
    field, sigma, score = found.field[rows], found.sigma[rows], found.score[rows]
    inside = _within(field, *view.image.shape)
    good = inside & found.used[rows] & returned[rows] & (score >= options.threshold)
    good &= (sigma[..., 0] < _LEAST_SURE) & (sigma[..., 1] < _LEAST_SURE)
    missing = np.where(good, np.float32(0), np.float32(np.nan))
    across, down = sigma[..., 0] + missing, sigma[..., 1] + missing
    both = across**2
    both += down**2
    both /= 2
    sample_shift = field[..., 0] - np.arange(field.shape[1], dtype=np.float32)
    sample_shift += missing
    line_shift = field[..., 1] - np.arange(rows.start, rows.stop, dtype=np.float32)[:, None]
    line_shift += np.float32(view.ahead)
    line_shift += missing
    overlap = np.count_nonzero(inside[strip.own] & strip.valid[strip.kept])
    return Matches(overlap, sample_shift, line_shift, score + missing, np.sqrt(both, out=both), across, down)


def _match_strip(strip: _Strip, views: Sequence[_View], options: Options, stop: Event) -> list[tuple[Refined, Mask]]:
    """Match a strip from places that are right to a few pixels; each result with the pixels that come back."""

    def settle(adjustment: Adjustment, calm: float) -> None:
        for _ in range(_MOST_STEPS):
            if stop.is_set():
                raise CancelledError()
            if adjustment.step() < calm:
                break

    # Windows that reach over nodata see smooth ground there, not an edge that would pull them.
    a = filled(strip.image, strip.valid), lit(strip.image, strip.valid)
    others = [(filled(view.image, view.valid), lit(view.image, view.valid)) for view in views]
    halves = [half(*pair) for pair in (a, *others)]
    coarser = Adjustment(*halves[0], halves[1:], [view.places for view in views], options.kernel, coarse=True)
    settle(coarser, _CALM)
    grid = node_grid(*strip.image.shape)
    finest = Adjustment(*a, others, [upsampled(places, *grid) for places in coarser.places], options.kernel)
    settle(finest, _CALM)
    refined = finest.last_step()
    del a, others, coarser, finest
    results = []
    for found, view, small in zip(refined, views, halves[1:]):
        start = inverse(view.places, *node_grid(*small[0].shape))
        back = Adjustment(*small, halves[:1], [start], options.kernel, coarse=True)
        settle(back, _CALM_BACK)
        there = np.asarray((halved(found.field) - np.float32(0.5)) / 2)
        returned = returns(there, back.fields[0], _RETURN_PX / 2)
        results.append((found, _doubled(returned, strip.image.shape)))
    return results


def _doubled(mask: Mask, shape: tuple[int, ...]) -> Mask:
    """A mask of the halved image at full size."""
    cv2 = opencv()
    return np.asarray(cv2.resize(mask.astype(np.uint8), shape[::-1], interpolation=cv2.INTER_NEAREST) > 0)


def _within(field: Field, rows: int, columns: int) -> Mask:
    """Which places lie in an image of that size."""
    across, down = field[..., 0], field[..., 1]
    return np.asarray((across > -0.5) & (across < columns - 0.5) & (down > -0.5) & (down < rows - 0.5))
