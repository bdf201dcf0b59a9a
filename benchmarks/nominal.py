"""Real narrow-angle trajectories spoiled and refined: what ties and raw shots give back of a single line's orientation.

Two LRO NAC camera models (15.4 degrees apart) and the LOLA shots under them; there are no images. The ground is a
surface through all shots, as rough beside them as along them; ties are pixels of the first image seen by both true
cameras, with noise. Both models are then disturbed, position and attitude slowly, attitude by jitter too, written as
CSM states, and refined by the step `refinecameras` from files: ties, nine in ten shots and, in one case, the ends of
scanlines as control with altitudes interpolated from the shots.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.altimetry.certainty import CertaintyModel
from ..core.altimetry.interpolation import Interpolator
from ..core.altimetry.readers import Shots, read_shots
from ..core.camera.control import control_of_camera
from ..core.camera.csm_linescan import CsmLineScan, Trajectory
from ..core.camera.csm_rewrite import rewritten_state
from ..core.camera.csm_state import read_csm_state, state_text
from ..core.camera.footprints import ground_points
from ..core.camera.isd import read_isd
from ..core.camera.rotations import angle_rates, exp_so3, log_so3
from ..core.errors import InputError
from ..core.frames import unit_vectors
from ..core.progress import Progress, part, silent, tell
from ..core.resection.altitudes import fill_altitudes
from ..core.resection.model import ControlPoints, TiePoints
from ..core.resection.nominal_path import NominalPath
from ..core.resection.refine import ground_by_correction
from ..core.resection.tables import read_eops
from ..core.simulation.scene import with_lateral_noise
from ..core.steps import step
from ..core.steps.tie_tables import write_tie_table
from ..core.tables import write_table
from ..core.terrain.intersection import intersect_matches
from .data import real_data
from .table import Check, Table, Tables

Array = NDArray[np.float64]

SEEDS = 1
POSITION_M, ATTITUDE, JITTER = 200.0, 1e-4, 1e-5
JITTER_PERIODS_S = (0.8, 1.6)  # 2,200 to 4,400 lines
NOISE_PX, LATERAL_M = 0.2, 5.0
APART_PX = 256  # ties all over the first image
NEAR_PX, DENSE_PX = 400.0, 16  # and dense ones so far about the shots
GCP_LINES = 256  # between lines whose ends are control
WITHHELD = 10  # of the shots, in turn
WAVES, WAVES_M, LAG_M, HURST = 200, (60.0, 8000.0), 500.0, 0.9  # relief between and beside the shots
LEVEL_M = 300.0  # beside the shots their slopes level out over
NEIGHBOURS = 8  # shots that make the ground at a place
HEADER = (
    *("", "radial, m", "forward, m", "normal, m", "about x, rad", "about y, rad", "about z, rad"),
    *("ground along, m", "ground across, m"),
)
COVERED = 2.0  # sigmas that the RMS of an error may be, with ties and shots
CASES = {"ties and raw shots": (True, False), "ties, shots and GCPs": (True, True), "GCPs alone": (False, True)}


@dataclass(frozen=True)
class Disturbed:
    """A trajectory with errors: sines of time, (3, K, 3) amplitude, rate (rad/s) and phase for place and turn."""

    true: Trajectory
    place: Array
    turn: Array

    def at(self, time: Array) -> tuple[Array, Array]:
        """Position and rotation at times (...)."""
        position, rotation = self.true.at(time)

        def sines(terms: Array) -> Array:
            amplitude, rate, phase = np.moveaxis(terms, -1, 0)
            return np.asarray(np.sum(amplitude * np.sin(rate * time[..., None, None] + phase), axis=-1))

        return position + sines(self.place), rotation @ exp_so3(sines(self.turn))


def disturbed(camera: CsmLineScan, seed: int) -> CsmLineScan:
    """The camera with smooth errors of `POSITION_M` and `ATTITUDE` (RMS, each component) and `JITTER`."""
    generator = np.random.default_rng([seed, 1])
    span = float(camera.line_count * camera.times.step[0])

    def slow(rms: float) -> Array:
        # a sine of at most one turn over the image, never near zero throughout
        rate, phase = generator.uniform(1.0, 2 * np.pi, 3) / span, generator.uniform(0.0, 2 * np.pi, 3)
        time = np.linspace(-0.5, 0.5, 101)[:, None] * span
        amplitude = rms / np.sqrt(np.mean(np.sin(rate * time + phase) ** 2, axis=0))
        return np.stack([amplitude, rate, phase], axis=1)[:, None]

    period, phase = generator.uniform(*JITTER_PERIODS_S, (3, 3)), generator.uniform(0.0, 2 * np.pi, (3, 3))
    quick = np.stack([np.full((3, 3), JITTER * np.sqrt(2.0 / 3.0)), 2 * np.pi / period, phase], axis=-1)
    turn = np.concatenate([slow(ATTITUDE), quick], axis=1)
    return replace(camera, trajectory=Disturbed(camera.trajectory, slow(POSITION_M), turn))


@dataclass(frozen=True)
class Waves:
    """Random self-affine relief about a place (lon, lat): waves (K,) of ``number`` (K, 2) rad/m, phase, size (m)."""

    place: tuple[float, float]
    radius_m: float
    number: Array
    phase: Array
    size: Array

    @classmethod
    def like(cls, shots: Shots) -> Waves:
        """As rough over `LAG_M` as a track of shots."""
        generator = np.random.default_rng(0)
        length = np.exp(generator.uniform(*np.log(WAVES_M), WAVES))
        angle = generator.uniform(0.0, 2 * np.pi, WAVES)
        number = 2 * np.pi / length[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        place = float(np.median(shots.lon)), float(np.median(shots.lat))
        raw = cls(place, shots.body.radius_m, number, generator.uniform(0.0, 2 * np.pi, WAVES), length**HURST)
        order = np.argsort(shots.lat)
        step = shots.lat[order] * shots.body.radius_m
        later = np.searchsorted(step, step + LAG_M)
        pairs = np.flatnonzero(later < len(order))
        wavy = raw.at(raw.local(shots.lon, shots.lat))
        rough = [values[order][later[pairs]] - values[order][pairs] for values in (shots.altitude, wavy)]
        return replace(raw, size=raw.size * np.median(np.abs(rough[0])) / np.median(np.abs(rough[1])))

    def local(self, lon: Array, lat: Array) -> Array:
        """Metres (N, 2) east and north of the place."""
        east = self.radius_m * (lon - self.place[0]) * np.cos(self.place[1])
        return np.stack([east, self.radius_m * (lat - self.place[1])], axis=-1)

    def at(self, place: Array) -> Array:
        """Heights (N,) m at metres east and north (N, 2)."""
        return np.asarray(np.sin(place @ self.number.T + self.phase) @ self.size)


@dataclass(frozen=True)
class ShotGround:
    """A smooth surface through every shot, as rough beside them as along them.

    Random relief, and what the shots differ from it by, interpolated (conditional simulation): planes through the
    nearest shots of each, blended by Shepard's weights of a few shots that are zero at the first left out (Franke and
    Nielson 1980); far from the shots the planes level out.
    """

    shots: Shots

    def __call__(self, lon: Array, lat: Array) -> Array:
        """Altitudes (N,) m at longitudes and latitudes (N,) rad; NaN where these are."""
        known = np.isfinite(lon) & np.isfinite(lat)
        place = self.relief.local(lon[known], lat[known])
        apart, row = self._tree.query(place, NEIGHBOURS + 1)
        reach, near = apart[:, -1:], apart[:, :-1]
        weight = ((reach - near) / (reach * np.maximum(near, 1e-6))) ** 2 + 1e-12
        rest, slope = self._planes
        away = place[:, None] - self._tree.data[row[:, :-1]]
        plane = rest[row[:, :-1]] + np.einsum("nkj,nkj->nk", slope[row[:, :-1]], away) * np.exp(-near / LEVEL_M)
        altitude = np.full(lon.shape, np.nan)
        altitude[known] = np.sum(weight * plane, axis=1) / np.sum(weight, axis=1) + self.relief.at(place)
        return altitude

    @cached_property
    def relief(self) -> Waves:
        """Relief as rough as the shots."""
        return Waves.like(self.shots)

    @cached_property
    def _tree(self) -> Any:
        from scipy.spatial import cKDTree

        return cKDTree(self.relief.local(self.shots.lon, self.shots.lat))

    @cached_property
    def _planes(self) -> tuple[Array, Array]:
        """What the shots (N,) differ from the relief by, and its slopes (N, 2) about them."""
        place = self._tree.data
        rest = self.shots.altitude - self.relief.at(place)
        _, row = self._tree.query(place, 2 * NEIGHBOURS)
        design = np.concatenate([np.ones((*row.shape, 1)), place[row] - place[:, None]], axis=2)
        return rest, (np.linalg.pinv(design) @ rest[row][..., None])[:, 1:, 0]


@dataclass(frozen=True)
class Site:
    """The real cameras and shots, and the ground made of them."""

    cameras: list[CsmLineScan]
    shots: Shots
    ground: ShotGround

    @classmethod
    def read(cls, folder: Path) -> Site:
        """The models and shots of moon/lro_nac."""
        cameras = [read_isd(folder / f"lidarObservationImage{number}.isd") for number in (1, 2)]
        shots = read_shots(folder / "lola_rdr.csv")
        return cls(cameras, shots, ShotGround(shots))

    @property
    def places(self) -> Array:
        """The shots' places (N, 3) m."""
        return (self.shots.body.radius_m + self.shots.altitude)[:, None] * unit_vectors(self.shots.lon, self.shots.lat)

    def ties(self, seed: int) -> TiePoints:
        """Ties all over the first image, and dense ones where the shots may lie."""
        first, second = self.cameras
        _, near = first.project(self.places)
        least, most = np.nanpercentile(near, (0.5, 99.5)) + NEAR_PX * np.array([-1.0, 1.0])
        places = []
        for step_px, low, high in ((APART_PX, 0.0, first.samples), (DENSE_PX, max(least, 0.0), most)):
            rows = np.arange(8.0, first.line_count - 8, step_px)
            columns = np.arange(low + 4.0, min(high, first.samples) - 4, step_px)
            places.append([values.ravel() for values in np.meshgrid(rows, columns.round(), indexing="ij")])
        line, sample = (np.concatenate(values) for values in zip(*places))
        points = ground_points(first, line, sample, first.body_radius_m, self.ground)
        generator = np.random.default_rng([seed, 2])
        there = [place + NOISE_PX * generator.normal(size=place.shape) for place in second.project(points)]
        seen = (there[0] >= 0) & (there[0] <= second.lines[1]) & (there[1] >= 0) & (there[1] < second.samples)
        lines, samples = (np.stack(pair, axis=1)[seen] for pair in zip((line, sample), there))
        count = len(lines)
        return TiePoints(lines, np.tile([0, 1], (count, 1)), samples, np.tile([0.0, NOISE_PX], (count, 1)))

    def control(self, image: int, known: CertaintyModel, seed: int) -> ControlPoints:
        """Ends of scanlines with lateral noise and the altitude that the shots have there."""
        camera = self.cameras[image]
        line = np.arange(0.0, camera.line_count, GCP_LINES)
        points = control_of_camera(camera, line, camera.body_radius_m, self.ground, view=image)
        points = with_lateral_noise(points, camera.body_radius_m, LATERAL_M, seed)
        return fill_altitudes(replace(points, altitude=np.full(len(points), np.nan)), known).points

    def height_error(self, models: list[CsmLineScan], shots: NDArray[np.bool_]) -> Array:
        """Errors of the heights (N,) m that ``models`` give to some shots where the true cameras see them."""
        seen = [camera.project(self.places[shots]) for camera in self.cameras]
        line, sample = (np.stack(values) for values in zip(*seen))
        found = intersect_matches(models, line, sample, 0.0)
        error = np.linalg.norm(found.points, axis=1) - np.linalg.norm(self.places[shots], axis=1)
        inside = np.all((sample >= 0) & (sample < self.cameras[0].samples), axis=0)
        return np.asarray(error[inside & np.isfinite(error)])


