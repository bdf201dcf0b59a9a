"""Cancel in every step: how long until it is heard, and whether anything is left behind.

Each step runs once on a sizeable input, on one core, and every call of its progress is noted with the CPU time: the
longest time between two calls is the longest a Cancel can go unheard, whenever it comes. Then it is cancelled at random
moments, as QGIS does it (progress answers False) and as a terminal does it (SIGINT to the command, which has to end
with 130), and what is left in the folder of its outputs and among the temporary files is counted.

    planetary-dtm bench cancel                       # every step
    python -m planetary_dtm.benchmarks.cancel STEP ...   # some of them; --small for small inputs
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from ..core.errors import CancelledError
from ..core.progress import Progress, each, silent
from ..core.steps import STEP_IDS, step
from .cancel_inputs import Inputs
from .table import Table, Tables

LIMIT_S = 1.0
TIMES = 3  # random moments, each way


@dataclass(frozen=True)
class Heard:
    """A whole run: its CPU seconds, the longest between two calls of progress, and what ran then."""

    seconds: float
    longest: float
    where: str


@dataclass(frozen=True)
class Ended:
    """A cancelled run: CPU seconds and seconds from the cancel to its end, its exit code, and the files left."""

    cpu: float
    wall: float
    code: int
    left: tuple[str, ...]


def run(data: str | None = None, folder: str | None = None, progress: Progress = silent) -> Tables:
    """Measure all steps; inputs are made in ``folder`` and used again. ``data`` is not needed."""
    with tempfile.TemporaryDirectory() as scratch:
        return measure(STEP_IDS, Inputs(Path(folder or scratch), large=True), TIMES, progress)


def measure(steps: Iterable[str], inputs: Inputs, times: int, progress: Progress = silent) -> Tables:
    """The table of the steps named."""
    header = ("step", "CPU s", "longest unheard s", "in", "cancelled s", "SIGINT s", "codes", "files left")
    table = Table(f"Cancel, CPU seconds on one core (limit {LIMIT_S:g})", header)
    chosen = list(steps)
    for name in each(chosen, progress, len(chosen), "Measuring"):
        for case, values in inputs.of(name):
            label = f"{name} {case}".strip()
            table.rows.append((label, *_row(name, values, times)))
            print(label, *table.rows[-1][1:], file=sys.stderr, flush=True)
    table.notes.append("cancelled, SIGINT: the longest of some random moments until the step or command had ended.")
    return Tables([table])


def _row(name: str, values: Mapping[str, Any], times: int) -> tuple[Any, ...]:
    whole = heard(name, values)
    rng = np.random.default_rng(0)
    asked = [cancelled(name, values, share * whole.seconds) for share in rng.uniform(0, 0.95, times)]
    signalled = [interrupted(name, values, share * whole.seconds) for share in rng.uniform(0, 0.95, times)]
    left = sorted({Path(path).name for ended in asked + signalled for path in ended.left})
    return (
        whole.seconds,
        whole.longest,
        whole.where,
        max((ended.cpu for ended in asked), default=None),
        max((ended.cpu for ended in signalled), default=None),
        ",".join(str(code) for code in sorted({ended.code for ended in signalled})),
        ", ".join(left) or "none",
    )


def heard(name: str, values: Mapping[str, Any]) -> Heard:
    """Run a step to its end in a process of its own and find the longest time without a call of progress."""
    with tempfile.TemporaryDirectory() as scratch, _process() as process:
        return process.submit(_heard, name, dict(values), scratch).result()


def cancelled(name: str, values: Mapping[str, Any], after: float) -> Ended:
    """Run a step and answer False from ``after`` CPU seconds on."""
    with tempfile.TemporaryDirectory() as scratch, _process() as process:
        return process.submit(_cancelled, name, dict(values), scratch, after).result()


def interrupted(name: str, values: Mapping[str, Any], after: float) -> Ended:
    """Run a command and send it SIGINT after ``after`` CPU seconds (and those of its start)."""
    with tempfile.TemporaryDirectory() as scratch:
        ready = _with_outputs(name, values, scratch)
        command = [sys.executable, "-m", "planetary_dtm.core.cli", name]
        for key, value in ready.items():
            flag = "--" + key.lower().replace("_", "-")
            if isinstance(value, bool):
                command.append(flag if value else f"--no-{flag[2:]}")
            else:
                command += [flag, *(str(part) for part in (value if isinstance(value, (list, tuple)) else [value]))]
        environment = {**os.environ, "TMPDIR": _temporary(scratch), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        running = subprocess.Popen(
            command, env=environment, preexec_fn=_one_core, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        while running.poll() is None and _cpu_of(running.pid) < after + _START_S:
            time.sleep(0.01)
        spent, started = _cpu_of(running.pid), time.monotonic()
        running.send_signal(signal.SIGINT)
        _, told = running.communicate()
        wall = time.monotonic() - started
        after_all = resource.getrusage(resource.RUSAGE_CHILDREN)
        total = sum(getattr(after_all, f) - getattr(before, f) for f in ("ru_utime", "ru_stime"))
        code = running.returncode
        if code == 0:
            return Ended(0.0, 0.0, 0, ())  # it had ended before
        if code != 130 or "Traceback" in told:
            print(f"{name}: exit status {code}: {told[-2000:]}", file=sys.stderr)
        return Ended(total - spent, wall, code, _left(scratch))


def _process() -> ProcessPoolExecutor:
    """A new process, which may start others of its own."""
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"))


_START_S = 0.25  # CPU seconds in which the command line comes up


def _heard(name: str, values: dict[str, Any], scratch: str) -> Heard:
    _one_core()
    longest, where, seen = 0.0, "", Counter[str]()
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(0.02):
            seen[_place(sys._current_frames()[threading.main_thread().ident or 0])] += 1

    def told(fraction: float, message: str = "") -> bool:
        nonlocal longest, where, last
        now = time.process_time()
        if now - last > longest:
            longest, where = now - last, next(iter(seen.most_common(1)), ("",))[0]
        seen.clear()
        last = now
        return True

    chosen, ready = step(name), _with_outputs(name, values, scratch)
    threading.Thread(target=look, daemon=True).start()
    last = first = time.process_time()
    chosen.run(**chosen.checked(ready), progress=told)
    told(1.0)
    ended.set()
    return Heard(last - first, longest, where)


def _place(frame: FrameType | None) -> str:
    """File and line of the innermost frame of this package."""
    while frame is not None and not frame.f_globals.get("__name__", "").startswith("planetary_dtm.core"):
        frame = frame.f_back
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}" if frame else ""


def _cancelled(name: str, values: dict[str, Any], scratch: str, after: float) -> Ended:
    _one_core()
    os.environ["TMPDIR"] = tempfile.tempdir = _temporary(scratch)
    chosen, ready = step(name), _with_outputs(name, values, scratch)
    limit = time.process_time() + after
    asked: list[float] = []

    def watch() -> None:
        while time.process_time() < limit:
            time.sleep(0.005)
        asked.extend((time.monotonic(), time.process_time()))

    threading.Thread(target=watch, daemon=True).start()
    try:
        chosen.run(**chosen.checked(ready), progress=lambda fraction, message="": not asked)
    except CancelledError:
        return Ended(time.process_time() - asked[1], time.monotonic() - asked[0], 130, _left(scratch))
    return Ended(0.0, 0.0, 0, ())  # it had ended before


def _one_core() -> None:
    """Keep this process and its threads on one core: CPU seconds are then what it would take alone on the machine."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def _temporary(scratch: str) -> str:
    folder = Path(scratch) / "temporary"
    folder.mkdir(exist_ok=True)
    return str(folder)


