"""``planetary-dtm bench certainty``: do certainty and sigma tell the true error, does the filter find wild shots?

Rough terrain and GLD100 are seen through Chang'E-1's altimeter tracks (1.4 km along, 7 km between at the equator, 5 m
noise) and asked at random places between; at Hadley every fifth of LOLA's tracks is withheld in turn and asked for,
with the tracks dealt into fifths three times.
GLD100 and Hadley need the real data; without them their rows are left out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..core.altimetry.certainty import CertaintyModel
from ..core.altimetry.correlation import correlation_length
from ..core.altimetry.filtering import FilterResult, filter_shots
from ..core.altimetry.interpolation import Interpolator
from ..core.altimetry.readers import Shots, read_shots
from ..core.bodies import body_of_radius
from ..core.outputs import replacing
from ..core.progress import Progress, part, silent, tell
from ..core.rasters import Raster
from ..core.report import new_figure, png
from ..core.resection.trajectory import recover_trajectory
from ..core.resection.two_phase import recover_two_phase
from ..core.simulation.altimeter import altimeter_shots
from ..core.simulation.scene import simulate
from ..core.simulation.terrain import DemTerrain, RoughTerrain, Terrain
from .data import real_data
from .hard_case import ARC_LINES, altimetry, errors_of, real_like
from .table import Check, Table, Tables

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

SWATH_M = 60_000.0
NOISE_M = 5.0
QUERIES = 20_000
SITES = {
    "GLD100 Copernicus": ("copernicus.tif", (-23.0, 6.0)),
    "GLD100 farside highlands": ("farside_highlands_NE.tif", (103.0, 8.0)),
    "GLD100 farside, east": ("farside_highlands_NE.tif", (117.0, 12.0)),
    "GLD100 Sinus Iridum": ("sinus_iridum.tif", (-40.0, 38.0)),
}
SITE_DEGREES = 10.0
FOLDS = 5
DEALS = (1, 2, 3)  # of the tracks into fifths: the shares of a single one depend on which tracks go together
ARC_STEP = 20  # lines between those solved
MAP_SHOTS, MAP_SIDE = 1_000_000, 2000
MU_RANK, SIGMA_RANK, WITHIN = -0.35, 0.5, (0.61, 0.75)  # ranks at most and at least, shares of each third
FILTER = {0.01: (99.0, 1.0), 0.05: (95.0, 2.0)}  # by share of wild shots: % found at least, of good ones lost at most
MAP_S = 60.0


@dataclass(frozen=True)
class Asked:
    """True absolute errors (n,) in m at the queries, what was said there about them (n,), and the track asked for (n,;
    0 where none is)."""

    error: Array
    mu_dist: Array
    mu: Array
    sigma: Array
    track: npt.NDArray[np.int64]
    length: float = np.nan

    def __add__(self, other: Asked) -> Asked:
        names = ("error", "mu_dist", "mu", "sigma", "track")
        return Asked(*(np.concatenate([getattr(self, n), getattr(other, n)]) for n in names))


def run(data: str | None = None, folder: str | None = None, progress: Progress = silent) -> Tables:
    """All four tables; what the filter removes at Hadley is drawn to ``folder`` where one is given."""
    found = real_data(data)
    return Tables(
        [
            ranking(found, part(progress, 0.0, 0.5)),
            without_cause(),
            filtering(found, Path(folder) if folder else None, part(progress, 0.5, 0.8)),
            speed(progress=part(progress, 0.8, 1.0)),
        ]
    )


def ranking(data: Path | None = None, progress: Progress = silent) -> Table:
    """Rank correlation of certainty and sigma with the true error, and how many errors lie within sigma."""
    from scipy.stats import spearmanr

    table = Table(
        "Certainty and sigma of interpolated altitudes (Spearman's rank correlation with the absolute error; share of "
        "the errors within one sigma in each third by sigma)",
        [
            "ground", "queries", "median error, m", "mu_dist", "mu", "sigma",
            "lower third", "middle third", "upper third", "correlation length, m",
        ],
    )  # fmt: skip
    dealt: list[list[float]] = []
    for name, asked in _grounds(data, progress):
        thirds = np.array_split(np.argsort(asked.sigma), 3)
        ranks = [float(spearmanr(asked.error, says)[0]) for says in (asked.mu_dist, asked.mu, asked.sigma)]
        within = [float(np.mean(asked.error[rows] < asked.sigma[rows])) for rows in thirds]
        length = None if np.isnan(asked.length) else asked.length
        table.rows.append([name, len(asked.error), float(np.median(asked.error)), *ranks, *within, length])
        table.checks += _ranks(name, *ranks)
        if not asked.track.any():
            table.checks += _shares(name, within)
        else:
            dealt.append(within)
            noise = ", ".join(f"{share:.3f}" for share in _noise(asked, thirds))
            table.notes.append(
                f"{name}: {len(np.unique(asked.track))} tracks, each withheld once; as the tracks happen to lie "
                f"(bootstrap by whole tracks) the shares of the thirds have a standard error of {noise}."
            )
    if dealt:
        table.notes.append(
            "One deal of so few tracks is a draw: the shares' mean over the deals is held to the bounds."
        )
        table.checks += _shares(f"LOLA at Hadley, mean of {len(dealt)} deals", np.mean(dealt, axis=0).tolist())
    return table


def _ranks(name: str, mu_dist: float, mu: float, sigma: float) -> list[Check]:
    return [
        Check(f"{name}, rank of mu", mu, MU_RANK),
        Check(f"{name}, rank of mu less mu_dist's", mu - mu_dist, 0.0),
        Check(f"{name}, rank of sigma", sigma, least=SIGMA_RANK),
    ]


def _shares(name: str, within: Sequence[float]) -> list[Check]:
    thirds = zip(("lower", "middle", "upper"), within)
    return [Check(f"{name}, within sigma in the {third} third", share, WITHIN[1], WITHIN[0]) for third, share in thirds]


def without_cause(seeds: Sequence[int] = (0, 1, 2)) -> Table:
    """What is left of the gain when certainty is the same everywhere or dealt out at random, and of sigma's rank.

    Two-phase and trajectory from equator to pole over rough ground, altitudes from tracks; longitude and latitude are
    exact for two-phase, and off by 5 m for the trajectory.
    """
    from scipy.stats import spearmanr

    table = Table(
        "The cause taken away: mean position error, m, of two-phase by certainty and of the trajectory by sigma; rank "
        "correlation of sigma with the error",
        [
            "seed", "certainty not used", "used", "the same everywhere", "shuffled",
            "sigma used", "sigma the same everywhere", "sigma shuffled", "rank of sigma", "of sigma shuffled",
        ],
    )  # fmt: skip
    for seed in seeds:
        scene = simulate("ce1", RoughTerrain(seed), ARC_LINES, seed=seed, line_step=ARC_STEP)
        known = altimetry(scene)
        points, rough = (real_like(scene, known, lateral, 0.0, seed) for lateral in (0.0, 5.0))
        off = np.abs(points.altitude - scene.control.altitude)
        deal = np.random.default_rng(seed).permutation(len(points))
        flat = replace(points, mu=np.full(len(points), 0.5))
        errors = [
            float(np.nanmean(errors_of(recover_two_phase(given, scene.sensor, use_certainty=used), scene).values[:, 0]))
            for given, used in (
                (points, False),
                (points, True),
                (flat, True),
                (replace(points, mu=points.mu[deal]), True),
            )
        ]
        sigma = rough.sigma_altitude
        for each in (sigma, np.full(len(rough), np.sqrt(np.mean(sigma**2))), sigma[deal]):
            made = recover_trajectory(replace(rough, sigma_altitude=each), scene.sensor)
            errors.append(float(np.nanmean(errors_of(made, scene).values[:, 0])))
        ranks = [float(spearmanr(off, sigma)[0]) for sigma in (points.sigma_altitude, points.sigma_altitude[deal])]
        table.rows.append([seed, *errors, *ranks])
    table.notes.append(
        "Wanted: a gain by certainty and sigma that is gone where they are the same everywhere, and no rank by chance."
    )
    return table


def filtering(data: Path | None = None, folder: Path | None = None, progress: Progress = silent) -> Table:
    """Wild shots of 500 to 5,000 m that the filter finds, and good ones it loses."""
    table = Table("Filter", ["ground", "shots", "wild", "found, %", "good ones lost, %"])
    grounds: list[tuple[str, Callable[[float], tuple[Shots, Mask, Array, Array]]]] = [
        ("rough terrain, equator", partial(_swath, RoughTerrain(1), 0.0, 30.0, 1)),
        ("rough terrain, 60-80°", partial(_swath, RoughTerrain(2), 60.0, 80.0, 2)),
        *((name, partial(_site, terrain, 3)) for name, terrain in _sites(data)),
    ]
    for count, (name, ground) in enumerate(grounds):
        for share in FILTER:
            tell(progress, count / (len(grounds) + 1), f"Filtering {name}")
            shots, wild, _, _ = ground(share)
            keep = filter_shots(shots).keep
            found, lost = 100 * float(np.mean(~keep[wild])), 100 * float(np.mean(~keep[~wild]))
            table.rows.append([name, len(shots), int(wild.sum()), found, lost])
            if name.startswith("rough"):  # the others are stated
                least, most = FILTER[share]
                table.checks.append(Check(f"{name}, {share:.0%} wild, found, %", found, least=least))
                table.checks.append(Check(f"{name}, {share:.0%} wild, good ones lost, %", lost, most))
    if data is not None:
        shots = read_shots(data / "moon" / "hadley" / "RDR_hadley_LOLA.csv.gz")
        judged = filter_shots(shots)
        removed = ~judged.keep
        table.notes.append(
            f"LOLA at Hadley: {removed.sum()} of {len(shots)} shots are taken as wild ({removed.mean():.2%}); their "
            f"median distance from the others is {np.median(np.abs(judged.residual[removed])):.1f} m, the largest "
            f"{np.abs(judged.residual[removed]).max():.0f} m."
        )
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            with replacing(folder / "hadley_filter.png") as temporary:
                temporary.write_bytes(png(_drawn(shots, judged)))
            table.notes.append(f"Drawn in {folder / 'hadley_filter.png'}.")
    return table


def speed(shots: int = MAP_SHOTS, side: int = MAP_SIDE, progress: Progress = silent) -> Table:
    """Seconds for a certainty map, from shots spread evenly and from shots along known tracks."""
    table = Table("Certainty map", ["shots lie", "shots", "cells", "preparing, s", "map, s", "together, s", "CPU, s"])
    body = body_of_radius(RoughTerrain(0).radius_m)
    generator = np.random.default_rng(0)
    half = 0.5 * np.sqrt(shots * 1400.0 * 7000.0) / body.radius_m
    tracks = int(np.sqrt(shots / 5.0))
    lon, lat = generator.uniform(-half, half, (2, shots))
    number = np.floor((lon / half + 1) / 2 * tracks)
    on_track = (number + 0.5) / tracks * 2 * half - half
    for index, (name, shot_lon, track) in enumerate(
        (("evenly", lon, None), ("on tracks", on_track, number.astype(np.int64)))
    ):
        told = part(progress, index / 2, (index + 1) / 2)
        height = 1000 * np.sin(60 * shot_lon) * np.cos(70 * lat) + 50 * generator.normal(size=shots)
        started, used = time.perf_counter(), time.process_time()
        given = Shots(shot_lon, lat, height, body, body.datum, track=track)
        model = CertaintyModel(Interpolator(given), progress=part(told, 0.0, 0.3))
        prepared = time.perf_counter()
        along = np.linspace(-half, half, side)
        rows = np.array_split(along, max(1, side // 100))
        for count, row in enumerate(rows):
            x, y = np.meshgrid(along, row)
            model.at(x, y, part(told, 0.3 + 0.7 * count / len(rows), 1.0))
        done = time.perf_counter()
        used = time.process_time() - used
        table.rows.append([name, shots, side * side, prepared - started, done - prepared, done - started, used])
        table.checks.append(Check(f"certainty map, shots {name}, s", done - started, MAP_S))
    table.notes.append("By the clock, on all cores; other programs slow it down.")
    return table


def _grounds(data: Path | None, progress: Progress) -> Iterator[tuple[str, Asked]]:
    for seed in (1, 2, 3):
        tell(progress, 0.1 * seed, "Rough terrain")
        shots, _, lon, lat = _swath(RoughTerrain(seed), 0.0, 90.0, seed, 0.0)
        yield f"rough terrain, equator to pole, seed {seed}", _ask(shots, lon, lat, RoughTerrain(seed).height(lon, lat))
    pooled: Asked | None = None
    for name, terrain in _sites(data):
        tell(progress, 0.4, name)
        shots, _, lon, lat = _site(terrain, 5, 0.0)
        asked = _ask(shots, lon, lat, terrain.height(lon, lat))
        pooled = asked if pooled is None else pooled + asked
        yield name, asked
    if pooled is not None:
        yield "GLD100, all of them", pooled
    if data is not None:
        for count, deal in enumerate(DEALS):
            told = part(progress, 0.6 + 0.4 * count / len(DEALS), 0.6 + 0.4 * (count + 1) / len(DEALS))
            yield f"LOLA at Hadley, tracks withheld, deal {deal}", _hadley(data, deal, told)


def _noise(asked: Asked, thirds: list[npt.NDArray[np.intp]], draws: int = 1000) -> Array:
    """Standard error (3,) of the share within sigma in each third: shots of a track err together."""
    names, number = np.unique(asked.track, return_inverse=True)
    count, hit = np.zeros((2, len(names), 3))
    for column, rows in enumerate(thirds):
        count[:, column] = np.bincount(number[rows], minlength=len(names))
        hit[:, column] = np.bincount(number[rows], asked.error[rows] < asked.sigma[rows], minlength=len(names))
    drawn = np.random.default_rng(0).integers(0, len(names), (draws, len(names)))
    return np.asarray(np.std(hit[drawn].sum(axis=1) / count[drawn].sum(axis=1), axis=0))


def _ask(shots: Shots, lon: Array, lat: Array, truth: Array, track: npt.NDArray[np.int64] | None = None) -> Asked:
    model = CertaintyModel(Interpolator(shots))
    found = model.at(lon, lat)
    length = correlation_length(model.surface, lon, lat)
    track = np.zeros(len(truth), np.int64) if track is None else track
    return Asked(np.abs(found.altitude - truth), found.mu_dist, found.mu, found.sigma, track, length)


def _hadley(data: Path, deal: int, progress: Progress) -> Asked:
    shots = read_shots(data / "moon" / "hadley" / "RDR_hadley_LOLA.csv.gz")
    assert shots.track is not None
    fold = np.random.default_rng(deal).permutation(np.arange(shots.track.max() + 1) % FOLDS)[shots.track]
    pooled: Asked | None = None
    for withheld in range(FOLDS):
        tell(progress, withheld / FOLDS, "LOLA at Hadley")
        asked = shots.kept(fold == withheld)
        found = _ask(shots.kept(fold != withheld), asked.lon, asked.lat, asked.altitude, asked.track)
        pooled = found if pooled is None else pooled + found
    assert pooled is not None
    return pooled


def _swath(terrain: Terrain, south: float, north: float, seed: int, wild: float) -> tuple[Shots, Mask, Array, Array]:
    """Shots under a north-south swath between two latitudes (degrees), which are wild, and places in it (rad)."""
    generator = np.random.default_rng(seed)
    lat = np.radians(generator.uniform(south, north, QUERIES))
    lon = generator.uniform(-0.5, 0.5, QUERIES) * np.minimum(SWATH_M / (terrain.radius_m * np.cos(lat)), 2 * np.pi)
    return *_shots(terrain, lon, lat, seed, wild), lon, lat


def _site(terrain: DemTerrain, seed: int, wild: float) -> tuple[Shots, Mask, Array, Array]:
    """Shots over a DEM, which are wild, and places in it (rad)."""
    west, step, _, north, _, _ = terrain.geotransform
    generator = np.random.default_rng(seed)
    size = np.array(terrain.heights.shape) * step
    lon = np.radians(west + size[1] * generator.uniform(0.05, 0.95, QUERIES))
    lat = np.radians(north - size[0] * generator.uniform(0.05, 0.95, QUERIES))
    return *_shots(terrain, lon, lat, seed, wild, margin_m=12_000.0), lon, lat


def _shots(
    terrain: Terrain, lon: Array, lat: Array, seed: int, wild: float, margin_m: float = 25_000.0
) -> tuple[Shots, Mask]:
    taken = altimeter_shots(terrain, lon, lat, seed, noise_m=NOISE_M, wild=wild, margin_m=margin_m)
    body = body_of_radius(terrain.radius_m)
    sigma = np.full(len(taken), NOISE_M)
    return Shots(taken.lon, taken.lat, taken.altitude, body, body.datum, sigma, taken.track), taken.wild


def _sites(data: Path | None) -> Iterator[tuple[str, DemTerrain]]:
    """Squares of GLD100 as terrain; none without the real data."""
    for name, (file, (west, south)) in SITES.items() if data is not None else ():
        assert data is not None
        raster = Raster(data / "moon" / "gld100" / file)
        window = raster.grid.window((west, south, west + SITE_DEGREES, south + SITE_DEGREES))
        heights, _ = raster.read(window)
        yield name, DemTerrain(heights.astype(np.float64), raster.grid.sub(window).transform)


def _drawn(shots: Shots, found: FilterResult) -> object:
    """The shots by altitude with the removed ones marked, and profiles along the three tracks that lose most."""
    fig, axes = new_figure(2, 2, (11.0, 9.0))
    removed = ~found.keep
    lon, lat = np.degrees(shots.lon), np.degrees(shots.lat)
    axes[0, 0].scatter(lon, lat, c=shots.altitude, s=1, cmap="terrain", linewidths=0)
    axes[0, 0].scatter(lon[removed], lat[removed], s=14, facecolors="none", edgecolors="red", linewidths=0.6)
    axes[0, 0].set_title(f"{removed.sum()} of {len(shots)} shots removed", fontsize=10)
    assert shots.track is not None
    worst = np.argsort(-np.bincount(shots.track[removed], minlength=shots.track.max() + 1))[:3]
    for axis, track in zip(axes.flat[1:], worst):
        for mask, style in ((found.keep, "k."), (removed, "r.")):
            rows = mask & (shots.track == track)
            axis.plot(lat[rows], shots.altitude[rows], style, markersize=2 if style == "k." else 5)
        axis.set_title(f"track {track}: altitude [m] along latitude [°]", fontsize=10)
    return fig