@dataclass(frozen=True)
class Errors:
    """Of an image at L lines: shift, turn and level ground (along, across), (L, 8), and their sigmas (L, 8)."""

    error: Array
    sigma: Array

    @classmethod
    def of(cls, folder: Path, model: CsmLineScan, true: CsmLineScan, level_m: float) -> Errors:
        """Errors of a refined ``model``, sigmas of the table beside it."""
        sensor, _ = true.sensor()
        told = read_eops(folder / f"{true.name}.csv", sensor)
        error = pose_errors(model, true, told.line)
        frame = NominalPath.over(model, 1, model.line_count).at(told.line).frame
        join = np.zeros((len(told), 6, 6))
        join[:, :3, :3], join[:, 3:, 3:] = np.swapaxes(frame, 1, 2), angle_rates(told.angles)
        covariance = join @ told.covariance @ np.swapaxes(join, 1, 2)
        moved = ground_by_correction(NominalPath.over(model, 1, model.line_count), told.line, level_m)[:, 1:]
        every = np.concatenate([np.broadcast_to(np.eye(6), join.shape), moved], axis=1)
        spread = every @ covariance @ np.swapaxes(every, 1, 2)
        return cls(np.einsum("lij,lj->li", every, error), np.sqrt(np.diagonal(spread, axis1=1, axis2=2)))


