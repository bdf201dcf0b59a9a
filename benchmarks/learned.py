"""Terrain from one image, judged: every measure, beside a flat plane, altimetry alone and shape from shading.

Rendered ground (held-out GLD100 and simulated relief) and real pictures (Apollo 15, Gale, Viking) are told apart. With
a folder, pictures of prediction, truth and difference are written there as ``learned.html``.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..core.errors import InputError
from ..core.learned.architectures import architecture
from ..core.learned.engine import Engine, load_engine
from ..core.learned.evaluation import (
    ALTIMETRY,
    CONSTANT,
    FLAT,
    LEVELLED,
    LEVELLED_SHADING,
    MODEL,
    SHADING,
    Case,
    Scores,
    contenders,
    interpolations,
    learned,
    names,
    predicted,
    score,
    summary,
)
from ..core.learned.evaluation_report import pictures
from ..core.learned.greyscale import grey_scale
from ..core.learned.model_file import Model, load_model
from ..core.learned.shape_from_shading import shape_from_shading
from ..core.learned.sun import find_sun
from ..core.progress import Progress, each, part, silent
from ..core.report import Report
from ..core.simulation.relief import random_relief
from ..core.simulation.shading import Camera, Scene, render
from ..core.simulation.tracks import Altimeter
from ..core.steps.dtmfromextent import DEFAULT_MODEL
from ..core.terrain.level_dem import level_to_dem
from ..core.terrain.levelling import level_relative
from ..core.terrain.pyramid import fill_invalid
from .data import real_data
from .learned_rival import budgets, compared, load_rival, loss_curves
from .learned_seams import seams
from .learned_sites import FRAMES, GALE_CELL_M, Site, apollo, gale, viking
from .rendered import lit_ground
from .table import Check, Table, Tables

Float = npt.NDArray[np.float32]

SIDE = 384  # pixels of a rendered scene
SCENES = 12  # of each kind
TRACKS = 4  # over a rendered scene
SUNS = 200
SPEED_RUNS = 3
FASTER = 4.0  # times than Pix2PixCC
LEAST_CC, MOST_OF_ALTIMETRY = 0.75, 0.85  # of levelled Apollo frames: local correlation; errors over interpolation's
UNWARNED, DOUBTED = 0.02, 0.1  # most of the renderings under any sun


@dataclass(frozen=True)
class Judged:
    """One case's terrain by the way it was made, the truth, and the size of its pixels; where altimetry is to be
    beaten measure by measure, what each interpolator makes of it."""

    name: str
    made: dict[str, Float]
    truth: Float
    pixel_m: float
    interpolated: dict[str, Float] = field(default_factory=dict)

    def scores(self) -> dict[str, Scores]:
        return {name: score(height, self.truth, self.pixel_m) for name, height in self.made.items()}


def run(data: str | Path | None = None, folder: str | Path | None = None, progress: Progress = silent) -> Tables:
    """All tables; what needs the real data, or the model of Pix2PixCC, is left out where they are not."""
    engine, rival = load_engine(load_model(DEFAULT_MODEL)), load_rival()
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)  # rather than find it missing when all has been measured
    tables, drawn = [], []
    dems = real_data(data)
    kinds = {"simulated relief": None, **({"held-out GLD100": dems / "moon" / "gld100"} if dems else {})}
    for index, (kind, source) in enumerate(kinds.items()):
        stage = part(progress, 0.3 * index, 0.3 * index + 0.3)
        cases = list(each(rendered(source, SCENES), stage, SCENES, f"Rendered: {kind}"))
        judged = [_rendered(case, engine) for case in cases]
        title = f"Rendered, {kind}: {SCENES} scenes of {SIDE} x {SIDE} pixels"
        tables.append(scoreboard(title, judged))
        if rival:
            theirs = [Judged(case.name, learned(case, rival), case.height, case.pixel_m) for case in cases]
            tables.append(compared(title, *_scores(judged, theirs), bounded=True))
            tables.append(_unturned(f"{title}, the sun where the models want it", source, engine, rival))
        drawn.append(judged[0])
    tables += [suns(SUNS, part(progress, 0.6, 0.68)), seams(engine, part(progress, 0.68, 0.7)), speed(engine)]
    if dems:
        real, others = _real(data, engine, rival, part(progress, 0.7, 1.0))
        tables += [real_table(case) for case in real]
        for case, other in zip(real, others):
            tables.append(compared(f"Real: {case.name}", *_scores([case], [other])))
        drawn += real
    cards = {"default": engine.model.card, **({"Pix2PixCC": rival.model.card} if rival else {})}
    tables.append(budgets(cards))
    if folder:
        report = Report("Terrain from one image", "Prediction, truth and difference")
        for case in drawn:
            report.section(case.name, *pictures(case.made, case.truth, case.pixel_m))
        report.section("Training", loss_curves(cards))
        report.write(Path(folder) / "learned.html")
    return Tables(tables)


def _real(
    data: str | Path | None, engine: Engine, rival: Engine | None, progress: Progress
) -> tuple[list[Judged], list[Judged]]:
    """The real pictures as the default model sees them, and as the rival does (none without one)."""
    crater, (view, coarse) = gale(data), viking(data)
    frames = [apollo(frame, data) for frame in FRAMES]
    real = [_apollo(site, engine) for site in each(frames, progress, len(frames), "Apollo")]
    real += [_gale(crater, engine), _viking(view, coarse, engine)]
    if rival is None:
        return real, []
    theirs = [_apollo_learned(site, rival) for site in frames]
    theirs += [{MODEL: crater.means(crater.relief(rival))}, _viking_learned(view, coarse, rival)]
    return real, [replace(ours, made=made) for ours, made in zip(real, theirs)]


def _scores(*models: list[Judged]) -> list[list[dict[str, Scores]]]:
    return [[case.scores() for case in cases] for cases in models]


def _unturned(title: str, source: Path | None, engine: Engine, rival: Engine) -> Table:
    """Both models on the same ground lit from where they were trained: no picture is turned, so none has empty
    corners."""
    cases = list(rendered(source, SCENES, azimuth=float(engine.model.card["sun_azimuth"])))
    judged = [
        [Judged(case.name, {MODEL: predicted(case, model)}, case.height, case.pixel_m) for case in cases]
        for model in (engine, rival)
    ]
    return compared(title, *_scores(*judged), bounded=True)


def real_table(case: Judged) -> Table:
    """The scoreboard of a real picture; where its altimetry is to be beaten, with the bounds of that."""
    table = scoreboard(f"Real: {case.name}, {case.pixel_m:.0f} m a pixel", [case])
    if not case.interpolated:
        return table
    ours = case.scores()[LEVELLED]
    others = [score(height, case.truth, case.pixel_m).measures() for height in case.interpolated.values()]
    table.checks.append(Check(f"{case.name}: local CC, levelled", ours.local_cc, least=LEAST_CC))
    for measure in ("RMSE after offset (m)", "slope RMSE (deg)"):
        ratio = ours.measures()[measure] / min(other[measure] for other in others)
        table.checks.append(Check(f"{case.name}: {measure}, over the best of four", ratio, most=MOST_OF_ALTIMETRY))
    table.checks.append(Check(f"{case.name}: squares with the right sign", ours.upright, least=1.0))
    return table


def scoreboard(title: str, judged: list[Judged]) -> Table:
    """Measures by way, median (10th to 90th percentile) over the cases."""
    scores = [case.scores() for case in judged]
    rows: list[list[str]] = summary(scores)
    return Table(title, ["measure", *names(scores)], rows)


def rendered(dems: Path | None, count: int, seed: int = 5, azimuth: float | None = None) -> Iterable[Case]:
    """Scenes of the held-out areas of the GLD100 files in ``dems``, or of simulated ground, under suns from anywhere or
    from ``azimuth``."""
    name = f"rendered {'simulated relief' if dems is None else 'GLD100'}"
    for number in range(count):
        lit = lit_ground(dems, number, SIDE, np.random.default_rng([seed, number]), azimuth)
        width = SIDE * lit.pixel_m / TRACKS
        yield lit.case(name, Altimeter(width, lit.pixel_m, 3.0, 0.1 * width, 1.0), number)


def _rendered(case: Case, engine: Engine) -> Judged:
    return Judged(case.name, contenders(case, engine), case.height, case.pixel_m)


def _apollo_learned(site: Site, engine: Engine) -> dict[str, Float]:
    """The model's terrain of a frame, and levelled to six simulated tracks of GLD100."""
    relief = site.relief(engine)
    levelled = level_relative(relief, np.isfinite(relief), site.pixel_m[::-1], site.tracks()).height
    return {MODEL: site.means(relief), LEVELLED: site.means(levelled)}


