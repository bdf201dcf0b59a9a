"""Pictures of terrain for reports: heights in colour over a hillshade, differences and sigmas in fair colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import MissingPackageError
from .imports import import_beside

Array = npt.NDArray[np.float64]

# Perceptually uniform and readable by the colour-blind: anchors in the manner of F. Crameri's "batlow" and "vik" maps.
HEIGHT_COLOURS = (
    "#011959",
    "#103f60",
    "#1c5a62",
    "#3c6d56",
    "#687b3e",
    "#9d892b",
    "#d29343",
    "#f8a17b",
    "#fdb7bc",
    "#faccfa",
)
DIFFERENCE_COLOURS = ("#001261", "#1f5a91", "#7fb0cb", "#ebe5e0", "#d9a078", "#a74f18", "#590008")
SIGMA_COLOURS = ("#fff7e6", "#fbd08e", "#e88a5c", "#b3455f", "#5b1e63", "#1b0b38")


def colour_map(colours: Sequence[str], name: str = "terrain") -> Any:
    """A matplotlib colour map through the colours."""
    try:
        colours_of = import_beside("matplotlib.colors")
    except ImportError as error:
        raise MissingPackageError("matplotlib", "Drawing pictures") from error
    return colours_of.LinearSegmentedColormap.from_list(name, list(colours))


def hillshade(height: Array, pixel_m: tuple[float, float], azimuth: float = 315.0, altitude: float = 45.0) -> Array:
    """Lambert shade 0..1 of heights (m, NaN where unknown) on a grid of ``pixel_m`` = (width, height) metres.

    ``azimuth`` degrees clockwise from the map's top, ``altitude`` of the light in degrees above the horizon.
    """
    south, east = np.gradient(height, pixel_m[1], pixel_m[0])
    az, alt = np.radians(azimuth), np.radians(altitude)
    light = -east * np.sin(az) * np.cos(alt) + south * np.cos(az) * np.cos(alt) + np.sin(alt)
    return np.clip(light / np.sqrt(1 + east**2 + south**2), 0, 1)


def shaded_relief(height: Array, pixel_m: tuple[float, float], limits: tuple[float, float] | None = None) -> Array:
    """RGBA (h, w, 4): heights coloured between ``limits`` (default 1st to 99th percentile) under a hillshade.

    The shade is exaggerated so that gentle terrain shows; unknown pixels are transparent.
    """
    known = np.isfinite(height)
    low, high = limits or _limits(height)
    colours = np.asarray(colour_map(HEIGHT_COLOURS)((height - low) / max(high - low, 1e-9)))
    spread = np.nanstd(np.hypot(*np.gradient(height, pixel_m[1], pixel_m[0]))) or 1.0
    shade = hillshade(np.where(known, height, np.nan) * min(max(0.25 / spread, 1.0), 8.0), pixel_m)
    shade = np.where(np.isfinite(shade), shade, 0.7)[..., None]
    colours[..., :3] = colours[..., :3] * (0.35 + 0.65 * shade / 0.7071).clip(0, 1.25)
    colours[..., 3] = known
    return colours.clip(0, 1)


def show_relief(
    axis: Any,
    height: Array,
    pixel_m: tuple[float, float],
    title: str,
    label: str,
    limits: tuple[float, float] | None = None,
) -> None:
    """Draw `shaded_relief` on a matplotlib axis with a scale of heights and kilometres along the sides."""
    low, high = limits or _limits(height)
    rows, columns = height.shape
    extent = (0, columns * pixel_m[0] / 1000, rows * pixel_m[1] / 1000, 0)
    axis.imshow(shaded_relief(height, pixel_m, (low, high)), extent=extent, interpolation="antialiased")
    _scale(axis, HEIGHT_COLOURS, low, high, label)
    _titled(axis, title)


def show_values(
    axis: Any,
    values: Array,
    pixel_m: tuple[float, float],
    title: str,
    label: str,
    colours: Sequence[str],
    limits: tuple[float, float],
) -> None:
    """Draw plain values (NaN transparent) with their colour scale."""
    rows, columns = values.shape
    extent = (0, columns * pixel_m[0] / 1000, rows * pixel_m[1] / 1000, 0)
    axis.imshow(
        values, extent=extent, cmap=colour_map(colours), vmin=limits[0], vmax=limits[1], interpolation="antialiased"
    )
    _scale(axis, colours, *limits, label)
    _titled(axis, title)


def show_image(axis: Any, grey: Array, pixel_m: tuple[float, float], title: str) -> None:
    """Draw an image in grey, stretched between its 1st and 99th percentile."""
    rows, columns = grey.shape
    extent = (0, columns * pixel_m[0] / 1000, rows * pixel_m[1] / 1000, 0)
    low, high = _limits(grey)
    axis.imshow(grey, extent=extent, cmap="gray", vmin=low, vmax=high, interpolation="antialiased")
    _titled(axis, title)


def _limits(values: Array) -> tuple[float, float]:
    if not np.isfinite(values).any():
        return 0.0, 1.0
    low, high = (float(v) for v in np.nanpercentile(values, (1, 99)))
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _scale(axis: Any, colours: Sequence[str], low: float, high: float, label: str) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    mappable = ScalarMappable(Normalize(low, high), colour_map(colours))
    bar = axis.figure.colorbar(mappable, ax=axis, shrink=0.8, pad=0.02)
    bar.set_label(label, fontsize=8)
    bar.ax.tick_params(labelsize=7)


def _titled(axis: Any, title: str) -> None:
    axis.set_title(title, fontsize=10)
    axis.set_xlabel("km", fontsize=8)
    axis.grid(False)
