"""A real QGIS with the plugin, a simulated scene, and steps that take their time."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal
from qgis.core import QgsApplication, QgsProject, QgsRasterLayer, QgsSettings
from qgis.PyQt.QtWidgets import QApplication

from planetary_dtm.core.geotiff import Band, write_dtm
from planetary_dtm.core.matching.match_file import write_matches
from planetary_dtm.core.progress import silent, tell
from planetary_dtm.core.rasters import Raster
from planetary_dtm.core.steps import StepResult, step
from planetary_dtm.core.tables import write_table
from planetary_dtm.plugin.plugin import PlanetaryDtmPlugin

SIZE = 160
LINES = 120  # of the short orbit
ROOT = Path(__file__).resolve().parents[2]
QGIS_PROCESS = next((p for p in ("/usr/bin/qgis_process.bin", "/usr/bin/qgis_process") if Path(p).exists()), None)


@pytest.fixture(scope="session")
def scene(tmp_path_factory):
    """A folder with image.tif, altimetry.csv and truth_dtm.tif of a simulated lunar scene."""
    folder = tmp_path_factory.mktemp("scene") / "view"
    simulate = step("simulateview")
    simulate.run(**simulate.checked({"SIZE": SIZE, "TRACKS": 8, "OUTPUT_FOLDER": str(folder)}))
    return folder


@pytest.fixture(scope="session", autouse=True)
def processing(qgis_processing):
    """Processing with its own providers."""


@pytest.fixture
def project(qgis_iface):
    """An empty project, and an empty one left behind."""
    QgsProject.instance().clear()
    yield QgsProject.instance()
    QgsProject.instance().clear()


@pytest.fixture
def plugin(qgis_iface, project):
    """The plugin switched on, and off again."""
    qgis_iface.messageBar().clear_messages()
    QgsSettings().remove("planetary_dtm")
    made = PlanetaryDtmPlugin(qgis_iface)
    made.initGui()
    yield made
    made.unload()


@pytest.fixture
def provider(project):
    """The Processing provider alone, as under qgis_process."""
    made = PlanetaryDtmPlugin(None)
    made.initProcessing()
    yield made.provider
    made.unload()


@pytest.fixture
def image(scene, project, qgis_canvas):
    """The scene's image on the map, in full view."""
    layer = QgsRasterLayer(str(scene / "image.tif"), "scene")
    project.setCrs(layer.crs())
    project.addMapLayer(layer)
    qgis_canvas.setDestinationCrs(layer.crs())
    qgis_canvas.setLayers([layer])
    qgis_canvas.setExtent(layer.extent())
    return layer


@pytest.fixture
def messages(qgis_iface):
    """Everything the message bar has told, by level."""
    return qgis_iface.messageBar().get_messages


@pytest.fixture
def finish(qtbot):
    """Wait until no run is left."""

    def wait(plugin, seconds=60):
        qtbot.waitUntil(lambda: not plugin.runs.active, timeout=1000 * seconds)
        qtbot.wait(100)  # what was put off to a later turn of the event loop

    return wait


@pytest.fixture
def slow_step(monkeypatch):
    """Replace the learned model by a step that copies the grey values, and takes ``seconds`` about it."""

    def patch(seconds=0.0, fail=None, warnings=()):
        def run(*, input, extent, output, progress=silent, **_):
            source = Raster(input, "INPUT")
            window = source.grid.window(extent)
            grey, valid = source.read(window)
            for part in range(100):
                tell(progress, part / 100, "Predicting")
                time.sleep(seconds / 100)
            if fail is not None:
                raise fail
            made = [np.where(valid, grey, np.nan)]
            write_dtm(output, source.grid.sub(window), made, [Band("relative height", "")], {"LEVELLED": "NO"})
            return StepResult({"OUTPUT": output}, warnings)

        chosen = step("dtmfromextent")
        monkeypatch.setattr("planetary_dtm.core.steps.dtmfromextent.STEP", replace(chosen, run=run))

    return patch


