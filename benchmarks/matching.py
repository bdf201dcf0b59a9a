"""Dense matching beside the matchers of others, on one rectified pair of known parallax; and the views of a scanner.

A Chang'E-1 scene over real relief (GLD100 Copernicus; simulated rough ground without the data) is rendered with noise.
The forward view is resampled onto the nadir one by a smooth map, so that only relief is left, and turned so that it
runs along rows. Every matcher runs in a process of its own; all but ours are told the true range of the parallax, two
pixels more on either side. pandora needs a newer NumPy than QGIS has: install it in an environment of its own and name
its Python in the environment variable PLANETARY_DTM_PANDORA.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.camera.linescan import LineScan
from ..core.errors import PlanetaryDtmError
from ..core.matching.dense import match_views, picture
from ..core.matching.warp import identity, opencv
from ..core.progress import Progress, part, silent, tell
from ..core.simulation.images import Light, Picture, render
from ..core.simulation.orbit import orbital_plane
from ..core.simulation.scene import Scene, simulate
from ..core.simulation.terrain import RoughTerrain
from ..core.steps.simulatescene import read_terrain
from .data import real_data
from .matching_growth import growth
from .matching_moc import moc
from .matching_peers import NOT_INSTALLED
from .table import Check, Table, Tables

Float32 = NDArray[np.float32]

LINES, SEED = 2400, 0
INCIDENCES = (45.0, 55.0, 68.0)
ERROR_PX, WITHIN_2_PX, OF_LIT = 0.08, 0.995, 0.9  # bounds of what is matched together
SLOWER, OF_MEMORY = 10.0, 0.5  # pandora's ZNCC by the clock, and our share of its memory
NADIR, FORWARD, BACKWARD = 1, 2, 0
PEERS = {
    "ours": "ours",
    "OpenCV SGBM": "opencv_sgbm",
    "full-search NCC": "full_search",
    "pandora ZNCC": "pandora_zncc",
    "pandora ZNCC, quarter pixels": "pandora_zncc_quarter",
    "pandora census + SGM": "pandora_sgm",
}
PEER_HEADER = [
    "", "median error, px", "of all its own, px", "within 1 px", "matched", "CPU, s", "wall, s", "peak memory, MB",
]  # fmt: skip
VIEWS_HEADER = [
    "", "median error, px", "within 2 px", "of the lit overlap", "error / sigma, sample", "error / sigma, line",
]  # fmt: skip


def run(data: str | None = None, folder: str | None = None, progress: Progress = silent) -> Tables:
    """All tables; ``folder`` keeps the pair and the parallaxes."""
    scene = _scene(real_data(data))
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(folder or temporary)
        place.mkdir(parents=True, exist_ok=True)
        views = Table("Three views of one flight, matched together from the nadir view", VIEWS_HEADER)
        peers = Table("One rectified pair, nadir and forward", PEER_HEADER)
        for number, incidence in enumerate(INCIDENCES):
            share = part(progress, 0.25 * number, 0.25 * (number + 1))
            pictures = [render(scene, view, Light(incidence=incidence), SEED, share) for view in range(3)]
            _add_views(views, scene, pictures, incidence)
            if number == 1:
                _write_pair(place, scene, pictures)
        _add_peers(peers, place, part(progress, 0.75, 0.9))
        tell(progress, 0.9, "Longer images")
        longer = growth(place)
    real = real_data(data)
    pair = [moc(real / "mars" / "moc")] if real and (real / "mars" / "moc").is_dir() else []
    return Tables([views, peers, longer, *pair])


def _scene(data: Path | None) -> Scene:
    dem = data / "moon" / "gld100" / "copernicus.tif" if data else None
    if dem is None or not dem.exists():
        return simulate("ce1", RoughTerrain(SEED), LINES, seed=SEED, start_latitude=0.3, altimetry=False)
    ground = read_terrain(str(dem))
    west, dx, _, north, _, dy = ground.geotransform
    rows, columns = ground.heights.shape
    plane = orbital_plane(np.pi / 2, np.radians(west + dx * columns / 2))
    flown = simulate("ce1", ground, 2, seed=SEED, altimetry=False).line_angle * LINES
    start = float(np.radians(north + dy * rows / 2)) - 0.5 * flown
    return simulate("ce1", ground, LINES, seed=SEED, start_latitude=start, plane=plane, altimetry=False)


def _truth(scene: Scene, pictures: Sequence[Picture], view: int) -> Float32:
    """Where the nadir view's pixels lie in another, (L, S, 2) as sample, line; NaN off it."""
    line, sample = LineScan(scene.sensor, view, scene.truth).project(pictures[NADIR].points)
    rows, columns = pictures[view].grey.shape
    inside = (sample >= 0) & (sample <= columns - 1) & (line >= 0) & (line <= rows - 1)
    return np.where(inside[..., None], np.stack([sample, line], axis=-1), np.nan).astype(np.float32)


