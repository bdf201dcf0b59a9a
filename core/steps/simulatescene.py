"""Step: a simulated push-broom scene with known truth, to try the stereo half without data."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..bodies import body_of_radius
from ..camera.sensor import load_sensor, sensor_to_json
from ..errors import InputError
from ..geotiff import Band, write_dtm
from ..memory import require_memory, whole_mb
from ..outputs import replacing_folder
from ..progress import Progress, part, silent, tell
from ..rasters import Grid
from ..resection.tables import write_eops, write_gcps
from ..simulation.fractal import FractalField
from ..simulation.images import Light, ground_pixel, mean_grey, render_pieces
from ..simulation.orbit import MOST_JITTER, orbital_plane
from ..simulation.picture_files import writing_ground, writing_picture
from ..simulation.scene import PRESETS, Scene, simulate, with_lateral_noise
from ..simulation.terrain import DemTerrain, DetailedTerrain, PaperTerrain, RoughTerrain, Terrain
from ..tables import write_table
from ..terrain.target_grid import LONGEST_SIDE, target_grid
from .heights import Dem
from .provenance import made_by
from .step import Kind, Output, OutputKind, Parameter, Step, StepResult

LEAST_LINES = 1200  # forward to backward is about 1,005 lines of a Chang'E-1 scene
DEFAULT_LATITUDE = 20.0
_BODY = "Moon"  # that the presets were made for


def run(
    *,
    preset: str,
    terrain: str,
    terrain_dem: str | None,
    detail: float,
    lines: int,
    samples: int | None,
    jitter: float,
    seed: int,
    start_latitude: float | None,
    lateral_noise: float,
    gcp_altitudes: bool,
    images: bool,
    truth_points: bool,
    sun_azimuth: float,
    sun_incidence: float,
    snr: float,
    albedo: float,
    output_folder: str,
    progress: Progress = silent,
    **_: Any,
) -> StepResult:
    """Simulate and write everything into the folder; see `STEP` for the parameters."""
    given = dict(locals())
    tell(progress, 0.0, "Raising terrain")
    terrain = terrain_dem or terrain
    ground, place = chosen_terrain(terrain, seed, detail, _line_length(preset))
    latitude, plane = _place(start_latitude, place, lines * _line_length(preset) / ground.radius_m)
    dense = images or truth_points
    scene = simulate(
        preset, ground, lines, seed=seed, jitter=jitter, start_latitude=latitude, plane=plane, dense=dense,
        samples=samples,
    )  # fmt: skip
    warnings = _warnings(scene, lines, terrain, ground)
    name = Path(terrain).name
    about = made_by(STEP, {**given, "terrain": name}, TERRAIN=name, PRESET=preset, SEED=str(seed))
    with replacing_folder(output_folder) as folder:
        _write_tables(folder, scene, lateral_noise, gcp_altitudes, seed)
        _write_truth(folder / "truth_dtm.tif", scene, about, part(progress, 0.1, 0.3))
        light = Light(sun_azimuth, sun_incidence, albedo, snr)
        for index in range(len(scene.sensor.views) if dense else 0):
            share = 0.3 + 0.7 * np.array([index, index + 1]) / len(scene.sensor.views)
            _write_view(folder, scene, index, light, seed, images, truth_points, about, part(progress, *share))
    note = f"{lines} lines, {len(scene.control)} GCPs and {len(scene.shots)} altimeter shots are in {output_folder}."
    return StepResult({"OUTPUT_FOLDER": str(output_folder)}, tuple(warnings), (note,))


def chosen_terrain(name: str, seed: int, detail: float, pixel_m: float) -> tuple[Terrain, tuple[float, float] | None]:
    """The terrain asked for and, of a DEM, its middle: lon, lat (degrees). ``detail``: RMS slope of what is added to a
    DEM, from wavelengths of two of its cells down to two pixels."""
    if name.strip().lower() == "paper":
        return PaperTerrain(), None
    if name.strip().lower() == "rough":
        return RoughTerrain(seed), None
    if not Path(name.partition("|")[0]).exists():
        raise InputError(f"TERRAIN {name!r} is neither rough, paper nor a DEM that exists.")
    dem = read_terrain(name)
    west, dx, _, north, _, dy = dem.geotransform
    rows, columns = dem.heights.shape
    middle = west + dx * columns / 2, north + dy * rows / 2
    if detail <= 0:
        return dem, middle
    longest = 2.0 * np.radians(-dy) * dem.radius_m
    return DetailedTerrain(dem, FractalField.detail(seed, longest, min(2.0 * pixel_m, longest / 2), detail)), middle


def read_terrain(path: str) -> DemTerrain:
    """A DEM as terrain: longitude, latitude grid, no holes, heights in metres above its body's sphere."""
    dem = Dem(path, "TERRAIN")
    source = dem.raster
    if not source.grid.is_geographic:
        raise InputError(
            f"TERRAIN {source.name!r} is not in longitude, latitude; warp it to the body's geographic CRS."
        )
    size = f"TERRAIN {source.name!r} of {source.grid.width} x {source.grid.height} pixels"
    require_memory(whole_mb(source.grid.width, source.grid.height), size, "crop it to where the images look", silent)
    # Heights above an ellipsoid or areoid make as good a ground as others: here they are told above the sphere.
    heights, valid = dem.above(dem.common(source.grid.body))(None, None)
    if not valid.all():
        raise InputError(f"TERRAIN {source.name!r} has {int((~valid).sum())} empty pixels; fill them or crop the DEM.")
    return DemTerrain(heights.astype(float), source.grid.transform, source.grid.body.radius_m)


