"""What heights count from, through the public steps: named, converted, or refused with both names."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from planetary_dtm.core.bodies import body_of_crs, local_radius
from planetary_dtm.core.camera.sensor import load_sensor
from planetary_dtm.core.cli import main
from planetary_dtm.core.errors import InputError
from planetary_dtm.core.geotiff import Band, write_dtm, write_image
from planetary_dtm.core.rasters import Grid, Raster
from planetary_dtm.core.resection.tables import read_gcps
from planetary_dtm.core.steps import step
from planetary_dtm.core.steps.footprints import dem_height
from planetary_dtm.core.steps.inputs import reference_on
from planetary_dtm.core.steps.recovereop import _shots
from planetary_dtm.core.tables import read_table, write_table
from planetary_dtm.core.version import VERSION

MARS, OBLATE = "+proj=longlat +R=3396190 +no_defs", "+proj=longlat +a=3396190 +b=3376200 +no_defs"
MOON, LARGER = "+proj=longlat +R=1737400 +no_defs", "+proj=longlat +R=1738000 +no_defs"
SIDE = 48


def run(step_id, **values):
    chosen = step(step_id)
    return chosen.run(**chosen.checked({k: str(v) if isinstance(v, Path) else v for k, v in values.items()}))


def grid(crs, lat=60.0, size=0.01, side=SIDE):
    return Grid(side, side, (20.0, size, 0.0, lat, 0.0, -size), crs)


def hills(side=SIDE):
    row, column = np.mgrid[:side, :side] * (SIDE / side)
    return (300.0 * np.sin(row / 5.0) + 200.0 * np.cos(column / 7.0)).astype(np.float32)


def dem(path, crs, heights=None, **metadata):
    heights = hills() if heights is None else heights
    write_image(path, grid(crs, size=0.01 * SIDE / len(heights), side=len(heights)), heights.astype(np.float32),
                metadata)  # fmt: skip
    return path


def values(path):
    data, valid = Raster(path).read()
    return np.where(valid, data, np.nan)


def shots(path, altitude="altitude", **more):
    rng = np.random.default_rng(5)
    lon, lat = 20.0 + 0.48 * rng.random(400), 60.0 - 0.48 * rng.random(400)
    row, column = (60.0 - lat) / 0.01 - 0.5, (lon - 20.0) / 0.01 - 0.5
    height = 300.0 * np.sin(row / 5.0) + 200.0 * np.cos(column / 7.0)
    write_table(path, {"lon": lon, "lat": lat, altitude: height, **more})
    return path


def above_the_areoid(path):
    return shots(path, "topography", planet_rad=np.full(400, 3_390_000.0))


def test_one_surface_above_two_spheres_or_ellipsoids_is_the_same(tmp_path):
    a, b = dem(tmp_path / "a.tif", MOON), dem(tmp_path / "b.tif", LARGER, hills() - 600.0)
    assert run("comparedtm", INPUT=a, REFERENCE=b).outputs["BIAS"] == pytest.approx(0.0, abs=1e-3)
    flat = dem(tmp_path / "flat.tif", MARS)
    latitude = Raster(dem(tmp_path / "c.tif", OBLATE)).grid.lonlat_of(*np.meshgrid(np.arange(SIDE), np.arange(SIDE)))[1]
    there = bilinear_rows(values(flat), latitude)
    own = there + 3_396_190.0 - local_radius(body_of_crs(OBLATE), latitude)
    oblate = dem(tmp_path / "oblate.tif", OBLATE, own)
    for pair in ((flat, oblate), (oblate, flat)):
        made = run("comparedtm", INPUT=pair[0], REFERENCE=pair[1]).outputs
        assert abs(made["BIAS"]) < 1.0 and made["NMAD"] < 2.0  # the rim is held for half a pixel
    told = run("comparedtm", INPUT=flat, REFERENCE=dem(tmp_path / "d.tif", OBLATE, there)).outputs["BIAS"]
    assert told == pytest.approx((3_396_190.0 - local_radius(body_of_crs(OBLATE), latitude)).mean(), abs=60.0)


def bilinear_rows(heights, latitude):
    """Heights on rows of MARS's grid at planetocentric latitudes, column by column."""
    row = (60.0 - np.degrees(latitude)) / 0.01 - 0.5
    return np.stack([np.interp(row[:, i], np.arange(SIDE), heights[:, i]) for i in range(SIDE)], axis=1)


