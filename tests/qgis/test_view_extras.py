"""What "DTM for view" tells before a run, and what it keeps of runs: preview, estimate, history, comparison."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from qgis.core import Qgis, QgsCoordinateReferenceSystem, QgsProject, QgsRasterLayer, QgsRectangle, QgsSettings
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import Qt

from planetary_dtm.core.geotiff import write_image
from planetary_dtm.core.learned.adapter import SIDE, placement, to_grey, to_square
from planetary_dtm.core.rasters import Raster
from planetary_dtm.processing_provider.styling import PRODUCT
from planetary_dtm.ui import estimate as estimating
from planetary_dtm.ui.packages import how_to_get, packages, system
from planetary_dtm.ui.plan import grid_of
from planetary_dtm.ui.preview import Preview, square_of_layer
from planetary_dtm.ui.view_form import ViewForm

SUCCESS, WARNING, CRITICAL = Qgis.MessageLevel.Success, Qgis.MessageLevel.Warning, Qgis.MessageLevel.Critical


def product(kind):
    return [la for la in QgsProject.instance().mapLayers().values() if la.customProperty(PRODUCT) == kind]


@pytest.fixture
def dock(plugin, image):
    plugin.view_dock.show()
    plugin.view_dock.update_hint()
    return plugin.view_dock


# --- preview -----------------------------------------------------------------------------------------------------


def test_preview_is_the_adapters_input(image):
    """A quarter of the square that the adapter makes of the same view, mirrors included."""
    grid = grid_of(image)
    small, place = square_of_layer(image.source(), grid, grid.extent)
    values, valid = Raster(image.source()).read()
    whole = to_square(to_grey(values[None]).grey, valid, placement(values.shape))
    means = whole.reshape(SIDE // 4, 4, SIDE // 4, 4).mean(axis=(1, 3))
    assert small.shape == (256, 256) and place.size == (40, 40)
    assert np.corrcoef(small.ravel(), means.ravel())[0, 1] > 0.99
    assert abs(small.astype(float) - means).mean() < 2


def test_preview_follows_the_map(dock, image, qtbot, qgis_canvas):
    qtbot.waitUntil(lambda: dock.preview.square is not None, timeout=10000)
    first = dock.preview.square[0]
    extent = image.extent()
    qgis_canvas.setExtent(QgsRectangle(extent.xMinimum(), extent.yMinimum(), extent.center().x(), extent.center().y()))
    qtbot.waitUntil(lambda: not np.array_equal(dock.preview.square[0], first), timeout=10000)
    assert not dock.preview.grab().isNull()


def test_preview_beside_the_image_says_why(dock, image, qtbot, qgis_canvas):
    qgis_canvas.setExtent(QgsRectangle(0, 0, 10, 10))
    qtbot.waitUntil(lambda: "outside" in dock.preview.message, timeout=10000)
    assert dock.preview.square is None and "About" not in dock.form.hint.text()


def test_preview_of_the_map_as_drawn(image, qtbot, tmp_path):
    """The images together, as a run draws them: not the results that lie over them."""
    inverted, grid = 255 - Raster(image.source()).read()[0], grid_of(image)
    write_image(tmp_path / "over.tif", grid, inverted.astype(np.uint8), {}, nodata=0)
    over = QgsRasterLayer(str(tmp_path / "over.tif"), "DTM")
    over.setCustomProperty(PRODUCT, "dtm")
    QgsProject.instance().addMapLayer(over)
    canvas, preview = QgsMapCanvas(), Preview()
    for widget in (canvas, preview):
        qtbot.addWidget(widget)
    canvas.resize(600, 600)
    canvas.show()
    canvas.setDestinationCrs(image.crs())
    canvas.setLayers([over, image])
    canvas.setExtent(image.extent())
    preview.follow(canvas, image, True)
    qtbot.waitUntil(lambda: not preview.busy, timeout=10000)
    square, place = preview.square
    (top, left), (height, width) = place.offset, place.size
    seen, own = square[top : top + height, left : left + width], Raster(image.source()).read()[0]
    rows, columns = (((np.arange(n) + 0.5) * m / n).astype(int) for n, m in zip(seen.shape, own.shape))
    assert np.corrcoef(seen.ravel(), own[np.ix_(rows, columns)].ravel())[0, 1] > 0.9


_WHILE_THE_POOL_IS_FULL = """
from threading import Event
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import QCoreApplication, QRunnable, QThreadPool
from qgis.testing import start_app
from planetary_dtm.ui.preview import Preview

