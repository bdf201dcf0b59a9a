"""ISDs: a made-up one against its own formulas; the real CTX and LROC NAC ones close, and lie where they should."""

import copy
import csv
import json
import re
import time

import numpy as np
import pytest

from planetary_dtm.core.camera.csm_linescan import CsmLineScan
from planetary_dtm.core.camera.distortion import Distortion
from planetary_dtm.core.camera.isd import read_isd
from planetary_dtm.core.camera.open_camera import open_camera
from planetary_dtm.core.camera.rays import intersect_sphere
from planetary_dtm.core.camera.rotations import exp_so3, quaternion_from_matrix
from planetary_dtm.core.errors import InputError
from planetary_dtm.core.frames import lonlat_radius, unit_vectors

RADIUS, ORBIT, RATE, SPIN = 1737.4e3, 1787.4e3, 9e-4, 2.6e-6  # m, m, rad/s, rad/s
CENTRE, PERIOD, LINES, SAMPLES = 3.2e8, 0.001, 4000, 1001
CONSTANT = exp_so3([0.3, -1.1, 0.7])


def about_z(angle):
    return exp_so3(np.array([0.0, 0.0, 1.0]) * np.asarray(angle)[..., None])


def inertial(t):
    """Position (m), velocity and sensor-to-inertial rotation on a circular polar orbit, +z down, +x ahead."""
    t = np.asarray(t)
    zero = np.zeros_like(t)
    up = np.stack([np.cos(RATE * t), zero, np.sin(RATE * t)], axis=-1)
    ahead = np.stack([-np.sin(RATE * t), zero, np.cos(RATE * t)], axis=-1)
    return ORBIT * up, ORBIT * RATE * ahead, np.stack([ahead, np.cross(-up, ahead), -up], axis=-1)


def body_fixed(t):
    position, _, rotation = inertial(t)
    turned = about_z(-SPIN * np.asarray(t))
    return (turned @ position[..., None])[..., 0], turned @ rotation


def scalar_first(rotation):
    return np.roll(quaternion_from_matrix(rotation), 1, axis=-1).tolist()


@pytest.fixture
def isd():
    path, turns, ends = np.linspace(-2.2, 2.2, 7), np.linspace(-2.1, 2.1, 40), np.array([-3.0, 3.0])
    position, velocity, _ = inertial(path)
    to_sensor = np.swapaxes(inertial(turns)[2], -1, -2)
    return {
        "name_model": "USGS_ASTRO_LINE_SCANNER_SENSOR_MODEL",
        "image_lines": LINES,
        "image_samples": SAMPLES,
        "center_ephemeris_time": CENTRE,
        "line_scan_rate": [[0.5, -0.5 * LINES * PERIOD, PERIOD]],
        "detector_sample_summing": 2,
        "detector_line_summing": 1,
        "starting_detector_line": 0,
        "starting_detector_sample": 10,
        "detector_center": {"line": 0.5, "sample": 1011.0},
        "focal_length_model": {"focal_length": 700.0},
        "focal2pixel_lines": [0.0, 100.0, 0.0],
        "focal2pixel_samples": [0.0, 0.0, 100.0],
        "optical_distortion": {"radial": {"coefficients": [0.0, 0.0, 0.0]}},
        "radii": {"semimajor": RADIUS / 1000, "semiminor": RADIUS / 1000, "unit": "km"},
        "instrument_position": {
            "ephemeris_times": (CENTRE + path).tolist(),
            "positions": (position / 1000).tolist(),
            "velocities": (velocity / 1000).tolist(),
            "reference_frame": 1,
        },
        "instrument_pointing": {
            "ephemeris_times": (CENTRE + turns).tolist(),
            "quaternions": scalar_first(CONSTANT.T @ to_sensor),
            "constant_rotation": CONSTANT.ravel().tolist(),
            "reference_frame": 1,
        },
        "body_rotation": {
            "ephemeris_times": (CENTRE + ends).tolist(),
            "quaternions": scalar_first(about_z(-SPIN * ends)),
            "reference_frame": 1,
        },
    }


def written(path, content):
    path.write_text(json.dumps(content))
    return path


def test_a_made_up_isd_follows_its_formulas(isd, tmp_path):
    camera = open_camera(written(tmp_path / "made.json", isd))
    assert isinstance(camera, CsmLineScan) and camera.name == "made" and camera.lines == (0.0, LINES - 1.0)
    line, sample = np.array([0.0, 17.25, 2000.0, LINES - 1.0]), np.array([0.0, 500.0, 30.5, 1000.0])
    origin, direction = camera.rays(line, sample)
    position, rotation = body_fixed((line + 0.5 - LINES / 2) * PERIOD)
    # detector sample = 2 (sample + 1/2) + 10, seen from the boresight at 1011; the line lies half a pixel before it
    ray = np.stack([np.full(4, -0.005), (2 * (sample + 0.5) + 10 - 1011) / 100, np.full(4, 700.0)], axis=-1)
    wanted = (rotation @ ray[..., None])[..., 0]
    np.testing.assert_allclose(origin, position, atol=2e-4)  # Hermite pieces of 0.7 s; absolute times of 6e-8 s
    np.testing.assert_allclose(direction, wanted / np.linalg.norm(wanted, axis=-1, keepdims=True), atol=1e-9)


