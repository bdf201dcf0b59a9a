"""Two narrow-angle line scanners over waves of ground: small, analytic, with a lens like LROC NAC's."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from planetary_dtm.core.altimetry.readers import Shots
from planetary_dtm.core.bodies import body_of_radius
from planetary_dtm.core.camera.csm_linescan import CsmLineScan, FocalPlane, LineTimes
from planetary_dtm.core.camera.distortion import Distortion
from planetary_dtm.core.camera.footprints import ground_points
from planetary_dtm.core.camera.rotations import exp_so3
from planetary_dtm.core.resection.model import TiePoints

RADIUS, HEIGHT, LINES, SAMPLES = 1_737_400.0, 50_000.0, 2600, 320
PERIOD = 5.0 / 1650.0  # s: lines 5 m apart on the ground


@dataclass(frozen=True)
class Circle:
    """Even flight along a meridian, rolled about the flight direction; with errors if any."""

    roll: float
    place: tuple = (0.0, 0.0, 0.0)
    turn: tuple = (0.0, 0.0, 0.0)
    jitter: float = 0.0

    def at(self, time):
        angle = 1650.0 / RADIUS * np.asarray(time, float)
        zero, one = np.zeros_like(angle), np.ones_like(angle)
        radial = np.stack([np.cos(angle), zero, np.sin(angle)], axis=-1)
        forward = np.stack([-np.sin(angle), zero, np.cos(angle)], axis=-1)
        normal = np.stack([zero, -one, zero], axis=-1)
        side = np.tan(self.roll) * HEIGHT
        span = 0.5 * LINES * PERIOD
        slow = np.sin(1.5 * np.asarray(time) / span + 0.7)[..., None]
        position = (RADIUS + HEIGHT) * radial + side * normal
        position = position + slow * sum(size * axis for size, axis in zip(self.place, (radial, forward, normal)))
        looking = np.stack([forward, -normal, -radial], axis=-1)  # x ahead, y aside, z down
        roll = exp_so3(np.array([-self.roll, 0.0, 0.0]))
        wave = np.sin(2 * np.pi * np.asarray(time) / (1500.0 * PERIOD))[..., None]
        wrong = exp_so3(slow * np.array(self.turn) + self.jitter * wave * np.array([1.0, 0.7, 0.0]))
        return position, looking @ roll @ wrong


def camera(name, roll, **errors):
    plane = FocalPlane(
        700.0,
        np.array([0.0, 0.0, 14.2857]),
        np.array([0.0, 14.2857, 0.0]),
        (0.5 * SAMPLES, 0.0),
        distortion=Distortion("lrolrocnac", (1.81e-5,)),
    )
    half = -0.5 * LINES * PERIOD
    times = LineTimes(np.array([0.5]), np.array([half]), np.array([PERIOD]))
    return CsmLineScan(name, LINES, SAMPLES, times, plane, Circle(roll, **errors), (RADIUS, RADIUS))


def pair():
    """The true cameras: one straight down, one 15 degrees aside."""
    return [camera("left", 0.0), camera("right", 0.27)]


def spoiled():
    """The same with slow errors of 60 m and 1e-4 rad and with jitter."""
    first = camera("left", 0.0, place=(40.0, 60.0, -50.0), turn=(1e-4, -1e-4, 1e-4), jitter=2e-5)
    second = camera("right", 0.27, place=(-50.0, -40.0, 60.0), turn=(-1e-4, 1e-4, 1e-4), jitter=2e-5)
    return [first, second]


def height(lon, lat):
    x, y = RADIUS * lon, RADIUS * lat
    waves = (83.0, 0.0, 900), (0.7, 1.0, 1300), (1.0, -0.6, 700), (0.2, 1.0, 420), (1.0, 0.3, 350), (-0.4, 1.0, 2600)
    return sum(
        0.02 * length * np.sin(2 * np.pi * (a * x + b * y) / (length * np.hypot(a, b)) + k)
        for k, (a, b, length) in enumerate(waves)
    )


def ties(step=14, noise=0.1, seed=0):
    """Ties of an even grid of the first image."""
    first, second = pair()
    generator = np.random.default_rng(seed)
    grid = np.meshgrid(np.arange(6.0, LINES - 6, step), np.arange(6.0, SAMPLES - 6, step), indexing="ij")
    line, sample = (axis.ravel() for axis in grid)
    points = ground_points(first, line, sample, RADIUS, height)
    there = [place + noise * generator.normal(size=place.shape) for place in second.project(points)]
    seen = (there[0] > 0) & (there[0] < LINES - 1) & (there[1] > 0) & (there[1] < SAMPLES)
    lines, samples = (np.stack(both, axis=1)[seen] for both in zip((line, sample), there))
    count = len(lines)
    return TiePoints(lines, np.tile([0, 1], (count, 1)), samples, np.tile([0.0, noise], (count, 1)))


def shots(seed=0):
    """Two tracks of shots along the flight."""
    generator = np.random.default_rng(seed)
    line = np.repeat(np.arange(20.0, LINES - 20, 8), 2)
    sample = np.tile([110.0, 200.0], len(line) // 2)
    points = ground_points(pair()[0], line, sample, RADIUS, height)
    lon, lat = np.arctan2(points[:, 1], points[:, 0]), np.arcsin(points[:, 2] / np.linalg.norm(points, axis=1))
    body = body_of_radius(RADIUS)
    return Shots(lon, lat, height(lon, lat) + 0.2 * generator.normal(size=len(lon)), body, body.datum)


def without_jitter(model):
    return replace(model, trajectory=replace(model.trajectory, jitter=0.0))
