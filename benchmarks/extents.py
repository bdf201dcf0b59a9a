"""Large extents from one image, and sigma on many sites: what a whole costs, whether its quarters agree, how often the
true height lies within one sigma.

All on rendered GLD100 (simulated relief without the data), levelled to simulated tracks.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..core.geotiff import write_image
from ..core.learned.engine import load_engine
from ..core.learned.evaluation import Case, learned_sigma
from ..core.learned.model_file import load_model
from ..core.progress import Progress, each, part, silent, tell
from ..core.rasters import Grid, Raster, Window
from ..core.simulation.relief import random_relief
from ..core.simulation.shading import render
from ..core.simulation.tracks import Altimeter, simulate_tracks
from ..core.steps import step
from ..core.steps.dtmfromextent import DEFAULT_MODEL
from ..core.tables import write_table
from .data import real_data
from .rendered import CAMERA, SCENE, lit_ground
from .table import Check, Table, Tables

Float = npt.NDArray[np.float32]

SIDE, PIXEL_M, DEM = 4096, 118.0, "moon/gld100/farside_highlands_NE.tif"
AZIMUTH, INCIDENCE = 250.0, 60.0
TRACKS_M = 10_000.0  # between the tracks that whole and quarters are levelled to
MOST_SECONDS, MOST_MB, MOST_APART = 60.0, 2000.0, 0.02
SITES, SITE_SIDE, SITE_TRACKS = 144, 512, (4, 6, 12)
WITHIN = 0.61, 0.75
# A command, and the largest memory that it took (kB).
_PEAK = """
import resource, sys
from planetary_dtm.core.cli import main
status = main(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
sys.exit(status)
"""


def run(data: str | Path | None = None, folder: str | Path | None = None, progress: Progress = silent) -> Tables:
    """All tables; ``folder`` keeps the image and its terrain."""
    dems = real_data(data)
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(folder or temporary)
        place.mkdir(parents=True, exist_ok=True)
        height = write_scene(place, dems)
        tell(progress, 0.1, "Predicting the whole")
        tables = [cost(place), quarters(place, height, part(progress, 0.15, 0.6))]
    return Tables([*tables, sites(dems, part(progress, 0.6, 1.0))])


def write_scene(place: Path, dems: Path | None) -> Float:
    """Write image.tif (8 bits) and altimetry.csv of a scene; its true heights (SIDE, SIDE)."""
    rng = np.random.default_rng(11)
    if dems is None:
        height = random_relief((SIDE, SIDE), PIXEL_M, rng)
    else:
        window = Window(200, 100, round(SIDE / np.cos(np.radians(15.0))), SIDE)
        height, _ = Raster(dems / DEM).read(window, (SIDE, SIDE), resampling="average")
    height = np.asarray(height, np.float32)
    grey = render(height, PIXEL_M, AZIMUTH, INCIDENCE, SCENE, CAMERA, rng)
    low, high = np.percentile(grey, (0.05, 99.95))
    size = PIXEL_M / (1737400 * np.pi / 180)
    # Around the equator, where a degree is as long both ways to a thousandth.
    grid = Grid(SIDE, SIDE, (100.0, size, 0.0, SIDE * size / 2, 0.0, -size), "+proj=longlat +R=1737400 +no_defs")
    write_image(place / "image.tif", grid, np.clip((grey - low) / (high - low) * 254 + 1, 1, 255).astype(np.uint8), {})
    altimeter = Altimeter(TRACKS_M, 2 * PIXEL_M, 3.0, 0.05 * TRACKS_M, 1.0)
    shots = simulate_tracks(height.astype(np.float64), np.ones(height.shape, bool), PIXEL_M, altimeter, 0)
    lon, lat = grid.lonlat_of(shots.col, shots.row)
    columns = {"lon": np.degrees(lon), "lat": np.degrees(lat), "altitude": shots.altitude, "track": shots.track}
    write_table(place / "altimetry.csv", columns)
    return height


def cost(place: Path) -> Table:
    """Seconds by the clock and memory of `dtmfromextent` over the whole image, the command from its start."""
    command = ["dtmfromextent", "--input", str(place / "image.tif"), "--output", str(place / "relative.tif")]
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _PEAK, *command, "--sun-azimuth", f"{AZIMUTH:g}"],
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, peak_mb = time.perf_counter() - start, int(done.stdout.split()[-1]) * 1024 / 1e6
    table = Table(f"{SIDE} x {SIDE} pixels by dtmfromextent", ["seconds by the clock", "peak memory, MB"])
    table.rows.append([seconds, peak_mb])
    table.checks.append(Check(f"seconds for {SIDE} x {SIDE} pixels", seconds, most=MOST_SECONDS))
    table.checks.append(Check("memory, MB", peak_mb, most=MOST_MB))
    return table


def quarters(place: Path, truth: Float, progress: Progress) -> Table:
    """The whole beside its quarters, each levelled to the shots that fall on it."""
    made = step("dtmfromextent")
    x0, size, _, y0, *_ = Raster(place / "image.tif").grid.transform
    half = SIDE // 2

    def levelled(name: str, row: int, column: int, side: int, stage: Progress) -> Float:
        x, y = x0 + column * size, y0 - row * size
        asked = {
            "INPUT": str(place / "image.tif"),
            "ALTIMETRY": str(place / "altimetry.csv"),
            "EXTENT": (x, y - side * size, x + side * size, y),
            "SUN_AZIMUTH": AZIMUTH,
            "OUTPUT": str(place / f"{name}.tif"),
        }
        made.run(**made.checked(asked), progress=stage)
        return np.asarray(Raster(place / f"{name}.tif").read()[0], np.float32)

    whole = levelled("whole", 0, 0, SIDE, part(progress, 0.0, 0.5))
    relief = float(whole.std())
    table = Table(
        f"Quarters of {SIDE} x {SIDE} pixels beside the whole, tracks {TRACKS_M / 1000:g} km apart",
        ["quarter", "differs, of the relief's sigma", "its RMSE, m", "the whole's there, m"],
    )
    for number in range(4):
        row, column = half * (number // 2), half * (number % 2)
        here = slice(row, row + half), slice(column, column + half)
        stage = part(progress, 0.5 + number / 8, 0.625 + number / 8)
        own = levelled(f"quarter{number}", row, column, half, stage)
        apart = float((own - whole[here]).std()) / relief
        table.rows.append([str(number), apart, *(_rmse(height - truth[here]) for height in (own, whole[here]))])
        table.checks.append(Check(f"quarter {number} differs by, of the relief's sigma", apart, most=MOST_APART))
    return table


@dataclass(frozen=True)
class Within:
    """One site: shares of its pixels whose true height lies within one sigma, in all and by thirds of sigma."""

    tracks: int
    all: float
    thirds: tuple[float, ...]


def sites(dems: Path | None, progress: Progress = silent) -> Table:
    """Sigma judged on sites of 60 km: held-out GLD100 and simulated relief, under suns and tracks of their own."""
    engine = load_engine(load_model(DEFAULT_MODEL))
    found = []
    for number in each(range(SITES), progress, SITES, "Sites"):
        tracks = SITE_TRACKS[number % len(SITE_TRACKS)]
        case = site(dems, number, tracks)
        height, sigma = learned_sigma(case, engine)
        inside, order = np.abs(height - case.height).ravel() <= sigma.ravel(), np.argsort(sigma.ravel())
        thirds = tuple(float(inside[third].mean()) for third in np.array_split(order, 3))
        found.append(Within(tracks, float(inside.mean()), thirds))
    table = Table(
        f"{SITES} rendered sites: part of the ground within one sigma (68 % is meant), medians",
        ["tracks", "sites", "all", "lowest third of sigma", "middle third", "highest third"],
    )
    for count in SITE_TRACKS:
        own = [one for one in found if one.tracks == count]
        shares = np.median([(one.all, *one.thirds) for one in own], axis=0).tolist()
        table.rows.append([str(count), str(len(own)), *shares])
        for name, share in zip(table.header[3:], shares[1:]):
            table.checks.append(Check(f"{count} tracks, {name}: within one sigma", share, *WITHIN[::-1]))
    return table


def site(dems: Path | None, number: int, tracks: int) -> Case:
    """A rendered site and its shots; every fourth on simulated relief."""
    rng = np.random.default_rng([78, number])
    ground = None if dems is None or number % 4 == 3 else dems / "moon" / "gld100"
    lit = lit_ground(ground, number, SITE_SIDE, rng)
    spacing = SITE_SIDE * lit.pixel_m / tracks
    altimeter = Altimeter(spacing, lit.pixel_m, float(rng.uniform(-12, 12)), 0.15 * spacing, 3.0)
    return lit.case(f"site {number}", altimeter, number)


def _rmse(error: Float) -> float:
    return float(np.sqrt(np.mean(error.astype(np.float64) ** 2)))
