"""Install the wheel that `make package` made in a new, empty environment, and run `planetary-dtm bench view` there:

    .venv/bin/python .ci/wheel_install.py [dist/planetary_dtm-VERSION-py3-none-any.whl]

The environment holds what pip brings with the wheel, beside the system's packages: GDAL's bindings are among them,
which pip cannot build safely (pyproject.toml). The tree is not used.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path


def main() -> int:
    root = Path(__file__).resolve().parents[1]
    wheel = Path(sys.argv[1]) if len(sys.argv) > 1 else next((root / "dist").glob("*.whl"))
    with tempfile.TemporaryDirectory() as folder:
        venv.create(Path(folder) / "venv", system_site_packages=True, with_pip=True)
        programs = Path(folder) / "venv" / "bin"
        environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
        for words in (("pip", "install", "--quiet", str(wheel.resolve())), ("planetary-dtm", "bench", "view")):
            subprocess.run([programs / words[0], *words[1:]], cwd=folder, env=environment, check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
