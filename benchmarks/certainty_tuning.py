"""Grounds on which the sigma of altitudes is chosen: none of those that ``bench certainty`` judges it by.

Other squares of GLD100, with fractal detail below its resolution, and rough grounds of other seeds are seen through two
altimeters: Chang'E-1's (`altimeter_shots`), and one like LOLA's: five beams, crossing tracks, each track off by itself.
``python -m planetary_dtm.benchmarks.certainty_tuning`` prints the shares within sigma on all of them: of true heights
at places between Chang'E-1's tracks, of the shots of whole tracks where tracks lie close. There sigma is fitted to five
sixths of the tracks withheld and judged by the last sixth, in turn: some 40 tracks tell three times as much as the 9 of
a fifth that is withheld from the start.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..core.altimetry.certainty import CertaintyModel
from ..core.altimetry.error_features import Features
from ..core.altimetry.interpolation import Interpolator
from ..core.altimetry.readers import Shots
from ..core.altimetry.sigma import fit_scale
from ..core.altimetry.withholding import withheld_tracks
from ..core.bodies import body_of_radius
from ..core.progress import Progress, silent, tell
from ..core.rasters import Raster
from ..core.simulation.altimeter import altimeter_shots
from ..core.simulation.fractal import FractalField
from ..core.simulation.terrain import DemTerrain, DetailedTerrain, RoughTerrain, Terrain
from .data import real_data
from .table import Table

Array = npt.NDArray[np.float64]
Box = tuple[float, float, float, float]  # west, south, east, north, degrees

WIDE: dict[str, tuple[str, Box]] = {
    "Apennines, west": ("hadley_apennines.tif", (-8.0, 16.1, 1.4, 26.0)),
    "Apennines, east": ("hadley_apennines.tif", (5.6, 16.1, 12.0, 31.0)),
    "farside, 115 E": ("farside_highlands_NE.tif", (113.1, 5.0, 116.9, 25.0)),
    "Imbrium": ("sinus_iridum.tif", (-29.9, 36.0, -22.0, 50.0)),
}
SMALL: dict[str, tuple[str, tuple[float, float]]] = {
    "Apennines, front": ("hadley_apennines.tif", (-1.5, 18.5)),
    "Apennines, crater": ("hadley_apennines.tif", (0.0, 29.5)),
    "Apennines, Haemus": ("hadley_apennines.tif", (8.0, 17.5)),
    "farside, 101 E": ("farside_highlands_NE.tif", (101.0, 14.0)),
    "farside, 128 E": ("farside_highlands_NE.tif", (128.0, 20.0)),
    "Copernicus, west": ("copernicus.tif", (-25.0, 9.0)),
    "Copernicus, east": ("copernicus.tif", (-12.0, 12.0)),
    "Imbrium": ("sinus_iridum.tif", (-27.0, 45.0)),
}
SMALL_DEGREES = 1.0
PARTS = 6
DETAIL_M = (900.0, 60.0)  # GLD100 resolves some 5 to 8 of its pixels
FOOTPRINT_M = np.array([(0.0, 0.0), (25.0, 0.0), (0.0, 25.0), (-25.0, 0.0), (0.0, -25.0)])  # of the five beams


def run(data: str | None = None, progress: Progress = silent) -> Table:
    """Spearman's correlation of sigma with the error and the share of the errors within it, by thirds of sigma."""
    from scipy.stats import spearmanr

    found = real_data(data)
    table = Table(
        "Sigma on grounds that no benchmark judges it by",
        ["altimeter", "ground", "shots", "rank", "lower third", "middle third", "upper third"],
    )

    def judge(altimeter: str, name: str, shots: Shots, error: Array, sigma: Array) -> None:
        thirds = np.array_split(np.argsort(sigma), 3)
        within = [float(np.mean(error[rows] < sigma[rows])) for rows in thirds]
        table.rows.append([altimeter, name, len(shots), float(spearmanr(error, sigma)[0]), *within])

    for name, shots, lon, lat, truth in wide(found):
        tell(progress, 0.1, name)
        asked = CertaintyModel(Interpolator(shots)).at(lon, lat)
        judge("as Chang'E-1's", name, shots, np.abs(asked.altitude - truth), asked.sigma)
    for name, shots in small(found):
        tell(progress, 0.5, name)
        judge("as LOLA", name, shots, *crossed(shots))
    for altimeter in ("as Chang'E-1's", "as LOLA"):
        shares = np.array([row[4:] for row in table.rows if row[0] == altimeter], dtype=float)
        means = ", ".join(f"{mean:.3f}" for mean in shares.mean(axis=0))
        off = float(np.sqrt(np.mean((shares - 0.683) ** 2)))
        table.notes.append(
            f"Altimeter {altimeter}: mean shares {means}; {off:.3f} off 0.683 (RMS); "
            f"{int(((shares < 0.61) | (shares > 0.75)).sum())} of {shares.size} outside 0.61 to 0.75."
        )
    return table


def crossed(shots: Shots) -> tuple[Array, Array]:
    """Errors (M,) in m of shots of whole tracks, and what sigma says that knows nothing of these tracks (M,)."""
    held = withheld_tracks(Interpolator(shots), np.random.default_rng(0))
    assert held is not None
    known, error, track = held
    sigma = np.zeros(len(error))
    for part in np.array_split(np.random.default_rng(1).permutation(np.unique(track)), PARTS):
        out = np.isin(track, part)
        inner, outer = (Features(*(getattr(known, f.name)[rows] for f in fields(Features))) for rows in (~out, out))
        sigma[out] = fit_scale(inner, error[~out], track=track[~out]).at(outer)
    return error, sigma


