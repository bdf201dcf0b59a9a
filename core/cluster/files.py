"""What units read: paths that workers find too, and every file behind a path, by which a replaced one is noticed."""

from __future__ import annotations

from pathlib import Path

from ..hidden_sources import require_local, require_own_overviews, sources_of_layer
from ..rasters import quiet_gdal
from ..sources import TEXT_TABLES, allowed, offline


def absolute(path: str | None) -> str | None:
    """An absolute path, so that workers started elsewhere find it; a layer's part after "|" stays, and what is no file
    (a connection text)."""
    name, bar, rest = (path or "").partition("|")
    return str(Path(name).resolve()) + bar + rest if name and Path(name).exists() else path or None


def files_of(path: str | None) -> list[str]:
    """All files that a raster, layer or table is made of, itself first: also what virtual rasters, theirs in turn, and
    detached labels name. Without a path none."""
    found = dict.fromkeys([(path or "").partition("|")[0]] if path else [])
    waiting = list(found)
    while waiting:  # ends: each file once
        new = [name for name in _named(waiting.pop()) if name not in found]
        found.update(dict.fromkeys(new))
        waiting += filter(_is_text, new)
    return list(found)


def _named(path: str) -> list[str]:
    from osgeo import gdal

    if path.lower().endswith(TEXT_TABLES):
        return []
    require_local(path, "Input")
    try:
        with quiet_gdal(), offline(path):
            dataset = gdal.OpenEx(path, allowed_drivers=allowed(path, "raster") + allowed(path, "vector"))
            require_own_overviews(dataset, path, "Input")
            virtual = dataset.GetDriver().ShortName == "OGR_VRT"
            return sources_of_layer(path) if virtual else list(dataset.GetFileList() or [])
    except RuntimeError:  # GDAL does not read it
        return []


def _is_text(path: str) -> bool:
    """Whether a file may name others, as virtual rasters and labels do; to open every tile of a mosaic takes long."""
    try:
        with Path(path).open("rb") as file:
            return b"\0" not in file.read(1024)
    except OSError:
        return False
