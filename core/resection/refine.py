"""Refinement of nominal line-scan models: several images, each corrected by splines with a stated prior.

A single detector line leaves pitch and along-track position, roll and across-track position all but inseparable, so
the corrections carry a prior: position and attitude each within a stated sigma of the model, attitude with jitter that
the data choose. Observations are tie points between the images, raw altimeter shots over the surface they span, and
control points where there are any. The normal equations are dense: some hundred unknowns an image.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..altimetry.readers import Shots
from ..camera.csm_linescan import CsmLineScan
from ..camera.rays import intersect_sphere
from ..camera.rotations import angle_rates_inverse, angles_from_matrix, skew, unwrap_angles
from ..errors import InputError
from ..frames import unit_vectors
from ..progress import Progress, silent, tell
from .control_rows import ControlRows
from .dense_system import DenseSystem, Placed, Prior
from .model import ControlPoints, Orientation, TiePoints
from .nominal_path import NominalPath, image_rays
from .surface_search import Strip, search_shifts
from .surface_shots import ShotRows, shots_over
from .ties import Rays, TieRows

Array = NDArray[np.float64]
# chooses ties by the cameras as they are known by then; the number of the time it is asked
TieChooser = Callable[[Sequence[CsmLineScan], int], TiePoints]

POSITION_INTERVALS = 4  # of the position's correction over an image: an orbit errs slowly
ATTITUDE_LINES = 512.0  # between the knots of the attitude's correction
CELL_LINES, CELLS = 64.0, 16.0  # of the first image: lines a cell, cells a line
REACH = 3.0  # times the prior's sigma, within which the surface is searched
LOOKS, FAR = 3, 0.1  # times the surface is searched at most, and shares of the reach from which on it is moved again
STAGES = 2  # times the ties are chosen
LINKS = 16  # times the shots are set anew on the surface that has moved under them
# of the reach: ties so far apart make the first surfaces, whose wide slopes tell the way from afar
APART = (0.08, 0.08, 0.05, 0.05, 0.03, 0.03, 0.02, 0.02, 0.014, 0.014)
ROUNDS = 3  # of Gauss-Newton and weights each time
SETTLED = 0.1  # of a sigma: the last step
JOINED = 8  # steps at most
STILL, MOST_MOVED = 0.5, 2.0  # sigmas by which a surface set anew moves the models: enough; too much for the last time
LINES_TOLD = 2049  # of an image, at which its orientation is given
RECOVERED = 0.5  # of its prior sigma: a component known better counts as recovered
STRAINED = 2.0  # times the prior: the models err more than was said
COMPONENTS = ("radial shift", "forward shift", "normal shift", "turn about x", "turn about y", "turn about z")


@dataclass(frozen=True)
class Refined:
    """Corrected flights of the images; ``covariance`` (L, 6, 6) of shift (radial, forward, normal; m) and turn (camera
    frame; rad) at ``lines`` (L,) of each; ``sentences`` say what was used, recovered and left open."""

    paths: tuple[NominalPath, ...]
    lines: tuple[Array, ...]
    covariance: tuple[Array, ...]
    fits: tuple[tuple[str, str, str], ...]
    settled: bool
    level_m: float
    sentences: tuple[str, ...]
    warnings: tuple[str, ...]

    def camera(self, image: int) -> CsmLineScan:
        """The refined model of an image."""
        return self.paths[image].corrected()

    def orientation(self, image: int) -> Orientation:
        """Orientation of an image at its `lines`, with the covariance of X, Y, Z, θ, φ, ρ."""
        path, line = self.paths[image], self.lines[image]
        poses = path.at(line)
        angles = unwrap_angles(angles_from_matrix(poses.rotation))
        join = np.zeros((len(line), 6, 6))
        join[:, :3, :3] = poses.frame
        join[:, 3:, 3:] = angle_rates_inverse(angles) @ poses.jacobian
        covariance = join @ self.covariance[image] @ np.swapaxes(join, 1, 2)
        time = path.camera.orientation(line).time
        return Orientation(line, poses.position, angles, "refined model", time=time, covariance=covariance)


def refine(
    cameras: Sequence[CsmLineScan],
    ties: TiePoints | TieChooser | None,
    shots: Shots | None,
    points: ControlPoints | None = None,
    *,
    prior: Prior | None = None,
    sigma_lateral: float | None = None,
    progress: Progress = silent,
) -> Refined:
    """Refine camera models against ties, raw shots and GCPs; the ``view`` of ties and GCPs numbers ``cameras``.

    GCPs without a lateral sigma get ``sigma_lateral``, or else a usual one. Raises `InputError` with nothing to
    refine against.
    """
    if ties is None and points is None:
        raise InputError("Nominal models need TIES between their images, or GCPS, to be refined against.")
    paths = [NominalPath.over(camera, POSITION_INTERVALS, ATTITUDE_LINES) for camera in cameras]
    control = [] if points is None else _control(points, paths, sigma_lateral)
    system = DenseSystem(paths, prior or Prior(), control)
    before: list[tuple[str, str]] = []
    reach = REACH * system.prior.position
    stages = STAGES if callable(ties) else 1
    for stage in range(stages):
        chosen = ties([path.corrected() for path in system.paths], stage) if callable(ties) else ties
        groups = [] if chosen is None else by_views(chosen)
        tied = [Placed.of(_tie_rows(cameras, spread(part, cameras)), _images(part), system.paths) for part in groups]
        every = [Placed.of(_tie_rows(cameras, part), _images(part), system.paths) for part in groups]
        system.observed = [*control, *tied]
        searched = shots if stage == 0 and groups else None
        if searched is not None:
            for _ in range(JOINED):  # the images on each other
                moved = system.step()
                system.observed = [part.anew(system.paths) for part in system.observed]
                if moved < STILL:
                    break
        links = LINKS if shots is not None and groups else 2
        for look in range(1 if searched is None else LOOKS):
            # slopes may lead a stretch astray: the surface that came out is looked up once more
            if searched is not None and not _slide(system, every, searched, reach, FAR * reach * look) and look:
                break
            for link in range(links):
                tell(progress, (stage + link / links) / stages, "Refining the camera models")
                if shots is not None:
                    held = [part.anew(system.paths) for part in system.observed[: len(control) + len(tied)]]
                    apart = reach * APART[link] if stage == 0 and link < len(APART) else 0.0
                    over = [_over(shots, *pair, system, cameras, apart, stage == 0) for pair in zip(groups, every)]
                    system.observed = [*held, *(part for part in over if part is not None)]
                before = before or [fit(part, system) for part in system.observed]
                moved = max(system.step() for _ in range(ROUNDS))
                if moved < STILL and (stage or shots is None or link >= len(APART)):
                    break
        control = system.observed[: len(control)]
    system.observed = [_with_repeats(part, system) for part in system.observed]
    last = [system.step() for _ in range(ROUNDS)][-1]
    level = 0.0 if shots is None else float(np.median(shots.altitude))
    return _concluded(system, before, last < SETTLED and moved < MOST_MOVED, level)


def _slide(system: DenseSystem, every: Sequence[Placed], shots: Shots, reach: float, least: float) -> bool:
    """Move all images so that the surface they span lies where the shots fit it, within the prior's reach, unless that
    is less than ``least`` (m) away everywhere; whether they were moved."""
    found = [part.rows.usable(system.poses(part)) for part in every if isinstance(part.rows, TieRows)]
    points = np.concatenate([point[good] for good, point in found])
    path = system.paths[every[0].images[0]]
    frame = path.at(np.array([np.mean(path.camera.lines)])).frame[0]
    places = (shots.body.radius_m + shots.altitude)[:, None] * unit_vectors(shots.lon, shots.lat)
    radius = path.camera.body_radius_m
    moved = search_shifts(Strip.of(points, frame, radius), Strip.of(places, frame, radius), reach)
    if moved is None or np.abs(moved[1]).max() < least:
        return False
    along, shift = moved
    for image, own in enumerate(system.paths):
        line = np.linspace(*own.camera.lines, 4 * own.place.count)
        at = Strip.of(own.at(line).position, frame, radius).along
        wanted = np.stack([np.zeros(len(line)), *(np.interp(at, along, values) for values in shift.T)], axis=1)
        system.paths[image] = own.moved(own.place.fit(line, wanted, stiffness=1e-3), np.zeros(own.turns.shape))
    return True


def by_views(ties: TiePoints) -> list[TiePoints]:
    """The ties that the same images see, together, without columns for images that do not."""
    seen = np.where(np.isfinite(ties.line), ties.view, -1)
    kinds, kind = np.unique(seen, axis=0, return_inverse=True)
    found = []
    for index, views in enumerate(kinds):
        part, there = ties[kind.ravel() == index], views >= 0
        found.append(TiePoints(*(getattr(part, name)[:, there] for name in TiePoints.__dataclass_fields__)))
    return [part for part in found if part.line.shape[1] > 1]


def _images(ties: TiePoints) -> tuple[int, ...]:
    return tuple(int(view) for view in ties.view[0])


def spread(ties: TiePoints, cameras: Sequence[CsmLineScan]) -> TiePoints:
    """The ties that join the images: one a cell of the first image, the rest only make the surface under the shots."""
    samples = cameras[int(ties.view[0, 0])].samples
    cell = np.floor(ties.line[:, 0] / CELL_LINES) * CELLS + np.floor(ties.sample[:, 0] * CELLS / samples)
    return ties[np.unique(cell, return_index=True)[1]]


def _tie_rows(cameras: Sequence[CsmLineScan], ties: TiePoints) -> TieRows:
    return TieRows.of(_rays(cameras, ties))


def _rays(cameras: Sequence[CsmLineScan], ties: TiePoints) -> Rays:
    return image_rays(cameras, ties.view[0], ties.line, ties.sample, ties.sigma_px)


def _control(points: ControlPoints, paths: Sequence[NominalPath], sigma_lateral: float | None) -> list[Placed]:
    """The GCPs of each image."""
    found = []
    for image, path in enumerate(paths):
        own = points[points.view == image]
        if len(own):
            ones = np.ones((len(own), 1))
            rays = image_rays([path.camera], np.array([0]), own.line[:, None], own.sample[:, None], ones)
            rows = ControlRows.of(own, rays.s[:, 0], path.camera.body_radius_m, sigma_lateral)
            found.append(Placed.of(rows, (image,), paths))
    return found


def _over(
    shots: Shots,
    ties: TiePoints,
    part: Placed,
    system: DenseSystem,
    cameras: Sequence[CsmLineScan],
    apart_m: float,
    wide: bool,
) -> Placed | None:
    """The shots over the surface that ties of one kind, thinned out to ``apart_m``, span at present."""
    rows = part.rows
    if not isinstance(rows, TieRows):
        return None
    good, point = rows.usable(system.poses(part))
    spacing = spacing_m(point[good]) if good.any() else 0.0
    thinned = apart_m > spacing
    if thinned:
        good &= np.random.default_rng(0).random(len(good)) < (spacing / apart_m) ** 2
    found = shots_over(shots, ties, point, good, lambda chosen: _rays(cameras, chosen), curved=wide and not thinned)
    if found is None:
        return None
    placed = Placed.of(found, part.images, system.paths)
    # a surface still far off its shots is drawn to them by degrees
    return Placed(found.reweighed(system.poses(placed), 0.0), placed.images, placed.asked)


def spacing_m(points: Array) -> float:
    """Usual distance of points (N, 3) from their nearest neighbour."""
    from scipy.spatial import cKDTree

    some = points[:: max(1, len(points) // 2000)]
    return float(np.median(cKDTree(points).query(some, 2)[0][:, 1]))


def _with_repeats(part: Placed, system: DenseSystem) -> Placed:
    """Shots with the errors that neighbours share told from what is left of their distances."""
    rows = part.rows
    return replace(part, rows=rows.with_repeats(system.poses(part))) if isinstance(rows, ShotRows) else part


def fit(part: Placed, system: DenseSystem) -> tuple[str, str]:
    """What observations are, and how they fit at present."""
    rows, poses = part.rows, system.poses(part)
    names = " and ".join(system.paths[image].camera.name for image in part.images)
    if isinstance(rows, TieRows):
        return f"{len(rows.trust)} ties of {names}: their rays miss by", f"{rows.rms_px(poses):.3g} px"
    if isinstance(rows, ShotRows):
        return f"{len(rows.trust)} raw shots stand off the surface of {names} by", f"{rows.rms_m(poses):.3g} m"
    if isinstance(rows, ControlRows):
        return f"{len(rows.trust)} GCPs of {names} miss by", f"{rows.rms_m(poses):.3g} m"
    return "", ""


def _concluded(system: DenseSystem, before: list[tuple[str, str]], settled: bool, level_m: float) -> Refined:
    """Covariances and sentences of a settled system."""
    after = [fit(part, system) for part in system.observed]
    firsts = dict(before)
    fits = tuple((what, firsts.get(what, "–"), now) for what, now in after)
    said = [
        f"The models are taken to err by {system.prior.position:g} m and {system.prior.attitude:g} rad (sigma of each "
        "component), slowly; jitter of the attitude comes on top, as the data ask for.",
        *(f"{what} {now} (RMS)." for what, now in after),
    ]
    warned = []
    if not settled:
        warned.append("The refinement has not settled: what it gives is better than the models, but not final.")
    lines, covariances = [], []
    for image, path in enumerate(system.paths):
        line = np.unique(np.linspace(*path.camera.lines, LINES_TOLD).round())
        covariance = system.covariance(image, line)
        lines.append(line)
        covariances.append(covariance)
        said += _recovered(path, line, covariance, system.prior, level_m)
        jitter = ", ".join(_two_digits(1e6 * value) for value in system.jitter[image])
        said.append(f"{path.camera.name}: jitter about x, y, z: {jitter} µrad (sigma).")
        for what, strain in zip(("POSITION_SIGMA", "ATTITUDE_SIGMA"), system.strain(image)):
            if strain > STRAINED:
                warned.append(f"{path.camera.name} is corrected {strain:.1f} times as much as {what} allows: raise it.")
    return Refined(
        tuple(system.paths), tuple(lines), tuple(covariances), fits, settled, level_m, tuple(said), tuple(warned)
    )


def _two_digits(value: float) -> str:
    """A value to two digits, without a power of ten where it is large."""
    return f"{float(f'{value:.2g}'):g}"


def _recovered(path: NominalPath, line: Array, covariance: Array, prior: Prior, level_m: float) -> list[str]:
    """Sentences on what of a camera's six components and of its ground is known better than before."""
    name = path.camera.name
    sigma = np.sqrt(np.mean(np.diagonal(covariance, axis1=1, axis2=2), axis=0))
    given = np.repeat([prior.position, prior.attitude], 3)
    told = [f"±{_two_digits(own)} m" for own in sigma[:3]] + [f"±{_two_digits(1e6 * own)} µrad" for own in sigma[3:]]
    named = [f"{part} {own}" for part, own in zip(COMPONENTS, told)]
    known = [part for part, own, least in zip(named, sigma, given) if own < RECOVERED * least]
    open_ = [part for part, own, least in zip(named, sigma, given) if own >= RECOVERED * least]
    ground = _ground_sigma(path, line, covariance, level_m)
    said = [
        f"{name}: recovered are {', '.join(known) or 'none of its components by itself'}; where its rays meet the "
        f"ground is known to {_two_digits(ground[1])} m along and {_two_digits(ground[2])} m across the track."
    ]
    if open_:
        said.append(
            f"{name}: not recovered, and left to the prior, are {', '.join(open_)}: a shift and a turn that move the "
            "ground alike are known only together."
        )
    return said


