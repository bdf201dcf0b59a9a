"""Hook of mkdocs: the pages of algorithms and of the API are made from the code, so that they are never out of date."""

from __future__ import annotations

from typing import Any

from api_pages import with_api  # beside this file, which mkdocs finds modules by

from planetary_dtm.core.steps import STEP_IDS, Step, step

MARK = "<!-- algorithms -->"


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the descriptions where a page has a mark."""
    markdown = with_api(markdown)
    return markdown.replace(MARK, "\n".join(section(step(name)) for name in STEP_IDS)) if MARK in markdown else markdown


def section(described: Step) -> str:
    """One algorithm: its help, parameters and outputs."""
    lines = [f"## {described.title}", "", f"`{described.id}`, group {described.group}.", "", described.help, ""]
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
