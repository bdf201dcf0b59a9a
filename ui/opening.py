"""Files opened in the program that the user has chosen for them."""

from __future__ import annotations

import os
import shutil
import sys

from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtGui import QDesktopServices

_opened: list[int] = []  # process numbers of those that may not have ended


def open_file(path: str) -> None:
    """Open a file, a report in the browser for example.

    On Linux by the program that Qt takes too; but Qt copies the whole of QGIS for it, twice, and waits 0.1 s and more.
    """
    opener = shutil.which("xdg-open") if sys.platform.startswith("linux") else None
    if opener is None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(path))
        return
    _opened[:] = filter(_runs, _opened)
    silent = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)]
    _opened.append(os.posix_spawn(opener, [opener, path], os.environ, file_actions=silent, setsid=True))


def _runs(number: int) -> bool:
    """Whether a program that was opened still runs; one that has ended is cleared away by being asked."""
    try:
        return os.waitpid(number, os.WNOHANG)[0] == 0
    except ChildProcessError:  # somebody else has asked
        return False
