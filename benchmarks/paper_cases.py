"""The paper's Figures 10 to 15 over real relief whose truth is known: what SIFT and what dense matching tell of it, and
the terrain by the altimeter alone, by line-by-line orientation and by ours, under dense and under sparse tracks.

Simulated CE-1 over GLD100 Copernicus (rough ground without the data), through the steps that a user runs. Control has
5 m of lateral noise and altitudes from the tracks: 1.2 km apart, as Chang'E-1's are at 80 degrees of latitude (the
paper's cases 1 and 2), or 7 km, as at the equator (its cases 3 to 5). No DTM is levelled, and nothing knows the truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.altimetry.filtering import filter_shots
from ..core.altimetry.interpolation import Interpolator
from ..core.altimetry.readers import Shots, read_shots
from ..core.bodies import body_of_radius
from ..core.camera.rotations import rotation_angle_between
from ..core.camera.sensor import load_sensor
from ..core.matching.match_file import MatchFile, write_matches
from ..core.matching.seeds import find_seeds
from ..core.progress import Progress, part, silent, tell
from ..core.rasters import Grid, Raster
from ..core.resection.model import Orientation
from ..core.resection.tables import read_eops, read_gcps
from ..core.simulation.altimeter import altimeter_shots
from ..core.steps.inputs import reference_on
from ..core.steps.simulatescene import chosen_terrain
from ..core.steps.stereo_chain import Chain
from ..core.tables import write_table
from ..core.terrain.comparison import compare_grids
from ..core.terrain.quality import streaks
from .stereo import LATERAL_M, LINES, SEED, chain_over, copernicus, do_step, grey_of
from .table import Table

Array = NDArray[np.float64]

TRACKS_M = {"dense": 1200.0, "sparse": 7000.0}  # between the altimeter's tracks
METHODS = ("collinearity", "trajectory")
SIFT_SIGMA_PX = 0.5
HEADER = ("", "position, m", "attitude, rad", "cells", "bias, m", "NMAD, m", "LE90, m", "row streaks, m")


@dataclass(frozen=True)
class Ground:
    """Heights (h, w) m on a ``grid``, their error against the truth, and the truth; NaN where unknown."""

    grid: Grid
    height: Array
    error: Array
    truth: Array

    def row(self) -> list[float]:
        """Share of cells, bias, NMAD, LE90 and row streaks, m."""
        numbers = compare_grids(self.height, self.truth, self.grid.pixel_size_m)
        streak = float(np.sqrt(np.nanmean(streaks(self.error) ** 2)))
        return [float(np.isfinite(self.height).mean()), numbers.bias, numbers.nmad, numbers.le90, streak]


@dataclass(frozen=True)
class Case:
    """One density of tracks: shots and GCPs (n, 2) as lon, lat (rad), the terrain they give by interpolation, and by
    method the terrain, and errors of position (m) and attitude (rad) by line (L, 3: line, both)."""

    name: str
    shots: Array
    gcps: Array
    altimeter: Ground
    made: dict[str, Ground]
    errors: dict[str, Array]


@dataclass(frozen=True)
class Cases:
    """What the figures show: the nadir image, both cases; places (n, 2) as column, row that SIFT matched in a pair,
    which pixels dense matching did, and the terrain interpolated between SIFT's matches."""

    image: Array
    cases: list[Case]
    sift: Array
    dense: NDArray[np.bool_]
    sift_ground: Ground

    @property
    def sift_pixels(self) -> int:
        """Pixels that SIFT matched."""
        return len(np.unique(np.rint(self.sift), axis=0))


def run(data: Path | None, place: Path, progress: Progress = silent) -> Cases:
    """Simulate, match once, and orient, intersect and grid each case; files go into ``place``."""
    scene, terrain = place / "scene", copernicus(data)
    flown = {"TERRAIN": terrain, "LINES": LINES, "SEED": SEED, "LATERAL_NOISE": LATERAL_M, "OUTPUT_FOLDER": str(scene)}
    do_step("simulatescene", flown, part(progress, 0.0, 0.3))
    _dense_shots(scene, terrain)
    tell(progress, 0.3, "Matching")
    first = chain_over(scene, place / "matching", {})
    matches = first.match()
    cases = []
    for number, name in enumerate(TRACKS_M):
        tell(progress, 0.5 + 0.2 * number, f"Orientation and terrain: {name} tracks")
        cases.append(_case(name, scene, place, matches))
    seen = [np.isfinite(MatchFile(path).read(0, LINES).line) for path in matches]
    tell(progress, 0.9, "Terrain by SIFT alone")
    points, ground = _by_sift(scene, place, matches)
    return Cases(grey_of(str(scene / "nadir.tif")).astype(float), cases, points, np.any(seen, axis=0), ground)


def _dense_shots(scene: Path, terrain: str) -> None:
    """A second table of shots beside the scene's own, from tracks that lie densely."""
    ground, _ = chosen_terrain(terrain, SEED, 0.0, 0.0)
    points = read_gcps(scene / "gcps.csv", load_sensor("ce1")).points
    taken = altimeter_shots(ground, points.lon, points.lat, SEED, across_m=TRACKS_M["dense"])
    columns = {"lon": np.degrees(taken.lon), "lat": np.degrees(taken.lat), "altitude": taken.altitude}
    write_table(_altimetry(scene, "dense"), {**columns, "track": taken.track})


