"""A rendered mosaic to terrain by one worker, by two, and by two that are killed with their scheduler; equal bytes?"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ..core.cluster.pool import KEPT, ONE_THREAD
from ..core.errors import InputError
from ..core.progress import Progress, silent, tell
from .data import real_data
from .mosaic_scene import write_scene
from .table import Table, Tables

SIDE = 4000  # pixels of the mosaic
BLOCK = 1024
KILL_EVERY_S = 20.0
SCHEDULER_DIES_S = 45.0
DEM = "moon/gld100/farside_highlands_NE.tif"
# What the pool gives its workers, given to one process too: it is to be as fast as a worker.
_AS_WORKERS = {**ONE_THREAD, **KEPT}


@dataclass(frozen=True)
class Measured:
    """Wall seconds, CPU seconds of all processes, largest worker (MB), MB read and written, SHA-256 of the DTM."""

    seconds: float
    cpu_s: float
    peak_mb: float
    read_mb: float
    written_mb: float
    sha256: str
    kills: int = 0


def run(
    data: str | None = None,
    folder: str | None = None,
    progress: Progress = silent,
    side: int = SIDE,
    block: int = BLOCK,
    cases: Sequence[str] = ("1", "2", "killed"),
) -> Tables:
    """Measure; ``data``: where the GLD100 lies. ``cases``: numbers of workers, and "killed"."""
    place = Path(data) if data else real_data()
    if place is None or not (place / DEM).is_file():
        raise InputError(f"bench mosaic renders {DEM}, which is not there; give --data.")
    header = ("workers", "seconds", "CPU seconds", "MB a worker", "MB read", "MB written", "kills", "SHA-256")
    table = Table(f"A mosaic of {side} x {side} pixels in blocks of {block}, levelled", header)
    found: dict[str, Measured] = {}
    with ExitStack() as stack:
        scratch = Path(folder or stack.enter_context(TemporaryDirectory()))
        tell(progress, 0.0, "Rendering")
        image, coarse = (scratch / f"{name}_{side}.tif" for name in ("image", "coarse"))
        if not (image.exists() and coarse.exists()):
            image, coarse, _ = write_scene(scratch, place / DEM, side)
        for number, case in enumerate(cases):
            tell(progress, (number + 1) / (len(cases) + 1), f"Measuring {case}")
            output = scratch / f"mosaic_{case}.tif"
            command = _command(image, coarse, output, block)
            made = with_kills(command, output) if case == "killed" else measured([*command, "--workers", case], output)
            found[case] = made
            costs = (made.seconds, made.cpu_s, made.peak_mb, made.read_mb, made.written_mb)
            table.rows.append((case, *costs, made.kills, made.sha256[:12]))
    if {"1", "2"} <= found.keys():
        table.notes.append(f"Two workers are {found['1'].seconds / found['2'].seconds:.2f} times as fast as one.")
    equal = len({made.sha256 for made in found.values()}) == 1
    table.notes.append(f"The bytes of the DTMs are {'equal' if equal else 'NOT EQUAL'}.")
    return Tables([table])


def _command(image: Path, coarse: Path, output: Path, block: int) -> list[str]:
    words = [sys.executable, "-m", "planetary_dtm.core.cli", "mosaic", "--input", image, "--reference-dem", coarse]
    return [str(word) for word in (*words, "--block", block, "--output", output)]


def measured(command: list[str], output: Path) -> Measured:
    """Run a command and say what it took."""
    started, before = time.monotonic(), _cpu()
    subprocess.run(command, check=True, env={**os.environ, **_AS_WORKERS}, stdout=subprocess.DEVNULL)
    return _result(output, time.monotonic() - started, _cpu() - before, 0)


def with_kills(command: list[str], output: Path, every_s: float = KILL_EVERY_S) -> Measured:
    """Run a command on a scheduler and two workers of their own; one of them is killed every so often, in turn, and
    the scheduler once. What died is started again, as a batch system does."""
    started, before = time.monotonic(), _cpu()
    with _Cluster() as cluster:
        environment = {**os.environ, **_AS_WORKERS}
        words = [*command, "--scheduler", cluster.address]
        with subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL) as main:
            next_kill, scheduler_dies = every_s, SCHEDULER_DIES_S
            while main.poll() is None:
                time.sleep(0.2)
                passed = time.monotonic() - started
                if passed > next_kill:
                    next_kill += every_s
                    cluster.kill_worker()
                if passed > scheduler_dies:
                    scheduler_dies = float("inf")
                    cluster.kill_scheduler()
                cluster.mend()
            if main.returncode:
                raise InputError(f"The run with kills ended with {main.returncode}.")
    return _result(output, time.monotonic() - started, _cpu() - before, cluster.kills)


@dataclass
class _Cluster:
    """A Dask scheduler and two workers as processes."""

    port: int = 0
    kills: int = 0
    processes: dict[str, Any] = field(default_factory=dict)

    def __enter__(self) -> _Cluster:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.mend()
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    def mend(self) -> None:
        """Start what is not running."""
        scheduler = ["scheduler", "--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard"]
        worker = ["worker", self.address, "--nthreads", "1", "--no-nanny", "--memory-limit", "0", "--no-dashboard"]
        for name, words in (("scheduler", scheduler), ("worker 0", worker), ("worker 1", worker)):
            running = self.processes.get(name)
            if running is None or running.poll() is not None:
                self.processes[name] = subprocess.Popen(
                    [sys.executable, "-m", "dask", *words],
                    env={**os.environ, **_AS_WORKERS},
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )

    def kill_worker(self) -> None:
        self._kill(f"worker {self.kills % 2}")

    def kill_scheduler(self) -> None:
        self._kill("scheduler")

    def _kill(self, name: str) -> None:
        self.processes[name].send_signal(signal.SIGKILL)
        self.processes[name].wait()
        self.kills += 1


def _result(output: Path, seconds: float, cpu_s: float, kills: int) -> Measured:
    lines = output.with_name(f"{output.stem}.manifest.jsonl").read_text().splitlines()[1:]
    costs = [json.loads(line)["cost"] for line in lines]
    sums = (sum(cost[name] for cost in costs) for name in ("read_mb", "written_mb"))
    digest = hashlib.sha256(output.read_bytes()).hexdigest()
    return Measured(seconds, cpu_s, max(cost["peak_mb"] for cost in costs), *sums, digest, kills)


def _cpu() -> float:
    """CPU seconds of all ended children so far."""
    times = os.times()
    return times.children_user + times.children_system
