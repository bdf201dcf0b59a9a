"""What a file may have read besides itself: nothing on the network, no other program, nothing astray.

A file that a user opens must not reach for the network, start a program or lead out of its folder. Data on the network
are read only where the path that the user gave says so. Labels (PDS3, PDS4, ISIS) name pixels in their own folder or
below. Virtual rasters and layers (VRT) may name rasters elsewhere on this computer, as QGIS makes them; but raw bytes,
which could be any file's, only beside them. So may overviews and masks. `hidden_sources` looks at what a file names.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

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
# For the time a file of the user's is open; set for this thread alone.
_OFFLINE = {
    "CPL_VSIL_CURL_ALLOWED_FILENAME": "none",  # no file system over HTTP
    "GDAL_HTTP_PROXY": "127.0.0.1:9",  # nobody listens there: no other request leaves either
    "GDAL_HTTPS_PROXY": "127.0.0.1:9",
    "GML_DOWNLOAD_SCHEMA": "NO",
    "GDAL_VRT_ENABLE_PYTHON": "NO",
}
_REMOTE = re.compile(r"/vsi(?:curl|s3|gs|az|adls|oss|swift|hdfs|webhdfs)|(?:https?|ftp)://|(?:https?|ftp):/", re.I)


def is_plain_file(path: Path) -> bool:
    """Whether there is a regular file: a pipe or a device could block, or never end."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name too long, or not one at all
        return False


def is_there(path: Path) -> bool:
    """Whether there is a file or folder."""
    try:
        return path.exists()
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


@lru_cache(maxsize=1)
def asking_drivers() -> list[str]:
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
    return local_drivers(kind) if os.path.exists(path) else []
