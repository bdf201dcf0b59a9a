"""Camera files in JSON, checked key by key: what is wrong is said in one sentence that names the file and the key."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, ResourceError
from ..sources import is_plain_file

Array = NDArray[np.float64]

_MOST_BYTES = 20 << 20  # a state with a node for each of 120,000 lines; Python takes up to 40 times as much for JSON


def read_text(path: str | Path) -> str:
    """The camera file's text; raises `InputError` where it cannot be read or is no text of a sensible size."""
    file = Path(path)
    if not is_plain_file(file):
        raise ResourceError(f"Camera {str(file)!r} does not exist or cannot be read as a file; check the path.")
    try:
        size = file.stat().st_size
        if size > _MOST_BYTES:
            raise InputError(f"Camera {file.name!r} has {size >> 20} MB; a camera model is smaller, give another file.")
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = "is not text" if isinstance(error, UnicodeDecodeError) else f"cannot be read ({error.strerror})"
        raise ResourceError(
            f"Camera {file.name!r} {reason}; give a CSM state, an ISD or frame camera in JSON."
        ) from None


@dataclass(frozen=True)
class Fields:
    """One JSON object of a camera file. ``source`` names the file, ``path`` the object within it."""

    content: Mapping[str, Any]
    source: str
    path: str = ""

    @classmethod
    def parse(cls, text: str, source: str) -> Fields:
        """Parse JSON text; raises `InputError` for anything but one whole object of numbers, text and lists."""
        try:
            content = json.loads(text, parse_constant=_refused_constant)
        except (ValueError, RecursionError) as error:
            reason = str(error) if not isinstance(error, RecursionError) else "nested too deeply"
            raise InputError(f"{source} is not whole JSON ({reason}); copy or write it again.") from None
        if not isinstance(content, dict):
            raise InputError(f"{source} should hold one JSON object.")
        return cls(content, source)

    def __contains__(self, key: str) -> bool:
        return key in self.content

    def require(self, *keys: str) -> None:
        """Raise `InputError` naming all of ``keys`` that are missing."""
        missing = [f'"{self.path}{key}"' for key in keys if key not in self.content]
        if missing:
            raise InputError(f"{self.source} lacks {', '.join(missing)}; give a complete file.")

    def refuse(self, key: str, should: str) -> NoReturn:
        """Raise `InputError` that ``key`` should be something else."""
        value = self.content[key]
        shown = f", not {value!r}" if isinstance(value, (str, int, float)) and len(repr(value)) < 40 else ""
        raise InputError(f'{self.source}: "{self.path}{key}" should be {should}{shown}.')

    def text(self, key: str) -> str:
        """A string."""
        self.require(key)
        value = self.content[key]
        if not isinstance(value, str):
            self.refuse(key, "text")
        return str(value)

    def number(self, key: str, above: float | None = None) -> float:
        """A finite number, greater than ``above`` where that is given."""
        self.require(key)
        value = self.content[key]
        good = isinstance(value, (int, float)) and not isinstance(value, bool)
        number = as_float(value) if good else math.nan
        if not math.isfinite(number) or (above is not None and number <= above):
            self.refuse(key, "a number" if above is None else f"a number above {above:g}")
        return number

    def count(self, key: str) -> int:
        """A whole number of at least 1."""
        number = self.number(key, above=0)
        if number != int(number) or number > 1e9:
            self.refuse(key, "a whole number of at least 1")
        return int(number)

    def array(self, key: str, *shape: int | None) -> Array:
        """Finite numbers in nested lists of ``shape``, None for any length."""
        self.require(key)
        try:
            array = np.asarray(self.content[key])
        except (ValueError, OverflowError):  # lists of unequal length
            array = np.empty(0, dtype=object)
        fits = array.ndim == len(shape) and all(want in (None, have) for want, have in zip(shape, array.shape))
        if array.dtype.kind not in "iuf" or not fits or not np.isfinite(array).all():
            size = " x ".join("n" if want is None else str(want) for want in shape)
            self.refuse(key, f"{size} finite numbers")
        return np.asarray(array, dtype=np.float64)

    def inside(self, key: str) -> Fields:
        """The object under ``key``."""
        self.require(key)
        if not isinstance(self.content[key], dict):
            self.refuse(key, "a JSON object")
        return Fields(self.content[key], self.source, f"{self.path}{key}.")


def as_float(value: float) -> float:
    """A number of JSON's, where whole ones are of any length, as float; infinite beyond its range."""
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _refused_constant(name: str) -> NoReturn:
    raise ValueError(f"it holds {name}")
