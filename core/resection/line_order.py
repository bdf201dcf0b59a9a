"""Lines whose GCPs do not lie where the lines around put them: numbers exchanged, or places of another line.

The ground that one detector sees moves on steadily with the line number. Along the flight, each GCP is compared with
the medians of place and speed over the lines about it, and a line is judged by the median of its GCPs, so that neither
single wild places nor rough relief count. Noise of any size only raises what stands out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from .model import ControlPoints

Array = NDArray[np.float64]

AROUND = 5  # lines to either side
STANDS_OUT = 8.0  # times the usual scatter
# steps from line to line that count: two neighbours exchanged are one step off; few GCPs may all look over one edge
LEAST_STEPS, LEAST_OF_FEW, FEW = 0.4, 2.0, 4
SPEED_OVER = 50  # lines with GCPs
LEAST_COUNT = 4 * AROUND  # lines on which one detector has GCPs
MOST = 0.05  # of the lines; where more stand off, it is no matter of single lines
NAMED = 6  # lines at most in a sentence


@dataclass(frozen=True)
class Displaced:
    """Lines (M,) ascending and how many lines ahead (M,) of their place their GCPs lie."""

    line: Array
    ahead: Array


def displaced(points: ControlPoints) -> Displaced:
    """Lines whose GCPs stand off; only detectors with GCPs on enough lines are looked at."""
    pixel = np.unique(np.stack([points.view, points.sample]), axis=1, return_inverse=True)[1].ravel()
    line, row = np.unique(points.line, return_inverse=True)
    axis = _axis(points.bearings, row.ravel(), len(line))
    off = np.full(len(points), np.nan)
    order = np.lexsort((points.line, pixel))
    for own in np.split(order, np.flatnonzero(np.diff(pixel[order])) + 1):
        if len(own) >= LEAST_COUNT:
            off[own] = _ahead(points.line[own], points.bearings[own], axis)
    known = np.isfinite(off)
    ahead = _median_by(off[known], row.ravel()[known], len(line))
    scatter = 1.4826 * np.nanmedian(np.abs(ahead)) if known.any() else np.inf
    few = np.bincount(row.ravel()[known], minlength=len(line)) < FEW
    least = np.where(few, LEAST_OF_FEW, LEAST_STEPS) * (float(np.median(np.diff(line))) if len(line) > 1 else 1.0)
    wrong = np.abs(np.nan_to_num(ahead)) > np.maximum(STANDS_OUT * scatter, least)
    if wrong.mean() > MOST:
        wrong[:] = False
    return Displaced(line[wrong], ahead[wrong])


def told(found: Displaced, name: str, left_out: bool) -> list[str]:
    """A sentence on displaced lines; those that fill each other's places are called exchanged."""
    if not len(found.line):
        return []
    far = float(np.abs(found.ahead).max())
    named = ", ".join(f"{line:g}" for line in found.line[:NAMED])
    more = f" and {len(found.line) - NAMED} more" if len(found.line) > NAMED else ""
    place = found.line + found.ahead
    partner = np.abs(place[:, None] - found.line) < 0.5 + 0.1 * np.abs(found.ahead[:, None])
    lines = "lines" if len(found.line) > 1 else "line"
    swapped = " (in each other's places)" if bool(np.all((partner & partner.T).any(axis=1))) else ""
    return [
        f"The GCPs of {lines} {named}{more} in {name!r} lie up to {far:.3g} lines off where the lines around put "
        f"them{swapped}: check their line numbers and places{'; they are left out' if left_out else ''}."
    ]


def _axis(bearings: Array, row: NDArray[np.int64], lines: int) -> Array:
    """Normal of the flight over the ground, a unit vector (3,)."""
    mean = np.stack([np.bincount(row, column, lines) for column in bearings.T], axis=1)
    mean = mean / np.linalg.norm(mean, axis=1, keepdims=True)
    half = max(lines // 2, 1)
    turned = np.cross(mean[:-half], mean[half:]) if lines > half else mean[:1]
    normal = np.median(turned, axis=0)
    return np.asarray(normal / max(float(np.linalg.norm(normal)), 1e-300))


def _ahead(line: Array, bearings: Array, axis: Array) -> Array:
    """How many lines (N,) each GCP of one detector lies ahead of where those about it put it."""
    first = bearings[len(bearings) // 2]
    first = first - axis * (first @ axis)
    first /= np.linalg.norm(first)
    angle = np.unwrap(np.arctan2(bearings @ np.cross(axis, first), bearings @ first))
    near = _windows(len(line))
    over = min(SPEED_OVER, len(line) - 2 * AROUND - 1)
    speed = np.median(sliding_window_view((angle[over:] - angle[:-over]) / (line[over:] - line[:-over]), 2 * AROUND), 1)
    middle = np.clip(np.arange(len(line)) - (over + 2 * AROUND) // 2, 0, len(speed) - 1)
    slope = speed[middle][:, None]
    place = np.median(angle[near] - slope * (line[near] - line[:, None]), axis=1)
    usual = float(np.median(speed))
    return np.asarray((angle - place) / (usual if usual else np.nan))


def _windows(count: int) -> NDArray[np.int64]:
    """Indices (N, 2 AROUND + 1) of the entries about each, shifted inwards at the ends."""
    first = np.clip(np.arange(count) - AROUND, 0, count - 2 * AROUND - 1)
    return np.asarray(first[:, None] + np.arange(2 * AROUND + 1))


def _median_by(values: Array, group: NDArray[np.int64], groups: int) -> Array:
    """Median (G,) of the values of each group, NaN where it has none."""
    order = np.lexsort((values, group))
    values, count = values[order], np.bincount(group, minlength=groups)
    begin = np.cumsum(count) - count
    low, high = begin + (count - 1) // 2, begin + count // 2
    filled = count > 0
    median = np.full(groups, np.nan)
    median[filled] = 0.5 * (values[low[filled]] + values[high[filled]])
    return median
