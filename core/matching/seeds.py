"""SIFT seeds between two images, checked by geometry; they say how B lies over A (turned, scaled, mirrored)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..products import product
from ..terrain.interpolators import sector_shepard
from ..threads import in_order
from .warp import Field, Image, Mask, opencv

Array = npt.NDArray[np.float64]

LEAST = 12  # verified seeds without which nothing is matched
_RATIO = 0.8  # Lowe (2004), section 7.1
_ROWS = 256  # words compared with all others at once
_BOTH = 100_000  # pixels of both images below which SIFT, which takes 200 to 300 bytes for each, sees them at once
_AT_ONCE = 256  # seeds whose neighbours are looked for together
_DISTANCE = 300.0  # between descriptors of length 512; the ratio and the geometry do the choosing
_NARROW = 0.1  # of the shorter side: what relief may move a seed by where images are long and narrow
_TRIALS = 5000, 20_000  # of RANSAC, with the whole tolerance and with the narrow one
_BEYOND_CHANCE = 3.0  # times as many pairs as chance puts on a map have to lie on it
_STRETCH = 4.0  # no map between two images is wider along one axis than this many times along the other


@dataclass(frozen=True)
class Seeds:
    """Verified matches: places in A and B (n, 2) as column, row, and the affine map (2, 3) from A to B."""

    a: Array
    b: Array
    affine: Array

    @property
    def turn(self) -> float:
        """Rotation of B against A in degrees, -180..180."""
        return float(np.degrees(np.arctan2(self.affine[1, 0], self.affine[0, 0])))

    def rescaled(self, factor: float) -> Seeds:
        """The same in images of ``factor`` times the size (pixel centres at integers)."""
        turn, beside = self.affine[:, :2], 0.5 * (factor - 1)
        offset = factor * self.affine[:, 2] + beside * (1 - turn.sum(axis=1))
        return Seeds(factor * self.a + beside, factor * self.b + beside, np.column_stack([turn, offset]))

    @property
    def scale(self) -> float:
        """Size of B's pixels in A's: square root of the determinant."""
        return float(np.sqrt(abs(np.linalg.det(self.affine[:, :2]))))


def find_seeds(
    image_a: Image,
    valid_a: Mask,
    image_b: Image,
    valid_b: Mask,
    tolerance: float = 0.02,
    names: tuple[str, str] = ("Image A", "Image B"),
) -> Seeds:
    """SIFT (Lowe 2004) with ratio and mutual check, an affine map by RANSAC, and agreement with the neighbours.

    ``tolerance`` is the share of the longer side by which relief may move a seed off the affine map. Raises
    `InputError`, with the images' ``names``, when fewer than `LEAST` seeds hold, saying so when B is a mirror image.
    """
    a, b = _matches(image_a, valid_a, image_b, valid_b, names)
    reach = tolerance * max(image_a.shape)
    seeds = _verified(a, b, reach, image_b.shape)
    if seeds is not None:
        return seeds
    a, b = _matches(image_a, valid_a, np.ascontiguousarray(image_b[:, ::-1]), valid_b[:, ::-1], names)
    if _verified(a, b, reach, image_b.shape) is not None:
        raise InputError(f"{names[1]} is a mirror image of {names[0]}; flip it before matching.")
    raise InputError(
        f"{names[0]} and {names[1]} have fewer than {LEAST} common features; they may not overlap, or differ too much "
        "in light."
    )


def seed_field(seeds: Seeds, rows: int, columns: int, step: int = 24) -> Field:
    """First guess for every pixel of A: the affine map plus the seeds' offsets from it, by sector Shepard."""
    cv2 = opencv()
    rest = seeds.b - _apply(seeds.affine, seeds.a)
    grid_rows, grid_columns = max(rows // step, 2), max(columns // step, 2)
    column = (np.arange(grid_columns) + 0.5) * columns / grid_columns - 0.5
    row = (np.arange(grid_rows) + 0.5) * rows / grid_rows - 0.5
    place = np.stack([v.ravel() for v in np.meshgrid(column, row)], axis=-1)
    offset = np.stack([sector_shepard(seeds.a, rest[:, i], place, limit=1500) for i in (0, 1)], axis=-1)
    offset = offset.reshape(grid_rows, grid_columns, 2).astype(np.float32)
    smooth = cv2.resize(cv2.blur(offset, (3, 3)), (columns, rows), interpolation=cv2.INTER_LINEAR)
    places = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1)
    return np.asarray(_apply(seeds.affine, places) + smooth, np.float32)


def eight_bit(image: Image, valid: Mask, name: str = "An image") -> npt.NDArray[np.uint8]:
    """Grey stretched to 0..255 between its 1st and 99th percentile."""
    if not valid.any():
        raise InputError(f"{name} holds no valid pixels; it may be blank.")
    low, high = np.percentile(image[valid], (1, 99))
    if not high > low:
        raise InputError(f"{name} is blank: all its pixels have one grey; choose another.")
    return np.where(valid, np.rint((image - low) * (255 / (high - low))).clip(0, 255), 0).astype(np.uint8)


