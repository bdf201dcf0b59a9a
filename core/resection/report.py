"""The report on a recovered orientation: verdict, EOPs with error bars, residuals, GCPs over the certainty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..camera.sensor import Sensor
from ..frames import wrap_degrees
from ..report import Report, figure, key_values, new_figure, note, table
from .model import ControlPoints, Flag, Orientation, Resection

Array = NDArray[np.float64]

DRAWN = 6000  # points of a scatter: more only fill the page
_LABELS = ("X [km]", "Y [km]", "Z [km]", "θ [rad]", "φ [rad]", "ρ [rad]")
_SIGMAS = ("X [m]", "Y [m]", "Z [m]", "θ [µrad]", "φ [µrad]", "ρ [µrad]")
_SHOWN = (1e-3, 1e-3, 1e-3, 1.0, 1.0, 1.0)  # from metres and radians to the units of the labels
_BLUE, _RED = "#1f5f8b", "#b3372c"


@dataclass(frozen=True)
class CertaintyMap:
    """Certainty ``mu`` (R, C) of interpolated altitudes at the nodes of ``lon`` (C,) and ``lat`` (R,), degrees."""

    lon: Array
    lat: Array
    mu: Array


def orientation_report(
    found: Resection,
    sensor: Sensor,
    inputs: Mapping[str, object],
    remarks: Sequence[str] = (),
    warnings: Sequence[str] = (),
    certainty: CertaintyMap | None = None,
) -> Report:
    """Build the report of `recover`'s result; ``inputs`` are names and values shown as they are."""
    orientation, verdict, points = found.orientation, found.verdict, found.points
    if points is None:
        raise ValueError("The report needs the points that were used.")
    report = Report("Exterior orientation", f"{sensor.name}, {orientation.method}, {len(orientation)} lines")
    good = verdict.good == verdict.instants
    summary = {
        "Lines solved": f"{int(np.isfinite(orientation.position[:, 0]).sum())} of {verdict.instants}",
        "Lines without a flag": verdict.good,
        "RMS residual [px]": verdict.rms_px,
        "Condition number (median)": verdict.condition,
        "GCPs": len(points),
    }
    opening = f"All {verdict.instants} lines are solved without reservation."
    if not good:
        opening = (
            f"{verdict.instants - verdict.good} of {verdict.instants} lines carry a flag; the table below says why."
        )
    sentences = [note(sentence, "warning") for sentence in warnings]
    sentences += [note(sentence) for sentence in (*verdict.sentences, *remarks) if sentence not in warnings]
    report.section("Verdict", note(opening, "good" if good else "warning"), *sentences, key_values(summary))
    report.section("Inputs", key_values(inputs))
    report.section(
        "Exterior orientation",
        figure(
            eop_figure(orientation),
            "Left: the six parameters with a band of one sigma, often thinner than the line. Right: the band alone.",
        ),
        _sigma_table(orientation),
    )
    report.section(
        "Residuals",
        figure(residual_figure(found, points, sensor), "Residuals of the GCPs in pixels, by line and by size."),
        _residual_table(found, points, sensor),
    )
    caption = "GCPs over the certainty of the altitudes (light: certain)." if certainty else "The GCPs on the ground."
    report.section("Control", figure(control_figure(found, points, sensor, certainty), caption))
    if orientation.flag.any():
        report.section("Flagged lines", _flag_table(orientation))
    return report


def eop_figure(orientation: Orientation) -> Any:
    """Six rows: the parameter with its one-sigma band, and the sigma by itself, along the lines."""
    fig, axes = new_figure(6, 2, (9.0, 10.5), sharex=True, width_ratios=(2, 1))
    values = np.hstack([orientation.position, orientation.angles])
    for row, label in enumerate(_LABELS):
        left, right = axes[row]
        left.plot(orientation.line, values[:, row] * _SHOWN[row], color=_BLUE, linewidth=1)
        left.set_ylabel(label, fontsize=9)
        left.ticklabel_format(axis="y", useOffset=False)
        if orientation.covariance is not None:
            sigma = np.sqrt(orientation.covariance[:, row, row])
            band = (values[:, row] - sigma) * _SHOWN[row], (values[:, row] + sigma) * _SHOWN[row]
            left.fill_between(orientation.line, *band, color=_BLUE, alpha=0.3, linewidth=0)
            own = sigma * (1.0 if row < 3 else 1e6)
            right.fill_between(orientation.line, -own, own, color=_RED, alpha=0.25, linewidth=0)
            right.plot(orientation.line, own, orientation.line, -own, color=_RED, linewidth=0.8)
        right.set_ylabel(f"±σ [{'m' if row < 3 else 'µrad'}]", fontsize=9)
    for axis in axes[-1]:
        axis.set_xlabel("line", fontsize=9)
    return fig


