"""The dock "DTM for view": chooses what goes into `dtmfromextent`, starts it, and puts the result on the map."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from qgis.core import (
    Qgis,
    QgsMapLayer,
    QgsMapLayerProxyModel,
    QgsProcessing,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterRasterLayer,
    QgsProject,
    QgsRasterLayer,
    QgsSettings,
)
from qgis.gui import (
    QgisInterface,
    QgsCollapsibleGroupBox,
    QgsDockWidget,
    QgsDoubleSpinBox,
    QgsFileWidget,
    QgsMapLayerComboBox,
    QgsProcessingMapLayerComboBox,
    QgsScrollArea,
)
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QFormLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ..core.errors import PlanetaryDtmError
from ..processing_provider import resources
from ..processing_provider.provider import PROVIDER_ID
from . import view
from .plan import plan_sentence
from .results import add_to_map
from .run_row import RunRow
from .runs import Run, Runs, State

_NOTHING, _ALTIMETRY, _REFERENCE = range(3)
_SETTINGS = "planetary_dtm/view"


class ViewDock(QgsDockWidget):
    """Settings of the run, its button, and the runs under way."""

    def __init__(self, iface: QgisInterface, runs: Runs) -> None:
        super().__init__(None)
        self.setObjectName("PlanetaryDtmViewDock")
        self.setWindowTitle(self.tr("DTM for view"))
        self.iface, self.runs = iface, runs
        self._rows: dict[Run, RunRow] = {}
        self._build()
        self._restore()
        # the hint is read at rest, not at every step of a pan or zoom
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(200)
        self._soon.timeout.connect(self.update_hint)
        self._connect()

    # --- building -----------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.image = QgsMapLayerComboBox()
        self.image.setFilters(QgsMapLayerProxyModel.RasterLayer)
        self.image.setAllowEmptyLayer(True, self.tr("Active or topmost image"))
        self.image.setToolTip(self.tr("The image to turn into terrain: grey or natural colour, with a CRS"))
        self.image.setLayer(None)

        self.level = QComboBox()
        self.level.addItems(
            [self.tr("Nothing: relative heights"), self.tr("Altimetry (points or CSV)"), self.tr("Reference DEM")]
        )
        self.level.setToolTip(self.tr("What brings the terrain to metres; without it heights are relative"))
        self.altimetry = _layer_chooser(
            QgsProcessingParameterFeatureSource("ALTIMETRY", "", [QgsProcessing.TypeVector], None, True),
            self.tr("Laser shots: a point layer or a CSV file with lon, lat, altitude; LOLA RDR and MOLA PEDR files"),
        )
        self.reference = _layer_chooser(
            QgsProcessingParameterRasterLayer("REFERENCE_DEM", "", None, True),
            self.tr("A coarser DEM of the same ground, in metres above the body's datum"),
        )
        self.level_source = QStackedWidget()
        for page in (QWidget(), self.altimetry, self.reference):
            self.level_source.addWidget(page)
        self.level_source.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.level_source.hide()

        self.pixel_size = _optional_number(0, 1e6, self.tr("Automatic"), self.tr(" m"), 2)
        self.pixel_size.setToolTip(
            self.tr("Ground size of a pixel; automatic: the image's own, coarsened to at most 4096 pixels a side")
        )
        self.hint = QLabel()
        self.hint.setWordWrap(True)
        self.hint.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        small = self.hint.font()
        small.setPointSizeF(0.9 * small.pointSizeF())
        self.hint.setFont(small)

        self.generate_button = QPushButton(QIcon(str(resources.icon("dtm_from_view"))), self.tr("Generate DTM"))
        self.generate_button.setToolTip(self.tr("Make terrain of what the map shows now"))
        self.generate_button.setDefault(True)

        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(self.tr("&Image"), self.image)
        form.addRow(self.tr("&Level to"), self.level)
        form.addRow("", self.level_source)
        form.addRow(self.tr("&Pixel size"), self.pixel_size)
        form.addRow("", self.hint)

        self._rows_layout = QVBoxLayout()
        column = QVBoxLayout()
        column.addLayout(form)
        column.addWidget(self._build_options())
        column.addWidget(self.generate_button)
        column.addLayout(self._rows_layout)
        column.addStretch()
        content = QWidget()
        content.setLayout(column)
        scroll = QgsScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QgsScrollArea.Shape.NoFrame)
        scroll.setWidget(content)
        self.setWidget(scroll)

    def _build_options(self) -> QWidget:
        box = QgsCollapsibleGroupBox(self.tr("Sun, model and output"))
        box.setCollapsed(True)
        self.sun_azimuth = _optional_number(-1, 360, self.tr("From the image"), "°", 1)
        self.sun_azimuth.setToolTip(
            self.tr("Direction towards the sun, clockwise from north; left alone, it is read or estimated")
        )
        self.sun_incidence = _optional_number(-1, 89.9, self.tr("Not known"), "°", 1)
        self.sun_incidence.setToolTip(self.tr("Angle of the sun from the zenith"))
        self.model = _file_chooser(
            QgsFileWidget.GetFile, self.tr("The plugin's own"), self.tr("Model file (.safetensors) to use instead")
        )
        self.model.setFilter(self.tr("Models") + " (*.safetensors)")
        self.folder = _file_chooser(
            QgsFileWidget.GetDirectory,
            self.tr("Temporary, gone when QGIS closes"),
            self.tr("Folder where DTMs are kept; each gets a name of its own"),
        )
        self.mode = QComboBox()
        self.mode.addItem(self.tr("Seamless, full resolution"), "seamless")
        self.mode.addItem(self.tr("As JMARS does (1024 × 1024)"), "jmars")
        self.mode.setToolTip(self.tr("Overlapping tiles of the image's own pixels, or one scaled square with mirrors"))
        self.engine = QComboBox()
        self.engine.addItem(self.tr("Automatic"), "")
        self.engine.addItem("NumPy", "numpy")
        self.engine.addItem("PyTorch", "torch")
        self.engine.setToolTip(
            self.tr(
                "The result is the same. PyTorch is faster on large views where it is installed; QGIS stands still for "
                "a second or two while it loads, so automatic takes it only once it is loaded"
            )
        )
        form = QFormLayout(box)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(self.tr("Sun a&zimuth"), self.sun_azimuth)
        form.addRow(self.tr("Sun i&ncidence"), self.sun_incidence)
        form.addRow(self.tr("M&ode"), self.mode)
        form.addRow(self.tr("&Engine"), self.engine)
        form.addRow(self.tr("&Model"), self.model)
        form.addRow(self.tr("&Keep in"), self.folder)
        return box

    def _connect(self) -> None:
        self.level.currentIndexChanged.connect(self._level_changed)
        self.generate_button.clicked.connect(self.generate)
        self.image.layerChanged.connect(self._soon.start)
        self.pixel_size.valueChanged.connect(self._soon.start)
        self.visibilityChanged.connect(self._soon.start)
        self._outside = [
            (self.iface.mapCanvas().extentsChanged, self._soon.start),
            (self.iface.mapCanvas().layersChanged, self._soon.start),
            (self.iface.mapCanvas().destinationCrsChanged, self._soon.start),
            (self.iface.currentLayerChanged, self._soon.start),
            (QgsProject.instance().layersAdded, self._layers_changed),
            (self.runs.started, self._run_started),
            (self.runs.ended, self._run_ended),
        ]
        for signal, slot in self._outside:
            signal.connect(slot)

    def close_down(self) -> None:
        """Let go of everything outside the dock; called before it is taken away."""
        for signal, slot in self._outside:
            signal.disconnect(slot)
        self._outside = []
        self._soon.stop()

    # --- settings -----------------------------------------------------------------------------------------------

    def _restore(self) -> None:
        settings = QgsSettings()
        self.model.setFilePath(settings.value(f"{_SETTINGS}/model", "", str))
        self.folder.setFilePath(settings.value(f"{_SETTINGS}/folder", "", str))

    def _save(self) -> None:
        settings = QgsSettings()
        settings.setValue(f"{_SETTINGS}/model", self.model.filePath())
        settings.setValue(f"{_SETTINGS}/folder", self.folder.filePath())

    def current_image(self) -> QgsRasterLayer | None:
        """The image the next run would read."""
        return self.image.currentLayer() or view.automatic_image(self.iface)

    def parameters(self, image: QgsMapLayer) -> dict[str, Any]:
        """The settings as parameters of `dtmfromextent`."""
        target = "TEMPORARY_OUTPUT"
        if self.folder.filePath():
            coming = {run.parameters["OUTPUT"].sink.staticValue() for run in self.runs.active}
            target = _free_name(Path(self.folder.filePath()), image.name(), coming)
        values: dict[str, Any] = {
            "INPUT": image.id(),
            "EXTENT": view.visible_area(self.iface.mapCanvas(), image).extent,
            "MODE": self.mode.currentData(),
            "ENGINE": self.engine.currentData() or ("torch" if "torch" in sys.modules else "numpy"),
            "OUTPUT": QgsProcessingOutputLayerDefinition(target, QgsProject.instance()),
        }
        optional = {
            "PIXEL_SIZE": _number_of(self.pixel_size),
            "SUN_AZIMUTH": _number_of(self.sun_azimuth),
            "SUN_INCIDENCE": _number_of(self.sun_incidence),
            "MODEL": self.model.filePath() or None,
            "ALTIMETRY": self.altimetry.value() if self.level.currentIndex() == _ALTIMETRY else None,
            "REFERENCE_DEM": self.reference.value() if self.level.currentIndex() == _REFERENCE else None,
        }
        return {**values, **{name: value for name, value in optional.items() if value is not None}}

    # --- running ------------------------------------------------------------------------------------------------

    def generate(self) -> None:
        """Start a run with the settings as they are; the toolbar's button ends here too."""
        image = self.current_image()
        problem = self._problem(image)
        if problem:
            self._tell(problem, Qgis.MessageLevel.Warning)
            return
        self._save()
        title = self.tr("DTM of {}").format(image.name())
        run = Run(f"{PROVIDER_ID}:dtmfromextent", self.parameters(image), title)
        self.runs.start(run, self._finished)

    def _problem(self, image: QgsMapLayer | None) -> str:
        if image is None:
            return self.tr("There is no image on the map; add a raster layer, or choose one in the dock.")
        if not image.crs().isValid():
            return self.tr("The layer {!r} has no CRS; set it (Layer Properties, Source) and press again.").format(
                image.name()
            )
        chosen = {_ALTIMETRY: self.altimetry, _REFERENCE: self.reference}.get(self.level.currentIndex())
        if chosen is not None and not chosen.value():
            return self.tr("No layer or file is chosen to level to; choose one, or level to nothing.")
        return ""

    def _finished(self, run: Run) -> None:
        # after QGIS's own word that a task is complete, so that ours is the one on top
        QTimer.singleShot(0, lambda: self._conclude(run))

    def _conclude(self, run: Run) -> None:
        if run.state is State.CANCELLED:
            self._tell(self.tr("{} was cancelled; nothing was added.").format(run.title), Qgis.MessageLevel.Info)
        elif run.state is State.FAILED:
            self._tell(run.error, Qgis.MessageLevel.Critical)
        elif run.project_closed:
            place = run.results.get("OUTPUT", "")
            self._tell(
                self.tr("{} is ready, but its project was closed: it is kept in {}.").format(run.title, place),
                Qgis.MessageLevel.Warning,
            )
        elif not add_to_map(run):
            self._tell(self.tr("{} was made but cannot be loaded.").format(run.title), Qgis.MessageLevel.Critical)
        elif run.feedback.warnings:
            self._tell(" ".join([self._done(run), *run.feedback.warnings]), Qgis.MessageLevel.Warning)
        else:
            self._tell(self._done(run), Qgis.MessageLevel.Success)

    def _done(self, run: Run) -> str:
        return self.tr("{} is on the map ({:.1f} s).").format(run.title, run.seconds)

    def _tell(self, sentence: str, level: Qgis.MessageLevel) -> None:
        lasting = level in (Qgis.MessageLevel.Warning, Qgis.MessageLevel.Critical)
        self.iface.messageBar().pushMessage("Planetary DTM", sentence, level, 0 if lasting else 8)

    # --- following ----------------------------------------------------------------------------------------------

    def update_hint(self) -> None:
        """Say what the next run would make: pixel size, number of pixels, body, or why it cannot."""
        if not self.isVisible():
            return
        image = self.current_image()
        if image is None:
            self.hint.setText(self.tr("No image on the map."))
            return
        try:
            self.hint.setText(plan_sentence(self.iface.mapCanvas(), image, _number_of(self.pixel_size)))
        except PlanetaryDtmError as error:
            self.hint.setText(str(error))

    def _level_changed(self, index: int) -> None:
        self.level_source.setCurrentIndex(index)
        self.level_source.setVisible(index != _NOTHING)

    def _layers_changed(self) -> None:
        self.image.setExceptedLayerList(view.product_layers(QgsProject.instance()))
        self._soon.start()

    def _run_started(self, run: Run) -> None:
        self._rows[run] = RunRow(run)
        self._rows_layout.addWidget(self._rows[run])

    def _run_ended(self, run: Run) -> None:
        row = self._rows.pop(run)
        self._rows_layout.removeWidget(row)
        row.deleteLater()


