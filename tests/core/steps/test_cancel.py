"""Cancel in every step: it is heard, and nothing is left. `planetary-dtm bench cancel` measures how soon."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time

import pytest

from planetary_dtm.benchmarks.cancel import _left, _temporary, _with_outputs
from planetary_dtm.benchmarks.cancel_inputs import Inputs
from planetary_dtm.core.errors import CancelledError
from planetary_dtm.core.steps import STEP_IDS, step


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    return Inputs(tmp_path_factory.mktemp("inputs"), large=False)


def test_every_step_is_cancelled_here():
    assert [name for name in STEP_IDS if not hasattr(Inputs, f"_{name}")] == []


@pytest.mark.parametrize("name", STEP_IDS)
def test_cancelled_leaves_nothing(inputs, tmp_path, monkeypatch, name, calls=5):
    for number, (_, values) in enumerate(inputs.of(name)):
        scratch = str(tmp_path / str(number))
        (tmp_path / str(number)).mkdir()
        monkeypatch.setattr(tempfile, "tempdir", _temporary(scratch))
        ready, told = _with_outputs(name, values, scratch), []

        def go_on(fraction, message="", told=told):
            told.append(fraction)
            return len(told) < calls

        try:
            step(name).run(**step(name).checked(ready), progress=go_on)
        except CancelledError:
            # Not temporary: blocks and checkpoints are what the next start goes on from, and a training's report, there
            # since its first checkpoint, is what tells the user where it stands and how to go on.
            meant = (".parts", ".training", *(["_report.html"] if name == "trainmodel" else []))
            assert [path for path in _left(scratch) if not path.endswith(meant)] == []
        else:
            assert len(told) < calls


def test_interrupted_command_ends_with_130_and_leaves_nothing(tmp_path):
    made = tmp_path / "made"
    made.mkdir()
    command = [sys.executable, "-m", "planetary_dtm.core.cli", "simulateview", "--size", "8192", "--output-folder"]
    running = subprocess.Popen([*command, str(made / "view")], stderr=subprocess.PIPE, text=True)
    time.sleep(4)
    running.send_signal(signal.SIGINT)
    _, told = running.communicate(timeout=60)
    assert running.returncode == 130 and told.strip() == "Cancelled." and list(made.iterdir()) == []
