"""Layers as paths that a step reads: their own file where that says the same, else a copy of what they hold.

What is needed of a layer is taken in the main thread; copies, renderings and exports are made in the worker thread
(`Source.path`), so that a layer may be edited or removed while the algorithm runs.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Protocol

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransformContext,
    QgsFeatureRequest,
    QgsProcessingFeedback,
    QgsProviderRegistry,
    QgsRasterBlockFeedback,
    QgsRasterFileWriter,
    QgsRasterLayer,
    QgsRasterPipe,
    QgsRectangle,
    QgsVectorFileWriter,
    QgsVectorLayer,
    QgsVectorLayerFeatureSource,
)
from qgis.PyQt.QtCore import QCoreApplication, Qt

from ..core.errors import CancelledError, InputError
from ..core.rasters import Raster
from .extents import known, metres_per_unit, wkt
from .words import say_progress

translate = QCoreApplication.translate

_RENDERED_SIDE = 1024  # pixels of the longer side of a layer without pixels of its own
FILE_CRS = "planetary_dtm/file_crs"


class Source(Protocol):
    """Something that becomes a path in the worker thread."""

    def path(self, folder: Path, feedback: QgsProcessingFeedback) -> str: ...


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


def _pipe_of(layer: QgsRasterLayer) -> QgsRasterPipe:
    """A copy of what draws the layer: its provider, with the renderer where that gives colours and no values."""
    pipe, provider = QgsRasterPipe(), layer.dataProvider()
    pipe.set(provider.clone())
    if provider.dataType(1) in (Qgis.DataType.ARGB32, Qgis.DataType.ARGB32_Premultiplied):
        pipe.set(layer.renderer().clone())
    return pipe


def _free(folder: Path, name: str, suffix: str) -> Path:
    """A path in the folder named after a layer, not taken yet."""
    plain = re.sub(r"[^\w.-]+", "_", name)[:60] or "layer"
    taken = {p.stem for p in folder.iterdir()}
    number = next(n for n in range(1, len(taken) + 2) if (plain if n == 1 else f"{plain}_{n}") not in taken)
    return folder / ((plain if number == 1 else f"{plain}_{number}") + suffix)
