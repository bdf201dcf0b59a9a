"""The rules of training pairs: black regions, similarity, ground split and left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planetary_dtm.core.errors import InputError
from planetary_dtm.core.learned.pair_ground import choose, grounds_of, lonlat_box, meets, parse_boxes, split, without
from planetary_dtm.core.learned.pair_rules import KeptTiles, largest_black
from planetary_dtm.core.rasters import Grid, Window
from planetary_dtm.core.simulation.shading import smooth

GRID = Grid(400, 200, (10.0, 0.01, 0.0, 1.0, 0.0, -0.01), "+proj=longlat +R=1737400 +no_defs")
PIXEL = GRID.pixel_size_m[1]


def texture(seed: int, side: int = 128) -> np.ndarray:
    return (smooth(np.random.default_rng(seed).normal(size=(side, side)), 4.0) * 300 + 128).astype(np.float32)


def test_black_counts_when_connected_and_pure() -> None:
    grey, valid = np.full((100, 100), 9.0, np.float32), np.ones((100, 100), bool)
    assert largest_black(grey, valid) == 0
    grey[10:20, 10:20] = 0
    grey[50:60, 50:60] = 1  # dark is not black
    grey[20:25, 20:25] = 0  # touches the first by a corner alone
    assert largest_black(grey, valid) == pytest.approx(0.01)
    valid[10:20, 20:25] = False  # nodata joins the two
    assert largest_black(grey, valid) == pytest.approx(0.01 + 0.005 + 0.0025)


def test_similarity_is_structural() -> None:
    kept = KeptTiles(255.0)
    assert kept.nearest(texture(1)) == (0.0, -1)
    kept.keep(7, texture(1))
    kept.keep(9, texture(2))
    assert kept.nearest(texture(1)) == (pytest.approx(1.0), 7)
    noisy = texture(2) + np.random.default_rng(5).normal(0, 20, (128, 128)).astype(np.float32)
    similarity, number = kept.nearest(noisy)  # no byte is the same, the structure is
    assert similarity > 0.9 and number == 9
    assert kept.nearest(texture(3))[0] < 0.35
    assert kept.nearest(255 - texture(1))[0] < 0.2


def test_similarity_agrees_with_the_formula() -> None:
    """Wang et al. 2004, equation 13, written out block by block."""
    a, b = texture(1).astype(float), texture(2).astype(float)
    small = [t.reshape(32, 4, 32, 4).mean((1, 3)) for t in (a, b)]
    c1, c2, found = (0.01 * 255) ** 2, (0.03 * 255) ** 2, []
    for row in range(0, 32, 8):
        for column in range(0, 32, 8):
            x, y = (t[row : row + 8, column : column + 8].ravel() for t in small)
            (sx, sxy), (_, sy) = np.cov(x, y)
            light = (2 * x.mean() * y.mean() + c1) / (x.mean() ** 2 + y.mean() ** 2 + c1)
            found.append(light * (2 * sxy + c2) / (sx + sy + c2))
    kept = KeptTiles(255.0)
    kept.keep(0, texture(1))
    assert kept.nearest(texture(2))[0] == pytest.approx(np.mean(found), abs=1e-4)


def test_windows_are_split_and_cut() -> None:
    whole = Window(0, 0, 400, 200)
    assert split(whole, 0.25) == [(Window(0, 0, 300, 200), False), (Window(300, 0, 100, 200), True)]
    assert split(Window(0, 0, 10, 100), 0.1)[1] == (Window(0, 90, 10, 10), True)
    assert split(whole, 0) == [(whole, False)]
    parts = without(whole, Window(100, 50, 50, 60))
    cover = np.zeros((200, 400), int)
    for part in parts:
        cover[part.row : part.row + part.height, part.column : part.column + part.width] += 1
    assert cover.max() == 1 and not cover[50:110, 100:150].any() and cover.sum() == 400 * 200 - 50 * 60
    assert without(whole, Window(500, 0, 10, 10)) == [whole] and without(whole, whole) == []


def test_tiles_keep_to_their_part_and_out_of_the_boxes() -> None:
    box = (11.0, -0.5, 11.4, 0.2)
    grounds = grounds_of("layer", GRID, PIXEL, 32, 0.25, [box])
    rng, sides = np.random.default_rng(0), set()
    for _ in range(300):
        index, ground = choose([grounds], rng)
        west, south, east, north = lonlat_box(GRID, ground.draw(rng))
        assert index == 0 and (east <= 13.0 + 1e-6 if not ground.held_out else west >= 13.0 - 1e-6)
        assert east <= box[0] + 1e-6 or west >= box[2] - 1e-6 or north <= box[1] + 1e-6 or south >= box[3] - 1e-6
        sides.add(ground.held_out)
    assert sides == {False, True}


def test_ground_smaller_than_a_tile_is_refused() -> None:
    with pytest.raises(InputError, match=r"held-out part of 'layer' \(40 x 200 pixels\) holds no tile of 64"):
        grounds_of("layer", GRID, PIXEL, 64, 0.1, [])


def test_ground_that_another_layer_holds_out_is_in_no_training() -> None:
    """Layers of 10-14 and 13-17 E overlap; the last quarter of each is held out: 13-14 and 16-17 E."""
    later = replace(GRID, transform=(13.0, 0.01, 0.0, 1.0, 0.0, -0.01))
    first, second = (grounds_of("a", a, PIXEL, 32, 0.25, [], [b]) for a, b in ((GRID, later), (later, GRID)))
    beside = replace(later, transform=(14.0, *later.transform[1:]))
    whole = [ground.window for ground in grounds_of("a", GRID, PIXEL, 32, 0.25, [], [beside])]
    assert [ground.window for ground in first] == whole == [Window(0, 0, 300, 200), Window(300, 0, 100, 200)]
    boxes = {ground.held_out: lonlat_box(later, ground.window) for ground in second}
    assert boxes == {False: (14.0, -1.0, 16.0, 1.0), True: (16.0, -1.0, 17.0, 1.0)}
    within = replace(GRID, width=60, transform=(13.2, *GRID.transform[1:]))
    with pytest.raises(InputError, match="training part of 'b' .* beside what other layers hold out"):
        grounds_of("b", within, PIXEL, 32, 0.5, [], [GRID])


def test_tiles_are_square_on_the_ground_at_every_latitude() -> None:
    """From 20 to 80 N a degree of longitude shrinks from 0.94 to 0.17 of one of latitude."""
    tall = Grid(2000, 3000, (10.0, 0.02, 0.0, 80.0, 0.0, -0.02), GRID.crs)
    (ground,), rng = grounds_of("layer", tall, tall.pixel_size_m[1], 64, 0.0, []), np.random.default_rng(1)
    assert len(ground.columns) == 3000 - 64 + 1 and (ground.columns > 64).all()
    for window in (ground.draw(rng) for _ in range(200)):
        wide, high = tall.sub(window).pixel_size_m
        assert window.width * wide == pytest.approx(window.height * high, rel=0.02)
        assert 0 <= window.row <= 3000 - 64 and 0 <= window.column <= 2000 - window.width


def test_boxes_meet_over_the_seam_of_longitude_and_not_at_their_edges() -> None:
    box = (350.0, -5.0, 370.0, 5.0)
    assert meets(box, (-5.0, 0.0, -4.0, 1.0)) and meets((5.0, 4.0, 12.0, 9.0), box) and meets(box, box)
    assert meets(box, (-180.0, -90.0, 180.0, 90.0)) and meets((2.0, 0.0, 3.0, 1.0), box)
    for apart in ((10.0, 0.0, 12.0, 1.0), (-12.0, 0.0, -10.0, 1.0), (0.0, 5.0, 1.0, 6.0), (100.0, 0.0, 101.0, 1.0)):
        assert not meets(box, apart) and not meets(apart, box)


def test_boxes_are_read_from_text() -> None:
    assert parse_boxes("1.5 24 4.5 27; 126, 5, 130, 25") == [(1.5, 24.0, 4.5, 27.0), (126.0, 5.0, 130.0, 25.0)]
    assert parse_boxes("") == []
    for text in ("1 2 3", "5 0 1 2", "a b c d"):
        with pytest.raises(InputError, match="EXCLUDE"):
            parse_boxes(text)
