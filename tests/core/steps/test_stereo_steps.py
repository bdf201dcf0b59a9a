"""The steps of the stereo half on one small scene, files in and files out."""

import json

import numpy as np
import pytest

from planetary_dtm.core.camera.csm_export import write_csm_states
from planetary_dtm.core.camera.linescan import LineScan
from planetary_dtm.core.camera.sensor import load_sensor
from planetary_dtm.core.errors import InputError
from planetary_dtm.core.frames import unit_vectors
from planetary_dtm.core.geotiff import write_image
from planetary_dtm.core.matching.match_file import MatchFile, write_matches
from planetary_dtm.core.outputs import MARK
from planetary_dtm.core.rasters import Grid, Raster
from planetary_dtm.core.resection.tables import read_eops, read_gcps, write_eops
from planetary_dtm.core.simulation.scene import simulate
from planetary_dtm.core.simulation.terrain import PaperTerrain, SphereTerrain
from planetary_dtm.core.steps import step
from planetary_dtm.core.tables import read_table
from planetary_dtm.core.terrain.points import open_points

LINES, MATCHED = 1300, slice(600, 640)


def do(step_id, **values):
    chosen = step(step_id)
    return chosen.run(**chosen.checked(values))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A scene over the paper's terrain, with matches of 40 nadir lines in the other two views."""
    folder = tmp_path_factory.mktemp("scene")
    do("simulatescene", OUTPUT_FOLDER=str(folder / "a"), TERRAIN="paper", LINES=LINES, IMAGES=False, SEED=1)
    sensor = load_sensor("ce1")
    truth = read_eops(folder / "a" / "truth_eop.csv", sensor)
    line, sample = np.mgrid[MATCHED, 0:512].astype(float)
    nadir = LineScan(sensor, 1, truth)
    scene = simulate("ce1", PaperTerrain(), LINES, seed=1, start_latitude=np.radians(20.0), altimetry=False)
    ground = scene.ground(line, 1, sample)
    rng = np.random.default_rng(0)
    for view in (0, 2):
        shifts = np.full((4, LINES, 512), np.nan)
        camera = LineScan(sensor, view, truth)
        seen_line, seen_sample = camera.project(ground)
        noise = 0.1 * rng.normal(size=(2, *line.shape))
        shifts[:, MATCHED] = [
            seen_sample - sample + noise[0],
            seen_line - line + noise[1],
            0.97 + 0 * line,
            0.1 + 0 * line,
        ]
        about = {"IMAGE_A": "nadir.tif", "IMAGE_B": camera.name, "VIEW_A": nadir.name, "VIEW_B": camera.name}
        write_matches(folder / f"{camera.name}.tif", *shifts, about)
    return folder


def test_the_scene_holds_what_real_data_would(folder):
    made = folder / "a"
    names = {path.name for path in made.iterdir()}
    assert names == {MARK, "sensor.json", "gcps.csv", "altimetry.csv", "truth_eop.csv", "truth_dtm.tif"}
    sensor = load_sensor(made / "sensor.json")
    points = read_gcps(made / "gcps.csv", sensor).points
    assert len(points) == 6 * LINES and np.isnan(points.altitude).all()
    shots = read_table(made / "altimetry.csv")
    assert {"lon", "lat", "altitude"} <= set(shots.columns)
    truth = Raster(made / "truth_dtm.tif")
    assert truth.metadata["LEVELLED"] == "YES" and "Moon" in truth.metadata["DATUM"]
    column, _ = truth.grid.pixel_of(points.lon, points.lat)
    assert (column > -0.6).all() and (column < truth.grid.width - 0.4).all()
    height, valid = truth.read()
    at = PaperTerrain().height(*truth.grid.lonlat_of(100, 200))
    assert valid.all() and height[200, 100] == pytest.approx(float(at), abs=1e-3)


def test_a_dem_layer_stands_in_for_the_terrain(tmp_path):
    grid = Grid(40, 160, (-2.0, 0.1, 0.0, 8.0, 0.0, -0.1), "IAU_2015:30100")
    write_image(tmp_path / "dem.tif", grid, np.full((160, 40), 321.0, np.float32), {})
    done = do(
        "simulatescene",
        OUTPUT_FOLDER=str(tmp_path / "s"),
        TERRAIN_DEM=str(tmp_path / "dem.tif"),
        LINES=40,
        IMAGES=False,
    )
    assert done.outputs["OUTPUT_FOLDER"]
    height, valid = Raster(tmp_path / "s" / "truth_dtm.tif").read()
    np.testing.assert_allclose(height[valid], 321.0)
    assert Raster(tmp_path / "s" / "truth_dtm.tif").metadata["TERRAIN"] == "dem.tif"


