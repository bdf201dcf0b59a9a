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
