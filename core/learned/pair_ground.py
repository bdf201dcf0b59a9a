"""Where the tiles of training pairs are drawn: a layer's ground, split by area, some of it left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..rasters import Grid, Window

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Ground:
    """Part of a layer tiles are drawn from, in the layer's pixels, and the size of a tile there.

    rows: of a tile. columns: (offsets,) of a tile that begins at each row it can: as many as make it square on the
    ground there, which in degrees are more towards a pole.
    """

    window: Window
    rows: int
    columns: NDArray[np.intp]
    held_out: bool

    @cached_property
    def _offsets(self) -> NDArray[np.intp]:
        """Number of columns, for each row, that a tile can begin at."""
        return np.maximum(self.window.width - self.columns + 1, 0)

    @property
    def places(self) -> int:
        """Number of offsets a tile can have; 0 where the ground is smaller than a tile."""
        return int(self._offsets.sum())

    def draw(self, rng: np.random.Generator) -> Window:
        """A tile at a random offset."""
        possible = np.flatnonzero(self._offsets)
        row = int(possible[rng.integers(0, len(possible))])
        column = int(rng.integers(0, self._offsets[row]))
        return Window(self.window.column + column, self.window.row + row, int(self.columns[row]), self.rows)


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
    name: str,
    grid: Grid,
    pixel_m: float,
    tile: int,
    share: float,
    excluded: Sequence[Box],
    others: Sequence[Grid] = (),
) -> list[Ground]:
    """The grounds of a layer for tiles of `tile` square pixels of `pixel_m` metres, `share` of it held out.

    excluded: lon/lat boxes (degrees) that no tile touches. others: layers beside this one, whose held-out parts are
    left out of what is for training here. Raises InputError where the training or the held-out part holds no tile.
    """
    taken = [_pixels(grid, box) for box in excluded]
    unseen = [
        _shared(grid, other, part) for other in others for part, held_out in split(_whole(other), share) if held_out
    ]
    found: list[Ground] = []
    for strip, held_out in split(_whole(grid), share):
        parts = [strip]
        for window in taken if held_out else [*taken, *unseen]:
            parts = [rest for part in parts for rest in without(part, window)] if window else parts
        made = [_ground(grid, part, pixel_m, tile, held_out) for part in parts]
        usable = [ground for ground in made if ground.places]
        if not usable:
            which = "held-out" if held_out else "training"
            beside = " beside what other layers hold out there" if any(unseen) and not held_out else ""
            raise InputError(
                f"The {which} part of {name!r} ({strip.width} x {strip.height} pixels) holds no tile of {tile} pixels "
                f"of {pixel_m:g} m{beside}; choose a smaller TILE or PIXEL_SIZE, or another SPLIT."
            )
        found += usable
    return found


def _whole(grid: Grid) -> Window:
    return Window(0, 0, grid.width, grid.height)


def _ground(grid: Grid, part: Window, pixel_m: float, tile: int, held_out: bool) -> Ground:
    """Part of a layer, and the size of tiles in it: rows by its middle, columns by that of the tile."""
    rows = max(round(tile * pixel_m / grid.sub(part).pixel_size_m[1]), 1)
    last = part.height - rows
    if last < 0:
        return Ground(part, rows, np.zeros(0, np.intp), held_out)
    side = max(min(rows, part.width), 1)
    at = np.unique([*np.linspace(0, last, 65).astype(int), last // 2])
    column, first = part.column + (part.width - side) // 2, part.row + (rows - side) // 2
    shape = np.array([_width_to_height(grid.sub(Window(column, int(first + row), side, side))) for row in at])
    known = np.isfinite(shape)
    ratio = np.interp(np.arange(last + 1), at[known], shape[known])
    return Ground(part, rows, np.maximum(np.rint(rows / np.maximum(ratio, 1e-6)), 1).astype(np.intp), held_out)


def _width_to_height(part: Grid) -> float:
    """Of a pixel on the ground; NaN where the layer's CRS is not defined."""
    try:
        wide, high = part.pixel_size_m
    except InputError:
        return float("nan")
    return wide / high


def _shared(grid: Grid, other: Grid, part: Window) -> Window | None:
    """The window of a grid that holds what it shares with part of another, or None; edges that touch share nothing."""
    columns = np.linspace(part.column - 0.5, part.column + part.width - 0.5, 65)
    rows = np.linspace(part.row - 0.5, part.row + part.height - 0.5, 65)
    column, row = grid.pixel_of(*other.lonlat_of(*np.meshgrid(columns, rows)))
    if not (np.isfinite(column).any() and np.isfinite(row).any()):
        return None
    slack = 1e-3
    c0, c1 = (int(np.floor(np.nanmin(column) + 0.5 + slack)), int(np.ceil(np.nanmax(column) + 0.5 - slack)))
    r0, r1 = (int(np.floor(np.nanmin(row) + 0.5 + slack)), int(np.ceil(np.nanmax(row) + 0.5 - slack)))
    c0, r0, c1, r1 = max(c0, 0), max(r0, 0), min(c1, grid.width), min(r1, grid.height)
    return Window(c0, r0, c1 - c0, r1 - r0) if c1 > c0 and r1 > r0 else None


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


def meets(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether two boxes (west, south, east, north in degrees, any turn) share ground; edges that touch do not."""
    slack = 2e-6  # boxes are written to a millionth of a degree
    if min(one[3], other[3]) - max(one[1], other[1]) <= slack:
        return False
    return any((b[0] - a[0]) % 360 < a[2] - a[0] - slack for a, b in ((one, other), (other, one)))


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
