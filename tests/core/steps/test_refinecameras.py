"""refinecameras from files: models, a report, and refusals that name the file; nothing is left half written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from planetary_dtm.core.camera.csm_rewrite import rewritten_state
from planetary_dtm.core.camera.csm_state import read_csm_state, state_text
from planetary_dtm.core.camera.footprints import ground_points
from planetary_dtm.core.errors import InputError
from planetary_dtm.core.steps import step
from planetary_dtm.core.steps.tie_tables import read_tie_table, write_tie_table
from planetary_dtm.core.tables import write_table

from ..resection import narrow


def do(**values):
    chosen = step("refinecameras")
    return chosen.run(**chosen.checked(values))


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("narrow")
    for camera in narrow.spoiled():
        (folder / f"{camera.name}.json").write_text(state_text(rewritten_state(camera, 100.0)))
    write_tie_table(folder / "ties.csv", narrow.ties(60), ["left", "right"])
    shots = narrow.shots()
    write_table(
        folder / "shots.csv",
        {"lon": np.degrees(shots.lon), "lat": np.degrees(shots.lat), "altitude": shots.altitude},
    )
    line = np.repeat(np.arange(0.0, narrow.LINES, 80), 2)
    sample = np.tile([0.0, narrow.SAMPLES - 1.0], len(line) // 2)
    points = ground_points(narrow.pair()[0], line, sample, narrow.RADIUS, narrow.height)
    lon, lat = np.arctan2(points[:, 1], points[:, 0]), np.arcsin(points[:, 2] / np.linalg.norm(points, axis=1))
    columns = {"view": np.full(len(line), "left", dtype=object), "line": line, "sample": sample}
    columns |= {"lon": np.degrees(lon), "lat": np.degrees(lat), "altitude": narrow.height(lon, lat)}
    write_table(folder / "gcps.csv", columns)
    return folder


def given(files: Path, **more):
    cameras = [str(files / f"{name}.json") for name in ("left", "right")]
    return {"CAMERAS": cameras, "TIES": [str(files / "ties.csv")], "GCPS": str(files / "gcps.csv"), **more}


def test_models_come_back_with_sigmas_and_a_report(files, tmp_path):
    report = tmp_path / "report.html"
    done = do(**given(files, SIGMA_LATERAL=2.0, OUTPUT_FOLDER=str(tmp_path / "out"), OUTPUT_REPORT=str(report)))
    line = np.linspace(0, narrow.LINES - 1, 50)
    off = []
    for folder in (files, tmp_path / "out"):
        origin, direction = read_csm_state(folder / "left.json").rays(line, np.full(50, 160.0))
        true_origin, true_direction = narrow.pair()[0].rays(line, np.full(50, 160.0))
        ground, truth = origin + narrow.HEIGHT * direction, true_origin + narrow.HEIGHT * true_direction
        apart = ground - truth
        up = truth / np.linalg.norm(truth, axis=1, keepdims=True)
        apart -= up * np.sum(apart * up, axis=1, keepdims=True)
        off.append(float(np.sqrt(np.mean(np.sum(apart**2, axis=1)))))
    assert off[1] < 0.1 * off[0]
    assert "sigma_x" in (tmp_path / "out" / "right.csv").read_text().splitlines()[0]
    assert "What is recovered" in report.read_text("utf-8") and "ties.csv" in report.read_text("utf-8")
    assert any("their rays miss by" in sentence for sentence in done.notes)


def test_tie_tables_read_back(files):
    known = narrow.ties(60)
    again = read_tie_table(str(files / "ties.csv"), ["left", "right"].index)
    np.testing.assert_array_equal(again.line, known.line)
    np.testing.assert_array_equal(again.view, known.view)


def test_wrong_files_are_named(files, tmp_path):
    output = str(tmp_path / "out")
    whole = (files / "left.json").read_text()
    (tmp_path / "left.json").write_text(whole[: len(whole) // 2])
    cameras = [str(tmp_path / "left.json"), str(files / "right.json")]
    with pytest.raises(InputError, match=r"left\.json' is not whole JSON"):
        do(**given(files, CAMERAS=cameras, OUTPUT_FOLDER=output))
    state = json.loads(whole.split("\n", 1)[1])
    del state["m_quaternions"], state["m_focalLength"]
    (tmp_path / "left.json").write_text(state_text(state))
    with pytest.raises(InputError, match='lacks "m_focalLength", "m_quaternions"'):
        do(**given(files, CAMERAS=cameras, OUTPUT_FOLDER=output))
    (tmp_path / "ties.csv").write_text("image_a,line_a,sample_a,image_b,line_b,sample_b\nleft,1,1,middle,2,2\n")
    with pytest.raises(InputError, match="No camera is named 'middle'"):
        do(**given(files, TIES=[str(tmp_path / "ties.csv")], OUTPUT_FOLDER=output))
    (tmp_path / "ties.csv").write_text("image_a,line_a,sample_a,image_b,line_b,sample_b\nleft,1,1,right,99999,2\n")
    with pytest.raises(InputError, match=r"line 99999\.0, sample 2\.0 of 'right'"):
        do(**given(files, TIES=[str(tmp_path / "ties.csv")], OUTPUT_FOLDER=output))
    with pytest.raises(InputError, match="need TIES"):
        do(**given(files, TIES=None, GCPS=None, OUTPUT_FOLDER=output))
    assert not Path(output).exists()
