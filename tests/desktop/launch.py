"""Open QGIS with the plugin switched on, in a profile of its own under build/desktop (`make desktop`)."""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path

session = runpy.run_path(str(Path(__file__).with_name("session.py")))


def main() -> int:
    """Replace this process by QGIS; further arguments (images, projects) go to it."""
    folder = session["ROOT"] / "build" / "desktop"
    folder.mkdir(parents=True, exist_ok=True)
    words = session["command"](session["make_profile"](folder), *sys.argv[1:])
    os.environ["PATH"] = os.pathsep.join(["/usr/bin", "/bin", os.environ.get("PATH", "")])
    os.environ.pop("QT_QPA_PLATFORM", None)
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        print("There is no screen here; set DISPLAY, or see tests/desktop for a virtual one.", file=sys.stderr)
        return 1
    os.execvp(words[0], words)


if __name__ == "__main__":
    sys.exit(main())
