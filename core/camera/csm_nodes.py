"""Uniform nodes of a CSM state, as far apart as keeps every line where it is; one a line where nothing less does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .csm_state import UniformNodes

Array = NDArray[np.float64]

TOLERANCE_PX = 3e-8
_STEPS = (256, 128, 64, 32, 16, 8, 4, 2)  # lines between nodes, tried in turn before one a line
_PAD = 5  # nodes past the image at either end: within three of an end the reader's interpolation degrades
_FIT = 64  # lines whose trend goes on past the ends where nodes stand at every line


@dataclass(frozen=True)
class Nodes:
    """Values (n, k) at lines ``start`` + i ``step``."""

    start: float
    step: int
    values: Array

    @property
    def lines(self) -> Array:
        """Lines (n,) of the nodes."""
        return self.start + self.step * np.arange(len(self.values))


def uniform_nodes(line: Array, values: Array, unit: float, tolerance_px: float = TOLERANCE_PX) -> Nodes:
    """The widest nodes that give ``values`` (N, k) at ``line`` (N,) within the tolerance; ``unit`` is one pixel's."""
    for step in _STEPS:
        if line[0] == 0 and len(line) > 7 * step:
            nodes = _padded(line, values, step, 7)
            found = UniformNodes(nodes.start, step, nodes.values).at(line)
            if np.linalg.norm(found - values, axis=1).max() < tolerance_px * unit:
                return nodes
    return _padded(line, values, 1, 2)


def _padded(line: Array, values: Array, step: int, degree: int) -> Nodes:
    """Every ``step``-th value, from the image's start on, and `_PAD` nodes more at both ends.

    The polynomial of ``degree`` through the last nodes goes on past them: of degree 7 through eight, it is the very one
    that the reader sees there; where values are too rough for that, a parabola follows `_FIT` lines.
    """
    inside, kept = line[::step], values[::step]
    base = 8 if degree == 7 else min(_FIT, len(kept))
    before = np.arange(-_PAD * step, inside[0], step)
    after = inside[-1] + step * np.arange(1.0, _PAD + 1 + np.ceil((line[-1] - inside[-1]) / step))
    ends = [
        _trend(inside[part], kept[part], degree)(wanted)
        for part, wanted in ((slice(None, base), before), (slice(-base, None), after))
    ]
    return Nodes(float(-_PAD * step), step, np.concatenate([ends[0], kept, ends[1]]))


def _trend(line: Array, values: Array, degree: int) -> Callable[[Array], Array]:
    """Polynomial of ``degree`` through ``values`` (n, k) at ``line`` (n,), by least squares about the mean value."""
    middle, scale, mean = line.mean(), max(float(np.ptp(line)), 1.0), values.mean(axis=0)

    def powers(at: Array) -> Array:
        return np.vander((at - middle) / scale, degree + 1)

    coefficients = np.linalg.lstsq(powers(line), values - mean, rcond=None)[0]
    return lambda at: np.asarray(powers(at) @ coefficients + mean)


def continuous(quaternion: Array) -> Array:
    """Quaternions (N, 4) of one sign along the orbit: their components are what is interpolated."""
    jumps = np.sum(quaternion[1:] * quaternion[:-1], axis=1) < 0
    sign = np.where(np.logical_xor.accumulate(np.concatenate([[False], jumps])), -1.0, 1.0)
    return np.asarray(quaternion * sign[:, None])


def floats(values: Array) -> list[float]:
    """Flat list of Python floats, which JSON writes with a point: readers take a list by its first number's kind."""
    return [float(value) for value in np.ravel(values)]
