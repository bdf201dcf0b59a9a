"""QGIS's own "No transform available" bars, kept from a user whom the plugin has just given a planetary layer.

QGIS tries to relate every layer to longitude and latitude on Earth and pushes up to four red bars when it cannot (its
bug, mended in 4.x; see the guide's Troubleshooting). They are taken away only while the plugin adds layers of its own
to a project off Earth; whatever else QGIS has to say stays.
"""

from __future__ import annotations

from qgis.core import QgsCoordinateReferenceSystem, QgsProject, QgsSettings
from qgis.gui import QgisInterface, QgsMessageBar
from qgis.PyQt.QtCore import QCoreApplication, QObject, QTimer

from ..core.bodies import body_of_crs
from ..core.errors import PlanetaryDtmError
from ..processing_provider.extents import wkt

_SETTING = "planetary_dtm/quiet_transform_bars"
_LASTS_MS = 4000
_SAID = "No transform available between %1 and %2"


def wanted() -> bool:
    """Whether the user wants them taken away; in Settings > Options."""
    return bool(QgsSettings().value(_SETTING, True, bool))


def want(yes: bool) -> None:
    """Remember whether the user wants them taken away."""
    QgsSettings().setValue(_SETTING, yes)


def spare_transform_bars(iface: QgisInterface, crs: QgsCoordinateReferenceSystem | None = None) -> None:
    """Take the bars away for some seconds from now; on Earth, where such a message is news, they stay.

    ``crs`` is the one that the project gets next; without it, its own counts. An empty project takes that of its first
    layer.
    """
    if not wanted():
        return
    coming = not QgsProject.instance().mapLayers()
    if (coming or _off_earth(crs or QgsProject.instance().crs())) and hasattr(iface.messageBar(), "widgetAdded"):
        _Listener(iface.messageBar())


class _Listener(QObject):
    def __init__(self, bar: QgsMessageBar) -> None:
        super().__init__(bar)
        self._bar = bar
        said = (QCoreApplication.translate(context, _SAID) for context in ("QgisApp", "QObject"))
        self._begins = tuple(text.partition("%1")[0] for text in said)
        self._soon = QTimer(self)  # one sweep for all that come in a turn
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._sweep)
        bar.widgetAdded.connect(self._added)
        QTimer.singleShot(_LASTS_MS, self._end)

    def _added(self, *_: object) -> None:
        self._soon.start(0)

    def _sweep(self) -> None:
        for item in reversed(self._bar.items()):  # the one that is shown last: the next is laid out when it goes
            if item.text().startswith(self._begins):
                self._bar.popWidget(item)

    def _end(self) -> None:
        self._bar.widgetAdded.disconnect(self._added)
        self.deleteLater()


def _off_earth(crs: QgsCoordinateReferenceSystem) -> bool:
    try:
        return crs.isValid() and body_of_crs(wkt(crs)).name != "Earth"
    except PlanetaryDtmError:
        return False
