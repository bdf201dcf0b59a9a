"""Small valid files of every kind that is read, made by the package's own writers and by GDAL."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from osgeo import gdal

from planetary_dtm.core.bodies import body_named
from planetary_dtm.core.camera.csm_export import csm_state
from planetary_dtm.core.camera.csm_state import MODEL, state_text
from planetary_dtm.core.camera.rotations import exp_so3, quaternion_from_matrix
from planetary_dtm.core.camera.sensor import sensor_to_json
from planetary_dtm.core.geotiff import Band, write_dtm, write_image
from planetary_dtm.core.learned.architectures import architecture
from planetary_dtm.core.learned.model_file import save_model
from planetary_dtm.core.matching.match_file import write_matches
from planetary_dtm.core.rasters import Grid
from planetary_dtm.core.resection.joint import JointCovariance, write_joint
from planetary_dtm.core.resection.tables import write_eops, write_gcps
from planetary_dtm.core.simulation.scene import simulate
from planetary_dtm.core.simulation.terrain import PaperTerrain
from planetary_dtm.core.tables import write_table
from planetary_dtm.core.terrain.points import Points, writing_points

MOON = body_named("Moon")
GRID = Grid(24, 20, (10.0, 0.01, 0.0, 1.0, 0.0, -0.01), "+proj=longlat +R=1737400 +no_defs")
LAYERS = tuple(f"layer.{ending}" for ending in ("fgb", "kml", "gml", "gpx", "mif", "sqlite", "xlsx"))
_OTHERS = (
    *(("BMP", "image.bmp"), ("GIF", "image.gif"), ("JP2OpenJPEG", "image.jp2"), ("FITS", "image.fits")),
    *(("netCDF", "image.nc"), ("netCDF", "hdf5.nc"), ("HFA", "hfa.img"), ("PNM", "image.pgm"), ("PCIDSK", "image.pix")),
)
OTHER_RASTERS = ("image.png", "image.jpg", "image.asc", *(name for _, name in _OTHERS))
LABELLED = {"isis3": ("ISIS3", ".cub"), "vicar": ("VICAR", ".vic"), "pds4": ("PDS4", ".xml")}
# What GDAL does not write: PDS3 and ISIS2 with the label before the pixels.
PDS3 = """PDS_VERSION_ID = PDS3
RECORD_TYPE = FIXED_LENGTH
RECORD_BYTES = 24
FILE_RECORDS = 120
LABEL_RECORDS = 100
^IMAGE = 101
TARGET_NAME = MARS
OBJECT = IMAGE
 LINES = 20
 LINE_SAMPLES = 24
 SAMPLE_TYPE = UNSIGNED_INTEGER
 SAMPLE_BITS = 8
 BANDS = 1
 MISSING_CONSTANT = 0
 SCALING_FACTOR = 1.0
 OFFSET = 0.0
END_OBJECT = IMAGE
OBJECT = IMAGE_MAP_PROJECTION
 MAP_PROJECTION_TYPE = "SIMPLE CYLINDRICAL"
 A_AXIS_RADIUS = 3396.0 <KM>
 B_AXIS_RADIUS = 3396.0 <KM>
 C_AXIS_RADIUS = 3396.0 <KM>
 POSITIVE_LONGITUDE_DIRECTION = EAST
 CENTER_LATITUDE = 0.0 <DEG>
 CENTER_LONGITUDE = 180.0 <DEG>
 MAP_SCALE = 0.463 <KM/PIXEL>
 MAP_RESOLUTION = 128.0 <PIXEL/DEG>
 LINE_PROJECTION_OFFSET = 10.5
 SAMPLE_PROJECTION_OFFSET = 12.5
