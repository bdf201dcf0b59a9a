"""A step's parameters and outputs as Processing's definitions, with help texts as tooltips."""

from __future__ import annotations

from collections.abc import Callable

from qgis.core import (
    QgsProcessing,
    QgsProcessingOutputDefinition,
    QgsProcessingOutputNumber,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterCrs,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterExtent,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterMapLayer,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
    QgsProcessingParameterVectorDestination,
)

from ..core.steps import Kind, Output, OutputKind, Parameter, Step
from .words import labelled, say, say_help

Definition = QgsProcessingParameterDefinition


def parameter_definition(step: Step, parameter: Parameter) -> Definition:
    """Return the Processing parameter of a step's parameter."""
    definition = _PARAMETERS[parameter.kind](parameter, labelled(parameter.label, parameter.unit))
    definition.setHelp(say_help(step, parameter.help))
    if parameter.advanced:
        definition.setFlags(definition.flags() | Definition.FlagAdvanced)
    return definition


def output_definition(step: Step, output: Output) -> Definition | QgsProcessingOutputDefinition:
    """Return the destination parameter of an output that is a file, the plain output of one that is a number."""
    label = say(output.label)
    if output.kind is OutputKind.NUMBER:
        return QgsProcessingOutputNumber(output.name, label)
    created = output.offered or not output.optional
    asked = {"defaultValue": None, "optional": output.optional, "createByDefault": created}
    if output.kind is OutputKind.RASTER:
        definition = QgsProcessingParameterRasterDestination(output.name, label, **asked)
    elif output.kind is OutputKind.TABLE:
        definition = QgsProcessingParameterVectorDestination(output.name, label, **asked)
    elif output.kind is OutputKind.FOLDER:
        definition = QgsProcessingParameterFolderDestination(output.name, label, **asked)
    else:
        extension = "html" if output.kind is OutputKind.REPORT else output.extension
        shown = f"{extension.upper()} (*.{extension})" if extension else ""
        definition = QgsProcessingParameterFileDestination(output.name, label, shown, **asked)
    definition.setHelp(say_help(step, output.help))
    return definition


def _number(parameter: Parameter, label: str) -> Definition:
    whole = parameter.kind is Kind.INTEGER
    definition = QgsProcessingParameterNumber(
        parameter.name,
        label,
        QgsProcessingParameterNumber.Integer if whole else QgsProcessingParameterNumber.Double,
        parameter.default,
        parameter.optional,
    )
    if parameter.minimum is not None:
        definition.setMinimum(parameter.minimum)
    if parameter.maximum is not None:
        definition.setMaximum(parameter.maximum)
    return definition


def _layers(kind: int) -> Callable[[Parameter, str], Definition]:
    def make(p: Parameter, label: str) -> Definition:
        return QgsProcessingParameterMultipleLayers(p.name, label, kind, p.default, p.optional)

    return make


def _file(behaviour: int) -> Callable[[Parameter, str], Definition]:
    def make(p: Parameter, label: str) -> Definition:
        return QgsProcessingParameterFile(p.name, label, behaviour, p.extension, p.default, p.optional)

    return make


_PARAMETERS: dict[Kind, Callable[[Parameter, str], Definition]] = {
    Kind.RASTER: lambda p, label: QgsProcessingParameterRasterLayer(p.name, label, p.default, p.optional),
    Kind.RASTERS: _layers(QgsProcessing.TypeRaster),
    Kind.TABLE: lambda p, label: QgsProcessingParameterFeatureSource(
        p.name, label, [QgsProcessing.TypeVector], p.default, p.optional
    ),
    Kind.TABLES: _layers(QgsProcessing.TypeVector),
    Kind.LAYER: lambda p, label: QgsProcessingParameterMapLayer(
        p.name, label, p.default, p.optional, [QgsProcessing.TypeRaster, QgsProcessing.TypeVector]
    ),
    Kind.FIELD: lambda p, label: QgsProcessingParameterField(
        p.name, label, p.default, p.parent, QgsProcessingParameterField.Any, False, p.optional
    ),
    Kind.FILE: _file(QgsProcessingParameterFile.File),
    Kind.FILES: _layers(QgsProcessing.TypeFile),
    Kind.FOLDER: _file(QgsProcessingParameterFile.Folder),
    Kind.EXTENT: lambda p, label: QgsProcessingParameterExtent(p.name, label, p.default, p.optional),
    Kind.NUMBER: _number,
    Kind.INTEGER: _number,
    # static strings: the value is the word itself, in Python, on the command line and in models
    Kind.CHOICE: lambda p, label: QgsProcessingParameterEnum(
        p.name, label, list(p.choices), False, p.default, p.optional, True
    ),
    Kind.FLAG: lambda p, label: QgsProcessingParameterBoolean(p.name, label, p.default, p.optional),
    Kind.TEXT: lambda p, label: QgsProcessingParameterString(p.name, label, p.default, False, p.optional),
    Kind.CRS: lambda p, label: QgsProcessingParameterCrs(p.name, label, p.default, p.optional),
}
