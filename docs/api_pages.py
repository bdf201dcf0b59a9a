"""The API reference of the guide: signatures and docstrings of the public functions, read from the sources."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MARK = re.compile(r"<!-- api: ([\w./]+) -->")

Function = (ast.FunctionDef, ast.AsyncFunctionDef)


def with_api(markdown: str) -> str:
    """Replace each ``<!-- api: core/terrain -->`` by what the modules of that folder offer."""
    return MARK.sub(lambda found: "\n".join(_folder(ROOT / found.group(1))), markdown)


def _folder(folder: Path) -> Iterator[str]:
    for path in sorted(folder.glob("*.py")):
        module = ast.parse(path.read_text(encoding="utf-8"))
        shown = [node for node in module.body if isinstance(node, (*Function, ast.ClassDef)) and _public(node)]
        if not shown or path.stem == "__init__":
            continue
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        yield from (f"## planetary_dtm.{name}", "", _plain(ast.get_docstring(module)), "")
        for node in shown:
            yield from _described(node)


def _described(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.ClassDef):
        yield from (f"### {node.name}", "", _plain(ast.get_docstring(node)), "")
        fields = [f"{ast.unparse(line)}" for line in node.body if isinstance(line, ast.AnnAssign)]
        if fields:
            yield from ("```text", *fields, "```", "")
        for method in node.body:
            if isinstance(method, Function) and _public(method):
                yield from (f"**`{_signature(method)}`**", "", _plain(ast.get_docstring(method)), "")
    else:
        yield from (f"### {node.name}", "", "```text", _signature(node), "```", "", _plain(ast.get_docstring(node)), "")


def _signature(node: ast.FunctionDef) -> str:
    answer = f" -> {ast.unparse(node.returns)}" if node.returns is not None else ""
    return f"{node.name}({ast.unparse(node.args)}){answer}"


def _public(node: ast.AST) -> bool:
    return not node.name.startswith("_") and bool(ast.get_docstring(node))


def _plain(text: str | None) -> str:
    """A docstring as Markdown: its code marks kept, all else as it stands."""
    words = re.split(r"(``[^`]*``|`[^`]*`)", text or "")
    return "".join(f"`{w.strip('`')}`" if i % 2 else re.sub(r"([*_<\[\\])", r"\\\1", w) for i, w in enumerate(words))
