"""Builds the shipped model "view to levelled DTM"; in QGIS 3.22, python -m planetary_dtm.tests.qgis.chain writes it.

Newer versions of QGIS name a model's outputs otherwise, so the file is saved with the oldest one supported.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildAlgorithm,
    QgsProcessingModelChildParameterSource,
    QgsProcessingModelOutput,
    QgsProcessingModelParameter,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterExtent,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterLayer,
)
from qgis.PyQt.QtCore import QPointF

PATH = Path(__file__).resolve().parents[2] / "resources" / "models" / "view_to_levelled_dtm.model3"

HELP = {
    "ALG_DESC": (
        "Turns an image into a digital terrain model in metres, levelled to laser altimetry, with its hillshade and "
        "contours. Without altimetry the heights are relative."
    ),
    "ALG_CREATOR": "Planetary DTM developers",
    "image": "The image to turn into terrain: grey or natural colour, with a CRS.",
    "extent": "Area to turn into terrain; left empty, the whole image.",
    "altimetry": "Laser shots to level to: points, or a CSV with lon, lat, altitude; LOLA RDR and MOLA PEDR files.",
    "pixel_size": "Ground size of a pixel in metres; left empty, the image's own.",
    "contour_interval": "Height between two contours, in metres.",
    "engine": "What runs the network: auto takes torch where it is installed, NumPy otherwise.",
    "dtm:DTM": "The DTM: heights, and their sigma where they are levelled.",
    "hillshade:Hillshade": "The DTM lit from the north-west.",
    "contours:Contours": "Lines of equal height.",
}


def told(model: QgsProcessingModelAlgorithm) -> dict[str, Any]:
    """All that a model says of itself, its outputs named alike in every version of QGIS."""
    said = model.toVariant()
    said.pop("internal_version", None)  # 2 from QGIS 3.34 on: an output is called dtm there and dtm:DTM before
    named = {}
    for name, definition in said.pop("parameterDefinitions").items():
        plain = name.rpartition(":")[2].lower().replace(" ", "_")
        named[plain] = {**definition, "name": plain}
    return {**said, "parameterDefinitions": named}


def build() -> QgsProcessingModelAlgorithm:
    """The model as an object."""
    model = QgsProcessingModelAlgorithm("View to levelled DTM", "Chains")
    optional = QgsProcessingParameterDefinition.FlagOptional
    number = QgsProcessingParameterNumber.Double
    inputs = [
        QgsProcessingParameterRasterLayer("image", "Image"),
        QgsProcessingParameterExtent("extent", "Extent"),
        QgsProcessingParameterFeatureSource("altimetry", "Altimetry", [QgsProcessing.TypeVector]),
        QgsProcessingParameterNumber("pixel_size", "Pixel size (m)", number),
        QgsProcessingParameterNumber("contour_interval", "Contour interval (m)", number, 100.0, False, 0.01),
        QgsProcessingParameterEnum("engine", "Engine", ["auto", "numpy", "torch"], False, "auto", True, True),
    ]
    inputs[-1].setFlags(inputs[-1].flags() | QgsProcessingParameterDefinition.FlagAdvanced)
    for index, definition in enumerate(inputs):
        if definition.name() in ("extent", "altimetry", "pixel_size"):
            definition.setFlags(definition.flags() | optional)
        shown = QgsProcessingModelParameter(definition.name())
        shown.setPosition(QPointF(120.0 + 210.0 * index, 60.0))
        model.addModelParameter(definition, shown)
    model.setParameterOrder([definition.name() for definition in inputs])

    given, value = _given, QgsProcessingModelChildParameterSource.fromStaticValue
    dtm = {
        "INPUT": given("image"),
        "EXTENT": given("extent"),
        "ALTIMETRY": given("altimetry"),
        "PIXEL_SIZE": given("pixel_size"),
        "MODE": value("seamless"),
        "ENGINE": given("engine"),
    }
    made = QgsProcessingModelChildParameterSource.fromChildOutput("dtm", "OUTPUT")
    shade = {"INPUT": made, "AZIMUTH": value(315.0), "ALTITUDE": value(45.0), "EXAGGERATION": value(1.0)}
    # a model does not hand on the default of a parameter left out
    interval = QgsProcessingModelChildParameterSource.fromExpression("coalesce(@contour_interval, 100)")
    lines = {"INPUT": made, "BAND": value(1), "INTERVAL": interval, "FIELD_NAME": value("height")}
    lines |= {"CREATE_3D": value(False), "IGNORE_NODATA": value(False)}
    _add(model, "dtm", "planetarydtm:dtmfromextent", "DTM", dtm, "DTM", QPointF(340.0, 200.0))
    _add(model, "hillshade", "planetarydtm:hillshade", "Hillshade", shade, "Hillshade", QPointF(240.0, 360.0))
    _add(model, "contours", "gdal:contour", "Contours", lines, "Contours", QPointF(560.0, 360.0))
    model.setHelpContent(HELP)
    return model


def _given(name: str) -> QgsProcessingModelChildParameterSource:
    return QgsProcessingModelChildParameterSource.fromModelParameter(name)


def _add(
    model: QgsProcessingModelAlgorithm,
    child_id: str,
    algorithm: str,
    label: str,
    sources: dict[str, QgsProcessingModelChildParameterSource],
    output: str,
    place: QPointF,
) -> None:
    child = QgsProcessingModelChildAlgorithm(algorithm)
    child.setChildId(child_id)
    child.setDescription(label)
    child.setPosition(place)
    for name, source in sources.items():
        child.addParameterSources(name, [source])
    if output:
        final = QgsProcessingModelOutput(output)
        final.setChildId(child_id)
        final.setChildOutputName("OUTPUT")
        final.setDescription(output)
        final.setPosition(place + QPointF(180.0, 90.0))
        child.setModelOutputs({output: final})
    model.addChildAlgorithm(child)


if __name__ == "__main__":
    from qgis.core import QgsApplication

    application = QgsApplication([], False)
    application.initQgis()
    build().toFile(str(PATH))
    application.exitQgis()
