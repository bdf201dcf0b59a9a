"""Planetary bodies: the only place that knows planet facts, and the checks that keep bodies apart.

A body is read from the ellipsoid of a coordinate reference system (CRS), never assumed. Longitudes
and latitudes leave and enter this module as planetocentric, east positive.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import InputError
from .progress import FEW_ROWS

Array = npt.NDArray[np.float64]

# IAU 2015 report (Archinal et al. 2018): name -> (CRS code of the planetocentric longitude/latitude, radius in m).
_IAU_2015 = {
    "Mercury": (19900, 2_440_530.0),
    "Venus": (29900, 6_051_800.0),
    "Moon": (30100, 1_737_400.0),
    "Mars": (49900, 3_396_190.0),
    "Phobos": (40100, 13_000.0),
    "Deimos": (40200, 7_800.0),
    "Io": (50100, 1_829_400.0),
    "Europa": (50200, 1_562_600.0),
    "Ganymede": (50300, 2_631_200.0),
    "Callisto": (50400, 2_410_300.0),
    "Mimas": (60100, 207_800.0),
    "Enceladus": (60200, 256_600.0),
    "Tethys": (60300, 538_400.0),
    "Dione": (60400, 563_400.0),
    "Rhea": (60500, 765_000.0),
    "Titan": (60600, 2_575_150.0),
    "Iapetus": (60800, 745_700.0),
    "Triton": (80100, 1_352_600.0),
    "Ceres": (200000100, 487_300.0),
    "Vesta": (200000400, 289_000.0),
    "Pluto": (99900, 1_188_300.0),
    "Charon": (90100, 606_000.0),
}
# Datum and CRS names say "Moon", "D_Moon_2000", "MARS" ...; Earth's never name the Earth.
_EARTH_RADII_M = (6_340_000.0, 6_400_000.0)
# Products disagree by metres to kilometres about one body's radius; bodies of like size differ by more.
_SAME_RADIUS = 0.005
_KEPT = 16  # transformations a thread keeps


@dataclass(frozen=True)
class Body:
    """A body and the ellipsoid its coordinates refer to (semi-axes in metres)."""

    name: str
    semi_major_m: float
    semi_minor_m: float

    @property
    def radius_m(self) -> float:
        """Radius of the sphere used for distances on the ground: the semi-major axis."""
        return self.semi_major_m

    @property
    def is_sphere(self) -> bool:
        return self.semi_major_m == self.semi_minor_m

    @property
    def datum(self) -> str:
        """The name of the surface heights are counted from."""
        if self.is_sphere:
            return f"{self.name} sphere of radius {self.semi_major_m:.0f} m"
        return f"{self.name} ellipsoid {self.semi_major_m:.0f} x {self.semi_minor_m:.0f} m"

    def lonlat_crs(self) -> Any:
        """Return the planetocentric longitude/latitude CRS (degrees) of this body as an OSR object."""
        code = _IAU_2015.get(self.name)
        if code is not None and code[1] == self.semi_major_m:
            return spatial_reference(f"IAU_2015:{code[0]}")
        return spatial_reference(f"+proj=longlat +R={self.semi_major_m!r} +no_defs")


def body_named(name: str) -> Body:
    """Return the sphere of a body by its English name (IAU 2015)."""
    for known, (_, radius) in _IAU_2015.items():
        if known.lower() == name.strip().lower():
            return Body(known, radius, radius)
    raise InputError(f"Body {name!r} is not known; use one of {', '.join(_IAU_2015)}.")


def body_of_radius(radius_m: float) -> Body:
    """Return the known body nearest in size, with exactly the radius given."""
    for known, (_, radius) in _IAU_2015.items():
        if abs(radius_m / radius - 1) < _SAME_RADIUS:
            return Body(known, radius_m, radius_m)
    return Body(f"body of radius {radius_m / 1000:.1f} km", radius_m, radius_m)


def spatial_reference(crs: Any) -> Any:
    """Return an OSR spatial reference in x, y = easting/longitude, northing/latitude order.

    ``crs`` is anything GDAL reads (``IAU_2015:30100``, WKT, PROJ string) or an OSR object. The planetographic codes
    (``IAU_2015:49901``) count x, longitude or westing, positive to the west.
    """
    from osgeo import osr

    if isinstance(crs, osr.SpatialReference):
        reference = crs.Clone()
    else:
        reference = osr.SpatialReference()
        try:
            failed = reference.SetFromUserInput(str(crs)) != 0
        except RuntimeError:
            failed = True
        if failed:
            raise InputError(f"CRS {str(crs)[:80]!r} is not understood; give a code such as IAU_2015:30100 or WKT.")
    reference.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    if [reference.GetAxisOrientation(None, axis) for axis in (0, 1)] == [osr.OAO_North, osr.OAO_West]:
        reference.SetDataAxisToSRSAxisMapping([2, 1])  # GDAL puts longitude first only where it grows to the east
    return reference


def is_angular(reference: Any) -> bool:
    """Whether x, y of an OSR object are longitude and latitude, planetographic or (``IAU_2015:49902``) planetocentric.

    GDAL calls only the first kind geographic.
    """
    return bool(reference.IsGeographic()) or "CS[spherical," in reference.ExportToWkt(["FORMAT=WKT2_2019"])


def counts_west(reference: Any) -> bool:
    """Whether an axis of an OSR object grows to the west, as planetographic longitudes of many bodies do."""
    from osgeo import osr

    return osr.OAO_West in (reference.GetAxisOrientation(None, axis) for axis in (0, 1))


def body_of_crs(crs: Any) -> Body:
    """Return the body a CRS belongs to, from its ellipsoid and the names it carries."""
    reference = spatial_reference(crs)
    if reference.IsLocal():  # GDAL would give the Earth's axes
        raise InputError(f"CRS {reference.GetName()[:80]!r} is of no body; set the CRS of the data's body.")
    major, minor = reference.GetSemiMajor(), reference.GetSemiMinor()
    texts = [reference.GetName(), reference.GetAttrValue("DATUM"), reference.GetAttrValue("SPHEROID")]
    words = " ".join(t for t in texts if t).replace("_", " ").lower().split()
    for known, (_, radius) in _IAU_2015.items():
        if known.lower() in words and abs(major / radius - 1) < 0.1:
            return Body(known, major, minor)
    if _EARTH_RADII_M[0] < major < _EARTH_RADII_M[1]:
        return Body("Earth", major, minor)
    return Body(body_of_radius(major).name, major, minor)


def local_radius(body: Body, lat: Array) -> Array:
    """Distance (m) of a body's ellipsoid from its centre at planetocentric latitudes (rad)."""
    a, b = body.semi_major_m, body.semi_minor_m
    return np.asarray(a * b / np.hypot(b * np.cos(lat), a * np.sin(lat)))


