"""CSM states: what is written maps as the EOPs do, in a reader of its own; what is read is checked key by key."""

import json
import time
from dataclasses import replace

import numpy as np
import pytest

from planetary_dtm.core.camera.csm_export import csm_state, write_csm_states
from planetary_dtm.core.camera.csm_state import MODEL, UniformNodes, camera_from_state, read_csm_state, state_text
from planetary_dtm.core.camera.linescan import LineScan
from planetary_dtm.core.camera.open_camera import open_camera
from planetary_dtm.core.camera.rays import intersect_sphere
from planetary_dtm.core.camera.rotations import angles_from_matrix, unwrap_angles
from planetary_dtm.core.errors import InputError
from planetary_dtm.core.resection.model import Orientation
from planetary_dtm.core.simulation.scene import simulate
from planetary_dtm.core.simulation.terrain import PaperTerrain

from .csm_reader import StateReader

LINES = 1500
KEYS = """
m_modelName m_imageIdentifier m_sensorName m_platformIdentifier m_sensorIdentifier m_nLines m_nSamples
m_intTimeLines m_intTimeStartTimes m_intTimes m_startingEphemerisTime m_centerEphemerisTime
m_detectorSampleSumming m_detectorLineSumming m_startingDetectorSample m_startingDetectorLine
m_detectorSampleOrigin m_detectorLineOrigin m_iTransS m_iTransL m_focalLength m_zDirection m_distortionType
m_opticalDistCoeffs m_majorAxis m_minorAxis m_minElevation m_maxElevation m_t0Ephem m_dtEphem m_t0Quat
m_dtQuat m_numPositions m_numQuaternions m_positions m_velocities m_quaternions m_currentParameterValue
m_parameterType m_covariance m_referencePointXyz m_sunPosition m_sunVelocity m_gsd m_flyingHeight m_halfSwath m_halfTime
m_platformFlag m_ikCode
"""


@pytest.fixture(scope="module")
def scene():
    return simulate("ce1", PaperTerrain(), LINES, start_latitude=0.3, altimetry=False)


@pytest.fixture(scope="module")
def state(scene):
    return csm_state(scene.sensor, 1, scene.truth)


def roughened(truth, metres, radians):
    """EOPs that jump from line to line, as those solved line by line do."""
    rng = np.random.default_rng(3)
    position = truth.position + metres * rng.normal(size=truth.position.shape)
    return truth.with_(position=position, angles=truth.angles + radians * rng.normal(size=truth.angles.shape))


def grid(lines, samples, step):
    line = np.unique(np.r_[np.arange(0, lines, step), lines - 1]).astype(float)
    sample = np.unique(np.r_[np.arange(0, samples, 10), samples - 1]).astype(float)
    return [axis.ravel() for axis in np.meshgrid(line, sample, indexing="ij")]


def worst_pixels(reader, camera, line, sample, height):
    """Largest difference (px) between a state's reader and the EOPs, ground to image and image to ground to image."""
    radius = camera.sensor.body_radius_m + height
    ground = intersect_sphere(*camera.rays(line, sample), radius)
    seen_line, seen_sample = reader.to_image(ground)
    own = reader.to_ground(line + 0.5, sample + 0.5, height)
    back_line, back_sample = camera.project(own)
    pairs = ((seen_line - 0.5, line), (seen_sample - 0.5, sample), (back_line, line), (back_sample, sample))
    return max(float(np.abs(got - wanted).max()) for got, wanted in pairs)


@pytest.mark.parametrize("jitter", [0.0, 3e-5])
def test_states_of_all_views_map_as_the_eops_do(jitter):
    scene = simulate("ce1", PaperTerrain(), LINES, start_latitude=0.3, altimetry=False, jitter=jitter)
    line, sample = grid(LINES, scene.sensor.samples, 10)
    for view in range(3):
        reader = StateReader(state_text(csm_state(scene.sensor, view, scene.truth)))
        camera = LineScan(scene.sensor, view, scene.truth)
        for height in (-2000.0, 5000.0):
            assert worst_pixels(reader, camera, line, sample, height) < 1e-7


@pytest.mark.parametrize("spoil", [(0.0, 0.0), (8.0, 2e-6)], ids=["smooth", "jumping"])
def test_every_line_ends_included_maps_as_the_eops_do(scene, spoil):
    eops = roughened(scene.truth, *spoil)
    line, sample = (axis.ravel() for axis in np.meshgrid(np.arange(LINES, dtype=float), [0.0, 200.5, 511.0]))
    reader = StateReader(state_text(csm_state(scene.sensor, 2, eops)))
    assert worst_pixels(reader, LineScan(scene.sensor, 2, eops), line, sample, 0.0) < 1e-6
    spaced = round(reader.j["m_dtQuat"] / reader.j["m_intTimes"][0])
    assert spaced == 1 if spoil[0] else spaced > 8


