"""Heights at altimeter shots that nothing has seen: a chain oriented by GCPs alone, and with ties and raw shots.

Whole tracks and single shots are kept from the control's altitudes and from the adjustment. At them are compared: the
DTM as `comparedtm` does, single matches (of the four pixels about the shot, in the mean of their places), and what the
orientation contributes: true places in the images, intersected by the cameras recovered. Matches are the same in both,
and what they leave under the true orientation is told: no orientation can do better. Errors of matching average out
over wide squares of the DTM, those of orientation do not: the last column, against the true terrain.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.altimetry.filtering import filter_shots
from ..core.altimetry.readers import Shots, read_shots
from ..core.bodies import body_of_radius
from ..core.camera.linescan import ImageCamera
from ..core.camera.sensor import load_sensor
from ..core.errors import InputError
from ..core.frames import unit_vectors
from ..core.matching.match_file import Matches, MatchFile
from ..core.progress import silent
from ..core.rasters import Raster
from ..core.steps.comparedtm import STEP as COMPARE
from ..core.steps.inputs import reference_on
from ..core.steps.scans import camera_of, image_cameras
from ..core.steps.stereo_chain import Chain
from ..core.tables import write_table
from ..core.terrain.intersection import intersect_matches
from .table import Check, Table

Array = NDArray[np.float64]
Start = Callable[[Path, Mapping[str, Any]], Chain]  # a chain in a folder with changes of what the user gave

HALF = 0.5  # of the height errors by GCPs alone that are to be left with ties and raw shots
SQUARE = 56  # cells along a side
ONE_IN = 8  # tracks; and of the others' shots one in as many
FEW, ONE_IN_FEW = 50, 3  # of so few shots that the views share, as on a narrow swath, more are withheld
HEADER = (
    *("", "DTM: bias, m", "RMSE, m", "NMAD, m", "single match: RMSE, m", "NMAD, m"),
    *("orientation: RMSE, m", "sigma of it, m", "shots on the DTM", "matched"),
    f"DTM: means of {SQUARE} x {SQUARE} cells, m",
)


def withheld_heights(title: str, scene: Path, folder: Path, start: Start, matches: Sequence[str], seed: int) -> Table:
    """The table for one scene; ``matches`` are its match files, the middle view's first."""
    folder.mkdir(parents=True, exist_ok=True)
    sensor = load_sensor(str(scene / "sensor.json"))
    every = read_shots(scene / "altimetry.csv", body_of_radius(sensor.body_radius_m))
    good = every.kept(filter_shots(every).keep)
    files = [MatchFile(path) for path in matches]
    views = [files[0].view_a, *(file.view_b for file in files)]
    truth = _cameras(scene, str(scene / "truth_eop.csv"), views)
    hidden = _hidden(good, seed, _shared(good, truth))
    for name, mask in (("used", ~hidden), ("withheld", hidden)):
        _write(folder / f"{name}.csv", good.kept(mask))
    table = Table(title, HEADER)
    ways: dict[str, tuple[Sequence[str], Mapping[str, Any]]] = {
        "true orientation": ((), {"eops": str(scene / "truth_eop.csv"), "gcps": None}),
        "collinearity": ((), {"method": "collinearity"}),
        "trajectory, GCPs alone": ((), {}),
        "with ties and raw shots": (matches, {}),
    }
    for number, (name, (ties, changes)) in enumerate(ways.items()):
        chain = start(folder / f"{number}", {**changes, "altimetry": str(folder / "used.csv")})
        chain.orient(ties)
        dtm = chain.grid(chain.intersect(list(matches)))
        compared = _compared(dtm, str(folder / "withheld.csv"))
        ours = _cameras(scene, str(chain.eops), views)
        single, alone, sigma = _at_shots(good.kept(hidden), truth, ours, files)
        of_dtm = [compared[key] for key in ("BIAS", "RMSE", "NMAD")]
        oriented = [_rms(alone), _rms(sigma) if chain.given["gcps"] else None]
        of_points = [_rms(single), _nmad(single), *oriented]
        counts = int(compared["COUNT"]), int(np.isfinite(single).sum())
        table.rows.append([name, *of_dtm, *of_points, *counts, _of_squares(dtm, scene)])
    before, after = table.rows[-2:]
    ratios = [b / a for a, b in zip(before[2:7], after[2:7])]
    table.rows.append(["ratio of the last two", None, *ratios, *[None] * 3, after[-1] / before[-1]])
    dtm_left, pose_left = (table.rows[-1][HEADER.index(what)] for what in ("RMSE, m", "orientation: RMSE, m"))
    table.checks += [
        Check(f"{scene.name}: DTM at withheld shots, over GCPs alone", dtm_left, HALF),
        Check(f"{scene.name}: what the orientation contributes there, over GCPs alone", pose_left, HALF),
    ]
    table.notes.append(f"{int(hidden.sum())} of {len(good)} shots withheld; their own noise is in the first five.")
    return table


