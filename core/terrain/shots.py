"""Altimeter shots on a raster's grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError

Array = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Shots:
    """Heights at points of a grid: fractional row and col (pixel centres at integers), altitude and sigma in
    metres, and the number of the track each shot belongs to; all (N,)."""

    row: Array
    col: Array
    altitude: Array
    sigma: Array
    track: np.ndarray[Any, np.dtype[np.int64]]

    def __len__(self) -> int:
        return len(self.row)

    def __getitem__(self, chosen: Any) -> Shots:
        """The shots of a mask, slice or index array."""
        return Shots(*(values[chosen] for values in (self.row, self.col, self.altitude, self.sigma, self.track)))


def make_shots(row: Any, col: Any, altitude: Any, sigma: Any = 1.0, track: Any = None) -> Shots:
    """Shots from plain sequences; sigma may be one number; without ``track`` all shots are one track.

    Raises InputError where lengths differ or a value is not finite.
    """
    row, col, altitude = (np.atleast_1d(np.asarray(values, dtype=np.float64)) for values in (row, col, altitude))
    sigma = np.broadcast_to(np.asarray(sigma, dtype=np.float64), row.shape).copy()
    one_track = np.zeros(len(row), dtype=np.int64)
    names = one_track if track is None else np.unique(track, return_inverse=True)[1].reshape(-1)
    if not len(row) == len(col) == len(altitude) == len(names):
        raise InputError("ALTIMETRY: row, col, altitude and track must have one value per shot.")
    if not all(np.isfinite(values).all() for values in (row, col, altitude, sigma)):
        raise InputError("ALTIMETRY holds a position, altitude or sigma that is not a number; remove those shots.")
    if (sigma <= 0).any():
        raise InputError("ALTIMETRY holds a sigma of 0 m or less; give every shot a positive one.")
    return Shots(row, col, altitude, sigma, names)
