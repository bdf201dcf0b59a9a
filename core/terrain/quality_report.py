"""The report on a stereo DTM, from its images to its heights: sections are data, figures travel inside the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle

import numpy as np
from numpy.typing import NDArray

from ..pictures import DIFFERENCE_COLOURS, SIGMA_COLOURS, colour_map, show_relief, show_values
from ..report import Report, figure, key_values, new_figure, note, table
from .comparison import Comparison

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Pixel = tuple[float, float]

_BLUE, _RED, _GREY = "#1f5f8b", "#b3372c", "#8a95a1"
_LINES = (_BLUE, _RED, "#b07408", "#2e7d4f", "#6b4c9a")
_GOOD = 0.5  # share of the overlap matched, below which the report warns


@dataclass(frozen=True)
class PairQuality:
    """Matches of image ``b`` on the nodes (L, S) of image A: ``score`` and ``sigma`` (px), NaN for none; ``seen`` where
    both images see the ground; there the medians of convergence (rad), base over height, and the height that a pixel of
    parallax means."""

    b: str
    score: Array
    sigma: Array
    seen: Mask
    convergence: float
    base_to_height: float
    height_m_per_px: float

    @property
    def matched(self) -> float:
        """Share of image A's pixels that are matched."""
        return float(np.isfinite(self.score).mean())

    @property
    def matched_of_overlap(self) -> float:
        """Share of the overlap that is matched."""
        return float(np.isfinite(self.score[self.seen]).mean()) if self.seen.any() else float("nan")


@dataclass(frozen=True)
class MissQuality:
    """Ray misses (m) at sampled lines of image A: ``line`` (L,), their median and 90th percentile, and all of them."""

    line: Array
    median: Array
    ninety: Array
    all: Array


@dataclass(frozen=True)
class OrbitQuality:
    """Of every line: RMS residual of the control (px, NaN where unknown) and one-sigma of the position (m) and of the
    attitude (rad), largest axis each, NaN where unknown."""

    line: Array
    rms_px: Array
    sigma_position: Array
    sigma_attitude: Array


@dataclass(frozen=True)
class ReferenceQuality:
    """DTM minus reference on the picture's grid (m), all the differences, and the numbers ``before`` and after
    levelling (``before`` is None where the DTM was not levelled); ``wild`` shots are left out of all."""

    source: str
    dense: bool
    shown: Array
    values: Array
    numbers: Comparison
    before: Comparison | None
    wild: int = 0


@dataclass(frozen=True)
class StereoQuality:
    """All that the report shows.

    ``height``, ``sigma`` (R, C) are decimated for pictures of pixels of ``pixel_m``; ``cells`` (rows, columns) of
    ``cell_m`` has the whole DTM. ``outlines`` are the images' footprints, columns and rows of the whole DTM;
    ``image_pixel_m`` the ground size of their pixels; ``scanned`` whether they are of line scanners. ``profile`` and
    ``profile_across`` are the streaks of the DTM's rows and columns (m).
    """

    title: str
    image_a: str
    images: Sequence[Sequence[object]]
    outlines: Mapping[str, tuple[Array, Array]]
    node_line: Array
    node_sample: Array
    pairs: Sequence[PairQuality]
    image_pixel_m: float
    scanned: bool
    misses: MissQuality
    orbit: OrbitQuality | None
    height: Array
    sigma: Array
    pixel_m: Pixel
    cell_m: Pixel
    cells: tuple[int, ...]
    covered: float
    points: int
    profile: Array
    profile_across: Array
    reference: ReferenceQuality | None
    parameters: Mapping[str, object]
    seconds: Mapping[str, float]
    metadata: Mapping[str, object]
    warnings: Sequence[str] = field(default_factory=tuple)
    notes: Sequence[str] = field(default_factory=tuple)


def quality_report(q: StereoQuality) -> Report:
    """Build the page."""
    report = Report("Quality of a stereo DTM", q.title)
    _result(report, q)
    report.section(
        "Images",
        table(q.images, ["image", "view", "lines", "samples", "camera", "pixel along [m]", "pixel across [m]"]),
        "The pixel is its size on the ground in the middle of the image.",
    )
    _coverage(report, q)
    _matching(report, q)
    _intersection(report, q)
    if q.orbit is not None:
        _orbit(report, q.orbit)
    if q.reference is not None:
        _reference(report, q, q.reference)
    _dtm(report, q)
    report.section("Parameters", key_values(q.parameters))
    report.section("How it ran", *q.notes, table([[n, f"{s:.1f}"] for n, s in q.seconds.items()], ["stage", "seconds"]))
    report.section("What the DTM's file says", key_values(q.metadata))
    return report


