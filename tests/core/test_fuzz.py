"""A short, seeded run of the fuzzer over every reader (`make fuzz` is the long one), and the cases that it found."""

from __future__ import annotations

import json
import os
import pickle
import socket
import warnings
import zipfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from osgeo import gdal

from planetary_dtm.core.archives import read_arrays
from planetary_dtm.core.camera import json_fields
from planetary_dtm.core.camera.open_camera import open_camera
from planetary_dtm.core.camera.sensor import load_sensor
from planetary_dtm.core.cluster.files import files_of
from planetary_dtm.core.cluster.manifest import Done, Manifest, checksum
from planetary_dtm.core.errors import InputError, MissingPackageError, PlanetaryDtmError
from planetary_dtm.core.learned import pair_folder
from planetary_dtm.core.learned.pair_folder import PairFolder
from planetary_dtm.core.learned.training import read_log
from planetary_dtm.core.named_files import xml_values
from planetary_dtm.core.rasters import Raster
from planetary_dtm.core.steps.orbit_scenes import read_scenes, segments_of
from planetary_dtm.core.tables import read_table
from planetary_dtm.core.terrain.points import open_points
from planetary_dtm.tests.fuzz import mutate, run
from planetary_dtm.tests.fuzz.readers import READERS, make_seeds, raster, spoiled

EACH = 25
LEAVING_OUT = ("project entries", "training logs")  # what they cannot use they leave out, and refuse nothing


@pytest.fixture(scope="module")
def seeds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seeds")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        make_seeds(folder)
    return folder


@pytest.mark.parametrize("reader", READERS)
def test_no_spoiled_file_does_harm(reader, seeds, tmp_path):
    if not all((seeds / name).exists() for name in READERS[reader].seeds):
        pytest.skip("needs torch")
    tally = run.Tally()
    run.fuzz(reader, 0, EACH, seeds, tmp_path / "work", tmp_path / "found", tally)
    assert tally.wrong == {}
    assert tally.inputs == EACH and (tally.refused > 0 or reader in LEAVING_OUT)
    assert spoiled(reader, seeds, 7) == spoiled(reader, seeds, 7)  # an input is known by its number


def test_the_fuzzer_notices(seeds, tmp_path, monkeypatch):
    """A reader that hangs, takes memory, dies, leaks an error of its own or opens what the file names."""

    def bad(path):
        number = len(path.read_bytes()) % 6
        if number == 0:
            while True:
                pass
        if number == 1:
            np.ones(1 << 28)
        if number == 2:
            os.abort()
        if number == 3:
            {}["field"]
        if number == 4:
            os.open("/dev/zero", os.O_RDONLY)
        raise InputError("This is no sensor; give one.")

    monkeypatch.setattr(run, "SECONDS", 0.5)
    monkeypatch.setitem(
        run.READERS,
        "sensors",
        run.READERS["sensors"].__class__(("sensor.json",), lambda d, r: d[: r.randrange(6)], bad),
    )
    tally = run.Tally()
    run.fuzz("sensors", 0, 24, seeds, tmp_path / "work", tmp_path / "found", tally)
    told = " ".join(tally.wrong)
    assert all(
        word in told for word in ("hang over 0.5 s", "MemoryError", "ended by signal 6", "KeyError", "opened /dev/zero")
    )
    assert tally.inputs == 24 and tally.refused > 0 and list((tmp_path / "found").glob("sensors-*.json"))


def test_the_fuzzer_hears_calls_and_sees_bytes_from_outside(seeds, tmp_path, monkeypatch):
    def bad(path):
        if path.read_bytes():
            socket.create_connection(("127.0.0.1", mutate.CALLED), 1).close()
        else:
            path.write_text(RAW.format(name="../outside.bin"))
            monkeypatch.setattr("planetary_dtm.core.rasters.require_local", lambda *_: None)
            raster(path)

    with socket.create_server(("127.0.0.1", 0)) as free:  # a long run at the same time would hear the usual one
        monkeypatch.setattr(mutate, "CALLED", free.getsockname()[1])
    monkeypatch.setitem(run.READERS, "sensors", run.READERS["sensors"].__class__(("sensor.json",), _halved, bad))
    tally = run.Tally()
    run.fuzz("sensors", 0, 8, seeds, tmp_path / "work", tmp_path / "found", tally)
    told = " ".join(tally.wrong)
    assert "called over the network" in told and "bytes of a file outside" in told and tally.inputs == 8


