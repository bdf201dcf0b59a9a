"""How the tests call the algorithms: run them, be refused by them, and see what a step would be given."""

from __future__ import annotations

import processing
import pytest
from qgis.core import QgsApplication, QgsProcessingContext, QgsProcessingException, QgsProcessingFeedback, QgsProject

from planetary_dtm.processing_provider.inputs import collect, resolve


def run(algorithm, **parameters):
    return processing.run(f"planetarydtm:{algorithm}", parameters)


def refused(algorithm, **parameters):
    """The one sentence that an algorithm refuses its input with."""
    with pytest.raises(QgsProcessingException) as told:
        run(algorithm, **parameters)
    sentence = str(told.value)
    assert "Traceback" not in sentence and "\n" not in sentence.strip()
    return sentence


def given(algorithm, folder, **parameters):
    """The values a step would receive for these parameters."""
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    made = QgsApplication.processingRegistry().createAlgorithmById(f"planetarydtm:{algorithm}")
    return resolve(collect(made, made.step, parameters, context), folder, QgsProcessingFeedback())
