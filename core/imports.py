"""Large packages, imported while somebody clicks: Python is kept from the other threads as little as can be.

A library that Python loads, it loads while all of its threads wait, QGIS's event loop too: a second for torch's, 0.1 s
for OpenCV's. Loaded by the system before, in a call that leaves Python to the others, it is there when Python asks.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_LIBRARIES = {"torch": "lib/libtorch_python.*", "cv2": "cv2.*"}  # files in the package's folder

_left_alone = False  # gc.get_freeze_count() tells it too, and goes over all objects for that, 50 ms in QGIS


def leave_alone(yes: bool) -> None:
    """Have the collector of cycles leave alone what is there now, and what is imported from now on; or all as usual."""
    global _left_alone
    _left_alone = yes
    (gc.freeze if yes else gc.unfreeze)()


def import_beside(name: str) -> Any:
    """The module of a name, imported where it is not yet; ImportError where it is not there."""
    if name in sys.modules:
        return importlib.import_module(name)
    if name in _LIBRARIES:
        _load(name)
    with _uncollected():
        return importlib.import_module(name)


def _load(name: str) -> None:
    """Have the system load a package's library; what goes wrong goes wrong once more, and is told, in the import."""
    found = importlib.util.find_spec(name)
    if found is None or os.name != "posix":
        return
    load = ctypes.CDLL(None).dlopen  # called in this way it leaves Python to the others; ctypes.CDLL itself does not
    load.restype = ctypes.c_void_p
    for folder in found.submodule_search_locations or (str(Path(found.origin or "").parent),):
        for path in Path(folder).glob(_LIBRARIES[name]):
            if path.suffix in (".so", ".dylib"):
                load(ctypes.c_char_p(os.fsencode(path)), ctypes.c_int(os.RTLD_LAZY))


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the collector of cycles away: an import makes so many objects that last that it would go over all of them.

    Where it leaves alone what is there already (`leave_alone`), it leaves these alone too.
    """
    used = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if _left_alone:
            gc.freeze()
        if used:
            gc.enable()
