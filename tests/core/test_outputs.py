"""Outputs are whole or absent, whatever happens; what a killed process left goes when the output is written again."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import time
from types import SimpleNamespace

import pytest

from planetary_dtm.core import outputs
from planetary_dtm.core.errors import InputError
from planetary_dtm.core.outputs import (
    MARK,
    discard,
    replacing,
    replacing_folder,
    require_writable,
    together,
    workplace,
)


def killed_while_writing(path, folder=False, ready=0.0):
    """A process that is killed between the first bytes and the rename."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        with (replacing_folder if folder else replacing)(path) as temporary:
            (temporary / "made.txt" if folder else temporary).write_text("half")
            os.write(write, b"x")
            time.sleep(60)
    assert os.read(read, 1) == b"x"
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(read), os.close(write)


@pytest.mark.parametrize("name", ["a.tif", "a.b.tif", "plain", "[x]*?.csv", "ü" * 60 + ".tif", "a" * 240 + ".tif"])
def test_what_a_killed_process_left_goes_with_the_next_writing(tmp_path, name):
    target, other = tmp_path / name, tmp_path / ("other-" + name[-10:])
    killed_while_writing(target)
    killed_while_writing(other)
    left = [p.name for p in tmp_path.iterdir()]
    assert len(left) == 2 and all(p.startswith(".") and ".part" in p and len(os.fsencode(p)) <= 255 for p in left)
    with replacing(target) as temporary:
        temporary.write_text("whole")
    assert target.read_text() == "whole"
    assert len(list(tmp_path.iterdir())) == 2  # what was left of the other output is not ours to judge
    with replacing(other) as temporary:
        temporary.write_text("whole")
    assert sorted(tmp_path.iterdir()) == sorted([target, other])


def test_folders_and_workplaces_are_cleared_too(tmp_path):
    target = tmp_path / "scene.v1"
    killed_while_writing(target, folder=True)
    with replacing_folder(target) as temporary:
        (temporary / "made.txt").write_text("whole")
    assert list(tmp_path.iterdir()) == [target]
    child = os.fork()
    if child == 0:
        with workplace(tmp_path / "dtm.tif") as folder:
            (folder / "x").mkdir()
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert len(list(tmp_path.iterdir())) == 2
    with workplace(tmp_path / "dtm.tif") as folder:
        assert len(list(tmp_path.iterdir())) == 2 and not list(folder.iterdir())
    assert list(tmp_path.iterdir()) == [target]


def written(target, *names):
    with replacing_folder(target) as temporary:
        for name in names:
            (temporary / name).parent.mkdir(exist_ok=True)
            (temporary / name).write_text("new")


def test_a_folder_of_an_earlier_run_is_replaced_as_a_whole(tmp_path):
    target, link = tmp_path / "scene.v1", tmp_path / "link"
    target.mkdir()
    written(target, "image.tif", "backward.tif")  # into an empty one
    for left in ("image.tif.aux.xml", ".DS_Store"):
        (target / left).touch()
    link.symlink_to(target)
    written(link, "image.tif", "sub/forward.tif")
    found = sorted(path.relative_to(target).as_posix() for path in target.rglob("*"))
    assert found == [MARK, "image.tif", "sub", "sub/forward.tif"]
    assert link.is_symlink() and sorted(tmp_path.iterdir()) == [link, target]


@pytest.mark.parametrize("name", ["sensor.json", "sub/x.txt", "image.qml", "images.tif"])
def test_a_folder_with_files_of_others_is_refused_and_stays(tmp_path, name):
    target = tmp_path / "scene"
    written(target, "image.tif")
    (target / name).parent.mkdir(exist_ok=True)
    (target / name).write_text("mine")
    before = sorted(target.rglob("*"))
    with pytest.raises(InputError, match=f"holds '{name}', which no earlier run made there; "):
        written(target, "image.tif", "sensor.json")
    (target / name).unlink()
    with pytest.raises(InputError, match="which no earlier run made"), replacing_folder(target) as temporary:
        (temporary / "image.tif").touch()
        (target / name).write_text("mine")  # meanwhile
    assert sorted(target.rglob("*")) == before and (target / name).read_text() == "mine"
    assert (target / "image.tif").read_text() == "new" and list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("renames", [1, 2])
