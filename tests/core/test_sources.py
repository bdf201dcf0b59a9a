"""What a file names besides itself: nothing on the network, no other program, nothing outside its folder."""

from __future__ import annotations

import http.server
import os
import re
import threading
from pathlib import Path

import pytest
from osgeo import gdal

from planetary_dtm.core import rasters, sources, tables
from planetary_dtm.core.camera.open_camera import open_camera
from planetary_dtm.core.camera.sensor import load_sensor
from planetary_dtm.core.errors import InputError
from planetary_dtm.core.rasters import Raster, is_raster
from planetary_dtm.core.tables import read_table
from planetary_dtm.tests.fuzz.seeds import GRID, PDS3, write_image

gdal.UseExceptions()
TMS = (
    '<GDAL_WMS><Service name="TMS"><ServerUrl>{base}/${{z}}/${{x}}/${{y}}.png</ServerUrl></Service><DataWindow>'
    "<UpperLeftX>-180</UpperLeftX><UpperLeftY>90</UpperLeftY><LowerRightX>180</LowerRightX><LowerRightY>-90"
    "</LowerRightY><TileLevel>3</TileLevel><TileCountX>1</TileCountX><TileCountY>1</TileCountY></DataWindow>"
    "<BandsCount>1</BandsCount><DataType>Byte</DataType></GDAL_WMS>"
)
RAW = (
    '<VRTDataset rasterXSize="4" rasterYSize="4"><VRTRasterBand dataType="Byte" band="1" subClass="VRTRawRasterBand">'
    '<SourceFilename relativetoVRT="1">{name}</SourceFilename><ImageOffset>0</ImageOffset><PixelOffset>1</PixelOffset>'
    "<LineOffset>4</LineOffset></VRTRasterBand></VRTDataset>"
)
OGR = '<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>{name}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'


