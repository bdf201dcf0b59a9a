"""Scanline ends of known cameras as ground control, and the step that writes them."""

import numpy as np
import pytest

from planetary_dtm.core.camera.control import control_of_camera
from planetary_dtm.core.camera.linescan import LineScan
from planetary_dtm.core.camera.open_camera import open_camera
from planetary_dtm.core.camera.sensor import load_sensor
from planetary_dtm.core.errors import InputError
from planetary_dtm.core.resection.tables import read_gcps
from planetary_dtm.core.simulation.scene import simulate
from planetary_dtm.core.simulation.terrain import PaperTerrain
from planetary_dtm.core.steps import step


def do(name, **values):
    chosen = step(name)
    return chosen.run(**chosen.checked(values))


@pytest.fixture(scope="module")
def scene():
    return simulate("ce1", PaperTerrain(), 300, start_latitude=0.3, altimetry=False)


def test_ends_of_a_line_scan_are_the_simulation_s_own(scene):
    camera = LineScan(scene.sensor, 2, scene.truth)
    line = np.arange(0.0, 300.0, 10)
    own = scene.control[(scene.control.view == 2) & (scene.control.line % 10 == 0)]
    radius = scene.sensor.body_radius_m
    # a ray of 17° meets ground known to 1 cm within 0.3 cm across
    made = control_of_camera(camera, line, radius, lambda lon, lat: scene.terrain.height(lon, lat), view=2)
    assert len(made) == len(own) == 60
    assert np.abs(made.points(radius) - own.points(radius)).max() < 0.1
    flat = control_of_camera(camera, line, radius)
    np.testing.assert_allclose(flat.altitude, 0.0, atol=1e-6)


def test_ground_that_is_not_known_gives_no_control(scene):
    camera = LineScan(scene.sensor, 1, scene.truth)
    middle = scene.control.lat.mean()
    half = control_of_camera(
        camera, scene.truth.line, scene.sensor.body_radius_m, lambda lon, lat: np.where(lat > middle, 100.0, np.nan)
    )
    assert 100 < len(half) < 500 and half.lat.min() > middle
    with pytest.raises(InputError, match="sees no known ground"):
        control_of_camera(camera, [3.0], scene.sensor.body_radius_m, lambda lon, lat: np.full(lon.shape, np.nan))


def test_importgcps_takes_a_real_camera(real_data, tmp_path):
    isd = real_data / "moon/lro_nac/lidarObservationImage1.isd"
    table, sensor_file = tmp_path / "gcps.csv", tmp_path / "sensor.json"
    done = do("importgcps", CAMERA=str(isd), LINE_STEP=1000, OUTPUT=str(table), OUTPUT_SENSOR=str(sensor_file))
    assert len(done.warnings) == 1 and "lens distortion" in done.warnings[0]
    sensor = load_sensor(sensor_file)
    points = read_gcps(table, sensor).points
    assert len(points) == 2 * 53
    camera = open_camera(isd)
    line, sample = camera.project(points.points(camera.body_radius_m))
    np.testing.assert_allclose(line, points.line, atol=1e-3)  # tables keep a tenth of a millimetre
    np.testing.assert_allclose(sample, points.sample, atol=1e-3)
    plain = LineScan(sensor, 0, camera.orientation(points.line[::2]))
    np.testing.assert_allclose(
        np.stack(plain.project(points.points(camera.body_radius_m))), [points.line, points.sample], atol=2e-3
    )


def test_importgcps_wants_tables_or_a_camera(real_data, tmp_path):
    isd, out = str(real_data / "moon/lro_nac/lidarObservationImage1.isd"), str(tmp_path / "x.csv")
    with pytest.raises(InputError, match="Give INPUT and SENSOR, or CAMERA"):
        do("importgcps", CAMERA=isd, SENSOR="ce1", OUTPUT=out)
    with pytest.raises(InputError, match="Give INPUT and SENSOR, or CAMERA"):
        do("importgcps", OUTPUT=out)
    with pytest.raises(InputError, match="INPUT is missing"):
        do("importgcps", SENSOR="ce1", OUTPUT=out)
    frame = str(real_data / "moon/apollo15_rev16/AS15-M-0297.json")
    with pytest.raises(InputError, match="is a frame camera"):
        do("importgcps", CAMERA=frame, OUTPUT=out)
