"""Runs of the desktop as entries of Processing's own history."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsProcessingAlgorithm, QgsProcessingContext
from qgis.gui import QgsGui


def add(algorithm: QgsProcessingAlgorithm, parameters: dict[str, Any], context: QgsProcessingContext) -> None:
    """Write a run into Processing > History, from where it can be repeated and copied as Python."""
    command = algorithm.asPythonCommand(parameters, context)
    if hasattr(QgsGui, "historyProviderRegistry"):  # QGIS >= 3.24
        details = {
            "python_command": command,
            "algorithm_id": algorithm.id(),
            "parameters": algorithm.asMap(parameters, context),
        }
        process_command, possible = algorithm.asQgisProcessCommand(parameters, context)
        if possible:
            details["process_command"] = process_command
        QgsGui.historyProviderRegistry().addEntry("processing", details)
        return
    from processing.core.ProcessingLog import ProcessingLog

    ProcessingLog.addToLog(command)
