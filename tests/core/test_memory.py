"""What a command takes of memory is told before it begins, is true, and is kept to what is allowed."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys

import numpy as np
import pytest

from planetary_dtm.core import memory
from planetary_dtm.core.camera.csm_rewrite import rewritten_state
from planetary_dtm.core.camera.csm_state import state_text
from planetary_dtm.core.camera.sensor import sensor_to_json
from planetary_dtm.core.cli import main
from planetary_dtm.core.errors import InputError
from planetary_dtm.core.geotiff import Band, write_dtm, write_image
from planetary_dtm.core.rasters import Grid
from planetary_dtm.core.resection.tables import write_gcps
from planetary_dtm.core.simulation.scene import simulate
from planetary_dtm.core.simulation.terrain import PaperTerrain
from planetary_dtm.core.steps.tie_tables import write_tie_table
from planetary_dtm.core.tables import write_table
from planetary_dtm.tests.core.resection import narrow

SIDE = 1200
GRID = Grid(SIDE, SIDE, (10.0, 0.001, 0.0, 5.0, 0.0, -0.001), "+proj=longlat +R=1737400 +no_defs")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("memory")
    rng = np.random.default_rng(1)
    height = np.cumsum(rng.normal(0, 5, (SIDE, SIDE)), axis=1)
    write_dtm(place / "dtm.tif", GRID, [height], [Band("height")], {"LEVELLED": "YES"})
    write_dtm(place / "coarse.tif", GRID.resized(300, 300), [height[::4, ::4]], [Band("height")], {})
    write_image(place / "image.tif", GRID, rng.integers(1, 255, (SIDE, SIDE), dtype=np.uint8), {})
    lon, lat = rng.uniform(10, 11.2, (2, 3000))
    write_table(place / "shots.csv", {"lon": lon, "lat": lat - 6.2, "altitude": rng.normal(0, 20, 3000)})
    lon, lat = 10 + 1e-5 * np.arange(3000), 5 + 4e-5 * np.arange(3000)
    write_table(place / "ends.csv", {"line": np.arange(3000), "lon": lon, "lat": lat, "lon2": lon + 2.0})
    flown = simulate("ce1", PaperTerrain(), 40, seed=2, start_latitude=0.4, altimetry=False)
    write_gcps(place / "gcps.csv", flown.control, flown.sensor)
    (place / "sensor.json").write_text(json.dumps(sensor_to_json(flown.sensor)))
    for camera in narrow.spoiled():
        (place / f"{camera.name}.json").write_text(state_text(rewritten_state(camera, 100.0)))
    write_tie_table(place / "ties.csv", narrow.ties(60), ["left", "right"])
    return place


COMMANDS = {
    "comparedtm": ("--input", "dtm.tif", "--reference", "coarse.tif", "--output", "o.tif"),
    "leveldtm": ("--input", "dtm.tif", "--reference-dem", "coarse.tif", "--output", "o.tif"),
    "hillshade": ("--input", "dtm.tif", "--output", "o.tif"),
    "dtmfromextent": ("--input", "image.tif", "--output", "o.tif"),
    "filteraltimetry": ("--input", "shots.csv", "--body", "Moon", "--output", "o.csv"),
    "importgcps": (
        *("--input", "ends.csv", "--sensor", "sensor.json", "--views", "nadir", "--line-field", "line"),
        *("--lon-first", "lon", "--lat-first", "lat", "--lon-last", "lon2", "--lat-last", "lat", "--output", "o.csv"),
    ),
    "trainingpairs": ("--dem", "dtm.tif", "--count", "4", "--tile", "64", "--output-folder", "tiles.tif"),
    "densematch": ("--image-a", "image.tif", "--image-b", "dtm.tif", "--output", "o.tif"),
    "intersect": ("--matches", "m.tif", "--sensor", "ce1", "--eops", "e.csv", "--output", "o.las"),
    "orthoimage": ("--image", "image.tif", "--sensor", "ce1", "--eops", "e.csv", "--output", "o.tif"),
    "certaintymap": ("--input", "shots.csv", "--body", "Moon", "--output", "o.tif"),
    "pointstodtm": ("--input", "shots.csv", "--crs", GRID.crs, "--output", "o.tif"),
    "recovereop": ("--gcps", "gcps.csv", "--sensor", "sensor.json", "--altimetry", "shots.csv", "--output", "o.csv"),
    "refinecameras": ("--cameras", "left.json", "right.json", "--ties", "ties.csv", "--output-folder", "o.tif"),
    "simulateview": ("--size", "1200", "--output-folder", "scene.tif"),
    "simulatescene": ("--terrain", "dtm.tif", "--lines", "100", "--no-images", "--output-folder", "o.tif"),
}


# A command, and the largest memory that it took (kB).
PEAK = """
import sys
from pathlib import Path
from planetary_dtm.core.cli import main
status = main(sys.argv[1:])
print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
sys.exit(status)
"""


def words(folder, name):
    return [
        name,
        *(str(folder / word) if word.endswith((".tif", ".csv", ".json")) else word for word in COMMANDS[name]),
    ]


@pytest.mark.parametrize("name", COMMANDS)
def test_what_does_not_fit_is_refused_before_it_begins(folder, name, capsys):
    before = sorted(folder.iterdir())
    assert main([*words(folder, name), "--memory", "50"]) == 1
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert "MB of memory, MEMORY allows 50 MB; " in said and said.startswith(f"planetary-dtm {name}: ")
    assert sorted(folder.iterdir()) == before


@pytest.mark.skipif(sys.platform != "linux", reason="the largest memory is read from /proc")
@pytest.mark.parametrize(
    "name", ["comparedtm", "leveldtm", "hillshade", "simulateview", "filteraltimetry", "importgcps", "trainingpairs"]
)
def test_no_more_is_taken_than_was_told(folder, name, monkeypatch):
    told = []
    monkeypatch.setattr(f"planetary_dtm.core.steps.{name}.require_memory", lambda needed, *_: told.append(needed))
    done = subprocess.run(
        [sys.executable, "-c", PEAK, *words(folder, name)],
        env={**os.environ, "GDAL_CACHEMAX": "64"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert main(words(folder, name)) == 0
    assert int(done.stdout.split()[-1]) * 1024 / 1e6 < told[0]


def test_the_machine_is_the_limit_where_none_is_given(monkeypatch):
    heard = []
    memory.require_memory(100, "Nothing", "do it", lambda fraction, message="": heard.append(message) or True)
    assert heard == ["Takes up to 100 MB of memory"]
    monkeypatch.setattr(memory, "_physical", lambda: 1e9)
    with pytest.raises(InputError, match=r"It takes up to 1,001 MB of memory, the machine has 1,000 MB; wait\."):
        memory.require_memory(1001, "It", "wait", lambda *_: True)


def test_a_container_may_have_less_than_the_machine(tmp_path, monkeypatch):
    whole = memory.machine_mb()
    assert 100 < whole < 1e8
    (tmp_path / "max").write_text("2000000000\n")
    monkeypatch.setattr(memory, "_CGROUP", tmp_path / "max")
    assert memory.machine_mb() == pytest.approx(min(whole, 2000))


def test_what_is_no_amount_of_memory_is_refused(tmp_path, capsys):
    for given in ("-5", "0", "nan", "inf"):
        assert main(["simulateview", "--output-folder", str(tmp_path / "o"), "--memory", given]) == 1
        assert f"MEMORY is {given} MB; it must be a finite number above 0." in capsys.readouterr().err
    assert not (tmp_path / "o").exists()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries decide for themselves")
def test_freed_memory_is_used_again():
    faults = """
import resource
import numpy as np
from planetary_dtm.core import memory
def taken():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    blocks = [np.ones(2 << 20, np.uint8) for _ in range(6)]
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
taken(), taken()
before = taken()
memory.reuse_freed()
taken()
after = taken()
memory.give_back()
print(before, after, taken())
"""
    # Workers of clusters, which other tests of this process may have started, keep all: see `cluster.pool.KEPT`.
    usual = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    found = subprocess.run([sys.executable, "-c", faults], check=True, capture_output=True, text=True, env=usual)
    before, after, given_back = map(int, found.stdout.split())
    assert after < 0.1 * before
    assert given_back > 0.5 * before