def _apollo(site: Site, engine: Engine) -> Judged:
    """The frame in every way, judged at the resolution of GLD100."""
    made, shots, valid = _apollo_learned(site, engine), site.tracks(), np.isfinite(site.grey)
    known = np.isfinite(made[MODEL])
    made[SHADING], made[FLAT] = _shading(site), np.zeros_like(site.height)
    flat = np.zeros(site.grey.shape, np.float32)
    made[CONSTANT] = site.means(level_relative(flat, valid, site.pixel_m[::-1], shots).height)
    centre = (site.cell - 1) / 2
    on_cells = replace(shots, row=(shots.row - centre) / site.cell, col=(shots.col - centre) / site.cell)
    sides = np.array(site.pixel_m[::-1]) * site.cell
    made[LEVELLED_SHADING] = level_relative(np.where(known, made[SHADING], 0), known, sides, on_cells).height
    truth = np.where(known, site.height, np.nan).astype(np.float32)
    interpolated = interpolations(Case(site.name, truth, truth, site.cell_m, shots=on_cells), nodes=max(truth.shape))
    made[ALTIMETRY] = min(interpolated.values(), key=lambda height: float(np.nanmean((height - truth) ** 2)))
    made = {name: np.where(known, height, np.nan) for name, height in made.items()}
    return Judged(site.name, made, truth, site.cell_m, interpolated)


