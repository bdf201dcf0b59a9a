"""Bring the translations up to date: texts of the desktop into .ts files (pylupdate5), and these into .qm (lrelease).

Texts are translated in Qt Linguist, or in the .ts files by hand; `make translations` does the rest.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "resources" / "translations"


def main() -> int:
    missing = [tool for tool in ("pylupdate5", "lrelease") if shutil.which(tool) is None]
    if missing:
        print(f"{' and '.join(missing)} missing: apt install pyqt5-dev-tools qttools5-dev-tools", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as work:
        sources = [_readable(path, Path(work)) for folder in ("ui", "plugin") for path in (ROOT / folder).glob("*.py")]
        for catalogue in sorted(FOLDER.glob("*.ts")):
            subprocess.run(["pylupdate5", "-noobsolete", *sorted(sources), "-ts", catalogue], check=True)
            text = catalogue.read_text(encoding="utf-8")
            catalogue.write_text(
                re.sub(r"\s*<location [^>]*/>", "", text), encoding="utf-8"
            )  # they change all the time
            subprocess.run(["lrelease", "-silent", catalogue], check=True)
    return 0


def _readable(path: Path, folder: Path) -> str:
    """A copy without commas after last arguments, which pylupdate5 does not understand."""
    copy = folder / f"{path.parent.name}_{path.name}"
    copy.write_text(re.sub(r'",(\s*\))', r'"\1', path.read_text(encoding="utf-8")), encoding="utf-8")
    return str(copy)


if __name__ == "__main__":
    sys.exit(main())
