"""A terrain brought to metres by what `read_references` found, and written with its sigma and how it was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..datums import Datum
from ..geotiff import Band, write_dtm
from ..progress import Progress, silent
from ..rasters import Grid, Mask
from ..terrain.level_dem import LevelledToDem, level_to_dem
from ..terrain.levelling import Levelled, level_relative
from ..terrain.levelling_rigid import RigidlyLevelled, level_rigid
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
    grid: Grid,
    height: Float,
    valid: Mask,
    references: References,
    mode: str,
    sigma: Float | None = None,
    progress: Progress = silent,
    hidden: Float | None = None,
    datum: Datum | None = None,
) -> InMetres:
    """Level ``height`` (rows, columns) on ``grid``: ``mode`` relative (scale, plane, fusion) or rigid (shift, tilt).

    ``sigma``: the terrain's own, which rigid levelling keeps and scales. ``hidden``: metres from lit ground where the
    image lies in shadow, else 0. ``datum``: what a measured terrain counts from (default: the grid's own surface); the
    result counts from what it is levelled to.
    """
    warnings = references.warnings
    pixel = grid.pixel_size_m[::-1]
    made: RigidlyLevelled | LevelledToDem | Levelled
    if mode == "rigid":
        made = level_rigid(height, valid, pixel, references.as_shots(), sigma, progress)
        facts = {"SHIFT_ROWS": f"{made.rows:.3f}", "SHIFT_COLUMNS": f"{made.cols:.3f}", "RISE_M": f"{made.rise:.3f}"}
        note = (
            f"Moved {made.cols * pixel[1]:.1f} m east, {-made.rows * pixel[0]:.1f} m north and {made.rise:.1f} m up "
            f"onto {made.used} shots of {references.source} (spread {made.spread_before:.1f} m before, "
            f"{made.spread_after:.1f} m after)"
        )
    elif references.dem is not None:
        made = level_to_dem(height, valid, references.dem.height, references.dem.valid, references.dem.cell, progress)
        facts = {"REFERENCE_CELLS": str(made.cells), "SCALE": f"{made.scale:.4f}"}
        note = f"Levelled to {made.cells} cells of {references.source}"
    else:
        made = level_relative(height, valid, pixel, references.as_shots(), progress, hidden=hidden)
        facts = {"SHOTS_USED": str(made.used), "SHOTS_WILD": str(made.wild), "SCALE": f"{made.scale:.4f}"}
        note = f"Levelled to {made.used} shots of {references.source} ({made.wild} left out as wild)"
    if not isinstance(made, RigidlyLevelled) and made.inverted:
        warnings += (
            f"The relief came out inverted (scale {made.scale:.2f}): the sun stands opposite; give SUN_AZIMUTH.",
        )
    before = (datum or Datum(grid.body)).name
    if mode == "rigid" and before != references.datum:
        warnings += (
            f"The terrain counts from the {before} and {references.source} from the {references.datum}: what lies "
            "between them is taken as a shift and a tilt.",
        )
    about = {
        "LEVELLED": "YES",
        "LEVELLED_TO": references.source,
        "LEVELLING": mode,
        "DATUM": references.datum,
        **facts,
    }
    return InMetres(made.height, made.sigma, about, warnings, (f"{note}: metres above the {references.datum}.",))


def write_levelled(
    path: str, grid: Grid, made: InMetres, about: Mapping[str, str], progress: Progress = silent
) -> None:
    """Write height and sigma in metres."""
    bands = (Band("height", "m"), Band("sigma", "m"))
    write_dtm(path, grid, [made.height, made.sigma], bands, {**about, **made.about}, progress)
