"""The whole stereo chain beside the same chain with other matchers and with line-by-line orientation, on one scene of
known truth; on a two-line sensor's; and the real Apollo 15 pair against a reference DEM.

Simulated CE-1 over real relief (GLD100 Copernicus; simulated rough ground without the data): control with 5 m of
lateral noise, altitudes interpolated from a laser altimeter's shots, images with noise. No DTM is levelled, and
nothing but the last column's numbers knows the truth. The matchers beside get images resampled by the trajectory.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.camera.footprints import footprint
from ..core.camera.linescan import ImageCamera
from ..core.frames import unit_vectors
from ..core.matching.match_file import write_matches
from ..core.progress import Progress, part, silent, tell
from ..core.rasters import Grid, Raster
from ..core.steps import StepResult, step
from ..core.steps.inputs import reference_on
from ..core.steps.scans import camera_of, image_cameras
from ..core.steps.stereo_chain import Chain, middle_first, stereo_images
from ..core.steps.stereodtm import STEP
from ..core.tables import read_table
from ..core.terrain.comparison import compare_grids
from ..core.terrain.coregistration import coregister
from ..core.terrain.quality import sight, streaks
from .data import real_data
from .stereo_matchers import MATCHERS, SIGMA_PX, Matcher, rectified, shifts
from .table import Check, Table, Tables
from .withheld import withheld_heights

Array = NDArray[np.float64]

LINES, SEED, LATERAL_M, CELL_M = 1400, 1, 5.0, 180.0
_WITHIN = 5  # places across a cell of the reference that its mean is taken over
NMAD_M, CE2_NMAD_M, OF_STREAKS = 60.0, 8.0, 0.1  # bounds; the last of what collinearity adds to the rows
APOLLO_NMAD_M, APOLLO_SHARE = 115.0, 0.9
RELIEF_M = 4000.0  # above and below the mean within which the matchers beside search
VIEWS = "backward", "nadir", "forward"
CE2_LINES, CE2_SAMPLES, CE2_CELL_M, DETAIL = 8400, 2048, 20.0, 0.15
HEADER = [
    "",
    "matched",
    "cells",
    "bias, m",
    "NMAD, m",
    "LE90, m",
    "row streaks, m",
    "of them by orientation, m",
    "seconds",
]


def run(data: str | None = None, folder: str | None = None, progress: Progress = silent) -> Tables:
    """All of it; ``folder`` keeps the scenes and DTMs."""
    found = real_data(data)
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(folder or temporary)
        tables = [*simulated(found, place, part(progress, 0.0, 0.4))]
        if found and copernicus(found) != "rough":
            tables += two_line(found, place, part(progress, 0.4, 0.9))
        if found and (found / "moon" / "apollo15_rev16").is_dir():
            tables.append(apollo(found / "moon" / "apollo15_rev16", place, part(progress, 0.9, 1.0)))
    return Tables(tables)


def simulated(data: Path | None, place: Path, progress: Progress) -> list[Table]:
    """The chain and its rivals on one simulated scene."""
    scene = place / "scene"
    terrain = copernicus(data)
    flown = {"TERRAIN": terrain, "LINES": LINES, "SEED": SEED, "LATERAL_NOISE": LATERAL_M, "OUTPUT_FOLDER": str(scene)}
    do_step("simulatescene", flown, part(progress, 0.0, 0.1))
    exact = {"LATERAL_NOISE": 0.0, "GCP_ALTITUDES": True, "IMAGES": False, "OUTPUT_FOLDER": str(place / "exact")}
    do_step("simulatescene", {**flown, **exact}, silent)
    ours = chain_over(scene, place / "ours", {})
    tell(progress, 0.15, "Matching")
    matches = ours.match()
    ours.orient(matches)
    table = Table(f"CE-1, {LINES} lines over {Path(terrain).name}, error against the truth", HEADER)
    tell(progress, 0.3, "True EOPs")
    best = chain_over(scene, place / "true_eops", {"eops": str(scene / "truth_eop.csv"), "gcps": None})
    best.orient()
    plain = best.grid(best.intersect(matches))
    tell(progress, 0.35, "Ours")
    table.rows.append(_row("ours: dense matching, trajectory with ties", ours, matches, scene, plain))
    for number, (name, changes) in enumerate(_orientations(scene).items()):
        tell(progress, 0.4 + 0.08 * number, name)
        other = chain_over(scene, place / f"orientation_{number}", changes)
        other.orient()
        other.seconds["match"] = ours.seconds["match"]
        table.rows.append(_row(f"dense matching, {name}", other, matches, scene, plain))
    for number, (name, matcher) in enumerate(MATCHERS.items()):
        tell(progress, 0.75 + 0.1 * number, name)
        other = chain_over(scene, place / f"matcher_{number}", {})
        other.eops, other.cameras = ours.eops, ours.cameras
        other.seconds["orient"] = ours.seconds["orient"]
        table.rows.append(_row(f"{name}, trajectory with ties", other, _matched_by(matcher, other), scene))
    table.notes.append(
        "matched: share of the pixels of the nadir image in the worse pair; cells: share of the DTM with a height; row "
        "streaks: RMS of the mean error of a row, against the eight rows on either side; by orientation: of the "
        "difference to the DTM of the same matches under the true orientation."
    )
    table.checks += _bounds(table, "CE-1", NMAD_M, "dense matching, collinearity")
    return [table, withheld(scene, place / "withheld", VIEWS, CELL_M, matches)]


def two_line(data: Path, place: Path, progress: Progress) -> list[Table]:
    """The chain on the middle of a two-line sensor's images, and the same matches under other orientations.

    Relief finer than the DEM's cells is added: pixels are seven metres wide.
    """
    scene = place / "ce2"
    flown = {"PRESET": "ce2", "TERRAIN": copernicus(data), "DETAIL": DETAIL, "LINES": CE2_LINES}
    flown |= {"SAMPLES": CE2_SAMPLES, "SEED": SEED, "LATERAL_NOISE": LATERAL_M, "OUTPUT_FOLDER": str(scene)}
    do_step("simulatescene", flown, part(progress, 0.0, 0.6))
    views = "backward", "forward"
    tell(progress, 0.6, "Matching")
    ours = chain_over(scene, place / "ce2_ours", {}, views, CE2_CELL_M)
    matches = ours.match()
    ours.orient(matches)
    known = {"eops": str(scene / "truth_eop.csv"), "gcps": None}
    best = chain_over(scene, place / "ce2_true_eops", known, views, CE2_CELL_M)
    best.orient()
    plain = best.grid(best.intersect(matches))
    table = Table(f"CE-2, {CE2_LINES} lines of {CE2_SAMPLES} samples, error against the truth", HEADER)
    table.rows.append(_row("ours: dense matching, trajectory with ties and shots", ours, matches, scene, plain))
    others = {"trajectory by GCPs alone": {}, "collinearity": {"method": "collinearity"}}
    for number, (name, changes) in enumerate(others.items()):
        tell(progress, 0.8 + 0.1 * number, name)
        other = chain_over(scene, place / f"ce2_orientation_{number}", changes, views, CE2_CELL_M)
        other.orient()
        other.seconds["match"] = ours.seconds["match"]
        table.rows.append(_row(f"dense matching, {name}", other, matches, scene, plain))
    table.rows.append(_row("dense matching, true EOPs", best, matches, scene))
    table.checks += _bounds(table, "CE-2", CE2_NMAD_M, "dense matching, collinearity")
    return [table, withheld(scene, place / "ce2_withheld", views, CE2_CELL_M, matches)]


def _bounds(table: Table, name: str, nmad: float, beside: str) -> list[Check]:
    """Whether our NMAD, and the streaks by orientation beside collinearity's, keep their bounds."""
    ours, theirs = table.rows[0], next(row for row in table.rows if row[0] == beside)
    streaks_of = HEADER.index("of them by orientation, m")
    return [
        Check(f"{name}: NMAD, m", ours[HEADER.index("NMAD, m")], nmad),
        Check(
            f"{name}: row streaks by orientation over collinearity's", ours[streaks_of] / theirs[streaks_of], OF_STREAKS
        ),
    ]


