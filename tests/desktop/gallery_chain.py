"""Scenario: pictures of the push-broom chain and its plots, run from a scene to its DTM, and of the first page."""

import json
import os
import runpy
from pathlib import Path

from qgis.core import QgsCoordinateReferenceSystem, QgsProject
from qgis.PyQt.QtCore import Qt
from qgis.utils import plugins

stage_file = json.loads(os.environ["PLANETARY_DTM_STAGE"])["stage"]
Stage = runpy.run_path(stage_file)["Stage"]


def scenario(stage):
    folder, suffix = Path(stage.given["pictures"]), stage.given["suffix"]
    plugin, project = plugins["planetary_dtm"], QgsProject.instance()
    work, chain, plots = plugin.workspace, plugin.pushbroom_dock, plugin.plots_dock
    project.setCrs(QgsCoordinateReferenceSystem("IAU_2015:30100"))
    work.take_scene(stage.given["scene"])
    work["folder"] = stage.given["results"]
    work["sigma_lateral"] = "3"
    stage.tidy(chain.objectName(), plots.objectName())
    docks = [stage.widget("Layers"), chain]
    stage.window.resizeDocks(docks, [230, 400], Qt.Orientation.Horizontal)
    stage.window.resizeDocks([plots], [360], Qt.Orientation.Vertical)
    yield 1.0
    stage.click(chain.all_button)
    yield lambda: bool(plugin.runs.active)
    if not suffix:
        yield lambda: work.has("certainty") and bool(plugin.runs.active)
        yield 0.5
        stage.picture(folder / "chain_running.png")
    yield lambda: not chain._running and not plugin.runs.active
    yield 1.0
    stage.found["messages"] = [item.text() for item in stage.iface.messageBar().items()]
    stage.iface.messageBar().clearWidgets()
    layers = {layer.customProperty("planetary_dtm/product"): layer for layer in project.mapLayers().values()}
    stage.found["products"] = sorted(filter(None, layers))
    stage.iface.mapCanvas().setExtent(layers["dtm"].extent())
    for panel in chain.panels.values():
        panel.setCollapsed(panel.stage.id in ("scene", "altimetry"))
    stage.window.resizeDocks(docks, [230, 400], Qt.Orientation.Horizontal)
    plots.tabs.setCurrentIndex(0)
    yield 2.0
    yield stage.drawn
    orbit = plots.orbit
    plots.point_at(float(orbit.line[len(orbit.line) // 2]))
    yield 0.5
    stage.picture(folder / f"chain_orientation{suffix}.png")
    plots.tabs.setCurrentIndex(2)
    yield lambda: plots.match_view.pair is not None
    rows, columns = plots.match_view.pair.line_b.shape
    plots.match_view.point_at(rows // 2, columns // 2)
    yield 1.5
    stage.picture(folder / f"chain_matches{suffix}.png")
    if not suffix:
        plots.tabs.setCurrentIndex(1)
        yield 1.0
        stage.picture(folder / "chain_residuals.png")
    plugin.show_start_page()
    plugin.start_page.move(200, 120)
    yield 4.0
    stage.picture(folder / f"start{suffix}.png")
    plugin.start_page.close()


stage = Stage()
stage.play(scenario)
