"""The paper's Figures 5 and 7, drawn over simulated ground: certainty over a crater, and how dense the shots lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..core.altimetry.certainty import CertaintyModel
from ..core.altimetry.interpolation import Interpolator
from ..core.altimetry.readers import Shots
from ..core.bodies import body_of_radius
from ..core.frames import angular_distance
from ..core.pictures import shaded_relief
from ..core.report import new_figure
from ..core.simulation.altimeter import altimeter_shots
from ..core.simulation.craters import crater_profile
from ..core.simulation.scene import simulate
from ..core.simulation.terrain import RoughTerrain, SphereTerrain

Array = NDArray[np.float64]

CRATER_KM = 7.5  # rim radius of Figure 5's crater
GROUND_KM = 40.0  # width and height of its ground
NODES = 240  # along each side of its panels
PANEL_KM = 70.0  # width and height of the ground shown in Figure 7
POLE, EQUATOR = 82.0, 5.0  # degrees of latitude of its two panels: 8° from the pole and 5° from the equator


@dataclass(frozen=True)
class CrateredTerrain:
    """Rough terrain with one fresh crater at longitude 0 on the equator."""

    rough: RoughTerrain
    crater_m: float = 1000 * CRATER_KM

    @property
    def radius_m(self) -> float:
        """Radius of the sphere."""
        return self.rough.radius_m

    def height(self, lon: ArrayLike, lat: ArrayLike) -> Array:
        """Heights (m) at lon, lat (rad)."""
        distance = self.radius_m * angular_distance(lon, lat, 0.0, 0.0)
        return self.rough.height(lon, lat) + crater_profile(distance, np.full(np.shape(distance), self.crater_m))

    def bounds(self) -> tuple[float, float]:
        """Lowest and highest height (m), with room for the crater."""
        low, high = self.rough.bounds()
        return low - 5000.0, high + 5000.0


def figure_5() -> Any:
    """Relief and shots, interpolated altitude, mu_dist, mu_cross, and mu at alpha 0.5 and 0.8 over a crater."""
    terrain = CrateredTerrain(RoughTerrain(2))
    half = 500 * GROUND_KM / terrain.radius_m
    side = np.linspace(-half, half, NODES)
    lon, lat = np.meshgrid(side, -side)
    taken = altimeter_shots(terrain, lon.ravel(), lat.ravel(), 1, wild=0.0)
    body = body_of_radius(terrain.radius_m)
    shots = Shots(taken.lon, taken.lat, taken.altitude, body, body.datum)
    found = CertaintyModel(Interpolator(shots)).at(lon, lat)
    truth, pixel = terrain.height(lon, lat), 1000 * GROUND_KM / NODES
    maps: list[tuple[str, Array, str]] = [
        ("interpolated altitude [m]", found.altitude, "viridis"),
        ("mu_dist", found.mu_dist, "RdYlBu_r"),
        ("mu_cross", found.mu_cross, "RdYlBu_r"),
        ("mu, alpha = 0.5", 0.5 * found.mu_dist + 0.5 * found.mu_cross, "RdYlBu_r"),
        ("mu, alpha = 0.8", 0.8 * found.mu_dist + 0.2 * found.mu_cross, "RdYlBu_r"),
    ]
    fig, axes = new_figure(2, 3, (10.5, 6.8), sharex=True, sharey=True)
    extent = np.array([-0.5, 0.5, -0.5, 0.5]) * GROUND_KM
    axes[0, 0].imshow(shaded_relief(truth, (pixel, pixel)), extent=extent)
    axes[0, 0].set_title("relief and shots", fontsize=10)
    for axis, (title, values, colours) in zip(axes.flat[1:], maps):
        shown = axis.imshow(values.reshape(lon.shape), extent=extent, cmap=colours)
        axis.set_title(title, fontsize=10)
        fig.colorbar(shown, ax=axis, shrink=0.75)
    inside = (np.abs(taken.lon) < half) & (np.abs(taken.lat) < half)
    places = np.stack([taken.lon, taken.lat])[:, inside] * terrain.radius_m / 1000
    axes[0, 0].plot(*places, ".", color="#b3372c", markersize=2)
    rim = CRATER_KM * np.exp(2j * np.pi * np.linspace(0, 1, 100))
    for axis in axes.flat:
        axis.grid(False)
        axis.plot(rim.real, rim.imag, "--", color="black", linewidth=0.8)
    for axis in axes[1]:
        axis.set_xlabel("east [km]")
    for axis in axes[:, 0]:
        axis.set_ylabel("north [km]")
    return fig


def figure_7() -> Any:
    """Shots (blue) and scanline ends (red) near the pole and near the equator, on panels of the same ground size."""
    fig, axes = new_figure(1, 2, (9.0, 4.6))
    for axis, latitude, name in zip(axes, (POLE, EQUATOR), ("near the pole", "near the equator")):
        start = np.radians(latitude - 2.0)
        scene = simulate("ce1", SphereTerrain(), 1400, seed=1, start_latitude=start, altimetry=False)
        shots = altimeter_shots(scene.terrain, scene.control.lon, scene.control.lat, 1, margin_m=1000 * PANEL_KM)
        centre = float(np.median(scene.control.lon))
        radius = scene.terrain.radius_m / 1000.0
        for points, colour, size in ((shots, "#1f5f8b", 5), (scene.control, "#b3372c", 1)):
            east = radius * np.cos(points.lat) * np.angle(np.exp(1j * (points.lon - centre)))
            north = radius * (points.lat - np.radians(latitude))
            near = (np.abs(east) < PANEL_KM / 2) & (np.abs(north) < PANEL_KM / 2)
            axis.plot(east[near], north[near], ".", color=colour, markersize=size)
        axis.set(xlabel="east [km]", ylabel="north [km]", title=f"{name}: {latitude:g}° north")
        axis.set_aspect("equal")
    fig.suptitle("altimeter shots (blue) and scanline ends (red)", fontsize=11)
    return fig
