"""A look at a file, and at all that it names, before GDAL acts on it; see `sources` for what may be named."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from .errors import InputError
from .named_files import Value, has_end, is_label, is_virtual, label_names, xml_values
from .netcdf_header import check_netcdf, is_netcdf
from .sources import asking_drivers, local_drivers, names_network, offline

_HEAD, _MOST_XML, _LONGEST_LABEL, _DEEPEST = 1 << 16, 1 << 24, 1 << 22, 6
_SIZES = ("xoff", "yoff", "xsize", "ysize", "rasterxsize", "rasterysize", "blockxsize", "blockysize", "sourceband")
_SOURCES = ("sourcefilename", "sourcedataset", "srcdatasource")
_PIXELS_OF_MRF = ("datafile", "indexfile")
_MAY_LEAD_OUT = ("VRT", "OGR_VRT", "GTiff")  # drivers: the first two are looked at before, the last has all beside it
# Connection texts to servers, databases and programs, and ways round by which a file is opened unseen.
_ELSEWHERE = re.compile(
    r"(?:PGB?|PGEO|MYSQL|MSSQL|ODBC|OCI|SDE|HANA|DB2ODBC|MONGODB\w*|ES|CARTO|AMIGOCLOUD|COUCHDB|WFS3?|WMS|WMTS|WCS|OAPIF"
    r"|OGCAPI|CSW|GMLAS|GPSBABEL|GLTP|EEDAI?|NGW|PLSCENES|PLMOSAIC|STACTA|STACIT|DAAS|AGS|IIP|VRT|DERIVED_SUBDATASET)\s*:"
    r"|/vsi(?!(?:zip|gzip|tar|7z|rar|mem)/)",
    re.I,
)
_ARCHIVE = re.compile(r"/vsi(?:zip|gzip|tar|7z|rar)/")
_PREFIX = re.compile(r"[a-z]\w+:", re.I)
_PARTS = re.compile(r"(?:NETCDF|HDF4_\w+|HDF5|BAG|GTIFF_DIR|NITF_IM|GPKG|PDS4):(?!.*\w\w://)", re.I)  # of a file
_PIXELS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"EHFA_HEADER_TAG")  # what overviews and masks are kept in
_SIDECARS = (".ovr", ".msk", ".aux")


def require_local(path: str, what: str) -> None:
    """Raise `InputError` where the file at ``path`` is none, or names something on the network or outside its folder.

    Paths of the network itself and connection texts pass: the user wrote them.
    """
    with _quiet(path):
        _Look().at(_file_in(path), f"{what} {Path(path).name!r}", 0)


def require_own_overviews(dataset: Any, path: str, what: str) -> None:
    """Raise `InputError` where an opened raster has pixels outside its folder, or overviews or a mask that are no plain
    files beside it.

    GDAL opens with any driver what the metadata item OVERVIEW_FILE says, and files that end in .ovr and .msk.
    """
    with _quiet(path):
        _Look().overviews(dataset, path, f"{what} {Path(path).name!r}", 0)


def sources_of_layer(path: str) -> list[str]:
    """The files that OGR's virtual layer at ``path`` names and GDAL reads; asked for them, GDAL 3.6 ends the process
    where one of a union's is gone."""
    from osgeo import gdal

    found: dict[str, None] = {}
    texts = [_xml(path, Path(path).name)]
    while texts:
        for value in _values(texts.pop(), Path(path).name):
            if value.key == "srcdatasource" and value.text.startswith("<"):
                texts.append(value.text)
            elif value.key == "srcdatasource":
                folders = (os.path.dirname(path), "") if value.placed is not False else ("",)
                for place in (_file_in(os.path.join(folder, value.text)) for folder in folders):
                    with _quiet(path), suppress(RuntimeError):
                        gdal.OpenEx(place, gdal.OF_VECTOR, allowed_drivers=local_drivers("vector"))
                        found[place] = None
    return list(found)


