"""Where units are done: in this process, on a local Dask cluster, or on a scheduler that runs already.

Workers need this package and the same file system, nothing else. A worker that dies is started again and its unit
given to another; a scheduler that goes away is waited for, since what is done is in the files.
"""

from __future__ import annotations

import ctypes
import logging
import os
import secrets
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, TypeVar

from ..errors import CancelledError, InputError, MissingPackageError, PlanetaryDtmError
from ..memory import give_back, limited_to
from ..outputs import scratch
from ..progress import Progress, breathe, breathe_during, hearing, silent, tell
from ..version import VERSION
from .cost import resident_mb

T = TypeVar("T")
R = TypeVar("R")

PATIENCE_S = 120.0  # how long a scheduler that went away is waited for
CONNECT_S = 20.0
_TRIES = 20  # deaths of workers a unit may see: they are killed from outside, not by it
_FULL = 0.98  # of its memory, at which a worker is started afresh
_TIDY = 0.9  # of its memory, from which on a worker gives back what a unit has freed
_TICK_S = 0.2
_LOOK_S = 2.0  # between two looks for workers while no unit is done
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
# Freed memory stays with a worker, which soon wants as much again: given back, the system clears it anew for every
# array, a million pages a unit (glibc; other systems ignore these). It falls into pieces: see `_unit`.
KEPT = {f"MALLOC_{name}_": str(1 << 32) for name in ("TRIM_THRESHOLD", "MMAP_THRESHOLD")}
# Dask looks at itself 50 to 100 times a second, which takes 3 % of every worker: a unit takes seconds to minutes.
_SELDOM: dict[str, Any] = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "500ms",
    "distributed.admin.system-monitor.interval": "2s",
    "distributed.worker.memory.monitor-interval": "500ms",
    "distributed.scheduler.worker-saturation": 1.0,  # no unit waits at a busy worker while another is idle
}

CLUSTER_HELP = (
    "Workers on this machine need dask[distributed]; where bokeh is installed too, Dask's dashboard shows the work. "
    "For several machines start a scheduler (dask scheduler) and workers (dask worker), and give its address."
)


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def do_units(
    work: Callable[[T], R],
    units: Sequence[T],
    finished: Callable[[R], None],
    workers: int = 1,
    memory_mb: float = 2000.0,
    scheduler: str = "",
    progress: Progress = silent,
) -> None:
    """Call ``finished(work(unit))`` for every unit, in any order.

    workers: processes of one thread each on this machine (1: this process); scheduler: address of a running Dask
    scheduler instead ("tcp://host:8786"). memory_mb: what the steps of a unit may take here, and a local worker
    before it is started afresh.
    An error of a unit ends the work. Raises `InputError` when a scheduler cannot be reached, `CancelledError` within
    a second of a cancel.
    """
    if not units:
        return
    if workers <= 1 and not scheduler:
        for number, unit in enumerate(units):
            tell(progress, number / len(units), f"Unit {number + 1} of {len(units)}")
            with limited_to(memory_mb):
                result = work(unit)
            finished(result)
        return
    left = dict(enumerate(units))

    def done(number: int, result: R) -> None:
        finished(result)
        del left[number]

    waited, known = time.monotonic(), False
    while left:
        before, held = len(left), float("inf")
        try:
            with _client(workers, memory_mb, scheduler) as (client, stop):
                known, held = True, time.monotonic()
                inside = partial(_unit, work, stop, memory_mb, VERSION)
                _gather(client, inside, left, done, len(units), progress)
        except _ConnectionLost as lost:
            if len(left) < before or time.monotonic() - held > PATIENCE_S:
                waited = time.monotonic()  # the first unit may take hours: that was no waiting
            if not known:
                raise InputError(
                    f"SCHEDULER {scheduler!r} does not answer; start it (dask scheduler) or leave SCHEDULER empty."
                ) from lost
            if not scheduler or time.monotonic() - waited > PATIENCE_S:
                raise InputError(
                    f"The scheduler {scheduler or 'of the local cluster'} went away; start again: what is done is kept."
                ) from lost
            tell(progress, 1 - len(left) / len(units), "Waiting for the scheduler")
            for _ in range(5):
                time.sleep(_TICK_S)
                breathe()


