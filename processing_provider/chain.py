"""A shipped chain of algorithms: a model of the graphical modeler, as a file."""

from __future__ import annotations

import re
from pathlib import Path

from qgis.core import QgsProcessingModelAlgorithm
from qgis.PyQt.QtGui import QIcon

from . import resources
from .words import say_chain


class Chain(QgsProcessingModelAlgorithm):
    """The model of a .model3 file; its id is its name in lower case, its words joined by underscores."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.readable = self.fromFile(str(path))
        self._translate()

    def createInstance(self) -> Chain:
        return Chain(self.path)

    def name(self) -> str:
        return re.sub(r"\W+", "_", super().name()).lower()

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
