"""Scenario: an image is opened, the toolbar's button is pressed once, and terrain lies on the map."""

import json
import os
import runpy
from pathlib import Path

from qgis.core import QgsProcessingContext, QgsProject, QgsRasterLayer
from qgis.utils import plugins

stage_file = json.loads(os.environ["PLANETARY_DTM_STAGE"])["stage"]
Stage = runpy.run_path(stage_file)["Stage"]


def scenario(stage):
    project, canvas = QgsProject.instance(), stage.iface.mapCanvas()
    image = QgsRasterLayer(stage.given["image"], Path(stage.given["image"]).stem)
    project.setCrs(image.crs())
    project.addMapLayer(image)
    stage.tidy("PlanetaryDtmViewDock")
    plugin = plugins["planetary_dtm"]
    yield 1.0
    if "altimetry" in stage.given:
        context = QgsProcessingContext()
        context.setProject(project)
        plugin.view_dock.form.level.setCurrentIndex(1)
        plugin.view_dock.form.altimetry.setValue(stage.given["altimetry"], context)
    if "keep" in stage.given:
        plugin.view_dock.form.folder.setFilePath(stage.given["keep"])
    canvas.setExtent(image.extent().buffered(-0.02 * image.extent().width()))
    canvas.refresh()
    yield 0.5
    yield stage.drawn
    toolbar = stage.widget("PlanetaryDtmToolbar")
    button = toolbar.widgetForAction(plugin.actions[0])
    before = set(project.mapLayers())
    stage.dog.start()
    stage.click(button)
    runs = plugin.runs
    yield lambda: bool(runs.active) or len(project.mapLayers()) > 1
    yield lambda: not runs.active
    yield 0.5
    yield stage.drawn
    stage.dog.stop()
    stage.found["holds"] = stage.dog.report()
    added = [layer for key, layer in project.mapLayers().items() if key not in before]
    top = project.layerTreeRoot().children()[0]
    stage.found["layers"] = [top.name(), *(node.name() for node in top.children())]
    stage.found["screen"] = [stage.window.screen().size().width(), stage.window.screen().size().height()]
    stage.found["messages"] = [item.text() for item in stage.iface.messageBar().items()]
    terrain = next((layer for layer in added if layer.customProperty("planetary_dtm/product") == "dtm"), None)
    if terrain is not None:
        stage.found["dtm"] = terrain.source()
        stage.found["size"] = [terrain.width(), terrain.height()]
    yield 0.5
    stage.picture(stage.given["picture"])


stage = Stage()
stage.play(scenario)
