"""What a run over the view would make, told before it starts."""

from __future__ import annotations

from qgis.core import QgsProject, QgsRasterLayer
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import QCoreApplication

from ..core.rasters import Grid
from ..processing_provider.inputs import extent_on, wkt
from .view import visible_area

LONGEST_SIDE = 4096


def grid_of(layer: QgsRasterLayer) -> Grid | None:
    """The layer's pixel grid, from what QGIS knows of it; None for one without pixels of its own (WMS, XYZ)."""
    if not (layer.width() and layer.height()):
        return None
    dx, dy, extent = layer.rasterUnitsPerPixelX(), layer.rasterUnitsPerPixelY(), layer.extent()
    transform = (extent.xMinimum(), dx, 0.0, extent.yMaximum(), 0.0, -dy)
    return Grid(layer.width(), layer.height(), transform, wkt(layer.crs()))


def plan_sentence(canvas: QgsMapCanvas, layer: QgsRasterLayer, pixel_size_m: float | None) -> str:
    """Size and ground pixel of the DTM that the view would give; `InputError` where it would give none."""
    area = visible_area(canvas, layer)
    extent = extent_on(
        area.extent, area.extent.crs(), layer.crs(), layer.name(), QgsProject.instance().transformContext()
    )
    grid = grid_of(layer)
    if grid is None:
        return _tr("{}: read as it is drawn, 1024 pixels on the longer side.").format(layer.name())
    part = grid.sub(grid.window((extent.xMinimum(), extent.yMinimum(), extent.xMaximum(), extent.yMaximum())))
    own = max(part.pixel_size_m)
    longest = max(part.width, part.height)
    pixel = pixel_size_m or own * max(1.0, longest / LONGEST_SIDE)
    width, height = (max(1, round(side * own / pixel)) for side in (part.width, part.height))
    sentence = _tr("{}, {}: {} × {} pixels of {:.4g} m.").format(layer.name(), part.body.name, width, height, pixel)
    if area.rotated:
        sentence += " " + _tr("The map is turned: the rectangle around the view is taken.")
    return sentence


def _tr(text: str) -> str:
    return QCoreApplication.translate("Plan", text)
