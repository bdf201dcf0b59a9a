"""Plots along the orbit, drawn with Qt alone in the colours of the theme: values with a band of one sigma."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from qgis.PyQt.QtCore import QPointF, QRectF, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QPainter, QPalette, QPen, QPixmap, QPolygonF
from qgis.PyQt.QtWidgets import QWidget

Array = npt.NDArray[np.float64]
_LEFT, _RIGHT, _TOP, _BOTTOM = 78, 8, 16, 18  # around the frame, in pixels
_ZOOM = 1.25


@dataclass(frozen=True)
class Curve:
    """Values (N,) at ``x`` (N,), increasing; ``sigma`` (N,) draws a band; ``flagged`` (N,) marks points."""

    title: str
    x: Array
    y: Array
    sigma: Array | None = None
    flagged: npt.NDArray[np.bool_] | None = None


class Plot(QWidget):
    """One curve. The pointer or the arrow keys choose a place (`hovered`), a click or Enter takes it (`clicked`)."""

    hovered = pyqtSignal(float)
    clicked = pyqtSignal(float)
    range_changed = pyqtSignal(float, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.curve: Curve | None = None
        self.cursor_at: float | None = None
        self._range: tuple[float, float] = (0.0, 1.0)
        self._drawn: QPixmap | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(160, 74)

    def show_curve(self, curve: Curve | None) -> None:
        """Show another curve, over all of its length unless it has the length of the one before."""
        before = self.curve
        self.curve = curve
        if curve is not None and (before is None or not np.array_equal(before.x, curve.x)):
            self._range = _span(curve.x)
        self.setAccessibleName(curve.title if curve else "")
        self.redraw()

    def set_range(self, first: float, last: float) -> None:
        """Show the part of the orbit between two places."""
        self._range = (first, last)
        self.redraw()

    def set_cursor(self, x: float | None) -> None:
        """Put the cursor line at a place."""
        self.cursor_at = x
        self.update()

    def redraw(self) -> None:
        """Draw anew when next shown."""
        self._drawn = None
        self.update()

    # --- drawing ------------------------------------------------------------------------------------------------

    def _frame(self) -> QRectF:
        return QRectF(_LEFT, _TOP, max(1, self.width() - _LEFT - _RIGHT), max(1, self.height() - _TOP - _BOTTOM))

    def paintEvent(self, event: object) -> None:
        ratio = self.devicePixelRatioF()
        if self._drawn is None or self._drawn.size() != self.size() * ratio:
            self._drawn = QPixmap(self.size() * ratio)
            self._drawn.setDevicePixelRatio(ratio)
            self._drawn.fill(self.palette().color(QPalette.ColorRole.Base))
            painter = QPainter(self._drawn)
            self._draw(painter)
            painter.end()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._drawn)
        if self.cursor_at is not None and self.curve is not None:
            frame, at = self._frame(), self._to_pixel(self.cursor_at)
            if frame.left() <= at <= frame.right():
                painter.setPen(QPen(text_colour(self.palette()), 1, Qt.PenStyle.DashLine))
                painter.drawLine(QPointF(at, frame.top()), QPointF(at, frame.bottom()))
        if self.hasFocus():
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 1, Qt.PenStyle.DotLine))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def _draw(self, painter: QPainter) -> None:
        palette, frame = self.palette(), self._frame()
        text, accent = text_colour(palette), palette.color(QPalette.ColorRole.Highlight)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = self.font()
        font.setPointSizeF(0.8 * font.pointSizeF())
        painter.setFont(font)
        painter.setPen(text)
        if self.curve is None:
            painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignCenter), self.tr("Nothing to show yet"))
            return
        x, y, low, high, flagged = _thinned(self.curve, self._range, int(frame.width()))
        bottom, top = _span(np.concatenate([low, high]))
        self._draw_axes(painter, frame, (bottom, top), text)
        painter.setClipRect(frame.adjusted(-1, -1, 1, 1))

        def points(values: Array) -> list[QPointF]:
            across = self._to_pixel(x)
            down = frame.bottom() - (values - bottom) / (top - bottom) * frame.height()
            good = np.isfinite(across) & np.isfinite(down)
            return [QPointF(a, b) for a, b in zip(across[good].tolist(), down[good].tolist())]

        band = QColor(accent)
        band.setAlpha(70)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(band)
        painter.drawPolygon(QPolygonF(points(high) + points(low)[::-1]))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(accent, 1.4))
        painter.drawPolyline(QPolygonF(points(y)))
        painter.setPen(QPen(text, 4, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        for point in points(np.where(flagged, y, np.nan)):
            painter.drawPoint(point)

    def _draw_axes(self, painter: QPainter, frame: QRectF, limits: tuple[float, float], text: QColor) -> None:
        faint = QColor(text)
        faint.setAlpha(60)
        bottom, top = limits
        right = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for value, label in _ticks(bottom, top, max(3, int(frame.height() / 16))):
            at = frame.bottom() - (value - bottom) / (top - bottom) * frame.height()
            painter.setPen(faint)
            painter.drawLine(QPointF(frame.left(), at), QPointF(frame.right(), at))
            painter.setPen(text)
            painter.drawText(QRectF(0, at - 8, _LEFT - 5, 16), right, label)
        for value, label in _ticks(*self._range, max(2, int(frame.width() / 90))):
            at = self._to_pixel(value)
            painter.setPen(faint)
            painter.drawLine(QPointF(at, frame.top()), QPointF(at, frame.bottom()))
            painter.setPen(text)
            where = QRectF(at - 40, frame.bottom() + 1, 80, 16)
            painter.drawText(where, int(Qt.AlignmentFlag.AlignHCenter), label)
        painter.drawText(QRectF(_LEFT, 0, frame.width(), _TOP), int(Qt.AlignmentFlag.AlignLeft), self.curve.title)
        painter.setPen(faint)
        painter.drawRect(frame)

    def _to_pixel(self, x: Array | float) -> Array | float:
        first, last = self._range
        frame = self._frame()
        return frame.left() + (x - first) / (last - first) * frame.width()

    def _to_x(self, pixel: float) -> float:
        """The nearest place that has a value."""
        first, last = self._range
        frame = self._frame()
        return self._nearest(first + (pixel - frame.left()) / frame.width() * (last - first))

    def _nearest(self, x: float) -> float:
        known = self.curve.x
        return float(known[np.argmin(np.abs(known - x))])

    # --- hands --------------------------------------------------------------------------------------------------

    def mouseMoveEvent(self, event: object) -> None:
        if self.curve is not None:
            self.hovered.emit(self._to_x(event.pos().x()))

    def mousePressEvent(self, event: object) -> None:
        if self.curve is not None and event.button() == Qt.MouseButton.LeftButton:
            self.setFocus()
            self.clicked.emit(self._to_x(event.pos().x()))

    def mouseDoubleClickEvent(self, event: object) -> None:
        self._zoom_out()

    def wheelEvent(self, event: object) -> None:
        if self.curve is not None:
            factor = _ZOOM if event.angleDelta().y() < 0 else 1 / _ZOOM
            self._zoom(factor, self._to_x(event.position().x()))
            event.accept()

    def keyPressEvent(self, event: object) -> None:
        keys = Qt.Key
        if self.curve is None:
            return
        here = self.curve.x[0] if self.cursor_at is None else self.cursor_at
        moves = {keys.Key_Left: -1, keys.Key_Right: 1, keys.Key_PageUp: -100, keys.Key_PageDown: 100}
        if event.key() in moves:
            index = int(np.argmin(np.abs(self.curve.x - here))) + moves[event.key()]
            self.hovered.emit(float(self.curve.x[np.clip(index, 0, len(self.curve.x) - 1)]))
        elif event.key() in (keys.Key_Return, keys.Key_Enter):
            self.clicked.emit(here)
        elif event.key() in (keys.Key_Plus, keys.Key_Minus):
            self._zoom(_ZOOM if event.key() == keys.Key_Minus else 1 / _ZOOM, here)
        elif event.key() == keys.Key_Home:
            self._zoom_out()
        else:
            super().keyPressEvent(event)

    def _zoom(self, factor: float, about: float) -> None:
        whole = _span(self.curve.x)
        first, last = (about + (edge - about) * factor for edge in self._range)
        if last - first > 2:
            self.range_changed.emit(max(first, whole[0]), min(last, whole[1]))

    def _zoom_out(self) -> None:
        if self.curve is not None:
            self.range_changed.emit(*_span(self.curve.x))

    def resizeEvent(self, event: object) -> None:
        self._drawn = None

    def changeEvent(self, event: object) -> None:
        self._drawn = None
        super().changeEvent(event)


def text_colour(palette: QPalette) -> QColor:
    """The colour of text on the base colour; themes made of style sheets leave some of the palette as it was."""
    base = palette.color(QPalette.ColorRole.Base).lightness()
    roles = (QPalette.ColorRole.Text, QPalette.ColorRole.WindowText)
    found = max((palette.color(role) for role in roles), key=lambda colour: abs(colour.lightness() - base))
    if abs(found.lightness() - base) > 90:
        return found
    return QColor(Qt.GlobalColor.white if base < 128 else Qt.GlobalColor.black)


def _span(values: Array) -> tuple[float, float]:
    """Least and greatest finite value, apart from each other."""
    known = values[np.isfinite(values)]
    if known.size == 0:
        return 0.0, 1.0
    low, high = float(known.min()), float(known.max())
    reach = max(high - low, 1e-12 * max(abs(low), abs(high)), 1e-300)
    return (low - 0.5 * reach, high + 0.5 * reach) if high == low else (low, high)


def _thinned(
    curve: Curve, shown: tuple[float, float], pixels: int
) -> tuple[Array, Array, Array, Array, npt.NDArray[np.bool_]]:
    """x, y, lower and upper edge and flags of what is shown; of lines that share a pixel column, their envelope."""
    first, last = np.searchsorted(curve.x, shown)
    part = slice(max(0, int(first) - 1), int(last) + 1)
    x, y = curve.x[part], curve.y[part]
    sigma = np.zeros(y.shape) if curve.sigma is None else np.nan_to_num(curve.sigma[part])
    flagged = np.zeros(y.shape, bool) if curve.flagged is None else curve.flagged[part]
    low, high = y - sigma, y + sigma
    if len(x) > 2 * pixels:
        starts = np.unique(np.linspace(0, len(x) - 1, pixels).astype(int))
        count = np.diff(np.append(starts, len(x)))
        x, y = np.add.reduceat(x, starts) / count, np.add.reduceat(y, starts) / count
        low, high = np.fmin.reduceat(low, starts), np.fmax.reduceat(high, starts)
        flagged = np.logical_or.reduceat(flagged, starts)
    return x, y, low, high, flagged


def _ticks(low: float, high: float, most: int) -> list[tuple[float, str]]:
    """Round values between two limits with their labels; small differences of large values keep their digits."""
    rough = (high - low) / most
    power = 10.0 ** np.floor(np.log10(rough))
    steps = [m * power for m in (10, 5, 2, 1, 0.5) if m * power < rough * 10]
    step = min((m for m in steps if m >= rough * (1 - 1e-9)), default=steps[0])
    if np.floor(high / step) - np.ceil(low / step) < 1:  # one label tells no scale
        step = max((m for m in steps if m < step), default=step)
    values = np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step
    decimals = int(np.clip(-np.floor(np.log10(step) + 1e-9), 0, 12))
    form = f".{decimals}f" if decimals < 7 else ".2g"
    return [(float(v), format(0.0 if abs(v) < step / 2 else v, form)) for v in values]
