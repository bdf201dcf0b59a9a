"""The base of every algorithm: one step of the core as Processing runs it."""

from __future__ import annotations

import re
import tempfile
import traceback
from html import escape
from pathlib import Path
from typing import Any

from qgis.core import (
    Qgis,
    QgsMessageLog,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
)
from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtGui import QIcon

from ..core.errors import CancelledError, PlanetaryDtmError
from ..core.steps import OutputKind, Step, step
from . import point_styling, resources, styling
from .definitions import output_definition, parameter_definition
from .inputs import collect, is_given, is_unloaded_raster, resolve
from .turns import in_own_thread, short_turns
from .words import say, say_help, say_progress

translate = QCoreApplication.translate


class StepAlgorithm(QgsProcessingAlgorithm):
    """An algorithm that is one step; a subclass says which."""

    step_id = ""

    def __init__(self) -> None:
        super().__init__()
        self._values: dict[str, Any] = {}
        self._problem: PlanetaryDtmError | None = None

    @property
    def step(self) -> Step:
        """The step's description."""
        return step(self.step_id)

    def createInstance(self) -> StepAlgorithm:
        return type(self)()

    def name(self) -> str:
        return self.step_id

    def displayName(self) -> str:
        return say(self.step.title)

    def group(self) -> str:
        return say(self.step.group)

    def groupId(self) -> str:
        return re.sub(r"\W+", "_", self.step.group.lower())

    def tags(self) -> list[str]:
        return list(self.step.tags)

    def shortDescription(self) -> str:
        return say_help(self.step, self.step.help.split("\n\n")[0])

    def shortHelpString(self) -> str:
        paragraphs = (say_help(self.step, paragraph) for paragraph in self.step.help.split("\n\n"))
        return "".join(f"<p>{escape(paragraph, quote=False)}</p>" for paragraph in paragraphs)

    def icon(self) -> QIcon:
        return QIcon(self.svgIconPath())

    def svgIconPath(self) -> str:
        return str(resources.icon(self.step.icon))

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        for parameter in self.step.parameters:
            self.addParameter(parameter_definition(self.step, parameter))
        for output in self.step.outputs:
            add = self.addOutput if output.kind is OutputKind.NUMBER else self.addParameter
            add(output_definition(self.step, output))

    def checkParameterValues(self, parameters: dict[str, Any], context: QgsProcessingContext) -> tuple[bool, str]:
        """As QGIS does it, without loading rasters that are given by their path: the step opens those itself."""
        unloaded = self.unloaded(parameters, context)
        for definition in self.parameterDefinitions():
            name = definition.name()
            if not definition.checkValueIsAcceptable(parameters.get(name), None if name in unloaded else context):
                return super().checkParameterValues(parameters, context)  # says what is wrong
        return True, ""

    def unloaded(self, parameters: dict[str, Any], context: QgsProcessingContext) -> set[str]:
        """The parameters whose rasters are given by their paths, and are no layers that QGIS holds."""
        asked = self.step.parameters
        return {p.name for p in asked if is_unloaded_raster(p.kind, parameters.get(p.name), context)}

    def prepareAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> bool:
        try:
            self._values = collect(self, self.step, parameters, context)
        except PlanetaryDtmError as error:
            self._problem = error  # told when it runs: what is raised here reaches no caller in Python
        return True

    def processAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        if self._problem is not None:
            raise QgsProcessingException(str(self._problem))
        chosen = self.step
        targets = self._targets(parameters, context)
        try:
            with short_turns(), tempfile.TemporaryDirectory(prefix="planetary_dtm_") as folder:
                inputs = resolve(self._values, Path(folder), feedback)
                ready = chosen.checked({**inputs, **targets})
                result = in_own_thread(lambda: chosen.run(**ready, progress=ProgressOf(feedback)))
        except CancelledError as error:
            if str(error) != str(CancelledError()):  # it tells what is kept to go on from
                feedback.pushInfo(str(error))
            return {}
        except PlanetaryDtmError as error:
            raise QgsProcessingException(str(error)) from None
        except MemoryError:
            told = translate("Algorithm", "There is not enough memory; choose a larger pixel size or a smaller extent.")
            raise QgsProcessingException(told) from None
        except Exception as error:
            QgsMessageLog.logMessage(traceback.format_exc(), "Planetary DTM", Qgis.MessageLevel.Critical)
            told = translate(
                "Algorithm",
                '{} met an error of its own ({}: {}); the log panel "Planetary DTM" has the details to report.',
            )
            raise QgsProcessingException(told.format(chosen.title, type(error).__name__, error)) from error
        for sentence in result.warnings:
            feedback.pushWarning(sentence)
        for sentence in result.notes:
            feedback.pushInfo(sentence)
        self._style(targets, context)
        return {**targets, **result.outputs}

    def _targets(self, parameters: dict[str, Any], context: QgsProcessingContext) -> dict[str, str]:
        """Paths of the outputs asked for."""
        targets = {}
        for output in self.step.outputs:
            if output.kind is OutputKind.NUMBER or not is_given(parameters.get(output.name)):
                continue
            layer = output.kind in (OutputKind.RASTER, OutputKind.TABLE)
            read = self.parameterAsOutputLayer if layer else self.parameterAsFileOutput
            targets[output.name] = read(parameters, output.name, context)
        return {name: path for name, path in targets.items() if path}

    def _style(self, targets: dict[str, str], context: QgsProcessingContext) -> None:
        """Have the results ready and styled when they are added to the map."""
        for output in self.step.outputs:
            path = targets.get(output.name, "")
            if not context.willLoadLayerOnCompletion(path):
                continue
            if output.style in styling.LOOKS:
                styling.prepare(path, output.style, context)
            elif output.kind is OutputKind.RASTER and output.style != "image":
                styling.mark(path, self.step_id, context)
            elif output.kind is OutputKind.TABLE:
                point_styling.prepare(path, context)


class ProgressOf:
    """The core's progress protocol on a Processing feedback; reports every half per cent, and each new message once."""

    def __init__(self, feedback: QgsProcessingFeedback) -> None:
        self._feedback, self._shown, self._message = feedback, -1, ""

    def __call__(self, fraction: float, message: str = "") -> bool:
        if message and message != self._message:
            self._message = message
            self._feedback.setProgressText(say_progress(message))
        if round(200 * fraction) != self._shown:
            self._shown = round(200 * fraction)
            self._feedback.setProgress(100 * fraction)
        return not self._feedback.isCanceled()
