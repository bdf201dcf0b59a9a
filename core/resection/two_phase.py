"""The two-phase space resection of Xu et al. (2016): attitude from longitude and latitude alone, then position, linear.

Phase 1 (`attitude`, `coplanarity`) minimises Σ (d·(p × R s))² and does not see the altitudes; phase 2 (`position`)
is a linear least squares weighted by the altitudes' certainty ("ours-2"), or evenly ("ours-1"). Instants with fewer
than five GCPs leave phase 1 open and lean on their neighbours in time (`neighbours`).
"""

from __future__ import annotations

from functools import partial

import numpy as np

from ..camera.sensor import Sensor
from ..progress import Progress, part, silent, tell
from .attitude import find_attitudes
from .batched import Array, Instants, Integers
from .collinearity import FLAT_IMAGE, NADIR_SIGMA, nadir_prior, resect
from .control import Control, gather_control, nadir_start, spread
from .model import ControlPoints, Flag, Resection
from .neighbours import lean_on_neighbours
from .outcome import Solution, conclude
from .position import row_normals, solve_position
from .propagation import LEAST_SIGMA, TwoPhase, complete_sigmas, estimate_altitude, estimate_lateral, propagate

LEAST_CERTAINTY = 1e-3  # a GCP of no certainty still keeps its line from falling apart
SAMPLE = 1000  # instants that estimate a sigma: to 3 %
FLAT_GAIN = 20.0  # lateral noise that moves the camera by more than so many times itself is worth a warning


def recover_two_phase(
    points: ControlPoints, sensor: Sensor, *, use_certainty: bool = True, progress: Progress = silent
) -> Resection:
    """Resect every instant in two phases, without first values.

    ``use_certainty`` weights phase 2's rows by the points' mu ("ours-2"); without it every row weighs the
    same ("ours-1"). Instants with fewer than five GCPs, or GCPs on one line of the image, are flagged
    PRIOR: their altitudes and an even motion from line to line settle the attitude; they get no error bars.
    Sigmas that are not given are estimated from the residuals of the whole run.
    """
    mu = np.maximum(points.mu, LEAST_CERTAINTY) if use_certainty else np.ones(len(points))
    instants, control = gather_control(points, sensor, mu)
    determined = (control.count >= 5) & (spread(control) >= FLAT_IMAGE)
    found = find_attitudes(control, determined, part(progress, 0.0, 0.6))
    rotation, flag = found.rotation, found.flag
    priors: list[str] = []
    open_ = np.flatnonzero(~determined & (control.count >= 2))
    if len(open_):
        tell(progress, 0.6, "Leaning on the neighbours in time")
        rotation[..., open_], prior = _open_attitudes(points, instants, control, rotation, open_)
        flag[open_] = int(Flag.PRIOR)
        priors.append(prior)

    tell(progress, 0.8, "Solving positions")
    position = solve_position(row_normals(rotation, control.s), control.points, control.weight)
    both = TwoPhase(control, rotation, found.d, position)
    sure = np.flatnonzero(determined & (flag == Flag.GOOD))
    sample = both[sure[:: max(len(sure) // SAMPLE, 1)]]
    by_field = {"sigma_lateral": estimate_lateral, "sigma_altitude": estimate_altitude}
    estimates = {field: partial(estimate, sample) for field, estimate in by_field.items() if len(sure)}
    lateral, altitude, said = complete_sigmas(points, instants, estimates)
    covariance, condition, gain = propagate(both, lateral, altitude)
    for values in (covariance, condition, gain):
        values[..., ~determined] = np.nan
    sentences = [*priors, *said, *_flat_ground(lateral, gain[determined])]
    solution = Solution(rotation, position, covariance, flag, condition)
    return conclude("two_phase", points, sensor, instants, solution, sentences)


def _open_attitudes(
    points: ControlPoints, instants: Instants, control: Control, rotation: Array, open_: Integers
) -> tuple[Array, str]:
    """Attitudes (3, 3, M) of under-determined instants from the whole run, and one sentence on what they leaned on."""
    use = np.flatnonzero(control.count >= 2)
    run = control[use]
    nadir, start = nadir_start(run)
    weak, prior = nadir_prior(run)
    pose = resect(run, nadir, start, prior)
    first, place = pose.rotation, pose.position
    solved = np.flatnonzero(np.isfinite(rotation[0, 0, use]))
    part_ = run[solved]
    first[..., solved] = rotation[..., use[solved]]
    place[:, solved] = solve_position(row_normals(first[..., solved], part_.s), part_.points, part_.weight)
    who = f"{len(open_)} of {len(control.line)} lines have fewer than five GCPs, or GCPs on one line of the image"
    where = np.searchsorted(use, open_)
    if len(use) < 3:
        return first[..., where], f"{who}: with no neighbours in time, collinearity on their altitudes settles them."
    altitude, lateral = (instants.gather(values)[:, use] for values in (points.sigma_altitude, points.sigma_lateral))
    leaned, _, (turn, bend) = lean_on_neighbours(run, first, place, altitude, lateral, nadir, NADIR_SIGMA)
    named = f"second differences of {turn:.1e} rad and {bend:.1e} m a line"
    if weak.any():
        named += f", and a camera that on the whole looks straight down within {np.degrees(NADIR_SIGMA):.0f}°"
    return leaned[..., where], f"{who}: their altitudes and the prior of an even motion ({named}, 1-sigma) settle them."


def _flat_ground(lateral: Array, gain: Array) -> list[str]:
    """A warning where the ground is too flat for the lateral noise of lon and lat."""
    noise, gained = (float(np.nanmedian(v)) if np.isfinite(v).any() else 0.0 for v in (lateral, gain))
    if gained < FLAT_GAIN or noise <= 10 * LEAST_SIGMA:
        return []
    return [
        f"The ground is too flat for a lateral noise of {noise:.2g} m: it alone moves the position of one line by "
        f"{gained * noise:.2g} m (1-sigma); the trajectory method holds it down."
    ]