def residual_figure(found: Resection, points: ControlPoints, sensor: Sensor) -> Any:
    """Along- and across-track residuals by line, coloured by view, and their histograms."""
    fig, axes = new_figure(2, 2, (9.0, 5.0), width_ratios=(3, 1))
    limit = _limit(found.residuals_px)
    for axis, name in enumerate(("along track [px]", "across track [px]")):
        left, right = axes[axis]
        for index, view in enumerate(sensor.views):
            rows = _some(np.flatnonzero(points.view == index))
            left.plot(points.line[rows], found.residuals_px[rows, axis], ".", markersize=2, label=view.name)
            own = found.residuals_px[points.view == index, axis]
            inside = own[np.isfinite(own)]
            right.hist(np.clip(inside, -limit, limit), 60, (-limit, limit), histtype="step", linewidth=1.2)
        left.set_ylabel(name, fontsize=9)
        left.set_ylim(-limit, limit)
        right.set_xlabel(name, fontsize=9)
    axes[0, 0].legend(fontsize=8, markerscale=4, frameon=False, ncol=len(sensor.views))
    axes[1, 0].set_xlabel("line", fontsize=9)
    return fig


def control_figure(found: Resection, points: ControlPoints, sensor: Sensor, certainty: CertaintyMap | None) -> Any:
    """The GCPs on longitude, latitude, coloured by their residual, over the certainty map if there is one."""
    north = float(np.ptp(points.lat))
    east = float(np.ptp(np.angle(np.exp(1j * (points.lon - points.lon[0]))) * np.cos(np.mean(points.lat))))
    fig, axes = new_figure(1, 1, (float(np.clip(6.0 * east / max(north, 1e-9) + 3.0, 4.5, 9.0)), 7.0))
    middle = float(np.degrees(np.angle(np.mean(np.exp(1j * points.lon)))))
    if certainty is not None:
        lon = middle + wrap_degrees(certainty.lon - middle)
        low, high = np.nanpercentile(certainty.mu, (1, 99)) if np.isfinite(certainty.mu).any() else (0.0, 1.0)
        limits = {"vmin": low, "vmax": max(high, low + 1e-3)}
        shown = axes.pcolormesh(lon, certainty.lat, certainty.mu, cmap="gray", shading="nearest", **limits)
        _bar(fig, axes, shown, "certainty μ")
    rows = _some(np.arange(len(points)))
    size = np.linalg.norm(found.residuals_px[rows], axis=1)
    lon, lat = middle + wrap_degrees(np.degrees(points.lon[rows]) - middle), np.degrees(points.lat[rows])
    top = max(_limit(size), 1e-9)
    marks = axes.scatter(lon, lat, c=size, s=5, cmap="plasma", vmin=0, vmax=top, linewidths=0)
    _bar(fig, axes, marks, "residual [px]")
    axes.set_xlabel("longitude [°]", fontsize=9)
    axes.set_ylabel("latitude [°]", fontsize=9)
    axes.grid(False)
    axes.set_aspect(1.0 / max(np.cos(np.radians(np.mean(lat))), 0.05))
    return fig


def _bar(fig: Any, axes: Any, shown: Any, label: str) -> None:
    """A slim scale of colours beside a map."""
    bar = fig.colorbar(shown, ax=axes, shrink=0.6, aspect=35, pad=0.02)
    bar.set_label(label, fontsize=9)
    bar.ax.tick_params(labelsize=8)


def _some(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """At most `DRAWN` of them, drawn at random: every other row would be one end of the scanlines."""
    if len(rows) <= DRAWN:
        return rows
    return np.sort(np.random.default_rng(0).choice(rows, DRAWN, replace=False))


def _limit(values: Array) -> float:
    finite = np.abs(values[np.isfinite(values)])
    return float(np.percentile(finite, 99.5)) * 1.1 + 1e-12 if len(finite) else 1.0


def _sigma_table(orientation: Orientation) -> str:
    if orientation.covariance is None:
        return note("The method gave no covariances.")
    sigma = np.sqrt(np.einsum("lii->li", orientation.covariance))
    sigma *= np.repeat([1.0, 1e6], 3)
    rows = [(label, *np.nanpercentile(sigma[:, row], (5, 50, 95))) for row, label in enumerate(_SIGMAS)]
    return table(rows, ("sigma of", "5 %", "median", "95 %"))


def _residual_table(found: Resection, points: ControlPoints, sensor: Sensor) -> str:
    rows = []
    for index, view in enumerate(sensor.views):
        own = found.residuals_px[points.view == index]
        own = own[np.isfinite(own).all(axis=1)]
        if len(own):
            rows.append((view.name, len(own), *np.sqrt(np.mean(own**2, axis=0)), float(np.abs(own).max())))
    return table(rows, ("view", "GCPs", "along, RMS [px]", "across, RMS [px]", "largest [px]"))


def _flag_table(orientation: Orientation) -> str:
    rows = []
    for bit in Flag:
        lines = orientation.line[(orientation.flag & bit) > 0] if bit else np.empty(0)
        if len(lines) and bit.name:
            rows.append((bit.name.lower(), len(lines), f"{lines[0]:g} to {lines[-1]:g}"))
    return table(rows, ("flag", "lines", "from, to"))
