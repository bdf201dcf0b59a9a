"""Matches side by side: image A, image B, and a loupe on the same ground in each."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from qgis.PyQt.QtCore import QPointF, QRectF, Qt, pyqtSignal
from qgis.PyQt.QtGui import QImage, QPainter, QPalette, QPen
from qgis.PyQt.QtWidgets import QWidget

from .background import Newest
from .plot import text_colour
from .plot_data import MatchPair, read_loupe

_GAP, _TITLE = 6, 16


class MatchView(QWidget):
    """Shows a `MatchPair`; the pointer or the arrow keys choose a pixel of A, and B follows."""

    pointed = pyqtSignal(float)  # line of A
    told = pyqtSignal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.pair: MatchPair | None = None
        self.place: tuple[int, int] | None = None  # row (sample) and column (line) of A's overview
        self._images: tuple[QImage, QImage] | None = None
        self._loupes: tuple[QImage, QImage] | None = None
        self._paths = ("", "")
        self._message = ""
        self._reader = Newest(self.tr("Reading a part of the images"))
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(320, 120)
        self.setAccessibleName(self.tr("Matches side by side"))

    def show_pair(self, pair: MatchPair | None, paths: tuple[str, str] = ("", ""), message: str = "") -> None:
        """Show another pair, or a message where there is none."""
        self.pair, self._paths, self._message = pair, paths, message
        self.place, self._loupes = None, None
        self._images = None
        self.setToolTip(
            self.tr("Point at image A: the cross in B and the loupes show the match. Tinted pixels have none.")
            if pair
            else ""
        )
        self.update()

    def close_down(self) -> None:
        """Hand on nothing that is still being read."""
        self._reader.forget()

    def point_at(self, row: int, column: int, quiet: bool = False) -> None:
        """Choose a pixel of A's overview; ``quiet``: another plot did and tells of it."""
        rows, columns = self.pair.line_b.shape
        row, column = int(np.clip(row, 0, rows - 1)), int(np.clip(column, 0, columns - 1))
        self.place = (row, column)
        line, sample = self._full(row, column)
        if not quiet:
            self.pointed.emit(line)
            self.told.emit(self.sentence())
        at_b = float(self.pair.line_b[row, column]), float(self.pair.sample_b[row, column])
        if np.isfinite(at_b[0]):
            paths = self._paths
            self._reader.ask(
                lambda: (read_loupe(paths[0], line, sample), read_loupe(paths[1], *at_b)), self._magnify, self.told.emit
            )
        else:
            self._reader.forget()
            self._loupes = None
        self.update()

    def point_at_line(self, line: float) -> None:
        """Choose the line another plot points at, on the sample as it is."""
        if self.pair is not None:
            column = round((line + 0.5) / self.pair.size_a[1] * self.pair.line_b.shape[1] - 0.5)
            row = self.place[0] if self.place else self.pair.line_b.shape[0] // 2
            if (row, column) != self.place and 0 <= column < self.pair.line_b.shape[1]:
                self.point_at(row, column, quiet=True)

    def sentence(self) -> str:
        """The match under the cross in numbers."""
        row, column = self.place
        pair, (line, sample) = self.pair, self._full(row, column)
        if not np.isfinite(pair.line_b[row, column]):
            return self.tr("Line {:.0f}, sample {:.0f}: no match").format(line, sample)
        told = self.tr("Line {:.0f}, sample {:.0f} lies at line {:.1f}, sample {:.1f} of {}; score {:.2f}, σ {:.2f} px")
        there = pair.line_b[row, column], pair.sample_b[row, column]
        return told.format(line, sample, *there, pair.name_b, pair.score[row, column], pair.sigma[row, column])

    def _full(self, row: int, column: int) -> tuple[float, float]:
        """Line and sample of an overview's pixel."""
        samples, lines = self.pair.size_a
        rows, columns = self.pair.line_b.shape
        return (column + 0.5) * lines / columns - 0.5, (row + 0.5) * samples / rows - 0.5

    def _magnify(self, loupes: tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]) -> None:
        self._loupes = tuple(_grey_image(values) for values in loupes)
        self.update()

    # --- drawing ------------------------------------------------------------------------------------------------

    def _places(self) -> tuple[QRectF, QRectF, QRectF, QRectF]:
        """Rectangles of A, B and the loupes; images keep their shape."""
        height = max(10, self.height() - _TITLE)
        side = min(height, self.width() / 6)
        width = (self.width() - 2 * side - 4 * _GAP) / 2
        rectangles = []
        for index, grey in enumerate((self.pair.grey_a, self.pair.grey_b)):
            scale = min(width / grey.shape[1], height / grey.shape[0])
            left = index * (width + _GAP)
            rectangles.append(QRectF(left, _TITLE, grey.shape[1] * scale, grey.shape[0] * scale))
        first = self.width() - 2 * side - _GAP
        rectangles += [QRectF(first, _TITLE, side, side), QRectF(first + side + _GAP, _TITLE, side, side)]
        return tuple(rectangles)

    def paintEvent(self, event: object) -> None:
        painter = QPainter(self)
        palette = self.palette()
        painter.fillRect(self.rect(), palette.color(QPalette.ColorRole.Base))
        painter.setPen(text_colour(palette))
        if self.pair is None:
            text = self._message or self.tr("No matches yet: run the step Matching of the Push-broom dock")
            painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), text)
            painter.end()
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if self._images is None:
            self._images = (self._tinted(), _grey_image(self.pair.grey_b))
        places = self._places()
        titles = (f"A  {self.pair.name_a}", f"B  {self.pair.name_b}", self.tr("A, enlarged"), self.tr("B, enlarged"))
        for index, (place, title) in enumerate(zip(places, titles)):
            loupe = None if self._loupes is None else self._loupes[index - 2]
            image = self._images[index] if index < 2 else loupe
            if image is not None:
                painter.setPen(text_colour(palette))
                painter.drawText(QPointF(place.left(), _TITLE - 4), title)
                painter.drawImage(place, image)
                if index >= 2:
                    self._cross(painter, place.center())
        if self.place is not None:
            row, column = self.place
            rows, columns = self.pair.line_b.shape
            self._cross(painter, _within(places[0], (column + 0.5) / columns, (row + 0.5) / rows))
            line, sample = self.pair.line_b[row, column], self.pair.sample_b[row, column]
            if np.isfinite(line):
                samples, lines = self.pair.size_b
                self._cross(painter, _within(places[1], (line + 0.5) / lines, (sample + 0.5) / samples))
        painter.end()

    def _cross(self, painter: QPainter, place: QPointF) -> None:
        reach = 9
        for colour, width in ((Qt.GlobalColor.black, 3.0), (self.palette().color(QPalette.ColorRole.Highlight), 1.4)):
            painter.setPen(QPen(colour, width))
            painter.drawLine(place + QPointF(-reach, 0), place + QPointF(reach, 0))
            painter.drawLine(place + QPointF(0, -reach), place + QPointF(0, reach))

    def _tinted(self) -> QImage:
        """Image A with the theme's accent over the pixels that have no match."""
        accent = self.palette().color(QPalette.ColorRole.Highlight)
        colour = np.repeat(self.pair.grey_a[:, :, None], 3, axis=2).astype(float)
        lost = ~np.isfinite(self.pair.line_b)
        colour[lost] = 0.7 * colour[lost] + 0.3 * np.array([accent.red(), accent.green(), accent.blue()])
        pixels = np.ascontiguousarray(colour.astype(np.uint8))
        rows, columns = lost.shape
        return QImage(pixels.tobytes(), columns, rows, 3 * columns, QImage.Format.Format_RGB888).copy()

    # --- hands --------------------------------------------------------------------------------------------------

    def mouseMoveEvent(self, event: object) -> None:
        if self.pair is not None:
            place = self._places()[0]
            if place.contains(QPointF(event.pos())):
                rows, columns = self.pair.line_b.shape
                across = (event.pos().x() - place.left()) / place.width() * columns
                self.point_at(int((event.pos().y() - place.top()) / place.height() * rows), int(across))

    def keyPressEvent(self, event: object) -> None:
        keys = Qt.Key
        moves = {keys.Key_Left: (0, -1), keys.Key_Right: (0, 1), keys.Key_Up: (-1, 0), keys.Key_Down: (1, 0)}
        if self.pair is None or event.key() not in moves:
            super().keyPressEvent(event)
            return
        rows, columns = self.pair.line_b.shape
        row, column = self.place or (rows // 2, columns // 2)
        self.point_at(row + moves[event.key()][0], column + moves[event.key()][1])

    def changeEvent(self, event: object) -> None:
        self._images = None
        super().changeEvent(event)


def _within(place: QRectF, across: float, down: float) -> QPointF:
    return QPointF(place.left() + across * place.width(), place.top() + down * place.height())


def _grey_image(values: npt.NDArray[np.uint8]) -> QImage:
    pixels = np.ascontiguousarray(values)
    rows, columns = pixels.shape
    return QImage(pixels.tobytes(), columns, rows, columns, QImage.Format.Format_Grayscale8).copy()
