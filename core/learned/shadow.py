"""Where an image shows nothing of the ground: cast shadows, and how far inside one a pixel lies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
Mask = NDArray[np.bool_]

DARK = 0.08  # of the way from the darkest grey to the median: below, a pixel is in shadow
FEWEST = 0.003  # share of the pixels that are so dark; fewer are the tail of lit ground


def shadow_depth(grey: Float, valid: Mask) -> Float:
    """Pixels to the nearest lit pixel along row or column, (rows, columns), 0 where lit or invalid.

    ``grey`` rises with radiance. A picture so flat that no pixels gather at its dark end has no shadow.
    """
    depth = np.zeros(grey.shape, np.float32)
    known = grey[valid]
    if known.size == 0:
        return depth
    low, middle = (float(value) for value in np.percentile(known, (0.05, 50.0)))
    dark = valid & (grey <= low + DARK * (middle - low))
    if middle <= low or dark.sum() < FEWEST * known.size:
        return depth
    depth[dark] = min(grey.shape)
    for axis in (0, 1):
        for turn in (1, -1):
            way = (slice(None, None, turn), slice(None)) if axis == 0 else (slice(None), slice(None, None, turn))
            depth[way] = np.minimum(depth[way], _since_lit(dark[way], axis))
    return np.where(dark, depth, np.float32(0.0))


def _since_lit(dark: Mask, axis: int) -> Float:
    """Pixels since the last lit one along an axis; as far as can be where there is none."""
    size = dark.shape[axis]
    index = np.arange(size, dtype=np.float32).reshape((-1, 1) if axis == 0 else (1, -1))
    last = np.maximum.accumulate(np.where(dark, np.float32(-size), index), axis=axis)
    return np.asarray(index - last, np.float32)
