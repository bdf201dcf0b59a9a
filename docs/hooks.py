"""Hook of mkdocs: what follows from the code is made from it, so that it is never out of date.

These are the page of algorithms with their dialogs, the API, and the page that shows each picture of the guide as it is
in the dark theme.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from api_pages import with_api  # beside this file, which mkdocs finds modules by

from planetary_dtm.core.steps import STEP_IDS, Step, step

MARK = "<!-- algorithms -->"
DARK_MARK = "<!-- dark pictures -->"
_DOCS = Path(__file__).resolve().parent
_PICTURE = re.compile(r"!\[([^\]]+)\]\(\.\./pictures/(\w+)\.webp\)")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the descriptions where a page has a mark."""
    markdown = with_api(markdown)
    if DARK_MARK in markdown:
        markdown = markdown.replace(DARK_MARK, dark_pictures())
    return markdown.replace(MARK, algorithms()) if MARK in markdown else markdown


def algorithms() -> str:
    """All algorithms, one after the other."""
    return "\n".join(section(step(name)) for name in STEP_IDS)


def dark_pictures() -> str:
    """Every picture of the guide that is also there in the dark, once, with what the guide says under it."""
    pages = [path.read_text(encoding="utf-8") for path in sorted((_DOCS / "guide").glob("*.md"))]
    shown = {name: told for told, name in _PICTURE.findall("\n".join([*pages, algorithms()]))}
    there = {name: told for name, told in shown.items() if (_DOCS / "pictures" / f"{name}_dark.webp").exists()}
    return "\n\n".join(f"{told}.\n\n![{told}](../pictures/{name}_dark.webp)" for name, told in there.items())


def section(described: Step) -> str:
    """One algorithm: its help, parameters and outputs."""
    lines = [f"## {described.title}", "", f"`{described.id}`, group {described.group}.", "", described.help, ""]
    lines += [f"![The dialog {described.title}](../pictures/dialog_{described.id}.webp)", ""]
    lines += ["| parameter | | meaning |", "|---|---|---|"]
    for parameter in described.parameters:
        told = parameter.help + (f" One of {', '.join(parameter.choices)}." if parameter.choices else "")
        told += "" if parameter.default in (None, "") else f" Default: {parameter.default}."
        label = f"{parameter.label} ({parameter.unit})" if parameter.unit else parameter.label
        lines.append(f"| `{parameter.name}` | {label}{', optional' if parameter.optional else ''} | {_cell(told)} |")
    for output in described.outputs:
        lines.append(f"| `{output.name}` | output: {output.label} | {_cell(output.help)} |")
    return "\n".join([*lines, ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
