"""Scenario: pictures of the push-broom chain and its plots, of its report, of the first page and of the options.

The chain is run from a scene to its comparison once, and kept as a project; with that project given it is only shown.
"""

import json
import os
import runpy
import subprocess
from pathlib import Path

from qgis.core import QgsCoordinateReferenceSystem, QgsProject
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtWidgets import QApplication
from qgis.utils import plugins

stage_file = json.loads(os.environ["PLANETARY_DTM_STAGE"])["stage"]
Stage = runpy.run_path(stage_file)["Stage"]


def scenario(stage):
    folder, suffix, kept = Path(stage.given["pictures"]), stage.given["suffix"], Path(stage.given["project"])
    plugin, project = plugins["planetary_dtm"], QgsProject.instance()
    work, chain, plots = plugin.workspace, plugin.pushbroom_dock, plugin.plots_dock
    docks = [stage.widget("Layers"), chain]

    def arrange():
        stage.tidy(chain.objectName(), plots.objectName())
        stage.window.resizeDocks(docks, [260, 400], Qt.Orientation.Horizontal)
        stage.window.resizeDocks([plots], [360], Qt.Orientation.Vertical)

    arrange()
    if kept.exists():
        project.read(str(kept))
        yield 2.0
        for panel in chain.panels.values():
            panel.setCollapsed(panel.stage.id != "orientation")
        yield 0.5
        stage.click(chain.panels["orientation"].run_button)
        yield lambda: bool(plugin.runs.active) and plugin.runs.active[0].percent > 1
        stage.iface.messageBar().clearWidgets()  # QGIS's word on the project's CRS
        yield 0.3
        stage.picture(folder / f"chain_running{suffix}.png")
        plugin.runs.active[0].cancel()  # all results stay as they were
        yield lambda: not chain._running and not plugin.runs.active
    else:
        project.setCrs(QgsCoordinateReferenceSystem("IAU_2015:30100"))
        work.take_scene(stage.given["scene"])
        work["folder"] = stage.given["results"]
        work["sigma_lateral"] = "3"
        yield 1.0
        stage.click(chain.all_button)
        yield lambda: bool(plugin.runs.active)
        yield lambda: work.has("certainty") and bool(plugin.runs.active)
        yield 1.0
        stage.picture(folder / f"chain_running{suffix}.png")
        yield lambda: not chain._running and not plugin.runs.active
        yield 1.0
        project.write(str(kept))
    stage.found["messages"] = [item.text() for item in stage.iface.messageBar().items()]
    layers = {layer.customProperty("planetary_dtm/product"): layer for layer in project.mapLayers().values()}
    stage.found["products"] = sorted(filter(None, layers))
    stage.iface.mapCanvas().setExtent(layers["dtm"].extent())
    for panel in chain.panels.values():
        panel.setCollapsed(panel.stage.id in ("scene", "altimetry"))
    arrange()
    plots.tabs.setCurrentIndex(0)
    yield 3.0
    stage.iface.messageBar().clearWidgets()
    yield stage.drawn
    orbit = plots.orbit
    plots.point_at(float(orbit.line[len(orbit.line) // 2]))
    yield 1.0
    stage.picture(folder / f"chain_orientation{suffix}.png")
    plots.tabs.setCurrentIndex(2)
    yield lambda: plots.match_view.pair is not None
    rows, columns = plots.match_view.pair.line_b.shape
    plots.match_view.point_at(rows // 2, columns // 2)
    yield 1.5
    stage.picture(folder / f"chain_matches{suffix}.png")
    plots.tabs.setCurrentIndex(1)
    yield 1.0
    stage.picture(folder / f"chain_residuals{suffix}.png")
    plugin.show_start_page()
    plugin.start_page.move(200, 120)
    yield 4.0
    stage.picture(folder / f"start{suffix}.png")
    plugin.start_page.close()
    QTimer.singleShot(0, lambda: stage.iface.showOptionsDialog(stage.window, "PlanetaryDtmOptions"))
    yield lambda: QApplication.activeModalWidget() is not None
    yield 1.5
    stage.picture(folder / f"options{suffix}.png")
    QApplication.activeModalWidget().reject()
    for name, picture in (("orientation", "report_orientation"), ("comparison", "report_comparison")):
        seen = kept.with_name(f"seen_{name}")
        words = ["/usr/bin/python3", stage.given["viewer"], work[f"{name}_report"], str(seen)]
        words += ["dark"] if suffix else []
        seen.unlink(missing_ok=True)
        viewer = subprocess.Popen(words)
        yield seen.exists
        stage.picture(folder / f"{picture}{suffix}.png")
        viewer.terminate()


stage = Stage()
stage.play(scenario)
