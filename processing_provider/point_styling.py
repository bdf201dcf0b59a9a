"""How tables of points look on the map: small dots, coloured by altitude where they have one."""

from __future__ import annotations

import json

from osgeo import ogr, osr
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeatureRenderer,
    QgsGraduatedSymbolRenderer,
    QgsMapLayer,
    QgsMarkerSymbol,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingLayerPostProcessorInterface,
    QgsRendererRange,
    QgsSingleSymbolRenderer,
    QgsVectorLayer,
)
from qgis.PyQt import sip
from qgis.PyQt.QtGui import QColor

from ..core.rasters import quiet_gdal
from . import resources
from .layer_sources import FILE_CRS, file_crs_of

_FIELD = "altitude"
_SIZE_MM = "1.2"

# a Processing context deletes its post-processors, but does not keep their Python part
_alive: list[_PointStyler] = []


def prepare(path: str, context: QgsProcessingContext) -> None:
    """Make ready, in a worker thread, what the map needs of a table: its layer, its CRS and its look.

    The layer waits in the context, which hands it to whoever loads the result; to open it takes QGIS some 40 ms.
    """
    with quiet_gdal():
        dataset = ogr.Open(path.split("|")[0])
        table = dataset.GetLayer(0) if dataset is not None else None
        if table is None or table.GetGeomType() == ogr.wkbNone:
            return
        code = _code(table.GetSpatialRef())
        limits = _limits(table)
    layer = QgsVectorLayer(path, "", "ogr", QgsVectorLayer.LayerOptions(False))
    if not layer.isValid():
        return
    if not layer.crs().isValid() and code:  # QGIS 3.22 does not understand a GeoPackage's planetary CRS
        layer.setCrs(QgsCoordinateReferenceSystem(code))
    layer.setCustomProperty(FILE_CRS, file_crs_of(layer))
    context.temporaryLayerStore().addMapLayer(layer)
    _alive[:] = [kept for kept in _alive if not sip.isdeleted(kept)]
    _alive.append(_PointStyler(_graduated(*limits) if limits else QgsSingleSymbolRenderer(_dot("#c9703d"))))
    context.layerToLoadOnCompletionDetails(path).setPostProcessor(_alive[-1])


class _PointStyler(QgsProcessingLayerPostProcessorInterface):
    """Styles a table's layer after it has been loaded: QGIS gives it its own look for points before."""

    def __init__(self, renderer: QgsFeatureRenderer) -> None:
        super().__init__()
        self._renderer = renderer

    def postProcessLayer(
        self, layer: QgsMapLayer, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> None:
        if isinstance(layer, QgsVectorLayer) and layer.isSpatial():
            # a clone, which is QGIS's alone: one made in Python would ask for Python at every drawing, and wait for it
            layer.setRenderer(self._renderer.clone())
            layer.triggerRepaint()


def _code(reference: osr.SpatialReference | None) -> str:
    """A CRS as QGIS finds it: its planetary code, else its text; nothing where there is none."""
    if reference is None:
        return ""
    if (reference.GetAuthorityName(None) or "").startswith("IAU"):
        return f"IAU_2015:{reference.GetAuthorityCode(None)}"
    return str(reference.ExportToWkt(["FORMAT=WKT2_2019"]))


def _limits(layer: ogr.Layer) -> tuple[float, float] | None:
    index = layer.GetLayerDefn().GetFieldIndex(_FIELD)
    if index < 0:
        return None
    known = [row.GetFieldAsDouble(index) for row in layer if row.IsFieldSetAndNotNull(index)]
    return (min(known), max(known)) if known and max(known) > min(known) else None


def _graduated(low: float, high: float) -> QgsGraduatedSymbolRenderer:
    colours = json.loads((resources.STYLES / "ramps.json").read_text(encoding="utf-8"))["height"]
    edges = [low + (high - low) * index / len(colours) for index in range(len(colours) + 1)]
    ranges = [
        QgsRendererRange(bottom, top, _dot(colour), f"{bottom:.0f} – {top:.0f} m")
        for bottom, top, colour in zip(edges, edges[1:], colours)
    ]
    return QgsGraduatedSymbolRenderer(_FIELD, ranges)


def _dot(colour: str) -> QgsMarkerSymbol:
    symbol = QgsMarkerSymbol.createSimple({"name": "circle", "size": _SIZE_MM, "outline_style": "no"})
    symbol.setColor(QColor(colour))
    return symbol
