"""How long the event loop is held, and by whom: a heartbeat in the main thread, and a thread that looks on.

    dog = Watchdog()
    dog.start()
    ...                            # clicks and keys; `with dog.aside():` around waiting of the scenario's own
    dog.stop()
    assert dog.longest().wall < 0.1

Wall time counts what other programs take of the machine, and the CPU time of the main thread does not: a hold that the
plugin makes itself shows in both. `Hold.ours` tells whether the plugin's code was on the main thread's stack meanwhile.
"""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from qgis.PyQt.QtCore import Qt, QTimer

_BEAT = 0.005  # seconds between two beats
_LATE = 0.03  # seconds without a beat after which the stack is looked at
_PLUGIN, _TESTS = "planetary_dtm", "planetary_dtm.tests"


@dataclass(frozen=True)
class Hold:
    """One time without a beat: seconds of the clock and of the main thread's CPU, and what was seen running.

    own: those of the CPU seconds that passed while the plugin was seen, the rest being QGIS's before and after.
    """

    wall: float
    cpu: float
    ours: bool = False
    stack: str = ""
    own: float = 0.0

    def __str__(self) -> str:
        whose = "the plugin" if self.ours else "QGIS"
        cpu, own = 1000 * self.cpu, 1000 * self.own
        told = f"{1000 * self.wall:.0f} ms ({cpu:.0f} ms of CPU, {own:.0f} of them the plugin's own)"
        return f"{told} in {whose}\n{self.stack}".rstrip()


class Watchdog:
    """Collects the holds of the main thread's event loop that are longer than ``least`` seconds."""

    def __init__(self, least: float = _LATE) -> None:
        self.holds: list[Hold] = []
        self._least = least
        self._main = threading.main_thread().ident
        self._clock = time.pthread_getcpuclockid(self._main)
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(int(1000 * _BEAT))
        self._timer.timeout.connect(self._tick)
        self._ended = threading.Event()
        self._aside = 0
        self._seen: tuple[bool, str] = (False, "")
        self._mark()

    def start(self) -> None:
        """Begin to watch; call it in the main thread."""
        self._ended.clear()
        self._mark()
        self._timer.start()
        threading.Thread(target=self._look, daemon=True).start()

    def stop(self) -> None:
        """Leave off; the holds stay."""
        self._timer.stop()
        self._ended.set()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What the main thread waits for in here is the scenario's own doing and does not count."""
        self._tick()
        self._aside += 1
        try:
            yield
        finally:
            self._aside -= 1
            self._mark()

    def longest(self, ours: bool = True) -> Hold:
        """The longest hold of the plugin's, or of anybody's; one of no length where there was none."""
        found = [hold for hold in self.holds if hold.ours or not ours]
        return max(found, key=lambda hold: hold.wall, default=Hold(0.0, 0.0))

    def report(self) -> dict[str, object]:
        """The figures as plain values: the plugin's longest hold, everybody's, and the stacks of the plugin's."""
        mine, any_ = self.longest(), self.longest(ours=False)
        most_cpu = max((hold.cpu for hold in self.holds if hold.ours), default=0.0)
        most_own = max((hold.own for hold in self.holds if hold.ours), default=0.0)
        told = [str(hold) for hold in sorted(self.holds, key=lambda hold: -hold.cpu) if hold.ours][:10]
        return {
            "plugin_wall_s": mine.wall,
            "plugin_cpu_s": most_cpu,
            "plugin_own_cpu_s": most_own,
            "any_wall_s": any_.wall,
            "any": str(any_),
            "plugin": told,
        }

    def _mark(self) -> None:
        self._beat, self._cpu, self._seen = time.monotonic(), time.thread_time(), (False, "")
        self._own, self._looked_at = 0.0, self._cpu

    def _tick(self) -> None:
        wall, cpu = time.monotonic() - self._beat, time.thread_time() - self._cpu
        if wall > self._least and not self._aside:
            rest = self._cpu + cpu - self._looked_at if self._seen[0] else 0.0  # not looked at any more
            self.holds.append(Hold(wall, cpu, *self._seen, self._own + rest))
        self._mark()

    def _look(self) -> None:
        while not self._ended.wait(_BEAT):
            frame = sys._current_frames().get(self._main)
            if self._aside or frame is None:
                continue
            ours, now = _plugins(frame), time.clock_gettime(self._clock)
            if ours:
                self._own += now - self._looked_at
            self._looked_at = now
            if time.monotonic() - self._beat >= _LATE and not self._seen[0]:
                self._seen = (ours, "".join(traceback.format_stack(frame, limit=12)))


def _plugins(frame: FrameType | None) -> bool:
    """Whether the plugin's own code, not its tests, is on a stack."""
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if (name == _PLUGIN or name.startswith(f"{_PLUGIN}.")) and not name.startswith(_TESTS):
            return True
        frame = frame.f_back
    return False