def test_datum_is_read_back_and_mixtures_are_refused(tmp_path):
    flat = dem(tmp_path / "flat.tif", MARS, DATUM="Mars sphere of radius 3396190 m")
    areoid = dem(tmp_path / "areoid.tif", MARS, DATUM="Mars areoid")
    for pair in ((flat, areoid), (areoid, flat)):
        with pytest.raises(InputError, match="Mars areoid") as caught:
            run("comparedtm", INPUT=pair[0], REFERENCE=pair[1])
        assert "Mars sphere of radius 3396190 m" in str(caught.value)
    unsaid = dem(tmp_path / "unsaid.tif", MARS)
    assert run("comparedtm", INPUT=unsaid, INPUT_DATUM="areoid", REFERENCE=areoid).outputs["RMSE"] < 1e-6
    assert run("comparedtm", INPUT=areoid, REFERENCE=areoid).outputs["RMSE"] < 1e-6
    lower = dem(tmp_path / "lower.tif", MARS, hills() + 190.0, DATUM="Mars sphere of radius 3396000 m")
    assert abs(run("comparedtm", INPUT=flat, REFERENCE=lower).outputs["BIAS"]) < 1e-3
    assert abs(run("comparedtm", INPUT=lower, REFERENCE=flat).outputs["BIAS"]) < 1e-3
    with pytest.raises(InputError, match="names no surface of Mars"):
        run("comparedtm", INPUT=flat, REFERENCE=dem(tmp_path / "odd.tif", MARS, DATUM="mean water"))


def test_a_dem_of_mars_that_says_nothing_is_told_and_can_be_told(tmp_path, capsys):
    coarse = dem(tmp_path / "coarse.tif", MARS, hills(12))
    relief = dem(tmp_path / "relief.tif", MARS, LEVELLED="NO")
    made = run("leveldtm", INPUT=relief, REFERENCE_DEM=coarse, OUTPUT=tmp_path / "out.tif")
    assert "set REFERENCE_DATUM to areoid" in made.warnings[0]
    assert Raster(tmp_path / "out.tif").metadata["DATUM"] == "Mars sphere of radius 3396190 m"
    arguments = ["leveldtm", "--input", str(relief), "--reference-dem", str(coarse), "--output"]
    assert main([*arguments, str(tmp_path / "told.tif"), "--reference-datum", "areoid"]) == 0
    said = capsys.readouterr()
    assert "does not say" not in said.err + said.out and "above the Mars areoid" in said.err + said.out
    assert Raster(tmp_path / "told.tif").metadata["DATUM"] == "Mars areoid"
    assert np.array_equal(values(tmp_path / "told.tif"), values(tmp_path / "out.tif"))
    run("leveldtm", INPUT=relief, REFERENCE_DEM=coarse, REFERENCE_DATUM="3396000", OUTPUT=tmp_path / "lower.tif")
    assert np.allclose(values(tmp_path / "lower.tif"), values(tmp_path / "out.tif") - 190.0, atol=0.01)
    with pytest.raises(InputError, match="REFERENCE_DATUM is 'sea'"):
        run("leveldtm", INPUT=relief, REFERENCE_DEM=coarse, REFERENCE_DATUM="sea", OUTPUT=tmp_path / "no.tif")


def test_moon_dems_need_no_datum(tmp_path):
    coarse, relief = dem(tmp_path / "coarse.tif", MOON, hills(12)), dem(tmp_path / "relief.tif", MOON, LEVELLED="NO")
    assert not run("leveldtm", INPUT=relief, REFERENCE_DEM=coarse, OUTPUT=tmp_path / "out.tif").warnings


