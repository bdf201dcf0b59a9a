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
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from ..core.imports import leave_alone
from ..core.memory import give_back

T = TypeVar("T")
TURN_S = 0.0002
_END_S = 0.001  # between looks whether a thread that has done its work is gone
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


def in_own_thread(work: Callable[[], T]) -> T:
    """Do a worker's work in a thread that ends with it, and wait for it.

    QGIS's workers come back with another state of Python in the same thread. A library made with pybind11 (in SciPy and
    matplotlib) that is loaded there keeps the first one, and ends QGIS when it meets the next, since Python 3.12.
    """
    if threading.get_ident() == threading.main_thread().ident:
        return work()
    made: list[T] = []
    failed: list[BaseException] = []
    done = threading.Event()

    def guarded() -> None:
        try:
            made.append(work())
        except BaseException as error:  # handed on below
            failed.append(error)
        finally:
            done.set()

    # To ask for the current thread, as current_thread, join and a Thread without `daemon` do, would list QGIS's worker
    # among Python's threads for good.
    running = threading.Thread(target=guarded, daemon=False)
    running.start()
    done.wait()
    while running.is_alive():
        time.sleep(_END_S)
    give_back()  # each thread has memory of its own, in which the next one does not look for what was freed
    if failed:
        # Taken out of the list: this frame, which the error's traceback keeps, would keep the error, and both the files
        # that the work had open, until Python next collects; QGIS may have ended GDAL by then, and the process with it.
        raise failed.pop()
    return made[0]


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
