"""What a raster or layer names besides itself, looked at before GDAL acts on it.

A file that a user opens must not reach for the network, start a program or lead out of its folder. Data on the network
are read only where the path that the user gave says so. Labels (PDS3, PDS4, ISIS) name pixels in their own folder or
below. Virtual rasters and layers (VRT) may name rasters elsewhere on this computer, as QGIS makes them; but raw bytes,
which could be any file's, only beside them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from html import unescape
from pathlib import Path

from .errors import InputError

TEXT_TABLES = (".csv", ".csv.gz", ".tab", ".txt", ".tsv")  # endings of files that are read as tables, never by GDAL

# Drivers that ask a server, a database or another program, by a connection text or by what the file says.
_ELSEWHERE = (
    *(
        "WMS",
        "WCS",
        "WMTS",
        "OGCAPI",
        "STACTA",
        "STACIT",
        "PLMOSAIC",
        "PLSCENES",
        "EEDA",
        "EEDAI",
        "DAAS",
        "NGW",
        "HTTP",
    ),
    *("PostGISRaster", "PostgreSQL", "MySQL", "MSSQLSpatial", "ODBC", "PGeo", "Elasticsearch", "Carto", "AmigoCloud"),
    *("WFS", "OAPIF", "CSW", "GMLAS", "GPSBabel", "OGR_OGDI", "Rasterlite"),
)
# How connection texts to them begin; NETCDF:"file":band and the like are files too.
_SERVERS = ("PG", "MYSQL", "MSSQL", "ODBC", "WFS", "WMS", "WMTS", "WCS", "OAPIF", "OGCAPI", "GPSBABEL", "EEDAI", "NGW")
# For the time a file of the user's is open; set for this thread alone.
_OFFLINE = {
    "CPL_VSIL_CURL_ALLOWED_FILENAME": "none",  # no file system over HTTP
    "GDAL_HTTP_PROXY": "127.0.0.1:9",  # nobody listens there: no other request leaves either
    "GDAL_HTTPS_PROXY": "127.0.0.1:9",
    "GML_DOWNLOAD_SCHEMA": "NO",
    "GDAL_VRT_ENABLE_PYTHON": "NO",
}
_REMOTE = re.compile(r"/vsi(?:curl|s3|gs|az|adls|oss|swift|hdfs|webhdfs)|(?:https?|ftp)://|(?:https?|ftp):/", re.I)
_HEAD, _MOST_TEXT, _DEEPEST = 1 << 16, 1 << 26, 6
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.S)
_NOTES = re.compile(r"<(Metadata|SRS|GeoTransform|Histograms|CategoryNames|ColorTable)\b.*?</\1\s*>|<!--.*?-->", re.S)
_NAMED = re.compile(
    r"<(SourceFilename|SourceDataset|SrcDataSource|SourceURL|DataFile|Source)\b[^<>]*>\s*([^<>]*?)\s*<"
    r"|\b(SourceFilename|SourceDataset|SrcDataSource)\s*=\s*[\"']([^\"']*)[\"']"
)
_RAW_BAND = re.compile(r"VRTRawRasterBand.*?</VRTRasterBand", re.S)
_POINTER = re.compile(r"^[ \t]*\^\w+[ \t]*=[ \t\r\n]*\(?[ \t]*\"?'?([^\"'\r\n,()]+)", re.M)
_FILE_NAME = re.compile(r"<(?:\w+:)?file_name\b[^<>]*>\s*([^<>]*?)\s*<")


def is_plain_file(path: Path) -> bool:
    """Whether there is a regular file: a pipe or a device could block, or never end."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name too long, or not one at all
        return False


def asked_remote(path: str) -> bool:
    """Whether the path that was given is itself one of the network's."""
    return bool(_REMOTE.match(path.strip()))


def names_network(text: str) -> bool:
    """Whether a text, a path inside a project for one, leads to the network anywhere in it."""
    return bool(_REMOTE.search(text))


@contextmanager
def offline(path: str) -> Iterator[None]:
    """Keep GDAL off the network in this thread, unless ``path`` itself lies there."""
    from osgeo import gdal

    if asked_remote(path):
        yield
        return
    before = {key: gdal.GetThreadLocalConfigOption(key) for key in _OFFLINE}
    for key, value in _OFFLINE.items():
        gdal.SetThreadLocalConfigOption(key, value)
    try:
        yield
    finally:
        for key, old in before.items():
            gdal.SetThreadLocalConfigOption(key, old)


def require_local(path: str, what: str) -> None:
    """Raise `InputError` where the file at ``path`` is none, or names something on the network or outside its folder.

    Paths of the network itself, of GDAL's own file systems and connection texts pass: the user wrote them.
    """
    _check(Path(path), f"{what} {Path(path).name!r}", 0)


