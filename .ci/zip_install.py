"""Install the release zip in an empty QGIS profile, as QGIS's plugin installer unpacks it, and run it from there:

    python3 .ci/zip_install.py [dist/planetary_dtm-VERSION.zip]      (QGIS's own python3; see .ci/other_qgis --shell)

A scene is simulated and turned into terrain by qgis_process; the tree is not used.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

QGIS_PROCESS = next(p for p in ("/usr/bin/qgis_process.bin", "/usr/bin/qgis_process") if Path(p).exists())
NAME = "planetary_dtm"


def main() -> int:
    root = Path(__file__).resolve().parents[1]
    zipped = Path(sys.argv[1]) if len(sys.argv) > 1 else next((root / "dist").glob("*.zip"))
    sys.path[:0] = ["/usr/share/qgis/python", "/usr/share/qgis/python/plugins"]
    from pyplugin_installer.unzip import unzip
    from qgis.core import Qgis

    with tempfile.TemporaryDirectory() as folder:
        profile = Path(folder) / "profiles" / "default"
        plugins, settings = profile / "python" / "plugins", profile / "QGIS" / "QGIS3.ini"
        plugins.mkdir(parents=True)
        settings.parent.mkdir()
        unzip(str(zipped.resolve()), str(plugins))
        settings.write_text(f"[PythonPlugins]\n{NAME}=true\n", encoding="utf-8")
        environment = {
            **os.environ,
            "QT_QPA_PLATFORM": "offscreen",
            "QGIS_CUSTOM_CONFIG_PATH": folder,
            "XDG_RUNTIME_DIR": folder,
        }
        environment.pop("PYTHONPATH", None)
        environment.pop("QGIS_PLUGINPATH", None)

        def call(*words: str) -> str:
            ended = subprocess.run([QGIS_PROCESS, *words], cwd=folder, env=environment, capture_output=True, text=True)
            if ended.returncode:
                raise SystemExit(f"{' '.join(words)}: exit status {ended.returncode}\n{ended.stdout}{ended.stderr}")
            return ended.stdout

        listed = sum("planetarydtm:" in line for line in call("list").splitlines())
        algorithms = (plugins / NAME / "core" / "steps").glob("*.py")
        scene, made = Path(folder) / "scene", Path(folder) / "dtm.tif"
        call("run", "planetarydtm:simulateview", "--", "SIZE=256", f"OUTPUT_FOLDER={scene}")
        given = [f"INPUT={scene / 'image.tif'}", f"ALTIMETRY={scene / 'altimetry.csv'}", "ENGINE=numpy"]
        call("run", "planetarydtm:dtmfromextent", "--", *given, f"OUTPUT={made}")
        assert listed >= 20 and any(algorithms) and made.stat().st_size > 10_000
        print(f"{zipped.name} in QGIS {Qgis.version()}: {listed} algorithms, DTM of {made.stat().st_size / 1e3:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
