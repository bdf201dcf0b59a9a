"""Where the real data of benchmarks and tests lie (PLANETARY_DTM_DATA, else ../shared/data beside the checkout), and
squares of their DEMs."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..core.rasters import Raster, Window

Box = tuple[float, float, float, float]


def real_data(folder: str | Path | None = None) -> Path | None:
    """The folder of real data, or None where there is none."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    chosen = Path(folder or os.environ.get("PLANETARY_DTM_DATA") or beside)
    return chosen if chosen.is_dir() else None


def square_of(dem: Path, box: Box, side: int, rng: np.random.Generator) -> tuple[npt.NDArray[np.float32], float]:
    """A square of ``side`` pixels anywhere in a lon/lat box (degrees) of a DEM; its heights and pixel size in m."""
    raster = Raster(dem)
    inside = raster.grid.window(box)
    columns = round(side / np.cos(np.radians((box[1] + box[3]) / 2)))
    row = inside.row + int(rng.integers(0, inside.height - side + 1))
    column = inside.column + int(rng.integers(0, max(inside.width - columns, 0) + 1))
    height, _ = raster.read(Window(column, row, min(columns, inside.width), side), (side, side), resampling="average")
    return np.asarray(height, np.float32), float(raster.grid.pixel_size_m[1])
