"""GCPs that no flight explains, left out of the trajectory once a first solution shows them.

A robust estimate lowers the weight of single outliers, but where all GCPs of a stretch are wrong (another table's rows,
places in other units) they raise the noise that the data seem to have, and with it everybody's error bars.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .ground_rows import Targets, ground_rows
from .path import Path

STANDS_OFF = 20.0  # times the usual distance of a GCP from the ray that sees it
LEAST_M = 5000.0  # altitudes are never wrong by as much
MOST = 0.2  # of the GCPs; where more stand off, it is the path that is wrong


def gross_errors(
    seen: Targets, path: Path, known: NDArray[np.bool_] | None = None
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which of N GCPs stand far off their rays from a path, and how far all of them do, m.

    Of those whose altitude is not ``known`` only what no altitude explains counts.
    """
    one = np.ones(len(seen.row))
    rows = ground_rows(seen, path.at(seen.line), 0.0 * one, 0.0, one, one)
    off = np.linalg.norm(rows.residual, axis=1)
    if known is not None:
        off = np.where(known, off, np.abs(rows.residual[:, 1]))
    wrong = off > max(STANDS_OFF * float(np.median(off)), LEAST_M)
    return wrong if wrong.mean() <= MOST else np.zeros_like(wrong), off


def told(line: NDArray[np.float64], off: NDArray[np.float64]) -> list[str]:
    """A sentence on N GCPs left out, by their lines and how far off (m) they were."""
    if not len(line):
        return []
    lines = np.unique(line)
    where = f"line {lines[0]:g}" if len(lines) == 1 else f"{len(lines)} lines from {lines[0]:g} to {lines[-1]:g}"
    return [
        f"{len(line)} GCPs on {where} lie up to {off.max() / 1000:.0f} km off the flight of the others "
        "and are left out: check their line numbers, lon and lat."
    ]
