"""The whole of it in a real QGIS window: an image on the map, one click with the mouse, terrain on the map."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from planetary_dtm.core.rasters import Raster
from planetary_dtm.core.steps import step
from planetary_dtm.tests.desktop import long_use, session

NEEDED = ("xvfb-run", "openbox", "xdotool", "import")


def test_one_press(tmp_path):
    missing = [program for program in NEEDED if shutil.which(program) is None]
    assert not missing, f"install {', '.join(missing)} (make setup does)"
    simulate, scene = step("simulateview"), tmp_path / "scene"
    simulate.run(**simulate.checked({"SIZE": 160, "TRACKS": 8, "OUTPUT_FOLDER": str(scene)}))
    picture = tmp_path / "desktop.png"
    found = session.play(
        Path(session.HERE / "one_press.py"),
        tmp_path,
        image=scene / "image.tif",
        altimetry=scene / "altimetry.csv",
        keep=tmp_path,
        picture=picture,
    )
    assert "error" not in found, found["error"]
    assert found["layers"] == ["DTM of image", "Height (m)", "Hillshade"]
    assert any("DTM of image is on the map" in told for told in found["messages"])
    made = Raster(found["dtm"])
    assert made.metadata["LEVELLED"] == "YES" and made.unit() == "m" and made.grid.body.name == "Moon"
    height, valid = made.read()
    truth, _ = Raster(scene / "truth_dtm.tif").read(Raster(scene / "truth_dtm.tif").grid.window(made.grid.extent))
    assert valid.mean() > 0.95
    residual = (height - truth)[valid]
    assert residual.std() < truth.std()
    holds = found["holds"]
    print(f"\nthe plugin held the event loop {1000 * holds['plugin_wall_s']:.0f} ms; anybody: {holds['any']}")
    assert holds["plugin_cpu_s"] < 0.1, holds["plugin"]  # of the clock it may be more: other work delays it
    # the terrain's colours are on the screen: a screenshot of an empty window has none
    screen = Raster(picture)
    assert [screen.size[1], screen.size[0]] == found["screen"]
    colours = np.stack([screen.read(band=band)[0] for band in (1, 2, 3)], axis=-1)
    middle = colours[250:700, 400:1000]
    assert max(abs(middle[..., 0] - middle[..., 2]).mean(), abs(middle[..., 0] - middle[..., 1]).mean()) > 8


def test_reloads_and_runs_leave_nothing_behind(tmp_path):
    """The short form of `long_use`; docs/limits.md has the figures of the long one."""
    found = long_use.use(tmp_path, reloads=4, runs=3, side=160)
    assert found["made"] == [2, 2, 2]
    for counts in (found["reloads"], found["runs"]):
        for name in long_use.THINGS:
            assert long_use.growth(counts, 1, name) <= 0, name
        assert long_use.growth(counts, 0, "parameters") == 0
        assert long_use.growth(counts, 1, "megabytes") < 50
