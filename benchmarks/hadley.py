"""Hadley Rille in metres: one Apollo 15 metric image levelled to a few of 45 LOLA tracks, judged by the others.

Beside the learned terrain stand the best of the four plain interpolators of the same shots, and the same levelling
with a constant image: what the image gave is the difference between the two.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..core.altimetry.readers import read_shots
from ..core.errors import InputError
from ..core.progress import Progress, part, silent, tell
from ..core.rasters import Grid, Raster
from ..core.simulation.tracks import select_tracks
from ..core.steps import step
from ..core.steps.inputs import shots_on
from ..core.tables import write_table
from ..core.terrain.interpolators import BASELINES
from ..core.terrain.levelling import level_relative
from ..core.terrain.sampling import bilinear
from ..core.terrain.shots import Shots
from .data import real_data
from .table import Check, Table, Tables

Field = npt.NDArray[np.float32]
Array = np.ndarray[Any, np.dtype[np.float64]]

SEEDS = range(10)
TRACKS = (4, 6, 12)
MOST_OF_BEST = 0.75  # learned over the best interpolator; without an image nothing may be gained
WITHIN = 0.61, 0.75  # of the withheld shots, within one sigma, in each third of it
LIT_FROM = 104.65  # degrees: sun azimuth over the image, from the labels of its ISIS cube


@dataclass(frozen=True)
class Score:
    """One draw of tracks: RMSE (m) on the withheld shots of each interpolator, the learned terrain and the constant
    image, and the part of the withheld shots within one sigma, in all and in each third by sigma."""

    baselines: dict[str, float]
    learned: float
    constant: float
    within: float
    thirds: tuple[float, float, float]

    @property
    def best(self) -> float:
        """RMSE of the best interpolator."""
        return min(self.baselines.values())


def image_path(data: str | Path | None = None) -> Path:
    """The image; raises `InputError` where the data are not."""
    return _file(data, "AS15-M-1134_ortho.tif")


def shots_path(data: str | Path | None = None) -> Path:
    """The LOLA shots; raises `InputError` where the data are not."""
    return _file(data, "RDR_hadley_LOLA.csv.gz")


def _file(data: str | Path | None, name: str) -> Path:
    folder = real_data(data)
    path = (folder or Path("data")) / "moon" / "hadley" / name
    if not path.is_file():
        raise InputError(f"{path} does not exist; give the folder of the real data (--data or PLANETARY_DTM_DATA).")
    return path


def write_split(data: str | Path | None, folder: Path, tracks: int, seed: int) -> tuple[Path, Path]:
    """Write the given and the withheld shots of one draw as CSV; returns both paths."""
    body = Raster(image_path(data)).grid.body
    shots = read_shots(shots_path(data), body)
    if shots.track is None:
        raise InputError(f"{shots_path(data)} has no column that tells its tracks apart.")
    given = select_tracks(shots.lon, shots.track, tracks, seed)
    paths = folder / "altimetry_given.csv", folder / "altimetry_withheld.csv"
    for path, chosen in zip(paths, (given, ~given)):
        part_of = shots.kept(chosen)
        columns: dict[str, npt.ArrayLike] = {
            "lon": np.degrees(part_of.lon),
            "lat": np.degrees(part_of.lat),
            "altitude": part_of.altitude,
            "track": np.asarray(part_of.track),
        }
        write_table(path, columns)
    return paths


def run(
    data: str | Path | None = None,
    folder: str | Path | None = None,
    progress: Progress = silent,
    tracks: Sequence[int] = TRACKS,
) -> Tables:
    """Level the image to every draw of tracks (seeds 0-9); ``folder`` keeps the relative terrain."""
    with tempfile.TemporaryDirectory() as temporary:
        relief_path = Path(folder or temporary) / "hadley_relative.tif"
        step("dtmfromextent").run(
            **step("dtmfromextent").checked({"INPUT": str(image_path(data)), "OUTPUT": str(relief_path)}),
            progress=part(progress, 0.0, 0.1),
        )
        raster = Raster(relief_path)
        relief, valid = raster.read()
        grid, sun = raster.grid, raster.metadata.get("SUN_AZIMUTH_USED", "")
    shots = shots_on(grid, str(shots_path(data)))[0]
    scores = {count: [] for count in tracks}  # type: dict[int, list[Score]]
    total = len(tracks) * len(SEEDS)
    for number, (count, seed) in enumerate((count, seed) for count in tracks for seed in SEEDS):
        tell(progress, 0.1 + 0.9 * number / total, f"Hadley: {count} tracks, seed {seed}")
        scores[count].append(score(grid, relief, valid, shots, count, seed))
    return Tables([_accuracy(scores, sun), _certainty(scores)])


def score(grid: Grid, relief: Field, valid: Any, shots: Shots, count: int, seed: int) -> Score:
    """Level to ``count`` tracks drawn by ``seed`` and judge by the withheld ones."""
    given = select_tracks(shots.col, shots.track, count, seed)
    pixel = grid.pixel_size_m[::-1]
    place = np.column_stack([shots.row, shots.col]) * pixel
    known = bilinear(relief, valid, shots.row, shots.col)[1]
    judge = ~given & known
    truth = shots.altitude[judge]
    baselines = {
        name: _rmse(interpolate(place[given], shots.altitude[given], place[judge]) - truth)
        for name, interpolate in BASELINES.items()
    }
    made = level_relative(relief, valid, pixel, shots[given])
    plain = level_relative(np.zeros_like(relief), valid, pixel, shots[given])
    height, sigma = (bilinear(band, valid, shots.row[judge], shots.col[judge])[0] for band in (made.height, made.sigma))
    error = height - truth
    inside = np.abs(error) <= sigma
    thirds = [float(inside[third].mean()) for third in np.array_split(np.argsort(sigma), 3)]
    constant = _rmse(bilinear(plain.height, valid, shots.row[judge], shots.col[judge])[0] - truth)
    return Score(baselines, _rmse(error), constant, float(inside.mean()), (thirds[0], thirds[1], thirds[2]))


def _rmse(error: Array) -> float:
    return float(np.sqrt(np.mean(error**2)))


def _accuracy(scores: dict[int, list[Score]], sun: str) -> Table:
    table = Table(
        "Hadley: RMSE (m) on the withheld LOLA shots, median of ten draws (10th-90th percentile)",
        ["tracks given", *BASELINES, "best", "constant image", "learned", "learned / best", "constant / best"],
    )
    for count, draws in scores.items():
        best = np.array([draw.best for draw in draws])
        columns = [np.array([draw.baselines[name] for draw in draws]) for name in BASELINES]
        constant, learned = np.array([draw.constant for draw in draws]), np.array([draw.learned for draw in draws])
        table.rows.append(
            [str(count), *(_spread(values) for values in (*columns, best, constant, learned)),
             ratio := float(np.median(learned / best)), plain := float(np.median(constant / best))]
        )  # fmt: skip
        table.checks.append(Check(f"{count} tracks, learned / best", ratio, most=MOST_OF_BEST))
        table.checks.append(Check(f"{count} tracks, constant image / best", plain, least=1.0))
    table.notes.append("The best of the four is chosen anew in each draw; the ratios are medians of the draws' ratios.")
    table.notes.append(f"Sun azimuth used: {sun or 'none'} degrees; the label of the image says {LIT_FROM}.")
    return table


def _certainty(scores: dict[int, list[Score]]) -> Table:
    table = Table(
        "Hadley: part of the withheld shots within one sigma (68 % is meant), median of ten draws",
        ["tracks given", "all", "lowest third of sigma", "middle third", "highest third"],
    )
    for count, draws in scores.items():
        thirds = np.median([draw.thirds for draw in draws], axis=0)
        table.rows.append([str(count), float(np.median([draw.within for draw in draws])), *thirds.tolist()])
        for name, share in zip(table.header[2:], thirds.tolist()):
            table.checks.append(Check(f"{count} tracks, {name}: within one sigma", share, *WITHIN[::-1]))
    return table


def _spread(values: Array) -> str:
    low, middle, high = np.percentile(values, (10, 50, 90))
    return f"{middle:.0f} ({low:.0f}-{high:.0f})"
