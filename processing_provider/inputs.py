"""What a user chose as input, as the paths and plain values that a step takes.

Everything of a layer is taken in the main thread (`collect`, called while the algorithm prepares); what is to be
written for the step is written in the worker thread (`resolve`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsMapLayer,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingFeatureSourceDefinition,
    QgsProcessingFeedback,
    QgsProcessingParameterFile,
    QgsProcessingUtils,
    QgsRasterLayer,
    QgsRectangle,
    QgsReferencedRectangle,
)
from qgis.PyQt.QtCore import QCoreApplication

from ..core.bodies import body_of_crs
from ..core.errors import CancelledError, InputError
from ..core.steps import Kind, Parameter, Step
from ..core.tables import layer_crs
from .extents import extent_on, known, of_text, wkt
from .layer_sources import FileRaster, FileTable, GivenFile, RenderedRaster, Source, table_of
from .words import say

translate = QCoreApplication.translate

_TEXT_TABLES = (".csv", ".csv.gz", ".tab", ".tab.gz", ".txt", ".tsv")
_NUMBERS_ALONE = re.compile(r"^[\s\d.,eE+-]+$")


def is_given(value: Any) -> bool:
    """Whether a parameter's value says anything (Qt's null values, empty texts and lists do not)."""
    return bool(value) or value is False or (isinstance(value, (int, float)) and value == 0)


def collect(
    algorithm: QgsProcessingAlgorithm, step: Step, parameters: dict[str, Any], context: QgsProcessingContext
) -> dict[str, Any]:
    """Return the given parameters by name: plain values, `Source` objects, or lists of them.

    Runs in the main thread and reads no pixels. Raises `InputError` in a sentence for the user.
    """
    reader = _Reader(algorithm, parameters, context)
    given = [p for p in step.parameters if is_given(parameters.get(p.name))]
    values = {p.name: reader.value(p) for p in given if p.kind is not Kind.EXTENT}
    for parameter in given:
        if parameter.kind is Kind.EXTENT:
            values[parameter.name] = reader.extent(parameter, reader.crs(given))
    size = values.get("PIXEL_SIZE")
    for parameter in given:
        source = values[parameter.name]
        if isinstance(source, RenderedRaster):
            areas = [values[p.name] for p in given if p.kind is Kind.EXTENT and p.parent == parameter.name]
            source.aim(areas[0] if areas and not reader.crs(given).isValid() else None, size)
    return values


def is_unloaded_raster(kind: Kind, value: Any, context: QgsProcessingContext) -> bool:
    """Whether a value is the path of a raster, or a list of such, that is no layer yet (a layer may have another CRS).

    Loading one would hold the event loop for 70 ms, for QGIS stretches its contrast.
    """
    if kind is Kind.RASTERS and isinstance(value, (list, tuple)):
        return bool(value) and all(is_unloaded_raster(Kind.RASTER, one, context) for one in value)
    if kind not in (Kind.RASTER, Kind.LAYER) or not (isinstance(value, str) and Path(value).is_file()):
        return False
    if QgsProcessingUtils.mapLayerFromString(value, context, False) is not None:
        return False
    return kind is Kind.RASTER or not _holds_a_table(value)


def _holds_a_table(path: str) -> bool:
    from osgeo import gdal

    return gdal.IdentifyDriverEx(path, gdal.OF_VECTOR) is not None or path.lower().endswith(_TEXT_TABLES)


def resolve(values: dict[str, Any], folder: Path, feedback: QgsProcessingFeedback) -> dict[str, Any]:
    """Turn the sources of `collect` into paths; runs in the worker thread, writes copies into ``folder``."""

    def one(value: Any) -> Any:
        if feedback.isCanceled():
            raise CancelledError
        return value.path(folder, feedback) if hasattr(value, "path") else value

    return {name: [one(v) for v in value] if isinstance(value, list) else one(value) for name, value in values.items()}


class _Reader:
    """Reads one algorithm's parameter values."""

    def __init__(
        self, algorithm: QgsProcessingAlgorithm, parameters: dict[str, Any], context: QgsProcessingContext
    ) -> None:
        self._algorithm, self._parameters, self._context = algorithm, parameters, context

    def value(self, parameter: Parameter) -> Any:
        algorithm, asked = self._algorithm, (self._parameters, parameter.name, self._context)
        kind = parameter.kind
        if kind in (Kind.RASTER, Kind.TABLE, Kind.LAYER):
            return self._layer(parameter)
        if kind in (Kind.RASTERS, Kind.TABLES):
            given = self._parameters[parameter.name]
            if is_unloaded_raster(kind, given, self._context):
                return [GivenFile(value) for value in given]
            return [self._source(layer, False) for layer in algorithm.parameterAsLayerList(*asked)]
        if kind is Kind.FILES:
            return algorithm.parameterAsFileList(*asked)
        if kind is Kind.NUMBER:
            return algorithm.parameterAsDouble(*asked)
        if kind is Kind.INTEGER:
            return algorithm.parameterAsInt(*asked)
        if kind is Kind.FLAG:
            return algorithm.parameterAsBool(*asked)
        if kind is Kind.CHOICE:
            return algorithm.parameterAsEnumString(*asked)
        if kind is Kind.CRS:
            return wkt(algorithm.parameterAsCrs(*asked))
        return algorithm.parameterAsString(*asked)

    def extent(self, parameter: Parameter, chosen: QgsCoordinateReferenceSystem) -> tuple[float, float, float, float]:
        """The extent in the CRS ``chosen``, else in the parent layer's, else in longitude and latitude."""
        target = chosen if chosen.isValid() else self._crs_of(parameter.parent)
        value = self._parameters[parameter.name]
        plain = isinstance(value, QgsRectangle) and not isinstance(value, QgsReferencedRectangle)
        if plain or (isinstance(value, str) and _NUMBERS_ALONE.match(value)):
            rectangle, own = self._algorithm.parameterAsExtent(self._parameters, parameter.name, self._context), target
        else:
            own = self._algorithm.parameterAsExtentCrs(self._parameters, parameter.name, self._context)
            rectangle = self._algorithm.parameterAsExtent(self._parameters, parameter.name, self._context, own)
        if not target.isValid() and own.isValid():
            lonlat = body_of_crs(wkt(own)).lonlat_crs()
            target = QgsCoordinateReferenceSystem.fromWkt(lonlat.ExportToWkt(["FORMAT=WKT2_2019"]))
        name = self._name_of(parameter.parent) or say(parameter.label)
        rectangle = extent_on(rectangle, own, target, name)
        return rectangle.xMinimum(), rectangle.yMinimum(), rectangle.xMaximum(), rectangle.yMaximum()

    def crs(self, parameters: Sequence[Parameter]) -> QgsCoordinateReferenceSystem:
        """The CRS chosen for the output, if the step asks for one."""
        asked = (p for p in parameters if p.kind is Kind.CRS)
        found = (self._algorithm.parameterAsCrs(self._parameters, p.name, self._context) for p in asked)
        return next(found, QgsCoordinateReferenceSystem())

    def _layer(self, parameter: Parameter) -> Source:
        value = self._parameters[parameter.name]
        selected_only = isinstance(value, QgsProcessingFeatureSourceDefinition) and value.selectedFeaturesOnly
        if isinstance(value, str) and parameter.kind is not Kind.RASTER and _is_text_table(value):
            return FileTable(value)
        if is_unloaded_raster(parameter.kind, value, self._context):
            return GivenFile(value)
        layer = self._map_layer(parameter.name)
        if layer is None or not layer.isValid():
            shown = value if isinstance(value, str) else say(parameter.label)
            told = translate("Inputs", "{} {!r} is not a layer or file that can be read; choose another one.")
            raise InputError(told.format(say(parameter.label), shown))
        return self._source(layer, selected_only)

    def _source(self, layer: QgsMapLayer, selected_only: bool) -> Source:
        if isinstance(layer, QgsRasterLayer):
            return FileRaster(layer) if layer.providerType() == "gdal" else RenderedRaster(layer)
        return table_of(layer, selected_only)

    def _map_layer(self, name: str) -> QgsMapLayer | None:
        value = self._parameters.get(name) if name else None
        if not is_given(value):
            return None
        if isinstance(value, QgsProcessingFeatureSourceDefinition):
            named, _ = value.source.valueAsString(self._context.expressionContext())
            return QgsProcessingUtils.mapLayerFromString(named, self._context)
        return self._algorithm.parameterAsLayer(self._parameters, name, self._context)

    def _crs_of(self, name: str) -> QgsCoordinateReferenceSystem:
        definition = self._algorithm.parameterDefinition(name) if name else None
        if isinstance(definition, QgsProcessingParameterFile):
            path = self._algorithm.parameterAsFile(self._parameters, name, self._context)
            return of_text((path and layer_crs(path)) or "")
        layer = self._map_layer(name)
        return known(layer.crs()) if layer is not None else QgsCoordinateReferenceSystem()

    def _name_of(self, name: str) -> str:
        if isinstance(self._algorithm.parameterDefinition(name), QgsProcessingParameterFile):
            return Path(str(self._parameters.get(name) or "")).name
        layer = self._map_layer(name)
        return layer.name() if layer is not None else ""


def _is_text_table(value: str) -> bool:
    return value.lower().endswith(_TEXT_TABLES) and Path(value).is_file()
