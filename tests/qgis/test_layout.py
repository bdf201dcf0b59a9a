"""Nothing is left unsaid: help, icon and tooltip everywhere, texts translated, outputs fit for what follows."""

from __future__ import annotations

import ast
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from qgis.core import (
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildParameterSource,
    QgsProcessingParameterDefinition,
)
from qgis.gui import QgsCollapsibleGroupBox, QgsFileWidget
from qgis.PyQt.QtCore import QCoreApplication, QTranslator
from qgis.PyQt.QtGui import QPalette
from qgis.PyQt.QtWidgets import QAbstractButton, QCheckBox, QComboBox, QLabel, QLineEdit, QWidget

from planetary_dtm.core.steps import STEP_IDS, step
from planetary_dtm.processing_provider import resources
from planetary_dtm.ui.plot import Plot, text_colour
from planetary_dtm.ui.stages import stages

ROOT = Path(__file__).resolve().parents[2]
TEXTS = sorted((ROOT / "ui").glob("*.py")) + sorted((ROOT / "plugin").glob("*.py"))
LANGUAGES = sorted(path.stem.rpartition("_")[2] for path in resources.TRANSLATIONS.glob("*.ts"))

# which input takes what an output destination makes
FITS = {
    "rasterDestination": {"raster", "multilayer", "layer", "file"},
    "vectorDestination": {"source", "vector", "multilayer", "layer", "file"},
    "fileDestination": {"file", "source", "layer", "multilayer"},
    "folderDestination": {"file"},
}
# what users chain by hand, beyond the shipped models: output of one step, input of the next
CHAINED = [
    ("importgcps.OUTPUT", "recovereop.GCPS"),
    ("importgcps.OUTPUT_SENSOR", "recovereop.SENSOR"),
    ("filteraltimetry.OUTPUT", "certaintymap.INPUT"),
    ("filteraltimetry.OUTPUT", "recovereop.ALTIMETRY"),
    ("filteraltimetry.OUTPUT", "dtmfromextent.ALTIMETRY"),
    ("recovereop.OUTPUT", "intersect.EOPS"),
    ("recovereop.OUTPUT", "footprints.EOPS"),
    ("recovereop.OUTPUT", "orthoimage.EOPS"),
    ("densematch.OUTPUT", "intersect.MATCHES"),
    ("intersect.OUTPUT", "pointstodtm.INPUT"),
    ("pointstodtm.OUTPUT", "leveldtm.INPUT"),
    ("pointstodtm.OUTPUT", "comparedtm.INPUT"),
    ("pointstodtm.OUTPUT", "dtmfromextent.REFERENCE_DEM"),
    ("stereodtm.OUTPUT", "comparedtm.INPUT"),
    ("stereodtm.OUTPUT_EOPS", "orthoimage.EOPS"),
    ("orthoimage.OUTPUT", "dtmfromextent.INPUT"),
    ("dtmfromextent.OUTPUT", "leveldtm.INPUT"),
    ("dtmfromextent.OUTPUT", "comparedtm.INPUT"),
    ("leveldtm.OUTPUT", "comparedtm.INPUT"),
    ("leveldtm.OUTPUT", "hillshade.INPUT"),
    ("certaintymap.OUTPUT", "leveldtm.REFERENCE_DEM"),
]


# --- algorithms --------------------------------------------------------------------------------------------------


def test_every_algorithm_has_help_icon_and_tooltips(provider):
    lacking = []
    for algorithm in provider.algorithms():
        name = algorithm.name()
        if len(algorithm.shortHelpString()) < 60:
            lacking.append(f"{name}: help")
        if algorithm.icon().isNull() or not Path(algorithm.svgIconPath()).exists():
            lacking.append(f"{name}: icon")
        if isinstance(algorithm, QgsProcessingModelAlgorithm):
            helped = algorithm.helpContent()
            lacking += [f"{name}: {d.name()}" for d in algorithm.parameterDefinitions() if not helped.get(d.name())]
        else:
            lacking += [f"{name}: {d.name()}" for d in algorithm.parameterDefinitions() if len(d.help()) < 10]
    assert lacking == []


def test_no_step_falls_back_to_the_plugins_icon():
    names = {path.stem for path in (resources.RESOURCES / "icons").glob("*.svg")}
    assert {step(name).icon for name in STEP_IDS} <= names - {"planetary_dtm"}


