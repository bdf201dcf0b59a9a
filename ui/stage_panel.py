"""One stage of the push-broom chain in its dock: what it is for, what it asks, how far it is, and its button."""

from __future__ import annotations

from qgis.core import QgsApplication
from qgis.gui import QgsCollapsibleGroupBox, QgsFileWidget
from qgis.PyQt.QtCore import QCoreApplication, pyqtSignal
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ..core.camera.sensor import built_in_sensors
from ..core.steps import Kind
from ..processing_provider import resources
from ..processing_provider.words import labelled, say
from .stages import Field, Progress, Stage, label_of, progress_of
from .tooltips import as_written
from .workspace import Workspace

translate = QCoreApplication.translate

_ICONS = {
    Progress.MISSING: "/mIconWarning.svg",
    Progress.READY: "/mActionStart.svg",
    Progress.DONE: "/mIconSuccess.svg",
    Progress.OLD: "/mActionRefresh.svg",
}
_MARKS = {Progress.MISSING: "", Progress.READY: "▸", Progress.DONE: "✓", Progress.OLD: "↻"}


class StagePanel(QgsCollapsibleGroupBox):
    """Shows a stage of a workspace; running it is the dock's part."""

    run_asked = pyqtSignal()
    dialog_asked = pyqtSignal()
    report_asked = pyqtSignal()
    scene_asked = pyqtSignal()

    def __init__(self, number: int, stage: Stage, workspace: Workspace) -> None:
        super().__init__()
        self.number, self.stage, self.workspace = number, stage, workspace
        self.setObjectName(f"PlanetaryDtmStage_{stage.id}")
        self._editors: dict[str, _Editor] = {}
        column = QVBoxLayout(self)
        about = QLabel(stage.text)
        about.setWordWrap(True)
        column.addWidget(about)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for field in stage.fields:
            editor = self._editors[field.key] = _editor(field, workspace)
            form.addRow(field.label or labelled(field.described.label, field.described.unit), editor.widget)
        column.addLayout(form)
        column.addLayout(self._build_state())
        column.addLayout(self._build_buttons())
        self.refresh()

    def _build_state(self) -> QHBoxLayout:
        self.state_icon, self.state = QLabel(), QLabel()
        self.state.setWordWrap(True)
        self.state.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        line = QHBoxLayout()
        line.addWidget(self.state_icon)
        line.addWidget(self.state)
        return line

    def _build_buttons(self) -> QHBoxLayout:
        self.run_button = QPushButton(QIcon(str(resources.icon(self.stage.icon))), self.stage.button)
        self.run_button.setToolTip(self.tr("Run this step in the background; it can be cancelled"))
        self.run_button.clicked.connect(self.run_asked)
        line = QHBoxLayout()
        line.addWidget(self.run_button, 1)
        if self.stage.id == "scene":
            button = _small("/mActionFileOpen.svg", self.tr("Take a scene from a folder"))
            button.clicked.connect(self.scene_asked)
            line.addWidget(button)
        if self.stage.report:
            self.report_button = _small("/mActionOpenTable.svg", self.tr("Open the report in the browser"))
            self.report_button.clicked.connect(self.report_asked)
            line.addWidget(self.report_button)
        more = _small("/propertyicons/settings.svg", self.tr("All parameters of this step, in Processing's dialog"))
        more.clicked.connect(self.dialog_asked)
        line.addWidget(more)
        return line

    def refresh(self, running: bool = False) -> None:
        """Show the workspace as it is now."""
        for key, editor in self._editors.items():
            editor.show_value(self.workspace[key])
        if running:
            self._show_state(self.tr("Running …"), "/mActionRefresh.svg", "…")
            self.run_button.setEnabled(False)
            return
        progress, lacking = progress_of(self.stage, self.workspace)
        names = ", ".join(label_of(key) for key in lacking)
        said = {
            Progress.MISSING: self.tr("Still needed: {}").format(names),
            Progress.READY: self.tr("Ready to run"),
            Progress.DONE: self.tr("Done") + self._made(),
            Progress.OLD: self.tr("An input is newer than the result; run it again") + self._made(),
        }
        wanted = self.stage.missing_modules()
        if wanted and progress is not Progress.DONE:
            told = self.tr("Needs the Python package {}; Getting started (compass button) tells how to get it.")
            progress, said[Progress.MISSING] = Progress.MISSING, told.format(", ".join(wanted))
        self._show_state(said[progress], _ICONS[progress], _MARKS[progress])
        self.run_button.setEnabled((self.stage.id == "scene" or not lacking) and not wanted)
        if self.stage.report:
            self.report_button.setEnabled(self.workspace.has(self.stage.report))

    def _show_state(self, told: str, icon: str, mark: str) -> None:
        self.state.setText(told)
        self.state_icon.setPixmap(QgsApplication.getThemeIcon(icon).pixmap(16, 16))
        self.setTitle(f"{self.number}  {self.stage.title}  {mark}")

    def _made(self) -> str:
        made = [self.workspace[key] for key in self.stage.results if self.workspace.has(key)]
        self.state.setToolTip(as_written("\n".join(made)) if made else "")
        return ": " + ", ".join(path.replace("\\", "/").rpartition("/")[2] for path in made) if made else ""


