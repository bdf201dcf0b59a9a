"""Errors of interpolated altitudes as what they are: shared by neighbours along a column of GCPs, and between columns.

GCPs of one view and about one sample form a column. Along it the altitude error over its sigma is a first-order Markov
process of unit variance with correlation exp(-distance / length), known at nodes and interpolated between them. Columns
that pass over the same ground (the views of one scanner do) see the same errors again: each then counts for less.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .model import ControlPoints

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

NODES_A_LENGTH = 2.0  # at least
FINEST = 8.0  # lines between nodes: no path turns within less
LEAST_WHITE = 0.12  # share of the variance that interpolation between the nodes loses; less, and the fit trusts it


@dataclass(frozen=True)
class ErrorNodes:
    """M nodes: ``line`` (M,), of which each GCP feels two, ``node`` (N, 2), by ``weight`` (N, 2).

    ``before``, ``after`` (B,) are successive nodes of a column and ``correlation`` (B,) theirs; ``heads`` the first
    nodes of the columns. No nodes: independent errors.
    """

    line: Array
    node: Integers
    weight: Array
    before: Integers
    after: Integers
    correlation: Array
    heads: Integers

    def prior(self) -> tuple[Integers, Integers, Array]:
        """Rows, columns and values of the process' inverse covariance, one of each pair."""
        gain = 1.0 / (1.0 - self.correlation**2)
        rows = np.concatenate([self.heads, self.after, self.before, self.after])
        columns = np.concatenate([self.heads, self.after, self.before, self.before])
        values = [np.ones(len(self.heads)), gain, self.correlation**2 * gain, -self.correlation * gain]
        return rows, columns, np.concatenate(values)


def no_nodes(count: int) -> ErrorNodes:
    """Independent errors of ``count`` GCPs."""
    none = np.empty(0, dtype=np.int64)
    empty = np.empty(0)
    return ErrorNodes(empty, np.empty((count, 0), np.int64), np.empty((count, 0)), none, none, empty, none)


@dataclass(frozen=True)
class Spacing:
    """How far apart nodes stand, ``step`` lines, and the least share of the variance that counts as ``white``.

    What interpolation loses between two nodes is common to the GCPs there, and a path feels their mean: as white noise
    it has to be larger by their number. Too little, and the path leans on differences of neighbours that the nodes know
    nothing of.
    """

    step: float
    white: float

    @classmethod
    def of(cls, line: Array, column: Integers, length: float) -> Spacing:
        """For GCPs at ``line`` (N,) of ``column`` (N,) and a correlation length in lines: as close as needed, unless
        that is finer than any path."""
        order = np.lexsort((line, column))
        gap = np.diff(line[order])[(np.diff(column[order]) == 0) & (np.diff(line[order]) > 0)]
        between = float(np.median(gap)) if len(gap) else length
        # the mean of a Brownian bridge of variance 2 / length a line over the step has a variance of step / 6 length
        step = min(length / NODES_A_LENGTH, max(float(np.sqrt(6.0 * LEAST_WHITE * length * between)), FINEST))
        return cls(step, max(LEAST_WHITE, step**2 / (6.0 * length * between)))


def error_nodes(line: Array, column: Integers, length: float, step: float | None = None) -> ErrorNodes:
    """Nodes for GCPs at ``line`` (N,) of ``column`` (N,); ``length`` is the correlation length in lines, ``step`` their
    distance."""
    step = length / NODES_A_LENGTH if step is None else step
    at = (line - line.min()) / step
    left = np.floor(at).astype(np.int64)
    stride = int(left.max()) + 3
    key = column[:, None] * stride + left[:, None] + np.arange(2)
    keys, node = np.unique(key, return_inverse=True)
    number, own = keys % stride, keys // stride
    follows = own[1:] == own[:-1]
    before = np.flatnonzero(follows)
    correlation = np.exp(-(number[before + 1] - number[before]) * step / length)
    right = at - left
    weight = np.stack([1.0 - right, right], axis=1)
    # interpolation lowers the variance between nodes: scaled back
    neighbour = np.exp(-step / length)
    weight /= np.sqrt(np.sum(weight**2, axis=1) + 2.0 * neighbour * weight[:, 0] * weight[:, 1])[:, None]
    heads = np.flatnonzero(np.concatenate([[True], ~follows]))
    node = node.reshape(key.shape).astype(np.int64)
    return ErrorNodes(line.min() + number * step, node, weight, before, before + 1, correlation, heads)


def columns(points: ControlPoints, metres_a_sample: float, length_m: float) -> Integers:
    """Column number (N,) of each GCP: its view, and its sample in steps of half a correlation length."""
    step = max(0.5 * length_m / metres_a_sample, 1.0)
    bins = np.round(points.sample / step).astype(np.int64)
    return np.asarray(points.view * (int(bins.max()) + 1) + bins, dtype=np.int64)


def repeats(bearings: Array, column: Integers, nodes: ErrorNodes, length_rad: float, white: float) -> Array:
    """How often the columns see each GCP's altitude error, (N,) >= 1: 1 + the correlations with all other columns.

    Looked at once a node; ``length_rad`` is the correlation length as an angle from the body's centre.
    """
    from scipy.spatial import cKDTree

    nearest = nodes.node[np.arange(len(column)), np.argmax(nodes.weight, axis=1)]
    used, first, place = np.unique(nearest, return_index=True, return_inverse=True)
    tree = cKDTree(bearings[first])
    pairs = tree.query_pairs(3.0 * length_rad, output_type="ndarray")
    own = column[first]
    pairs = pairs[own[pairs[:, 0]] != own[pairs[:, 1]]]
    a, b = np.concatenate([pairs, pairs[:, ::-1]]).T
    shared = (1.0 - white) * np.exp(-np.linalg.norm(bearings[first[a]] - bearings[first[b]], axis=1) / length_rad)
    # of each other column only the nearest place counts
    order = np.lexsort((-shared, own[b], a))
    a, b, shared = a[order], b[order], shared[order]
    best = np.concatenate([[True], (a[1:] != a[:-1]) | (own[b[1:]] != own[b[:-1]])])[: len(a)]
    total = 1.0 + np.bincount(a[best], shared[best], len(used))
    return np.asarray(total[place])
