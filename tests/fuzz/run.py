"""The long run: inputs in a child process with limits on memory and time; what goes wrong is kept and told.

An input goes wrong where the reader ends in anything but `PlanetaryDtmError` of one sentence, takes more than 5 s of
CPU time or 1 GB of address space, opens or shows a file that only the input names, calls a port that it names, or ends
the process.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import mmap
import os
import re
import resource
import select
import shutil
import signal
import socket
import struct
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from osgeo import gdal

from planetary_dtm.core.errors import PlanetaryDtmError

from . import mutate
from .readers import READERS, laid_out, spoiled

SECONDS, MEMORY = 5.0, 1 << 30
LONGEST_MESSAGE = 700  # characters, without what the input itself put in
_SILENT = 120.0  # wall seconds without an input done, with no CPU time used: blocked
_ELSEWHERE = ("etc/passwd", "/dev/zero", "/dev/stdin")


@dataclass
class Tally:
    """What became of the inputs of a reader; ``wrong`` by what went wrong, with the numbers of the inputs."""

    accepted: int = 0
    refused: int = 0
    seconds: float = 0.0
    wrong: dict[str, list[int]] = field(default_factory=dict)

    @property
    def inputs(self) -> int:
        return self.accepted + self.refused + sum(map(len, self.wrong.values()))


def fuzz(reader: str, start: int, count: int, seeds: Path, work: Path, found: Path, tally: Tally) -> None:
    """Give a reader inputs ``start`` to ``start + count``; ``found`` takes the contents of those that go wrong."""
    work.mkdir(parents=True, exist_ok=True)
    work.with_name("outside.bin").write_bytes(mutate.MARK * 1000)
    shared = mmap.mmap(-1, 24)  # number of the input at work, accepted, refused
    index, end = start, start + count
    while index < end:
        shared[:] = struct.pack("qqq", index, 0, 0)
        read, write = os.pipe()
        log = work.with_suffix(".log")
        child = os.fork()
        if child == 0:
            os.close(read)
            _child(reader, index, end, seeds, work, shared, write, log)
        os.close(write)
        reports, status, used = _watched(child, read, shared)
        index, accepted, refused = struct.unpack("qqq", shared[:])
        tally.accepted += accepted
        tally.refused += refused
        tally.seconds += used
        if status:
            reports.append((_how(status, log), index))
            index += 1
        for what, number in reports:
            _keep(reader, what, number, seeds, found, tally, log)
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)


def prepared(reader: str, index: int, seeds: Path, work: Path) -> Path:
    """Lay out input ``index`` and what is beside it; returns the file to read."""
    return laid_out(reader, seeds, work, *spoiled(reader, seeds, index))


def _child(
    reader: str, index: int, end: int, seeds: Path, work: Path, shared: mmap.mmap, write: int, log: Path
) -> None:
    """Read inputs until one ends the process; never returns."""
    output = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.setsid()
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    faulthandler.enable(file=output)
    faulthandler.register(signal.SIGPROF, file=output, chain=True)
    warnings.simplefilter("ignore")
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY, now + MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.addaudithook(_refuse_elsewhere)
    waiting = _listening()
    accepted = refused = 0
    for number in range(index, end):
        shared[:] = struct.pack("qqq", number, accepted, refused)
        path = prepared(reader, number, seeds, work)
        (gdal.UseExceptions if number % 2 else gdal.DontUseExceptions)()  # as other plugins leave it
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            what = outcome(reader, path)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        if waiting is not None and select.select([waiting], [], [], 0)[0]:
            waiting.accept()[0].close()
            what = "called over the network"
        accepted, refused = accepted + (what == "accepted"), refused + (what == "refused")
        if what not in ("accepted", "refused"):
            os.write(write, json.dumps([what, number]).encode() + b"\n")
    shared[:] = struct.pack("qqq", end, accepted, refused)
    os._exit(0)


def _listening() -> socket.socket | None:
    """The port that inputs name; None where another run has it."""
    with contextlib.suppress(OSError):
        return socket.create_server(("127.0.0.1", mutate.CALLED))
    return None


def outcome(reader: str, path: Path) -> str:
    """Read a file: "accepted", "refused", or in one line what went wrong."""
    try:
        READERS[reader].read(path)
    except PlanetaryDtmError as error:
        return _judged(str(error))
    except BaseException as error:
        own = [
            f
            for f in traceback.extract_tb(error.__traceback__)
            if "planetary_dtm" in f.filename or "/core/" in f.filename
        ]
        last = own[-1] if own else None
        where = f"{Path(last.filename).name}:{last.lineno} {last.name}" if last else "?"
        return f"{type(error).__name__} at {where}: {re.sub(r'[^ -~]', '?', str(error))[:160]}"
    return "accepted"


def _judged(message: str) -> str:
    if not message.strip():
        return "message: empty"
    if any(ord(letter) < 32 for letter in message):
        return "message: control characters: " + ascii(message)[:300]
    if len(message) > LONGEST_MESSAGE:
        return f"message: {len(message)} characters: " + ascii(message)[:100]
    return "refused"


def _refuse_elsewhere(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and isinstance(arguments[0], (str, bytes)):
        name = os.fsdecode(arguments[0])
        looking = sys._getframe(1).f_code.co_filename.endswith("hidden_sources.py")  # whether what is named may be read
        if name.endswith(_ELSEWHERE) and not looking:
            raise AssertionError(f"opened {name}")


def _watched(child: int, read: int, shared: mmap.mmap) -> tuple[list[tuple[str, int]], int, float]:
    """Wait for a child; a blocked one is killed. Its reports, wait status and CPU seconds."""
    before, since = (-1, -1), time.monotonic()
    while True:
        done, status, usage = os.wait4(child, os.WNOHANG)
        if done:
            break
        state = struct.unpack("q", shared[:8])[0], _ticks(child)
        if state != before:
            before, since = state, time.monotonic()
        elif time.monotonic() - since > _SILENT:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.1)
    text = b""
    while piece := os.read(read, 1 << 16):
        text += piece
    os.close(read)
    return [tuple(json.loads(line)) for line in text.splitlines()], status, usage.ru_utime + usage.ru_stime


def _ticks(child: int) -> int:
    fields = Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def _how(status: int, log: Path) -> str:
    """What ended a child, with the innermost line of the package in its dump."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    where = next((line.strip() for line in lines if "/core/" in line), "")
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    kind = {signal.SIGPROF: f"hang over {SECONDS:g} s", signal.SIGKILL: "blocked"}.get(
        number, f"ended by signal {number}"
    )
    return f"{kind} at {where}" if number else f"exit status {os.WEXITSTATUS(status)} at {where}"