def test_images_and_exact_points(tmp_path):
    done = do(
        "simulatescene",
        OUTPUT_FOLDER=str(tmp_path / "s"),
        TERRAIN="paper",
        LINES=40,
        TRUTH_POINTS=True,
        GCP_ALTITUDES=True,
    )
    assert any("at least 1200" in sentence for sentence in done.warnings)
    image, truth = Raster(tmp_path / "s" / "nadir.tif"), Raster(tmp_path / "s" / "nadir_points.tif")
    grey, _ = image.read()
    assert grey.shape == (40, 512) and 9000 < grey.mean() < 11000
    assert image.metadata["VIEW"] == "nadir"
    x, y, z = (truth.read(band=band)[0] for band in (1, 2, 3))
    gcps = read_gcps(tmp_path / "s" / "gcps.csv", load_sensor("ce1")).points
    chosen = gcps[(gcps.view == 1) & (gcps.line == 7) & (gcps.sample == 511)]
    np.testing.assert_allclose(
        (1_737_400.0 + chosen.altitude) * unit_vectors(chosen.lon, chosen.lat),
        [[x[7, 511], y[7, 511], z[7, 511]]],
        atol=0.01,
    )


def test_matches_become_points_and_points_a_dtm(folder, tmp_path):
    matches = [str(folder / f"{name}.tif") for name in ("backward", "forward")]
    done = do(
        "intersect",
        MATCHES=matches,
        SENSOR="ce1",
        EOPS=str(folder / "a" / "truth_eop.csv"),
        OUTPUT=str(tmp_path / "p.csv"),
    )
    assert done.outputs["COUNT"] == 40 * 512
    points = next(open_points(tmp_path / "p.csv").pieces())
    error = points.altitude - PaperTerrain().height(points.lon, points.lat)
    ratio = error / points.sigma
    assert np.sqrt(np.mean(ratio**2)) == pytest.approx(1.0, abs=0.05)
    assert abs(error.mean()) < 4 * error.std() / np.sqrt(len(error))
    do("pointstodtm", INPUT=str(tmp_path / "p.csv"), PIXEL_SIZE=240.0, OUTPUT=str(tmp_path / "d.tif"))
    made = Raster(tmp_path / "d.tif")
    height, valid = made.read()
    count, _ = made.read(band=3)
    sigma, _ = made.read(band=2)
    lon, lat = made.grid.lonlat_of(*np.meshgrid(np.arange(made.grid.width), np.arange(made.grid.height)))
    good = valid & (count >= 3)
    off = (height - PaperTerrain().height(lon, lat))[good]
    assert abs(off.mean()) < 3.0 and off.std() < error.std()
    assert np.sqrt(np.mean((off / sigma[good]) ** 2)) < 1.1
    assert made.band_name(1) == "height" and made.unit(1) == "m" and made.metadata["LEVELLED"] == "YES"
    assert (count[~valid] == 0).all()


def test_one_pair_alone_and_altitude_bounds(folder, tmp_path):
    eops = str(folder / "a" / "truth_eop.csv")
    match = [str(folder / "forward.tif")]
    done = do("intersect", MATCHES=match, SENSOR="ce1", EOPS=eops, OUTPUT=str(tmp_path / "p.las"), MIN_ALTITUDE=0.0)
    points = next(open_points(tmp_path / "p.las").pieces())
    assert len(points) == done.outputs["COUNT"] < 40 * 512 and (points.altitude >= 0).all()
    with pytest.raises(InputError, match="No match gives a ground point"):
        do("intersect", MATCHES=match, SENSOR="ce1", EOPS=eops, OUTPUT=str(tmp_path / "q.csv"), MIN_ALTITUDE=1e6)
    assert not (tmp_path / "q.csv").exists()


def test_eops_that_cover_part_of_the_lines_are_told(folder, tmp_path):
    match = MatchFile(folder / "forward.tif")
    text = (folder / "a" / "truth_eop.csv").read_text().splitlines()
    middle = np.nanmedian(match.read(MATCHED.start, 40).line)
    kept = [row for row in text[1:] if float(row.split(",")[0]) >= middle]
    (tmp_path / "short.csv").write_text("\n".join([text[0], *kept]) + "\n")
    given = {"MATCHES": [str(folder / "forward.tif")], "SENSOR": "ce1", "EOPS": str(tmp_path / "short.csv")}
    done = do("intersect", **given, OUTPUT=str(tmp_path / "p.csv"))
    assert 0.3 * 40 * 512 < done.outputs["COUNT"] < 0.7 * 40 * 512
    assert any("the orientation does not cover" in sentence for sentence in done.warnings)


