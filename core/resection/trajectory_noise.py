"""How large the trajectory's noises are: estimated from the residuals while the trajectory settles.

Each variance follows the fixed point of restricted maximum likelihood: the sum of squares it explains, divided by the
redundancy of those squares. Rows that stand out lose their pull the more they do: their weights fall with the square
of the residual.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .banded import BandInverse
from .ground_rows import CHUNK, GroundRows
from .model import ControlPoints
from .trajectory_system import Noise, State, System

Array = NDArray[np.float64]

LEAST_SIGMA = 1e-3  # m; exact means this
OUTLIER = 3.0  # sigmas from which a row's weight falls
UNKNOWN_ALTITUDE = 1e4  # m; sigma of an altitude that is not given at all
NOTED = 1.5  # a scale of the altitudes' sigmas farther than this from 1 is told
DOUBTED = 5.0  # larger than this: not the sigmas, something else is wrong
EXPECTED_OUTLIERS = 0.02
DIFFERENCE_ORDER = 3.0  # a parabola costs no roughness
STEADY = 0.3  # relative change of the noise levels from which on the roughness is estimated
STEEPEST = 10.0  # a sigma changes at most so much in one round
# times a fixed point's step that the roughness takes: it is approached slowly, but where it would be passed, less
FARTHEST, NEAREST = 1.5, 0.5
USUAL_COUNTS = 1.0  # the first roughness weighs as much as so many differences seen
# no orbit wanders more than so many times the first roughness; attitudes may
ROUGHEST = np.array([5.0, 5.0, 5.0, np.inf, np.inf, np.inf])


@dataclass(frozen=True)
class NoiseModel:
    """What is given of the GCPs' sigmas (N,), and what is estimated.

    ``lateral_given`` m, NaN where ``lateral`` is to be used; ``altitude_given`` m, before ``altitude_scale`` and the
    ``repeats`` of shared errors, NaN for a GCP without altitude; ``white`` and ``shared`` parts of their variance.
    ``least_roughness`` (6,) keeps the equations positive definite. ``lateral_trust``, ``altitude_trust`` in 0..1 lower
    the weight of outliers. ``explained`` (6,) is the number of values the data determine of each component of the path;
    ``misfit`` that of the lateral residuals against their given sigmas. ``pull`` (6,) is the logarithm of what the last
    round asked the roughness to change by, ``moved`` (6,) of what it did, 0 before the first.
    """

    lateral_given: Array
    altitude_given: Array
    lateral: float
    altitude_scale: float
    roughness: Array
    usual_roughness: Array
    least_roughness: Array
    repeats: Array
    white: float
    shared: float
    lateral_trust: Array
    altitude_trust: Array
    explained: Array
    misfit: float
    pull: Array
    moved: Array

    def noise(self) -> Noise:
        """Sigmas for the least squares."""
        lateral = self.lateral_sigma() / np.sqrt(self.lateral_trust)
        altitude = self.altitude_sigma() * np.sqrt(self.repeats / self.altitude_trust)
        known = np.isfinite(self.altitude_given)
        white, shared = np.where(known, self.white, 1.0), np.where(known, self.shared, 0.0)
        return Noise(lateral, altitude, white, shared, self.roughness)

    def lateral_sigma(self) -> Array:
        """Lateral sigma of each GCP, metres."""
        return np.where(np.isfinite(self.lateral_given), self.lateral_given, self.lateral)

    def altitude_sigma(self) -> Array:
        """Altitude sigma of each GCP, metres."""
        sigma = np.maximum(self.altitude_given * self.altitude_scale, LEAST_SIGMA)
        return np.where(np.isfinite(sigma), sigma, UNKNOWN_ALTITUDE)

    def updated(self, system: System, state: State, inverse: BandInverse, covariance: Array, gain: float) -> NoiseModel:
        """One round of estimation; the altitude's scale only while its errors are taken as independent.

        ``gain`` in 0..1 holds back the roughness: rounding makes its redundancy uncertain where it is small.
        """
        noise = self.noise()
        rows, felt = system.rows(state, noise)
        spread = spread_of(rows, covariance, system.seen.row)
        model = self
        free = np.isnan(self.lateral_given)
        if free.any():
            step = np.clip(_misfit(rows, spread, free), 1.0 / STEEPEST**2, STEEPEST)
            model = replace(model, lateral=float(max(self.lateral * step, LEAST_SIGMA)))
        if not free.all():
            model = replace(model, misfit=_misfit(rows, spread, ~free))
        if not len(system.nodes.line):
            model = replace(model, altitude_scale=self._altitude_scale(rows, spread, noise))
        if model.change(self) < STEADY:  # before that the splines hold what is only noise, or miss what is not
            model = model._roughened(system, state, inverse, gain)
        raw = rows.residual.copy()
        raw[:, 0] -= np.sum(felt * state.process[system.nodes.node], axis=1)
        return model._retrusted(raw, rows.zenith)

    def change(self, other: NoiseModel) -> float:
        """Largest relative change of the lateral and altitude sigmas."""
        levels = self.lateral / other.lateral, self.altitude_scale / other.altitude_scale
        return float(np.max(np.abs(np.log(levels))))

    def told(self, lines: float) -> list[str]:
        """Sentences on what was estimated over so many ``lines``."""
        sentences = []
        if np.isnan(self.lateral_given).any():
            sentences.append(f"The lateral sigma of the GCPs is estimated from the residuals as {self.lateral:.3g} m.")
        if self.misfit > NOTED:
            sentences.append(f"The lateral residuals are {self.misfit:.3g} times what the sigma given for them allows.")
        if not 1.0 / NOTED < self.altitude_scale < NOTED:
            usual = float(np.median(self.altitude_sigma()))
            sentences.append(
                f"The altitudes' sigmas do not fit the residuals (or were not given): multiplied by "
                f"{self.altitude_scale:.3g}, to {usual:.3g} m in the median."
                + ("" if self.altitude_scale < DOUBTED else " Check their datum and the SENSOR.")
            )
        outliers = int(((self.lateral_trust < 1) | (self.altitude_trust < 1)).sum())
        if outliers > EXPECTED_OUTLIERS * len(self.repeats):
            sentences.append(f"{outliers} of {len(self.repeats)} GCPs stand out by more than {OUTLIER:g} sigma.")
        place, turn = (lines / max(float(np.max(part)), 1.0) for part in np.split(self.explained, 2))
        sentences.append(f"The data resolve the position to about {place:.0f} lines and the attitude to {turn:.0f}.")
        return sentences

    def _roughened(self, system: System, state: State, inverse: BandInverse, gain: float) -> NoiseModel:
        squares, variances, counts = system.roughness(state.path, inverse)
        explained = np.clip(counts - variances / self.roughness**2, 0.0, counts)
        level = (squares + USUAL_COUNTS * self.usual_roughness**2) / (explained + USUAL_COUNTS)
        pull = 0.5 * np.log(level / self.roughness**2)
        # secant: how far the last move went towards the fixed point says how far to go now
        eased = (pull - self.pull) * np.sign(self.moved)
        farther = np.clip(np.abs(self.moved) / np.maximum(-eased, 1e-12), NEAREST, FARTHEST)
        farther = np.where((eased < 0) & (pull * self.pull < 0), farther, FARTHEST)
        limit = np.log(STEEPEST)
        step = np.exp(gain * np.clip(farther * pull, -limit, limit))
        bounds = self.least_roughness, np.maximum(ROUGHEST * self.usual_roughness, self.least_roughness)
        roughness = np.clip(self.roughness * step, *bounds)
        moved = np.log(roughness / self.roughness)
        return replace(self, roughness=roughness, explained=explained + DIFFERENCE_ORDER, pull=pull, moved=moved)

    def loosened(self) -> NoiseModel:
        """Tenfold the roughness of the smoothest components, from now on the least they may have.

        For a path so smooth that the equations are more than double precision can hold.
        """
        relative = self.roughness / self.usual_roughness
        smooth = relative <= max(1.0, float(relative.min()))
        roughness = np.where(smooth, 10.0 * self.roughness, self.roughness)
        return replace(self, roughness=roughness, least_roughness=np.where(smooth, roughness, self.least_roughness))

    def _altitude_scale(self, rows: GroundRows, spread: Array, noise: Noise) -> float:
        weight = 1.0 / rows.variance[:, 0]
        # the altitude's share of the row's variance
        part = np.where(np.isfinite(self.altitude_given), weight * (noise.altitude * rows.zenith) ** 2, 0.0)
        leverage = weight * spread[:, 0]
        redundancy = max(float(np.sum(part * np.clip(1.0 - leverage, 0.0, 1.0))), 1e-6)
        factor = np.sqrt(np.sum(part * weight * rows.residual[:, 0] ** 2) / redundancy)
        least = LEAST_SIGMA / float(np.nanmedian(self.altitude_given))
        return float(max(self.altitude_scale * np.clip(factor, 1.0 / STEEPEST**2, STEEPEST), least))

    def _retrusted(self, residual: Array, zenith: Array) -> NoiseModel:
        lateral, altitude = self.lateral_sigma(), self.altitude_sigma()
        across = np.abs(residual[:, 1]) / lateral
        along = np.abs(residual[:, 0]) / np.hypot(zenith * altitude, np.sqrt(1.0 - zenith**2) * lateral)
        trust = [np.minimum(1.0, (OUTLIER / np.maximum(z, 1e-9)) ** 2) for z in (across, along)]
        return replace(self, lateral_trust=trust[0], altitude_trust=trust[1])


def first_noise(
    points: ControlPoints, sigma_lateral: float | None, use_certainty: bool, roughness: Array
) -> NoiseModel:
    """What the GCPs say of their sigmas; ``sigma_lateral`` (m) overrides theirs, 0 means exact."""
    lateral = points.sigma_lateral if sigma_lateral is None else np.full(len(points), float(sigma_lateral))
    altitude = points.sigma_altitude if use_certainty else np.full(len(points), np.nan)
    known = np.isfinite(altitude)
    usual = float(np.median(altitude[known])) if known.any() else 100.0
    altitude = np.maximum(np.where(known, altitude, usual), LEAST_SIGMA)
    altitude[~np.isfinite(points.altitude)] = np.nan
    ones = np.ones(len(points))
    return NoiseModel(
        np.maximum(lateral, LEAST_SIGMA),
        altitude,
        lateral=100.0,
        altitude_scale=1.0,
        roughness=roughness,
        usual_roughness=roughness,
        least_roughness=np.zeros(6),
        repeats=ones,
        white=1.0,
        shared=0.0,
        lateral_trust=ones,
        altitude_trust=ones,
        explained=np.full(6, DIFFERENCE_ORDER),
        misfit=1.0,
        pull=np.zeros(6),
        moved=np.zeros(6),
    )


def _misfit(rows: GroundRows, spread: Array, chosen: NDArray[np.bool_]) -> float:
    """RMS of the chosen second rows against their sigmas, by their redundancy."""
    weight = 1.0 / rows.variance[chosen, 1]
    leverage = weight * spread[chosen, 1]
    redundancy = max(float(np.sum(np.clip(1.0 - leverage, 0.0, 1.0))), 1.0)
    return float(np.sqrt(np.sum(weight * rows.residual[chosen, 1] ** 2) / redundancy))


def spread_of(rows: GroundRows, covariance: Array, row: NDArray[np.int64]) -> Array:
    """Variance (N, 2) of the rows under the pose covariances (L, 6, 6) of their lines ``row`` (N,)."""
    spread = np.empty((len(row), 2))
    for start in range(0, len(row), CHUNK):
        part = slice(start, start + CHUNK)
        felt = rows.by_pose[part] @ covariance[row[part]]
        spread[part] = np.einsum("nki,nki->nk", felt, rows.by_pose[part])
    return spread