def test_positions_without_velocities_take_a_spline(isd, tmp_path):
    del isd["instrument_position"]["velocities"]
    camera = read_isd(written(tmp_path / "made.json", isd))
    at = np.array([1000.0, 2000.0, 3000.0])
    position, _ = body_fixed((at + 0.5 - LINES / 2) * PERIOD)
    np.testing.assert_allclose(camera.rays(at, 0.0)[0], position, atol=0.1)


def test_units_and_frames_are_heeded(isd, tmp_path):
    metres = copy.deepcopy(isd)
    metres["instrument_position"]["unit"] = metres["radii"]["unit"] = "m"
    for key in ("positions", "velocities"):
        table = metres["instrument_position"]
        table[key] = (1000 * np.array(table[key])).tolist()
    metres["radii"] |= {"semimajor": RADIUS, "semiminor": RADIUS}
    given, same = (read_isd(written(tmp_path / "made.json", content)) for content in (isd, metres))
    np.testing.assert_allclose(same.rays(100.0, 3.0)[0], given.rays(100.0, 3.0)[0], atol=1e-6)
    isd["body_rotation"]["reference_frame"] = 10013
    with pytest.raises(InputError, match="different inertial frames"):
        read_isd(written(tmp_path / "made.json", isd))


@pytest.mark.parametrize(
    "lens", [Distortion("radial", (-0.0073, 2.8e-5, 1.3e-8)), Distortion("lrolrocnac", (1.81e-5,)), Distortion()]
)
def test_distortion_is_undone(lens):
    x, y = np.meshgrid(np.linspace(-1, 1, 5), np.linspace(-18, 18, 41))
    np.testing.assert_allclose(np.stack(lens.distort(*lens.undistort(x, y))), np.stack([x, y]), atol=1e-12)
    far = lens.distort(np.array([1e4]), np.array([1e4]))
    assert np.isfinite(far).all()


def test_the_nac_lens_shortens_the_line_by_its_cube():
    x, y = Distortion("lrolrocnac", (1.81e-5,)).undistort(np.array([0.2]), np.array([17.7]))
    assert x[0] == 0.2 and 17.7 - y[0] == pytest.approx(1.81e-5 * 17.7**3, rel=0.01)


REAL = ("mars/ctx_isd/*.json", "moon/lro_nac/*.isd")


@pytest.mark.parametrize(("pattern", "count"), [(REAL[0], 9), (REAL[1], 2)])
def test_real_isds_close_and_lie_where_they_should(real_data, pattern, count):
    files = sorted(real_data.glob(pattern))
    assert len(files) == count
    began = time.perf_counter()
    for file in files:
        camera = open_camera(file)
        lines = np.unique(np.linspace(*camera.lines, 120).round())
        samples = np.unique(np.linspace(0, camera.samples - 1, 25).round())
        line, sample = np.meshgrid(lines, samples, indexing="ij")
        radius = camera.body_radius_m + np.random.default_rng(0).uniform(-3000, 3000, line.shape)
        ground = intersect_sphere(*camera.rays(line, sample), radius)
        again = intersect_sphere(*camera.rays(*camera.project(ground)), radius)
        assert np.abs(again - ground).max() < 1e-6
        assert np.abs(np.stack(camera.project(ground)) - [line, sample]).max() < 1e-6
        lon, lat, _ = lonlat_radius(ground[60, 12])
        for value, wanted in zip(np.degrees([lat, lon]), place(file.name)):
            assert value == pytest.approx(wanted, abs=2.7)
    assert time.perf_counter() - began < 20


def test_the_nac_flew_where_the_altimeter_beside_it_says(real_data):
    """LOLA's table gives the spacecraft at each shot; its spots lie by the inner edge of the left camera's swath."""
    folder = real_data / "moon/lro_nac"
    with open(folder / "lola_rdr.csv", encoding="ascii") as file:
        shots = list(csv.DictReader(file, skipinitialspace=True))

    def column(name):
        return np.array([float(shot[name]) for shot in shots])

    def place(kind):
        return unit_vectors(np.radians(column(f"{kind}_Longitude")), np.radians(column(f"{kind}_Latitude")))

    camera = open_camera(folder / "lidarObservationImage1.isd")
    isd = json.loads((folder / "lidarObservationImage1.isd").read_text())
    shot_time = column("Terrestrial_Dyn_Time") - isd["center_ephemeris_time"]
    during = np.abs(shot_time) < 9
    craft = 1000 * column("SC_radius")[:, None] * place("SC")
    assert during.sum() > 2000
    position, _ = camera.trajectory.at(shot_time[during])
    assert np.linalg.norm(position - craft[during], axis=1).max() < 2.0  # metres: the camera's arm and the orbits
    line, sample = camera.project((1000 * column("Pt_Radius")[:, None] * place("Pt"))[during])
    assert (sample > 4800).all() and (sample < camera.samples).all()
    assert np.abs(camera.times.at(line + 0.5) - shot_time[during]).max() < 0.1


