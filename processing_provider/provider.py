"""The Processing provider: every step as an algorithm, and the models that chain them."""

from __future__ import annotations

from importlib.util import find_spec

from qgis.core import QgsApplication, QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from ..core import steps
from ..core.version import VERSION
from . import resources
from .certaintymap import CertaintyMap
from .chain import Chain
from .comparedtm import CompareDtm
from .densematch import DenseMatch
from .dtmfromextent import DtmFromExtent
from .evaluatemodel import EvaluateModel
from .filteraltimetry import FilterAltimetry
from .footprints import Footprints
from .hillshade import Hillshade
from .importgcps import ImportGcps
from .intersect import Intersect
from .leveldtm import LevelDtm
from .mosaic import Mosaic
from .orbit import OrbitDtm
from .orthoimage import OrthoImage
from .pointstodtm import PointsToDtm
from .recovereop import RecoverEop
from .refinecameras import RefineCameras
from .simulatescene import SimulateScene
from .simulateview import SimulateView
from .stereodtm import StereoDtm
from .trainingpairs import TrainingPairs
from .trainmodel import TrainModel

PROVIDER_ID = "planetarydtm"
ALGORITHMS = (
    DtmFromExtent,
    Mosaic,
    LevelDtm,
    CompareDtm,
    Hillshade,
    SimulateView,
    FilterAltimetry,
    CertaintyMap,
    SimulateScene,
    ImportGcps,
    RecoverEop,
    RefineCameras,
    DenseMatch,
    Intersect,
    PointsToDtm,
    Footprints,
    StereoDtm,
    OrbitDtm,
    OrthoImage,
    TrainingPairs,
    TrainModel,
    EvaluateModel,
)


class PlanetaryDtmProvider(QgsProcessingProvider):
    """Terrain models of planets and moons."""

    def id(self) -> str:
        return PROVIDER_ID

    def name(self) -> str:
        return "Planetary DTM"

    def versionInfo(self) -> str:
        return VERSION

    def icon(self) -> QIcon:
        return QIcon(self.svgIconPath())

    def svgIconPath(self) -> str:
        return str(resources.icon("planetary_dtm"))

    def loadAlgorithms(self) -> None:
        for algorithm in ALGORITHMS:
            if algorithm.step_id in steps.STEP_IDS and find_spec(f"{steps.__name__}.{algorithm.step_id}"):
                self.addAlgorithm(algorithm())
        if QgsApplication.processingRegistry().providerById(PROVIDER_ID) is not None:
            self.load_models()

    def load_models(self) -> None:
        """Add the shipped chains; they find their algorithms only once this provider is registered."""
        for path in sorted(resources.MODELS.glob("*.model3")):
            chain = Chain(path)
            if chain.readable:
                self.addAlgorithm(chain)

    def defaultVectorFileExtension(self, hasGeometry: bool = True) -> str:
        return "gpkg" if hasGeometry else "csv"

    def supportedOutputVectorLayerExtensions(self) -> list[str]:
        return ["gpkg", "csv", "geojson", "shp", "fgb"]

    def supportedOutputRasterLayerExtensions(self) -> list[str]:
        return ["tif", "tiff"]

    def supportsNonFileBasedOutput(self) -> bool:
        return False  # the core writes files
