"""The one real push-broom pair of images: MOC frames E02-01461 and M01-00115 of Mars, turned by half a turn.

There is no camera model and no truth; seeds, coverage and the way there and back are what can be told. The way back is
another run, from the second image, and not the check within the matching.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.matching.dense import Matches, coarse_fields, match_views, picture
from ..core.matching.warp import opencv
from ..core.rasters import Raster
from .table import Check, Table

Float32 = NDArray[np.float32]

NAMES = "E0201461.cub", "M0100115.img"
HEADER = ["", "seeds", "turned by", "matched", "of the overlap", "returns, median, px", "within 1 px"]
SEEDS, OF_OVERLAP, RETURNED = 350, 0.7, 0.95  # least of each


def moc(folder: Path) -> Table:
    """Both directions, one beside the other; the bounds are the first one's."""
    table = Table("A real pair of line scanner images: MOC E02-01461 and M01-00115", HEADER)
    pictures = []
    for name in NAMES:
        grey, valid = Raster(folder / name).read()
        pictures.append(picture(grey, valid))
    places: list[Float32] = []
    for own, other in (pictures, pictures[::-1]):
        (coarse,) = coarse_fields(own, [other])
        strips = [found for (found,) in match_views(own, [other], coarse=[coarse])]
        places.append(_places(strips))
        matched = np.isfinite(places[-1][..., 0])
        shown = sum(strip.overlap for strip in strips)
        table.rows.append([len(coarse.seeds.a), f"{round(coarse.seeds.turn)}°", matched.mean(), matched.sum() / shown])
    for number, name in enumerate(NAMES):
        apart = _returned(places[number], places[1 - number])
        ends = [float(np.median(apart)), float(np.mean(apart <= 1.0))]
        table.rows[number] = [f"from {name}", *table.rows[number], *ends]
    _, seeds, _, _, share, _, back = table.rows[0]
    table.checks += [
        Check("MOC pair, verified seeds", seeds, least=SEEDS),
        Check("matched of the overlap", share, least=OF_OVERLAP),
        Check("comes back within a pixel", back, least=RETURNED),
    ]
    table.notes.append("Returns: from a pixel to its match, and on by what the other run found there.")
    return table


def _places(strips: list[Matches]) -> Float32:
    """Where each pixel lies in the other image (h, w, 2), column and row; NaN for no match."""
    shift = np.stack(
        [np.concatenate([getattr(s, name) for s in strips]) for name in ("sample_shift", "line_shift")], -1
    )
    rows, columns = np.indices(shift.shape[:2], np.float32)
    return np.asarray(shift + np.stack([columns, rows], -1), np.float32)


def _returned(there: Float32, back: Float32) -> Float32:
    """How far from themselves the pixels come back that both runs matched (N,)."""
    cv2 = opencv()
    rows, columns = np.indices(there.shape[:2], np.float32)
    nan = float("nan")
    again = cv2.remap(back, np.nan_to_num(there, nan=-9.0), None, cv2.INTER_LINEAR, borderValue=(nan, nan, nan, nan))
    apart = np.linalg.norm(again - np.stack([columns, rows], -1), axis=-1)
    return np.asarray(apart[np.isfinite(apart)])
