"""What the header of a LAS file announces, held against the file's size before anything acts on it.

LAS Specification 1.4 R15 (ASPRS 2019), table 3 and the headers of variable length records; LAZ files, whose points are
packed, have the same header.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError

_SHORT, _LONG = 227, 375  # bytes of the header up to version 1.2, and of 1.4
_RECORD, _EXTENDED = 54, 60  # bytes of the header of a variable length record
_MOST_RECORDS = 1000
_PACKED = 0x80  # bit of the point format in LAZ


@dataclass(frozen=True)
class _Header:
    size: int
    points_at: int
    records: int
    length: int
    packed: bool
    points: int
    extended_at: int
    extended: int


def check_las(path: Path) -> None:
    """Raise `InputError` where points or records that are announced cannot be in the file."""
    size = path.stat().st_size
    with path.open("rb") as file:
        header = _parsed(file.read(_LONG))
        sound = (
            header is not None
            and header.size <= header.points_at <= size
            and header.records <= min(_MOST_RECORDS, (header.points_at - header.size) // _RECORD)
            and 20 <= header.length <= 4096
            and (header.packed or header.points_at + header.points * header.length <= size)
            and header.points <= 100 * size  # packed
            and header.extended <= min(_MOST_RECORDS, max(size - header.extended_at, 0) // _EXTENDED)
        )
        if header is not None and sound:
            file.seek(header.size)
            sound = _records_fit(file.read(header.points_at - header.size), header.records)
    if not sound:
        raise InputError(f"Point file {path.name!r} is damaged: its header does not fit its size; write it again.")


def _parsed(head: bytes) -> _Header | None:
    if len(head) < _SHORT or head[:4] != b"LASF":
        return None
    size, points_at, records, form, length, points = struct.unpack_from("<HIIBHI", head, 94)
    extended_at = extended = 0
    if head[25] >= 4 and len(head) >= _LONG:
        extended_at, extended, points = struct.unpack_from("<QIQ", head, 235)
    return _Header(size, points_at, records, length, bool(form & _PACKED), points, extended_at, extended)


def _records_fit(content: bytes, count: int) -> bool:
    """Whether ``count`` records, each a header and what it announces, lie within ``content``."""
    place = 0
    for _ in range(count):
        if place + _RECORD > len(content):
            return False
        place += _RECORD + int(struct.unpack_from("<H", content, place + 20)[0])
    return place <= len(content)
