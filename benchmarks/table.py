"""What a benchmark returns: titled rows printed as text and saved as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..core.outputs import replacing


@dataclass
class Table:
    """Rows under a header; cells are text, numbers or None. ``notes`` are full sentences."""

    title: str
    header: Sequence[str]
    rows: list[Sequence[Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def text(self) -> str:
        cells = [[_shown(cell) for cell in row] for row in [self.header, *self.rows]]
        widths = [max(len(row[i]) for row in cells) for i in range(len(self.header))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in cells]
        rule = "  ".join("-" * width for width in widths)
        return "\n".join([self.title, "", lines[0], rule, *lines[1:], "", *self.notes])


@dataclass
class Tables:
    """The tables of one benchmark."""

    tables: list[Table]

    def text(self) -> str:
        return "\n\n".join(table.text() for table in self.tables)

    def save(self, path: str | Path) -> None:
        """Write the numbers as JSON."""
        with replacing(path) as temporary:
            temporary.write_text(json.dumps([asdict(table) for table in self.tables], indent=1, default=float), "utf-8")


def _shown(cell: Any) -> str:
    if cell is None:
        return "-"
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)
