"""Step: tiles of image and DEM become a folder of training pairs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..bodies import require_same_body
from ..compass import MUCH, compass_at, north_varies
from ..errors import InputError, ResourceError
from ..geotiff import write_image
from ..learned.pair_folder import ABOUT, FORMAT, TABLE, sha256
from ..learned.pair_ground import Ground, choose, grounds_of, lonlat_box, parse_boxes
from ..learned.pair_rules import KeptTiles, largest_black
from ..learned.rendered_pairs import SUN_AZIMUTH, photograph
from ..memory import require_memory
from ..outputs import replacing_folder
from ..progress import Progress, each, silent
from ..rasters import Grid, Mask, Raster, Window
from ..tables import write_table
from ..version import VERSION
from .heights import Dem
from .inputs import reference_on
from .step import Kind, Output, OutputKind, Parameter, Step, StepResult

Float = NDArray[np.float32]
_FIXED_MB, _BYTES_PER_PIXEL = 150.0, 200  # of a tile: measured at 64 and 256 a side
_BYTES_PER_TILE = 17_000  # of what the others are compared with, twice while one is added

REASONS = {
    "nodata": "the DEM does not cover it",
    "black": "a connected pure black region is too large",
    "similar": "too similar to a kept tile",
}


@dataclass(frozen=True)
class Layer:
    """An image with its DEM, or a DEM to render (image None)."""

    image: Raster | None
    dem: Raster
    grid: Grid  # of the image, or of the DEM
    radius_m: float = 0.0  # of the body, where a DEM to render holds distances from its centre

    @property
    def name(self) -> str:
        return (self.image or self.dem).name

    def tile(self, window: Window, side: int, rng: np.random.Generator) -> tuple[Float, Mask, Float, Mask]:
        """Grey, its validity, heights (m) and their validity of a tile, side x side."""
        if self.image is None:
            smaller = window.height >= side
            height, known = self.dem.read(window, (side, side), resampling="average" if smaller else "bilinear")
            if self.radius_m:
                height = np.where(known, height - height.dtype.type(self.radius_m), 0)
            pixel = self.grid.pixel_size_m[1] * window.height / side
            lit = known.all()
            grey = photograph(height.astype(np.float32), pixel, 1, rng) if lit else np.zeros((side, side), np.float32)
            return np.rint(grey * 255).astype(np.float32), np.full((side, side), lit), height.astype(np.float32), known
        grey, valid = self.image.read(window, (side, side))
        try:
            under = reference_on(self.grid.sub(window).resized(side, side), self.dem.path, "DEM")
        except ResourceError:  # the DEM has gone
            raise
        except InputError:  # the layers overlap, this tile does not
            return grey.astype(np.float32), valid, np.zeros((side, side), np.float32), np.zeros((side, side), bool)
        return grey.astype(np.float32), valid, under.height.astype(np.float32), under.valid


def run(
    *,
    dem: Sequence[str],
    image: str | None,
    pixel_size: float | None,
    count: int,
    tile: int,
    split: float,
    seed: int,
    max_black: float,
    max_similarity: float,
    height_scale: float,
    exclude: str | None,
    sun_azimuth: float | None,
    output_folder: str,
    progress: Progress = silent,
) -> StepResult:
    """Draw tiles, drop what the rules drop, and write the rest with a manifest; see `STEP` for the parameters."""
    needed = _FIXED_MB + (_BYTES_PER_PIXEL * tile**2 + _BYTES_PER_TILE * count) / 1e6
    fix = "choose a smaller TILE or COUNT"
    require_memory(needed, f"Drawing {count} tiles of {tile} x {tile} pixels", fix, progress)
    layers = _layers([dem] if isinstance(dem, str) else dem, image)
    step = pixel_size or min(layer.grid.pixel_size_m[1] for layer in layers)
    excluded = parse_boxes(exclude or "")
    grids = [layer.grid for layer in layers]
    grounds = [
        grounds_of(layer.name, layer.grid, step, tile, split, excluded, grids[:index] + grids[index + 1 :])
        for index, layer in enumerate(layers)
    ]
    byte = image is None or all(layer.image is not None and layer.image.is_byte() for layer in layers)
    draw = _Drawing(layers, grounds, tile, seed, byte, KeptTiles(255.0 if byte else _span(layers)))
    with replacing_folder(output_folder) as folder:
        rows = [draw.row(folder, k, max_black, max_similarity) for k in each(range(count), progress, count, "Tiles")]
        counts = Counter(row["reason"] or "kept" for row in rows)
        if not counts["kept"]:
            reasons = ", ".join(f"{n} {reason}: {REASONS[reason]}" for reason, n in sorted(counts.items()))
            raise InputError(f"All {count} tiles were rejected ({reasons}); loosen that rule or choose other layers.")
        relief = max(row["relief_m"] for row in rows if row["status"] == "kept")
        scale = height_scale or relief
        write_table(folder / TABLE, {name: [row.get(name, "") for row in rows] for name in _COLUMNS})
        about = {
            "format": FORMAT,
            "version": VERSION,
            "tile": tile,
            "pixel_m": step,
            "grey": "symmetric" if byte else "robust",
            "height_scale": scale,
            "sun_azimuth": SUN_AZIMUTH if image is None else _from_the_top(sun_azimuth, layers[0].grid),
            "body": layers[0].grid.body.name,
            "seed": seed,
            "rules": {"count": count, "split": split, "max_black": max_black, "max_similarity": max_similarity},
            "counts": {"drawn": count, **dict(sorted(counts.items()))},
            "sources": [_source(layer) for layer in layers],
            "excluded_boxes": [list(box) for box in excluded],
            "training_boxes": _lonlat_boxes(layers, grounds, held_out=False),
            "held_out_boxes": _lonlat_boxes(layers, grounds, held_out=True),
            "table_sha256": sha256(folder / TABLE),
        }
        (folder / ABOUT).write_text(json.dumps(about, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return StepResult(
        {"OUTPUT_FOLDER": output_folder, "KEPT": counts["kept"], "REJECTED": count - counts["kept"]},
        (f"The largest relief, {relief:.0f} m, is above HEIGHT_SCALE, {scale:g} m.",) if relief > scale else (),
        (_said(counts, rows),),
    )


def _from_the_top(azimuth: float | None, grid: Grid) -> float | None:
    """The sun's azimuth clockwise from the tiles' top, as manifests have it, for one from north at the image's middle.

    Raises `InputError` where north turns so much over the image that one azimuth does not hold for its tiles.
    """
    if azimuth is None:
        return None
    compass, varies = compass_at(grid), north_varies(grid)
    if compass is None or varies > MUCH:
        raise InputError(
            f"North turns by {varies:.0f} degrees over IMAGE, so that no one SUN_AZIMUTH holds for all of it; crop it, "
            "or leave SUN_AZIMUTH empty."
        )
    turned = compass.on_map(azimuth)
    return azimuth if abs((turned - azimuth + 180.0) % 360.0 - 180.0) < 1e-6 else turned


@dataclass(frozen=True)
class _Drawing:
    """What the tiles of a set are drawn from, and those kept so far."""

    layers: Sequence[Layer]
    grounds: Sequence[Sequence[Ground]]
    side: int
    seed: int
    byte: bool
    kept: KeptTiles

    def row(self, folder: Path, number: int, max_black: float, max_similarity: float) -> dict[str, Any]:
        """Draw tile `number`, write it if the rules let it pass -> its row of the manifest."""
        rng = np.random.default_rng([self.seed, number])
        index, ground = choose(self.grounds, rng)
        layer, window = self.layers[index], ground.draw(rng)
        grey, valid, height, known = layer.tile(window, self.side, rng)
        row = _row(number, layer, window, ground.held_out)
        row |= _judged(grey, valid, known, self.kept, max_black, max_similarity)
        if row["status"] == "kept":
            self.kept.keep(number, grey)
            row |= _written(folder, number, layer, window, grey, valid, height, self.byte)
        return row


def _layers(dems: Sequence[str], image: str | None) -> list[Layer]:
    """Open the layers; with an image there is one DEM, on the same body and under it."""
    if image is None:
        rasters = [Raster(path, "DEM") for path in dems]
        for raster in rasters[1:]:
            require_same_body(rasters[0].grid.body, f"DEM {rasters[0].name!r}", raster.grid.body, f"{raster.name!r}")
        radii = [raster.grid.body.radius_m if Dem(raster.path).radii else 0.0 for raster in rasters]
        return [Layer(None, raster, raster.grid, radius) for raster, radius in zip(rasters, radii)]
    if len(dems) != 1:
        raise InputError(f"IMAGE goes with one DEM, {len(dems)} are given; join them in a virtual raster first.")
    picture = Raster(image, "IMAGE")
    grid = picture.grid
    few = grid.resized(min(grid.width, 64), min(grid.height, 64))
    reference_on(few, dems[0], "DEM")  # refuses another body, and a DEM that does not reach the image
    return [Layer(picture, Raster(dems[0], "DEM"), grid)]


def _lonlat_boxes(layers: Sequence[Layer], grounds: Sequence[Sequence[Ground]], held_out: bool) -> list[list[float]]:
    pairs = [(layer, ground) for layer, parts in zip(layers, grounds) for ground in parts]
    return [list(lonlat_box(layer.grid, ground.window)) for layer, ground in pairs if ground.held_out == held_out]


def _span(layers: Sequence[Layer]) -> float:
    """Range of the grey values of images that are not 8-bit, from an overview."""
    images = [layer.image for layer in layers if layer.image is not None]
    values = [image.read(shape=(min(image.size[0], 512), min(image.size[1], 512))) for image in images]
    known = np.concatenate([grey[valid] for grey, valid in values])
    return float(np.ptp(np.percentile(known, (0.5, 99.5)))) if known.size else 1.0


_COLUMNS = (
    *("tile", "layer", "split", "status", "reason", "column", "row", "columns", "rows"),
    *("west", "south", "east", "north", "black_share", "similarity", "similar_to"),
    *("height_min_m", "relief_m", "image", "image_sha256", "height", "height_sha256"),
)


def _row(number: int, layer: Layer, window: Window, held_out: bool) -> dict[str, Any]:
    west, south, east, north = lonlat_box(layer.grid, window)
    return {
        "tile": number,
        "layer": layer.name,
        "split": "held_out" if held_out else "train",
        "column": window.column,
        "row": window.row,
        "columns": window.width,
        "rows": window.height,
        "west": west,
        "south": south,
        "east": east,
        "north": north,
    }


def _judged(
    grey: Float, valid: Mask, known: Mask, kept: KeptTiles, max_black: float, max_similarity: float
) -> dict[str, Any]:
    """Status and reason of a tile, by the first rule it breaks, and the measures taken."""
    if not known.all():
        return {"status": "rejected", "reason": "nodata"}
    black = largest_black(grey, valid)
    found: dict[str, Any] = {"status": "rejected", "reason": "black", "black_share": round(black, 6)}
    if black > max_black / 100:
        return found
    similarity, other = kept.nearest(grey)
    found |= {"similarity": round(similarity, 4), "similar_to": other if other >= 0 else ""}
    if similarity > max_similarity / 100:
        return found | {"reason": "similar"}
    return found | {"status": "kept", "reason": ""}


def _written(
    folder: Path, number: int, layer: Layer, window: Window, grey: Float, valid: Mask, height: Float, byte: bool
) -> dict[str, Any]:
    """Write a tile's two files; their names, checksums and heights for the manifest."""
    grid = layer.grid.sub(window).resized(grey.shape[1], grey.shape[0])
    lowest = float(height.min())
    names = {"image": f"{number:05d}_image.tif", "height": f"{number:05d}_height.tif"}
    shown = np.where(valid, grey, 0)
    write_image(folder / names["image"], grid, shown.astype(np.uint8) if byte else shown.astype(np.float32), {})
    about = {"HEIGHT_MIN_M": f"{lowest:.3f}", "UNIT": "metres above the tile's minimum"}
    above = (height - np.float32(lowest)).astype(np.float32)
    write_image(folder / names["height"], grid, above, about)
    sums = {f"{kind}_sha256": sha256(folder / name) for kind, name in names.items()}
    return {**names, **sums, "height_min_m": round(lowest, 3), "relief_m": round(float(above.max()), 3)}


