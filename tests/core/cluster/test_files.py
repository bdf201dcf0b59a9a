"""What units read is named so that workers find it, and a replaced part of it makes another work."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal, ogr

from planetary_dtm.core.cluster.files import absolute, files_of
from planetary_dtm.core.cluster.manifest import fingerprint
from planetary_dtm.core.geotiff import write_image
from planetary_dtm.core.rasters import Grid

GRID = Grid(40, 40, (10.0, 0.1, 0.0, 5.0, 0.0, -0.1), "+proj=longlat +R=1737400 +no_defs")


@pytest.fixture
def mosaic(tmp_path):
    """A virtual raster of a virtual raster of a tile, and of one more."""
    for name in ("a", "b"):
        write_image(tmp_path / f"{name}.tif", GRID, np.ones((40, 40), np.uint8), {})
    gdal.BuildVRT(str(tmp_path / "inner.vrt"), [str(tmp_path / "a.tif")]).FlushCache()
    gdal.BuildVRT(str(tmp_path / "outer.vrt"), [str(tmp_path / f) for f in ("inner.vrt", "b.tif")]).FlushCache()
    return tmp_path / "outer.vrt"


def test_another_tile_behind_a_virtual_raster_makes_another_work(mosaic):
    assert [Path(name).name for name in files_of(str(mosaic))] == ["outer.vrt", "inner.vrt", "b.tif", "a.tif"]
    before = fingerprint({}, files_of(str(mosaic)))
    assert fingerprint({}, files_of(str(mosaic))) == before
    os.utime(mosaic.with_name("a.tif"), (1, 1))
    assert fingerprint({}, files_of(str(mosaic))) != before


def test_pixels_beside_a_label_and_the_parts_of_a_layer_belong_to_it(tmp_path):
    (tmp_path / "x.img").write_bytes(bytes(32))
    (tmp_path / "x.lbl").write_text(
        'PDS_VERSION_ID = PDS3\nRECORD_TYPE = FIXED_LENGTH\nRECORD_BYTES = 8\n^IMAGE = "x.img"\nOBJECT = IMAGE\n'
        "LINES = 4\nLINE_SAMPLES = 8\nSAMPLE_TYPE = UNSIGNED_INTEGER\nSAMPLE_BITS = 8\nBANDS = 1\nEND_OBJECT = IMAGE\n"
        "END\n"
    )
    assert sorted(Path(name).name for name in files_of(str(tmp_path / "x.lbl"))) == ["x.img", "x.lbl"]
    made = gdal.GetDriverByName("ESRI Shapefile").Create(str(tmp_path / "shots.shp"), 0, 0, 0)
    made.CreateLayer("shots").CreateField(ogr.FieldDefn("altitude", ogr.OFTReal))
    del made  # writes it
    found = files_of(f"{tmp_path}/shots.shp|layername=shots")
    assert found[0].endswith("shots.shp") and str(tmp_path / "shots.dbf") in found


LAYER = '<OGRVRTLayer name="{}"><SrcDataSource relativeToVRT="1">{}</SrcDataSource></OGRVRTLayer>'
UNION = '<OGRVRTUnionLayer name="both">{}</OGRVRTUnionLayer>'


def test_a_union_of_layers_of_which_one_is_gone_does_not_end_the_process(tmp_path):
    """GDAL 3.6.2 ends it where it is asked for the files of such a one."""
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text("line,lon\n1,10\n")
    (tmp_path / "secret").write_text("not to be opened: no driver reads it")
    lost = UNION.format("".join(LAYER.format(name, name) for name in ("a.csv", "lost.csv", "secret")))
    inline = LAYER.format("c", "<OGRVRTDataSource>" + LAYER.format("b", "b.csv") + "</OGRVRTDataSource>")
    path = tmp_path / "x.vrt"
    path.write_text("<OGRVRTDataSource>" + lost + LAYER.format("a", "a.csv") + "</OGRVRTDataSource>")
    assert [Path(name).name for name in files_of(str(path))] == ["x.vrt", "a.csv"]
    path.write_text(f"<OGRVRTDataSource>{LAYER.format('a', 'a.csv')}{escaped(inline)}</OGRVRTDataSource>")
    assert sorted(Path(name).name for name in files_of(str(path))) == ["a.csv", "b.csv", "x.vrt"]


def escaped(layer: str) -> str:
    """A layer whose source is itself a virtual layer's text."""
    start, end = layer.index("<OGRVRTData"), layer.rindex("</SrcDataSource>")
    inner = layer[start:end].replace("&", "&amp;").replace("<", "&lt;")
    return layer[:start] + inner + layer[end:]


def test_what_is_no_file_stays_as_it_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("dem.gpkg").touch()
    assert absolute("dem.gpkg|layername=x") == f"{tmp_path}/dem.gpkg|layername=x"
    assert absolute("NETCDF:dem.nc:height") == "NETCDF:dem.nc:height"
    assert absolute(None) is absolute("") is None and files_of(None) == []
    assert files_of("ce1") == ["ce1"] and files_of(str(tmp_path / "shots.csv")) == [str(tmp_path / "shots.csv")]
