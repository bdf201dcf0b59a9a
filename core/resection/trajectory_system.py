"""The trajectory's least squares: control rows, smoothness and the altitudes' shared errors in one banded system."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .altitude_errors import ErrorNodes
from .banded import BandFactor, BandInverse, BandMatrix
from .coupling import Coupling, Curves, Observed
from .ground_rows import GroundRows, Targets, ground_rows
from .lateral_bias import RANGE_M, TERMS, LateralBias
from .path import Path

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

CHUNK_LINES = 8192  # lines whose normal equations are written out at once
# 1-sigma of what a spline departs on the whole from the nominal flight: felt only where nothing else holds it
PLACE_RANGE_M, TURN_RANGE = 1e5, 0.05
DIFFERENCE = np.array([-1.0, 3.0, -3.0, 1.0])  # third differences measure roughness


@dataclass(frozen=True)
class Noise:
    """Sigmas: ``lateral``, ``altitude`` (N,) metres; ``white``, ``shared`` (N,) are the parts of the latter's variance
    that columns do not share, and share; ``roughness`` (6,) of the third differences of the splines' coefficients:
    radial, forward, normal (m), camera x, y, z (rad)."""

    lateral: Array
    altitude: Array
    white: Array
    shared: Array
    roughness: Array


@dataclass(frozen=True)
class State:
    """Present values: the path, the altitude errors (over their sigmas) at the nodes (M,), the bias terms (m,)."""

    path: Path
    process: Array
    bias: Array


@dataclass(frozen=True)
class Border:
    """What the bias terms do to the unknowns, minus A⁻¹ times the mixed derivatives (order, m); their covariance."""

    effect: Array
    covariance: Array


@dataclass(frozen=True)
class Step:
    """Solution of one linear system: its factor, the changes of unknowns (order,) and bias terms (m,), the border."""

    factor: BandFactor
    change: Array
    bias_change: Array
    border: Border | None


@dataclass(frozen=True)
class Layout:
    """Where each unknown stands in the system, ordered by the line it acts at; ``width`` of the band.

    ``place`` (Kp, 3), ``turn`` (Ka, 3), ``node`` (M,).
    """

    place: Integers
    turn: Integers
    node: Integers
    width: int

    @property
    def order(self) -> int:
        """Number of unknowns."""
        return self.place.size + self.turn.size + self.node.size


class System:
    """The normal equations of a `State`, again and again as state and `Noise` change."""

    def __init__(
        self,
        seen: Targets,
        path: Path,
        nodes: ErrorNodes,
        bias: LateralBias | None = None,
        observed: Sequence[Observed] = (),
    ) -> None:
        self.seen, self.nodes, self.bias, self.observed = seen, nodes, bias, tuple(observed)
        place_first, place_share = path.place.weights(seen.line)
        turn_first, turn_share = path.turn.weights(seen.line)
        self.layout = _lay_out(seen, path, nodes, place_first, turn_first)
        curves = Curves(path.place, path.turn, self.layout.place, self.layout.turn)
        self._couplings = [Coupling(part.line, [curves] * part.line.shape[1]) for part in self.observed]
        width = max([self.layout.width, *(coupling.width for coupling in self._couplings)])
        self.layout = replace(self.layout, width=width)
        taps = np.arange(4)
        # a stretch is a run of lines between knots: its lines feel the same 24 coefficients, through shift or turn
        changes = np.flatnonzero((np.diff(place_first) != 0) | (np.diff(turn_first) != 0)) + 1
        self._stretch_first = np.concatenate([[0], changes])
        self._stretch = np.searchsorted(self._stretch_first, np.arange(len(seen.line)), side="right") - 1
        place = self.layout.place[place_first[self._stretch_first, None] + taps].reshape(-1, 12)
        turn = self.layout.turn[turn_first[self._stretch_first, None] + taps].reshape(-1, 12)
        self._unknown = np.concatenate([place, turn], axis=1)
        self._share = np.repeat(np.concatenate([place_share, turn_share], axis=1), 3, axis=1)
        self._component = np.concatenate([np.tile([0, 1, 2], 4), np.tile([3, 4, 5], 4)])
        if len(nodes.line):
            # GCPs of one stretch between the same two nodes are summed before they are written out
            key = nodes.node[:, 0] * len(self._unknown) + self._stretch[seen.row]
            self._by_node = np.argsort(key, kind="stable")
            self._run_first = np.flatnonzero(np.diff(key[self._by_node], prepend=-1))

    def rows(self, state: State, noise: Noise) -> tuple[GroundRows, Array]:
        """Rows at the present state, and how the first of each pair feels its two nodes (N, 2)."""
        felt = noise.altitude[:, None] * np.sqrt(noise.shared)[:, None] * self.nodes.weight
        correction = np.sum(felt * state.process[self.nodes.node], axis=1)
        own = noise.altitude * np.sqrt(noise.white)
        shift = 0.0 if self.bias is None else self.bias.shift(state.bias)
        rows = ground_rows(self.seen, state.path.at(self.seen.line), correction, shift, own, noise.lateral)
        return rows, felt * rows.zenith[:, None]

    def cost(self, state: State, noise: Noise) -> float:
        """Sum of squares that the solution minimises."""
        rows, _ = self.rows(state, noise)
        total = float(np.sum(rows.residual**2 / rows.variance))
        total += sum(part.cost(state.path.at(part.line.ravel())) for part in self.observed)
        for coefficients, sigma, spread in _splines(state.path, noise):
            total += float(np.sum((np.diff(coefficients, 3, axis=0) / sigma) ** 2))
            total += float(np.sum((coefficients / spread) ** 2)) / len(coefficients)
        row, column, value = self.nodes.prior()
        twice = np.where(row == column, 1.0, 2.0)
        total += float(np.sum((state.bias / RANGE_M) ** 2))
        return total + float(np.sum(twice * value * state.process[row] * state.process[column]))

    def solve(self, state: State, noise: Noise) -> Step:
        """The step that would settle the linearised system."""
        rows, felt = self.rows(state, noise)
        matrix, right = BandMatrix(self.layout.order, self.layout.width), np.zeros(self.layout.order)
        self._add_poses(matrix, right, rows)
        if len(self.nodes.line):
            self._add_nodes(matrix, right, rows, felt, state.process)
        for part, coupling in zip(self.observed, self._couplings):
            coupling.add(matrix, right, *part.rows(state.path.at(part.line.ravel())))
        for place, spline in zip((self.layout.place, self.layout.turn), _splines(state.path, noise)):
            add_roughness(matrix, right, place, *spline)
        factor = matrix.factor()
        change = factor.solve(right)
        if self.bias is None:
            return Step(factor, change, np.empty(0), None)
        mixed, own, pull = self._bias_equations(self.bias, state, rows, felt)
        effect = -factor.solve(mixed)
        covariance = np.linalg.inv(own + mixed.T @ effect)
        bias_change = covariance @ (pull - mixed.T @ change)
        return Step(factor, change + effect @ bias_change, bias_change, Border(effect, covariance))

    def _bias_equations(
        self, bias: LateralBias, state: State, rows: GroundRows, felt: Array
    ) -> tuple[Array, Array, Array]:
        """Normal equations of the bias terms: mixed with the unknowns (order, m), own (m, m), right side (m,)."""
        mixed, own = np.zeros((self.layout.order, bias.count)), np.eye(bias.count) / RANGE_M**2
        pull = -state.bias / RANGE_M**2
        row = self.seen.row
        derivatives = bias.derivatives(rows, state.path.at(self.seen.line), row)
        weighted = derivatives / rows.variance[:, :, None]
        with_pose = np.einsum("nki,nkj->nij", rows.by_pose, weighted)
        with_node = felt[:, :, None] * weighted[:, :1]
        for view in range(1, bias.views):
            chosen, terms = np.flatnonzero(bias.view == view), slice(TERMS * (view - 1), TERMS * view)
            own[terms, terms] += np.einsum("nki,nkj->ij", derivatives[chosen], weighted[chosen])
            pull[terms] -= np.einsum("nki,nk->i", weighted[chosen], rows.residual[chosen])
            unknown, share = self._unknown[self._stretch[row[chosen]]], self._share[row[chosen]]
            node = self.layout.node[self.nodes.node[chosen]]
            for k in range(TERMS):
                part = with_pose[chosen][:, self._component, k] * share
                column = np.bincount(unknown.ravel(), part.ravel(), self.layout.order)
                column += np.bincount(node.ravel(), with_node[chosen, :, k].ravel(), self.layout.order)
                mixed[:, terms.start + k] = column
        return mixed, own, pull

    def _add_poses(self, matrix: BandMatrix, right: Array, rows: GroundRows) -> None:
        """What the rows say of the splines: summed over each line's pose first, then over each stretch."""
        lines, ends = len(self._share), np.append(self.seen.first, len(self.seen.row))
        gradient = np.einsum("nki,nk->ni", rows.by_pose, -rows.residual / rows.variance)
        gradient = np.add.reduceat(gradient, self.seen.first)
        a, b = np.tril_indices(24)
        stretches = np.arange(len(self._stretch_first))
        for part in np.array_split(stretches, 1 + lines // CHUNK_LINES):
            first = self._stretch_first[part]
            last = self._stretch_first[part[-1] + 1] if part[-1] + 1 < len(stretches) else lines
            own = slice(ends[first[0]], ends[last])
            scaled = rows.by_pose[own] / np.sqrt(rows.variance[own])[..., None]
            normal = np.add.reduceat(np.swapaxes(scaled, 1, 2) @ scaled, self.seen.first[first[0] : last] - own.start)
            share = self._share[first[0] : last]
            value = normal[:, self._component[a], self._component[b]] * share[:, a] * share[:, b]
            unknown = self._unknown[part]
            matrix.add(unknown[:, a], unknown[:, b], np.add.reduceat(value, first - first[0]))
        value = np.add.reduceat(gradient[:, self._component] * self._share, self._stretch_first)
        right += np.bincount(self._unknown.ravel(), value.ravel(), self.layout.order)

    def _add_nodes(self, matrix: BandMatrix, right: Array, rows: GroundRows, felt: Array, process: Array) -> None:
        """What the first rows say of the nodes, and the nodes' prior."""
        order, row = self._by_node, self.seen.row[self._by_node]
        leader = order[self._run_first]
        unknown, pair = self._unknown[self._stretch[self.seen.row[leader]]], self.layout.node[self.nodes.node[leader]]
        felt, residual = felt[order], rows.residual[order, 0]
        weighted = felt / rows.variance[order, :1]
        by_unknown = rows.by_pose[order, 0][:, self._component] * self._share[row]
        for k in range(2):
            value = np.add.reduceat(by_unknown * weighted[:, k, None], self._run_first)
            matrix.add(unknown, np.broadcast_to(pair[:, k, None], unknown.shape), value)
        one, other = [0, 1, 0], [0, 1, 1]
        value = np.add.reduceat(weighted[:, one] * felt[:, other], self._run_first)
        matrix.add(pair[:, one], pair[:, other], value)
        value = np.add.reduceat(-weighted * residual[:, None], self._run_first)
        right += np.bincount(pair.ravel(), value.ravel(), self.layout.order)
        first, second, value = self.nodes.prior()
        matrix.add(self.layout.node[first], self.layout.node[second], value)
        right += np.bincount(self.layout.node[first], -value * process[second], self.layout.order)
        off = first != second
        right += np.bincount(self.layout.node[second[off]], (-value * process[first])[off], self.layout.order)

    def moved(self, state: State, step: Step, length: float) -> State:
        """The state moved by ``length`` times a step."""
        change = length * step.change
        path = state.path.moved(change[self.layout.place], change[self.layout.turn])
        return State(path, state.process + change[self.layout.node], state.bias + length * step.bias_change)

    def reweigh(self, before: State, state: State, inverse: BandInverse) -> None:
        """Bring the weights of ties and shots up to date after a step from ``before``, whose system has ``inverse``.

        What the rows determined is counted with the derivatives that made the system: with those after the step it may
        come out as more than there are rows.
        """
        fresh = []
        for part, coupling in zip(self.observed, self._couplings):
            line = part.line.ravel()
            determined = coupling.determined(inverse, *part.rows(before.path.at(line)))
            fresh.append(part.reweighed(state.path.at(line), determined))
        self.observed = tuple(fresh)

    def drawn(self, state: State, rows: GroundRows, step: Step, count: int) -> Array:
        """How ``count`` paths drawn from their distribution about the solution move the first rows, (count, N) m."""
        generator = np.random.default_rng(0)
        change = step.factor.draw(generator.normal(size=(self.layout.order, count)))
        if step.border is not None:
            terms = np.linalg.cholesky(step.border.covariance) @ generator.normal(size=(len(step.bias_change), count))
            change += step.border.effect @ terms
        shift = state.path.place.evaluate(change[self.layout.place], self.seen.line)[self.seen.row]
        turn = state.path.turn.evaluate(change[self.layout.turn], self.seen.line)[self.seen.row]
        by_shift, by_turn = np.split(rows.by_pose[:, 0], 2, axis=1)
        return np.asarray(np.einsum("ni,nik->kn", by_shift, shift) + np.einsum("ni,nik->kn", by_turn, turn))

    def pose_covariance(self, inverse: BandInverse, border: Border | None) -> Array:
        """Covariance (L, 6, 6) of the splines' values (shift, rotation vector) at the lines."""
        stretch = inverse.gather(self._unknown[:, :, None], self._unknown[:, None, :])
        covariance = np.empty((len(self._share), 6, 6))
        for start in range(0, len(covariance), CHUNK_LINES):
            part = slice(start, start + CHUNK_LINES)
            taps = np.zeros((len(self._share[part]), 24, 6))
            taps[:, np.arange(24), self._component] = self._share[part]
            covariance[part] = np.swapaxes(taps, 1, 2) @ (stretch[self._stretch[part]] @ taps)
            if border is not None:
                effect = np.swapaxes(taps, 1, 2) @ border.effect[self._unknown[self._stretch[part]]]
                covariance[part] += effect @ border.covariance @ np.swapaxes(effect, 1, 2)
        return covariance

    def roughness(self, path: Path, inverse: BandInverse) -> tuple[Array, Array, Array]:
        """Third differences of the splines: sums of squares, of posterior variances, and counts, (6,) each."""
        found = []
        for coefficients, place in ((path.shifts, self.layout.place), (path.turns, self.layout.turn)):
            difference = np.diff(coefficients, 3, axis=0)
            count = len(difference)
            variance = np.zeros(3)
            for a in range(4):
                for b in range(4):
                    pair = inverse.gather(place[a : a + count], place[b : b + count])
                    variance += DIFFERENCE[a] * DIFFERENCE[b] * pair.sum(axis=0)
            found.append((np.sum(difference**2, axis=0), variance, np.full(3, float(count))))
        squares, variances, counts = (np.concatenate(pair) for pair in zip(*found))
        return squares, variances, counts


def _lay_out(seen: Targets, path: Path, nodes: ErrorNodes, place_first: Integers, turn_first: Integers) -> Layout:
    """Order all unknowns by their line, and find how far apart two that meet in one row can stand."""
    lines = np.repeat(path.place.centres, 3), np.repeat(path.turn.centres, 3), nodes.line
    rank = np.empty(sum(map(len, lines)), dtype=np.int64)
    rank[np.argsort(np.concatenate(lines), kind="stable")] = np.arange(len(rank))
    place, turn, node = np.split(rank, np.cumsum([len(part) for part in lines])[:2])
    place, turn = place.reshape(-1, 3), turn.reshape(-1, 3)
    low = np.minimum(place[place_first, 0], turn[turn_first, 0])[seen.row]
    high = np.maximum(place[place_first + 3, 2], turn[turn_first + 3, 2])[seen.row]
    if len(node):
        near = node[nodes.node]
        low, high = np.minimum(low, near.min(axis=1)), np.maximum(high, near.max(axis=1))
    steps = [high - low, place[3:] - place[:-3], turn[3:] - turn[:-3], np.abs(node[nodes.after] - node[nodes.before])]
    return Layout(place, turn, node, max(int(np.max(step, initial=0)) for step in steps))


def _splines(path: Path, noise: Noise) -> tuple[tuple[Array, Array, float], tuple[Array, Array, float]]:
    """Coefficients, roughness (3,) and range of both splines."""
    return (path.shifts, noise.roughness[:3], PLACE_RANGE_M), (path.turns, noise.roughness[3:], TURN_RANGE)


def add_roughness(
    matrix: BandMatrix, right: Array, place: Integers, coefficients: Array, sigma: Array, spread: float
) -> None:
    """Prior of one spline: third differences of ``sigma`` (3,), and a mean within ``spread`` of zero."""
    difference = np.diff(coefficients, 3, axis=0) / sigma**2
    a, b = np.tril_indices(4)
    start = np.arange(len(difference))[:, None]
    value = (DIFFERENCE[a] * DIFFERENCE[b])[:, None] / sigma**2
    matrix.add(place[start + a], place[start + b], np.broadcast_to(value, (len(start), len(a), 3)))
    for k in range(4):
        right[place[k : k + len(difference)]] -= DIFFERENCE[k] * difference
    hold = 1.0 / (spread**2 * len(coefficients))
    matrix.add(place, place, np.full(place.shape, hold))
    right[place] -= hold * coefficients