def same_body(a: Body, b: Body) -> bool:
    """Whether two bodies are the same one: like radii, and no two different names."""
    alike = abs(a.semi_major_m / b.semi_major_m - 1) < _SAME_RADIUS
    named = "radius" not in a.name and "radius" not in b.name
    return alike and (a.name == b.name or not named)


def require_same_body(a: Body, what_a: str, b: Body, what_b: str) -> None:
    """Raise `InputError` naming both bodies when they differ."""
    if not same_body(a, b):
        raise InputError(f"{what_a} is on {a.name} but {what_b} is on {b.name}; give data of one body.")


class LonLat:
    """Transformation between a CRS and planetocentric longitude, latitude of its own body, in radians."""

    def __init__(self, crs: Any) -> None:
        from osgeo import osr

        reference = spatial_reference(crs)
        self.body = body_of_crs(reference)
        geographic = spatial_reference(reference.CloneGeogCS())
        # (b/a)^2 = tan(planetocentric) / tan(planetographic) latitude
        graphic = bool(geographic.IsGeographic())
        self._ratio = (self.body.semi_minor_m / self.body.semi_major_m) ** 2 if graphic else 1.0
        self._angular = is_angular(reference)
        self._unit = geographic.GetAngularUnits()
        self._east = -self._unit if counts_west(geographic) else self._unit  # rad to the east by a unit of x
        if not self._angular:
            with _as_given():
                self._forward = osr.CoordinateTransformation(reference, geographic)
                self._inverse = osr.CoordinateTransformation(geographic, reference)

    def from_xy(self, x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Array, Array]:
        """Map x, y of the CRS (any equal shape) -> longitude in -pi..pi, latitude (rad); NaN outside the projection."""
        x, y = np.broadcast_arrays(np.asarray(x, float), np.asarray(y, float))
        lon, lat = (x, y) if self._angular else _transform(self._forward, x, y)
        lon, lat = lon * self._east, lat * self._unit
        if self._ratio != 1:
            lat = np.arctan(self._ratio * np.tan(lat))
        return np.angle(np.exp(1j * lon)), np.array(lat)

    def to_xy(self, lon: npt.ArrayLike, lat: npt.ArrayLike, near_x: float | None = None) -> tuple[Array, Array]:
        """Inverse of `from_xy`; in a geographic CRS ``near_x`` chooses the turn of longitude (degrees) to stay near."""
        lon, lat = np.broadcast_arrays(np.asarray(lon, float), np.asarray(lat, float))
        if self._ratio != 1:
            lat = np.arctan(np.tan(lat) / self._ratio)
        x, y = lon / self._east, lat / self._unit
        if not self._angular:
            return _transform(self._inverse, x, y)
        if near_x is not None:
            turn = 2 * np.pi / self._unit
            x = near_x + (x - near_x + turn / 2) % turn - turn / 2
        return x, y


