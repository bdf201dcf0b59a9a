"""What would hold the event loop is put off, cut into turns, or not done at all."""

from __future__ import annotations

import _thread
import gc
import os
import threading
import weakref
from contextlib import suppress

import pytest
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsGraduatedSymbolRenderer,
    QgsProcessingOutputLayerDefinition,
    QgsProject,
    QgsRectangle,
    QgsSettings,
    QgsSingleBandPseudoColorRenderer,
)
from qgis.PyQt.QtCore import QObject

from planetary_dtm.core.errors import CancelledError
from planetary_dtm.plugin.plugin import PlanetaryDtmPlugin
from planetary_dtm.processing_provider.layer_sources import ExportedTable, FileTable, table_of
from planetary_dtm.processing_provider.turns import in_own_thread
from planetary_dtm.ui import estimate, opening
from planetary_dtm.ui.model_menu import EditCopyAction
from planetary_dtm.ui.results import add_to_map
from planetary_dtm.ui.runs import Run
from planetary_dtm.ui.turns import later


def test_a_turn_comes_later_or_never(qtbot):
    owner, gone, done = QObject(), QObject(), []
    later(owner, lambda: done.append("owner"))
    later(gone, lambda: done.append("gone"))
    gone.deleteLater()
    assert done == []
    qtbot.waitUntil(lambda: bool(done), timeout=2000)
    qtbot.wait(50)
    assert done == ["owner"] and not owner.children()


def test_a_step_in_a_thread_of_its_own_leaves_no_thread_behind(qtbot):
    """QGIS's workers are no threads of Python's; neither they nor the step's may stay in its list."""
    before, told, over = threading.active_count(), [], []

    def worker():
        told.append(in_own_thread(threading.get_ident) != _thread.get_ident())
        try:
            in_own_thread(lambda: 1 / 0)
        except ZeroDivisionError:
            told.append(True)
        over.append(threading.active_count())

    for _ in range(3):
        _thread.start_new_thread(worker, ())
    qtbot.waitUntil(lambda: len(over) == 3, timeout=5000)
    assert told == [True] * 6 and threading.active_count() == before
    here = threading.get_ident()
    assert in_own_thread(threading.get_ident) == here  # the main thread does its work itself


def test_a_step_that_fails_lets_go_of_its_files_at_once(qtbot):
    """Not when Python next collects: GDAL may be gone by then, as it is when QGIS has been closed."""
    opened, left = [], []

    def work():
        file = QgsRectangle()
        opened.append(weakref.ref(file))
        raise CancelledError

    def worker():
        with suppress(CancelledError):
            in_own_thread(work)
        left.append(opened[0]())

    gc.disable()
    try:
        _thread.start_new_thread(worker, ())
        qtbot.waitUntil(lambda: bool(left), timeout=5000)
    finally:
        gc.enable()
    assert left == [None]


def test_the_modeler_opens_in_turns_with_a_copy(provider, qtbot, monkeypatch):
    from processing.modeler.ModelerDialog import ModelerDialog

    monkeypatch.setattr("processing.modeler.ModelerDialog.iface", None)  # the tests' one has not all of QGIS's
    action, before = EditCopyAction(), list(ModelerDialog.dlgs)
    action.setData(provider.algorithm("view_to_levelled_dtm"), None)
    action.execute()
    assert before == ModelerDialog.dlgs  # the click's own turn is short
    qtbot.waitUntil(lambda: len(ModelerDialog.dlgs) > len(before) and ModelerDialog.dlgs[-1].isVisible(), timeout=10000)
    dialog = ModelerDialog.dlgs[-1]
    assert dialog.model().displayName() == "View to levelled DTM (copy)" and dialog.model().sourceFilePath() == ""
    assert len(dialog.model().childAlgorithms()) == 3
    dialog.setDirty(False)
    dialog.close()
    ModelerDialog.dlgs.remove(dialog)


def test_settings_are_written_where_they_are_new(plugin, tmp_path):
    form, settings = plugin.view_dock.form, QgsSettings()
    form.save()
    assert not settings.contains("planetary_dtm/view/folder") and not settings.contains("planetary_dtm/view/model")
    form.folder.setFilePath(str(tmp_path))
    form.save()
    assert settings.value("planetary_dtm/view/folder") == str(tmp_path)
    form.folder.setFilePath("")
    form.save()
    assert settings.value("planetary_dtm/view/folder") == ""


