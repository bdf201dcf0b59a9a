"""Point files: what is written comes back, in every format, in pieces."""

import importlib.util

import numpy as np
import pytest

from planetary_dtm.core.bodies import body_named
from planetary_dtm.core.errors import InputError, MissingPackageError
from planetary_dtm.core.terrain.points import Points, open_points, writing_points

MOON, MARS = body_named("Moon"), body_named("Mars")


def some_points(count=50, seed=0):
    rng = np.random.default_rng(seed)
    lon, lat = rng.uniform(-3.1, 3.1, count), rng.uniform(-1.5, 1.5, count)
    return Points(lon, lat, rng.uniform(-9000, 9000, count), rng.uniform(1, 9, count), rng.uniform(0, 5, count))


@pytest.mark.parametrize("ending", [".csv", ".las"])
@pytest.mark.parametrize("body", [MOON, MARS], ids=["Moon", "Mars"])
def test_points_come_back(tmp_path, ending, body):
    if ending == ".las":
        pytest.importorskip("laspy")
    path, first, second = tmp_path / f"points{ending}", some_points(seed=1), some_points(30, seed=2)
    with writing_points(path, body) as writer:
        writer.write(first)
        writer.write(second)
    found = open_points(path)
    assert found.body.name == body.name and found.body.radius_m == pytest.approx(body.radius_m, abs=0.01)
    back = list(found.pieces())
    for name, digits in {"lon": 1e-10, "lat": 1e-10, "altitude": 1e-3, "sigma": 1e-3, "ray_miss": 1e-3}.items():
        wanted = np.concatenate([getattr(first, name), getattr(second, name)])
        np.testing.assert_allclose(np.concatenate([getattr(p, name) for p in back]), wanted, atol=digits)


@pytest.mark.skipif(importlib.util.find_spec("lazrs") is not None, reason="lazrs is installed")
def test_laz_without_its_codec_says_which_package_is_missing(tmp_path):
    pytest.importorskip("laspy")
    with pytest.raises(MissingPackageError, match="lazrs"), writing_points(tmp_path / "points.laz", MOON) as writer:
        writer.write(some_points())
    assert not list(tmp_path.iterdir())


def test_a_plain_table_needs_a_body_and_an_altitude(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("lon,lat,altitude\n10,20,5\n", "utf-8")
    with pytest.raises(InputError, match="does not tell its body"):
        open_points(path)
    points = next(open_points(path, MOON).pieces())
    assert points.altitude[0] == 5.0 and np.isnan(points.sigma[0])
    path.write_text("lon,lat,level\n10,20,5\n", "utf-8")
    with pytest.raises(InputError, match="no column 'altitude'"):
        open_points(path, MOON)


def test_wrong_units_are_noticed(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("x,y,z,lon,lat,altitude\n1737400,0,0,0,0,5\n1700000,0,0,0,0,6\n", "utf-8")
    with pytest.raises(InputError, match="contradict"):
        open_points(path)