@pytest.mark.parametrize(("output", "taken_by"), CHAINED, ids=lambda place: place)
def test_output_feeds_the_next_step(provider, output, taken_by):
    (maker, made), (taker, taken) = output.split("."), taken_by.split(".")
    destination = provider.algorithm(maker).parameterDefinition(made)
    parameter = provider.algorithm(taker).parameterDefinition(taken)
    assert parameter.type() in FITS[destination.type()]


def test_every_output_file_has_a_taker_or_is_an_end(provider):
    """A new step's output must be chained to something, or be what people look at."""
    ends = {"report", "number"}
    chained = {output for output, _ in CHAINED}
    last = {
        "densematch.OUTPUT_C",
        "comparedtm.OUTPUT",
        "hillshade.OUTPUT",
        "footprints.OUTPUT",
        "filteraltimetry.OUTPUT_OUTLIERS",
    }
    last |= {"recovereop.OUTPUT_CSM_FOLDER", "simulatescene.OUTPUT_FOLDER", "simulateview.OUTPUT_FOLDER"}
    last |= {"stereodtm.OUTPUT_POINTS", "mosaic.OUTPUT", "mosaic.OUTPUT_MANIFEST", "trainingpairs.OUTPUT_FOLDER"}
    last |= {"trainmodel.OUTPUT", "orbit.OUTPUT_FOLDER", "orbit.OUTPUT"}
    loose = [
        f"{name}.{output.name}"
        for name in STEP_IDS
        for output in step(name).outputs
        if output.kind.value not in ends and f"{name}.{output.name}" not in chained | last
    ]
    assert loose == []


def test_models_hand_on_what_fits(provider):
    models = [a for a in provider.algorithms() if isinstance(a, QgsProcessingModelAlgorithm)]
    assert models
    for model in models:
        children = model.childAlgorithms()
        for child in children.values():
            for name, sources in child.parameterSources().items():
                for source in sources:
                    if source.source() == QgsProcessingModelChildParameterSource.ChildOutput:
                        before = children[source.outputChildId()].algorithm()
                        destination = before.parameterDefinition(source.outputName())
                        taken: QgsProcessingParameterDefinition = child.algorithm().parameterDefinition(name)
                        assert taken.type() in FITS[destination.type()], f"{model.name()}: {child.childId()}.{name}"


# --- widgets -----------------------------------------------------------------------------------------------------


def test_actions_are_told_and_drawn(plugin):
    for action in plugin.actions:
        assert action.text() and len(action.toolTip()) > 10 and not action.icon().isNull(), action.text()
    tips = [action.toolTip() for action in plugin.actions]
    assert len(set(tips)) == len(tips)


def test_every_control_has_a_tooltip(plugin):
    """A control says what it does, itself or by the one it is part of; buttons with text may stand for themselves."""
    plugin.show_start_page()
    silent = []
    for window in (plugin.view_dock, plugin.pushbroom_dock, plugin.plots_dock, plugin.start_page):
        for control in (
            window.widget().findChildren(QWidget) if hasattr(window, "widget") else window.findChildren(QWidget)
        ):
            if isinstance(control, (QAbstractButton, QComboBox, QLineEdit, QCheckBox, QgsFileWidget, Plot)):
                if isinstance(control, QAbstractButton) and (control.text().strip("… &") or _of_qgis(control)):
                    continue
                if not _told(control, window):
                    silent.append(f"{window.objectName()}: {type(control).__name__} {control.objectName()}")
    plugin.start_page.close()
    assert silent == []


def _told(control, window):
    while control is not None and control is not window:
        if control.toolTip() or control.accessibleName():
            return True
        control = control.parentWidget()
    return False


def _of_qgis(control):
    """Buttons that QGIS's own widgets bring (fold, clear, browse)."""
    parent = control.parentWidget()
    return isinstance(parent, QgsCollapsibleGroupBox) or type(parent).__name__ in ("QLineEdit", "QgsFilterLineEdit")


