"""What betrays the error of an interpolated altitude: five quantities at each query, all from the shots around it.

- Where the shots are: the variance G that their places give the error on a self-affine surface (`unit_variance`).
- How rough the ground is: r, the local mean of e^2 / G over leave-one-out errors e, near by and in a wider area.
- How far the altitudes of the sectors' shots spread about the interpolated one.
- How far Shepard's altitude is from the best linear prediction by the same shots (`best_prediction`): Shepard's weights
  do not follow a slope, and this part of the error is known but for its sign's use.

The last two are told in units of sqrt(G r), the error that the first two lead to expect.
"""

from __future__ import annotations

import numpy as np

from ..frames import Array
from .interpolation import Interpolated, Interpolator, best_prediction, unit_variance
from .search import Indices, in_blocks

NEAR, WIDE = 8, 32  # shots whose roughness is averaged
COUNT = 5  # of features
_LEAST = 0.05  # of the expected error: spreads and biases below this tell nothing more


def features(
    found: Interpolated, altitude: Array, log_roughness: Array, floor: float, around: Interpolated | None = None
) -> Array:
    """ln G, ln r near by, ln r wide over near, ln of spread and of bias over sqrt(G r): (n, `COUNT`).

    altitude: (N,) of the shots, m. log_roughness: (N, 2), see `log_roughness`. floor: m, below which differences of
    altitudes are the shots' noise. around: from whose shots the roughness is taken, by default ``found``.
    """
    geometry = np.log(unit_variance(found))
    rough = found if around is None else around
    near, wide = np.einsum("nk,nkj->jn", rough.weights, log_roughness[rough.sectors.index])
    expected = np.exp(0.5 * (geometry + near)) + floor
    shots = altitude[found.sectors.index]
    middle = np.nan_to_num(found.altitude)
    spread = np.sqrt(np.einsum("nk,nk->n", found.weights, (shots - middle[:, None]) ** 2))
    bias = np.abs(best_prediction(found, altitude) - middle)
    relative = [np.log(np.hypot(values / expected, _LEAST)) for values in (spread, bias)]
    return np.stack([geometry, near, wide - near, *relative], axis=1)


def log_roughness(surface: Interpolator, rows: Indices | None = None) -> Array:
    """Ln of the local means (N, 2) of squared leave-one-out errors over unit variances, m^2, over `NEAR` and `WIDE`
    shots; 0 at shots not asked for."""
    size = len(surface)
    asked = np.arange(size) if rows is None else np.unique(rows)
    lon, lat = surface.shots.lon[asked], surface.shots.lat[asked]
    count = min(WIDE, size)
    near = np.concatenate(in_blocks(lambda part: surface.index.nearest(lon[part], lat[part], count)[1], len(asked)))
    error, variance = surface.left_out if rows is None else surface.leave_out(np.unique(near))
    squares = np.nan_to_num(error**2 / variance)[near]
    smooth = np.stack([squares[:, :NEAR].mean(axis=1), squares.mean(axis=1)], axis=1)
    result = np.zeros((size, 2))
    result[asked] = np.log(np.maximum(smooth, 1e-6 * np.median(smooth[:, 0]) + 1e-12))
    return result
