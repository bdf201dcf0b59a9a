"""Tables read from CSV, gzip and vector layers; what is wrong with them is said in one sentence."""

from __future__ import annotations

import gzip
import tracemalloc

import numpy as np
import pytest

from planetary_dtm.core.bodies import body_named
from planetary_dtm.core.errors import CancelledError, InputError
from planetary_dtm.core.progress import hearing
from planetary_dtm.core.tables import read_table, write_table


def columns(n=50):
    rng = np.random.default_rng(1)
    return {
        "lon": rng.uniform(-180, 180, n),
        "lat": rng.uniform(-90, 90, n),
        "altitude": rng.normal(0, 1000, n),
        "line": np.arange(n),
        "view": np.array(["nadir", "forward"] * (n // 2)),
    }


@pytest.mark.parametrize("suffix", [".csv", ".gpkg", ".geojson"])
def test_written_table_reads_back(tmp_path, suffix):
    made = columns()
    write_table(tmp_path / f"t{suffix}", made, (made["lon"], made["lat"]), body_named("Moon"))
    table = read_table(tmp_path / f"t{suffix}")
    assert len(table) == 50
    assert np.array_equal(table.numbers("altitude"), made["altitude"])
    assert list(table.columns["view"]) == list(made["view"])
    lon, lat = table.lonlat()
    assert np.allclose(np.degrees(lon), made["lon"], atol=1e-7)
    assert np.allclose(np.degrees(lat), made["lat"], atol=1e-7)
    assert (table.body is None) == (suffix == ".csv")
    assert [file.name for file in tmp_path.iterdir()] == [f"t{suffix}"]


def test_geometry_counts_before_columns(tmp_path):
    made = columns()
    write_table(tmp_path / "t.gpkg", {**made, "lon": made["lon"] * 0}, (made["lon"], made["lat"]), body_named("Mars"))
    assert np.allclose(np.degrees(read_table(tmp_path / "t.gpkg").lonlat()[0]), made["lon"], atol=1e-9)


@pytest.mark.parametrize("mark", [",", ";", "\t", " "])
def test_separators_blanks_and_gzip(tmp_path, mark):
    text = mark.join(["lon", "lat", "altitude"]) + "\n" + mark.join(["1.5", "2", "-3e2"]) + "\n"
    (tmp_path / "t.csv").write_text(text, "utf-8")
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(text.encode()))
    for name in ("t.csv", "t.csv.gz"):
        assert read_table(tmp_path / name).numbers("ALTITUDE")[0] == -300.0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"lon,lat\n", "no rows"),
        (b"lon,lat,lon\n1,2,3\n", "two columns named 'lon'"),
        (b"lon,lat\n1,2\n3\n", "line 3"),
        (b"\x1f\x8bnot gzip", "cannot be read"),
        (b"lon,lat\n\xff\xfe,1\n", "cannot be read"),
    ],
)
def test_damaged_tables_are_one_sentence(tmp_path, content, message):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_table(tmp_path / "t.csv")


def test_missing_text_and_swapped_columns_are_named(tmp_path):
    (tmp_path / "t.csv").write_text("lon,lat,z\n10,120,high\n", "utf-8")
    table = read_table(tmp_path / "t.csv")
    with pytest.raises(InputError, match=r"no column 'altitude'.*lon, lat, z"):
        table.numbers("altitude")
    with pytest.raises(InputError, match="'z'.*is text"):
        table.numbers("z")
    with pytest.raises(InputError, match="swapped"):
        table.lonlat()


def test_absent_files_and_formats(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        read_table(tmp_path / "no.csv")
    (tmp_path / "x.bin").write_bytes(b"123")
    with pytest.raises(InputError, match="cannot be opened"):
        read_table(tmp_path / "x.bin")
    with pytest.raises(InputError, match="must end in"):
        write_table(tmp_path / "x.xlsx", columns())


@pytest.mark.parametrize(
    "content, message",
    [
        (b"lon,lat\n" + b"0" * (1 << 23), "has a line of 128 KB or more"),
        (b"0" * (1 << 23), "has a line of 128 KB or more"),
        (b"lon lat\n1 2\n" + (b" " * 9999 + b"\n") * 1700, "unpacks to more than 100 times"),
        (b",".join(b"c%d" % number for number in range(5000)) + b"\n1,2\n", "has 5000 columns"),
        (b"lon,lat\n" + b"1," * 60_000 + b"\n", "row of 60001 values"),
    ],
)
def test_what_unpacks_to_anything_but_a_table_is_refused_soon(tmp_path, content, message):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(content, 6))
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=message):
            read_table(path)
        assert tracemalloc.get_traced_memory()[1] < 30e6
    finally:
        tracemalloc.stop()


def test_a_table_that_packs_well_is_read(tmp_path):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"lon,lat,altitude\n" + b"1.25,0.5,-1900\n" * 60_000, 9))
    assert path.stat().st_size * 200 < 900_000 and len(read_table(path)) == 60_000


def test_a_cancel_is_heard_among_lines_that_hold_nothing(tmp_path):
    (tmp_path / "a.csv").write_text("lon,lat\n1,2\n" + "\n" * 3_000_000)
    asked = []
    with pytest.raises(CancelledError), hearing(lambda fraction, message="": bool(asked.append(1)) or len(asked) < 2):
        read_table(tmp_path / "a.csv")
