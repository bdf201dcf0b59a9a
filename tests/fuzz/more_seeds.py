"""More small valid files: tables that steps take, virtual layers, headers of raw pixels, what lies beside rasters."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import numpy as np
from osgeo import gdal, ogr

from planetary_dtm.core.tables import write_table
from planetary_dtm.core.terrain.shots import make_shots

VIRTUAL_LAYERS = ("layer.vrt", "columns.vrt", "union.vrt")
# Headers by the file that is opened with them; PIXELS are the files beside them.
HEADERS = {
    name: name for name in ("ers.ers", "eir.hdr", "mrf.mrf", "rraster.grd", "detached.lbl", "isis.lbl", "ozi.map")
}
HEADERS |= {
    "image.hdr": "image.img",
    "ehdr.hdr": "ehdr.bil",
    "isce.img.xml": "isce.img",
    "saga.sgrd": "saga.sdat",
    "paux.aux": "paux.raw",
}
PIXELS = (
    *("ers", "raw.img", "mrf.idx", "mrf.til", "rraster.gri", "isis.cub", "image.png", "image.img"),
    *("ehdr.bil", "isce.img", "saga.sdat", "paux.raw"),
)
_DRIVERS = (
    *(("ERS", "ers.ers", ()), ("MRF", "mrf.mrf", ("COMPRESS=NONE",)), ("RRASTER", "rraster.grd", ())),
    *(("ISIS3", "isis.lbl", ("DATA_LOCATION=EXTERNAL",)), ("EHdr", "ehdr.bil", ()), ("ISCE", "isce.img", ())),
    *(("SAGA", "saga.sdat", ()), ("PAux", "paux.raw", ())),
)
_EIR = """IMAGINE_RAW_FILE
WIDTH 24
HEIGHT 20
NUM_LAYERS 1
DATA_TYPE U8
PIXEL_FILES raw.img
FORMAT BSQ
HEADER_SIZE_X 0
HEADER_SIZE_Y 0
"""
_OZI = """OziExplorer Map Data File Version 2.2
image.png
image.png
1 ,Map Code,
WGS 84,WGS 84,   0.0000,   0.0000,WGS 84
Reserved 1
Reserved 2
Magnetic Variation,,,E
Map Projection,Latitude/Longitude,PolyCal,No,AutoCalOnly,No,BSBUseWPX,No
Point01,xy,    0,    0,in, deg,   1, 0.0000,N,   10, 0.0000,E, grid,   ,           ,           ,N
Point02,xy,   23,   19,in, deg,   0, 48.0000,N,   10, 14.0000,E, grid,   ,           ,           ,N
Projection Setup,,,,,,,,,,
MMPNUM,4
MMPXY,1,0,0
MMPXY,2,24,0
MMPXY,3,24,20
MMPXY,4,0,20
MMPLL,1, 10.0, 1.0
MMPLL,2, 10.24, 1.0
MMPLL,3, 10.24, 0.8
MMPLL,4, 10.0, 0.8
MM1B,1000.0
IWH,Map Image Width/Height,24,20
"""
_DETACHED = """PDS_VERSION_ID = PDS3
RECORD_TYPE = FIXED_LENGTH
RECORD_BYTES = 24
FILE_RECORDS = 20
^IMAGE = ("raw.img", 1)
TARGET_NAME = MOON
OBJECT = IMAGE
 LINES = 20
 LINE_SAMPLES = 24
 SAMPLE_TYPE = UNSIGNED_INTEGER
 SAMPLE_BITS = 8
 BANDS = 1
