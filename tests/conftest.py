"""Makes the checkout importable as `planetary_dtm`, whatever its folder is called, installed or not."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

if importlib.util.find_spec("planetary_dtm") is None:
    spec = importlib.util.spec_from_file_location(
        "planetary_dtm", ROOT / "__init__.py", submodule_search_locations=[str(ROOT)]
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules["planetary_dtm"] = module
    spec.loader.exec_module(module)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real planetary data; tests that need it are skipped where it is absent."""
    from planetary_dtm.benchmarks.data import real_data

    folder = real_data()
    if folder is None:
        pytest.skip("no real data: set PLANETARY_DTM_DATA")
    return folder
