"""The push-broom dock: its stages run as Processing runs, and its workspace lives in the project."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from pathlib import Path

from qgis.core import Qgis, QgsApplication, QgsCoordinateReferenceSystem, QgsProject, QgsRectangle
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QApplication

from planetary_dtm.core.errors import InputError
from planetary_dtm.core.progress import silent, tell
from planetary_dtm.core.steps import STEP_IDS, step
from planetary_dtm.plugin.plugin import PlanetaryDtmPlugin
from planetary_dtm.processing_provider.styling import PRODUCT
from planetary_dtm.ui.runs import State
from planetary_dtm.ui.stages import Progress, label_of, progress_of, stages, whole
from planetary_dtm.ui.view_history import ViewHistory
from planetary_dtm.ui.workspace import INPUTS, KEYS, RESULTS, Workspace

WARNING, CRITICAL = Qgis.MessageLevel.Warning, Qgis.MessageLevel.Critical


def stage_of(name):
    return next(stage for stage in stages() if stage.id == name)


# --- the chain as data -------------------------------------------------------------------------------------------


def test_every_stage_is_described():
    for stage in stages():
        assert stage.title and len(stage.text) > 40 and stage.button and stage.text.endswith(".")
        for field in stage.fields:
            assert field.described.help.endswith(".")
            assert field.key in KEYS
        assert set(stage.needs) | set(stage.results) <= set(KEYS)
    assert all(label_of(key) != key for key in RESULTS)


def test_every_result_feeds_the_next_stage(plugin, work):
    """What a stage needs is given by the user or made by a stage before it; jobs name outputs their steps have."""
    made = set(INPUTS)
    for stage in stages():
        assert set(stage.needs) <= made, stage.id
        for job in stage.jobs(work):
            assert job.step_id in STEP_IDS
            described = step(job.step_id)
            assert set(job.makes) | set(job.on_map) <= {output.name for output in described.outputs}
            known = {p.name for p in described.parameters} | {o.name for o in described.outputs}
            assert set(job.parameters) <= known
            made |= set(job.makes.values())
        assert set(stage.results) <= made, stage.id
    one = whole(work)
    described = step(one.step_id)
    assert set(one.parameters) <= {p.name for p in described.parameters} | {o.name for o in described.outputs}
    assert one.parameters["IMAGES"] == [work["image_a"], work["image_b"]]


def test_three_images_are_matched_together(plugin, work, tmp_path):
    (job,) = stage_of("matching").jobs(work)
    assert "IMAGE_C" not in job.parameters and job.makes == {"OUTPUT": "matches_ab"}
    work["image_c"] = work["image_b"]
    (job,) = stage_of("matching").jobs(work)
    known = {p.name for p in step("densematch").parameters} | {o.name for o in step("densematch").outputs}
    assert set(job.parameters) <= known and job.makes == {"OUTPUT": "matches_ab", "OUTPUT_C": "matches_ac"}
    for key in ("matches_ab", "matches_ac"):
        (tmp_path / key).write_text("x")
        work[key] = str(tmp_path / key)
    assert len(stage_of("terrain").jobs(work)[0].parameters["MATCHES"]) == 2
    work["image_c"] = ""  # what was matched with it before does not count any more
    assert len(stage_of("terrain").jobs(work)[0].parameters["MATCHES"]) == 1


def test_missing_package_is_said_before_a_run(plugin, work, monkeypatch):
    monkeypatch.setattr("planetary_dtm.ui.stages.find_spec", lambda name: None if name == "cv2" else name)
    dock = plugin.pushbroom_dock
    dock.refresh()
    panel = dock.panels["matching"]
    assert "Needs the Python package cv2" in panel.state.text() and not panel.run_button.isEnabled()
    assert dock._next().id == "altimetry"


# --- workspace ---------------------------------------------------------------------------------------------------


def test_workspace_comes_back_with_the_project(plugin, work, tmp_path, flown):
    """Saved relative to the project, read again tomorrow, and gone in a new project."""
    work["method"], work["sigma_lateral"] = "two_phase", "3"
    shots = tmp_path / "shots.gpkg"
    shots.write_text("x")
    work["shots"] = str(shots)
    path = str(tmp_path / "saved.qgs")
    assert QgsProject.instance().write(path)
    assert "./shots.gpkg" in Path(path).read_text()
    QgsProject.instance().clear()
    assert all(work[key] == "" for key in KEYS)
    assert QgsProject.instance().read(path)
    assert work["shots"] == str(shots) and work["gcps"] == str(flown / "gcps.csv")
    assert (work["method"], work["sigma_lateral"]) == ("two_phase", "3")
    panel = plugin.pushbroom_dock.panels["orientation"]
    plugin.pushbroom_dock.refresh()
    assert panel.findChild(object, "PlanetaryDtmField_method").currentText() == "two_phase"


def test_moved_project_finds_its_files(plugin, work, tmp_path):
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "eops.gpkg").write_text("x")
    work["eops"] = str(folder / "eops.gpkg")
    QgsProject.instance().write(str(folder / "p.qgs"))
    folder.rename(tmp_path / "there")
    QgsProject.instance().read(str(tmp_path / "there" / "p.qgs"))
    assert work["eops"] == str(tmp_path / "there" / "eops.gpkg")


def test_state_of_a_stage(plugin, work, tmp_path):
    stage = stage_of("matching")
    assert progress_of(stage, work) == (Progress.READY, ())
    made = tmp_path / "m.tif"
    made.write_text("x")
    work["matches_ab"] = str(made)
    assert progress_of(stage, work)[0] is Progress.DONE
    os.utime(made, (1, 1))
    assert progress_of(stage, work)[0] is Progress.OLD
    work["image_b"] = str(tmp_path / "none.tif")
    assert progress_of(stage, work) == (Progress.OLD, ("image_b",))
    work["matches_ab"] = ""
    assert progress_of(stage, work) == (Progress.MISSING, ("image_b",))


def test_results_are_never_written_over(plugin, work, tmp_path):
    (tmp_path / "dtm.tif").write_text("x")
    assert work.new_file("dtm.tif") == str(tmp_path / "dtm_2.tif")


def test_workspace_lets_go(project):
    made = Workspace()
    heard = []
    made.changed.connect(heard.append)
    made.close_down()
    QgsProject.instance().clear()
    assert heard == []


def test_scene_of_a_folder_without_one(plugin, tmp_path):
    assert plugin.workspace.take_scene(str(tmp_path)) == 0 and plugin.workspace["folder"] == ""


# --- running -----------------------------------------------------------------------------------------------------


def test_whole_chain_at_one_press(plugin, work, quick, qtbot, messages, tmp_path, qgis_iface):
    """From tables and images to a styled DTM, each step once, in order, in the history, its results kept."""
    dock, started = plugin.pushbroom_dock, []
    plugin.runs.started.connect(lambda run: started.append(run.algorithm_id.partition(":")[2]))
    dock.show()
    dock.refresh()
    work["reference"] = ""
    canvas = qgis_iface.mapCanvas()
    canvas.setDestinationCrs(QgsCoordinateReferenceSystem("IAU_2015:30100"))
    canvas.setExtent(QgsRectangle(100, -60, 101, -59))  # far from the orbit
    qtbot.mouseClick(dock.all_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: work.has("dtm") and not dock._running, timeout=120000)
    assert messages(CRITICAL) == []
    assert started == ["filteraltimetry", "certaintymap", "recovereop", "densematch", "intersect", "pointstodtm"]
    assert quick == [("densematch", "forward"), ("intersect", 1)]
    for key in ("shots", "certainty", "eops", "orientation_report", "matches_ab", "points", "dtm"):
        assert Path(work[key]).parent == tmp_path and work.has(key), key
    qtbot.wait(300)
    kinds = [layer.customProperty(PRODUCT) for layer in QgsProject.instance().mapLayers().values()]
    assert {"dtm", "certainty"} <= set(kinds)
    (group,) = QgsProject.instance().layerTreeRoot().children()
    assert [node.name() for node in group.children()] == [
        "DTM",  # with its hillshade
        "Exterior orientation",
        "Certainty map",
        "Good shots",
    ]
    assert all(layer.crs().isValid() for layer in QgsProject.instance().mapLayers().values())
    assert dock._next() is None and not dock.all_button.isEnabled()
    assert "Done: " in dock.panels["terrain"].state.text()
    (dtm,) = [la for la in QgsProject.instance().mapLayers().values() if la.customProperty(PRODUCT) == "dtm"]
    assert canvas.extent().contains(dtm.extent().center())  # the map went there
    assert [text for text in messages(Qgis.MessageLevel.Info) if "Comparison" in text and "Reference" in text]
    assert dock.panels["orientation"].report_button.isEnabled()


def test_failure_stops_the_chain(plugin, work, quick, qtbot, messages, monkeypatch):
    def fail(**_):
        raise InputError("Table 'gcps.csv' has no column lon; add one.")

    monkeypatch.setattr("planetary_dtm.core.steps.recovereop.STEP", replace(step("recovereop"), run=fail))
    dock = plugin.pushbroom_dock
    dock.run(stage_of("orientation"), go_on=True)
    qtbot.waitUntil(lambda: not dock._running, timeout=30000)
    qtbot.wait(50)
    assert messages(CRITICAL)[-1].endswith("has no column lon; add one.")
    assert quick == [] and work["eops"] == ""
    assert dock.panels["orientation"].run_button.isEnabled()


def _long(*, progress=silent, **_):
    for part in range(2000):
        tell(progress, part / 2000, "Waiting")
        time.sleep(0.01)


def test_cancelled_stage_keeps_nothing(plugin, work, qtbot, monkeypatch, tmp_path):
    monkeypatch.setattr("planetary_dtm.core.steps.densematch.STEP", replace(step("densematch"), run=_long))
    dock = plugin.pushbroom_dock
    dock.run(stage_of("matching"))
    dock.run(stage_of("matching"))  # pressed twice: still one run
    assert len(plugin.runs.active) == 1 and not dock.panels["matching"].run_button.isEnabled()
    plugin.runs.active[0].cancel()
    qtbot.waitUntil(lambda: not dock._running, timeout=3000)
    assert work["matches_ab"] == "" and not list(tmp_path.glob("*.tif"))


def test_plugin_unloaded_during_a_stage(qgis_iface, project, flown, monkeypatch, tmp_path):
    """The stage ends at once and leaves nothing; what was done before stays in the project for the next time."""
    monkeypatch.setattr("planetary_dtm.core.steps.densematch.STEP", replace(step("densematch"), run=_long))
    made = PlanetaryDtmPlugin(qgis_iface)
    made.initGui()
    made.workspace.take_scene(str(flown))
    made.workspace["folder"], made.workspace["eops"] = str(tmp_path), str(flown / "truth_eop.csv")
    made.pushbroom_dock.run(stage_of("matching"), go_on=True)
    (run,) = made.runs.active
    start = time.monotonic()
    made.unload()
    QApplication.processEvents()
    assert run.state is State.CANCELLED and time.monotonic() - start < 3
    assert QgsApplication.taskManager().countActiveTasks() == 0 and list(tmp_path.iterdir()) == []
    again = Workspace()
    assert again["eops"] == str(flown / "truth_eop.csv") and again["matches_ab"] == ""
    again.close_down()


def test_project_closed_during_a_stage(plugin, work, quick, qtbot, messages):
    """The result is kept and told; the next project's workspace stays empty and the chain does not go on."""
    dock = plugin.pushbroom_dock
    dock.run(stage_of("matching"), go_on=True)
    (run,) = plugin.runs.active
    QgsProject.instance().clear()
    qtbot.waitUntil(lambda: not dock._running, timeout=30000)
    assert "its project was closed" in messages(WARNING)[-1]
    assert Path(run.results["OUTPUT"]).exists()
    assert work["matches_ab"] == "" and len(quick) == 1


def test_a_project_that_is_only_opened_asks_no_other_server(project, monkeypatch):
    asked: list[str] = []
    monkeypatch.setattr(Path, "exists", lambda path: asked.append(str(path)) or True)
    record = {"time": "2026-01-01 12:00", "image": "a.tif", "seconds": 3.5, "output": "//evil/share/<b>x.tif"}
    project.writeEntry("planetary_dtm", "pushbroom/gcps", "//evil/share/x.csv")
    project.writeEntry("planetary_dtm", "view/history", json.dumps([record, record]))
    made, history = Workspace(), ViewHistory()
    assert made["gcps"] and not made.has("gcps") and not any(r.there for r in history.records)
    assert not any("evil" in path for path in asked)
    assert "&lt;b&gt;" in history.list.topLevelItem(0).toolTip(0)
    made["gcps"] = "//evil/share/x.csv"  # the user's own choice
    assert made.has("gcps")
    made.close_down()