def withheld(scene: Path, folder: Path, views: Sequence[str], cell_m: float, matches: Sequence[str]) -> Table:
    """Heights at shots that no orientation has seen, from the same matches."""

    def start(own: Path, changes: Mapping[str, Any]) -> Chain:
        return chain_over(scene, own, changes, views, cell_m)

    title = f"{scene.name}: errors of heights at withheld shots, cells of {cell_m:g} m"
    return withheld_heights(title, scene, folder, start, matches, SEED)


def copernicus(data: Path | None) -> str:
    """The real relief flown over: GLD100 Copernicus, or the word for rough ground without the data."""
    dem = data / "moon" / "gld100" / "copernicus.tif" if data else None
    return str(dem) if dem and dem.exists() else "rough"


def _orientations(scene: Path) -> dict[str, Mapping[str, Any]]:
    """Other orientations for the same matches: without ties, and line by line, also from control without errors."""
    exact = {"method": "collinearity", "gcps": str(scene.parent / "exact" / "gcps.csv"), "altimetry": None}
    line_by_line = {"method": "collinearity"}
    return {
        "trajectory without ties": {},
        "collinearity": line_by_line,
        "collinearity of exact control": exact,
    }


def chain_over(
    scene: Path, folder: Path, changes: Mapping[str, Any], names: Sequence[str] = VIEWS, cell_m: float = CELL_M
) -> Chain:
    """A chain over the scene's files with a user's defaults and ``changes``."""
    views = [str(scene / f"{view}.tif") for view in names]
    files = {"SENSOR": "sensor.json", "GCPS": "gcps.csv", "ALTIMETRY": "altimetry.csv"}
    given = {"IMAGES": views, "PIXEL_SIZE": cell_m, "LEVEL": False, "OUTPUT": str(folder / "raw.tif")}
    given |= {name: str(scene / file) for name, file in files.items()}
    folder.mkdir(parents=True, exist_ok=True)
    return Chain({**STEP.checked(given), **changes}, folder, silent, stereo_images(views, None))


