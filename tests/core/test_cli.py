"""The commands: help, exit statuses, one clear line on failure, and a scene made by one of them."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from planetary_dtm.core.cli import TRACEBACK, main
from planetary_dtm.core.errors import CancelledError, InputError
from planetary_dtm.core.outputs import MARK
from planetary_dtm.core.rasters import Raster
from planetary_dtm.core.steps import STEP_IDS, Kind, OutputKind, step
from planetary_dtm.core.tables import read_table


@pytest.mark.parametrize("name", STEP_IDS)
def test_every_step_is_described(name):
    described = step(name)
    assert described.id == name
    assert len(described.help) > 60
    for parameter in described.parameters:
        assert len(parameter.help) > 15 and parameter.label, parameter.name
        assert parameter.name == parameter.name.upper()
        assert bool(parameter.choices) == (parameter.kind.value == "choice"), parameter.name
    assert described.outputs
    for output in described.outputs:
        assert output.help.endswith("."), output.name
        if output.kind in (OutputKind.RASTER, OutputKind.TABLE, OutputKind.FILE, OutputKind.REPORT):
            assert output.extension, output.name


@pytest.mark.parametrize("name", STEP_IDS)
def test_help_of_every_command(name, capsys):
    with pytest.raises(SystemExit) as stop:
        main([name, "--help"])
    assert stop.value.code == 0
    shown = capsys.readouterr().out
    for parameter in step(name).parameters:
        assert "--" + parameter.name.lower().replace("_", "-") in shown


def test_wrong_usage_is_status_2(capsys):
    for arguments in ([], ["nonsense"], ["leveldtm"], ["dtmfromextent", "--input", "x.tif", "--extent", "1", "2"]):
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        assert stop.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_failure_is_one_line_and_status_1(tmp_path):
    made = subprocess.run(
        [
            sys.executable,
            "-m",
            "planetary_dtm.core.cli",
            "leveldtm",
            "--input",
            str(tmp_path / "no.tif"),
            "--altimetry",
            "a.csv",
            "--output",
            str(tmp_path / "o.tif"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 1
    assert made.stderr.count("\n") == 1 and "no.tif" in made.stderr and "Traceback" not in made.stderr
    assert not list(tmp_path.iterdir())


def test_out_of_range_values_name_the_parameter(tmp_path, capsys):
    assert main(["simulateview", "--size", "8", "--output-folder", str(tmp_path / "s")]) == 1
    assert "SIZE is 8; it must be at least 64" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", STEP_IDS)
def test_numbers_without_an_end_are_refused_by_every_step(name):
    described = step(name)
    for parameter in described.parameters:
        if parameter.kind in (Kind.NUMBER, Kind.INTEGER):
            for value in (float("inf"), float("-inf"), float("nan")):
                alone = replace(described, parameters=(parameter,), outputs=())
                with pytest.raises(InputError, match=rf"^{parameter.name} is {value:g}; it must be a finite number\.$"):
                    alone.checked({parameter.name: value})
        if parameter.kind is Kind.INTEGER:
            with pytest.raises(InputError, match=rf"^{parameter.name} is 2\.5; it must be a whole number\.$"):
                alone.checked({parameter.name: 2.5})


@pytest.mark.parametrize(
    "name, values, said",
    [
        (
            "refinecameras",
            {"CAMERAS": ["D/left.json"], "OUTPUT_FOLDER": "D"},
            "CAMERAS lies in",
        ),
        (
            "refinecameras",
            {"CAMERAS": ["D/sub/left.json"], "OUTPUT_FOLDER": "D/"},
            "CAMERAS lies in the folder of OUTPUT_FOLDER",
        ),
        (
            "recovereop",
            {"GCPS": "g.csv", "SENSOR": "ce1", "OUTPUT": "D/e.csv", "OUTPUT_CSM_FOLDER": "D"},
            "OUTPUT lies in",
        ),
        (
            "recovereop",
            {"GCPS": "g.csv", "SENSOR": "ce1", "OUTPUT": "D", "OUTPUT_CSM_FOLDER": "D"},
            "the folder of OUTPUT",
        ),
        ("recovereop", {"GCPS": "D/g.csv", "SENSOR": "ce1", "OUTPUT": "D/e.csv", "OUTPUT_CSM_FOLDER": "D/csm"}, ""),
    ],
)
def test_a_folder_that_is_replaced_holds_nothing_else_of_the_run(name, values, said):
    if said:
        with pytest.raises(InputError, match=said):
            step(name).checked(values)
    else:
        step(name).checked(values)


def test_a_benchmark_that_takes_no_seeds_says_so(capsys):
    assert main(["bench", "view", "--seeds", "2"]) == 1
    assert "leave --seeds out" in capsys.readouterr().err


def test_simulated_view_is_whole(tmp_path):
    folder = tmp_path / "a scene"
    assert main(["simulateview", "--size", "96", "--output-folder", str(folder)]) == 0
    assert sorted(file.name for file in folder.iterdir()) == [MARK, "altimetry.csv", "image.tif", "truth_dtm.tif"]
    image, truth = Raster(folder / "image.tif"), Raster(folder / "truth_dtm.tif")
    assert image.grid == truth.grid and image.grid.body.name == "Moon"
    assert image.grid.pixel_size_m == pytest.approx((60.0, 60.0), rel=1e-3)
    shots = read_table(folder / "altimetry.csv")
    column, row = image.grid.pixel_of(*shots.lonlat())
    heights, _ = truth.read()
    near = heights[row.round().astype(int), column.round().astype(int)]
    assert abs(near - shots.numbers("altitude")).mean() < 40


@pytest.fixture
def asked(monkeypatch):
    """The values that a command hands to its step."""
    seen = []

    def run(**values):
        seen.append(values)
        raise InputError("Enough.")

    monkeypatch.setattr("planetary_dtm.core.steps.dtmfromextent.STEP", replace(step("dtmfromextent"), run=run))
    return seen


@pytest.mark.parametrize(
    "numbers", [["-1e5", "-2e5", "1e5", "2e5"], ["-1.5E+5", "-.2e6", "-1e-3", "+2.e5"], ["-5", "-.5", "0", "1"]]
)
def test_negative_numbers_with_exponents_are_numbers(asked, numbers):
    assert main(["dtmfromextent", "--input", "a.tif", "--extent", *numbers, "--output", "b.tif"]) == 1
    assert list(asked[0]["extent"]) == [float(number) for number in numbers]
    assert main(["dtmfromextent", "--input", "a.tif", "--sun-azimuth", "-1e1", "--output", "b.tif"]) == 1
    assert asked[1]["sun_azimuth"] == -10.0


def test_any_other_failure_is_one_line_and_status_1(monkeypatch, capsys):
    def broken(**_):
        raise ZeroDivisionError("division\nby zero")

    monkeypatch.setattr("planetary_dtm.core.steps.hillshade.STEP", replace(step("hillshade"), run=broken))
    command = ["hillshade", "--input", "a.tif", "--output", "b.tif"]
    monkeypatch.delenv(TRACEBACK, raising=False)
    assert main(command) == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and told.startswith("planetary-dtm hillshade: a fault of the program")
    assert "ZeroDivisionError: division by zero" in told and TRACEBACK in told
    monkeypatch.setenv(TRACEBACK, "1")
    assert main(command) == 1
    assert "in broken" in capsys.readouterr().err


@pytest.mark.parametrize("stop", [CancelledError("Stopped at step 3 of 9; c.pt holds it."), CancelledError()])
def test_what_a_cancelled_command_keeps_is_told(stop, monkeypatch, capsys):
    def cancelled(**_):
        raise stop

    monkeypatch.setattr("planetary_dtm.core.steps.hillshade.STEP", replace(step("hillshade"), run=cancelled))
    assert main(["hillshade", "--input", "a.tif", "--output", "b.tif"]) == 130
    assert capsys.readouterr().err == f"{stop}\n"


def test_benchmarks_that_are_not_there_are_told_in_a_sentence(monkeypatch, capsys):
    for name in [name for name in sys.modules if name.startswith("planetary_dtm.benchmarks")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "planetary_dtm.benchmarks", None)
    assert main(["bench", "view"]) == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and "not in the plugin's zip" in told


def test_gdal_that_is_missing_is_told_with_its_remedy(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "osgeo", None)
    assert main(["hillshade", "--input", str(tmp_path / "a.tif"), "--output", str(tmp_path / "o.tif")]) == 1
    said = capsys.readouterr().err
    assert "GDAL's Python bindings are missing; install" in said and said.count("\n") == 1
