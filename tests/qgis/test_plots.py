"""The push-broom chain's plots: linked with each other and with the map."""

from __future__ import annotations

import numpy as np
import pytest
from qgis.core import Qgis, QgsCoordinateReferenceSystem, QgsRectangle
from qgis.PyQt.QtCore import QPoint, Qt
from qgis.PyQt.QtWidgets import QApplication

from planetary_dtm.core.steps import step
from planetary_dtm.plugin.plugin import PlanetaryDtmPlugin
from planetary_dtm.tests.qgis.conftest import LINES
from planetary_dtm.ui.plot import Curve, Plot, _thinned, _ticks
from planetary_dtm.ui.plot_data import DEVIATION, SIGMA, VALUES

WARNING = Qgis.MessageLevel.Warning


@pytest.fixture
def plots(plugin, work, flown, qtbot):
    """The plots dock with the true orientation in it."""
    work["eops"] = str(flown / "truth_eop.csv")
    dock = plugin.plots_dock
    dock.resize(1200, 500)
    dock.show()
    dock.refresh()
    qtbot.waitUntil(lambda: dock.orbit is not None, timeout=10000)
    return dock


def test_orientation_is_plotted(plots, qtbot):
    assert len(plots.orbit.line) == LINES
    for shown, unit in ((VALUES, "X (m)"), (DEVIATION, "X (m)"), (SIGMA, "σ X (m)")):
        plots.shown.setCurrentIndex(shown)
        assert plots.plots[0].curve.title == unit
    plots.shown.setCurrentIndex(DEVIATION)
    assert plots.plots[3].curve.title == "θ (µrad)"
    assert np.abs(plots.plots[0].curve.y).max() < 10  # metres off a smooth curve, of an orbit of 1.9e6 m
    colours = plots.grab().toImage()
    assert len({colours.pixel(x, y) for x in range(0, 1200, 7) for y in range(60, 480, 7)}) > 8


def test_hover_reads_a_line_and_moves_every_cursor(plots, qtbot):
    plot = plots.plots[1]
    qtbot.mouseMove(plot, QPoint(plot.width() // 2, plot.height() // 2))
    QApplication.processEvents()
    plot.hovered.emit(60.0)
    assert plots.readout.text().startswith("Line 60: longitude ")
    assert {p.cursor_at for p in (*plots.plots, plots.residuals)} == {60.0}
    qtbot.keyClick(plot, Qt.Key.Key_Right)
    assert plots.readout.text().startswith("Line 61:")
    qtbot.keyClick(plot, Qt.Key.Key_PageDown)
    assert plots.readout.text().startswith(f"Line {LINES - 1}:")
    plots.match_view.told.emit("A match.")  # below the matches, and there alone
    assert plots.readout.text().startswith(f"Line {LINES - 1}:")
    plots.tabs.setCurrentIndex(2)
    assert plots.readout.text() == "A match."
    plots.tabs.setCurrentIndex(1)
    assert plots.readout.text().startswith(f"Line {LINES - 1}:")


def test_click_moves_the_map(plots, qgis_canvas, messages, project):
    qgis_canvas.setDestinationCrs(QgsCoordinateReferenceSystem("IAU_2015:30100"))
    qgis_canvas.setExtent(QgsRectangle(-10, -10, 10, 10))
    plots.plots[0].clicked.emit(30.0)
    row = 30
    centre = qgis_canvas.center()
    assert centre.x() == pytest.approx(plots.orbit.lon[row], abs=1e-6)
    assert centre.y() == pytest.approx(plots.orbit.lat[row], abs=1e-6)
    assert messages(WARNING) == []


@pytest.mark.parametrize(
    ("crs", "told"), [("", "The map has no CRS"), ("EPSG:4326", "shows Earth and this orbit is of Moon")]
)
def test_click_on_a_map_of_elsewhere(plots, qgis_canvas, messages, crs, told):
    qgis_canvas.setDestinationCrs(QgsCoordinateReferenceSystem(crs))
    plots.plots[0].clicked.emit(30.0)
    assert told in messages(WARNING)[-1]


def test_zoom_is_shared(plots, qtbot):
    qtbot.keyClick(plots.plots[0], Qt.Key.Key_Plus)
    first, last = plots.plots[0]._range
    assert last - first < LINES - 1 and plots.residuals._range == (first, last)
    qtbot.keyClick(plots.plots[5], Qt.Key.Key_Home)
    assert plots.plots[0]._range == (0, LINES - 1)


def test_matches_side_by_side(plots, work, quick, tmp_path, qtbot):
    matches = str(tmp_path / "m.tif")
    step("densematch").run(image_a=work["image_a"], image_b=work["image_b"], output=matches)
    work["matches_ab"] = matches
    plots.tabs.setCurrentIndex(2)
    plots.refresh()
    view = plots.match_view
    qtbot.waitUntil(lambda: view.pair is not None, timeout=10000)
    assert view.pair.grey_a.shape == (64, LINES)  # lines to the right
    view.point_at(20, 50)
    assert view.sentence().startswith("Line 50, sample 20 lies at line 56.0, sample 23.0 of forward.tif; score 0.90")
    assert plots.plots[0].cursor_at == 50
    qtbot.waitUntil(lambda: view._loupes is not None, timeout=5000)
    view.point_at(2, 50)
    assert view.sentence().endswith("no match")
    plots.point_at(70.0)
    assert view.place == (2, 70) and plots.plots[0].cursor_at == 70
    assert not view.grab().isNull()


def test_broken_results_are_told_where_the_plot_would_be(plots, work, tmp_path, qtbot):
    (tmp_path / "bad.csv").write_text("line,x\n1,2\n")
    work["eops"] = str(tmp_path / "bad.csv")
    plots.refresh()
    qtbot.waitUntil(lambda: plots.orbit is None, timeout=10000)
    assert "bad.csv" in plots.readout.text()


def test_thinning_keeps_the_envelope():
    x = np.arange(100_000.0)
    y = np.zeros(x.size)
    y[54_321] = 9.0
    curve = Curve("y", x, y, np.full(x.size, 0.5), y > 1)
    x_seen, _, low, high, flagged = _thinned(curve, (0, x.size - 1), 500)
    assert len(x_seen) <= 500 and high.max() == 9.5 and low.min() == -0.5 and flagged.sum() == 1
    assert x_seen[flagged][0] == pytest.approx(54_321, abs=200)


def test_ticks_are_round_and_told_apart():
    assert [label for _, label in _ticks(0, 1, 4)] == ["0.0", "0.5", "1.0"]
    labels = [label for _, label in _ticks(1_937_400.0, 1_937_401.0, 4)]
    assert len(set(labels)) == len(labels) >= 2


def test_plot_without_a_curve_draws_a_word(qtbot):
    plot = Plot()
    qtbot.addWidget(plot)
    plot.resize(300, 100)
    plot.show_curve(None)
    assert not plot.grab().isNull()
    qtbot.keyClick(plot, Qt.Key.Key_Left)


def test_unloaded_while_plots_are_read(qgis_iface, project, flown, qtbot):
    made = PlanetaryDtmPlugin(qgis_iface)
    made.initGui()
    made.workspace["sensor"], made.workspace["eops"] = "ce1", str(flown / "truth_eop.csv")
    made.plots_dock.show()
    made.plots_dock.refresh()
    made.unload()
    qtbot.wait(300)