def _with_outputs(name: str, values: Mapping[str, Any], scratch: str) -> dict[str, Any]:
    """The values with a path in the scratch folder for every output file."""
    made = Path(scratch) / "made"
    made.mkdir(exist_ok=True)
    ready = dict(values)
    for output in step(name).outputs:
        if output.kind.name != "NUMBER" and ready.get(output.name, "") is not None:
            suffix = f".{output.extension}" if output.extension else ""
            ready[output.name] = str(made / f"{output.name.lower()}{suffix}")
    return {key: value for key, value in ready.items() if value is not None}


def _left(scratch: str) -> tuple[str, ...]:
    """What a run that did not end has left: files and folders of outputs and temporary ones."""
    found = (path for top in ("made", "temporary") for path in sorted((Path(scratch) / top).glob("*")))
    return tuple(str(path) for path in found if not path.name.startswith("torchinductor"))  # torch's own cache


def _cpu_of(pid: int) -> float:
    """CPU seconds of a process so far (Linux)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return float("inf")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Command line of this module."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("steps", nargs="*", default=STEP_IDS)
    parser.add_argument("--folder", help="where inputs are made and kept")
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--times", type=int, default=TIMES)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        inputs = Inputs(Path(given.folder or scratch), large=not given.small)
        print(measure(given.steps, inputs, given.times).text())


if __name__ == "__main__":
    main()
