"""Two processes with one output: the second is refused in one sentence, a killed one blocks nobody."""

import errno
import os
import signal
import subprocess
import sys
from contextlib import nullcontext

import pytest

from planetary_dtm.core.cluster.lock import NAME, sole_worker
from planetary_dtm.core.errors import InputError

HOLD = """
import sys, time
from pathlib import Path
from planetary_dtm.core.cluster.lock import sole_worker
with sole_worker(Path(sys.argv[1]), "dtm.tif"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_process_is_refused_until_the_first_is_gone(tmp_path):
    folder = tmp_path / "dtm.parts"
    with subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout.readline() == "held\n"
        with (
            pytest.raises(InputError, match=r"'dtm\.tif' is being made by another process"),
            sole_worker(folder, "dtm.tif"),
        ):
            pass
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
    with sole_worker(folder, "dtm.tif"):
        assert (folder / NAME).exists()


def test_a_file_system_without_locks_hinders_no_work(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")
    for number, goes_on in ((errno.ENOSYS, True), (errno.ENOLCK, True), (errno.EWOULDBLOCK, False)):

        def flock(file, how, number=number):
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(fcntl, "flock", flock)
        with (
            nullcontext() if goes_on else pytest.raises(InputError, match="another process"),
            sole_worker(tmp_path / "dtm.parts", "dtm.tif"),
        ):
            assert goes_on


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "dtm.parts").touch()
    with (
        pytest.raises(InputError, match=r"'dtm\.tif' cannot be written \(File exists\)"),
        sole_worker(tmp_path / "dtm.parts", "dtm.tif"),
    ):
        pass


def test_a_folder_cleared_meanwhile_is_not_held(tmp_path, monkeypatch):
    folder = tmp_path / "dtm.parts"
    monkeypatch.setattr("planetary_dtm.core.cluster.lock._locked", lambda file: (folder / NAME).unlink() is None)
    with pytest.raises(InputError, match="another process"), sole_worker(folder, "dtm.tif"):
        pass
