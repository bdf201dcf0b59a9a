"""Make the documentation's pictures: python -m planetary_dtm.tests.desktop.screenshots [FOLDER [WORK [SCALE]]]

Simulated scenes are opened in a real QGIS on a virtual screen, in the light and in the dark theme. What is made on the
way, the full pictures among it, is kept in the folder WORK and used again; SCALE 2 draws everything twice as large.
FOLDER gets the pictures as WebP, which keeps all colours in half of the bytes.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from planetary_dtm.core.steps import step
from planetary_dtm.tests.desktop import reports, session

SIZE = (1500, 950)
TALL = (1100, 2300)  # the longest dialog fits in
WEBP = ("-define", "webp:method=6")
COLOURS = ("-quality", "70", *WEBP)
FEW_COLOURS = ("+dither", "-colors", "32", "-define", "webp:lossless=true", *WEBP)  # of a dialog: a third of the bytes


def main(folder: Path, work: Path, scale: int = 1) -> None:
    """Write the pictures into ``folder``."""
    full = work / "pictures"
    for made in (folder, full):
        made.mkdir(parents=True, exist_ok=True)
    scene, orbit = work / "scene", work / "orbit"
    _simulate(scene, "simulateview", {"SIZE": 512, "TRACKS": 12, "SEED": 7})
    _simulate(orbit, "simulatescene", {"LINES": 1200, "LATERAL_NOISE": 3.0})
    (work / "results").mkdir(exist_ok=True)
    for theme, suffix in (("default", ""), ("Night Mapping", "_dark")):
        given: dict[str, Any] = {"size": SIZE, "theme": theme, "scale": scale, "seconds": 1800.0}
        given |= {"pictures": full, "suffix": suffix}
        chain = {"scene": orbit, "results": work / "results", "project": work / "chain.qgz"}
        _play("gallery_chain.py", work, **given, **chain, viewer=session.HERE / "viewer.py")
        model = session.ROOT / "resources" / "models" / "view_to_levelled_dtm.model3"
        _play("gallery.py", work, **given, scene=scene, model=model)
        _play("dialogs.py", work, **{**given, "size": TALL})
    reports.main(full, work / "reports")
    for path in sorted(full.glob("*.png")):
        how = FEW_COLOURS if path.stem.startswith("dialog_") else COLOURS
        subprocess.run(["convert", str(path), *how, str(folder / f"{path.stem}.webp")], check=True)


def _simulate(folder: Path, step_id: str, asked: dict[str, Any]) -> None:
    if not folder.exists():
        chosen = step(step_id)
        chosen.run(**chosen.checked({**asked, "OUTPUT_FOLDER": str(folder)}))


def _play(scenario: str, work: Path, **given: Any) -> None:
    found = session.play(session.HERE / scenario, work, **given)
    if "error" in found:
        raise RuntimeError(found["error"])
    print(scenario, given["suffix"], found)


if __name__ == "__main__":
    given = sys.argv[1:]
    with tempfile.TemporaryDirectory() as scratch:
        pictures = Path(given[0]) if given else session.ROOT / "docs" / "pictures"
        main(pictures, Path(given[1] if len(given) > 1 else scratch), int(given[2]) if len(given) > 2 else 1)
