"""Pictures of the guide made small enough for the repository."""

from __future__ import annotations

import subprocess
from pathlib import Path


def shrink(path: Path, most: int = 200_000) -> None:
    """Leave a picture only as many colours as keep the repository small."""
    full = path.read_bytes()
    for colours in ("200", "120", "64", "32"):
        words = ["convert", "-", "+dither", "-colors", colours, "-define", "png:compression-level=9", f"PNG8:{path}"]
        subprocess.run(words, input=full, check=True)
        if path.stat().st_size < most:
            return
