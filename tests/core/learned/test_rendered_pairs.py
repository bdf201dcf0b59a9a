"""Pairs rendered from DEMs: exact, square on the ground, and of no ground that is kept for scores."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")


from planetary_dtm.core.errors import InputError  # noqa: E402
from planetary_dtm.core.learned import rendered_pairs  # noqa: E402
from planetary_dtm.core.learned.model_file import read_card  # noqa: E402
from planetary_dtm.core.learned.pairs import RenderedPairs, _edged, areas_in, rendering_workers  # noqa: E402
from planetary_dtm.core.learned.rendered_pairs import GLD100_AREAS, PairSource  # noqa: E402
from planetary_dtm.core.rasters import Raster, Window  # noqa: E402
from planetary_dtm.core.simulation.relief import random_relief  # noqa: E402

from .small import AREAS, TINY, write_dem  # noqa: E402

pytestmark = pytest.mark.usefixtures("small_scenes", "same_numbers")

EVALUATION_BOX = (1.5, 24.0, 4.5, 27.0)  # Hadley, 2.5-3.5 E 25-26 N, and a degree around
DEFAULT_MODEL = Path(__file__).resolve().parents[3] / "resources" / "models" / "default.safetensors"


def test_pairs_are_exact_normalised_and_lit_from_the_left(dems: Path) -> None:
    source, again = PairSource(dems, 4, areas=AREAS), PairSource(dems, 4, areas=AREAS)
    correlation = []
    for number in range(8):
        pair = source.pair(number, 96)
        assert np.array_equal(pair.grey, again.pair(number, 96).grey)
        assert pair.grey.shape == pair.height.shape == (96, 96) and np.isfinite(pair.height).all()
        assert np.abs(np.median(pair.grey)) < 0.05 and np.abs(pair.grey).max() <= 4
        correlation.append(np.corrcoef(np.gradient(pair.height, axis=1).ravel(), pair.grey.ravel())[0, 1])
    assert np.median(correlation) > 0.4
    held_out = PairSource(dems, 4, held_out=True, areas=AREAS)
    assert not np.array_equal(held_out.pair(0, 96).grey, source.pair(0, 96).grey)


def test_pictures_taken_under_any_sun_are_turned_with_their_ground(dems: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendered_pairs, "TURNED", 1.0)
    monkeypatch.setattr(rendered_pairs, "SUN_JITTER", 0.0)
    found = []
    for number in range(12):
        pair = PairSource(dems, 4, areas=AREAS).pair(number, 96)
        assert pair.grey.shape == pair.height.shape == (96, 96) and abs(pair.height.mean()) < 1e-3
        east, south = np.diff(pair.height, axis=1)[:-1], np.diff(pair.height, axis=0)[:, :-1]
        found.append([np.corrcoef(slope.ravel(), pair.grey[:-1, :-1].ravel())[0, 1] for slope in (east, south)])
    towards, across = np.array(found).T
    assert towards.min() > 0 and np.median(towards) > 0.4 and np.abs(across).mean() < 0.2
    # The picture is the ground's own, pixel by pixel: where it shows heights themselves, both agree but for a factor.
    monkeypatch.setattr(rendered_pairs, "photograph", lambda height, pixel, n, rng, azimuth: _mean_of(height, n))
    monkeypatch.setattr(rendered_pairs, "grey_scale", lambda *_: lambda grey, valid: grey)
    for number in range(4):
        pair = PairSource(dems, 4, areas=AREAS).pair(number, 96)
        assert np.corrcoef(pair.grey.ravel(), pair.height.ravel())[0, 1] > 0.9999


def _mean_of(height: np.ndarray, side: int) -> np.ndarray:
    rows, columns = (length // side for length in height.shape)
    return height.reshape(rows, side, columns, side).mean(axis=(1, 3)).astype(np.float32)


def test_crops_end_as_turned_pictures_do() -> None:
    grey = np.random.default_rng(0).normal(3, 1, (256, 256)).astype(np.float32)
    edged = [_edged(grey, np.random.default_rng(seed)) for seed in range(30)]
    shares = np.array([np.mean(seen != grey) for seen in edged])
    assert shares.max() < 0.36 and np.sum(shares > 0.02) > 8
    seen = edged[int(shares.argmax())]
    hidden = seen != grey
    assert np.abs(seen[hidden & (seen != 0)] - 3).mean() < 0.5  # continued smoothly
    assert all(side.all() or not side.any() for side in (hidden[[0, 0, -1, -1], [0, -1, 0, -1]][:, None]))
    assert np.array_equal(seen, _edged(grey, np.random.default_rng(int(shares.argmax()))))


def test_gaps_of_a_dem_are_never_ground(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ground 2,500 m below the sphere: a gap taken for 0 m would be the highest cliff of the scene."""
    height = random_relief((400, 400), 303.0, 3) - 2500
    height[:, 100:150] = -32768
    write_dem(tmp_path / "dem.tif", height)
    source = PairSource(tmp_path, 1, areas=AREAS)
    for number in range(6):
        seen, pixel = source._real(64, np.random.default_rng(number))
        assert seen.max() < height.max() + 500 and pixel > 0
    write_dem(tmp_path / "dem.tif", np.full((400, 400), -32768.0))
    monkeypatch.setattr(rendered_pairs, "TRIES", 9)
    with pytest.raises(InputError, match=r"dem\.tif has gaps in all"):
        source._real(64, np.random.default_rng(0))