def _row(name: str, chain: Chain, matches: list[str], scene: Path, plain: str | None = None) -> list[Any]:
    """Intersect, grid and measure; ``plain`` is the DTM of the same matches under the true orientation."""
    dtm = Raster(chain.grid(chain.intersect(matches)))
    values, valid = dtm.read()
    truth = reference_on(dtm.grid, str(scene / "truth_dtm.tif"))
    height = np.where(valid, values, np.nan).astype(float)
    error = height - np.where(truth.valid, truth.height, np.nan)
    numbers = compare_grids(height, height - error, dtm.grid.pixel_size_m)
    profile = streaks(error)
    share = min(float(np.mean(Raster(path).read(band=1)[1])) for path in matches)
    streak = _rms(profile)
    seconds = sum(chain.seconds.values())
    oriented = None
    if plain:
        other = reference_on(dtm.grid, plain)
        oriented = _rms(streaks(height - np.where(other.valid, other.height, np.nan)))
    return [name, share, float(valid.mean()), numbers.bias, numbers.nmad, numbers.le90, streak, oriented, seconds]


def _rms(values: Array) -> float:
    return float(np.sqrt(np.nanmean(values**2)))


def _matched_by(matcher: Matcher, chain: Chain) -> list[str]:
    """Match files made by another matcher, from images resampled onto the middle one."""
    started = time.monotonic()
    first, *others = middle_first(chain.images, chain.places())
    grey_a = grey_of(first.path)
    a = camera_of(chain.cameras, first.view)
    level = _level(chain)
    nodes = np.linspace(0, first.lines - 1, 40), np.linspace(0, first.samples - 1, 20)
    made = []
    for number, other in enumerate(others):
        b = camera_of(chain.cameras, other.view)
        ready = rectified(grey_of(other.path), a, b, grey_a.shape, level)
        seen = sight(a, b, other.lines, *nodes, level)
        reach = int(np.ceil(RELIEF_M * np.nanmedian(seen.base_to_height) / _pixel(chain)))
        parallax, score = matcher(grey_a, ready.grey, reach)
        sample_shift, line_shift = shifts(ready, parallax)
        sigma = np.where(np.isfinite(parallax), SIGMA_PX, np.nan)
        about = {"IMAGE_A": first.name, "IMAGE_B": other.name, "VIEW_A": first.view, "VIEW_B": other.view}
        made.append(str(chain.folder / f"matches_{number}.tif"))
        write_matches(made[-1], sample_shift, line_shift, np.where(np.isfinite(sigma), score, np.nan), sigma, about)
    chain.seconds["match"] = time.monotonic() - started
    return made


def grey_of(path: str) -> NDArray[np.float32]:
    """An image, NaN where it has no value."""
    values, valid = Raster(path).read()
    return np.where(valid, values, np.nan).astype(np.float32)


