"""The algorithms: described in full, fed from layers of every kind, and clear about bad input."""

from __future__ import annotations

import ast
import gc
import shlex
import sys
import threading
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import processing
import pytest
from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsGeometry,
    QgsPointXY,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterDefinition,
    QgsRasterDataProvider,
    QgsRasterLayer,
    QgsVectorLayer,
)
from qgis.gui import QgsGui

from planetary_dtm.core.errors import CancelledError, InputError
from planetary_dtm.core.rasters import Raster
from planetary_dtm.core.steps import STEP_IDS, Kind, OutputKind, StepResult, step
from planetary_dtm.processing_provider.extents import metres_per_unit
from planetary_dtm.processing_provider.inputs import collect, resolve
from planetary_dtm.processing_provider.layer_sources import RenderedRaster
from planetary_dtm.processing_provider.provider import ALGORITHMS
from planetary_dtm.tests.qgis.calls import given, refused, run
from planetary_dtm.ui import history

MOON = QgsCoordinateReferenceSystem("IAU_2015:30100")


def test_python_takes_short_turns_while_a_step_works(provider, image, tmp_path, monkeypatch):
    """So that a handler in the main thread, which asks for Python at each of its calls, does not wait 5 ms for each."""
    seen, usual = [], sys.getswitchinterval()

    def working(**_):
        seen.extend((sys.getswitchinterval(), gc.get_freeze_count()))
        raise InputError("Enough.")

    monkeypatch.setattr("planetary_dtm.core.steps.leveldtm.STEP", replace(step("leveldtm"), run=working))
    assert refused("leveldtm", INPUT=image.id(), OUTPUT=str(tmp_path / "dtm.tif")).endswith("Enough.")
    assert seen[0] <= usual / 5 and sys.getswitchinterval() == usual
    assert seen[1] > 10_000 and gc.get_freeze_count() == 0  # the collector leaves alone what was there before


# --- descriptions ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [a for a in ALGORITHMS if a.step_id in STEP_IDS], ids=lambda a: a.step_id)
def test_described_in_full(provider, kind):
    algorithm = provider.algorithm(kind.step_id)
    assert algorithm.displayName() and algorithm.group() and algorithm.groupId()
    assert len(algorithm.shortHelpString()) > 60 and algorithm.tags()
    assert algorithm.svgIconPath().endswith(f"{algorithm.step.icon}.svg")
    assert not algorithm.icon().pixmap(24, 24).isNull()
    for definition in algorithm.parameterDefinitions():
        assert definition.help().endswith("."), definition.name()
        assert definition.description(), definition.name()
    described = {d.name(): d for d in algorithm.parameterDefinitions()}
    for parameter in algorithm.step.parameters:
        flags = described[parameter.name].flags()
        assert bool(flags & QgsProcessingParameterDefinition.FlagOptional) == parameter.optional
        assert bool(flags & QgsProcessingParameterDefinition.FlagAdvanced) == parameter.advanced
    outputs = {o.name(): o for o in algorithm.outputDefinitions()}
    assert set(outputs) == {o.name for o in algorithm.step.outputs}
    numbers = {o.name for o in algorithm.step.outputs if o.kind is OutputKind.NUMBER}
    assert numbers == {name for name, o in outputs.items() if isinstance(o, QgsProcessingOutputNumber)}


# --- running -----------------------------------------------------------------------------------------------------


def test_numbers_and_optional_outputs(provider, scene, tmp_path):
    """A DTM compared with itself: the numbers are there, the report only when asked for."""
    truth = str(scene / "truth_dtm.tif")
    found = run("comparedtm", INPUT=truth, REFERENCE=truth)
    assert found["RMSE"] == pytest.approx(0, abs=1e-6) and found["CC"] == pytest.approx(1) and found["COUNT"] > 20000
    assert "OUTPUT_REPORT" not in found
    shots = run("comparedtm", INPUT=truth, REFERENCE=str(scene / "altimetry.csv"), OUTPUT=str(tmp_path / "d.tif"))
    assert 0 < shots["NMAD"] < 50 and (tmp_path / "d.tif").exists()


