"""The report on a large stereo run: what was made, and how the orbits stand apart where they cross."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

import numpy as np

from ..cluster.manifest import Done
from ..pictures import SIGMA_COLOURS, show_relief, show_values
from ..rasters import Raster
from ..report import Report, figure, key_values, new_figure, note, table
from ..terrain.crossovers import Crossover
from .orbit_merge import Merged

_SHOWN = 12  # pairs with a histogram of their own
_SIDE = 900  # pixels of the longer side of a map
_DOUBT = 2.0  # RMS in sigmas from which the sigmas are doubted
_HEADER = ("first", "second", "cells", "median [m]", "NMAD [m]", "RMS [sigmas]")
_BLUE, _GREY = "#1f5f8b", "#8a95a1"


def orbit_report(
    title: str,
    output: str,
    merged: Merged,
    units: Sequence[Done],
    lines: Mapping[str, str],
    parameters: Mapping[str, Any],
    warnings: Sequence[str],
) -> Report:
    """``lines``: unit -> what it is; the rest as the names say."""
    report = Report("Orbits merged to one DTM", title)
    source = Raster(output)
    facts = {
        "DTM": f"{source.grid.width} x {source.grid.height} pixels of {source.grid.pixel_size_m[1]:.4g} m",
        "Covered": f"{merged.covered:.1%}",
        "Seen by several orbits": f"{merged.repeated:.1%}",
        "Pairs of orbits that overlap": len(merged.orbits),
    }
    report.section("Result", key_values(facts), *_maps(source), *(note(text, "warning") for text in warnings))
    report.section("Crossovers of orbits", *_crossovers(merged.orbits))
    if merged.segments:
        about = (
            "Segments of one orbit look at the same pixels from the same orbit: their differences are the matching's."
        )
        rows = [_row(found) for found in merged.segments]
        report.section("Segments of one orbit", about, table(rows, _HEADER))
    rows = [
        (lines.get(done.unit, done.unit), done.cost.cpu_s, done.cost.peak_mb, done.cost.read_mb, done.cost.written_mb)
        for done in units
        if done.unit in lines
    ]
    header = ("unit", "CPU seconds", "peak memory [MB]", "read [MB]", "written [MB]")
    report.section("Work", table(rows, header), key_values(parameters))
    return report


def _row(found: Crossover) -> tuple[object, ...]:
    return found.first, found.second, found.cells, found.bias, found.spread, found.rms_sigmas


def _crossovers(pairs: Sequence[Crossover]) -> list[str]:
    if not pairs:
        return ["No two orbits overlap."]
    blocks: list[str] = [
        "First minus second where both have a height. In sigmas: over the root of the sum of both variances; its RMS "
        "is 1 where the sigmas tell the truth.",
        table([_row(found) for found in pairs], _HEADER),
    ]
    doubtful = [found for found in pairs if found.rms_sigmas > _DOUBT]
    if doubtful:
        names = ", ".join(f"{found.first} and {found.second}" for found in doubtful[:_SHOWN])
        blocks.append(note(f"Further apart than their sigmas allow: {names}.", "warning"))
    largest = sorted(pairs, key=lambda found: -found.cells)[:_SHOWN]
    fig, axes = new_figure(len(largest), 2, size=(8.0, 2.4 * len(largest)), squeeze=False)
    for (metres, sigmas), found in zip(axes, largest):
        reach = max(float(np.quantile(np.abs(found.metres), 0.99)), 1e-3)
        metres.hist(found.metres, bins=np.linspace(-reach, reach, 61), color=_BLUE)
        metres.set(title=f"{found.first} - {found.second}", xlabel="difference [m]", ylabel="cells")
        edges = np.linspace(-5, 5, 61)
        sigmas.hist(found.sigmas, bins=edges, density=True, color=_BLUE)
        sigmas.plot(edges, np.exp(-0.5 * edges**2) / np.sqrt(2 * np.pi), color=_GREY, label="as the sigmas say")
        sigmas.set(xlabel="difference [sigmas]", ylabel="density")
        sigmas.legend(fontsize=7, frameon=False)
    return [*blocks, figure(fig, f"Differences where orbits cross, the {len(largest)} largest overlaps")]


def _maps(source: Raster) -> list[str]:
    step = max(1, ceil(max(source.size) / _SIDE))
    shape = tuple(max(1, n // step) for n in source.size)
    bands = (source.read(shape=(shape[0], shape[1]), band=band) for band in (1, 2))
    height, sigma = (np.where(valid, values, np.nan).astype(np.float64) for values, valid in bands)
    pixel = tuple(size * step for size in source.grid.pixel_size_m)
    fig, axes = new_figure(1, 2, size=(9.0, 4.5))
    show_relief(axes[0], height, (pixel[0], pixel[1]), "", "height [m]")
    most = float(np.nanquantile(sigma, 0.99)) if np.isfinite(sigma).any() else 1.0
    show_values(axes[1], sigma, (pixel[0], pixel[1]), "", "sigma [m]", SIGMA_COLOURS, (0.0, most or 1.0))
    return [figure(fig, "Heights and their one-sigma, m")]
