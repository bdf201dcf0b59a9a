"""Frame cameras by pose: rays and projection undo each other; the Apollo pair lies where its orthoimages do."""

import json
import time

import numpy as np
import pytest

from planetary_dtm.core.camera.frame import read_frame
from planetary_dtm.core.camera.open_camera import open_camera
from planetary_dtm.core.camera.rays import intersect_sphere
from planetary_dtm.core.camera.rotations import exp_so3
from planetary_dtm.core.errors import InputError
from planetary_dtm.core.frames import lonlat_radius, unit_vectors

RADIUS = 1737400.0
FORMULA = (
    "u = 0.5 + (col + 0.5) * 20 / 2, v = 0.5 + (row + 0.5) * 20 / 2 (film pixels of 5 um); "
    "ray in the camera frame = (-(u - 500) * 0.05, (v - 300) * 0.05, -76.0)"
)


@pytest.fixture
def pose():
    down = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])  # camera z along +x: it looks along -x
    return {
        "image": "none.png",
        "body_radius_m": RADIUS,
        "position_m": [RADIUS + 1e5, 0.0, 0.0],
        "rotation_camera_to_body": (down @ exp_so3([0.02, -0.03, 0.5])).tolist(),
        "focal_length_mm": 76.0,
        "pixel_to_camera_mm": FORMULA,
        "lines": 60,
        "samples": 100,
    }


def written(path, content):
    path.write_text(json.dumps(content))
    return path


def test_the_formula_is_followed(pose, tmp_path):
    camera = open_camera(written(tmp_path / "frame.json", pose))
    origin, direction = camera.rays(12.0, 70.0)
    u, v = 0.5 + 70.5 * 10, 0.5 + 12.5 * 10
    ray = np.array(pose["rotation_camera_to_body"]) @ [-(u - 500) * 0.05, (v - 300) * 0.05, -76.0]
    np.testing.assert_allclose(direction, ray / np.linalg.norm(ray), atol=1e-12)
    np.testing.assert_array_equal(origin, pose["position_m"])
    assert (camera.name, camera.lines, camera.samples) == ("frame", (0.0, 59.0), 100)


def test_projection_undoes_the_rays(pose, tmp_path):
    camera = read_frame(written(tmp_path / "frame.json", pose))
    line, sample = np.meshgrid(np.linspace(0, 59, 7), np.linspace(0, 99, 9))
    ground = intersect_sphere(*camera.rays(line, sample), RADIUS)
    np.testing.assert_allclose(camera.project(ground), [line, sample], atol=1e-9)
    assert np.isnan(camera.project(-ground)).all()
    assert np.isnan(camera.project(2 * camera.position - ground)).all()  # behind the camera
    assert np.isnan(camera.rays(60.0, 5.0)[1]).all() and np.isnan(camera.rays(-0.6, 5.0)[1]).all()


@pytest.mark.parametrize("frame", ["AS15-M-0297", "AS15-M-0298"])
def test_the_apollo_frames_lie_where_their_orthoimages_do(real_data, frame):
    from osgeo import gdal

    folder = real_data / "moon/apollo15_rev16"
    camera = open_camera(folder / f"{frame}.json")
    line, sample = np.meshgrid(np.linspace(0, 1011, 20), np.linspace(0, 1011, 20))
    ground = intersect_sphere(*camera.rays(line, sample), RADIUS)
    np.testing.assert_allclose(camera.project(ground), [line, sample], atol=1e-6)
    assert 90e3 < np.linalg.norm(camera.position) - RADIUS < 130e3
    image, ortho, dem = (
        gdal.Open(str(folder / name)) for name in (f"{frame}.png", f"{frame}_ortho.tif", "gld100_64ppd.tif")
    )
    west, step, _, north, _, down = ortho.GetGeoTransform()
    column, row = np.meshgrid(np.arange(300, ortho.RasterXSize - 300, 8), np.arange(300, ortho.RasterYSize - 300, 8))
    lon, lat = west + (column + 0.5) * step, north + (row + 0.5) * down
    x0, dx, _, y0, _, dy = dem.GetGeoTransform()
    height = dem.ReadAsArray()[((lat - y0) / dy).astype(int), ((lon - x0) / dx).astype(int)]
    points = (RADIUS + height)[..., None] * unit_vectors(np.radians(lon), np.radians(lat))
    at = np.rint(np.nan_to_num(np.stack(camera.project(points)), nan=-99)).astype(int)
    grey, wanted = image.ReadAsArray(), ortho.ReadAsArray()[row, column]
    alike = {}
    for shift in ((0, 0), (3, 0), (-3, 0), (0, 3), (0, -3)):
        i, j = at[0] + shift[0], at[1] + shift[1]
        seen = (i >= 0) & (j >= 0) & (i < 1012) & (j < 1012) & (wanted > 0)
        alike[shift] = np.corrcoef(grey[i[seen], j[seen]], wanted[seen])[0, 1]
    assert alike[0, 0] > 0.98 and max(alike.values()) == alike[0, 0]