def test_progress_and_warnings_reach_the_feedback(provider, image, slow_step, tmp_path):
    slow_step(warnings=("Its colours are no brightness.",))
    heard = []

    class Feedback(QgsProcessingFeedback):
        def pushWarning(self, warning):
            heard.append(warning)

        def setProgressText(self, text):
            heard.append(text)

    feedback = Feedback()
    output = str(tmp_path / "o.tif")
    processing.run("planetarydtm:dtmfromextent", {"INPUT": image, "OUTPUT": output}, feedback=feedback)
    assert heard == ["Predicting", "Its colours are no brightness."]
    assert feedback.progress() > 95


def test_cancelled_leaves_nothing(provider, image, slow_step, tmp_path):
    slow_step()
    feedback = QgsProcessingFeedback()
    feedback.cancel()
    output = tmp_path / "o.tif"
    processing.run("planetarydtm:dtmfromextent", {"INPUT": image, "OUTPUT": str(output)}, feedback=feedback)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("sentence", ["Stopped at step 3 of 9; c.pt holds it to go on from.", "Cancelled."])
def test_what_a_cancelled_run_keeps_is_told(sentence, provider, image, slow_step, tmp_path):
    feedback = QgsProcessingFeedback(False)

    class Stopped(CancelledError):
        def __init__(self):
            super().__init__(sentence)
            feedback.cancel()

    slow_step(fail=Stopped)
    output = str(tmp_path / "o.tif")
    processing.run("planetarydtm:dtmfromextent", {"INPUT": image, "OUTPUT": output}, feedback=feedback)
    assert (sentence in feedback.textLog()) == (sentence != "Cancelled.")


def test_cancel_is_heard_while_a_layer_without_a_file_is_written(image, qtbot, tmp_path):
    wanted = QgsRasterDataProvider.VirtualRasterParameters()
    wanted.crs, wanted.extent, wanted.width, wanted.height = image.crs(), image.extent(), 100, 100
    wanted.formula = '"grey@1" * 2'
    grey = QgsRasterDataProvider.VirtualRasterInputLayers()
    grey.name, grey.uri, grey.provider = "grey", image.source(), "gdal"
    wanted.rInputLayers = [grey]
    computed = QgsRasterLayer(QgsRasterDataProvider.encodeVirtualRasterProviderUri(wanted), "computed", "virtualraster")
    assert computed.isValid()
    source, feedback, ended = RenderedRaster(computed), QgsProcessingFeedback(), []
    source.aim(None, image.extent().width() * metres_per_unit(image.crs()) / 12000)

    def write():
        try:
            source.path(tmp_path, feedback)
        except CancelledError:
            ended.append(True)

    writing = threading.Thread(target=write)
    writing.start()
    qtbot.wait(300)
    feedback.cancel()
    try:
        qtbot.waitUntil(lambda: bool(ended), timeout=3000)
    finally:
        writing.join()


# --- inputs ------------------------------------------------------------------------------------------------------


def test_plain_values(provider, image, tmp_path):
    values = given(
        "dtmfromextent", tmp_path, INPUT=image, PIXEL_SIZE="120", SUN_AZIMUTH=0, MODE="jmars", ENGINE=None, MODEL=""
    )
    assert values == {"INPUT": image.source(), "PIXEL_SIZE": 120.0, "SUN_AZIMUTH": 0.0, "MODE": "jmars"}


def test_table_of_a_file_is_read_as_it_is(provider, scene, image, tmp_path):
    shots = str(scene / "altimetry.csv")
    assert given("dtmfromextent", tmp_path, INPUT=image, ALTIMETRY=shots)["ALTIMETRY"] == shots


@pytest.fixture
def shots(project):
    """A memory layer of five shots, two of them selected."""
    layer = QgsVectorLayer("Point?field=fid:integer&field=altitude:double", "my shots", "memory")
    layer.setCrs(MOON)
    for number in range(5):
        feature = QgsFeature(layer.fields())
        feature.setAttributes([7, 100.0 * number])
        feature.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(20 + 0.01 * number, 0)))
        layer.dataProvider().addFeature(feature)
    project.addMapLayer(layer)
    return layer