class _Editor:
    """A widget for one value of the workspace."""

    widget: QWidget

    def show_value(self, text: str) -> None:
        raise NotImplementedError


class _PathEditor(_Editor):
    def __init__(self, field: Field, workspace: Workspace) -> None:
        self.widget = chooser = QgsFileWidget()
        chooser.setStorageMode(QgsFileWidget.GetDirectory if field.key == "folder" else QgsFileWidget.GetFile)
        chooser.setUseLink(False)
        chooser.lineEdit().setPlaceholderText(_placeholder(field.key))
        chooser.fileChanged.connect(lambda path: workspace.__setitem__(field.key, path))

    def show_value(self, text: str) -> None:
        if self.widget.filePath() != text:
            self.widget.setFilePath(text)


class _NumberEditor(_Editor):
    def __init__(self, field: Field, workspace: Workspace) -> None:
        self.widget = line = QLineEdit()
        line.setPlaceholderText(translate("StagePanel", "Automatic"))

        def edited() -> None:
            text = line.text().strip().replace(",", ".")
            number = _number(text)
            workspace[field.key] = text if number is not None and number >= (field.described.minimum or 0) else ""
            self.show_value(workspace[field.key])

        line.editingFinished.connect(edited)

    def show_value(self, text: str) -> None:
        if self.widget.text() != text:
            self.widget.setText(text)


class _ChoiceEditor(_Editor):
    def __init__(self, field: Field, workspace: Workspace) -> None:
        self.widget = QComboBox()
        self.widget.addItems(list(field.described.choices))
        self._default = field.described.default
        self.widget.activated.connect(lambda: workspace.__setitem__(field.key, self.widget.currentText()))

    def show_value(self, text: str) -> None:
        self.widget.setCurrentText(text or self._default)


class _SensorEditor(_Editor):
    def __init__(self, field: Field, workspace: Workspace) -> None:
        self.widget = QComboBox()
        self.widget.setEditable(True)
        self.widget.addItems(["", *built_in_sensors()])
        self.widget.lineEdit().setPlaceholderText(translate("StagePanel", "A sensor that ships, or a JSON file"))
        self.widget.currentTextChanged.connect(lambda text: workspace.__setitem__(field.key, text.strip()))

    def show_value(self, text: str) -> None:
        if self.widget.currentText() != text:
            self.widget.setCurrentText(text)


class _FlagEditor(_Editor):
    def __init__(self, field: Field, workspace: Workspace) -> None:
        self.widget = QCheckBox()
        self.widget.clicked.connect(lambda on: workspace.__setitem__(field.key, "true" if on else ""))

    def show_value(self, text: str) -> None:
        self.widget.setChecked(text == "true")


_KINDS = {Kind.NUMBER: _NumberEditor, Kind.CHOICE: _ChoiceEditor, Kind.FLAG: _FlagEditor}


def _editor(field: Field, workspace: Workspace) -> _Editor:
    kind = _SensorEditor if field.key == "sensor" else _KINDS.get(field.described.kind, _PathEditor)
    made = kind(field, workspace)
    help_text = translate("StagePanel", "Where results are kept; empty: beside the GCPs")
    made.widget.setToolTip(help_text if field.key == "folder" else say(field.described.help))
    made.widget.setAccessibleName(field.label or say(field.described.label))
    made.widget.setObjectName(f"PlanetaryDtmField_{field.key}")
    return made


def _placeholder(key: str) -> str:
    named = {
        "folder": translate("StagePanel", "Beside the GCPs"),
        "image_c": translate("StagePanel", "Leave empty for two views"),
    }
    return named.get(key, translate("StagePanel", "Choose a file"))


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _small(icon: str, tooltip: str) -> QToolButton:
    button = QToolButton()
    button.setAutoRaise(True)
    button.setIcon(QgsApplication.getThemeIcon(icon))
    button.setToolTip(tooltip)
    button.setAccessibleName(tooltip)
    return button