def test_killed_while_one_folder_takes_the_place_of_another_the_old_or_the_new_is_there_again(
    tmp_path, monkeypatch, renames
):
    target, other, rename = tmp_path / "scene.v1", tmp_path / "scene.v2", os.replace
    written(target, "old.tif")
    done = []

    def killing(*names):
        rename(*names)
        done.append(names)
        if len(done) == renames:
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        monkeypatch.setattr(os, "replace", killing)
        written(target, "new.tif")
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    assert not target.exists() if renames == 1 else (target / "new.tif").exists()
    written(other, "other.tif")  # touches nothing of it
    with pytest.raises(KeyError), replacing_folder(target):
        raise KeyError
    kept = "old.tif" if renames == 1 else "new.tif"
    assert sorted(path.name for path in target.iterdir()) == [MARK, kept]
    assert sorted(tmp_path.iterdir()) == [target, other]


def test_the_old_folder_comes_back_where_the_new_one_cannot_come_in(tmp_path, monkeypatch):
    target, rename = tmp_path / "scene", os.replace
    written(target, "old.tif")

    def held(source, place):
        if ".part" in str(source):
            raise PermissionError(13, "Permission denied")
        rename(source, place)

    monkeypatch.setattr(os, "replace", held)
    with pytest.raises(InputError, match="was not written"):
        written(target, "new.tif")
    assert sorted(path.name for path in target.iterdir()) == [MARK, "old.tif"] and list(tmp_path.iterdir()) == [target]


def test_a_folder_that_is_discarded_is_gone_before_its_files_are(tmp_path, monkeypatch):
    """Another process would take what is left of it for whole; a kill meanwhile leaves what the next writing clears."""
    folder, found, removed = tmp_path / "dtm.parts", [], shutil.rmtree
    folder.mkdir()
    (folder / "manifest.jsonl").touch()
    monkeypatch.setattr(shutil, "rmtree", lambda path, **how: found.append((folder.exists(), list(path.iterdir()))))
    child = os.fork()
    if child == 0:
        discard(folder)
        os._exit(found[0][0] or len(found[0][1]) != 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert len(list(tmp_path.iterdir())) == 1 and not folder.exists()
    monkeypatch.setattr(shutil, "rmtree", removed)
    with replacing(tmp_path / "dtm.tif") as temporary:
        temporary.touch()
    assert [path.name for path in tmp_path.iterdir()] == ["dtm.tif"]


def test_what_another_living_process_or_machine_writes_stays(tmp_path, monkeypatch):
    target = tmp_path / "a.tif"
    with replacing(target) as first:
        first.write_text("first")
        with replacing(target) as second:
            second.write_text("second")
        assert first.exists()
    assert target.read_text() == "first"  # the last to end
    monkeypatch.setattr(socket, "gethostname", lambda: "elsewhere")
    outputs._machine.cache_clear()
    killed_while_writing(target)
    monkeypatch.undo()
    outputs._machine.cache_clear()
    with replacing(target) as temporary:
        temporary.write_text("third")
    assert target.read_text() == "third" and len(list(tmp_path.iterdir())) == 2


def test_an_error_leaves_the_old_file(tmp_path):
    target = tmp_path / "a.csv"
    target.write_text("old")
    with pytest.raises(InputError, match="No space left"), replacing(target) as temporary:
        temporary.write_text("half")
        raise OSError(28, "No space left on device")
    with pytest.raises(KeyError), together(), replacing(target) as temporary:
        temporary.write_text("half")
        raise KeyError
    assert target.read_text() == "old" and list(tmp_path.iterdir()) == [target]


def test_a_full_disk_is_told_as_such_whatever_the_writer_calls_it(tmp_path, monkeypatch):
    left = [0]
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=left[0]))
    for left[0], said in ((0, "No space left on device"), (1 << 40, "332800 requested and 992 written")):
        with pytest.raises(InputError, match=rf"cannot be written \({said}\)"), replacing(tmp_path / "a.npy"):
            raise OSError("332800 requested and 992 written")


def test_together_is_all_or_nothing(tmp_path):
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    with pytest.raises(KeyError), together():
        with replacing(first) as temporary:
            temporary.write_text("1")
        assert not first.exists()
        raise KeyError
    assert not list(tmp_path.iterdir())
    with together():
        for target in (first, second):
            with replacing(target) as temporary:
                temporary.write_text("1")
    assert sorted(tmp_path.iterdir()) == [first, second]


@pytest.mark.parametrize(
    "name, said",
    [
        ("no/a.tif", "does not exist"),
        (".", "is a folder"),
        ("a.png", "must end in .tif"),
        ("a" * 300 + ".tif", "too long"),
    ],
)
def test_what_cannot_be_written_is_told_before_the_work(tmp_path, name, said):
    with pytest.raises(InputError, match=said):
        require_writable(tmp_path / name, (".tif",) if name != "." else ())
    assert not list(tmp_path.iterdir())
