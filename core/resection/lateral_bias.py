"""Slow errors of longitude and latitude: constants and drifts, shared by all GCPs of a line or different by view.

What the GCPs of a line share is the same as a turn of the whole line about the body's centre: nothing in the data tells
it from one, so it is not estimated but widens the error bars. What the views do not share bends the rays against each
other, and is found.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .ground_rows import GroundRows, Targets
from .path import Poses

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

RANGE_M = 500.0  # prior 1-sigma of every constant, and of every drift over half the lines
TERMS = 4  # forward, along the orbit's normal, and their drifts


@dataclass(frozen=True)
class LateralBias:
    """Bias of each view after the first against the first: m = 4 (V - 1) values in metres.

    ``tangents`` (N, 2, 3): directions on the ground, forward and along the orbit's normal, at each GCP; ``drift`` (N,)
    goes from -1 at the first line to 1 at the last; ``view`` (N,) of ``views``.
    """

    tangents: Array
    drift: Array
    view: Integers
    views: int

    @classmethod
    def about(cls, seen: Targets, view: Integers, views: int, normal: Array) -> LateralBias:
        """Terms for GCPs of ``view`` (N,) seen from an orbit with this ``normal`` (3,)."""
        drift = drift_of(seen.line)[seen.row]
        return cls(_tangents(seen.p, normal), drift, view, views)

    @property
    def count(self) -> int:
        """Number of values m."""
        return TERMS * (self.views - 1)

    def shift(self, values: Array) -> Array:
        """By how much (N, 3) m the given points lie off, for bias values (m,)."""
        own = np.concatenate([np.zeros((1, TERMS)), values.reshape(-1, TERMS)])[self.view]
        along = own[:, :2] + self.drift[:, None] * own[:, 2:]
        return np.asarray(np.einsum("nk,nkj->nj", along, self.tangents))

    def derivatives(self, rows: GroundRows, poses: Poses, row: Integers) -> Array:
        """Derivatives (N, 2, 4) of the rows by the four terms of each GCP's view."""
        tangents = np.einsum("nki,nij->nkj", self.tangents, poses.frame[row])
        constant = rows.by_pose[:, :, :3] @ np.swapaxes(tangents, 1, 2)  # the point off is the camera off
        return np.concatenate([constant, self.drift[:, None, None] * constant], axis=2)

    def told(self, values: Array, covariance: Array, names: tuple[str, ...]) -> tuple[str, ...]:
        """Sentences on what was found, with sigmas."""
        sigma = np.sqrt(np.diagonal(covariance)).reshape(-1, TERMS)
        sentences = [
            f"A lateral bias that all views share cannot be told from a shift of the orbit: the error bars allow for "
            f"{RANGE_M:g} m of it and as much of drift."
        ]
        for name, own, spread in zip(names[1:], values.reshape(-1, TERMS), sigma):
            forward, normal, forward_drift, normal_drift = (f"{v:.3g} ± {s:.2g} m" for v, s in zip(own, spread))
            sentences.append(
                f"Lateral bias of view {name} against {names[0]}: {forward} forward and {normal} along the orbit's "
                f"normal, drifting by {forward_drift} and {normal_drift} over half the lines."
            )
        return tuple(sentences)


def drift_of(line: Array) -> Array:
    """-1 at the first of ascending lines (L,) to 1 at the last."""
    return 2.0 * (line - line[0]) / max(line[-1] - line[0], 1.0) - 1.0


def shared_effect(line: Array, position: Array, normal: Array, radius_m: float) -> Array:
    """What a bias that all GCPs of a line share does: (L, `TERMS`, 6) changes of (small world rotation, position).

    One row a term of 1-sigma size; the same terms act on every line. ``position`` (L, 3) m. The line turns as a whole
    about the body's centre, by the bias over the radius.
    """
    up = position / np.linalg.norm(position, axis=1, keepdims=True)
    axes = np.cross(up[:, None], _tangents(up, normal))  # a turn about up x t moves up along t
    effect = np.concatenate([axes, np.cross(axes, position[:, None])], axis=2) * (RANGE_M / radius_m)
    return np.concatenate([effect, effect * drift_of(line)[:, None, None]], axis=1)


def _tangents(p: Array, normal: Array) -> Array:
    """Forward direction and the one along the orbit's normal (N, 2, 3) at bearings (N, 3)."""
    forward = np.cross(normal, p)
    forward /= np.linalg.norm(forward, axis=1, keepdims=True)
    return np.stack([forward, np.cross(p, forward)], axis=1)
