"""Project files of others: no network, no control characters, no record that is none."""

import json

import pytest

from planetary_dtm.core.project_entries import asks_server, path_of, run_records, setting_of

GOOD = {
    "time": "2026-01-01 12:00",
    "image": "a.tif",
    "seconds": 3,
    "output": "/tmp/dtm.tif",
    "parameters": {"A": [1, None]},
}


@pytest.mark.parametrize(
    "text", ["/data/a b/ä.tif", "C:\\data\\a.tif", "a.gpkg|layername=x", "ce1", "\\\\server\\share\\a.tif"]
)
def test_paths_are_kept(text):
    assert path_of(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "/vsicurl/http://a/b.tif",
        "http://a/b.tif",
        "/vsizip//vsicurl/http://a/b.zip",
        "HTTPS://a",
        "/vsis3/a",
        "a\0b",
        "a\nb",
        "/tmp/" + "a" * 300,
        "x" * 5000,
    ],
)
def test_what_leads_to_the_network_or_is_no_path_is_not(text):
    assert path_of(text) == ""
    assert run_records(json.dumps([{**GOOD, "output": text}, GOOD])) == run_records(json.dumps([GOOD]))
    assert run_records(json.dumps([{**GOOD, "parameters": {"MODEL": text}}])) == []


def test_settings_are_short():
    assert setting_of("1200") == "1200" and setting_of("x" * 300) == "" and setting_of("\x1b[2J") == ""


def test_records_come_back_and_others_are_left_out():
    assert run_records(json.dumps([GOOD])) == [{**GOOD, "seconds": 3.0}]
    changes = (
        {"seconds": "3"},
        {"seconds": 10**400},
        {"seconds": float("inf")},
        {"seconds": float("nan")},
        {"output": 5},
        {"parameters": []},
        {"more": 1},
        {"time": None},
        {"parameters": {"A": {}}},
    )
    assert run_records(json.dumps([{**GOOD, **change} for change in changes] + [5, None, [], {}])) == []
    for text in ("", "[", "{}", "5", "[" * 100_000, json.dumps([GOOD])[:-3]):
        assert run_records(text) == []


@pytest.mark.parametrize("path", ["\\\\evil\\share\\x.tif", "//evil/share/x.tif", "\\/evil/x", "//EVIL"])
def test_only_the_server_of_the_project_itself_is_asked(path):
    for home in ("", "/home/user", "C:\\maps", "//other/maps", "\\\\evil.example\\maps"):
        assert asks_server(path, home)
    assert not asks_server(path, "//Evil/maps") and not asks_server("/data/x.tif", "") and not asks_server("x.tif", "")
    assert not asks_server("C:\\maps\\x.tif", "") and not asks_server("", "")
