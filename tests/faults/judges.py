"""Whether an output is whole."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np


def listing(folder: Path) -> list[str]:
    """Everything in a folder, hidden files too."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def alike(found: Path, whole: Path) -> bool:
    """Whether an output is as whole as that of an undisturbed run: the same bytes, or as many lines, pixels, points and
    files of the same kind. Two runs of an iteration may part in the last digits, and reports tell the time."""
    if whole.is_dir():
        names = [name for name in listing(whole) if (whole / name).is_file()]
        return found.is_dir() and all(name in listing(found) and alike(found / name, whole / name) for name in names)
    if not found.is_file():
        return False
    data, good = found.read_bytes(), whole.read_bytes()
    if data == good:
        return True
    judge = _JUDGES.get(whole.suffix)
    try:
        return judge is not None and judge(found, whole)
    except Exception:  # what cannot be read is not whole
        return False


def _tables(found: Path, whole: Path) -> bool:
    texts = [path.read_text().splitlines() for path in (found, whole)]
    return texts[0][0] == texts[1][0] and abs(len(texts[0]) - len(texts[1])) <= 0.002 * len(texts[1])


def _pages(found: Path, whole: Path) -> bool:
    data = found.read_bytes()
    return data.startswith(b"<!DOCTYPE html>") and data.rstrip().endswith(b"</html>")


def _rasters(found: Path, whole: Path) -> bool:
    from planetary_dtm.core.rasters import Raster

    a, b = Raster(found), Raster(whole)
    (mine, valid), (theirs, known) = a.read(), b.read()
    close = np.abs(mine - theirs)[valid & known] < 0.02 * theirs[known].std()
    same = a.size == b.size and a.bands == b.bands and a.metadata.keys() == b.metadata.keys()
    return same and abs(valid.mean() - known.mean()) < 0.005 and close.mean() > 0.98


def _points(found: Path, whole: Path) -> bool:
    from planetary_dtm.core.terrain.points import open_points

    counts = [sum(map(len, open_points(path).pieces())) for path in (found, whole)]
    return abs(counts[0] - counts[1]) <= 0.002 * counts[1]


def _models(found: Path, whole: Path) -> bool:
    from planetary_dtm.core.learned.model_file import load_model

    return load_model(found).tensors.keys() == load_model(whole).tensors.keys()


def _arrays(found: Path, whole: Path) -> bool:
    with np.load(found) as a, np.load(whole) as b:
        return {name: a[name].shape for name in a.files} == {name: b[name].shape for name in b.files}


def _json(found: Path, whole: Path) -> bool:
    texts = [path.read_text() for path in (found, whole)]
    objects = [json.loads(text[text.index("{") :]) for text in texts]
    return objects[0].keys() == objects[1].keys()


def _there(found: Path, whole: Path) -> bool:
    return found.stat().st_size > 0


_JUDGES: dict[str, Callable[[Path, Path], bool]] = {
    ".csv": _tables,
    ".html": _pages,
    ".tif": _rasters,
    ".las": _points,
    ".safetensors": _models,
    ".npz": _arrays,
    ".json": _json,
    ".csm": _json,
    ".pt": _there,
    ".jsonl": _there,
    "": _there,
}
