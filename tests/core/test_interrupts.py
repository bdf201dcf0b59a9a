"""Ctrl-C cancels a command through its progress, and breaks in where progress is not asked."""

from __future__ import annotations

import os
import signal
import time

import pytest

from planetary_dtm.core.cli.interrupts import GRACE_S, Interrupts
from planetary_dtm.core.progress import called_by_c


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
