"""The page in Settings > Options, and what it changes."""

from __future__ import annotations

import pytest
from qgis.core import QgsSettings
from qgis.PyQt.QtWidgets import QWidget

from planetary_dtm.ui import estimate, quiet


@pytest.fixture
def page(plugin, qtbot):
    parent = QWidget()
    qtbot.addWidget(parent)
    made = plugin.options.createWidget(parent)
    yield made
    QgsSettings().remove("planetary_dtm")


def test_page_sets_the_docks_defaults(plugin, page, tmp_path):
    page.engine.setCurrentIndex(page.engine.findData("numpy"))
    page.folder.setFilePath(str(tmp_path))
    page.quiet.setChecked(False)
    page.apply()
    assert plugin.view_dock.form.engine.currentData() == "numpy"
    assert plugin.view_dock.form.folder.filePath() == str(tmp_path)
    assert not quiet.wanted()
    again = plugin.options.createWidget(page.parentWidget())
    assert again.folder.filePath() == str(tmp_path) and not again.quiet.isChecked()


def test_what_was_measured_can_be_forgotten(page):
    usual = estimate.rate("numpy")
    estimate.learn(1e6, 60.0, "numpy", False)
    assert estimate.rate("numpy") > usual
    page.forget.click()
    assert estimate.rate("numpy") == usual and f"{usual:.1f}" in page.speed.text()


def test_page_is_gone_with_the_plugin(plugin, qgis_iface, monkeypatch):
    gone = []
    monkeypatch.setattr(qgis_iface, "unregisterOptionsWidgetFactory", gone.append, raising=False)
    factory = plugin.options
    plugin.unload()
    assert gone == [factory] and plugin.options is None
    plugin.translator = None
