"""What a project file says of our work, before it is believed: projects are sent around like any other file."""

from __future__ import annotations

import json
from typing import Any

from .sources import names_network

_LONGEST_PATH, _LONGEST_NAME, _LONGEST_SETTING, _LONGEST_TEXT = 4096, 255, 200, 1 << 20
_RECORD = {"time": str, "image": str, "seconds": float, "output": str, "parameters": dict}


def path_of(text: str) -> str:
    """A path as the project has it; empty where it is none, or leads to the network: a project only opened must not
    reach for it."""
    parts = text.replace("\\", "/").split("/")
    sound = _plain(text, _LONGEST_PATH) and not names_network(text)
    return text if sound and all(len(part.encode()) <= _LONGEST_NAME for part in parts) else ""


def asks_server(path: str, home: str) -> bool:
    """Whether even to look for a path means another server than the one that the project at ``home`` came from.

    Windows logs in at the server of a path such as //server/share as soon as anybody asks whether it is there.
    """
    servers = [place.replace("\\", "/").casefold().split("/", 3)[:3] for place in (path, home)]
    return servers[0][:2] == ["", ""] and servers[0] != servers[1]


def setting_of(text: str) -> str:
    """A setting as the project has it; empty where it can be none."""
    return text if _plain(text, _LONGEST_SETTING) else ""


def run_records(text: str) -> list[dict[str, Any]]:
    """Records of runs that a project keeps as JSON: time, image, seconds, output, parameters; those that are none, or
    of another version, are left out."""
    try:
        listed = json.loads(text[:_LONGEST_TEXT])
    except (ValueError, RecursionError):
        return []
    return [record for entry in listed if (record := _record(entry))] if isinstance(listed, list) else []


def _record(entry: Any) -> dict[str, Any] | None:
    if (
        not isinstance(entry, dict)
        or set(entry) - set(_RECORD)
        or not {"time", "image", "seconds", "output"} <= set(entry)
    ):
        return None
    record = {"parameters": {}, **entry}
    if type(record["seconds"]) in (int, float) and abs(record["seconds"]) < 1e9:
        record["seconds"] = float(record["seconds"])
    else:
        return None
    if not all(isinstance(record[name], kind) for name, kind in _RECORD.items()):
        return None
    sound = all(_plain(record[name], _LONGEST_PATH) for name in ("time", "image")) and record["output"] == path_of(
        record["output"]
    )
    values = all(_value(value) for value in record["parameters"].values())
    return record if sound and values else None


def _value(value: Any) -> bool:
    if isinstance(value, list):
        return len(value) <= 100 and all(not isinstance(inner, (list, dict)) and _value(inner) for inner in value)
    if isinstance(value, str):
        return value == path_of(value)
    return value is None or (isinstance(value, (bool, int, float)) and abs(value) < 2**53)


def _plain(text: str, longest: int) -> bool:
    return len(text) <= longest and text.isprintable()
