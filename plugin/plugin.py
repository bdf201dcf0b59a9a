"""Registers what the plugin brings into QGIS, and takes all of it away again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QCoreApplication, Qt, QTranslator
from qgis.PyQt.QtGui import QIcon

from ..processing_provider import resources
from ..processing_provider.provider import PlanetaryDtmProvider

if TYPE_CHECKING:
    from qgis.gui import QgisInterface, QgsDockWidget
    from qgis.PyQt.QtWidgets import QAction, QToolBar

    from ..ui.model_menu import EditCopyAction
    from ..ui.options_page import OptionsFactory
    from ..ui.plots_dock import PlotsDock
    from ..ui.pushbroom_dock import PushBroomDock
    from ..ui.runs import Runs
    from ..ui.start_page import StartPage
    from ..ui.view_dock import ViewDock
    from ..ui.workspace import Workspace

MENU = "Planetary DTM"
translate = QCoreApplication.translate


class PlanetaryDtmPlugin:
    """The plugin as QGIS holds it; under qgis_process there is no ``iface`` and only the provider is made."""

    def __init__(self, iface: QgisInterface | None) -> None:
        self.iface = iface
        self.provider: PlanetaryDtmProvider | None = None
        self.runs: Runs | None = None
        self.workspace: Workspace | None = None
        self.view_dock: ViewDock | None = None
        self.pushbroom_dock: PushBroomDock | None = None
        self.plots_dock: PlotsDock | None = None
        self.start_page: StartPage | None = None
        self.toolbar: QToolBar | None = None
        self.actions: list[QAction] = []
        self.model_menu: EditCopyAction | None = None
        self.options: OptionsFactory | None = None
        self.translator = install_translator()

    def initProcessing(self) -> None:
        """Add the Processing provider; QGIS calls this alone under qgis_process."""
        self.provider = PlanetaryDtmProvider()
        QgsApplication.processingRegistry().addProvider(self.provider)
        self.provider.load_models()

    def initGui(self) -> None:
        """Add provider, docks, menu and toolbar."""
        from ..ui import model_menu
        from ..ui.options_page import OptionsFactory

        self.initProcessing()
        self._add_docks()
        self.toolbar = self.iface.addToolBar(MENU)
        self.toolbar.setObjectName("PlanetaryDtmToolbar")
        generate = self._action("Generate", "dtm_from_view", translate("PlanetaryDtmPlugin", "Generate DTM for view"))
        generate.setToolTip(
            translate(
                "PlanetaryDtmPlugin", "Generate DTM for view: terrain of what the map shows, by the dock's settings"
            )
        )
        generate.triggered.connect(self.view_dock.generate)
        view = translate("PlanetaryDtmPlugin", "Show or hide the settings of DTM for view")
        self._toggle("View", self.view_dock, "planetary_dtm", view)
        chain = translate("PlanetaryDtmPlugin", "Show or hide the push-broom chain: from line-scanner images to a DTM")
        self._toggle("PushBroom", self.pushbroom_dock, "pushbroom", chain)
        start = self._action("Start", "start", translate("PlanetaryDtmPlugin", "Getting started"))
        start.setToolTip(
            translate("PlanetaryDtmPlugin", "Getting started: what is installed, what is missing, and a sample scene")
        )
        start.triggered.connect(self.show_start_page)
        for action in self.actions:
            self.iface.addPluginToRasterMenu(MENU, action)
        self.model_menu = model_menu.register()
        self.options = OptionsFactory(self.view_dock.form.take_settings)
        self.iface.registerOptionsWidgetFactory(self.options)

    def _add_docks(self) -> None:
        from ..ui.plots_dock import PlotsDock
        from ..ui.pushbroom_dock import PushBroomDock
        from ..ui.runs import Runs
        from ..ui.view_dock import ViewDock
        from ..ui.workspace import Workspace

        self.runs, self.workspace = Runs(), Workspace()
        self.view_dock = ViewDock(self.iface, self.runs)
        self.pushbroom_dock = PushBroomDock(self.iface, self.runs, self.workspace)
        self.plots_dock = PlotsDock(self.iface, self.workspace)
        right, bottom = Qt.DockWidgetArea.RightDockWidgetArea, Qt.DockWidgetArea.BottomDockWidgetArea
        for dock, area in ((self.view_dock, right), (self.pushbroom_dock, right), (self.plots_dock, bottom)):
            self.iface.addDockWidget(area, dock)
            dock.hide()
        self.view_dock.opened.connect(lambda: self._behind_each_other(self.pushbroom_dock, self.view_dock))
        self.pushbroom_dock.opened.connect(lambda: self._behind_each_other(self.view_dock, self.pushbroom_dock))
        self.pushbroom_dock.plots_button.toggled.connect(self.plots_dock.setUserVisible)
        self.plots_dock.opened.connect(lambda: self.pushbroom_dock.plots_button.setChecked(True))
        self.plots_dock.closed.connect(lambda: self.pushbroom_dock.plots_button.setChecked(False))

    def _behind_each_other(self, first: QgsDockWidget, opened: QgsDockWidget) -> None:
        """Make tabs of the two where the second one opens beside the first: one below the other neither has room."""
        window = self.iface.mainWindow()
        apart = first.isFloating() or opened.isFloating() or first.isHidden()
        if not apart and window.dockWidgetArea(first) == window.dockWidgetArea(opened):
            window.tabifyDockWidget(first, opened)
            opened.raise_()

    def _action(self, name: str, icon: str, text: str) -> QAction:
        action = self.toolbar.addAction(QIcon(str(resources.icon(icon))), text)
        action.setObjectName(f"PlanetaryDtm{name}")
        self.actions.append(action)
        return action

    def _toggle(self, name: str, dock: QgsDockWidget, icon: str, tooltip: str) -> None:
        action = self._action(name, icon, dock.windowTitle())
        action.setCheckable(True)
        action.setToolTip(tooltip)
        dock.setToggleVisibilityAction(action)  # brings it to the front too

    def show_start_page(self) -> None:
        """Open the page that tells what is installed and offers sample scenes."""
        from ..ui.start_page import StartPage

        if self.start_page is None:
            self.start_page = StartPage(self.iface, self.runs, self.workspace, self.view_dock, self.pushbroom_dock)
        self.start_page.open_page()

    def unload(self) -> None:
        """Stop what runs, and leave QGIS as it was."""
        if self.runs is not None:
            from ..ui import estimate

            self.runs.stop_all()
            estimate.keep()
        for action in self.actions:
            self.iface.removePluginRasterMenu(MENU, action)
            self.toolbar.removeAction(action)
        if self.toolbar is not None:
            self.iface.mainWindow().removeToolBar(self.toolbar)
            self.toolbar.deleteLater()
        for dock in filter(None, (self.view_dock, self.pushbroom_dock, self.plots_dock)):
            dock.close_down()
            dock.blockSignals(True)  # it is there for a moment yet, and who would answer is gone
            self.iface.removeDockWidget(dock)
            dock.deleteLater()
        if self.start_page is not None:
            self.start_page.deleteLater()
        if self.workspace is not None:
            self.workspace.close_down()
        if self.options is not None:
            self.iface.unregisterOptionsWidgetFactory(self.options)
            self.options = None
        if self.model_menu is not None:
            from ..ui import model_menu

            model_menu.deregister(self.model_menu)
            self.model_menu = None
        if self.provider is not None:
            QgsApplication.processingRegistry().removeProvider(self.provider)
        if self.translator is not None:
            QCoreApplication.removeTranslator(self.translator)
        self.actions, self.toolbar, self.runs, self.workspace, self.provider = [], None, None, None, None
        self.view_dock, self.pushbroom_dock, self.plots_dock, self.start_page = None, None, None, None


def install_translator() -> QTranslator | None:
    """Speak QGIS's language where the plugin does; English otherwise."""
    translator = QTranslator()
    language = QgsApplication.locale()[:2]
    if not translator.load(str(resources.TRANSLATIONS / f"planetary_dtm_{language}.qm")):
        return None
    QCoreApplication.installTranslator(translator)
    return translator
