"""What the shots around a query say of its altitude's error on a self-affine surface: ordinary kriging.

With the half variance g of `structure` (Matheron 1963), the best linear prediction from the interpolated shots tells
how far Shepard's altitude is off (its weights do not follow a slope), and how uncertain the rest stays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..frames import Array
from .interpolation import Interpolated, structure

_SILL = 10.0  # of the covariances, over the largest g: large enough to make them positive definite, else of no effect
_NUGGET = 1e-4  # over the largest g: parts shots that two sectors share a border with


@dataclass(frozen=True)
class Prediction:
    """At n queries. bias (n,): the best prediction minus the interpolated altitude, m. variance (n,): of the best
    prediction's error on a surface of unit roughness. roughness (n,): that the shots' own altitudes show, m^2
    (restricted maximum likelihood); 0 below two shots."""

    bias: Array
    variance: Array
    roughness: Array


def predict(found: Interpolated, altitude: Array) -> Prediction:
    """The best linear unbiased prediction from the shots that were interpolated, whose altitudes (N,) are in m.

    With C = sill - g of pairs of shots, c = sill - g to the query, 1 and the altitudes h, all that is asked for are
    inner products of the type c' C^-1 h, that is of what forward substitution with C's Cholesky factor leaves.
    """
    sectors = found.sectors
    filled = np.isfinite(sectors.distance.T)
    own = structure(np.where(filled, sectors.distance.T, 0.0))
    sill = _SILL * np.maximum(own.max(axis=0), 1e-30)
    heights = np.where(filled, altitude[sectors.index.T] - np.nan_to_num(found.altitude), 0.0)
    sides = [np.where(filled, sill - own, 0.0), filled.astype(np.float64), heights]
    c, one, h = _forward(_covariances(sectors.east.T, sectors.north.T, filled, sill), sides)

    def product(a: list[Array], b: list[Array]) -> Array:
        return np.asarray(sum(x * y for x, y in zip(a, b)))

    ones = product(one, one)
    ones = np.where(ones > 0, ones, 1.0)
    left = (1 - product(one, c)) / ones  # Lagrange's multiplier makes the weights add up to 1
    mean = product(one, h)
    variance = np.maximum(sill - product(c, c) + left**2 * ones, 1e-3 * _NUGGET * sill)
    squares = np.maximum(product(h, h) - mean**2 / ones, 0.0)
    return Prediction(product(c, h) + left * mean, variance, squares / np.maximum(filled.sum(axis=0) - 1, 1))


def _covariances(east: Array, north: Array, filled: Array, sill: Array) -> list[list[Array]]:
    """Lower triangle of C (bins, bins), (n,) each; empty sectors stand alone, with 1 on the diagonal."""
    rows: list[list[Array]] = []
    for i in range(len(east)):
        row = [
            np.where(filled[i] & filled[j], sill - structure(np.hypot(east[i] - east[j], north[i] - north[j])), 0.0)
            for j in range(i)
        ]
        rows.append([*row, np.where(filled[i], (1 + _NUGGET / _SILL) * sill, 1.0)])
    return rows


def _forward(lower: list[list[Array]], sides: list[Array]) -> list[list[Array]]:
    """L^-1 of each of ``sides`` (bins, n) for the Cholesky factor L of ``lower``, which it takes the place of."""
    done: list[list[Array]] = [[] for _ in sides]
    for i, row in enumerate(lower):
        for j in range(i):
            row[j] = (row[j] - sum(row[k] * lower[j][k] for k in range(j))) / lower[j][j]
        pivot = row[i] - sum(row[k] ** 2 for k in range(i))
        row[i] = np.sqrt(np.maximum(pivot, 1e-9 * row[i]))
        for side, solved in zip(sides, done):
            solved.append((side[i] - sum(row[k] * solved[k] for k in range(i))) / row[i])
    return done
