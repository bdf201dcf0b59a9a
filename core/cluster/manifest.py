"""Which units of a large work are done: one line of JSON a unit, with the checksum of its file.

A unit's file is written under its own name and renamed (core/outputs.py); its line follows. A work that was killed
at any moment therefore goes on with what is missing: a line without its file, or with another one, does not count.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from ..errors import CancelledError, InputError
from ..outputs import on_disk_of, replacing
from .cost import Cost

_PIECE = 1 << 22  # bytes read at a time


@dataclass(frozen=True)
class Done:
    """A unit's result: file name inside the folder of parts ("" where there is nothing to keep), its SHA-256, what it
    cost and sentences for the user."""

    unit: str
    file: str
    sha256: str
    cost: Cost = field(default_factory=Cost)
    warnings: tuple[str, ...] = ()


class Manifest:
    """The list of finished units in ``folder``/manifest.jsonl; one process writes it."""

    NAME = "manifest.jsonl"

    def __init__(self, folder: Path, fingerprint: str) -> None:
        """Open or begin a list. Raises `InputError` when the folder holds the parts of another work."""
        self.folder, self.path = folder, folder / self.NAME
        self.done: dict[str, Done] = {}
        first, entries = self._lines()
        if first is not None and first.get("fingerprint") != fingerprint:
            raise InputError(
                f"Folder {str(folder)!r} holds parts made with other inputs or parameters; remove it or give another "
                "output."
            )
        for entry in entries:
            if not entry.file or self._intact(entry):
                self.done[entry.unit] = entry
        # Rewritten, so that a line cut short by a kill does not stand in the way of the next.
        folder.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_suffix(".part")
        with on_disk_of(self.path):
            with fresh.open("w", encoding="utf-8") as file:
                file.write("".join(map(_line, [{"fingerprint": fingerprint}, *map(asdict, self.done.values())])))
                _to_disk(file)  # before the old one goes, or a machine that loses power may keep neither
            os.replace(fresh, self.path)

    def add(self, entry: Done) -> None:
        """Record a finished unit; on disk when this returns. Raises `InputError` where the disk is full."""
        with on_disk_of(self.path), self.path.open("a", encoding="utf-8") as file:
            file.write(_line(asdict(entry)))
            _to_disk(file)
        self.done[entry.unit] = entry

    def publish(self, output: str | Path) -> None:
        """Leave the list beside a finished output: what each unit cost, and which bytes it was made of."""
        target = Path(output)
        with replacing(target.with_name(f"{target.stem}.{self.NAME}")) as temporary:
            shutil.copyfile(self.path, temporary)

    def missing(self, units: Iterable[str]) -> list[str]:
        return [unit for unit in units if unit not in self.done]

    @contextmanager
    def kept(self, units: Collection[str], what: str) -> Iterator[None]:
        """Where a cancel ends what is done in here, have it say how many of the units (``what``: "blocks") are kept."""
        try:
            yield
        except CancelledError:
            done = len(units) - len(self.missing(units))
            if not done:
                raise
            raise CancelledError(
                f"Stopped with {done} of {len(units)} {what} done; {str(self.folder)!r} keeps them, and the same "
                "command goes on from there."
            ) from None

    def _lines(self) -> tuple[dict[str, Any] | None, list[Done]]:
        """What the first line says (None: there is none), and the entries up to the first that is none."""
        if not self.path.exists():
            return None, []
        first: dict[str, Any] | None = None
        entries: list[Done] = []
        for text in self.path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                line = json.loads(text)
            except (ValueError, RecursionError):
                break  # cut short by a kill: what follows was never written
            if first is None and isinstance(line, dict):
                first = line
            elif first is not None and (entry := _entry(line)) is not None:
                entries.append(entry)
            else:
                break
        return first, entries

    def _intact(self, entry: Done) -> bool:
        # Only plain names: a line never leads out of the folder.
        path = self.folder / Path(entry.file).name
        try:
            return path.name == entry.file and path.is_file() and checksum(path) == entry.sha256
        except (OSError, ValueError):  # no name of a file
            return False


def _entry(line: Any) -> Done | None:
    """A unit's line as `Manifest.add` writes it, else None."""
    if not isinstance(line, dict) or set(line) != set(Done.__dataclass_fields__):
        return None
    cost, warnings = line["cost"], line["warnings"]
    if not all(isinstance(line[name], str) for name in ("unit", "file", "sha256")):
        return None
    if not isinstance(warnings, list) or not all(isinstance(text, str) for text in warnings):
        return None
    if not isinstance(cost, dict) or not set(cost) <= set(Cost.__dataclass_fields__):
        return None
    if not all(isinstance(value, float) for value in cost.values()):
        return None
    return Done(**{**line, "cost": Cost(**cost), "warnings": tuple(warnings)})


def checksum(path: str | Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def fingerprint(parameters: Mapping[str, Any], files: Iterable[str]) -> str:
    """What makes two works the same: parameters, and name, size and time of the files they read."""
    states = []
    for name in files:
        path = Path(name.split("|")[0])
        stat = path.stat() if path.exists() else None
        states.append([path.name, stat.st_size if stat else 0, stat.st_mtime_ns if stat else 0])
    text = json.dumps([dict(parameters), states], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _to_disk(file: IO[str]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _line(fields: Mapping[str, Any]) -> str:
    return json.dumps(dict(fields)) + "\n"
