"""Outputs appear whole or not at all: written under a temporary name beside the target, then renamed.

Temporary names tell whose they are: what a killed process left is removed when the same output is written again on the
same machine; until then it is hidden, ends in .part and harms nothing.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import socket
import tempfile
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from .errors import InputError, ResourceError

_LITTLE = 1 << 18  # bytes left on a disk that count as none
_FULL = "No space left on device"
MARK = ".planetary_dtm"  # the file in a folder of results that lists what a run made in it
_ASIDE = ".old"  # how a folder's name ends while another takes its place
_OF_FILE_MANAGERS = {".DS_Store", "Thumbs.db", "desktop.ini"}


def require_writable(path: str | Path, suffixes: tuple[str, ...] = ()) -> None:
    """Raise `InputError` where ``path`` cannot be written, before long work starts; leaves nothing behind."""
    target = Path(path)
    if suffixes and target.suffix.lower() not in suffixes:
        raise InputError(f"Output {target.name!r} must end in {' or '.join(suffixes)}.")
    try:
        if not target.parent.is_dir():
            raise ResourceError(f"Output folder {str(target.parent)!r} does not exist; create it or choose another.")
        if target.is_dir():
            raise InputError(f"Output {str(target)!r} is a folder; give a file name.")
        probe = _beside(target)
        probe.touch()
        probe.unlink()
    except (OSError, ValueError) as error:  # ValueError: no name of a file at all
        raise _unwritable(target, error) from error


@contextmanager
def replacing(path: str | Path, suffixes: tuple[str, ...] = ()) -> Iterator[Path]:
    """Yield a temporary path in the target's folder; on success rename it to ``path``, else remove it.

    ``suffixes`` are the file name endings allowed (empty: any). Raises `InputError` when the folder
    does not exist or cannot be written, the disk is full, or the target is held by another program.
    """
    require_writable(path, suffixes)
    target = Path(path)
    _clear(target)
    temporary = _beside(target)
    waits = False
    try:
        yield temporary
        waits = _taken_up(_Finished(temporary, target))
        if not waits:
            os.replace(temporary, target)
    except OSError as error:
        raise _unwritable(target, error) from error
    finally:
        if not waits:
            _remove(temporary)


@contextmanager
def together() -> Iterator[None]:
    """What `replacing` and `replacing_folder` make in here, in this thread, is renamed at the end, all or nothing."""
    waiting: list[_Finished] = []
    groups: list[list[_Finished]] = _open.__dict__.setdefault("groups", [])
    groups.append(waiting)
    try:
        yield
        for made in waiting:
            try:
                _move_in(made.temporary, made.target)
            except OSError as error:
                raise _unwritable(made.target, error) from error
    finally:
        groups.remove(waiting)
        for made in waiting:
            _remove(made.temporary)


@dataclass(frozen=True, eq=False)
class _Finished:
    """A whole file or folder under its temporary name."""

    temporary: Path
    target: Path


_open = threading.local()


def _taken_up(made: _Finished) -> bool:
    """Hand what is finished to the `together` that is open, if one is."""
    groups = _open.__dict__.get("groups")
    if not groups:
        return False
    groups[-1].append(made)
    return True


def _move_in(temporary: Path, target: Path) -> None:
    """Rename a file, or a folder: one that is there already steps aside first, and comes back if that fails."""
    if not (temporary.is_dir() and target.exists()):
        os.replace(temporary, target)
        return
    _require_ours(target)  # the work took its time
    aside = target.with_name(f".{_short(target.name)}.{_token()}{_ASIDE}")
    os.replace(target, aside)
    try:
        os.replace(temporary, target)
    except OSError:
        os.replace(aside, target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _require_ours(folder: Path) -> None:
    """Raise `InputError` where a folder holds what no earlier run made: replacing it would lose that.

    `MARK` lists what a run made. Others' files beside them that begin with such a name (statistics, overviews) go with
    it, and so does what file managers leave.
    """
    try:
        made = set((folder / MARK).read_text(encoding="utf-8", errors="replace").splitlines()) | {MARK}
    except FileNotFoundError:
        made = set()
    for name in _names(folder):
        parts = name.split(".")
        ours = any(".".join(parts[: count + 1]) in made for count in range(len(parts)))
        if not ours and name.rpartition("/")[2] not in _OF_FILE_MANAGERS:
            raise InputError(
                f"Output folder {str(folder)!r} holds {name!r}, which no earlier run made there; move it away or "
                "choose another folder."
            )


def _names(folder: Path) -> list[str]:
    """The files in a folder and those below it, from it on, with slashes."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def _remove(temporary: Path) -> None:
    """Remove a temporary file or folder, and what was written beside it under its name."""
    for leftover in temporary.parent.glob(f"{_escape(temporary.name)}*"):
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            leftover.unlink()


_scratch: set[Path] = set()


@contextmanager
def scratch(prefix: str) -> Iterator[Path]:
    """A folder among the temporary files, removed with what it holds."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    _scratch.add(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _scratch.discard(folder)


def remove_scratch() -> None:
    """Remove the folders of `scratch` that are still open, in other threads: the process ends without them."""
    for folder in list(_scratch):
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def on_disk_of(path: str | Path) -> Iterator[None]:
    """Turn a full disk met on the way to ``path``, in files beside it, into a `ResourceError` that names it."""
    try:
        yield
    except OSError as error:
        raise _unwritable(Path(path), error) from error


@contextmanager
def letting_go() -> Iterator[None]:
    """Where datasets of GDAL's are closed that could not be written: what fails again then is not told again."""
    from osgeo import gdal

    used = gdal.GetUseExceptions()
    gdal.DontUseExceptions()
    gdal.PushErrorHandler("CPLQuietErrorHandler")
    try:
        yield
    finally:
        gdal.PopErrorHandler()
        if used:
            gdal.UseExceptions()


