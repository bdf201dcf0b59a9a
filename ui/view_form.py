"""The settings of "DTM for view" as a form; it knows nothing of runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsMapLayerProxyModel,
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterRasterLayer,
    QgsProject,
    QgsSettings,
)
from qgis.gui import (
    QgsCollapsibleGroupBox,
    QgsDoubleSpinBox,
    QgsFileWidget,
    QgsMapLayerComboBox,
    QgsProcessingMapLayerComboBox,
)
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QComboBox, QFormLayout, QLabel, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

NOTHING, ALTIMETRY, REFERENCE = range(3)
VIEW_SETTINGS = "planetary_dtm/view"
ENGINES = (("NumPy", "numpy"), ("PyTorch", "torch"))


class ViewForm(QWidget):
    """Image, levelling, pixel size, and under a fold: sun, mode, engine, model and folder."""

    def __init__(self) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(self._build_main())
        column.addWidget(self._build_options())
        self.take_settings()

    def values(self) -> dict[str, Any]:
        """The settings as parameters of `dtmfromextent`, without image, extent and output."""
        level = self.level.currentIndex()
        asked = {
            "MODE": self.mode.currentData(),
            # PyTorch is taken only where it is loaded already: that takes longer than a small view
            "ENGINE": self.engine.currentData() or ("torch" if "torch" in sys.modules else "numpy"),
            **{name: number_of(box) for name, box in self._numbers().items()},
            "MODEL": self.model.filePath() or None,
            "ALTIMETRY": self.altimetry.value() if level == ALTIMETRY else None,
            "REFERENCE_DEM": self.reference.value() if level == REFERENCE else None,
        }
        return {name: value for name, value in asked.items() if value is not None}

    def restore(self, parameters: dict[str, Any]) -> bool:
        """Take over the parameters of an earlier run; False where its image or what it levelled to is gone."""
        project, context = QgsProject.instance(), QgsProcessingContext()
        context.setProject(project)
        for name, box in self._numbers().items():
            box.setValue(parameters.get(name, box.minimum()))
        for name, choice in (("MODE", self.mode), ("ENGINE", self.engine)):
            choice.setCurrentIndex(max(0, choice.findData(parameters.get(name, ""))))
        self.model.setFilePath(parameters.get("MODEL", ""))
        sources = {"ALTIMETRY": (ALTIMETRY, self.altimetry), "REFERENCE_DEM": (REFERENCE, self.reference)}
        asked = next((name for name in sources if name in parameters), None)
        self.level.setCurrentIndex(sources[asked][0] if asked else NOTHING)
        known = True
        if asked:
            sources[asked][1].setValue(parameters[asked], context)
            known = sources[asked][1].value() == parameters[asked]
        image = project.mapLayer(parameters.get("INPUT", ""))
        if image is not None:
            self.image.setLayer(image)
        return known and image is not None

    def _numbers(self) -> dict[str, QgsDoubleSpinBox]:
        return {
            "PIXEL_SIZE": self.pixel_size,
            "SUN_AZIMUTH": self.sun_azimuth,
            "SUN_INCIDENCE": self.sun_incidence,
        }

    def levels_to_nothing_chosen(self) -> bool:
        """Whether levelling is asked for and its layer or file is not chosen."""
        chosen = {ALTIMETRY: self.altimetry, REFERENCE: self.reference}.get(self.level.currentIndex())
        return chosen is not None and not chosen.value()

    def draws_the_map(self) -> bool:
        """Whether the map as it is drawn is the image, not one layer."""
        return self.image.currentText() == self.as_drawn

    def save(self) -> None:
        """Remember what is the same from day to day; only what is new, for writing it waits for the disk."""
        settings = QgsSettings()
        for name, chooser in (("model", self.model), ("folder", self.folder)):
            key, chosen = f"{VIEW_SETTINGS}/{name}", chooser.filePath()
            if settings.value(key, "", str) != chosen:
                settings.setValue(key, chosen)

    def take_settings(self) -> None:
        """Show what is remembered, here or in the options page."""
        settings = QgsSettings()
        engine = settings.value(f"{VIEW_SETTINGS}/engine", "", str)
        self.engine.setCurrentIndex(max(0, self.engine.findData(engine)))
        self.model.setFilePath(settings.value(f"{VIEW_SETTINGS}/model", "", str))
        self.folder.setFilePath(settings.value(f"{VIEW_SETTINGS}/folder", "", str))

    def _build_main(self) -> QFormLayout:
        self.image = QgsMapLayerComboBox()
        self.image.setFilters(QgsMapLayerProxyModel.RasterLayer)
        self.image.setAllowEmptyLayer(True, self.tr("Active or topmost image"))
        self.as_drawn = self.tr("The map as it is drawn")
        self.image.setAdditionalItems([self.as_drawn])
        self.image.setToolTip(self.tr("The image to turn into terrain: grey or natural colour, with a CRS"))
        self.image.setCurrentIndex(0)  # where layers are there already, setLayer(None) would choose no entry at all

        self.level = QComboBox()
        self.level.addItems(
            [self.tr("Nothing: relative heights"), self.tr("Altimetry (points or CSV)"), self.tr("Reference DEM")]
        )
        self.level.setToolTip(self.tr("What brings the terrain to metres; without it heights are relative"))
        self.level.currentIndexChanged.connect(self._level_changed)
        self.altimetry = QgsProcessingMapLayerComboBox(
            QgsProcessingParameterFeatureSource("ALTIMETRY", "", [QgsProcessing.TypeVector], None, True)
        )
        self.altimetry.setToolTip(
            self.tr("Laser shots: a point layer or a CSV file with lon, lat, altitude; LOLA RDR and MOLA PEDR files")
        )
        self.reference = QgsProcessingMapLayerComboBox(
            QgsProcessingParameterRasterLayer("REFERENCE_DEM", "", None, True)
        )
        self.reference.setToolTip(self.tr("A coarser DEM of the same ground, in metres above the body's datum"))
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

        form = _form()
        form.addRow(self.tr("&Image"), self.image)
        form.addRow(self.tr("&Level to"), self.level)
        form.addRow("", self.level_source)
        form.addRow(self.tr("&Pixel size"), self.pixel_size)
        form.addRow("", self.hint)
        return form

    def _build_options(self) -> QWidget:
        box = QgsCollapsibleGroupBox(self.tr("Sun, model and output"))
        box.setCollapsed(True)
        self.sun_azimuth = _optional_number(-1, 360, self.tr("From the image"), "°", 1)
        self.sun_azimuth.setToolTip(
            self.tr("Direction towards the sun, clockwise from north; left alone, it is read or estimated")
        )
        self.sun_incidence = _optional_number(-1, 89.9, self.tr("Not known"), "°", 1)
        self.sun_incidence.setToolTip(self.tr("Angle of the sun from the zenith"))
        self.mode = QComboBox()
        self.mode.addItem(self.tr("Seamless, full resolution"), "seamless")
        self.mode.addItem(self.tr("As JMARS does (1024 × 1024)"), "jmars")
        self.mode.setToolTip(self.tr("Overlapping tiles of the image's own pixels, or one scaled square with mirrors"))
        self.engine = QComboBox()
        for label, engine in ((self.tr("Automatic"), ""), *ENGINES):
            self.engine.addItem(label, engine)
        self.engine.setToolTip(
            self.tr("The result is the same; PyTorch is faster on large views, and takes some seconds to load")
        )
        self.model = file_chooser(
            QgsFileWidget.GetFile, self.tr("The plugin's own"), self.tr("Model file (.safetensors) to use instead")
        )
        self.model.setFilter(self.tr("Models") + " (*.safetensors)")
        self.folder = file_chooser(
            QgsFileWidget.GetDirectory,
            self.tr("Temporary, gone when QGIS closes"),
            self.tr("Folder where DTMs are kept; each gets a name of its own"),
        )
        form = _form()
        form.addRow(self.tr("Sun a&zimuth"), self.sun_azimuth)
        form.addRow(self.tr("Sun i&ncidence"), self.sun_incidence)
        form.addRow(self.tr("M&ode"), self.mode)
        form.addRow(self.tr("&Engine"), self.engine)
        form.addRow(self.tr("&Model"), self.model)
        form.addRow(self.tr("&Keep in"), self.folder)
        box.setLayout(form)
        return box

    def _level_changed(self, index: int) -> None:
        for page in range(self.level_source.count()):  # only the one shown asks for room
            policy = QSizePolicy.Policy.Preferred if page == index else QSizePolicy.Policy.Ignored
            self.level_source.widget(page).setSizePolicy(QSizePolicy.Policy.Preferred, policy)
        self.level_source.setCurrentIndex(index)
        self.level_source.setVisible(index != NOTHING)


def number_of(box: QgsDoubleSpinBox) -> float | None:
    """The value of an optional number; None while it is unset."""
    return None if box.value() == box.minimum() else box.value()


def free_name(folder: Path, image: str, coming: set[str]) -> str:
    """A file of the folder that neither exists nor is about to."""
    plain = "".join(c if c.isalnum() or c in "-_." else "_" for c in image)[:60] or "image"
    path, number = folder / f"DTM_{plain}.tif", 2
    while path.exists() or str(path) in coming:
        path, number = folder / f"DTM_{plain}_{number}.tif", number + 1
    return str(path)


def _form() -> QFormLayout:
    form = QFormLayout()
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    return form


def file_chooser(mode: int, placeholder: str, tooltip: str) -> QgsFileWidget:
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