def test_what_runs_tell_of_speed_is_written_as_the_plugin_goes(qgis_iface, project):
    QgsSettings().remove("planetary_dtm")
    made = PlanetaryDtmPlugin(qgis_iface)
    made.initGui()
    estimate.learn(1e6, 21.0, "numpy", False)
    learned = estimate.rate("numpy")
    assert learned > 5 and not QgsSettings().contains("planetary_dtm/speed/numpy")
    made.unload()
    assert QgsSettings().value("planetary_dtm/speed/numpy", 0.0, float) == learned == estimate.rate("numpy")
    QgsSettings().remove("planetary_dtm")


@pytest.mark.parametrize(
    ("algorithm", "source", "renderer"),
    [
        ("filteraltimetry", "altimetry.csv", QgsGraduatedSymbolRenderer),
        ("dtmfromextent", "image.tif", QgsSingleBandPseudoColorRenderer),
    ],
)
def test_layers_are_opened_by_the_run(plugin, scene, tmp_path, finish, algorithm, source, renderer):
    """The layer that goes onto the map is the one that the worker has left in the run's context, with its look."""
    target = str(tmp_path / ("out.gpkg" if source.endswith("csv") else "out.tif"))
    asked = {"INPUT": str(scene / source), "OUTPUT": QgsProcessingOutputLayerDefinition(target, QgsProject.instance())}
    if source.endswith("csv"):
        asked["BODY"] = "Moon"
    seen = []

    def then(run: Run) -> None:
        assert run.error == ""
        seen.extend(run.context.temporaryLayerStore().mapLayers())
        seen.append([layer.id() for layer in add_to_map(run)])

    plugin.runs.start(Run(f"planetarydtm:{algorithm}", asked, "Made"), then)
    finish(plugin)
    *waiting, added = seen
    assert len(added) == 1 and added[0] in waiting
    layer = QgsProject.instance().mapLayer(added[0])
    assert isinstance(layer.renderer(), renderer) and layer.crs().isValid()
    if source.endswith("csv"):  # and the next step reads its file, as long as the layer says the same
        assert isinstance(table_of(layer), FileTable) and table_of(layer).path(tmp_path, None) == target
        layer.setCrs(QgsCoordinateReferenceSystem("IAU_2015:49900"))
        assert isinstance(table_of(layer), ExportedTable)


def test_layers_of_a_chain_are_opened_by_its_run(plugin, scene, tmp_path, finish):
    files = {"dtm:DTM": "dtm.tif", "hillshade:Hillshade": "shade.tif", "contours:Contours": "lines.gpkg"}
    asked = {"image": str(scene / "image.tif"), "altimetry": str(scene / "altimetry.csv"), "engine": "numpy"}
    for name, file in files.items():
        asked[name] = QgsProcessingOutputLayerDefinition(str(tmp_path / file), QgsProject.instance())
    waiting = []

    def then(run: Run) -> None:
        assert run.error == ""
        waiting.extend(layer.source() for layer in run.context.temporaryLayerStore().mapLayers().values())
        assert len(add_to_map(run)) == len(files)

    plugin.runs.start(Run("planetarydtm:view_to_levelled_dtm", asked, "Chain"), then)
    finish(plugin)
    assert {source.partition("|")[0] for source in waiting} >= {str(tmp_path / file) for file in files.values()}
    layers = QgsProject.instance().mapLayers().values()
    assert all(layer.isValid() and layer.thread() == plugin.runs.thread() for layer in layers)


def test_reports_open_in_the_users_program(tmp_path, monkeypatch):
    program, told = tmp_path / "xdg-open", tmp_path / "told.txt"
    program.write_text(f'#!/bin/sh\nprintf "%s" "$1" > "{told}"\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(opening.sys, "platform", "linux")
    opening.open_file("/a report.html")
    assert (
        os.waitpid(opening._opened[-1], 0)[1] == 0
        and not opening._runs(opening._opened[-1])
        and told.read_text() == "/a report.html"
    )
    asked = []
    monkeypatch.setattr(opening.QDesktopServices, "openUrl", lambda url: asked.append(url.toLocalFile()))
    monkeypatch.setattr(opening.sys, "platform", "win32")
    opening.open_file("/a report.html")
    assert asked == ["/a report.html"]
