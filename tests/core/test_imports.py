"""Large packages are imported without keeping other threads waiting."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest

from planetary_dtm.core import imports
from planetary_dtm.core.imports import import_beside, leave_alone

LOADING = """
import sys, threading, time
from planetary_dtm.core.imports import _load
ended, gaps = threading.Event(), []

def tick():
    last = time.monotonic()
    while not ended.wait(0.001):
        now = time.monotonic()
        gaps.append(now - last)
        last = now

ticking = threading.Thread(target=tick)
ticking.start()
time.sleep(0.1)
gaps.clear()
start = time.monotonic()
_load({name!r})
took = time.monotonic() - start
ended.set()
ticking.join()
print("torch" in sys.modules or "cv2" in sys.modules, took, max(gaps))
print(open("/proc/self/maps").read().count({library!r}))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize(("name", "library"), [("torch", "libtorch_python"), ("cv2", "cv2")])
def test_the_system_loads_a_large_library_while_python_goes_on(name, library):
    pytest.importorskip(name)
    code = LOADING.format(name=name, library=library)
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    imported, took, longest, mapped = told
    assert imported == "False" and int(mapped) > 0
    assert float(longest) < 0.5 * float(took) + 0.02


def test_an_import_does_not_wake_the_collector(tmp_path, monkeypatch):
    (tmp_path / "many_things.py").write_text("kept = [[] for _ in range(100_000)]\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    passes = []
    gc.callbacks.append(lambda phase, about: passes.append(len(gc.get_objects())))
    leave_alone(True)  # as a step in QGIS does
    try:
        assert len(import_beside("many_things").kept) == 100_000
        ended = [[] for _ in range(2000)]  # wakes it
    finally:
        leave_alone(False)
        gc.callbacks.pop()
        sys.modules.pop("many_things")
    assert passes and max(passes) < 20_000 and gc.isenabled() and ended


def test_what_is_not_there_is_said_by_the_import(monkeypatch):
    with pytest.raises(ImportError):
        import_beside("planetary_dtm_is_not_called_so")
    assert gc.isenabled()
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError):
        import_beside("torch")
    monkeypatch.delitem(sys.modules, "torch")
    monkeypatch.setattr(imports.importlib.util, "find_spec", lambda name: None)
    imports._load("torch")  # nothing to load
