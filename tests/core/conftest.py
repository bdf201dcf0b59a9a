"""Every test of core also checks that vectorised functions get no strided views.

NumPy rounds a strided view one way or the other by where memory was free (see `core.frames.components`), so runs with
such a call do not repeat, and no test of equal bytes would show it every time.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

CORE = str(Path(__file__).resolve().parents[2] / "core")
VECTORISED = (
    *("sin", "cos", "tan", "arcsin", "arccos", "arctan", "arctan2", "sinh", "cosh", "tanh"),
    *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "cbrt", "power"),
)


def strided(value: Any) -> bool:
    """Whether an array steps over values that are not its own."""
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
        return False
    dense = value.flags.c_contiguous or value.flags.f_contiguous
    return not dense and any(n > 1 and step for n, step in zip(value.shape, value.strides))


def watched(name: str, found: list[str]) -> Callable[..., Any]:
    """NumPy's function, noting where core gives it a strided view."""
    function = getattr(np, name)

    def called(*args: Any, **options: Any) -> Any:
        if any(map(strided, args)):
            frame = sys._getframe(1)
            if frame.f_code.co_filename.startswith(CORE):
                found.append(f"np.{name} in {frame.f_code.co_filename}:{frame.f_lineno}")
        return function(*args, **options)

    for method in ("outer", "reduce", "accumulate", "at", "reduceat"):  # others, matplotlib too, call these
        setattr(called, method, getattr(function, method))
    return called


@pytest.fixture(autouse=True)
def no_strided_views(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    found: list[str] = []
    for name in VECTORISED:
        monkeypatch.setattr(np, name, watched(name, found))
    yield
    assert not found, f"strided views: {', '.join(sorted(set(found)))}; take components() or a copy"
