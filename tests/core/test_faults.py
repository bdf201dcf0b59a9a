"""Bad luck, in short form: commands killed at random, full and read-only disks, long names, two at once.

`python -m planetary_dtm.tests.faults` does it at length and for every long command.
"""

from __future__ import annotations

import os
import random
import sys

import pytest

from planetary_dtm.core import outputs
from planetary_dtm.core.errors import InputError
from planetary_dtm.core.tables import write_table
from planetary_dtm.tests.faults import kills, troubles
from planetary_dtm.tests.faults.commands import COMMANDS, LIGHT, make_light

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are watched through /proc")


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    make_light(folder)
    return folder


@pytest.fixture(scope="module")
def wholes(inputs, tmp_path_factory):
    """Undisturbed runs, made when asked for."""
    made = {}

    def whole(name):
        if name not in made:
            made[name] = kills.reference(COMMANDS[name], inputs, tmp_path_factory.mktemp("whole") / "w")
        return made[name]

    return whole


@pytest.mark.parametrize("name", LIGHT)
def test_a_killed_command_leaves_nothing_half_done_and_starts_again(name, inputs, wholes, tmp_path):
    whole = wholes(name)
    score = kills.Score(whole.seconds, whole.seconds)
    for at in (random.Random(name).random(), 1.1):  # at random, and while an output is being written
        kills.kill(name, COMMANDS[name], inputs, tmp_path / "cut", whole, at, score)
    assert [text for text in score.wrong if "work units" not in text] == []  # times are for the long run
    assert score.kills + score.finished == 2


@pytest.mark.parametrize("name", LIGHT)
def test_full_and_read_only_disks_are_told_in_a_sentence(name, inputs, tmp_path):
    assert troubles.full_disk(name, inputs, tmp_path) == []
    assert troubles.read_only(name, inputs, tmp_path) == []


@pytest.mark.parametrize("name", LIGHT)
def test_a_folder_that_goes_away_long_names_and_company(name, inputs, wholes, tmp_path):
    assert troubles.vanished(name, inputs, tmp_path) == []
    assert troubles.long_names(name, inputs, tmp_path, wholes(name)) == []
    assert troubles.company(name, inputs, tmp_path, wholes(name)) == []


def test_an_output_that_another_program_holds_is_told(tmp_path, monkeypatch):
    def held(*_):
        raise PermissionError(13, "The process cannot access the file because it is being used by another process")

    (tmp_path / "a.csv").write_text("old")
    monkeypatch.setattr(os, "replace", held)
    with pytest.raises(InputError, match="being used by another process.; close what holds it or choose another"):
        write_table(tmp_path / "a.csv", {"a": [1.0]})
    assert (tmp_path / "a.csv").read_text() == "old" and len(list(tmp_path.iterdir())) == 1
    assert outputs.require_writable(tmp_path / "a.csv") is None


def test_the_judges_notice(inputs, wholes, tmp_path, monkeypatch):
    """A writer that writes in place is found out by kill, full disk and company alike."""
    from contextlib import contextmanager
    from pathlib import Path

    from planetary_dtm.core import tables

    @contextmanager
    def in_place(path, suffixes=()):
        Path(path).write_text("half")
        kills.time.sleep(0.3)
        yield Path(path)

    whole = wholes("filteraltimetry")
    monkeypatch.setattr(tables, "replacing", in_place)
    score = kills.Score(1.0, 1.0)
    kills.kill("filteraltimetry", COMMANDS["filteraltimetry"], inputs, tmp_path / "cut", whole, 0.97, score)
    wrong = score.wrong + troubles.full_disk("filteraltimetry", inputs, tmp_path)
    assert any("f.csv" in text for text in wrong)