def altitudes(path):
    from planetary_dtm.core.tables import read_table

    table = read_table(path)
    return sorted(table.numbers("altitude")), table


def test_memory_layer(provider, image, shots, tmp_path):
    found, table = altitudes(given("dtmfromextent", tmp_path, INPUT=image, ALTIMETRY=shots)["ALTIMETRY"])
    assert found == [0, 100, 200, 300, 400] and table.body.name == "Moon"
    assert np.degrees(table.lonlat()[0]) == pytest.approx(20 + 0.01 * np.arange(5))


def test_filter_selection_and_edits_count(provider, image, shots, tmp_path):
    from qgis.core import QgsProcessingFeatureSourceDefinition

    shots.selectByIds([f.id() for f in shots.getFeatures() if f["altitude"] in (100, 200)])
    chosen = QgsProcessingFeatureSourceDefinition(shots.id(), selectedFeaturesOnly=True)
    assert altitudes(given("dtmfromextent", tmp_path, INPUT=image, ALTIMETRY=chosen)["ALTIMETRY"])[0] == [100, 200]
    saved = tmp_path / "saved.gpkg"
    processing.run("native:retainfields", {"INPUT": shots, "FIELDS": ["altitude"], "OUTPUT": str(saved)})
    layer = QgsVectorLayer(str(saved), "saved", "ogr")
    assert given("dtmfromextent", tmp_path, INPUT=image, ALTIMETRY=layer)["ALTIMETRY"].startswith(str(saved))
    layer.setSubsetString("altitude > 250")
    assert altitudes(given("dtmfromextent", tmp_path, INPUT=image, ALTIMETRY=layer)["ALTIMETRY"])[0] == [300, 400]
    layer.setSubsetString("")
    layer.startEditing()
    layer.deleteFeature(next(layer.getFeatures()).id())
    assert len(altitudes(given("dtmfromextent", tmp_path, INPUT=image, ALTIMETRY=layer)["ALTIMETRY"])[0]) == 4
    layer.rollBack()


def test_crs_given_by_the_user(provider, scene, project, tmp_path):
    """A file without a CRS takes the one the user gave the layer."""
    from osgeo import gdal

    bare = str(tmp_path / "bare.tif")
    made = gdal.Translate(bare, str(scene / "image.tif"))
    made.SetProjection("")
    del made
    layer = QgsRasterLayer(bare, "bare")
    layer.setCrs(QgsCoordinateReferenceSystem("IAU_2015:30110"))
    project.addMapLayer(layer)
    path = given("dtmfromextent", tmp_path, INPUT=layer)["INPUT"]
    assert Raster(path).grid.body.name == "Moon"
    assert (Raster(path).read()[0] == Raster(scene / "image.tif").read()[0]).all()


def test_rasters_given_by_path_are_not_loaded(provider, scene, project, tmp_path):
    """QGIS would stretch the contrast of each: 70 ms that the event loop is held for."""
    image, truth, sensor = str(scene / "image.tif"), str(scene / "truth_dtm.tif"), str(tmp_path / "sensor.json")
    (tmp_path / "sensor.json").write_text("{}")
    cases = {
        "dtmfromextent": {"INPUT": image, "OUTPUT": "x.tif"},
        "comparedtm": {"INPUT": truth, "REFERENCE": truth, "OUTPUT": "x.tif"},
        "intersect": {"MATCHES": [image, truth], "SENSOR": sensor, "EOPS": str(scene / "altimetry.csv"), "OUTPUT": "x"},
    }
    for name, parameters in cases.items():
        context = QgsProcessingContext()
        context.setProject(project)
        made = QgsApplication.processingRegistry().createAlgorithmById(f"planetarydtm:{name}")
        assert made.checkParameterValues(parameters, context) == (True, "")
        found = resolve(collect(made, made.step, parameters, context), tmp_path, QgsProcessingFeedback())
        assert {**found, "OUTPUT": parameters["OUTPUT"]} == parameters
        assert not [la for la in context.temporaryLayerStore().mapLayers().values() if isinstance(la, QgsRasterLayer)]
    made = QgsApplication.processingRegistry().createAlgorithmById("planetarydtm:hillshade")
    assert made.checkParameterValues({"INPUT": str(tmp_path / "none.tif"), "OUTPUT": "x.tif"}, context)[0] is False