def _ground_sigma(path: NominalPath, line: Array, covariance: Array, level_m: float) -> Array:
    moved = ground_by_correction(path, line, path.camera.body_radius_m + level_m)
    spread = moved @ covariance @ np.swapaxes(moved, 1, 2)
    return np.asarray(np.sqrt(np.mean(np.diagonal(spread, axis1=1, axis2=2), axis=0)))


def ground_sigma_m(found: Refined, image: int) -> float:
    """Sigma of where an image's rays meet level ground, RMS of along and across the track, m."""
    spread = _ground_sigma(found.paths[image], found.lines[image], found.covariance[image], found.level_m)
    return float(np.sqrt(np.mean(spread[1:] ** 2)))


def ground_by_correction(path: NominalPath, line: Array, radius_m: float) -> Array:
    """How the place where the middle sample meets a sphere of ``radius_m`` answers to shift and turn at lines (L,):
    (L, 3, 6), in the flying frame, nothing upward."""
    camera = path.camera
    poses = path.at(line)
    _, direction = path.corrected().rays(line, np.full(len(line), 0.5 * (camera.samples - 1)))
    ground = intersect_sphere(poses.position, direction, radius_m)
    x = np.einsum("lji,lj->li", poses.rotation, ground - poses.position)
    turned = -np.swapaxes(poses.frame, 1, 2) @ poses.rotation @ skew(x) @ poses.jacobian
    moved = np.concatenate([np.broadcast_to(np.eye(3), turned.shape), turned], axis=2)
    up = poses.frame[:, :, 0]
    # a ray that moves by d meets a level ground where d less its part along the ray to that level ends
    slide = np.einsum("lji,lj->li", poses.frame, direction / np.sum(direction * up, axis=1, keepdims=True))
    return np.asarray(moved - slide[:, :, None] * moved[:, None, 0])
