"""What a dialog says of parameters and other algorithms: by the names that it shows, not by those of commands."""

from __future__ import annotations

import re

from planetary_dtm.core.steps import STEP_IDS, step
from planetary_dtm.processing_provider.words import say_help


def test_dialogs_name_parameters_by_their_labels(provider):
    """No name with an underscore, which no dialog shows, and no command is left in help or tooltips."""
    asked = {a.name(): [d.help() for d in a.parameterDefinitions()] for a in provider.algorithms()}
    told = {a.name(): [a.shortHelpString(), *asked[a.name()]] for a in provider.algorithms()}
    names = {p.name for step_id in STEP_IDS for p in step(step_id).parameters if "_" in p.name}
    left = re.compile(rf"\b({'|'.join(sorted(names))}|recovereop|densematch|trainingpairs)\b")
    assert {name: found for name, texts in told.items() if (found := left.findall(" ".join(texts)))} == {}


def test_names_become_labels():
    stereo = step("stereodtm")
    assert say_help(stereo, "With ALTIMETRY or a REFERENCE_DEM.") == 'With "Altimetry" or a "Reference DEM".'
    assert say_help(stereo, "As recovereop takes them.") == 'As "Recover exterior orientation" takes them.'
    for kept in ("An orbit, a mosaic; the CRS (OUTPUT.parts).", "stereodtm ...", "lon, lat [, altitude]", ""):
        assert say_help(stereo, kept) == kept


def test_a_comparison_offers_its_difference(provider):
    """Left as it opens, the dialog puts something on the map."""
    assert provider.algorithm("comparedtm").parameterDefinition("OUTPUT").createByDefault()
    assert not provider.algorithm("comparedtm").parameterDefinition("OUTPUT_REPORT").createByDefault()
