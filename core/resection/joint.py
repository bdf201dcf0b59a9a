"""How the errors of a trajectory's instants hang together: covariances between lines a stereo base apart.

The rays that meet in a ground point leave the camera hundreds of lines apart, yet one smooth trajectory carries them:
their errors are far from independent, and what they share moves the point without a trace in the ray miss. Covariances
between all lines are more than a file should hold; between lines on a coarse grid they are smooth and few.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..archives import read_arrays
from ..errors import InputError, ResourceError
from ..outputs import replacing
from .model import InstantsCovariance, Orientation
from .trajectory_system import State, Step, System

Array = NDArray[np.float64]

ANCHORS = 256  # at most, along the trajectory
LEAST_STEP = 40.0  # lines between them
REACH = 2600.0  # lines: no two views of one point lie farther apart
_MOST_BYTES = 1 << 26  # of a file: 256 anchors need 3 MB
_COLUMNS = 64  # anchors solved for at once


@dataclass(frozen=True)
class JointCovariance:
    """``values`` (K, B, 6, 6): covariance of the errors (dC, w) of anchor k with those of anchor k + b.

    dC in metres, world; w the small rotation in the camera frame, rad. Anchor k is line ``start`` + k ``step``.
    """

    start: float
    step: float
    values: Array

    def between(self, first: Array, second: Array) -> Array:
        """Covariance (..., 6, 6) of the errors at lines ``first`` with those at ``second``; 0 out of reach or at NaN.

        That of the nearest anchors, whole: position and attitude errors cancel on the ground to a few per cent, which
        entries mixed from several anchors would not keep.
        """
        count, lags = self.values.shape[:2]
        known = np.isfinite(first) & np.isfinite(second)
        i, j = (
            np.clip(np.rint((np.where(known, line, self.start) - self.start) / self.step), 0, count - 1).astype(int)
            for line in (first, second)
        )
        lag = np.abs(i - j)
        found = self.values[np.minimum(i, j), np.minimum(lag, lags - 1)]
        found = np.where((i > j)[..., None, None], np.swapaxes(found, -1, -2), found)
        return np.asarray(np.where((known & (lag < lags))[..., None, None], found, 0.0))


def joint_covariance(system: System, state: State, last: Step, unseen: Callable[[Array], Array]) -> JointCovariance:
    """Covariances of a settled trajectory's lines: A⁻¹ between the splines' values at the anchors, by the last step.

    ``unseen(lines)`` (K, terms, 6) are changes of (small world rotation, position), one row a term of 1-sigma size that
    acts on all lines and that the data do not see.
    """
    path = state.path
    first, end = float(system.seen.line[0]), float(system.seen.line[-1])
    count = int(min(ANCHORS, max(2, (end - first) // LEAST_STEP + 1)))
    line = np.linspace(first, end, count)
    step = (end - first) / (count - 1)
    lags = int(min(count, REACH // step + 2))
    unknown, share, component = _felt(system, state, line)
    spline = np.zeros((count, lags, 6, 6))
    for start in range(0, count, _COLUMNS):
        chosen = np.arange(start, min(start + _COLUMNS, count))
        right = np.zeros((system.layout.order, len(chosen), 6))
        np.add.at(right, (unknown[chosen], np.arange(len(chosen))[:, None], component), share[chosen])
        right = right.reshape(len(right), -1)
        solved = last.factor.solve(right)
        if last.border is not None:
            solved += last.border.effect @ (last.border.covariance @ (last.border.effect.T @ right))
        solved = solved.reshape(len(right), len(chosen), 6)
        for lag in range(lags):
            other = np.minimum(chosen + lag, count - 1)
            # solved[u, k, c]: covariance of unknown u with component c of anchor k
            with_other = solved[unknown[other], np.arange(len(chosen))[:, None]] * share[other][..., None]
            for c in range(6):
                spline[chosen, lag, :, c] = np.sum(np.where((component == c)[None, :, None], with_other, 0.0), axis=1)
    poses = path.at(line)
    join = np.zeros((count, 6, 6))
    join[:, :3, :3], join[:, 3:, 3:] = poses.frame, poses.jacobian
    later = np.minimum(np.arange(count)[:, None] + np.arange(lags), count - 1)
    values = join[:, None] @ spline @ np.swapaxes(join[later], -1, -2)
    open_ = unseen(line)
    open_ = np.concatenate([open_[..., 3:], open_[..., :3] @ poses.rotation], axis=-1)
    values += np.swapaxes(open_, -1, -2)[:, None] @ open_[later]
    return JointCovariance(first, step, values)


def _felt(system: System, state: State, line: Array) -> tuple[NDArray[np.int64], Array, NDArray[np.int64]]:
    """The 24 unknowns (K, 24) that the path feels at lines (K,), how much, and through which component (24,)."""
    place_first, place_share = state.path.place.weights(line)
    turn_first, turn_share = state.path.turn.weights(line)
    taps = np.arange(4)
    place = system.layout.place[place_first[:, None] + taps].reshape(len(line), 12)
    turn = system.layout.turn[turn_first[:, None] + taps].reshape(len(line), 12)
    share = np.repeat(np.concatenate([place_share, turn_share], axis=1), 3, axis=1)
    component = np.concatenate([np.tile([0, 1, 2], 4), np.tile([3, 4, 5], 4)])
    return np.concatenate([place, turn], axis=1), share, component


def joint_path(eops: str | Path) -> Path:
    """Where the joint covariance of an EOP table lies: beside it, ``NAME.covariance.npz``."""
    path = Path(str(eops).partition("|")[0])
    return path.with_name(f"{path.stem}.covariance.npz")


def write_joint(eops: str | Path, orientation: Orientation, joint: InstantsCovariance | None) -> None:
    """Write the joint covariance beside its EOP table; what an earlier table left there is taken away."""
    if not isinstance(joint, JointCovariance):
        joint_path(eops).unlink(missing_ok=True)
        return
    with replacing(joint_path(eops)) as temporary:
        values = joint.values.astype(np.float32)
        np.savez_compressed(temporary, start=joint.start, step=joint.step, values=values, of=_mark(orientation))


def read_joint(eops: str | Path, orientation: Orientation) -> JointCovariance | None:
    """The joint covariance beside an EOP table; None where there is none of this orientation. Nothing is unpickled."""
    path = joint_path(eops)
    if not path.is_file():
        return None
    try:
        content = read_arrays(path, ("start", "step", "values", "of"), _MOST_BYTES)
    except (OSError, ValueError) as error:
        raise ResourceError(f"{path.name!r} cannot be read ({error}); delete it or run recovereop again.") from error
    start, step, values, of = (array.astype(float) for array in content.values())
    spaced = start.shape == step.shape == () and np.isfinite(start) and 0 < step < np.inf
    whole = values.ndim == 4 and values.shape[2:] == (6, 6) and values.size and np.isfinite(values).all()
    if not (spaced and whole):
        raise InputError(f"{path.name!r} holds no joint covariance; delete it or run recovereop again.")
    same = of.shape == (5,) and np.allclose(of, _mark(orientation), rtol=1e-9, atol=0)
    return JointCovariance(float(start), float(step), values) if same else None


def _mark(orientation: Orientation) -> Array:
    """Numbers (5,) that tell one orientation from another."""
    known = np.isfinite(orientation.position).all(axis=1)
    mean = np.abs(orientation.position[known]).mean(axis=0)
    return np.array([len(orientation), orientation.line[-1] + 1, *mean])
