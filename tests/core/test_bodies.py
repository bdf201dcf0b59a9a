"""Bodies are read from a CRS, and two bodies are never mixed."""

from __future__ import annotations

import numpy as np
import pytest

from planetary_dtm.core.bodies import (
    LonLat,
    body_named,
    body_of_crs,
    body_of_radius,
    require_same_body,
    same_body,
    spatial_reference,
)
from planetary_dtm.core.errors import InputError


@pytest.mark.parametrize(
    ("crs", "name", "radius"),
    [
        ("IAU_2015:30100", "Moon", 1_737_400.0),
        ("IAU_2015:30135", "Moon", 1_737_400.0),
        ("IAU_2015:49900", "Mars", 3_396_190.0),
        ("IAU_2015:49910", "Mars", 3_396_190.0),
        ("IAU_2015:19900", "Mercury", 2_440_530.0),
        ("EPSG:4326", "Earth", 6_378_137.0),
        ("EPSG:32633", "Earth", 6_378_137.0),
        ("+proj=longlat +R=1737400 +no_defs", "Moon", 1_737_400.0),
        ("+proj=sinu +R=3396190 +no_defs", "Mars", 3_396_190.0),
    ],
)
def test_body_comes_from_the_ellipsoid(crs, name, radius):
    body = body_of_crs(crs)
    assert (body.name, body.semi_major_m) == (name, radius)


def test_unknown_bodies_are_told_apart_by_size():
    odd = body_of_radius(33_000.0)
    assert "33.0 km" in odd.name
    assert same_body(odd, body_of_radius(33_050.0))
    assert not same_body(odd, body_named("Moon"))


def test_mixed_bodies_are_refused_with_both_names():
    with pytest.raises(InputError, match=r"image is on Moon but altimetry is on Mars"):
        require_same_body(body_named("Moon"), "The image", body_named("Mars"), "altimetry")
    assert not same_body(body_of_crs("EPSG:4326"), body_named("Venus"))


def test_unreadable_crs_is_one_sentence():
    with pytest.raises(InputError, match="not understood"):
        body_of_crs("IAU_2015:nonsense")


@pytest.mark.parametrize(
    "crs", ["IAU_2015:30100", "IAU_2015:30110", "IAU_2015:30130", "IAU_2015:49901", "+proj=sinu +R=3396190"]
)
def test_lonlat_there_and_back(crs):
    frame = LonLat(crs)
    lon, lat = np.radians([-170.0, -20.0, 0.0, 45.0, 179.0]), np.radians([30.0, 45.0, 60.0, 72.0, 80.0])
    back = frame.from_xy(*frame.to_xy(lon, lat))
    assert np.allclose(back[0], lon, atol=1e-9)
    assert np.allclose(back[1], lat, atol=1e-9)


def test_planetographic_latitude_becomes_planetocentric():
    frame = LonLat("+proj=longlat +a=3396190 +b=3376200 +no_defs")
    _, lat = frame.from_xy(0.0, 45.0)
    assert np.degrees(lat) == pytest.approx(np.degrees(np.arctan((3376200 / 3396190) ** 2)), abs=1e-12)
    assert frame.to_xy(0.0, lat)[1] == pytest.approx(45.0, abs=1e-12)


@pytest.mark.parametrize(
    ("code", "lon", "lat"), [(49900, 30.0, 45.0), (49901, -30.0, 44.66176805), (49902, 30.0, 45.0)]
)
def test_every_kind_of_longitude_and_latitude_comes_in_as_planetocentric_and_east(code, lon, lat):
    frame = LonLat(f"IAU_2015:{code}")
    found = frame.from_xy(30.0, 45.0)
    assert np.degrees(found) == pytest.approx([lon, lat], abs=1e-8)
    assert np.array(frame.to_xy(*found, near_x=330.0)) == pytest.approx([390.0, 45.0], abs=1e-9)


KINDS = [100 * body + kind for body in (199, 301, 499) for kind in (0, 10, 30, 35, 45, 60)]
KINDS += [100 * body + kind for body in (199, 499) for kind in (1, 2, 11, 12, 16, 17, 31, 32, 36, 37, 46, 47, 61, 62)]
KINDS += [29900, 29910, 50200, 50210, 60600, 60630, 99900]


@pytest.mark.parametrize("code", KINDS)
def test_places_are_those_of_the_body_fixed_frame(code):
    """PROJ carries x, y of the CRS to body-fixed X, Y, Z: axes, sense and kind of latitude are its own business."""
    from osgeo import osr

    reference = spatial_reference(f"IAU_2015:{code}")
    frame = LonLat(reference)
    lon, lat = np.radians([3.0, 20.0, -35.0, 61.0]), np.radians([4.0, 52.0, 70.0, 11.0])
    if frame.to_xy(lon, lat)[1][0] < frame.to_xy(lon, -lat)[1][0]:
        lat = -lat
    x, y = frame.to_xy(lon, lat)
    fixed = osr.SpatialReference()
    fixed.ImportFromProj4(f"+proj=geocent +a={frame.body.semi_major_m!r} +b={frame.body.semi_minor_m!r} +units=m")
    there = osr.CoordinateTransformation(reference, fixed)
    place = np.array(there.TransformPoints(np.column_stack([x, y, 0 * x]).tolist()))
    direction = [np.arctan2(place[:, 1], place[:, 0]), np.arctan2(place[:, 2], np.hypot(place[:, 0], place[:, 1]))]
    assert np.allclose(direction, [lon, lat], atol=1e-9)
    assert np.allclose(frame.from_xy(x, y), [lon, lat], atol=1e-9)


def test_a_crs_of_no_body_is_refused():
    with pytest.raises(InputError, match="of no body"):
        body_of_crs('LOCAL_CS["site",UNIT["metre",1],AXIS["Easting",EAST],AXIS["Northing",NORTH]]')


def test_longitudes_stay_near_the_grid():
    frame = LonLat("IAU_2015:30100")
    assert frame.to_xy(np.radians(-175.0), 0.0, near_x=184.0)[0] == pytest.approx(185.0)


@pytest.mark.parametrize("crs", ["IAU_2015:30110", "IAU_2015:49930", "EPSG:32633"])
def test_transformation_by_the_definition_is_that_by_the_code(crs):
    from osgeo import gdal, osr

    gdal.SetThreadLocalConfigOption("OGR_CT_PREFER_OFFICIAL_SRS_DEF", "YES")
    try:
        frame = LonLat(crs)
        assert gdal.GetThreadLocalConfigOption("OGR_CT_PREFER_OFFICIAL_SRS_DEF") == "YES"  # left as it was
    finally:
        gdal.SetThreadLocalConfigOption("OGR_CT_PREFER_OFFICIAL_SRS_DEF", None)
    projected, geographic = spatial_reference(crs), spatial_reference(spatial_reference(crs).CloneGeogCS())
    lon, lat = (axis.ravel() for axis in np.meshgrid([11.0, 15.0, 18.0], [5.0, 40.0, 60.0]))
    x, y = frame.to_xy(*frame.from_xy(lon * 3e4, lat * 3e4))
    assert np.allclose([x, y], [lon * 3e4, lat * 3e4], atol=1e-6)
    official = osr.CoordinateTransformation(geographic, projected)
    there = np.array(official.TransformPoints(np.column_stack([lon, lat]).tolist()))[:, :2]
    planetocentric = np.arctan(np.tan(np.radians(lat)) * (frame.body.semi_minor_m / frame.body.semi_major_m) ** 2)
    assert np.allclose(np.transpose(frame.to_xy(np.radians(lon), planetocentric)), there, atol=1e-6)
