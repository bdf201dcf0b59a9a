"""The plugin's page in Settings > Options: what holds from day to day, for every project."""

from __future__ import annotations

from collections.abc import Callable

from qgis.core import QgsSettings
from qgis.gui import QgsFileWidget, QgsOptionsPageWidget, QgsOptionsWidgetFactory
from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QCheckBox, QComboBox, QFormLayout, QGroupBox, QLabel, QPushButton, QVBoxLayout, QWidget

from ..processing_provider import resources
from . import estimate, quiet
from .view_form import ENGINES, VIEW_SETTINGS, file_chooser

translate = QCoreApplication.translate


class OptionsPage(QgsOptionsPageWidget):
    """Defaults of DTM for view, the speed learned, and how much QGIS says."""

    def __init__(self, parent: QWidget, applied: Callable[[], None]) -> None:
        super().__init__(parent)
        self.setObjectName("PlanetaryDtmOptions")
        self._applied = applied
        column = QVBoxLayout(self)
        column.addWidget(self._build_view())
        column.addWidget(self._build_speed())
        self.quiet = QCheckBox(self.tr('Take away QGIS\'s "No transform available" when the plugin adds a layer'))
        self.quiet.setToolTip(
            self.tr("QGIS cannot relate other bodies to the Earth and says so in red; it is harmless there")
        )
        self.quiet.setChecked(quiet.wanted())
        column.addWidget(self.quiet)
        column.addStretch()

    def _build_view(self) -> QWidget:
        settings, box = QgsSettings(), QGroupBox(self.tr("DTM for view"))
        form = QFormLayout(box)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.engine = QComboBox()
        for label, engine in ((self.tr("Automatic"), ""), *ENGINES):
            self.engine.addItem(label, engine)
        self.engine.setToolTip(self.tr("What runs the network; the result is the same"))
        self.engine.setCurrentIndex(max(0, self.engine.findData(settings.value(f"{VIEW_SETTINGS}/engine", "", str))))
        self.model = file_chooser(
            QgsFileWidget.GetFile, self.tr("The plugin's own"), self.tr("Model file (.safetensors) to use instead")
        )
        self.model.setFilter(self.tr("Models") + " (*.safetensors)")
        self.model.setFilePath(settings.value(f"{VIEW_SETTINGS}/model", "", str))
        self.folder = file_chooser(
            QgsFileWidget.GetDirectory,
            self.tr("Temporary, gone when QGIS closes"),
            self.tr("Folder where DTMs are kept; each gets a name of its own"),
        )
        self.folder.setFilePath(settings.value(f"{VIEW_SETTINGS}/folder", "", str))
        form.addRow(self.tr("&Engine"), self.engine)
        form.addRow(self.tr("&Model"), self.model)
        form.addRow(self.tr("&Keep in"), self.folder)
        return box

    def _build_speed(self) -> QWidget:
        box = QGroupBox(self.tr("Estimates of time"))
        column = QVBoxLayout(box)
        self.speed = QLabel()
        self.speed.setWordWrap(True)
        self.forget = QPushButton(self.tr("Forget what was measured"))
        self.forget.setToolTip(self.tr("Begin again from the developers' figures; after a change of computer, say"))
        self.forget.clicked.connect(self._forget)
        column.addWidget(self.speed)
        column.addWidget(self.forget)
        self._show_speed()
        return box

    def _show_speed(self) -> None:
        told = self.tr("A million pixels takes NumPy about {:.1f} s and PyTorch about {:.1f} s, as earlier runs tell.")
        self.speed.setText(told.format(estimate.rate("numpy"), estimate.rate("torch")))

    def _forget(self) -> None:
        estimate.forget()
        self._show_speed()

    def apply(self) -> None:
        """Called by QGIS when the dialog is confirmed."""
        settings = QgsSettings()
        settings.setValue(f"{VIEW_SETTINGS}/engine", self.engine.currentData())
        settings.setValue(f"{VIEW_SETTINGS}/model", self.model.filePath())
        settings.setValue(f"{VIEW_SETTINGS}/folder", self.folder.filePath())
        quiet.want(self.quiet.isChecked())
        self._applied()


class OptionsFactory(QgsOptionsWidgetFactory):
    """Makes the page each time the dialog opens; ``applied`` is called when it was confirmed."""

    def __init__(self, applied: Callable[[], None]) -> None:
        super().__init__("Planetary DTM", QIcon(str(resources.icon("planetary_dtm"))))
        self._applied = applied

    def createWidget(self, parent: QWidget | None = None) -> OptionsPage:
        return OptionsPage(parent, self._applied)
