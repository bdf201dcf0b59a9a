"""What betrays the error of an interpolated altitude: four quantities at each query, all from the shots around it.

- Where the shots are: the variance K of the best linear prediction's error on a self-affine surface.
- How rough the ground is: r, the mean of e^2 / G over leave-one-out errors e near by (G: `unit_variance`), and the
  roughness that the altitudes of the interpolated shots show themselves.
- How far Shepard's altitude is from the best linear prediction by the same shots.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from ..frames import Array
from .interpolation import Interpolated, Interpolator
from .kriging import predict
from .search import Indices, in_blocks

NEAR = 8  # shots whose roughness is averaged


@dataclass(frozen=True)
class Features:
    """At n queries: ln K, ln r (r in m^2), ln of the interpolated shots' own roughness over r, and Shepard's altitude
    minus the best linear prediction (m). All (n,)."""

    geometry: Array
    rough: Array
    own: Array
    bias: Array

    def __len__(self) -> int:
        return len(self.geometry)

    def __add__(self, other: Features) -> Features:
        pairs = ((getattr(self, f.name), getattr(other, f.name)) for f in fields(Features))
        return Features(*(np.concatenate(pair) for pair in pairs))


def features(
    found: Interpolated, altitude: Array, log_roughness: Array, around: Interpolated | None = None
) -> Features:
    """The features of interpolated altitudes.

    altitude: (N,) of the shots, m. log_roughness: (N,), see `log_roughness`. around: from whose shots r is taken, by
    default ``found``.
    """
    best = predict(found, altitude)
    place = found if around is None else around
    rough = np.einsum("nk,nk->n", place.weights, log_roughness[place.sectors.index])
    own = np.log(np.maximum(best.roughness, 1e-12))
    return Features(np.log(best.variance), rough, own - rough, -best.bias)


def log_roughness(surface: Interpolator, rows: Indices | None = None) -> Array:
    """Ln of the local mean (N,) of squared leave-one-out errors over unit variances, m^2, over `NEAR` shots; 0 at
    shots not asked for."""
    size = len(surface)
    asked = surface.index.side_by_side(np.arange(size) if rows is None else np.unique(rows))
    lon, lat = surface.shots.lon[asked], surface.shots.lat[asked]
    count = min(NEAR, size)
    near = np.concatenate(in_blocks(lambda part: surface.index.nearest(lon[part], lat[part], count)[1], len(asked)))
    error, variance = surface.left_out if rows is None else surface.leave_out(np.unique(near))
    smooth = np.nan_to_num(error**2 / variance)[near].mean(axis=1)
    result = np.zeros(size)
    result[asked] = np.log(np.maximum(smooth, 1e-6 * np.median(smooth) + 1e-12))
    return result
