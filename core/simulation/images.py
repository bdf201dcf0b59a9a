"""Push-broom images of a simulated scene: every detector of every line is cast to the ground, shaded, given noise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..frames import east_north_up, lonlat_radius
from ..progress import Progress, silent, tell
from ..threads import in_order
from .fractal import FractalField
from .photometry import Law, LunarLambert, reflectance
from .scene import Scene
from .shading import sun_vector
from .terrain import Terrain

Array = NDArray[np.float64]
Float32 = NDArray[np.float32]

SHADOW_STEPS = 16  # places along the way to the sun where the ground may stand in it
NO_SHADOW_BELOW = 60.0  # degrees of incidence: slopes steeper than 30° are few
_PIXELS = 1 << 16  # cast at once by each thread
_LOOKS = 128  # lines, and detectors, that tell the mean grey


@dataclass(frozen=True)
class Light:
    """What makes a picture of the ground.

    ``azimuth`` (degrees clockwise from north, towards the sun) and ``incidence`` (degrees from the zenith) hold at the
    scene's middle and give the one sun of all views; ``albedo`` is the RMS of the relative albedo texture, attached to
    the ground; ``snr`` the mean grey over the noise's sigma, 0 for none.
    """

    azimuth: float = 60.0
    incidence: float = 55.0
    albedo: float = 0.05
    snr: float = 100.0
    shadows: bool = True
    law: Law = field(default_factory=LunarLambert)


@dataclass(frozen=True)
class Picture:
    """Radiance factor ``grey`` (L, S), 0 in shadow and NaN off the body, of the ground ``points`` (L, S, 3), m."""

    grey: Float32
    points: Array


def ground_pixel(scene: Scene) -> float:
    """Ground size of a detector seen straight down, metres."""
    height = float(np.median(np.linalg.norm(scene.truth.position, axis=1))) - scene.terrain.radius_m
    return height * scene.sensor.pixel_pitch_mm / scene.sensor.focal_length_mm


def sun_direction(scene: Scene, light: Light) -> Array:
    """Unit vector (3,) to the sun, body-fixed: its azimuth and incidence are those at the scene's middle."""
    middle = scene.truth.position[len(scene.truth) // 2]
    lon, lat, _ = lonlat_radius(middle)
    return np.asarray(sun_vector(light.azimuth, light.incidence) @ east_north_up(lon, lat))


def albedo_texture(scene: Scene, rms: float, seed: int) -> FractalField:
    """Relative albedo variations of ``rms``, from two pixels to about a thousand; a function of the place alone."""
    longest = 512.0 * ground_pixel(scene)
    return FractalField(seed + 1_000, (longest, longest / 16), (rms * 0.5**0.5,) * 2)


def render(scene: Scene, view: int, light: Light | None = None, seed: int = 0, progress: Progress = silent) -> Picture:
    """The whole image of one view; see `render_pieces`."""
    pieces = [piece for _, piece in render_pieces(scene, view, light, seed, progress)]
    return Picture(np.concatenate([p.grey for p in pieces]), np.concatenate([p.points for p in pieces]))


def render_pieces(
    scene: Scene, view: int, light: Light | None = None, seed: int = 0, progress: Progress = silent
) -> Iterator[tuple[int, Picture]]:
    """The image of one view (index) of a scene, every line between its first and last instant, and its exact ground,
    in pieces of some lines: (first row, piece), from the top. Memory does not grow with the lines.

    The grey is that of the mean slope over a ground pixel, so that relief finer than a pixel does not alias. ``seed``
    draws albedo (the same in all views) and noise (each view its own).
    """
    light = light or Light()
    first, last = int(scene.truth.line[0]), int(scene.truth.line[-1])
    samples = np.arange(scene.sensor.samples)
    texture = albedo_texture(scene, light.albedo, seed) if light.albedo > 0 else None
    step = max(1, _PIXELS // len(samples))
    starts = range(first, last + 1, step)

    def piece(start: int) -> Picture:
        return _look(scene, view, np.arange(start, min(start + step, last + 1)), samples, light, texture)

    sigma = np.float32(mean_grey(scene, view, light, seed) / light.snr if light.snr > 0 else 0.0)
    generator = np.random.default_rng([seed, 8, view])
    for start, found in zip(starts, in_order(piece, starts)):
        tell(progress, (start - first) / (last + 1 - first), f"Rendering {scene.sensor.views[view].name}")
        if sigma > 0:
            found.grey[:] += sigma * generator.standard_normal(found.grey.shape, np.float32)
        yield start - first, found


def mean_grey(scene: Scene, view: int, light: Light, seed: int = 0) -> float:
    """Mean radiance factor of a view, by a few pixels all over it."""
    texture = albedo_texture(scene, light.albedo, seed) if light.albedo > 0 else None
    line = np.unique(np.rint(np.linspace(scene.truth.line[0], scene.truth.line[-1], _LOOKS)))
    sample = np.unique(np.rint(np.linspace(0, scene.sensor.samples - 1, _LOOKS)))
    grey = _look(scene, view, line, sample, light, texture).grey
    return float(np.nanmean(grey)) if np.isfinite(grey).any() else 1.0


def _look(
    scene: Scene, view: int, line: NDArray[Any], sample: NDArray[Any], light: Light, texture: FractalField | None
) -> Picture:
    """What the detectors ``sample`` (S,) of a view see at each ``line`` (L,), without noise."""
    points = scene.ground(line[:, None], view, sample)
    towards = scene.orbit.position(scene.flown(line))[:, None] - points
    sun, pixel = sun_direction(scene, light), ground_pixel(scene)
    return Picture(shade(scene.terrain, points, towards, sun, pixel, light, texture).astype(np.float32), points)


def shade(
    terrain: Terrain,
    points: Array,
    towards: Array,
    sun: Array,
    pixel_m: float,
    light: Light,
    texture: FractalField | None = None,
) -> Array:
    """Radiance factors (...) of ground ``points`` (..., 3) seen from direction ``towards`` (..., 3, any length)."""
    view = towards / np.linalg.norm(towards, axis=-1, keepdims=True)
    albedo: Array | float = 1.0
    if texture is not None:
        lon, lat, _ = lonlat_radius(points)
        on_sphere = terrain.radius_m * east_north_up(lon, lat)[..., 2, :]
        albedo = np.clip(1.0 + texture.height(on_sphere), 0.1, None)
    grey = reflectance(ground_normals(terrain, points, pixel_m), sun, view, albedo, light.law)
    if light.shadows and light.incidence > NO_SHADOW_BELOW:
        grey = np.where(in_shadow(terrain, points, sun, pixel_m), 0.0, grey)
    return np.where(np.isfinite(points[..., 0]), grey, np.nan)


def ground_normals(terrain: Terrain, points: Array, pixel_m: float) -> Array:
    """Outward unit normals (..., 3) of the ground at ``points``: across the diagonals of a pixel, so that slopes are
    means over it both ways, and relief of a pixel's width is not seen at some places and missed at others."""
    lon, lat, radius = lonlat_radius(points)
    axes = east_north_up(lon, lat)
    half = (0.5 * pixel_m / radius)[..., None]

    def across(axis: Array) -> Array:
        return _surface(terrain, axes[..., 2, :] + half * axis) - _surface(terrain, axes[..., 2, :] - half * axis)

    east, north = axes[..., 0, :], axes[..., 1, :]
    normal = np.cross(across(east - north), across(east + north))
    return np.asarray(normal / np.linalg.norm(normal, axis=-1, keepdims=True))


def in_shadow(terrain: Terrain, points: Array, sun: Array, pixel_m: float) -> NDArray[np.bool_]:
    """Whether the ground stands between ``points`` (..., 3) and the sun, looked for at `SHADOW_STEPS` places.

    The way ends where the ray to the sun leaves the highest terrain; the places lie ever farther apart.
    """
    lon, lat, radius = lonlat_radius(points)
    rise = np.sum(points * sun, axis=-1) / radius
    highest = terrain.radius_m + terrain.bounds()[1]
    reach = np.clip((highest - radius) / np.maximum(rise, 0.02), 2 * pixel_m, 200_000.0)
    dark = rise < -0.2
    for share in np.linspace(0.0, 1.0, SHADOW_STEPS):
        place = points + (1.5 * pixel_m * (reach / (1.5 * pixel_m)) ** share)[..., None] * sun
        lon, lat, radius = lonlat_radius(place)
        dark |= radius - terrain.radius_m < terrain.height(lon, lat)
    return np.asarray(dark)


def _surface(terrain: Terrain, directions: Array) -> Array:
    """Surface points (..., 3) of the terrain in directions (..., 3) of any length."""
    lon, lat, length = lonlat_radius(directions)
    return np.asarray(directions * ((terrain.radius_m + terrain.height(lon, lat)) / length)[..., None])
