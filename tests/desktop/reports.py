"""Pictures of the reports that no dock makes: python -m planetary_dtm.tests.desktop.reports [FOLDER [WORK]]

Each report is made once, on small simulated input, in the folder WORK; then it is shown as a browser shows it, light
and dark.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from planetary_dtm.core.camera.csm_rewrite import rewritten_state
from planetary_dtm.core.camera.csm_state import state_text
from planetary_dtm.core.steps import step
from planetary_dtm.core.steps.tie_tables import write_tie_table
from planetary_dtm.tests.core.resection import narrow
from planetary_dtm.tests.core.steps.test_orbit import write_orbit
from planetary_dtm.tests.desktop import session

SHOWN = (1100, 880)  # pixels of the window


def main(pictures: Path, work: Path) -> None:
    """Write the full pictures, as PNG, into ``pictures``."""
    for name, make in REPORTS.items():
        folder = work / name
        report = folder / "report.html"
        if not report.exists():
            folder.mkdir(parents=True, exist_ok=True)
            make(folder, {"OUTPUT_REPORT": str(report)})
        for suffix in ("", "_dark"):
            show(report, pictures / f"{name}{suffix}.png", *(["dark"] if suffix else []))


def show(report: Path, picture: Path, *how: str) -> None:
    """Open a report on a virtual screen and take its picture once it is drawn."""
    with tempfile.TemporaryDirectory() as scratch:
        viewer = ["/usr/bin/python3", str(session.HERE / "viewer.py"), str(report), f"{scratch}/seen", *how]
        crop = f"{SHOWN[0]}x{SHOWN[1]}+180+40"
        then = f'while [ ! -e {scratch}/seen ]; do sleep 0.2; done; import -window root -crop {crop} "$0"; kill $!'
        inner = '"$@" & ' + then
        screen = ["xvfb-run", "-a", "-s", "-screen 0 1500x950x24"]
        subprocess.run([*screen, "sh", "-c", inner, str(picture), *viewer], check=True, timeout=300)


def _do(step_id: str, **values: Any) -> None:
    chosen = step(step_id)
    chosen.run(**chosen.checked(values))


def _pairs(folder: Path) -> str:
    _do("simulateview", SIZE=512, TRACKS=8, OUTPUT_FOLDER=str(folder / "view"))
    given = {"DEM": [str(folder / "view" / "truth_dtm.tif")], "COUNT": 24, "TILE": 96, "SPLIT": 0.3}
    _do("trainingpairs", **given, MAX_SIMILARITY=100.0, OUTPUT_FOLDER=str(folder / "pairs"))
    return str(folder / "pairs")


def _training(folder: Path, report: dict[str, str]) -> None:
    given = {"PAIRS": _pairs(folder), "EPOCHS": 40, "CROP": 64, "CHECKPOINT_EVERY": 40}
    _do("trainmodel", **given, OUTPUT=str(folder / "model.safetensors"), **report)


def _evaluation(folder: Path, report: dict[str, str]) -> None:
    _do("evaluatemodel", PAIRS=_pairs(folder), COUNT=4, ENGINE="numpy", **report)


def _crossovers(folder: Path, report: dict[str, str]) -> None:
    write_orbit(folder / "orbits" / "one", 460, 1, 0.4)
    write_orbit(folder / "orbits" / "two", 460, 2, 0.405)
    given = {"SCENES_FOLDER": str(folder / "orbits"), "PIXEL_SIZE": 240.0, "WORKERS": 1}
    _do("orbit", **given, OUTPUT=str(folder / "merged.tif"), **report)


def _stereo(folder: Path, report: dict[str, str]) -> None:
    scene = folder / "orbit"
    write_orbit(scene, 460, 1, 0.4)
    images = [str(scene / f"{view}.tif") for view in ("forward", "nadir", "backward")]
    given = {"IMAGES": images, "SENSOR": str(scene / "sensor.json"), "GCPS": str(scene / "gcps.csv")}
    _do("stereodtm", **given, OUTPUT=str(folder / "dtm.tif"), **report)


def _cameras(folder: Path, report: dict[str, str]) -> None:
    models = []
    for camera in narrow.spoiled():
        models.append(str(folder / f"{camera.name}.json"))
        Path(models[-1]).write_text(state_text(rewritten_state(camera, 100.0)), encoding="utf-8")
    write_tie_table(folder / "ties.csv", narrow.ties(60), ["left", "right"])
    _do(
        "refinecameras",
        CAMERAS=models,
        TIES=[str(folder / "ties.csv")],
        OUTPUT_FOLDER=str(folder / "refined"),
        **report,
    )


REPORTS: dict[str, Callable[[Path, dict[str, str]], None]] = {
    "report_training": _training,
    "report_evaluation": _evaluation,
    "report_crossovers": _crossovers,
    "report_stereo": _stereo,
    "report_cameras": _cameras,
}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        asked = [Path(word) for word in sys.argv[1:]]
        main(asked[0] if asked else Path(), asked[1] if len(asked) > 1 else Path(scratch))
