"""The dock "DTM for view": starts `dtmfromextent` over what the map shows and puts the result on the map."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsMapLayer,
    QgsProcessingOutputLayerDefinition,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
)
from qgis.gui import QgisInterface, QgsCollapsibleGroupBox, QgsDockWidget
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QPushButton, QVBoxLayout, QWidget

from ..core.errors import PlanetaryDtmError
from ..core.steps import step
from ..processing_provider import resources
from ..processing_provider.extents import extent_on
from ..processing_provider.layer_sources import is_blank
from ..processing_provider.provider import PROVIDER_ID
from ..processing_provider.words import say
from . import view
from .estimate import estimate, learn, sentence
from .outcome import conclude, tell
from .plan import plan_of
from .preview import Preview
from .run_row import RunRows
from .runs import Run, Runs, State
from .scroll import scrolled
from .view_form import NOTHING, ViewForm, free_name, number_of
from .view_history import Record, ViewHistory, record_of


class ViewDock(QgsDockWidget):
    """Settings of the run, its button, and the runs under way."""

    def __init__(self, iface: QgisInterface, runs: Runs) -> None:
        super().__init__(None)
        self.setObjectName("PlanetaryDtmViewDock")
        self.setWindowTitle(self.tr("DTM for view"))
        self.iface, self.runs = iface, runs
        self.form = ViewForm()
        self._pixels = 0  # of the next run's DTM
        self._build()
        # the hint is read at rest, not at every step of a pan or zoom
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(200)
        self._soon.timeout.connect(self.update_hint)
        self._connect()

    def _build(self) -> None:
        self.generate_button = QPushButton(QIcon(str(resources.icon("dtm_from_view"))), self.tr("Generate DTM"))
        self.generate_button.setToolTip(self.tr("Make terrain of what the map shows now"))
        self.generate_button.setDefault(True)
        self.rows = RunRows(self.runs)
        content = QWidget()
        column = QVBoxLayout(content)
        column.addWidget(self.form)
        column.addWidget(self.generate_button)
        column.addWidget(self.rows)
        self.preview, self.history = Preview(), ViewHistory()
        column.addWidget(_fold(self.tr("What the model sees"), self.preview, False))
        column.addWidget(_fold(self.tr("Earlier runs"), self.history, True))
        column.addStretch()
        self.setWidget(scrolled(content))

    def _connect(self) -> None:
        self.generate_button.clicked.connect(self.generate)
        self.form.image.currentIndexChanged.connect(self._soon.start)
        self.form.pixel_size.valueChanged.connect(self._soon.start)
        for choice in (self.form.level, self.form.mode, self.form.engine):
            choice.currentIndexChanged.connect(self._soon.start)
        self.history.restore_asked.connect(self.restore)
        self.history.compare_asked.connect(self.compare)
        self.visibilityChanged.connect(self._soon.start)
        canvas = self.iface.mapCanvas()
        self._outside = [
            (canvas.extentsChanged, self._soon.start),
            (canvas.layersChanged, self._soon.start),
            (canvas.destinationCrsChanged, self._soon.start),
            (self.iface.currentLayerChanged, self._soon.start),
            (QgsProject.instance().layersAdded, self._layers_changed),
            (QgsProject.instance().readProject, self.history.read),
            (QgsProject.instance().cleared, self.history.read),
        ]
        for signal, slot in self._outside:
            signal.connect(slot)

    def close_down(self) -> None:
        """Let go of everything outside the dock; called before it is taken away."""
        for signal, slot in self._outside:
            signal.disconnect(slot)
        self._outside = []
        self._soon.stop()
        self.rows.close_down()
        self.preview.close_down()

    # --- running ------------------------------------------------------------------------------------------------

    def current_image(self) -> QgsRasterLayer | None:
        """The image the next run would read; of the map as it is drawn, the topmost."""
        return self.form.image.currentLayer() or view.automatic_image(self.iface)

    def generate(self) -> None:
        """Start a run with the settings as they are; the toolbar's button ends here too."""
        image = self.current_image()
        problem = self._problem(image)
        if problem:
            tell(self.iface, problem, Qgis.MessageLevel.Warning)
            return
        self.form.save()
        if self.form.draws_the_map():
            drawing = Run(
                "native:rasterize", view.drawing_parameters(self.iface.mapCanvas()), self.tr("Drawing the map")
            )
            parameters = self.parameters(image, self.tr("map"))
            self.runs.start(drawing, lambda run: self._drawn(run, parameters))
        else:
            self._start(self.parameters(image, image.name()), image.name())

    def parameters(self, image: QgsMapLayer, name: str) -> dict[str, Any]:
        """The settings as parameters of `dtmfromextent`; a kept result is named after ``name``."""
        target, folder = "TEMPORARY_OUTPUT", self.form.folder.filePath()
        if folder:
            coming = {run.parameters["OUTPUT"].sink.staticValue() for run in self.runs.active if run.gives_layers}
            target = free_name(Path(folder), name, coming)
        return {
            "INPUT": image.id(),
            "EXTENT": view.visible_area(self.iface.mapCanvas(), image).extent,
            "OUTPUT": QgsProcessingOutputLayerDefinition(target, QgsProject.instance()),
            **self.form.values(),
        }

    def _problem(self, image: QgsMapLayer | None) -> str:
        if image is None:
            return self.tr("There is no image on the map; add a raster layer, or choose one in the dock.")
        if not image.crs().isValid():
            return self.tr("The layer {!r} has no CRS; set it (Layer Properties, Source) and press again.").format(
                image.name()
            )
        if self.form.levels_to_nothing_chosen():
            return self.tr("No layer or file is chosen to level to; choose one, or level to nothing.")
        return ""

    def _start(self, parameters: dict[str, Any], name: str) -> None:
        run = Run(f"{PROVIDER_ID}:dtmfromextent", parameters, self.tr("DTM of {}").format(name))
        pixels = self._pixels
        # told after QGIS's own word that a task is complete, so that ours is the one on top
        self.runs.start(run, lambda ended: QTimer.singleShot(0, lambda: self._conclude(ended, name, pixels)))

    def _drawn(self, drawing: Run, parameters: dict[str, Any]) -> None:
        if drawing.state is State.DONE and is_blank(drawing.results["OUTPUT"]):
            told = self.tr('The map shows nothing here; see what its server answered (log panel of QGIS, "WMS").')
            tell(self.iface, told, Qgis.MessageLevel.Warning)
        elif drawing.state is State.DONE:
            self._start({**parameters, "INPUT": drawing.results["OUTPUT"]}, self.tr("the map"))
        else:
            conclude(self.iface, drawing)

    def _conclude(self, run: Run, name: str, pixels: int) -> None:
        if conclude(self.iface, run):
            self.history.add(record_of(run, name))
            learn(pixels, run.seconds, run.parameters["ENGINE"], record_of(run, name).levelled)

    # --- earlier runs -------------------------------------------------------------------------------------------

    def restore(self, record: Record) -> None:
        """Bring back the settings and the view of an earlier run."""
        known = self.form.restore(record.parameters)
        text, _, crs = record.parameters.get("EXTENT", "").rstrip("]").partition(" [")
        canvas = self.iface.mapCanvas()
        own, shown = QgsCoordinateReferenceSystem(crs), canvas.mapSettings().destinationCrs()
        if text and own.isValid() and shown.isValid():
            xmin, xmax, ymin, ymax = map(float, text.split(","))
            try:
                canvas.setExtent(extent_on(QgsRectangle(xmin, ymin, xmax, ymax), own, shown, "map"))
            except PlanetaryDtmError:
                known = False
        canvas.refresh()
        if not known:
            told = self.tr("Not all of the run's settings are there any more; look them over.")
            tell(self.iface, told, Qgis.MessageLevel.Warning)

    def compare(self, newer: Record, older: Record) -> None:
        """Subtract one result from another: a map of the differences, and their numbers in the message bar."""
        if newer.levelled != older.levelled:
            told = self.tr("One of the two results is in metres, the other is relative: select two of a kind.")
            tell(self.iface, told, Qgis.MessageLevel.Warning)
            return
        asked = {
            "INPUT": newer.output,
            "REFERENCE": older.output,
            "OUTPUT": QgsProcessingOutputLayerDefinition("TEMPORARY_OUTPUT", QgsProject.instance()),
        }
        unit = " m" if newer.levelled else ""
        run = Run(f"{PROVIDER_ID}:comparedtm", asked, self.tr("Difference of two results"))
        self.runs.start(run, lambda ended: QTimer.singleShot(0, lambda: self._compared(ended, unit)))

    def _compared(self, run: Run, unit: str) -> None:
        if conclude(self.iface, run, quiet=True):
            labels, found = {o.name: say(o.label) for o in step("comparedtm").outputs}, run.results
            numbers = [f"{labels[k]} {found[k]:.3g}{unit}" for k in ("BIAS", "RMSE", "NMAD") if k in found]
            numbers += [f"{labels['CC']} {found['CC']:.4f}"] if "CC" in found else []
            tell(self.iface, f"{run.title}: " + ", ".join(numbers), Qgis.MessageLevel.Success)

    # --- following ----------------------------------------------------------------------------------------------

    def update_hint(self) -> None:
        """Say what the next run would make, how long it takes, or why it cannot; and show what the model sees."""
        if not self.isVisible():
            return
        image, canvas = self.current_image(), self.iface.mapCanvas()
        told = self.tr("No image on the map.")
        self._pixels = 0
        try:
            if image is not None and self.form.draws_the_map():
                self._pixels = canvas.width() * canvas.height()
                told = self.tr("All visible images together, in the pixels of the screen.")
            elif image is not None:
                plan = plan_of(canvas, image, number_of(self.form.pixel_size))
                self._pixels, told = plan.pixels, plan.sentence
            if image is not None:
                self.preview.follow(canvas, image, self.form.draws_the_map())
        except PlanetaryDtmError as error:
            told = str(error)
        if self._pixels:
            told += "\n" + self._estimate()
        else:
            self.preview.clear(told)
        self.form.hint.setText(told)

    def _estimate(self) -> str:
        values, levelled = self.form.values(), self.form.level.currentIndex() != NOTHING
        return sentence(*estimate(self._pixels, values["ENGINE"], levelled, values["MODE"] == "jmars"))

    def _layers_changed(self) -> None:
        self.form.image.setExceptedLayerList(view.product_layers(QgsProject.instance()))
        self._soon.start()


def _fold(title: str, content: QWidget, collapsed: bool) -> QgsCollapsibleGroupBox:
    box = QgsCollapsibleGroupBox(title)
    QVBoxLayout(box).addWidget(content)
    box.setCollapsed(collapsed)
    return box
