"""Runs of the desktop as entries of Processing's own history."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from qgis.core import QgsProcessingAlgorithm, QgsProcessingContext, QgsProcessingUtils
from qgis.gui import QgsGui

from ..processing_provider.algorithm import StepAlgorithm


def add(algorithm: QgsProcessingAlgorithm, parameters: dict[str, Any], context: QgsProcessingContext) -> None:
    """Write a run into Processing > History, from where it can be repeated and copied as Python.

    Rasters that are no layers yet are written in here: QGIS would load each of them, 70 ms, to know its path.
    """
    names = algorithm.unloaded(parameters, context) if isinstance(algorithm, StepAlgorithm) else ()
    files = {name: parameters[name] for name in parameters if name in names}
    given = {name: value for name, value in parameters.items() if name not in names}
    command = _python(algorithm.asPythonCommand(given, context), files)
    if hasattr(QgsGui, "historyProviderRegistry"):  # QGIS >= 3.24
        whole = algorithm.asMap(given, context)
        whole["inputs"] = {**whole.get("inputs", {}), **files}
        details = {"python_command": command, "algorithm_id": algorithm.id(), "parameters": whole}
        process_command, possible = algorithm.asQgisProcessCommand(given, context)
        if possible:
            details["process_command"] = " ".join([process_command, *_words(files)])
        QgsGui.historyProviderRegistry().addEntry("processing", details)
        return
    from processing.core.ProcessingLog import ProcessingLog

    ProcessingLog.addToLog(command)


def _python(command: str, files: Mapping[str, Any]) -> str:
    """The command ``processing.run(ID, {...})`` with more parameters: a path or a list of paths each."""
    more = ""
    for name, value in files.items():
        paths = [QgsProcessingUtils.stringToPythonLiteral(path) for path in _listed(value)]
        more += f"'{name}':{paths[0] if isinstance(value, str) else '[' + ','.join(paths) + ']'},"
    return command.replace("{", "{" + more, 1)


def _words(files: Mapping[str, Any]) -> list[str]:
    """The same parameters for qgis_process."""
    return [f"--{name}={shlex.quote(path)}" for name, value in files.items() for path in _listed(value)]


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
