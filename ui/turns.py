"""Turns of the event loop: long work of the main thread in pieces, between which the map and the docks answer."""

from __future__ import annotations

from collections.abc import Callable

from qgis.PyQt.QtCore import QObject, QTimer

_TURN_MS = 10  # what waits meanwhile, clicks and drawing, comes first


def later(owner: QObject, do: Callable[[], None]) -> None:
    """Do something in a turn of its own, unless ``owner`` is gone by then."""
    timer = QTimer(owner)
    timer.setSingleShot(True)
    timer.timeout.connect(do)
    timer.timeout.connect(timer.deleteLater)
    timer.start(_TURN_MS)


def in_turns(owner: QObject, *work: Callable[[], None]) -> None:
    """Do several things one after the other, each as `later` does one."""
    if work:
        first, *rest = work

        def turn() -> None:
            first()
            in_turns(owner, *rest)

        later(owner, turn)
