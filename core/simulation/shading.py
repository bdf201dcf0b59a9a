"""The terrain renderer: the nadir image of a gridded height map under a sun, with what a real camera adds.

Conventions: height (rows, columns) in metres, row 0 in the north, square pixels of `pixel` metres; sun azimuth in
degrees clockwise from north, towards the sun; incidence in degrees from the zenith; vectors are east, north, up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..progress import breathe
from .photometry import Law, LunarLambert, reflectance

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Camera:
    """What stands between the radiance of the ground and the grey of the picture.

    blur: sigma of the point spread, pixels. haze: share of an even veil. noise: sigma of the white noise, share of the
    mean grey. striping: sigma of the detectors' gains (columns). gamma: exponent of the grey. seams: number of mosaic
    seams, each with its own step of gain. bits: quantisation of the picture over its own range, 0 for none.
    """

    blur: float = 0.5
    haze: float = 0.0
    noise: float = 0.01
    striping: float = 0.0
    gamma: float = 1.0
    seams: int = 0
    bits: int = 8


@dataclass(frozen=True)
class Scene:
    """Light and ground: photometric law, shadows cast or not, and albedo (relative variations).

    albedo: sigma of the albedo texture. albedo_slope: brightening of steep slopes (fresh ground), per unit slope.
    """

    law: Law = field(default_factory=LunarLambert)
    shadows: bool = True
    albedo: float = 0.05
    albedo_slope: float = 0.0


def sun_vector(azimuth: float, incidence: float) -> Array:
    """Unit vector (east, north, up) towards the sun; angles in degrees."""
    a, i = np.radians(azimuth), np.radians(incidence)
    return np.array([np.sin(i) * np.sin(a), np.sin(i) * np.cos(a), np.cos(i)])


def surface_normals(height: Array, pixel: float) -> Array:
    """Outward unit normals (rows, columns, 3) from central differences."""
    south, east = np.gradient(height, pixel)
    normals = np.stack([-east, south, np.ones_like(height)], axis=-1)
    normals /= np.sqrt(1 + east**2 + south**2)[..., None]
    return normals


def cast_shadows(height: Array, pixel: float, azimuth: float, incidence: float) -> Array:
    """Share of sunlight (0 shadow .. 1 lit) that reaches each pixel past the terrain between it and the sun.

    Ground outside the grid casts no shadow. The edge of a shadow is softened over about a pixel.
    """
    east, north, up = sun_vector(azimuth, incidence)
    horizontal = np.hypot(east, north)
    if horizontal < 1e-6:
        return np.ones_like(height)
    if abs(north) > abs(east):  # let the rays run along the rows
        depth = _depth_below_rays(height.T, -north / horizontal, -east / horizontal, pixel * up / horizontal).T
    else:
        depth = _depth_below_rays(height, east / horizontal, north / horizontal, pixel * up / horizontal)
    softness = max(0.25 * pixel * up / horizontal, 1e-6)
    lit: Array = np.clip(1 - depth / softness, 0.0, 1.0)
    return lit


def _depth_below_rays(height: Array, east: float, north: float, fall: float) -> Array:
    """Depth (metres) of each pixel below the lowest ray of light over it; rays fall by `fall` metres a pixel flown.

    The grid is sheared so that every ray lies in one row; one running maximum along the rows does the rest.
    """
    if east > 0:  # sun in the east: mirror
        return _depth_below_rays(height[:, ::-1], -east, north, fall)[:, ::-1]
    rows, columns = height.shape
    drift = np.arange(columns) * (-north / east)  # rows southwards a ray has moved when it crosses each column
    first = int(np.floor(min(0.0, -drift[-1])))
    rays = np.arange(first, rows + int(np.ceil(max(0.0, -drift[-1]))) + 1)[:, None]
    crossing = rays + drift
    sheared = _along_columns(height, crossing)
    sheared[(crossing <= -1) | (crossing >= rows)] = -1e9
    sheared += (np.arange(columns) * (fall / abs(east))).astype(height.dtype)
    breathe()
    horizon = np.maximum.accumulate(sheared, axis=1)
    return _along_columns(horizon - sheared, np.arange(rows)[:, None] - drift - first)


def _along_columns(grid: Array, rows: Array | NDArray[np.signedinteger[Any]]) -> Array:
    """Linear interpolation of each column at fractional rows, clamped to the grid."""
    inside = np.clip(rows, 0, len(grid) - 1)
    lower = np.minimum(inside.astype(np.intp), max(len(grid) - 2, 0))
    share = (inside - lower).astype(grid.dtype)
    upper = np.minimum(lower + 1, len(grid) - 1)
    return np.take_along_axis(grid, lower, 0) * (1 - share) + np.take_along_axis(grid, upper, 0) * share


def smooth(image: Array, sigma: float) -> Array:
    """Gaussian blur, edges mirrored; sigma in pixels."""
    if sigma <= 0:
        return image
    reach = min(int(np.ceil(3 * sigma)), min(image.shape) - 1)
    offsets = np.arange(-reach, reach + 1)
    kernel = np.exp(-0.5 * (offsets / sigma) ** 2)
    kernel = (kernel / kernel.sum()).astype(image.dtype)
    for axis in (0, 1):
        edges = [(reach, reach) if k == axis else (0, 0) for k in (0, 1)]
        padded = np.pad(image, edges, mode="symmetric")
        image = np.zeros_like(image)
        for offset, weight in zip(offsets, kernel):
            breathe()
            start = reach + offset
            part = padded[start : start + image.shape[0]] if axis == 0 else padded[:, start : start + image.shape[1]]
            image += weight * part
    return image


def radiance(
    height: Array, pixel: float, azimuth: float, incidence: float, scene: Scene, rng: np.random.Generator
) -> Array:
    """Radiance factor of the ground seen from above, cast shadows and albedo included."""
    normals = surface_normals(height, pixel)
    albedo = _albedo(normals, scene, rng)
    up = np.array([0.0, 0.0, 1.0])
    image = reflectance(normals, sun_vector(azimuth, incidence), up, albedo, scene.law)
    if scene.shadows:
        image = image * cast_shadows(height, pixel, azimuth, incidence)
    return image


def _albedo(normals: Array, scene: Scene, rng: np.random.Generator) -> Array:
    """Relative albedo: a fractal texture, broad units included, and steep slopes brighter."""
    rows, columns = normals.shape[:2]
    texture = fractal((rows, columns), rng, exponent=rng.uniform(1.5, 3.0)).astype(normals.dtype)
    steepness = np.sqrt(1 / np.maximum(normals[..., 2], 0.1) ** 2 - 1)
    return np.exp(scene.albedo * texture + scene.albedo_slope * (steepness - steepness.mean()))


def expose(image: Array, camera: Camera, rng: np.random.Generator) -> Array:
    """The grey picture (0..1, float) that `camera` makes of a radiance image."""
    rows, columns = image.shape
    grey = smooth(image, camera.blur)
    mean = float(grey.mean()) + 1e-12
    grey = grey * (1 - camera.haze) + camera.haze * mean
    for _ in range(camera.seams):  # a straight seam anywhere, the gain differs by a few per cent across it
        angle, where = rng.uniform(0, np.pi), rng.uniform(0.2, 0.8, 2)
        y, x = np.arange(rows)[:, None] - where[0] * rows, np.arange(columns) - where[1] * columns
        beyond = np.cos(angle) * x + np.sin(angle) * y > 0
        grey = grey * np.where(beyond, rng.uniform(0.94, 1.06), 1.0).astype(grey.dtype)
    if camera.striping:
        grey = grey * (1 + camera.striping * rng.standard_normal(columns)).astype(grey.dtype)
    if camera.noise:
        grey = grey + camera.noise * mean * rng.standard_normal(grey.shape, dtype=np.float32).astype(grey.dtype)
    low, high = np.percentile(grey[::4, ::4], (0.1, 99.9))
    grey = np.clip((grey - low) / max(high - low, 1e-12), 0.0, 1.0) ** camera.gamma
    if camera.bits:
        levels = 2**camera.bits - 1
        grey = np.round(grey * levels) / levels
    return grey


def render(
    height: Array,
    pixel: float,
    azimuth: float,
    incidence: float,
    scene: Scene | None = None,
    camera: Camera | None = None,
    seed: int | np.random.Generator = 0,
) -> Array:
    """Grey picture (rows, columns) in 0..1 of a height map: `radiance`, then `expose`.

    height, pixel: metres; azimuth: degrees clockwise from north, towards the sun; incidence: degrees from the zenith.
    """
    rng = np.random.default_rng(seed)
    image = radiance(height, pixel, azimuth, incidence, scene or Scene(), rng)
    breathe()
    return expose(image, camera or Camera(), rng)


def fractal(shape: tuple[int, int], rng: np.random.Generator, exponent: float, longest: float = np.inf) -> Array:
    """Random field of zero mean and unit variance whose power falls as frequency ** -exponent.

    exponent: of the two-dimensional spectrum; a self-affine surface of Hurst exponent H has 2 H + 2.
    longest: wavelength in pixels past which the power stays level.
    """
    frequency = np.hypot(np.fft.fftfreq(shape[0], 1.0)[:, None], np.fft.rfftfreq(shape[1], 1.0))
    frequency[0, 0] = np.inf
    amplitude = np.maximum(frequency, 1 / longest if np.isfinite(longest) else 0.0) ** (-exponent / 2)
    breathe()
    noise = np.fft.rfft2(rng.standard_normal(shape, dtype=np.float32))
    breathe()
    surface = np.fft.irfft2(noise * amplitude, s=shape)
    breathe()
    return np.asarray((surface - surface.mean()) / surface.std(), dtype=np.float32)