END_OBJECT = IMAGE_MAP_PROJECTION
END
"""


def make(folder: Path) -> None:
    """Fill ``folder`` with the seeds, one file a kind as a rule."""
    _tables(folder)
    _cameras(folder)
    _rasters(folder)
    _points(folder)
    _models(folder)
    _pairs(folder / "pairs")


def _tables(folder: Path) -> None:
    scene = simulate("ce1", PaperTerrain(), 60, start_latitude=0.4, line_step=5)
    points = replace(scene.control, sigma_altitude=np.full(len(scene.control), 7.5))
    write_gcps(folder / "gcps.csv", points, scene.sensor)
    write_gcps(folder / "gcps.geojson", points[:12], scene.sensor)
    write_gcps(folder / "gcps.gpkg", points[:12], scene.sensor)
    sigma = np.array([20.0, 20.0, 20.0, 1e-5, 1e-5, 1e-5])
    truth = scene.truth.with_(covariance=np.tile(np.diag(sigma**2), (len(scene.truth), 1, 1)))
    write_eops(folder / "eops.csv", truth, MOON.radius_m)
    values = np.tile(np.diag(sigma**2), (3, 2, 1, 1))
    write_joint(folder / "eops.csv", truth, JointCovariance(0.0, 20.0, values))
    (folder / "sensor.json").write_text(json.dumps(sensor_to_json(scene.sensor), indent=1))
    (folder / "state.csm").write_text(state_text(csm_state(scene.sensor, 1, scene.truth)))
    rng = np.random.default_rng(1)
    lon, lat = rng.uniform(3.0, 3.2, 25), rng.uniform(25.0, 25.3, 25)
    height, track = rng.normal(-1900, 30, 25), np.repeat(np.arange(5), 5)
    own = {"lon": lon, "lat": lat, "altitude": height, "sigma": np.full(25, 5.0), "track": track}
    write_table(folder / "shots.csv", own)
    (folder / "shots.csv.gz").write_bytes(gzip.compress((folder / "shots.csv").read_bytes(), 1))
    times = [f"2009-09-{1 + number // 5:02d}T12:00:{number % 5:02d}.123" for number in range(25)]
    lola = {"Coordinated_Universal_Time": np.array(times, object), "Pt_Longitude": lon, "Pt_Latitude": lat}
    write_table(folder / "lola.csv", {**lola, "Pt_Radius": 1737.4 + height / 1000})
    radius = 3396190.0 + height
    mola = {
        "long_East": lon,
        "lat_North": lat,
        "TOPOGRAPHY": height,
        "PLANET_RAD": radius,
        "AREOID_RAD": radius - height,
    }
    write_table(folder / "mola.csv", {**mola, "EphemerisTime": np.arange(25.0) * 1000})


def _cameras(folder: Path) -> None:
    centre, orbit, rate, lines = 3.2e8, 1787.4e3, 9e-4, 400
    time = np.linspace(-0.5, 0.5, 6)
    up = np.stack([np.cos(rate * time), 0 * time, np.sin(rate * time)], axis=-1)
    ahead = np.stack([-np.sin(rate * time), 0 * time, np.cos(rate * time)], axis=-1)
    to_sensor = np.stack([ahead, np.cross(-up, ahead), -up], axis=-2)
    pointing = np.roll(quaternion_from_matrix(to_sensor), 1, axis=-1)
    when = (centre + time).tolist()
    position = {"ephemeris_times": when, "positions": (orbit * up / 1000).tolist()}
    position |= {"velocities": (orbit * rate * ahead / 1000).tolist(), "reference_frame": 1}
    isd = {
        "name_model": MODEL,
        "image_lines": lines,
        "image_samples": 1001,
        "center_ephemeris_time": centre,
        "line_scan_rate": [[0.5, -0.2, 0.001]],
        **{f"detector_{axis}_summing": 1 for axis in ("sample", "line")},
        **{f"starting_detector_{axis}": 0 for axis in ("sample", "line")},
        "detector_center": {"line": 0.5, "sample": 501.0},
        "focal_length_model": {"focal_length": 700.0},
        "focal2pixel_lines": [0.0, 100.0, 0.0],
        "focal2pixel_samples": [0.0, 0.0, 100.0],
        "optical_distortion": {"radial": {"coefficients": [0.0, 1e-9, 0.0]}},
        "radii": {"semimajor": 1737.4, "semiminor": 1737.4, "unit": "km"},
        "instrument_position": position,
        "instrument_pointing": {"ephemeris_times": when, "quaternions": pointing.tolist(), "reference_frame": 1},
        "body_rotation": {
            "ephemeris_times": [centre - 1, centre + 1],
            "quaternions": [[1.0, 0.0, 0.0, 0.0]] * 2,
            "constant_rotation": np.eye(3).ravel().tolist(),
            "reference_frame": 1,
        },
    }
    (folder / "isd.json").write_text(json.dumps(isd))
    down = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    frame = {
        "image": "image.tif",
        "body_radius_m": MOON.radius_m,
        "position_m": [MOON.radius_m + 1e5, 0.0, 0.0],
        "rotation_camera_to_body": (down @ exp_so3([0.02, -0.03, 0.5])).tolist(),
        "focal_length_mm": 76.0,
        "pixel_to_camera_mm": "u = 0.5 + (col + 0.5) * 20 / 2, v = 0.5 + (row + 0.5) * 20 / 2 (film pixels of 5 um); "
        "ray in the camera frame = (-(u - 500) * 0.05, (v - 300) * 0.05, -76.0)",
        "lines": 60,
        "samples": 100,
    }
    (folder / "frame.json").write_text(json.dumps(frame))
    del frame["lines"]
    (folder / "frame_beside.json").write_text(json.dumps(frame))


def _rasters(folder: Path) -> None:
    rng = np.random.default_rng(2)
    grey = rng.integers(1, 255, (GRID.height, GRID.width)).astype(np.uint8)
    height = rng.normal(0, 100, (GRID.height, GRID.width))
    write_image(folder / "image.tif", GRID, grey, {"SUN_AZIMUTH": "90", "TITLE": "<script>"}, nodata=0)
    write_dtm(folder / "dtm.tif", GRID, [height, abs(height)], [Band("height"), Band("sigma")], {"LEVELLED": "YES"})
    about = {"IMAGE_A": "a.tif", "IMAGE_B": "b.tif", "VIEW_A": "nadir", "VIEW_B": "forward"}
    write_matches(folder / "matches.tif", height, height, abs(height), abs(height), about)
    source = gdal.Open(str(folder / "image.tif"))
    for name, (driver, ending) in LABELLED.items():
        gdal.GetDriverByName(driver).CreateCopy(str(folder / f"{name}{ending}"), source)
    for driver, name in _OTHERS:
        options = ["FORMAT=NC4"] if name == "hdf5.nc" else []
        gdal.GetDriverByName(driver).CreateCopy(str(folder / name), source, 0, options)
    for driver, ending in (("PNG", ".png"), ("JPEG", ".jpg"), ("ENVI", ".img"), ("AAIGrid", ".asc"), ("VRT", ".vrt")):
        gdal.GetDriverByName(driver).CreateCopy(str(folder / f"image{ending}"), source)
    (folder / "image.lbl").write_bytes(PDS3.encode().ljust(2400) + grey.tobytes())


def _points(folder: Path) -> None:
    rng = np.random.default_rng(3)
    lon, lat = rng.uniform(0.1, 0.2, (2, 30))
    points = Points(lon, lat, rng.normal(0, 50, 30), np.full(30, 9.0), np.full(30, 1.0))
    for name in ("points.csv", "points.las"):
        with writing_points(folder / name, MOON) as writer:
            writer.write(points)


def _models(folder: Path) -> None:
    rng = np.random.default_rng(4)
    card = {
        "input_bands": ["grey"], "input_size": 64, "grey": {"kind": "robust"}, "height_unit": "ground_pixel",
        "height_scale": 1.0, "height_offset": 0.0, "sun_azimuth": 270.0, "gsd_m": [10, 100], "name": "tiny",
    }  # fmt: skip
    for name, kind, options in (
        ("unet", "unet", {"widths": [4, 6], "bottom_blocks": 1}),
        ("pix2pixcc", "pix2pixcc", {"base": 1, "upsampling": "bilinear", "blocks": 1}),
    ):
        shapes = architecture(kind, options).tensor_shapes()
        tensors = {key: rng.normal(size=shape).astype(np.float32) for key, shape in shapes.items()}
        save_model(folder / f"{name}.safetensors", tensors, {**card, "architecture": kind, "options": options})


def make_checkpoint(folder: Path) -> None:
    """A checkpoint of a tiny network after no step; needs torch."""
    from planetary_dtm.core.learned.checkpoint import save
    from planetary_dtm.core.learned.plan import Plan
    from planetary_dtm.core.learned.processes import Processes
    from planetary_dtm.core.learned.trainers import trainer

    plan = Plan(widths=(2, 2), steps=2, batch=1, crop=16, precision="float32")
    save(folder / "checkpoint.pt", plan, 1, trainer(plan, Processes()), {"loss": 1.0}, "of these")


def _pairs(folder: Path) -> None:
    from planetary_dtm.core.learned.pair_folder import ABOUT, FORMAT, TABLE, sha256

    folder.mkdir()
    rng = np.random.default_rng(5)
    rows: dict[str, list[object]] = {name: [] for name in ("status", "split", "image", "height")}
    rows |= {"image_sha256": [], "height_sha256": []}
    for number in range(3):
        grid = replace(GRID, width=64, height=64)
        write_image(folder / f"i{number}.tif", grid, rng.integers(1, 255, (64, 64)).astype(np.uint8), {})
        write_image(folder / f"h{number}.tif", grid, rng.normal(0, 9, (64, 64)).astype(np.float32), {})
        rows["status"].append("kept" if number < 2 else "black")
        rows["split"].append("train" if number else "held_out")
        for kind in ("image", "height"):
            name = f"{kind[0]}{number}.tif"
            rows[kind].append(name)
            rows[f"{kind}_sha256"].append(sha256(folder / name))
    write_table(folder / TABLE, {name: np.array(column, object) for name, column in rows.items()})
    about = {
        "format": FORMAT, "tile": 64, "pixel_m": 300.0, "grey": "robust", "height_scale": 100.0, "sun_azimuth": 270.0,
        "body": "Moon", "table_sha256": sha256(folder / TABLE), "sources": [{"dem": "dem.tif"}],
        "training_boxes": [[1, 2, 3, 4]], "held_out_boxes": [],
    }  # fmt: skip
    (folder / ABOUT).write_text(json.dumps(about))