def _layer_chooser(parameter: Any, tooltip: str) -> QgsProcessingMapLayerComboBox:
    chooser = QgsProcessingMapLayerComboBox(parameter)
    chooser.setToolTip(tooltip)
    return chooser


def _file_chooser(mode: int, placeholder: str, tooltip: str) -> QgsFileWidget:
    chooser = QgsFileWidget()
    chooser.setStorageMode(mode)
    chooser.lineEdit().setPlaceholderText(placeholder)
    chooser.setToolTip(tooltip)
    return chooser


def _optional_number(minimum: float, maximum: float, unset: str, suffix: str, decimals: int) -> QgsDoubleSpinBox:
    """A number that may be left unset: its minimum stands for that and shows ``unset``."""
    box = QgsDoubleSpinBox()
    box.setRange(minimum, maximum)
    box.setDecimals(decimals)
    box.setSuffix(suffix)
    box.setSpecialValueText(unset)
    box.setValue(minimum)
    box.setClearValue(minimum)
    return box


def _number_of(box: QgsDoubleSpinBox) -> float | None:
    return None if box.value() == box.minimum() else box.value()


def _free_name(folder: Path, image: str, coming: set[str]) -> str:
    """A file of the folder that neither exists nor is about to."""
    plain = "".join(c if c.isalnum() or c in "-_." else "_" for c in image)[:60] or "image"
    path, number = folder / f"DTM_{plain}.tif", 2
    while path.exists() or str(path) in coming:
        path, number = folder / f"DTM_{plain}_{number}.tif", number + 1
    return str(path)
