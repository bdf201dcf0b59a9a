"""A folder of training pairs: its manifest, its checks, and the batches drawn from it.

manifest.csv has one row a tile drawn (kept or rejected and why, offsets, checksums), manifest.json says what holds for
all: sources with checksums, rules, counts, lon/lat boxes, and

tile          side in pixels          pixel_m         ground size of a pixel, metres
grey          "symmetric" (8 bit) or "robust", see `greyscale`
height_scale  metres that the set's heights, above each tile's minimum, are divided by
sun_azimuth   degrees clockwise from the tiles' top, null where not known
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..rasters import Raster, Window
from ..sources import is_plain_file
from ..tables import read_table
from .greyscale import grey_scale
from .pair_ground import Box, lonlat_box
from .plan import Plan
from .rendered_pairs import Pair, relative_heights

Float = NDArray[np.float32]

TABLE, ABOUT, FORMAT = "manifest.csv", "manifest.json", "planetary-dtm pairs 1"
_MOST_BYTES = 16 << 20  # of manifest.json, which lists sources and boxes, not tiles
_CACHE = 5e8  # bytes of tiles held in memory


def _number(value: Any) -> bool:
    return type(value) in (int, float) and bool(-1e12 < value < 1e12)


def _above_zero(value: Any) -> bool:
    return _number(value) and value > 0


def is_boxes(value: Any) -> bool:
    """Whether a value of a manifest or model card is a list of boxes of four numbers each."""
    return isinstance(value, list) and all(
        isinstance(box, list) and len(box) == 4 and all(map(_number, box)) for box in value
    )


# What the manifest must hold, and how each field is judged.
_FIELDS: dict[str, Callable[[Any], bool]] = {
    "tile": lambda value: type(value) is int and 1 <= value <= 8192,
    "pixel_m": _above_zero,
    "grey": lambda value: value in ("symmetric", "robust"),
    "height_scale": _above_zero,
    "sun_azimuth": lambda value: value is None or _number(value),
    "body": lambda value: isinstance(value, str),
    "table_sha256": lambda value: isinstance(value, str),
    "sources": lambda value: (
        isinstance(value, list)
        and all(isinstance(source, dict) and isinstance(source.get("dem"), str) for source in value)
    ),
    "training_boxes": is_boxes,
    "held_out_boxes": is_boxes,
}
_COLUMNS = ("status", "split", "image", "height", "image_sha256", "height_sha256")


def sha256(path: str | Path) -> str:
    """Checksum of a file's bytes."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        for block in iter(lambda: file.read(1 << 22), b""):
            digest.update(block)
    return digest.hexdigest()


def is_pair_folder(folder: str | Path) -> bool:
    return (Path(folder) / ABOUT).is_file()


@dataclass(frozen=True)
class Listed:
    """A kept tile: names of its files in the folder, and whether its ground is held out from training."""

    image: str
    height: str
    held_out: bool


class PairFolder:
    """The kept tiles of a folder, all files checked against the manifest."""

    def __init__(self, folder: str | Path) -> None:
        """Raises InputError where the manifest is missing or damaged, and for a file missing or altered."""
        self.folder = Path(folder)
        self.about = self._read_about()
        self.tiles = tuple(self._checked())

    def _read_about(self) -> dict[str, Any]:
        path = self.folder / ABOUT
        if not path.is_file():
            raise InputError(f"Folder {str(self.folder)!r} has no {ABOUT}; make pairs with trainingpairs first.")
        try:
            if path.stat().st_size > _MOST_BYTES:
                raise ValueError(f"more than {_MOST_BYTES >> 20} MB")
            about = json.loads(path.read_text(encoding="utf-8"))
            ours = about["format"] == FORMAT
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise InputError(f"Manifest {str(path)!r} is damaged; make the pairs again.") from error
        if not ours:
            raise InputError(f"Manifest {str(path)!r} is not of format {FORMAT!r}; make the pairs again.")
        for key, sound in _FIELDS.items():
            if key not in about or not sound(about[key]):
                raise InputError(f"Manifest {str(path)!r} has no usable field {key!r}; make the pairs again.")
        return dict(about)

    def _checked(self) -> list[Listed]:
        self._check(TABLE, self.about["table_sha256"])
        rows = read_table(self.folder / TABLE, "Manifest").columns
        missing = [name for name in _COLUMNS if name not in rows]
        if missing:
            table = str(self.folder / TABLE)
            raise InputError(f"Manifest {table!r} has no column {missing[0]!r}; make the pairs again.")
        tiles = []
        for index in np.flatnonzero(np.asarray(rows["status"]) == "kept"):
            for kind in ("image", "height"):
                self._check(str(rows[kind][index]), str(rows[f"{kind}_sha256"][index]))
            tiles.append(Listed(str(rows["image"][index]), str(rows["height"][index]), rows["split"][index] != "train"))
        return tiles

    def _check(self, name: str, expected: str) -> None:
        path = self.folder / name
        if Path(name).name != name or not is_plain_file(path):
            raise InputError(f"Pair file {str(path)!r} is missing; make the pairs again or restore it.")
        if sha256(path) != expected:
            raise InputError(f"Pair file {str(path)!r} was altered: its checksum is not the manifest's; restore it.")

    def box(self, tile: Listed) -> Box:
        """West, south, east, north (degrees) of a tile."""
        image = Raster(self.folder / tile.image, "Pair image")
        return lonlat_box(image.grid, Window(0, 0, *image.size))

    def read(self, tile: Listed) -> tuple[Float, NDArray[np.bool_], Float]:
        """Grey, its validity, and heights above the tile's minimum (m) of a tile."""
        side = self.about["tile"]
        named = (("image", tile.image), ("height", tile.height))
        images = [Raster(self.folder / name, f"Pair {kind}") for kind, name in named]
        for image in images:
            if image.size != (side, side):
                raise InputError(f"Pair file {image.path!r} is not {side} x {side} pixels; make the pairs again.")
        (grey, valid), (height, _) = (image.read() for image in images)
        return grey.astype(np.float32), valid, height.astype(np.float32)


