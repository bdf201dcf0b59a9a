"""Reading for a display, off the main thread: the map and its tools answer meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.core import QgsApplication, QgsTask

from ..core.errors import PlanetaryDtmError
from ..processing_provider.turns import short_turns


class Newest:
    """Runs work in a worker thread; of several requests only the newest one's result is handed on."""

    def __init__(self, title: str) -> None:
        self._title, self._number = title, 0
        self._tasks: dict[int, _Work] = {}

    @property
    def busy(self) -> bool:
        return bool(self._tasks)

    def ask(self, work: Callable[[], Any], then: Callable[[Any], None], failed: Callable[[str], None]) -> None:
        """Run ``work()`` in a thread, then in the main thread ``then(result)`` or ``failed(sentence)``."""
        self._number += 1
        number = self._number

        def ended(task: _Work) -> None:
            self._tasks.pop(number, None)
            if number == self._number:
                (failed if task.error else then)(task.error or task.result)

        self._tasks[number] = _Work(self._title, work, ended)
        QgsApplication.taskManager().addTask(self._tasks[number])

    def forget(self) -> None:
        """Hand on nothing that is still under way, and begin nothing that waits."""
        self._number += 1
        for task in list(self._tasks.values()):
            task.cancel()


class _Work(QgsTask):
    def __init__(self, title: str, work: Callable[[], Any], ended: Callable[[_Work], None]) -> None:
        super().__init__(title)
        self._work, self._ended = work, ended
        self.result: Any = None
        self.error = ""

    def run(self) -> bool:
        try:
            with short_turns():
                self.result = self._work()
        except PlanetaryDtmError as error:
            self.error = str(error)
        except Exception as error:  # told where the picture would be; an exception may not leave the thread
            self.error = f"{type(error).__name__}: {error}"
        return not self.error

    def finished(self, successful: bool) -> None:
        self._ended(self)