@pytest.mark.parametrize("step_id", ["leveldtm", "dtmfromextent", "mosaic"])
def test_terrain_levelled_to_areoid_altitudes_says_so(tmp_path, step_id):
    relief = dem(tmp_path / "relief.tif", MARS, 128.0 + hills() / 10.0, LEVELLED="NO")
    given = {"INPUT": relief, "ALTIMETRY": above_the_areoid(tmp_path / "mola.csv"), "ALTITUDE_FIELD": "TOPOGRAPHY"}
    given |= {} if step_id == "leveldtm" else {"SUN_AZIMUTH": 270.0, "ENGINE": "numpy"}
    given |= {"WORKERS": 1} if step_id == "mosaic" else {}
    run(step_id, **given, OUTPUT=tmp_path / "out.tif")
    assert Raster(tmp_path / "out.tif").metadata["DATUM"] == "Mars areoid"
    assert abs(np.nanmean(values(tmp_path / "out.tif")) - hills().mean()) < 100.0


def test_filtered_altimetry_keeps_its_datum(tmp_path):
    run("filteraltimetry", INPUT=above_the_areoid(tmp_path / "mola.csv"), ALTITUDE_FIELD="TOPOGRAPHY",
        OUTPUT=tmp_path / "kept.csv")  # fmt: skip
    assert set(read_table(tmp_path / "kept.csv").columns["datum"]) == {"Mars areoid"}
    relief = dem(tmp_path / "relief.tif", MARS, LEVELLED="NO")
    run("leveldtm", INPUT=relief, ALTIMETRY=tmp_path / "kept.csv", OUTPUT=tmp_path / "out.tif")
    assert Raster(tmp_path / "out.tif").metadata["DATUM"] == "Mars areoid"
    run("filteraltimetry", INPUT=shots(tmp_path / "own.csv"), BODY="Mars", OUTPUT=tmp_path / "sphere.csv")
    oblate = dem(tmp_path / "oblate.tif", OBLATE, LEVELLED="NO")
    run("leveldtm", INPUT=oblate, ALTIMETRY=tmp_path / "sphere.csv", OUTPUT=tmp_path / "above.tif")
    assert np.nanmean(values(tmp_path / "above.tif")) > 10_000.0  # the ellipsoid lies so far below the sphere there


def test_measured_terrain_moved_onto_the_areoid_is_told(tmp_path):
    measured = dem(tmp_path / "measured.tif", MARS, DATUM="Mars sphere of radius 3396190 m", LEVELLED="YES")
    given = {"INPUT": measured, "ALTIMETRY": above_the_areoid(tmp_path / "mola.csv"), "MODE": "rigid"}
    made = run("leveldtm", **given, ALTITUDE_FIELD="TOPOGRAPHY", OUTPUT=tmp_path / "out.tif")
    assert "taken as a shift and a tilt" in made.warnings[0] and "Mars areoid" in made.warnings[0]
    assert Raster(tmp_path / "out.tif").metadata["DATUM"] == "Mars areoid"


@pytest.mark.parametrize("kind", ["counts", "radii"])
def test_a_dem_of_radii_gives_heights(tmp_path, kind):
    path, relief = tmp_path / "ldem.tif", dem(tmp_path / "relief.tif", MOON, LEVELLED="NO")
    heights = np.rint(hills() * 2.0) / 2.0
    if kind == "counts":
        counts = np.rint(heights * 2.0).astype(np.int16)
        write_image(path, grid(MOON), counts, {})
        rescaled(path, 0.5, 1_737_400.0)
    else:
        dem(path, MOON, heights + 1_737_400.0)
    found = reference_on(Raster(relief).grid, str(path))
    assert found.height == pytest.approx(heights, abs=1e-6 if kind == "counts" else 0.07)
    assert run("comparedtm", INPUT=path, REFERENCE=dem(tmp_path / "h.tif", MOON, heights)).outputs["RMSE"] < 0.07
    with pytest.raises(InputError, match="neither heights nor radii of Moon"):
        run("leveldtm", INPUT=relief, REFERENCE_DEM=dem(tmp_path / "cm.tif", MOON, heights + 9e7),
            OUTPUT=tmp_path / "no.tif")  # fmt: skip


