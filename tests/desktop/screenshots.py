"""Make the documentation's pictures: python -m planetary_dtm.tests.desktop.screenshots [FOLDER]

Simulated scenes are opened in a real QGIS on a virtual screen, in the light and in the dark theme.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from planetary_dtm.core.steps import step
from planetary_dtm.tests.desktop import session


def main(folder: Path) -> None:
    """Write the pictures into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        scene, simulate = Path(work) / "scene", step("simulateview")
        simulate.run(**simulate.checked({"SIZE": 512, "TRACKS": 12, "SEED": 7, "OUTPUT_FOLDER": str(scene)}))
        orbit, simulate = Path(work) / "orbit", step("simulatescene")
        simulate.run(**simulate.checked({"LINES": 1500, "LATERAL_NOISE": 3.0, "OUTPUT_FOLDER": str(orbit)}))
        for theme, suffix in (("default", ""), ("Night Mapping", "_dark")):
            results = Path(work) / f"results{suffix}"
            results.mkdir()
            chain = session.play(
                session.HERE / "gallery_chain.py",
                Path(work),
                size=(1400, 860),
                theme=theme,
                seconds=900,
                pictures=folder,
                scene=orbit,
                results=results,
                suffix=suffix,
            )
            if "error" in chain:
                raise RuntimeError(chain["error"])
            found = session.play(
                session.HERE / "gallery.py",
                Path(work),
                size=(1400, 860),
                theme=theme,
                seconds=900,
                pictures=folder,
                scene=scene,
                suffix=suffix,
                model=session.ROOT / "resources" / "models" / "view_to_levelled_dtm.model3",
            )
            if "error" in found:
                raise RuntimeError(found["error"])
    for path in sorted(folder.glob("*.png")):
        smaller = ["convert", str(path), "-colors", "192", "-define", "png:compression-level=9", str(path)]
        subprocess.run(smaller, check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else session.ROOT / "docs" / "pictures")
