"""What the quality report of the stereo chain shows, gathered from the chain's files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..camera.footprints import footprint
from ..camera.frame import FrameCamera
from ..camera.linescan import ImageCamera, LineScan
from ..matching.match_file import MatchFile
from ..progress import Progress, part, tell
from ..rasters import Raster
from ..resection.model import Orientation
from ..terrain.comparison import compare_grids, compare_points
from ..terrain.intersection import good_matches
from ..terrain.quality import sight, streaks
from ..terrain.quality_report import (
    MissQuality,
    OrbitQuality,
    PairQuality,
    ReferenceQuality,
    StereoQuality,
    quality_report,
)
from ..terrain.robust import nmad
from ..terrain.sampling import bilinear
from ..terrain.shots import Shots
from ..version import VERSION
from .inputs import Reference, reference_on, shots_on
from .intersect import intersect_block
from .scans import camera_of
from .stereo_chain import Chain

Array = NDArray[np.float64]

_NODES = (400, 160)  # of image A at most, where matches are looked at
_LINES = 160  # of image A at most, where ray misses are looked at
_SIDE = 900  # pixels of the longer side of a map
_WILD = 6.0  # NMADs beyond which a shot says nothing of the DTM
_STAGES = {
    "orient": "orientation",
    "match": "matching",
    "intersect": "intersection",
    "grid": "gridding",
    "level": "levelling",
}


def report_of(chain: Chain, matches: Sequence[str], raw: str, dtm: str, target: Path, progress: Progress) -> str:
    """Write the report on a chain that made ``dtm`` from ``raw``, which is the same where it was not levelled."""
    files = [MatchFile(path) for path in matches]
    source = Raster(dtm)
    height, sigma = (_values(source, band) for band in (1, 2))
    a = camera_of(chain.cameras, files[0].view_a, files[0].image_a)
    nodes = _nodes(files[0])
    tell(progress, 0.1, "Looking at the matches")
    pixel_m = float(np.mean(footprint(a, a.body_radius_m).pixel_m))
    pairs = [_pair(chain, file, path, a, nodes, _median(height), pixel_m) for file, path in zip(files, matches)]
    misses = _misses(chain, files, part(progress, 0.2, 0.6))
    tell(progress, 0.6, "Comparing")
    cells = height.shape
    step = max(1, -(-max(cells) // _SIDE))
    pixel = source.grid.pixel_size_m
    reference = _reference(chain, raw, dtm, height, step)
    tell(progress, 0.7, "Drawing the report")
    chosen = {image.view: camera_of(chain.cameras, image.view, image.name) for image in chain.images}
    outlines = {view: footprint(camera, camera.body_radius_m) for view, camera in chosen.items()}
    images = [
        [one.name, one.view, one.lines, one.samples, _camera_kind(chosen[one.view]), *outlines[one.view].pixel_m]
        for one in chain.images
    ]
    quality = StereoQuality(
        title=", ".join(image.name for image in chain.images),
        image_a=files[0].view_a,
        images=images,
        outlines={view: source.grid.pixel_of(o.lon, o.lat) for view, o in outlines.items()},
        node_line=nodes[0],
        node_sample=nodes[1],
        pairs=pairs,
        image_pixel_m=pixel_m,
        scanned=not isinstance(a, FrameCamera),
        misses=misses,
        orbit=_orbit(a),
        height=height[::step, ::step],
        sigma=sigma[::step, ::step],
        pixel_m=(pixel[0] * step, pixel[1] * step),
        cell_m=pixel,
        cells=cells,
        covered=float(np.isfinite(height).mean()),
        points=int(chain.numbers["COUNT"]),
        profile=streaks(height),
        profile_across=streaks(height.T),
        reference=reference,
        parameters=_parameters(chain),
        seconds={_STAGES[name]: seconds for name, seconds in chain.seconds.items()},
        metadata=source.metadata,
        warnings=chain.warnings,
        notes=chain.notes,
    )
    return str(quality_report(quality).write(target))


def _values(source: Raster, band: int) -> Array:
    values, valid = source.read(band=band)
    return np.where(valid, values, np.nan).astype(np.float64)


def _nodes(file: MatchFile) -> tuple[Array, Array]:
    """Lines and samples of image A that GDAL takes when it reads at most `_NODES` of them by nearest neighbour."""
    sizes = zip((file.lines, file.samples), _NODES)
    line, sample = (np.floor((np.arange(min(n, most)) + 0.5) * n / min(n, most)) for n, most in sizes)
    return line, sample


def _pair(
    chain: Chain, file: MatchFile, path: str, a: ImageCamera, nodes: tuple[Array, Array], level: float, pixel_m: float
) -> PairQuality:
    """How image A was matched with another."""
    b = camera_of(chain.cameras, file.view_b, file.image_b)
    b_lines = next(image.lines for image in chain.images if image.view == file.view_b)
    found = sight(a, b, b_lines, *nodes, level)
    source, shape = Raster(path), (len(nodes[0]), len(nodes[1]))
    bands = (source.read(shape=shape, band=band, resampling="nearest") for band in (3, 4))
    score, sigma = (np.where(valid, values, np.nan).astype(np.float64) for values, valid in bands)
    ratio = _median(found.base_to_height)
    return PairQuality(file.view_b, score, sigma, found.seen, _median(found.convergence), ratio, pixel_m / ratio)


def _misses(chain: Chain, files: list[MatchFile], progress: Progress) -> MissQuality:
    """Ray misses of the points that were kept, on some lines of image A."""
    lines = np.unique(np.linspace(0, files[0].lines - 1, min(files[0].lines, _LINES)).astype(int))
    kept, rows = [], []
    for number, line in enumerate(lines):
        tell(progress, number / len(lines), "Looking at the ray misses")
        found = intersect_block(files, chain.cameras, int(line), 1)
        own = found.ray_miss[good_matches(found, chain.cameras[0].body_radius_m)] if len(found) else np.empty(0)
        kept.append(own)
        rows.append([np.median(own), np.quantile(own, 0.9)] if own.size else [np.nan, np.nan])
    median, ninety = np.transpose(rows)
    return MissQuality(lines.astype(float), median, ninety, np.concatenate(kept))


def _orbit(camera: ImageCamera) -> OrbitQuality | None:
    """Residuals and sigmas of a line scanner's EOPs."""
    if not isinstance(camera, LineScan):
        return None
    orientation: Orientation = camera.orientation
    covariance = orientation.covariance
    sigma = np.full((len(orientation), 6), np.nan)
    if covariance is not None:
        sigma = np.sqrt(np.einsum("lii->li", covariance))
    return OrbitQuality(orientation.line, orientation.rms_px, sigma[:, :3].max(axis=1), sigma[:, 3:].max(axis=1))


