"""The watchdog sees a hold, how long it is, and whose."""

from __future__ import annotations

import time

import pytest
from qgis.PyQt.QtCore import QTimer

from planetary_dtm.tests.desktop.watchdog import Watchdog


@pytest.fixture
def dog(qgis_app):
    made = Watchdog()
    yield made
    made.stop()


def held(dog, qtbot, name, how=time.sleep):
    """Hold the event loop for 0.2 s in a function of a module called ``name``."""
    space = {"__name__": name, "how": how}
    exec("def hold():\n    how(0.2)", space)
    dog.start()
    QTimer.singleShot(50, space["hold"])
    qtbot.wait(500)
    dog.stop()


def spin(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def test_hold_of_the_plugin(dog, qtbot):
    held(dog, qtbot, "planetary_dtm.ui.slow")
    assert dog.longest().wall >= 0.19 and dog.longest().cpu < 0.1
    assert dog.report()["plugin_wall_s"] >= 0.19 and "in hold" in dog.report()["plugin"][0]


def test_hold_of_others(dog, qtbot):
    held(dog, qtbot, "planetary_dtm.tests.slow", spin)
    assert dog.longest(ours=False).cpu >= 0.19
    assert all(hold.wall < 0.15 for hold in dog.holds if hold.ours)


def test_waiting_of_the_scenario_does_not_count(dog, qtbot):
    dog.start()
    with dog.aside():
        time.sleep(0.2)
    dog.stop()
    assert dog.longest(ours=False).wall < 0.15
