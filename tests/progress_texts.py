"""What the core says while it works, found in its source; for the catalogues and the test that they are complete."""

from __future__ import annotations

import ast
from pathlib import Path

CORE = Path(__file__).resolve().parents[1] / "core"
_SAYING = {"tell", "each", "progress"}


def progress_texts() -> list[str]:
    """The messages told to `progress`, sorted, with {} for each number or name in them; all begin with a word."""
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in CORE.rglob("*.py"))
    calls = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call))
    said = (argument for call in calls if _called(call) in _SAYING for argument in call.args)
    return sorted(set(filter(None, map(_template, said))))


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _template(argument: ast.expr) -> str:
    parts = argument.values if isinstance(argument, ast.JoinedStr) else [argument]
    known = (part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else "" for part in parts)
    texts = ["{}" if isinstance(part, ast.FormattedValue) else text for part, text in zip(parts, known)]
    return "".join(texts) if texts[0] != "{}" else ""