def rescaled(path, scale, offset):
    from osgeo import gdal

    dataset = gdal.Open(str(path), gdal.GA_Update)
    dataset.GetRasterBand(1).SetScale(scale)
    dataset.GetRasterBand(1).SetOffset(offset)


def test_how_a_dtm_was_made_is_told(tmp_path):
    relief, coarse = dem(tmp_path / "relief.tif", MOON, LEVELLED="NO", METHOD="mosaic"), dem(tmp_path / "c.tif", MOON)
    run("leveldtm", INPUT=relief, REFERENCE_DEM=coarse, OUTPUT=tmp_path / "a.tif")
    run("leveldtm", INPUT=relief, REFERENCE_DEM=coarse, OUTPUT=tmp_path / "b.tif")
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()
    told = Raster(tmp_path / "a.tif").metadata
    assert (told["METHOD"], told["INPUT_METHOD"], told["VERSION"]) == ("leveldtm", "mosaic", VERSION)
    assert json.loads(told["INPUTS"]) == {"INPUT": "relief.tif", "REFERENCE_DEM": "c.tif"}
    assert json.loads(told["PARAMETERS"]) == {"MODE": "relative"}
    assert str(tmp_path) not in str(told)


def test_a_relative_dtm_is_nothing_to_level_to(tmp_path):
    relief = dem(tmp_path / "relief.tif", MOON, LEVELLED="NO")
    with pytest.raises(InputError, match="REFERENCE_DEM 'other.tif' holds relative heights"):
        run("leveldtm", INPUT=relief, REFERENCE_DEM=dem(tmp_path / "other.tif", MOON, LEVELLED="NO"),
            OUTPUT=tmp_path / "no.tif")  # fmt: skip


def test_cells_of_a_global_dem_are_measured_where_the_grid_lies(tmp_path):
    whole = Grid(144, 72, (-180.0, 2.5, 0.0, 90.0, 0.0, -2.5), MOON)
    write_dtm(tmp_path / "whole.tif", whole, [np.zeros((72, 144))], [Band("height")], {})
    cells = {}
    for lat in (0.0, 60.0, 85.0):
        plane = f"+proj=stere +lat_0={lat} +lon_0=30 +R=1737400 +no_defs"
        under = Grid(100, 100, (-2e4, 400.0, 0.0, 2e4, 0.0, -400.0), plane)
        cells[lat] = reference_on(under, str(tmp_path / "whole.tif")).cell
    assert cells[0.0] == pytest.approx(np.radians(2.5) * 1_737_400 / 400.0, rel=0.01)
    for lat in (60.0, 85.0):
        assert cells[lat] == pytest.approx(cells[0.0] * np.sqrt(np.cos(np.radians(lat))), rel=0.02)


def test_points_are_gridded_above_the_surface_of_the_crs(tmp_path):
    rng = np.random.default_rng(1)
    lon, lat = 20.0 + 0.2 * rng.random(3000), 60.0 + 0.2 * rng.random(3000)
    body = body_of_crs(OBLATE)
    place = np.array([np.cos(np.radians(lat)) * np.cos(np.radians(lon)),
                      np.cos(np.radians(lat)) * np.sin(np.radians(lon)), np.sin(np.radians(lat))])  # fmt: skip
    places = (3_396_190.0 + 70.0) * place
    write_table(
        tmp_path / "p.csv", {**dict(zip("xyz", places)), "lon": lon, "lat": lat, "altitude": np.full(3000, 70.0)}
    )
    given = {"INPUT": tmp_path / "p.csv", "PIXEL_SIZE": 1000.0}
    run("pointstodtm", **given, CRS=OBLATE, OUTPUT=tmp_path / "oblate.tif")
    made = Raster(tmp_path / "oblate.tif")
    assert made.metadata["DATUM"] == "Mars ellipsoid 3396190 x 3376200 m" == made.grid.body.datum
    expected = 70.0 + 3_396_190.0 - local_radius(body, np.radians(60.1))
    assert np.nanmean(values(tmp_path / "oblate.tif")) == pytest.approx(expected, abs=30.0)
    run("pointstodtm", **given, CRS=MARS, OUTPUT=tmp_path / "sphere.tif")
    assert (
        abs(run("comparedtm", INPUT=tmp_path / "oblate.tif", REFERENCE=tmp_path / "sphere.tif").outputs["BIAS"]) < 3.0
    )