@pytest.fixture(scope="session")
def flown(tmp_path_factory):
    """A short orbit: sensor, GCPs, altimetry, two small images, their matches, orientation and points."""
    folder = tmp_path_factory.mktemp("orbit") / "scene"
    simulate = step("simulatescene")
    asked = {"LINES": LINES, "IMAGES": False, "GCP_ALTITUDES": True, "OUTPUT_FOLDER": str(folder)}
    simulate.run(**simulate.checked(asked))
    rng = np.random.default_rng(0)
    for name in ("nadir", "forward"):
        made = gdal.GetDriverByName("GTiff").Create(str(folder / f"{name}.tif"), 64, LINES)
        made.GetRasterBand(1).WriteArray(rng.integers(1, 255, (LINES, 64), np.uint8))
        made.SetMetadata({"VIEW": name})
        made = None
    return folder


@pytest.fixture
def quick(monkeypatch, flown):
    """Matching and intersection replaced by quick ones that write what the real ones would."""
    calls = []

    def matching(*, image_a, image_b, output, progress=silent, **_):
        calls.append(("densematch", Path(image_b).stem))
        tell(progress, 0.5, "Matching")
        shift = np.full((LINES, 64), 3.0)
        shift[:, :8] = np.nan
        names = {"IMAGE_A": "nadir.tif", "IMAGE_B": Path(image_b).name, "VIEW_A": "nadir", "VIEW_B": "forward"}
        write_matches(output, shift, 2 * shift, np.full(shift.shape, 0.9), np.full(shift.shape, 0.1), names)
        return StepResult({"OUTPUT": output})

    def intersecting(*, matches, sensor, eops, output, **_):
        calls.append(("intersect", len(matches)))
        lon, lat = (axis.ravel() for axis in np.meshgrid(90 + np.arange(40) * 1e-3, 20 + np.arange(40) * 1e-3))
        altitude = 100 * np.sin(lon * 300)
        columns = {"lon": lon, "lat": lat, "altitude": altitude, "sigma": np.full(lon.shape, 5.0)}
        radians = np.radians(lon), np.radians(lat)
        radius = 1737400 + altitude
        columns["x"] = radius * np.cos(radians[1]) * np.cos(radians[0])
        columns["y"] = radius * np.cos(radians[1]) * np.sin(radians[0])
        columns["z"], columns["ray_miss"] = radius * np.sin(radians[1]), np.full(lon.shape, 1.0)
        write_table(output, columns)
        return StepResult({"OUTPUT": output, "COUNT": len(lon), "RAY_MISS": 1.0})

    for name, run in (("densematch", matching), ("intersect", intersecting)):
        monkeypatch.setattr(f"planetary_dtm.core.steps.{name}.STEP", replace(step(name), run=run))
    return calls


@pytest.fixture
def work(plugin, flown, tmp_path):
    """The plugin's workspace with the scene in it, results in a folder of their own."""
    assert plugin.workspace.take_scene(str(flown)) == 6
    plugin.workspace["folder"] = str(tmp_path)
    return plugin.workspace


@pytest.fixture(scope="session")
def qgis_process(tmp_path_factory):
    """Calls qgis_process with the plugin switched on in a profile of its own."""
    folder = tmp_path_factory.mktemp("qgis_process")
    (folder / "plugins").mkdir()
    (folder / "plugins" / "planetary_dtm").symlink_to(ROOT, target_is_directory=True)
    settings = folder / "profile" / "profiles" / "default" / "QGIS" / "QGIS3.ini"
    settings.parent.mkdir(parents=True)
    settings.write_text("[PythonPlugins]\nplanetary_dtm=true\n", encoding="utf-8")
    environment = {
        **os.environ,
        "PATH": os.pathsep.join(["/usr/bin", os.environ.get("PATH", "")]),
        "QT_QPA_PLATFORM": "offscreen",
        "QGIS_PLUGINPATH": str(folder / "plugins"),
        "QGIS_CUSTOM_CONFIG_PATH": str(folder / "profile"),
    }
    environment.pop("PYTHONPATH", None)

    def call(*words):
        ended = subprocess.run([QGIS_PROCESS, *words], env=environment, capture_output=True, text=True, timeout=120)
        return ended.returncode, ended.stdout + ended.stderr

    return call


@pytest.fixture(scope="session", autouse=True)
def no_task_left(qgis_app):
    """Nothing runs on when the tests end."""
    yield
    limit = time.monotonic() + 10
    while QgsApplication.taskManager().countActiveTasks() and time.monotonic() < limit:
        QApplication.processEvents()
        time.sleep(0.02)
    assert QgsApplication.taskManager().countActiveTasks() == 0
