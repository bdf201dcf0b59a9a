"""GCP and EOP tables: what is written comes back; what cannot be is said in one sentence."""

from dataclasses import replace

import numpy as np
import pytest

from planetary_dtm.core.camera.sensor import load_sensor
from planetary_dtm.core.errors import InputError
from planetary_dtm.core.resection.model import ControlPoints, Flag, Orientation
from planetary_dtm.core.resection.tables import read_eops, read_gcps, write_eops, write_gcps
from planetary_dtm.core.simulation.orbit import orbital_plane
from planetary_dtm.core.simulation.scene import simulate, with_lateral_noise
from planetary_dtm.core.simulation.terrain import PaperTerrain, RoughTerrain, SphereTerrain


@pytest.fixture(scope="module")
def scene():
    return simulate("ce1", PaperTerrain(), 300, start_latitude=0.4, altimetry=False)


def rewritten(points: ControlPoints, rows) -> ControlPoints:
    return ControlPoints(*(getattr(points, name)[rows] for name in points.__dataclass_fields__))


@pytest.mark.parametrize("ending", [".csv", ".gpkg"])
def test_gcps_come_back(scene, tmp_path, ending):
    path = tmp_path / f"gcps{ending}"
    points = replace(scene.control, sigma_altitude=np.full(len(scene.control), 7.5))
    write_gcps(path, points, scene.sensor)
    found = read_gcps(path, scene.sensor)
    assert found.warnings == ()
    for name in points.__dataclass_fields__:
        np.testing.assert_allclose(getattr(found.points, name), getattr(points, name), rtol=1e-12, atol=1e-14)


def test_altitudes_may_be_absent_and_rows_may_be_incomplete(tmp_path, scene):
    points = replace(scene.control, altitude=np.full(len(scene.control), np.nan))
    lon = points.lon.copy()
    lon[7] = np.nan
    write_gcps(tmp_path / "gcps.csv", replace(points, lon=lon), scene.sensor)
    found = read_gcps(tmp_path / "gcps.csv", scene.sensor)
    assert np.isnan(found.points.altitude).all() and len(found.points) == len(points) - 1
    assert "1 rows" in found.warnings[0]


def test_views_may_be_numbered(tmp_path, scene):
    write_gcps(tmp_path / "gcps.csv", scene.control, scene.sensor)
    text = (tmp_path / "gcps.csv").read_text("utf-8")
    for number, view in enumerate(scene.sensor.views):
        text = text.replace(f",{view.name},", f",{number},")
    (tmp_path / "gcps.csv").write_text(text, "utf-8")
    np.testing.assert_array_equal(read_gcps(tmp_path / "gcps.csv", scene.sensor).points.view, scene.control.view)


def test_repeated_and_missing_pixels_are_told(tmp_path, scene):
    rows = np.concatenate([np.flatnonzero(scene.control.view < 2), [0, 1, 2]])
    write_gcps(tmp_path / "gcps.csv", rewritten(scene.control, rows), scene.sensor)
    found = read_gcps(tmp_path / "gcps.csv", scene.sensor)
    assert len(found.points) == len(rows) - 3
    assert any("3 GCPs" in sentence and "repeat a pixel" in sentence for sentence in found.warnings)
    assert any("no GCP of view 'forward'" in sentence for sentence in found.warnings)


@pytest.mark.parametrize(
    "spoil, message",
    [
        (lambda p: replace(p, lon=p.lat, lat=p.lon - np.pi / 2), "lon and lat are swapped"),
        (lambda p: replace(p, sample=511 - p.sample), "counted from the other side"),
        (lambda p: replace(p, lon=np.radians(p.lon), lat=np.radians(p.lat)), "look like radians"),
        (lambda p: replace(p, sample=p.sample * 2), "has sample 1022"),
        (
            lambda p: replace(p, line=np.where(p.line > 150, 450 - p.line, p.line)),
            "turn back near line 1|repeat a pixel",
        ),
        (lambda p: replace(p, lon=p.lon * np.nan), "no usable GCP"),
        (lambda p: replace(p, lon=np.where(p.line < 40, p.lon + 0.5, p.lon)), "jump by 804 km near line 40"),
    ],
)
def test_wrong_gcps_are_named(tmp_path, scene, spoil, message):
    write_gcps(tmp_path / "gcps.csv", spoil(scene.control), scene.sensor)
    with pytest.raises(InputError, match=message):
        read_gcps(tmp_path / "gcps.csv", scene.sensor)


def test_lines_with_one_end_only_do_not_turn_back(tmp_path, scene):
    """Their GCPs lie 30 km aside of the other lines' middle, and still the flight goes on."""
    some = (scene.control.line < 100) | (scene.control.line > 140)
    rows = np.flatnonzero(some | (scene.control.sample == 0) & (scene.control.view == 1))
    write_gcps(tmp_path / "gcps.csv", rewritten(scene.control, rows), scene.sensor)
    assert len(read_gcps(tmp_path / "gcps.csv", scene.sensor).points) == len(rows)