def _shading(site: Site) -> Float:
    """Shape from shading at the reference's resolution, under the true sun."""
    if site.sun_azimuth is None or site.sun_incidence is None:
        raise InputError(f"{site.name}: the sun is not known.")
    grey = site.means(site.grey)
    filled = fill_invalid(np.nan_to_num(grey), np.isfinite(grey))
    return shape_from_shading(filled, site.sun_azimuth, site.sun_incidence, site.cell_m)


def _gale(site: Site, engine: Engine) -> Judged:
    """Shape only: the picture has no scale and no sun."""
    made = {MODEL: site.means(site.relief(engine)), FLAT: np.zeros_like(site.height)}
    return Judged(site.name, made, site.height, GALE_CELL_M)


def _viking_learned(site: Site, coarse: Float, engine: Engine) -> dict[str, Float]:
    """The model's terrain of the view, and levelled to MOLA at one degree."""
    relief = site.relief(engine)
    return {MODEL: site.means(relief), LEVELLED: site.means(_to_mola(relief, np.isfinite(relief), coarse))}


def _to_mola(relief: Float, valid: npt.NDArray[np.bool_], coarse: Float) -> Float:
    reference, cell = _on_view(coarse, relief.shape[0])
    return level_to_dem(relief, valid, reference, valid, cell).height


def _on_view(coarse: Float, side: int) -> tuple[npt.NDArray[np.float64], float]:
    """Coarse MOLA on the view's pixels, and how many of these a cell of it has."""
    cell = side / coarse.shape[0]
    place = (np.arange(side) + 0.5) / cell - 0.5
    return _bilinear(coarse, place, place), cell


def _viking(site: Site, coarse: Float, engine: Engine) -> Judged:
    """Levelled to MOLA at one degree, judged by MOLA at a quarter; the baseline is the coarse MOLA, interpolated."""
    made = {**_viking_learned(site, coarse, engine), FLAT: np.zeros_like(site.height)}
    flat = np.zeros(site.grey.shape, np.float32)
    made[CONSTANT] = site.means(_to_mola(flat, np.isfinite(site.grey), coarse))
    made[ALTIMETRY] = site.means(_on_view(coarse, flat.shape[0])[0].astype(np.float32))
    return Judged(site.name, made, site.height, site.cell_m)


