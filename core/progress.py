"""One protocol for progress and cancel: ``progress(fraction, message) -> continue?``.

Everything long takes such a callable; core knows nothing more of its host (a QGIS feedback, a
terminal bar, a test).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from types import CodeType, FrameType
from typing import Any, TypeVar

from .errors import CancelledError

Progress = Callable[[float, str], bool]
T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])
_callbacks: set[CodeType] = set()


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
