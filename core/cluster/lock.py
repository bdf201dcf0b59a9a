"""One process at a time works in a folder of parts; the system frees the lock of a process that dies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from ..errors import InputError

NAME = "lock"


@contextmanager
def sole_worker(folder: Path, output: str) -> Iterator[None]:
    """Hold ``folder`` (made where it is missing) for this process.

    Raises `InputError` that names ``output`` where another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / NAME).open("a+b") as file:
        if not _locked(file) or not _in_place(file, folder / NAME):
            raise InputError(
                f"Output {output!r} is being made by another process; wait for it, or give another output."
            )
        yield


def _locked(file: IO[bytes]) -> bool:
    with suppress(OSError):
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _in_place(file: IO[bytes], path: Path) -> bool:
    """Whether the file still has its name: the process before may have cleared the folder meanwhile."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except OSError:
        return False
