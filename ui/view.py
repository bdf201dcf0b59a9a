"""What the map shows, as the input of "DTM for view": the image, the area, and the grid the DTM will have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qgis.core import QgsMapLayer, QgsProject, QgsRasterLayer, QgsReferencedRectangle
from qgis.gui import QgisInterface, QgsMapCanvas

from ..processing_provider.styling import is_product


@dataclass(frozen=True)
class Area:
    """The visible part of the map."""

    extent: QgsReferencedRectangle
    rotated: bool


def automatic_image(iface: QgisInterface) -> QgsRasterLayer | None:
    """The active layer when it is an image, else the topmost visible image; never one of the plugin's own results."""
    candidates = [iface.activeLayer(), *iface.mapCanvas().layers()]
    return next((layer for layer in candidates if is_image(layer)), None)


def visible_images(canvas: QgsMapCanvas) -> list[QgsRasterLayer]:
    """Images drawn on the map, topmost first."""
    return [layer for layer in canvas.layers() if is_image(layer)]


def drawing_parameters(canvas: QgsMapCanvas) -> dict[str, Any]:
    """Parameters of native:rasterize that draw the visible images as the map shows them, pixel by pixel."""
    settings = canvas.mapSettings()
    return {
        "EXTENT": QgsReferencedRectangle(settings.visibleExtent(), settings.destinationCrs()),
        "TILE_SIZE": 512,
        "MAP_UNITS_PER_PIXEL": settings.mapUnitsPerPixel(),
        "MAKE_BACKGROUND_TRANSPARENT": True,
        "LAYERS": [layer.id() for layer in visible_images(canvas)],
        "OUTPUT": "TEMPORARY_OUTPUT",
    }


def is_image(layer: QgsMapLayer | None) -> bool:
    return isinstance(layer, QgsRasterLayer) and layer.isValid() and not is_product(layer)


def product_layers(project: QgsProject) -> list[QgsMapLayer]:
    """Results of earlier runs."""
    return [layer for layer in project.mapLayers().values() if is_product(layer)]


def visible_area(canvas: QgsMapCanvas, layer: QgsMapLayer) -> Area:
    """The canvas's extent with its CRS; without one the map is drawn in the layer's, so that is taken."""
    settings = canvas.mapSettings()
    crs = settings.destinationCrs()
    extent = QgsReferencedRectangle(settings.visibleExtent(), crs if crs.isValid() else layer.crs())
    return Area(extent, abs(settings.rotation()) > 1e-6)
