"""What borders of tiles add to the step between neighbouring pixels of a predicted terrain."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
import numpy.typing as npt

from ..core.learned import tiles
from ..core.learned.engine import Engine
from ..core.learned.prediction import predict_relief
from ..core.progress import Progress, each, silent
from ..core.simulation.relief import random_relief
from ..core.simulation.shading import render
from .table import Check, Table

SIDE, PIXEL_M = 1100, 100.0
AZIMUTHS = (270.0, 300.0)  # tiles along the image's sides, and turned against them
SMALL = 384  # pixels of a tile; the other prediction has one tile only
RIM = 48  # pixels that feel any tile's end


def seams(engine: Engine, progress: Progress = silent) -> Table:
    """A rendered scene predicted in small tiles and in one: the difference is what borders do.

    Their step is the mean along a row or column of what tiles add to the step between neighbours, the largest of all
    rows and columns; the usual step is the median between neighbours.
    """
    columns = ["sun's azimuth", "usual step, m", "largest step added, m", "largest over usual"]
    table = Table(f"Seams: {SIDE} x {SIDE} pixels in tiles of {SMALL} and in one", columns)
    for azimuth in each(AZIMUTHS, progress, len(AZIMUTHS), "Seams"):
        truth = random_relief((SIDE, SIDE), PIXEL_M, 71).astype(np.float32)
        grey = render(truth, PIXEL_M, azimuth, 60.0, seed=1).astype(np.float32)
        whole, cut = (_relief(engine, grey, azimuth, side) for side in (2 * SIDE, SMALL))
        inner = (cut - whole)[RIM:-RIM, RIM:-RIM]
        added = max(float(np.abs(np.diff(inner, axis=axis)).mean(axis=1 - axis).max()) for axis in (0, 1))
        usual = min(float(np.median(np.abs(np.diff(whole, axis=axis)))) for axis in (0, 1))
        table.rows.append([f"{azimuth:g}", usual, added, added / usual])
        table.checks.append(Check(f"step that tiles add, of the usual, sun at {azimuth:g}", added / usual, most=1.0))
    return table


def _relief(engine: Engine, grey: npt.NDArray[np.float32], azimuth: float, side: int) -> npt.NDArray[np.float32]:
    """Relief of a whole picture by tiles of at most ``side`` pixels."""

    def read(
        row: int, row_stop: int, column: int, column_stop: int
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
        part = grey[row:row_stop, column:column_stop]
        return part, np.ones(part.shape, bool)

    rows, columns = grey.shape
    with patch.object(tiles, "TILE", side):
        found = predict_relief(read, grey.shape, (0, rows, 0, columns), (PIXEL_M, PIXEL_M), engine, azimuth)
    return found.height