class _Look:
    """One look; ``what`` of the methods begins each message, ``depth`` counts files that name files."""

    def __init__(self) -> None:
        self._labels: set[str] = set()

    def at(self, path: str, what: str, depth: int) -> None:
        """Look at a file; what is none passes."""
        if not _is_file(path, what):
            return
        _require_shallow(depth, what)
        head = _bytes(path, _HEAD)
        text, marked = head.decode("latin-1"), b"<" in head[:2000]
        if (marked or head[:1] == b"{") and _asks(path):
            raise InputError(
                f"{what} describes data on a server; download the data, or add its layer to QGIS and use that."
            )
        if marked and is_virtual(text):
            self._virtual(_xml(path, what), path, what, depth)
        elif marked and "product_observational" in text.lower():
            values = _values(_xml(path, what), what)
            _require_inside(path, [value.text for value in values if value.key.endswith("file_name")], what)
        elif is_netcdf(head):
            _require_sound_netcdf(path, what)
        elif is_label(text):
            self._label(path, text, what, depth)

    def _label(self, path: str, text: str, what: str, depth: int) -> None:
        if len(text) == _HEAD and not has_end(text):
            text = _bytes(path, _LONGEST_LABEL).decode("latin-1")
            if len(text) == _LONGEST_LABEL and not has_end(text):
                raise InputError(f"{what} has a label of more than {_LONGEST_LABEL >> 20} MB; shorten it.")
        self._labels.add(os.path.abspath(path))
        for place in _require_inside(path, label_names(text), what):
            if os.path.abspath(place) not in self._labels:
                self.at(place, f"{what}, by way of {os.path.basename(place)!r},", depth + 1)

    def _virtual(self, text: str, path: str, what: str, depth: int) -> None:
        _require_shallow(depth, what)
        values = _values(text, what)
        raw = any(value.text.lower() == "vrtrawrasterband" for value in values)
        folders = dict.fromkeys((os.path.dirname(path), os.path.dirname(os.path.realpath(path)), ""))
        seen: set[str] = set()
        for value in values:
            name = value.text
            if value.key in _PIXELS_OF_MRF or (raw and value.key == "sourcefilename"):
                _require_raw(path, value, what)
            if name in seen or value.key in _SIZES:
                continue
            seen.add(name)
            if name.startswith("<"):
                self._virtual(name, path, what, depth + 1)
                continue
            _require_readable(path, value, what)
            for place in dict.fromkeys(os.path.join(folder, name) for folder in folders):
                self._source(place, name, f"{what}, by way of {os.path.basename(name)!r},", depth + 1)

    def _source(self, place: str, name: str, what: str, depth: int) -> None:
        """Look at a file that a virtual raster or layer may name, or at the one that a text names a part of."""
        from osgeo import gdal

        opened = name if _PARTS.match(name) else place
        file = _file_in(opened)
        if not _is_file(file, what):
            return
        self.at(file, what, depth)
        dataset, key = None, "GDAL_DISABLE_READDIR_ON_OPEN"
        before = gdal.GetThreadLocalConfigOption(key)
        gdal.SetThreadLocalConfigOption(key, "TRUE")  # the folder is not listed anew for each of a mosaic's sources
        try:
            with suppress(RuntimeError):
                dataset = gdal.OpenEx(opened, gdal.OF_RASTER, allowed_drivers=local_drivers("raster"))
            self.overviews(dataset, opened, what, depth)
        finally:
            gdal.SetThreadLocalConfigOption(key, before)

    def overviews(self, dataset: Any, path: str, what: str, depth: int) -> None:
        file = os.path.abspath(_file_in(path))
        if dataset is not None:
            self._own_files(dataset, file, what, depth)
        named = _overview_file(dataset) if dataset is not None else None
        beside = _sidecars(file)
        if named:
            folder, name = os.path.split(named.removeprefix(":::BASE:::"))
            if folder not in ("", os.path.dirname(file)) or re.search(r"[:\\<{]", name):
                raise InputError(f"{what} has its overviews elsewhere ({named[:60]!r}); put them beside it as .ovr.")
            beside.append(os.path.join(os.path.dirname(file), name))
        for place in beside:
            if not _is_file(place, what):
                continue
            if _bytes(place, 16).startswith(_PIXELS):
                _require_shallow(depth, what)
                self._source(place, place, what, depth + 1)
            elif not place.lower().endswith(".aux"):  # such a one GDAL leaves alone
                raise InputError(
                    f"{what} has overviews or a mask in {os.path.basename(place)!r}, no TIFF; remake them."
                )

    def _own_files(self, dataset: Any, file: str, what: str, depth: int) -> None:
        """Refuse pixels outside the folder, which headers of many formats can name, and look at what lies in it."""
        if dataset.GetDriver().ShortName in _MAY_LEAD_OUT:
            return
        names: list[str] = []
        with suppress(RuntimeError):
            names = [os.path.abspath(name) for name in dataset.GetFileList() or () if name]
        for place in _require_inside(file, names, what):
            if place != file:
                self.at(place, f"{what}, by way of {os.path.basename(place)!r},", depth + 1)


def _asks(path: str) -> bool:
    """Whether a driver takes the file that asks a server or another program."""
    from osgeo import gdal

    gdal.DontUseExceptions()  # some open what they look at, and fail at a damaged one that is not theirs
    try:
        return gdal.IdentifyDriverEx(path, allowed_drivers=asking_drivers()) is not None
    finally:
        gdal.UseExceptions()


def _overview_file(dataset: Any) -> str | None:
    from osgeo import gdal

    gdal.DontUseExceptions()  # a placement that is damaged, which GDAL reads on the way, is no matter here
    try:
        return dataset.GetMetadataItem("OVERVIEW_FILE", "OVERVIEWS") or None
    finally:
        gdal.UseExceptions()