def wide(data: Path | None) -> Iterator[tuple[str, Shots, Array, Array, Array]]:
    """Name, Chang'E-1's shots, and places between them: lon, lat (rad) and true height (m)."""
    places = 12_000
    for seed in (11, 12, 13):
        rng, terrain = np.random.default_rng(seed), RoughTerrain(seed)
        lat = np.radians(rng.uniform(0.0, 90.0, places))
        lon = rng.uniform(-0.5, 0.5, places) * np.minimum(60_000.0 / (terrain.radius_m * np.cos(lat)), 2 * np.pi)
        yield f"rough, seed {seed}", _chang_e(terrain, lon, lat, seed), lon, lat, terrain.height(lon, lat)
    for seed, (name, (file, box)) in enumerate(WIDE.items() if data else (), 21):
        assert data is not None
        ground, rng = _gld100(data / "moon" / "gld100" / file, box, seed, 0.08), np.random.default_rng(seed)
        lon, lat = (np.radians(rng.uniform(box[i] + 0.3, box[i + 2] - 0.3, places)) for i in (0, 1))
        yield name, _chang_e(ground, lon, lat, seed, 9_000.0), lon, lat, ground.height(lon, lat)


def small(data: Path | None) -> Iterator[tuple[str, Shots]]:
    """Name and shots of an altimeter like LOLA's over a degree of ground."""
    for seed in (31, 32, 33):
        yield f"rough, seed {seed}", lola_like(RoughTerrain(seed), (10.0, 20.0 * (seed - 31)), seed)
    for seed, (name, (file, corner)) in enumerate(SMALL.items() if data else (), 41):
        assert data is not None
        box = (corner[0] - 0.2, corner[1] - 0.2, corner[0] + 1.2, corner[1] + 1.2)
        slope = (0.03, 0.08, 0.15)[seed % 3]
        yield name, lola_like(_gld100(data / "moon" / "gld100" / file, box, seed, slope), corner, seed)


def lola_like(terrain: Terrain, corner: tuple[float, float], seed: int) -> Shots:
    """Shots of 30 to 60 tracks across a degree of ground from ``corner`` (west, south; degrees) on.

    Polar orbits going north and south cross at a few degrees, some lie apart by chance, some cover part of the ground
    and lack beams. Places of a track are off by some 20 m together, altitudes by some metres (a tenth of the tracks:
    tens of metres); a shot has 0.3 m of noise, and 1 in 5,000 is wild.
    """
    rng, radius = np.random.default_rng(seed), terrain.radius_m
    south, side = np.radians(corner[1]), np.radians(SMALL_DEGREES)
    lon, lat, altitude, track = [], [], [], []
    for number in range(int(rng.integers(30, 60))):
        start = rng.uniform(-0.05, 1.05) * side
        drift = np.radians(rng.choice([-1.0, 1.0]) * rng.normal(1.5, 0.6))
        ends = np.sort(rng.uniform(0.0, 1.0, 2)) if rng.uniform() < 0.3 else np.array([0.0, 1.0])
        north = np.arange(ends[0] * side, ends[1] * side, 57.0 / radius) + rng.uniform(0, 57.0 / radius)
        beams = FOOTPRINT_M[rng.permutation(5)[: (5, 5, 2, 4)[rng.integers(4)]]]
        turn = np.radians(rng.uniform(0, 360))
        beams = beams @ np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) / radius
        shrink = np.cos(south + 0.5 * side)
        x = start + (np.tan(drift) * (north - 0.5 * side))[:, None] / shrink + beams[:, 0] / shrink
        y = north[:, None] + beams[:, 1] + south
        x, y = (x + np.radians(corner[0])).ravel(), y.ravel()
        off = rng.normal(0.0, 20.0 / radius, 2)
        higher = rng.normal(0.0, 15.0 if rng.uniform() < 0.1 else 1.5)
        z = terrain.height(x + off[0] / shrink, y + off[1]) + higher + rng.normal(0.0, 0.3, len(x))
        wild = rng.uniform(size=len(x)) < 2e-4
        z[wild] += rng.uniform(-2000.0, 2000.0, int(wild.sum()))
        seen = (np.abs(x - np.radians(corner[0]) - 0.5 * side) < 0.5 * side) & (rng.uniform(size=len(x)) > 0.05)
        for values, new in ((lon, x), (lat, y), (altitude, z), (track, np.full(len(x), number))):
            values.append(new[seen])
    body = body_of_radius(radius)
    x, y, z = (np.concatenate(values) for values in (lon, lat, altitude))
    return Shots(x, y, z, body, body.datum, None, np.concatenate(track))


def _chang_e(terrain: Terrain, lon: Array, lat: Array, seed: int, margin_m: float = 25_000.0) -> Shots:
    taken = altimeter_shots(terrain, lon, lat, seed, wild=0.0, margin_m=margin_m)
    body = body_of_radius(terrain.radius_m)
    return Shots(taken.lon, taken.lat, taken.altitude, body, body.datum, np.full(len(taken), 5.0), taken.track)


def _gld100(path: Path, box: Box, seed: int, slope: float) -> Terrain:
    raster = Raster(path)
    window = raster.grid.window(box)
    heights, _ = raster.read(window)
    coarse = DemTerrain(heights.astype(np.float64), raster.grid.sub(window).transform)
    return DetailedTerrain(coarse, FractalField.detail(seed, *DETAIL_M, slope))


if __name__ == "__main__":
    print(run().text())
