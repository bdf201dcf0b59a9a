"""What a user chose as input, as the paths and plain values that a step takes.

Everything of a layer is taken in the main thread (`collect`, called while the algorithm prepares): its file, or a
copy of its provider. Copies, renderings and exports are made in the worker thread (`Source.path`), so that a layer
may be edited or removed while the algorithm runs.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransformContext,
    QgsFeatureRequest,
    QgsMapLayer,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingFeatureSourceDefinition,
    QgsProcessingFeedback,
    QgsProcessingParameterFile,
    QgsProcessingUtils,
    QgsProviderRegistry,
    QgsRasterBlockFeedback,
    QgsRasterFileWriter,
    QgsRasterLayer,
    QgsRasterPipe,
    QgsRectangle,
    QgsReferencedRectangle,
    QgsVectorFileWriter,
    QgsVectorLayer,
    QgsVectorLayerFeatureSource,
)
from qgis.PyQt.QtCore import QCoreApplication, Qt

from ..core.bodies import body_of_crs, is_angular, lonlat_of, same_body, spatial_reference
from ..core.errors import CancelledError, InputError
from ..core.rasters import Raster
from ..core.steps import Kind, Parameter, Step
from ..core.tables import layer_crs
from .words import say, say_progress

translate = QCoreApplication.translate

_TEXT_TABLES = (".csv", ".csv.gz", ".tab", ".tab.gz", ".txt", ".tsv")
_RENDERED_SIDE = 1024  # pixels of the longer side of a layer without pixels of its own
_SAMPLED = 42  # places along a side of an extent; an even number misses a pole in the very middle
_CODE = re.compile(r',(ID|AUTHORITY)\["IAU",[^\]]*\]')
FILE_CRS = "planetary_dtm/file_crs"
_NUMBERS_ALONE = re.compile(r"^[\s\d.,eE+-]+$")


class Source(Protocol):
    """Something that becomes a path in the worker thread."""

    def path(self, folder: Path, feedback: QgsProcessingFeedback) -> str: ...


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


class FileRaster:
    """A raster that GDAL reads itself, with the CRS the user gave the layer where it is another than the file's."""

    def __init__(self, layer: QgsRasterLayer) -> None:
        self._path = layer.source().split("|option:")[0]
        self.crs = layer.crs()
        self._assigned = wkt(self.crs) if self.crs.isValid() and self.crs != layer.dataProvider().crs() else ""

    def path(self, folder: Path, feedback: QgsProcessingFeedback) -> str:
        if not self._assigned:
            return self._path
        from osgeo import gdal

        target = _free(folder, Path(self._path).stem, ".vrt")
        gdal.Translate(str(target), self._path, format="VRT", outputSRS=self._assigned).FlushCache()
        return str(target)


class GivenFile:
    """A raster given by its path, which QGIS does not load."""

    def __init__(self, path: str) -> None:
        self._path = path

    def path(self, folder: Path, feedback: QgsProcessingFeedback) -> str:
        return self._path


class RenderedRaster:
    """A layer that has no file to read (WMS, XYZ, a database): written to a GeoTIFF for the asked area."""

    def __init__(self, layer: QgsRasterLayer) -> None:
        self._name, self.crs, self._layer_extent = layer.name(), layer.crs(), layer.extent()
        self._units_per_pixel = (layer.rasterUnitsPerPixelX(), layer.rasterUnitsPerPixelY())
        self._pipe = _pipe_of(layer)
        self._extent, self._size = self._layer_extent, (_RENDERED_SIDE, _RENDERED_SIDE)

    def aim(self, extent: tuple[float, float, float, float] | None, pixel_size_m: float | None) -> None:
        """Choose the area (xmin, ymin, xmax, ymax in the layer's CRS) and the ground size of a pixel."""
        if extent is not None:
            self._extent = QgsRectangle(*extent).intersect(self._layer_extent)
        if self._extent.isEmpty():
            told = translate("Inputs", "The extent lies outside the layer {!r}; choose one that meets it.")
            raise InputError(told.format(self._name))
        pixel = max(self._extent.width(), self._extent.height()) / _RENDERED_SIDE
        if pixel_size_m:
            pixel = pixel_size_m / metres_per_unit(self.crs)
        self._size = (max(1, round(self._extent.width() / pixel)), max(1, round(self._extent.height() / pixel)))

    def path(self, folder: Path, feedback: QgsProcessingFeedback) -> str:
        target = _free(folder, self._name, ".tif")
        writer = QgsRasterFileWriter(str(target))
        writer.setOutputFormat("GTiff")
        writing = QgsRasterBlockFeedback()
        # at once: told through the event loop of this thread, which has none, it would not be heard
        feedback.canceled.connect(writing.cancel, Qt.ConnectionType.DirectConnection)
        feedback.setProgressText(say_progress(f"Reading {self._name}"))
        failed = writer.writeRaster(
            self._pipe, *self._size, self._extent, self.crs, QgsCoordinateTransformContext(), writing
        )
        if feedback.isCanceled():
            raise CancelledError
        if failed or writing.errors():
            why = "; ".join(writing.errors()) or translate("Inputs", "its server gave no picture")
            told = translate("Inputs", "Layer {!r} cannot be read ({}); check that it draws on the map.")
            raise InputError(told.format(self._name, why))
        if is_blank(str(target)):
            told = translate(
                "Inputs",
                "Layer {!r} draws nothing here; choose another extent, or see what its server answered (log panel of "
                'QGIS, "WMS").',
            )
            raise InputError(told.format(self._name))
        return str(target)


