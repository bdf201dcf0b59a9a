"""What the numbers of a GCP table betray: swapped coordinates, radians, a wrong sensor, lines out of order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..camera.sensor import Sensor
from ..errors import InputError
from ..frames import east_north_up, lonlat_radius
from .model import ControlPoints

_LEAST_HEIGHT_M = 5_000.0  # no orbiter's camera is nearer to the ground
_MOST_RADII = 20.0  # of the body, above it: farther out no line scanner maps
_MISFIT = 0.5  # of the GCPs' extent on the ground that a fitting sensor never leaves unexplained
_BLOCK = 8  # lines averaged before their order is judged: lateral noise is no turning back
_BACK = 0.5  # of the usual step, the other way: a turning back
_JUMP = 10.0  # times the usual way a line, beyond the width of the ground: GCPs of another place


def check_geometry(points: ControlPoints, sensor: Sensor, name: str) -> None:
    """Raise `InputError` where the image of the GCPs cannot be turned, scaled and shifted onto their ground.

    Seen from above and written as complex numbers, px + i py is east + i north but for a turn, a scale and a shift.
    GCPs that fit better as a mirror image have their coordinates swapped; the scale is the camera's height over the
    focal length.
    """
    line, index, count = np.unique(points.line, return_inverse=True, return_counts=True)
    chosen = np.flatnonzero(count[index] >= 3)
    if not len(chosen):
        return
    index = index[chosen]
    number = np.maximum(np.bincount(index, minlength=len(line)), 1)

    def total(values: NDArray[np.generic]) -> NDArray[np.complex128]:
        real = np.bincount(index, np.real(values), len(line))
        return np.asarray(real + 1j * np.bincount(index, np.imag(values), len(line)))

    bearing = points.bearings[chosen]
    lon, lat, _ = lonlat_radius(np.stack([total(axis).real for axis in bearing.T], axis=1))
    east, north = np.moveaxis(east_north_up(lon, lat)[index, :2], 1, 0)
    ground = sensor.body_radius_m * (np.sum(east * bearing, axis=1) + 1j * np.sum(north * bearing, axis=1))
    rays = sensor.rays(points.view[chosen], points.sample[chosen]) / sensor.focal_length_mm
    image = rays[:, 0] + 1j * rays[:, 1]
    ground, image = ground - (total(ground) / number)[index], image - (total(image) / number)[index]
    proper, mirrored = np.abs(total(image.conj() * ground)), np.abs(total(image * ground))
    extent, size = total(np.abs(ground) ** 2).real, total(np.abs(image) ** 2).real
    used = (size > 1e-8) & (extent > 0)
    # Lines whose GCPs lie on one line of the image fit both ways alike.
    told = used & (np.abs(proper - mirrored) > 0.1 * (proper + mirrored))
    if told.any() and np.mean(mirrored[told] > proper[told]) > 0.5:
        raise InputError(
            f"GCPs in {name!r} are a mirror image of what sensor {sensor.name!r} sees: lon and lat are swapped, or "
            "samples or views are counted from the other side."
        )
    if not used.any():
        return
    height = float(np.median(proper[used] / size[used]))
    if height > _MOST_RADII * sensor.body_radius_m:
        raise InputError(
            f"GCPs in {name!r} put the camera {height / 1000:.0f} km above the ground; sensor {sensor.name!r} did not "
            "take the image, or its focal length is wrong."
        )
    if height < _LEAST_HEIGHT_M:
        raise InputError(
            f"GCPs in {name!r} put the camera only {height:.0f} m above the ground: "
            + ("give lon and lat in degrees (these look like radians), or " if _like_radians(points) else "give ")
            + f"the sensor that took the image: {sensor.name!r} has body_radius_m {sensor.body_radius_m:g} and "
            f"focal_length_mm {sensor.focal_length_mm:g}."
        )
    misfit = np.sqrt(np.maximum(1.0 - np.maximum(proper, mirrored) ** 2 / np.where(used, size * extent, 1.0), 0.0))
    if np.median(misfit[used]) > _MISFIT:
        raise InputError(
            f"The pattern of the GCPs in {name!r} does not fit the views of sensor {sensor.name!r}; check which table "
            "or row is of which view, or choose the sensor that took the image."
        )


def _like_radians(points: ControlPoints) -> bool:
    """Whether what was read as degrees may be radians."""
    lon, lat = np.degrees(np.abs(points.lon)), np.degrees(np.abs(points.lat))
    return bool(lon.max() <= 2 * np.pi and lat.max() <= 0.5 * np.pi)


def check_flight(points: ControlPoints, sensor: Sensor, name: str) -> None:
    """Raise `InputError` where the ground does not move steadily on with the line number.

    The way ahead is judged about the normal of the flight: lines with GCPs at one end only stand aside of the others.
    """
    for view in np.unique(points.view):
        own = points[points.view == view]
        line, index = np.unique(own.line, return_inverse=True)
        blocks = np.minimum(np.arange(len(line)) // _BLOCK, max(len(line) // _BLOCK - 1, 0))[index]
        count = np.bincount(blocks)
        if len(count) < 3:
            continue
        place = np.stack([np.bincount(blocks, column) for column in own.bearings.T], axis=1) / count[:, None]
        apart = np.linalg.norm(np.diff(place, axis=0), axis=1)
        lines = np.diff(np.bincount(blocks, own.line) / count)
        extent = np.zeros(len(count))
        np.maximum.at(extent, blocks, np.linalg.norm(own.bearings - place[blocks], axis=1))
        jump = np.flatnonzero(apart > _JUMP * np.median(apart / lines) * lines + 2.0 * np.median(extent))
        if len(jump):
            near, far = _line_of(line, jump[0]), apart[jump[0]] * sensor.body_radius_m / 1000.0
            raise InputError(
                f"The GCPs of {name!r} jump by {far:.0f} km near line {near:g}: check their line, lon and lat there."
            )
        turned = np.cross(place[:-1], place[1:])
        ahead = turned @ turned.sum(axis=0)
        usual = np.median(ahead)
        back = np.flatnonzero(ahead * np.sign(usual) < -_BACK * abs(usual))
        if len(back):
            raise InputError(
                f"The GCPs of {name!r} turn back near line {_line_of(line, back[0]):g}: lines must be numbered in the "
                "order of flight."
            )


def _line_of(line: NDArray[np.float64], step: int) -> float:
    """The line at which a step from one block to the next begins."""
    return float(line[min(_BLOCK * (step + 1), len(line) - 1)])