def test_camera_models_serve_as_well_as_eops(folder, tmp_path):
    sensor = load_sensor("ce1")
    eops = str(folder / "a" / "truth_eop.csv")
    states, _ = write_csm_states(tmp_path / "csm", sensor, read_eops(eops, sensor))
    match = {"MATCHES": [str(folder / "forward.tif")]}
    do("intersect", **match, CAMERAS=[str(path) for path in states], OUTPUT=str(tmp_path / "c.csv"))
    do("intersect", **match, SENSOR="ce1", EOPS=eops, OUTPUT=str(tmp_path / "e.csv"))
    by_camera, by_eops = (next(open_points(tmp_path / name).pieces()) for name in ("c.csv", "e.csv"))
    np.testing.assert_allclose(by_camera.altitude, by_eops.altitude, atol=0.05)
    with pytest.raises(InputError, match="No camera is named 'nadir'"):
        do("intersect", **match, CAMERAS=[str(states[0]), str(states[2])], OUTPUT=str(tmp_path / "x.csv"))
    with pytest.raises(InputError, match="SENSOR and EOPS, or CAMERAS"):
        do("intersect", **match, OUTPUT=str(tmp_path / "x.csv"))
    with pytest.raises(InputError, match="EOPS is missing"):
        do("intersect", **match, SENSOR="ce1", OUTPUT=str(tmp_path / "x.csv"))


def test_wrong_matches_are_named(folder, tmp_path):
    eops = str(folder / "a" / "truth_eop.csv")
    ce2 = str(folder / "ce2.csv")
    write_eops(ce2, read_eops(eops, load_sensor("ce1")), 1_737_400.0)
    with pytest.raises(InputError, match="No camera is named 'nadir'|No camera is named 'forward'|samples"):
        do("intersect", MATCHES=[str(folder / "forward.tif")], SENSOR="ce2", EOPS=ce2, OUTPUT=str(tmp_path / "p.csv"))
    with pytest.raises(InputError, match="cannot be opened as a raster"):
        MatchFile(folder / "absent.tif")
    with pytest.raises(InputError, match="do not name their views|need sample shift"):
        MatchFile(folder / "a" / "truth_dtm.tif")


def test_importgcps_reads_a_table_a_view(folder, tmp_path):
    sensor = load_sensor("ce1")
    points = read_gcps(folder / "a" / "gcps.csv", sensor).points
    tables = []
    for view in range(3):
        own = points[points.view == view]
        first, last = own[own.sample == 0], own[own.sample == 511]
        path = tmp_path / f"{sensor.views[view].name}.txt"
        rows = np.column_stack([first.line + 1, *np.degrees([first.lon, first.lat, last.lon, last.lat])])
        rows[:, 1::2] %= 360.0
        rows[5, 3:] = -9999
        np.savetxt(path, rows, fmt="%.10f", header="no lon1 lat1 lon2 lat2", comments="")
        tables.append(str(path))
    names = {"LINE_FIELD": "no", "LON_FIRST": "lon1", "LAT_FIRST": "lat1", "LON_LAST": "lon2", "LAT_LAST": "lat2"}
    common = {"INPUT": tables, "SENSOR": "ce1", "LINE_OFFSET": -1.0, "MISSING_VALUE": -9999.0, **names}
    done = do("importgcps", **common, OUTPUT=str(tmp_path / "gcps.csv"))
    made = read_gcps(tmp_path / "gcps.csv", sensor).points
    assert len(made) == len(points) - 3 and "3 rows" in done.warnings[0]
    kept = points[~((points.line == 5) & (points.sample == 511))]
    np.testing.assert_allclose(made.bearings, kept.bearings, atol=1e-11)
    np.testing.assert_array_equal(made.view, kept.view)
    with pytest.raises(InputError, match="counted from the other side"):
        do("importgcps", **common, SAMPLE_FIRST=511.0, SAMPLE_LAST=0.0, OUTPUT=str(tmp_path / "x.csv"))
    with pytest.raises(InputError, match="VIEWS names 2 views for 3 tables"):
        do("importgcps", **common, VIEWS="nadir,forward", OUTPUT=str(tmp_path / "x.csv"))
    with pytest.raises(InputError, match=r"no column 'lon9' \(longitude\)"):
        do("importgcps", **{**common, "LON_FIRST": "lon9"}, OUTPUT=str(tmp_path / "x.csv"))
    with pytest.raises(InputError, match=r"-9999 for longitude or latitude in 1 rows: give MISSING_VALUE -9999"):
        do("importgcps", **{**common, "MISSING_VALUE": None}, OUTPUT=str(tmp_path / "x.csv"))