def _result(report: Report, q: StereoQuality) -> None:
    shares = [pair.matched_of_overlap for pair in q.pairs]
    poor = min(shares) < _GOOD
    opening = (
        f"{q.points:,} ground points; {q.covered:.0%} of the DTM's {q.cells[1]} x {q.cells[0]} cells have a height."
    )
    blocks = [note(opening, "warning" if poor or q.warnings else "good")]
    if poor:
        blocks.append(note(f"Only {min(shares):.0%} of the overlap is matched; see Matching.", "warning"))
    blocks += [note(sentence, "warning") for sentence in q.warnings]
    miss = _median(q.misses.all)
    pixels = miss / q.image_pixel_m
    rows: list[list[object]] = [
        ["Cell", f"{q.cell_m[0]:.4g} x {q.cell_m[1]:.4g}", "m", "size on the ground"],
        ["Matched", 100 * min(shares), "%", "of the ground that both images of a pair see (the worst pair)"],
        ["Match sigma", _median(np.concatenate([pair.sigma.ravel() for pair in q.pairs])), "px", "median"],
        ["Ray miss", miss, "m", f"median distance by which the rays of a point miss each other; {pixels:.2g} pixels"],
        ["Height sigma", _median(q.sigma), "m", "median one-sigma error of a cell, as the chain estimates it"],
    ]
    if q.reference is not None:
        rows.append(["Bias", q.reference.numbers.bias, "m", f"mean of DTM minus {q.reference.source}"])
        rows.append(["NMAD", q.reference.numbers.nmad, "m", f"robust spread of DTM minus {q.reference.source}"])
    if q.scanned:
        alone = f"RMS; columns, terrain alone: {_rms(q.profile_across):.3g} m"
        rows.append(["Row streaks", _rms(q.profile), "m", alone])
    fig, axis = new_figure(size=_map_size(q.height.shape, q.pixel_m))
    show_relief(axis, q.height, q.pixel_m, "", "height [m]")
    report.section(
        "Result",
        *blocks,
        table(rows, ["measure", "value", "unit", "meaning"]),
        figure(fig, "The DTM: heights in colour under a hillshade lit from the north-west; white: no height."),
    )


def _coverage(report: Report, q: StereoQuality) -> None:
    fig, axis = new_figure(size=(8.0, 6.0))
    across, down = q.cell_m[0] / 1000, q.cell_m[1] / 1000
    area = (0, q.cells[1] * across, q.cells[0] * down, 0)
    known = np.where(np.isfinite(q.height), 0.8, np.nan)
    axis.imshow(known, extent=area, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    for colour, (name, (column, row)) in zip(cycle(_LINES), q.outlines.items()):
        axis.plot((column + 0.5) * across, (row + 0.5) * down, color=colour, linewidth=1.4, label=name)
    axis.autoscale()
    axis.set_ylim(max(axis.get_ylim()), min(axis.get_ylim()))
    axis.set_xlabel("km east", fontsize=9)
    axis.set_ylabel("km south", fontsize=9)
    axis.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1.01, 0.5))
    rows = [
        [
            f"{q.image_a} - {pair.b}",
            f"{pair.seen.mean():.1%}",
            np.degrees(pair.convergence),
            pair.base_to_height,
            pair.height_m_per_px,
        ]
        for pair in q.pairs
    ]
    header = ["pair", f"overlap, of {q.image_a}", "convergence [°]", "B/H", "height of a pixel of parallax [m]"]
    report.section(
        "Coverage and geometry",
        figure(fig, "Outlines of the images on the ground; grey: cells of the DTM that have a height."),
        table(rows, header),
        "Convergence is the angle between the rays of a ground point, B/H the base over the height; medians.",
    )


