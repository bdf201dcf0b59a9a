"""Altimeter shots from files: own CSV, LOLA RDR, MOLA PEDR, any point layer. The height datum is always named.

LOLA RDR and MOLA PEDR tables are recognised by their columns (Pt_Radius; PLANET_RAD and TOPOGRAPHY), whatever file
they come in. Both give distances from the body's centre, which need no datum; MOLA's TOPOGRAPHY counts from the
areoid, up to 20 km off the sphere, and is used only when asked for by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..bodies import Array, Body, body_named, require_same_body
from ..datums import Datum, datum_named
from ..errors import InputError
from ..tables import Table, assert_degrees, read_table

ALTITUDES = ("altitude", "alt", "height", "elevation", "h", "z")
AREOID = "Mars areoid"
DATUM_COLUMN = "datum"  # of our own tables: what the altitudes count from, in every row
_TRACKS = ("track", "orbit", "orbit_number", "orbitnumber")
_TIMES = ("coordinated_universal_time", "utc", "ephemeristime", "ephemeris_time", "time")
_RELIEF = 0.01  # of a body's radius, within which radii lie
_WIDE_M, _FLAT = 5_000.0, 1e-4  # no ground so wide rises by so little of its width
_FLAT_M = 15.0  # nor by so little where it is wider still
_TRACK_BREAK_S = 600.0  # an altimeter that is silent this long comes back on another track


@dataclass(frozen=True)
class Shots:
    """Altimeter shots, (N,) each: lon, lat (rad, planetocentric) and altitude (m above ``datum``).

    ``body`` gives the radius for distances. Where known: ``sigma`` (m), ``track`` (number), ``source`` (the file's
    name) and ``row`` (the shots' rows in it).
    """

    lon: Array
    lat: Array
    altitude: Array
    body: Body
    datum: str
    sigma: Array | None = None
    track: npt.NDArray[np.int64] | None = None
    source: str = ""
    row: npt.NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.lon)

    def kept(self, mask: npt.NDArray[Any]) -> Shots:
        """The shots where ``mask`` (N,) is true (or at these rows)."""

        def part(values: npt.NDArray[Any] | None) -> Any:
            return None if values is None else values[mask]

        return Shots(
            self.lon[mask],
            self.lat[mask],
            self.altitude[mask],
            self.body,
            self.datum,
            part(self.sigma),
            part(self.track),
            self.source,
            part(self.row),
        )


def read_shots(path: str | Path, body: Body | None = None, *, altitude_field: str | None = None) -> Shots:
    """Read altimetry; altitudes come out in metres above the datum of ``body`` (default: the file's own body).

    A table without geometry means planetocentric degrees on ``body``, and an altitude column there counts from the
    datum of ``body``; a layer's altitudes count from its CRS's sphere or ellipsoid; a column `DATUM_COLUMN` that
    names another surface, as filteraltimetry writes it, comes before both. Shots without a position or an
    altitude are left out. Raises `InputError` for another body, no body at all, missing columns, altitudes that cannot
    be metres, and areoid topography that was not asked for by name.
    """
    table = read_table(path, "Altimetry")
    given = table.body or _instrument_body(table)
    if given is not None and body is not None:
        require_same_body(given, f"Altimetry {table.name!r}", body, "the data it is used with")
    wanted = body or given
    if wanted is None:
        raise InputError(f"Altimetry {table.name!r} names no body; say which body it is of.")
    lon, lat = _lonlat(table)
    altitude, datum = _altitude(table, lat, table.body or wanted, wanted, altitude_field)
    sigma = table.optional_numbers("sigma", "sigma_altitude")
    track = _tracks(table)
    valid = np.isfinite(lon) & np.isfinite(lat) & np.isfinite(altitude)
    if not valid.any():
        raise InputError(f"Altimetry {table.name!r} has no shot with both a position and an altitude.")
    _plausible(altitude[valid], wanted, table.name)
    if sigma is not None and not (sigma[valid] > 0).all():
        raise InputError(f"Column 'sigma' of {table.name!r} has values that are not above 0 m; correct or remove it.")
    shots = Shots(lon, lat, altitude, wanted, datum, sigma, track, table.name, np.arange(len(lon)))
    return shots if valid.all() else shots.kept(valid)


def require_body_datum(shots: Shots) -> None:
    """Raise `InputError` unless altitudes count from the sphere or ellipsoid of their body (areoid heights do not)."""
    if shots.datum != shots.body.datum:
        raise InputError(
            f"Altitudes of {shots.source!r} are above the {shots.datum} but heights above the {shots.body.datum} are "
            "needed; take MOLA's radius column (PLANET_RAD) as the altitude field."
        )


def surface_radius(body: Body, lat: npt.ArrayLike) -> Array:
    """Distance in m from the centre to the body's sphere or ellipsoid at planetocentric latitude (rad)."""
    a, b = body.semi_major_m, body.semi_minor_m
    return np.asarray(a * b / np.hypot(b * np.cos(lat), a * np.sin(lat)))


def _instrument_body(table: Table) -> Body | None:
    if table.find("pt_radius"):
        return body_named("Moon")
    return body_named("Mars") if table.find("planet_rad") or table.find("areoid_rad") else None


def _lonlat(table: Table) -> tuple[Array, Array]:
    # PEDR tables carry areodetic latitudes too (areod_lat): only lat_North is planetocentric.
    if table.geometry is None and table.find("long_east") and table.find("lat_north"):
        lon, lat = table.numbers("long_east"), table.numbers("lat_north")
        assert_degrees(table.name, lon, lat)
        return np.radians(lon), np.radians(lat)
    return table.lonlat()


def _altitude_names(table: Table) -> tuple[str, ...]:
    """Names an altitude goes by in a table: z is none beside x and y, where it is a place's third coordinate."""
    return tuple(name for name in ALTITUDES if not (name == "z" and table.find("x") and table.find("y")))


def _altitude(table: Table, lat: Array, own: Body, wanted: Body, field: str | None) -> tuple[Array, str]:
    """Altitudes above the datum of ``wanted`` and that datum's name; ``own`` is the body as the file has it."""
    name = field or next((n for n in ("pt_radius", "planet_rad") if table.find(n)), None)
    key = "" if name is None else name.strip().lower()
    if key in ("pt_radius", "planet_rad"):
        radius = table.numbers(key)
        scale = 1000.0 if np.nanmedian(radius) < 0.1 * own.radius_m else 1.0
        return radius * scale - surface_radius(wanted, lat), wanted.datum
    if key == "topography" or (not key and table.find("topography") and not table.find(*_altitude_names(table))):
        topography = table.numbers("topography")
        areoid = table.optional_numbers("areoid_rad")
        if field is None and areoid is not None:
            return topography + areoid - surface_radius(wanted, lat), wanted.datum
        if field is None:
            raise InputError(
                f"{table.name!r} has TOPOGRAPHY above the {AREOID} and no PLANET_RAD, so heights above the "
                f"{wanted.datum} are unknown; add PLANET_RAD, or name TOPOGRAPHY as the altitude field to work "
                "above the areoid."
            )
        return topography, AREOID
    names = (name,) if name else _altitude_names(table)
    altitude = table.numbers(*names, what="" if name else "metres; or name the altitude field")
    counted = _noted(table, own) or Datum(own)
    if counted.areoid:
        return altitude, AREOID
    if counted.body != wanted:
        altitude = altitude + counted.rise(Datum(wanted), lat)
    return altitude, wanted.datum


def _noted(table: Table, body: Body) -> Datum | None:
    """What the table itself says its altitudes count from; None where it does not, or in words of others."""
    column = table.find(DATUM_COLUMN)
    texts = [] if column is None else np.unique(table.columns[column].astype(str)).tolist()
    found = [datum_named(text, body) for text in texts]
    if len(texts) > 1 and any(found):
        raise InputError(
            f"Altitudes in {table.name!r} are above the {texts[0]} and above the {texts[1]}; give tables of one datum."
        )
    return found[0] if found else None


def _plausible(altitude: Array, body: Body, name: str) -> None:
    middle = float(np.median(altitude))
    if np.abs(1000.0 * altitude - body.radius_m).max() < _RELIEF * body.radius_m:
        raise InputError(
            f"Altitudes in {name!r} are about {middle:.0f}, the radius of {body.name} in kilometres; give metres above "
            f"the {body.datum}, or name the column Pt_Radius."
        )
    if abs(middle) > 0.1 * body.radius_m:
        raise InputError(
            f"Altitudes in {name!r} are about {middle:.0f} m from the {body.datum}; check the column and its unit "
            "(metres)."
        )


def require_places(shots: Shots) -> None:
    """Raise `InputError` for shots that all lie at one place."""
    if np.ptp(shots.lat) == 0 and np.ptp(shots.lon) == 0:
        raise InputError(
            f"All {len(shots)} shots of {shots.source!r} lie at one place; check the columns of longitude and latitude."
        )


def doubts(shots: Shots) -> tuple[str, ...]:
    """Sentences on units that may be others than taken, but cannot be told for sure."""
    said = []
    if np.abs(shots.lat).max() <= np.radians(0.5 * np.pi) and np.abs(shots.lon).max() <= np.radians(2 * np.pi):
        said.append(
            f"All places of {shots.source!r} lie within 6.3 degrees of longitude and 1.6 degrees of latitude of 0: if "
            "they are radians, give degrees."
        )
    return (*said, *height_doubts(shots))


def height_doubts(shots: Shots) -> tuple[str, ...]:
    """A sentence where altitudes may be kilometres."""
    extent = shots.body.radius_m * float(np.ptp(shots.lat))
    rise = float(np.ptp(np.quantile(shots.altitude, [0.02, 0.98])))
    if extent < _WIDE_M or rise > min(_FLAT_M, _FLAT * extent):
        return ()
    return (
        f"Altitudes in {shots.source!r} differ by {rise:.2g} m only over {extent / 1000:.0f} km: if they are "
        "kilometres, give metres.",
    )


def _tracks(table: Table) -> npt.NDArray[np.int64] | None:
    """Number the tracks: by a track or orbit column, else by breaks in time; None where neither is known."""
    column = table.find(*_TRACKS)
    if column is not None:
        values = table.columns[column]
        _, number = np.unique(values.astype(str) if values.dtype == object else values, return_inverse=True)
        return np.asarray(number, np.int64)
    column = table.find(*_TIMES)
    if column is None:
        return None
    time = table.columns[column]
    if time.dtype == object:
        try:
            time = np.array([str(t)[:23] for t in time], "datetime64[ms]").astype(np.float64) / 1000
        except ValueError:
            return None
    order = np.argsort(time, kind="stable")
    number = np.empty(len(time), np.int64)
    number[order] = np.cumsum(np.diff(time[order], prepend=time[order[:1]]) > _TRACK_BREAK_S)
    return number
