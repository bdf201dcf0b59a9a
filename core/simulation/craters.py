"""Lunar craters: their dimensions, a smooth fresh profile, and a field of them as a function of the place alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..progress import breathe
from .fractal import CHUNK, random_rotations

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

COMPLEX_FROM_M = 15e3  # diameter from which lunar craters are complex


def depth_and_rim(diameter: Any, transition: float = COMPLEX_FROM_M) -> tuple[Any, Any]:
    """Depth from the rim's crest and rim height (m) of fresh lunar craters of ``diameter`` (m, any shape).

    Pike (1977), D in km: simple craters depth 0.196 D^1.01, rim 0.036 D^1.014; complex ones (above ``transition``, m)
    depth 1.044 D^0.301, rim 0.236 D^0.399.
    """
    km = diameter / 1000.0
    simple = diameter < transition
    depth = np.where(simple, 196.0 * km**1.01, 1044.0 * km**0.301)
    return depth, np.where(simple, 36.0 * km**1.014, 236.0 * km**0.399)


def crater_profile(distance: Array, radius: Array) -> Array:
    """Height in metres of a fresh crater of rim ``radius`` at ``distance`` from its centre; 0 from two radii on.

    Twice differentiable everywhere, so that it can be tabulated and rendered without creases.
    """
    depth, rim = depth_and_rim(2.0 * radius)
    u = (distance / radius) ** 2
    bowl = (rim - depth) * np.clip(1.0 - u, 0.0, None) ** 3
    ring = rim * u * np.clip(1.0 - 0.25 * u, 0.0, None) ** 3 / 0.421875  # 1 at the rim, its highest
    profile: Array = bowl + ring
    return profile


@dataclass(frozen=True)
class CraterField:
    """Craters of many sizes, at most one in each cell of turned cubic lattices, wholly inside its cell.

    ``cells`` (metres) are the lattices' spacings. Depth and rim height follow Pike (1977), softened at random as old
    craters are.
    """

    seed: int
    cells: tuple[float, ...] = tuple(4000.0 * 1.6**k for k in range(10))
    presence: float = 0.9
    _turns: Array = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_turns", random_rotations(np.random.default_rng([self.seed, 2]), len(self.cells)))

    def height(self, points: Array) -> Array:
        """Heights (...) in metres at points (..., 3) in metres, all on one sphere about the origin."""
        flat = points.reshape(-1, 3)
        heights = np.zeros(len(flat))
        for start in range(0, len(flat), CHUNK):
            here = np.ascontiguousarray(flat[start : start + CHUNK].T)
            for index, (cell, turn) in enumerate(zip(self.cells, self._turns)):
                breathe()
                self._add_lattice(heights[start : start + CHUNK], (turn / cell) @ here, cell, index)
        return heights.reshape(points.shape[:-1])

    def _add_lattice(self, heights: Array, points: Array, cell: float, index: int) -> None:
        """Add to ``heights`` (N,) the crater of the cell that each of ``points`` (3, N), in cells, lies in."""
        corner, which = _distinct(np.floor(points).astype(np.int64))
        randoms = _cell_randoms(corner, self.seed * 64 + index)
        centre = corner + 0.25 + 0.5 * randoms[:3]
        # on the sphere through the points, or the craters would float above and below the ground
        centre *= np.linalg.norm(points[:, 0]) / np.linalg.norm(centre, axis=0)
        inside = centre - corner
        reach = np.minimum(inside, 1.0 - inside).min(axis=0)
        fresh = randoms[3] / self.presence
        reach[(reach <= 0.05) | (fresh >= 1.0)] = 0.0  # no crater there
        x, y, z = (p - c[which] for p, c in zip(points, centre))
        squared = x * x + y * y + z * z
        near = np.flatnonzero(squared < (reach**2)[which])  # two radii
        which, distance = which[near], np.sqrt(squared[near])
        softened = 0.15 + 0.85 * fresh**2
        heights[near] += crater_profile(distance * cell, 0.5 * cell * reach[which]) * softened[which]

    def bounds(self) -> tuple[float, float]:
        """Lowest and highest height, metres."""
        depth, rim = depth_and_rim(0.5 * np.asarray(self.cells))
        return -float((depth - rim).sum()), float(rim.sum())


def _distinct(cells: NDArray[np.int64]) -> tuple[NDArray[np.int64], Indices]:
    """The distinct ones (3, M) of lattice cells (3, N), which of them each is (N,); all, if they lie scattered."""
    low = cells.min(axis=1, keepdims=True)
    nx, ny, nz = (int(n) for n in (cells.max(axis=1, keepdims=True) - low + 1)[:, 0])
    if nx * ny * nz > 4 * cells.shape[1]:
        return cells, np.arange(cells.shape[1])
    x, y, z = cells - low
    flat = (x * ny + y) * nz + z
    used = np.zeros(nx * ny * nz, bool)
    used[flat] = True
    number = np.cumsum(used) - 1
    return np.stack(np.unravel_index(np.flatnonzero(used), (nx, ny, nz))) + low, number[flat]


def _cell_randoms(cells: NDArray[np.int64], salt: int) -> Array:
    """Four uniform numbers (4, N) in 0..1 for integer lattice cells (3, N): a hash, the same on every machine."""
    with np.errstate(over="ignore"):
        x, y, z = cells.astype(np.uint64)
        mixed = x * np.uint64(0x9E3779B97F4A7C15) ^ y * np.uint64(0xC2B2AE3D27D4EB4F)
        mixed ^= z * np.uint64(0x165667B19E3779F9) ^ np.uint64(salt) * np.uint64(0xD6E8FEB86659FD93)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            mixed ^= mixed >> np.uint64(shift)
            mixed *= np.uint64(factor)
        mixed ^= mixed >> np.uint64(31)
    sixteen = mixed >> np.array([[0], [16], [32], [48]], dtype=np.uint64)
    randoms: Array = (sixteen & np.uint64(0xFFFF)).astype(float) / 65535.0
    return randoms
