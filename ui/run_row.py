"""Runs under way in a dock: what each does, how far it is, and a button to stop it."""

from __future__ import annotations

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from .runs import Run, Runs


class RunRow(QWidget):
    """Shows a run while it lasts."""

    def __init__(self, run: Run, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.run = run
        self.message = QLabel(run.title)
        self.message.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.bar = QProgressBar()
        self.bar.setRange(0, 100)
        self.cancel_button = QToolButton()
        self.cancel_button.setAutoRaise(True)
        self.cancel_button.setIcon(QgsApplication.getThemeIcon("/mTaskCancel.svg"))
        self.cancel_button.setIconSize(QSize(18, 18))
        self.cancel_button.setToolTip(self.tr("Stop; nothing half done is left behind"))
        self.cancel_button.setAccessibleName(self.tr("Cancel"))
        self.cancel_button.clicked.connect(self._cancel)

        line = QHBoxLayout()
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.bar)
        line.addWidget(self.cancel_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.message)
        column.addLayout(line)
        run.changed.connect(self._show)

    def _show(self) -> None:
        self.bar.setValue(round(self.run.percent))
        if self.run.feedback.message:
            self.message.setText(f"{self.run.title}: {self.run.feedback.message}")

    def _cancel(self) -> None:
        self.cancel_button.setEnabled(False)
        self.message.setText(self.tr("Stopping …"))
        self.run.cancel()


class RunRows(QWidget):
    """A row for every run under way."""

    def __init__(self, runs: Runs) -> None:
        super().__init__()
        self._runs, self.rows = runs, {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        runs.started.connect(self._add)
        runs.ended.connect(self._remove)

    def close_down(self) -> None:
        """Follow no run any more."""
        self._runs.started.disconnect(self._add)
        self._runs.ended.disconnect(self._remove)

    def _add(self, run: Run) -> None:
        self.rows[run] = RunRow(run)
        self._column.addWidget(self.rows[run])

    def _remove(self, run: Run) -> None:
        row = self.rows.pop(run)
        self._column.removeWidget(row)
        row.deleteLater()