def test_where_rays_meet_the_ground_areoid_heights_are_refused(tmp_path):
    mola, body = above_the_areoid(tmp_path / "mola.csv"), body_of_crs(MARS)
    sensor = replace(load_sensor("ce1"), body_radius_m=body.radius_m)
    with pytest.raises(InputError, match=r"Mars areoid.*Mars sphere of radius 3396190 m.*PLANET_RAD"):
        _shots(str(mola), sensor, "TOPOGRAPHY")
    assert _shots(str(mola), sensor, None).datum == body.datum
    areoid = dem(tmp_path / "areoid.tif", MARS, DATUM="Mars areoid")
    with pytest.raises(InputError, match=r"DEM 'areoid.tif' are above the Mars areoid.*Mars sphere"):
        dem_height(str(areoid), body)
    assert "give heights above the Mars sphere" in dem_height(str(dem(tmp_path / "unsaid.tif", MARS)), body)[1][0]
    lower = dem(tmp_path / "lower.tif", MARS, np.full((SIDE, SIDE), 190.0), DATUM="Mars sphere of radius 3396000 m")
    height, warnings = dem_height(str(lower), body)
    assert height(np.radians([20.2]), np.radians([59.8])) == pytest.approx([0.0], abs=1e-6) and not warnings


def test_altitudes_of_a_layer_of_gcps_count_from_the_surface_of_its_crs(tmp_path):
    columns = {"line": [0.0, 0.0], "sample": [0.0, 511.0], "altitude": [100.0, 200.0]}
    columns["view"] = np.array(["nadir", "nadir"], dtype=object)
    write_table(tmp_path / "gcps.gpkg", columns, ([20.0, 20.6], [5.0, 5.0]), body_of_crs(LARGER))
    found = read_gcps(tmp_path / "gcps.gpkg", load_sensor("ce1")).points
    assert found.altitude == pytest.approx([700.0, 800.0], abs=1e-6)


def test_greys_taken_for_heights_are_told(tmp_path):
    rng = np.random.default_rng(2)
    write_image(tmp_path / "grey.tif", grid(MOON), rng.integers(1, 255, (SIDE, SIDE), dtype=np.uint8), {})
    dem(tmp_path / "dem.tif", MOON)
    told = run("comparedtm", INPUT=tmp_path / "grey.tif", REFERENCE=tmp_path / "dem.tif", OUTPUT=tmp_path / "o.tif")
    assert any("DTM 'grey.tif' holds whole numbers of 0 to 255" in said for said in told.warnings)
    told = run("comparedtm", INPUT=tmp_path / "dem.tif", REFERENCE=tmp_path / "dem.tif", OUTPUT=tmp_path / "o.tif")
    assert told.warnings == ()


def test_exchanged_longitude_and_latitude_are_named(tmp_path):
    dem(tmp_path / "dem.tif", MOON)
    table = read_table(shots(tmp_path / "a.csv"))
    columns = {"lon": table.numbers("lat"), "lat": table.numbers("lon"), "altitude": table.numbers("altitude")}
    write_table(tmp_path / "b.csv", columns)
    with pytest.raises(InputError, match="longitude and latitude seem to be exchanged"):
        run("comparedtm", INPUT=tmp_path / "dem.tif", REFERENCE=tmp_path / "b.csv", OUTPUT=tmp_path / "o.tif")
    write_table(tmp_path / "b.csv", {**columns, "lon": columns["lon"] + 60.0})
    with pytest.raises(InputError, match=r"lies inside the extent\.$"):
        run("comparedtm", INPUT=tmp_path / "dem.tif", REFERENCE=tmp_path / "b.csv", OUTPUT=tmp_path / "o.tif")
