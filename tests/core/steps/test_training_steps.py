"""Pairs and training through their steps: rules, manifest, same bytes, bad input; a model trained on a folder."""

from __future__ import annotations

import csv
import json
import resource
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from planetary_dtm.core.errors import CancelledError, InputError, MissingPackageError
from planetary_dtm.core.geotiff import Band, write_dtm, write_image
from planetary_dtm.core.learned.pair_folder import FolderPairs, PairFolder, sha256
from planetary_dtm.core.learned.plan import Plan, published
from planetary_dtm.core.memory import limited_to
from planetary_dtm.core.rasters import Grid, Raster
from planetary_dtm.core.simulation.relief import random_relief
from planetary_dtm.core.simulation.shading import render
from planetary_dtm.core.steps import trainingpairs, trainmodel

MOON = "+proj=longlat +R=1737400 +no_defs"
SIDE = 320


def pairs(folder, **values):
    step = trainingpairs.STEP
    given = {"COUNT": 12, "TILE": 64, "SPLIT": 0.25, "OUTPUT_FOLDER": folder, **values}
    given = {name: str(value) if isinstance(value, Path) else value for name, value in given.items()}
    return step.run(**step.checked(given))


def rows(folder):
    with (folder / "manifest.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    """An image in degrees and its DEM, half as fine."""
    folder = tmp_path_factory.mktemp("ground")
    grid = Grid(SIDE, SIDE, (10.0, 0.004, 0.0, 1.0, 0.0, -0.004), MOON)
    height = random_relief((SIDE, SIDE), 121.0, np.random.default_rng(1))
    grey = np.rint(render(height, 121.0, 270, 60, seed=1) * 254 + 1).astype(np.uint8)
    write_image(folder / "image.tif", grid, grey, {})
    wide = Grid(SIDE // 2, SIDE // 2, (10.0, 0.008, 0.0, 1.0, 0.0, -0.008), MOON)
    coarse = height.reshape(SIDE // 2, 2, SIDE // 2, 2).mean((1, 3))
    write_dtm(folder / "dem.tif", wide, [coarse], [Band("height")], {})
    return folder


@pytest.fixture(scope="module")
def folder(ground, tmp_path_factory):
    made = tmp_path_factory.mktemp("pairs") / "set"
    pairs(made, IMAGE=ground / "image.tif", DEM=[str(ground / "dem.tif")], SUN_AZIMUTH=270.0, SPLIT=0.4)
    return made


def test_tiles_are_the_layers_own_pixels_and_heights(ground, folder):
    image, dem = Raster(ground / "image.tif"), Raster(ground / "dem.tif")
    kept = [row for row in rows(folder) if row["status"] == "kept"]
    assert kept and len(rows(folder)) == 12
    for row in kept:
        column, line = int(row["column"]), int(row["row"])
        tile = Raster(folder / row["image"])
        assert np.array_equal(tile.read()[0], image.read()[0][line : line + 64, column : column + 64])
        heights, _ = Raster(folder / row["height"]).read()
        assert heights.min() == 0 and heights.max() == pytest.approx(float(row["relief_m"]), abs=1e-2)
        lon, lat = tile.grid.lonlat_of(31.5, 31.5)  # the middle: between four of its pixels, seen in the DEM itself
        c, r = dem.grid.pixel_of(lon, lat)
        truth = dem.read()[0][int(r) : int(r) + 2, int(c) : int(c) + 2].mean() - float(row["height_min_m"])
        assert heights[31:33, 31:33].mean() == pytest.approx(truth, abs=0.15 * heights.std() + 5)
        held_out = row["split"] == "held_out"
        assert (float(row["west"]) >= 10.768 - 1e-6) if held_out else (float(row["east"]) <= 10.768 + 1e-6)
        assert sha256(folder / row["image"]) == row["image_sha256"]


def test_the_same_seed_makes_the_same_bytes(ground, folder, tmp_path):
    image, dem = ground / "image.tif", [str(ground / "dem.tif")]
    pairs(tmp_path / "again", IMAGE=image, DEM=dem, SUN_AZIMUTH=270.0, SPLIT=0.4)
    pairs(tmp_path / "other", IMAGE=image, DEM=dem, SUN_AZIMUTH=270.0, SPLIT=0.4, SEED=2)
    files = sorted(path.name for path in folder.iterdir())
    assert files == sorted(path.name for path in (tmp_path / "again").iterdir())
    assert all((folder / name).read_bytes() == (tmp_path / "again" / name).read_bytes() for name in files)
    assert (tmp_path / "other" / "manifest.csv").read_bytes() != (folder / "manifest.csv").read_bytes()


def test_constructed_black_and_duplicate_tiles_are_caught(ground, tmp_path):
    """Images of two tiles side by side, the second the copy of the first, or with a small black square."""
    grid = Grid(128, 64, (10.0, 0.004, 0.0, 1.0, 0.0, -0.004), MOON)
    tile = Raster(ground / "image.tif").read()[0][:64, :64].astype(np.uint8)
    write_image(tmp_path / "twice.tif", grid, np.hstack([tile, tile]), {})
    made = pairs(tmp_path / "a", IMAGE=tmp_path / "twice.tif", DEM=[str(ground / "dem.tif")], COUNT=6, SPLIT=0.5)
    assert made.outputs["KEPT"] == 1 and made.outputs["REJECTED"] == 5
    assert {row["reason"] for row in rows(tmp_path / "a")} == {"", "similar"}
    assert "5 because too similar" in made.notes[0]
    flat = pairs(tmp_path / "f", IMAGE=tmp_path / "twice.tif", DEM=[str(ground / "dem.tif")], COUNT=2, SPLIT=0.5,
                 HEIGHT_SCALE=1.0)  # fmt: skip
    assert not made.warnings and "above HEIGHT_SCALE, 1 m" in flat.warnings[0]
    black = tile.copy()
    black[:4, :6] = 0  # 24 of 4096 pixels: 0.59 %
    write_image(tmp_path / "black.tif", grid, np.hstack([tile, black]), {})
    made = pairs(tmp_path / "b", IMAGE=tmp_path / "black.tif", DEM=[str(ground / "dem.tif")], COUNT=6, SPLIT=0.5)
    found = {row["split"]: row["reason"] for row in rows(tmp_path / "b")}
    assert (
        found["held_out"] == "black" and json.loads((tmp_path / "b" / "manifest.json").read_text())["counts"]["black"]
    )
    pairs(
        tmp_path / "c", IMAGE=tmp_path / "black.tif", DEM=[str(ground / "dem.tif")], COUNT=6, SPLIT=0.5, MAX_BLACK=0.6
    )
    assert "black" not in {row["reason"] for row in rows(tmp_path / "c")}


def test_rendered_pairs_are_lit_from_the_left_and_leave_boxes_out(ground, tmp_path):
    box = (10.0, -1.0, 10.4, 2.0)
    made = pairs(tmp_path / "r", DEM=[str(ground / "dem.tif")], EXCLUDE="10 -1 10.4 2", TILE=32, MAX_SIMILARITY=90.0)
    kept = [row for row in rows(tmp_path / "r") if row["status"] == "kept"]
    assert made.outputs["KEPT"] == len(kept) > 3
    correlation = []
    for row in kept:
        assert float(row["west"]) >= box[2] - 1e-6
        grey, height = (Raster(tmp_path / "r" / row[kind]).read()[0] for kind in ("image", "height"))
        correlation.append(np.corrcoef(np.gradient(height, axis=1).ravel(), grey.ravel())[0, 1])
    assert np.median(correlation) > 0.4
    about = json.loads((tmp_path / "r" / "manifest.json").read_text())
    assert about["sun_azimuth"] == 270 and all(left[0] >= 10.4 - 1e-6 for left in about["training_boxes"])


def test_bad_layers_are_refused_in_one_sentence(ground, tmp_path):
    grid = Grid(64, 64, (80.0, 0.008, 0.0, 1.0, 0.0, -0.008), MOON)
    write_dtm(tmp_path / "far.tif", grid, [np.zeros((64, 64))], [Band("height")], {})
    write_dtm(tmp_path / "mars.tif", Grid(64, 64, (10.0, 0.02, 0, 1.0, 0, -0.02), "IAU_2015:49900"),
              [np.zeros((64, 64))], [Band("height")], {})  # fmt: skip
    image = ground / "image.tif"
    for dem, words in (("far.tif", "far.tif.*overlaps"), ("mars.tif", "Moon.*Mars")):
        with pytest.raises(InputError, match=words):
            pairs(tmp_path / "bad", IMAGE=image, DEM=[str(tmp_path / dem)])
    with pytest.raises(InputError, match="Moon.*Mars"):
        pairs(tmp_path / "bad", DEM=[str(ground / "dem.tif"), str(tmp_path / "mars.tif")])
    with pytest.raises(InputError, match="one DEM, 2 are given"):
        pairs(tmp_path / "bad", IMAGE=image, DEM=[str(ground / "dem.tif")] * 2)
    write_image(tmp_path / "dark.tif", Raster(image).grid, np.zeros((SIDE, SIDE), np.uint8), {})
    with pytest.raises(InputError, match="All 12 tiles were rejected .12 black: a connected pure black region"):
        pairs(tmp_path / "bad", IMAGE=tmp_path / "dark.tif", DEM=[str(ground / "dem.tif")])
    assert not (tmp_path / "bad").exists() and not list(tmp_path.glob(".bad*"))


def test_a_full_disk_leaves_nothing_behind(ground, tmp_path):
    """The file size limit stands for it: writing fails half-way, with an error of the system."""
    allowed = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, allowed[1]))
    try:
        with pytest.raises(InputError, match="was not written"):
            pairs(tmp_path / "full", DEM=[str(ground / "dem.tif")], TILE=32)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, allowed)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_or_altered_file_is_named(folder, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    name = next(row["height"] for row in rows(copy) if row["status"] == "kept")
    data = bytearray((copy / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / name).write_bytes(bytes(data))
    with pytest.raises(InputError, match=f"{name}.*altered"):
        PairFolder(copy)
    (copy / name).unlink()
    with pytest.raises(InputError, match=f"{name}.*missing"):
        PairFolder(copy)
    (copy / "manifest.csv").write_text("tile\n")
    with pytest.raises(InputError, match="manifest.csv.*altered"):
        PairFolder(copy)
    (copy / "manifest.json").write_text("{")
    with pytest.raises(InputError, match="manifest.json.*damaged"):
        PairFolder(copy)
    with pytest.raises(InputError, match="no manifest.json"):
        PairFolder(tmp_path)


def test_every_tile_comes_once_an_epoch_with_metres_in_range(folder):
    source = FolderPairs(PairFolder(folder), published(10, 2, crop=64, batch=1))
    count = len(source.training)
    seen = [source.batch(step) for step in range(2 * count)]
    sums = [float(grey.sum()) for grey, _ in seen]
    assert sorted(sums[:count]) == sorted(sums[count:]) and len(set(sums[:count])) == count
    for grey, height in seen:
        assert grey.shape == height.shape == (1, 1, 64, 64) and np.abs(grey).max() <= 1
        assert height.min() == pytest.approx(-1) and height.max() < -0.5  # small relief on a scale of 39,586 m
    card = source.card()
    assert card["height_scale"] == card["height_offset"] == 39586 / 2 and card["sun_azimuth"] == 270
    assert FolderPairs(PairFolder(folder), Plan(crop=64)).card()["height_unit"] == "ground_pixel"
    with pytest.raises(InputError, match="pairs have 64 pixels, crops of 128"):
        FolderPairs(PairFolder(folder), Plan(crop=128))


def train(**values):
    step = trainmodel.STEP
    given = {"ARCHITECTURE": "pix2pixcc", "BASE": 2, "CROP": 32, "BATCH": 2, "EPOCHS": 2, "PRECISION": "float32",
             "CHECKPOINT_EVERY": 9, "WORKERS": 0, **values}  # fmt: skip
    progress = given.pop("progress", lambda fraction, message: True)
    given = {name: str(value) if isinstance(value, Path) else value for name, value in given.items()}
    return step.run(**step.checked(given), progress=progress)


def test_a_model_is_trained_stopped_resumed_and_reported(folder, tmp_path, monkeypatch):
    pytest.importorskip("torch")
    from planetary_dtm.core.learned import trainers, training
    from planetary_dtm.core.learned.model_file import load_model

    monkeypatch.setattr(training, "LOG_EVERY", 1)
    monkeypatch.setattr(trainmodel, "published", partial(published, discriminator=2))
    output, page = tmp_path / "m.safetensors", tmp_path / "r.html"
    messages = []

    def stop_at_3(fraction, message):
        messages.append(message)
        if message.startswith("Step 1 "):
            assert "Training goes on" in page.read_text() and 'http-equiv="refresh"' in page.read_text()
        return "Step 3 " not in message

    with pytest.raises(CancelledError, match="Stopped at step 3"):
        train(PAIRS=folder, OUTPUT=output, OUTPUT_REPORT=page, progress=stop_at_3)
    first = next(filter(None, messages))  # PyTorch may have loaded for long enough to ask for a cancel
    assert "GB of memory needed" in first and "parameters" in first
    assert not output.exists() and "Stopped at step 3" in page.read_text() and "refresh" not in page.read_text()
    with pytest.raises(InputError, match=r"checkpoint\.pt.*RESUME"):
        train(PAIRS=folder, OUTPUT=output)
    checkpoint = tmp_path / "m.training" / "checkpoint.pt"
    with pytest.raises(InputError, match="'pix2pixcc'.*'unet'"):
        train(PAIRS=folder, OUTPUT=output, RESUME=checkpoint, ARCHITECTURE="unet", CROP=64)
    monkeypatch.setattr(training, "quickest_precision", lambda device: "bfloat16")  # as on another machine
    made = train(PAIRS=folder, OUTPUT=output, OUTPUT_REPORT=page, RESUME=checkpoint, PRECISION="quickest")
    model = load_model(output)
    assert model.card["training"]["precision"] == "float32" and "--precision float32" in model.card["command"]
    assert model.card["architecture"] == "pix2pixcc" and model.card["height_unit"] == "metre"
    assert model.card["training_boxes"] == json.loads((folder / "manifest.json").read_text())["training_boxes"]
    low, high = model.card["height_scale_range"]
    assert max(abs(low), abs(high)) > 1 and model.card["height_scale"] == 39586 / 2  # metres, both
    assert "zenith" not in model.card["limits"] and model.card["licence"] == "not stated"
    assert model.card["command"].startswith("planetary-dtm trainmodel --pairs set --architecture pix2pixcc --epochs 2")
    assert np.isfinite(made.outputs["CC"]) and made.outputs["LOSS"] > 0
    html = page.read_text()
    assert html.count("data:image/png") == 2 and "refresh" not in html and "Scores on held-out ground" in html
    whole = tmp_path / "whole.safetensors"
    train(PAIRS=folder, OUTPUT=whole)
    other = load_model(whole).tensors
    assert all(np.array_equal(other[name], model.tensors[name]) for name in other)
    monkeypatch.setattr(trainers.Trainer, "is_finite", lambda trainer: False)
    with pytest.raises(InputError, match="not finite"):
        train(PAIRS=folder, OUTPUT=tmp_path / "wild.safetensors", OUTPUT_REPORT=page)
    assert "not finite at step" in page.read_text() and "refresh" not in page.read_text()


def test_training_goes_on_from_a_models_weights(folder, tmp_path, monkeypatch):
    pytest.importorskip("torch")
    from planetary_dtm.core.learned import training
    from planetary_dtm.core.learned.model_file import load_model, save_model

    monkeypatch.setattr(trainmodel, "published", partial(published, discriminator=2))
    monkeypatch.setattr(training, "LOG_EVERY", 1)
    first, second = tmp_path / "first.safetensors", tmp_path / "second.safetensors"
    train(PAIRS=folder, OUTPUT=first, BASE=3, EPOCHS=1)
    made = train(PAIRS=folder, OUTPUT=second, START=first, RATE=1e-7, EPOCHS=1)
    before, after = load_model(first), load_model(second)
    assert not made.warnings and after.card["options"] == before.card["options"] and before.card["options"]["base"] == 3
    assert all(np.allclose(value, after.tensors[name], atol=1e-3) for name, value in before.tensors.items())
    assert after.card["training"]["steps_done"] == 2 * before.card["training"]["steps_done"]
    assert after.card["cpu_hours"] >= before.card["cpu_hours"]
    assert after.card["command"].splitlines()[0] == before.card["command"]
    assert after.card["command"].splitlines()[1].endswith("--start first.safetensors --output second.safetensors")
    with pytest.raises(InputError, match="of architecture 'pix2pixcc'; choose that"):
        train(PAIRS=folder, OUTPUT=tmp_path / "u.safetensors", START=first, ARCHITECTURE="unet", CROP=64)
    save_model(first, before.tensors, {**before.card, "sun_azimuth": 90.0})
    made = train(PAIRS=folder, OUTPUT=tmp_path / "third.safetensors", START=first, EPOCHS=1)
    assert made.warnings == (
        "START was trained for a sun at azimuth 90, the pairs have it at 270; it may be of no help.",
    )
    save_model(first, before.tensors, {**before.card, "options": {**before.card["options"], "blocks": 9}})
    with pytest.raises(InputError, match="option 'blocks', which is not trained here"):
        train(PAIRS=folder, OUTPUT=tmp_path / "fourth.safetensors", START=first)


def test_training_without_torch_says_so(folder, tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingPackageError, match="Training needs the Python package 'torch'"):
        train(PAIRS=folder, OUTPUT=tmp_path / "m.safetensors")


def test_a_folder_without_pairs_or_dems_is_refused(tmp_path):
    pytest.importorskip("torch")
    with pytest.raises(InputError, match="holds no DEM"):
        train(PAIRS=tmp_path, OUTPUT=tmp_path / "m.safetensors")


def test_a_training_that_does_not_fit_is_refused_before_it_begins(folder, tmp_path):
    pytest.importorskip("torch")
    with (
        limited_to(50),
        pytest.raises(InputError, match=r"Training takes up to [\d,]+ MB of memory, MEMORY allows 50 MB"),
    ):
        train(PAIRS=folder, OUTPUT=tmp_path / "m.safetensors")
    assert not (tmp_path / "m.safetensors").exists()
