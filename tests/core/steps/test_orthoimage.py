"""The orthoimage step: a rendered image of a line scanner lands on the ground it shows, to a fraction of a pixel."""

import json
from dataclasses import replace

import numpy as np
import pytest
from osgeo import gdal

from planetary_dtm.core.bodies import body_of_radius
from planetary_dtm.core.camera.csm_export import csm_state
from planetary_dtm.core.camera.csm_state import read_csm_state, state_text
from planetary_dtm.core.camera.linescan import LineScan
from planetary_dtm.core.camera.sensor import sensor_to_json
from planetary_dtm.core.errors import InputError
from planetary_dtm.core.frames import lonlat_radius, unit_vectors
from planetary_dtm.core.geotiff import Band, write_dtm
from planetary_dtm.core.rasters import Raster
from planetary_dtm.core.resection.tables import write_eops
from planetary_dtm.core.simulation.images import Light, albedo_texture, ground_pixel, render, shade, sun_direction
from planetary_dtm.core.simulation.scene import simulate
from planetary_dtm.core.simulation.terrain import PaperTerrain
from planetary_dtm.core.steps import step
from planetary_dtm.core.terrain.sampling import bilinear
from planetary_dtm.core.terrain.target_grid import target_grid

LINES, SAMPLES, FORWARD = 160, 128, 2


def do(**values):
    chosen = step("orthoimage")
    return chosen.run(**chosen.checked(values))


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """The simulated flight, and a folder with its forward image, orientation and true DTM."""
    folder = tmp_path_factory.mktemp("ortho")
    flown = simulate("ce1", PaperTerrain(), LINES, seed=3, start_latitude=np.radians(30.0), altimetry=False)
    sensor = replace(flown.sensor, samples=SAMPLES, principal_sample=(SAMPLES - 1) / 2)
    flown = replace(flown, sensor=sensor)
    (folder / "sensor.json").write_text(json.dumps(sensor_to_json(sensor)))
    write_eops(folder / "eops.csv", flown.truth, flown.terrain.radius_m)
    picture = render(flown, FORWARD, Light(snr=0), 3)
    made = gdal.GetDriverByName("GTiff").Create(str(folder / "forward.tif"), SAMPLES, LINES, 1, gdal.GDT_Float32)
    made.GetRasterBand(1).WriteArray(picture.grey)
    del made
    lon, lat, _ = lonlat_radius(picture.points.reshape(-1, 3))
    grid = target_grid(lon, lat, body_of_radius(flown.terrain.radius_m), ground_pixel(flown))
    height = flown.terrain.height(*grid.lonlat_of(*np.meshgrid(np.arange(grid.width), np.arange(grid.height))))
    write_dtm(folder / "dtm.tif", grid, [height], [Band("height")], {"LEVELLED": "YES"})
    return flown, folder


def files(folder):
    named = {"SENSOR": "sensor.json", "EOPS": "eops.csv", "IMAGE": "forward.tif"}
    return {name: str(folder / file) for name, file in named.items()}


def looked_at(flown, grid):
    """What the forward view sees of the ground of every pixel of the map, shaded there and not taken from the image."""
    lon, lat = grid.lonlat_of(*np.meshgrid(np.arange(grid.width), np.arange(grid.height)))
    points = (flown.terrain.radius_m + flown.terrain.height(lon, lat))[..., None] * unit_vectors(lon, lat)
    line, _ = LineScan(flown.sensor, FORWARD, flown.truth).project(points)
    towards = flown.orbit.position(flown.flown(np.nan_to_num(line))) - points
    light = Light(snr=0)
    grey = shade(
        flown.terrain, points, towards, sun_direction(flown, light), ground_pixel(flown), light,
        albedo_texture(flown, light.albedo, 3),
    )  # fmt: skip
    return np.where(np.isfinite(line), grey, np.nan)


