"""Files opened in the program that the user has chosen for them."""

from __future__ import annotations

import shutil
import subprocess
import sys

from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtGui import QDesktopServices

_opened: list[subprocess.Popen[bytes]] = []  # those that may not have ended


def open_file(path: str) -> None:
    """Open a file, a report in the browser for example.

    On Linux by the program that Qt takes too; but Qt copies the whole of QGIS for it, twice, and waits 0.1 s and more.
    """
    opener = shutil.which("xdg-open") if sys.platform.startswith("linux") else None
    if opener is None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(path))
        return
    nothing = subprocess.DEVNULL
    _opened[:] = [earlier for earlier in _opened if earlier.poll() is None]
    _opened.append(
        subprocess.Popen([opener, path], stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True)
    )