def test_every_control_can_be_reached_by_keys(plugin):
    from qgis.PyQt.QtCore import Qt

    unreachable = [
        control.toolTip() or control.text()
        for dock in (plugin.view_dock, plugin.pushbroom_dock, plugin.plots_dock)
        for control in dock.widget().findChildren(QAbstractButton)
        if control.focusPolicy() == Qt.FocusPolicy.NoFocus and not _of_qgis(control) and control.text()
    ]
    assert unreachable == []


def test_no_colour_is_fixed():
    """Widgets take their colours from the theme: no style sheet and no colour by name in the code of the desktop."""
    fixed = re.compile(r"setStyleSheet|QColor\(\s*[\"'\d]|#[0-9a-fA-F]{6}")
    assert [path.name for path in TEXTS if fixed.search(path.read_text(encoding="utf-8"))] == []


def test_dark_theme_is_dark(plugin, qtbot):
    """The plots draw in the palette they are given."""
    plot = plugin.plots_dock.residuals
    plot.resize(300, 120)
    palette = QPalette(plot.palette())
    palette.setColor(QPalette.ColorRole.Base, palette.color(QPalette.ColorRole.Text))
    plot.setPalette(palette)
    assert plot.grab().toImage().pixelColor(2, 2).lightness() < 100
    # a theme of style sheets: the base is dark and the palette's text still is too
    assert text_colour(palette).lightness() > 150


# --- languages ---------------------------------------------------------------------------------------------------


def texts():
    """(context, text) of all that the desktop says: self.tr of a class, translate of a context."""
    found = set()
    for path in TEXTS:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for owner in [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]:
            found |= {(owner.name, text) for text in _said(owner, "tr", 0)}
        for node in ast.walk(tree):
            if _calls(node, "translate") and len(node.args) > 1 and isinstance(node.args[0], ast.Constant):
                found.add((node.args[0].value, ast.literal_eval(node.args[1])))
    return sorted(found)


def _said(tree, name, place):
    return [ast.literal_eval(node.args[place]) for node in ast.walk(tree) if _calls(node, name)]


def _calls(node, name):
    function = node.func if isinstance(node, ast.Call) else None
    return getattr(function, "attr", getattr(function, "id", "")) == name


def test_texts_are_found():
    found = texts()
    assert len(found) > 150 and ("ViewDock", "DTM for view") in found and ("Stages", "DTM") in found


def test_a_second_language_is_there():
    assert "de" in LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_language_is_complete(language):
    """Every text is translated, keeps its places for numbers, and the compiled file says the same."""
    tree = ElementTree.parse(resources.TRANSLATIONS / f"planetary_dtm_{language}.ts")
    known = {}
    for context in tree.getroot().iter("context"):
        for message in context.iter("message"):
            translation = message.find("translation")
            finished = translation.get("type") is None and translation.text
            known[context.findtext("name"), message.findtext("source")] = translation.text if finished else None
    missing = [place for place in texts() if not known.get(place)]
    assert missing == [], "run make translations and translate what is new"
    places = re.compile(r"\{[^}]*\}")
    for (_, source), text in known.items():
        assert sorted(places.findall(source)) == sorted(places.findall(text)), source
        assert ("&" in source) == ("&" in text), source
    compiled = QTranslator()
    assert compiled.load(str(resources.TRANSLATIONS / f"planetary_dtm_{language}.qm"))
    QCoreApplication.installTranslator(compiled)
    try:
        assert [place for place in texts() if QCoreApplication.translate(*place) != known[place]] == []
    finally:
        QCoreApplication.removeTranslator(compiled)


def test_desktop_speaks_german(qgis_iface, project, monkeypatch):
    from planetary_dtm.plugin import plugin as module

    monkeypatch.setattr(module.QgsApplication, "locale", staticmethod(lambda: "de_AT"))
    made = module.PlanetaryDtmPlugin(qgis_iface)
    made.initGui()
    try:
        assert made.view_dock.windowTitle() == "DGM des Ausschnitts"
        assert made.pushbroom_dock.panels["matching"].run_button.text() == "Bilder zuordnen"
        labels = [label.text() for label in made.view_dock.findChildren(QLabel)]
        assert "&Einpassen" in labels
    finally:
        made.unload()
    assert QCoreApplication.translate("ViewDock", "DTM for view") == "DTM for view"


def test_stage_titles_are_short():
    assert all(len(stage.title) < 30 and len(stage.button) < 30 for stage in stages())
