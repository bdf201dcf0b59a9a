"""Matchers to stand beside: OpenCV's semi-global matching and a full search by correlation, both on images that are
resampled onto each other by the orientation (the usual preparation of line-scanner stereo), so that only the relief is
left as parallax along the lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.camera.footprints import ground_points
from ..core.camera.linescan import ImageCamera
from ..core.matching.warp import opencv

Array = NDArray[np.float64]
Float32 = NDArray[np.float32]
Matcher = Callable[[Float32, Float32, int], tuple[Float32, Float32]]

BLOCK = 7  # SGBM's window; 5 to 11 differ little here
NCC_WINDOW = 15  # of the full search: the best of 9, 15 and 21 here
NCC_THRESHOLD = 0.8  # the chain's own
SIGMA_PX = 0.15  # told to the intersection: one for all, which weighs a triple's rays alike


@dataclass(frozen=True)
class Rectified:
    """Image B seen from A's pixels (L, S): its ``grey``, NaN off B, and where each pixel lies in B."""

    grey: Float32
    line: Array
    sample: Array


def rectified(grey_b: Float32, a: ImageCamera, b: ImageCamera, shape: tuple[int, int], level_m: float) -> Rectified:
    """Resample B onto the lines and samples of A over level ground at ``level_m`` above the sphere."""
    line, sample = np.mgrid[: shape[0], : shape[1]].astype(float)
    seen_line, seen_sample = b.project(ground_points(a, line, sample, a.body_radius_m + level_m))
    at = np.stack([seen_sample, seen_line], axis=-1).astype(np.float32)
    grey = opencv().remap(
        grey_b, np.nan_to_num(at, nan=-9.0), None, opencv().INTER_CUBIC, borderValue=float("nan")
    )  # fmt: skip
    return Rectified(grey, seen_line, seen_sample)


def shifts(made: Rectified, parallax: Float32) -> tuple[Array, Array]:
    """Sample and line shifts (L, S) from A to B for a ``parallax`` along the lines of the resampled B; NaN for none."""
    line, sample = np.mgrid[: parallax.shape[0], : parallax.shape[1]].astype(np.float32)
    place = np.stack([sample, line + np.nan_to_num(parallax)], axis=-1)
    whole = np.isfinite(parallax)
    found = []
    for grid, own in ((made.sample, sample), (made.line, line)):
        # Away from the place itself the map is nearly constant, so single precision does.
        off = opencv().remap((grid - own).astype(np.float32), place, None, opencv().INTER_LINEAR, borderValue=np.nan)
        found.append(np.where(whole, off + (place[..., 0] if own is sample else place[..., 1]) - own, np.nan))
    return found[0], found[1]


def sgbm(a: Float32, b: Float32, reach: int) -> tuple[Float32, Float32]:
    """OpenCV's semi-global matching (eight paths) along the lines within ``reach``: parallax, and a score of 1."""
    cv2 = opencv()
    known = np.isfinite(b)
    images = [_eight_bit(np.where(known, grey, np.nan)).T.copy() for grey in (a, b)]
    # OpenCV looks for row x - d in the second image: transposed, lines run along rows.
    matcher = cv2.StereoSGBM_create(
        minDisparity=-reach,
        numDisparities=-(-(2 * reach + 1) // 16) * 16,
        blockSize=BLOCK,
        P1=8 * BLOCK**2,
        P2=32 * BLOCK**2,
        disp12MaxDiff=1,
        uniquenessRatio=5,
        speckleWindowSize=50,
        speckleRange=2,
        mode=cv2.STEREO_SGBM_MODE_HH,
    )
    found = matcher.compute(*images).T.astype(np.float32) / 16
    good = (found > -reach - 0.5) & known & _inside(known)
    return np.where(good, -found, np.nan).astype(np.float32), np.ones(a.shape, np.float32)


def full_search(a: Float32, b: Float32, reach: int) -> tuple[Float32, Float32]:
    """Normalised cross-correlation at every whole parallax, a parabola through the best three, and a check from B."""
    there = np.isfinite(b)
    a, b = (np.where(np.isfinite(grey), grey, np.nanmean(grey)).astype(np.float32) for grey in (a, b))
    scores = np.stack([_ncc(a, np.roll(b, -shift, axis=0)) for shift in range(-reach, reach + 1)])
    best = np.clip(scores.argmax(axis=0), 1, 2 * reach - 1)
    below, top, above = (np.take_along_axis(scores, (best + k)[None], axis=0)[0] for k in (-1, 0, 1))
    bend = below - 2 * top + above
    parallax = best - reach + np.where(bend < 0, 0.5 * (below - above) / np.where(bend < 0, bend, 1), 0)
    # From B's side: the best shift of the pixel arrived at must lead back.
    rows, columns = np.indices(a.shape)
    arrived = np.clip(rows + np.rint(parallax).astype(int), 0, len(a) - 1)
    back = np.stack([np.roll(scores[k], k - reach, axis=0) for k in range(len(scores))]).argmax(axis=0) - reach
    good = (top >= NCC_THRESHOLD) & (np.abs(back[arrived, columns] - parallax) <= 1.0) & _inside(there)
    return np.where(good, parallax, np.nan).astype(np.float32), top.astype(np.float32)


def _ncc(a: Float32, b: Float32) -> Float32:
    size = (NCC_WINDOW, NCC_WINDOW)

    def mean(grey: Any) -> Any:
        return opencv().blur(grey.astype(np.float64), size, borderType=opencv().BORDER_REFLECT_101)

    mean_a, mean_b = mean(a), mean(b)
    spread = (mean(a * a) - mean_a**2) * (mean(b * b) - mean_b**2)
    return np.asarray((mean(a * b) - mean_a * mean_b) / np.sqrt(np.maximum(spread, 1e-20)), np.float32)


def _inside(known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels whose window lies on known ones."""
    return np.asarray(opencv().erode(known.astype(np.uint8), np.ones((BLOCK, BLOCK))) > 0)


def _eight_bit(grey: Float32) -> NDArray[np.uint8]:
    low, high = np.nanpercentile(grey, (0.5, 99.5))
    return np.nan_to_num((grey - low) * (255 / (high - low))).clip(0, 255).astype(np.uint8)


MATCHERS: dict[str, Matcher] = {"SGBM": sgbm, "full-search NCC": full_search}