def _source(layer: Layer) -> dict[str, str]:
    files = {"image": layer.image, "dem": layer.dem}
    found: dict[str, str] = {}
    for kind, raster in files.items():
        if raster is not None:
            found[kind] = raster.name
            found[f"{kind}_sha256"] = sha256(raster.path) if Path(raster.path).is_file() else ""
    return found


def _said(counts: Counter[str], rows: Sequence[dict[str, Any]]) -> str:
    held_out = sum(row["status"] == "kept" and row["split"] == "held_out" for row in rows)
    dropped = ", ".join(f"{counts[reason]} because {text}" for reason, text in REASONS.items() if counts[reason])
    return f"{counts['kept']} of {len(rows)} tiles kept, {held_out} of them held out; rejected: {dropped or 'none'}."


STEP = Step(
    id="trainingpairs",
    title="Make training pairs",
    group="Learned terrain",
    help=(
        "Cuts tiles of an image and a DEM at random places of the same ground and keeps what a model can learn from: "
        "tiles with a large pure black region, and tiles too similar to one already kept, are dropped (the rules of "
        "JMARS). Without an image the DEM is rendered under random light.\n\n"
        "The last part of every layer is held out, so that scores are taken on ground that training never saw. A "
        "manifest lists every tile, kept or not, and why, with offsets and checksums; the same seed makes the same "
        "files."
    ),
    parameters=(
        Parameter(
            "IMAGE",
            Kind.RASTER,
            "Image",
            "One band of grey; pairs are cut on its grid. Empty: the DEM is rendered.",
            optional=True,
        ),
        Parameter(
            "DEM", Kind.RASTERS, "DEM", "Heights in metres under the image; several DEMs where they are rendered."
        ),
        Parameter(
            "PIXEL_SIZE",
            Kind.NUMBER,
            "Pixel size",
            "Ground size of a tile's pixel; empty: that of the layer.",
            optional=True,
            minimum=0.001,
            unit="m",
        ),
        Parameter(
            "COUNT",
            Kind.INTEGER,
            "Tiles to draw",
            "Number of tiles drawn, before any is dropped.",
            1800,
            minimum=1,
            maximum=1_000_000,
        ),
        Parameter(
            "TILE",
            Kind.INTEGER,
            "Tile side",
            "Width and height of a tile.",
            1024,
            minimum=32,
            maximum=4096,
            unit="pixels",
        ),
        Parameter(
            "SPLIT",
            Kind.NUMBER,
            "Share held out",
            "Part of every layer, at its eastern or southern end, that is kept from training.",
            0.1,
            minimum=0,
            maximum=0.9,
        ),
        Parameter("SEED", Kind.INTEGER, "Seed", "The same seed draws the same tiles, byte for byte.", 1, minimum=0),
        Parameter(
            "MAX_BLACK",
            Kind.NUMBER,
            "Largest black region",
            "Tiles with a larger connected region of pure black (value 0 or nodata) are dropped.",
            0.5,
            minimum=0,
            maximum=100,
            unit="% of the tile",
        ),
        Parameter(
            "MAX_SIMILARITY",
            Kind.NUMBER,
            "Largest similarity",
            "Tiles more similar than this to one already kept "
            "are dropped: structural similarity (SSIM) of the tiles reduced to 32 x 32 pixels.",
            35.0,
            minimum=0,
            maximum=100,
            unit="%",
        ),
        Parameter(
            "HEIGHT_SCALE",
            Kind.NUMBER,
            "Height scale",
            "Heights above each tile's minimum that stand for full "
            "scale in the whole set; 0: the largest relief among the tiles.",
            39586.0,
            minimum=0,
            unit="m",
            advanced=True,
        ),
        Parameter(
            "EXCLUDE",
            Kind.TEXT,
            "Ground left out",
            "Boxes never drawn from: west south east north in degrees, several separated by semicolons.",
            optional=True,
        ),
        Parameter(
            "SUN_AZIMUTH",
            Kind.NUMBER,
            "Sun azimuth",
            "Direction towards the sun of the whole image, clockwise from "
            "north, where known; goes into the model card.",
            optional=True,
            minimum=-360,
            maximum=360,
            unit="degrees",
        ),
    ),
    outputs=(
        Output(
            "OUTPUT_FOLDER",
            OutputKind.FOLDER,
            "Folder of pairs",
            "Folder for the tiles, manifest.csv and manifest.json.",
        ),
        Output("KEPT", OutputKind.NUMBER, "Kept", "Number of tiles kept."),
        Output("REJECTED", OutputKind.NUMBER, "Rejected", "Number of tiles dropped."),
    ),
    run=run,
    icon="model",
    tags=("training", "tiles", "dataset", "machine learning"),
)
