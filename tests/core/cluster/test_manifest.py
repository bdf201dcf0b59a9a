"""What is done is known after any interruption, and nothing else passes for done."""

import errno
import json
import os

import pytest

from planetary_dtm.core.cluster.cost import Cost
from planetary_dtm.core.cluster.manifest import Done, Manifest, checksum, fingerprint
from planetary_dtm.core.errors import InputError


def _finish(manifest, name, content=b"heights"):
    path = manifest.folder / f"{name}.npy"
    path.write_bytes(content)
    manifest.add(Done(name, path.name, checksum(path), Cost(1.5, peak_mb=7.0), ("A warning.",)))


def test_a_second_start_knows_what_is_done(tmp_path):
    first = Manifest(tmp_path / "parts", "abc")
    _finish(first, "a")
    _finish(first, "b")
    first.add(Done("empty", "", ""))
    again = Manifest(tmp_path / "parts", "abc")
    assert again.done == first.done
    assert again.missing(["a", "b", "c", "empty"]) == ["c"]


def test_a_line_cut_short_and_files_altered_or_gone_do_not_count(tmp_path):
    manifest = Manifest(tmp_path, "abc")
    for name in "abcd":
        _finish(manifest, name)
    (tmp_path / "a.npy").write_bytes(b"heightz")
    (tmp_path / "b.npy").unlink()
    text = manifest.path.read_text()
    manifest.path.write_text(text[: text.rindex('"unit": "d"') + 30])
    assert sorted(Manifest(tmp_path, "abc").done) == ["c"]
    assert sorted(Manifest(tmp_path, "abc").done) == ["c"]  # mended on disk too


@pytest.mark.parametrize(
    "field, value",
    [
        ("unit", ["b"]),
        ("file", 5),
        ("sha256", None),
        ("cost", []),
        ("cost", 5),
        ("cost", {"x": 1.0}),
        ("cost", {"seconds": "1"}),
        ("cost", {"seconds": 10**400}),
        ("warnings", 5),
        ("warnings", [5]),
    ],
)
def test_a_line_that_nobody_wrote_does_not_count(tmp_path, field, value):
    manifest = Manifest(tmp_path, "abc")
    for name in "ab":
        _finish(manifest, name)
    *before, last = manifest.path.read_text().splitlines()
    manifest.path.write_text("\n".join([*before, json.dumps({**json.loads(last), field: value})]))
    assert sorted(Manifest(tmp_path, "abc").done) == ["a"]


def test_a_full_disk_is_told_and_what_was_listed_stays(tmp_path, monkeypatch):
    """As an `InputError`: the pool takes an OSError for a scheduler that went away."""
    manifest = Manifest(tmp_path, "abc")
    _finish(manifest, "a")

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"manifest\.jsonl' cannot be written \(No space left"):
        _finish(manifest, "b")
    with pytest.raises(InputError, match="No space left"):
        Manifest(tmp_path, "abc")
    monkeypatch.undo()
    assert "a" in Manifest(tmp_path, "abc").done


def test_a_line_never_leads_out_of_the_folder(tmp_path):
    outside = tmp_path / "outside.npy"
    outside.write_bytes(b"x")
    manifest = Manifest(tmp_path / "parts", "abc")
    manifest.add(Done("a", "../outside.npy", checksum(outside)))
    assert Manifest(tmp_path / "parts", "abc").missing(["a"]) == ["a"]


def test_parts_of_another_work_are_refused(tmp_path):
    _finish(Manifest(tmp_path, "abc"), "a")
    with pytest.raises(InputError, match="other inputs or parameters"):
        Manifest(tmp_path, "other")


def test_another_input_or_parameter_is_another_work(tmp_path):
    image = tmp_path / "image.tif"
    image.write_bytes(b"1")
    first = fingerprint({"side": 2048}, [str(image)])
    assert fingerprint({"side": 2048}, [str(image)]) == first
    assert fingerprint({"side": 1024}, [str(image)]) != first
    image.write_bytes(b"12")
    assert fingerprint({"side": 2048}, [str(image)]) != first