def _reference(chain: Chain, raw: str, dtm: str, height: Array, step: int) -> ReferenceQuality | None:
    """The DTM against what it was or could have been levelled to; None where that is nothing, or of another datum."""
    made, datums = Raster(dtm), [Raster(path).metadata["DATUM"] for path in (raw, dtm)]
    before = _values(Raster(raw), 1) if raw != dtm and datums[0] == datums[1] else None
    altimetry, dem, grid = chain.given["altimetry"], chain.given["reference_dem"], made.grid
    if dem:
        other = reference_on(grid, dem, datum=chain.given["reference_datum"])
        if other.datum == datums[1]:
            return _against_dem(other, Path(dem).name, height, before, grid.pixel_size_m, step)
    elif altimetry:
        shots, datum, _ = shots_on(grid, altimetry, chain.given["altitude_field"])
        if datum != datums[1]:
            return None
        return _against_shots(shots, Path(altimetry.partition("|")[0]).name, height, before, step)
    return None


def _against_dem(
    dem: Reference, name: str, height: Array, before: Array | None, pixel_m: tuple[float, float], step: int
) -> ReferenceQuality:
    known = np.where(dem.valid, dem.height, np.nan)
    apart = height - known
    earlier = None if before is None else compare_grids(before, known, pixel_m)
    values = apart[np.isfinite(apart)]
    return ReferenceQuality(name, True, apart[::step, ::step], values, compare_grids(height, known, pixel_m), earlier)


def _against_shots(shots: Shots, name: str, height: Array, before: Array | None, step: int) -> ReferenceQuality | None:
    def sampled(made: Array) -> Array:
        values, seen = bilinear(np.nan_to_num(made), np.isfinite(made), shots.row, shots.col)
        return np.where(seen, values, np.nan)

    apart = sampled(height) - shots.altitude
    seen = np.isfinite(apart)
    if not seen.any():
        return None
    middle = _median(apart)
    good = seen & (np.abs(apart - middle) <= _WILD * max(nmad(apart[seen]), 1e-3))
    altitude = np.where(good, shots.altitude, np.nan)
    numbers = compare_points(sampled(height), altitude)
    earlier = None if before is None else compare_points(sampled(before), altitude)
    shown = np.full(height[::step, ::step].shape, np.nan)
    places = ((axis[good] / step).astype(int) for axis in (shots.row, shots.col))
    shown[tuple(np.minimum(place, n - 1) for place, n in zip(places, shown.shape))] = apart[good]
    wild = int(seen.sum() - good.sum())
    return ReferenceQuality(name, False, shown, apart[good], numbers, earlier, wild)


def _parameters(chain: Chain) -> dict[str, object]:
    """All the user gave or left at its default."""
    told: dict[str, object] = {}
    for name, value in chain.given.items():
        if not name.startswith("output") and value not in (None, "", []):
            several = isinstance(value, (list, tuple))
            told[name.upper()] = ", ".join(_short(one) for one in value) if several else _short(value)
    return {**told, "Version": VERSION}


def _short(value: Any) -> str:
    """A path by its last part, anything else as it is."""
    return Path(value).name if isinstance(value, str) and ("/" in value or "\\" in value) else str(value)


def _camera_kind(camera: ImageCamera) -> str:
    if isinstance(camera, LineScan):
        return f"{camera.sensor.name}, {camera.orientation.method}"
    return "frame camera" if isinstance(camera, FrameCamera) else "CSM line scanner"


def _median(values: Array) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else float("nan")
