"""The plugin loads fast and light, and leaves QGIS as it found it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from qgis.core import QgsApplication, QgsProject
from qgis.PyQt.QtCore import QCoreApplication, QEvent, QObject
from qgis.PyQt.QtWidgets import QApplication

from planetary_dtm.core.steps import STEP_IDS
from planetary_dtm.plugin.plugin import PlanetaryDtmPlugin

REGISTRY = QgsApplication.processingRegistry


def belongings(window):
    """What the plugin may leave in the main window."""
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QApplication.processEvents()
    return sorted(name for child in window.findChildren(QObject) if "PlanetaryDtm" in (name := child.objectName()))


def test_unload_leaves_nothing(qgis_iface, project):
    window = qgis_iface.mainWindow()
    before = belongings(window)
    made = PlanetaryDtmPlugin(qgis_iface)
    made.initGui()
    assert "PlanetaryDtmGenerate" in belongings(window)
    assert REGISTRY().providerById("planetarydtm") is not None
    made.unload()
    assert belongings(window) == before
    assert REGISTRY().providerById("planetarydtm") is None
    assert QgsApplication.taskManager().countActiveTasks() == 0
    assert project.mapLayers() == {}
    # nothing of it listens any more
    qgis_iface.mapCanvas().extentsChanged.emit()
    QgsProject.instance().clear()


def test_reload_again_and_again(qgis_iface, project):
    for _ in range(5):
        made = PlanetaryDtmPlugin(qgis_iface)
        made.initGui()
        assert REGISTRY().algorithmById("planetarydtm:dtmfromextent") is not None
        made.unload()
    assert belongings(qgis_iface.mainWindow()) == []


@pytest.mark.parametrize("stays", ["", "planetary_dtm.core.steps."], ids=["all", "all that was named"])
def test_reload_with_modules_forgotten(qgis_iface, project, stays):
    """What QGIS does: modules are dropped and imported anew, but those that no import statement named, as steps are."""
    made = PlanetaryDtmPlugin(qgis_iface)
    made.initGui()
    made.unload()
    kept = {name: module for name, module in sys.modules.items() if name.startswith("planetary_dtm.")}
    packages = [(sys.modules[name.rpartition(".")[0]], name.rpartition(".")[2]) for name in kept]
    held = [(package, child, getattr(package, child)) for package, child in packages]
    for name in kept:
        if not (stays and name.startswith(stays) and name.rpartition(".")[2] in STEP_IDS):
            del sys.modules[name]
    try:
        import planetary_dtm

        again = planetary_dtm.classFactory(qgis_iface)
        assert type(again) is not PlanetaryDtmPlugin
        again.initGui()
        for name in STEP_IDS:
            assert REGISTRY().algorithmById(f"planetarydtm:{name}").parameterDefinitions(), name
        again.unload()
    finally:
        for name in [name for name in sys.modules if name.startswith("planetary_dtm.")]:
            del sys.modules[name]
        sys.modules.update(kept)
        for package, child, value in held:  # the packages hold their modules too, or what took their name
            setattr(package, child, value)


def test_every_step_is_an_algorithm(provider):
    names = {algorithm.name() for algorithm in provider.algorithms()}
    assert set(STEP_IDS) <= names and "view_to_levelled_dtm" in names


def test_import_is_fast_and_light(tmp_path):
    """Plugin and provider come up under 0.3 s and load none of the heavy packages (QGIS itself not counted)."""
    code = """
import json, sys, time
from qgis.core import QgsApplication
from qgis import gui
import numpy
from osgeo import gdal
app = QgsApplication([], False)
app.initQgis()
start = time.process_time()
import planetary_dtm
plugin = planetary_dtm.classFactory(None)
plugin.initProcessing()
seconds = time.process_time() - start
heavy = [m for m in ("torch", "cv2", "scipy", "matplotlib", "safetensors", "dask") if m in sys.modules]
print(json.dumps({"seconds": seconds, "heavy": heavy, "algorithms": len(plugin.provider.algorithms())}))
plugin.unload()
app.exitQgis()
"""
    import planetary_dtm

    root = os.path.dirname(planetary_dtm.__file__)
    loader = (
        "import importlib.util, sys\n"
        f"spec = importlib.util.spec_from_file_location('planetary_dtm', {root + '/__init__.py'!r}, "
        f"submodule_search_locations=[{root!r}])\n"
        "sys.modules['planetary_dtm'] = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(sys.modules['planetary_dtm'])\n"
    )
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(tmp_path)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    for _ in range(2):  # the first start compiles the modules, as a user's does
        ended = subprocess.run(
            [sys.executable, "-c", loader + code], capture_output=True, text=True, timeout=120, env=environment
        )
        assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout.strip().splitlines()[-1])
    print(f"\nplugin and {found['algorithms']} algorithms loaded in {found['seconds']:.3f} s")
    assert found["heavy"] == []
    assert found["seconds"] < 0.3
