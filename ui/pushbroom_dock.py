"""The dock "Push-broom": the stereo chain as stages that run one by one, or all that is left at a press."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from qgis.core import Qgis, QgsApplication, QgsProcessingOutputLayerDefinition, QgsProject
from qgis.gui import QgisInterface, QgsDockWidget
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QToolButton, QVBoxLayout, QWidget

from ..core.steps import step
from ..processing_provider import resources
from ..processing_provider.provider import PROVIDER_ID
from ..processing_provider.words import say
from .map_link import bring_into_view
from .opening import open_file
from .outcome import conclude, tell
from .run_row import RunRows
from .runs import Run, Runs
from .scroll import scrolled
from .stage_panel import StagePanel
from .stages import Job, Progress, Stage, label_of, progress_of, stages, whole
from .turns import in_turns, later
from .workspace import Workspace


class PushBroomDock(QgsDockWidget):
    """The workspace's stages with their runs."""

    def __init__(self, iface: QgisInterface, runs: Runs, workspace: Workspace) -> None:
        super().__init__(None)
        self.setObjectName("PlanetaryDtmPushBroomDock")
        self.setWindowTitle(self.tr("Push-broom"))
        self.iface, self.runs, self.workspace = iface, runs, workspace
        self.panels = {stage.id: StagePanel(number, stage, workspace) for number, stage in enumerate(stages(), 1)}
        self._changed: set[str] = set()  # values of the workspace not shown yet
        self._running: dict[str, bool] = {}  # stages under way: whether the following ones are to run too
        self._build()
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(50)
        self._soon.timeout.connect(self._refresh_changed)
        workspace.changed.connect(self._workspace_changed)
        self._fold()

    def _build(self) -> None:
        self.all_button = QPushButton(QgsApplication.getThemeIcon("/mActionStart.svg"), self.tr("Run all that is left"))
        self.all_button.setToolTip(self.tr("Run every step that is not done, one after the other"))
        self.all_button.clicked.connect(self.run_all)
        self.plots_button = QPushButton(QgsApplication.getThemeIcon("/mIconHistogram.svg"), self.tr("Plots"))
        self.plots_button.setToolTip(self.tr("Show or hide orientation, residuals and matches as plots"))
        self.plots_button.setCheckable(True)
        self.once_button = QToolButton()
        self.once_button.setAutoRaise(True)
        self.once_button.setIcon(QIcon(str(resources.icon("dtm_from_view"))))
        self.once_button.setToolTip(self.tr("The same chain as one algorithm, for batches, scripts and models"))
        self.once_button.setAccessibleName(self.once_button.toolTip())
        self.once_button.clicked.connect(self.open_whole)
        line = QHBoxLayout()
        line.addWidget(self.all_button, 1)
        line.addWidget(self.plots_button)
        line.addWidget(self.once_button)
        content = QWidget()
        column = QVBoxLayout(content)
        column.addLayout(line)
        self.rows = RunRows(self.runs)
        column.addWidget(self.rows)
        for panel in self.panels.values():
            column.addWidget(panel)
            panel.run_asked.connect(lambda stage=panel.stage: self.run(stage))
            panel.dialog_asked.connect(lambda stage=panel.stage: self.open_dialog(stage))
            panel.report_asked.connect(lambda stage=panel.stage: self.open_report(stage))
            panel.scene_asked.connect(self.choose_scene)
        column.addStretch()
        self.setWidget(scrolled(content))

    def close_down(self) -> None:
        """Let go of everything outside the dock; called before it is taken away."""
        self.workspace.changed.disconnect(self._workspace_changed)
        self._soon.stop()
        self.rows.close_down()

    def refresh(self) -> None:
        """Show how far every stage is."""
        for key, panel in self.panels.items():
            panel.refresh(key in self._running)
        self._refresh_button()

    def _refresh_button(self) -> None:
        self.all_button.setEnabled(not self._running and self._next() is not None)

    def _refresh_in_turns(self, concerned: Iterable[str], *then: Callable[[], None]) -> None:
        """The same of some stages, one in a turn; then the rest.

        A new scene takes a tenth of a second in all. Beside a step that runs each look for a file waits for Python.
        """
        shows = [partial(self._refresh_one, key) for key in concerned]
        in_turns(self, *shows, self._refresh_button, *then)

    def _refresh_changed(self) -> None:
        changed, self._changed = self._changed, set()
        panels = self.panels.items()
        self._refresh_in_turns([name for name, p in panels if "" in changed or changed & p.stage.keys])

    def _refresh_one(self, key: str) -> None:
        self.panels[key].refresh(key in self._running)

    def _workspace_changed(self, key: str) -> None:
        self._changed.add(key)
        if not key:  # another project
            self._fold()
        self._soon.start()

    def _fold(self) -> None:
        """Leave only the stage open that comes next."""
        states = {name: progress_of(panel.stage, self.workspace)[0] for name, panel in self.panels.items()}
        todo = next((name for name, state in states.items() if state is not Progress.DONE), "")
        self._open_only(todo)

    def _open_only(self, key: str) -> None:
        for name, panel in self.panels.items():
            if panel.isCollapsed() != (name != key):  # QGIS goes through all of its work for what is so already
                panel.setCollapsed(name != key)

    # --- running ------------------------------------------------------------------------------------------------

    def run_all(self) -> None:
        """Run the first stage that is ready or out of date, and go on from there."""
        stage = self._next()
        if stage is not None:
            self.run(stage, go_on=True)

    def run(self, stage: Stage, go_on: bool = False) -> None:
        """Run a stage's jobs one after the other; its results become the workspace's."""
        if stage.id in self._running or (stage.id == "scene" and not self._folder_asked()):
            return
        try:
            self.workspace.folder.mkdir(parents=True, exist_ok=True)
            jobs = stage.jobs(self.workspace)
        except OSError as error:
            said = self.tr("The folder of results cannot be written ({}); choose another one.").format(error)
            tell(self.iface, said, Qgis.MessageLevel.Warning)
            return
        self._running[stage.id] = go_on
        self._start(stage, jobs)
        self._refresh_one(stage.id)
        self._refresh_button()
        later(self, lambda: self._open_only(stage.id))

    def _folder_asked(self) -> bool:
        """Whether it is known where a simulated scene goes; asks once."""
        if not self.workspace["folder"]:
            asked = self.tr("Folder for the sample scene and its results")
            self.workspace["folder"] = QFileDialog.getExistingDirectory(self, asked, str(self.workspace.folder))
        return bool(self.workspace["folder"])

    def _start(self, stage: Stage, jobs: list[Job]) -> None:
        job = jobs[0]
        shown = next((label_of(job.makes[name]) for name in job.on_map), say(step(job.step_id).title))
        run = Run(f"{PROVIDER_ID}:{job.step_id}", _parameters(job), shown, self.windowTitle())

        def ended(run: Run) -> None:
            QTimer.singleShot(0, lambda: self._ended(stage, jobs, run))

        self.runs.start(run, ended)

    def _ended(self, stage: Stage, jobs: list[Job], run: Run) -> None:
        good = conclude(self.iface, run, quiet=len(jobs) > 1 or self._running[stage.id])
        if good and stage.id == "scene":
            self.workspace.take_scene(run.results["OUTPUT_FOLDER"])
        if good:
            for output, key in jobs[0].makes.items():
                self.workspace[key] = str(run.results.get(output) or "")
        if good and jobs[1:]:
            later(self, lambda: self._start(stage, jobs[1:]))
        else:
            shows = [self._show_dtm] if good and stage.id == "terrain" else []
            in_turns(self, *shows, lambda: self._stage_ended(stage, good))

    def _stage_ended(self, stage: Stage, good: bool) -> None:
        """All jobs of a stage have run, or one has not; go on to the next stage where that is asked for."""
        go_on, ends = self._running.pop(stage.id, False), []
        if good and go_on:
            self.run_all()
            if not self._running:
                ends = [self._fold, lambda: tell(self.iface, *self._stop())]
        elif good:
            ends = [self._fold]
        self._refresh_in_turns([stage.id] if self._running else self.panels, *ends)

    def _show_dtm(self) -> None:
        """Move the map to the DTM where it shows other ground."""
        here = Path(self.workspace["dtm"])
        for layer in QgsProject.instance().mapLayers().values():
            if Path(layer.source()) == here:
                bring_into_view(self.iface.mapCanvas(), layer)
                return

    def _stop(self) -> tuple[str, Qgis.MessageLevel]:
        """Why there is nothing more to run, in a sentence."""
        for panel in self.panels.values():
            progress, lacking = progress_of(panel.stage, self.workspace)
            if progress is not Progress.DONE:
                told = self.tr("The step {} comes next. It needs the Python package {}; Getting started tells more.")
                if wanted := panel.stage.missing_modules():
                    return told.format(panel.stage.title, ", ".join(wanted)), Qgis.MessageLevel.Warning
                told = self.tr("The step {} comes next. It still needs: {}.")
                names = ", ".join(map(label_of, lacking))
                return told.format(panel.stage.title, names), Qgis.MessageLevel.Info
        return self.tr("All steps are done; the DTM and its comparison are on the map."), Qgis.MessageLevel.Success

    def _next(self) -> Stage | None:
        """The first stage with something to do and everything to do it with."""
        for panel in self.panels.values():
            progress, lacking = progress_of(panel.stage, self.workspace)
            blocked = lacking or panel.stage.missing_modules()
            if panel.stage.results and not blocked and progress in (Progress.READY, Progress.OLD):
                return panel.stage
        return None

    # --- around -------------------------------------------------------------------------------------------------

    def choose_scene(self) -> None:
        """Ask for a folder and take the scene's files in it by their names."""
        folder = QFileDialog.getExistingDirectory(self, self.tr("Folder of a scene"), str(self.workspace.folder))
        if folder and not self.workspace.take_scene(folder):
            said = self.tr("{} holds no sensor.json, gcps.csv, altimetry.csv or views; choose the files one by one.")
            tell(self.iface, said.format(folder), Qgis.MessageLevel.Warning)

    def open_dialog(self, stage: Stage) -> None:
        """Open Processing's dialog of the stage's main algorithm, filled in."""
        import processing

        jobs = stage.jobs(self.workspace)
        processing.execAlgorithmDialog(f"{PROVIDER_ID}:{jobs[-1].step_id}", jobs[-1].parameters)

    def open_whole(self) -> None:
        """Open Processing's dialog of the whole chain as one algorithm, filled in."""
        import processing

        job = whole(self.workspace)
        processing.execAlgorithmDialog(f"{PROVIDER_ID}:{job.step_id}", job.parameters)

    def open_report(self, stage: Stage) -> None:
        """Open the stage's report in the browser."""
        open_file(self.workspace[stage.report])


def _parameters(job: Job) -> dict[str, Any]:
    """The job's parameters, with the outputs that go onto the map as layers."""
    project = QgsProject.instance()
    layers = {name: QgsProcessingOutputLayerDefinition(job.parameters[name], project) for name in job.on_map}
    return {**job.parameters, **layers}
