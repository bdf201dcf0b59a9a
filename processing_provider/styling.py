"""How results look on the map: heights in colour over a hillshade, differences about zero, certainty and sigma."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
from qgis.core import (
    Qgis,
    QgsBasicNumericFormat,
    QgsColorRampLegendNodeSettings,
    QgsColorRampShader,
    QgsGradientColorRamp,
    QgsGradientStop,
    QgsHillshadeRenderer,
    QgsMapLayer,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingLayerPostProcessorInterface,
    QgsProject,
    QgsRasterDataProvider,
    QgsRasterLayer,
    QgsRasterShader,
    QgsSingleBandPseudoColorRenderer,
)
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QCoreApplication, QTimer
from qgis.PyQt.QtGui import QColor, QPainter

from ..core.rasters import Raster
from . import resources

translate = QCoreApplication.translate

PRODUCT = "planetary_dtm/product"  # layer property: which kind of result a layer is
SHADE_AZIMUTH, SHADE_ALTITUDE = 315.0, 45.0
_OWN_BANDS = {"height", "relative height", "difference", "altitude", "sample shift"}  # names of first bands
_LATER_MS = 30
_SAMPLE_SIDE = 512  # pixels read to find the range of the colours


@dataclass(frozen=True)
class Look:
    """Colours of one band: ``cut`` is the share (%) of values left out at each end, ``about_zero`` an even range."""

    ramp: str
    band: int = 1
    cut: float = 0.2
    about_zero: bool = False
    shaded: bool = False


LOOKS = {
    "dtm": Look("height", cut=0.5, shaded=True),
    "difference": Look("difference", cut=2.0, about_zero=True),
    "certainty": Look("certainty", band=2, cut=0.0),
    "sigma": Look("sigma", cut=1.0),
}


@dataclass(frozen=True)
class Measured:
    """What a result's look needs of its values: range of the colours, unit, and heights' unit per unit of the CRS."""

    style: str
    low: float
    high: float
    unit: str
    vertical_scale: float


def measure(path: str, style: str) -> Measured:
    """Read a result for its look; takes its time and belongs into a worker thread."""
    look, raster = LOOKS[style], Raster(path)
    low, high = _range(raster, look)
    return Measured(style, low, high, raster.unit(look.band), vertical_scale(path) if look.shaded else 1.0)


# a Processing context deletes its post-processors, but does not keep their Python part
_alive: list[_Styler | _Marker] = []


def prepare(path: str, style: str, context: QgsProcessingContext) -> None:
    """Make ready, in a worker thread, what the map needs of a result: its layer, its look, and the relief under it.

    QGIS stretches the contrast of every new raster layer, which reads all of its values: 0.1 s or more each that the
    event loop would be held for. The layer waits in the context, which hands it to whoever loads the result.
    """
    measured = measure(path, style)
    context.temporaryLayerStore().addMapLayer(load(path, ""))
    relief = load(path, translate("Styling", "Hillshade")) if LOOKS[style].shaded else None
    if relief is not None:
        relief.moveToThread(QCoreApplication.instance().thread())
    _alive[:] = [kept for kept in _alive if not sip.isdeleted(kept)]
    _alive.append(_Styler(measured, relief))
    context.layerToLoadOnCompletionDetails(path).setPostProcessor(_alive[-1])


def mark(path: str, kind: str, context: QgsProcessingContext) -> None:
    """Make ready a result without a look of its own; it is known as a result once it is loaded."""
    context.temporaryLayerStore().addMapLayer(load(path, ""))
    _alive[:] = [kept for kept in _alive if not sip.isdeleted(kept)]
    _alive.append(_Marker(kind))
    context.layerToLoadOnCompletionDetails(path).setPostProcessor(_alive[-1])


class _Marker(QgsProcessingLayerPostProcessorInterface):
    def __init__(self, kind: str) -> None:
        super().__init__()
        self._kind = kind

    def postProcessLayer(
        self, layer: QgsMapLayer, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> None:
        layer.setCustomProperty(PRODUCT, self._kind)


class _Styler(QgsProcessingLayerPostProcessorInterface):
    """Styles a result after it has been loaded."""

    def __init__(self, measured: Measured, relief: QgsRasterLayer | None) -> None:
        super().__init__()
        self._measured, self._relief = measured, relief

    def postProcessLayer(
        self, layer: QgsMapLayer, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> None:
        if not isinstance(layer, QgsRasterLayer):
            return
        measured, relief = self._measured, self._relief
        self._relief = None
        colour(layer, measured)
        if relief is not None:
            project, layer_id = context.project() or QgsProject.instance(), layer.id()
            # newer versions put the layer into the tree only after this call; and the event loop gets its turn
            QTimer.singleShot(_LATER_MS, lambda: shade(project, layer_id, relief, measured))


def load(path: str, name: str) -> QgsRasterLayer:
    """A raster layer of a file, without a search for its default style."""
    options = QgsRasterLayer.LayerOptions()
    options.loadDefaultStyle = False
    return QgsRasterLayer(path, name, "gdal", options)


def colour(layer: QgsRasterLayer, measured: Measured) -> None:
    """Give a result its colours, with a legend that tells the unit."""
    look, low, high = LOOKS[measured.style], measured.low, measured.high
    shader = QgsColorRampShader(low, high, _ramp(look.ramp), QgsColorRampShader.Interpolated)
    shader.setClassificationMode(QgsColorRampShader.Continuous)
    shader.classifyColorRamp(band=look.band)
    legend = QgsColorRampLegendNodeSettings()
    legend.setSuffix(f" {measured.unit}" if measured.unit else "")
    numbers = QgsBasicNumericFormat()
    numbers.setNumberDecimalPlaces(int(np.clip(2 - np.floor(np.log10(max(high - low, 1e-9))), 0, 6)))
    legend.setNumericFormat(numbers)
    shader.setLegendSettings(legend)
    wrapped = QgsRasterShader()
    wrapped.setRasterShaderFunction(shader)
    # a clone, which is QGIS's alone: one made in Python would ask for Python at every drawing, and wait for it
    renderer = QgsSingleBandPseudoColorRenderer(layer.dataProvider(), look.band, wrapped).clone()
    renderer.setClassificationMin(low)
    renderer.setClassificationMax(high)
    layer.setRenderer(renderer)
    _smooth(layer)
    if look.shaded:
        layer.setBlendMode(QPainter.CompositionMode.CompositionMode_Multiply)
        _rise(layer)
    layer.setCustomProperty(PRODUCT, measured.style)
    layer.triggerRepaint()


def _rise(layer: QgsRasterLayer) -> None:
    """Have elevation profiles and 3D views take the first band as heights, where QGIS knows of that (from 3.26 on)."""
    elevation = layer.elevationProperties()
    if hasattr(elevation, "setBandNumber"):
        elevation.setEnabled(True)
        elevation.setBandNumber(1)


def shade(project: QgsProject, layer_id: str, relief: QgsRasterLayer, measured: Measured) -> None:
    """Put a height layer into a group named after it, hillshaded ``relief`` under it; nothing when it is gone."""
    layer = project.mapLayer(layer_id)
    node = project.layerTreeRoot().findLayer(layer_id)
    if layer is None or node is None:
        return
    renderer = QgsHillshadeRenderer(relief.dataProvider(), 1, SHADE_AZIMUTH, SHADE_ALTITUDE).clone()
    renderer.setZFactor(measured.vertical_scale)
    relief.setRenderer(renderer)
    relief.setCrs(layer.crs())
    relief.brightnessFilter().setBrightness(50)  # flat ground stays light under the colours
    relief.setCustomProperty(PRODUCT, "hillshade")
    _smooth(relief)
    parent = node.parent()
    group = parent.insertGroup(parent.children().index(node), layer.name())
    group.addChildNode(node.clone())
    parent.removeChildNode(node)
    project.addMapLayer(relief, False)
    group.addLayer(relief).setExpanded(False)
    height, relative = translate("Styling", "Height ({})"), translate("Styling", "Relative height (no unit)")
    layer.setName(height.format(measured.unit) if measured.unit else relative)


def vertical_scale(path: str) -> float:
    """Heights' unit (metres) per unit of the raster's CRS: 1 in metres, about 1/30000 in degrees of the Moon."""
    east, north = Raster(path).grid.metres_per_unit
    return float(1.0 / np.sqrt(east * north))


def is_product(layer: QgsMapLayer) -> bool:
    """Whether a layer was made here, now or in an earlier project (a result is never taken for an image)."""
    if layer.customProperty(PRODUCT):
        return True
    band = layer.bandName(1) if isinstance(layer, QgsRasterLayer) and layer.isValid() else ""
    return band.partition(": ")[2].partition(" (")[0] in _OWN_BANDS


def _range(raster: Raster, look: Look) -> tuple[float, float]:
    height, width = raster.size
    share = min(1.0, _SAMPLE_SIDE / max(height, width))
    shape = (max(1, round(height * share)), max(1, round(width * share)))
    values, valid = raster.read(shape=shape, band=look.band, resampling="nearest")
    known = values[valid] if valid.any() else np.zeros(1)
    if look.about_zero:
        reach = float(np.percentile(np.abs(known), 100 - look.cut)) or 1.0
        return -reach, reach
    low, high = (float(v) for v in np.percentile(known, (look.cut, 100 - look.cut)))
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def _ramp(name: str) -> QgsGradientColorRamp:
    colours = [QColor(c) for c in json.loads((resources.STYLES / "ramps.json").read_text(encoding="utf-8"))[name]]
    last = len(colours) - 1
    stops = [QgsGradientStop(i / last, c) for i, c in enumerate(colours[1:-1], 1)]
    return QgsGradientColorRamp(colours[0], colours[-1], False, stops)


def _smooth(layer: QgsRasterLayer) -> None:
    """Resample heights, not colours: Qt's scaling of pictures leaves a line across the middle."""
    provider, methods = layer.dataProvider(), QgsRasterDataProvider.ResamplingMethod
    layer.setResamplingStage(Qgis.RasterResamplingStage.Provider)
    provider.enableProviderResampling(True)
    provider.setZoomedInResamplingMethod(methods.Cubic)
    provider.setZoomedOutResamplingMethod(methods.Cubic)
    provider.setMaxOversampling(8.0)
