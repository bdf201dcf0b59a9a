"""Inside QGIS: plays a scenario step by step without holding the event loop, with real mouse clicks and pictures.

A scenario is a generator function that takes a `Stage` and yields either seconds to wait or a condition to wait for.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from qgis.core import QgsApplication, QgsProject
from qgis.PyQt.QtCore import QPoint, QTimer
from qgis.PyQt.QtWidgets import QApplication, QDockWidget, QWidget
from qgis.utils import iface

from planetary_dtm.tests.desktop.watchdog import Watchdog

Scenario = Callable[["Stage"], Generator[Any, None, None]]


class Stage:
    """Hands and eyes of a scenario."""

    def __init__(self) -> None:
        told = json.loads(os.environ["PLANETARY_DTM_STAGE"])
        self._report = Path(told["report"])
        self._patience = float(told["patience"])
        self.given: dict[str, str] = told["given"]
        self.found: dict[str, Any] = {}
        self.iface = iface
        self.window = iface.mainWindow()
        self.dog = Watchdog()
        self._told, sys.excepthook = sys.excepthook, self._note_error

    def play(self, scenario: Scenario) -> None:
        """Start the scenario; QGIS closes at its end."""
        self._steps, self._until, self._limit = scenario(self), None, time.monotonic() + self._patience
        self._resume_at = 0.0
        self._timer = QTimer()
        self._timer.setInterval(10)
        self._timer.timeout.connect(self._tick)
        self._timer.start()

    def tidy(self, *shown: str) -> None:
        """Fill the screen with the window and keep the layer tree and the docks named."""
        self.window.showMaximized()
        for dock in self.window.findChildren(QDockWidget):
            dock.setVisible(dock.objectName() in ("Layers", *shown))

    def click(self, widget: QWidget) -> None:
        """Move the pointer over a widget and press the left button, as a person does."""
        place = widget.mapToGlobal(QPoint(widget.width() // 2, widget.height() // 2)) * widget.devicePixelRatioF()
        self._outside("xdotool", "mousemove", str(place.x()), str(place.y()), "sleep", "0.1", "click", "1")

    def type(self, text: str) -> None:
        """Type on the keyboard."""
        self._outside("xdotool", "type", text)

    def picture(self, path: str | Path, window: int | str = "root") -> None:
        """Save the whole screen, or the window of that id."""
        self._outside("import", "-window", str(window), "-define", "png:compression-level=9", str(path))

    def widget(self, name: str) -> QWidget:
        """A widget of the main window by its object name."""
        found = self.window.findChild(QWidget, name)
        if found is None:
            raise LookupError(f"no widget is called {name}")
        return found

    def drawn(self) -> bool:
        """Whether the map has been drawn to the end."""
        return not self.iface.mapCanvas().isDrawing()

    def _note_error(self, *error: Any) -> None:
        """Keep an error that QGIS only shows in its message bar."""
        self.found.setdefault("python_errors", []).append("".join(traceback.format_exception(*error)))
        print(self.found["python_errors"][-1], file=sys.stderr, flush=True)
        self._told(*error)

    def _outside(self, *words: str) -> None:
        QApplication.processEvents()
        with self.dog.aside():
            subprocess.run(words, check=True, timeout=30)

    def _tick(self) -> None:
        now = time.monotonic()
        try:
            if now > self._limit:
                raise TimeoutError("the scenario took too long")
            if now < self._resume_at or (self._until is not None and not self._until()):
                return
            self._until = None
            asked = next(self._steps)
            if callable(asked):
                self._until = asked
            else:
                self._resume_at = now + asked
        except StopIteration:
            self._leave()
        except Exception:
            self.found["error"] = traceback.format_exc()
            self.picture(self._report.with_name("failed.png"))
            self._leave()

    def _leave(self) -> None:
        self._timer.stop()
        self.dog.stop()
        self.found["holds"] = self.dog.report()
        if "python_errors" in self.found:
            self.found.setdefault("error", self.found["python_errors"][0])
        self._report.write_text(json.dumps(self.found), encoding="utf-8")
        QgsProject.instance().setDirty(False)
        iface.newProject(False)
        QTimer.singleShot(0, QgsApplication.instance().closeAllWindows)
        QTimer.singleShot(500, QgsApplication.quit)