def _altimetry(scene: Path, name: str) -> Path:
    return scene / ("altimetry.csv" if name == "sparse" else f"../altimetry_{name}.csv")


def _case(name: str, scene: Path, place: Path, matches: list[str]) -> Case:
    made, errors = {}, {}
    sensor = load_sensor("ce1")
    truth = read_eops(scene / "truth_eop.csv", sensor)
    for method in METHODS:
        chain = chain_over(
            scene, place / f"{name}_{method}", {"altimetry": str(_altimetry(scene, name)), "method": method}
        )
        chain.orient(matches if method == "trajectory" else ())
        made[method] = _ground(chain.grid(chain.intersect(matches)), scene)
        errors[method] = _errors(read_eops(str(chain.eops), sensor), truth)
    body = body_of_radius(sensor.body_radius_m)
    shots = read_shots(str(_altimetry(scene, name)), body)
    good = shots.kept(filter_shots(shots).keep)
    ours = made["trajectory"]
    points = read_gcps(scene / "gcps.csv", sensor).points
    places = np.column_stack([good.lon, good.lat]), np.column_stack([points.lon, points.lat])
    return Case(name, *places, _interpolated(good, ours), made, errors)


def _ground(path: str, scene: Path) -> Ground:
    """A DTM beside the truth on its grid."""
    dtm = Raster(path)
    values, valid = dtm.read()
    truth = reference_on(dtm.grid, str(scene / "truth_dtm.tif"))
    height, true = np.where(valid, values, np.nan).astype(float), np.where(truth.valid, truth.height, np.nan)
    return Ground(dtm.grid, height, height - true, true)


def _errors(found: Orientation, truth: Orientation) -> Array:
    solved = np.isfinite(found.position).all(axis=1)
    row = np.searchsorted(truth.line, found.line[solved])
    off = np.linalg.norm(found.position[solved] - truth.position[row], axis=1)
    turn = rotation_angle_between(truth.rotation()[row], found.rotation()[solved])
    return np.column_stack([found.line[solved], off, turn])


def _by_sift(scene: Path, place: Path, matches: list[str]) -> tuple[Array, Ground]:
    """Places that SIFT matches in either pair, and the terrain interpolated between them under our orientation."""
    grey = grey_of(str(scene / "nadir.tif"))
    chain: Chain = chain_over(
        scene, place / "sift", {"eops": str(place / "sparse_trajectory" / "eops.csv"), "gcps": None}
    )
    chain.orient()
    made, pixels = [], []
    for path in matches:
        view = MatchFile(path).view_b
        other = grey_of(str(scene / f"{view}.tif"))
        seeds = find_seeds(grey, np.isfinite(grey), other, np.isfinite(other))
        column, row = np.rint(seeds.a).astype(int).T
        bands: Any = np.full((4, *grey.shape), np.nan)
        bands[0, row, column], bands[1, row, column] = (seeds.b - seeds.a).T
        bands[2, row, column], bands[3, row, column] = 1.0, SIFT_SIGMA_PX
        made.append(str(place / "sift" / f"{view}.tif"))
        about = {"IMAGE_A": "nadir.tif", "IMAGE_B": f"{view}.tif", "VIEW_A": "nadir", "VIEW_B": view}
        write_matches(made[-1], bands[0], bands[1], bands[2], bands[3], about)
        pixels.append(seeds.a)
    sparse = _ground(chain.grid(chain.intersect(made)), scene)
    row, column = np.nonzero(np.isfinite(sparse.height))
    body = body_of_radius(chain.cameras[0].body_radius_m)
    known = Shots(*sparse.grid.lonlat_of(column, row), sparse.height[row, column], body, body.datum)
    return np.concatenate(pixels), _interpolated(known, sparse)


def _interpolated(shots: Shots, like: Ground) -> Ground:
    """The surface through shots on the grid of another ground, where its truth is known."""
    column, row = np.meshgrid(np.arange(like.grid.width), np.arange(like.grid.height))
    lon, lat = like.grid.lonlat_of(column, row)
    height = Interpolator(shots).at(lon.ravel(), lat.ravel()).altitude.reshape(like.truth.shape)
    height[np.isnan(like.truth)] = np.nan
    return Ground(like.grid, height, height - like.truth, like.truth)


def table_of(found: Cases) -> Table:
    """Errors against the truth of every kind of terrain."""
    table = Table(
        "Figures 10 to 15: orientation and terrain against the truth, simulated CE-1 over real relief", HEADER
    )
    for case in found.cases:
        table.rows.append([f"{case.name} tracks: altimetry interpolated", None, None, *case.altimeter.row()])
        for method, ground in case.made.items():
            means = case.errors[method][:, 1:].mean(axis=0)
            name = "collinearity" if method == "collinearity" else "ours: trajectory with ties"
            table.rows.append([f"{case.name} tracks: {name}", *map(float, means), *ground.row()])
    table.rows.append(["interpolated between SIFT's matches, our orientation", None, None, *found.sift_ground.row()])
    dense = int(found.dense.sum())
    table.notes.append(
        f"{LINES} lines, tracks {TRACKS_M['dense']:g} and {TRACKS_M['sparse']:g} m apart; SIFT matches "
        f"{found.sift_pixels:,} pixels of the nadir view, dense matching {dense:,}."
    )
    return table
