"""The matching rows of the paper's Table 5: SIFT alone, correlation alone, and both, beside ours on rendered views.

Simulated CE-1 over the paper's terrain with an albedo texture. The lines in which all three views see one stretch of
ground are cut out of each, as many as the paper matched; times are seconds of a core, so that what else runs on the
machine does not count.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ..core.camera.linescan import LineScan
from ..core.errors import InputError
from ..core.matching.dense import match_views, picture
from ..core.matching.seeds import find_seeds
from ..core.progress import Progress, part, silent, tell
from ..core.simulation.images import Light, ground_pixel, render
from ..core.simulation.scene import Scene, simulate
from ..core.simulation.terrain import PaperTerrain
from ..core.terrain.quality import sight
from .stereo_matchers import full_search, rectified
from .table import Table

Float32 = NDArray[np.float32]

LINES = (1000, 2000, 5000)
PAPER = {"SIFT": (5.0, 10.0, 23.2), "NCC": ("> 1 h", "> 3 h", "> 6 h"), "SIFT + NCC": (84.7, 167.3, 320.0)}
LIGHT = Light(albedo=0.1)
APART = 503  # lines between the views' looks at one place
BACKWARD, NADIR, FORWARD = 0, 1, 2
RELIEF_M = 4000.0  # above and below the mean within which the full search looks
SEARCHED = 1000  # lines of the full search; its cost goes with their number


def table_5_matching(progress: Progress = silent, lines: Sequence[int] = LINES) -> Table:
    """Seconds for the nadir view with the other two, by the number of lines."""
    scene = simulate("ce1", PaperTerrain(), max(lines) + 2 * APART, start_latitude=0.1, altimetry=False)
    views = [render(scene, view, LIGHT, 0, part(progress, 0.2 * view, 0.2 * view + 0.2)).grey for view in range(3)]
    table = Table("Table 5: seconds of matching", ["", *(f"{count} lines" for count in lines)])
    table.rows += [[f"paper: {name}", *values] for name, values in PAPER.items()]
    ways: dict[str, Callable[[Scene, Sequence[Float32]], float]] = {
        "SIFT alone": _sift,
        "NCC alone: full search of what the orientation leaves open": _ncc,
        "ours: SIFT, correlation at coarse scales, least squares": _ours,
    }
    matched = []
    for number, (name, way) in enumerate(ways.items()):
        tell(progress, 0.6 + 0.4 * number / len(ways), f"Table 5: {name}")
        row: list[object] = [name]
        for count in lines:
            some = min(count, SEARCHED) if way is _ncc else count
            if some == count:
                started = time.process_time()
                share = way(scene, [views[view][first : first + count] for view, first in _cut()])
                taken = time.process_time() - started
            row.append(taken * count / some)
        matched.append(f"{name.split(':')[0]}: {share:.2%}")
        table.rows.append(row)
    table.notes.append(
        "Three views of 512 samples, rendered; seconds of a core. The full search is told the orientation and looks "
        f"along the lines of sight alone; it is timed on {SEARCHED} lines, the rest by their number. Pixels matched in "
        f"both pairs, {lines[-1]} lines (full search: {SEARCHED}): {'; '.join(matched)}."
    )
    return table


def _cut() -> list[tuple[int, int]]:
    """View and first line of the same ground: nadir first."""
    return [(NADIR, APART), (FORWARD, 0), (BACKWARD, 2 * APART)]


def _sift(scene: Scene, greys: Sequence[Float32]) -> float:
    shares = []
    for other in greys[1:]:
        try:
            shares.append(len(find_seeds(greys[0], np.isfinite(greys[0]), other, np.isfinite(other)).a) / other.size)
        except InputError:
            shares.append(0.0)
    return min(shares)


def _ncc(scene: Scene, greys: Sequence[Float32]) -> float:
    """Full search on images resampled by the true orientation."""
    count = len(greys[0])
    a, *others = (
        LineScan(scene.sensor, view, scene.truth.with_(line=scene.truth.line - first)) for view, first in _cut()
    )
    nodes = np.linspace(0, count - 1, 40), np.linspace(0, scene.sensor.samples - 1, 20)
    shares = []
    for b, grey in zip(others, greys[1:]):
        made = rectified(grey, a, b, greys[0].shape, 0.0)
        ratio = float(np.nanmedian(sight(a, b, count, *nodes, 0.0).base_to_height))
        parallax, _ = full_search(greys[0], made.grey, int(np.ceil(RELIEF_M * ratio / ground_pixel(scene))))
        shares.append(float(np.isfinite(parallax).mean()))
    return min(shares)


def _ours(scene: Scene, greys: Sequence[Float32]) -> float:
    found = list(match_views(picture(greys[0]), [picture(grey) for grey in greys[1:]]))
    return min(float(np.isfinite(np.concatenate([strip[k].score for strip in found])).mean()) for k in (0, 1))