class Waiting(QRunnable):
    def run(self):
        begun.set()
        enough.wait(30)

begun, enough = Event(), Event()
application = start_app()
canvas, preview, pool = QgsMapCanvas(), Preview(), QThreadPool.globalInstance()
canvas.resize(900, 700)
pool.setMaxThreadCount(1)
waiting = Waiting()
waiting.setAutoDelete(False)
pool.start(waiting)
assert begun.wait(10)
preview.follow(canvas, None, True)
enough.set()
while preview.busy:
    QCoreApplication.processEvents()
assert "nodata" in preview.message, preview.message  # there is no layer
print("shown")
"""


def test_preview_of_the_map_waits_for_no_thread_of_qts_pool(tmp_path):
    """Qt converts images in its pool; with that full of runs that wait for Python, a wait here would last for ever."""
    (tmp_path / "planetary_dtm").symlink_to(Path(__file__).parents[2])
    paths = os.pathsep.join([str(tmp_path), *sys.path])
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": paths}
    words = [sys.executable, "-c", _WHILE_THE_POOL_IS_FULL]
    ended = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60)
    assert "shown" in ended.stdout, ended.stderr


# --- estimate ----------------------------------------------------------------------------------------------------


def test_estimate_grows_with_the_view_and_is_told(dock):
    assert "About " in dock.form.hint.text() and "GB of memory" in dock.form.hint.text()
    small, large = (estimating.estimate(n**2, "numpy", False, False) for n in (1024, 4096))
    assert 10 < large[0] / small[0] < 17 and large[1] > 5 * small[1]
    assert estimating.estimate(4096**2, "numpy", False, True)[0] == small[0]  # JMARS mode: always one square
    assert estimating.estimate(1024**2, "numpy", True, False)[0] > small[0]


def test_estimate_learns_from_runs(plugin):
    for _ in range(20):
        estimating.learn(1e6, 11.0, "numpy", False)
    assert estimating.rate("numpy") == pytest.approx(10, rel=0.01)
    estimating.learn(1e3, 500.0, "numpy", False)  # a tiny run tells of its overhead only
    assert estimating.rate("numpy") == pytest.approx(10, rel=0.01)
    for _ in range(20):
        estimating.learn(1e6, 41.0, "numpy", True)  # what the network does not take, levelling does
    assert estimating.rate("numpy") == pytest.approx(10, rel=0.01)
    assert estimating.estimate(1e6, "numpy", True, False)[0] == pytest.approx(41, rel=0.01)
    QgsSettings().remove("planetary_dtm")


def test_too_little_memory_is_said(monkeypatch):
    monkeypatch.setattr(estimating, "free_memory", lambda: 1e9)
    assert "Only 1.0 GB are free" in estimating.sentence(5, 2e9)
    assert "Only" not in estimating.sentence(5, 0.5e9)
    assert estimating.sentence(600, 1e8).startswith("About 10 min")


# --- history -----------------------------------------------------------------------------------------------------


def test_history_brings_settings_and_view_back(dock, plugin, image, finish, slow_step, qgis_canvas, tmp_path):
    slow_step()
    extent = image.extent()
    part = QgsRectangle(extent.xMinimum(), extent.yMinimum(), extent.center().x(), extent.center().y())
    qgis_canvas.setExtent(part)
    seen = qgis_canvas.extent()
    dock.form.pixel_size.setValue(120)
    dock.form.sun_azimuth.setValue(285)
    dock.form.mode.setCurrentIndex(1)
    dock.generate()
    finish(plugin)
    (record,) = dock.history.records
    assert record.image == "scene" and record.there and "Sun azimuth: 285.0" in record.told()
    dock.form.pixel_size.setValue(0)
    dock.form.sun_azimuth.setValue(-1)
    dock.form.mode.setCurrentIndex(0)
    qgis_canvas.setExtent(extent)
    dock.history.restore_button.click()
    values = dock.form.values()
    assert (values["PIXEL_SIZE"], values["SUN_AZIMUTH"], values["MODE"]) == (120, 285, "jmars")
    assert qgis_canvas.extent().center().distance(seen.center()) < 1
    path = str(tmp_path / "p.qgs")
    QgsProject.instance().write(path)
    QgsProject.instance().clear()
    assert dock.history.records == []
    QgsProject.instance().read(path)
    assert dock.history.records == [record]


def test_settings_of_a_layer_that_is_gone(dock, plugin, image, finish, slow_step, messages):
    slow_step()
    dock.generate()
    finish(plugin)
    QgsProject.instance().removeMapLayer(image.id())
    dock.history.restore_button.click()
    assert "not there any more" not in messages(SUCCESS)
    assert "Not all of the run's settings" in messages(WARNING)[-1]


def test_two_results_compared_at_one_click(dock, plugin, image, qtbot, finish, slow_step, messages):
    slow_step()
    assert not dock.history.compare_button.isEnabled()
    for _ in range(2):
        dock.generate()
        finish(plugin)
    assert dock.history.compare_button.text() == "Compare the last two"
    qtbot.mouseClick(dock.history.compare_button, Qt.MouseButton.LeftButton)
    finish(plugin)
    assert messages(CRITICAL) == []
    assert len(product("difference")) == 1
    assert "Difference of two results: " in messages(SUCCESS)[-1] and "CC 1" in messages(SUCCESS)[-1]
    assert " m," not in messages(SUCCESS)[-1]
    assert "no unit" in messages(WARNING)[-1]  # neither is levelled
    found = Raster(product("difference")[0].source())
    assert found.unit() == ""


def test_the_image_is_the_active_one_where_layers_were_there_before(image):
    """The plugin switched on in an open project: its first entry is shown, not none."""
    form = ViewForm()
    assert form.image.currentIndex() == 0 and form.image.currentLayer() is None
    assert form.image.currentText() == "Active or topmost image"


def test_metres_and_relative_heights_are_not_compared(dock, plugin, image, finish, slow_step, messages):
    """The reason is told before anything runs."""
    slow_step()
    dock.generate()
    finish(plugin)
    (relative,) = dock.history.records
    levelled = replace(relative, parameters={**relative.parameters, "ALTIMETRY": "shots.csv"})
    dock.compare(levelled, relative)
    assert plugin.runs.active == () and "select two of a kind" in messages(WARNING)[-1]


def test_history_of_another_version_is_left_alone(dock):
    QgsProject.instance().writeEntry("planetary_dtm", "view/history", '[{"when": 1}]')
    dock.history.read()
    assert dock.history.records == []


# --- getting started ---------------------------------------------------------------------------------------------


def test_start_page_tells_of_every_package(plugin, monkeypatch):
    from importlib.machinery import ModuleSpec

    from planetary_dtm.ui import packages as module

    monkeypatch.setattr(module, "find_spec", lambda name: None if name == "torch" else ModuleSpec(name, None))
    plugin.show_start_page()
    from qgis.PyQt.QtWidgets import QLabel, QToolButton

    told = [label.text() for label in plugin.start_page.findChildren(QLabel)]
    missing = [text for text in told if "not installed" in text]
    assert len(missing) == 1 and "torch" in missing[0] and "faster" in missing[0]
    assert any(system() in text for text in told)
    (copy,) = plugin.start_page.findChildren(QToolButton)
    assert "install" in copy.toolTip()
    copy.click()
    from qgis.core import QgsApplication

    assert "torch" in QgsApplication.clipboard().text()
    plugin.start_page.close()


@pytest.mark.parametrize("platform", ["win32", "darwin", "linux"])
def test_no_command_touches_qgis_own_packages(platform, monkeypatch):
    monkeypatch.setattr("planetary_dtm.ui.packages.sys.platform", platform)
    for package in packages():
        told = how_to_get(package)
        assert "apt install" in told or ("--user" in told and f"numpy=={np.__version__}" in told), told


def test_sample_view_comes_onto_the_map(plugin, qtbot, finish, tmp_path, messages):
    plugin.show_start_page()
    plugin.start_page.try_view(str(tmp_path))
    finish(plugin, 120)
    assert messages(CRITICAL) == []
    (layer,) = QgsProject.instance().mapLayers().values()
    assert isinstance(layer, QgsRasterLayer) and Path(layer.source()).parent.parent == tmp_path
    assert QgsProject.instance().crs() == layer.crs() != QgsCoordinateReferenceSystem()
    assert plugin.view_dock.form.values()["ALTIMETRY"].endswith("altimetry.csv")
    plugin.start_page.try_view("")  # no folder chosen: nothing happens
    assert plugin.runs.active == ()
