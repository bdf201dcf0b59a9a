"""Crossovers: how far DTMs stand apart where they overlap, in metres and in the sigmas they claim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .merging import Heights
from .robust import nmad

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Crossover:
    """Differences ``first`` minus ``second`` of ``cells`` common cells; ``metres`` and ``sigmas`` (N,) of a sample."""

    first: str
    second: str
    cells: int
    metres: Array
    sigmas: Array

    @property
    def bias(self) -> float:
        """Median difference, m."""
        return float(np.median(self.metres))

    @property
    def spread(self) -> float:
        """Robust one-sigma of the differences about their median, m."""
        return nmad(self.metres)

    @property
    def rms_sigmas(self) -> float:
        """RMS of the differences over what both DTMs' sigmas say they should be: 1 where the sigmas are right.

        Of the middle 99 %: a cliff missed by one of them says nothing of the sigmas.
        """
        middle = np.abs(self.sigmas) <= np.quantile(np.abs(self.sigmas), 0.99)
        return float(np.sqrt(np.mean(self.sigmas[middle] ** 2)))


@dataclass
class Tally:
    """Gathers the differences of all pairs of ``names`` piece by piece; about one cell in ``every`` is kept."""

    names: Sequence[str]
    every: int = 1
    _cells: dict[tuple[int, int], int] = field(default_factory=dict)
    _kept: dict[tuple[int, int], list[Array]] = field(default_factory=dict)

    def add(self, parts: Sequence[tuple[int, Heights]], row: int) -> None:
        """Take in a piece of the grid whose first row is ``row``: (position in ``names``, heights) of who is there."""
        for place, (i, first) in enumerate(parts):
            for j, second in parts[place + 1 :]:
                apart = first.height - second.height
                both = np.isfinite(apart)
                if not both.any():
                    continue
                pair = (min(i, j), max(i, j))
                self._cells[pair] = self._cells.get(pair, 0) + int(both.sum())
                # Every so many cells by their place on the grid, so that pieces of any size give the same sample.
                lines, columns = np.nonzero(both)
                chosen = (7 * (lines + row) + 3 * columns) % self.every == 0
                cells = lines[chosen], columns[chosen]
                turn = 1.0 if i < j else -1.0
                metres = turn * apart[cells]
                sigma = np.hypot(first.sigma[cells], second.sigma[cells])
                self._kept.setdefault(pair, []).append(np.stack([metres, metres / sigma]))

    def crossovers(self) -> list[Crossover]:
        """Of every pair that overlaps, in the order of the names."""
        made = []
        for pair in sorted(self._cells):
            metres, sigmas = np.concatenate(self._kept[pair], axis=1)
            if len(metres):
                first, second = (self.names[i] for i in pair)
                made.append(Crossover(first, second, self._cells[pair], metres, sigmas))
        return made