class FileTable:
    """A table that OGR or the CSV reader opens itself."""

    def __init__(self, path: str, layer_name: str = "", crs: QgsCoordinateReferenceSystem | None = None) -> None:
        self._path = f"{path}|layername={layer_name}" if layer_name else path
        self.crs = crs

    def path(self, folder: Path, feedback: QgsProcessingFeedback) -> str:
        return self._path


class ExportedTable:
    """Features as the layer holds them now (filter, selection, unsaved edits, in memory), written to a GeoPackage."""

    def __init__(self, layer: QgsVectorLayer, selected_only: bool) -> None:
        self._name, self.crs, self._type = layer.name(), known(layer.crs()), layer.wkbType()
        self._features, self._fields = QgsVectorLayerFeatureSource(layer), layer.fields()
        self._request = QgsFeatureRequest()
        if selected_only:
            self._request.setFilterFids(layer.selectedFeatureIds())

    def path(self, folder: Path, feedback: QgsProcessingFeedback) -> str:
        target = _free(folder, self._name, ".gpkg")
        options = QgsVectorFileWriter.SaveVectorOptions()
        options.driverName, options.fileEncoding = "GPKG", "UTF-8"
        options.layerOptions = ["FID=planetary_dtm_row"]  # the layer may have a column called fid
        writer = QgsVectorFileWriter.create(
            str(target), self._fields, self._type, self.crs, QgsCoordinateTransformContext(), options
        )
        for feature in self._features.getFeatures(self._request):
            if feedback.isCanceled():
                raise CancelledError
            if not writer.addFeature(feature):
                break
        problem = writer.errorMessage()
        del writer  # closes the file
        if problem:
            told = translate("Inputs", "Layer {!r} cannot be read in full ({}); save it to a file first.")
            raise InputError(told.format(self._name, problem))
        return str(target)


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
            return QgsCoordinateReferenceSystem.fromWkt(_CODE.sub("", (path and layer_crs(path)) or ""))
        layer = self._map_layer(name)
        return known(layer.crs()) if layer is not None else QgsCoordinateReferenceSystem()

    def _name_of(self, name: str) -> str:
        if isinstance(self._algorithm.parameterDefinition(name), QgsProcessingParameterFile):
            return Path(str(self._parameters.get(name) or "")).name
        layer = self._map_layer(name)
        return layer.name() if layer is not None else ""