def _compared(dtm: str, shots: str) -> Mapping[str, Any]:
    """Numbers of a DTM at shots; none where no shot falls on it, as may be in a narrow swath."""
    try:
        return COMPARE.run(**COMPARE.checked({"INPUT": dtm, "REFERENCE": shots}), progress=silent).outputs
    except InputError:
        return {"BIAS": np.nan, "RMSE": np.nan, "NMAD": np.nan, "COUNT": 0}


def _of_squares(path: str, scene: Path) -> float:
    """RMS of the DTM's mean error over squares of which four fifths have heights."""
    dtm = Raster(path)
    values, valid = dtm.read()
    truth = reference_on(dtm.grid, str(scene / "truth_dtm.tif"))
    error = np.where(valid & truth.valid, values - truth.height, np.nan)
    rows, columns = (side // SQUARE for side in error.shape)
    squares = error[: rows * SQUARE, : columns * SQUARE].reshape(rows, SQUARE, columns, SQUARE)
    known = np.isfinite(squares)
    mean = np.where(known, squares, 0.0).sum(axis=(1, 3)) / np.maximum(known.sum(axis=(1, 3)), 1)
    return _rms(mean[known.mean(axis=(1, 3)) > 0.8])


def _hidden(shots: Shots, seed: int, shared: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whole tracks, and single shots of the others; single shots alone where the views share few (``shared``)."""
    draw = np.random.default_rng([seed, 12]).uniform(size=len(shots))
    if np.count_nonzero(shared) < FEW:
        return shared & (draw * ONE_IN_FEW < 1)
    single = draw * ONE_IN < 1
    return single if shots.track is None else np.asarray(((shots.track + seed) % ONE_IN == 0) | single)


def _shared(shots: Shots, cameras: Sequence[ImageCamera]) -> NDArray[np.bool_]:
    """Which shots two or more of the views see."""
    places = _places(shots)
    seen = np.zeros(len(shots), int)
    for camera in cameras:
        line, sample = camera.project(places)
        first, last = camera.lines
        seen += (line >= first) & (line <= last) & (sample >= 0) & (sample <= camera.samples - 1)
    return seen > 1


def _places(shots: Shots) -> Array:
    return (shots.body.radius_m + shots.altitude)[:, None] * unit_vectors(shots.lon, shots.lat)


def _write(path: Path, shots: Shots) -> None:
    columns = {"lon": np.degrees(shots.lon), "lat": np.degrees(shots.lat), "altitude": shots.altitude}
    write_table(path, columns)


def _cameras(scene: Path, eops: str, views: Sequence[str]) -> list[ImageCamera]:
    cameras = image_cameras(str(scene / "sensor.json"), eops, None)
    return [camera_of(cameras, view) for view in views]


def _at_shots(
    shots: Shots, truth: Sequence[ImageCamera], ours: Sequence[ImageCamera], files: Sequence[MatchFile]
) -> tuple[Array, Array, Array]:
    """Height errors (N,) of single matches, of true places in the images, and the latter's sigma, at shots."""
    places = _places(shots)
    radius = np.linalg.norm(places, axis=1)
    line, sample = (np.array(values) for values in zip(*(camera.project(places) for camera in truth)))
    matched = [_about(file.read(0, file.lines), line[0], sample[0]) for file in files]
    there = [np.stack([own, *values]) for own, values in zip((line[0], sample[0]), zip(*matched))]
    known = np.isfinite(there[0]).sum(axis=0) > 1

    def error(places: Sequence[Array], sigma_px: float) -> tuple[Array, Array]:
        found = intersect_matches(ours, places[0][:, known], places[1][:, known], sigma_px)
        return np.linalg.norm(found.points, axis=1) - radius[known], found.sigma_altitude

    return error(there, 0.1)[0], *error((line, sample), 0.0)


def _about(matches: Matches, line: Array, sample: Array) -> tuple[Array, Array]:
    """Line and sample (N,) that the matches of the four pixels about places in image A give these; NaN for none."""
    lines, samples = matches.line.shape
    inside = (line >= 0) & (line < lines - 1) & (sample >= 0) & (sample < samples - 1)
    row, column = (np.where(inside, np.floor(np.nan_to_num(values)), 0).astype(int) for values in (line, sample))
    down, right = line - row, sample - column
    found = []
    for values in (matches.line, matches.sample):
        upper = (1 - right) * values[row, column] + right * values[row, column + 1]
        lower = (1 - right) * values[row + 1, column] + right * values[row + 1, column + 1]
        found.append(np.where(inside, (1 - down) * upper + down * lower, np.nan))
    return found[0], found[1]


def _rms(values: Array) -> float:
    return float(np.sqrt(np.nanmean(values**2)))


def _nmad(values: Array) -> float:
    return float(1.4826 * np.nanmedian(np.abs(values - np.nanmedian(values))))
