"""Places of the orbit on the map."""

from __future__ import annotations

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
)
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import QCoreApplication

from ..core.bodies import Body, body_of_crs, same_body
from ..core.errors import PlanetaryDtmError
from ..processing_provider.inputs import wkt

translate = QCoreApplication.translate


def move_map(canvas: QgsMapCanvas, lon: float, lat: float, body: Body) -> str:
    """Centre the map on a place (degrees) and let it flash; returns why not, in a sentence, or nothing."""
    target = canvas.mapSettings().destinationCrs()
    if not target.isValid():
        return translate("MapLink", "The map has no CRS; set the project's (for example Set Project CRS from Layer).")
    try:
        shown = body_of_crs(wkt(target))
        if not same_body(shown, body):
            told = translate("MapLink", "The map shows {} and this orbit is of {}; set a project CRS of {}.")
            return told.format(shown.name, body.name, body.name)
        own = QgsCoordinateReferenceSystem.fromWkt(body.lonlat_crs().ExportToWkt(["FORMAT=WKT2_2019"]))
        place = QgsCoordinateTransform(own, target, QgsProject.instance()).transform(QgsPointXY(lon, lat))
    except (PlanetaryDtmError, QgsCsException) as error:
        return translate("MapLink", "This place cannot be shown on the map: {}").format(error)
    canvas.setCenter(place)
    canvas.refresh()
    canvas.flashGeometries([QgsGeometry.fromPointXY(place)], target)
    return ""
