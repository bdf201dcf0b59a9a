"""A terrain brought to metres by what `read_references` found, and written with its sigma and how it was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..progress import Progress, silent
from ..rasters import Band, Grid, Mask, write_dtm
from ..terrain.levelling import level_relative
from ..version import VERSION
from .inputs import References

Float = npt.NDArray[np.float32]


@dataclass(frozen=True)
class InMetres:
    """height and sigma (m, NaN where unknown), metadata, and what to say of it."""

    height: Float
    sigma: Float
    about: Mapping[str, str]
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def bring_to_metres(
    grid: Grid, height: Float, valid: Mask, references: References, mode: str, progress: Progress = silent
) -> InMetres:
    """Level ``height`` (rows, columns) on ``grid``: ``mode`` relative (scale, plane, fusion) or rigid (shift, tilt)."""
    pixel = grid.pixel_size_m[::-1]
    made = level_relative(height, valid, pixel, references.shots, progress)
    warnings = []
    if made.inverted:
        warnings.append(
            f"The relief came out inverted (scale {made.scale:.2f}): the sun stands on the other side; "
            "give SUN_AZIMUTH."
        )
    about = {
        "LEVELLED": "YES",
        "LEVELLED_TO": references.source,
        "DATUM": grid.body.datum,
        "SCALE": f"{made.scale:.4f}",
        "SHOTS_USED": str(made.used),
        "SHOTS_WILD": str(made.wild),
        "VERSION": VERSION,
    }
    note = (
        f"Levelled to {made.used} shots of {references.source} ({made.wild} left out as wild): "
        f"metres above the {grid.body.datum}."
    )
    return InMetres(made.height, made.sigma, about, tuple(warnings), (note,))


def write_levelled(
    path: str, grid: Grid, made: InMetres, about: Mapping[str, str], progress: Progress = silent
) -> None:
    """Write height and sigma in metres."""
    bands = (Band("height", "m"), Band("sigma", "m"))
    write_dtm(path, grid, [made.height, made.sigma], bands, {**about, **made.about}, progress)
