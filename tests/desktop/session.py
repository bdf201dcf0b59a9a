"""A real QGIS desktop with the plugin on, for tests and pictures: on a virtual screen, in a profile of its own.

The scenario is a Python file that QGIS runs at start (see stage.py); what it finds comes back as a dictionary.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).absolute().parent
ROOT = HERE.parents[1]
PLUGIN = "planetary_dtm"
_QGIS = ("/usr/bin/qgis.bin", "qgis")
_INI = """\
[PythonPlugins]
{plugin}=true

[qgis]
checkVersion=false
showTips=false
newProjectDefault=false
askToSaveProjectChanges=false
enableMessageTips=false
iconSize=24

[app]
projections\\unknownCrsBehavior=NoAction

[UI]
UITheme={theme}
"""


def qgis_program() -> str:
    """The QGIS program itself (on some systems `qgis` is a wrapper)."""
    found = next((p for p in _QGIS if shutil.which(p)), None)
    if found is None:
        raise FileNotFoundError("QGIS is not installed: " + " or ".join(_QGIS))
    return found


def make_profile(folder: Path, theme: str = "default") -> Path:
    """Write a user profile with the checkout as its plugin; returns the folder for ``--profiles-path``."""
    home = folder / "profiles" / "default"
    settings, plugins = home / "QGIS" / "QGIS3.ini", home / "python" / "plugins"
    plugins.mkdir(parents=True, exist_ok=True)
    settings.parent.mkdir(exist_ok=True)
    if not settings.exists():
        settings.write_text(_INI.format(plugin=PLUGIN, theme=theme), encoding="utf-8")
    link = plugins / PLUGIN
    if not link.is_symlink():
        link.symlink_to(ROOT, target_is_directory=True)
    return folder


def command(profiles: Path, *arguments: str) -> list[str]:
    """The command line that opens QGIS with a profile."""
    fixed = ["--nologo", "--noversioncheck", "--profiles-path", str(profiles), "--profile", "default"]
    return [qgis_program(), *fixed, *arguments]


def play(
    scenario: Path,
    folder: Path,
    *,
    size: tuple[int, int] = (1500, 950),
    theme: str = "default",
    seconds: float = 180.0,
    programs: Path | None = None,
    scale: int = 1,
    **given: Any,
) -> dict[str, Any]:
    """Run a scenario on a virtual screen and return what it reported; ``given`` reaches it as `Stage.given`.

    Programs that QGIS starts are looked for in the folder ``programs`` first. ``scale`` 2 draws all twice as large on a
    screen of twice the pixels, as on a fine one.
    """
    profile = make_profile(folder / f"profile_{theme.replace(' ', '_').lower()}", theme)
    report = folder / "report.json"
    report.unlink(missing_ok=True)
    found_first = [str(programs)] if programs else []
    told = {key: str(value) for key, value in given.items()}
    stage = {"report": str(report), "stage": str(HERE / "stage.py"), "patience": seconds, "given": told}
    environment = {
        **os.environ,
        # QGIS takes Python's home from it
        "PATH": os.pathsep.join([*found_first, "/usr/bin", "/bin", os.environ.get("PATH", "")]),
        "PLANETARY_DTM_STAGE": json.dumps(stage),
        "QT_QPA_PLATFORM": "xcb",
        "QT_SCALE_FACTOR": str(scale),
        "LIBGL_ALWAYS_SOFTWARE": "1",
        "XDG_RUNTIME_DIR": str(folder),
        "LANG": "C.UTF-8",
        "PYTHONPATH": os.pathsep.join(p for p in sys.path if p.endswith("site-packages")),  # those of the other tests
    }
    qgis = command(profile, "--code", str(scenario))
    inner = 'openbox & exec "$0" "$@"'
    screen = f"-screen 0 {scale * size[0]}x{scale * size[1]}x24 +extension GLX"
    full = ["xvfb-run", "-a", "-s", screen, "sh", "-c", inner, *qgis]
    log = folder / "qgis.log"
    with log.open("w", encoding="utf-8") as output:
        running = subprocess.Popen(
            full, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            code = running.wait(seconds + 60)
        except subprocess.TimeoutExpired:
            code = "a time-out"
        finally:
            if running.poll() is None:
                os.killpg(running.pid, signal.SIGTERM)
                running.wait()
    if not report.exists():
        told = log.read_text(encoding="utf-8", errors="replace")
        raise RuntimeError(f"QGIS ended with {code} and no report:\n{told[:6000]}")
    return json.loads(report.read_text(encoding="utf-8"))
