"""What a file names besides itself: nothing on the network, no other program, nothing outside its folder."""

from __future__ import annotations

import http.server
import os
import re
import shutil
import socket
import threading
import zipfile
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


@pytest.fixture
def listener():
    """Address of a port of this machine, and a function that says whether anybody called there."""
    with socket.create_server(("127.0.0.1", 0)) as waiting:
        waiting.settimeout(0.05)

        def called() -> bool:
            try:
                waiting.accept()[0].close()
            except TimeoutError:
                return False
            return True

        yield f"PG:host=127.0.0.1 port={waiting.getsockname()[1]} dbname=x table=y connect_timeout=1", called


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


def with_overviews(path: Path, named: str) -> Path:
    """A GeoTIFF of one value whose metadata say where its overviews are."""
    path.unlink(missing_ok=True)
    made = gdal.GetDriverByName("GTiff").Create(str(path), GRID.width, GRID.height, 1, gdal.GDT_Byte)
    made.GetRasterBand(1).Fill(7)
    made.SetMetadataItem("OVERVIEW_FILE", named, "OVERVIEWS")
    return path


PAM = '<PAMDataset><Metadata domain="OVERVIEWS"><MDI key="OVERVIEW_FILE">{named}</MDI></Metadata></PAMDataset>'


@pytest.mark.parametrize("place", ["tag", "aux.xml", "overviews of overviews", "source of a virtual raster"])
@pytest.mark.parametrize("kind", ["server", "raw bytes", "another raster", "from above"])
def test_overviews_are_beside_their_raster(folder, tmp_path, listener, place, kind):
    address, called = listener
    (tmp_path / "secret.txt").write_bytes(b"S" * 32)
    shutil.copy(folder / "image.tif", tmp_path / "other.tif")
    named = {
        "server": address,
        "raw bytes": RAW.format(name=tmp_path / "secret.txt").replace('="1">', '="0">'),
        "another raster": str(tmp_path / "other.tif"),
        "from above": ":::BASE:::../other.tif",
    }[kind]
    path = with_overviews(folder / "a.tif", named)
    if place == "aux.xml":
        shutil.copy(folder / "image.tif", path)
        written(folder / "a.tif.aux.xml", PAM.format(named=named.replace("<", "&lt;")))
    elif place == "overviews of overviews":
        path.rename(folder / "image.tif.OVR")  # GDAL takes names whatever their case
        path = folder / "image.tif"
    elif place == "source of a virtual raster":
        path = virtual(folder, "b.vrt", str(path))
    with pytest.raises(InputError, match="overviews elsewhere"):
        Raster(path).read(shape=(4, 8))
    assert not called()


@pytest.mark.parametrize("ending", ["ovr", "msk"])
def test_overviews_and_masks_are_images_themselves(folder, ending):
    beside = virtual(folder, f"image.tif.{ending}", str(folder / "image.tif"))
    with pytest.raises(InputError, match="no TIFF"):
        Raster(folder / "image.tif")
    beside.unlink()
    assert Raster(folder / "image.tif").size == (20, 24)


def test_overviews_that_gdal_makes_are_used(folder):
    dataset = gdal.Open(str(folder / "image.tif"))
    dataset.BuildOverviews("AVERAGE", [2])
    dataset.CreateMaskBand(gdal.GMF_PER_DATASET)
    dataset = None
    assert (folder / "image.tif.ovr").exists() and (folder / "image.tif.msk").exists()
    with_overviews(folder / "a.tif", ":::BASE:::image.tif.ovr")
    for name, value in (("image.tif", None), ("image.vrt", None), ("a.tif", 15)):
        got = Raster(folder / name).read(shape=(4, 8))[0]
        assert value is None or got.max() > value  # 7 where its own overviews were not used


HIDDEN = (
    '<VRTDataset rasterXSize="4" rasterYSize="4">{pre}<VRTRasterBand dataType="Byte" band="1">{what}</VRTRasterBand>'
    "{post}</VRTDataset>"
)
SIMPLE = "<SimpleSource><SourceFilename>{source}</SourceFilename><SourceBand>1</SourceBand></SimpleSource>"


@pytest.mark.parametrize(
    "text",
    [
        HIDDEN.format(pre="<Metadata/>", what=SIMPLE, post="<Metadata></Metadata>"),
        HIDDEN.format(pre="<!-- ", what=SIMPLE, post="<!-- -->").replace("<!-- <", "<!-- --><"),
        HIDDEN.format(pre="", what=SIMPLE.replace("SourceFilename", "sourcefilename"), post=""),
        HIDDEN.format(pre="", what='<SimpleSource SourceFilename="{source}"/>', post=""),
        HIDDEN.format(pre="", what=SIMPLE, post="").replace("{source}", " {source} "),
        HIDDEN.format(pre="", what="<ComplexSource><!DOCTYPE x>" + SIMPLE[14:-15] + "</ComplexSource>", post=""),
        HIDDEN.format(pre="", what=SIMPLE, post="").replace("{source}", "/vsizip/{folder}/a.zip/pg.vrt"),
        HIDDEN.format(pre="", what="<Overview>" + SIMPLE[14:-15] + "</Overview>", post=""),
    ],
)
def test_a_source_is_found_as_gdal_finds_it(folder, listener, text):
    address, called = listener
    if "{folder}" in text:
        with zipfile.ZipFile(folder / "a.zip", "w") as archive:
            archive.writestr("pg.vrt", HIDDEN.format(pre="", what=SIMPLE.format(source=address), post=""))
    with pytest.raises(InputError, match="a server|network"):
        Raster(written(folder / "a.vrt", text.format(source=address, folder=folder))).read()
    assert not called()


