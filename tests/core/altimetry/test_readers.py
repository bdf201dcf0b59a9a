"""Altimetry is read with its datum named, whatever product it is, and refused in one sentence where that fails."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from planetary_dtm.core.altimetry.readers import AREOID, read_shots, require_body_datum, surface_radius
from planetary_dtm.core.bodies import Body, body_named
from planetary_dtm.core.errors import InputError
from planetary_dtm.core.tables import write_table

MOON, MARS = body_named("Moon"), body_named("Mars")
PEDR = (
    "long_East lat_North topography MOLArange  planet_rad c A  offndr  EphemerisTime  areod_lat areoid_rad\n"
    "---.-----  --.-----  ------.-- ------.-- --------.-- - -  ---.--- ---------------  --.-----  ------.--\n"
    "137.13264  -4.91750   -4499.73  388000.0  3391690.27 1 0   0.100 -10519065.25101  -4.97513  3396190.00\n"
    "137.13197  -4.91240   -4505.07  388000.0  3391684.93 1 0   0.100 -10519065.15101  -4.96997  3396190.00\n"
)


def write(path, text):
    path.write_text(text, "utf-8")
    return path


def test_own_table_needs_a_body_and_counts_from_its_sphere(tmp_path):
    path = write(tmp_path / "a.csv", "lon,lat,altitude,sigma\n190,-10,100,5\n-170,20,-50,6\n0,0,,5\n")
    with pytest.raises(InputError, match="body"):
        read_shots(path)
    shots = read_shots(path, MOON)
    assert np.allclose(np.degrees(shots.lon), [190, -170])
    assert shots.altitude.tolist() == [100, -50]  # the shot without altitude is left out
    assert shots.row.tolist() == [0, 1]
    assert shots.sigma.tolist() == [5, 6]
    assert shots.datum == MOON.datum
    require_body_datum(shots)


def test_own_table_packed(tmp_path):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"lon,lat,height\n1,2,3\n"))
    assert read_shots(path, MOON).altitude.tolist() == [3]


def test_lola_gives_radius_minus_datum_and_tracks_by_time(tmp_path):
    path = write(
        tmp_path / "lola.csv",
        "Coordinated_Universal_Time,Pt_Longitude, Pt_Latitude,   Pt_Radius\n"
        "2009-09-06T07:59:59.773358290, 2.63, 25.7, 1735.473796\n"
        "2009-09-06T08:00:01.987644490, 2.64, 25.8, 1737.456511\n"
        "2009-10-03T18:00:00.000000000, 2.65, 25.9, 1737.400000\n",
    )
    shots = read_shots(path)
    assert shots.body == MOON
    assert np.allclose(shots.altitude, [-1926.204, 56.511, 0.0], atol=1e-6)
    assert shots.track.tolist() == [0, 0, 1]  # a pass goes on over the full hour
    other = Body("Moon", 1_738_000.0, 1_738_000.0)
    assert np.allclose(read_shots(path, other).altitude, shots.altitude - 600)


def test_mola_is_read_from_its_radius_and_areoid_heights_only_by_name(tmp_path):
    path = write(tmp_path / "pedr.tab", PEDR)
    shots = read_shots(path)
    assert shots.body == MARS
    assert np.allclose(shots.altitude, np.array([3391690.27, 3391684.93]) - MARS.radius_m)
    assert np.allclose(np.degrees(shots.lat), [-4.91750, -4.91240])  # planetocentric, not areodetic
    above_areoid = read_shots(path, altitude_field="topography")
    assert above_areoid.datum == AREOID
    with pytest.raises(InputError, match=f"{AREOID}.*sphere of radius 3396190"):
        require_body_datum(above_areoid)


def test_mola_topography_alone_is_refused_naming_both_datums(tmp_path):
    text = "LONG_EAST,LAT_NORTH,TOPOGRAPHY\n137.1,-4.9,-4499.7\n"
    with pytest.raises(InputError, match=f"{AREOID}.*sphere of radius 3396190"):
        read_shots(write(tmp_path / "a.csv", text), MARS)
    assert read_shots(tmp_path / "a.csv", MARS, altitude_field="TOPOGRAPHY").datum == AREOID


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson"])
def test_layer_counts_by_its_geometry_and_body(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    lon, lat = np.array([10.0, 20.0]), np.array([-5.0, 60.0])
    write_table(path, {"altitude": np.array([1.0, 2.0]), "lon": lon * 0, "lat": lat * 0}, (lon, lat), MOON)
    shots = read_shots(path)
    assert np.allclose(np.degrees([shots.lon, shots.lat]), [lon, lat])
    assert shots.body.radius_m == MOON.radius_m
    with pytest.raises(InputError, match="Moon.*Mars"):
        read_shots(path, MARS)


def test_altitudes_go_from_one_sphere_or_ellipsoid_to_another(tmp_path):
    path = tmp_path / "a.gpkg"
    lon, lat = np.array([10.0, 20.0]), np.array([0.0, 90.0])
    write_table(path, {"altitude": np.array([0.0, 0.0])}, (lon, lat), MARS)
    ellipsoid = Body("Mars", 3_396_190.0, 3_376_200.0)
    assert np.allclose(read_shots(path, ellipsoid).altitude, [0, 19_990], atol=1e-6)
    assert np.allclose(surface_radius(ellipsoid, np.radians([0.0, 90.0])), [3_396_190, 3_376_200])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("lon,lat,alti\n1,2,3\n", "altitude"),
        ("lon,lat,altitude\n1,95,3\n", "swapped"),
        ("lon,lat,altitude\n1,2,1737400\n", "unit"),
        ("lon,lat,altitude,sigma\n1,2,3,0\n", "sigma"),
        ("lon,lat,altitude\n1,2,\n", "no shot"),
        ("lon,lat,altitude\n1,2,high\n", "text"),
    ],
)
def test_unusable_tables_are_named_in_a_sentence(tmp_path, text, says):
    with pytest.raises(InputError, match=says) as error:
        read_shots(write(tmp_path / "a.csv", text), MOON)
    assert "a.csv" in str(error.value)


def test_real_hadley_shots(real_data):
    shots = read_shots(real_data / "moon" / "hadley" / "RDR_hadley_LOLA.csv.gz")
    assert len(shots) == 52_363
    assert shots.track.max() + 1 == 45
    assert -3000 < shots.altitude.min() < shots.altitude.max() < 700


def test_z_beside_x_and_y_is_a_coordinate_and_no_altitude(tmp_path):
    lon, lat, altitude = np.radians([10.0, 11.0, 12.0]), np.radians([1.0, 0.5, -0.4]), np.array([100.0, -50.0, 30.0])
    x, y, z = (MOON.radius_m + altitude) * np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    columns = {"lon": np.degrees(lon), "lat": np.degrees(lat), "x": x, "y": y, "z": z}
    write_table(tmp_path / "xyz.csv", columns)
    with pytest.raises(InputError, match="'xyz.csv' has no column 'altitude' .*name the altitude field"):
        read_shots(tmp_path / "xyz.csv", MOON)
    write_table(tmp_path / "z.csv", {"lon": columns["lon"], "lat": columns["lat"], "z": altitude})
    assert read_shots(tmp_path / "z.csv", MOON).altitude.tolist() == altitude.tolist()


def test_areodetic_latitudes_are_not_taken_for_planetocentric_ones(tmp_path):
    path = write(tmp_path / "a.csv", "lon,areod_lat,altitude\n10,45,100\n11,45,120\n")
    with pytest.raises(InputError, match="'a.csv' has areodetic latitudes .* add a column lat"):
        read_shots(path, MARS)
