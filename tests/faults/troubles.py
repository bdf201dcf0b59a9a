"""A full disk, a folder that is read-only or goes away, long names and company: what a command does then."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .commands import COMMANDS, Command
from .judges import alike, listing
from .kills import Reference, run

UNICODE = "Größe 名前 ‘q’ & % $(x) #"
_BYTES = 240  # of the longest name: file systems end at 255


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[bool]:
    """A small memory disk at ``folder``; False where this user may not mount one."""
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True)
    try:
        yield done.returncode == 0
    finally:
        if done.returncode == 0:
            subprocess.run(["umount", str(folder)], check=False)


def full_disk(name: str, inputs: Path, work: Path) -> list[str]:
    """A disk with room for nothing: one sentence, nothing left."""
    folder = work / "full"
    with mounted(folder, "size=8k") as real:
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        if not real:
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
        try:
            return _refused(name, inputs, folder, ("No space left", "File too large", "not written"))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def read_only(name: str, inputs: Path, work: Path) -> list[str]:
    """A folder that cannot be written."""
    folder = work / "locked"
    with mounted(folder, "ro,size=1m") as real:
        if not real:
            folder.chmod(0o555)
        try:
            return _refused(name, inputs, folder, ("cannot be written", "was not written"))
        finally:
            if not real:
                folder.chmod(0o755)


def vanished(name: str, inputs: Path, work: Path) -> list[str]:
    """The folder of the output goes away once the work has begun."""
    folder = work / "away"
    folder.mkdir(parents=True)
    log, words = work / "away.log", COMMANDS[name].words(inputs, folder)
    gone: list[float] = []

    def remove(seconds: float) -> bool:
        if not gone and seconds > 0.02:
            shutil.rmtree(folder, ignore_errors=True)
            gone.append(seconds)
        return False

    status, _ = run(words, log, remove)
    wrong = _sentence(name, status, log, ("does not exist", "cannot be written", "not written", "No such file"))
    return [] if status == 0 and _is_whole(COMMANDS[name], folder) else wrong


def _is_whole(command: Command, folder: Path) -> bool:
    # A folder of results is made anew where it is gone; it may have come after the removal.
    return all((folder / made).exists() for made in command.made)


def long_names(name: str, inputs: Path, work: Path, whole: Reference) -> list[str]:
    """Blanks, foreign letters and long names, of inputs and outputs."""
    folder, moved = work / UNICODE / ("deep " * 20 + "er") / ("ü" * 80), work / f"in {UNICODE}"
    folder.mkdir(parents=True)
    moved.symlink_to(inputs)
    command = COMMANDS[name]
    long = {made: _long(made) for made in command.made if "." in made and not made.startswith(command.made[0] + "/")}
    long = {made: renamed for made, renamed in long.items() if "covariance" not in made and ".training" not in made}
    words = [_renamed(word, folder, long) for word in command.words(moved, folder)]
    status, _ = run(words, work / "long.log")
    if status:
        return [f"{name}: with long names it ended with {status}: {(work / 'long.log').read_text()[-300:]}"]
    same = all(alike(folder / renamed, whole.folder / made) for made, renamed in long.items())
    stray = [left for left in listing(folder) if ".part" in left]
    return [] if same and not stray else [f"{name}: with long names outputs differ, or {stray} is left"]


def _long(name: str) -> str:
    stem, _, ending = name.partition(".")
    return stem + " ü" * ((_BYTES - len(name)) // 3) + "." + ending


def _renamed(word: str, folder: Path, long: dict[str, str]) -> str:
    path = Path(word)
    return str(path.parent / long[path.name]) if path.parent == folder and path.name in long else word


def company(name: str, inputs: Path, work: Path, whole: Reference) -> list[str]:
    """Two processes with one output: both end well or one is told; the output is whole, nothing else is left."""
    folder = work / "both"
    folder.mkdir(parents=True)
    words = COMMANDS[name].words(inputs, folder)
    other = os.fork()
    if other == 0:
        os._exit(run(words, work / "other.log")[0] & 0xFF)
    status, _ = run(words, work / "one.log")
    second = os.waitstatus_to_exitcode(os.waitpid(other, 0)[1])
    wrong = []
    for ended, log in ((status, "one.log"), (second, "other.log")):
        if ended:
            told = ("earlier training", "cannot be written", "not written", "being made by another process")
            wrong += _sentence(name, ended, work / log, told)
    if status and second:
        wrong.append(f"{name}: neither of two processes ended well: {(work / 'one.log').read_text()[-300:]}")
    if not all(alike(folder / made, whole.folder / made) for made in COMMANDS[name].made):
        wrong.append(f"{name}: the output of two processes is not that of one")
    if (left := set(listing(folder)) ^ set(whole.files)) and not (status or second):
        wrong.append(f"{name}: two processes left {sorted(left)}")
    return wrong


def _refused(name: str, inputs: Path, folder: Path, reasons: tuple[str, ...]) -> list[str]:
    log = folder.with_suffix(".log")
    status, _ = run(COMMANDS[name].words(inputs, folder), log)
    wrong = _sentence(name, status, log, reasons)
    left = [item for item in listing(folder) if not item.endswith((".parts", ".training")) and "/" not in item]
    return wrong + ([f"{name}: left {left}"] if left else [])


def _sentence(name: str, status: int, log: Path, reasons: tuple[str, ...]) -> list[str]:
    """One line that begins with the command's name and says one of ``reasons``."""
    text = log.read_text()
    said = [line for line in text.splitlines() if line.startswith(f"planetary-dtm {name}: ")]
    if status == 1 and len(said) == 1 and any(reason in said[0] for reason in reasons) and "Traceback" not in text:
        return []
    return [f"{name}: ended with {status}: {text[-400:]}"]
