"""The user guide: it builds without a warning, its pictures are there, and the commands in it run.

Blocks marked ``bash`` are run as they stand, page by page in a folder of their own; ``make`` blocks name what the
Makefile has, and ``python`` and ``qgis`` blocks are run by tests/qgis/test_guide.py. No other kind holds commands.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from planetary_dtm.core.steps import STEP_IDS, step
from planetary_dtm.core.tables import read_table, write_table

from .steps.test_orbit import write_orbit

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def commands(page, language):
    blocks = [block for kind, block in BLOCK.findall(page.read_text(encoding="utf-8")) if kind == language]
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [shlex.split(line, comments=True) for line in lines if line.strip()]


def simulated(step_id, **values):
    chosen = step(step_id)
    chosen.run(**chosen.checked(values))


def products():
    """Tables as a mission lists them: the ends of every line, a table a view, and laser shots."""
    simulated("simulatescene", LINES=120, IMAGES=False, OUTPUT_FOLDER="orbit")
    table = read_table("orbit/gcps.csv")
    line, sample = table.numbers("line"), table.numbers("sample")
    view, lon, lat = table.columns["view"], table.numbers("lon"), table.numbers("lat")
    for name, file in (("backward", "B.txt"), ("nadir", "N.txt"), ("forward", "F.txt")):
        first, last = ((view == name) & (sample == end) for end in (sample.min(), sample.max()))
        columns = {"line": line[first] + 1, "lon_first": lon[first], "lat_first": lat[first]}
        write_table(f"{file}.csv", {**columns, "lon_last": lon[last], "lat_last": lat[last]})
        Path(f"{file}.csv").rename(file)
    Path("orbit/altimetry.csv").rename("lam.csv")


def large_work():
    """A mosaic with a reference, and a folder with an orbit."""
    simulated("simulateview", SIZE=256, OUTPUT_FOLDER="view")
    Path("view/image.tif").rename("mosaic.tif")
    Path("view/truth_dtm.tif").rename("dem.tif")
    write_orbit(Path("orbits/one"), 460, 1, 0.4)


MODELS = sorted(path.stem for path in (ROOT / "resources" / "models").glob("*.model3"))
DIALOGS = [*STEP_IDS, *MODELS]
PREPARED = {"importing-gcps": products, "automation": large_work}


def test_every_block_is_of_a_kind_that_is_tested():
    kinds = {kind for page in PAGES for kind, _ in BLOCK.findall(page.read_text(encoding="utf-8"))}
    assert kinds == {"bash", "make", "python", "qgis", "json"}


@pytest.mark.parametrize("page", [p for p in PAGES if commands(p, "bash")], ids=lambda p: p.stem)
def test_commands_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    PREPARED.get(page.stem, lambda: None)()
    for program, *words in commands(page, "bash"):
        assert program == "planetary-dtm"
        ended = subprocess.run([sys.executable, "-m", "planetary_dtm.core.cli", *words], capture_output=True, text=True)
        assert ended.returncode == 0, (words, ended.stderr)


def test_make_has_what_is_told():
    asked = [words for page in PAGES for words in commands(page, "make")]
    for program, target, *_ in asked:
        assert program == "make" and re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert asked


def test_guide_builds_without_a_warning(tmp_path):
    pytest.importorskip("mkdocs")
    words = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-d", str(tmp_path / "guide")]
    built = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert built.returncode == 0, built.stderr
    reference = (tmp_path / "guide" / "guide" / "reference.html").read_text(encoding="utf-8")
    assert "dtmfromextent" in reference and "SUN_AZIMUTH" in reference
    dark = (tmp_path / "guide" / "guide" / "dark.html").read_text(encoding="utf-8")
    assert [name for name in DIALOGS if f"pictures/dialog_{name}_dark.webp" not in dark] == []
    for name in ("dock", "history", "chain_matches", "options", "report_stereo"):
        assert f"pictures/{name}_dark.webp" in dark
    terrain = (tmp_path / "guide" / "api" / "terrain.html").read_text(encoding="utf-8")
    assert "planetary_dtm.core.terrain.fusion" in terrain


def test_every_picture_is_made_by_a_script():
    """Its name stands in one of the scripts that `make pictures` and `make tour` run; none is left over."""
    scripts = [*(ROOT / "tests" / "desktop").glob("*.py"), ROOT / "benchmarks" / "gallery.py"]
    told = "\n".join(script.read_text(encoding="utf-8") for script in scripts)
    told += " ".join(f"dialog_{name}" for name in DIALOGS)  # dialogs.py
    shown = re.compile(r"pictures/([\w/]+)\.(?:png|webp)")
    used = {path for page in PAGES for path in shown.findall(page.read_text(encoding="utf-8"))}
    folder = ROOT / "docs" / "pictures"
    pictures = [path for path in folder.rglob("*") if path.is_file()]
    kept = {str(path.relative_to(folder).with_suffix("")) for path in pictures}
    unknown = [name for name in used | kept if not re.search(rf"\b{name.split('/')[-1].removesuffix('_dark')}\b", told)]
    assert unknown == []
    assert all(path.stat().st_size < 220_000 for path in pictures)


def test_pictures_are_there():
    for page in PAGES:
        for path in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / path).is_file(), f"{page.name}: {path}"
