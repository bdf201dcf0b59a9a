"""Commands killed at random moments of their run, and started again.

A command runs in a child that is forked where everything is imported, through the command line's entry point. The
moment of the kill is uniform in the CPU time of a whole run, whatever else the machine does.
"""

from __future__ import annotations

import faulthandler
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from planetary_dtm.core.cli import main

from .commands import COMMANDS, Command
from .judges import alike, listing

_HANG = 400.0  # wall seconds after which a child counts as hung
_SLACK = 0.25  # of a unit's CPU time: the same work differs by that from one run to the next on a busy machine


@dataclass(frozen=True)
class Reference:
    """An undisturbed run: the folder of what it made, the names of all in it, its CPU seconds, and those at which
    a unit was kept."""

    folder: Path
    files: list[str]
    seconds: float
    marks: list[float]

    @property
    def largest(self) -> float:
        """CPU seconds of the largest unit; what follows the last that is kept is one too."""
        return float(np.diff([0.0, *self.marks, self.seconds]).max())


@dataclass
class Score:
    """What became of a command's kills. ``lost``: what each cost, in units of work."""

    whole: Reference
    kills: int = 0
    finished: int = 0  # runs that ended before they could be killed
    found: int = 0  # outputs that were whole already
    twice: int = 0  # units that had been kept and were done again
    lost: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


class Kept:
    """Watches the file by which a command tells what it keeps; ``marks``: CPU seconds when a unit was added."""

    def __init__(self, path: Path | None) -> None:
        self._path, self.marks = path, list[float]()
        self._seen = self._stamp()
        self._units = self._counted()

    def look(self, seconds: float) -> None:
        """Note what is new since the last look."""
        if self._path is None or (stamp := self._stamp()) == self._seen:
            return
        before, self._seen, self._units = self._units, stamp, self._counted()
        if self._path.suffix != ".jsonl":  # written anew by each unit
            self.marks += [seconds] * any(stamp)
        else:
            self.marks += [seconds] * max(self._units - before, 0)

    def _stamp(self) -> tuple[int, int]:
        """Time and size of the file; zeros where there is none."""
        try:
            state = os.stat(self._path or "")
        except OSError:
            return 0, 0
        return state.st_mtime_ns, state.st_size

    def _counted(self) -> int:
        """Units in a list, whose first line is its head."""
        try:
            return max((self._path or Path()).read_bytes().count(b"\n") - 1, 0)
        except OSError:  # none yet, or gone with the finished work
            return 0


def run(
    words: list[str], log: Path, stop: Callable[[float], bool] = lambda seconds: False, kept: Kept | None = None
) -> tuple[int, float]:
    """Run a command in a child; it is killed as soon as ``stop(CPU seconds so far)`` says so, and ``kept`` looks on.
    Exit status, negative for a signal, and CPU seconds."""
    child = os.fork()
    if child == 0:
        output = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
        os.dup2(output, 1)
        os.dup2(output, 2)
        sys.stdout, sys.stderr = os.fdopen(1, "w", buffering=1), os.fdopen(2, "w", buffering=1)
        faulthandler.dump_traceback_later(_HANG, exit=True, file=sys.stderr)
        status = 70
        try:
            status = main(words)
        except SystemExit as left:
            status = int(left.code or 0)
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            os._exit(status)
    clock = (~child << 3) | 2  # the child's CPU time, of all its threads (clock_getcpuclockid)
    used = 0.0
    while True:
        done, status, usage = os.wait4(child, os.WNOHANG)
        if done:
            break
        try:
            used = max(used, time.clock_gettime(clock))
        except OSError:  # it has just ended
            continue
        if kept:
            kept.look(used)
        if stop(used):
            os.kill(child, signal.SIGKILL)
            stop = lambda seconds: False  # noqa: E731
        time.sleep(0.004)
    used = usage.ru_utime + usage.ru_stime
    if kept:
        kept.look(used)
    return os.waitstatus_to_exitcode(status), used


def reference(command: Command, inputs: Path, folder: Path) -> Reference:
    """Run the command undisturbed."""
    folder.mkdir(parents=True)
    log, kept = folder.with_suffix(".log"), _kept(command, folder)
    status, seconds = run(command.words(inputs, folder), log, kept=kept)
    if status:
        raise RuntimeError(f"{command.words(inputs, folder)} ended with {status}: {log.read_text()}")
    return Reference(folder, listing(folder), seconds, kept.marks)


def _kept(command: Command, folder: Path) -> Kept:
    return Kept(folder / command.kept if command.kept else None)


