"""How far a command has come, and what a kill there costs.

What a kill costs is the work that is done twice. It cannot be had from the CPU times of two runs: the same work takes a
tenth more or less of it from one run to the next, with what else the machine does, so that a kill close to the end of
a unit would now and then seem to cost more than the unit. (Wall time is worse, and this machine counts no
instructions.) Hence every run leaves a trail, the CPU times at which it entered the functions of this package, in the
same order each time. It says where a killed run had come to, and when the restart was there again: by one clock, that
of the restart, and so is the unit that the cost is told in.

The interpreter's start and imports are no part of it: commands run in forks of a process that has imported all. What
a command does again before it goes on with its units (inputs' heads, checksums of what it kept, a network built) is: it
is lost with every restart, and told apart as well. A unit is what it takes from a fresh start until it is kept, as the
first one has it anyway. Nor does a restart wait: the lock of a process that died is free (core/cluster/lock.py).
"""

from __future__ import annotations

import itertools
import mmap
import os
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planetary_dtm import core
from planetary_dtm.core.cluster.manifest import Manifest

_COUNT, _KEPT, _MARKS = 0, 1, 2  # slots of the memory: how many steps and units, then the units, then the steps
_UNITS, _STEPS = 1000, 1 << 24  # at most; pages that are never written take no memory
_ROOT = str(Path(core.__file__).parent)
# How often these are entered depends on the clock, or on the files that a killed run left to be removed.
_ELSE = tuple(f"{_ROOT}/{name}" for name in ("progress.py", "cli/terminal.py", "cli/interrupts.py", "outputs.py"))


@dataclass(frozen=True)
class Trail:
    """``moments``: CPU seconds of a run at its start, at each step and at its end; ``marks``: steps after which a unit
    was kept."""

    moments: NDArray[np.float64]
    marks: list[int]

    @property
    def seconds(self) -> float:
        return float(self.moments[-1])

    @property
    def ends(self) -> list[int]:
        """Last steps of all units; what follows the last that is kept is one too."""
        return [*self.marks, len(self.moments) - 1]

    def units(self) -> NDArray[np.float64]:
        """CPU seconds of each unit."""
        return np.diff(self.moments[[0, *self.ends]])


@dataclass(frozen=True)
class Cost:
    """What a kill cost. ``lost``: all that was done twice, in units from a fresh start; ``work``: of that the unit's
    own, in units without the start; ``start``: CPU seconds before the restart came to its unit; ``twice``: units that
    had been kept and were done again."""

    lost: float
    work: float
    start: float
    twice: int


def cost(whole: Trail, killed: Trail, restart: Trail) -> Cost:
    """What a kill cost, by the trails of an undisturbed run, of the one that was killed and of its restart.

    The restart has as many steps left to the end of the unit as the undisturbed run had: that is where it was there
    again. Between two steps, the killed run had not come to the second.
    """
    kept = len(whole.marks) - len(restart.marks)  # units that the restart found done
    starts = [0, *killed.marks, len(killed.moments) - 2]  # the last unit: killed while it was written down
    done = len(killed.moments) - 2 - starts[min(max(kept, 0), len(killed.marks) + 1)]
    length = int(np.diff([0, *whole.ends])[max(kept, 0)])
    end, moments = restart.ends[0], restart.moments
    begin = max(end - length, 0)
    there = min(begin + done, len(moments) - 1)
    on_the_way = killed.moments[-1] - killed.moments[-2]
    if there + 1 < len(moments):
        on_the_way = min(on_the_way, moments[there + 1] - moments[there])
    start, unit, again = moments[begin], moments[end] - moments[begin], moments[there] + on_the_way
    # The first unit of the undisturbed run holds its start: what a restart did before is more than that.
    whole_unit = unit + (start if kept > 0 else 0.0)
    twice = max(len(killed.marks) - kept, 0)
    return Cost(float(again / whole_unit), float((again - start) / unit), float(start), twice)


class Recorder:
    """Memory shared with the child that is forked next, in which it leaves its trail."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 8 * (_MARKS + _UNITS + _STEPS))
        self._slots = memoryview(self._memory).cast("d")

    def start(self) -> None:
        """In the child: record from here on."""
        slots, count, clock = self._slots, itertools.count(1), time.process_time
        known: dict[CodeType, bool] = {}
        keeps = _keeping()

        def entered(frame: FrameType, event: str, _: Any) -> Any:
            code = frame.f_code
            work = known.get(code)
            if work is None:
                work = known[code] = code.co_filename.startswith(_ROOT) and code.co_filename not in _ELSE
            if not work:
                return None
            number = next(count)
            if number < _STEPS:
                slots[_MARKS + _UNITS + number] = clock()
                slots[_COUNT] = number
            if code not in keeps:
                return None
            frame.f_trace_lines = False
            return left

        def left(frame: FrameType, event: str, _: Any) -> Any:
            if event == "return":
                slots[_MARKS + int(slots[_KEPT])] = slots[_COUNT]
                slots[_KEPT] += 1
            return left

        os.register_at_fork(after_in_child=lambda: sys.settrace(None))
        threading.settrace(entered)
        sys.settrace(entered)

    def trail(self, seconds: float) -> Trail:
        """What the child left, after ``seconds`` of CPU time in all."""
        count, kept = (int(self._slots[slot]) for slot in (_COUNT, _KEPT))
        first = _MARKS + _UNITS + 1
        steps = np.frombuffer(self._memory, float, count, 8 * first)
        # Threads enter functions at once: a moment may stand one place off.
        moments = np.maximum.accumulate(np.concatenate([[0.0], steps, [seconds]]))
        marks = [int(self._slots[_MARKS + number]) for number in range(kept)]
        return Trail(moments, marks)


def _keeping() -> set[CodeType]:
    """The functions that keep a unit."""
    found = {Manifest.add.__code__}
    checkpoint = sys.modules.get(f"{core.__name__}.learned.checkpoint")
    return found | {checkpoint.save.__code__} if checkpoint else found