def test_history_of_rasters_given_by_path(provider, scene, project, monkeypatch):
    """What is written says what QGIS would write, which loads them for it."""
    context, written = QgsProcessingContext(), []
    context.setProject(project)
    made = QgsApplication.processingRegistry().createAlgorithmById("planetarydtm:intersect")
    images = [str(scene / "image.tif"), str(scene / "truth_dtm.tif")]
    parameters = {"MATCHES": images, "SENSOR": "ce1", "EOPS": "it's a table.csv", "OUTPUT": "TEMPORARY_OUTPUT"}
    registry = SimpleNamespace(addEntry=lambda kind, details: written.append(details))
    monkeypatch.setattr(history, "QgsGui", SimpleNamespace(historyProviderRegistry=lambda: registry))
    if not hasattr(QgsGui, "historyProviderRegistry"):  # QGIS before 3.24
        monkeypatch.setattr(history, "QgsGui", None)
        monkeypatch.setattr("processing.core.ProcessingLog.ProcessingLog.addToLog", written.append)
    history.add(made, parameters, context)
    assert context.temporaryLayerStore().mapLayers() == {}
    command = written[0] if isinstance(written[0], str) else written[0]["python_command"]
    assert _parameters_of(command) == _parameters_of(made.asPythonCommand(parameters, context))
    assert _parameters_of(command)["MATCHES"] == images
    if isinstance(written[0], dict):
        assert written[0]["parameters"] == made.asMap(parameters, context)
        told, whole = (
            shlex.split(line)
            for line in (written[0]["process_command"], made.asQgisProcessCommand(parameters, context)[0])
        )
        assert sorted(told) == sorted(whole)


def _parameters_of(command):
    return ast.literal_eval(command[command.index("{") : command.rindex("}") + 1])


@pytest.fixture
def tiles(project, tmp_path, scene):
    """An XYZ layer of tiles on disk: it draws, and has no file of its own."""
    from osgeo import gdal

    grey = gdal.Open(str(scene / "image.tif")).ReadAsArray()[:128, :128]
    for zoom in (0, 1):
        for x in range(2**zoom):
            for y in range(2**zoom):
                folder = tmp_path / "tiles" / str(zoom) / str(x)
                folder.mkdir(parents=True, exist_ok=True)
                tile = gdal.GetDriverByName("MEM").Create("", 256, 256, 3)
                for band in (1, 2, 3):
                    tile.GetRasterBand(band).WriteArray(np.kron(grey, np.ones((2, 2), np.uint8)))
                gdal.GetDriverByName("PNG").CreateCopy(str(folder / f"{y}.png"), tile)
    source = f"type=xyz&url=file://{tmp_path}/tiles/{{z}}/{{x}}/{{y}}.png&zmax=1&zmin=0"
    layer = QgsRasterLayer(source, "tiles", "wms")
    assert layer.isValid()
    project.addMapLayer(layer)
    return layer


def test_layer_without_data_is_rendered(provider, tiles, tmp_path):
    extent = "-10000000,0,0,10000000"
    path = given("dtmfromextent", tmp_path, INPUT=tiles, EXTENT=extent, PIXEL_SIZE=100000)["INPUT"]
    drawn = Raster(path)
    assert drawn.size == (100, 100) and drawn.bands == 4
    assert drawn.grid.extent == pytest.approx((-1e7, 0, 0, 1e7))
    assert drawn.read()[0].std() > 5
    size = Raster(given("dtmfromextent", tmp_path, INPUT=tiles, EXTENT=extent)["INPUT"]).size
    assert size == (1024, 1024)


# --- bad input ---------------------------------------------------------------------------------------------------


