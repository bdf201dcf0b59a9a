"""Nothing is left unsaid: help, icon and tooltip everywhere, texts translated, outputs fit for what follows."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from qgis.core import QgsProcessingModelAlgorithm
from qgis.gui import QgsCollapsibleGroupBox, QgsFileWidget
from qgis.PyQt.QtCore import QCoreApplication, QTranslator
from qgis.PyQt.QtGui import QPalette
from qgis.PyQt.QtWidgets import QAbstractButton, QCheckBox, QComboBox, QLabel, QLineEdit, QWidget

from planetary_dtm.core.steps import Kind, OutputKind, step
from planetary_dtm.processing_provider import resources, words
from planetary_dtm.ui.plot import Plot, text_colour
from planetary_dtm.ui.stages import stages

from .layout import (
    DESKTOP,
    catalogue,
    lacks,
    loose_ends,
    misfit,
    model_misfits,
    texts,
    untranslated,
)

LANGUAGES = sorted(path.stem.rpartition("_")[2] for path in resources.TRANSLATIONS.glob("*.ts"))

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
    ("densematch.OUTPUT", "refinecameras.TIES"),
    ("filteraltimetry.OUTPUT", "refinecameras.ALTIMETRY"),
    ("mosaic.OUTPUT", "comparedtm.INPUT"),
    ("orbit.OUTPUT", "comparedtm.INPUT"),
    ("trainingpairs.OUTPUT_FOLDER", "trainmodel.PAIRS"),
    ("trainingpairs.OUTPUT_FOLDER", "evaluatemodel.PAIRS"),
    ("trainmodel.OUTPUT", "evaluatemodel.MODEL"),
    ("trainmodel.OUTPUT", "dtmfromextent.MODEL"),
]
# files that people look at, or that go to programs other than these
ENDS = {
    "densematch.OUTPUT_C",
    "comparedtm.OUTPUT",
    "hillshade.OUTPUT",
    "footprints.OUTPUT",
    "filteraltimetry.OUTPUT_OUTLIERS",
    "recovereop.OUTPUT_CSM_FOLDER",
    "simulatescene.OUTPUT_FOLDER",
    "simulateview.OUTPUT_FOLDER",
    "stereodtm.OUTPUT_POINTS",
    "refinecameras.OUTPUT_FOLDER",  # camera files, of which each is chosen by itself
}


# --- algorithms --------------------------------------------------------------------------------------------------


def test_every_algorithm_has_help_icon_and_tooltips(provider):
    assert [lack for algorithm in provider.algorithms() for lack in lacks(algorithm)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_algorithm_is_translated(provider, language):
    known = catalogue(language)
    missing = [lack for algorithm in provider.algorithms() for lack in untranslated(algorithm, known)]
    assert missing == [], "run make translations and translate what is new"


@pytest.mark.parametrize(("output", "taken_by"), CHAINED, ids=lambda place: place)
def test_output_feeds_the_next_step(provider, output, taken_by):
    assert misfit(provider, output, taken_by) == ""


def test_every_output_file_has_a_taker_or_is_an_end():
    """A new step's output must be chained to something, or be what people look at."""
    assert loose_ends({output for output, _ in CHAINED} | ENDS) == []


def test_models_hand_on_what_fits(provider):
    models = [a for a in provider.algorithms() if isinstance(a, QgsProcessingModelAlgorithm)]
    assert len(models) == 3
    assert [lack for model in models for lack in model_misfits(model)] == []


# --- the checks themselves: each notices when one thing is taken away ----------------------------------------------


def _doctored(monkeypatch, **changes):
    chosen = step("leveldtm")
    monkeypatch.setattr("planetary_dtm.core.steps.leveldtm.STEP", replace(chosen, **changes))
    return chosen


def test_a_missing_help_is_noticed(provider, monkeypatch):
    _doctored(monkeypatch, help="")
    assert "leveldtm: help" in lacks(provider.algorithm("leveldtm").create())


@pytest.mark.parametrize("icon", ["", "no_such_icon", "planetary_dtm"])
def test_a_missing_icon_is_noticed(provider, monkeypatch, icon):
    _doctored(monkeypatch, icon=icon)
    assert "leveldtm: icon" in lacks(provider.algorithm("leveldtm").create())


