"""A mosaic in blocks: interrupted or not the same bytes, seams no larger than the terrain's own steps, clear errors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from planetary_dtm.core import memory
from planetary_dtm.core.altimetry.readers import read_shots
from planetary_dtm.core.cluster.blocks import Layout, joined
from planetary_dtm.core.cluster.lock import sole_worker
from planetary_dtm.core.cluster.manifest import Manifest
from planetary_dtm.core.errors import CancelledError, InputError
from planetary_dtm.core.rasters import Grid, Raster, Window
from planetary_dtm.core.steps import inputs, mosaic, mosaic_joining, mosaic_references, mosaic_units, step
from planetary_dtm.core.tables import read_table

SIZE, ROWS = 1100, 512

# Dask leaves sockets and loops to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


def run(step_id, progress=lambda fraction, message="": True, **values):
    chosen = step(step_id)
    plain = {k: str(v) if isinstance(v, Path) else v for k, v in values.items()}
    return chosen.run(**chosen.checked(plain), progress=progress)


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mosaic") / "scene"
    run("simulateview", SIZE=SIZE, PIXEL_SIZE=100.0, TRACKS=12, OUTPUT_FOLDER=folder)
    return folder


def options(scene, output, **more):
    xmin, _, xmax, ymax = (grid := Raster(scene / "image.tif").grid).extent
    strip = (xmin, ymax + ROWS * grid.transform[5], xmax, ymax)
    given = {
        "INPUT": scene / "image.tif",
        "EXTENT": strip,
        "SUN_AZIMUTH": 285.0,
        "BLOCK": 512,
        "WORKERS": 1,
        "OUTPUT": output,
    }
    return {**given, "ALTIMETRY": scene / "altimetry.csv", "ENGINE": "numpy", **more}


@pytest.fixture(scope="module")
def whole(scene):
    path = scene.parent / "whole.tif"
    return path, run("mosaic", **options(scene, path))


def heights(path):
    data, valid = Raster(path).read()
    return np.where(valid, data, np.nan)[:ROWS]


def test_blocks_join_to_terrain_in_metres(scene, whole):
    path, made = whole
    raster, truth = Raster(path), heights(scene / "truth_dtm.tif")
    assert raster.metadata["LEVELLED"] == "YES"
    assert raster.grid == Raster(scene / "image.tif").grid.sub(Window(0, 0, SIZE, ROWS))
    assert "2 blocks of 512 pixels" in made.notes[0] and not (path.parent / "whole.parts").exists()
    assert np.sqrt(np.mean((heights(path) - truth) ** 2)) < 0.5 * truth.std()
    steps = np.abs(np.diff(heights(path), axis=1))
    assert np.median(steps[:, 511]) < 1.5 * np.median(steps)  # the border of the blocks


def test_an_interrupted_run_goes_on_and_ends_in_the_same_bytes(scene, whole, tmp_path):
    output = tmp_path / "cut.tif"

    def stop(fraction, message=""):
        return "Unit 2" not in message

    with pytest.raises(CancelledError, match=r"Stopped with 1 of 2 blocks done; '.*cut\.parts' keeps them"):
        run("mosaic", progress=stop, **options(scene, output))
    assert not output.exists() and len(list((tmp_path / "cut.parts").glob("*.npy"))) == 1
    made = run("mosaic", **options(scene, output))
    assert "(1 were done before)" in made.notes[0]
    assert output.read_bytes() == whole[0].read_bytes()


def test_two_workers_give_the_bytes_of_one(scene, whole, tmp_path):
    pytest.importorskip("distributed")
    run("mosaic", **options(scene, tmp_path / "two.tif", WORKERS=2))
    assert (tmp_path / "two.tif").read_bytes() == whole[0].read_bytes()


def test_workers_take_the_model_from_their_own_package_and_it_must_be_the_same(scene, whole, tmp_path, monkeypatch):
    """With a scheduler they may be installed anywhere."""
    elsewhere, units = tmp_path / "default.safetensors", []

    def on_another_machine(work, given, finished, *rest):
        units.extend(given)
        with monkeypatch.context() as there:
            there.setattr(mosaic_units, "DEFAULT_MODEL", elsewhere)
            mosaic_units._engine.cache_clear()
            for unit in given:
                finished(work(unit))

    elsewhere.write_bytes(mosaic.DEFAULT_MODEL.read_bytes())
    monkeypatch.setattr(mosaic, "do_units", on_another_machine)
    run("mosaic", **options(scene, tmp_path / "made.tif"))
    assert (tmp_path / "made.tif").read_bytes() == whole[0].read_bytes()
    elsewhere.write_bytes((mosaic.DEFAULT_MODEL.parent / "sun.safetensors").read_bytes())
    with pytest.raises(InputError, match=r"default\.safetensors' is another one for a worker"):
        run("mosaic", **options(scene, tmp_path / "other.tif"))
    mosaic_units._engine.cache_clear()


def test_altimetry_is_read_once_where_memory_allows(scene, whole, tmp_path, monkeypatch):
    read = []

    def counted(*given, **named):
        read.append(given)
        return read_shots(*given, **named)

    monkeypatch.setattr(mosaic_references, "read_shots", counted)
    monkeypatch.setattr(inputs, "read_shots", counted)
    run("mosaic", **options(scene, tmp_path / "made.tif"))
    assert len(read) == 1 and (tmp_path / "made.tif").read_bytes() == whole[0].read_bytes()
    monkeypatch.setattr(memory, "_TABLE", 1e6)
    with pytest.raises(
        InputError, match=r"Reading ALTIMETRY 'altimetry\.csv' takes up to .* MB of memory, MEMORY allows 2,000"
    ):
        run("mosaic", **options(scene, tmp_path / "large.tif"))
    assert len(read) == 1 and not (tmp_path / "large.parts").exists()


def test_a_block_without_shots_and_a_table_of_another_place_are_named(scene, tmp_path):
    lines = (scene / "altimetry.csv").read_text().splitlines()
    table = read_table(scene / "altimetry.csv")
    grid = Raster(scene / "image.tif").grid
    column, row = grid.pixel_of(*table.lonlat())
    west = [line for line, at in zip(lines[1:], column) if at < 300]
    (tmp_path / "west.csv").write_text("\n".join([lines[0], *west]))
    with pytest.raises(InputError, match=r"Block r0000c0001 has no shot of ALTIMETRY; a larger BLOCK"):
        run("mosaic", **options(scene, tmp_path / "made.tif", ALTIMETRY=tmp_path / "west.csv"))
    south = [line for line, at in zip(lines[1:], row) if at > ROWS + 20]
    (tmp_path / "south.csv").write_text("\n".join([lines[0], *south]))
    with pytest.raises(InputError, match=r"south\.csv': none of its \d+ shots lies inside the extent"):
        run("mosaic", **options(scene, tmp_path / "none.tif", ALTIMETRY=tmp_path / "south.csv"))
    assert not (tmp_path / "none.parts").exists()


def test_parts_that_go_away_before_they_are_joined_are_told_and_made_again(scene, whole, tmp_path, monkeypatch):
    output, write = tmp_path / "cut.tif", mosaic.write_joined

    def gone(*given):
        next((tmp_path / "cut.parts").glob("*.npy")).unlink()
        write(*given)

    monkeypatch.setattr(mosaic, "write_joined", gone)
    with pytest.raises(InputError, match=r"cut\.tif' cannot be written \(No such file"):
        run("mosaic", **options(scene, output))
    monkeypatch.undo()
    assert "1 were done before" in run("mosaic", **options(scene, output)).notes[0]
    assert output.read_bytes() == whole[0].read_bytes()


def test_an_output_in_the_making_is_refused(scene, tmp_path):
    output = tmp_path / "held.tif"
    with (
        sole_worker(tmp_path / "held.parts", str(output)),
        pytest.raises(InputError, match=r"held\.tif.*another process"),
    ):
        run("mosaic", **options(scene, output))
    assert [path.name for path in tmp_path.iterdir()] == ["held.parts"]


def test_parts_of_other_parameters_are_not_mixed_in(scene, tmp_path):
    output = tmp_path / "cut.tif"
    Manifest(tmp_path / "cut.parts", "of another work")
    with pytest.raises(InputError, match=r"cut\.parts.*other inputs or parameters"):
        run("mosaic", **options(scene, output))


def test_without_reference_blocks_become_one_relative_surface(scene, tmp_path):
    output = tmp_path / "relative.tif"
    run("mosaic", **options(scene, output, ALTIMETRY=""))
    assert Raster(output).metadata["LEVELLED"] == "NO" and Raster(output).unit() == ""
    steps = np.abs(np.diff(heights(output), axis=1))
    assert np.median(steps[:, 511]) < 1.5 * np.median(steps)
    assert abs(np.nanmean(heights(output), dtype=np.float64)) < 1e-4 * np.nanstd(heights(output))


def test_blocks_shrink_to_the_memory_given():
    assert mosaic.affordable(20480, 20480, 2048, 2000.0).side == 2048
    small = mosaic.affordable(20480, 20480, 4096, 1000.0)
    assert 512 <= small.side < 2048 and mosaic.needed_mb(small) <= 1000.0
    # Blocks at the end may be longer: one of 3,800 pixels would not fit.
    assert mosaic.needed_mb(mosaic.affordable(3800, 3800, 2560, 2000.0)) <= 2000.0


@pytest.mark.parametrize(
    "changed, said",
    [
        ({"MEMORY": 200.0}, "MEMORY 200 MB is too little"),
        ({"REFERENCE_DEM": "x.tif"}, "both given"),
        ({"INPUT": "missing.tif"}, "cannot be opened"),
        ({"PIXEL_SIZE": 1e7}, "PIXEL_SIZE"),
    ],
)
def test_bad_input_is_named(scene, tmp_path, changed, said):
    with pytest.raises(InputError, match=said):
        run("mosaic", **options(scene, tmp_path / "bad.tif", **changed))
    assert not list(tmp_path.iterdir())


def test_blocks_begin_at_whole_image_pixels(scene):
    grid = Raster(scene / "image.tif").grid
    window, made, factor = mosaic.whole_grid(grid, None, 2.9 * grid.pixel_size_m[1])
    assert factor == 3 and (made.width, made.height) == (SIZE // 3, SIZE // 3)
    assert window == Window(0, 0, 3 * made.width, 3 * made.height)
    assert mosaic._rounded(made, 3.0 * grid.pixel_size_m[1]) == []
    said = mosaic._rounded(made, 2.9 * grid.pixel_size_m[1])
    assert len(said) == 1 and "PIXEL_SIZE 290 m is no whole number" in said[0] and "300 m is used" in said[0]


@pytest.mark.parametrize(
    "extent, lies, left",
    [
        (None, Window(0, 0, 900, 900), "last 100 columns and 100 rows"),
        ((0, -65_000, 65_000, 0), Window(0, 0, 900, 900), ""),  # outward: 650 pixels are two and a bit
        ((10_000, -95_000, 70_000, -35_000), Window(100, 350, 600, 600), ""),
        ((10_000, -95_000, 70_100, -34_900), Window(100, 349, 900, 600), "last 0 columns and 1 rows"),
    ],
)
def test_the_extent_goes_outward_to_whole_pixels_and_what_the_image_cuts_off_is_told(extent, lies, left):
    image = Grid(1000, 1000, (0.0, 100.0, 0.0, 0.0, 0.0, -100.0), "+proj=eqc +R=1737400 +units=m")
    window, made, factor = mosaic.whole_grid(image, extent, 30_000.0)
    assert (window, factor) == (lies, 300)
    assert (made.width * 300, made.height * 300) == (window.width, window.height)
    said = mosaic._left_out(image, extent, window, factor)
    assert (len(said) == 1 and left in said[0]) if left else said == []


def test_a_mosaic_around_the_body_has_no_step_at_its_seam():
    """Each block tilts by 10 m: without a look across the seam the tilts add up to a step there."""
    layout = Layout(1024, 4096, side=512, overlap=64)
    blocks = layout.blocks()

    def read(block, window):
        place = window.column + np.arange(window.width) - block.reach.column
        return [np.tile(10.0 * place / block.reach.width, (window.height, 1)).astype(np.float32)]

    steps = {}
    for closes in (True, False):
        added = mosaic_joining._levels(layout, blocks, read, closes)
        known = {(block.row, block.column): block for block in blocks}
        row = joined(layout, known, read, Window(0, 500, 4096, 1), added)[0][0]
        steps[closes] = abs(float(row[0] - row[-1]))
        assert np.abs(np.diff(row)).max() < 0.3
    assert steps[True] < 0.05 and steps[False] > 20


@pytest.mark.parametrize(
    "crs, west, width, closes",
    [
        ("+proj=longlat +R=1737400", -180.0, 3600, True),
        ("+proj=longlat +R=1737400", 0.0, 3600, True),
        ("+proj=longlat +R=1737400", -180.0, 3599, True),  # PIXEL_SIZE left a strip out
        ("+proj=longlat +R=1737400", -180.0, 3500, False),
        ("+proj=longlat +R=1737400", -180.0, 1, False),
        ("+proj=eqc +R=1737400", -np.pi * 1737400, 3600, True),
        ("+proj=eqc +R=1737400", 0.0, 1800, False),
    ],
)
def test_what_goes_around_the_body_is_known(crs, west, width, closes):
    step = 0.1 if "longlat" in crs else 2 * np.pi * 1737400 / 3600
    grid = Grid(width, 900, (west, step, 0.0, 450 * step, 0.0, -step), crs + " +no_defs")
    assert mosaic_joining._closes(grid) == closes