def test_without_a_dtm_the_ground_is_the_ellipsoid_of_the_camera(scene, tmp_path):
    """The map's CRS, longitude and latitude on the sphere, says nothing of the body's shape."""
    flown, folder = scene
    a, b = flown.terrain.radius_m, flown.terrain.radius_m - 17e3
    state = {**csm_state(flown.sensor, FORWARD, flown.truth), "m_majorAxis": a, "m_minorAxis": b}
    (tmp_path / "forward.json").write_text(state_text(state))
    made = {"CAMERAS": [str(tmp_path / "forward.json")], "OUTPUT": str(tmp_path / "o.tif")}
    do(IMAGE=files(folder)["IMAGE"], **made)
    raster = Raster(tmp_path / "o.tif")
    values, valid = raster.read()
    lon, lat = raster.grid.lonlat_of(*np.meshgrid(np.arange(raster.grid.width), np.arange(raster.grid.height)))
    assert valid.mean() > 0.5
    radius = a * b / np.hypot(b * np.cos(lat), a * np.sin(lat))
    line, sample = read_csm_state(tmp_path / "forward.json").project(radius[..., None] * unit_vectors(lon, lat))
    image = Raster(files(folder)["IMAGE"]).read()[0].astype(float)
    inner = valid & (line > 0) & (line < LINES - 1) & (sample > 0) & (sample < SAMPLES - 1)
    expected = bilinear(image, np.ones(image.shape, bool), line[inner], sample[inner])[0]
    assert inner.sum() > 0.9 * valid.sum() and np.abs(values[inner] - expected).max() < 1e-3 * np.ptp(image)


def test_a_rendered_image_lies_where_its_ground_is(scene, tmp_path):
    flown, folder = scene
    done = do(**files(folder), DTM=str(folder / "dtm.tif"), RESAMPLING="cubic", OUTPUT=str(tmp_path / "o.tif"))
    made = Raster(tmp_path / "o.tif")
    assert made.grid == Raster(folder / "dtm.tif").grid and made.metadata["CAMERA"] == "forward"
    values, valid = made.read()
    assert valid.mean() == pytest.approx(done.outputs["SEEN"]) and valid.mean() > 0.7
    expected = looked_at(flown, made.grid)
    inner = valid & np.isfinite(expected)
    assert np.corrcoef(values[inner], expected[inner])[0, 1] > 0.98
    # Least squares for a shift between the two: a tenth of a pixel would be a mistake somewhere.
    south, east = np.gradient(expected)
    known = inner & np.isfinite(south) & np.isfinite(east)
    slopes = np.column_stack([south[known], east[known]])
    shift = np.linalg.lstsq(slopes, (expected - values)[known], rcond=None)[0]
    assert np.abs(shift).max() < 0.1
    flat = do(**files(folder), PIXEL_SIZE=120.0, OUTPUT=str(tmp_path / "flat.tif"))
    assert flat.outputs["HIDDEN"] == 0 and "sphere" in Raster(tmp_path / "flat.tif").metadata["DTM"]


def test_pixel_size_extent_and_refusals(scene, tmp_path):
    _, folder = scene
    grid = Raster(folder / "dtm.tif").grid
    west, south, east, north = grid.extent
    area = [west + 0.3 * (east - west), south + 0.3 * (north - south), east, north]
    do(**files(folder), DTM=str(folder / "dtm.tif"), EXTENT=area, OUTPUT=str(tmp_path / "part.tif"))
    assert Raster(tmp_path / "part.tif").grid == grid.sub(grid.window(area))
    do(**files(folder), DTM=str(folder / "dtm.tif"), PIXEL_SIZE=480.0, OUTPUT=str(tmp_path / "coarse.tif"))
    coarse = Raster(tmp_path / "coarse.tif")
    assert coarse.grid.pixel_size_m[1] == pytest.approx(480.0, rel=1e-3)
    assert coarse.read()[1].mean() > 0.6
    far = {"DTM": str(folder / "dtm.tif"), "OUTPUT": str(tmp_path / "far.tif")}
    with pytest.raises(InputError, match="lies outside"):
        do(**files(folder), **far, EXTENT=[100, 10, 101, 11])
    nothing = np.zeros((grid.height, grid.width))
    write_dtm(tmp_path / "relative.tif", grid, [nothing], [Band("relative height", "")], {"LEVELLED": "NO"})
    with pytest.raises(InputError, match="relative heights"):
        do(**files(folder), DTM=str(tmp_path / "relative.tif"), OUTPUT=str(tmp_path / "far.tif"))
    with pytest.raises(InputError, match="No camera is named 'aft'"):
        do(**{**files(folder), "VIEW": "aft"}, **far)
    with pytest.raises(InputError, match="512"):
        do(**{**files(folder), "SENSOR": "ce1"}, **far)
    assert not (tmp_path / "far.tif").exists()
