"""Bundle adjustment of one flight: tie points and raw altimetry beside the trajectory's ground control points."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..altimetry.readers import Shots
from ..camera.rotations import angles_from_matrix, unwrap_angles
from ..camera.sensor import Sensor
from ..errors import InputError
from .coupling import Observed
from .model import Orientation, TiePoints
from .path import Path
from .surface_shots import ShotRows, shots_over
from .ties import OUTLIER, TieRows, rays_of

Array = NDArray[np.float64]

# of the image in which tie points are spread: lines a cell, and cells a line
CELL_LINES, CELLS = 8.0, 16.0
Rows = TypeVar("Rows", TieRows, ShotRows)
TiePicker = Callable[[Orientation], TiePoints]  # chooses ties once the GCPs have told about where the camera was


@dataclass(frozen=True)
class Bundle:
    """What the trajectory is adjusted to beside its GCPs; ``sentences`` say what is used and how it fits before."""

    observed: tuple[Observed, ...] = ()
    sentences: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, ties: TiePoints | TiePicker | None, shots: Shots | None, sensor: Sensor, line: Array, path: Path
    ) -> Bundle:
        """Ties between the first and last of ascending lines (L,), and the shots over the surface they span.

        A well spread subset of the ties joins the views; all of them make the surface, where ``path`` sees them. Raises
        `InputError` where no tie point is left.
        """
        if callable(ties):
            poses = path.at(line)
            angles = unwrap_angles(angles_from_matrix(poses.rotation))
            ties = ties(Orientation(line, poses.position, angles, "trajectory"))
        if ties is None or not len(ties):
            unused = "Raw shots are not used: without TIES there is no surface below them."
            return cls(sentences=() if shots is None else (unused,))
        inside = (ties.line >= line[0]) & (ties.line <= line[-1])
        ties = replace(ties, line=np.where(inside, ties.line, np.nan))[inside.sum(axis=1) >= 2]
        if not len(ties):
            raise InputError(
                f"No tie point is seen twice between lines {line[0]:g} and {line[-1]:g} of the GCPs: check that TIES "
                "and GCPS belong together."
            )
        every = TieRows.of(rays_of(ties, sensor))
        tied = _placed(TieRows.of(rays_of(spread(ties, sensor.samples), sensor)), path)
        rms = tied.reweighed(path.at(tied.line.ravel()), 0.0).rms_px(path.at(tied.line.ravel()))
        said = (
            f"{len(tied.trust)} of {len(ties)} tie points join the views; by the GCPs alone their rays miss by "
            f"{rms:.3g} px (RMS)."
        )
        if shots is None:
            return cls((tied,), (said,))
        good, point = every.usable(path.at(every.line.ravel()))
        over = shots_over(shots, ties, point, good, lambda chosen: rays_of(chosen, sensor))
        if over is None:
            return cls((tied,), (said, "No raw shot has tie points about it; the shots are not used."))
        over = _placed(over, path)
        rms = over.rms_m(path.at(over.line.ravel()))
        held = f"{len(over.row)} raw shots hold their surface; by the GCPs alone they stand {rms:.3g} m (RMS) off it."
        return cls((tied, over), (said, held))

    def told(self, observed: Sequence[Observed], path: Path) -> list[str]:
        """Sentences on ties and shots, and how they fit after the adjustment."""
        said = list(self.sentences)
        for part in observed:
            poses = path.at(part.line.ravel())
            if isinstance(part, TieRows):
                said.append(
                    f"With them the rays of the tie points miss by {part.rms_px(poses):.3g} px (RMS), {part.scale:.3g} "
                    f"times their sigma; {int((part.trust < 1).sum())} lie beyond {OUTLIER:g} sigma."
                )
            if isinstance(part, ShotRows):
                said.append(
                    f"With them the shots stand {part.rms_m(poses):.3g} m (RMS) off the surface, {part.scale:.3g} "
                    f"times their sigma; {int((part.trust < 1).sum())} lie beyond {OUTLIER:g} sigma."
                )
        return said


def _placed(rows: Rows, path: Path) -> Rows:
    return rows.placed(path.at(rows.line.ravel()), path.at(rows.rays.beside().ravel()))


def spread(ties: TiePoints, samples: int) -> TiePoints:
    """At most one tie point a cell of the first image, ``samples`` wide: the one seen most often and best."""
    if not len(ties):
        return ties
    across = np.floor(ties.sample[:, 0] * CELLS / samples)
    cell = np.stack([ties.view[:, 0], np.floor(ties.line[:, 0] / CELL_LINES), across])
    seen = np.isfinite(ties.line)
    sigma = np.sum(np.where(seen, ties.sigma_px, 0.0), axis=1) / seen.sum(axis=1)
    order = np.lexsort((sigma, -seen.sum(axis=1), *cell))
    first = np.concatenate([[True], np.any(np.diff(cell[:, order]) != 0, axis=0)])
    return ties[np.sort(order[first])]


def joined_ties(parts: Sequence[TiePoints]) -> TiePoints:
    """Tie points of several images A as one table, as wide as the widest."""
    images = max(part.line.shape[1] for part in parts)

    def column(name: str, fill: float) -> NDArray[Any]:
        values = [getattr(part, name) for part in parts]
        wider = [np.pad(v, ((0, 0), (0, images - v.shape[1])), constant_values=fill) for v in values]
        return np.concatenate(wider)

    return TiePoints(column("line", np.nan), column("view", 0), column("sample", 0.0), column("sigma_px", 0.0))