def extent_on(
    rectangle: QgsRectangle,
    own: QgsCoordinateReferenceSystem,
    target: QgsCoordinateReferenceSystem,
    layer_name: str,
) -> QgsRectangle:
    """Bring an extent into a layer's CRS; `InputError` names both bodies where they differ.

    PROJ would carry an Earth extent to another body unchanged and without an error.
    """
    if not (target.isValid() and own.isValid()) or target == own:
        return rectangle
    body, other = body_of_crs(wkt(target)), body_of_crs(wkt(own))
    if not same_body(body, other):
        told = translate(
            "Inputs",
            "The layer {0!r} is on {1} but the extent is on {2}; give the extent in a CRS of {1} (for the map: Set "
            "Project CRS from Layer).",
        )
        raise InputError(told.format(layer_name, body.name, other.name))
    x, y = _carried(rectangle, own, target)
    known = np.isfinite(x) & np.isfinite(y)
    if not known.any():
        told = translate(
            "Inputs", "The extent cannot be brought into the CRS of the layer {!r}; zoom in to a part of it."
        )
        raise InputError(told.format(layer_name))
    found = QgsRectangle(x[known].min(), y[known].min(), x[known].max(), y[known].max())
    # along the middle, x jumps by all of the width at the layer's seam (over a pole by half of it)
    if np.nanmax(np.abs(np.diff(x[len(x) // 2])), initial=0.0) > 0.8 * found.width():
        told = translate(
            "Inputs",
            "The extent crosses the meridian where the layer {!r} begins and ends; take the part on one side of it, or "
            "warp the layer to a CRS centred on the extent.",
        )
        raise InputError(told.format(layer_name))
    return found


def _carried(
    rectangle: QgsRectangle, own: QgsCoordinateReferenceSystem, target: QgsCoordinateReferenceSystem
) -> tuple[np.ndarray, np.ndarray]:
    """x and y in the other CRS of places all over the rectangle, NaN where there are none.

    QgsCoordinateTransform would hand them on unchanged wherever PROJ takes a CRS without a name for another body.
    """
    across = np.linspace(rectangle.xMinimum(), rectangle.xMaximum(), _SAMPLED)
    down = np.linspace(rectangle.yMinimum(), rectangle.yMaximum(), _SAMPLED)
    lon, lat = lonlat_of(wkt(own)).from_xy(*np.meshgrid(across, down))
    return lonlat_of(wkt(target)).to_xy(lon, lat)


def file_crs_of(layer: QgsVectorLayer) -> str:
    """A layer's file and CRS, to be remembered in it (`FILE_CRS`) where its file is known to have that CRS.

    QGIS does not understand every planetary CRS of a file, and looks for it in PROJ's database for some 10 ms.
    """
    return f"{layer.crs().authid()} {layer.source()}"


def table_of(layer: QgsVectorLayer, selected_only: bool = False) -> Source:
    """Read the layer's own file where that says the same as the layer, else take its features as they are now."""
    decoded = QgsProviderRegistry.instance().decodeUri(layer.providerType(), layer.source())
    as_file = (
        layer.providerType() == "ogr"
        and not (selected_only or layer.subsetString() or layer.isModified() or layer.vectorJoins())
        and (file_crs_of(layer) == layer.customProperty(FILE_CRS) or layer.crs() == layer.dataProvider().crs())
        and len(layer.fields()) == len(layer.dataProvider().fields())
    )
    if not as_file:
        return ExportedTable(layer, selected_only)
    path = decoded["path"]
    if decoded.get("vsiPrefix") not in (None, "", "/vsigzip/"):  # the CSV reader unpacks gzip itself
        path = layer.source().split("|")[0]
    return FileTable(path, decoded.get("layerName") or "", known(layer.crs()))


def is_blank(path: str) -> bool:
    """Whether a drawn picture shows nothing: as a server's does that answered an error where QGIS heard none."""
    return not Raster(path).read()[1].any()


def metres_per_unit(crs: QgsCoordinateReferenceSystem) -> float:
    """Ground metres per unit of a CRS; degrees are degrees of latitude on the CRS's own body."""
    reference = spatial_reference(wkt(crs))
    if is_angular(reference):
        return body_of_crs(reference).semi_major_m * math.pi / 180
    return float(reference.GetLinearUnits())


def wkt(crs: QgsCoordinateReferenceSystem) -> str:
    """Text of a CRS that GDAL reads."""
    return crs.toWkt(QgsCoordinateReferenceSystem.WKT_PREFERRED)


def known(crs: QgsCoordinateReferenceSystem) -> QgsCoordinateReferenceSystem:
    """The CRS, without its code where QGIS calls it invalid for that: a GeoPackage's planetary one in QGIS 3.40."""
    if crs.isValid():
        return crs
    return QgsCoordinateReferenceSystem.fromWkt(_CODE.sub("", wkt(crs)))


def _pipe_of(layer: QgsRasterLayer) -> QgsRasterPipe:
    """A copy of what draws the layer: its provider, with the renderer where that gives colours and no values."""
    pipe, provider = QgsRasterPipe(), layer.dataProvider()
    pipe.set(provider.clone())
    if provider.dataType(1) in (Qgis.DataType.ARGB32, Qgis.DataType.ARGB32_Premultiplied):
        pipe.set(layer.renderer().clone())
    return pipe


def _is_text_table(value: str) -> bool:
    return value.lower().endswith(_TEXT_TABLES) and Path(value).is_file()


def _free(folder: Path, name: str, suffix: str) -> Path:
    """A path in the folder named after a layer, not taken yet."""
    plain = re.sub(r"[^\w.-]+", "_", name)[:60] or "layer"
    taken = {p.stem for p in folder.iterdir()}
    number = next(n for n in range(1, len(taken) + 2) if (plain if n == 1 else f"{plain}_{n}") not in taken)
    return folder / ((plain if number == 1 else f"{plain}_{number}") + suffix)
