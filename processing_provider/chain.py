"""A shipped chain of algorithms: a model of the graphical modeler, as a file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildAlgorithm,
    QgsProcessingUtils,
)
from qgis.PyQt.QtGui import QIcon

from . import resources
from .words import say_chain


class BackgroundModel(QgsProcessingModelAlgorithm):
    """A model that runs in a worker thread, as models do since QGIS 3.38: before, they held the event loop."""

    def flags(self) -> QgsProcessingAlgorithm.Flags:
        flags, fixed = super().flags(), QgsProcessingAlgorithm.FlagNoThreading
        return flags & ~fixed if flags & fixed and self._runs_in_background() else flags

    def processAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """As QGIS runs it; layers of its results are opened here too, not one after the other by the event loop."""
        results = super().processAlgorithm(parameters, context, feedback)
        for source in context.layersToLoadOnCompletion():
            QgsProcessingUtils.mapLayerFromString(source, context)  # waits in the context
        return results

    def _runs_in_background(self) -> bool:
        children = self.childAlgorithms()  # their algorithms live as long as these
        return not any(map(_needs_main_thread, children.values()))


def _needs_main_thread(child: QgsProcessingModelChildAlgorithm) -> bool:
    algorithm = child.algorithm()
    return algorithm is None or bool(algorithm.flags() & QgsProcessingAlgorithm.FlagNoThreading)


class ChainCopy(BackgroundModel):
    """A chain under a user's hands in the modeler."""

    def createInstance(self) -> ChainCopy:
        made = ChainCopy()
        made.loadVariant(self.toVariant())
        made.setProvider(self.provider())
        made.setSourceFilePath(self.sourceFilePath())
        return made


class Chain(BackgroundModel):
    """The model of a .model3 file; its id is its name in lower case, its words joined by underscores."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.readable = self.fromFile(str(path))
        self._background: bool | None = None
        self._translate()

    def createInstance(self) -> Chain:
        return Chain(self.path)

    def name(self) -> str:
        return re.sub(r"\W+", "_", super().name()).lower()

    def _runs_in_background(self) -> bool:
        if self._background is None:  # asked for at every letter typed into the toolbox
            self._background = super()._runs_in_background()
        return self._background

    def displayName(self) -> str:
        return say_chain(super().displayName())

    def group(self) -> str:
        return say_chain(super().group())

    def _translate(self) -> None:
        """Help and labels in the user's language; the ids stay."""
        helps = self.helpContent()
        told = {name: say_chain(text) if name != "ALG_CREATOR" else text for name, text in helps.items()}
        self.setHelpContent(told)
        for definition in self.parameterDefinitions():
            definition.setDescription(say_chain(definition.description()))

    def icon(self) -> QIcon:
        return QIcon(self.svgIconPath())

    def svgIconPath(self) -> str:
        return str(resources.icon("model"))
