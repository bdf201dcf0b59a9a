"""How the errors of interpolated altitudes hang together, estimated from a trajectory's own residuals.

What a residual shows of an altitude's error is the error less what the path has taken up of it. The expectation of the
errors' products, given the data, is the product of the residuals plus the covariance of the path's share (the E step of
Dempster, Laird and Rubin 1977); that share is drawn from the trajectory's own distribution. The estimate therefore
moves with the trajectory and is repeated once the trajectory knows of the correlation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .altitude_errors import columns
from .model import ControlPoints
from .trajectory_noise import NoiseModel
from .trajectory_system import State, Step, System

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

DRAWS = 4
LAGS = 24  # at which the correlation along columns is looked at
LEAST_CORRELATION = 0.1  # below this neighbouring errors count as independent
LONGEST_M = 40_000.0
WINDOW = 6.0  # correlation lengths over which the correlations are summed
FIRST_COLUMN_M = 2000.0  # correlation length by which GCPs are first gathered into columns
CLIPPED = 3.0  # sigmas an error counts for at most; a normal one then has the mean square
CLIPPED_SQUARE = 0.9749


@dataclass(frozen=True)
class Correlation:
    """Covariance of the altitude errors along a column, over ``scale``² times the product of their sigmas.

    ``white`` at one place, and ``shared`` exp(-distance / ``length_m``); length 0: independent errors. ``shared`` is
    as large as makes the integral right, which is all a smooth path feels: above 1 - ``white`` where the errors'
    correlation has a longer tail than an exponential.
    """

    length_m: float = 0.0
    white: float = 1.0
    shared: float = 0.0
    scale: float = 1.0

    def near(self, other: Correlation) -> bool:
        """Whether both mean the same to a path, to a twentieth."""
        own, theirs = (c.length_m * c.shared * c.scale**2 for c in (self, other))
        return bool(abs(own - theirs) < 0.05 * theirs)


def estimate_correlation(
    points: ControlPoints,
    system: System,
    state: State,
    step: Step,
    model: NoiseModel,
    metres_a_line: float,
    metres_a_sample: float,
    given_m: float | None,
) -> Correlation:
    """Correlation of the altitude errors of ``points`` about a solution; ``given_m`` overrides the length, 0 for none.

    ``metres_a_line``, ``metres_a_sample``: steps on the ground.
    """
    if given_m == 0:
        return Correlation()
    rows, _ = system.rows(replace(state, process=np.zeros_like(state.process)), model.noise())
    sigma = model.altitude_sigma()
    clear = np.isfinite(model.altitude_given) & (rows.zenith * sigma > model.lateral_sigma())
    if clear.sum() < 0.1 * len(clear):  # errors that small do not matter, whatever they share
        return Correlation()
    drawn = system.drawn(state, rows, step, DRAWS)
    errors = np.clip((rows.residual[:, 0] + drawn) / rows.zenith / sigma, -CLIPPED, CLIPPED)[:, clear]
    scale = float(np.sqrt(np.mean(errors**2) / CLIPPED_SQUARE))
    column = columns(points[clear], metres_a_sample, given_m or FIRST_COLUMN_M)
    found = correlation_along(points.line[clear], column, errors, metres_a_line)
    if given_m is not None:
        return Correlation(given_m, min(found.white, 0.5), max(found.shared, 0.5), scale)
    return replace(found, scale=scale) if found.length_m > 0.5 * metres_a_line else Correlation()


def correlation_along(line: Array, column: Integers, errors: Array, metres_a_line: float) -> Correlation:
    """Correlation of ``errors`` (K, N), in sigmas, along their columns; independent where there is none.

    Length and white part are those of an exponential fitted to the correlations at lags up to `LONGEST_M`; the shared
    part is their integral, up to `WINDOW` lengths of it (Sokal 1997, Monte Carlo Methods, section 3), over the length.
    """
    order = np.lexsort((line, column))
    line, column, errors = line[order], column[order], errors[:, order]
    gap = np.diff(line)[(np.diff(column) == 0) & (np.diff(line) > 0)] * metres_a_line
    farthest = int(min(LONGEST_M / np.median(gap), len(line) - 1)) if len(gap) else 0
    found = []
    for k in np.unique(np.geomspace(1, max(farthest, 1), LAGS).astype(int)):
        apart = (line[k:] - line[:-k]) * metres_a_line
        near = (column[k:] == column[:-k]) & (apart > 0) & (apart <= LONGEST_M)
        if near.any():
            product = np.einsum("kn,kn->n", errors[:, k:], errors[:, :-k])[near].mean() / len(errors)
            found.append((apart[near].mean(), product, near.sum() / k))  # overlapping pairs repeat each other
    if not found:
        return Correlation()
    lag, product, weight = np.array(found, dtype=float).T
    correlation = product / np.mean(errors**2)
    length, share = _exponential(lag, correlation, weight)
    if share < LEAST_CORRELATION:
        return Correlation()
    lag, correlation = np.append(0.0, lag), np.append(share, correlation)
    whole = np.append(0.0, np.cumsum(0.5 * (correlation[1:] + correlation[:-1]) * np.diff(lag)))
    far = share * lag >= WINDOW * whole
    end = int(np.argmax(far[1:])) + 1 if far[1:].any() else len(lag) - 1
    shared = whole[end] / length / -np.expm1(-lag[end] / length)
    return Correlation(length, 1.0 - share, max(float(shared), share))


def _exponential(lag: Array, correlation: Array, weight: Array) -> tuple[float, float]:
    """Length and share of the nearest share exp(-lag / length)."""
    length = np.geomspace(max(lag.min(), 1e-3 * LONGEST_M), LONGEST_M, 60)
    shape = np.exp(-lag / length[:, None])
    share = np.clip((shape @ (weight * correlation)) / (shape**2 @ weight), 0.0, 1.0)
    best = int(np.argmin(((correlation - share[:, None] * shape) ** 2) @ weight))
    return float(length[best]), float(share[best])
