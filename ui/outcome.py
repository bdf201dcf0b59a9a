"""What became of a run, told in one sentence in the message bar."""

from __future__ import annotations

from qgis.core import Qgis
from qgis.gui import QgisInterface
from qgis.PyQt.QtCore import QCoreApplication

from .quiet import spare_transform_bars
from .results import add_to_map
from .runs import Run, State

translate = QCoreApplication.translate


def conclude(iface: QgisInterface, run: Run, quiet: bool = False) -> bool:
    """Put a run's layers on the map and tell how it ended; True when all is well. ``quiet``: only tell bad news."""
    if run.state is State.CANCELLED:
        told = translate("Outcome", "{} was cancelled; nothing was added.").format(run.title)
        tell(iface, told, Qgis.MessageLevel.Info)
    elif run.state is State.FAILED:
        tell(iface, run.error, Qgis.MessageLevel.Critical)
    elif run.project_closed:
        told = translate("Outcome", "{} is ready, but its project was closed: it is kept in {}.")
        tell(iface, told.format(run.title, run.results.get("OUTPUT", "")), Qgis.MessageLevel.Warning)
    elif run.gives_layers and not _added(iface, run):
        told = translate("Outcome", "{} was made but cannot be loaded.").format(run.title)
        tell(iface, told, Qgis.MessageLevel.Critical)
    else:
        _praise(iface, run, quiet)
        return True
    return False


def _added(iface: QgisInterface, run: Run) -> bool:
    spare_transform_bars(iface)
    return bool(add_to_map(run))


def tell(iface: QgisInterface, sentence: str, level: Qgis.MessageLevel) -> None:
    """A sentence in the message bar; bad news stay until they are closed."""
    lasting = level in (Qgis.MessageLevel.Warning, Qgis.MessageLevel.Critical)
    iface.messageBar().pushMessage("Planetary DTM", sentence, level, 0 if lasting else 8)


def _praise(iface: QgisInterface, run: Run, quiet: bool) -> None:
    text = translate("Outcome", "{} is on the map ({:.1f} s).") if run.gives_layers else None
    done = (text or translate("Outcome", "{} is ready ({:.1f} s).")).format(run.title, run.seconds)
    warned = run.feedback.warnings
    if warned or not quiet:
        level = Qgis.MessageLevel.Warning if warned else Qgis.MessageLevel.Success
        tell(iface, " ".join([done, *warned]), level)
