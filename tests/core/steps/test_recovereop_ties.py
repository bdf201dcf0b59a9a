"""recovereop with match files and raw altimetry: better than control alone, and refusals that name the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from planetary_dtm.core.camera.linescan import LineScan
from planetary_dtm.core.errors import InputError
from planetary_dtm.core.matching.match_file import write_matches
from planetary_dtm.core.resection.tables import read_eops, write_gcps
from planetary_dtm.core.simulation.scene import Scene, simulate, with_lateral_noise
from planetary_dtm.core.simulation.terrain import PaperTerrain
from planetary_dtm.core.steps import step

LINES, MATCHED = 1500, slice(520, 980, 2)


def do(step_id, **values):
    chosen = step(step_id)
    return chosen.run(**chosen.checked(values))


@pytest.fixture(scope="module")
def scene() -> Scene:
    return simulate("ce1", PaperTerrain(), LINES, seed=4, start_latitude=0.3)


@pytest.fixture(scope="module")
def files(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """GCPs without altitudes, altimetry, and matches of every other nadir line and sample in the other two views."""
    folder = tmp_path_factory.mktemp("ties")
    control = with_lateral_noise(scene.control, scene.terrain.radius_m, 5.0, 1)
    write_gcps(folder / "gcps.csv", control[control.line % 5 == 0], scene.sensor)
    table = np.column_stack([np.degrees(scene.shots.lon), np.degrees(scene.shots.lat), scene.shots.altitude])
    good = ~scene.shots.wild
    np.savetxt(folder / "shots.csv", table[good], delimiter=",", header="lon,lat,altitude", comments="")
    text = (folder / "gcps.csv").read_text().splitlines()
    names = text[0].split(",")
    kept = [names.index(name) for name in ("line", "view", "sample", "lon", "lat")]
    rows = [",".join(line.split(",")[k] for k in kept) for line in text]
    (folder / "gcps.csv").write_text("\n".join(rows) + "\n")
    line, sample = np.mgrid[MATCHED, 0:512:2].astype(float)
    ground = scene.ground(line, 1, sample)
    generator = np.random.default_rng(0)
    for view in (0, 2):
        bands = np.full((4, LINES, 512), np.nan)
        camera = LineScan(scene.sensor, view, scene.truth)
        there = camera.project(ground)
        shift = [there[1] - sample, there[0] - line]
        shift = [values + 0.1 * generator.normal(size=line.shape) for values in shift]
        bands[:, MATCHED, 0:512:2] = [*shift, np.full(line.shape, 0.97), np.full(line.shape, 0.1)]
        about = {"IMAGE_A": "n.tif", "IMAGE_B": f"{camera.name}.tif", "VIEW_A": "nadir", "VIEW_B": camera.name}
        write_matches(folder / f"{camera.name}.tif", *bands, about)
    return folder


def error_m(eops: Path, scene: Scene) -> float:
    """RMS position error of the lines that ties can see."""
    found = read_eops(eops, scene.sensor)
    rows = np.searchsorted(scene.truth.line, found.line)
    return float(np.sqrt(np.mean((found.position - scene.truth.position[rows]) ** 2)))


def test_ties_and_shots_improve_on_control(files: Path, scene: Scene, tmp_path: Path) -> None:
    given = {"GCPS": str(files / "gcps.csv"), "SENSOR": "ce1", "ALTIMETRY": str(files / "shots.csv")}
    do("recovereop", **given, OUTPUT=str(tmp_path / "alone.csv"))
    ties = [str(files / f"{name}.tif") for name in ("backward", "forward")]
    report = tmp_path / "r.html"
    done = do("recovereop", **given, TIES=ties, OUTPUT=str(tmp_path / "tied.csv"), OUTPUT_REPORT=str(report))
    assert error_m(tmp_path / "tied.csv", scene) < 0.55 * error_m(tmp_path / "alone.csv", scene)
    said = " ".join(done.notes)
    assert "tie points join the views" in said and "raw shots hold their surface" in said
    assert "With them the shots stand" in report.read_text("utf-8") and "backward.tif" in report.read_text("utf-8")


def test_ties_that_cannot_be_used_are_named(files: Path, tmp_path: Path) -> None:
    given = {"GCPS": str(files / "gcps.csv"), "SENSOR": "ce1", "ALTIMETRY": str(files / "shots.csv")}
    output = str(tmp_path / "e.csv")
    tie = str(files / "forward.tif")
    with pytest.raises(InputError, match="takes no TIES"):
        do("recovereop", **given, METHOD="collinearity", TIES=[tie], OUTPUT=output)
    bands = np.full((4, 20, 30), np.nan)
    about = {"IMAGE_A": "a", "IMAGE_B": "b", "VIEW_A": "nadir", "VIEW_B": "forward"}
    write_matches(tmp_path / "small.tif", *bands, about)
    with pytest.raises(InputError, match=r"small\.tif' have 30 samples"):
        do("recovereop", **given, TIES=[str(tmp_path / "small.tif")], OUTPUT=output)
    write_matches(tmp_path / "odd.tif", *np.full((4, 20, 512), np.nan), {**about, "VIEW_B": "sideways"})
    with pytest.raises(InputError, match="no view 'sideways'"):
        do("recovereop", **given, TIES=[str(tmp_path / "odd.tif")], OUTPUT=output)
    write_matches(tmp_path / "empty.tif", *np.full((4, 20, 512), np.nan), about)
    with pytest.raises(InputError, match=r"empty\.tif hold no match"):
        do("recovereop", **given, TIES=[str(tmp_path / "empty.tif")], OUTPUT=output)
    assert not Path(output).exists()