def _add_views(table: Table, scene: Scene, pictures: Sequence[Picture], incidence: float) -> None:
    """Rows of the two pairs, matched one by one and together."""
    a, others = pictures[NADIR].grey, (FORWARD, BACKWARD)
    lit = a > 0.05 * np.nanmedian(a)
    truths = [_truth(scene, pictures, view) for view in others]
    pairs = [picture(pictures[view].grey) for view in others]
    alone = [[found for (found,) in match_views(picture(a), [b])] for b in pairs]
    together = list(zip(*match_views(picture(a), pairs)))
    for name, found in (("alone", alone), ("together", together)):
        for view, truth, strips in zip(others, truths, found):
            label = f"{scene.sensor.views[view].name}, {name}, incidence {incidence:g}°"
            table.rows.append([label, *_quality(strips, truth, lit)])
            if name == "together":
                error, near, share = table.rows[-1][1:4]
                table.checks += [
                    Check(f"{label}: median error, px", error, ERROR_PX),
                    Check(f"{label}: within 2 px", near, least=WITHIN_2_PX),
                    Check(f"{label}: of the lit overlap", share, least=OF_LIT),
                ]


def _quality(strips: Sequence[Any], truth: Float32, lit: NDArray[np.bool_]) -> list[float]:
    def joined(*names: str) -> Float32:
        return np.stack([np.concatenate([getattr(strip, name) for strip in strips]) for name in names], axis=-1)

    error = identity(*lit.shape) + joined("sample_shift", "line_shift") - truth
    both = np.isfinite(error).all(axis=-1)
    length = np.linalg.norm(error[both], axis=-1)
    ratio = error[both] / joined("sample_sigma", "line_sigma")[both]
    overlap = lit & np.isfinite(truth[..., 0])
    spread = np.sqrt(np.mean(ratio**2, axis=0))
    return [float(np.median(length)), float(np.mean(length < 2)), float(both[overlap].mean()), *map(float, spread)]


def _write_pair(place: Path, scene: Scene, pictures: Sequence[Picture]) -> None:
    """pair.npz for the matchers, and the true parallax in truth.npy."""
    cv2 = opencv()
    truth = _truth(scene, pictures, FORWARD)
    rows, columns = truth.shape[:2]
    known = np.isfinite(truth[..., 0])
    level = _smooth_map(truth, known)
    grey = cv2.remap(np.nan_to_num(pictures[FORWARD].grey), level, None, cv2.INTER_CUBIC, borderValue=float("nan"))
    place_in_level = identity(rows, columns)
    for _ in range(4):  # the smooth map is nearly a shift: its inverse at the true place, by fixed-point steps
        there = cv2.remap(level, place_in_level, None, cv2.INTER_LINEAR, borderValue=(float("nan"),) * 2)
        place_in_level = np.nan_to_num(place_in_level + truth - there, nan=-9.0)
    parallax = np.where(
        known & (place_in_level[..., 1] >= 0), (place_in_level - identity(rows, columns))[..., 1], np.nan
    )
    usable = np.flatnonzero(np.isfinite(grey).all(axis=1) & known.all(axis=1))
    kept = slice(usable[0] + 15, usable[-1] - 15)  # pixels near the end see relief from beyond it
    parallax[np.abs(parallax - np.nanmedian(parallax)) > 60] = np.nan
    low, high = int(np.nanmin(parallax[kept])) - 3, int(np.nanmax(parallax[kept])) + 3
    left, right = (np.ascontiguousarray(image[kept].T) for image in (pictures[NADIR].grey, grey))
    np.savez(place / "pair.npz", left=left, right=right, low=low, high=high)
    np.save(place / "truth.npy", parallax[kept].T)


