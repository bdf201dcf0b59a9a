"""What heights count from: a body's sphere or ellipsoid, or its areoid; named, read back from names, converted.

Spheres and ellipsoids differ by their radii at a latitude. The areoid is an equipotential surface that no formula here
tells: heights above it stay above it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from .bodies import Body, local_radius
from .errors import InputError
from .rasters import Grid

Array = npt.NDArray[np.float64]

WITH_AREOID = ("Mars",)  # bodies whose heights are usually told above an equipotential surface
_ALIKE = 0.05  # share by which a number may differ from a body's radius to be one
_NODES_RAD = 0.001  # between places where a radius is computed: between them it is good to 0.01 m on Mars
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Datum:
    """The surface heights count from: the sphere or ellipsoid of ``body``, or its areoid."""

    body: Body
    areoid: bool = False

    @property
    def name(self) -> str:
        return f"{self.body.name} areoid" if self.areoid else self.body.datum

    def same(self, other: Datum) -> bool:
        """Whether heights above both are the same, to the metre of a radius that names tell."""
        if self.areoid or other.areoid:
            return self.areoid and other.areoid
        return self.name == other.name

    def rise(self, wanted: Datum, lat: npt.ArrayLike) -> Array:
        """Metres that heights above this datum gain when they are told above ``wanted``, at latitudes (rad)."""
        if self.areoid or wanted.areoid:
            return np.zeros(np.shape(lat))
        lat = np.asarray(lat, np.float64)
        return local_radius(self.body, lat) - local_radius(wanted.body, lat)


def datum_named(text: str, body: Body) -> Datum | None:
    """The datum a text names: "areoid", "crs", a radius or two semi-axes (m or km), or what `Datum.name` gives.

    ``body`` is the one it has to be of; None where the text names none of its surfaces.
    """
    words = text.strip().lower()
    if words in (body.datum.lower(), "crs"):
        return Datum(body)
    if "areoid" in words or "geoid" in words:
        return Datum(body, areoid=True)
    found = [float(number) for number in _NUMBER.findall(words)]
    axes = [n * unit for n in found for unit in (1.0, 1000.0) if abs(n * unit / body.semi_major_m - 1) < _ALIKE]
    if len(axes) not in (1, 2):
        return None
    return Datum(replace(body, semi_major_m=max(axes), semi_minor_m=min(axes)))


def require_convertible(own: Datum, what: str, wanted: Datum, whose: str, fix: str) -> None:
    """Raise `InputError` naming both datums where only one of them is an areoid."""
    if own.areoid != wanted.areoid:
        raise InputError(
            f"Heights of {what} are above the {own.name}, {whose} above the {wanted.name}, and what lies between them "
            f"is not known; {fix}."
        )


def radius_on(grid: Grid, body: Body) -> Array:
    """Distance (m) of a body's sphere or ellipsoid from its centre at a grid's pixels: (), (height, 1) or all."""
    if body.is_sphere:
        return np.array(body.semi_major_m)
    rows, columns = np.arange(grid.height, dtype=float), np.arange(grid.width, dtype=float)
    if grid.is_geographic:
        return local_radius(body, grid.lonlat_of(np.zeros(rows.shape), rows)[1])[:, None]
    step = max(1, int(_NODES_RAD * body.radius_m / max(grid.pixel_size_m)))
    nodes = [np.unique(np.append(axis[::step], axis[-1])) for axis in (rows, columns)]
    at = local_radius(body, grid.lonlat_of(*np.meshgrid(nodes[1], nodes[0]))[1])
    if not np.isfinite(at).all():  # beside the edge of a projection
        return local_radius(body, grid.lonlat_of(*np.meshgrid(columns, rows))[1])
    for axis, (node, places) in enumerate(zip(nodes, (rows, columns))):
        before = np.clip(np.searchsorted(node, places, "right") - 1, 0, max(len(node) - 2, 0))
        after = np.minimum(before + 1, len(node) - 1)
        share = (places - node[before]) / np.maximum(node[after] - node[before], 1.0)
        share = share[:, None] if axis == 0 else share
        at = np.take(at, before, axis) * (1 - share) + np.take(at, after, axis) * share
    return at