def test_a_missing_tooltip_is_noticed(provider, monkeypatch):
    parameters, outputs = step("leveldtm").parameters, step("leveldtm").outputs
    silent = replace(parameters[0], help="")
    _doctored(monkeypatch, parameters=(silent, *parameters[1:]), outputs=tuple(replace(o, help="") for o in outputs))
    found = lacks(provider.algorithm("leveldtm").create())
    assert f"leveldtm: tooltip of {silent.name}" in found and "leveldtm: tooltip of OUTPUT" in found


def test_a_missing_translation_is_noticed(provider, monkeypatch):
    known = catalogue("de")
    parameters = step("leveldtm").parameters
    _doctored(monkeypatch, title="Untold", parameters=(replace(parameters[0], help="Not told yet."), *parameters[1:]))
    assert untranslated(provider.algorithm("leveldtm"), known) == ["leveldtm: Untold", "leveldtm: Not told yet."]
    model = next(a for a in provider.algorithms() if isinstance(a, QgsProcessingModelAlgorithm))
    del known["Chains", model.displayName()]
    assert untranslated(model, known) == [f"{model.name()}: {model.displayName()}"]


def test_a_break_in_the_chain_is_noticed(provider, monkeypatch):
    chosen = step("leveldtm")
    as_numbers = tuple(replace(p, kind=Kind.NUMBER) if p.name == "INPUT" else p for p in chosen.parameters)
    _doctored(monkeypatch, parameters=as_numbers, outputs=(replace(chosen.outputs[0], kind=OutputKind.FOLDER),))
    provider.refreshAlgorithms()
    assert "does not take" in misfit(provider, "pointstodtm.OUTPUT", "leveldtm.INPUT")
    assert "does not take" in misfit(provider, "leveldtm.OUTPUT", "comparedtm.INPUT")
    assert "is not there" in misfit(provider, "leveldtm.OUTPUT_LOST", "comparedtm.INPUT")
    assert "hillshade.OUTPUT" in loose_ends({output for output, _ in CHAINED})


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
    assert [path.name for path in DESKTOP if fixed.search(path.read_text(encoding="utf-8"))] == []


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


def test_texts_are_found():
    found = texts()
    assert len(found) > 150 and ("ViewDock", "DTM for view") in found and ("Stages", "DTM") in found


def test_a_second_language_is_there():
    assert "de" in LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_language_is_complete(language):
    """Every text is translated, keeps its places for numbers, and the compiled file says the same."""
    known = catalogue(language)
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
        made.provider.refreshAlgorithms()
        shown = {a.name(): a for a in made.provider.algorithms()}
        assert shown["leveldtm"].displayName() == "DGM einpassen" and shown["leveldtm"].group() == "Gelände"
        assert shown["leveldtm"].groupId() == "terrain"
        assert shown["leveldtm"].parameterDefinition("INPUT").help().startswith("Das DGM, das eingepasst wird")
        assert "Laseraltimetrie" in shown["leveldtm"].shortHelpString()
        chain = shown["view_to_levelled_dtm"]
        assert chain.displayName() == "Ausschnitt zu eingepasstem DGM" and "Höhenlinien" in chain.shortHelpString()
        assert chain.parameterDefinition("contour_interval").description() == "Abstand der Höhenlinien (m)"
    finally:
        made.unload()
    assert QCoreApplication.translate("ViewDock", "DTM for view") == "DTM for view"


def test_progress_is_told_in_german(qgis_app, monkeypatch):
    """With its numbers or its name in place; what is not known stays as it is."""
    known = {source: text for (context, source), text in catalogue("de").items() if context == "Progress"}
    monkeypatch.setattr(words.QCoreApplication, "translate", staticmethod(lambda context, text: known.get(text, text)))
    assert words.say_progress("Matching") == "Zuordnen"
    assert words.say_progress("Step 3 of 120, loss 0.0312") == "Schritt 3 von 120, Verlust 0.0312"
    assert words.say_progress("Takes up to 1,204 MB of memory") == "Braucht bis zu 1,204 MB Speicher"
    assert words.say_progress("Rendering nadir") == "Bild nadir wird gerechnet"
    assert words.say_progress("Reading B2.txt") == "B2.txt wird gelesen"
    assert words.say_progress("Reading points") == "Punkte werden gelesen"
    for text in ("", "Something else 7", "about 1.2 GB of memory needed"):
        assert words.say_progress(text) == text


def test_stage_titles_are_short():
    assert all(len(stage.title) < 30 and len(stage.button) < 30 for stage in stages())