def pose_errors(model: CsmLineScan, true: CsmLineScan, line: Array) -> Array:
    """Shift (radial, forward, normal; m) and turn (rad, camera frame) at lines (L,) from the true camera, (L, 6)."""
    ours, truth = model.orientation(line), true.orientation(line)
    frame = NominalPath.over(true, 1, true.line_count).at(line).frame
    shift = np.einsum("lji,lj->li", frame, ours.position - truth.position)
    return np.concatenate([shift, log_so3(np.swapaxes(truth.rotation(), 1, 2) @ ours.rotation())], axis=1)


def refined(site: Site, seed: int, folder: Path, progress: Progress = silent) -> list[Table]:
    """One disturbance, refined in every one of `CASES`, from files."""
    names = [camera.name for camera in site.cameras]
    spoiled = [disturbed(camera, seed + 100 * number) for number, camera in enumerate(site.cameras)]
    (folder / "cameras").mkdir(parents=True, exist_ok=True)
    files = [str(folder / "cameras" / f"{name}.json") for name in names]
    for file, camera in zip(files, spoiled):
        Path(file).write_text(state_text(rewritten_state(camera, POSITION_M)), encoding="utf-8")
    write_tie_table(folder / "ties.csv", site.ties(seed), names)
    kept = np.arange(len(site.shots)) % WITHHELD > 0
    used = site.shots.kept(kept)
    shot_columns = {"lon": np.degrees(used.lon), "lat": np.degrees(used.lat), "altitude": used.altitude}
    write_table(folder / "shots.csv", shot_columns)
    known = CertaintyModel(Interpolator(used))
    parts = [site.control(image, known, seed) for image in range(len(names))]
    _write_control(folder / "gcps.csv", parts, names)
    level = float(site.shots.body.radius_m + np.median(site.shots.altitude))
    tables = []
    for number, (case, (tied, controlled)) in enumerate(CASES.items()):
        own = part(progress, number / len(CASES), (number + 1) / len(CASES))
        output = folder / f"refined_{number}"
        given: dict[str, Any] = {"CAMERAS": files, "POSITION_SIGMA": POSITION_M, "ATTITUDE_SIGMA": ATTITUDE}
        if tied:
            given |= {"TIES": [str(folder / "ties.csv")], "ALTIMETRY": str(folder / "shots.csv")}
        if controlled:
            given |= {"GCPS": str(folder / "gcps.csv"), "SIGMA_LATERAL": LATERAL_M}
        given |= {"OUTPUT_FOLDER": str(output), "OUTPUT_REPORT": str(folder / f"report_{number}.html")}
        chosen = step("refinecameras")
        done = chosen.run(**chosen.checked(given), progress=own)
        models = [read_csm_state(output / f"{name}.json") for name in names]
        table = Table(f"NAC models refined by {case} (seed {seed}): RMS along the images", HEADER)
        for model, before, true in zip(models, spoiled, site.cameras):
            after = Errors.of(output, model, true, level)
            line = np.linspace(*true.lines, 500)
            moved = ground_by_correction(NominalPath.over(true, 1, true.line_count), line, level)[:, 1:]
            first = pose_errors(before, true, line)
            first = np.concatenate([first, np.einsum("lij,lj->li", moved, first)], axis=1)
            table.rows.append([f"{true.name}, error before", *_rms(first)])
            table.rows.append(["error after", *_rms(after.error)])
            table.rows.append(["sigma", *_rms(after.sigma)])
            table.rows.append(["error over sigma", *_rms(after.error / after.sigma)])
        heights = [site.height_error(own_models, ~kept) for own_models in (spoiled, models)]
        rms = [float(np.sqrt(np.mean(values**2))) for values in heights]
        table.notes.append(
            f"Heights of {len(heights[1])} withheld shots where both true cameras see them: {rms[0]:.3g} m (RMS) off "
            f"before, {rms[1]:.3g} m after."
        )
        if tied:
            worst = max(figure for row in table.rows if row[0] == "error over sigma" for figure in row[1:])
            table.checks.append(Check(f"{case}, seed {seed}: largest error over sigma", worst, COVERED))
        table.notes += [*done.notes, *done.warnings]
        tables.append(table)
    return tables