def _level(chain: Chain) -> float:
    """Usual altitude of the ground, by the altimetry."""
    return float(np.median(read_table(chain.given["altimetry"]).numbers("altitude")))


def _pixel(chain: Chain) -> float:
    """Ground size of a pixel, m."""
    return float(np.mean(footprint(chain.cameras[0], chain.cameras[0].body_radius_m).pixel_m))


def apollo(folder: Path, place: Path, progress: Progress) -> Table:
    """The real pair with its doubtful pose: the DTM against GLD100 after one shift and a quadratic trend."""
    names = ("AS15-M-0297", "AS15-M-0298")
    output = str(place / "apollo.tif")
    images, poses = ([str(folder / f"{name}.{kind}") for name in names] for kind in ("png", "json"))
    found = do_step("stereodtm", {"IMAGES": images, "CAMERAS": poses, "LEVEL": False, "OUTPUT": output}, progress)
    reference = Raster(folder / "gld100_64ppd.tif")
    known, valid = reference.read()
    heights = np.where(valid, known, np.nan).astype(float)
    means = _on_cells(Raster(output), reference.grid)
    fitted = coregister(means, heights, valid)
    east, north = fitted.cols * reference.grid.pixel_size_m[0], -fitted.rows * reference.grid.pixel_size_m[1]
    overlap = _seen_by_all(image_cameras(None, None, poses), reference.grid, heights)
    share = float(np.isfinite(means[overlap]).mean())
    header = ["", "shift east, m", "shift north, m", "trend, m", "NMAD, m", "cells compared", "share of the overlap"]
    table = Table("Apollo 15 metric frames 0297 and 0298 against GLD100 (474 m)", header)
    trend = float(np.nanmax(fitted.trend) - np.nanmin(fitted.trend))
    table.rows.append(["ours", east, north, trend, fitted.nmad, int(np.isfinite(fitted.residual).sum()), share])
    table.checks += [
        Check("Apollo: NMAD, m", fitted.nmad, APOLLO_NMAD_M),
        Check("Apollo: share of the overlap", share, least=APOLLO_SHARE),
    ]
    table.notes += [*found.notes, "trend: range of the quadratic surface; it and the shift come from the images' pose."]
    return table


def _on_cells(dtm: Raster, grid: Grid) -> Array:
    """Mean height of the DTM over each cell of a coarser grid; NaN where less than half of the cell has heights.

    Of the area, not of the DTM's cell centres: of cells hardly larger than the DTM's own, some hold one centre only.
    """
    values, valid = dtm.read()
    column, row = np.meshgrid(np.arange(grid.width), np.arange(grid.height))
    total, count = np.zeros(column.shape), np.zeros(column.shape, int)
    offsets = (np.arange(_WITHIN) + 0.5) / _WITHIN - 0.5
    for down in offsets:
        for across in offsets:
            at = (np.rint(axis) for axis in dtm.grid.pixel_of(*grid.lonlat_of(column + across, row + down)))
            at_column, at_row = (np.nan_to_num(axis, nan=-1).astype(int) for axis in at)
            inside = (at_column >= 0) & (at_column < dtm.grid.width) & (at_row >= 0) & (at_row < dtm.grid.height)
            place = np.where(inside, at_row, 0), np.where(inside, at_column, 0)
            inside &= valid[place]
            total += np.where(inside, values[place], 0.0)
            count += inside
    return np.where(2 * count >= _WITHIN**2, total / np.maximum(count, 1), np.nan)


def _seen_by_all(cameras: Sequence[ImageCamera], grid: Grid, height: Array) -> NDArray[np.bool_]:
    """Cells of a grid whose ground every camera sees."""
    column, row = np.meshgrid(np.arange(grid.width), np.arange(grid.height))
    lon, lat = grid.lonlat_of(column, row)
    points = (grid.body.radius_m + height)[..., None] * unit_vectors(lon, lat)
    seen = np.isfinite(height)
    for camera in cameras:
        sample = camera.project(points)[1]
        seen &= np.isfinite(sample) & (np.abs(sample - (camera.samples - 1) / 2) <= camera.samples / 2)
    return seen


def do_step(name: str, values: Mapping[str, Any], progress: Progress) -> StepResult:
    """Run a step as the command line does."""
    chosen = step(name)
    return chosen.run(**chosen.checked(values), progress=progress)
