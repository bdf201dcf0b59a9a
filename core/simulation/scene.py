"""One simulated scene: sensor, true orientation, exact control, altimetry; and the ways to spoil the control."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import pi

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..camera.rays import to_world
from ..camera.sensor import Sensor, load_sensor
from ..errors import InputError
from ..frames import east_north_up, lonlat_radius
from ..resection.model import ControlPoints, Orientation, control_points
from .altimeter import Shots, altimeter_shots
from .orbit import Orbit, random_orbit
from .raycast import raycast
from .swath import under_swath
from .terrain import SphereTerrain, Terrain

Array = NDArray[np.float64]

# height above the body and the orbit's wander, metres
PRESETS = {"ce1": (200_000.0, 2_000.0), "ce2": (100_000.0, 1_000.0), "ce2_paper": (100_000.0, 1_000.0)}
NO_SHOTS = Shots(np.empty(0), np.empty(0), np.empty(0), np.empty(0, dtype=np.int64), np.empty(0, dtype=bool))


@dataclass(frozen=True)
class Scene:
    """A scanner over a terrain: ``truth`` is the orientation of every line, ``control`` the exact scanline ends."""

    sensor: Sensor
    terrain: Terrain
    orbit: Orbit
    truth: Orientation
    control: ControlPoints
    shots: Shots
    line_angle: float
    start_angle: float

    def flown(self, line: ArrayLike) -> Array:
        """Angle flown from the south pole of the orbit at ``line`` (may be fractional), rad."""
        return self.start_angle + self.line_angle * np.asarray(line, dtype=float)

    def ground(self, line: ArrayLike, view: ArrayLike, sample: ArrayLike) -> Array:
        """The exact ground points (..., 3), metres body-fixed, that pixels of a view show; arguments broadcast."""
        line, view, sample = np.broadcast_arrays(line, view, sample)
        t = self.flown(line)
        directions = to_world(self.orbit.rotation(t), self.sensor.rays(view, sample))
        return raycast(self.terrain, self.orbit.position(t), directions)


def simulate(
    preset: str,
    terrain: Terrain,
    lines: int = 2400,
    *,
    seed: int = 0,
    jitter: float = 0.0,
    start_latitude: float = 0.0,
    plane: ArrayLike | None = None,
    line_step: int = 1,
    altimetry: bool = True,
    dense: bool = False,
    samples: int | None = None,
) -> Scene:
    """A scene of ``lines`` lines from ``start_latitude`` (rad, along the orbit, flown northward).

    ``preset``: ce1, ce2 or ce2_paper; ``jitter``: RMS per axis, rad; ``plane``: see `orbital_plane`;
    ``line_step``: control and truth every so many lines; ``dense``: every pixel will be asked for, so that a table of
    the ground pays (see `under_swath`); ``samples``: of a narrower sensor, the middle of the preset's. Raises
    `InputError` for an unknown preset, under two lines, or more samples than the sensor has.
    """
    if preset not in PRESETS:
        raise InputError(f"Preset {preset!r} is unknown: use one of {', '.join(PRESETS)}.")
    if lines < 2:
        raise InputError(f"A scene needs at least 2 lines, not {lines}.")
    height, wander = PRESETS[preset]
    sensor = replace(load_sensor(preset), body_radius_m=terrain.radius_m)
    if samples is not None:
        if not 2 <= samples <= sensor.samples:
            raise InputError(f"SAMPLES is {samples}; {sensor.name} has {sensor.samples}, and two are needed.")
        first = (sensor.samples - samples) // 2
        sensor = replace(sensor, samples=samples, principal_sample=sensor.principal_sample - first)
    line_angle = sensor.pixel_pitch_mm * height / sensor.focal_length_mm / terrain.radius_m
    orbit = random_orbit(
        seed,
        body_radius_m=terrain.radius_m,
        height_m=height,
        wander_m=wander,
        line_angle=line_angle,
        jitter=jitter,
        plane=plane,
    )
    start_angle = start_latitude + 0.5 * pi
    line = np.arange(0, lines, line_step, dtype=float)
    t = start_angle + line_angle * line
    time = None if sensor.line_period_s is None else line * sensor.line_period_s
    truth = Orientation(line, orbit.position(t), orbit.angles(t), "simulation", time=time)
    if dense:
        terrain = under_swath(terrain, scanline_ends(sensor, SphereTerrain(terrain.radius_m), truth).bearings)
    control = scanline_ends(sensor, terrain, truth)
    shots = altimeter_shots(terrain, control.lon, control.lat, seed) if altimetry else NO_SHOTS
    return Scene(sensor, terrain, orbit, truth, control, shots, line_angle, start_angle)


def scanline_ends(sensor: Sensor, terrain: Terrain, orientation: Orientation) -> ControlPoints:
    """Exact control: where the first and last detector of each view meet the terrain at each line."""
    ends = np.array([0.0, sensor.samples - 1.0])
    shape = (len(orientation), len(sensor.views), 2)
    row, view, end = (index.ravel() for index in np.indices(shape))
    sample = ends[end]
    directions = to_world(orientation.rotation()[row], sensor.rays(view, sample))
    points = raycast(terrain, orientation.position[row], directions)
    lon, lat, radius = lonlat_radius(points)
    return control_points(orientation.line[row], view, sample, lon, lat, radius - terrain.radius_m)


def displaced(points: ControlPoints, radius_m: float, east_north_m: ArrayLike) -> ControlPoints:
    """Control points moved on the ground by (N, 2) metres east and north; right at the poles too."""
    move = np.asarray(east_north_m, dtype=float)
    axes = east_north_up(points.lon, points.lat)
    moved = points.bearings + np.einsum("nk,nkj->nj", move / radius_m, axes[:, :2])
    lon, lat, _ = lonlat_radius(moved)
    return replace(points, lon=lon, lat=lat)


def with_lateral_noise(points: ControlPoints, radius_m: float, sigma_m: float, seed: int) -> ControlPoints:
    """Independent Gaussian noise of ``sigma_m`` on each horizontal component."""
    generator = np.random.default_rng([seed, 5])
    return displaced(points, radius_m, sigma_m * generator.normal(size=(len(points), 2)))


def with_lateral_bias(points: ControlPoints, radius_m: float, bias_m: float, seed: int) -> ControlPoints:
    """A slow bias of length ``bias_m``, common to all points of a line, that turns once or less over the scene."""
    generator = np.random.default_rng([seed, 6])
    span = max(float(np.ptp(points.line)), 1.0)
    turns = generator.uniform(0.3, 1.0) * (points.line - points.line.min()) / span
    angle = 2 * pi * (generator.uniform() + turns)
    return displaced(points, radius_m, bias_m * np.stack([np.cos(angle), np.sin(angle)], axis=-1))


def with_altitude_noise(points: ControlPoints, sigma_m: float, seed: int) -> ControlPoints:
    """Independent Gaussian noise of ``sigma_m`` on the altitudes, stated as their sigma."""
    generator = np.random.default_rng([seed, 7])
    noise = sigma_m * generator.normal(size=len(points))
    return replace(points, altitude=points.altitude + noise, sigma_altitude=np.full(len(points), sigma_m))