def kill(name: str, command: Command, inputs: Path, folder: Path, whole: Reference, at: float, score: Score) -> None:
    """Kill one run at ``at`` of its CPU time (beyond 1: when its first temporary file has appeared, a little later),
    look at what it left, start it again."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    log, words = folder.with_suffix(".log"), command.words(inputs, folder)
    kept, seen = _kept(command, folder), list[float]()

    def due(seconds: float) -> bool:
        if at <= 1:
            return seconds >= at * whole.seconds
        if not seen and any(folder.glob(".*.part*")):
            seen.append(seconds)
        return bool(seen) and seconds >= seen[0] + (at - 1) * 0.05

    status, used = run(words, log, due, kept)
    score.kills += status == -signal.SIGKILL
    score.finished += status != -signal.SIGKILL
    for made in command.made:
        path = folder / made
        if path.exists() and not path.is_dir():
            score.found += 1
            if not alike(path, whole.folder / made):
                score.wrong.append(f"{name} killed at {at:.3f}: {made} opens but is not what a whole run makes")
    complete = all(alike(folder / made, whole.folder / made) for made in command.made)
    if command.again and (folder / command.again[0]).exists():
        if (folder / command.made[0]).exists():
            return  # all done but the end of the process
        words = [*words, command.again[1], str(folder / command.again[0])]
    again = _kept(command, folder)
    status, more = run(words, log, kept=again)
    if status:
        score.wrong.append(f"{name} killed at {at:.3f}: the restart ended with {status}: {log.read_text()[-300:]}")
        return
    changed = [made for made in command.made if not alike(folder / made, whole.folder / made)]
    if changed:
        score.wrong.append(f"{name} killed at {at:.3f}: after the restart {changed} differ")
    if (left := listing(folder)) != whole.files:
        score.wrong.append(f"{name} killed at {at:.3f}: left behind {sorted(set(left) ^ set(whole.files))}")
    if complete:
        return  # killed on its way out: nothing was left to lose
    if (twice := len(kept.marks) + len(again.marks) - len(whole.marks)) > 0:
        score.twice += twice
        score.wrong.append(f"{name} killed at {at:.3f}: {twice} units that were kept were done again")
    lost = (used - (kept.marks or [0.0])[-1]) / (again.marks or [more])[0]
    score.lost.append(lost)
    if lost > 1 + _SLACK:
        score.wrong.append(f"{name} killed at {at:.3f}: cost {lost:.2f} units of work")


def shared_out(wholes: dict[str, Reference], count: int) -> list[str]:
    """Names of commands, ``count`` in all: half of them in turn, the rest more often the faster they run."""
    names = list(wholes)
    turns = [names[number % len(names)] for number in range(count // 2)]
    weights = np.array([1 / (0.1 + wholes[name].seconds) for name in names])
    ends = np.cumsum(weights) / weights.sum()
    places = (np.arange(count - len(turns)) + 0.5) / max(count - len(turns), 1)
    return turns + [names[index] for index in np.searchsorted(ends, places)]


def campaign(
    names: list[str], count: int, seed: int, inputs: Path, work: Path, told: Callable[[str], None]
) -> tuple[dict[str, Score], dict[str, Reference]]:
    """``count`` kills, the commands in turn; a quarter as many more while an output is being written."""
    rng = random.Random(seed)
    wholes: dict[str, Reference] = {}
    scores: dict[str, Score] = {}
    for name in names:
        command = COMMANDS[name]
        wholes[name] = reference(command, inputs, work / name / "whole")
        scores[name] = Score(wholes[name])
        told(f"{name}: {wholes[name].seconds:.2f} CPU s, {len(wholes[name].marks)} units kept")
    turns = shared_out(wholes, count) + shared_out(wholes, count // 4)
    for number, name in enumerate(turns):
        at = rng.random() if number < count else 1 + rng.random()
        before, costs = len(scores[name].wrong), len(scores[name].lost)
        kill(name, COMMANDS[name], inputs, work / name / "cut", wholes[name], at, scores[name])
        cost = "".join(f"cost {lost:.2f}" for lost in scores[name].lost[costs:])
        told(f"{number + 1} {name} {at:.3f} {cost} " + "; ".join(scores[name].wrong[before:]))
    return scores, wholes


def table(scores: dict[str, Score]) -> str:
    """The results, a line a command."""
    lines = [
        f"{'command':16}{'CPU s':>7}{'units':>6}{'largest':>8}{'kills':>6}{'ended':>6}{'whole':>6}{'twice':>6}"
        f"{'lost':>6}{'mean':>6}  wrong"
    ]
    for name, score in scores.items():
        lost, whole = score.lost or [0.0], score.whole
        lines.append(
            f"{name:16}{whole.seconds:7.2f}{len(whole.marks) + 1:6}{whole.largest:8.2f}{score.kills:6}"
            f"{score.finished:6}{score.found:6}{score.twice:6}{max(lost):6.2f}{sum(lost) / len(lost):6.2f}"
            f"  {len(score.wrong)}"
        )
    lines.append(f"{sum(s.kills for s in scores.values())} kills, {sum(len(s.wrong) for s in scores.values())} wrong")
    return "\n".join([*lines, *(text for score in scores.values() for text in score.wrong)])
