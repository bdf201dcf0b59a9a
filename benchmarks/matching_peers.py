"""Matchers in a process of their own, so that time and memory are each one's; needs nothing of this package.

``python matching_peers.py NAME FOLDER`` reads pair.npz (left, right: (h, w) float32; low, high: bounds of the parallax
in pixels) and writes NAME.npz (parallax (h, w), NaN for none: right column = left column + parallax; cost: seconds of
CPU and wall, peak MB) there. Exit status 3: what NAME needs is not installed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

Image = Any  # (h, w) float32 array

NOT_INSTALLED = 3
WINDOW = 11  # of every correlation, ours included
THRESHOLD = 0.8  # least correlation of a match


def ours(left: Image, right: Image, low: int, high: int) -> Image:
    """Dense matching, which is told nothing of the parallax."""
    from planetary_dtm.core.matching.dense import Options, match, picture

    strips = match(picture(left), picture(right), Options(WINDOW, THRESHOLD))
    return np.concatenate([strip.sample_shift for strip in strips])


def opencv_sgbm(left: Image, right: Image, low: int, high: int) -> Image:
    """Semi-global matching of OpenCV (Hirschmüller 2008), eight paths, sub-pixel and uniqueness check."""
    import cv2

    count = -(-(high - low + 1) // 16) * 16
    # It looks for right = left - d.
    matcher = cv2.StereoSGBM_create(
        minDisparity=-high, numDisparities=count, blockSize=7, P1=8 * 49, P2=32 * 49, disp12MaxDiff=1,
        uniquenessRatio=5, speckleWindowSize=50, speckleRange=2, mode=cv2.STEREO_SGBM_MODE_HH,
    )  # fmt: skip
    found = matcher.compute(_eight_bit(left), _eight_bit(right)).astype(np.float32) / 16
    return np.where(found >= -high, -found, np.nan)


def full_search(left: Image, right: Image, low: int, high: int) -> Image:
    """Zero-mean NCC at every whole parallax, a parabola through the best three, checked from the right."""
    import cv2

    def mean(grey: Image) -> Image:
        return cv2.blur(grey.astype(np.float64), (WINDOW, WINDOW), borderType=cv2.BORDER_REFLECT_101)

    mean_left = mean(left)
    spread_left = mean(left * left) - mean_left**2
    scores = np.empty((high - low + 1, *left.shape), np.float32)
    for index, parallax in enumerate(range(low, high + 1)):
        moved = np.roll(right, -parallax, axis=1)
        mean_right = mean(moved)
        spread = spread_left * (mean(moved * moved) - mean_right**2)
        scores[index] = (mean(left * moved) - mean_left * mean_right) / np.sqrt(np.maximum(spread, 1e-20))
    best = scores.argmax(axis=0).clip(1, len(scores) - 2)
    below, top, above = (np.take_along_axis(scores, (best + k)[None], axis=0)[0] for k in (-1, 0, 1))
    bend = below - 2 * top + above
    parallax = best + low + np.where(bend < 0, 0.5 * (below - above) / np.where(bend < 0, bend, 1), 0)
    from_right = np.stack([np.roll(s, k + low, axis=1) for k, s in enumerate(scores)]).argmax(axis=0) + low
    rows, columns = np.indices(left.shape)
    there = np.clip(columns + np.rint(parallax).astype(int), 0, left.shape[1] - 1)
    good = (top >= THRESHOLD) & (np.abs(from_right[rows, there] - parallax) <= 1)
    return np.where(good, parallax, np.nan)


def pandora_zncc(left: Image, right: Image, low: int, high: int) -> Image:
    """CNES pandora: ZNCC, parabola, median filter, cross-check."""
    cost = {"matching_cost_method": "zncc", "window_size": WINDOW, "subpix": 1}
    return _pandora(left, right, low, high, {"matching_cost": cost}, "quadratic")


def pandora_zncc_quarter(left: Image, right: Image, low: int, high: int) -> Image:
    """The same with costs at every quarter of a pixel."""
    cost = {"matching_cost_method": "zncc", "window_size": WINDOW, "subpix": 4}
    return _pandora(left, right, low, high, {"matching_cost": cost}, "quadratic")


def pandora_sgm(left: Image, right: Image, low: int, high: int) -> Image:
    """CNES pandora: census and semi-global matching (its libSGM plugin), V-fit, median filter, cross-check."""
    cost = {"matching_cost_method": "census", "window_size": 5, "subpix": 1}
    optimization = {"optimization_method": "sgm"}
    return _pandora(left, right, low, high, {"matching_cost": cost, "optimization": optimization}, "vfit")


def _pandora(left: Image, right: Image, low: int, high: int, first: dict[str, Any], refinement: str) -> Image:
    import pandora
    import xarray
    from pandora.check_configuration import check_pipeline_section
    from pandora.state_machine import PandoraMachine

    def dataset(grey: Image, bounds: tuple[int, int]) -> Any:
        rows, columns = grey.shape
        made = xarray.Dataset(
            {"im": (["row", "col"], grey), "msk": (["row", "col"], np.zeros(grey.shape, np.int16))},
            coords={"row": np.arange(rows), "col": np.arange(columns)},
            attrs={"valid_pixels": 0, "no_data_mask": 1, "no_data_img": -9999, "crs": None, "transform": None},
        )
        return made.pipe(pandora.img_tools.add_disparity, disparity=list(bounds), window=None)

    pipeline = {
        **first,
        "disparity": {"disparity_method": "wta", "invalid_disparity": "NaN"},
        "refinement": {"refinement_method": refinement},
        "filter": {"filter_method": "median", "filter_size": 3},
        "validation": {"validation_method": "cross_checking_accurate"},
    }
    pandora.import_plugin()
    machine = PandoraMachine()
    pair = dataset(left, (low, high)), dataset(right, (-high, -low))
    described = [image.drop_vars(["im", "msk", "disparity"]).assign_coords(band_im=[None]) for image in pair]
    checked = check_pipeline_section({"pipeline": pipeline}, *described, machine)
    found, _ = pandora.run(machine, *pair, checked)
    invalid = found["validity_mask"].data & 0b1100001111  # bits of pandora.constants that mean "no disparity"
    return np.where(invalid == 0, found["disparity_map"].data, np.nan)


def _eight_bit(grey: Image) -> Image:
    low, high = np.percentile(grey, (0.5, 99.5))
    return ((grey - low) * (255 / (high - low))).clip(0, 255).astype(np.uint8)


MATCHERS: dict[str, Callable[[Image, Image, int, int], Image]] = {
    "ours": ours,
    "opencv_sgbm": opencv_sgbm,
    "full_search": full_search,
    "pandora_zncc": pandora_zncc,
    "pandora_zncc_quarter": pandora_zncc_quarter,
    "pandora_sgm": pandora_sgm,
}


NEEDS = {
    "ours": ("cv2", "planetary_dtm.core.matching.dense"),
    "opencv_sgbm": ("cv2",),
    "full_search": ("cv2",),
    "pandora_zncc": ("xarray", "pandora"),
    "pandora_zncc_quarter": ("xarray", "pandora"),
    "pandora_sgm": ("xarray", "pandora", "pandora_plugin_libsgm"),
}


def main(name: str, folder: Path) -> int:
    """Run one matcher; the exit status. Loading modules is not timed."""
    try:
        for module in NEEDS[name]:
            import_module(module)
    except ImportError:
        return NOT_INSTALLED
    pair = np.load(folder / "pair.npz")
    cpu, wall = time.process_time(), time.perf_counter()
    found = MATCHERS[name](pair["left"], pair["right"], int(pair["low"]), int(pair["high"]))
    seconds = time.process_time() - cpu, time.perf_counter() - wall
    np.savez(folder / f"{name}.npz", parallax=np.asarray(found, np.float32), cost=[*seconds, peak_memory()])
    return 0


def peak_memory() -> float:
    """Most memory this process ever held, MB; NaN where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text("ascii").splitlines()
    except OSError:
        return float("nan")
    return next((float(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), float("nan"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
