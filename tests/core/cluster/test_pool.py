"""Units done in processes: all of them, once recorded each, also when workers die; errors come as one sentence."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from planetary_dtm.core.cluster import pool
from planetary_dtm.core.cluster.cost import resident_mb
from planetary_dtm.core.cluster.pool import do_units
from planetary_dtm.core.errors import CancelledError, InputError
from planetary_dtm.core.memory import require_memory
from planetary_dtm.core.progress import breathe, hearing, silent

pytest.importorskip("distributed")
# Dask leaves sockets and loops to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore")


def square(number):
    return number, number**2


def rest(seconds):
    """CPU seconds of the process while it sleeps."""
    before = time.process_time()
    time.sleep(seconds)
    return time.process_time() - before


def fill(memory_mb):
    """Resident memory at first, MB; then as much of it is taken as a worker may have, and freed."""
    before = resident_mb()
    pieces = [np.ones(125_000) for _ in range(int(memory_mb - before))]
    del pieces
    return before


def refuse(number):
    raise InputError(f"Unit {number} is bad; leave it out.")


def die_once(folder):
    """Kills its own process, as the kernel does when memory runs out, unless another worker did before."""
    mark = Path(folder) / "died"
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return folder


def breathe_on(folder):
    """Works for ever, and leaves a mark when it hears a cancel."""
    Path(folder, "begun").touch()
    try:
        while True:
            breathe()
            time.sleep(0.01)
    except CancelledError:
        Path(folder, "heard").touch()
        raise


def test_units_in_this_process_and_in_two_are_the_same():
    alone, together = [], []
    do_units(square, range(7), alone.append, workers=1)
    do_units(square, range(7), together.append, workers=2)
    assert sorted(together) == alone == [(n, n * n) for n in range(7)]


def test_a_worker_that_waits_takes_next_to_nothing():
    """Dask at its own settings looks at itself so often that this takes 0.08 s."""
    found = []
    do_units(rest, [3.0, 3.0], found.append, workers=2)
    assert len(found) == 2 and max(found) < 0.04


def test_workers_hear_a_cancel_within_their_units(tmp_path):
    with pytest.raises(CancelledError):
        do_units(breathe_on, [tmp_path], list, workers=2, progress=lambda *_: not Path(tmp_path, "begun").exists())
    assert Path(tmp_path, "heard").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_a_worker_near_its_memory_gives_back_what_a_unit_freed():
    found = []
    do_units(fill, [940.0] * 5, found.append, workers=2, memory_mb=1000)
    assert len(found) == 5 and np.median(found) < 400


ELSEWHERE = """
import resource
import numpy as np
from planetary_dtm.core.cluster import pool
from planetary_dtm.core.cluster.cost import resident_mb
from planetary_dtm.core.version import VERSION

def work(rounds):
    for _ in range(rounds):
        pieces = [np.ones(125_000) for _ in range(100)]
        del pieces
    return resident_mb()

before = resident_mb(), resource.getrusage(resource.RUSAGE_SELF).ru_minflt
held = pool._unit(work, "", 1000.0, VERSION, 20)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before[1], held - before[0], resident_mb() - before[0])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_a_worker_started_elsewhere_keeps_what_is_freed_until_its_unit_is_done():
    """Dask lets its workers give every array back at once; the system clears 25,000 pages a round again."""
    usual = {**os.environ, "MALLOC_TRIM_THRESHOLD_": "65536"}
    done = subprocess.run([sys.executable, "-c", ELSEWHERE], env=usual, capture_output=True, text=True, check=True)
    pages, held, after = map(float, done.stdout.split())
    assert pages < 2 * 25_000 and held > 90 and after < 20


def test_a_killed_worker_costs_only_its_unit(tmp_path):
    found = []
    do_units(die_once, [str(tmp_path)], found.append, workers=2)
    assert found == [str(tmp_path)] and (tmp_path / "died").exists()


def test_an_error_of_a_unit_is_told_in_its_own_words():
    with pytest.raises(InputError, match="Unit 3 is bad; leave it out"):
        do_units(refuse, [3], lambda result: None, workers=2)


def test_cancel_ends_the_work():
    with pytest.raises(CancelledError):
        do_units(square, range(7), lambda result: None, workers=2, progress=lambda fraction, message="": False)


def test_a_scheduler_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setattr(pool, "CONNECT_S", 2.0)
    with pytest.raises(InputError, match=r"tcp://127\.0\.0\.1:9.*does not answer"):
        do_units(square, [1], lambda result: None, scheduler="tcp://127.0.0.1:9")


