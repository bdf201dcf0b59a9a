"""What all push-broom cameras share: the orientation of a line worked out once, and the search for the line that sees
a ground point."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..progress import breathing

Array = NDArray[np.float64]

STARTS = 256  # lines among which the start of a search is sought
_CHUNK = 1 << 16  # points searched at once: keeps the search for the start in cache
_ITERATIONS = 20
_TOLERANCE_PX = 1e-8


def each_line_once(at: Callable[[Array], tuple[Array, Array]], line: Array) -> tuple[Array, Array]:
    """Position and rotation ``at`` lines of which many may be equal, as whole image lines are."""
    unique, inverse = np.unique(line, return_inverse=True)
    if 2 * len(unique) > line.size:
        return at(line)
    position, rotation = at(unique)
    inverse = inverse.reshape(line.shape)
    return position[inverse], rotation[inverse]


@dataclass(frozen=True)
class LineSearch:
    """Secant search for the line on which a ground point lies on the detectors.

    ``off(points, line)`` gives how far (pixels along track) points (n, 3) are from the detector line at lines (n,), and
    their sample; NaN where a point cannot be seen. ``lines`` (K,) and ``directions`` (K, 3) are lines and the unit
    directions from the body centre of what they show; ``first``, ``last`` bound the lines.
    """

    off: Callable[[Array, Array], tuple[Array, Array]]
    lines: Array
    directions: Array
    first: float
    last: float

    def find(self, points: ArrayLike) -> tuple[Array, Array]:
        """Line and sample (...) of points (..., 3); NaN for those that no line sees."""
        p = np.asarray(points, float)
        flat = p.reshape(-1, 3)
        parts = [self._find(flat[i : i + _CHUNK]) for i in breathing(range(0, max(len(flat), 1), _CHUNK))]
        line, sample = (np.concatenate(column).reshape(p.shape[:-1]) for column in zip(*parts))
        return line, sample

    def _find(self, points: Array) -> tuple[Array, Array]:
        lost = np.full(len(points), np.nan)
        if not len(self.lines):
            return lost, lost
        step = 0.5 * (self.last - self.first) / max(len(self.lines) - 1, 1)
        a = self.lines[np.argmax(points @ self.directions.T, axis=1)]
        b = np.where(a + step > self.last, a - step, a + step)
        fa, fb = self.off(points, a)[0], self.off(points, b)[0]
        found, live = lost.copy(), np.arange(len(points))
        for _ in breathing(range(_ITERATIONS)):
            settled = np.abs(fb) < _TOLERANCE_PX
            found[live[settled]] = b[settled]
            going = ~settled & (fa != fb)  # NaN, a point behind the camera, is dropped by the next line
            going &= np.isfinite(fb)
            if not going.any():
                break
            live, a, b, fa, fb = live[going], a[going], b[going], fa[going], fb[going]
            new = np.clip(b - fb * (b - a) / (fb - fa), self.first - 0.5, self.last + 0.5)
            a, fa, b = b, fb, new
            fb = self.off(points[live], b)[0]
        return found, self.off(points, found)[1]