def _check(path: Path, what: str, depth: int) -> None:
    from osgeo import gdal

    try:
        if path.is_dir() or not path.exists():
            return
    except (OSError, ValueError):
        return
    if not path.is_file():
        raise InputError(f"{what} is no file but a pipe or device; give a file.")
    with path.open("rb") as file:
        head = file.read(_HEAD)
        marked = b"<" in head[:2000]
        text = (head + (file.read(_MOST_TEXT) if marked and b"VRT" in head else b"")).decode("latin-1")
    if (marked or head[:1] == b"{") and gdal.IdentifyDriverEx(str(path), allowed_drivers=_drivers()) is not None:
        raise InputError(
            f"{what} describes data on a server; download the data, or add its layer to QGIS and use that."
        )
    if marked and ("<VRTDataset" in text or "<OGRVRT" in text):
        _check_virtual(path, text, what, depth)
    for name in _label_names(text):
        if _leaves(path.parent, name):
            raise InputError(f"{what} names {name!r}, which lies outside its folder; put the file beside the label.")
        _plain(path.parent / name, name, what)


def _check_virtual(path: Path, text: str, what: str, depth: int) -> None:
    if depth >= _DEEPEST:
        raise InputError(f"{what} is a virtual raster of virtual rasters, more than {_DEEPEST} deep; make it simpler.")
    plain = unescape(_CDATA.sub(r"\1", _NOTES.sub(" ", text)))
    remote = _REMOTE.search(plain)
    if remote:
        raise InputError(
            f"{what} names data on the network ({plain[remote.start() : remote.start() + 60].split('<')[0]}); download "
            "them, or give their own address."
        )
    for raw in _RAW_BAND.findall(plain):
        for name in _names(raw):
            if _leaves(path.parent, name):
                raise InputError(f"{what} takes {name!r}, outside its folder, for raw pixels; put the file beside it.")
    for name in dict.fromkeys(_names(plain)):
        if not name or name.startswith(("@", "<")):
            continue
        source = path.parent / name
        _plain(source, name, what)
        if _there(source):
            _check(source, f"{what}, by way of {source.name!r},", depth + 1)
        elif name.split(":", 1)[0].upper() in _SERVERS:
            raise InputError(f"{what} names data of a server or another program; download them first.")


def _there(path: Path) -> bool:
    """Whether there is such a file; what is too long for a name, or none, is not there."""
    return os.path.exists(path)


def _names(text: str) -> list[str]:
    return [first or second for _, first, _, second in _NAMED.findall(text)]


def _label_names(text: str) -> list[str]:
    """Names of files in a PDS or ISIS label; numbers are places in the file itself."""
    names: list[str] = []
    if "PDS_VERSION_ID" in text or "ODL_VERSION_ID" in text or "IsisCube" in text or "CCSD3ZF" in text:
        names = [name.strip() for name in _POINTER.findall(text)]
    if "<" in text[:2000] and "file_name" in text:
        names += [unescape(name) for name in _FILE_NAME.findall(text)]
    return [name for name in names if name and not re.fullmatch(r"\d+(\s*<\w+>)?", name)]


def _leaves(folder: Path, name: str) -> bool:
    base = os.path.abspath(folder)
    there = os.path.abspath(os.path.join(base, name.replace("\\", "/")))
    return not (there + os.sep).startswith(base.rstrip(os.sep) + os.sep)


def _plain(path: Path, name: str, what: str) -> None:
    try:
        strange = path.exists() and not (path.is_file() or path.is_dir())
    except (OSError, ValueError):
        return
    if strange:
        raise InputError(f"{what} names {name!r}, a pipe or device; name a file.")


@lru_cache(maxsize=1)
def _drivers() -> list[str]:
    """Those of `_ELSEWHERE` that this GDAL has."""
    from osgeo import gdal

    return [name for name in _ELSEWHERE if gdal.GetDriverByName(name) is not None]


@lru_cache(maxsize=2)
def local_drivers(kind: str) -> list[str]:
    """Drivers of ``kind`` ("raster" or "vector") that read files and nothing else."""
    from osgeo import gdal

    drivers = (gdal.GetDriver(index) for index in range(gdal.GetDriverCount()))
    able = [driver.ShortName for driver in drivers if driver.GetMetadataItem(f"DCAP_{kind.upper()}") == "YES"]
    return [name for name in able if name not in _ELSEWHERE]


def allowed(path: str, kind: str) -> list[str]:
    """Drivers that may open ``path``: for a file those that read files, for what else the user wrote any."""
    return local_drivers(kind) if _there(Path(path)) else []
