"""What a run over the view would make, told before it starts."""

from __future__ import annotations

from dataclasses import dataclass

from qgis.core import QgsRasterLayer
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import QCoreApplication

from ..core.errors import InputError
from ..core.rasters import Grid
from ..core.steps.dtmfromextent import output_grid
from ..processing_provider.extents import extent_on, wkt
from .view import visible_area

translate = QCoreApplication.translate

DRAWN_SIDE = 1024  # pixels of the longer side of a layer that has no pixels of its own


@dataclass(frozen=True)
class Plan:
    """Size of the DTM in pixels, and what there is to say of it."""

    pixels: int
    sentence: str


def plan_of(canvas: QgsMapCanvas, layer: QgsRasterLayer, pixel_size_m: float | None) -> Plan:
    """What the view would give; `InputError` where it would give nothing."""
    area = visible_area(canvas, layer)
    extent = extent_on(area.extent, area.extent.crs(), layer.crs(), layer.name())
    if not extent.intersects(layer.extent()):
        told = translate("Plan", "The map shows ground outside of {}; use Zoom to Layer.")
        raise InputError(told.format(layer.name()))
    grid = grid_of(layer)
    if grid is None:
        told = translate("Plan", "{}: read as it is drawn, 1024 pixels on the longer side.").format(layer.name())
        return Plan(DRAWN_SIDE**2, told)
    edges = extent.xMinimum(), extent.yMinimum(), extent.xMaximum(), extent.yMaximum()
    _, made, warnings = output_grid(grid, edges, pixel_size_m)
    size = max(made.pixel_size_m)
    told = translate("Plan", "{}, {}: {} × {} pixels of {:.4g} m.")
    told = told.format(layer.name(), made.body.name, made.width, made.height, size)
    if area.rotated:
        told += " " + translate("Plan", "The map is turned: the rectangle around the view is taken.")
    return Plan(made.width * made.height, " ".join((told, *warnings)))


def grid_of(layer: QgsRasterLayer) -> Grid | None:
    """The layer's pixel grid, from what QGIS knows of it; None for one without pixels of its own (WMS, XYZ)."""
    if not (layer.width() and layer.height()):
        return None
    dx, dy, extent = layer.rasterUnitsPerPixelX(), layer.rasterUnitsPerPixelY(), layer.extent()
    transform = (extent.xMinimum(), dx, 0.0, extent.yMaximum(), 0.0, -dy)
    return Grid(layer.width(), layer.height(), transform, wkt(layer.crs()))
