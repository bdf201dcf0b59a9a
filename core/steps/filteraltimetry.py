"""Step: laser shots are freed of wild ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..altimetry.filtering import FEWEST_SHOTS, FilterResult, filter_shots
from ..altimetry.readers import DATUM_COLUMN, Shots, doubts, read_shots, require_places
from ..bodies import body_named
from ..memory import require_memory
from ..outputs import require_writable, together
from ..progress import Progress, part, silent, tell
from ..tables import write_table
from .inputs import ALTIMETRY_HELP
from .step import Kind, Output, OutputKind, Parameter, Step, StepResult

_FIXED_MB, _BYTES_PER_SHOT = 200.0, 1600  # measured at 20,000 and 60,000 shots


def run(
    *,
    input: str,
    altitude_field: str | None,
    body: str | None,
    output: str,
    output_outliers: str | None,
    progress: Progress = silent,
) -> StepResult:
    """Split the shots into good and wild ones; see `STEP` for the parameters."""
    for path in filter(None, (output, output_outliers)):
        require_writable(path)
    shots = read_shots(input, body_named(body) if body else None, altitude_field=altitude_field or None)
    require_places(shots)
    needed = _FIXED_MB + _BYTES_PER_SHOT * len(shots) / 1e6
    require_memory(needed, f"Filtering {len(shots)} shots", "split INPUT by area", progress)
    found = filter_shots(shots, part(progress, 0.0, 0.9))
    made: dict[str, Any] = {"OUTPUT": output}
    wild = int((~found.keep).sum())
    notes = [f"{wild} of {len(shots)} shots of {Path(input).name} are wild ({wild / len(shots):.2%})."]
    with together():
        _write(output, shots, found, found.keep)
        tell(progress, 0.95, "Writing")
        if output_outliers and wild:
            _write(output_outliers, shots, found, ~found.keep)
            made["OUTPUT_OUTLIERS"] = output_outliers
        elif output_outliers:
            notes.append("There are none to write to OUTPUT_OUTLIERS.")
    made |= {"KEPT": len(shots) - wild, "OUTLIERS": wild}
    warnings = doubts(shots)
    if np.isinf(found.limit):
        warnings += (f"Shots at fewer than {FEWEST_SHOTS} places cannot be judged by their neighbours; all are kept.",)
    return StepResult(made, warnings, tuple(notes))


def _write(path: str, shots: Shots, found: FilterResult, chosen: npt.NDArray[np.bool_]) -> None:
    columns: dict[str, npt.NDArray[Any]] = {
        "lon": np.round(np.degrees(shots.lon), 9),
        "lat": np.round(np.degrees(shots.lat), 9),
        "altitude": np.round(shots.altitude, 4),
        "residual": np.round(found.residual, 3),
        "spread": np.round(found.spread, 3),
    }
    for name, values in (("sigma", shots.sigma), ("track", shots.track)):
        if values is not None:
            columns[name] = values
    columns[DATUM_COLUMN] = np.full(len(shots), shots.datum, dtype=object)
    part_of = {name: values[chosen] for name, values in columns.items()}
    write_table(path, part_of, (part_of["lon"], part_of["lat"]), shots.body)


STEP = Step(
    id="filteraltimetry",
    title="Filter altimetry",
    group="Altimetry",
    help=(
        "Finds wild shots in laser altimetry. Weighted locally optimal projection (Huang et al. 2009) gives a robust "
        "surface; a shot far from what its neighbours say, against the local spread, is an outlier. Rugged ground is "
        "not thinned out: the limit is read off the shots' own distribution."
    ),
    parameters=(
        Parameter("INPUT", Kind.TABLE, "Altimetry", ALTIMETRY_HELP),
        Parameter(
            "ALTITUDE_FIELD",
            Kind.FIELD,
            "Altitude field",
            "Column that holds altitudes in metres above the datum; left empty, it is recognised by its name.",
            optional=True,
            parent="INPUT",
        ),
        Parameter(
            "BODY",
            Kind.TEXT,
            "Body",
            "Name of the body (Moon, Mars ...) where a table without geometry does not tell it.",
            optional=True,
        ),
    ),
    outputs=(
        Output(
            "OUTPUT",
            OutputKind.TABLE,
            "Good shots",
            "Shots kept, with their distance from the surface of the others (residual), its spread, and "
            "the datum their altitudes count from.",
            extension="csv",
        ),
        Output(
            "OUTPUT_OUTLIERS",
            OutputKind.TABLE,
            "Outliers",
            "The wild shots, with the same columns.",
            optional=True,
            extension="csv",
        ),
        Output("KEPT", OutputKind.NUMBER, "Kept", "Number of good shots."),
        Output("OUTLIERS", OutputKind.NUMBER, "Outliers", "Number of wild shots."),
    ),
    run=run,
    icon="altimetry",
    tags=("LOLA", "MOLA", "LAM", "outlier", "WLOP", "robust"),
)
