"""The dock "DTM for view": starts `dtmfromextent` over what the map shows and puts the result on the map."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import Qgis, QgsMapLayer, QgsProcessingOutputLayerDefinition, QgsProject, QgsRasterLayer
from qgis.gui import QgisInterface, QgsDockWidget, QgsScrollArea
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QPushButton, QVBoxLayout, QWidget

from ..core.errors import PlanetaryDtmError
from ..processing_provider import resources
from ..processing_provider.provider import PROVIDER_ID
from . import view
from .outcome import conclude, tell
from .plan import plan_sentence
from .run_row import RunRows
from .runs import Run, Runs, State
from .view_form import ViewForm, free_name, number_of


class ViewDock(QgsDockWidget):
    """Settings of the run, its button, and the runs under way."""

    def __init__(self, iface: QgisInterface, runs: Runs) -> None:
        super().__init__(None)
        self.setObjectName("PlanetaryDtmViewDock")
        self.setWindowTitle(self.tr("DTM for view"))
        self.iface, self.runs = iface, runs
        self.form = ViewForm()
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
        column.addStretch()
        scroll = QgsScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QgsScrollArea.Shape.NoFrame)
        scroll.setWidget(content)
        self.setWidget(scroll)

    def _connect(self) -> None:
        self.generate_button.clicked.connect(self.generate)
        self.form.image.currentIndexChanged.connect(self._soon.start)
        self.form.pixel_size.valueChanged.connect(self._soon.start)
        self.visibilityChanged.connect(self._soon.start)
        canvas = self.iface.mapCanvas()
        self._outside = [
            (canvas.extentsChanged, self._soon.start),
            (canvas.layersChanged, self._soon.start),
            (canvas.destinationCrsChanged, self._soon.start),
            (self.iface.currentLayerChanged, self._soon.start),
            (QgsProject.instance().layersAdded, self._layers_changed),
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
        # told after QGIS's own word that a task is complete, so that ours is the one on top
        self.runs.start(run, lambda ended: QTimer.singleShot(0, lambda: conclude(self.iface, ended)))

    def _drawn(self, drawing: Run, parameters: dict[str, Any]) -> None:
        if drawing.state is State.DONE:
            self._start({**parameters, "INPUT": drawing.results["OUTPUT"]}, self.tr("the map"))
        else:
            conclude(self.iface, drawing)

    # --- following ----------------------------------------------------------------------------------------------

    def update_hint(self) -> None:
        """Say what the next run would make: pixel size, number of pixels, body, or why it cannot."""
        if not self.isVisible():
            return
        image = self.current_image()
        if image is None:
            self.form.hint.setText(self.tr("No image on the map."))
        elif self.form.draws_the_map():
            self.form.hint.setText(self.tr("All visible images together, in the pixels of the screen."))
        else:
            try:
                size = number_of(self.form.pixel_size)
                self.form.hint.setText(plan_sentence(self.iface.mapCanvas(), image, size))
            except PlanetaryDtmError as error:
                self.form.hint.setText(str(error))

    def _layers_changed(self) -> None:
        self.form.image.setExceptedLayerList(view.product_layers(QgsProject.instance()))
        self._soon.start()
