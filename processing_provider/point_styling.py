"""How tables of points look on the map: small dots, coloured by altitude where they have one."""

from __future__ import annotations

import json

from osgeo import ogr
from qgis.core import (
    QgsCoordinateReferenceSystem,
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

_FIELD = "altitude"
_SIZE_MM = "1.2"

# a Processing context deletes its post-processors, but does not keep their Python part
_alive: list[_PointStyler] = []


def prepare(path: str, context: QgsProcessingContext) -> None:
    """Have a table styled as it is loaded; reads its range of altitudes, and so belongs into a worker thread."""
    with quiet_gdal():
        dataset = ogr.Open(path.split("|")[0])
        layer = dataset.GetLayer(0) if dataset is not None else None
        if layer is None or layer.GetGeomType() == ogr.wkbNone:
            return
        reference = layer.GetSpatialRef()
        crs = "" if reference is None else reference.ExportToWkt(["FORMAT=WKT2_2019"])
        if crs and (reference.GetAuthorityName(None) or "").startswith("IAU"):
            crs = f"IAU_2015:{reference.GetAuthorityCode(None)}"
        limits = _limits(layer)
    _alive[:] = [kept for kept in _alive if not sip.isdeleted(kept)]
    _alive.append(_PointStyler(crs, limits))
    context.layerToLoadOnCompletionDetails(path).setPostProcessor(_alive[-1])


class _PointStyler(QgsProcessingLayerPostProcessorInterface):
    """Styles a table's layer after it has been loaded."""

    def __init__(self, crs: str, limits: tuple[float, float] | None) -> None:
        super().__init__()
        self._crs, self._limits = crs, limits

    def postProcessLayer(
        self, layer: QgsMapLayer, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> None:
        if not isinstance(layer, QgsVectorLayer) or not layer.isSpatial():
            return
        if not layer.crs().isValid() and self._crs:  # QGIS 3.22 does not understand a GeoPackage's planetary CRS
            layer.setCrs(QgsCoordinateReferenceSystem(self._crs))
        layer.setRenderer(_graduated(*self._limits) if self._limits else QgsSingleSymbolRenderer(_dot("#c9703d")))
        layer.triggerRepaint()


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