def _sidecars(file: str) -> list[str]:
    """Files beside it, whatever the case of their names, that GDAL opens for overviews and masks."""
    from osgeo import gdal

    folder, name = os.path.dirname(file), os.path.basename(file).lower()
    try:
        archived = _ARCHIVE.match(folder + "/")
        entries = _chosen(gdal.ReadDir(folder) or ()) if archived else _listed(folder, os.stat(folder).st_mtime_ns)
    except (OSError, ValueError, RuntimeError):
        return []
    sought = {name + ending for ending in _SIDECARS} | {os.path.splitext(name)[0] + ".aux"} - {name}
    return [os.path.join(folder, entry) for key in sorted(sought) for entry in entries.get(key, ())]


@lru_cache(maxsize=16)
def _listed(folder: str, changed: int) -> dict[str, list[str]]:
    """The sidecars in a folder as it was last ``changed``."""
    return _chosen(os.listdir(folder))


def _chosen(entries: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for entry in entries:
        if entry.lower().endswith(_SIDECARS):
            found.setdefault(entry.lower(), []).append(entry)
    return found


def _require_shallow(depth: int, what: str) -> None:
    if depth > _DEEPEST:
        raise InputError(f"{what} names a file that names a file, more than {_DEEPEST} deep; make it simpler.")


def _require_readable(path: str, value: Value, what: str) -> None:
    """Refuse a text that has more read than a file of this computer."""
    name = value.text
    if names_network(name):
        raise InputError(f"{what} names data on the network ({name[:60]}); download them, or give their own address.")
    if value.key == "srcsql":
        raise InputError(f"{what} holds a query (SrcSQL), which may read anything; save its result as a layer.")
    other = value.key in _SOURCES and _PREFIX.match(name) and not _PARTS.match(name)
    if _ELSEWHERE.match(name) or (other and not os.path.exists(os.path.join(os.path.dirname(path), name))):
        raise InputError(f"{what} names data of a server or another program ({name[:60]}); name files.")


def _require_raw(path: str, value: Value, what: str) -> None:
    astray = value.placed is False and not os.path.isabs(value.text)  # relative to where the program runs
    if astray or _leaves(os.path.dirname(path), value.text):
        raise InputError(f"{what} takes {value.text!r}, outside its folder, for raw pixels; put the file beside it.")


def _require_inside(path: str, names: list[str], what: str) -> list[str]:
    """Where the files lie that a label names."""
    folder = os.path.dirname(path)
    for name in names:
        if _leaves(folder, name):
            raise InputError(f"{what} names {name!r}, which lies outside its folder; put the file beside it.")
    return [os.path.join(folder, name.replace("\\", "/")) for name in names]


def _leaves(folder: str, name: str) -> bool:
    base = os.path.abspath(folder)
    there = os.path.abspath(os.path.join(base, name.replace("\\", "/")))
    return not (there + os.sep).startswith(base.rstrip(os.sep) + os.sep)


def _is_file(path: str, what: str) -> bool:
    """Whether there is a file; raises `InputError` for what could block or never end."""
    from osgeo import gdal

    if _ARCHIVE.match(path):
        found = gdal.VSIStatL(path)
        return found is not None and not found.IsDirectory()
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):  # none there, a name too long, or not one at all
        return False
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise InputError(f"{what} is no file but a pipe or device; give a file.")
    return stat.S_ISREG(mode)


def _require_sound_netcdf(path: str, what: str) -> None:
    try:
        check_netcdf(_bytes(path, _LONGEST_LABEL))
    except ValueError as error:
        raise InputError(f"{what} is damaged: {error}; get it anew.") from None


def _file_in(text: str) -> str:
    """The file in a text that names a part of one, as NETCDF:"file":part does; else the text itself."""
    if _ARCHIVE.match(text) or os.path.exists(text):
        return text
    return next((part for part in re.split(r"\"|(?<=\w\w):", text) if os.path.isfile(part)), text)


def _bytes(path: str, most: int) -> bytes:
    """The beginning of a file, in an archive too."""
    from osgeo import gdal

    if not _ARCHIVE.match(path):
        with open(path, "rb") as file:
            return file.read(most)
    archived = gdal.VSIFOpenL(path, "rb")
    try:
        return bytes(gdal.VSIFReadL(1, most, archived) or b"")
    finally:
        gdal.VSIFCloseL(archived)


def _xml(path: str, what: str) -> str:
    content = _bytes(path, _MOST_XML + 1)
    if len(content) > _MOST_XML:
        raise InputError(f"{what} has more than {_MOST_XML >> 20} MB of XML; divide it.")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{what} is no UTF-8 text; write it anew with GDAL.") from None


def _values(text: str, what: str) -> list[Value]:
    try:
        return xml_values(text)
    except ValueError as error:
        raise InputError(f"{what} cannot be read as XML ({error}); write it anew with GDAL.") from None


@contextmanager
def _quiet(path: str) -> Iterator[None]:
    """Off the network, with GDAL's failures as exceptions that stay off the terminal."""
    from osgeo import gdal

    used = gdal.GetUseExceptions()
    gdal.UseExceptions()
    gdal.PushErrorHandler("CPLQuietErrorHandler")
    try:
        with offline(path):
            yield
    finally:
        gdal.PopErrorHandler()
        if not used:
            gdal.DontUseExceptions()
