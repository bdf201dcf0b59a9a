"""Several outputs of one run: all of them appear, or none."""

from __future__ import annotations

import threading

import pytest

from planetary_dtm.core.outputs import replacing, replacing_folder, together


def write(path, text):
    with replacing(path) as temporary:
        temporary.write_text(text)


def test_nothing_has_its_name_before_the_end(tmp_path):
    with together():
        write(tmp_path / "a.txt", "a")
        with replacing_folder(tmp_path / "many") as folder:
            (folder / "b.txt").write_text("b")
        assert not (tmp_path / "a.txt").exists() and not (tmp_path / "many").exists()
    assert (tmp_path / "a.txt").read_text() == "a" and (tmp_path / "many" / "b.txt").read_text() == "b"
    assert len(list(tmp_path.iterdir())) == 2


def test_failure_leaves_what_was_there(tmp_path):
    (tmp_path / "a.txt").write_text("before")
    with pytest.raises(KeyboardInterrupt), together():
        write(tmp_path / "a.txt", "after")
        with replacing_folder(tmp_path / "many") as folder:
            (folder / "b.txt").write_text("b")
        raise KeyboardInterrupt
    assert (tmp_path / "a.txt").read_text() == "before" and [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_an_inner_group_ends_by_itself(tmp_path):
    with together():
        with together():
            write(tmp_path / "stage.txt", "for the next stage")
        assert (tmp_path / "stage.txt").exists()
        write(tmp_path / "end.txt", "at the end")
        assert not (tmp_path / "end.txt").exists()
    assert (tmp_path / "end.txt").exists()


def test_other_threads_are_not_held_up(tmp_path):
    with together():
        thread = threading.Thread(target=write, args=(tmp_path / "other.txt", "x"))
        thread.start()
        thread.join()
        assert (tmp_path / "other.txt").exists()
