"""``planetary-dtm bench paper``: Tables 2 to 5 and Figures 5, 7, 8, 9 of Xu et al. 2016, theirs and ours side by side.

Everything is simulated and runs without data. Figures are written as PNG.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from ..core.outputs import replacing
from ..core.progress import Progress, part, silent, tell
from ..core.report import png
from . import geometry, orbit, resection
from .paper_figures import figure_5, figure_7
from .table import Table, Tables

METHODS = ("collinearity", "two_phase", "trajectory")


def run(data: str | None = None, folder: str | None = None, progress: Progress = silent) -> Tables:
    """Run all of it; figures go to ``folder`` (default: a temporary one), and the last table names them."""
    target = Path(folder or tempfile.mkdtemp(prefix="planetary-dtm-paper-"))
    target.mkdir(parents=True, exist_ok=True)
    tables = [
        resection.table_2(METHODS, part(progress, 0.0, 0.25)),
        resection.table_3(METHODS, part(progress, 0.25, 0.5)),
        geometry.table_4(part(progress, 0.5, 0.52)),
        resection.table_5(part(progress, 0.52, 0.58)),
    ]
    arcs = orbit.run(part(progress, 0.58, 0.95))
    tables += [orbit.table_of(name, arc) for name, arc in arcs.items()]
    tell(progress, 0.95, "Drawing")
    three_line = {name: arc for name, arc in arcs.items() if name.startswith("CE-1")}
    figures = {
        "figure_5.png": (figure_5(), "certainty of interpolated altitudes over a crater"),
        "figure_7.png": (figure_7(), "altimeter shots and GCPs near the pole and the equator"),
        "figure_8.png": (orbit.figure_8(three_line), "orientation errors from the pole to the equator"),
        "figure_9.png": (orbit.figure_9(arcs), "altitude errors from the pole to the equator"),
    }
    drawn = Table("Figures", ["figure", "file"])
    for name, (figure, title) in figures.items():
        with replacing(target / name) as temporary:
            temporary.write_bytes(png(figure))
        drawn.rows.append([title, str(target / name)])
    return Tables([*tables, drawn])
