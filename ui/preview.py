"""What the model is about to see: the view as the 1024 × 1024 adapter lays it out, at a quarter of its size."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from qgis.core import QgsRasterLayer
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import QRectF, Qt
from qgis.PyQt.QtGui import QImage, QPainter, QPalette, QPen
from qgis.PyQt.QtWidgets import QSizePolicy, QWidget

from ..core.errors import InputError
from ..core.learned.adapter import SIDE, Placement, placement, to_grey, to_grey8, to_square
from ..core.rasters import Grid, Raster
from ..core.steps.dtmfromextent import Pixels
from ..processing_provider.inputs import extent_on
from .background import Newest
from .plan import grid_of
from .plot import text_colour
from .view import visible_area

_SHARE = 4  # the preview has a quarter of the square's side
Square = tuple[npt.NDArray[np.uint8], Placement]


class Preview(QWidget):
    """Shows the square; the part that is the view itself has a frame, the rest are mirrors of it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.square: Square | None = None
        self.message = ""
        self._image: QImage | None = None
        self._reader = Newest(self.tr("Reading the view"))
        self.setFixedHeight(SIDE // _SHARE // 2 + 24)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("What the model sees"))
        self.setToolTip(
            self.tr(
                "What the model sees in the JMARS mode: the view (framed) in a square of 1024 × 1024, filled up with "
                "mirror images. The seamless mode sees the same greys in full resolution, tile by tile."
            )
        )

    def close_down(self) -> None:
        """Hand on nothing that is still being read."""
        self._reader.forget()

    def follow(self, canvas: QgsMapCanvas, layer: QgsRasterLayer, as_drawn: bool) -> None:
        """Read the view of a layer, or of the map as it is drawn, in the background."""
        grid = None if as_drawn or layer.providerType() != "gdal" else grid_of(layer)
        if grid is None:
            # Not converted: Qt does that in its pool and waits; when runs of QGIS fill the pool and wait for Python,
            # which this thread holds, all stand still for ever.
            drawn = canvas.grab().toImage()
            self._reader.ask(lambda: square_of_drawing(drawn), self._show, self._fail)
            return
        area = visible_area(canvas, layer).extent
        box = extent_on(area, area.crs(), layer.crs(), layer.name())
        path, edges = (
            layer.source().split("|option:")[0],
            (box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum()),
        )
        self._reader.ask(lambda: square_of_layer(path, grid, edges), self._show, self._fail)

    def clear(self, message: str) -> None:
        """Show a sentence instead of a picture."""
        self._reader.forget()
        self._fail(message)

    def _show(self, square: Square) -> None:
        self.square, self.message = square, ""
        pixels = np.ascontiguousarray(square[0])
        side = pixels.shape[0]
        self._image = QImage(pixels.tobytes(), side, side, side, QImage.Format.Format_Grayscale8).copy()
        self.update()

    def _fail(self, message: str) -> None:
        self.square, self._image, self.message = None, None, message
        self.update()

    def paintEvent(self, event: object) -> None:
        painter, palette = QPainter(self), self.palette()
        side = self.height() - 2
        box = QRectF((self.width() - side) / 2, 1, side, side)
        painter.fillRect(box, palette.color(QPalette.ColorRole.Base))
        if self._image is None:
            painter.setPen(text_colour(palette))
            painter.drawText(
                box.adjusted(6, 6, -6, -6), int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), self.message
            )
        else:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(box, self._image)
            place, scale = self.square[1], side / self.square[1].side
            (top, left), (height, width) = place.offset, place.size
            painter.setPen(QPen(palette.color(QPalette.ColorRole.Highlight), 2))
            painter.drawRect(QRectF(box.left() + left * scale, 1 + top * scale, width * scale, height * scale))
        painter.end()


def square_of_layer(path: str, grid: Grid, extent: tuple[float, float, float, float]) -> Square:
    """The adapter's square of a raster's extent (in its own CRS)."""
    window = grid.window(extent)
    whole = placement((window.height, window.width))
    small = _reduced(whole)
    pixels = Pixels(Raster(path), window, grid.sub(window).resized(small.size[1], small.size[0]))
    grey, valid = pixels.read(*pixels.window)
    return _laid_out(grey, valid, small)


def square_of_drawing(drawn: QImage) -> Square:
    """The adapter's square of a picture of the map."""
    width, height = drawn.width(), drawn.height()
    if not (width and height):
        raise InputError("The map is not drawn yet.")
    bits = drawn.constBits()
    bits.setsize(drawn.sizeInBytes())
    if drawn.depth() != 32:
        raise InputError("The map is drawn in fewer colours than the preview can read; the run itself is not affected.")
    pixels = np.frombuffer(bits, np.uint32).reshape(height, drawn.bytesPerLine() // 4)[:, :width]
    colours = np.stack([pixels >> 16 & 255, pixels >> 8 & 255, pixels & 255]).astype(np.uint8)
    grey = to_grey(colours)
    small = _reduced(placement((height, width)))
    step_y, step_x = height / small.size[0], width / small.size[1]
    at = ((np.arange(n) * step + step / 2).astype(int) for n, step in zip(small.size, (step_y, step_x)))
    chosen = np.ix_(*at)
    return _laid_out(grey.grey[chosen], grey.valid[chosen], small)


def _reduced(whole: Placement) -> Placement:
    """The same layout at a quarter of the size, for a view that has the reduced size itself."""
    size = max(1, whole.size[0] // _SHARE), max(1, whole.size[1] // _SHARE)
    side = whole.side // _SHARE
    return Placement(size, size, ((side - size[0]) // 2, (side - size[1]) // 2), side)


def _laid_out(grey: npt.NDArray[np.float32], valid: npt.NDArray[np.bool_], place: Placement) -> Square:
    if not valid.any():
        raise InputError("The view holds nodata only; move it onto the image.")
    bands = to_grey8(to_grey(grey[None], valid))
    return to_square(bands.grey, bands.valid, place).astype(np.uint8), place
