"""The report on refined camera models: what was recovered, what was not, and how the observations fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..report import Report, figure, key_values, new_figure, note, table
from .dense_system import Prior
from .refine import COMPONENTS, Refined

_COLOURS = ("#1f5f8b", "#d98e04", "#b3372c")


def refine_report(found: Refined, prior: Prior, inputs: Mapping[str, object], warnings: Sequence[str] = ()) -> Report:
    """Build the report; ``inputs`` are names and values shown as they are."""
    names = ", ".join(path.camera.name for path in found.paths)
    report = Report("Refined camera models", names)
    opening = note("The adjustment has settled.", "good") if found.settled else ""
    said = [note(sentence, "warning") for sentence in (*warnings, *found.warnings)]
    report.section("Verdict", *([opening] if opening else []), *said, *(note(text) for text in found.sentences))
    report.section("Inputs", key_values(inputs))
    report.section("Fit", table(found.fits, ("observations", "before", "after (RMS)")))
    rows = []
    for image, path in enumerate(found.paths):
        sigma = np.sqrt(np.mean(np.diagonal(found.covariance[image], axis1=1, axis2=2), axis=0))
        least = np.repeat([prior.position, prior.attitude], 3)
        for name, own, given in zip(COMPONENTS, sigma, least):
            rows.append((path.camera.name, name, float(given), float(own), "yes" if own < 0.5 * given else "no"))
    report.section(
        "What is recovered",
        "A component is recovered where its sigma is less than half of what the nominal model was trusted to. A shift "
        "and a turn that move the ground alike stay open by themselves though the ground is known.",
        table(rows, ("image", "component", "sigma before", "sigma after", "recovered")),
    )
    for image, path in enumerate(found.paths):
        caption = "Corrections of the nominal model along the image (band: one sigma)."
        report.section(path.camera.name, figure(correction_figure(found, image), caption))
    return report


def correction_figure(found: Refined, image: int) -> Any:
    """Shift and turn along the lines with their one-sigma bands, three panels each."""
    fig, axes = new_figure(3, 2, (9.0, 6.5), sharex=True)
    path, line = found.paths[image], found.lines[image]
    values = np.hstack([path.place.evaluate(path.shifts, line), path.turn.evaluate(path.turns, line)])
    sigma = np.sqrt(np.diagonal(found.covariance[image], axis1=1, axis2=2))
    for part, name in enumerate(COMPONENTS):
        axis = axes[part % 3, part // 3]
        colour, own = _COLOURS[part % 3], values[:, part]
        axis.plot(line, own, color=colour, linewidth=1)
        band = own - sigma[:, part], own + sigma[:, part]
        axis.fill_between(line, *band, color=colour, alpha=0.25, linewidth=0)
        axis.set_ylabel(f"{name} [{'m' if part < 3 else 'rad'}]", fontsize=9)
    for axis in axes[-1]:
        axis.set_xlabel("line", fontsize=9)
    return fig
