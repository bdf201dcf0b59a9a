"""The guide's Python for QGIS and its commands of qgis_process run, page by page, one after the other in one folder."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

PAGES = sorted((Path(__file__).resolve().parents[2] / "docs" / "guide").glob("*.md"))
BLOCK = re.compile(r"^```(python|qgis)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_blocks_are_found():
    assert {kind for page in PAGES for kind, _ in BLOCK.findall(page.read_text(encoding="utf-8"))} == {"python", "qgis"}


@pytest.mark.parametrize(
    "page", [p for p in PAGES if BLOCK.search(p.read_text(encoding="utf-8"))], ids=lambda p: p.stem
)
def test_page_runs(page, provider, qgis_process, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for kind, block in BLOCK.findall(page.read_text(encoding="utf-8")):
        if kind == "python":
            exec(compile(block, str(page), "exec"), {})
            continue
        for line in filter(str.strip, block.splitlines()):
            program, *words = shlex.split(line)
            assert program == "qgis_process"
            code, told = qgis_process(*words)
            assert code == 0, told
    assert (tmp_path / "shade.tif").exists()
