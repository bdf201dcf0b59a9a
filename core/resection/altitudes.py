"""Altitudes of control points from altimetry: interpolated, each with its sigma and certainty."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..altimetry.certainty import CertaintyModel
from ..errors import InputError
from ..frames import wrap_degrees
from ..progress import Progress, silent
from .model import ControlPoints
from .report import CertaintyMap

Array = NDArray[np.float64]

MAP_NODES = 100  # of the report's certainty map along its longer side


@dataclass(frozen=True)
class KnownAltitudes:
    """Control points with altitudes, their sigmas and certainties filled in, and what there is to say about it."""

    points: ControlPoints
    sentences: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def fill_altitudes(points: ControlPoints, model: CertaintyModel, progress: Progress = silent) -> KnownAltitudes:
    """Give every GCP without an altitude of its own the one interpolated from the shots, its sigma and certainty.

    A GCP outside the altimetry - farther than the model's ``dmax`` from every shot, and with shots on one side of it
    only - keeps none. Raises `InputError` when none of them can be given one.
    """
    wanted = np.flatnonzero(~np.isfinite(points.altitude))
    if not len(wanted):
        return KnownAltitudes(points, warnings=("Every GCP has an altitude of its own; ALTIMETRY is not used.",))
    lon, lat = points.lon[wanted], points.lat[wanted]
    distance = model.surface.at(lon, lat).sectors.distance
    nearest, filled = distance.min(axis=1), np.isfinite(distance).sum(axis=1)
    reached = (nearest <= model.dmax) | (2 * filled > distance.shape[1])
    source = model.surface.shots.source or "altimetry"
    if not reached.any():
        raise InputError(
            f"Altimetry {source!r} does not reach the swath: its nearest shot is {nearest.min() / 1000:.0f} km away; "
            "give shots of the same ground."
        )
    found = model.at(lon[reached], lat[reached], progress)
    columns = {name: getattr(points, name).copy() for name in ("altitude", "sigma_altitude", "mu")}
    for name, values in (("altitude", found.altitude), ("sigma_altitude", found.sigma), ("mu", found.mu)):
        columns[name][wanted[reached]] = values
    sentence = (
        f"{reached.sum()} of {len(points)} GCPs take their altitude from {len(model.surface)} shots of {source!r} "
        f"(median sigma {np.nanmedian(found.sigma):.0f} m)."
    )
    warnings = []
    if not reached.all():
        warnings.append(
            f"{(~reached).sum()} GCPs lie outside the altimetry (up to {nearest[~reached].max() / 1000:.0f} km from "
            "its nearest shot) and have no altitude."
        )
    return KnownAltitudes(replace(points, **columns), (sentence,), tuple(warnings))


def certainty_map(points: ControlPoints, model: CertaintyModel) -> CertaintyMap:
    """The certainty on a grid of longitude, latitude around the control points."""
    middle = float(np.degrees(np.angle(np.mean(np.exp(1j * points.lon)))))
    east, north = wrap_degrees(np.degrees(points.lon) - middle), np.degrees(points.lat)
    shrink = max(float(np.cos(np.radians(north.mean()))), 0.05)
    step = max(float(np.ptp(east)) * shrink, float(np.ptp(north)), 1e-6) / MAP_NODES
    lon = middle + np.arange(east.min() - 5 * step / shrink, east.max() + 5 * step / shrink, step / shrink)
    lat = np.arange(max(north.min() - 5 * step, -90.0), min(north.max() + 5 * step, 90.0), step)
    mu = model.at(*np.radians(np.meshgrid(lon, lat))).mu
    return CertaintyMap(lon, lat, mu.reshape(len(lat), len(lon)))
