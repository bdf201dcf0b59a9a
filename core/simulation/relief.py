"""Simulated relief on a plane: fractal ground, craters by their size-frequency law, rilles, scarps, massifs, mare fill.

Heights in metres, row 0 in the north, square pixels of `pixel` metres. Everything is drawn from a seeded generator.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..progress import breathe
from .craters import COMPLEX_FROM_M, depth_and_rim
from .shading import fractal

Array = NDArray[np.floating[Any]]

REACH = 3.0  # an ejecta blanket is followed to this many crater radii
_RADII = np.linspace(0.0, REACH, 385)


@dataclass(frozen=True)
class Craters:
    """A population of craters: column x and row y of the centres (pixels), diameter (metres), freshness 0..1."""

    x: Array
    y: Array
    diameter: Array
    freshness: Array


def draw_craters(
    shape: tuple[int, int],
    pixel: float,
    rng: np.random.Generator,
    density: float = 0.05,
    exponent: float = 2.0,
    smallest: float = 3.0,
    largest: float = 0.4,
) -> Craters:
    """Craters by a cumulative power law N(> D) = density D^-2 (smallest / D)^(exponent - 2) per unit area.

    density: share of the saturated state times 1.54 (equilibrium on the Moon 0.03 to 0.15; Gault 1970, Trask 1966);
    exponent: 1.8 to 2 in equilibrium, 3 and more in production; smallest: pixels; largest: share of the shorter side.
    Small craters are worn sooner: freshness is uniform ** 1.5.
    """
    rows, columns = shape
    margin = 0.1
    area = rows * columns * (1 + 2 * margin) ** 2
    top = max(largest * min(shape), smallest * 1.01)
    expected = density * area / smallest**2 * (1 - (smallest / top) ** exponent)
    count = int(rng.poisson(expected))
    share = rng.random(count)
    diameter = smallest * (1 - share * (1 - (smallest / top) ** exponent)) ** (-1 / exponent)
    return Craters(
        x=rng.uniform(-margin, 1 + margin, count) * columns,
        y=rng.uniform(-margin, 1 + margin, count) * rows,
        diameter=diameter * pixel,
        freshness=np.clip(rng.random(count) ** 1.5, 0.03, 1.0),
    )


def worn_profile(radius: Array, diameter: float, freshness: float = 1.0, transition: float = COMPLEX_FROM_M) -> Array:
    """Height (metres) over the ground before the impact, at `radius` in units of the crater's radius.

    Fresh shapes after Pike (1977), lunar: `depth_and_rim`; complex craters (D > transition, metres) have a central peak
    and a flat floor 0.187 D^1.249 wide (D in km).
    The ejecta fall as r^-3 (McGetchin et al. 1973). Wear (freshness < 1) lowers depth and rim and rounds the profile.
    """
    depth, rim = (float(value) for value in depth_and_rim(diameter, transition))
    floor, peak = 0.0, 0.0
    if diameter >= transition:
        floor, peak = min(0.187 * (diameter / 1000.0) ** 0.249, 0.75), 0.25 * depth
    wall = np.clip((_RADII - floor) / (1 - floor), 0.0, 1.0)
    inner = rim - depth + depth * wall ** (2.2 if floor == 0.0 else 1.4) + peak * np.exp(-((_RADII / 0.15) ** 2))
    outer = rim * (np.maximum(_RADII, 1.0) ** -3 - REACH**-3) / (1 - REACH**-3)
    profile = np.where(_RADII < 1, inner, outer)
    rounding = (0.02 + 0.25 * (1 - freshness)) / (_RADII[1] - _RADII[0])
    reach = int(3 * rounding) + 1
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / rounding) ** 2)
    mirrored = np.concatenate([profile[reach:0:-1], profile, np.zeros(reach)])
    worn = np.convolve(mirrored, kernel / kernel.sum(), mode="valid") * freshness**0.7
    return np.interp(radius, _RADII, worn, right=0.0)


def add_craters(height: Array, pixel: float, craters: Craters, rng: np.random.Generator) -> Array:
    """Height map with craters dug in, in an order that lets small ones overlie large ones more often than not.

    Inside the rim the older relief is mostly wiped out; outlines are slightly elliptic.
    """
    result = np.array(height, dtype=np.float32)
    rows, columns = result.shape
    age = np.log(craters.diameter) + rng.normal(0, 0.7, craters.diameter.size)
    for k in np.argsort(-age):
        breathe()
        radius = 0.5 * craters.diameter[k] / pixel
        reach = int(np.ceil(min(REACH, 1.2 + 2 * craters.freshness[k]) * radius)) + 1
        x, y = craters.x[k], craters.y[k]
        left, right = max(int(x) - reach, 0), min(int(x) + reach + 2, columns)
        top, bottom = max(int(y) - reach, 0), min(int(y) + reach + 2, rows)
        if left >= right or top >= bottom:
            continue
        stretch, shear = rng.normal(0, 0.05, 2)
        dx, dy = (np.arange(left, right) - x) * (1 + stretch), (np.arange(top, bottom) - y)[:, None] * (1 - stretch)
        distance = np.sqrt((dx + shear * dy) ** 2 + dy**2) / radius
        patch = result[top:bottom, left:right]
        wiped = 0.8 * craters.freshness[k] ** 0.5 * np.clip(2.0 - 2.0 * distance, 0.0, 1.0)
        if radius > 2 and wiped.any():
            patch += (wiped * (np.sum(patch * wiped) / wiped.sum() - patch)).astype(np.float32)
        patch += worn_profile(distance, float(craters.diameter[k]), float(craters.freshness[k])).astype(np.float32)
    return result


def _wandering_line(shape: tuple[int, int], rng: np.random.Generator) -> tuple[Array, Array]:
    """Distance (pixels, approximate, signed) of every pixel from a wandering line, and position along it."""
    rows, columns = shape
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.arange(rows)[:, None] - rng.uniform(0.2, 0.8) * rows, np.arange(columns) - rng.uniform(0.2, 0.8) * columns
    along, across = np.cos(angle) * x + np.sin(angle) * y, -np.sin(angle) * x + np.cos(angle) * y
    size = int(2 * np.hypot(rows, columns)) + 8
    path = fractal((1, size), rng, rng.uniform(3.5, 5.0), longest=rng.uniform(0.1, 0.8) * min(shape))[0]
    slope = np.gradient(path)
    steepness = rng.uniform(0.1, 0.8) / np.sqrt(np.mean(slope**2))
    position = np.arange(size) - size / 2
    offset, bend = (np.interp(along, position, steepness * line) for line in (path, slope))
    return (across - offset) / np.sqrt(1 + bend**2), along


def rille(shape: tuple[int, int], pixel: float, rng: np.random.Generator) -> Array:
    """A sinuous rille: a winding channel of V to U section, 4 to 20 pixels wide."""
    distance, _ = _wandering_line(shape, rng)
    half = rng.uniform(2.0, 10.0)
    depth = rng.uniform(0.1, 0.35) * half * pixel
    section = np.clip(1 - (np.abs(distance) / half) ** rng.uniform(1.2, 4.0), 0.0, None)
    return -depth * section


def scarp(shape: tuple[int, int], pixel: float, rng: np.random.Generator) -> Array:
    """A scarp or wrinkle ridge: a step along a wandering line, or an arch with a steeper flank."""
    distance, _ = _wandering_line(shape, rng)
    width = rng.uniform(1.0, 12.0)
    rise = rng.uniform(0.05, 0.5) * width * pixel
    if rng.random() < 0.5:
        return rise * 0.5 * np.tanh(distance / width) * np.exp(-np.maximum(distance, 0) / rng.uniform(30, 400))
    return rise * np.exp(-((distance / width) ** 2)) * (1 + 0.5 * np.tanh(2 * distance / width))


def massifs(shape: tuple[int, int], pixel: float, rng: np.random.Generator) -> Array:
    """Mountains: ridged fractal heights where a broad random field is high, flat between."""
    broad = fractal(shape, rng, 4.0, longest=rng.uniform(0.15, 0.5) * min(shape))
    rough = fractal(shape, rng, rng.uniform(2.8, 3.6), longest=rng.uniform(0.05, 0.2) * min(shape))
    mask = 1 / (1 + np.exp(-(broad - rng.uniform(0.0, 1.0)) * rng.uniform(3.0, 10.0)))
    crest = 1.5 - np.abs(rough) if rng.random() < 0.5 else 1.5 + 0.5 * rough
    relief = mask * crest
    slope = np.hypot(*np.gradient(relief)).std() + 1e-9
    return relief * (rng.uniform(0.05, 0.25) / slope) * pixel


def flood(height: Array, pixel: float, rng: np.random.Generator, level: float) -> Array:
    """Mare fill: ground below the quantile `level` of the heights lies under lava with faint relief of its own."""
    sea = np.quantile(height[::4, ::4], level)
    softness = 0.3 * pixel
    raised = np.logaddexp((height - sea) / softness, 0.0) * softness + sea
    swell = fractal((height.shape[0], height.shape[1]), rng, 3.6) * rng.uniform(0.5, 3.0) * pixel
    return np.asarray(raised + swell, dtype=np.float32)


def ground(shape: tuple[int, int], pixel: float, rng: np.random.Generator, hurst: float, slope: float) -> Array:
    """Self-affine ground of Hurst exponent `hurst` and RMS slope `slope` (tangent) from pixel to pixel."""
    surface = fractal(shape, rng, 2 * hurst + 2, longest=rng.uniform(0.2, 2.0) * max(shape))
    south, east = np.gradient(surface)
    return surface * (slope * pixel / np.sqrt(np.mean(south**2 + east**2)))


def random_relief(shape: tuple[int, int], pixel: float, seed: int | np.random.Generator = 0) -> Array:
    """A piece of planetary ground (metres): fractal ground, any of massifs, mare fill, scarps, rilles, and craters.

    shape: rows, columns; pixel: metres; seed: an integer or a generator; the same seed gives the same ground.
    """
    rng = np.random.default_rng(seed)
    height = ground(shape, pixel, rng, rng.uniform(0.5, 0.95), 10 ** rng.uniform(-2.0, -0.75))
    if rng.random() < 0.5:
        height = height + massifs(shape, pixel, rng)
    if rng.random() < 0.4:
        height = flood(height, pixel, rng, rng.uniform(0.2, 0.8))
    crowded = 10 ** rng.uniform(-2.3, -0.9)
    exponent, smallest, largest = rng.uniform(1.7, 2.8), rng.uniform(2.5, 6.0), rng.uniform(0.1, 0.6)
    craters = draw_craters(shape, pixel, rng, crowded, exponent, smallest, largest)
    height = add_craters(height, pixel, craters, rng)
    for feature, chance in ((rille, 0.3), (scarp, 0.4), (scarp, 0.2)):
        if rng.random() < chance:
            height = height + feature(shape, pixel, rng)
    if rng.random() < 0.5:
        young = draw_craters(shape, pixel, rng, crowded * 0.2, 2.8, 3.0, 0.2)
        height = add_craters(height, pixel, young, rng)
    return np.asarray(height - height.mean(), dtype=np.float32)
