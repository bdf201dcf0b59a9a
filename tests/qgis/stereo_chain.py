"""Builds the shipped models of the stereo half: scene to DTM, and certainty with a comparison.

In QGIS 3.22, python -m planetary_dtm.tests.qgis.stereo_chain writes them; newer versions name outputs otherwise.
"""

from __future__ import annotations

from pathlib import Path

from qgis.core import (
    QgsProcessing,
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildParameterSource,
    QgsProcessingModelParameter,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterFile,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
)
from qgis.PyQt.QtCore import QPointF

from planetary_dtm.core.steps import step

from .chain import PATH as VIEW_PATH
from .chain import _add, _given

FOLDER = VIEW_PATH.parent
Source = QgsProcessingModelChildParameterSource
OPTIONAL = QgsProcessingParameterDefinition.FlagOptional
POINTS = [QgsProcessing.TypeVector]

STEREO_HELP = {
    "ALG_DESC": (
        "Turns two images of a line scanner into a digital terrain model: exterior orientation from control points and "
        "altimetry, dense matching, intersection, gridding; with a map of how far the altimetry can be trusted."
    ),
    "ALG_CREATOR": "Planetary DTM developers",
    "sensor": "Sensor file (JSON), or the name of one that ships: ce1, ce2, ce2_paper.",
    "gcps": "Control points: line, view, sample, lon, lat; altitudes are taken from the altimetry.",
    "altimetry": "Laser shots: points, or a CSV with lon, lat, altitude; LOLA RDR and MOLA PEDR files.",
    "body": "Name of the body (Moon, Mars ...) where the altimetry does not tell it.",
    "image_a": "The image on whose pixels points are made; of three views the middle one.",
    "image_b": "The other image of the same ground.",
    "sigma_lateral": "Sigma of the control points' longitude and latitude; left empty, it is estimated.",
    "certainty:Certainty map": "How far altitudes between the tracks can be trusted.",
    "orientation:EOPs": "Position and attitude of the camera at every line.",
    "dtm:DTM": "Heights, their sigma, and the number of points.",
}
COMPARE_HELP = {
    "ALG_DESC": (
        "Leaves out wild laser shots, maps how far the others can be trusted between the tracks, and holds a DTM "
        "against them: a map of the differences and the usual numbers."
    ),
    "ALG_CREATOR": "Planetary DTM developers",
    "dtm": "The DTM to judge, in metres above the body's datum.",
    "altimetry": "Laser shots: points, or a CSV with lon, lat, altitude; LOLA RDR and MOLA PEDR files.",
    "body": "Name of the body (Moon, Mars ...) where the altimetry does not tell it.",
    "shots:Good shots": "The shots that were kept.",
    "certainty:Certainty map": "Altitude, certainty and sigma between the tracks.",
    "difference:Difference": "The DTM minus the shots.",
}


def stereo() -> QgsProcessingModelAlgorithm:
    """Scene to DTM."""
    model = QgsProcessingModelAlgorithm("Stereo scene to DTM", "Chains")
    _inputs(
        model,
        QgsProcessingParameterFile("sensor", "Sensor"),
        QgsProcessingParameterFeatureSource("gcps", "GCPs", POINTS),
        QgsProcessingParameterFeatureSource("altimetry", "Altimetry", POINTS),
        QgsProcessingParameterString("body", "Body", None, False, True),
        QgsProcessingParameterRasterLayer("image_a", "Image A"),
        QgsProcessingParameterRasterLayer("image_b", "Image B"),
        QgsProcessingParameterNumber("sigma_lateral", "Lateral sigma (m)", QgsProcessingParameterNumber.Double),
    )
    known = {"INPUT": _given("altimetry"), "BODY": _given("body")}
    control = {"GCPS": _given("gcps"), "SENSOR": _given("sensor"), "ALTIMETRY": _given("altimetry")}
    control |= {"METHOD": Source.fromStaticValue("trajectory"), "SIGMA_LATERAL": _given("sigma_lateral")}
    pair = {"IMAGE_A": _given("image_a"), "IMAGE_B": _given("image_b")}
    rays = {"MATCHES": _made("matches"), "SENSOR": _given("sensor"), "EOPS": _made("orientation")}
    _step(model, "certainty", "planetarydtm:certaintymap", "Certainty map", known, "Certainty map", QPointF(700, 220))
    _step(model, "orientation", "planetarydtm:recovereop", "Orientation", control, "EOPs", QPointF(320, 220))
    _step(model, "matches", "planetarydtm:densematch", "Matching", pair, "", QPointF(1080, 220))
    _step(model, "points", "planetarydtm:intersect", "Intersection", rays, "", QPointF(700, 380))
    grid = {"INPUT": _made("points"), "FILL": Source.fromStaticValue(False)}
    _step(model, "dtm", "planetarydtm:pointstodtm", "DTM", grid, "DTM", QPointF(700, 520))
    model.setHelpContent(STEREO_HELP)
    return model


def comparison() -> QgsProcessingModelAlgorithm:
    """Certainty of altimetry, and a DTM held against it."""
    model = QgsProcessingModelAlgorithm("Certainty and comparison", "Chains")
    _inputs(
        model,
        QgsProcessingParameterRasterLayer("dtm", "DTM"),
        QgsProcessingParameterFeatureSource("altimetry", "Altimetry", POINTS),
        QgsProcessingParameterString("body", "Body", None, False, True),
    )
    given = {"INPUT": _given("altimetry"), "BODY": _given("body")}
    _step(model, "shots", "planetarydtm:filteraltimetry", "Filter", given, "Good shots", QPointF(320, 220))
    kept = {"INPUT": _made("shots"), "BODY": _given("body")}
    _step(model, "certainty", "planetarydtm:certaintymap", "Certainty map", kept, "Certainty map", QPointF(200, 380))
    judged = {"INPUT": _given("dtm"), "REFERENCE": _made("shots")}
    _step(model, "difference", "planetarydtm:comparedtm", "Comparison", judged, "Difference", QPointF(560, 380))
    model.setHelpContent(COMPARE_HELP)
    return model


MODELS = {"stereo_scene_to_dtm": stereo, "certainty_and_comparison": comparison}


def _step(
    model, child: str, algorithm: str, label: str, sources: dict[str, Source], output: str, place: QPointF
) -> None:
    """Add a child with the defaults of what is not given: a model asks for every parameter that is not optional."""
    for parameter in step(algorithm.partition(":")[2]).parameters:
        if not parameter.optional and parameter.default is not None and parameter.name not in sources:
            sources = {**sources, parameter.name: Source.fromStaticValue(parameter.default)}
    _add(model, child, algorithm, label, sources, output, place)


def _made(child: str) -> Source:
    return Source.fromChildOutput(child, "OUTPUT")


def _inputs(model: QgsProcessingModelAlgorithm, *definitions: QgsProcessingParameterDefinition) -> None:
    for index, definition in enumerate(definitions):
        if definition.name() in ("body", "sigma_lateral"):
            definition.setFlags(definition.flags() | OPTIONAL)
        shown = QgsProcessingModelParameter(definition.name())
        shown.setPosition(QPointF(120.0 + 210.0 * index, 60.0))
        model.addModelParameter(definition, shown)
    model.setParameterOrder([definition.name() for definition in definitions])


def path_of(name: str) -> Path:
    """The shipped file of a model."""
    return FOLDER / f"{name}.model3"


if __name__ == "__main__":
    from qgis.core import QgsApplication

    application = QgsApplication([], False)
    application.initQgis()
    for name, build in MODELS.items():
        build().toFile(str(path_of(name)))
    application.exitQgis()
