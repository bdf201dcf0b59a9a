"""How a user's step is described: once, for the Processing toolbox, the command line and the manual.

A step is a module of this package with a ``STEP``: its id, texts, parameters, outputs and the function
that runs it. The function takes the parameters by their lower-case names, with the outputs' paths, and
``progress``; it opens files, calls core, and returns a `StepResult`.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..progress import heard


class Kind(Enum):
    """What a parameter is; the value `Step.run` receives is given beside each."""

    RASTER = "raster"  # path GDAL opens
    RASTERS = "rasters"  # list of such paths
    TABLE = "table"  # path of a CSV or vector layer (`path|layername=NAME`)
    TABLES = "tables"  # list of such paths
    LAYER = "layer"  # path of a raster, or of a table as above
    FIELD = "field"  # name of a column of the TABLE named in `parent`
    FILE = "file"  # path
    FILES = "files"  # list of paths
    FOLDER = "folder"  # path
    EXTENT = "extent"  # (xmin, ymin, xmax, ymax) in the step's CRS where given, else in that of its `parent`
    NUMBER = "number"  # float
    INTEGER = "integer"  # int
    CHOICE = "choice"  # one of `choices`
    FLAG = "flag"  # bool
    TEXT = "text"  # str
    CRS = "crs"  # text GDAL understands


class OutputKind(Enum):
    """What a step makes."""

    RASTER = "raster"
    TABLE = "table"
    FILE = "file"
    FOLDER = "folder"
    REPORT = "report"  # HTML
    NUMBER = "number"  # returned, not written


FILES = {Kind.RASTER, Kind.RASTERS, Kind.TABLE, Kind.TABLES, Kind.LAYER, Kind.FILE, Kind.FILES}


@dataclass(frozen=True)
class Parameter:
    """One input: its label and help are what the user reads in a dialog and in ``--help``."""

    name: str
    kind: Kind
    label: str
    help: str
    default: Any = None
    optional: bool = False
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    parent: str = ""
    unit: str = ""
    advanced: bool = False
    extension: str = ""


@dataclass(frozen=True)
class Output:
    """One output; an optional one is written only when asked for, as QGIS's dialog does of one that is offered."""

    name: str
    kind: OutputKind
    label: str
    help: str
    optional: bool = False
    extension: str = ""
    style: str = ""
    offered: bool = False


@dataclass(frozen=True)
class StepResult:
    """Paths written and numbers found, by output name, and warnings in full sentences."""

    outputs: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """A step of the work, as users meet it."""

    id: str
    title: str
    group: str
    help: str
    parameters: tuple[Parameter, ...]
    outputs: tuple[Output, ...]
    run: Callable[..., StepResult]
    icon: str = "planetary_dtm"
    tags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "run", heard(self.run))

    def texts(self) -> tuple[str, ...]:
        """All that users read of it, for translation: title, group, paragraphs of the help, labels, tooltips, units."""
        asked = [text for p in self.parameters for text in (p.label, p.help, p.unit)]
        made = [text for o in self.outputs for text in (o.label, o.help)]
        return tuple(filter(None, (self.title, self.group, *self.help.split("\n\n"), *asked, *made)))

    def checked(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Fill in defaults and check required values, ranges and choices; raises `InputError` naming the parameter."""
        known = {p.name for p in self.parameters} | {o.name for o in self.outputs}
        for name in values:
            if name not in known:
                raise InputError(f"{self.id} has no parameter {name}; it has {', '.join(sorted(known))}.")
        ready: dict[str, Any] = {}
        for parameter in self.parameters:
            value = values.get(parameter.name)
            ready[parameter.name.lower()] = parameter.default if value is None else _checked(self.id, parameter, value)
            if ready[parameter.name.lower()] in (None, "", []) and not parameter.optional:
                raise InputError(f"{self.id} needs {parameter.name}: {parameter.label}.")
        for output in self.outputs:
            if output.kind is OutputKind.NUMBER:
                continue
            ready[output.name.lower()] = values.get(output.name)
            if not ready[output.name.lower()] and not output.optional:
                raise InputError(f"{self.id} needs {output.name}: {output.label}.")
        self._keep_apart(ready)
        return ready

    def _keep_apart(self, ready: Mapping[str, Any]) -> None:
        """Raise `InputError` where an output is a file that is read too, or that another output becomes, or a folder
        (which is replaced as a whole) that holds one."""
        taken: dict[Path, str] = {}
        for parameter in self.parameters:
            if parameter.kind in FILES or parameter.kind is Kind.FOLDER:
                given = ready[parameter.name.lower()] or ()
                for path in [given] if isinstance(given, (str, Path)) else given:
                    taken[_file(path)] = parameter.name
        for output in self.outputs:
            path = ready.get(output.name.lower())
            if output.kind is OutputKind.NUMBER or not path:
                continue
            if (other := taken.setdefault(_file(path), output.name)) != output.name:
                what = "folder" if output.kind is OutputKind.FOLDER else "file"
                raise InputError(f"{self.id}: {output.name} is the {what} of {other}; give it another name.")
        for output in self.outputs:
            if output.kind is OutputKind.FOLDER and (path := ready.get(output.name.lower())):
                for file, other in taken.items():
                    if _file(path) in file.parents:
                        raise InputError(f"{self.id}: {other} lies in the folder of {output.name}; choose another.")


def _file(path: str | Path) -> Path:
    """The file itself of ``path|layername=NAME``, however it is spelt."""
    return Path(os.path.realpath(str(path).partition("|")[0]))


def _checked(step: str, parameter: Parameter, value: Any) -> Any:
    if parameter.kind is Kind.CHOICE and value not in parameter.choices:
        raise InputError(f"{parameter.name} {value!r} is not one of {', '.join(parameter.choices)}.")
    if parameter.kind in (Kind.NUMBER, Kind.INTEGER):
        if not math.isfinite(value):
            raise InputError(f"{parameter.name} is {value:g}; it must be a finite number.")
        if parameter.kind is Kind.INTEGER and value != int(value):
            raise InputError(f"{parameter.name} is {value:g}; it must be a whole number.")
        if parameter.minimum is not None and value < parameter.minimum:
            raise InputError(f"{parameter.name} is {value:g}; it must be at least {parameter.minimum:g}.")
        if parameter.maximum is not None and value > parameter.maximum:
            raise InputError(f"{parameter.name} is {value:g}; it must be at most {parameter.maximum:g}.")
    return value