def _smooth_map(truth: Float32, known: NDArray[np.bool_]) -> Float32:
    """The polynomial of the fourth degree nearest to the true places."""
    line, sample = (np.linspace(-1, 1, size) for size in known.shape)
    powers = [(i, j) for i in range(5) for j in range(5 - i)]
    terms = np.stack([line[:, None] ** i * sample**j for i, j in powers], axis=-1)
    some = known & (np.arange(known.shape[1]) % 7 == 0)
    return np.asarray(terms @ np.linalg.lstsq(terms[some], truth[some], rcond=None)[0], np.float32)


def _add_peers(table: Table, place: Path, progress: Progress) -> None:
    truth = np.load(place / "truth.npy")
    found: dict[str, tuple[Float32, list[float]]] = {}
    for number, (label, name) in enumerate(PEERS.items()):
        tell(progress, number / len(PEERS), label)
        result = _alone(name, place)
        if result is None:
            table.notes.append(f"{label} is not installed and left out.")
        else:
            found[label] = result
    common = np.isfinite(truth) & np.all([np.isfinite(parallax) for parallax, _ in found.values()], axis=0)
    for label, (parallax, cost) in found.items():
        error = np.abs(parallax - truth)
        own = error[np.isfinite(error)]
        share = own.size / np.count_nonzero(np.isfinite(truth))
        row = [float(np.median(error[common])), float(np.median(own)), float(np.mean(own < 1)), share, *cost]
        table.rows.append([label, *row])
    ours, peer = ({row[0]: row for row in table.rows}.get(name) for name in ("ours", "pandora ZNCC"))
    if ours and peer:
        table.checks += [
            Check("median error over pandora ZNCC's", ours[1] / peer[1], 1.0),
            Check("pandora ZNCC's time by the clock over ours", peer[6] / ours[6], least=SLOWER),
            Check("memory over pandora ZNCC's", ours[7] / peer[7], OF_MEMORY),
        ]
        table.notes.append(f"CPU time of pandora ZNCC over ours: {peer[5] / ours[5]:.1f}.")
    size = " x ".join(map(str, truth.shape[::-1]))
    table.notes.append(
        f"{size} pixels; the first column over the {common.mean():.0%} that all matched. Ours finds the parallax "
        "itself, in both directions, with sigma and a check from the other side; memory is that of the whole process."
    )


def _alone(name: str, place: Path) -> tuple[Float32, list[float]] | None:
    """Run one matcher in a process of its own: parallax; CPU and wall seconds and peak memory (MB). None: missing."""
    python = os.environ.get("PLANETARY_DTM_PANDORA", sys.executable) if name.startswith("pandora") else sys.executable
    script = Path(__file__).with_name("matching_peers.py")
    done = subprocess.run([python, str(script), name, str(place)], stderr=subprocess.PIPE, text=True)
    if done.returncode == NOT_INSTALLED:
        return None
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise PlanetaryDtmError(f"The matcher {name} failed: {said[-1] if said else done.returncode}.")
    result = np.load(place / f"{name}.npz")
    return result["parallax"], [float(value) for value in result["cost"]]