def test_the_wrong_sensor_is_named(tmp_path, scene):
    write_gcps(tmp_path / "gcps.csv", scene.control, scene.sensor)
    with pytest.raises(InputError, match="has no view 'nadir'"):
        read_gcps(tmp_path / "gcps.csv", load_sensor("ce2"))
    px = scene.sensor.px_mm
    order = tuple(replace(view, px_mm=px[other]) for view, other in zip(scene.sensor.views, (1, 0, 2)))
    for sensor, message in [
        (replace(scene.sensor, focal_length_mm=23330.0), "focal length"),
        (replace(scene.sensor, focal_length_mm=0.4), "only .* m above the ground"),
        (replace(scene.sensor, views=order), "does not fit the views"),
    ]:
        with pytest.raises(InputError, match=message):
            read_gcps(tmp_path / "gcps.csv", sensor)


@pytest.mark.parametrize("off, beyond", [(-0.49, False), (-0.51, True), (0.49, False), (0.51, True)])
def test_samples_reach_to_the_edge_of_the_outer_pixels(tmp_path, scene, off, beyond):
    sample = scene.control.sample.copy()
    last = scene.sensor.samples - 1
    row = np.flatnonzero(sample == (0 if off < 0 else last))[0]
    sample[row] += off
    write_gcps(tmp_path / "gcps.csv", replace(scene.control, sample=sample), scene.sensor)
    if beyond:
        with pytest.raises(InputError, match=f"has samples 0 to {last}"):
            read_gcps(tmp_path / "gcps.csv", scene.sensor)
    else:
        assert len(read_gcps(tmp_path / "gcps.csv", scene.sensor).points) == len(sample)


def test_missing_columns_are_named(tmp_path, scene):
    write_gcps(tmp_path / "gcps.csv", scene.control, scene.sensor)
    text = (tmp_path / "gcps.csv").read_text("utf-8")
    for name in ("line", "view", "sample", "lon"):
        (tmp_path / "less.csv").write_text(text.replace(name, "other", 1), "utf-8")
        with pytest.raises(InputError, match=f"no column '{name}'"):
            read_gcps(tmp_path / "less.csv", scene.sensor)
    with pytest.raises(InputError, match="does not exist"):
        read_gcps(tmp_path / "absent.csv", scene.sensor)


@pytest.mark.parametrize("preset", ["ce1", "ce2", "ce2_paper"])
@pytest.mark.parametrize("where", ["pole", "dateline", "equatorial", "rough"])
def test_honest_gcps_of_any_orbit_pass(tmp_path, preset, where):
    plane = {"dateline": orbital_plane(np.pi / 2, np.pi), "equatorial": orbital_plane(0.0, 1.0)}.get(where)
    terrain = RoughTerrain(1) if where == "rough" else SphereTerrain()
    start = 1.55 if where == "pole" else 0.1
    scene = simulate(preset, terrain, 600, start_latitude=start, altimetry=False, plane=plane, seed=3, line_step=3)
    points = with_lateral_noise(scene.control, scene.sensor.body_radius_m, 50.0, 1)
    write_gcps(tmp_path / "gcps.csv", points, scene.sensor)
    assert read_gcps(tmp_path / "gcps.csv", scene.sensor).warnings == ()


@pytest.mark.parametrize("ending", [".csv", ".gpkg"])
def test_eops_come_back(scene, tmp_path, ending):
    rng = np.random.default_rng(0)
    root = rng.normal(size=(300, 6, 6)) * np.array([9.0, 9.0, 9.0, 1e-4, 1e-4, 1e-4])[:, None]
    flag = np.zeros(300, np.int64)
    flag[3], flag[4] = Flag.PRIOR | Flag.WEAK, Flag.FAILED
    truth = replace(scene.truth, covariance=root @ root.transpose(0, 2, 1), flag=flag, rms_px=rng.random(300))
    truth = Orientation(**{**truth.__dict__, "gcps": np.full(300, 6)})
    write_eops(tmp_path / f"eops{ending}", truth, scene.sensor.body_radius_m)
    found = read_eops(tmp_path / f"eops{ending}", scene.sensor)
    for name in ("line", "position", "angles", "time", "rms_px", "gcps", "flag"):
        np.testing.assert_array_equal(getattr(found, name), getattr(truth, name), err_msg=name)
    np.testing.assert_allclose(found.covariance, truth.covariance, rtol=1e-9)
    assert found.method == "simulation"


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda o: replace(o, angles=np.degrees(o.angles)), "are radians"),
        (lambda o: replace(o, position=o.position / 1000), "body-fixed metres"),
        (lambda o: replace(o, line=np.minimum(o.line, 298.0)), "line 298 twice"),
        (lambda o: replace(o, position=o.position * np.nan), "no line with all of"),
    ],
)
def test_wrong_eops_are_named(tmp_path, scene, change, message):
    write_eops(tmp_path / "eops.csv", change(scene.truth), scene.sensor.body_radius_m)
    with pytest.raises(InputError, match=message):
        read_eops(tmp_path / "eops.csv", scene.sensor)


def test_eop_rows_are_put_in_order(tmp_path, scene):
    write_eops(tmp_path / "eops.csv", scene.truth, scene.sensor.body_radius_m)
    header, *rows = (tmp_path / "eops.csv").read_text("utf-8").splitlines()
    (tmp_path / "eops.csv").write_text("\n".join([header, *reversed(rows)]) + "\n", "utf-8")
    np.testing.assert_array_equal(read_eops(tmp_path / "eops.csv", scene.sensor).position, scene.truth.position)
