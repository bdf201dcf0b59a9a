"""A step works in the background without keeping Python from the map and the docks.

Python changes threads when one has waited for 5 ms, and each call into QGIS or Qt lets go of it: a signal's handler in
the main thread with fifty such calls would wait for a quarter of a second beside a busy step. And its collector of
cycles goes over all objects of QGIS, 200,000 and more, whenever a step (or matplotlib, when it is loaded) has made
many: all threads wait meanwhile.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ..core.imports import leave_alone

TURN_S = 0.0002
_lock = threading.Lock()
_working = 0
_usual = 0.0
_frozen = False


@contextmanager
def short_turns() -> Iterator[None]:
    """Change threads twenty-five times as often in here, and collect among what was made in here alone.

    All is as before when the last step has ended.
    """
    with _lock:
        _begin()
    try:
        yield
    finally:
        with _lock:
            _end()


def _begin() -> None:
    global _working, _usual, _frozen
    _working += 1
    if _working == 1:
        _usual = sys.getswitchinterval()
        sys.setswitchinterval(min(TURN_S, _usual))
        _frozen = gc.get_freeze_count() == 0  # else others have their own plans with it
        if _frozen:
            leave_alone(True)


def _end() -> None:
    global _working
    _working -= 1
    if _working == 0:
        sys.setswitchinterval(_usual)
        if _frozen:
            leave_alone(False)