def _keep(reader: str, what: str, number: int, seeds: Path, found: Path, tally: Tally, log: Path) -> None:
    tally.wrong.setdefault(what, []).append(number)
    if len(tally.wrong[what]) <= 3:
        found.mkdir(parents=True, exist_ok=True)
        name, content = spoiled(reader, seeds, number)
        stem = found / f"{reader.replace(' ', '-')}-{number}"
        stem.with_suffix(Path(name).suffix).write_bytes(content)
        stem.with_suffix(".txt").write_text(
            f"{what}\n\n{log.read_text(errors='replace')[:3000] if log.exists() else ''}"
        )


def rounds(names: list[str], count: int, first: int, piece: int) -> Iterator[tuple[str, int, int]]:
    """(reader, start, count) pieces: each round goes through all readers, each by its share of ``count`` inputs."""
    whole = sum(READERS[name].share for name in names)
    quota = {name: round(count * READERS[name].share / whole) for name in names}
    turns = max(1, -(-count // piece))
    for turn in range(turns):
        for name in names:
            start, end = (first + quota[name] * t // turns for t in (turn, turn + 1))
            if end > start:
                yield name, start, end - start


def summary(tallies: dict[str, Tally]) -> str:
    """A table of what became of the inputs, and what went wrong."""
    lines = [f"{'reader':20}{'inputs':>9}{'accepted':>10}{'refused':>9}{'wrong':>7}{'CPU s':>8}"]
    total: Counter[str] = Counter()
    for name, tally in tallies.items():
        wrong = sum(map(len, tally.wrong.values()))
        lines.append(f"{name:20}{tally.inputs:9}{tally.accepted:10}{tally.refused:9}{wrong:7}{tally.seconds:8.0f}")
        total.update(inputs=tally.inputs, accepted=tally.accepted, refused=tally.refused, wrong=wrong)
        total["seconds"] += round(tally.seconds)
    lines.append(
        f"{'all':20}"
        + "".join(
            f"{total[key]:{width}}"
            for key, width in zip(("inputs", "accepted", "refused", "wrong", "seconds"), (9, 10, 9, 7, 8))
        )
    )
    for name, tally in tallies.items():
        lines += [f"{name}: {what} ({len(numbers)}; {numbers[:3]})" for what, numbers in tally.wrong.items()]
    return "\n".join(lines)