def test_the_apollo_pair_s_rays_meet_over_the_ground(real_data):
    folder = real_data / "moon/apollo15_rev16"
    first, second = (open_camera(folder / f"AS15-M-029{number}.json") for number in (7, 8))
    lon, lat, _ = lonlat_radius(intersect_sphere(*first.rays(500.0, 500.0), RADIUS))
    assert 140 < np.degrees(lon) < 149 and -25 < np.degrees(lat) < -16
    base = np.linalg.norm(first.position - second.position)
    assert base / (np.linalg.norm(first.position) - RADIUS) == pytest.approx(0.32, abs=0.03)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("rotation_camera_to_body", np.ones((3, 3)).tolist()),
        ("rotation_camera_to_body", np.diag([1.0, 1.0, -1.0]).tolist()),
        ("rotation_camera_to_body", [[1.0]]),
        ("position_m", [1.0, 2.0]),
        ("position_m", [1000.0, 0.0, 0.0]),
        ("body_radius_m", "moon"),
        ("focal_length_mm", 70.0),
        ("lines", 0.5),
        ("pixel_to_camera_mm", 7),
        ("pixel_to_camera_mm", ""),
        ("pixel_to_camera_mm", "ray = (col, row)"),
        ("pixel_to_camera_mm", "ray = (col * row, row, -76)"),
        ("pixel_to_camera_mm", "ray = (col / 0, row, -76)"),
        ("pixel_to_camera_mm", "ray = (9 ** 9 ** 9, row, -76)"),
        ("pixel_to_camera_mm", "ray = (__import__('os').getpid(), row, -76)"),
        ("pixel_to_camera_mm", "ray = (" + "-" * 1900 + "col, row, -76)"),
        ("pixel_to_camera_mm", "ray = (" + "(" * 5000 + "col, row, -76)"),
        ("pixel_to_camera_mm", "ray = (2 * row, row, -76)"),
    ],
)
def test_wrong_values_are_named(pose, tmp_path, key, value):
    began = time.perf_counter()
    with pytest.raises(InputError, match=key if key != "focal_length_mm" else "pixel_to_camera_mm") as error:
        open_camera(written(tmp_path / "bad.json", {**pose, key: value}))
    assert "bad.json" in str(error.value) and "\n" not in str(error.value)
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize("key", ["position_m", "body_radius_m", "focal_length_mm", "pixel_to_camera_mm"])
def test_missing_keys_are_named(pose, tmp_path, key):
    del pose[key]
    with pytest.raises(InputError, match=f'lacks "{key}"'):
        open_camera(written(tmp_path / "bad.json", pose))


def test_the_size_comes_from_the_image_where_it_is_not_given(pose, tmp_path):
    from osgeo import gdal

    del pose["lines"]
    path = written(tmp_path / "frame.json", pose)
    with pytest.raises(InputError, match=r"none\.png.* is not beside it"):
        open_camera(path)
    made = gdal.GetDriverByName("MEM").Create("", 100, 60)
    gdal.GetDriverByName("PNG").CreateCopy(str(tmp_path / "none.png"), made)
    camera = open_camera(path)
    assert (camera.line_count, camera.samples) == (60, 100)
