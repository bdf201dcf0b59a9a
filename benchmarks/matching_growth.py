"""What `densematch` costs with the length of the images: three views of 5,000 to 20,000 lines, each a run of its own.

The ground is a fractal texture and its mirror images, one after the other; the other views show it moved along the
lines by a fractal relief, to either side. Cost is measured here, not accuracy.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.cli import program
from ..core.errors import PlanetaryDtmError
from ..core.matching.warp import identity, opencv
from ..core.rasters import Raster
from ..core.simulation.shading import fractal
from .matching_peers import peak_memory
from .table import Check, Table

Float32 = NDArray[np.float32]

LINES, SAMPLES = (5_000, 10_000, 20_000), 512
_PERIOD = 2_500  # lines after which the ground is mirrored
_PARALLAX_PX = 3.0  # one sigma of the relief's
SECONDS, MORE = 30.0, 1.3  # by the clock for the shortest; a pixel's cost and the memory of the longest over its
HEADER = ["lines", "matched", "CPU, s", "wall, s", "peak memory, MB", "CPU, s, a million pixels"]


def growth(folder: Path) -> Table:
    """One row for each length."""
    table = Table("Three views matched together, by their length", HEADER)
    for lines in LINES:
        names = write_views(folder, lines)
        table.rows.append([lines, *_measured(names, folder)])
        table.rows[-1].append(table.rows[-1][2] / (lines * SAMPLES / 1e6))
    short, long = table.rows[0], table.rows[-1]
    table.checks += [
        Check(f"{short[0]} lines, three views, seconds by the clock", short[3], SECONDS),
        Check(f"CPU time of a pixel, {long[0]} over {short[0]} lines", long[5] / short[5], MORE),
        Check(f"memory, {long[0]} over {short[0]} lines", long[4] / short[4], MORE),
    ]
    table.notes.append(f"{SAMPLES} samples; the command `densematch` as a whole, from files to files.")
    return table


def write_views(folder: Path, lines: int) -> list[str]:
    """Write three views of ``lines`` x `SAMPLES` pixels, 16 bits, the one to match from first; their paths."""
    cv2 = opencv()
    rng = np.random.default_rng(lines)
    texture, relief = (_mirrored(fractal((_PERIOD, SAMPLES), rng, slope), lines) for slope in (2.0, 3.0))
    sharp = cv2.GaussianBlur(texture + np.float32(0.3) * rng.standard_normal(texture.shape, np.float32), (0, 0), 0.8)
    paths = []
    for name, share in (("nadir", 0.0), ("forward", 1.0), ("backward", -1.0)):
        place = identity(lines, SAMPLES)
        place[..., 1] += np.float32(share * _PARALLAX_PX) * relief
        grey = cv2.remap(sharp, place, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
        grey = 10_000 + 2_000 * grey + 100 * rng.standard_normal(grey.shape, np.float32)
        paths.append(str(folder / f"{name}_{lines}.tif"))
        cv2.imwrite(paths[-1], grey.clip(1, 65535).astype(np.uint16))
    return paths


def _mirrored(ground: Float32, lines: int) -> Float32:
    """``lines`` rows of a ground (period, w) and its mirror images; unit variance."""
    there_and_back = np.concatenate([ground, ground[::-1]])
    return np.asarray(there_and_back[np.arange(lines) % len(there_and_back)] / ground.std(), np.float32)


def _measured(paths: Sequence[str], folder: Path) -> list[float]:
    """Share matched, CPU and wall seconds, and peak memory (MB) of one run of the command."""
    output, other = folder / "matches.tif", folder / "matches_c.tif"
    words = [sys.executable, "-m", __name__, "densematch", "--output", str(output), "--output-c", str(other)]
    given = [word for name, path in zip("abc", paths) for word in (f"--image-{name}", path)]
    before, started = os.times(), time.monotonic()
    done = subprocess.run([*words, *given], stdout=subprocess.PIPE, text=True)
    seconds, after = time.monotonic() - started, os.times()
    if done.returncode:
        raise PlanetaryDtmError(f"densematch on {paths[0]} ended with {done.returncode}.")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    matched = float(Raster(str(output)).read(band=3)[1].mean())
    return [matched, cpu, seconds, float(done.stdout.split()[-1])]


if __name__ == "__main__":  # a command, and after it the most memory that it held, MB
    status = program()
    print(peak_memory())
    sys.exit(status)
