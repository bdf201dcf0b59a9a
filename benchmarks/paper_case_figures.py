"""Figures 10 to 15 of the paper, drawn from what `paper_cases` found."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.pictures import shaded_relief, show_image, show_relief
from ..core.report import new_figure
from .paper_cases import Case, Cases, Ground

Array = NDArray[np.float64]

BLACK, RED, BLUE = "#222222", "#b3372c", "#1f5f8b"
PIXEL_KM = 0.12
METHODS = {"collinearity": ("collinearity", BLACK), "trajectory": ("ours", RED)}


def figure_10(found: Cases) -> Any:
    """The nadir image, what SIFT and what dense matching match of it, and the terrain of each beside the truth."""
    ours = found.cases[-1].made["trajectory"]
    limits = _limits(ours.truth)
    fig, axes = new_figure(1, 6, (15.0, 7.2))
    for axis in axes[:3]:
        _image(axis, found.image)
    axes[0].set_title("nadir image", fontsize=10)
    lines, samples = found.image.shape
    axes[1].plot(PIXEL_KM * (samples - found.sift[:, 0]), PIXEL_KM * (lines - found.sift[:, 1]), ".", color=RED, ms=1)
    axes[1].set_title(f"SIFT: {found.sift_pixels:,} pixels", fontsize=10)
    extent = (0, PIXEL_KM * samples, PIXEL_KM * lines, 0)
    shown = np.where(found.dense[::-1, ::-1], 1.0, np.nan)
    axes[2].imshow(shown, extent=extent, cmap="autumn", alpha=0.35, interpolation="nearest")
    axes[2].set_title(f"dense matching: {int(found.dense.sum()):,}", fontsize=10)
    true = Ground(ours.grid, ours.truth, ours.error, ours.truth)
    for axis, ground, title in zip(
        axes[3:], (found.sift_ground, ours, true), ("by SIFT", "by dense matching", "truth")
    ):
        _relief(axis, ground, title, limits, ground is true)
    return fig


def figure_case(found: Cases, case: Case) -> Any:
    """One density of tracks: image, shots, the terrain three ways and the truth; below, the orientation's errors."""
    ours = case.made["trajectory"]
    limits = _limits(ours.truth)
    fig, axes = new_figure(2, 6, (15.0, 10.0), height_ratios=(5, 2))
    _image(axes[0, 0], found.image)
    _shots(axes[0, 1], case, ours)
    grounds = {"altimetry alone": case.altimeter, "collinearity": case.made["collinearity"], "ours": ours}
    for axis, (title, ground) in zip(axes[0, 2:], grounds.items()):
        _relief(axis, ground, f"{title}: NMAD {ground.row()[2]:.0f} m", limits, False)
    _relief(axes[0, 5], Ground(ours.grid, ours.truth, ours.error, ours.truth), "truth", limits, True)
    places = axes[1, 0].get_gridspec()
    for axis in axes[1]:
        axis.remove()
    for column, (part, label) in enumerate(((slice(3), "position error [m]"), (slice(3, 6), "attitude error [rad]"))):
        axis = fig.add_subplot(places[1, part])
        for method, (name, colour) in METHODS.items():
            values = case.errors[method]
            axis.plot(values[:, 0], values[:, 1 + column], color=colour, linewidth=0.8, label=name)
        axis.set(xlabel="line (northwards)", ylabel=label, yscale="log")
        axis.legend(fontsize=8, frameon=False)
        axis.grid(True, alpha=0.25)
    return fig


def _image(axis: Any, grey: Array) -> None:
    """The nadir image with north up: flown northwards, its first line is the southernmost, its first sample east."""
    show_image(axis, grey[::-1, ::-1], (1000 * PIXEL_KM, 1000 * PIXEL_KM), "nadir image")


def _shots(axis: Any, case: Case, ours: Ground) -> None:
    """Shots and scanline ends about the ground of the DTM."""
    column, row = np.array([0.0, ours.grid.width]), np.array([0.0, ours.grid.height])
    lon, lat = (np.degrees(corner) for corner in ours.grid.lonlat_of(column, row))
    for points, colour, size in ((case.shots, BLUE, 2.0), (case.gcps, RED, 1.0)):
        axis.plot(*np.degrees(points).T, ".", color=colour, markersize=size)
    axis.set(xlim=(lon.min(), lon.max()), ylim=(lat.min(), lat.max()), xlabel="longitude [°]", ylabel="latitude [°]")
    axis.set_aspect(1.0 / np.cos(np.radians(lat.mean())))
    axis.set_title("shots (blue), GCPs (red)", fontsize=10)


def _relief(axis: Any, ground: Ground, title: str, limits: tuple[float, float], scale: bool) -> None:
    """Terrain; ``scale``: with the colours' scale, which all maps of a figure share."""
    if scale:
        show_relief(axis, ground.height, ground.grid.pixel_size_m, title, "altitude [m]", limits)
        return
    rows, columns = ground.height.shape
    wide, high = ground.grid.pixel_size_m
    extent = (0, columns * wide / 1000, rows * high / 1000, 0)
    axis.imshow(shaded_relief(ground.height, (wide, high), limits), extent=extent, interpolation="antialiased")
    axis.set_title(title, fontsize=10)
    axis.set_xlabel("km", fontsize=8)
    axis.grid(False)


def _limits(height: Array) -> tuple[float, float]:
    low, high = np.nanpercentile(height, (1, 99))
    return float(low), float(high)


def figures(found: Cases) -> dict[str, tuple[Any, str]]:
    """File names, figures and what they show."""
    names = {"dense": "figures_11_12.png", "sparse": "figures_13_15.png"}
    drawn = {"figure_10.png": (figure_10(found), "what SIFT and dense matching match, and the terrain of each")}
    for case in found.cases:
        title = f"orientation and terrain under {case.name} altimeter tracks"
        drawn[names[case.name]] = figure_case(found, case), title
    return drawn
