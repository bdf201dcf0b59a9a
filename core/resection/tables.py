"""GCP and EOP tables: files in, control points and orientations out, and back.

What a table gets wrong is said in one sentence that names the column; rows that cannot be used are left out and told.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..bodies import body_of_radius, require_same_body
from ..camera.sensor import Sensor
from ..datums import Datum
from ..errors import InputError
from ..frames import lonlat_radius
from ..progress import breathe
from ..tables import Table, read_table, write_table
from .model import ControlPoints, Flag, Orientation, control_points
from .plausibility import check_flight, check_geometry

Array = NDArray[np.float64]

EOP_NAMES = ("x", "y", "z", "theta", "phi", "rho")
_PAIRS = [(i, j) for i in range(6) for j in range(i)]
_MOST_RADIANS = 50.0  # unwrapped angles of a few turns stay below; degrees do not


@dataclass(frozen=True)
class ControlTable:
    """Control points of a table by its name, NaN altitudes where it has none, and what was set aside, in sentences."""

    points: ControlPoints
    warnings: tuple[str, ...] = ()
    name: str = "GCPs"


def read_gcps(path: str | Path, sensor: Sensor) -> ControlTable:
    """Read GCPs: line, view, sample, lon, lat [, altitude, sigma_altitude, sigma_lateral]; geometry counts first.

    Raises `InputError` where the table cannot belong to the sensor; rows without a position, and all but the first of
    rows that repeat a pixel, are left out with a warning.
    """
    table = read_table(path, "GCP table")
    body = body_of_radius(sensor.body_radius_m)
    if table.body is not None:
        require_same_body(table.body, f"GCP table {table.name!r}", body, f"sensor {sensor.name!r}")
    line, sample = table.numbers("line"), table.numbers("sample")
    view = view_indices(table, sensor)
    lon, lat = table.lonlat()
    optional = [table.optional_numbers(name) for name in ("altitude", "sigma_altitude", "sigma_lateral")]
    altitude, sigma_altitude, sigma_lateral = (np.nan if column is None else column for column in optional)
    if table.body is not None and table.body != body:  # a layer's altitudes count from the surface of its CRS
        altitude = altitude + Datum(table.body).rise(Datum(body), lat)
    points = control_points(
        line, view, sample, lon, lat, altitude, sigma_altitude=sigma_altitude, sigma_lateral=sigma_lateral
    )
    return checked_gcps(points, sensor, table.name)


def checked_gcps(points: ControlPoints, sensor: Sensor, name: str) -> ControlTable:
    """Leave out unusable rows and raise `InputError` for points that cannot be of this sensor."""
    warnings = []
    usable = np.isfinite(points.line) & np.isfinite(points.sample) & np.isfinite(points.lon) & np.isfinite(points.lat)
    if not usable.all():
        warnings.append(f"{(~usable).sum()} rows of {name!r} lack a line, sample or position and are left out.")
        points = points[usable]
    outside = (points.sample < -0.5) | (points.sample > sensor.samples - 0.5)
    if outside.any():
        raise InputError(
            f"GCP table {name!r} has sample {points.sample[outside][0]:g}, but sensor {sensor.name!r} has samples 0 to "
            f"{sensor.samples - 1}; choose the sensor that took the image"
            + (", or subtract 1: samples count from 0." if points.sample.max() == sensor.samples else ".")
        )
    if len(points) == 0:
        raise InputError(f"GCP table {name!r} has no usable GCP; it needs line, view, sample, lon and lat.")
    order = np.lexsort((points.sample, points.view, points.line))  # stable: of equal ones the first stays first
    breathe()
    points = points[order]
    again = (np.diff(points.line) == 0) & (np.diff(points.view) == 0) & (np.diff(points.sample) == 0)
    if again.any():
        repeats = 1 + np.flatnonzero(again)
        one = repeats[np.argmin(order[repeats])]
        warnings.append(
            f"{len(repeats)} GCPs of {name!r} repeat a pixel (first: line {points.line[one]:g}, sample "
            f"{points.sample[one]:g}); the first of each is used."
        )
        points = points[np.append(True, ~again)]
    breathe()
    for index, view in enumerate(sensor.views):
        if not np.any(points.view == index):
            warnings.append(f"{name!r} has no GCP of view {view.name!r}.")
    check_geometry(points, sensor, name)
    breathe()
    check_flight(points, sensor, name)
    return ControlTable(points, tuple(warnings), name)


def write_gcps(path: str | Path, points: ControlPoints, sensor: Sensor) -> None:
    """Write GCPs with every column the points have values for; vector formats get point geometry."""
    names = np.array([view.name for view in sensor.views], dtype=object)
    lon, lat = np.degrees(points.lon), np.degrees(points.lat)
    columns: dict[str, NDArray[Any]] = {"line": points.line, "view": names[points.view], "sample": points.sample}
    columns |= {"lon": lon, "lat": lat}
    for name in ("altitude", "sigma_altitude", "sigma_lateral"):
        if np.isfinite(getattr(points, name)).any():
            columns[name] = getattr(points, name)
    write_table(path, columns, (lon, lat), body_of_radius(sensor.body_radius_m))


def view_indices(table: Table, sensor: Sensor) -> NDArray[np.int64]:
    """Indices (N,) of the table's views: names of the sensor's views, or their numbers from 0."""
    column = table.find("view")
    if column is None:
        if len(sensor.views) == 1:
            return np.zeros(len(table), np.int64)
        raise InputError(f"{table.name!r} has no column 'view'; it has: {', '.join(table.columns)}.")
    values, numbers = np.unique(table.columns[column], return_inverse=True)
    if values.dtype.kind != "f":
        return np.array([sensor.view_index(str(value)) for value in values], np.int64)[numbers]
    if not np.isin(values, np.arange(len(sensor.views))).all():
        raise InputError(
            f"Column 'view' of {table.name!r} holds {values[-1]:g}; name the views ("
            f"{', '.join(view.name for view in sensor.views)}) or number them from 0."
        )
    return np.asarray(values[numbers].astype(np.int64))


def read_eops(path: str | Path, sensor: Sensor) -> Orientation:
    """Read EOPs: line, x, y, z (m), theta, phi, rho (rad) [, time, sigma_* and corr_*, rms_px, gcps, method, flag].

    Rows are put in the order of their lines. Raises `InputError` for missing columns, repeated lines, angles in degrees
    and positions that are not metres.
    """
    table = read_table(path, "EOP table")
    line = table.numbers("line")
    eop = np.stack([table.numbers(name) for name in EOP_NAMES], axis=1)
    order = np.argsort(line, kind="stable")
    line, eop = line[order], eop[order]
    repeated = line[1:][line[1:] == line[:-1]]
    if len(repeated):
        raise InputError(f"EOP table {table.name!r} has line {repeated[0]:g} twice; leave one row a line.")
    known = np.isfinite(eop).all(axis=1)
    if not known.any():
        raise InputError(f"EOP table {table.name!r} has no line with all of {', '.join(EOP_NAMES)}.")
    if np.abs(eop[known, 3:]).max() > _MOST_RADIANS:
        raise InputError(
            f"Angles in {table.name!r} reach {np.abs(eop[known, 3:]).max():.0f}; theta, phi and rho are radians."
        )
    distance = float(np.median(np.linalg.norm(eop[known, :3], axis=1)))
    if distance < sensor.body_radius_m:
        raise InputError(
            f"EOP table {table.name!r} puts the camera {distance:.0f} m from the centre of a body of radius "
            f"{sensor.body_radius_m:.0f} m; x, y and z are body-fixed metres."
        )
    optional = {name: table.optional_numbers(name) for name in ("time", "rms_px", "gcps")}
    ordered = {name: column[order] for name, column in optional.items() if column is not None}
    method = table.columns[table.find("method") or "line"][0]
    return Orientation(
        line,
        np.where(known[:, None], eop[:, :3], np.nan),
        np.where(known[:, None], eop[:, 3:], np.nan),
        str(method) if table.find("method") else "table",
        time=ordered.get("time"),
        covariance=_covariance(table, order),
        rms_px=ordered.get("rms_px", np.empty(0)),
        gcps=np.nan_to_num(ordered.get("gcps", np.empty(0))).astype(np.int64),
        flag=_flags(table)[order] if table.find("flag") else np.empty(0, np.int64),
    )


def write_eops(path: str | Path, orientation: Orientation, body_radius_m: float) -> None:
    """Write EOPs; with a covariance its sigmas (sigma_*) and correlations (corr_*), both of one instant.

    Vector formats get the point under the camera as geometry.
    """
    columns: dict[str, NDArray[Any]] = {"line": orientation.line}
    columns |= dict(zip(EOP_NAMES, np.hstack([orientation.position, orientation.angles]).T))
    if orientation.time is not None:
        columns["time"] = orientation.time
    if orientation.covariance is not None:
        sigma = np.sqrt(np.einsum("lii->li", orientation.covariance))
        columns |= {f"sigma_{name}": sigma[:, i] for i, name in enumerate(EOP_NAMES)}
        scale = np.where(sigma > 0, sigma, 1.0)
        for i, j in _PAIRS:
            columns[_pair_name(i, j)] = orientation.covariance[:, i, j] / (scale[:, i] * scale[:, j])
    if orientation.gcps.any():
        columns |= {"rms_px": orientation.rms_px, "gcps": orientation.gcps}
    columns["method"] = np.full(len(orientation), orientation.method, dtype=object)
    columns["flag"] = np.array([_flag_text(int(flag)) for flag in orientation.flag], dtype=object)
    lon, lat, _ = lonlat_radius(orientation.position)
    write_table(path, columns, (np.degrees(lon), np.degrees(lat)), body_of_radius(body_radius_m))


def _pair_name(i: int, j: int) -> str:
    return f"corr_{EOP_NAMES[j]}_{EOP_NAMES[i]}"


def _covariance(table: Table, order: NDArray[np.int64]) -> Array | None:
    """(L, 6, 6) of the table's sigmas and correlations (0 where it has none); None without sigmas."""
    sigmas = [table.optional_numbers(f"sigma_{name}") for name in EOP_NAMES]
    if any(sigma is None for sigma in sigmas):
        return None
    sigma = np.stack(sigmas, axis=1)[order]  # type: ignore[arg-type]
    correlation = np.tile(np.eye(6), (len(order), 1, 1))
    for i, j in _PAIRS:
        column = table.optional_numbers(_pair_name(i, j))
        if column is not None:
            correlation[:, i, j] = correlation[:, j, i] = column[order]
    return np.asarray(sigma[:, :, None] * correlation * sigma[:, None, :])


def _flag_text(flag: int) -> str:
    return "+".join(bit.name.lower() for bit in Flag if bit.name and bit.value and flag & bit.value) or "good"


def _flags(table: Table) -> NDArray[np.int64]:
    column = table.columns[str(table.find("flag"))]
    if column.dtype.kind == "f":
        return np.nan_to_num(column).astype(np.int64)
    names = {bit.name.lower(): bit.value for bit in Flag if bit.name}
    return np.array([sum(names.get(part, 0) for part in str(text).lower().split("+")) for text in column], np.int64)
