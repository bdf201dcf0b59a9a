"""Places of the orbit on the map."""

from __future__ import annotations

import numpy as np
from qgis.core import QgsGeometry, QgsMapLayer, QgsPointXY
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import QCoreApplication

from ..core.bodies import Body, lonlat_of, same_body
from ..core.errors import PlanetaryDtmError
from ..processing_provider.extents import extent_on, wkt

translate = QCoreApplication.translate


def bring_into_view(canvas: QgsMapCanvas, layer: QgsMapLayer) -> None:
    """Zoom to a layer that lies outside of what the map shows, where its CRS can be related to the map's."""
    target = canvas.mapSettings().destinationCrs()
    try:
        box = extent_on(layer.extent(), layer.crs(), target, layer.name())
    except PlanetaryDtmError:
        return
    if not canvas.extent().intersects(box):
        box.scale(1.1)
        canvas.setExtent(box)
        canvas.refresh()


def move_map(canvas: QgsMapCanvas, lon: float, lat: float, body: Body) -> str:
    """Centre the map on a place (degrees) and let it flash; returns why not, in a sentence, or nothing."""
    target = canvas.mapSettings().destinationCrs()
    if not target.isValid():
        return translate("MapLink", "The map has no CRS; set the project's (for example Set Project CRS from Layer).")
    try:
        frame = lonlat_of(wkt(target))
    except PlanetaryDtmError as error:
        return translate("MapLink", "This place cannot be shown on the map: {}").format(error)
    if not same_body(frame.body, body):
        told = translate("MapLink", "The map shows {} and this orbit is of {}; set a project CRS of {}.")
        return told.format(frame.body.name, body.name, body.name)
    x, y = frame.to_xy(np.radians(lon), np.radians(lat), near_x=canvas.center().x())
    if not np.isfinite(x + y):
        return translate("MapLink", "This place cannot be shown on the map: {}").format(target.description())
    place = QgsPointXY(float(x), float(y))
    canvas.setCenter(place)
    canvas.refresh()
    canvas.flashGeometries([QgsGeometry.fromPointXY(place)], target)
    return ""
