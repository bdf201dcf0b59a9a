"""Tie points of a simulated scene: the same ground point in every view that sees it, known but for pixel noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..camera.linescan import LineScan
from ..resection.model import TiePoints
from .scene import Scene

Array = NDArray[np.float64]


def grid_pixels(scene: Scene, spacing: tuple[float, float], seed: int) -> tuple[Array, Array]:
    """Lines and samples (N,) every ``spacing`` (lines, samples), each moved at random within its cell."""
    generator = np.random.default_rng([seed, 9])
    ends = float(scene.truth.line[-1]), scene.sensor.samples - 1.0
    cells = np.meshgrid(*(np.arange(0.5 * step, end, step) for step, end in zip(spacing, ends)), indexing="ij")
    moved = (cell + step * generator.uniform(-0.5, 0.5, cell.shape) for cell, step in zip(cells, spacing))
    line, sample = (np.clip(np.round(place), 0, end).ravel() for place, end in zip(moved, ends))
    return line, sample


def tie_points(scene: Scene, view: int, line: Array, sample: Array, noise_px: float, seed: int) -> TiePoints:
    """The ground points of pixels ``line``, ``sample`` (N,) of ``view`` in all views.

    The first column is ``view``, exact; the others carry Gaussian noise of ``noise_px`` on line and sample. A point
    that no other view sees is left out. The scene's orientation must be known on every line.
    """
    generator = np.random.default_rng([seed, 10])
    last, samples = float(scene.truth.line[-1]), scene.sensor.samples
    order = [view, *(other for other in range(len(scene.sensor.views)) if other != view)]
    ground = scene.ground(line, view, sample)
    lines, columns = [line], [sample]
    for other in order[1:]:
        there = LineScan(scene.sensor, other, scene.truth).project(ground)
        at, column = (place + noise_px * generator.normal(size=len(place)) for place in there)
        inside = (at >= 0) & (at <= last) & (column >= 0) & (column <= samples - 1)
        lines.append(np.where(inside, at, np.nan))
        columns.append(np.where(inside, column, np.nan))
    place = np.stack(lines, axis=1), np.stack(columns, axis=1)
    sigma = np.where(np.arange(len(order)) == 0, 0.0, noise_px)
    ties = TiePoints(place[0], np.tile(order, (len(line), 1)), place[1], np.tile(sigma, (len(line), 1)))
    return ties[np.isfinite(ties.line).sum(axis=1) >= 2]
