"""Which tiles of image and DEM become training pairs: the rules of JMARS, every number a parameter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import MissingPackageError
from ..rasters import Mask
from .adapter import area_mean

Float = NDArray[np.float32]

REDUCED, BLOCK = 32, 8  # pixels: sides of the reduced tiles compared, and of the blocks they are compared by


def largest_black(grey: Float, valid: Mask) -> float:
    """Share of a tile's pixels in its largest connected region (by edges) of pure black: value 0, or nodata."""
    try:
        from scipy.ndimage import label
    except ImportError as error:
        raise MissingPackageError("scipy", "Finding black regions") from error
    black = ~valid | (grey == 0)
    if not black.any():
        return 0.0
    regions, count = label(black)
    return float(np.bincount(regions.ravel(), minlength=count + 1)[1:].max() / black.size)


class KeptTiles:
    """The tiles kept so far, reduced, to compare new ones with.

    Similarity is the mean structural similarity (Wang et al. 2004, equation 13) of 32 x 32 area means, over their 16
    blocks of 8 x 8, with that paper's constants for grey values of range `span`; 1 is the same picture.
    """

    def __init__(self, span: float) -> None:
        self._c1, self._c2 = (0.01 * span) ** 2, (0.03 * span) ** 2
        self._mean = np.empty((0, 16))
        self._apart = np.empty((0, 16, BLOCK**2))
        self.numbers: list[int] = []

    def nearest(self, grey: Float) -> tuple[float, int]:
        """Largest similarity to a kept tile, and that tile's number (0 and -1 where none is kept)."""
        if not self.numbers:
            return 0.0, -1
        mean, apart = _reduced(grey)
        count = BLOCK**2 - 1
        covariance = np.einsum("bp,nbp->nb", apart, self._apart) / count
        variances = np.sum(apart**2, axis=-1) / count + np.sum(self._apart**2, axis=-1) / count
        light = (2 * mean * self._mean + self._c1) / (mean**2 + self._mean**2 + self._c1)
        alike = np.mean(light * (2 * covariance + self._c2) / (variances + self._c2), axis=1)
        return float(alike.max()), self.numbers[int(alike.argmax())]

    def keep(self, number: int, grey: Float) -> None:
        mean, apart = _reduced(grey)
        self._mean = np.concatenate([self._mean, mean[None]])
        self._apart = np.concatenate([self._apart, apart[None]])
        self.numbers.append(number)


def _reduced(grey: Float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Block means (16,) and what is left of the pixels (16, 64) of a tile at 32 x 32."""
    cells = REDUCED // BLOCK
    small = area_mean(grey, (REDUCED, REDUCED)).reshape(cells, BLOCK, cells, BLOCK)
    blocks = small.transpose(0, 2, 1, 3).reshape(cells * cells, BLOCK**2)
    mean = blocks.mean(axis=1)
    return mean, blocks - mean[:, None]
