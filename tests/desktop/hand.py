"""Inside QGIS: a person's hand. Mouse and keyboard by xdotool, in a process of its own, and every press counted.

Python only says where a widget lies on the screen. Each action is a generator for a scenario's ``yield from``; it waits
for its target to show, and the event loop of QGIS goes on meanwhile.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, Union

from qgis.PyQt.QtCore import QPoint, QRect
from qgis.PyQt.QtWidgets import QAbstractItemView, QApplication, QMenu, QScrollArea, QWidget

Action = Generator[Any, None, None]
Place = Union[QWidget, "tuple[QWidget, QRect]"]
Target = Union[Place, Callable[[], "Place | None"]]  # a function is asked until it names a place


@dataclass
class Chapter:
    """A part of the tour and what it took."""

    title: str
    started: float
    clicks: int = 0
    keys: int = 0
    wheel: int = 0
    characters: int = 0
    seconds: float = 0.0
    steps: list[str] = field(default_factory=list)


class Hand:
    """Clicks, keys and what they add up to."""

    def __init__(self) -> None:
        self.chapters: list[Chapter] = []

    def chapter(self, title: str) -> None:
        """Begin a part of the tour."""
        self.close()
        self.chapters.append(Chapter(title, time.monotonic()))

    def close(self) -> None:
        """End the part under way."""
        if self.chapters and not self.chapters[-1].seconds:
            self.chapters[-1].seconds = time.monotonic() - self.chapters[-1].started

    def click(self, target: Target, told: str, button: int = 1, times: int = 1) -> Action:
        """Move the pointer over a place and press a button there."""
        found: list[Place] = []

        def there() -> bool:
            place = target() if callable(target) else target
            found[:] = [place] if place is not None and _visible(place) else []
            return bool(found)

        yield there
        yield 0.3  # it may still be on its way into its place
        yield there
        yield from self._scroll_to(found[0])
        x, y = _on_screen(found[0])
        self.chapters[-1].clicks += times
        self._note(told)
        press = ["click", "--repeat", str(times), "--delay", "60", str(button)]
        yield from _xdotool("mousemove", str(x), str(y), "sleep", "0.1", *press)

    def press(self, *keys: str, told: str = "") -> Action:
        """Press keys, one after the other, in the window that has the focus."""
        self.chapters[-1].keys += len(keys)
        if told:
            self._note(told)
        yield from _xdotool("key", "--delay", "40", *keys)

    def type(self, text: str, told: str = "") -> Action:
        """Type a text."""
        self.chapters[-1].characters += len(text)
        if told:
            self._note(told)
        yield from _xdotool("type", "--delay", "15", text)

    def _scroll_to(self, place: Place) -> Action:
        """Turn the wheel over the scroll area that a place lies in until its middle can be seen."""
        area = _scroll_area(place)
        for _ in range(60 if area is not None else 0):
            view = area.viewport()
            down = view.mapFromGlobal(_middle(place)).y()
            if 8 < down < view.height() - 8:
                return
            self.chapters[-1].wheel += 1
            x, y = _on_screen((view, QRect(0, 0, 10, view.height())))  # the margin: no control lies under it
            yield from _xdotool("mousemove", str(x), str(y), "click", "4" if down <= 8 else "5")

    def _note(self, told: str) -> None:
        self.chapters[-1].steps.append(told)


def window(name: str, title: str = "") -> Callable[[], QWidget | None]:
    """The visible top-level window of a class, or whose title holds a word."""

    def find() -> QWidget | None:
        for shown in QApplication.topLevelWidgets():
            if shown.isVisible() and name in type(shown).__name__ and title in shown.windowTitle():
                return shown
        return None

    return find


def entry(text: str) -> Callable[[], Place | None]:
    """An entry of the menu that is open."""

    def find() -> Place | None:
        menu = QApplication.activePopupWidget()
        if not isinstance(menu, QMenu):
            return None
        action = next((a for a in menu.actions() if text in a.text().replace("&", "")), None)
        return None if action is None else (menu, menu.actionGeometry(action))

    return find


def row(view: QAbstractItemView, text: str) -> Callable[[], Place | None]:
    """The row of a tree or list, opened as far as it is, whose text begins with a word."""

    def find() -> Place | None:
        model, index = view.model(), None
        waiting = [model.index(i, 0, view.rootIndex()) for i in range(model.rowCount(view.rootIndex()))]
        while waiting and index is None:
            seen = waiting.pop(0)
            if str(seen.data() or "").startswith(text) and not view.visualRect(seen).isEmpty():
                index = seen
            waiting += [model.index(i, 0, seen) for i in range(model.rowCount(seen))]
        return None if index is None else (view.viewport(), view.visualRect(index))

    return find


def _visible(place: Place) -> bool:
    widget = place[0] if isinstance(place, tuple) else place
    return bool(widget.isVisible() and widget.isEnabled() and widget.width())


def _middle(place: Place) -> QPoint:
    """The middle of what can be seen of a place; of all of it where nothing can."""
    widget, box = place if isinstance(place, tuple) else (place, place.rect())
    seen = widget.visibleRegion().boundingRect().intersected(box)
    return widget.mapToGlobal(QPoint((box if seen.isEmpty() else seen).center()))


def _on_screen(place: Place) -> tuple[int, int]:
    """The middle of a place in pixels of the screen."""
    centre, ratio = _middle(place), (place[0] if isinstance(place, tuple) else place).devicePixelRatioF()
    return round(centre.x() * ratio), round(centre.y() * ratio)


def _scroll_area(place: Place) -> QScrollArea | None:
    area = (place[0] if isinstance(place, tuple) else place).parentWidget()
    while area is not None and not isinstance(area, QScrollArea):
        area = area.parentWidget()
    return area


def _xdotool(*words: str) -> Action:
    running = subprocess.Popen(["xdotool", *words])
    yield lambda: running.poll() is not None
    if running.returncode:
        raise RuntimeError(f"xdotool {' '.join(words)} ended with {running.returncode}")
    yield 0.2
