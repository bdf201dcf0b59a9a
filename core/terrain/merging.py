"""DTMs of one ground made one: what a single flight measured twice is averaged, what several did gains precision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .robust import LEAST_SIGMA_M

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Heights:
    """height and its one-sigma (m), NaN where unknown; count of points, 0 there; all (R, C)."""

    height: Array
    sigma: Array
    count: Array


def within_flight(parts: Sequence[Heights]) -> Heights:
    """Segments of one flight: means weighted by inverse variance, whose sigma does not fall with their number.

    Neighbouring segments look at the same pixels from the same orbit; their errors are the same errors. The count is
    the largest, for the same reason.
    """
    weight, total, spread, count = _sums(parts)
    with np.errstate(invalid="ignore", divide="ignore"):
        # Weights are 1 / sigma², so the weighted mean of sigma² is their number over their sum.
        return Heights(total / weight, np.sqrt(spread / weight), count)


def across_flights(flights: Sequence[Heights]) -> Heights:
    """Independent flights over one ground: the inverse-variance mean; its variance is 1 / (sum of 1 / sigma²)."""
    weight, total, _, _ = _sums(flights)
    count = np.sum([flight.count for flight in flights], axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return Heights(total / weight, 1.0 / np.sqrt(weight), count)


def _sums(parts: Sequence[Heights]) -> tuple[Array, Array, Array, Array]:
    """Sums of 1 / sigma², of heights times it, number of known parts, and the largest count; weight NaN for none."""
    shape = parts[0].height.shape
    weight, total, known, count = (np.zeros(shape) for _ in range(4))
    for part in parts:
        good = np.isfinite(part.height) & (part.sigma >= 0)
        own = np.where(good, 1.0 / np.maximum(np.where(good, part.sigma, 1.0), LEAST_SIGMA_M) ** 2, 0.0)
        weight += own
        total += own * np.where(good, part.height, 0.0)
        known += good
        count = np.maximum(count, np.where(good, part.count, 0.0))
    weight[known == 0] = np.nan
    return weight, total, known, count
