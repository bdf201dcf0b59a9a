"""Pictures of results on real data for the guide: python -m planetary_dtm.benchmarks.gallery [FOLDER] [NAME ...]

Everything is made by the steps that a user runs, from the real data (see data.py); only pictures are kept. Names:
hadley, apollo_view, apollo_stereo, gale, moc.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..core.learned.engine import load_engine
from ..core.learned.model_file import load_model
from ..core.pictures import DIFFERENCE_COLOURS, SIGMA_COLOURS, Array, hillshade, show_image, show_relief, show_values
from ..core.rasters import Raster
from ..core.report import new_figure, png
from ..core.steps import step
from ..core.steps.dtmfromextent import DEFAULT_MODEL
from . import learned_sites
from .data import real_data
from .shrink import shrink

_TRACKS = 6  # of Hadley's 45
_SLOPE = 0.35  # RMS tangent that pictures of relief are exaggerated to


def main(arguments: list[str]) -> int:
    """Make the pictures asked for, or all."""
    data = real_data()
    if data is None:
        print("There are no real data; set PLANETARY_DTM_DATA.", file=sys.stderr)
        return 1
    folder = Path(arguments[0] if arguments else "docs/pictures/gallery")
    folder.mkdir(parents=True, exist_ok=True)
    for name in arguments[1:] or PICTURES:
        with tempfile.TemporaryDirectory() as work:
            figure = PICTURES[name](data, Path(work))
        path = folder / f"{name}.png"
        path.write_bytes(png(figure, 80))
        shrink(path)
        print(f"{path}: {path.stat().st_size // 1000} kB")
    return 0


def hadley(data: Path, work: Path) -> Any:
    """Hadley Rille from one Apollo image, levelled to six LOLA tracks."""
    from . import hadley as site

    image = site.image_path(data)
    given, _ = site.write_split(data, work, tracks=_TRACKS, seed=0)
    _do("dtmfromextent", INPUT=str(image), ALTIMETRY=str(given), PIXEL_SIZE=60.0, OUTPUT=str(work / "dtm.tif"))
    made = Raster(work / "dtm.tif")
    figure, axes = _panels(3)
    show_image(axes[0], _values(Raster(image)), Raster(image).grid.pixel_size_m, "AS15-M-1134")
    show_relief(axes[1], _values(made), made.grid.pixel_size_m, f"DTM, levelled to {_TRACKS} LOLA tracks", "m")
    sigma = _values(made, 2)
    show_values(axes[2], sigma, made.grid.pixel_size_m, "One-sigma error", "m", SIGMA_COLOURS, _range(sigma))
    return figure


def apollo_view(data: Path, work: Path) -> Any:
    """Relative terrain of an Apollo frame beside GLD100."""
    site = learned_sites.apollo("0297", data)
    return _beside(site, "AS15-M-0297", "GLD100 (474 m)")


def gale(data: Path, work: Path) -> Any:
    """Relative terrain of Gale crater beside HRSC's."""
    return _beside(learned_sites.gale(data), "Gale crater", "HRSC DEM")


def apollo_stereo(data: Path, work: Path) -> Any:
    """Terrain of two Apollo frames by stereo beside GLD100."""
    folder, names = data / "moon" / "apollo15_rev16", ("AS15-M-0297", "AS15-M-0298")
    images, poses = ([str(folder / f"{name}.{kind}") for name in names] for kind in ("png", "json"))
    _do("stereodtm", IMAGES=images, CAMERAS=poses, LEVEL=False, OUTPUT=str(work / "dtm.tif"))
    made, reference = Raster(work / "dtm.tif"), Raster(folder / "gld100_64ppd.tif")
    window = reference.grid.window(made.grid.extent)
    height, sigma, known = _values(made), _values(made, 2), reference.read(window)
    figure, axes = _panels(3)
    show_relief(axes[0], height, made.grid.pixel_size_m, "DTM from frames 0297 and 0298", "m")
    show_values(axes[1], sigma, made.grid.pixel_size_m, "One-sigma error", "m", SIGMA_COLOURS, _range(sigma))
    truth = np.where(known[1], known[0], np.nan).astype(float)
    show_relief(axes[2], truth, reference.grid.pixel_size_m, "GLD100 (474 m)", "m")
    return figure


def moc(data: Path, work: Path) -> Any:
    """A real push-broom pair matched: two MOC images, 180 degrees turned."""
    images = [data / "mars" / "moc" / name for name in ("E0201461.cub", "M0100115.img")]
    asked = {"IMAGE_A": str(images[0]), "IMAGE_B": str(images[1]), "VIEW_A": "a", "VIEW_B": "b"}
    _do("densematch", **asked, OUTPUT=str(work / "matches.tif"))
    matches, pixel = Raster(work / "matches.tif"), (1000.0, 1000.0)
    figure, axes = _panels(3)
    show_image(axes[0], _values(Raster(images[0])), pixel, "MOC E02-01461")
    shift = _values(matches, 2)
    plane = shift - np.nanmedian(shift, axis=1, keepdims=True)
    reach = float(np.nanpercentile(np.abs(plane), 98))
    title = "Line shift to M01-00115, less each line's median"
    show_values(axes[1], plane, pixel, title, "px", DIFFERENCE_COLOURS, (-reach, reach))
    sigma = _values(matches, 4)
    show_values(axes[2], sigma, pixel, "Sigma of the match", "px", SIGMA_COLOURS, _range(sigma))
    for axis in axes:
        axis.set_xlabel("pixels", fontsize=8)
    return figure


def _beside(site: learned_sites.Site, title: str, judge: str) -> Any:
    relief = np.asarray(site.relief(load_engine(load_model(DEFAULT_MODEL), "auto")), float)
    figure, axes = _panels(3)
    show_image(axes[0], site.grey, site.pixel_m, title)
    for axis, height, pixel, told in (
        (axes[1], relief, site.pixel_m, "Relief from the image alone"),
        (axes[2], np.asarray(site.height, float), tuple(site.cell * p for p in site.pixel_m), judge),
    ):
        axis.imshow(_lit(height, pixel), cmap="gray", vmin=0.2, vmax=1)
        axis.set_title(told, fontsize=10)
        axis.set_axis_off()
    return figure


def _lit(height: Array, pixel: tuple[float, float]) -> Array:
    """Heights lit from the north-west, exaggerated to a common spread of slopes: shapes are compared, not heights."""
    slope = np.hypot(*np.gradient(height, pixel[1], pixel[0]))
    return hillshade(height * _SLOPE / np.sqrt(np.nanmean(slope**2)), pixel)


def _panels(count: int) -> Any:
    return new_figure(1, count, (4.6 * count, 5.0))


def _values(raster: Raster, band: int = 1) -> Array:
    values, valid = raster.read(band=band)
    return np.where(valid, values, np.nan).astype(float)


def _range(values: Array) -> tuple[float, float]:
    return 0.0, float(np.nanpercentile(values, 99))


def _do(step_id: str, **values: Any) -> Mapping[str, Any]:
    chosen = step(step_id)
    return chosen.run(**chosen.checked(values)).outputs


PICTURES: dict[str, Callable[[Path, Path], Any]] = {
    "hadley": hadley,
    "apollo_view": apollo_view,
    "apollo_stereo": apollo_stereo,
    "gale": gale,
    "moc": moc,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