class _ConnectionLost(Exception):
    """The scheduler does not answer."""


def _unit(work: Callable[[T], R], stop: str, memory_mb: float, version: str, unit: T) -> R:
    """What a worker does, whose package must be of the same ``version``; a local one ends as after a cancel once the
    file ``stop`` is there, and gives what it freed back to the system before the next unit might need more than is left
    of its memory."""
    if version != VERSION:
        raise InputError(f"A worker has version {VERSION} of this package, here is {version}; install one on all.")
    if not stop:
        _keep_freed()
        try:
            return work(unit)
        finally:
            give_back()  # Dask pauses a worker that holds much

    def goes_on(fraction: float, message: str = "") -> bool:
        return not os.path.exists(stop)

    try:
        with hearing(goes_on), limited_to(memory_mb):
            result = work(unit)
    except CancelledError:
        if goes_on(0.0):
            raise
        os._exit(0)  # nothing of the unit is left; to take its libraries down would keep everybody for half a second
    if resident_mb() > _TIDY * memory_mb:
        give_back()
    return result


@lru_cache(maxsize=1)
def _keep_freed() -> None:
    """Do as `KEPT` in a worker that was started elsewhere: Dask has it give back every array at once, which makes a
    unit cost half as much again."""
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):  # another C library
            for option in (-1, -3):  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD
                ctypes.CDLL(None).mallopt(option, 1 << 30)


def _gather(
    client: Any,
    work: Callable[[T], R],
    left: dict[int, T],
    done: Callable[[int, R], None],
    total: int,
    progress: Progress,
) -> None:
    futures = {client.submit(work, unit, pure=False, retries=0): number for number, unit in left.items()}
    deaths: Counter[int] = Counter()
    alone, looked = False, time.monotonic()
    try:
        while futures:
            fraction, place = 1 - len(left) / total, client.scheduler.address
            if alone:
                tell(progress, fraction, f"The scheduler has no workers; start some: dask worker {place}")
            else:
                tell(progress, fraction, f"Unit {total - len(left) + 1} of {total}")
            if client.status != "running" or any(future.status in ("lost", "cancelled") for future in futures):
                raise _ConnectionLost()
            ready = [future for future in futures if future.done()]
            if ready:
                alone, looked = False, time.monotonic()
            else:
                time.sleep(_TICK_S)
                if time.monotonic() - looked > _LOOK_S:
                    alone, looked = _without_workers(client), time.monotonic()
            for future in ready:
                if future.status == "error":
                    error = future.exception(timeout=10)
                    number = futures[future]
                    deaths[number] += 1
                    # Schedulers started elsewhere give a unit up after fewer deaths of its workers than we do.
                    if type(error).__name__ == "KilledWorker" and deaths[number] < _TRIES:
                        del futures[future]
                        futures[client.submit(work, left[number], pure=False, retries=0)] = number
                        continue
                    if isinstance(error, PlanetaryDtmError):
                        raise error
                    raise InputError(f"A worker failed on a unit ({type(error).__name__}: {error}); start again.")
                done(futures.pop(future), future.result(timeout=60))
    except OSError as error:  # Dask's own errors of connections are OSErrors, ours never
        raise _ConnectionLost() from error


def _without_workers(client: Any) -> bool:
    """Whether the scheduler has nobody to give units to: they would be waited for without an end."""
    with suppress(OSError, *_timeouts()):
        return not client.sync(client.scheduler.ncores, callback_timeout=_TICK_S)
    return False


