"""Simulated instants with exact control, shared by the resection tests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from planetary_dtm.core.camera.rotations import angles_from_matrix, exp_so3, rotation_angle_between, unwrap_angles
from planetary_dtm.core.camera.sensor import Sensor, load_sensor
from planetary_dtm.core.resection.model import ControlPoints, Orientation
from planetary_dtm.core.simulation.orbit import random_orbit
from planetary_dtm.core.simulation.scene import scanline_ends
from planetary_dtm.core.simulation.terrain import PaperTerrain

Array = NDArray[np.float64]


def random_instants(count: int, orbits: int = 10) -> tuple[Sensor, Orientation, ControlPoints]:
    """CE-1 instants without order, drawn from several orbits over the paper's terrain, 0 to 70° latitude."""
    sensor, terrain = load_sensor("ce1"), PaperTerrain()
    t = 0.5 * np.pi + np.random.default_rng(1).uniform(0, np.radians(70), (orbits, count // orbits))
    flights = [
        random_orbit(seed, body_radius_m=terrain.radius_m, height_m=200e3, wander_m=2e3, line_angle=7e-5)
        for seed in range(orbits)
    ]
    position = np.concatenate([flight.position(own) for flight, own in zip(flights, t)])
    rotation = np.concatenate([flight.rotation(own) for flight, own in zip(flights, t)])
    truth = Orientation(np.arange(count, dtype=float), position, angles_from_matrix(rotation), "simulation")
    return sensor, truth, scanline_ends(sensor, terrain, truth)


def pixels(points: ControlPoints, sensor: Sensor, kept: list[int]) -> ControlPoints:
    """Only some of each line's GCPs: 2 view + (0 first, 1 last detector)."""
    return points[np.isin(2 * points.view + (points.sample > 0), kept)]


def errors(found: Orientation, truth: Orientation) -> tuple[Array, Array]:
    """Angle of the rotation RᵀR' (rad) and |C - C'| (m) of every instant."""
    return (
        rotation_angle_between(found.rotation(), truth.rotation()),
        np.linalg.norm(found.position - truth.position, axis=1),
    )


def tilted(truth: Orientation, roll: float) -> Orientation:
    """The same orbit with the camera turned by ``roll`` (rad) about its flight axis."""
    rotation = truth.rotation() @ exp_so3([roll, 0.0, 0.0])
    return replace(truth, angles=unwrap_angles(angles_from_matrix(rotation)))