def _matches(
    image_a: Image, valid_a: Mask, image_b: Image, valid_b: Mask, names: tuple[str, str]
) -> tuple[Array, Array]:
    cv2 = opencv()

    def features(seen: tuple[Image, Mask, str]) -> tuple[Any, Any]:
        image, valid, name = seen
        sift = cv2.SIFT_create(nfeatures=12000, contrastThreshold=0.01)
        inner = cv2.erode(valid.astype(np.uint8), np.ones((9, 9)))
        points, words = sift.detectAndCompute(eight_bit(image, valid, name), inner)
        return points, words

    images = (image_a, valid_a, names[0]), (image_b, valid_b, names[1])
    found = in_order(features, images) if image_a.size + image_b.size < _BOTH else map(features, images)
    (points_a, words_a), (points_b, words_b) = found
    if words_a is None or words_b is None or min(len(points_a), len(points_b)) < 3:
        return np.empty((0, 2)), np.empty((0, 2))
    pairs = _mutual(words_a, words_b)
    where_a, where_b = (cv2.KeyPoint_convert(points).astype(float) for points in (points_a, points_b))
    # SIFT's places have pixel centres at integers once the first octave's doubling is taken out: cv2 does that.
    return where_a[pairs[:, 0]], where_b[pairs[:, 1]]


def _mutual(words_a: Any, words_b: Any) -> npt.NDArray[np.int64]:
    """Pairs that pass the ratio test and are each other's best, all compared with all.

    SIFT's words are whole numbers: their products are exact in float32, and the same on every machine.
    """
    half_b = (words_b**2).sum(axis=1) / 2
    best, nearest = np.full(len(words_b), -np.inf, np.float32), np.zeros(len(words_b), np.int64)
    kept = []
    for first in range(0, len(words_a), _ROWS):
        some = words_a[first : first + _ROWS]
        close = product(some, words_b.T) - half_b  # (|a|^2 - distance^2) / 2
        row, own = close.argmax(axis=0), np.arange(len(some))
        there = close.argmax(axis=1)
        found = close[row, np.arange(len(words_b))]
        nearest[found > best], best = first + row[found > best], np.maximum(found, best)
        square = (some**2).sum(axis=1)
        closest = square - 2 * close[own, there]
        close[own, there] = -np.inf
        second = square - 2 * close.max(axis=1)
        good = (closest < _RATIO**2 * second) & (closest < _DISTANCE**2)
        kept.append(np.stack([first + own, there], axis=1)[good])
    pairs = np.concatenate(kept)
    return pairs[nearest[pairs[:, 1]] == pairs[:, 0]]


def _verified(a: Array, b: Array, tolerance: float, sides: tuple[int, ...]) -> Seeds | None:
    """Keep what agrees with one map and with its neighbours; None when too little is left.

    First any affine map, within ``tolerance``. In a long, narrow image (``sides`` of B) that may be its whole width,
    and chance then finds maps as good as the true one where little overlaps: so next a similarity, more narrowly.
    """
    cv2 = opencv()
    seeds = _on_one_map(a, b, max(tolerance, 3.0), sides, cv2.estimateAffine2D, _TRIALS[0])
    narrow = max(_NARROW * min(sides), 3.0)
    if seeds is None and narrow < tolerance:
        seeds = _on_one_map(a, b, narrow, sides, cv2.estimateAffinePartial2D, _TRIALS[1])
    return seeds


def _on_one_map(a: Array, b: Array, reach: float, sides: tuple[int, ...], estimate: Any, trials: int) -> Seeds | None:
    """Seeds within ``reach`` of the map that most pairs agree on, by RANSAC, unless chance would find as many."""
    if len(a) < LEAST:
        return None
    opencv().setRNGSeed(1)
    affine, inside = estimate(
        a, b, method=opencv().RANSAC, ransacReprojThreshold=reach, maxIters=trials, confidence=0.999
    )
    if affine is None or not _sensible(affine):
        return None
    kept = inside.ravel().astype(bool)
    chance = len(a) * np.prod([min(2 * reach / side, 1.0) for side in sides])
    if kept.sum() < LEAST + _BEYOND_CHANCE * chance:
        return None
    a, b = a[kept], b[kept]
    kept = _with_neighbours(a, b - _apply(affine, a))
    a, b = a[kept], b[kept]
    if len(a) < LEAST:
        return None
    design = np.column_stack([a, np.ones(len(a))])
    return Seeds(a, b, np.linalg.lstsq(design, b, rcond=None)[0].T)


def _sensible(affine: Array) -> bool:
    """Whether the map turns nothing over and does not squeeze one axis only."""
    wide, thin = np.linalg.svd(affine[:, :2], compute_uv=False)
    return bool(np.linalg.det(affine[:, :2]) > 0 and wide < _STRETCH * thin)


def _with_neighbours(a: Array, rest: Array, count: int = 8) -> Mask:
    """Seeds whose offset lies near the median of the nearest seeds, against the spread among those."""
    count = min(count, len(a) - 1)
    kept = np.empty(len(a), bool)
    for first in range(0, len(a), _AT_ONCE):
        own = slice(first, first + _AT_ONCE)
        distance = (a[own, None, 0] - a[:, 0]) ** 2 + (a[own, None, 1] - a[:, 1]) ** 2
        near = np.argpartition(distance, count, axis=1)[:, : count + 1]
        middle = np.median(rest[near], axis=1)
        spread = 1.4826 * np.median(np.abs(rest[near] - middle[:, None]), axis=1).max(axis=1)
        kept[own] = np.abs(rest[own] - middle).max(axis=1) <= np.maximum(4 * spread, 1.5)
    return kept


def _apply(affine: Array, places: npt.NDArray[Any]) -> Array:
    return np.asarray(places @ affine[:, :2].T + affine[:, 2])
