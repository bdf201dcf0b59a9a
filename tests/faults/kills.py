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
from planetary_dtm.core.outputs import MARK

from .commands import COMMANDS, Command
from .judges import alike, listing
from .trail import Cost, Recorder, Trail, cost

_OLD = b"of an earlier run"
_HANG = 400.0  # wall seconds after which a child counts as hung


@dataclass(frozen=True)
class Reference:
    """An undisturbed run: the folder of what it made, the names of all in it, and its trail."""

    folder: Path
    files: list[str]
    trail: Trail


@dataclass
class Score:
    """What became of a command's kills. ``costs``: what each cost, in units of work."""

    whole: Reference
    kills: int = 0
    finished: int = 0  # runs that ended before they could be killed
    found: int = 0  # outputs that were whole already
    restarts: int = 0  # that ended well
    costs: list[Cost] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def run(words: list[str], log: Path, stop: Callable[[float], bool] = lambda seconds: False) -> tuple[int, Trail]:
    """Run a command in a child; it is killed as soon as ``stop(CPU seconds so far)`` says so.
    Exit status, negative for a signal, and the trail."""
    recorder = Recorder()
    child = os.fork()
    if child == 0:
        output = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
        os.dup2(output, 1)
        os.dup2(output, 2)
        sys.stdout, sys.stderr = os.fdopen(1, "w", buffering=1), os.fdopen(2, "w", buffering=1)
        faulthandler.dump_traceback_later(_HANG, exit=True, file=sys.stderr)
        status = 70
        recorder.start()
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
        if stop(used):
            os.kill(child, signal.SIGKILL)
            stop = lambda seconds: False  # noqa: E731
        time.sleep(0.004)
    return os.waitstatus_to_exitcode(status), recorder.trail(usage.ru_utime + usage.ru_stime)


def reference(command: Command, inputs: Path, folder: Path) -> Reference:
    """Run the command undisturbed."""
    folder.mkdir(parents=True)
    log = folder.with_suffix(".log")
    status, trail = run(command.words(inputs, folder), log)
    if status:
        raise RuntimeError(f"{command.words(inputs, folder)} ended with {status}: {log.read_text()}")
    if len(set(trail.ends)) != command.units:
        raise RuntimeError(f"{command.words(inputs, folder)} kept {len(set(trail.ends))} units, not {command.units}.")
    return Reference(folder, listing(folder), trail)