def _matching(report: Report, q: StereoQuality) -> None:
    rows = [
        [
            f"{q.image_a} - {pair.b}",
            f"{pair.matched:.1%}",
            f"{pair.matched_of_overlap:.1%}",
            _median(pair.score),
            _median(pair.sigma),
            _quantile(pair.sigma, 0.9),
        ]
        for pair in q.pairs
    ]
    header = ["pair", "matched of image", "of overlap", "score, median", "sigma, median [px]", "sigma, 90 % below [px]"]
    fig, axes = new_figure(len(q.pairs), 2, (10.0, 0.6 + 2.3 * len(q.pairs)), sharex=True, sharey=True, squeeze=False)
    top = max(_quantile(pair.sigma, 0.98) for pair in q.pairs)
    extent = q.node_line[0], q.node_line[-1], q.node_sample[-1], q.node_sample[0]
    for row, pair in zip(axes, q.pairs):
        panels = (
            (pair.score, colour_map(SIGMA_COLOURS[::-1]), (0.75, 1.0), "score"),
            (
                pair.sigma,
                colour_map(SIGMA_COLOURS),
                (0.0, top),
                "sigma [px]",
            ),
        )
        for axis, (values, colours, limits, label) in zip(row, panels):
            axis.set_facecolor("#c9d3dc")
            drawn = axis.imshow(values.T, extent=extent, aspect="auto", cmap=colours, vmin=limits[0], vmax=limits[1])
            fig.colorbar(drawn, ax=axis, pad=0.02).set_label(label, fontsize=8)
            axis.set_title(f"{q.image_a} - {pair.b}", fontsize=9)
            axis.grid(False)
        row[0].set_ylabel("sample", fontsize=8)
    for axis in axes[-1]:
        axis.set_xlabel(f"line of {q.image_a}", fontsize=8)
    caption = "Score (correlation) and sigma of the matches over the image; bluish grey: no match, or not seen by both."
    report.section("Matching", table(rows, header), figure(fig, caption))


def _intersection(report: Report, q: StereoQuality) -> None:
    m = q.misses
    fig, (along, bars) = new_figure(1, 2, (10.0, 3.2), width_ratios=(2, 1))
    along.fill_between(m.line, 0, m.ninety, color=_BLUE, alpha=0.2, linewidth=0, label="nine of ten below")
    along.plot(m.line, m.median, color=_BLUE, linewidth=1, label="median")
    along.set_xlabel(f"line of {q.image_a}", fontsize=9)
    along.set_ylabel("ray miss [m]", fontsize=9)
    along.set_ylim(bottom=0)
    along.legend(fontsize=8, frameon=False)
    top = _quantile(m.all, 0.99)
    bars.hist(np.clip(m.all, 0, top), 60, color=_BLUE)
    bars.set_xlabel("ray miss [m]", fontsize=9)
    bars.set_ylabel("points", fontsize=9)
    report.section(
        "Intersection",
        "The rays of a point should meet; by how much they miss shows errors of matching and orientation across the "
        "base. Errors along the base become errors of height and do not show here.",
        figure(fig, "Ray miss along the orbit, and how often; the last bar holds all beyond."),
    )


def _orbit(report: Report, orbit: OrbitQuality) -> None:
    shown = [
        (orbit.rms_px, "residual [px]"),
        (orbit.sigma_position, "σ position [m]"),
        (np.degrees(orbit.sigma_attitude) * 3600, "σ attitude [″]"),
    ]
    shown = [(values, label) for values, label in shown if np.isfinite(values).any()]
    if not shown:
        report.section("Orientation along the orbit", "The orientation came without residuals and sigmas.")
        return
    fig, axes = new_figure(len(shown), 1, (10.0, 0.6 + 1.7 * len(shown)), sharex=True, squeeze=False)
    for axis, (values, label) in zip(axes[:, 0], shown):
        axis.plot(orbit.line, values, color=_BLUE, linewidth=1)
        axis.set_ylabel(label, fontsize=9)
        axis.set_ylim(bottom=0)
    axes[-1, 0].set_xlabel("line", fontsize=9)
    caption = "RMS residual of the control and one-sigma errors (largest axis) of each line's orientation."
    report.section("Orientation along the orbit", figure(fig, caption))


