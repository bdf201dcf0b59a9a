"""A shipped chain of algorithms: a model of the graphical modeler, as a file."""

from __future__ import annotations

import re
from pathlib import Path

from qgis.core import QgsProcessingModelAlgorithm
from qgis.PyQt.QtGui import QIcon

from . import resources


class Chain(QgsProcessingModelAlgorithm):
    """The model of a .model3 file; its id is its name in lower case, its words joined by underscores."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.readable = self.fromFile(str(path))

    def createInstance(self) -> Chain:
        return Chain(self.path)

    def name(self) -> str:
        return re.sub(r"\W+", "_", super().name()).lower()

    def icon(self) -> QIcon:
        return QIcon(self.svgIconPath())

    def svgIconPath(self) -> str:
        return str(resources.icon("model"))
