"""What a benchmark returns: titled rows and checks against bounds, printed as text and saved as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..core.outputs import replacing


@dataclass(frozen=True)
class Check:
    """A figure and what it has to be: at least ``least``, at most ``most``."""

    what: str
    figure: float
    most: float = math.inf
    least: float = -math.inf

    @property
    def held(self) -> bool:
        """Whether the figure keeps its bounds; one that is no number does not."""
        return self.least <= self.figure <= self.most

    def text(self) -> str:
        """The verdict, the figure and its bound in one line."""
        bounds = [f"at least {self.least:.4g}"] * math.isfinite(self.least)
        bounds += [f"at most {self.most:.4g}"] * math.isfinite(self.most)
        return f"{'held  ' if self.held else 'MISSED'}  {self.what}: {self.figure:.4g} ({', '.join(bounds)})"


@dataclass
class Table:
    """Rows under a header; cells are text, numbers or None. ``notes`` are full sentences, ``checks`` follow them."""

    title: str
    header: Sequence[str]
    rows: list[Sequence[Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)

    def text(self) -> str:
        cells = [[_shown(cell) for cell in row] for row in [self.header, *self.rows]]
        widths = [max(len(row[i]) for row in cells) for i in range(len(self.header))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in cells]
        rule = "  ".join("-" * width for width in widths)
        checks = [check.text() for check in self.checks]
        gap = [""] if checks and self.notes else []
        return "\n".join([self.title, "", lines[0], rule, *lines[1:], "", *self.notes, *gap, *checks])


@dataclass
class Tables:
    """The tables of one benchmark."""

    tables: list[Table]

    def text(self) -> str:
        checks = [check for table in self.tables for check in table.checks]
        missed = [check.text() for check in checks if not check.held]
        said = [f"{len(checks) - len(missed)} of {len(checks)} bounds held."] if checks else []
        return "\n\n".join([*(table.text() for table in self.tables), "\n".join([*said, *missed])]).rstrip()

    def save(self, path: str | Path) -> None:
        """Write the numbers as JSON."""
        with replacing(path) as temporary:
            temporary.write_text(json.dumps([asdict(table) for table in self.tables], indent=1, default=float), "utf-8")


def _shown(cell: Any) -> str:
    if cell is None:
        return "-"
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)
