"""Scenario: the plugin is reloaded again and again, and runs again and again; what QGIS holds is counted after each."""

import gc
import json
import os
import runpy
import threading
from pathlib import Path

from qgis.core import QgsApplication, QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QCoreApplication, QEvent, QObject
from qgis.PyQt.QtWidgets import QDockWidget, QToolBar
from qgis.utils import plugins, reloadPlugin

stage_file = json.loads(os.environ["PLANETARY_DTM_STAGE"])["stage"]
Stage = runpy.run_path(stage_file)["Stage"]
NAME = "planetary_dtm"


def held(stage):
    """What there is now: megabytes, and numbers of things."""
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    status = Path("/proc/self/status").read_text()
    children = stage.window.findChildren(QObject)
    registry = QgsApplication.processingRegistry()
    return {
        "megabytes": int(status.split("VmRSS:")[1].split()[0]) / 1024,
        "threads": int(status.split("Threads:")[1].split()[0]),
        "python_threads": threading.active_count(),
        "layers": len(QgsProject.instance().mapLayers()),
        "nodes": len(QgsProject.instance().layerTreeRoot().children()),
        "docks": sum(isinstance(child, QDockWidget) for child in children),
        "toolbars": sum(isinstance(child, QToolBar) for child in children),
        "ours": sum("PlanetaryDtm" in child.objectName() for child in children),
        "providers": len(registry.providers()),
        "algorithms": len(registry.algorithms()),
        "parameters": sum(len(a.parameterDefinitions()) for a in registry.providerById("planetarydtm").algorithms()),
        "tasks": QgsApplication.taskManager().count(),
        "items": len(stage.iface.mapCanvas().scene().items()),
    }


def scenario(stage):
    project = QgsProject.instance()
    image = QgsRasterLayer(stage.given["image"], "scene")
    project.setCrs(image.crs())
    project.addMapLayer(image)
    stage.tidy("PlanetaryDtmViewDock", "PlanetaryDtmPushbroomDock")
    stage.iface.mapCanvas().setExtent(image.extent())
    yield 1.0
    yield stage.drawn
    stage.found["reloads"], stage.found["runs"] = [], []
    for _ in range(int(stage.given["reloads"])):
        reloadPlugin(NAME)
        stage.tidy("PlanetaryDtmViewDock", "PlanetaryDtmPushbroomDock")
        yield 0.3
        stage.found["reloads"].append(held(stage))
    for _ in range(int(stage.given["runs"])):
        plugin = plugins[NAME]
        plugin.view_dock.generate()
        yield lambda: bool(plugins[NAME].runs.active)
        yield lambda: not plugins[NAME].runs.active
        yield 0.3
        yield stage.drawn
        made = [key for key in project.mapLayers() if key != image.id()]
        stage.found.setdefault("made", []).append(len(made))
        project.removeMapLayers(made)
        for node in project.layerTreeRoot().findGroups():
            project.layerTreeRoot().removeChildNode(node)
        stage.iface.messageBar().clearWidgets()
        yield 0.3
        stage.found["runs"].append(held(stage))


stage = Stage()
stage.play(scenario)
