"""Ctrl-C and SIGTERM cancel a command as QGIS's Cancel does: the next call of progress answers False.

Where progress is not asked for a while, KeyboardInterrupt breaks in. It must not in a callback of a C library, which
would take it for a failure of its own; what is told there answers False anyway (see `core.progress.called_by_c`).
"""

from __future__ import annotations

import _thread
import signal
import threading
from types import FrameType, TracebackType
from typing import Any

from ..progress import is_called_by_c

GRACE_S = 0.3


class Interrupts:
    """While open, `asked` says whether the user wants to stop. Only the main thread may open it; others do without."""

    def __init__(self) -> None:
        self.asked = False
        self._heard = False
        self._before: dict[int, Any] = {}
        self._timer: threading.Timer | None = None

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.heard()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def heard(self) -> bool:
        """Whether the user wants to stop; if so, nothing breaks in any more while files are put away."""
        if self.asked:
            self._heard = True
            if self._timer is not None:
                self._timer.cancel()
        return self.asked

    def _note(self, number: int, frame: FrameType | None) -> None:
        first, self.asked = not self.asked, True
        if self._heard:
            return
        if first or is_called_by_c(frame):
            self._timer = threading.Timer(GRACE_S, _thread.interrupt_main)
            self._timer.daemon = True
            self._timer.start()
            return
        self._heard = True
        raise KeyboardInterrupt