@pytest.mark.parametrize(
    "change",
    [
        ('subClass="VRTRawRasterBand"', 'subClass="vrtrawrasterband"'),
        ('subClass="VRTRawRasterBand">', "><subClass>VRTRawRasterBand</subClass>"),
        ("<VRTRasterBand", "<Metadata/><VRTRasterBand"),
        ("SourceFilename", "SOURCEFILENAME"),
        ('relativetoVRT="1">{name}', 'relativetoVRT="0">{folder}/../secret.txt'),
        ('relativetoVRT="1">{name}', 'relativetoVRT="0">image.tif'),  # of the folder where the program runs
        ("<VRTDataset", "<a/><VRTDataset"),
    ],
)
def test_raw_bytes_are_those_beside_the_file(folder, change):
    (folder.parent / "secret.txt").write_bytes(b"S" * 32)
    text = RAW.replace(*change).replace("</VRTDataset>", "<Metadata></Metadata></VRTDataset>")
    assert text != RAW
    with pytest.raises(InputError, match="for raw pixels"):
        Raster(written(folder / "a.vrt", text.format(name="../secret.txt", folder=folder))).read()


ERS = """DatasetHeader Begin
DataFile = "{name}"
DataSetType = ERStorage
DataType = Raster
ByteOrder = LSBFirst
RasterInfo Begin
CellType = Unsigned8BitInteger
NrOfLines = 4
NrOfCellsPerLine = 4
NrOfBands = 1
RasterInfo End
DatasetHeader End
"""
EIR = "IMAGINE_RAW_FILE\nWIDTH 4\nHEIGHT 4\nNUM_LAYERS 1\nDATA_TYPE U8\nPIXEL_FILES {name}\nFORMAT BSQ\n".ljust(150)
MRF = (
    '<MRF_META><Raster><Size x="4" y="4" c="1"/><PageSize x="4" y="4" c="1"/><Compression>NONE</Compression><DataType>'
    "Byte</DataType><DataFile>{name}</DataFile><IndexFile>a.idx</IndexFile></Raster></MRF_META>"
)


@pytest.mark.parametrize("ending, text", [("ers", ERS), ("hdr", EIR), ("mrf", MRF)])
def test_headers_name_pixels_of_their_own_folder(folder, ending, text):
    (folder / "a.idx").write_bytes(bytes(15) + bytes([16]))
    for place in (folder, folder.parent):
        (place / "pixels").write_bytes(b"S" * 16)
    path, around = folder / f"a.{ending}", virtual(folder, "a.vrt", str(folder / f"a.{ending}"))
    written(path, text.format(name="pixels"))
    assert Raster(path).read()[0].min() == ord("S") and Raster(around)
    written(path, text.format(name="../pixels"))
    for opened in (path, around):
        with pytest.raises(InputError, match="outside its folder"):
            Raster(opened)


@pytest.mark.parametrize(
    "text", ["<VRTDataset", "<VRTDataset>" * 20_000, "<VRTDataset a='\xff'/>", "<VRTDataset>" + "<a/>" * (1 << 21)]
)
def test_a_virtual_raster_that_cannot_be_looked_at_is_refused(folder, text):
    with pytest.raises(InputError, match="XML|UTF-8"):
        Raster(written(folder / "a.vrt", text))


def test_a_virtual_layer_asks_nothing_in_a_query(folder):
    text = OGR.format(name="x.geojson").replace("</SrcDataSource>", "</SrcDataSource><SrcSQL>select 1</SrcSQL>")
    with pytest.raises(InputError, match="query"):
        read_table(written(folder / "a.vrt", text))


@pytest.mark.parametrize(
    "old, new",
    [
        ("^IMAGE = 101", "/* x */\n" * 20_000 + '^IMAGE = ("../secret.bin", 1)'),
        ("^IMAGE = 101", '^IMAGE = /* = */ ("../secret.bin", 1)'),
        ("TARGET_NAME = MARS\n", 'TARGET_NAME = MARS ^QUBE = "../secret.bin"\n'),
        ("^IMAGE = 101", 'NOTE = "/*"\n^IMAGE = ("../secret.bin", 1)\nB = "*/"'),
        ("^IMAGE = 101", 'OBJECT = COMPRESSED_FILE\nFILE_NAME = "../secret.bin"\nEND_OBJECT = COMPRESSED_FILE'),
    ],
)
def test_pointers_of_labels_are_found_as_gdal_finds_them(folder, old, new):
    (folder.parent / "secret.bin").write_bytes(b"S" * 480)
    with pytest.raises(InputError, match="outside its folder"):
        Raster(written(folder / "a.lbl", PDS3.replace(old, new)))
    assert Raster(written(folder / "a.lbl", PDS3.replace(old, "/* x */\n" * 20_000 + old).ljust(170_000))).bands == 1


def test_a_label_ends(folder):
    endless = PDS3.replace("\nEND\n", "\n") + "/* x */\n" * (1 << 19)
    with pytest.raises(InputError, match="label of more than 4 MB"):
        Raster(written(folder / "a.lbl", endless))
