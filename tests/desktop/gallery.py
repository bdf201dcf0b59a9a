"""Scenario: the pictures of the documentation, one after the other."""

import json
import os
import runpy
from pathlib import Path

import processing
from processing.modeler.ModelerDialog import ModelerDialog
from qgis.core import QgsProcessingContext, QgsProject, QgsRasterLayer
from qgis.gui import QgsCollapsibleGroupBox
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QDockWidget, QTreeView
from qgis.utils import plugins

stage_file = json.loads(os.environ["PLANETARY_DTM_STAGE"])["stage"]
Stage = runpy.run_path(stage_file)["Stage"]


def scenario(stage):
    folder, scene = Path(stage.given["pictures"]), Path(stage.given["scene"])
    suffix = stage.given["suffix"]
    project, canvas, dock = QgsProject.instance(), stage.iface.mapCanvas(), plugins["planetary_dtm"].view_dock
    runs, bar = plugins["planetary_dtm"].runs, stage.iface.messageBar()
    image = QgsRasterLayer(str(scene / "image.tif"), "Simulated image")
    project.setCrs(image.crs())
    project.addMapLayer(image)
    stage.tidy(dock.objectName())
    yield 1.0
    stage.window.resizeDocks([stage.widget("Layers"), dock], [270, 400], Qt.Orientation.Horizontal)
    context = QgsProcessingContext()
    context.setProject(project)
    dock.form.level.setCurrentIndex(1)
    dock.form.altimetry.setValue(str(scene / "altimetry.csv"), context)
    dock.form.sun_azimuth.setValue(285.0)
    dock.findChild(QgsCollapsibleGroupBox).setCollapsed(False)
    canvas.setExtent(image.extent().buffered(-0.01 * image.extent().width()))
    yield 0.5
    yield stage.drawn
    bar.clearWidgets()
    yield lambda: dock.preview.square is not None
    yield 0.5
    stage.picture(folder / f"dock{suffix}.png")

    toolbar = stage.widget("PlanetaryDtmToolbar")
    stage.click(toolbar.widgetForAction(plugins["planetary_dtm"].actions[0]))
    yield lambda: bool(runs.active) and runs.active[0].percent > 25
    yield 0.2  # the row tells it as well
    stage.picture(folder / f"running{suffix}.png")
    yield lambda: not runs.active
    yield 0.5
    yield stage.drawn
    for item in [i for i in bar.items() if "on the map" not in i.text()]:
        bar.popWidget(item)
    yield 1.0
    stage.picture(folder / f"result{suffix}.png")

    bar.clearWidgets()
    dock.findChild(QgsCollapsibleGroupBox).setCollapsed(True)
    dock.form.sun_azimuth.setValue(280.0)
    stage.click(dock.generate_button)
    yield lambda: bool(runs.active)
    yield lambda: not runs.active
    for box in dock.findChildren(QgsCollapsibleGroupBox):
        box.setCollapsed(box.isAncestorOf(dock.preview) or not box.isAncestorOf(dock.history.list))
    yield 0.5
    stage.click(dock.history.compare_button)
    yield lambda: bool(runs.active)
    yield lambda: not runs.active
    yield 1.0
    yield stage.drawn
    for item in [i for i in bar.items() if "RMSE" not in i.text()]:
        bar.popWidget(item)
    yield 0.5
    stage.picture(folder / f"history{suffix}.png")
    bar.clearWidgets()
    toolbox = stage.window.findChild(QDockWidget, "ProcessingToolbox")
    stage.tidy("ProcessingToolbox")
    tree = toolbox.findChild(QTreeView)
    toolbox.searchBox.setText("planetarydtm")
    tree.expandAll()
    dialog = processing.createAlgorithmDialog("planetarydtm:dtmfromextent", {"INPUT": image.id()})
    dialog.show()
    dialog.setGeometry(110, 110, 860, 680)
    yield 1.5
    stage.picture(folder / f"toolbox{suffix}.png")
    dialog.close()
    modeler = ModelerDialog()
    modeler.loadModel(stage.given["model"])
    modeler.resize(1300, 620)
    modeler.show()
    yield 1.5
    modeler.view().fitInView(modeler.view().scene().itemsBoundingRect(), Qt.AspectRatioMode.KeepAspectRatio)
    yield 1.0
    stage.picture(folder / f"modeler{suffix}.png")
    modeler.setDirty(False)
    modeler.close()


stage = Stage()
stage.play(scenario)
