"""How a raster was made, for its metadata: the step, the names of its inputs, its parameters, the version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..version import VERSION
from .step import FILES, Kind, Step

# Of these the result does not depend: who does the work, and in how many pieces at a time.
_OF_THE_MACHINE = {"WORKERS", "MEMORY", "SCHEDULER"}
_OWN = ("METHOD", "INPUTS", "PARAMETERS", "VERSION")


def made_by(step: Step, given: Mapping[str, Any], **facts: str) -> dict[str, str]:
    """METHOD (the step's id), INPUTS (names of files, JSON), PARAMETERS (values, JSON), VERSION, and ``facts``.

    ``given``: the checked values, by lower-case names, as the step is run with them; what was left open is left out.
    Files and folders are told by name alone: the same work elsewhere gives the same bytes.
    """
    inputs: dict[str, Any] = {}
    values: dict[str, Any] = {}
    for parameter in step.parameters:
        value = given.get(parameter.name.lower())
        if value in (None, "", [], ()) or parameter.name in _OF_THE_MACHINE:
            continue
        if parameter.kind in FILES or parameter.kind is Kind.FOLDER:
            inputs[parameter.name] = _name(value) if isinstance(value, (str, Path)) else [_name(path) for path in value]
        else:
            values[parameter.name] = value
    told = (json.dumps(part, ensure_ascii=False) for part in (inputs, values))
    return {**dict(zip(_OWN, (step.id, *told, VERSION))), **facts}


def before(metadata: Mapping[str, str]) -> dict[str, str]:
    """The metadata of a raster that another is made from: how it was made itself goes by INPUT_METHOD and so on."""
    return {f"INPUT_{k}" if k in _OWN else k: v for k, v in metadata.items() if k != "AREA_OR_POINT"}


def _name(path: str | Path) -> str:
    """File name, with the layer where one is named."""
    file, bar, layer = str(path).partition("|")
    return Path(file).name + bar + layer
