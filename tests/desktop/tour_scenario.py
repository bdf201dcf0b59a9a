"""Scenario: a newcomer's tour. Every step is a click or a key; Python says only where things are, and looks."""

import json
import os
import runpy
from dataclasses import asdict
from pathlib import Path

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QRect
from qgis.PyQt.QtWidgets import (
    QApplication,
    QComboBox,
    QDockWidget,
    QLineEdit,
    QPushButton,
    QTabBar,
    QToolButton,
    QTreeView,
)
from qgis.utils import plugins

stage_file = json.loads(os.environ["PLANETARY_DTM_STAGE"])["stage"]
Stage = runpy.run_path(stage_file)["Stage"]
from planetary_dtm.tests.desktop.hand import Hand, entry, row, window  # noqa: E402


class Tour:
    def __init__(self, stage):
        self.stage, self.hand = stage, Hand()
        self.plugin, self.project = plugins["planetary_dtm"], QgsProject.instance()
        self.pictures, self.folder = Path(stage.given["pictures"]), Path(stage.given["home"])
        self.chain, self.bar = self.plugin.pushbroom_dock, stage.iface.messageBar()
        self.parts = {name: getattr(self, name) for name in ("sample", "view", "push_broom", "report", "model")}

    def play(self):
        yield 2.0
        self.stage.dog.start()
        for name in self.stage.given["parts"].split():
            yield from self.parts[name]()
            if name != "report":
                self.picture(f"tour_{name}")
        self.stage.dog.stop()
        self.hand.close()
        self.stage.found["chapters"] = [asdict(chapter) for chapter in self.hand.chapters]
        self.stage.found["products"] = sorted(filter(None, self.products()))
        self.stage.found["messages"] = [item.text() for item in self.bar.items()]

    def picture(self, name):
        self.stage.picture(self.pictures / f"{name}.png")

    def products(self):
        layers = self.project.mapLayers().values()
        return {layer.customProperty("planetary_dtm/product"): layer for layer in layers}

    def button(self, number):
        toolbar = self.stage.widget("PlanetaryDtmToolbar")
        return lambda: toolbar.widgetForAction(self.plugin.actions[number])

    def choose_folder(self, name):
        """Type a folder into the dialog that is open."""
        yield lambda: QApplication.activeModalWidget() is not None
        yield 0.5
        (self.folder / name).mkdir(exist_ok=True)
        yield from self.hand.type(str(self.folder / name), "type a folder")
        yield from self.hand.press("Return", told="Enter")
        yield lambda: QApplication.activeModalWidget() is None

    # --- chapters -----------------------------------------------------------------------------------------------

    def sample(self):
        hand, project = self.hand, self.project
        hand.chapter("Sample scene")
        yield from hand.click(self.button(3), "compass button of the toolbar")
        yield from hand.click(lambda: getattr(self.plugin.start_page, "view_button", None), "Terrain from one image …")
        yield from self.choose_folder("sample")
        yield lambda: bool(project.mapLayers()) and not self.plugin.runs.active
        yield self.stage.drawn
        yield 0.5

    def view(self):
        hand = self.hand
        hand.chapter("View to DTM")
        before = len(self.project.mapLayers())
        yield from hand.click(self.button(0), "Generate DTM for view")
        yield lambda: len(self.project.mapLayers()) > before + 1 and not self.plugin.runs.active
        yield 0.5
        yield self.stage.drawn

    def push_broom(self):
        hand, chain = self.hand, self.chain
        hand.chapter("Push-broom chain to DTM")
        yield from hand.click(self.button(2), "Push-broom button of the toolbar")
        yield 1.0
        self.picture("tour_push_broom_start")
        yield from hand.click(lambda: chain.panels["scene"].run_button, "Simulate a sample scene")
        yield from self.choose_folder("orbit")
        yield lambda: bool(self.plugin.runs.active)
        yield lambda: not self.plugin.runs.active and not chain._running
        yield 1.0
        self.picture("tour_push_broom_scene")
        yield from hand.click(chain.all_button, "Run all that is left")
        yield lambda: bool(self.plugin.runs.active)
        yield lambda: not chain._running and not self.plugin.runs.active
        yield 1.0
        yield self.stage.drawn

    def report(self):
        hand, panel = self.hand, self.chain.panels["comparison"]
        hand.chapter("Comparison report")
        if panel.isCollapsed():
            yield from hand.click((panel, QRect(24, 2, 90, 14)), "open the step Comparison")
        yield from hand.click(panel.report_button, "open the report")
        yield (self.folder / "seen").exists
        self.picture("tour_report")
        yield from hand.press("alt+F4", told="close the report")
        yield 1.0

    def model(self):
        hand, stage = self.hand, self.stage
        hand.chapter("Model chain edited and run")
        yield from hand.press("ctrl+alt+t", told="Processing toolbox")
        toolbox = stage.window.findChild(QDockWidget, "ProcessingToolbox")
        yield from hand.click(lambda: toolbox.searchBox, "search box")
        yield from hand.type("levelled", "type 'levelled'")
        tree = toolbox.findChild(QTreeView)
        yield from hand.click(row(tree, "View to levelled DTM"), "right click on the model", button=3)
        yield from hand.click(entry("Edit a Copy"), "Edit a Copy of the Model…")
        yield window("ModelerDialog")
        yield 1.0
        modeler = window("ModelerDialog")()
        yield from self.add_a_step(modeler)
        keep = modeler.actionSaveInProject()
        yield from hand.click(lambda: modeler.toolbar().widgetForAction(keep), "Save Model in Project")
        yield 0.5
        self.picture("tour_modeler")
        yield from self.run_model(modeler)

    def add_a_step(self, modeler):
        """A step that the chain lacks: the slope of the terrain it makes."""
        hand = self.hand
        tabs = next(bar for bar in modeler.findChildren(QTabBar) if "Algorithms" in _texts(bar))
        yield from hand.click((tabs, tabs.tabRect(_texts(tabs).index("Algorithms"))), "tab Algorithms")
        dock = next(dock for dock in modeler.findChildren(QDockWidget) if dock.windowTitle() == "Algorithms")
        yield from hand.click(lambda: dock.findChild(QLineEdit), "search box")
        yield from hand.type("slope", "type 'slope'")
        tree = dock.findChild(QTreeView)
        yield from hand.click(row(tree, "Slope"), "double click on Slope", times=2)
        yield window("ModelerParametersDialog")
        dialog = window("ModelerParametersDialog")()
        wrappers = dialog.widget.widget.wrappers
        yield from hand.click(lambda: wrappers["INPUT"].findChild(QToolButton), "where the input comes from")
        yield from hand.click(entry("Algorithm Output"), "Algorithm Output")
        yield lambda: "DTM" in shown(wrappers["INPUT"], QComboBox).currentText()  # the only one so far
        yield from hand.click(lambda: shown(wrappers["OUTPUT"], QLineEdit), "name of the output")
        yield from hand.type("Slope", "type 'Slope'")
        self.picture("tour_modeler_step")
        yield from hand.click(dialog_button(dialog, "OK"), "OK")

    def run_model(self, modeler):
        hand, project = self.hand, self.project
        before = len(project.mapLayers())
        yield from hand.click(lambda: modeler.toolbar().widgetForAction(modeler.actionRun()), "Run Model")
        yield window("AlgorithmDialog")
        dialog = window("AlgorithmDialog")()
        yield 1.0
        self.picture("tour_model_dialog")
        yield from hand.click(lambda: dialog.runButton(), "Run")
        yield lambda: (len(project.mapLayers()) > before and not dialog.isVisible()) or dialog.runButton().isEnabled()
        yield 1.0
        self.picture("tour_model_run")


def _texts(bar):
    return [bar.tabText(index) for index in range(bar.count())]


def shown(widget, kind):
    """The visible child of a kind."""
    return next((child for child in widget.findChildren(kind) if child.isVisible()), None)


def dialog_button(dialog, text):
    """A button of a dialog by its text."""

    def find():
        buttons = dialog.findChildren(QPushButton)
        return next((b for b in buttons if b.text().replace("&", "") == text and b.isVisible()), None)

    return find


stage = Stage()
stage.play(lambda stage: Tour(stage).play())
