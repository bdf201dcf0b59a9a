"""Scenario: the dialog of every algorithm, with the advanced parameters unfolded, each as tall as it needs."""

import json
import os
import runpy
from pathlib import Path

import processing
from qgis.core import QgsApplication
from qgis.PyQt.QtWidgets import QGroupBox, QScrollArea

stage_file = json.loads(os.environ["PLANETARY_DTM_STAGE"])["stage"]
Stage = runpy.run_path(stage_file)["Stage"]
WIDTH, LEAST = 940, 480


def scenario(stage):
    folder, suffix = Path(stage.given["pictures"]), stage.given["suffix"]
    provider = QgsApplication.processingRegistry().providerById("planetarydtm")
    tallest = stage.window.screen().availableGeometry().height() - 40
    yield 1.0
    for algorithm in provider.algorithms():
        dialog = processing.createAlgorithmDialog(algorithm.id(), {})
        dialog.show()
        dialog.setGeometry(20, 30, WIDTH, LEAST)  # QGIS keeps the last one's
        yield 0.3
        for box in dialog.findChildren(QGroupBox):
            box.setProperty("collapsed", False)  # of QGIS's own kind, which PyQt does not know here
        yield 0.3
        hidden = max(area.verticalScrollBar().maximum() for area in dialog.findChildren(QScrollArea))
        if hidden > 0:
            dialog.resize(WIDTH, min(dialog.height() + hidden, tallest))
        yield 0.5
        stage.picture(folder / f"dialog_{algorithm.name()}{suffix}.png", int(dialog.winId()))
        dialog.close()
        dialog.deleteLater()
    stage.found["dialogs"] = len(provider.algorithms())


stage = Stage()
stage.play(scenario)
