"""One process at a time works in a folder of parts; the system frees the lock of a process that dies.

Some file systems of clusters know no locks. Work goes on there without: two processes would do the same units twice,
but each file is still written whole and renamed.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from ..errors import InputError
from ..outputs import on_disk_of

NAME = "lock"
_HELD = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)  # what flock says where another process has the lock


@contextmanager
def sole_worker(folder: Path, output: str) -> Iterator[None]:
    """Hold ``folder`` (made where it is missing) for this process.

    Raises `InputError` that names ``output`` where another process holds it, or the folder cannot be made.
    """
    with on_disk_of(output):
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / NAME).open("a+b")
    with file:
        if not _locked(file) or not _in_place(file, folder / NAME):
            raise InputError(
                f"Output {output!r} is being made by another process; wait for it, or give another output."
            )
        yield


def _locked(file: IO[bytes]) -> bool:
    if os.name == "nt":
        import msvcrt

        with suppress(OSError):
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
            return True
        return False
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _HELD
    return True


def _in_place(file: IO[bytes], path: Path) -> bool:
    """Whether the file still has its name: the process before may have cleared the folder meanwhile."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except OSError:
        return False
