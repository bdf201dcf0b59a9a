"""Algorithms started from the desktop: in the background, cancellable, and told about in one sentence.

A `Run` keeps everything alive that its task needs. It outlives what it came from: a layer removed, a project closed
or the plugin unloaded in the meantime costs no result and no crash.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum
from typing import Any

from qgis.core import (
    QgsApplication,
    QgsProcessingAlgorithm,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputLayerDefinition,
    QgsProject,
)
from qgis.PyQt.QtCore import QCoreApplication, QObject, pyqtSignal

from . import history


class State(Enum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class RunFeedback(QgsProcessingFeedback):
    """Keeps what the algorithm says; called from its worker thread."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[str] = []
        self.warnings: list[str] = []
        self.message = ""

    def reportError(self, error: str, fatalError: bool = False) -> None:
        self.errors.append(error)
        super().reportError(error, fatalError)

    def pushWarning(self, warning: str) -> None:
        self.warnings.append(warning)
        super().pushWarning(warning)

    def setProgressText(self, text: str) -> None:
        self.message = text
        super().setProgressText(text)


class Run(QObject):
    """One algorithm on its way: ``changed`` tells progress, ``ended`` comes once, whatever happens."""

    changed = pyqtSignal()
    ended = pyqtSignal(object)

    def __init__(self, algorithm_id: str, parameters: dict[str, Any], title: str, group: str = "") -> None:
        super().__init__()
        self.algorithm_id, self.parameters, self.title = algorithm_id, parameters, title
        self.group = group  # of the layer tree, where its layers go
        self.state, self.results, self.error, self.seconds = State.WAITING, {}, "", 0.0
        self.project_closed = False
        self.feedback, self.context = RunFeedback(), QgsProcessingContext()
        self.context.setProject(QgsProject.instance())
        self.context.setFeedback(self.feedback)
        self.feedback.progressChanged.connect(self.changed)
        self._algorithm: QgsProcessingAlgorithm | None = None
        self._task: QgsProcessingAlgRunnerTask | None = None

    @property
    def active(self) -> bool:
        return self.state in (State.WAITING, State.RUNNING)

    @property
    def gives_layers(self) -> bool:
        """Whether its output goes onto the map."""
        return isinstance(self.parameters.get("OUTPUT"), QgsProcessingOutputLayerDefinition)

    @property
    def percent(self) -> float:
        return float(self.feedback.progress())

    def start(self) -> None:
        """Check the parameters, then hand the work to QGIS's task manager; failures come through ``ended`` too."""
        self._started = time.monotonic()
        self.state = State.RUNNING
        algorithm = QgsApplication.processingRegistry().createAlgorithmById(self.algorithm_id)
        if algorithm is None:
            self._end(State.FAILED, self.tr("The algorithm {} is not there.").format(self.algorithm_id))
            return
        good, problem = algorithm.checkParameterValues(self.parameters, self.context)
        if not good:
            self._end(State.FAILED, problem)
            return
        self._algorithm = algorithm
        history.add(algorithm, self.parameters, self.context)
        self._task = QgsProcessingAlgRunnerTask(algorithm, self.parameters, self.context, self.feedback)
        if self._task.isCanceled():  # the algorithm could not be prepared and said why
            self._end(State.FAILED, "")
            return
        self._task.executed.connect(self._executed)
        QgsApplication.taskManager().addTask(self._task)

    def cancel(self) -> None:
        """Ask the algorithm to stop; it ends at its next report of progress."""
        self.feedback.cancel()

    def _executed(self, successful: bool, results: dict[str, Any]) -> None:
        self.results = results
        if self.feedback.isCanceled():
            self._end(State.CANCELLED, "")
        else:
            self._end(State.DONE if successful else State.FAILED, "")

    def _end(self, state: State, error: str) -> None:
        self.state, self._task = state, None
        self.seconds = time.monotonic() - self._started
        if state is State.FAILED:
            told = [line for line in self.feedback.errors if line.strip()]
            self.error = error or (told[0] if told else self.tr("It failed without saying why."))
        self.ended.emit(self)


class Runs(QObject):
    """All runs under way; they are kept alive here until they end."""

    started = pyqtSignal(object)
    ended = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self._active: list[Run] = []
        QgsProject.instance().cleared.connect(self._project_cleared)

    @property
    def active(self) -> tuple[Run, ...]:
        return tuple(self._active)

    def start(self, run: Run, then: Callable[[Run], None]) -> None:
        """Start a run; ``then`` is called with it in the main thread when it has ended."""
        self._active.append(run)
        run.ended.connect(self._forget)
        run.ended.connect(then)
        self.started.emit(run)
        run.start()

    def stop_all(self, seconds: float = 10.0) -> None:
        """Cancel every run and wait until they have let go, handling events meanwhile."""
        QgsProject.instance().cleared.disconnect(self._project_cleared)
        for run in self.active:
            run.cancel()
        limit = time.monotonic() + seconds
        while self._active and time.monotonic() < limit:
            QCoreApplication.processEvents()
            time.sleep(0.01)

    def _forget(self, run: Run) -> None:
        self._active.remove(run)
        self.ended.emit(run)

    def _project_cleared(self) -> None:
        for run in self._active:
            run.project_closed = True