def kill(name: str, command: Command, inputs: Path, folder: Path, whole: Reference, at: float, score: Score) -> None:
    """Kill one run at ``at`` of its CPU time (beyond 1: when its first temporary file has appeared, a little later),
    look at what it left, start it again. Every other one has folders of an earlier run to replace."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    replaced = [made for made in command.made if (whole.folder / made / MARK).exists() and score.kills % 2]
    for made in replaced:
        _aged(whole.folder / made, folder / made)
    log, words = folder.with_suffix(".log"), command.words(inputs, folder)
    seen: list[float] = []

    def due(seconds: float) -> bool:
        if at <= 1:
            return seconds >= at * whole.trail.seconds
        if not seen and any(folder.glob(".*.part*")):
            seen.append(seconds)
        return bool(seen) and seconds >= seen[0] + (at - 1) * 0.05

    status, killed = run(words, log, due)
    score.kills += status == -signal.SIGKILL
    score.finished += status != -signal.SIGKILL
    for made in command.made:
        path = folder / made
        if not path.exists() or (command.again and path.is_dir()):  # a training's folder grows as it goes
            continue
        score.found += 1
        if not alike(path, whole.folder / made) and not (made in replaced and _is_aged(path, whole.folder / made)):
            score.wrong.append(f"{name} killed at {at:.3f}: {made} opens but is not what a whole run makes")
    complete = all(alike(folder / made, whole.folder / made) for made in command.made)
    if command.again and (folder / command.again[0]).exists():
        if (folder / command.made[0]).exists():
            return  # all done but the end of the process
        words = [*words, command.again[1], str(folder / command.again[0])]
    status, again = run(words, log)
    if status:
        score.wrong.append(f"{name} killed at {at:.3f}: the restart ended with {status}: {log.read_text()[-300:]}")
        return
    changed = [made for made in command.made if not alike(folder / made, whole.folder / made)]
    if changed:
        score.wrong.append(f"{name} killed at {at:.3f}: after the restart {changed} differ")
    if (left := listing(folder)) != whole.files:
        score.wrong.append(f"{name} killed at {at:.3f}: left behind {sorted(set(left) ^ set(whole.files))}")
    score.restarts += 1
    if complete:
        return  # killed on its way out: nothing was left to lose
    found = cost(whole.trail, killed, again)
    score.costs.append(found)
    if found.twice:
        score.wrong.append(f"{name} killed at {at:.3f}: {found.twice} units that were kept were done again")
    if found.lost > 1:
        score.wrong.append(f"{name} killed at {at:.3f}: cost {found.lost:.4f} units of work")


def _aged(whole: Path, folder: Path) -> None:
    """A folder as an earlier run might have left it: every file says so, the list of what was made stays."""
    shutil.copytree(whole, folder)
    for file in folder.rglob("*"):
        if file.is_file() and file.name != MARK:
            file.write_bytes(_OLD)


def _is_aged(folder: Path, whole: Path) -> bool:
    files = (file for file in folder.rglob("*") if file.is_file() and file.name != MARK)
    return listing(folder) == listing(whole) and all(file.read_bytes() == _OLD for file in files)


def shared_out(wholes: dict[str, Reference], count: int) -> list[str]:
    """Names of commands, ``count`` in all: half of them in turn, the rest more often the faster they run."""
    names = list(wholes)
    turns = [names[number % len(names)] for number in range(count // 2)]
    weights = np.array([1 / (0.1 + wholes[name].trail.seconds) for name in names])
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
        trail = wholes[name].trail
        told(f"{name}: {trail.seconds:.2f} CPU s, {len(trail.moments)} steps, {len(trail.marks)} units kept")
    turns = shared_out(wholes, count) + shared_out(wholes, count // 4)
    for number, name in enumerate(turns):
        at = rng.random() if number < count else 1 + rng.random()
        before, costs = len(scores[name].wrong), len(scores[name].costs)
        kill(name, COMMANDS[name], inputs, work / name / "cut", wholes[name], at, scores[name])
        lost = "".join(f"cost {c.lost:.4f}, work {c.work:.4f}" for c in scores[name].costs[costs:])
        told(f"{number + 1} {name} {at:.3f} {lost} " + "; ".join(scores[name].wrong[before:]))
    return scores, wholes


def table(scores: dict[str, Score]) -> str:
    """The results, a line a command."""
    lines = [
        f"{'command':16}{'CPU s':>7}{'units':>6}{'largest':>8}{'kills':>6}{'ended':>6}{'whole':>6}"
        f"{'again':>6}{'twice':>6}{'lost':>7}{'mean':>6}{'work':>7}{'start':>7}  wrong"
    ]
    for name, score in scores.items():
        trail, lost = score.whole.trail, [found.lost for found in score.costs] or [0.0]
        work, start = ([*[getattr(found, part) for found in score.costs], 0.0] for part in ("work", "start"))
        twice = sum(found.twice for found in score.costs)
        lines.append(
            f"{name:16}{trail.seconds:7.2f}{len(trail.ends):6}{trail.units().max():8.2f}{score.kills:6}"
            f"{score.finished:6}{score.found:6}{score.restarts:6}{twice:6}{max(lost):7.3f}{sum(lost) / len(lost):6.2f}"
            f"{max(work):7.3f}{max(start):7.2f}  {len(score.wrong)}"
        )
    lines.append(f"{sum(s.kills for s in scores.values())} kills, {sum(len(s.wrong) for s in scores.values())} wrong")
    return "\n".join([*lines, *(text for score in scores.values() for text in score.wrong)])