_made = threading.local()


def lonlat_of(crs: str) -> LonLat:
    """The `LonLat` of a CRS, made once a thread: PROJ takes its time, and threads may not share it."""
    known: dict[str, LonLat] = _made.__dict__.setdefault("known", {})
    if crs not in known:
        while len(known) >= _KEPT:
            del known[next(iter(known))]
        known[crs] = LonLat(crs)
    return known[crs]


def _transform(transformation: Any, x: Array, y: Array) -> tuple[Array, Array]:
    given, out = np.column_stack([x.ravel(), y.ravel()]), np.empty((x.size, 2))
    with _unraised():
        for first in range(0, x.size, FEW_ROWS // 2):  # a list goes in and a tuple comes out for each
            some = slice(first, first + FEW_ROWS // 2)
            out[some] = np.array(transformation.TransformPoints(given[some].tolist()), float)[:, :2]
    out[~np.isfinite(out)] = np.nan
    return out[:, 0].reshape(x.shape), out[:, 1].reshape(x.shape)


@contextmanager
def _as_given() -> Iterator[None]:
    """Transform by the definitions at hand: to look for a planetary code in PROJ's database takes GDAL 14 ms a time."""
    from osgeo import gdal

    option = "OGR_CT_PREFER_OFFICIAL_SRS_DEF"
    usual = gdal.GetThreadLocalConfigOption(option)
    gdal.SetThreadLocalConfigOption(option, "NO")
    try:
        yield
    finally:
        gdal.SetThreadLocalConfigOption(option, usual)


@contextmanager
def _unraised() -> Iterator[None]:
    """A place outside a projection is infinite and no error, whatever GDAL's version and exceptions are set to."""
    from osgeo import gdal, osr

    gdal.PushErrorHandler("CPLQuietErrorHandler")
    used = osr.GetUseExceptions()
    try:
        if hasattr(osr, "ExceptionMgr"):  # GDAL >= 3.7: for this thread alone
            with osr.ExceptionMgr(useExceptions=False):
                yield
            return
        if used:
            osr.DontUseExceptions()
        try:
            yield
        finally:
            if used:
                osr.UseExceptions()
    finally:
        gdal.PopErrorHandler()
