"""Bad luck, in short form: commands killed at random, full and read-only disks, long names, two at once.

`python -m planetary_dtm.tests.faults` does it at length and for every long command. A process of its own forks the
commands, since GDAL's threads in this one would not outlive a fork.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from planetary_dtm.core import outputs
from planetary_dtm.core.errors import InputError
from planetary_dtm.core.tables import write_table
from planetary_dtm.tests.faults.commands import LIGHT

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
def test_kills_and_troubles_leave_whole_outputs_or_none_and_one_sentence(name, told):
    # What a kill cost in time is for the long run to say: runs this short differ too much.
    assert [text for text in told[name]["wrong"] if "units of work" not in text] == []


def test_most_were_killed_in_their_run(told):
    assert sum(entry["kills"] for entry in told.values()) > 1.2 * len(LIGHT)


def test_the_judges_notice_a_writer_that_writes_in_place(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", SABOTAGE, str(tmp_path / "f")], capture_output=True, text=True, timeout=300
    )
    wrong = json.loads(done.stdout.splitlines()[-1])["filteraltimetry"]["wrong"]
    assert done.returncode == 1
    assert any("opens but is not" in text for text in wrong) and any("left ['" in text for text in wrong)


def test_an_output_that_another_program_holds_is_told(tmp_path, monkeypatch):
    def held(*_):
        raise PermissionError(13, "The process cannot access the file because it is being used by another process")

    (tmp_path / "a.csv").write_text("old")
    monkeypatch.setattr(os, "replace", held)
    with pytest.raises(InputError, match="being used by another process.; close what holds it or choose another"):
        write_table(tmp_path / "a.csv", {"a": [1.0]})
    assert (tmp_path / "a.csv").read_text() == "old" and len(list(tmp_path.iterdir())) == 1
    assert outputs.require_writable(tmp_path / "a.csv") is None
