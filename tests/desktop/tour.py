"""A newcomer's tour of the real desktop, clicked and typed: python -m planetary_dtm.tests.desktop.tour [FOLDER]

Prints clicks, keys and seconds of each part, and leaves pictures in the folder.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from planetary_dtm.tests.desktop import session

PARTS = ("sample", "view", "push_broom", "report", "model")


def play(work: Path, pictures: Path, parts: tuple[str, ...] = PARTS, seconds: float = 2400.0) -> dict[str, Any]:
    """Play parts of the tour; what was found, with a chapter for each."""
    programs = work / "programs"
    programs.mkdir(parents=True, exist_ok=True)
    opener = programs / "xdg-open"
    shows = f'exec /usr/bin/python3 "{session.HERE}/viewer.py" "$1" "{work}/seen"'
    opener.write_text("\n".join(("#!/bin/sh", shows, "")), encoding="utf-8")
    opener.chmod(0o755)
    pictures.mkdir(parents=True, exist_ok=True)
    return session.play(
        session.HERE / "tour_scenario.py",
        work,
        seconds=seconds,
        programs=programs,
        pictures=pictures,
        home=work,
        parts=" ".join(parts),
    )


def table(chapters: list[dict[str, Any]]) -> str:
    """Clicks, keys and seconds as a table of Markdown."""
    lines = ["| part | clicks | keys | texts typed | seconds |", "|---|---|---|---|---|"]
    for chapter in chapters:
        typed = sum(step.startswith("type") for step in chapter["steps"])
        lines.append(
            f"| {chapter['title']} | {chapter['clicks']} | {chapter['keys']} | {typed} | {chapter['seconds']:.0f} |"
        )
    return "\n".join(lines)


def main(pictures: Path, parts: tuple[str, ...]) -> int:
    """Play the tour and print the table."""
    with tempfile.TemporaryDirectory(prefix="tour_") as work:
        found = play(Path(work), pictures, parts or PARTS)
        failed = Path(work) / "failed.png"
        if failed.exists():
            failed.rename(pictures / "failed.png")
    print(table(found.get("chapters", [])))
    for chapter in found.get("chapters", []):
        print(f"{chapter['title']}: {'; '.join(chapter['steps'])}")
    holds = found.get("holds", {})
    print(*(holds.get("plugin", [])), holds.get("any", ""), sep="\n")
    print(found.get("error", ""), found.get("messages", ""), found.get("products", ""), sep="\n")
    return int("error" in found)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/tour"), tuple(sys.argv[2:])))
