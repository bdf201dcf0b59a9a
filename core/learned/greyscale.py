"""From raster bands to the grey values that a network sees; training and prediction share these functions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
Mask = NDArray[np.bool_]

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
    ``symmetric``: 8-bit 0..255 to -1..1, as Pix2Pix models expect; ``raw``: as it is.
    Take it over the whole extent, not over a tile: tiles then agree where they meet.
    """
    if kind == "raw":
        return GreyScale(0.0, 1.0, np.inf)
    if kind == "symmetric":
        return GreyScale(127.5, 127.5, 1.0)
    sample = np.asarray(grey, np.float32)[valid]
    if sample.size == 0:
        return GreyScale(0.0, 1.0, CLIP)
    low, centre, high = (float(value) for value in np.percentile(sample, (15.87, 50.0, 84.13)))
    spread = (high - low) / 2 or float(sample.std())
    return GreyScale(centre, max(spread, 1e-6 * max(abs(centre), 1e-30)), CLIP)


def fill_invalid(values: Float, valid: Mask) -> Float:
    """``values`` with invalid pixels filled smoothly from the valid ones around them (push-pull pyramid).

    Gortler et al., The Lumigraph (1996), section 3.4: means of the valid pixels are pushed to ever coarser levels,
    and holes pulled from the finest level that knows something. Valid pixels keep their bits.
    """
    if valid.all() or not valid.any():
        return np.where(valid, values, 0).astype(np.float32)
    rows, columns = values.shape
    pad = ((0, rows % 2), (0, columns % 2))
    weight = np.pad(valid, pad).astype(np.float32)
    total = np.pad(np.where(valid, values, 0).astype(np.float32), pad)
    weight, total = (_sum_2x2(array) for array in (weight, total))
    coarse = fill_invalid(total / np.maximum(weight, 1), weight > 0)
    return np.where(valid, values, np.kron(coarse, np.ones((2, 2), np.float32))[:rows, :columns]).astype(np.float32)


def _sum_2x2(values: Float) -> Float:
    return np.asarray(values[::2, ::2] + values[1::2, ::2] + values[::2, 1::2] + values[1::2, 1::2], np.float32)
