"""A progress bar on a terminal; silent when standard error is not one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import TracebackType


class TerminalProgress:
    """A `core.progress.Progress` that draws one line and rewrites it; answers False once it is ``cancelled``."""

    def __init__(self, title: str, cancelled: Callable[[], bool] = lambda: False) -> None:
        self._cancelled = cancelled
        self._title, self._shown, self._drawn = title, "", sys.stderr.isatty()

    def __enter__(self) -> TerminalProgress:
        return self

    def __call__(self, fraction: float, message: str = "") -> bool:
        if self._drawn:
            filled = int(30 * fraction)
            line = f"{self._title} [{'#' * filled}{'.' * (30 - filled)}] {fraction:4.0%} {message}"[:110]
            if line != self._shown:
                sys.stderr.write("\r" + line.ljust(len(self._shown)))
                sys.stderr.flush()
                self._shown = line
        return not self._cancelled()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown:
            sys.stderr.write("\n")
