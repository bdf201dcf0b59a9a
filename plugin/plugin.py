"""Registers what the plugin brings into QGIS, and takes all of it away again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QCoreApplication, Qt
from qgis.PyQt.QtGui import QIcon

from ..processing_provider import resources
from ..processing_provider.provider import PlanetaryDtmProvider

if TYPE_CHECKING:
    from qgis.gui import QgisInterface
    from qgis.PyQt.QtWidgets import QAction, QToolBar

    from ..ui.runs import Runs
    from ..ui.view_dock import ViewDock

MENU = "Planetary DTM"


class PlanetaryDtmPlugin:
    """The plugin as QGIS holds it; under qgis_process there is no ``iface`` and only the provider is made."""

    def __init__(self, iface: QgisInterface | None) -> None:
        self.iface = iface
        self.provider: PlanetaryDtmProvider | None = None
        self.runs: Runs | None = None
        self.view_dock: ViewDock | None = None
        self.toolbar: QToolBar | None = None
        self.actions: list[QAction] = []

    def initProcessing(self) -> None:
        """Add the Processing provider; QGIS calls this alone under qgis_process."""
        self.provider = PlanetaryDtmProvider()
        QgsApplication.processingRegistry().addProvider(self.provider)
        self.provider.load_models()

    def initGui(self) -> None:
        """Add provider, dock, menu and toolbar."""
        from ..ui.runs import Runs
        from ..ui.view_dock import ViewDock

        self.initProcessing()
        self.runs = Runs()
        self.view_dock = ViewDock(self.iface, self.runs)
        self.iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.view_dock)
        self.view_dock.hide()

        self.toolbar = self.iface.addToolBar(MENU)
        self.toolbar.setObjectName("PlanetaryDtmToolbar")
        generate = self.toolbar.addAction(QIcon(str(resources.icon("dtm_from_view"))), _tr("Generate DTM for view"))
        generate.setObjectName("PlanetaryDtmGenerate")
        generate.setToolTip(_tr("Generate DTM for view: terrain of what the map shows, with the dock's settings"))
        generate.triggered.connect(self.view_dock.generate)
        show = self.view_dock.toggleViewAction()
        show.setText(_tr("DTM for view"))
        show.setToolTip(_tr("Show or hide the settings of DTM for view"))
        show.setIcon(QIcon(str(resources.icon("planetary_dtm"))))
        self.toolbar.addAction(show)
        self.actions = [generate, show]
        for action in self.actions:
            self.iface.addPluginToRasterMenu(MENU, action)

    def unload(self) -> None:
        """Stop what runs, and leave QGIS as it was."""
        if self.runs is not None:
            self.runs.stop_all()
        for action in self.actions:
            self.iface.removePluginRasterMenu(MENU, action)
            self.toolbar.removeAction(action)
        if self.toolbar is not None:
            self.iface.mainWindow().removeToolBar(self.toolbar)
            self.toolbar.deleteLater()
        if self.view_dock is not None:
            self.view_dock.close_down()
            self.iface.removeDockWidget(self.view_dock)
            self.view_dock.deleteLater()
        if self.provider is not None:
            QgsApplication.processingRegistry().removeProvider(self.provider)
        self.actions, self.toolbar, self.view_dock, self.runs, self.provider = [], None, None, None, None


def _tr(text: str) -> str:
    return QCoreApplication.translate("PlanetaryDtmPlugin", text)