END_OBJECT = IMAGE
END
"""
_SRS = "+proj=longlat +R=1737400 +no_defs"
_LAYER = f"""<OGRVRTLayer name="gcps"><SrcDataSource relativeToVRT="1">gcps.geojson</SrcDataSource>
<GeometryType>wkbPoint</GeometryType><LayerSRS>{_SRS}</LayerSRS><Field name="line" src="line" type="Real"/>
<SrcRegion>POLYGON((-180 -90,-180 90,360 90,360 -90,-180 -90))</SrcRegion></OGRVRTLayer>"""
_COLUMNS = f"""<OGRVRTLayer name="gcps"><SrcDataSource relativeToVRT="1" shared="1">gcps.csv</SrcDataSource>
<OpenOptions><OOI key="AUTODETECT_TYPE">YES</OOI></OpenOptions><GeometryType>wkbPoint</GeometryType>
<LayerSRS>{_SRS}</LayerSRS><GeometryField encoding="PointFromColumns" x="lon" y="lat"/></OGRVRTLayer>"""
_UNION = f"""<OGRVRTUnionLayer name="both">{_LAYER}<OGRVRTWarpedLayer>{_COLUMNS}<TargetSRS>{_SRS}</TargetSRS>
</OGRVRTWarpedLayer><FieldStrategy>Union</FieldStrategy><PreserveSrcFID>OFF</PreserveSrcFID></OGRVRTUnionLayer>"""
_NOTES = f"""<PAMDataset><SRS dataAxisToSRSAxisMapping="2,1">{_SRS}</SRS>
<GeoTransform> 1.0e+01, 1.0e-02, 0.0, 1.0, 0.0, -1.0e-02</GeoTransform>
<Metadata><MDI key="SUN_AZIMUTH">90</MDI><MDI key="LEVELLED">YES</MDI><MDI key="DATUM">areoid</MDI></Metadata>
<Metadata domain="OVERVIEWS"><MDI key="OVERVIEW_FILE">:::BASE:::image.tif.ovr</MDI></Metadata>
<Metadata domain="GEOLOCATION"><MDI key="X_DATASET">image.tif</MDI><MDI key="X_BAND">1</MDI></Metadata>
<Metadata domain="xml:XMP" format="xml"><x>1</x></Metadata>
<GCPList Projection="{_SRS}"><GCP Id="1" Pixel="0.5" Line="1.5" X="10.0" Y="1.0"/></GCPList>
<PAMRasterBand band="1"><Description>height</Description><NoDataValue>0</NoDataValue><UnitType>m</UnitType>
<Offset>1.0</Offset><Scale>0.5</Scale><ColorInterp>Palette</ColorInterp><CategoryNames><Category>a</Category>
</CategoryNames><ColorTable><Entry c1="0" c2="0" c3="0" c4="255"/><Entry c1="9" c2="9" c3="9" c4="255"/></ColorTable>
<Histograms><HistItem><HistMin>0</HistMin><HistMax>255</HistMax><BucketCount>4</BucketCount>
<IncludeOutOfRange>1</IncludeOutOfRange><Approximate>0</Approximate><HistCounts>1|2|3|4</HistCounts></HistItem>
</Histograms><GDALRasterAttributeTable tableType="thematic"><FieldDefn index="0"><Name>Value</Name><Type>0</Type>
<Usage>5</Usage></FieldDefn><Row index="0"><F>1</F></Row></GDALRasterAttributeTable>
<Metadata><MDI key="STATISTICS_MAXIMUM">254</MDI><MDI key="STATISTICS_MINIMUM">1</MDI></Metadata>
</PAMRasterBand></PAMDataset>"""


def make(folder: Path) -> None:
    """Add to the seeds that `seeds.make` has made."""
    _tables(folder)
    _layers(folder)
    _headers(folder)
    _beside(folder)


def _tables(folder: Path) -> None:
    line = np.arange(12.0)
    ends = {"lon_first": 10.0 + 0 * line, "lat_first": line / 100, "lon_last": 11.0 + 0 * line, "lat_last": line / 100}
    write_table(folder / "product.csv", {"line": line, **ends, "height": np.where(line == 3, -9999.0, 20.0)})
    shutil.copyfile(folder / "product.csv", folder / "product.txt")
    image = np.array(["isd", "state"] * 6, object)
    place = {"line": line * 2, "sample": line + 3}
    control = {**place, "lon": line / 10, "lat": line / 20, "altitude": line, "sigma_altitude": 1 + line}
    write_table(folder / "camera_gcps.csv", {"view": image, **control})
    ties = {f"{name}_{side}": values for side in "ab" for name, values in place.items()}
    write_table(folder / "ties.csv", {"image_a": image, "image_b": image[::-1], **ties, "sigma": 0.1 + line / 100})
    (folder / "ties.tsv").write_text((folder / "ties.csv").read_text().replace(",", "\t"))
    (folder / "scenes.csv").write_text(
        "name,images,views,sensor,gcps,eops,altimetry\n"
        'one,image.tif;dtm.tif,"nadir,forward",sensor.json,gcps.csv,,shots.csv\n'
        'two,image.tif;dtm.tif,"nadir,backward",ce1,,eops.csv,\n'
    )
    np.savez(folder / "r0000c0000.shots.npz", **asdict(make_shots(line, line, line, 5.0, line // 4)))
    log = (
        {"step": step, "loss": 1 / (step + 1), "seconds": step * 2.0, "cpu_seconds": step * 1.9} for step in range(6)
    )
    (folder / "training.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in log))


def _layers(folder: Path) -> None:
    for name, content in zip(VIRTUAL_LAYERS, (_LAYER, _COLUMNS, _UNION)):
        (folder / name).write_text(f"<OGRVRTDataSource>{content}</OGRVRTDataSource>")
    source = gdal.OpenEx(str(folder / "gcps.geojson"), gdal.OF_VECTOR)
    for driver, ending in (
        *(("FlatGeobuf", "fgb"), ("ESRI Shapefile", "shp"), ("KML", "kml"), ("GML", "gml"), ("GPX", "gpx")),
        *(("MapInfo File", "mif"), ("SQLite", "sqlite"), ("XLSX", "xlsx")),
    ):
        made = ogr.GetDriverByName(driver).CreateDataSource(
            str(folder / f"layer.{ending}"), ["GPX_USE_EXTENSIONS=YES"] if ending == "gpx" else []
        )
        layer = source.GetLayer(0)
        made.CopyLayer(layer, "waypoints" if ending == "gpx" else "layer")
        made.FlushCache()
        del made


def _headers(folder: Path) -> None:
    source = gdal.Open(str(folder / "image.tif"))
    (folder / "raw.img").write_bytes(source.ReadAsArray().tobytes())
    for name, content in (("eir.hdr", _EIR), ("ozi.map", _OZI), ("detached.lbl", _DETACHED)):
        (folder / name).write_text(content)
    for driver, name, options in _DRIVERS:
        gdal.GetDriverByName(driver).CreateCopy(str(folder / name), source, 0, list(options))


def _beside(folder: Path) -> None:
    for name in ("image.tif.aux.xml", "image.png.aux.xml"):
        (folder / name).write_text(_NOTES)
    placement = gdal.Open(str(folder / "image.tif")).GetGeoTransform()
    lines = (placement[1], 0, 0, placement[5], placement[0] + placement[1] / 2, placement[3] + placement[5] / 2)
    (folder / "image.pgw").write_text("".join(f"{value:.10f}\n" for value in lines))
    copy = folder / "overviews" / "image.tif"
    copy.parent.mkdir()
    shutil.copyfile(folder / "image.tif", copy)
    seen = gdal.Open(str(copy))
    seen.BuildOverviews("AVERAGE", [2, 4])
    seen.CreateMaskBand(gdal.GMF_PER_DATASET)
    seen.GetRasterBand(1).GetMaskBand().Fill(255)
    del seen
    for ending in (".ovr", ".msk"):
        shutil.copyfile(f"{copy}{ending}", folder / f"image.tif{ending}")
