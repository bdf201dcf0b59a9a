"""A dock's content that scrolls up and down, and is never cut off at its side."""

from __future__ import annotations

from qgis.gui import QgsScrollArea
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QStyle, QWidget


def scrolled(content: QWidget) -> QgsScrollArea:
    """The content in an area at least as wide as it needs, all of its folds being open now."""
    area = QgsScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QgsScrollArea.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    bar = area.style().pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent)
    area.setMinimumWidth(content.minimumSizeHint().width() + bar)
    area.setWidget(content)
    return area