def test_bad_inputs(provider, image, scene, tmp_path):
    output = str(tmp_path / "o.tif")
    good = {"INPUT": image, "OUTPUT": output}
    assert "lies outside the layer" in refused("dtmfromextent", **good, EXTENT="0,1,0,1")
    assert "is empty" in refused("dtmfromextent", **good, EXTENT="601700,601700,0,100")
    assert "does not exist" in refused("dtmfromextent", INPUT=image, OUTPUT=str(tmp_path / "none" / "o.tif"))
    (tmp_path / "model.safetensors").write_bytes(b"\x80\x04 pickled")
    assert "model.safetensors" in refused("dtmfromextent", **good, MODEL=str(tmp_path / "model.safetensors"))
    (tmp_path / "no.csv").write_text("lon,lat,depth\n20,0,1\n")
    assert "no.csv" in refused("dtmfromextent", **good, ALTIMETRY=str(tmp_path / "no.csv"))
    (tmp_path / "far.csv").write_text("lon,lat,altitude\n120,0,1\n")
    assert "inside" in refused("dtmfromextent", **good, ALTIMETRY=str(tmp_path / "far.csv"))
    assert not (tmp_path / "o.tif").exists()


def test_points_of_another_body(provider, image, shots, tmp_path):
    shots.setCrs(QgsCoordinateReferenceSystem("IAU_2015:49900"))
    told = refused("dtmfromextent", INPUT=image, ALTIMETRY=shots, OUTPUT=str(tmp_path / "o.tif"))
    assert "Moon" in told and "Mars" in told


def test_own_error_is_one_sentence(provider, image, slow_step, tmp_path):
    slow_step(fail=ZeroDivisionError("division by zero"))
    told = refused("dtmfromextent", INPUT=image, OUTPUT=str(tmp_path / "o.tif"))
    assert "met an error of its own (ZeroDivisionError: division by zero)" in told


def test_every_kind_is_translated():
    from planetary_dtm.processing_provider.definitions import _PARAMETERS

    assert set(_PARAMETERS) == set(Kind)
    assert StepResult().outputs == {}
    assert step("comparedtm").parameters[1].kind is Kind.LAYER


def test_results_are_no_images(plugin, scene, project, finish, tmp_path):
    """No result is taken for an image: neither one just made, nor its file opened again in another project."""
    from qgis.core import QgsProcessingOutputLayerDefinition, QgsRasterLayer

    from planetary_dtm.processing_provider.styling import is_product
    from planetary_dtm.ui.results import add_to_map
    from planetary_dtm.ui.runs import Run
    from planetary_dtm.ui.view import is_image

    target = QgsProcessingOutputLayerDefinition(str(tmp_path / "shade.tif"), project)
    run = Run("planetarydtm:hillshade", {"INPUT": str(scene / "truth_dtm.tif"), "OUTPUT": target}, "Shade")
    plugin.runs.start(run, add_to_map)
    finish(plugin)
    (shaded,) = project.mapLayers().values()
    assert is_product(shaded) and not is_image(shaded)
    assert is_product(QgsRasterLayer(str(scene / "truth_dtm.tif"), "from disk"))
    assert is_image(QgsRasterLayer(str(scene / "image.tif"), "image"))


def test_models_do_not_hold_the_event_loop(provider):
    """A shipped chain and its copy in the modeler run in a worker; one with a step that cannot keeps QGIS's way."""
    from qgis.core import QgsProcessingAlgorithm, QgsProcessingModelChildAlgorithm

    from planetary_dtm.ui.model_menu import copy_of

    chain = provider.algorithm("view_to_levelled_dtm")
    copy = copy_of(chain)
    assert copy.displayName() == "View to levelled DTM (copy)" and copy.sourceFilePath() == ""
    for model in (chain, copy, copy.create()):
        assert model.provider() is not None and len(model.childAlgorithms()) == 3
        assert not model.flags() & QgsProcessingAlgorithm.FlagNoThreading
    before = copy.create()
    before.addChildAlgorithm(QgsProcessingModelChildAlgorithm("native:printlayoutmapextenttolayer"))
    plain = bool(super(type(before), before).flags() & QgsProcessingAlgorithm.FlagNoThreading)
    assert bool(before.flags() & QgsProcessingAlgorithm.FlagNoThreading) == plain
