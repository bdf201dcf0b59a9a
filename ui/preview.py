"""What the model is about to see: the view as the 1024 × 1024 adapter lays it out, at a quarter of its size."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from qgis.core import QgsMapRendererSequentialJob, QgsMapSettings, QgsRasterLayer
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import QCoreApplication, QRectF, QSize, Qt
from qgis.PyQt.QtGui import QColor, QImage, QPainter, QPalette, QPen
from qgis.PyQt.QtWidgets import QSizePolicy, QWidget

from ..core.errors import InputError
from ..core.learned.adapter import SIDE, Placement, placement, to_grey, to_grey8, to_square
from ..core.rasters import Grid, Raster
from ..core.steps.dtmfromextent import Pixels
from ..processing_provider.extents import extent_on
from .background import Newest
from .plan import grid_of
from .plot import text_colour
from .view import visible_area, visible_images

translate = QCoreApplication.translate

_SHARE = 4  # the preview has a quarter of the square's side
Square = tuple[npt.NDArray[np.uint8], Placement]
_drawing: set[QgsMapRendererSequentialJob] = set()  # under way, wanted still or not


class Preview(QWidget):
    """Shows the square; the part that is the view itself has a frame, the rest are mirrors of it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.square: Square | None = None
        self.message = ""
        self._image: QImage | None = None
        self._job: QgsMapRendererSequentialJob | None = None
        self._place = placement((1, 1))  # of what it draws
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

    @property
    def busy(self) -> bool:
        """Whether another picture is on its way."""
        return self._job is not None or self._reader.busy

    def close_down(self) -> None:
        """Hand on nothing that is still being read."""
        self._leave_drawing()
        self._reader.forget()

    def follow(self, canvas: QgsMapCanvas, layer: QgsRasterLayer, as_drawn: bool) -> None:
        """Read the view of a layer, or of the map as it is drawn, in the background."""
        grid = None if as_drawn or layer.providerType() != "gdal" else grid_of(layer)
        self._leave_drawing()
        if grid is None:
            self._draw(canvas, visible_images(canvas) if as_drawn else [layer])
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
        self._leave_drawing()
        self._reader.forget()
        self._fail(message)

    def _draw(self, canvas: QgsMapCanvas, layers: list[QgsRasterLayer]) -> None:
        """Have QGIS draw images, without what else is on the map, in the preview's own size; nobody waits for it."""
        settings = QgsMapSettings(canvas.mapSettings())
        extent, size = settings.visibleExtent(), settings.outputSize()
        place = _reduced(placement((max(1, size.height()), max(1, size.width()))))
        settings.setLayers(layers)
        settings.setRotation(0)
        settings.setDevicePixelRatio(1)
        settings.setOutputSize(QSize(place.size[1], place.size[0]))
        settings.setExtent(extent)
        settings.setBackgroundColor(QColor(Qt.GlobalColor.transparent))
        job = QgsMapRendererSequentialJob(settings)
        _drawing.difference_update([old for old in _drawing if not old.isActive()])
        _drawing.add(job)  # one that is dropped under way would be waited for
        self._job, self._place = job, place
        job.finished.connect(self._drawn)
        job.start()

    def _drawn(self) -> None:
        if self._job is None or self._job is not self.sender():
            return  # another view is wanted by now
        drawn, place = self._job.renderedImage(), self._place
        self._job = None
        self._reader.ask(lambda: square_of_drawing(drawn, place), self._show, self._fail)

    def _leave_drawing(self) -> None:
        if self._job is not None:
            self._job.cancelWithoutBlocking()
            self._job = None

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


def square_of_drawing(drawn: QImage, place: Placement) -> Square:
    """The adapter's square of a picture that QGIS has drawn in the layout's size (32 bits, premultiplied alpha)."""
    # Not converted by Qt, which does that in its pool and waits: when runs of QGIS fill the pool and wait for Python,
    # which this thread holds, all stand still for ever.
    bits = drawn.constBits()
    bits.setsize(drawn.sizeInBytes())
    pixels = np.frombuffer(bits, np.uint32).reshape(drawn.height(), drawn.bytesPerLine() // 4)[:, : drawn.width()]
    red, green, blue, alpha = (pixels >> shift & 255 for shift in (16, 8, 0, 24))
    colours = np.stack([red, green, blue]) * 255 // np.maximum(alpha, 1)
    grey = to_grey(np.stack([*colours, alpha]).astype(np.uint8))
    return _laid_out(grey.grey, grey.valid, place)


def _reduced(whole: Placement) -> Placement:
    """The same layout at a quarter of the size, for a view that has the reduced size itself."""
    size = max(1, whole.size[0] // _SHARE), max(1, whole.size[1] // _SHARE)
    side = whole.side // _SHARE
    return Placement(size, size, ((side - size[0]) // 2, (side - size[1]) // 2), side)


def _laid_out(grey: npt.NDArray[np.float32], valid: npt.NDArray[np.bool_], place: Placement) -> Square:
    if not valid.any():
        raise InputError(translate("Preview", "The view holds nodata only; move it onto the image."))
    bands = to_grey8(to_grey(grey[None], valid))
    return to_square(bands.grey, bands.valid, place).astype(np.uint8), place