def _line_length(preset: str) -> float:
    """Metres flown over the ground in one line."""
    sensor = load_sensor(preset)
    return PRESETS[preset][0] * sensor.pixel_pitch_mm / sensor.focal_length_mm


def _place(
    start_latitude: float | None, middle: tuple[float, float] | None, arc: float
) -> tuple[float, NDArray[np.float64] | None]:
    """Latitude (rad) of the first line of an ``arc`` (rad), and the orbit's plane: over the middle of a DEM, if any."""
    if middle is None:
        return np.radians(DEFAULT_LATITUDE if start_latitude is None else start_latitude), None
    plane = orbital_plane(np.pi / 2, np.radians(middle[0]))
    if start_latitude is not None:
        return np.radians(start_latitude), plane
    return np.radians(middle[1]) - 0.5 * arc, plane


def _warnings(scene: Scene, lines: int, name: str, ground: Terrain) -> list[str]:
    warnings = []
    body = body_of_radius(ground.radius_m)
    if body.name != _BODY:
        warnings.append(
            f"TERRAIN {Path(name).name!r} is of {body.name}: the lunar scanner flies there at its usual height."
        )
    if lines < LEAST_LINES:
        warnings.append(f"{lines} lines give no ground that all views see; take at least {LEAST_LINES}.")
    latitude = np.degrees(np.abs(scene.control.lat).max())
    if isinstance(ground, PaperTerrain) and latitude > 70:
        warnings.append(f"The paper's terrain is meant for 0 to 70° of latitude; this scene reaches {latitude:.0f}°.")
    dem = ground.coarse if isinstance(ground, DetailedTerrain) else ground
    if isinstance(dem, DemTerrain):
        inside = _on_dem(scene, dem)
        if inside < 1:
            warnings.append(
                f"{1 - inside:.0%} of the scanline ends lie outside {Path(name).name}: its edge goes on there."
            )
    return warnings


def _on_dem(scene: Scene, dem: DemTerrain) -> float:
    """Share of the scanline ends inside the DEM."""
    west, dx, _, north, _, dy = dem.geotransform
    rows, columns = dem.heights.shape
    column = (np.degrees(scene.control.lon) - west) % 360.0 / dx
    row = (np.degrees(scene.control.lat) - north) / dy
    return float(np.mean((column <= columns) & (row >= 0) & (row <= rows)))