def test_footprints_hold_the_gcps(folder, tmp_path):
    from osgeo import ogr

    do(
        "footprints",
        EOPS=str(folder / "a" / "truth_eop.csv"),
        SENSOR=str(folder / "a" / "sensor.json"),
        DEM=str(folder / "a" / "truth_dtm.tif"),
        OUTPUT=str(tmp_path / "f.gpkg"),
    )
    layer = ogr.Open(str(tmp_path / "f.gpkg"))
    shapes = {feature["view"]: feature for feature in layer.GetLayer(0)}
    assert set(shapes) == {"backward", "nadir", "forward"}
    outline = shapes["nadir"].GetGeometryRef()
    sensor = load_sensor("ce1")
    points = read_gcps(folder / "a" / "gcps.csv", sensor).points
    own = points[(points.view == 1) & (points.line % 100 == 50)]
    for lon, lat in np.degrees([own.lon, own.lat]).T:
        point = ogr.CreateGeometryFromWkt(f"POINT ({lon} {lat})")
        assert outline.Distance(point) < 0.02
    assert shapes["nadir"]["area_km2"] == pytest.approx(LINES * 0.12 * 512 * 0.12, rel=0.2)
    assert shapes["nadir"]["pixel_across_m"] == pytest.approx(120.0, rel=0.15)


@pytest.mark.parametrize("start, longitude", [(np.radians(87.0), np.pi / 2), (0.2, np.pi)])
def test_footprints_over_a_pole_and_the_dateline(tmp_path, start, longitude):
    from osgeo import ogr

    from planetary_dtm.core.simulation.orbit import orbital_plane

    plane = orbital_plane(np.pi / 2, longitude)
    scene = simulate("ce1", SphereTerrain(), 1900, start_latitude=start, plane=plane, altimetry=False, seed=2)
    write_eops(tmp_path / "e.csv", scene.truth, 1_737_400.0)
    do("footprints", EOPS=str(tmp_path / "e.csv"), SENSOR="ce1", OUTPUT=str(tmp_path / "f.geojson"))
    content = json.loads((tmp_path / "f.geojson").read_text("utf-8"))
    for feature in content["features"]:
        shape = ogr.CreateGeometryFromJson(json.dumps(feature["geometry"]))
        west, east, _, north = shape.GetEnvelope()
        assert west >= -180.0001 and east <= 180.0001 and north <= 90.0001
        assert shape.IsValid()
        if longitude == np.pi:
            assert shape.GetGeometryCount() == 2 and shape.GetArea() < 60
        else:
            assert north > 89.99 and east - west > 359


@pytest.mark.parametrize("method", ["trajectory", "two_phase", "collinearity"])
def test_recovereop_finds_the_flight(folder, tmp_path, method):
    made = folder / "a"
    done = do(
        "recovereop",
        GCPS=str(made / "gcps.csv"),
        SENSOR=str(made / "sensor.json"),
        ALTIMETRY=str(made / "altimetry.csv"),
        METHOD=method,
        SIGMA_LATERAL=0.0 if method == "trajectory" else None,
        OUTPUT=str(tmp_path / "eops.csv"),
        OUTPUT_REPORT=str(tmp_path / "eops.html"),
        OUTPUT_CSM_FOLDER=str(tmp_path / "csm"),
    )
    sensor = load_sensor("ce1")
    found, truth = read_eops(tmp_path / "eops.csv", sensor), read_eops(made / "truth_eop.csv", sensor)
    assert len(found) == LINES and found.covariance is not None and found.method == method
    error = np.linalg.norm(found.position - truth.position, axis=1)
    assert np.nanmedian(error) < (150.0 if method == "trajectory" else 1500.0)
    assert {path.name for path in (tmp_path / "csm").iterdir()} == {MARK, *(f"{v.name}.json" for v in sensor.views)}
    page = (tmp_path / "eops.html").read_text("utf-8")
    assert page.count("data:image/png") == 3 and "Verdict" in page and "https://" not in page
    assert (tmp_path / "eops.covariance.npz").exists() == (method == "trajectory")
    assert any("GCPs take their altitude" in sentence for sentence in done.notes)


def test_recovereop_names_what_is_missing(folder, tmp_path):
    gcps, output = str(folder / "a" / "gcps.csv"), str(tmp_path / "e.csv")
    with pytest.raises(InputError, match="give ALTIMETRY"):
        do("recovereop", GCPS=gcps, SENSOR="ce1", OUTPUT=output)
    far = tmp_path / "far.csv"
    lon, lat = np.meshgrid(np.arange(-60, -58, 0.1), np.arange(-20, -18, 0.1))
    np.savetxt(
        far,
        np.column_stack([lon.ravel(), lat.ravel(), lat.ravel()]),
        delimiter=",",
        header="lon,lat,altitude",
        comments="",
    )
    with pytest.raises(InputError, match="does not reach the swath"):
        do("recovereop", GCPS=gcps, SENSOR="ce1", ALTIMETRY=str(far), OUTPUT=output)
    assert not (tmp_path / "e.csv").exists()
