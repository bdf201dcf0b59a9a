"""A model is judged on held-out tiles of a pair folder, beside what it has to beat."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from planetary_dtm.core.errors import InputError
from planetary_dtm.core.geotiff import Band, write_dtm, write_image
from planetary_dtm.core.learned.pair_folder import ABOUT, FORMAT, TABLE, sha256
from planetary_dtm.core.rasters import Grid
from planetary_dtm.core.simulation.relief import random_relief
from planetary_dtm.core.simulation.shading import render
from planetary_dtm.core.steps import step
from planetary_dtm.core.tables import write_table

SIDE, PIXEL = 128, 100.0
GRID = Grid(SIDE, SIDE, (0, PIXEL, 0, 0, 0, -PIXEL), "IAU_2015:30110")


def pair_folder(folder: Path, splits: tuple[str, ...], upside_down: bool = False) -> Path:
    """Rendered tiles with the manifest that trainingpairs would write."""
    folder.mkdir()
    rows: dict[str, list[str]] = {
        key: [] for key in ("status", "image", "height", "image_sha256", "height_sha256", "split")
    }
    for number, split in enumerate(splits):
        height = random_relief((SIDE, SIDE), PIXEL, 40 + number).astype(np.float32)
        grey = render(height, PIXEL, 90.0 if upside_down else 270.0, 60.0, seed=number)
        names = f"image_{number}.tif", f"height_{number}.tif"
        write_image(folder / names[0], GRID, np.rint(grey * 254 + 1).astype(np.uint8), {}, 0)
        write_dtm(folder / names[1], GRID, [height - height.min()], [Band("height", "m")], {})
        values = ("kept", *names, *(sha256(folder / name) for name in names), split)
        for key, value in zip(rows, values):
            rows[key].append(value)
    write_table(folder / TABLE, {key: np.array(value) for key, value in rows.items()})
    about = {
        "format": FORMAT, "tile": SIDE, "pixel_m": PIXEL, "grey": "robust", "height_scale": 39586.0,
        "sun_azimuth": 270.0, "body": "Moon", "table_sha256": sha256(folder / TABLE),
        "sources": [{"dem": "simulated"}], "training_boxes": [], "held_out_boxes": [],
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


def test_an_altered_pair_is_refused(tmp_path: Path) -> None:
    folder = pair_folder(tmp_path / "pairs", ("test",))
    (folder / "image_0.tif").write_bytes(b"other")
    with pytest.raises(InputError, match="altered"):
        judged(folder)
    with pytest.raises(InputError, match="manifest"):
        judged(tmp_path)
