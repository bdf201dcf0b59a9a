"""Photometric laws: the radiance factor I/F of a surface from the angles of incidence, emission and phase.

A law is called as law(cos_incidence, cos_emission, phase) with arrays that broadcast (phase in radians) and returns
I/F of the same shape, 0 where the sun or the observer is below the surface.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]


class Law(Protocol):
    """What the renderer asks of a photometric law."""

    def __call__(self, cos_incidence: Array, cos_emission: Array, phase: Array) -> Array: ...


@dataclass(frozen=True)
class LunarLambert:
    """Lunar-Lambert law (McEwen 1991): A [2 L mu0 / (mu0 + mu) + (1 - L) mu0].

    weight: L, from 0 (Lambert) to 1 (Lommel-Seeliger); None takes it from the phase angle g in degrees, for the Moon
    (McEwen 1996): L = 1 - 0.019 g + 0.242e-3 g^2 - 1.46e-6 g^3, kept within 0..1.
    """

    weight: float | None = None

    def __call__(self, cos_incidence: Array, cos_emission: Array, phase: Array) -> Array:
        degrees = np.degrees(phase)
        weight = self.weight
        if weight is None:
            weight = np.clip(1 + degrees * (-0.019 + degrees * (0.242e-3 - 1.46e-6 * degrees)), 0.0, 1.0)
        mu0, mu = np.maximum(cos_incidence, 0.0), np.maximum(cos_emission, 0.0)
        value = mu0 * (2 * weight / np.maximum(mu0 + mu, 1e-6) + (1 - weight))
        return np.where(mu > 0, value, 0.0)


@dataclass(frozen=True)
class Hapke:
    """Hapke's law (1981; 2012, eq. 9.47) with the double Henyey-Greenstein phase function, smooth surface.

    I/F = w/4 mu0/(mu0 + mu) [(1 + B(g)) P(g) + H(mu0) H(mu) - 1], H(x) = (1 + 2x) / (1 + 2x sqrt(1 - w)),
    B(g) = b0 / (1 + tan(g/2) / h),
    P(g) = (1+c)/2 (1-b^2) / (1 - 2b cos g + b^2)^1.5 + (1-c)/2 (1-b^2) / (1 + 2b cos g + b^2)^1.5.
    The defaults are typical of the Moon in red light (Sato et al. 2014).
    """

    albedo: float = 0.25
    b: float = 0.24
    c: float = 0.30
    b0: float = 1.8
    h: float = 0.07

    def __call__(self, cos_incidence: Array, cos_emission: Array, phase: Array) -> Array:
        mu0, mu = np.maximum(cos_incidence, 0.0), np.maximum(cos_emission, 0.0)
        root, cos_g, square = np.sqrt(1 - self.albedo), np.cos(phase), 1 + self.b**2
        surge = self.b0 / (1 + np.tan(phase / 2) / self.h)
        backward = (1 + self.c) / 2 * (1 - self.b**2) / (square - 2 * self.b * cos_g) ** 1.5
        forward = (1 - self.c) / 2 * (1 - self.b**2) / (square + 2 * self.b * cos_g) ** 1.5
        multiple = (1 + 2 * mu0) / (1 + 2 * mu0 * root) * (1 + 2 * mu) / (1 + 2 * mu * root) - 1
        value = self.albedo / 4 * mu0 / np.maximum(mu0 + mu, 1e-6) * ((1 + surge) * (backward + forward) + multiple)
        return np.where(mu > 0, value, 0.0)


def reflectance(normals: Array, sun_vector: Array, view_vector: Array, albedo: Array | float, law: Law) -> Array:
    """Radiance factor of surface elements, cast shadows aside.

    normals (..., 3): outward unit normals; sun_vector, view_vector (3,) or (..., 3): unit vectors from the surface
    towards the sun and the observer, in the same frame; albedo: relative, broadcast against normals[..., 0].
    """
    cos_phase = np.clip(np.sum(np.asarray(sun_vector) * np.asarray(view_vector), axis=-1), -1.0, 1.0)
    cos_incidence = np.einsum("...k,...k->...", normals, np.asarray(sun_vector, dtype=normals.dtype))
    cos_emission = np.einsum("...k,...k->...", normals, np.asarray(view_vector, dtype=normals.dtype))
    return albedo * law(cos_incidence, cos_emission, np.arccos(cos_phase))