def test_known_areas_are_those_of_gld100_files_alone(tmp_path: Path) -> None:
    hadley = (-8.0, 0.1, 0.0, 32.0, 0.0, -0.1)
    write_dem(tmp_path / "hadley_apennines.tif", np.zeros((160, 200)), hadley)
    areas = areas_in(tmp_path)
    assert {area.held_out for area in areas} == {False, True}
    assert not any(_overlap(area.box, EVALUATION_BOX) for area in areas)
    write_dem(tmp_path / "copernicus.tif", np.zeros((50, 50)))
    both = areas_in(tmp_path)
    boxes = [area.box for area in both if area.file == "copernicus.tif"]
    assert np.allclose(boxes, [(10, 1.5, 10.44, 2), (10.44, 1.5, 10.5, 2)])
    assert [area for area in both if area.file != "copernicus.tif"] == list(GLD100_AREAS[-3:])
    write_dem(tmp_path / "mars.tif", np.zeros((50, 50)), radius=3396190)
    with pytest.raises(InputError, match="Moon.*Mars.*different bodies"):
        areas_in(tmp_path)


def test_windows_of_a_global_dem_are_square_on_the_ground(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    height = random_relief((720, 1440), 7580.0, 3)
    write_dem(tmp_path / "dem.tif", height, (-180.0, 0.25, 0.0, 90.0, 0.0, -0.25))
    areas = areas_in(tmp_path)
    assert sum((a.box[2] - a.box[0]) * (a.box[3] - a.box[1]) for a in areas) == pytest.approx(360 * 180)
    windows, read = [], Raster.read

    def noted(self: Raster, window: Window, *rest: Any, **named: Any) -> Any:
        windows.append(window)
        return read(self, window, *rest, **named)

    monkeypatch.setattr(Raster, "read", noted)
    source, pixels = PairSource(tmp_path, 1, areas=areas), []
    for number in range(40):
        pixels.append(source._real(64, np.random.default_rng(number))[1])
    for window in windows:
        latitude = 90 - 0.25 * (window.row + window.height / 2)
        if abs(latitude) < 75:
            shape = window.width * np.cos(np.radians(latitude)) / window.height
            assert shape == pytest.approx(1, abs=0.25), latitude
    least, most = RenderedPairs(tmp_path, TINY, areas).card()["gsd_m"]
    assert least < 10 and most == 1000 and max(pixels) < 7600


def test_interrupts_do_not_reach_workers_and_scenes_come_without_them(dems: Path) -> None:
    with rendering_workers(1) as pool:
        assert pool is not None
        worker = pool.submit(os.getpid).result()
        os.kill(worker, signal.SIGINT)
        assert pool.submit(os.getpid).result() == worker
        os.kill(worker, signal.SIGKILL)
        greys, heights = RenderedPairs(dems, TINY, AREAS, pool).batch(0)
    expected = RenderedPairs(dems, TINY, AREAS).batch(0)
    assert np.array_equal(greys, expected[0]) and np.array_equal(heights, expected[1])


def test_training_boxes_miss_the_evaluation_box_and_the_held_out_ground() -> None:
    held_out = [area for area in GLD100_AREAS if area.held_out]
    for box in read_card(DEFAULT_MODEL)["training_boxes"]:
        assert not _overlap(box, EVALUATION_BOX)
        assert not any(_overlap(box, area.box) for area in held_out)
    assert [list(area.box) for area in GLD100_AREAS if not area.held_out] == read_card(DEFAULT_MODEL)["training_boxes"]


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
