"""What a unit of work costs: time, memory, and bytes through the file system."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """Wall and CPU seconds; the largest memory of the process so far (MB); MB read and written, the cache's included
    (memory and bytes are 0 where the system does not tell them)."""

    seconds: float = 0.0
    cpu_s: float = 0.0
    peak_mb: float = 0.0
    read_mb: float = 0.0
    written_mb: float = 0.0


class Meter:
    """Started when made; ``cost()`` says what this process took since then."""

    def __init__(self) -> None:
        self._started = time.monotonic(), time.process_time(), _bytes()

    def cost(self) -> Cost:
        wall, cpu, (read, written) = self._started
        now = _bytes()
        return Cost(
            round(time.monotonic() - wall, 3),
            round(time.process_time() - cpu, 3),
            round(peak_mb(), 1),
            round((now[0] - read) / 1e6, 3),
            round((now[1] - written) / 1e6, 3),
        )


def total(costs: Iterable[Cost]) -> Cost:
    """Sums, and the largest memory."""
    every = list(costs)
    return Cost(
        sum(c.seconds for c in every),
        sum(c.cpu_s for c in every),
        max((c.peak_mb for c in every), default=0.0),
        sum(c.read_mb for c in every),
        sum(c.written_mb for c in every),
    )


def peak_mb() -> float:
    """The largest resident memory of this process so far, MB; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    unit = 1 if sys.platform == "darwin" else 1024
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6)


def resident_mb() -> float:
    """Resident memory of this process now, MB; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _bytes() -> tuple[int, int]:
    try:
        lines = Path("/proc/self/io").read_text().splitlines()
    except OSError:
        return 0, 0
    found = dict(line.split(": ") for line in lines)
    return int(found["rchar"]), int(found["wchar"])