def test_a_cancel_is_heard_while_a_scheduler_does_not_answer():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address, begun = f"tcp://127.0.0.1:{silent.getsockname()[1]}", time.monotonic()

        def goes_on(fraction, message=""):
            return time.monotonic() - begun < 1.5

        with pytest.raises(CancelledError), hearing(goes_on) as progress:
            do_units(square, [1], list, scheduler=address, progress=progress)
        assert time.monotonic() - begun < 2.5


def test_a_scheduler_without_workers_is_told(monkeypatch):
    """Its units would wait without a word."""
    from distributed import LocalCluster

    monkeypatch.setattr(pool, "_LOOK_S", 0.3)
    said, found = set(), []
    with LocalCluster(n_workers=0, dashboard_address=None, silence_logs="CRITICAL") as cluster:

        def progress(fraction, message=""):
            said.add(message)
            if len(said) == 2:
                cluster.scale(1)
            return True

        do_units(square, [3], found.append, scheduler=cluster.scheduler_address, progress=progress)
    assert found == [(3, 9)]
    assert f"The scheduler has no workers; start some: dask worker {cluster.scheduler_address}" in said


def test_a_worker_of_another_version_is_told():
    """Its code would make other heights."""
    with pytest.raises(InputError, match=r"A worker has version .*, here is 0\.0\.0; install one on all"):
        pool._unit(square, "", 1000.0, "0.0.0", 3)


def test_a_scheduler_that_goes_away_in_a_long_unit_is_waited_for(monkeypatch):
    """Its clock begins when it goes, not with the work: the first unit may take longer than anybody waits."""
    now, lost = [0.0], []

    def gather(client, work, left, done, total, progress):
        now[0] += 3600.0
        lost.append(now[0])
        if len(lost) < 2:
            raise pool._ConnectionLost()
        for number in list(left):
            done(number, work(left[number]))

    monkeypatch.setattr(pool, "_client", lambda *_: nullcontext((None, "")))
    monkeypatch.setattr(pool, "_gather", gather)
    monkeypatch.setattr(pool, "time", SimpleNamespace(monotonic=lambda: now[0], sleep=lambda seconds: None))
    found = []
    do_units(square, [3], found.append, scheduler="tcp://127.0.0.1:9")
    assert found == [(3, 9)] and len(lost) == 2


def test_a_scheduler_that_comes_and_goes_without_a_unit_is_given_up(monkeypatch):
    now = [0.0]

    def gather(*_):
        now[0] += 10.0
        raise pool._ConnectionLost()

    monkeypatch.setattr(pool, "_client", lambda *_: nullcontext((None, "")))
    monkeypatch.setattr(pool, "_gather", gather)
    monkeypatch.setattr(pool, "time", SimpleNamespace(monotonic=lambda: now[0], sleep=lambda seconds: None))
    with pytest.raises(InputError, match="went away; start again"):
        do_units(square, [3], list, scheduler="tcp://127.0.0.1:9")
    assert pool.PATIENCE_S < now[0] < 2 * pool.PATIENCE_S


ORPHANS = """
import os, sys, time
from pathlib import Path
from planetary_dtm.core.cluster.pool import do_units

def busy(folder):
    Path(folder, str(os.getpid())).touch()
    until = time.monotonic() + 300
    while time.monotonic() < until:
        sum(range(1000))

if __name__ == "__main__":
    do_units(busy, [sys.argv[1]] * 2, print, workers=2)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked for in /proc")
def test_workers_end_with_the_process_that_started_them(tmp_path):
    (tmp_path / "main.py").write_text(ORPHANS)
    (marks := tmp_path / "marks").mkdir()
    with subprocess.Popen([sys.executable, str(tmp_path / "main.py"), str(marks)], stderr=subprocess.DEVNULL) as main:
        _wait(lambda: len(list(marks.iterdir())) == 2, 120)
        main.kill()
    working = [int(mark.name) for mark in marks.iterdir()]
    _wait(lambda: not any(_alive(worker) for worker in working), 20)


def _wait(seen, seconds):
    until = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < until
        time.sleep(0.05)


def _alive(process):
    """Whether a process runs still; one that nobody has asked after yet counts as ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def hungry(number):
    require_memory(3000.0, "This unit", "leave it out", silent)


@pytest.mark.parametrize("workers", [1, 2])
def test_steps_of_a_unit_are_kept_to_the_memory_of_a_worker(workers):
    with pytest.raises(InputError, match=r"This unit takes up to 3,000 MB of memory, MEMORY allows 1,000 MB"):
        do_units(hungry, [0], print, workers, memory_mb=1000.0)
