"""Real pictures with known terrain, for evaluation only: Apollo 15 frames over GLD100, Gale crater, a Viking map view.

Each becomes a `Site`: what `planetary-dtm dtmfromextent` is given, and the heights it is judged by.
"""

from __future__ import annotations

import gzip
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..core.errors import InputError
from ..core.learned.engine import Engine
from ..core.learned.evaluation import local
from ..core.learned.prediction import predict_relief
from ..core.rasters import Raster
from ..core.simulation.tracks import Altimeter, simulate_tracks
from ..core.steps.inputs import reference_on
from ..core.terrain.comparison import correlation
from ..core.terrain.shots import Shots
from .data import real_data

Float = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

FRAMES = {"0297": (279.0, 68.0), "0298": (280.0, 67.0)}  # sun azimuth and incidence: its place at 1971-07-31T01:25
TRACK_SPACING_M = 45_000.0
GALE_M = 0.0907, -4582.0  # metres a count of the HRSC DEM, and offset, fitted to MOLA
GALE_CELL_M = 667.0


@dataclass(frozen=True)
class Site:
    """grey (rows, columns), NaN where invalid, of pixels (width, height) in metres; height (rows / cell, columns /
    cell): true metres at the reference's resolution, NaN where unknown. Sun in degrees, None where unknown."""

    name: str
    grey: Float
    pixel_m: tuple[float, float]
    height: Float
    cell: int
    sun_azimuth: float | None = None
    sun_incidence: float | None = None

    @property
    def cell_m(self) -> float:
        """Side of a reference cell, metres (geometric mean)."""
        return float(np.sqrt(self.pixel_m[0] * self.pixel_m[1])) * self.cell

    def means(self, height: Float) -> Float:
        """Heights (rows, columns) averaged over the reference's cells; NaN where a cell is not whole."""
        rows, columns = self.height.shape
        cut = height[: rows * self.cell, : columns * self.cell]
        return np.asarray(cut.reshape(rows, self.cell, columns, self.cell).mean(axis=(1, 3)), np.float32)

    def relief(self, engine: Engine, sun_azimuth: float | None = None) -> Float:
        """The model's relief, NaN where invalid; the sun is estimated unless given."""
        valid = np.isfinite(self.grey)
        grey = np.where(valid, self.grey, 0).astype(np.float32)

        def read(row: int, row_stop: int, column: int, column_stop: int) -> tuple[Float, Mask]:
            part = slice(row, row_stop), slice(column, column_stop)
            return grey[part], valid[part]

        rows, columns = grey.shape
        return predict_relief(read, (rows, columns), (0, rows, 0, columns), self.pixel_m, engine, sun_azimuth).height

    def tracks(self, seed: int = 0) -> Shots:
        """Simulated altimeter tracks over the reference, on the picture's grid."""
        altimeter = Altimeter(TRACK_SPACING_M, self.cell_m / 2, 3.0, 0.05 * TRACK_SPACING_M, 1.0)
        known = np.isfinite(self.height)
        shots = simulate_tracks(np.nan_to_num(self.height), known, self.cell_m, altimeter, seed)
        centre = (self.cell - 1) / 2
        row, column = shots.row * self.cell + centre, shots.col * self.cell + centre
        return Shots(row, column, shots.altitude, shots.sigma, shots.track)


def local_cc(height: Float, truth: Float) -> float:
    """Correlation of heights less their 24-cell Gaussian mean."""
    both = np.isfinite(height) & np.isfinite(truth)
    return correlation(local(height, both)[both].astype(float), local(truth, both)[both].astype(float))


def apollo(frame: str, data: str | Path | None = None) -> Site:
    """An Apollo 15 metric frame, 158 m a pixel, over GLD100 at 474 m."""
    folder = _folder(data, "moon", "apollo15_rev16")
    image = Raster(folder / f"AS15-M-{frame}_ortho.tif")
    values, valid = image.read()
    grey = np.where(valid, values, np.nan).astype(np.float32)
    cell = 3
    rows, columns = (length // cell for length in grey.shape)
    coarse = image.grid.resized(columns, rows)
    heights = reference_on(coarse, str(folder / "gld100_64ppd.tif"))
    height = np.where(heights.valid, heights.height, np.nan).astype(np.float32)
    return Site(f"Apollo 15 frame {frame}", grey, image.grid.pixel_size_m, height, cell, *FRAMES[frame])


def gale(data: str | Path | None = None) -> Site:
    """Gale crater at four pixels a cell of the HRSC DEM; both are taken to cover the same rectangle."""
    folder = _folder(data, "mars", "gale_crater")
    counts, known = Raster(folder / "Gale_HRSC_DEM_50m_300x285.bin").read()
    known &= counts > 0
    height = np.where(known, counts * GALE_M[0] + GALE_M[1], np.nan).astype(np.float32)
    rows, columns = height.shape
    bands = _plain_picture(folder / "Gale_texture_high_4096px.jpg", (4 * rows, 4 * columns))
    luma = bands[0] * 0.299 + bands[1] * 0.587 + bands[2] * 0.114
    return Site("Gale crater", luma, (GALE_CELL_M / 4, GALE_CELL_M / 4), height, 4)


def viking(data: str | Path | None = None) -> tuple[Site, Float]:
    """A Viking map view, and MOLA at 4 pixels a degree as the judge; second: MOLA averaged to one degree, on the view's
    grid, to level to."""
    folder = _folder(data, "mars", "")
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "viking.img"
        path.write_bytes(gzip.decompress((folder / "viking_mdim.pds.gz").read_bytes()))
        values, valid = Raster(path).read()
    grey = np.where(valid & (values > 0), values, np.nan).astype(np.float32)
    heights, _ = Raster(folder / "mola_megdr_4ppd.tif").read()
    # The view: 78-110 E, 6.5 N - 25.5 S at 32 pixels a degree.
    part = np.asarray(heights[334:462, 1032:1160], np.float32)
    coarse = part.reshape(32, 4, 32, 4).mean(axis=(1, 3))
    return Site("Viking map view", grey, (1850.8, 1850.8), part, 8), np.asarray(coarse, np.float32)


def _plain_picture(path: Path, shape: tuple[int, int]) -> Float:
    """Bands of a picture without georeference, reduced to ``shape`` by area means."""
    from osgeo import gdal

    from ..core.rasters import quiet_gdal

    with quiet_gdal():
        source = gdal.Open(str(path))
        options = {"buf_xsize": shape[1], "buf_ysize": shape[0], "resample_alg": gdal.GRIORA_Average}
        return np.asarray(source.ReadAsArray(**options), np.float32)


def _folder(data: str | Path | None, *names: str) -> Path:
    path = (real_data(data) or Path("data")).joinpath(*names)
    if not path.is_dir():
        raise InputError(f"{path} does not exist; give the folder of the real data (--data or PLANETARY_DTM_DATA).")
    return path
