"""Control points laid out for the per-instant solvers: instants on the last axis, empty slots zero."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..camera.sensor import Sensor
from .batched import Array, Instants, Integers, group_instants
from .model import ControlPoints


@dataclass(frozen=True)
class Control:
    """L instants of up to K GCPs: bearings p (3, K, L), rays s = (px, py, -f) / f (3, K, L), P (3, K, L) m.

    ``weight`` (K, L) is a row's weight, 0 in an empty slot; ``count`` (L,) GCPs an instant.
    """

    line: Array
    count: Integers
    p: Array
    s: Array
    points: Array
    weight: Array

    def __getitem__(self, index: Integers | NDArray[np.bool_] | slice) -> Control:
        slots = (self.p, self.s, self.points, self.weight)
        return Control(self.line[index], self.count[index], *(values[..., index] for values in slots))

    @property
    def filled(self) -> NDArray[np.bool_]:
        """Slots that hold a GCP, (K, L)."""
        return np.asarray(self.s[2] != 0)

    def mean(self, values: Array) -> Array:
        """Mean (..., L) over an instant's GCPs of (..., K, L) values that are zero in empty slots."""
        return np.asarray(np.sum(values, axis=-2) / self.count)


def gather_control(points: ControlPoints, sensor: Sensor, weight: Array) -> tuple[Instants, Control]:
    """Sort GCPs into instants; ``weight`` is one value a GCP."""
    instants = group_instants(points.line)
    rays = sensor.rays(points.view, points.sample) / sensor.focal_length_mm
    slots = (points.bearings, rays, points.points(sensor.body_radius_m), weight)
    return instants, Control(instants.line, instants.count, *(instants.gather(values) for values in slots))


def nadir_start(control: Control) -> tuple[Array, Array]:
    """R (3, 3, L) of a camera that looks straight down, headed as its GCPs show, and C (3, L) m from their scale."""
    centre = control.mean(control.points)
    up = centre / np.sqrt(np.sum(centre**2, axis=0))
    # East and north, or any level pair at a pole.
    axis = np.where(np.abs(up[2]) < 0.9, np.array([[0.0], [0.0], [1.0]]), np.array([[1.0], [0.0], [0.0]]))
    east = np.cross(axis, up, axis=0)
    east /= np.sqrt(np.sum(east**2, axis=0))
    level = np.stack([east, np.cross(up, east, axis=0)], axis=1)
    ground = np.einsum("ial,ikl->akl", level, np.where(control.filled, control.points - centre[:, None], 0.0))
    middle = control.mean(control.s)
    image = np.where(control.filled, control.s - middle[:, None], 0.0)[:2]
    along = np.sum(image * ground, axis=(0, 1))
    across = np.sum(image[0] * ground[1] - image[1] * ground[0], axis=0)
    cosine, sine = np.array([along, across]) / np.maximum(np.hypot(along, across), 1e-300)
    forward = level[:, 0] * cosine + level[:, 1] * sine
    rotation = np.stack([forward, np.cross(up, forward, axis=0), up], axis=1)
    height = np.sqrt(np.sum(ground**2, axis=(0, 1)) / np.maximum(np.sum(image**2, axis=(0, 1)), 1e-300))
    return rotation, centre - height * np.einsum("ijl,jl->il", rotation, middle)


def spread(control: Control) -> Array:
    """How far an instant's rays are from one line in the image (L,): the lesser RMS extent of (px, py) / f."""
    image = np.where(control.filled, control.s - control.mean(control.s)[:, None], 0.0)[:2]
    xx, yy, xy = (np.sum(a * b, axis=0) / control.count for a, b in ((image[0],) * 2, (image[1],) * 2, image))
    least = 0.5 * (xx + yy) - np.hypot(0.5 * (xx - yy), xy)
    return np.sqrt(np.maximum(least, 0.0))