def _write_tables(folder: Path, scene: Scene, lateral_noise: float, altitudes: bool, seed: int) -> None:
    radius = scene.terrain.radius_m
    sensor = json.dumps(sensor_to_json(scene.sensor), indent=1)
    (folder / "sensor.json").write_text(sensor, "utf-8")
    points = with_lateral_noise(scene.control, radius, lateral_noise, seed) if lateral_noise > 0 else scene.control
    if not altitudes:
        points = replace(points, altitude=np.full(len(points), np.nan))
    write_gcps(folder / "gcps.csv", points, scene.sensor)
    shots = {
        "lon": np.round(np.degrees(scene.shots.lon), 9),
        "lat": np.round(np.degrees(scene.shots.lat), 9),
        "altitude": np.round(scene.shots.altitude, 3),
        "track": scene.shots.track,
    }
    write_table(folder / "altimetry.csv", shots)
    write_eops(folder / "truth_eop.csv", scene.truth, radius)


def _write_view(
    folder: Path,
    scene: Scene,
    index: int,
    light: Light,
    seed: int,
    images: bool,
    points: bool,
    about: dict[str, str],
    progress: Progress,
) -> None:
    """Render one view and write its image, its true points or both, piece by piece."""
    name = scene.sensor.views[index].name
    about = {**about, "VIEW": name}
    shape = int(scene.truth.line[-1] - scene.truth.line[0]) + 1, scene.sensor.samples
    with ExitStack() as files:
        writers = []
        if images:
            mean = mean_grey(scene, index, light, seed)
            writers.append(files.enter_context(writing_picture(folder / f"{name}.tif", shape, mean, about)))
        if points:
            writers.append(files.enter_context(writing_ground(folder / f"{name}_points.tif", shape, about)))
        for row, piece in render_pieces(scene, index, light, seed, progress):
            for write in writers:
                write(row, piece)


