"""Phase 1 for every instant with five or more GCPs, without any start: search, then follow.

The five-point solver finds every solution at a few anchor instants; of several, the one whose altitudes
fit best is taken. Between anchors the orbit is followed by Gauss-Newton from an interpolated start. What does not
arrive is searched too, and what then still stands out from its neighbours is followed once more from them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..camera.rotations import exp_so3, log_so3, rotation_angle_between
from ..progress import Progress, tell
from .batched import Array, Integers, blocks
from .control import Control
from .coplanarity import polish
from .five_point import candidate_poses
from .model import Flag
from .position import misfit

ANCHOR_STRIDE = 64  # instants from one searched directly to the next
CHUNK = 4096  # instants searched at once: about 100 MB
ARRIVED = 1e-8  # a solution whose last step (rad) is longer has not converged
EXACT = 1e-13  # RMS bearing residual (rad) of error-free data, with room for rounding
EXACT_FIT = 1e-9  # and of altitudes
RIVAL = 2.0  # a solution whose altitudes fit less than this much worse than the best is a rival
RUN = 8  # instants in a row that make a stretch of orbit
STEADY = 0.1  # rad an orbit may turn between the instants it is followed from


@dataclass(frozen=True)
class Attitudes:
    """Solutions of L instants: R (3, 3, L), d (3, L), RMS residuals (rad) of bearings and of altitudes, flags."""

    rotation: Array
    d: Array
    rms: Array
    fit: Array
    flag: Integers

    def __getitem__(self, index: Integers | NDArray[np.bool_]) -> Attitudes:
        rotation, d, rms, fit = (values[..., index] for values in (self.rotation, self.d, self.rms, self.fit))
        return Attitudes(rotation, d, rms, fit, self.flag[index])

    def put(self, index: Integers, other: Attitudes) -> None:
        """Write the solutions of ``other`` at ``index``."""
        for name in self.__dataclass_fields__:
            getattr(self, name)[..., index] = getattr(other, name)

    @classmethod
    def failed(cls, count: int) -> Attitudes:
        """No solution yet."""
        unknown, flag = np.full((4, 3, count), np.nan), np.full(count, int(Flag.FAILED), dtype=np.int64)
        return cls(unknown[:3].copy(), unknown[3], np.full(count, np.inf), np.full(count, np.inf), flag)


def find_attitudes(control: Control, wanted: NDArray[np.bool_], progress: Progress) -> Attitudes:
    """R and d of the ``wanted`` instants (L,), which have at least five GCPs; the others are left failed."""
    found = Attitudes.failed(len(control.line))
    determined = np.flatnonzero(wanted)
    unique = np.flatnonzero(wanted & (control.count >= 6))
    if len(unique) > 2 * ANCHOR_STRIDE:
        anchors = np.append(unique[:-1:ANCHOR_STRIDE], unique[-1])
        found.put(anchors, _search(control[anchors], progress))
        _follow(control, anchors[_sure(found[anchors])], np.setdiff1d(unique, anchors), found)
    left = determined[found.flag[determined] == Flag.FAILED]
    if len(left):
        found.put(left, _search(control[left], progress))
        sure = _sure(found[determined]) & ~_odd(found.rotation[..., determined])
        _follow(control, determined[sure], determined[~sure], found)
    return found


def _limits(found: Attitudes) -> tuple[float, float]:
    """RMS residuals of bearings and of altitudes that are still ordinary among these solutions."""
    solved = found.rms < np.inf
    if not solved.any():
        return EXACT, EXACT_FIT
    return max(8 * float(np.median(found.rms[solved])), EXACT), max(3 * float(np.median(found.fit[solved])), EXACT_FIT)


def _sure(found: Attitudes) -> NDArray[np.bool_]:
    """Instants with one ordinary solution, from which others may be followed."""
    rms, fit = _limits(found)
    return np.asarray((found.flag == Flag.GOOD) & (found.rms <= rms) & (found.fit <= fit))


def _odd(rotation: Array) -> NDArray[np.bool_]:
    """Instants in runs of fewer than `RUN` cut off from both sides by jumps of attitude 20 times the usual step."""
    attitude = np.moveaxis(rotation, -1, 0)
    step = rotation_angle_between(attitude[:-1], attitude[1:])
    if not np.isfinite(step).any():
        return np.zeros(len(attitude), dtype=bool)
    run = np.concatenate([[0], np.cumsum(~(step <= 20 * np.nanmedian(step)))])
    return np.asarray(np.bincount(run)[run] < RUN)


def _follow(control: Control, knots: Integers, targets: Integers, found: Attitudes) -> None:
    """Solve ``targets`` from starts interpolated between ``knots``; what arrives, and fits, is written to ``found``."""
    if len(knots) < 2:
        return
    rotation, d = np.moveaxis(found.rotation[..., knots], -1, 0), found.d[:, knots].T
    turn = log_so3(np.swapaxes(rotation[:-1], -1, -2) @ rotation[1:])
    steady = np.linalg.norm(turn, axis=-1) + np.linalg.norm(np.diff(d, axis=0), axis=-1) < STEADY
    before = np.clip(np.searchsorted(knots, targets) - 1, 0, len(knots) - 2)
    targets, before = targets[steady[before]], before[steady[before]]
    start, stop = control.line[knots[before]], control.line[knots[before + 1]]
    fraction = ((control.line[targets] - start) / (stop - start))[:, None]
    first = np.moveaxis(rotation[before] @ exp_so3(fraction * turn[before]), 0, -1)
    mixed = (d[before] + fraction * (d[before + 1] - d[before])).T
    mixed /= np.linalg.norm(mixed, axis=0)
    ordinary = _limits(found[knots])
    for block in blocks(len(targets)):
        part = control[targets[block]]
        solved = polish(first[..., block], mixed[:, block], part.p, part.s)
        fit, flag = misfit(solved.rotation, part), np.zeros(len(part.line), dtype=np.int64)
        turned = rotation_angle_between(np.moveaxis(solved.rotation, -1, 0), np.moveaxis(first[..., block], -1, 0))
        keep = (turned < STEADY) & (solved.step < ARRIVED) & (solved.rms <= ordinary[0])
        keep &= fit <= np.maximum(RIVAL * found.fit[targets[block]], ordinary[1])
        found.put(targets[block][keep], Attitudes(solved.rotation, solved.d, solved.rms, fit, flag)[keep])


def _search(control: Control, progress: Progress) -> Attitudes:
    """Every solution of each instant by the five-point solver, polished on all its GCPs; the best is chosen."""
    owners, parts = [], []
    for count in np.unique(control.count):
        same = np.flatnonzero(control.count == count)
        for first in range(0, len(same), CHUNK):
            tell(progress, first / len(same), "Searching attitudes")
            chunk = same[first : first + CHUNK]
            p, s = (np.moveaxis(values[:, :count, chunk], -1, 0).swapaxes(1, 2) for values in (control.p, control.s))
            owner, rotation, d = candidate_poses(p, s / np.linalg.norm(s, axis=-1, keepdims=True))
            part = control[chunk[owner]]
            solved = polish(np.moveaxis(rotation, 0, -1), d.T, part.p, part.s, iterations=12)
            arrived = np.flatnonzero(solved.step < ARRIVED)
            owners.append(chunk[owner[arrived]])
            fit, flag = misfit(solved.rotation, part), np.zeros(len(owner), dtype=np.int64)
            parts.append(Attitudes(solved.rotation, solved.d, solved.rms, fit, flag)[arrived])
    columns = ([getattr(part, name) for part in parts] for name in Attitudes.__dataclass_fields__)
    return _choose(len(control.line), np.concatenate(owners), Attitudes(*(np.concatenate(c, axis=-1) for c in columns)))


def _choose(count: int, owner: Integers, candidates: Attitudes) -> Attitudes:
    """One candidate an instant: among those whose bearings fit about as well as the best, the best altitudes."""
    least = np.full(count, np.inf)
    np.minimum.at(least, owner, candidates.rms)
    admissible = np.flatnonzero(candidates.rms <= np.maximum(10 * least[owner], _limits(candidates)[0]))
    admissible = admissible[np.lexsort((candidates.fit[admissible], owner[admissible]))]
    owner, candidates = owner[admissible], candidates[admissible]
    instant, first = np.unique(owner, return_index=True)
    best = np.zeros(count, dtype=np.int64)
    best[instant] = first
    attitude = np.moveaxis(candidates.rotation, -1, 0)
    apart = rotation_angle_between(attitude[best[owner]], attitude) > 1e-6
    rival = apart & (candidates.fit <= RIVAL * candidates.fit[best[owner]])
    chosen = Attitudes.failed(count)
    chosen.put(instant, candidates[first])
    chosen.flag[owner[rival]] = int(Flag.AMBIGUOUS)
    return chosen
