"""Where the tiles of training pairs are drawn: a layer's ground, split by area, some of it left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..rasters import Grid, Window

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Ground:
    """Part of a layer tiles are drawn from, in the layer's pixels, and the size of a tile there (rows, columns)."""

    window: Window
    tile: tuple[int, int]
    held_out: bool

    @property
    def places(self) -> int:
        """Number of offsets a tile can have; 0 where the ground is smaller than a tile."""
        rows, columns = self.window.height - self.tile[0] + 1, self.window.width - self.tile[1] + 1
        return max(rows, 0) * max(columns, 0)

    def draw(self, rng: np.random.Generator) -> Window:
        """A tile at a random offset."""
        row = int(rng.integers(0, self.window.height - self.tile[0] + 1))
        column = int(rng.integers(0, self.window.width - self.tile[1] + 1))
        return Window(self.window.column + column, self.window.row + row, self.tile[1], self.tile[0])


def split(whole: Window, share: float) -> list[tuple[Window, bool]]:
    """A layer cut across its longer side: ground for training, and the last `share` of it held out (True)."""
    along = whole.width >= whole.height
    kept = round((whole.width if along else whole.height) * (1 - share))
    if along:
        first = Window(whole.column, whole.row, kept, whole.height)
        last = Window(whole.column + kept, whole.row, whole.width - kept, whole.height)
    else:
        first = Window(whole.column, whole.row, whole.width, kept)
        last = Window(whole.column, whole.row + kept, whole.width, whole.height - kept)
    return [(first, False), (last, True)] if share > 0 else [(whole, False)]


def without(window: Window, taken: Window) -> list[Window]:
    """What is left of a window beside another: up to four windows that do not overlap."""
    left, right = max(taken.column, window.column), min(taken.column + taken.width, window.column + window.width)
    top, bottom = max(taken.row, window.row), min(taken.row + taken.height, window.row + window.height)
    if left >= right or top >= bottom:
        return [window]
    end_column, end_row = window.column + window.width, window.row + window.height
    parts = [
        Window(window.column, window.row, left - window.column, window.height),
        Window(right, window.row, end_column - right, window.height),
        Window(left, window.row, right - left, top - window.row),
        Window(left, bottom, right - left, end_row - bottom),
    ]
    return [part for part in parts if part.width > 0 and part.height > 0]


def choose(grounds: Sequence[Sequence[Ground]], rng: np.random.Generator) -> tuple[int, Ground]:
    """One ground of one layer, by the number of places in it -> index of the layer, ground."""
    flat = [(index, ground) for index, layer in enumerate(grounds) for ground in layer]
    places = np.array([ground.places for _, ground in flat], float)
    return flat[int(rng.choice(len(flat), p=places / places.sum()))]


def grounds_of(
    name: str, grid: Grid, pixel_m: float, tile: int, share: float, excluded: Sequence[Box], square: bool
) -> list[Ground]:
    """The grounds of a layer for tiles of `tile` pixels of `pixel_m` metres, `share` of it held out.

    excluded: lon/lat boxes (degrees) that no tile touches. square: tiles are square on the ground, which rendering asks
    for, and not on the layer's grid. Raises InputError where the training or the held-out part holds no tile.
    """
    taken = [window for window in (_pixels(grid, box) for box in excluded) if window is not None]
    found: list[Ground] = []
    for strip, held_out in split(Window(0, 0, grid.width, grid.height), share):
        parts = [strip]
        for window in taken:
            parts = [rest for part in parts for rest in without(part, window)]
        made = [Ground(part, _tile_size(grid.sub(part), pixel_m, tile, square), held_out) for part in parts]
        usable = [ground for ground in made if ground.places]
        if not usable:
            which = "held-out" if held_out else "training"
            raise InputError(
                f"The {which} part of {name!r} ({strip.width} x {strip.height} pixels) holds no tile of {tile} pixels "
                f"of {pixel_m:g} m; choose a smaller TILE or PIXEL_SIZE, or another SPLIT."
            )
        found += usable
    return found


def _tile_size(part: Grid, pixel_m: float, tile: int, square: bool) -> tuple[int, int]:
    """Rows and columns of the layer that a tile covers."""
    wide, high = part.pixel_size_m
    rows = max(round(tile * pixel_m / high), 1)
    return rows, max(round(tile * pixel_m / wide), 1) if square else rows


def _pixels(grid: Grid, box: Box) -> Window | None:
    """The window of a grid that a lon/lat box (degrees) touches, or None."""
    lon, lat = np.meshgrid(np.linspace(box[0], box[2], 65), np.linspace(box[1], box[3], 65))
    column, row = grid.pixel_of(np.radians(lon), np.radians(lat))
    if not (np.isfinite(column).any() and np.isfinite(row).any()):
        return None
    c0, c1 = max(int(np.nanmin(column) - 0.5), 0), min(int(np.nanmax(column) + 1.5), grid.width)
    r0, r1 = max(int(np.nanmin(row) - 0.5), 0), min(int(np.nanmax(row) + 1.5), grid.height)
    return Window(c0, r0, c1 - c0, r1 - r0) if c1 > c0 and r1 > r0 else None


def lonlat_box(grid: Grid, window: Window) -> Box:
    """West, south, east, north (degrees) of a window's pixel edges."""
    columns = np.linspace(window.column - 0.5, window.column + window.width - 0.5, 17)
    rows = np.linspace(window.row - 0.5, window.row + window.height - 0.5, 17)
    lon, lat = (np.degrees(angle) for angle in grid.lonlat_of(*np.meshgrid(columns, rows)))
    lon = lon[8, 8] + (lon - lon[8, 8] + 180) % 360 - 180
    west, south, east, north = np.round([np.nanmin(lon), np.nanmin(lat), np.nanmax(lon), np.nanmax(lat)], 6).tolist()
    return west, south, east, north


def parse_boxes(text: str) -> list[Box]:
    """Boxes written as numbers in fours, west south east north in degrees; InputError for anything else."""
    try:
        numbers = [float(word) for word in text.replace(",", " ").replace(";", " ").split()]
    except ValueError as error:
        raise InputError(f"EXCLUDE {text[:60]!r} is not made of numbers; give west south east north; ...") from error
    boxes = [(w, s, e, n) for w, s, e, n in zip(*(iter(numbers),) * 4)]
    if len(numbers) % 4 or any(w >= e or s >= n for w, s, e, n in boxes):
        raise InputError(f"EXCLUDE {text[:60]!r} is no list of boxes; give west south east north; ... in degrees.")
    return boxes
