"""The shipped chains can be edited: "Edit a Copy of the Model" in the toolbox's context menu.

Processing offers "Edit Model" for models of the user and of the project alone.
"""

from __future__ import annotations

from typing import Any

from qgis.core import QgsApplication, QgsProcessingAlgorithm
from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtGui import QIcon

from ..processing_provider.chain import Chain, ChainCopy
from .turns import later

translate = QCoreApplication.translate


class EditCopyAction:
    """An entry as Processing's toolbox asks for it: data, name, icon, whether it applies, and what it does."""

    is_separator = False

    def __init__(self) -> None:
        self.name = translate("EditCopyAction", "Edit a Copy of the Model…")
        self._algorithm: QgsProcessingAlgorithm | None = None

    def setData(self, algorithm: QgsProcessingAlgorithm, toolbox: Any) -> None:
        self._algorithm = algorithm

    def icon(self) -> QIcon:
        return QgsApplication.getThemeIcon("/mActionEditModelComponent.svg")

    def isEnabled(self) -> bool:
        return isinstance(self._algorithm, Chain)

    def execute(self) -> None:
        """Open the chain in the modeler; saving asks for a place of its own.

        As Processing opens it, in three turns: the window's parts, the model in it, and the window on the screen.
        """
        from processing.modeler.ModelerDialog import ModelerDialog

        model = copy_of(self._algorithm)

        def build() -> None:
            dialog = ModelerDialog.create()
            dialog.update_model.connect(_refresh_models)
            later(dialog, lambda: fill(dialog))

        def fill(dialog: ModelerDialog) -> None:
            dialog.setModel(model)
            later(dialog, lambda: show(dialog))

        def show(dialog: ModelerDialog) -> None:
            dialog.show()
            dialog.activate()

        later(QCoreApplication.instance(), build)


def copy_of(chain: Chain) -> ChainCopy:
    """The chain as a plain model without a file."""
    model = ChainCopy()
    model.fromFile(str(chain.path))
    model.setName(translate("EditCopyAction", "{} (copy)").format(chain.displayName()))
    model.setSourceFilePath("")
    model.setProvider(QgsApplication.processingRegistry().providerById("model"))  # QGIS cannot run one without
    return model


def register() -> EditCopyAction:
    """Add the entry to the toolbox."""
    from processing.gui.ProviderActions import ProviderContextMenuActions

    action = EditCopyAction()
    ProviderContextMenuActions.registerProviderContextMenuActions([action])
    return action


def deregister(action: EditCopyAction) -> None:
    """Take the entry out of the toolbox again."""
    from processing.gui.ProviderActions import ProviderContextMenuActions

    ProviderContextMenuActions.deregisterProviderContextMenuActions([action])


def _refresh_models() -> None:
    provider = QgsApplication.processingRegistry().providerById("model")
    if provider is not None:
        provider.refreshAlgorithms()
