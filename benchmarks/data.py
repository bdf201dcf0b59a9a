"""Where the real data of benchmarks and tests lie: PLANETARY_DTM_DATA, else ../shared/data beside the checkout."""

from __future__ import annotations

import os
from pathlib import Path


def real_data(folder: str | Path | None = None) -> Path | None:
    """The folder of real data, or None where there is none."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    chosen = Path(folder or os.environ.get("PLANETARY_DTM_DATA") or beside)
    return chosen if chosen.is_dir() else None
