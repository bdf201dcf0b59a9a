"""The dock "Push-broom plots": orientation, residuals and matches along the orbit, linked with the map."""

from __future__ import annotations

import numpy as np
from qgis.core import Qgis
from qgis.gui import QgisInterface, QgsDockWidget
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from .background import Newest
from .map_link import move_map
from .match_view import MatchView
from .outcome import tell
from .plot import Curve, Plot
from .plot_data import DEVIATION, Orbit, read_orbit, read_pair
from .workspace import Workspace


class PlotsDock(QgsDockWidget):
    """Reads the workspace's results in the background while it is visible."""

    def __init__(self, iface: QgisInterface, workspace: Workspace) -> None:
        super().__init__(None)
        self.setObjectName("PlanetaryDtmPlotsDock")
        self.setWindowTitle(self.tr("Push-broom plots"))
        self.iface, self.workspace = iface, workspace
        self.orbit: Orbit | None = None
        self._read = {"orbit": "", "pair": ""}  # which files are shown
        self._orbits, self._pairs = Newest(self.tr("Reading the orientation")), Newest(self.tr("Reading matches"))
        self._nothing = self.tr("Run the steps of the Push-broom dock; results appear here.")
        self._told = ["", ""]  # of the orbit, of the matches
        self._build()
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(100)
        self._soon.timeout.connect(self.refresh)
        self._outside = [(workspace.changed, self._soon.start), (self.visibilityChanged, self._soon.start)]
        for signal, slot in self._outside:
            signal.connect(slot)

    def close_down(self) -> None:
        """Let go of everything outside the dock; called before it is taken away."""
        for signal, slot in self._outside:
            signal.disconnect(slot)
        self._outside = []
        self._soon.stop()
        self._orbits.forget()
        self._pairs.forget()
        self.match_view.close_down()

    def _build(self) -> None:
        self.plots = [Plot() for _ in range(6)]
        self.residuals = Plot()
        self.match_view = MatchView()
        for plot in (*self.plots, self.residuals):
            plot.hovered.connect(self.point_at)
            plot.clicked.connect(self.go_to)
            plot.range_changed.connect(self._set_range)
            plot.setToolTip(
                self.tr(
                    "Point to read a line, click to move the map there, turn the wheel to zoom, double-click for all. "
                    "Keys: arrows, Page, Enter, + and -, Home."
                )
            )
        self.match_view.pointed.connect(self._set_line)
        self.match_view.told.connect(lambda sentence: self._tell(sentence, of_matches=True))
        self.tabs = QTabWidget()
        self.tabs.addTab(self._grid(), self.tr("Orientation"))
        self.tabs.addTab(self.residuals, self.tr("Residuals"))
        self.tabs.addTab(self._matches(), self.tr("Matches"))
        self.tabs.currentChanged.connect(self._show_readout)
        self.readout = QLabel(self._nothing)
        self.readout.setWordWrap(True)  # long, and it must not push the docks apart
        self.readout.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.readout.setMinimumHeight(2 * self.readout.fontMetrics().lineSpacing())
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(4, 0, 4, 2)
        column.setSpacing(2)
        column.addWidget(self.tabs, 1)
        column.addWidget(self.readout)
        self.setWidget(content)

    def _grid(self) -> QWidget:
        self.shown = QComboBox()
        self.shown.addItems([self.tr("Values"), self.tr("Deviation from a smooth orbit"), self.tr("Sigma")])
        self.shown.setCurrentIndex(DEVIATION)
        self.shown.setToolTip(
            self.tr("What the six plots show; the orbit's own arc hides what is small, so it can be taken off")
        )
        self.shown.currentIndexChanged.connect(self._draw_orbit)
        label = QLabel(self.tr("&Show"))
        label.setBuddy(self.shown)
        line = QHBoxLayout()
        line.addWidget(label)
        line.addWidget(self.shown)
        line.addStretch()
        page = QWidget()
        grid = QGridLayout(page)
        grid.setContentsMargins(2, 2, 2, 2)
        grid.setSpacing(2)
        grid.addLayout(line, 0, 0, 1, 2)
        for index, plot in enumerate(self.plots):
            grid.addWidget(plot, 1 + index % 3, index // 3)
        return page

    def _matches(self) -> QWidget:
        self.pair_choice = QComboBox()
        self.pair_choice.addItems([self.tr("Images A and B"), self.tr("Images A and C")])
        self.pair_choice.setToolTip(self.tr("Which pair of images is shown"))
        self.pair_choice.currentIndexChanged.connect(self.refresh)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(2, 2, 2, 2)
        line = QHBoxLayout()
        line.addWidget(self.pair_choice)
        line.addStretch()
        column.addLayout(line)
        column.addWidget(self.match_view, 1)
        return page

    # --- reading ------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read what has changed since it was last read."""
        if self.isVisible():
            self._refresh_orbit()
            self._refresh_pair()

    def _refresh_orbit(self) -> None:
        work = self.workspace
        eops, sensor = (work["eops"] if work.has("eops") else ""), work["sensor"]
        if self._read["orbit"] == eops + sensor:
            return
        self._read["orbit"] = eops + sensor
        if not (eops and sensor):
            self._orbits.forget()
            self._take_orbit(None)
            return
        self._orbits.ask(lambda: read_orbit(eops, sensor), self._take_orbit, self._no_orbit)

    def _no_orbit(self, sentence: str) -> None:
        self._take_orbit(None)
        self._tell(sentence)

    def _take_orbit(self, orbit: Orbit | None) -> None:
        self.orbit = orbit
        self._draw_orbit()
        if orbit is None:
            self.residuals.show_curve(None)
            return
        self._tell(self.tr("{} lines; marked points carry a flag").format(len(orbit.line)))
        title = self.tr("RMS residual of each line's control points (pixels)")
        self.residuals.show_curve(Curve(title, orbit.line, orbit.rms_px, None, orbit.flagged))

    def _draw_orbit(self) -> None:
        curves = [None] * 6 if self.orbit is None else self.orbit.curves(self.shown.currentIndex())
        for plot, curve in zip(self.plots, curves):
            plot.show_curve(curve)

    def _refresh_pair(self) -> None:
        work, second = self.workspace, self.pair_choice.currentIndex() == 1
        keys = ("image_a", "image_c", "matches_ac") if second else ("image_a", "image_b", "matches_ab")
        paths = tuple(work[key] if work.has(key) else "" for key in keys)
        if self._read["pair"] == "|".join(paths):
            return
        self._read["pair"] = "|".join(paths)
        if not all(paths):
            self._pairs.forget()
            self.match_view.show_pair(None)
            return
        self._pairs.ask(
            lambda: read_pair(*paths),
            lambda pair: self.match_view.show_pair(pair, paths[:2]),
            lambda sentence: self.match_view.show_pair(None, message=sentence),
        )

    # --- linking ------------------------------------------------------------------------------------------------

    def point_at(self, line: float) -> None:
        """Put all cursors at a line and read it out."""
        self._set_line(line)
        self.match_view.point_at_line(line)

    def _set_line(self, line: float) -> None:
        for plot in (*self.plots, self.residuals):
            plot.set_cursor(line)
        if self.orbit is not None:
            self._tell(self._sentence(line))

    def _tell(self, sentence: str, of_matches: bool = False) -> None:
        self._told[of_matches] = sentence
        self._show_readout()

    def _show_readout(self) -> None:
        """Below the matches what is told of them, below the other plots what is told of the orbit."""
        of_matches = self.tabs.currentIndex() == self.tabs.count() - 1
        self.readout.setText(self._told[of_matches] or self._told[not of_matches] or self._nothing)

    def _sentence(self, line: float) -> str:
        orbit = self.orbit
        row = int(np.argmin(np.abs(orbit.line - line)))
        at = float(orbit.line[row])
        parts = [self.tr("Line {:g}: longitude {:.4f}°, latitude {:.4f}°").format(at, orbit.lon[row], orbit.lat[row])]
        for curve in (plot.curve for plot in self.plots):
            parts.append(
                f"{curve.title} {_with_sigma(curve.y[row], None if curve.sigma is None else curve.sigma[row])}"
            )
        if np.isfinite(orbit.rms_px[row]):
            parts.append(self.tr("residual {:.2f} px").format(orbit.rms_px[row]))
        return "   ".join(parts)

    def go_to(self, line: float) -> None:
        """Move the map under the camera at a line."""
        if self.orbit is None:
            return
        row = int(np.argmin(np.abs(self.orbit.line - line)))
        lon, lat = float(self.orbit.lon[row]), float(self.orbit.lat[row])
        problem = move_map(self.iface.mapCanvas(), lon, lat, self.orbit.body)
        if problem:
            tell(self.iface, problem, Qgis.MessageLevel.Warning)

    def _set_range(self, first: float, last: float) -> None:
        for plot in (*self.plots, self.residuals):
            plot.set_range(first, last)


def _with_sigma(value: float, sigma: float | None) -> str:
    """A value to the second digit of its sigma."""
    if sigma is None or not sigma > 0:
        return f"{value:.7g}"
    decimals = int(np.clip(1 - np.floor(np.log10(sigma)), 0, 12))
    return f"{round(float(value), decimals) + 0.0:.{decimals}f} ± {sigma:.{decimals}f}"