@contextmanager
def _client(workers: int, memory_mb: float, scheduler: str) -> Iterator[tuple[Any, str]]:
    """A client, and the file that tells local workers to stop; it is there from an error, or a cancel, on."""
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise MissingPackageError("dask[distributed]", "Work in several processes") from error
    settings = {
        "distributed.scheduler.allowed-failures": _TRIES,
        "distributed.nanny.environ": ONE_THREAD,
        "distributed.nanny.pre-spawn-environ": {**ONE_THREAD, **KEPT},
        "distributed.comm.timeouts.connect": "20s",
        # A unit keeps nothing in Dask's hands that could be spilled; pausing would only wait for ever.
        **{f"distributed.worker.memory.{name}": False for name in ("target", "spill", "pause")},
        "distributed.worker.memory.terminate": _FULL,
        "distributed.scheduler.worker-ttl": None,  # a machine that slept is no reason to give units away
        "distributed.admin.log-length": 0,
        **_SELDOM,
        "logging.distributed": "critical",
    }
    for name in ("distributed", "distributed.client"):  # what is lost is told in our own words
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with dask.config.set(settings):
        if scheduler:
            try:
                client = _started(lambda _: Client(scheduler, timeout=CONNECT_S, set_as_default=False))
            except (OSError, ValueError, *_timeouts()) as error:
                raise _ConnectionLost() from error
            try:
                yield client, ""
            finally:
                client.close(timeout=0.5)  # one that does not answer any more knows all the same
            return

        def start(folders: list[Path]) -> Any:
            with _scratch() as folder, _python_of_workers():
                folders.append(folder)
                return LocalCluster(
                    n_workers=workers,
                    threads_per_worker=1,
                    processes=True,
                    memory_limit=f"{memory_mb:.0f}MB",
                    dashboard_address="127.0.0.1:0",  # Dask's own picture of the work, where bokeh is installed
                    silence_logs="CRITICAL",
                )

        cluster = _started(start)
        client = Client(cluster, set_as_default=False)
        stop = Path(tempfile.gettempdir(), f"planetary_dtm_stop_{os.getpid()}_{secrets.token_hex(4)}")
        try:
            yield client, str(stop)
        except BaseException:
            with suppress(OSError):
                stop.touch()
            raise
        finally:
            with suppress(OSError, *_timeouts()):  # whatever is left of it ends with this process
                client.close(timeout=2)
                cluster.close(timeout=5)
            stop.unlink(missing_ok=True)


def _started(start: Callable[[list[Path]], Any]) -> Any:
    """A cluster, whose workers take a second or two to come up, or a client, whose scheduler may not answer; after a
    cancel it is closed as soon as it is there.

    start: puts the folder of its temporary files into the list.
    """
    lock, given_up = threading.Lock(), threading.Event()
    made: list[Any] = []
    folders: list[Path] = []

    def begin() -> None:
        cluster = start(folders)
        with lock:
            made.append(cluster)
            late = given_up.is_set()
        if late:
            cluster.close(timeout=5)

    try:
        breathe_during(begin)
    except BaseException:
        with lock:
            given_up.set()
            there = list(made)
        for cluster in there:
            cluster.close(timeout=5)
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    return made[0]


@contextmanager
def _scratch() -> Iterator[Path]:
    """Dask's own files in a folder that goes with the cluster."""
    import dask

    with scratch("planetary_dtm_") as folder, dask.config.set({"temporary-directory": str(folder)}):
        yield folder


def _timeouts() -> tuple[type[Exception], type[Exception]]:
    """Two classes before Python 3.11; asyncio takes its time to load."""
    import asyncio

    return TimeoutError, asyncio.TimeoutError


@contextmanager
def _python_of_workers() -> Iterator[None]:
    """Inside QGIS on Windows and macOS, `sys.executable` is QGIS itself: new processes take the Python beside it."""
    import multiprocessing.spawn as spawn

    usual = spawn.get_executable()
    if Path(sys.executable).stem.lower().startswith("qgis"):
        names = ("python3.exe", "python.exe") if os.name == "nt" else ("bin/python3",)
        found = next((Path(sys.exec_prefix, name) for name in names if Path(sys.exec_prefix, name).exists()), None)
        if found is None:
            raise InputError("No Python interpreter was found beside QGIS to start workers with; set WORKERS to 1.")
        spawn.set_executable(str(found))
    try:
        yield
    finally:
        spawn.set_executable(usual)