def test_the_second_views_reader_and_ours_agree(scene, state):
    line, sample = grid(LINES, scene.sensor.samples, 97)
    reader, camera = StateReader(state_text(state)), camera_from_state(state_text(state), "state.json")
    ground = reader.to_ground(line + 0.5, sample + 0.5, 1000.0)
    own = intersect_sphere(*camera.rays(line, sample), scene.sensor.body_radius_m + 1000.0)
    np.testing.assert_allclose(own, ground, atol=1e-7)
    np.testing.assert_allclose(np.stack(camera.project(ground)), np.stack([line, sample]), atol=1e-7)


def test_the_format_s_traps_are_avoided(scene, state):
    text = state_text(state)
    read = json.loads(text.split("\n", 1)[1], parse_int=lambda digits: ("whole", digits))
    assert not set(KEYS.split()) - set(read)
    assert text.startswith(MODEL + "\n") and read["m_modelName"] == MODEL
    for key, value in read.items():  # a reader takes a list by the kind of its first number
        if isinstance(value, list):
            kind = tuple if key == "m_parameterType" else float
            assert all(isinstance(number, kind) for number in value), key
    assert read["m_parameterType"] == [("whole", "2")] * 16
    assert len(state["m_covariance"]) == 256 and len(state["m_currentParameterValue"]) == 16
    assert (state["m_gsd"], state["m_flyingHeight"]) != (1.0, 1000.0)
    np.testing.assert_allclose([state["m_gsd"], state["m_flyingHeight"]], [120, 2.0e5], rtol=0.1)
    assert state["m_distortionType"] == 0 and state["m_opticalDistCoeffs"] == [0.0] * 3
    half = state["m_halfTime"]
    for kind, nodes in (("Ephem", state["m_numPositions"] // 3), ("Quat", state["m_numQuaternions"] // 4)):
        start, step = state[f"m_t0{kind}"], state[f"m_dt{kind}"]
        assert min(-half - start, start + (nodes - 1) * step - half) >= 4 * step
    q = np.array(state["m_quaternions"]).reshape(-1, 4)
    np.testing.assert_allclose(np.linalg.norm(q, axis=1), 1.0, atol=1e-12)
    assert np.sum(q[1:] * q[:-1], axis=1).min() > 0.9


def test_velocities_are_those_of_the_positions(scene):
    for eops, within in ((scene.truth, 0.02), (roughened(scene.truth, 8.0, 2e-6), 5.0)):
        state = csm_state(scene.sensor, 0, eops)
        velocity = np.array(state["m_velocities"]).reshape(-1, 3)
        time = state["m_t0Ephem"] + state["m_dtEphem"] * np.arange(len(velocity))
        line = time / state["m_intTimes"][0] + 0.5 * (LINES - 1)
        moved = scene.orbit.position(scene.flown(line + 0.5)) - scene.orbit.position(scene.flown(line - 0.5))
        wanted = moved / state["m_intTimes"][0]
        inside = (line >= 0) & (line < LINES)
        assert np.linalg.norm(velocity - wanted, axis=1)[inside].max() < within
        assert np.abs(np.linalg.norm(velocity, axis=1) / 1600 - 1).max() < 0.3  # the nodes past the image too


def test_times_come_from_the_eops_or_the_line_period(scene):
    timed = scene.truth.with_(time=5.0e8 + 0.1 * scene.truth.line)
    state = csm_state(scene.sensor, 1, timed)
    assert state["m_intTimes"] == pytest.approx([0.1])
    assert state["m_startingEphemerisTime"] == pytest.approx(5.0e8 - 0.05)
    assert state["m_centerEphemerisTime"] == pytest.approx(5.0e8 + 0.1 * 749.5)
    untimed = scene.truth.with_(time=None)
    assert csm_state(scene.sensor, 1, untimed)["m_intTimes"] == [0.084]
    with pytest.raises(InputError, match="line_period_s"):
        csm_state(replace(scene.sensor, line_period_s=None), 1, untimed)
    with pytest.raises(InputError, match="flight order"):
        csm_state(scene.sensor, 1, timed.with_(time=timed.time[::-1]))


def test_images_taken_against_the_flight_are_found_too(scene):
    turned = Orientation(scene.truth.line, scene.truth.position[::-1], scene.truth.angles[::-1], "turned")
    line, sample = grid(LINES, scene.sensor.samples, 97)
    reader = StateReader(state_text(csm_state(scene.sensor, 2, turned)))
    assert worst_pixels(reader, LineScan(scene.sensor, 2, turned), line, sample, 0.0) < 1e-6


def test_covariances_of_the_eops_become_those_of_the_model(scene):
    sigma = np.diag([9.0, 9.0, 9.0, 1e-10, 1e-10, 1e-10])
    state = csm_state(scene.sensor, 1, scene.truth.with_(covariance=np.tile(sigma, (LINES, 1, 1))))
    variance = np.diag(np.array(state["m_covariance"]).reshape(16, 16))
    np.testing.assert_allclose(variance[:3], 9.0)
    # usgscsm turns by the correction over the flying height, about its axis by the correction over the half swath
    lever = np.array([state["m_flyingHeight"], state["m_flyingHeight"], state["m_halfSwath"]])
    np.testing.assert_allclose(variance[6:9], (1e-5 * lever) ** 2, rtol=0.05)
    assert variance[15] == pytest.approx(state["m_gsd"] ** 2)


def test_eops_that_start_late_or_are_too_few(scene, tmp_path):
    late = Orientation(scene.truth.line[20:], scene.truth.position[20:], scene.truth.angles[20:], "late")
    paths, warnings = write_csm_states(tmp_path / "csm", scene.sensor, late)
    assert len(warnings) == 1 and "line 20" in warnings[0]
    line, sample = grid(LINES, scene.sensor.samples, 97)
    known = line >= 20
    reader = StateReader(paths[1].read_text())
    assert worst_pixels(reader, LineScan(scene.sensor, 1, late), line[known], sample[known], 0.0) < 1e-6
    ground = intersect_sphere(*LineScan(scene.sensor, 1, scene.truth).rays(line, sample), scene.sensor.body_radius_m)
    assert np.abs(reader.to_image(ground)[0] - 0.5 - line).max() < 0.05  # the lines before carry on the trend
    for rows, match in ((slice(200, None), "start at line 200"), (slice(0, 5), "at least 8")):
        part = Orientation(scene.truth.line[rows], scene.truth.position[rows], scene.truth.angles[rows], "part")
        with pytest.raises(InputError, match=match):
            csm_state(scene.sensor, 1, part)


@pytest.mark.parametrize(("degrees", "told"), [(44.0, False), (46.0, True)])
def test_orbits_too_long_for_other_readers_are_told(scene, tmp_path, degrees, told):
    arc, zero = np.radians(np.linspace(0.0, degrees, LINES)), np.zeros(LINES)
    up, ahead = (
        np.stack(axis, axis=1) for axis in ((np.cos(arc), zero, np.sin(arc)), (-np.sin(arc), zero, np.cos(arc)))
    )
    angles = unwrap_angles(angles_from_matrix(np.stack([ahead, np.cross(up, ahead), up], axis=-1)))
    warnings = write_csm_states(
        tmp_path / "csm", scene.sensor, Orientation(scene.truth.line, 1.94e6 * up, angles, "long")
    )[1]
    assert [f"spans {degrees:.0f}°" in warning for warning in warnings] == [True] * told


def test_files_are_written_one_a_view_and_read_again(scene, tmp_path):
    paths, warnings = write_csm_states(tmp_path / "states", scene.sensor, scene.truth)
    assert [path.name for path in paths] == ["backward.json", "nadir.json", "forward.json"] and not warnings
    for view, path in enumerate(paths):
        camera, given = open_camera(path), LineScan(scene.sensor, view, scene.truth)
        assert (camera.name, camera.lines, camera.samples) == (given.name, (0.0, LINES - 1.0), 512)
        ground = scene.ground([3.0, 700.0, 1490.0], view, [5.0, 300.0, 500.0])
        np.testing.assert_allclose(np.stack(camera.project(ground)), np.stack(given.project(ground)), atol=1e-6)


def test_lagrange_is_exact_to_degree_seven_and_falls_off_at_the_ends():
    t = np.arange(12.0)
    nodes = UniformNodes(100.0, 2.0, np.stack([(t - 6) ** 7, (t - 6) ** 3], axis=1))
    at = np.array([3.0, 3.4, 6.0, 7.9])
    np.testing.assert_allclose(nodes.at(100 + 2 * at), np.stack([(at - 6) ** 7, (at - 6) ** 3], axis=1), atol=1e-9)
    np.testing.assert_allclose(nodes.at(np.array([103.0]))[0, 1], (-4.5) ** 3)  # four nodes: a cubic
    np.testing.assert_allclose(nodes.at(np.array([101.0]))[0, 1], ((-6) ** 3 + (-5) ** 3) / 2)  # two: a line
    four = UniformNodes(100.0, 2.0, nodes.values, order=4).at(np.array([111.0]))[0]
    assert four[1] == pytest.approx((-0.5) ** 3) and four[0] != pytest.approx((-0.5) ** 7)
    assert np.isnan(nodes.at(np.array([np.nan]))).all()


def test_line_rates_may_change(state):
    half = LINES // 2
    start, period = state["m_intTimeStartTimes"][0], state["m_intTimes"][0]
    parts = {
        "m_intTimeLines": [0.5, half + 0.5],
        "m_intTimeStartTimes": [start, start + half * period],
        "m_intTimes": [period, 2 * period],
        "m_nLines": half + half // 2,  # as far as the orbit reaches
    }
    camera, changed = (camera_from_state(state_text(s), "state.json") for s in (state, {**state, **parts}))
    assert changed.times.at(np.array([half + 10.5])) == pytest.approx(camera.times.at(np.array([half + 21.0])))
    assert changed.times.at(np.array([10.5])) == camera.times.at(np.array([10.5]))


NAN = float("nan")
HOSTILE = [
    ({"m_positions": None}, "m_positions"),
    ({"m_positions": [1.0, 2.0, 3.0, 4.0]}, "m_positions"),
    ({"m_positions": [[1.0]] * 6}, "m_positions"),
    ({"m_quaternions": [0.0] * 400}, "m_quaternions"),
    ({"m_quaternions": "none"}, "m_quaternions"),
    ({"m_nLines": 0}, "m_nLines"),
    ({"m_nLines": True}, "m_nLines"),
    ({"m_nSamples": 1e300}, "m_nSamples"),
    ({"m_nSamples": "512"}, "m_nSamples"),
    ({"m_intTimes": [0.0]}, "m_intTimes"),
    ({"m_intTimes": [1.0, 2.0]}, "m_intTimes"),
    ({"m_iTransS": [0.0, 0.0, 0.0]}, "focal-plane"),
    ({"m_iTransL": [0.0, 1.0]}, "m_iTransL"),
    ({"m_dtQuat": 0.0}, "m_dtQuat"),
    ({"m_focalLength": -3}, "m_focalLength"),
    ({"m_distortionType": 2, "m_opticalDistCoeffs": [0.1]}, "m_distortionType"),
    ({"m_opticalDistCoeffs": [0.1]}, "m_opticalDistCoeffs"),
    ({"m_zDirection": -1}, "m_zDirection"),
    ({"m_currentParameterValue": [1.0] * 16}, "m_currentParameterValue"),
    ({"m_majorAxis": 10**400}, "m_majorAxis"),
    ({"m_majorAxis": 1e9, "m_minorAxis": 1e9}, "km from the centre"),
]


@pytest.mark.parametrize(("change", "named"), HOSTILE, ids=lambda value: str(value)[:40])
def test_states_that_are_wrong_are_named_with_their_key(state, tmp_path, change, named):
    path = tmp_path / "bad.json"
    path.write_text(state_text({**state, **change}))
    with pytest.raises(InputError, match=named) as error:
        read_csm_state(path)
    assert "bad.json" in str(error.value) and "\n" not in str(error.value) and len(str(error.value)) < 300


def test_states_cut_short_or_of_another_model_are_named(state, tmp_path):
    path = tmp_path / "bad.json"
    text = state_text(state)
    lacking = {key: value for key, value in state.items() if key not in ("m_focalLength", "m_t0Quat")}
    for content, named in (
        (text[: len(text) // 2], "not whole JSON"),
        (MODEL, "not whole JSON"),
        (MODEL + "\n", "not whole JSON"),
        (state_text(lacking), '"m_focalLength", "m_t0Quat"'),
        (text.replace("LINE_SCANNER", "FRAME"), "FRAME_SENSOR_MODEL"),
        (text.replace('"m_gsd"', '"m_x": NaN, "m_gsd"'), "NaN"),
        (MODEL + "\n" + "[" * 200_000, "nested too deeply|not whole JSON"),
        (MODEL + "\n[1, 2]", "one JSON object"),
    ):
        path.write_text(content)
        began = time.perf_counter()
        with pytest.raises(InputError, match=named) as error:
            open_camera(path)
        assert "bad.json" in str(error.value) and "\n" not in str(error.value)
        assert time.perf_counter() - began < 2


def test_a_state_of_millions_of_numbers_is_refused_or_read_fast(state, tmp_path):
    path = tmp_path / "big.json"
    path.write_text(state_text({**state, "m_positions": [0.5] * 1_000_000}))
    began = time.perf_counter()
    with pytest.raises(InputError, match="m_positions"):
        open_camera(path)
    assert time.perf_counter() - began < 5


def straight_flight():
    """The state of usgscsm's own test of a line scanner that flies straight past a ball of 10 m, 1 km off."""
    optics = {
        **dict.fromkeys(("m_detectorSampleSumming", "m_detectorLineSumming", "m_startingDetectorLine"), 1.0),
        "m_startingDetectorSample": 0.0,
        "m_detectorSampleOrigin": 8.0,
        "m_detectorLineOrigin": 0.5,
        "m_iTransS": [0.0, 0.0, 10.0],
        "m_iTransL": [0.0, -10.0, 0.0],
        "m_focalLength": 50.0,
        "m_distortionType": 0,
        "m_opticalDistCoeffs": [0.0, 0.0, 0.0],
        "m_zDirection": 1.0,
    }
    z = 16.0 - 4.0 * np.arange(9)
    return optics | {
        "m_nLines": 16,
        "m_nSamples": 16,
        "m_majorAxis": 10.0,
        "m_minorAxis": 10.0,
        "m_platformFlag": 1,
        "m_intTimeLines": [0.5],
        "m_intTimeStartTimes": [-0.85],
        "m_intTimes": [0.1],
        "m_t0Ephem": -0.8,
        "m_dtEphem": 0.2,
        "m_t0Quat": -0.8,
        "m_dtQuat": 0.2,
        "m_positions": np.stack([np.full(9, 1000.0), np.zeros(9), z], axis=1).ravel().tolist(),
        "m_quaternions": [0.0, -np.sqrt(0.5), 0.0, np.sqrt(0.5)] * 9,
    }


def test_values_that_usgscsm_tests_itself_by_are_met():
    camera = camera_from_state(state_text(straight_flight()), "straight.json")
    ground = intersect_sphere(*camera.rays(8.0 - 0.5, 8.0 - 0.5), 10.0)
    np.testing.assert_allclose(ground, [9.99999500000, 0.0, 0.00999999500], atol=1e-10)
    origin, direction = camera.rays(0.0 - 0.5, 4.0 - 0.5)  # past the ball: the point of the ray nearest to its centre
    nearest = origin - (origin @ direction) * direction
    np.testing.assert_allclose(nearest, [0.04799688020, -7.99961602495, 16.00004799688], atol=1e-10)


def test_values_that_usgscsm_tests_itself_by_are_met_in_orbit():
    """A camera that keeps looking down from 50 km above a body of 1,000 km."""
    angle = 0.1 / 1050.0 * np.arange(16)
    half = 0.5 * (angle + 0.5 * np.pi)
    zero = np.zeros(16)
    orbit = {
        "m_majorAxis": 1.0e6,
        "m_minorAxis": 1.0e6,
        "m_dtEphem": 0.1,
        "m_dtQuat": 0.1,
        "m_positions": (1.05e6 * np.stack([np.cos(angle), zero, -np.sin(angle)], axis=1)).ravel().tolist(),
        "m_quaternions": np.stack([zero, -np.cos(half), zero, np.sin(half)], axis=1).ravel().tolist(),
    }
    camera = camera_from_state(state_text(straight_flight() | orbit), "orbit.json")
    ground = intersect_sphere(*camera.rays(8.5 - 0.5, 8.0 - 0.5), 1.0e6)
    # its table of the orbit is rounded to centimetres
    np.testing.assert_allclose(ground, [999999.67040488799, 0.0, -811.90523782723039], atol=0.02)


@pytest.mark.parametrize(
    ("key", "count", "size"), [("m_positions", "m_numPositions", 3), ("m_quaternions", "m_numQuaternions", 4)]
)
def test_nodes_that_end_within_the_image_are_refused(state, key, count, size):
    nodes = len(state[key]) // size
    cut = {**state, key: state[key][: size * (nodes // 2)], count: size * (nodes // 2)}
    with pytest.raises(InputError, match=f"its table of {key[2:]} covers .* lines .* orbit that covers the image"):
        camera_from_state(state_text(cut), "cut.json")
    late = "m_t0Ephem" if size == 3 else "m_t0Quat"
    with pytest.raises(InputError, match=f"its table of {key[2:]} covers"):
        camera_from_state(state_text({**state, late: state[late] + 100.0}), "late.json")
