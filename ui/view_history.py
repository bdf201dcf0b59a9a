"""Runs of "DTM for view" with their parameters: kept in the project, restored at a double click, compared at one."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsApplication,
    QgsProcessingFeatureSourceDefinition,
    QgsProcessingOutputLayerDefinition,
    QgsProject,
    QgsReferencedRectangle,
)
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ..core.project_entries import asks_server, run_records
from ..core.steps import step
from ..processing_provider.words import say
from .runs import Run
from .tooltips import as_written

_SCOPE, _KEY = "planetary_dtm", "view/history"
_MOST = 30


@dataclass(frozen=True)
class Record:
    """One run: when, of which image, with which parameters as text and numbers, and where its result lies."""

    time: str
    image: str
    seconds: float
    output: str
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def there(self) -> bool:
        """Whether its result still is (temporary ones go with QGIS); other servers are not asked."""
        return not asks_server(self.output, QgsProject.instance().homePath()) and Path(self.output).exists()

    @property
    def levelled(self) -> bool:
        """Whether its heights are metres."""
        return "ALTIMETRY" in self.parameters or "REFERENCE_DEM" in self.parameters

    def told(self) -> str:
        """Its parameters in words, one a line."""
        labels = {p.name: say(p.label) for p in step("dtmfromextent").parameters}
        shown = [f"{labels[name]}: {value}" for name, value in self.parameters.items() if name in labels]
        return "\n".join([*shown, self.output])


def record_of(run: Run, image: str) -> Record:
    """The record of a run that has ended well."""
    time = datetime.now().strftime("%Y-%m-%d %H:%M")
    parameters = {name: _plain(value) for name, value in run.parameters.items() if name != "OUTPUT"}
    return Record(time, image, round(run.seconds, 1), str(run.results["OUTPUT"]), parameters)


class ViewHistory(QWidget):
    """The list, newest first, with its two buttons."""

    restore_asked = pyqtSignal(object)
    compare_asked = pyqtSignal(object, object)

    def __init__(self) -> None:
        super().__init__()
        self.records: list[Record] = []
        self.list = QTreeWidget()
        self.list.setObjectName("PlanetaryDtmHistory")
        self.list.setHeaderLabels([self.tr("Time"), self.tr("Image"), self.tr("Seconds")])
        self.list.setRootIsDecorated(False)
        header = self.list.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.setMaximumHeight(130)
        self.list.setToolTip(self.tr("Runs of this project; double-click (or Enter) brings a run's settings back"))
        self.list.itemActivated.connect(lambda item: self.restore_asked.emit(self._record(item)))
        self.list.itemSelectionChanged.connect(self._selected)
        self.restore_button = QPushButton(QgsApplication.getThemeIcon("/mActionUndo.svg"), self.tr("Use settings"))
        self.restore_button.setToolTip(self.tr("Bring back the settings and the map view of the run chosen"))
        self.restore_button.clicked.connect(lambda: self.restore_asked.emit(self.chosen()[0]))
        self.compare_button = QPushButton(QgsApplication.getThemeIcon("/mActionRasterCalculator.svg"), "")
        self.compare_button.clicked.connect(lambda: self.compare_asked.emit(*self.pair()))
        line = QHBoxLayout()
        line.addWidget(self.restore_button)
        line.addWidget(self.compare_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.list)
        column.addLayout(line)
        self.read()

    def add(self, record: Record) -> None:
        """Put a run on top, here and in the project."""
        self.records = [record, *self.records][:_MOST]
        QgsProject.instance().writeEntry(_SCOPE, _KEY, json.dumps([asdict(r) for r in self.records]))
        self._show()

    def read(self, *_: object) -> None:
        """Take the list from the project."""
        text, _known = QgsProject.instance().readEntry(_SCOPE, _KEY, "[]")
        self.records = [Record(**entry) for entry in run_records(text)]
        self._show()

    def chosen(self) -> list[Record]:
        """The records selected, newest first; the newest where none is."""
        rows = sorted(self.list.indexOfTopLevelItem(item) for item in self.list.selectedItems())
        return [self.records[row] for row in rows] or self.records[:1]

    def pair(self) -> tuple[Record, Record] | None:
        """The two results to compare: those selected, else the two newest that are still there."""
        chosen = [record for record in self.chosen() if record.there]
        if len(chosen) != 2:
            chosen = [record for record in self.records if record.there][:2]
        return (chosen[0], chosen[1]) if len(chosen) == 2 else None

    def _record(self, item: QTreeWidgetItem) -> Record:
        return self.records[self.list.indexOfTopLevelItem(item)]

    def _show(self) -> None:
        self.list.clear()
        for record in self.records:
            item = QTreeWidgetItem([record.time, record.image, f"{record.seconds:.1f}"])
            item.setTextAlignment(2, int(Qt.AlignmentFlag.AlignRight))
            for column in range(3):
                item.setToolTip(column, as_written(record.told()))
            if not record.there:
                item.setForeground(1, self.palette().placeholderText())
            self.list.addTopLevelItem(item)
        self._selected()

    def _selected(self) -> None:
        self.restore_button.setEnabled(bool(self.records))
        pair = self.pair()
        self.compare_button.setEnabled(pair is not None)
        two = len(self.list.selectedItems()) == 2
        self.compare_button.setText(self.tr("Compare the two") if two else self.tr("Compare the last two"))
        told = self.tr("Needs two results that are still there") if pair is None else self.tr("{} minus {}")
        told = told if pair is None else told.format(*(Path(record.output).name for record in pair))
        self.compare_button.setToolTip(as_written(told))


def _plain(value: Any) -> Any:
    if isinstance(value, QgsReferencedRectangle):
        edges = value.xMinimum(), value.xMaximum(), value.yMinimum(), value.yMaximum()
        return ",".join(map(repr, edges)) + f" [{value.crs().authid() or value.crs().toProj()}]"
    if isinstance(value, (QgsProcessingFeatureSourceDefinition, QgsProcessingOutputLayerDefinition)):
        return value.source.staticValue() if hasattr(value, "source") else value.sink.staticValue()
    return value if isinstance(value, (int, float, bool)) or value is None else str(value)
