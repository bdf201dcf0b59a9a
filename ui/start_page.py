"""The page "Getting started": what is installed, what missing packages would add, and sample scenes to try."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsApplication, QgsProcessingContext, QgsProject, QgsRasterLayer
from qgis.gui import QgisInterface
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QGridLayout,
    QGroupBox,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ..core.steps import step
from ..processing_provider import resources
from ..processing_provider.provider import PROVIDER_ID
from ..processing_provider.words import say
from .outcome import conclude
from .packages import Package, how_to_get, packages, pip_command, system
from .pushbroom_dock import PushBroomDock
from .quiet import spare_transform_bars
from .runs import Run, Runs
from .turns import later
from .view_dock import ViewDock
from .view_form import ALTIMETRY
from .workspace import Workspace


class StartPage(QDialog):
    """Installs nothing: it says what to type, and copies it."""

    def __init__(
        self, iface: QgisInterface, runs: Runs, workspace: Workspace, view_dock: ViewDock, pushbroom: PushBroomDock
    ) -> None:
        super().__init__(iface.mainWindow())
        self.setObjectName("PlanetaryDtmStartPage")
        self.setWindowTitle(self.tr("Planetary DTM: getting started"))
        self.setWindowIcon(QIcon(str(resources.icon("planetary_dtm"))))
        self.iface, self.runs, self.workspace = iface, runs, workspace
        self.view_dock, self.pushbroom = view_dock, pushbroom
        column = QVBoxLayout(self)
        column.addWidget(self._build_samples())
        column.addWidget(self._build_packages())
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)

    def open_page(self) -> None:
        """Show it in front, as high as its texts need."""
        width = 40 * self.fontMetrics().averageCharWidth() + 400
        self.resize(width, self.layout().heightForWidth(width))
        self.show()
        self.raise_()

    def _build_samples(self) -> QWidget:
        box = QGroupBox(self.tr("Try it without data"))
        grid = QGridLayout(box)
        self.view_button = QPushButton(QIcon(str(resources.icon("dtm_from_view"))), self.tr("Terrain from one image …"))
        self.view_button.setToolTip(self.tr("Simulate an image and its altimetry, and open DTM for view"))
        self.view_button.clicked.connect(self._ask_and_try)
        self.chain_button = QPushButton(QIcon(str(resources.icon("pushbroom"))), self.tr("Push-broom stereo …"))
        self.chain_button.setToolTip(self.tr("Open the push-broom chain; its first step simulates a scene"))
        self.chain_button.clicked.connect(self.try_chain)
        texts = (
            self.tr("A lunar image with laser altimetry, in seconds. Then press Generate DTM for view."),
            self.tr("Three images of one orbit with control points and altimetry, in some minutes."),
        )
        for row, (button, text) in enumerate(zip((self.view_button, self.chain_button), texts)):
            label = QLabel(text)
            label.setWordWrap(True)
            grid.addWidget(button, row, 0)
            grid.addWidget(label, row, 1)
        grid.setColumnStretch(1, 1)
        return box

    def _build_packages(self) -> QWidget:
        box = QGroupBox(self.tr("What is installed"))
        grid = QGridLayout(box)
        here = QLabel(
            system()
            + "\n"
            + self.tr(
                "These are enough for terrain from one image. More packages add more; the plugin installs none itself."
            )
        )
        here.setWordWrap(True)
        grid.addWidget(here, 0, 0, 1, 3)
        for row, package in enumerate(packages(), 1):
            mark, text = QLabel(), QLabel(self._said_of(package))
            icon = "/mIconSuccess.svg" if package.installed else "/mIconWarning.svg"
            mark.setPixmap(QgsApplication.getThemeIcon(icon).pixmap(16, 16))
            text.setWordWrap(True)
            grid.addWidget(mark, row, 0)
            grid.addWidget(text, row, 1)
            if not package.installed:
                grid.addWidget(self._copy_button(package), row, 2)
        grid.setColumnStretch(1, 1)
        return box

    def _said_of(self, package: Package) -> str:
        name = f"<b>{package.module}</b>"
        if package.installed:
            return f"{name} {package.version}: {package.adds}"
        missing = self.tr("{}, not installed, would add: {}").format(name, package.adds)
        return f"{missing}<br><small>{how_to_get(package)}</small>"

    def _copy_button(self, package: Package) -> QToolButton:
        button = QToolButton()
        button.setAutoRaise(True)
        button.setIcon(QgsApplication.getThemeIcon("/mActionEditCopy.svg"))
        command = how_to_get(package).partition(": ")[2] or pip_command(package)
        button.setToolTip(self.tr("Copy the command: {}").format(command))
        button.setAccessibleName(self.tr("Copy the command for {}").format(package.module))
        button.clicked.connect(lambda: QgsApplication.clipboard().setText(command))
        return button

    # --- samples ------------------------------------------------------------------------------------------------

    def _ask_folder(self) -> str:
        return QFileDialog.getExistingDirectory(self, self.tr("Folder for the sample scene"), str(Path.home()))

    def _ask_and_try(self) -> None:
        folder = self._ask_folder()
        later(self, lambda: self.try_view(folder))  # Qt writes down what its dialog showed, and waits for the disk

    def try_view(self, folder: str) -> None:
        """Simulate a view into a new folder within ``folder``, then put it on the map."""
        if not folder:
            return
        target, number = Path(folder) / "planetary_dtm_sample", 2
        while target.exists():
            target, number = Path(folder) / f"planetary_dtm_sample_{number}", number + 1
        run = Run(f"{PROVIDER_ID}:simulateview", {"OUTPUT_FOLDER": str(target)}, say(step("simulateview").title))
        self.runs.start(run, lambda ended: QTimer.singleShot(0, lambda: self._show_view(ended, target)))
        self.hide()
        later(self, lambda: self.view_dock.setUserVisible(True))

    def _show_view(self, run: Run, folder: Path) -> None:
        if conclude(self.iface, run):
            image = QgsRasterLayer(str(folder / "image.tif"), self.tr("Sample image"))
            later(self, lambda: self._add_view(image, folder))

    def _add_view(self, image: QgsRasterLayer, folder: Path) -> None:
        project, context = QgsProject.instance(), QgsProcessingContext()
        if not project.mapLayers():
            spare_transform_bars(self.iface, image.crs())
            project.setCrs(image.crs())
        project.addMapLayer(image)
        self.iface.mapCanvas().setExtent(image.extent())
        self.iface.setActiveLayer(image)
        context.setProject(project)
        self.view_dock.form.level.setCurrentIndex(ALTIMETRY)
        self.view_dock.form.altimetry.setValue(str(folder / "altimetry.csv"), context)

    def try_chain(self) -> None:
        """Show the push-broom dock."""
        self.pushbroom.setUserVisible(True)
        self.hide()