def _bilinear(grid: Float, rows: npt.NDArray[np.float64], columns: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """A grid read at fractional rows and columns, flat beyond its rim."""
    result = grid.astype(np.float64)
    for axis, place in ((0, rows), (1, columns)):
        size = result.shape[axis]
        place = np.clip(place, 0, size - 1)
        first = np.minimum(place.astype(int), size - 2)
        share = (place - first).reshape((-1, 1) if axis == 0 else (1, -1))
        result = np.take(result, first, axis) * (1 - share) + np.take(result, first + 1, axis) * share
    return result


def suns(count: int, progress: Progress = silent) -> Table:
    """How often the sun is found on the right side, over renderings of simulated ground under suns from anywhere."""
    inverted = unwarned = doubted = 0
    errors = []
    for number in each(range(count), progress, count, "Suns"):
        rng = np.random.default_rng([31, number])
        height, azimuth = random_relief((SIDE, SIDE), 100.0, rng), float(rng.uniform(0, 360))
        camera = Camera(noise=float(rng.uniform(0.005, 0.05)), gamma=float(np.exp(rng.uniform(-0.5, 0.5))))
        picture = render(height, 100.0, azimuth, float(rng.uniform(30, 75)), Scene(albedo=0.04), camera, rng)
        grey, valid = picture.astype(np.float32), np.ones(picture.shape, bool)
        sun, warnings = find_sun(grey_scale(grey, valid)(grey, valid), (1.0, 1.0))
        away = abs((sun.azimuth - azimuth + 180) % 360 - 180)
        inverted += away > 90
        unwarned += away > 90 and not warnings
        doubted += away <= 90 and bool(warnings)
        errors += [away] if away <= 90 else []
    table = Table(f"Sun estimated on {count} renderings under any azimuth", ["what", "share or degrees"])
    warned = doubted / max(count - inverted, 1)
    table.rows += [
        ["inverted", inverted / count],
        ["inverted and not warned of", unwarned / count],
        ["right and warned of", warned],
        ["error of the azimuth where right, median", float(np.median(errors))],
    ]
    table.checks.append(Check("inverted and not warned of", unwarned / count, most=UNWARNED))
    table.checks.append(Check("right and warned of", warned, most=DOUBTED))
    return table


def speed(engine: Engine) -> Table:
    """Seconds for a 1024 x 1024 tile: the default model and a 16-channel Pix2PixCC (its weights do not matter)."""
    options = {"base": 16}
    shapes = architecture("pix2pixcc", options).tensor_shapes()
    tensors = {name: np.full(shape, 0.01, np.float32) for name, shape in shapes.items()}
    other = Model({**engine.model.card, "architecture": "pix2pixcc", "options": options}, tensors)
    runners = {"default": engine, "pix2pixcc, 16 channels": load_engine(other, engine.name)}
    tile = np.random.default_rng(0).normal(size=(1, 1, 1024, 1024)).astype(np.float32)
    spent: dict[str, list[tuple[float, float]]] = {title: [] for title in runners}
    for _ in range(SPEED_RUNS + 1):  # in turn, so that other work on the machine meets both; the first warms up
        for title, runner in runners.items():
            start = time.process_time(), time.perf_counter()
            runner.predict(tile)
            spent[title].append((time.process_time() - start[0], time.perf_counter() - start[1]))
    least = {title: np.min(runs[1:], axis=0) for title, runs in spent.items()}
    columns = ["model", "CPU seconds", "seconds by the clock", "CPU, times the default's", "clock, times the default's"]
    table = Table(f"One 1024 x 1024 tile, {engine.name}, least of {SPEED_RUNS}", columns)
    table.rows += [[title, *value.tolist(), *(value / least["default"]).tolist()] for title, value in least.items()]
    for name, figure in zip(("CPU time", "time by the clock"), list(least.values())[1] / least["default"]):
        table.checks.append(Check(f"{name} of Pix2PixCC, times the default's", float(figure), least=FASTER))
    return table
