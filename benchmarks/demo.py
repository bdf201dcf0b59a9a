"""``make demo``: one scene from image to compared DTM, with pictures and a report; no data needed.

Without data the scene is simulated. With ``--data FOLDER`` it is Hadley Rille: an Apollo 15 image and LOLA shots, 6 of
whose 45 tracks level the terrain while the others judge it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..core.cli.terminal import TerminalProgress
from ..core.errors import PlanetaryDtmError
from ..core.pictures import SIGMA_COLOURS, show_image, show_relief, show_values
from ..core.rasters import Raster
from ..core.report import Report, figure, key_values, new_figure, note, png, table
from ..core.steps import step
from . import hadley

LEVELLED_NOTE = "Heights are metres above the {datum}."


def main() -> int:
    """Run the demo and say where its results are."""
    parser = argparse.ArgumentParser(prog="make demo")
    parser.add_argument("--data", help="Folder with moon/hadley (the data README names it).")
    parser.add_argument("--folder", default="demo", help="Where results go.")
    chosen = parser.parse_args()
    folder = Path(chosen.folder)
    folder.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    try:
        made = _hadley(Path(chosen.data), folder) if chosen.data else _simulated(folder)
    except PlanetaryDtmError as error:
        print(f"make demo: {error}", file=sys.stderr)
        return 1
    print(f"\nDone in {time.monotonic() - started:.0f} s. Open these:")
    for what, path in made.items():
        print(f"  {what:<10} {path}")
    return 0


def _do(step_id: str, **values: Any) -> Mapping[str, Any]:
    """Run a step as the command line does, its warnings printed; returns its outputs."""
    chosen = step(step_id)
    with TerminalProgress(chosen.title) as progress:
        result = chosen.run(**chosen.checked(values), progress=progress)
    for sentence in result.warnings:
        print(f"Warning: {sentence}")
    print(f"{chosen.title}: done")
    return result.outputs


def _simulated(folder: Path) -> dict[str, Path]:
    scene, dtm = folder / "scene", folder / "dtm.tif"
    _do("simulateview", OUTPUT_FOLDER=str(scene))
    _do("dtmfromextent", INPUT=str(scene / "image.tif"), ALTIMETRY=str(scene / "altimetry.csv"), OUTPUT=str(dtm))
    outputs = _do(
        "comparedtm",
        INPUT=str(dtm),
        REFERENCE=str(scene / "truth_dtm.tif"),
        OUTPUT=str(folder / "difference.tif"),
        OUTPUT_REPORT=str(folder / "comparison.html"),
    )
    report = Report("Terrain from one image", "A simulated lunar scene, levelled to six altimeter tracks")
    picture = _picture(folder, scene / "image.tif", dtm, scene / "truth_dtm.tif")
    report.section(
        "Result",
        LEVELLED_NOTE.format(datum=Raster(dtm).metadata["DATUM"]),
        figure(picture.read_bytes(), "Image, terrain made from it, true terrain, and the one-sigma error."),
    )
    report.section("Against the true terrain", _numbers(outputs))
    report.section("How it was made", key_values(Raster(dtm).metadata))
    return {
        "DTM": dtm,
        "picture": picture,
        "report": report.write(folder / "report.html"),
        "comparison": folder / "comparison.html",
    }


def _hadley(data: Path, folder: Path) -> dict[str, Path]:
    image = hadley.image_path(data)
    given, withheld = hadley.write_split(data, folder, tracks=6, seed=0)
    dtm = folder / "hadley_dtm.tif"
    _do("dtmfromextent", INPUT=str(image), ALTIMETRY=str(given), OUTPUT=str(dtm))
    outputs = _do(
        "comparedtm",
        INPUT=str(dtm),
        REFERENCE=str(withheld),
        OUTPUT=str(folder / "hadley_difference.tif"),
        OUTPUT_REPORT=str(folder / "hadley_comparison.html"),
    )
    print("Ten draws of six tracks, beside the plain interpolators (some minutes) ...")
    with TerminalProgress("Hadley") as progress:
        tables = hadley.run(data=data, folder=folder, progress=progress, tracks=(6,))
    print("\n" + tables.text())
    report = Report(
        "Hadley Rille from one image", "Apollo 15 metric image AS15-M-1134, levelled to 6 of 45 LOLA tracks"
    )
    picture = _picture(folder, image, dtm, None)
    report.section(
        "Result",
        LEVELLED_NOTE.format(datum=Raster(dtm).metadata["DATUM"]),
        figure(picture.read_bytes(), "Image, terrain made from it, and the one-sigma error."),
    )
    report.section("Against the 39 tracks withheld (seed 0)", _numbers(outputs))
    for one in tables.tables:
        report.section(one.title, table(one.rows, one.header), *(note(sentence) for sentence in one.notes))
    report.section("How it was made", key_values(Raster(dtm).metadata))
    return {
        "DTM": dtm,
        "picture": picture,
        "report": report.write(folder / "hadley_report.html"),
        "comparison": folder / "hadley_comparison.html",
    }


def _numbers(outputs: Mapping[str, Any]) -> str:
    units = {"SLOPE_RMSE": "degrees", "CC": "", "COUNT": ""}
    rows = [[name, value, units.get(name, "m")] for name, value in outputs.items() if isinstance(value, (int, float))]
    return table(rows, ["measure", "value", "unit"])


def _picture(folder: Path, image: Path, dtm: Path, truth: Path | None) -> Path:
    """Image, DTM, truth or sigma side by side as one PNG; returns its path."""
    made = Raster(dtm)
    pixel = made.grid.pixel_size_m
    height, sigma = _values(made, 1), _values(made, 2)
    grey = _values(Raster(image), 1)
    limits = tuple(float(v) for v in np.nanpercentile(height, (1, 99)))
    panels = 3 if truth is None else 4
    fig, axes = new_figure(1, panels, (4.6 * panels, 4.4))
    show_image(axes[0], grey, Raster(image).grid.pixel_size_m, "Image")
    show_relief(axes[1], height, pixel, "Terrain from the image", "m", limits)
    if truth is not None:
        show_relief(axes[2], _values(Raster(truth), 1), pixel, "True terrain", "m", limits)
    show_values(axes[-1], sigma, pixel, "One-sigma error", "m", SIGMA_COLOURS, (0, float(np.nanpercentile(sigma, 99))))
    path = folder / (dtm.stem + ".png")
    path.write_bytes(png(fig, 110))
    return path


def _values(raster: Raster, band: int) -> Any:
    values, valid = raster.read(band=band)
    return np.where(valid, values, np.nan)


if __name__ == "__main__":
    sys.exit(main())
