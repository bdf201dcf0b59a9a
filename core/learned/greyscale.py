"""From raster bands to the grey values that a network sees; training and prediction share these functions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..simulation.shading import smooth
from .adapter import bilinear, range8

Float = NDArray[np.float32]
Mask = NDArray[np.bool_]

WIDE = 512  # pixels, sigma of the surroundings that `even_grey` looks at: more than a training scene, for a narrower
# one takes broad slopes away (128: correlation of a rendered scene 0.80 in place of 0.87)
LEVEL = 1.0  # spreads by which the mean of a place's surroundings may differ from that of all
_CELL = 64  # pixels averaged before the surroundings are, which are smooth anyway
_SPREAD_PER_DEVIATION = 1.17  # median of rendered scenes; a Gaussian's would be 1.25
CLIP = 4.0  # robust greys end here, in units of the spread: specular pixels and seams carry no more than that


@dataclass(frozen=True)
class GreyScale:
    """A linear map of grey values to network input: ``(grey - centre) / spread``, clipped to +-``clip``."""

    centre: float
    spread: float
    clip: float

    def __call__(self, grey: Float, valid: Mask) -> Float:
        """Normalised grey, float32, the shape of ``grey``; 0 where not ``valid``."""
        scaled = (np.where(valid, grey, np.float32(self.centre)) - np.float32(self.centre)) / np.float32(self.spread)
        return np.clip(scaled, -self.clip, self.clip).astype(np.float32, copy=False)


def grey_scale(grey: Float, valid: Mask, kind: str = "robust") -> GreyScale:
    """The normalisation ``kind`` (field ``grey`` of the model card) of an image.

    ``robust``: median to 0 and half the distance of the 16th and 84th percentile to 1 (one Gaussian sigma);
    ``symmetric``: 8-bit 0..255 to -1..1, as Pix2Pix models expect, other greys stretched to that; ``raw``: as it is.
    One scale for a whole picture, as a training scene or a JMARS square is; `even_grey` follows it over wide ground.
    """
    if kind == "raw":
        return GreyScale(0.0, 1.0, np.inf)
    sample = np.asarray(grey, np.float32)[valid]
    if kind == "symmetric":
        black, white = range8(sample)
        return GreyScale((black + white) / 2, max((white - black) / 2, 1e-30), 1.0)
    if sample.size == 0:
        return GreyScale(0.0, 1.0, CLIP)
    low, centre, high = (float(value) for value in np.percentile(sample, (15.87, 50.0, 84.13)))
    spread = (high - low) / 2 or float(sample.std())
    return GreyScale(centre, max(spread, 1e-6 * max(abs(centre), 1e-30)), CLIP)


def even_grey(grey: Float, valid: Mask, scale: GreyScale | None = None) -> tuple[Float, Float]:
    """Grey over its spread about each place (Gaussian surroundings, sigma `WIDE`), levels held near, and that spread.

    As ``robust`` does it for one scene, but for ground of any width, where plains and highlands meet: every place has
    the contrast of a training scene, whatever extent it is part of. The mean about a place keeps what it has of a
    broad slope, as far as `LEVEL`, and no more: a dark plain does not leave the range. Invalid pixels are 0; the
    spread is in units of ``grey`` and defined everywhere. Multiply a network's relief by it to undo the stretch.
    ``scale``: of a wider part of the image, where it is known; its centre is the level that places are held near.
    """
    scale = scale or grey_scale(grey, valid)
    tame = scale(grey, valid)
    mean = _surroundings(tame, valid)
    tame -= mean
    spread = np.maximum(_SPREAD_PER_DEVIATION * _surroundings(np.abs(tame), valid), 1e-3).astype(np.float32)
    tame /= spread
    tame += LEVEL * np.tanh(mean / (LEVEL * spread))
    even = np.clip(tame, -CLIP, CLIP)
    return np.where(valid, even, 0).astype(np.float32), spread * np.float32(scale.spread)


def _surroundings(values: Float, valid: Mask) -> Float:
    """Gaussian mean of the valid pixels, `WIDE` sigma, at every pixel."""
    rows, columns = (-(-length // _CELL) for length in values.shape)
    beyond = [(0, rows * _CELL - values.shape[0]), (0, columns * _CELL - values.shape[1])]

    def broad(pixels: Float) -> Float:
        cells = np.pad(pixels, beyond).reshape(rows, _CELL, columns, _CELL).mean(axis=(1, 3))
        return np.asarray(smooth(cells, WIDE / _CELL), np.float32)

    mean = broad(np.where(valid, values, 0)) / np.maximum(broad(valid.astype(np.float32)), np.float32(1e-6))
    return bilinear(mean, (rows * _CELL, columns * _CELL))[: values.shape[0], : values.shape[1]]