class FolderPairs:
    """Batches of a pair folder; every tile once an epoch, in an order of the plan's seed.

    Pix2PixCC learns metres as published: 8-bit grey as -1..1, heights above the minimum over `height_scale` as -1..1.
    The U-Net learns relative heights in ground pixels from robust grey, as it does from rendered scenes.
    """

    def __init__(self, folder: PairFolder, plan: Plan) -> None:
        """Raises InputError where tiles are smaller than the plan's crops or none is for training."""
        self.folder, self.plan = folder, plan
        self.metres = plan.architecture == "pix2pixcc"
        self.training = [tile for tile in folder.tiles if not tile.held_out]
        self.unseen = [tile for tile in folder.tiles if tile.held_out]
        if not self.training:
            raise InputError(f"Folder {str(folder.folder)!r} holds no pair for training; draw more or split less.")
        if folder.about["tile"] < plan.crop:
            raise InputError(
                f"The pairs have {folder.about['tile']} pixels, crops of {plan.crop} are to be trained on; choose a "
                "smaller crop or larger tiles."
            )
        self._pair = lru_cache(max(int(_CACHE / self._bytes), 1))(self._read)

    @property
    def _bytes(self) -> float:
        """Memory of one pair."""
        return 8.0 * float(self.folder.about["tile"]) ** 2

    @property
    def held_bytes(self) -> float:
        return min(_CACHE, len(self.folder.tiles) * self._bytes)

    def batch(self, step: int) -> tuple[Float, Float]:
        plan = self.plan
        greys, heights = [], []
        for place in range(plan.batch):
            count = step * plan.batch + place
            pair = self._pair(self.training[self._order(count // len(self.training))[count % len(self.training)]])
            rng = np.random.default_rng([plan.seed, 9, count])
            row, column = rng.integers(0, len(pair.grey) - plan.crop + 1, 2)
            part = (slice(row, row + plan.crop), slice(column, column + plan.crop))
            height = pair.height[part]
            greys.append(pair.grey[part][None])
            heights.append((height - height.min() - 1 if self.metres else height)[None])
        return np.stack(greys), np.stack(heights)

    def _order(self, epoch: int) -> NDArray[np.intp]:
        return np.random.default_rng([self.plan.seed, 8, epoch]).permutation(len(self.training))

    def held_out(self, count: int) -> Sequence[Pair]:
        return [self._pair(tile) for tile in self.unseen[:count]]

    def _read(self, tile: Listed) -> Pair:
        about = self.folder.about
        grey, valid, height = self.folder.read(tile)
        kind = about["grey"] if self.metres else "robust"
        normal = grey_scale(grey, valid, kind)(grey, valid)
        if self.metres:
            unit = float(about["height_scale"]) / 2
            return Pair(normal, height / np.float32(unit) - 1, unit / float(about["pixel_m"]), "pairs")
        relative, slope = relative_heights(height, float(about["pixel_m"]))
        return Pair(normal, relative, slope, "pairs")

    def fingerprint(self) -> str:
        """Of all tiles, and of what the manifest says of them together."""
        about = self.folder.about
        return json.dumps([about[name] for name in ("table_sha256", "tile", "pixel_m", "grey", "height_scale")])

    def card(self) -> dict[str, Any]:
        about = self.folder.about
        fields: dict[str, Any] = {
            "grey": {"kind": about["grey"] if self.metres else "robust"},
            "sun_azimuth": about["sun_azimuth"],
            "body": about["body"],
            "gsd_m": [0.5 * about["pixel_m"], 2 * about["pixel_m"]],
            "limits": f"It knows the {about['body']} alone, and the ground, cameras and sun (sun_azimuth) of "
            "its pairs.",
            "height_unit": "metre" if self.metres else "ground_pixel",
            "training_data": f"{len(self.training)} pairs of " + ", ".join(s["dem"] for s in about["sources"]),
            "training_boxes": about["training_boxes"],
            "held_out_boxes": about["held_out_boxes"],
        }
        if self.metres:
            unit = float(about["height_scale"]) / 2
            fields |= {"height_scale": unit, "height_offset": unit}
        return fields
