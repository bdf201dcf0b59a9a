"""``planetary-dtm bench paper``: Tables 2 to 5 and Figures 5, 7 to 15 of Xu et al. 2016, theirs and ours side by side.

Everything is simulated, over GLD100 where the figures show real relief (rough ground without the data). Figures are
written as PNG.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from ..core.outputs import replacing
from ..core.progress import Progress, part, silent, tell
from ..core.report import png
from . import geometry, orbit, paper_cases, resection, trajectory
from .data import real_data
from .paper_case_figures import figures as case_figures
from .paper_figures import figure_5, figure_7
from .paper_matching import table_5_matching
from .table import Table, Tables

METHODS = ("collinearity", "two_phase", "trajectory")
SEEDS = 10  # flights of Tables 2 and 3 and of the two-line sensors; one scene is enough for times, arcs and figures


def run(data: str | None = None, folder: str | None = None, progress: Progress = silent, seeds: int = SEEDS) -> Tables:
    """Run all of it; figures go to ``folder`` (default: a temporary one), and the last table names them."""
    started, used = time.perf_counter(), time.process_time()
    target = Path(folder or tempfile.mkdtemp(prefix="planetary-dtm-paper-"))
    target.mkdir(parents=True, exist_ok=True)
    tables = [
        resection.random_instants(progress=part(progress, 0.0, 0.03)),
        resection.table_2(METHODS, part(progress, 0.03, 0.15), range(seeds)),
        resection.table_3(METHODS, part(progress, 0.15, 0.3), range(seeds)),
        trajectory.two_line(range(seeds), part(progress, 0.3, 0.4)),
        geometry.table_4(part(progress, 0.4, 0.42)),
        resection.table_5(part(progress, 0.42, 0.46)),
        table_5_matching(part(progress, 0.46, 0.55)),
    ]
    arcs = orbit.run(part(progress, 0.55, 0.85))
    tables += [orbit.table_of(name, arc) for name, arc in arcs.items()]
    with tempfile.TemporaryDirectory() as temporary:
        found = paper_cases.run(real_data(data), Path(temporary), part(progress, 0.85, 0.98))
    tables.append(paper_cases.table_of(found))
    tell(progress, 0.98, "Drawing")
    three_line = {name: arc for name, arc in arcs.items() if name.startswith("CE-1")}
    figures = {
        "figure_5.png": (figure_5(), "certainty of interpolated altitudes over a crater"),
        "figure_7.png": (figure_7(), "altimeter shots and GCPs near the pole and the equator"),
        "figure_8.png": (orbit.figure_8(three_line), "orientation errors from the pole to the equator"),
        "figure_9.png": (orbit.figure_9(arcs), "altitude errors from the pole to the equator"),
        **case_figures(found),
    }
    drawn = Table("Figures", ["figure", "file"])
    for name, (figure, title) in figures.items():
        with replacing(target / name) as temporary_file:
            temporary_file.write_bytes(png(figure))
        drawn.rows.append([title, str(target / name)])
    seconds = time.perf_counter() - started, time.process_time() - used
    drawn.notes.append(f"The whole run took {seconds[0]:.0f} s by the clock, {seconds[1]:.0f} s of a core.")
    return Tables([*tables, drawn])