def _halved(data, rng):
    return data[: rng.randrange(2)]


RAW = (
    '<VRTDataset rasterXSize="16" rasterYSize="4"><VRTRasterBand dataType="Byte" band="1" subClass="VRTRawRasterBand">'
    '<SourceFilename relativeToVRT="1">{name}</SourceFilename><PixelOffset>1</PixelOffset><LineOffset>16</LineOffset>'
    "</VRTRasterBand></VRTDataset>"
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=25, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_json_in_any_field_is_refused_in_one_sentence_or_taken(seeds, tmp_path, data):
    """By hypothesis: a field of a camera file, at any depth, holds anything that JSON can."""
    name = data.draw(st.sampled_from(["sensor.json", "isd.json", "frame.json"]))
    content = json.loads((seeds / name).read_text())
    inner = content
    while True:
        key = data.draw(st.sampled_from(sorted(inner)))
        if not isinstance(inner[key], dict) or data.draw(st.booleans()):
            break
        inner = inner[key]
    inner[key] = data.draw(values)
    path = tmp_path / name
    path.write_text(json.dumps(content))
    try:
        (load_sensor if name == "sensor.json" else open_camera)(path)
    except PlanetaryDtmError as error:
        assert str(error).isprintable() and len(str(error)) < 700


def test_messages_hold_no_control_characters_and_end():
    error = InputError("Column '\x1b[2J\n\x00' " + "A" * 9000 + " is text; correct it.")
    assert str(error).isprintable() and 300 < len(str(error)) < 700 and str(error).endswith("correct it.")
    again = pickle.loads(pickle.dumps(MissingPackageError("laspy", "Reading LAS")))
    assert str(again) == str(MissingPackageError("laspy", "Reading LAS")) and again.package == "laspy"


# What the first runs found, each as small as it gets.


def test_las_headers_that_lie(seeds, tmp_path):
    good = (seeds / "points.las").read_bytes()
    path = tmp_path / "points.las"
    for place, value, size in (
        (96, 2**32 - 1, 4),
        (100, 2**32 - 1, 4),
        (105, 0, 2),
        (247, 2**62, 8),
        (243, 2**31, 4),
        (94, 9, 2),
    ):
        path.write_bytes(good[:place] + value.to_bytes(size, "little") + good[place + size :])
        with pytest.raises(InputError, match="damaged"):
            open_points(path)
    for length in (0, 100, 300, 400, len(good) - 1):
        path.write_bytes(good[:length])
        with pytest.raises(InputError):
            open_points(path)
    vlr = int.from_bytes(good[94:96], "little")
    path.write_bytes(good[: vlr + 20] + b"\xff\xff" + good[vlr + 22 :])
    with pytest.raises(InputError, match="damaged"):
        open_points(path)


@pytest.mark.parametrize(
    "field, value",
    [
        ("focal_length_mm", 10**400),
        ("samples", -(10**400)),
        ("name", 5),
        ("views", [5]),
        ("views", [{"name": "x" * 9999}]),
    ],
)
def test_sensor_fields(seeds, tmp_path, field, value):
    path = tmp_path / "sensor.json"
    path.write_text(json.dumps({**json.loads((seeds / "sensor.json").read_text()), field: value}))
    with pytest.raises(InputError):
        load_sensor(path)
    for text in ("[" * 100_000, "9" * 5000, "{"):
        path.write_text(text)
        with pytest.raises(InputError):
            load_sensor(path)


@pytest.mark.parametrize("name", ["", ".", "a" * 5000, "../../etc/passwd", "a\0b"])
def test_frame_cameras_take_their_size_from_beside_them_alone(seeds, tmp_path, name):
    content = json.loads((seeds / "frame_beside.json").read_text())
    (tmp_path / "frame.json").write_text(json.dumps({**content, "image": name}))
    with pytest.raises(InputError, match="is not beside it"):
        open_camera(tmp_path / "frame.json")


@pytest.mark.parametrize("frame", [{"a": 1}, [1], "J2000", None])
def test_frames_of_isds_are_numbers(seeds, tmp_path, frame):
    content = json.loads((seeds / "isd.json").read_text())
    content["instrument_position"]["reference_frame"] = frame
    (tmp_path / "isd.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match="reference_frame"):
        open_camera(tmp_path / "isd.json")


def npz(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return path


def npy(header, data=b"\0" * 8):
    text = header.encode().ljust(118) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


@pytest.mark.parametrize(
    "content, said",
    [
        (npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000, 1000000000)}"), "announces"),
        (npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}"), "announces"),
        (npy("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}"), "announces"),
        (npy("{'descr': '<f8', 'fortran_order': False, 'shape': (True,)}"), "announces"),
        (npy("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,)}"), "announces"),
        (npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1,"), "damaged header"),
        (npy("__import__('os').abort()"), "damaged header"),
        (b"\x93NUMPY\x09\x00" + b"\0" * 100, "no array"),
        (b"text", "no array"),
        (b"\0" * (1 << 20), "MB"),
    ],
)
def test_archives_announce_what_they_hold(tmp_path, content, said):
    with pytest.raises(ValueError, match=said):
        read_arrays(npz(tmp_path / "a.npz", values=content), ["values"], 1 << 19)


def test_archives_that_are_whole_or_not(tmp_path):
    path = tmp_path / "a.npz"
    values = np.asfortranarray(np.arange(6.0, dtype=">f8").reshape(2, 3))
    np.savez_compressed(path, values=values, step=2.5)
    found = read_arrays(path, ["step", "values"], 1000)
    assert found["step"] == 2.5 and np.array_equal(found["values"], values)
    with pytest.raises(ValueError, match=r"lacks|no item"):
        read_arrays(path, ["start"], 1000)
    data = bytearray(path.read_bytes())
    data[path.read_bytes().index(b"values.npy") + 30] ^= 255
    path.write_bytes(data)
    with pytest.raises(ValueError, match="unpacked|whole archive"):
        read_arrays(path, ["values"], 1000)
    path.write_bytes(data[:-30])
    with pytest.raises(ValueError, match="whole archive"):
        read_arrays(path, ["values"], 1000)


@pytest.mark.parametrize("key", ["sources", "held_out_boxes", "tile", "pixel_m", "grey", "sun_azimuth"])
def test_pair_manifests_are_checked_field_by_field(seeds, tmp_path, key):
    content = json.loads((seeds / "pairs" / "manifest.json").read_text())
    for bad in ({k: v for k, v in content.items() if k != key}, {**content, key: "\0"}, {**content, key: [True]}):
        (tmp_path / "manifest.json").write_text(json.dumps(bad))
        with pytest.raises(InputError, match=f"no usable field '{key}'"):
            PairFolder(tmp_path)


def test_json_that_would_take_more_than_a_gigabyte_is_refused_unread(seeds, tmp_path, monkeypatch):
    """Memory for the dearest JSON, lists in lists, is 40 times its size: largest that is read stays under 1 GB."""
    assert (seeds / "isd.json").stat().st_size * 40 < json_fields._MOST_BYTES
    assert 40 * max(json_fields._MOST_BYTES, pair_folder._MOST_BYTES) < 1 << 30
    monkeypatch.setattr(Path, "read_text", None)
    for name, reads in (("isd.json", open_camera), ("frame.json", open_camera), ("manifest.json", PairFolder)):
        with (tmp_path / name).open("w") as file:
            file.truncate((20 << 20) + 1)
        with pytest.raises(InputError, match="has 20 MB|is damaged"):
            reads(tmp_path / name if reads is open_camera else tmp_path)


def test_a_line_of_a_manifest_names_a_file_of_its_folder(tmp_path):
    parts = tmp_path / "parts"
    parts.mkdir()
    for place in (tmp_path / "secret", parts / "own"):
        place.write_bytes(b"0123")
    good = asdict(Done("r0", "own", checksum(parts / "own")))
    for name in ("own", "../secret", str(tmp_path / "secret"), "a" * 5000, "a\0b", ".", ".."):
        lines = [{"fingerprint": "mine"}, {**good, "file": name}]
        (parts / "manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        assert set(Manifest(parts, "mine").done) == ({"r0"} if name == "own" else set())


def test_the_list_of_parts_that_is_spoiled_is_a_sound_one(seeds, tmp_path):
    (tmp_path / "manifest.jsonl").write_bytes((seeds / "manifest.jsonl").read_bytes())
    (tmp_path / "r0.npy").write_bytes(b"0123")
    assert set(Manifest(tmp_path, "of these").done) == {"r0", "r2"}


@pytest.mark.parametrize(
    "text", ["", "\n", "a,a\n1,2\n", "a,b\n1\n", 'a,b\n"1,2\n', "a\0b,c\n1,2\n", "a;b\n", "\ufeff"]
)
def test_small_tables(tmp_path, text):
    (tmp_path / "t.csv").write_text(text)
    try:
        read_table(tmp_path / "t.csv")
    except InputError as error:
        assert str(error).isprintable()


@pytest.mark.parametrize(
    "text", ["<?a \u202e?><a/>", "<?a\ufeffb?><a/>", "<a>&#xd800;</a>", "<&#xdc00;/>", "<a b='&#xdfff;'/>"]
)
def test_xml_whose_names_gdal_cuts_within_a_character(text):
    for _ in range(20):  # Python's quickened calls check less
        with pytest.raises(ValueError, match="not whole"):
            xml_values(text)
    assert [value.text for value in xml_values("<a>&#233;</a>")] == ["é"]


@pytest.mark.parametrize("column", ["images", "sensor", "gcps", "eops", "altimetry"])
@pytest.mark.parametrize("name", ["a\0b", "a" * 5000, "a/" * 3000])
def test_orbits_of_names_that_no_file_can_have(seeds, tmp_path, column, name):
    row = {"images": "i.tif;j.tif", "sensor": "ce1", "gcps": "", "eops": "e.csv", "altimetry": ""}
    for file in ("i.tif", "j.tif", "e.csv"):
        (tmp_path / file).write_bytes((seeds / ("eops.csv" if file == "e.csv" else "image.tif")).read_bytes())
    row |= {"eops": ""} if column == "gcps" else {}
    for value in (name, row[column]) if column != "gcps" else (name,):
        row[column] = value
        (tmp_path / "scenes.csv").write_text(",".join(row) + "\n" + ",".join(row.values()) + "\n")
        if value == name and column != "sensor":
            with pytest.raises(InputError, match="no path|does not exist|has 1 images|is no file"):
                read_scenes(str(tmp_path / "scenes.csv"), None, None)
        else:
            (scene,) = read_scenes(str(tmp_path / "scenes.csv"), None, None)
    if column == "sensor":
        assert scene.sensor == "ce1"


def test_sensors_of_an_orbits_folder(seeds, tmp_path):
    """A pixel of no size; views that name files of other folders."""
    orbit, content = tmp_path / "orbits" / "one", json.loads((seeds / "sensor.json").read_text())
    orbit.mkdir(parents=True)
    for file, seed in (("nadir.tif", "image.tif"), ("forward.tif", "image.tif"), ("gcps.csv", "gcps.csv")):
        (orbit / file).write_bytes((seeds / seed).read_bytes())
        (tmp_path / file).write_bytes((seeds / seed).read_bytes())
    (orbit / "sensor.json").write_text(json.dumps({**content, "pixel_pitch_mm": 5e-324}))
    (scene,) = read_scenes(None, str(orbit.parent), None)
    with pytest.raises(InputError, match="pixel_pitch_mm"):
        segments_of(scene, 10, 1, "")
    for place in ("../../", f"{tmp_path}/", "a" * 5000 + "/"):
        views = [{**view, "name": place + view["name"]} for view in content["views"]]
        (orbit / "sensor.json").write_text(json.dumps({**content, "views": views}))
        with pytest.raises(InputError):
            read_scenes(None, str(orbit.parent), None)


@pytest.mark.parametrize("line", ['{"step": %s}' % ("9" * 400), "[" * 100_000, "9" * 5000, '{"step": Infinity}', "[]"])
def test_logs_of_trainings(tmp_path, line):
    good = '{"step": 1, "loss": 2, "seconds": 3, "cpu_seconds": 4}\n'
    (tmp_path / "log.jsonl").write_text(
        good + line.replace("}", ', "loss": 1, "seconds": 1, "cpu_seconds": 1}') + "\n" + good
    )
    assert [entry["step"] for entry in read_log(tmp_path / "log.jsonl")] == [1]


def test_a_raster_without_columns(tmp_path):
    cards = ("SIMPLE  =                    T", "BITPIX  =                    8", "NAXIS   =                    2")
    for columns in (0, 2):
        size = (f"NAXIS1  = {columns:20}", f"NAXIS2  = {20:20}", "END")
        (tmp_path / "a.fits").write_text("".join(card.ljust(80) for card in (*cards, *size)).ljust(2880) + "\0" * 2880)
        if columns:
            assert Raster(tmp_path / "a.fits").size == (20, 2)
        else:
            with pytest.raises(PlanetaryDtmError, match="cannot be opened"):
                Raster(tmp_path / "a.fits")


@pytest.mark.parametrize("count", [0x7FFFFFFF, 0x3FFFFFFF, 0xFFFFFFFF, 1000])
@pytest.mark.parametrize("place", [12, 28])  # how many dimensions, how long the name of the second
def test_netcdf_that_announces_more_than_it_holds_ends_the_librarys_process(seeds, tmp_path, count, place):
    good = (seeds / "image.nc").read_bytes()
    (tmp_path / "a.nc").write_bytes(good[:place] + count.to_bytes(4, "big") + good[place + 4 :])
    with pytest.raises(InputError, match="announces more"):
        Raster(tmp_path / "a.nc")


@pytest.mark.parametrize(
    "kernel", ["", "<Kernel/>", "<Kernel><Size>0</Size></Kernel>", "<Kernel><Size>a1</Size></Kernel>"]
)
def test_filters_without_a_kernel_which_end_gdals_process(seeds, tmp_path, kernel):
    (tmp_path / "image.tif").write_bytes((seeds / "image.tif").read_bytes())
    text = (seeds / "image.vrt").read_text().replace("SimpleSource>", "KernelFilteredSource>")
    for inside, sound in ((kernel, False), ("<Kernel><Size>1</Size><Coefs>1</Coefs></Kernel>", True)):
        (tmp_path / "a.vrt").write_text(text.replace("</KernelF", f"{inside}</KernelF"))
        if sound:
            assert Raster(tmp_path / "a.vrt").read()[1].any()
        else:
            with pytest.raises(InputError, match="no Kernel"):
                Raster(tmp_path / "a.vrt")


def test_a_damaged_database_that_a_driver_opens_to_see_what_it_is(seeds, tmp_path):
    (tmp_path / "a.sqlite").write_bytes((seeds / "layer.sqlite").read_bytes()[:100] + b"<" * 3996)
    for reads in (read_table, Raster, lambda path: files_of(str(path))):
        try:
            reads(tmp_path / "a.sqlite")
        except PlanetaryDtmError as error:
            assert str(error).isprintable()


def test_notes_beside_a_raster_that_are_no_text(tmp_path):
    """GDAL gives them as bytes; who reads a datum or a sun's azimuth of them wants text."""
    path = tmp_path / "image.png"
    dataset = gdal.GetDriverByName("MEM").Create("", 4, 4)
    gdal.GetDriverByName("PNG").CreateCopy(str(path), dataset)
    notes = b'<PAMDataset><Metadata><MDI key="DATUM">\xff\xffcrs</MDI></Metadata></PAMDataset>'
    (tmp_path / "image.png.aux.xml").write_bytes(notes)
    assert Raster(path).metadata["DATUM"] == "\ufffd\ufffdcrs"
