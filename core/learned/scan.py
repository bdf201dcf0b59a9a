"""Sums and means far along rows and columns: what a network needs to make heights of slopes.

A kernel of 3 x 3 pixels sees its neighbours; light shows slopes, whose sum along a line of a hundred pixels is the
height. `scan` gives a layer such sums with a fixed, fading reach, so that a pixel still depends on its surroundings
alone, and tiles agree where they overlap.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]

REACH = 6.0  # cells of the layer, over which a neighbour's weight falls by e


@lru_cache(maxsize=16)
def scan_matrices(size: int) -> tuple[Float, Float]:
    """Matrices (size, size) that, multiplied from the right, make of a row of numbers its sums and its means.

    Sums: the cells before less those behind, weights exp(-distance / REACH) / sqrt(REACH): the height that slopes
    leading there add up to. Means: weights exp(-distance / REACH), of sum 1 at the borders too.
    """
    distance = np.arange(size)[None, :] - np.arange(size)[:, None]
    weight = np.exp(-np.abs(distance) / REACH)
    sums, means = np.sign(distance) * weight / np.sqrt(REACH), weight / weight.sum(axis=0)
    return sums.astype(np.float32), means.astype(np.float32)


def scan(x: Float) -> Float:
    """x (channels, rows, columns): the first quarter of the channels summed along the columns, the second averaged
    along them, the third summed and the fourth averaged along the rows (down the image)."""
    quarters = np.split(x, 4)
    out = [quarter @ matrix for quarter, matrix in zip(quarters[:2], scan_matrices(x.shape[2]))]
    out += [matrix.T @ quarter for quarter, matrix in zip(quarters[2:], scan_matrices(x.shape[1]))]
    return np.concatenate(out)
