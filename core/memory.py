"""What a step will take of the machine's memory, said before it begins; more than there is, or than the user allows, is
refused in one sentence."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

import numpy as np

from .errors import InputError, ResourceError
from .progress import Progress, tell

_allowed: ContextVar[float | None] = ContextVar("allowed_mb", default=None)
_TABLE = 3.0  # bytes a byte of text: measured at 7 to 32 MB, of 4 and of 24 columns
_PACKED = 4.0  # text to a byte of gzip
_CGROUP = Path("/sys/fs/cgroup/memory.max")


@contextmanager
def limited_to(megabytes: float | None) -> Iterator[None]:
    """Let the steps inside take no more than so much (MB); None: what the machine has.

    Raises `InputError` for what is no amount of memory.
    """
    if megabytes is not None and not 0 < megabytes < float("inf"):
        raise InputError(f"MEMORY is {megabytes:g} MB; it must be a finite number above 0.")
    token = _allowed.set(megabytes)
    try:
        yield
    finally:
        _allowed.reset(token)


def require_memory(needed_mb: float, what: str, fix: str, progress: Progress) -> None:
    """Tell what ``what`` (a sentence's subject) will take at most; raise `InputError`, with how to mend it (``fix``),
    where that is more than was allowed or than the machine has."""
    allowed = _allowed.get()
    limit = machine_mb() if allowed is None else allowed
    if needed_mb > limit:
        given = "the machine has" if allowed is None else "MEMORY allows"
        raise ResourceError(f"{what} takes up to {needed_mb:,.0f} MB of memory, {given} {limit:,.0f} MB; {fix}.")
    tell(progress, 0.0, f"Takes up to {needed_mb:,.0f} MB of memory")


def whole_mb(width: int, height: int) -> float:
    """What a step takes, MB, that holds a whole raster of heights while it works with them."""
    return 150.0 + 30 * width * height / 1e6


def table_mb(path: str) -> float:
    """What reading a table takes, MB, beside the interpreter; ``path|layername=NAME`` is one too."""
    file = Path(path.partition("|")[0])
    size = file.stat().st_size / 1e6 if file.is_file() else 0.0
    return _TABLE * size * (_PACKED if file.suffix.lower() == ".gz" else 1)


def machine_mb() -> float:
    """Memory of this machine, or of the container, MB; infinite where the system does not tell."""
    try:
        container = float(_CGROUP.read_text())
    except (OSError, ValueError):  # not Linux, or "max"
        container = float("inf")
    return min(container, _physical()) / 1e6


def _physical() -> float:
    if sys.platform == "win32":
        return _windows()
    try:
        return float(os.sysconf("SC_PHYS_PAGES")) * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return float("inf")


def _windows() -> float:
    import ctypes

    class Status(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ulong), ("load", ctypes.c_ulong), ("total", ctypes.c_ulonglong)] + [
            (name, ctypes.c_ulonglong) for name in ("free", "pages", "free_pages", "virtual", "free_virtual", "more")
        ]

    status = Status(length=ctypes.sizeof(Status))
    found = ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))  # type: ignore[attr-defined]
    return float(status.total) if found else float("inf")


def reuse_freed() -> None:
    """Have the C library keep what is freed for the next who asks, as it does once it has freed a block as large: pages
    that the system gives anew take longer than most of what is done in them. `give_back` gives all of it back.

    glibc: M_MMAP_THRESHOLD in mallopt(3), which is dynamic up to 32 MB; nothing is written to the block.
    """
    if sys.platform == "linux":
        np.empty(30 << 20, np.uint8)


def give_back() -> None:
    """Give freed memory back to the system, that of ended threads too, where the C library can."""
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):  # another C library
            ctypes.CDLL(None).malloc_trim(0)