def _reference(report: Report, q: StereoQuality, r: ReferenceQuality) -> None:
    limit = float(np.nanpercentile(np.abs(r.values), 98)) or 1.0
    fig, (place, bars) = new_figure(1, 2, (10.0, 5.0))
    if r.dense:
        show_values(place, r.shown, q.pixel_m, "DTM minus reference", "m", DIFFERENCE_COLOURS, (-limit, limit))
    else:
        row, column = np.nonzero(np.isfinite(r.shown))
        at = (column + 0.5) * q.pixel_m[0] / 1000, (row + 0.5) * q.pixel_m[1] / 1000
        colours = colour_map(DIFFERENCE_COLOURS)
        drawn = place.scatter(*at, c=r.shown[row, column], s=4, cmap=colours, vmin=-limit, vmax=limit)
        fig.colorbar(drawn, ax=place, shrink=0.8, pad=0.02).set_label("m", fontsize=8)
        place.set_xlim(0, r.shown.shape[1] * q.pixel_m[0] / 1000)
        place.set_ylim(r.shown.shape[0] * q.pixel_m[1] / 1000, 0)
        place.set_aspect("equal")
        place.set_facecolor("#e6e9ec")
        place.set_title("DTM minus shots", fontsize=10)
        place.set_xlabel("km", fontsize=8)
    bars.hist(np.clip(r.values, -1.5 * limit, 1.5 * limit), 81, color=_BLUE)
    bars.axvline(r.numbers.bias, color=_RED, linewidth=1.2, label=f"bias {r.numbers.bias:.3g} m")
    bars.set_xlabel("DTM minus reference [m]", fontsize=9)
    bars.set_ylabel("cells" if r.dense else "shots", fontsize=9)
    bars.legend(fontsize=8, frameon=False)
    columns = [("as oriented", r.before), ("levelled", r.numbers)] if r.before else [("as oriented", r.numbers)]
    names = ("bias", "rmse", "nmad", "le90", "count")
    labels = ("Bias [m]", "RMSE [m]", "NMAD [m]", "LE90 [m]", "Compared")
    rows = [[label, *(getattr(numbers, name) for _, numbers in columns)] for name, label in zip(names, labels)]
    left_out = [f"{r.wild} shots stand off by more than six times the NMAD and are left out."] if r.wild else []
    report.section(
        f"Difference to {r.source}",
        table(rows, ["", *(name for name, _ in columns)]),
        *left_out,
        figure(fig, "Where the DTM lies above (brown) and below (blue); how often; the last bars hold all beyond."),
    )


def _dtm(report: Report, q: StereoQuality) -> None:
    fig, axis = new_figure(size=_map_size(q.sigma.shape, q.pixel_m))
    top = _quantile(q.sigma, 0.98)
    show_values(axis, q.sigma, q.pixel_m, "", "sigma [m]", SIGMA_COLOURS, (0.0, top if top > 0 else 1.0))
    report.section("Sigma of the heights", figure(fig, "One-sigma error of each cell, as the chain estimates it."))
    if not q.scanned:
        return
    fig, axis = new_figure(size=(10.0, 3.0))
    axis.plot(q.profile_across, color=_GREY, linewidth=0.8, label="columns (terrain alone)")
    axis.plot(q.profile, color=_BLUE, linewidth=0.9, label="rows")
    axis.set_xlabel("row or column of the DTM", fontsize=9)
    axis.set_ylabel("mean off neighbours [m]", fontsize=9)
    axis.legend(fontsize=8, frameon=False)
    report.section(
        "Streaks",
        "Errors of single scanlines become streaks along the rows of the DTM where the flight was north or south. The "
        "mean of a row, against the rows around it, shows them, for terrain averages out; the columns show how far.",
        figure(fig, f"Mean of each row and column; RMS {_rms(q.profile):.3g} and {_rms(q.profile_across):.3g} m."),
    )


def _map_size(shape: tuple[int, ...], pixel_m: Pixel) -> tuple[float, float]:
    """Inches of a figure with one map of this shape and a colour scale, neither taller nor wider than a page."""
    ratio = shape[0] * pixel_m[1] / (shape[1] * pixel_m[0])
    height = float(np.clip(6.0 * ratio, 2.0, 6.5))
    return float(np.clip(height / ratio + 2.0, 3.5, 8.3)), height + 0.6


def _median(values: Array) -> float:
    return _quantile(values, 0.5)


def _quantile(values: Array, share: float) -> float:
    known = values[np.isfinite(values)]
    return float(np.quantile(known, share)) if known.size else float("nan")


def _rms(values: Array) -> float:
    known = values[np.isfinite(values)]
    return float(np.sqrt(np.mean(known**2))) if known.size else float("nan")
