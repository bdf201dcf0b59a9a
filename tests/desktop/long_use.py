"""What long use leaves behind: python -m planetary_dtm.tests.desktop.long_use [--reloads 50] [--runs 20] [--side 512]

The plugin is reloaded and run in a real QGIS on a virtual screen, and memory, threads, layers, docks and the like are
counted after each time. The first few are set aside: they load libraries and fill caches.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from planetary_dtm.core.steps import step
from planetary_dtm.tests.desktop import session

THINGS = (
    "layers",
    "nodes",
    "docks",
    "toolbars",
    "ours",
    "providers",
    "algorithms",
    "parameters",
    "tasks",
    "python_threads",
)


def use(folder: Path, reloads: int, runs: int, side: int, seconds: float = 600.0) -> dict[str, Any]:
    """Reload and run; the counts after each reload and each run."""
    simulate, scene = step("simulateview"), folder / "scene"
    simulate.run(**simulate.checked({"SIZE": side, "TRACKS": 8, "OUTPUT_FOLDER": str(scene)}))
    image, play = scene / "image.tif", session.HERE / "endurance.py"
    found = session.play(play, folder, seconds=seconds, image=image, reloads=reloads, runs=runs)
    if "error" in found:
        raise RuntimeError(found["error"])
    return found


def growth(counts: list[dict[str, float]], aside: int, name: str) -> float:
    """Last less first, the first ``aside`` left out."""
    return counts[-1][name] - counts[aside][name]


def main() -> None:
    """Print the growth over all reloads and all runs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    for name, default in (("reloads", 50), ("runs", 20), ("side", 512), ("aside", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = use(Path(folder), given.reloads, given.runs, given.side, 3000.0)
    for what in ("reloads", "runs"):
        counts = found[what]
        print(
            f"{len(counts)} {what}: from {counts[0]['megabytes']:.0f} to {counts[-1]['megabytes']:.0f} MB; growth",
            end="",
        )
        print(f" after the first {given.aside}:", end="")
        for name in ("megabytes", "threads", "items", *THINGS):
            print(f" {name} {growth(counts, given.aside, name):+.3g}", end="")
        print()
        print("   MB each time:", " ".join(f"{one['megabytes']:.0f}" for one in counts))


if __name__ == "__main__":
    main()
