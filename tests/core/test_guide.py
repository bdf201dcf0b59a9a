"""The user guide: it builds without a warning, its pictures are there, and the commands in it run.

Blocks marked ``bash`` are run, page by page in a folder of their own. Those marked ``shell`` take minutes because they
begin with the images of an orbit: each of their commands is held against the command line's own description here, and
the chain of them is what the desktop's tour and `tests/core/steps` run. ``python`` and ``qgis`` blocks are run by
tests/qgis/test_guide.py; no block is of another kind.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from planetary_dtm.core.cli import main

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs" / "guide").glob("*.md"))


def commands(page, language):
    blocks = re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [shlex.split(line) for block in blocks for line in block.splitlines() if line.strip()]


def status(words):
    try:
        return main(words)
    except SystemExit as left:
        return left.code


def test_every_block_is_of_a_kind_that_is_tested():
    marks = re.compile(r"^```(\w+)", re.MULTILINE)
    kinds = {kind for page in PAGES for kind in marks.findall(page.read_text(encoding="utf-8"))}
    assert kinds == {"bash", "shell", "python", "qgis"}


@pytest.mark.parametrize("page", [p for p in PAGES if commands(p, "bash")], ids=lambda p: p.stem)
def test_commands_run(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for program, *words in commands(page, "bash"):
        assert program == "planetary-dtm"
        assert status(words) == 0, (words, capsys.readouterr().err)


@pytest.mark.parametrize("page", [p for p in PAGES if commands(p, "shell")], ids=lambda p: p.stem)
def test_long_commands_are_understood(page, capsys):
    for program, command, *words in commands(page, "shell"):
        assert program == "planetary-dtm"
        assert status([command, "--help"]) == 0
        told = capsys.readouterr().out
        assert all(word in told for word in words if word.startswith("--")), command


def test_guide_builds_without_a_warning(tmp_path):
    pytest.importorskip("mkdocs")
    words = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-d", str(tmp_path / "guide")]
    built = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert built.returncode == 0, built.stderr
    reference = (tmp_path / "guide" / "guide" / "reference.html").read_text(encoding="utf-8")
    assert "dtmfromextent" in reference and "SUN_AZIMUTH" in reference
    terrain = (tmp_path / "guide" / "api" / "terrain.html").read_text(encoding="utf-8")
    assert "planetary_dtm.core.terrain.fusion" in terrain


def test_every_picture_is_made_by_a_script():
    """Its name stands in one of the scripts that `make pictures` and `make tour` run; none is left over."""
    scripts = [*(ROOT / "tests" / "desktop").glob("*.py"), ROOT / "benchmarks" / "gallery.py"]
    told = "\n".join(script.read_text(encoding="utf-8") for script in scripts)
    used = {path for page in PAGES for path in re.findall(r"pictures/([\w/]+)\.png", page.read_text(encoding="utf-8"))}
    folder = ROOT / "docs" / "pictures"
    kept = {str(path.relative_to(folder).with_suffix("")) for path in folder.rglob("*.png")}
    unknown = [name for name in used | kept if not re.search(rf"\b{name.split('/')[-1].removesuffix('_dark')}\b", told)]
    assert unknown == []
    assert all(path.stat().st_size < 220_000 for path in folder.rglob("*.png"))


def test_pictures_are_there():
    for page in PAGES:
        for path in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / path).is_file(), f"{page.name}: {path}"
