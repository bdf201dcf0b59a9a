"""Bad luck, in short form: commands killed at random, full and read-only disks, long names, two at once.

`python -m planetary_dtm.tests.faults` does it at length and for every long command. A process of its own forks the
commands, since GDAL's threads in this one would not outlive a fork.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from planetary_dtm.core import outputs
from planetary_dtm.core.errors import InputError
from planetary_dtm.core.tables import write_table
from planetary_dtm.tests.faults.commands import LIGHT
from planetary_dtm.tests.faults.trail import Cost, Trail, cost

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are watched through /proc")
MODULE = ("-m", "planetary_dtm.tests.faults", "--light")
SABOTAGE = """
import sys
from contextlib import contextmanager
from pathlib import Path
from planetary_dtm.core import tables
@contextmanager
def in_place(path, suffixes=()):
    Path(path).write_text("half")
    end = __import__("time").process_time() + 0.3
    while __import__("time").process_time() < end: pass
    yield Path(path)
tables.replacing = in_place
sys.argv = ["faults", "--light", "--count", "4", "--commands", "filteraltimetry", "--folder", sys.argv[1]]
from planetary_dtm.tests.faults.__main__ import main
sys.exit(main())
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faults") / "f"
    count = str(2 * len(LIGHT))
    done = subprocess.run(
        [sys.executable, *MODULE, "--count", count, "--folder", str(folder)],
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.stdout, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", LIGHT)
def test_kills_cost_a_unit_at_most_and_with_troubles_leave_whole_outputs_or_none_and_one_sentence(name, told):
    assert told[name]["wrong"] == []


def test_most_were_killed_in_their_run(told):
    assert sum(entry["kills"] for entry in told.values()) > 1.2 * len(LIGHT)


def test_the_judges_notice_a_writer_that_writes_in_place(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", SABOTAGE, str(tmp_path / "f")], capture_output=True, text=True, timeout=300
    )
    wrong = json.loads(done.stdout.splitlines()[-1])["filteraltimetry"]["wrong"]
    assert done.returncode == 1
    assert any("opens but is not" in text for text in wrong) and any("left ['" in text for text in wrong)


def trail(marks, *durations):
    """One of steps that take so long each, to the end."""
    return Trail(np.concatenate([[0.0], np.cumsum(durations)]), marks)


WHOLE = trail([4, 8], *[1, 2, 3, 4] * 3)  # three units of four steps each


def test_a_kill_costs_what_the_restart_does_again_by_its_own_clock():
    """A kill at the end of the last unit but one: the restart, three times as slow, looks at its inputs for a step."""
    killed = trail([4], 1, 2, 3, 4, 2, 4, 6, 1)  # in the middle of the last step of the unit, at twice the time
    found = cost(WHOLE, killed, trail([5], 6, *[3, 6, 9, 12] * 2))
    assert found == Cost((6 + 3 + 6 + 9 + 1) / (6 + 30), (3 + 6 + 9 + 1) / 30, 6.0, 0)


def test_a_step_that_was_not_reached_counts_for_no_more_than_it_took():
    killed = trail([], 1, 2, 300)
    assert cost(trail([], 1, 2, 3), killed, trail([], 1, 2, 3)) == Cost(1.0, 1.0, 0.0, 0)


def test_what_a_restart_does_more_than_a_fresh_start_counts():
    """Two steps, say to clear up, which a first start does not take."""
    found = cost(trail([], 1, 2, 3), trail([], 1, 2, 1), trail([], 2, 2, 1, 2, 3))
    assert found == Cost((2 + 2 + 1 + 2 + 1) / 6, (1 + 2 + 1) / 6, 4.0, 0)


def test_a_unit_that_was_done_and_not_kept_costs_more_than_one():
    killed = trail([4], *[1, 2, 3, 4] * 2, 1, 0.5)  # two steps into the third unit
    assert cost(WHOLE, killed, trail([4, 8], *[1, 2, 3, 4] * 3)).lost > 2
    kept_late = trail([4], *[1, 2, 3, 4] * 2, 1, 0.5)
    assert cost(WHOLE, kept_late, trail([4], *[1, 2, 3, 4] * 2)) == Cost(1.15, 1.15, 0.0, 0)


def test_a_unit_that_was_kept_and_is_done_again_is_seen():
    killed = trail([4, 8], *[1, 2, 3, 4] * 2, 1, 0.5)
    found = cost(WHOLE, killed, trail([4], *[1, 2, 3, 4] * 2))
    assert found.twice == 1 and found.lost > 1


def test_a_unit_that_was_kept_as_the_kill_came_costs_nothing():
    assert cost(WHOLE, trail([4], *[1, 2, 3, 4] * 2, 0.0), trail([], 1, 2, 3, 4)) == Cost(0.0, 0.0, 0.0, 0)


def test_an_output_that_another_program_holds_is_told(tmp_path, monkeypatch):
    def held(*_):
        raise PermissionError(13, "The process cannot access the file because it is being used by another process")

    (tmp_path / "a.csv").write_text("old")
    monkeypatch.setattr(os, "replace", held)
    with pytest.raises(InputError, match="being used by another process.; close what holds it or choose another"):
        write_table(tmp_path / "a.csv", {"a": [1.0]})
    assert (tmp_path / "a.csv").read_text() == "old" and len(list(tmp_path.iterdir())) == 1
    assert outputs.require_writable(tmp_path / "a.csv") is None
