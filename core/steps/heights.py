"""DEMs opened for their heights, which come out above the datum asked for, whatever the file counts from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ..bodies import Body
from ..datums import WITH_AREOID, Datum, datum_named, radius_on, require_convertible
from ..errors import InputError
from ..rasters import Mask, Raster, Window
from .step import Kind, Parameter

# Window and shape as `Raster.read` takes them -> heights (m), validity.
HeightReader = Callable[["Window | None", "tuple[int, int] | None"], "tuple[npt.NDArray[Any], Mask]"]

DATUM_KEY = "DATUM"  # of a raster's metadata
_FAR = 0.1  # of the radius: no ground lies so far off the sphere
_LOOKED = 16, 256  # pixels a side that tell heights from radii; the second where the first are empty

INPUT_DATUM = Parameter(
    "INPUT_DATUM",
    Kind.TEXT,
    "DTM's datum",
    "What the DTM's heights count from, where its file does not say or is wrong: areoid, crs, or a radius in metres.",
    optional=True,
    advanced=True,
)
REFERENCE_DATUM = Parameter(
    "REFERENCE_DATUM",
    Kind.TEXT,
    "Reference datum",
    "What the reference DEM's heights count from, where its file does not say or is wrong: areoid (MOLA MEGDR, most "
    "HRSC terrain), crs (the sphere or ellipsoid of its CRS), or a radius in metres such as 3396000. Left empty: the "
    "file's own DATUM, else crs.",
    optional=True,
    advanced=True,
)


class Dem:
    """The first band of a DEM: what its heights count from, and ``above``, which reads them above another datum."""

    def __init__(self, path: str, what: str = "DEM", datum: str | None = None, parameter: str = "") -> None:
        """``what`` names it in messages; ``datum`` is the user's word for what it counts from, given as ``parameter``.

        Raises `InputError` for a datum that is not understood, and values that are neither heights nor radii.
        """
        self.raster = Raster(path, what)
        self.grid, self._what = self.raster.grid, f"{what} {self.raster.name!r}"
        self.relative = self.raster.metadata.get("LEVELLED", "").upper() == "NO"
        self.radii = not self.relative and self._holds_radii()
        self.datum, self.warnings = Datum(self.grid.body), self._doubts()
        self._parameter = parameter
        if not self.radii and not self.relative:
            self._find_datum(datum)

    @property
    def fix(self) -> str:
        """What a user may do where the datum does not suit."""
        said = f", or say what they count from in {self._parameter}" if self._parameter else ""
        return f"give heights above the {self.grid.body.datum}{said}"

    def common(self, body: Body) -> Datum:
        """What its heights come to where a body's own surface is wanted: that, or the areoid they count from."""
        return Datum(body, self.datum.areoid)

    def above(self, wanted: Datum, whose: str = "the others'") -> HeightReader:
        """A reader of heights (m) above ``wanted``; raises `InputError` naming both datums where they do not convert.

        Values stay as the file has them where nothing is to be converted.
        """
        if self.relative:
            return self.raster.read
        if not self.radii:
            require_convertible(self.datum, self._what, wanted, whose, self.fix)
            if self.datum.same(wanted):
                return self.raster.read

        def read(window: Window | None = None, shape: tuple[int, int] | None = None) -> tuple[npt.NDArray[Any], Mask]:
            values, valid = self.raster.read(window, shape)
            part = self.grid if window is None else self.grid.sub(window)
            part = part.resized(values.shape[1], values.shape[0])
            own = 0.0 if self.radii else radius_on(part, self.datum.body)
            heights = values.astype(np.float64) + (own - radius_on(part, wanted.body))
            return np.where(valid, heights, 0.0), valid

        return read

    def _doubts(self) -> tuple[str, ...]:
        """A sentence where values look like the greys of an image."""
        if self.relative or not self.raster.is_byte():
            return ()
        return (
            f"{self._what} holds whole numbers of 0 to 255, as images do; they are taken for metres. If it is an "
            "image, give its terrain.",
        )

    def _holds_radii(self) -> bool:
        """Whether values are distances from the body's centre and not heights."""
        rows, columns = self.raster.size
        middle = 0.0
        for side in _LOOKED:
            values, valid = self.raster.read(None, (min(rows, side), min(columns, side)), resampling="nearest")
            if valid.any():
                middle = float(np.median(values[valid]))
                break
        radius = self.grid.body.radius_m
        if abs(middle) <= _FAR * radius:
            return False
        if abs(middle / radius - 1) > _FAR:
            raise InputError(
                f"Values of {self._what} are about {middle:.4g}: neither heights nor radii of {self.grid.body.name} in "
                "metres; correct its unit, scale or offset."
            )
        return True

    def _find_datum(self, given: str | None) -> None:
        body = self.grid.body
        noted = self.raster.metadata.get(DATUM_KEY, "").strip()
        if text := (given or noted):
            found = datum_named(text, body)
            if found is None:
                where = self._parameter if given else f"DATUM in {self._what}"
                raise InputError(
                    f"{where} is {text!r}, which names no surface of {body.name}; give areoid, crs, or a radius in "
                    "metres."
                )
            self.datum = found
        elif body.name in WITH_AREOID:
            ways = f"set {self._parameter} to areoid" if self._parameter else f"give heights above the {body.datum}"
            self.warnings += (
                f"{self._what} does not say what its heights count from; they are taken above the {body.datum}. If "
                f"they count from the areoid, as MOLA MEGDR and most HRSC terrain do, {ways}.",
            )