def unwritten(path: str | Path, error: Exception) -> ResourceError:
    """What to say of a failed write of GDAL's, whose own words seldom tell that the disk is full.

    To be called where GDAL is quiet: the frames of ``error`` let go of the dataset here, and closing it fails again.
    """
    with letting_go():
        traceback.clear_frames(error.__traceback__)
    reason = _FULL if _is_full(Path(path).parent) else str(error).rstrip(".")
    return ResourceError(f"Output {_shown(path)} was not written ({reason}).")


@contextmanager
def workplace(path: str | Path) -> Iterator[Path]:
    """A folder for everything on the way to the output ``path``, on its disk; gone at the end, whatever happens."""
    target = Path(path)
    with on_disk_of(target):
        _clear(target)
        folder = target.with_name(f".{_short(target.stem)}.{_token()}.part")
        folder.mkdir()
        try:
            yield folder
        finally:
            _remove(folder)


def discard(folder: str | Path) -> None:
    """Remove a folder and what is in it at one stroke: while that takes its time, nobody finds half of it."""
    given = Path(folder)
    gone = _beside(given)
    try:
        os.replace(given, gone)
    except OSError:  # Windows moves no folder of which a file is open
        gone = given
    shutil.rmtree(gone, ignore_errors=True)


def _beside(target: Path) -> Path:
    return target.with_name(f".{_short(target.stem)}.{_token()}.part{target.suffix[:20]}")


def _token() -> str:
    return f"{_machine()}{os.getpid():x}-{secrets.token_hex(4)}"


def _short(stem: str) -> str:
    """The beginning of a name: with what is added it must stay below the 255 bytes of file systems."""
    return stem.encode("utf-8", "surrogateescape")[:100].decode("utf-8", "ignore")


@lru_cache(maxsize=1)
def _machine() -> str:
    """Six digits for where process numbers of ours mean something: this machine since it started, this container."""
    marks = [socket.gethostname()]
    with suppress(OSError):
        marks.append(Path("/proc/sys/kernel/random/boot_id").read_text())
        marks.append(os.readlink("/proc/self/ns/pid"))
    return hashlib.sha256("|".join(marks).encode()).hexdigest()[:6]


def _clear(target: Path) -> None:
    """Remove what processes that are gone left of writing ``target``."""
    for found in _left(target.parent, _short(target.stem), ".part"):
        with suppress(OSError):
            _remove(found)


def _put_back(target: Path) -> None:
    """Rename back the folder ``target`` where a process was killed that had moved it aside for a new one; what it had
    yet to remove, the new one being there, is removed."""
    for found in _left(target.parent, _short(target.name), _ASIDE):
        with suppress(OSError):
            if target.exists():
                shutil.rmtree(found)
            else:
                os.replace(found, target)


def _left(folder: Path, name: str, ending: str) -> Iterator[Path]:
    """What processes of this machine that are gone left in a folder under such a name and ending."""
    if os.name != "posix":  # elsewhere asking whether a process lives may end it
        return
    named = re.compile(rf"\.{re.escape(name)}\.{_machine()}([0-9a-f]+)-[0-9a-f]{{8}}{re.escape(ending)}")
    for found in folder.glob(f".{_escape(name)}.*{ending}*"):
        owner = named.match(found.name)
        if owner and not _alive(int(owner[1], 16)):
            yield found


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True


def _unwritable(target: Path, error: OSError | ValueError) -> ResourceError:
    hint = "; close what holds it or choose another" if isinstance(error, PermissionError) else ""
    # NumPy and torch tell in words of their own that less was written than they gave.
    reason = getattr(error, "strerror", None) or (_FULL if _is_full(target.parent) else error)
    return ResourceError(f"Output {_shown(target)} cannot be written ({reason}){hint}.")


def _shown(path: str | Path) -> str:
    """A path for messages: what lies in a `workplace` as if it lay beside the output, whose disk it is on."""
    target = Path(path)
    hidden = re.fullmatch(r"\..*-[0-9a-f]{8}\.part", target.parent.name)
    return repr(str(target.parent.with_name(target.name) if hidden else path))


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < _LITTLE
    except (OSError, ValueError):
        return False


@contextmanager
def replacing_folder(path: str | Path) -> Iterator[Path]:
    """Like `replacing` for a folder of results: yields a temporary folder that takes the target's place at the end.

    A target that exists already must be empty or made by an earlier run, and is replaced as a whole: killed in between,
    it is there, old or new, as soon as it is written again.
    """
    target = Path(os.path.realpath(path))  # a link goes on leading there
    if target.exists() and not target.is_dir():
        raise InputError(f"Output folder {str(target)!r} is a file; choose another name.")
    temporary = _beside(target)
    waits = False
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _clear(target)
        _put_back(target)
        if target.exists():
            _require_ours(target)
        temporary.mkdir()
        yield temporary
        made = "".join(f"{name}\n" for name in _names(temporary))
        (temporary / MARK).write_text(made, encoding="utf-8")
        waits = _taken_up(_Finished(temporary, target))
        if not waits:
            _move_in(temporary, target)
    except OSError as error:
        raise ResourceError(f"Output folder {str(target)!r} was not written: {error.strerror or error}.") from error
    finally:
        if not waits:
            _remove(temporary)


def _escape(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)
