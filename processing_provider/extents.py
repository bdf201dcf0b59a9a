"""Extents and coordinate reference systems between QGIS and the core: on one body, in the CRS that is asked for."""

from __future__ import annotations

import math
import re

import numpy as np
from qgis.core import QgsCoordinateReferenceSystem, QgsRectangle
from qgis.PyQt.QtCore import QCoreApplication

from ..core.bodies import body_of_crs, is_angular, lonlat_of, same_body, spatial_reference
from ..core.errors import InputError

translate = QCoreApplication.translate

_SAMPLED = 42  # places along a side of an extent; an even number misses a pole in the very middle
_CODE = re.compile(r',(ID|AUTHORITY)\["IAU",[^\]]*\]')


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
    return of_text(wkt(crs))


def of_text(text: str) -> QgsCoordinateReferenceSystem:
    """The CRS of a text, without a code that this QGIS may not know."""
    return QgsCoordinateReferenceSystem.fromWkt(_CODE.sub("", text))
