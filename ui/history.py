"""Runs of the desktop as entries of Processing's own history."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any

from qgis.core import QgsProcessingAlgorithm, QgsProcessingContext, QgsProcessingUtils
from qgis.gui import QgsGui

from ..processing_provider.algorithm import StepAlgorithm


def add(algorithm: QgsProcessingAlgorithm, parameters: dict[str, Any], context: QgsProcessingContext) -> None:
    """Write a run into Processing > History, from where it can be repeated and copied as Python."""
    given, paths = _stood_in_for(algorithm, parameters, context)
    command = _restored(algorithm.asPythonCommand(given, context), paths, _literal)
    if hasattr(QgsGui, "historyProviderRegistry"):  # QGIS >= 3.24
        details = {
            "python_command": command,
            "algorithm_id": algorithm.id(),
            "parameters": _restored(algorithm.asMap(given, context), paths, str),
        }
        process_command, possible = algorithm.asQgisProcessCommand(given, context)
        if possible:
            details["process_command"] = _restored(process_command, paths, shlex.quote)
        QgsGui.historyProviderRegistry().addEntry("processing", details)
        return
    from processing.core.ProcessingLog import ProcessingLog

    ProcessingLog.addToLog(command)


def _stood_in_for(
    algorithm: QgsProcessingAlgorithm, parameters: dict[str, Any], context: QgsProcessingContext
) -> tuple[dict[str, Any], dict[str, str]]:
    """The parameters with a word for each raster that is no layer yet, and the paths by these words.

    QGIS would load the rasters, 70 ms each, to write down their paths.
    """
    given, paths = dict(parameters), {}
    for name in algorithm.unloaded(parameters, context) if isinstance(algorithm, StepAlgorithm) else ():
        several = not isinstance(given[name], str)
        words = [f"planetary_dtm_file_{len(paths) + number}_" for number in range(len(given[name]) if several else 1)]
        paths.update(zip(words, given[name] if several else [given[name]]))
        given[name] = words if several else words[0]
    return given, paths


def _restored(value: Any, paths: dict[str, str], written: Callable[[str], str]) -> Any:
    """A text, or all texts of a map or a list, with the paths for the words."""
    if isinstance(value, dict):
        return {key: _restored(part, paths, written) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_restored(part, paths, written) for part in value]
    if isinstance(value, str):
        for word, path in paths.items():
            value = value.replace(f"'{word}'" if written is _literal else word, written(path))
    return value


def _literal(path: str) -> str:
    return QgsProcessingUtils.stringToPythonLiteral(path)