def place(name):
    """Latitude, longitude (degrees) in a CTX file's name; crops lie up to 2.5° south of it. The NACs show one site."""
    found = re.search(r"_(\d+)([NS])(\d+)W", name)
    if not found:
        return 61.0, 99.0
    return (1 if found[2] == "N" else -1) * float(found[1]), -float(found[3])


def bad(isd, tmp_path):
    with pytest.raises(InputError) as error:
        open_camera(written(tmp_path / "bad.json", isd))
    message = str(error.value)
    assert "bad.json" in message and "\n" not in message and len(message) < 300
    return message


NEEDED = (
    *("image_lines", "image_samples", "center_ephemeris_time", "line_scan_rate", "detector_center", "radii"),
    *("focal_length_model", "focal2pixel_lines", "focal2pixel_samples", "optical_distortion", "instrument_position"),
    *("instrument_pointing", "body_rotation", "detector_sample_summing", "starting_detector_line"),
)


@pytest.mark.parametrize("key", NEEDED)
def test_missing_and_mistyped_keys_are_named(isd, tmp_path, key):
    kept = isd.pop(key)
    assert f'"{key}"' in bad(isd, tmp_path)
    isd[key] = "x" if not isinstance(kept, str) else 3
    assert key in bad(isd, tmp_path)


@pytest.mark.parametrize(
    ("table", "key", "value"),
    [
        ("instrument_position", "positions", [[1.0, 2.0], [3.0]]),
        ("instrument_position", "positions", [[1.0, 2.0, 3.0]]),
        ("instrument_position", "ephemeris_times", [3.0]),
        ("instrument_position", "ephemeris_times", [3.0, 2.0, 1.0]),
        ("instrument_position", "unit", "miles"),
        ("instrument_pointing", "quaternions", [[0, 0, 0, 0]] * 40),
        ("instrument_pointing", "quaternions", [["a", 0, 0, 0]] * 40),
        ("instrument_pointing", "constant_rotation", [1.0] * 9),
        ("instrument_pointing", "constant_rotation", [1.0] * 4),
        ("body_rotation", "quaternions", None),
        ("radii", "semimajor", -1),
        ("focal_length_model", "focal_length", 0),
        ("detector_center", "sample", "middle"),
    ],
)
def test_wrong_values_are_named_with_their_place(isd, tmp_path, table, key, value):
    isd[table][key] = value
    assert f'"{table}.{key}"' in bad(isd, tmp_path)


def test_other_models_lenses_and_short_tables_are_named(isd, tmp_path):
    assert "FRAME" in bad({**isd, "name_model": "USGS_ASTRO_FRAME_SENSOR_MODEL"}, tmp_path)
    lens = {"kaguyalism": {"x": [0.0], "y": [0.0]}}
    assert "'kaguyalism' is not supported" in bad({**isd, "optical_distortion": lens}, tmp_path)
    assert "coefficients" in bad({**isd, "optical_distortion": {"radial": {"coefficients": [0.0]}}}, tmp_path)
    assert "table of pointing covers" in bad({**isd, "image_lines": LINES + 150}, tmp_path)
    looking_up = copy.deepcopy(isd)
    looking_up["instrument_pointing"]["constant_rotation"] = (np.diag([1, -1, -1]) @ CONSTANT).ravel().tolist()
    assert "looks away" in bad(looking_up, tmp_path)
    looking_up["instrument_position"]["unit"] = "m"
    assert "check the units" in bad(looking_up, tmp_path)


def test_other_files_are_not_taken_for_cameras(tmp_path):
    for content, match in (("{}", "not a camera model"), ("[]", "one JSON object"), ("", "not whole JSON")):
        (tmp_path / "other.json").write_text(content)
        with pytest.raises(InputError, match=match):
            open_camera(tmp_path / "other.json")
    (tmp_path / "image.tif").write_bytes(bytes(range(256)))
    with pytest.raises(InputError, match="is not text"):
        open_camera(tmp_path / "image.tif")
    with pytest.raises(InputError, match="does not exist"):
        open_camera(tmp_path / "nothing.json")
    with pytest.raises(InputError, match="cannot be read"):
        open_camera(tmp_path)