def _write_truth(path: Path, scene: Scene, about: dict[str, str], progress: Progress) -> None:
    """The true terrain under the swath, at the ground size of a pixel (coarser where that is too large)."""
    body = body_of_radius(scene.terrain.radius_m)
    control = scene.control
    grid = target_grid(control.lon, control.lat, body, ground_pixel(scene), limit=LONGEST_SIDE)
    height = np.empty((grid.height, grid.width), np.float32)
    step = max(1, (1 << 18) // grid.width)
    for start in range(0, grid.height, step):
        tell(progress, start / grid.height, "Writing the true terrain")
        rows = np.arange(start, min(start + step, grid.height))
        height[rows] = _heights(scene.terrain, grid, rows)
    truth = {**about, "LEVELLED": "YES", "DATUM": body.datum}
    write_dtm(path, grid, [height], [Band("height")], truth)


def _heights(terrain: Terrain, grid: Grid, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    return terrain.height(*grid.lonlat_of(*np.meshgrid(np.arange(grid.width), rows)))


STEP = Step(
    id="simulatescene",
    title="Simulate push-broom scene",
    group="Simulation",
    help=(
        "Flies a line scanner over simulated or given terrain and writes what real data would be, with the truth "
        "beside it: sensor.json, gcps.csv (scanline ends), altimetry.csv (a laser altimeter with noise and a few wild "
        "shots), one image a view, truth_eop.csv and truth_dtm.tif.\n\n"
        "Presets: ce1 is Chang'E-1's three-line scanner from 200 km; ce2 Chang'E-2's two-line scanner from 100 km with "
        "the published pitch, ce2_paper with the pitch its view angles imply."
    ),
    parameters=(
        Parameter("PRESET", Kind.CHOICE, "Preset", "Sensor and orbit.", default="ce1", choices=tuple(PRESETS)),
        Parameter(
            "TERRAIN",
            Kind.TEXT,
            "Terrain",
            "rough (fractal relief and craters), paper (the wavelet terrain of Xu et al. 2016), or the path of a DEM "
            "in longitude, latitude without holes.",
            default="rough",
        ),
        Parameter(
            "TERRAIN_DEM",
            Kind.RASTER,
            "Terrain from a DEM",
            "A DEM layer in longitude, latitude without holes, in place of TERRAIN.",
            optional=True,
        ),
        Parameter(
            "DETAIL",
            Kind.NUMBER,
            "Detail below a DEM's cells",
            "RMS slope (tangent) of fractal relief added to a DEM, from two of its cells down to two image pixels; 0 "
            "for none, 0.15 is usual. Needed where pixels are much finer than the DEM, as Chang'E-2's are.",
            default=0.0,
            minimum=0.0,
            maximum=1.0,
            advanced=True,
        ),
        Parameter(
            "LINES",
            Kind.INTEGER,
            "Lines",
            "Number of image lines; the views share ground only from about 1,200 lines on.",
            default=2400,
            minimum=2,
            maximum=200_000,
        ),
        Parameter(
            "SAMPLES",
            Kind.INTEGER,
            "Samples",
            "Number of image columns, of the middle of the sensor: narrow scenes are made sooner. Left empty, all.",
            optional=True,
            minimum=2,
            maximum=100_000,
        ),
        Parameter(
            "JITTER",
            Kind.NUMBER,
            "Jitter",
            "RMS of the attitude's jitter, per axis.",
            default=0.0,
            minimum=0.0,
            maximum=MOST_JITTER,
            unit="rad",
        ),
        Parameter("SEED", Kind.INTEGER, "Seed", "The same seed makes the same scene.", default=0, minimum=0),
        Parameter(
            "START_LATITUDE",
            Kind.NUMBER,
            "Start latitude",
            "Latitude of the first line, flown northward. Left empty: 20°, or so that a DEM's middle is the scene's.",
            optional=True,
            minimum=-90,
            maximum=90,
            unit="degrees",
        ),
        Parameter(
            "LATERAL_NOISE",
            Kind.NUMBER,
            "Lateral noise",
            "Sigma of the noise on each horizontal component of the GCPs.",
            default=0.0,
            minimum=0,
            unit="m",
            advanced=True,
        ),
        Parameter(
            "GCP_ALTITUDES",
            Kind.FLAG,
            "GCPs with altitudes",
            "Write the exact altitude of every GCP; real tables have none and take them from the altimetry.",
            default=False,
            advanced=True,
        ),
        Parameter("IMAGES", Kind.FLAG, "Images", "Render an image of every view.", default=True, advanced=True),
        Parameter(
            "TRUTH_POINTS",
            Kind.FLAG,
            "True points",
            "Write the exact x, y, z of every pixel of every view.",
            default=False,
            advanced=True,
        ),
        Parameter(
            "SUN_AZIMUTH",
            Kind.NUMBER,
            "Sun azimuth",
            "Towards the sun, clockwise from north, at the scene's middle.",
            default=60.0,
            minimum=-360,
            maximum=360,
            unit="degrees",
            advanced=True,
        ),
        Parameter(
            "SUN_INCIDENCE",
            Kind.NUMBER,
            "Sun incidence",
            "Angle of the sun from the zenith at the scene's middle.",
            default=55.0,
            minimum=0,
            maximum=89,
            unit="degrees",
            advanced=True,
        ),
        Parameter(
            "SNR",
            Kind.NUMBER,
            "Signal to noise",
            "Mean grey over the sigma of the sensor's noise; 0 for none.",
            default=100.0,
            minimum=0,
            advanced=True,
        ),
        Parameter(
            "ALBEDO",
            Kind.NUMBER,
            "Albedo texture",
            "RMS of the relative albedo variations, attached to the ground.",
            default=0.05,
            minimum=0,
            maximum=0.3,
            advanced=True,
        ),
    ),
    outputs=(
        Output("OUTPUT_FOLDER", OutputKind.FOLDER, "Scene folder", "Folder for the scene's files; made if need be."),
    ),
    run=run,
    icon="simulate",
    tags=("Chang'E", "three-line scanner", "sample", "test data", "ground truth"),
)
