"""A model is judged on held-out tiles of a pair folder, beside what it has to beat."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from planetary_dtm.core.errors import InputError
from planetary_dtm.core.geotiff import Band, write_dtm, write_image
from planetary_dtm.core.learned.model_file import save_model
from planetary_dtm.core.learned.pair_folder import ABOUT, FORMAT, TABLE, sha256
from planetary_dtm.core.learned.sun import MODEL as SUN_MODEL
from planetary_dtm.core.rasters import Grid
from planetary_dtm.core.simulation.relief import random_relief
from planetary_dtm.core.simulation.shading import render
from planetary_dtm.core.steps import evaluatemodel, step
from planetary_dtm.core.tables import write_table

SIDE, PIXEL = 128, 100.0
GRID = Grid(SIDE, SIDE, (0, PIXEL, 0, 0, 0, -PIXEL), "IAU_2015:30110")


def pair_folder(
    folder: Path,
    splits: tuple[str, ...],
    upside_down: bool = False,
    moved: int = -1,
    flat: int = -1,
    boxes: Sequence[Sequence[float]] = (),
    seed: int = 40,
) -> Path:
    """Rendered tiles with the manifest that trainingpairs would write; one a degree east of the others, one level."""
    folder.mkdir()
    rows: dict[str, list[str]] = {
        key: [] for key in ("status", "image", "height", "image_sha256", "height_sha256", "split")
    }
    for number, split in enumerate(splits):
        height = random_relief((SIDE, SIDE), PIXEL, seed + number).astype(np.float32) * (number != flat)
        grid = replace(GRID, transform=(30_000.0 * (number == moved), *GRID.transform[1:]))
        grey = render(height, PIXEL, 90.0 if upside_down else 270.0, 60.0, seed=number)
        names = f"image_{number}.tif", f"height_{number}.tif"
        write_image(folder / names[0], grid, np.rint(grey * 254 + 1).astype(np.uint8), {}, 0)
        write_dtm(folder / names[1], grid, [height - height.min()], [Band("height", "m")], {})
        values = ("kept", *names, *(sha256(folder / name) for name in names), split)
        for key, value in zip(rows, values):
            rows[key].append(value)
    write_table(folder / TABLE, {key: np.array(value) for key, value in rows.items()})
    about = {
        "format": FORMAT, "tile": SIDE, "pixel_m": PIXEL, "grey": "robust", "height_scale": 39586.0,
        "sun_azimuth": 270.0, "body": "Moon", "table_sha256": sha256(folder / TABLE),
        "sources": [{"dem": "simulated"}], "training_boxes": list(boxes), "held_out_boxes": [],
    }  # fmt: skip
    (folder / ABOUT).write_text(json.dumps(about), "utf-8")
    return folder


def judged(folder: Path, **given: object) -> tuple[dict[str, float], tuple[str, ...]]:
    evaluate = step("evaluatemodel")
    result = evaluate.run(**evaluate.checked({"PAIRS": str(folder), "ENGINE": "numpy", "TRACKS": 0, **given}))
    return dict(result.outputs), tuple(result.warnings)


def test_held_out_tiles_are_judged_and_the_report_shows_every_way(tmp_path: Path) -> None:
    folder = pair_folder(tmp_path / "pairs", ("train", "test", "test"))
    report = tmp_path / "report.html"
    numbers, warnings = judged(folder, TRACKS=4, SUN_INCIDENCE=60.0, OUTPUT_REPORT=str(report))
    assert numbers["COUNT"] == 2 * SIDE * SIDE and not warnings
    assert numbers["CC"] > 0.4 and abs(numbers["BIAS"]) < 1e-3 and numbers["RMSE"] >= numbers["NMAD"] * 0.5
    page = report.read_text("utf-8")
    for words in (
        "shape from shading",
        "altimetry alone",
        "constant image, levelled",
        "concordance CC at 1/8",
        "aspect",
    ):
        assert words in page
    assert page.count("<figure>") >= 4


def test_a_sun_on_the_other_side_scores_below_zero(tmp_path: Path) -> None:
    numbers, _ = judged(pair_folder(tmp_path / "pairs", ("test",), upside_down=True))
    assert numbers["CC"] < -0.2


def test_tiles_that_training_saw_are_told(tmp_path: Path) -> None:
    numbers, warnings = judged(pair_folder(tmp_path / "pairs", ("train",)))
    assert numbers["COUNT"] == SIDE * SIDE and "held out" in warnings[0]


def trained_on(path: Path, *boxes: tuple[float, ...], body: str = "Moon") -> str:
    card = {
        "architecture": "identity", "options": {}, "input_bands": ["grey"], "input_size": SIDE, "sun_azimuth": 270.0,
        "grey": {"kind": "robust"}, "height_unit": "ground_pixel", "height_scale": 0.1, "height_offset": 0.0,
        "body": body, "training_boxes": [list(box) for box in boxes],
    }  # fmt: skip
    save_model(path, {}, card)
    return str(path)


def test_tiles_that_the_model_was_trained_on_are_left_out_or_told(tmp_path: Path) -> None:
    """All tiles lie at 0-0.42 E; the second is moved a degree east, out of the box, which counts turns its own way."""
    folder = pair_folder(tmp_path / "pairs", ("test", "test"), moved=1)
    there = trained_on(tmp_path / "a.safetensors", (359.0, -2.0, 360.5, 2.0))
    numbers, warnings = judged(folder, MODEL=there)
    assert numbers["COUNT"] == SIDE * SIDE and "1 of 2 tiles; they are left out" in warnings[0]
    numbers, warnings = judged(folder, MODEL=trained_on(tmp_path / "b.safetensors", (-5.0, -5.0, 5.0, 5.0)))
    assert numbers["COUNT"] == 2 * SIDE * SIDE and "all 2 tiles" in warnings[0]
    for boxes, body in (((5.0, 5.0, 6.0, 6.0), "Moon"), ((-5.0, -5.0, 5.0, 5.0), "Mars")):
        numbers, warnings = judged(folder, MODEL=trained_on(tmp_path / "c.safetensors", boxes, body=body))
        assert numbers["COUNT"] == 2 * SIDE * SIDE and not warnings
    folder = pair_folder(tmp_path / "own", ("train", "test"), boxes=[[359.0, -2.0, 360.5, 2.0]])
    numbers, warnings = judged(folder, MODEL=there)  # the same boxes: the folder's own split
    assert numbers["COUNT"] == SIDE * SIDE and not warnings


def test_a_model_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"sun.safetensors.*'sun_side', which gives no heights; give"):
        judged(pair_folder(tmp_path / "pairs", ("test",)), MODEL=str(SUN_MODEL))


@pytest.mark.parametrize("count", [1, 2, 3, 5, 6])
def test_there_are_as_many_tracks_as_asked_for(count: int) -> None:
    height = random_relief((SIDE, SIDE), PIXEL, 3).astype(np.float32)
    for seed in range(16):
        shots = evaluatemodel._tracks(height, PIXEL, count, seed)
        middles = np.array([np.median(shots.col[shots.track == track]) for track in np.unique(shots.track)])
        assert len(middles) == count
        assert np.abs(middles - (np.arange(count) + 0.5) * SIDE / count).max() < 0.4 * SIDE / count


def test_a_flat_tile_has_no_correlation_and_does_not_hide_the_others(tmp_path: Path) -> None:
    folder = pair_folder(tmp_path / "pairs", ("test", "test"), flat=1, seed=43)
    numbers, _ = judged(folder, TRACKS=1, OUTPUT_REPORT=str(tmp_path / "report.html"))
    alone, _ = judged(folder, COUNT=1)
    assert numbers["CC"] == alone["CC"] > 0.9


def test_an_altered_pair_is_refused(tmp_path: Path) -> None:
    folder = pair_folder(tmp_path / "pairs", ("test",))
    (folder / "image_0.tif").write_bytes(b"other")
    with pytest.raises(InputError, match="altered"):
        judged(folder)
    with pytest.raises(InputError, match="manifest"):
        judged(tmp_path)
