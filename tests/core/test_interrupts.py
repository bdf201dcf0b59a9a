"""Ctrl-C cancels a command through its progress, and breaks in where progress is not asked."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from planetary_dtm.core import progress
from planetary_dtm.core.cli.interrupts import GRACE_S, Interrupts
from planetary_dtm.core.errors import CancelledError
from planetary_dtm.core.progress import breathe_during, called_by_c, heard, hearing, silent, tell, within


def press():
    os.kill(os.getpid(), signal.SIGINT)


def test_progress_hears_it_and_cleaning_up_is_left_in_peace():
    with Interrupts() as interrupts:
        assert not interrupts.heard()
        press()
        assert interrupts.heard()
        press()
        time.sleep(1.5 * GRACE_S)


def test_it_breaks_in_where_nobody_asks():
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt), Interrupts():
        press()
        while time.monotonic() - started < 5:
            pass
    assert time.monotonic() - started < 2


def test_it_does_not_break_into_a_callback():
    @called_by_c
    def told():
        time.sleep(2.2 * GRACE_S)
        return "whole"

    with pytest.raises(KeyboardInterrupt), Interrupts():
        press()
        assert told() == "whole"
        time.sleep(5)


def test_handlers_are_put_back():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with Interrupts():
        assert signal.getsignal(signal.SIGTERM) != before[1]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_a_step_within_a_step_hears_the_outer_ones_cancel(monkeypatch):
    """It tells nothing of its own; what is looked at every moment is asked for at every moment."""
    monkeypatch.setattr(progress, "_PATIENCE_S", 0.0)
    told = []

    def inner(*, progress):
        for part in range(5):
            tell(progress, part / 5, "inner")

    @heard
    def outer(*, progress):
        tell(progress, 0.5, "outer")
        heard(inner)(progress=within())

    def host(fraction, message=""):
        told.append((fraction, message))
        return len(told) < 4

    with pytest.raises(CancelledError):
        outer(progress=host)
    assert told == [(0.5, "outer")] * 4
    assert within() is silent


def test_what_cannot_be_asked_is_left_behind_by_a_cancel(monkeypatch):
    """An import or the like goes on in its thread; its errors come out where it is waited for."""
    monkeypatch.setattr(progress, "_PATIENCE_S", 0.01)
    leave, done = threading.Event(), []

    def work():
        leave.wait(20)
        done.append(1)

    with hearing(lambda fraction, message="": False), pytest.raises(CancelledError):
        breathe_during(work)
    assert done == []
    leave.set()
    with hearing(lambda fraction, message="": True), pytest.raises(ZeroDivisionError):
        breathe_during(lambda: 1 / 0)
    breathe_during(lambda: done.append(2))
    assert 2 in done