@pytest.fixture(scope="module")
def server():
    """A server of this machine, and the requests that reached it."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(404)
            self.end_headers()

        do_HEAD = do_GET

        def log_message(self, *_: object) -> None: ...

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}", asked
        running.shutdown()


@pytest.fixture
def folder(tmp_path):
    """A folder within another, with an image and a virtual raster of it."""
    inner = tmp_path / "data"
    inner.mkdir()
    grey = rasters.np.arange(GRID.width * GRID.height).reshape(GRID.height, GRID.width).astype("uint8")
    write_image(inner / "image.tif", GRID, grey, {"NOTE": "see http://pds.nasa.gov/"})
    gdal.Translate(str(inner / "image.vrt"), str(inner / "image.tif"), format="VRT").FlushCache()
    return inner


def virtual(folder: Path, name: str, source: str) -> Path:
    text = (folder / "image.vrt").read_text()
    made = re.sub(r"<SourceFilename[^>]*>[^<]*<", f'<SourceFilename relativeToVRT="0">{source}<', text)
    return written(folder / name, made)


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="latin-1")
    return path


def test_plain_virtual_rasters_are_read(folder, tmp_path):
    assert Raster(folder / "image.vrt").read()[0].max() > 0
    elsewhere = tmp_path / "elsewhere.vrt"
    gdal.Translate(str(elsewhere), str(folder / "image.tif"), format="VRT").FlushCache()
    assert Raster(elsewhere).read()[0].max() > 0  # QGIS makes such ones
    written(folder / "raw.vrt", RAW.format(name="image.tif"))
    assert Raster(folder / "raw.vrt").size == (4, 4)


@pytest.mark.parametrize("guarded", [True, False], ids=["looked at", "offline alone"])
@pytest.mark.parametrize(
    "source",
    [
        *("/vsicurl/{base}/a.tif", "/vsi&#99;url/{base}/a.tif", "<![CDATA[/vsicurl/{base}/a.tif]]>", "{base}/a.tif"),
        *("/vsicurl_streaming/{base}/a.tif", "/vsicurl?url={base}/a.tif", "{folder}/curl.vrt", "{folder}/tms.xml"),
        *("/vsis3/bucket/a.tif", "/vsizip//vsicurl/{base}/a.zip"),
    ],
)
def test_a_virtual_raster_never_reaches_the_network(folder, server, source, guarded, monkeypatch):
    base, asked = server
    virtual(folder, "curl.vrt", f"/vsicurl/{base}/a.tif")
    written(folder / "tms.xml", TMS.format(base=base))
    path = virtual(folder, "net.vrt", source.format(base=base, folder=folder))
    if not guarded:  # what the look at the text might miss still finds no network
        monkeypatch.setattr(rasters, "require_local", lambda *_: None)
        monkeypatch.setattr(sources, "local_drivers", lambda kind: [])
    with pytest.raises(InputError, match="network|on a server" if guarded else None):
        Raster(path).read()
    assert not asked


@pytest.mark.parametrize("guarded", [True, False], ids=["looked at", "offline alone"])
def test_descriptions_of_servers_are_not_asked(folder, server, guarded, monkeypatch):
    base, asked = server
    if not guarded:
        monkeypatch.setattr(rasters, "require_local", lambda *_: None)
        monkeypatch.setattr(tables, "require_local", lambda *_: None)
        monkeypatch.setattr(sources, "local_drivers", lambda kind: [])
    with pytest.raises(InputError):
        Raster(written(folder / "tms.xml", TMS.format(base=base))).read()
    for name, text in (
        ("wfs.xml", f"<OGRWFSDataSource><URL>{base}/wfs</URL></OGRWFSDataSource>"),
        ("curl.vrt", OGR.format(name=f"/vsicurl/{base}/x.geojson")),
        ("wfs.vrt", OGR.format(name=f"WFS:{base}/x")),
        ("pg.vrt", OGR.format(name="PG:host=127.0.0.1 port=9 dbname=x")),
    ):
        with pytest.raises(InputError):
            read_table(written(folder / name, text))
    gml = 'xmlns:gml="http://www.opengis.net/gml" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    schema = f'xsi:schemaLocation="x {base}/s.xsd"'
    body = "<gml:featureMember><a><b>1</b></a></gml:featureMember>"
    read_table(written(folder / "a.gml", f"<gml:FeatureCollection {gml} {schema}>{body}</gml:FeatureCollection>"))
    assert not asked


def test_what_the_user_asks_for_himself_may_come_from_the_network(server):
    base, asked = server
    assert not is_raster(f"/vsicurl/{base}/asked-for.tif")
    assert "/asked-for.tif" in asked
    assert gdal.GetThreadLocalConfigOption("GDAL_HTTP_PROXY") is None


def test_labels_lead_nowhere_else(folder):
    (folder.parent / "secret.bin").write_bytes(bytes(480))
    for name in ("../secret.bin", "/dev/zero", "/etc/passwd", "..\\\\secret.bin", "sub/../../secret.bin"):
        label = PDS3.replace("^IMAGE = 101", f'^IMAGE = ("{name}", 1)').ljust(2400)
        with pytest.raises(InputError, match="outside its folder"):
            Raster(written(folder / "detached.lbl", label))
    (folder / "pixels.img").write_bytes(bytes(range(240)) * 2)
    label = PDS3.replace("^IMAGE = 101", '^IMAGE = ("pixels.img", 1)').ljust(2400)
    assert Raster(written(folder / "detached.lbl", label)).read()[0].max() == 239
    source = gdal.Open(str(folder / "image.tif"))
    gdal.GetDriverByName("PDS4").CreateCopy(str(folder / "own.xml"), source)
    text = (folder / "own.xml").read_text()
    assert Raster(folder / "own.xml").bands == 1
    with pytest.raises(InputError, match="outside its folder"):
        Raster(written(folder / "other.xml", re.sub(r"<file_name>[^<]*<", "<file_name>../secret.bin<", text)))
    with pytest.raises(InputError, match="for raw pixels"):
        Raster(written(folder / "raw.vrt", RAW.format(name="../secret.bin")))


@pytest.mark.parametrize("reads", [Raster, read_table, open_camera, load_sensor])
def test_pipes_and_devices_are_not_opened(folder, reads):
    for name in ("pipe.tif", "pipe.csv", "pipe.json"):
        os.mkfifo(folder / name)
        with pytest.raises(InputError, match="file"):
            reads(folder / name)
    with pytest.raises(InputError):
        reads("/dev/zero")


@pytest.mark.parametrize("name", ["image" + "9" * 300 + ".tif", "image\0.tif", "a/" * 3000])
def test_a_source_whose_name_no_file_can_have_is_not_there(folder, name):
    with pytest.raises(InputError):
        Raster(virtual(folder, "long.vrt", name)).read()


def test_an_input_whose_name_no_file_can_have_is_not_there(folder):
    with pytest.raises(InputError):
        Raster(folder / ("9" * 300 + ".vrt"))


def test_a_virtual_raster_of_a_pipe_or_of_itself_is_refused(folder):
    os.mkfifo(folder / "pipe.tif")
    with pytest.raises(InputError, match="pipe"):
        Raster(virtual(folder, "pipe.vrt", str(folder / "pipe.tif")))
    with pytest.raises(InputError, match="deep"):
        Raster(virtual(folder, "self.vrt", str(folder / "self.vrt")))
