"""Lens distortion: from distorted focal-plane points (where pixels are) to undistorted ones (where rays are), and back.

Coordinates are focal-plane millimetres from the optical axis.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

KINDS = {"radial": 3, "lrolrocnac": 1}  # coefficients of each
_ITERATIONS = 50
_SETTLED_MM = 1e-13


@dataclass(frozen=True)
class Distortion:
    """``kind`` and ``coefficients`` as the community sensor model names them.

    radial: undistorted = distorted (1 - k0 - k1 r² - k2 r⁴), r the distorted radius;
    lrolrocnac (LROC narrow angle cameras): y undistorted = y / (1 + k0 y²), x as it is.
    """

    kind: str = "radial"
    coefficients: tuple[float, ...] = (0.0, 0.0, 0.0)

    def undistort(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Undistorted points of distorted ones (mm)."""
        k = self.coefficients
        if self.kind == "lrolrocnac":
            return x, y / (1.0 + k[0] * y**2)
        r2 = x**2 + y**2
        kept = 1.0 - (k[0] + r2 * (k[1] + r2 * k[2]))
        return x * kept, y * kept

    def distort(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Distorted points of undistorted ones (mm); far outside the focal plane, where none exists, they stay."""
        if not any(self.coefficients):
            return x, y
        dx, dy = x, y
        with np.errstate(over="ignore", invalid="ignore"):
            for _ in range(_ITERATIONS):
                ux, uy = self.undistort(dx, dy)
                off_x, off_y = x - ux, y - uy
                dx, dy = dx + off_x, dy + off_y
                worst = np.maximum(np.abs(off_x), np.abs(off_y))
                if not np.any(worst > _SETTLED_MM):
                    break
        lost = ~(worst < 1e-6)
        return np.where(lost, x, dx), np.where(lost, y, dy)
