"""One protocol for progress and cancel: ``progress(fraction, message) -> continue?``.

Everything long takes such a callable; core knows nothing more of its host (a QGIS feedback, a
terminal bar, a test).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from types import CodeType, FrameType
from typing import Any, TypeVar

from .errors import CancelledError

Progress = Callable[[float, str], bool]
T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])
_callbacks: set[CodeType] = set()
# Rows that a thread may hold as lists at once: more (from 700 on) wake Python's collector of cycles, which in the end
# goes over all objects of QGIS and holds the map meanwhile.
FEW_ROWS = 500
_PATIENCE_S = 0.05  # between two questions of `breathe`


def silent(fraction: float, message: str = "") -> bool:
    """Report nothing, never cancel."""
    return True


def tell(progress: Progress, fraction: float, message: str = "") -> None:
    """Report ``fraction`` in 0..1; raise `CancelledError` when the host answers False."""
    if not progress(min(max(float(fraction), 0.0), 1.0), message):
        raise CancelledError()


def part(progress: Progress, start: float, stop: float) -> Progress:
    """A progress for one stage that fills ``start``..``stop`` of the whole."""

    def inner(fraction: float, message: str = "") -> bool:
        return progress(start + (stop - start) * min(max(fraction, 0.0), 1.0), message)

    return inner


def each(items: Iterable[T], progress: Progress, total: int, message: str = "") -> Iterator[T]:
    """Iterate with a report before every item."""
    for index, item in enumerate(items):
        tell(progress, index / max(total, 1), message)
        yield item
    tell(progress, 1.0, message)


class _Hearing:
    """A step's progress, with what was told last."""

    def __init__(self, progress: Progress, fraction: float = 0.0) -> None:
        self._progress, self._last = progress, (fraction, "")
        self.asked = time.monotonic()

    def __call__(self, fraction: float, message: str = "") -> bool:
        self._last, self.asked = (fraction, message), time.monotonic()
        return self._progress(fraction, message)

    def again(self) -> bool:
        return self(*self._last)


_hearing: ContextVar[_Hearing | None] = ContextVar("hearing", default=None)


def heard(run: Callable[..., T]) -> Callable[..., T]:
    """Let `breathe` ask the ``progress`` that ``run`` is called with, wherever it is called below."""

    @wraps(run)
    def listening(*, progress: Progress = silent, **given: Any) -> T:
        if progress is silent:
            return run(progress=progress, **given)
        with hearing(progress) as asked:
            return run(progress=asked, **given)

    return listening


@contextmanager
def hearing(progress: Progress, fraction: float = 0.0) -> Iterator[Progress]:
    """Let `breathe` ask ``progress`` in here, at ``fraction`` until another is told."""
    asked = _Hearing(progress, fraction)
    token = _hearing.set(asked)
    try:
        yield asked
    finally:
        _hearing.reset(token)


def within() -> Progress:
    """A progress for a step within the one under way: what it tells is kept back, a cancel of that one is heard."""
    outer = _hearing.get()
    if outer is None:
        return silent

    def hears(fraction: float, message: str = "") -> bool:
        return time.monotonic() - outer.asked <= _PATIENCE_S or outer.again()

    return hears


def breathe() -> None:
    """Ask again whether to go on, in long work that no progress reaches; raise `CancelledError` where not.

    Cheap enough for every turn of a loop; does nothing outside of a step, and in threads that a step has started.
    """
    asked = _hearing.get()
    if asked is not None and time.monotonic() - asked.asked > _PATIENCE_S and not asked.again():
        raise CancelledError()


def breathe_during(work: Callable[[], T]) -> T:
    """Do ``work`` in a thread of its own and breathe meanwhile: for what has no moments of its own, such as an import.

    After a cancel it runs on to its end, and nobody waits for it.
    """
    if _hearing.get() is None:
        return work()
    made: list[T] = []
    failed: list[BaseException] = []

    def guarded() -> None:
        try:
            made.append(work())
        except BaseException as error:  # handed on below
            failed.append(error)

    running = threading.Thread(target=guarded, daemon=True)
    running.start()
    while running.is_alive():
        running.join(_PATIENCE_S)
        breathe()
    if failed:
        raise failed.pop()  # this frame is in its traceback
    return made[0]


@contextmanager
def unheard() -> Iterator[None]:
    """Let nothing below hear a cancel: what keeps finished work goes through to its end."""
    token = _hearing.set(None)
    try:
        yield
    finally:
        _hearing.reset(token)


def breathing(items: Iterable[T]) -> Iterator[T]:
    """The items, with a breath before each."""
    for item in items:
        breathe()
        yield item


def called_by_c(function: F) -> F:
    """Mark a function that a C library calls: an exception raised in it would be lost there."""
    _callbacks.add(function.__code__)
    return function


def is_called_by_c(frame: FrameType | None) -> bool:
    """Whether a marked function runs in ``frame`` or above it."""
    while frame is not None:
        if frame.f_code in _callbacks:
            return True
        frame = frame.f_back
    return False