def _write_control(path: Path, parts: list[ControlPoints], names: list[str]) -> None:
    columns: dict[str, Any] = {"view": np.repeat(np.array(names, dtype=object), [len(own) for own in parts])}
    for name in ("line", "sample", "altitude", "sigma_altitude"):
        columns[name] = np.concatenate([getattr(own, name) for own in parts])
    for name in ("lon", "lat"):
        columns[name] = np.degrees(np.concatenate([getattr(own, name) for own in parts]))
    write_table(path, columns)


def _rms(values: Array) -> list[float]:
    return [float(value) for value in np.sqrt(np.mean(values**2, axis=0))]


def run(data: str | None = None, folder: str | None = None, progress: Progress = silent, seeds: int = SEEDS) -> Tables:
    """All cases for ``seeds`` disturbances."""
    found = real_data(data)
    if not found or not (found / "moon" / "lro_nac").is_dir():
        raise InputError("This benchmark needs the real data (moon/lro_nac); give DATA.")
    site = Site.read(found / "moon" / "lro_nac")
    tables = []
    with tempfile.TemporaryDirectory() as temporary:
        for seed in range(seeds):
            tell(progress, seed / seeds, f"NAC, disturbance {seed}")
            place = Path(folder or temporary) / f"nac_{seed}"
            tables += refined(site, seed, place, part(progress, seed / seeds, (seed + 1) / seeds))
    return Tables(tables)
