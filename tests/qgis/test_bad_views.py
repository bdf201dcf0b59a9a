"""Views that lie badly, servers that fail, and things taken away while they are used: told, and nothing is lost."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsGeometry,
    QgsPointXY,
    QgsProcessingContext,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import Qt, QTimer

from planetary_dtm.core.geotiff import Band, write_dtm, write_image
from planetary_dtm.core.rasters import Grid, Raster
from planetary_dtm.core.steps import StepResult, step
from planetary_dtm.core.tables import read_table, write_table
from planetary_dtm.processing_provider.inputs import resolve
from planetary_dtm.processing_provider.styling import PRODUCT
from planetary_dtm.ui.runs import State

WARNING, CRITICAL = Qgis.MessageLevel.Warning, Qgis.MessageLevel.Critical
RADIUS = 1737400.0


def product(kind):
    return [la for la in QgsProject.instance().mapLayers().values() if la.customProperty(PRODUCT) == kind]


@pytest.fixture
def globe(project, tmp_path, qgis_canvas):
    """A grey map of the whole Moon in longitude and latitude."""
    grid = Grid(360, 180, (-180.0, 1.0, 0.0, 90.0, 0.0, -1.0), "IAU_2015:30100")
    grey = np.random.default_rng(0).integers(1, 255, (180, 360)).astype(np.uint8)
    write_image(tmp_path / "globe.tif", grid, grey, {}, nodata=0)
    layer = QgsRasterLayer(str(tmp_path / "globe.tif"), "globe")
    project.addMapLayer(layer)
    qgis_canvas.setLayers([layer])
    return layer


def look(canvas, proj, half):
    """Centre the map on the origin of a projection."""
    crs = QgsCoordinateReferenceSystem.fromProj(f"{proj} +R={RADIUS} +units=m +no_defs")
    assert crs.isValid()
    canvas.setDestinationCrs(crs)
    canvas.setExtent(QgsRectangle(-half, -half, half, half))


def test_view_across_the_dateline(plugin, globe, finish, messages, slow_step, qgis_canvas):
    """The rectangle around both ends of the layer would be all of it: refused in words, before and after the press."""
    slow_step()
    look(qgis_canvas, "+proj=eqc +lon_0=180", 2e5)
    plugin.view_dock.show()
    plugin.view_dock.update_hint()
    assert "crosses the meridian where the layer 'globe' begins" in plugin.view_dock.form.hint.text()
    plugin.view_dock.generate()
    finish(plugin)
    assert "crosses the meridian" in messages(CRITICAL)[-1] and product("dtm") == []


def test_view_beside_the_dateline(plugin, globe, finish, messages, slow_step, qgis_canvas):
    slow_step()
    look(qgis_canvas, "+proj=eqc +lon_0=120", 1e5)
    plugin.view_dock.generate()
    finish(plugin)
    assert messages(CRITICAL) == []
    (terrain,) = product("dtm")
    assert terrain.extent().xMinimum() > 0


@pytest.mark.parametrize("latitude", [90, -90])
def test_view_over_a_pole(plugin, globe, finish, messages, slow_step, qgis_canvas, latitude):
    """All longitudes around the pole come out, as the layer has them."""
    slow_step()
    look(qgis_canvas, f"+proj=stere +lat_0={latitude} +lon_0=0", 2.5e5)
    plugin.view_dock.generate()
    finish(plugin)
    assert messages(CRITICAL) == []
    (terrain,) = product("dtm")
    assert terrain.extent().width() > 350 and abs(terrain.extent().center().y()) > 70


def test_whole_body_out_of_sight(plugin, globe, finish, messages, slow_step, qgis_canvas):
    """An orthographic globe has corners in empty space: the user is told, nothing crashes."""
    slow_step()
    look(qgis_canvas, "+proj=ortho +lat_0=0 +lon_0=0", 5e6)
    plugin.view_dock.show()
    plugin.view_dock.update_hint()
    plugin.view_dock.generate()
    finish(plugin)
    assert len(product("dtm")) + len(messages(CRITICAL)) == 1
    assert all("Traceback" not in told for told in messages(CRITICAL))


# --- servers -----------------------------------------------------------------------------------------------------


EXCEPTION = b"<ServiceExceptionReport><ServiceException>no map today</ServiceException></ServiceExceptionReport>"
CAPABILITIES = """<?xml version="1.0"?>
<WMS_Capabilities version="1.3.0" xmlns="http://www.opengis.net/wms" xmlns:xlink="http://www.w3.org/1999/xlink">
<Service><Name>WMS</Name><Title>moon</Title></Service><Capability><Request>
<GetCapabilities><Format>text/xml</Format>GET</GetCapabilities><GetMap><Format>image/png</Format>GET</GetMap>
</Request><Exception><Format>XML</Format></Exception><Layer><Title>all</Title><CRS>EPSG:4326</CRS>
<Layer><Name>moon</Name><Title>moon</Title><CRS>EPSG:4326</CRS><EX_GeographicBoundingBox>
<westBoundLongitude>-180</westBoundLongitude><eastBoundLongitude>180</eastBoundLongitude>
<southBoundLatitude>-90</southBoundLatitude><northBoundLatitude>90</northBoundLatitude></EX_GeographicBoundingBox>
<BoundingBox CRS="EPSG:4326" minx="-90" miny="-180" maxx="90" maxy="180"/></Layer></Layer></Capability>
</WMS_Capabilities>"""


class Failing(BaseHTTPRequestHandler):
    """Answers every request with an error."""

    def do_GET(self):
        self.send_response(500)
        self.send_header("Content-Type", "application/vnd.ogc.se_xml")
        self.send_header("Content-Length", str(len(EXCEPTION)))
        self.end_headers()
        self.wfile.write(EXCEPTION)

    def log_message(self, *_):
        pass


class Refusing(Failing):
    """A WMS that says what it has, and answers with an exception, in order as far as HTTP goes, when asked for it."""

    def do_GET(self):
        if "GetCapabilities" not in self.path:
            self._answer(EXCEPTION)
            return
        address = f"http://127.0.0.1:{self.server.server_port}/?"
        get = f'<DCPType><HTTP><Get><OnlineResource xlink:href="{address}"/></Get></HTTP></DCPType>'
        self._answer(CAPABILITIES.replace("GET", get).encode())

    def _answer(self, body):
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def answering(handler):
    """A server in this process; its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def failing_server():
    with answering(Failing) as address:
        yield address


@contextmanager
def serving_files(folder):
    """A server of files in a process of its own, which answers while QGIS holds Python's lock; its address."""
    words = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(folder)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        port = re.search(r"port (\d+)", server.stdout.readline()).group(1)
        yield f"http://127.0.0.1:{port}"
        server.terminate()


@pytest.fixture
def tile_layer(project, qgis_canvas, tmp_path):
    """An XYZ layer of a server on this computer, on the map."""
    from osgeo import gdal

    tile = gdal.GetDriverByName("MEM").Create("", 256, 256, 3)
    for band in (1, 2, 3):
        tile.GetRasterBand(band).WriteArray(np.tile(np.arange(256, dtype=np.uint8), (256, 1)))
    gdal.GetDriverByName("PNG").CreateCopy(str(tmp_path / "tile.png"), tile)
    for zoom in range(4):
        for column in range(2**zoom):
            (tmp_path / str(zoom) / str(column)).mkdir(parents=True)
            for row in range(2**zoom):
                (tmp_path / str(zoom) / str(column) / f"{row}.png").symlink_to(tmp_path / "tile.png")
    with serving_files(tmp_path) as address:
        layer = QgsRasterLayer(f"type=xyz&url={address}/{{z}}/{{x}}/{{y}}.png&zmax=3&zmin=0", "tiles", "wms")
        assert layer.isValid()
        project.addMapLayer(layer)
        qgis_canvas.setLayers([layer])
        qgis_canvas.setDestinationCrs(layer.crs())
        qgis_canvas.setExtent(QgsRectangle(1e6, 1e6, 4e6, 4e6))
        yield layer


def test_tiles_of_a_server_make_terrain(plugin, tile_layer, finish, messages, slow_step):
    """What the server draws of the view is what the model is given, in the tiles' CRS."""
    slow_step()
    plugin.view_dock.show()
    plugin.view_dock.update_hint()
    assert "read as it is drawn" in plugin.view_dock.form.hint.text()
    plugin.view_dock.generate()
    finish(plugin)
    assert messages(CRITICAL) == []
    (terrain,) = product("dtm")
    assert terrain.crs() == tile_layer.crs() and max(terrain.width(), terrain.height()) == 1024
    values, valid = Raster(terrain.source()).read()
    assert valid.all() and np.ptp(values) > 30 and (np.diff(np.median(values, axis=0)) >= 0).mean() > 0.95


def test_tiles_and_an_image_together(plugin, tile_layer, globe, finish, messages, slow_step, qgis_canvas):
    """Several visible layers, one of them without pixels of its own: drawn together as the map shows them."""
    slow_step()
    globe.setCrs(QgsCoordinateReferenceSystem("EPSG:4326"))
    globe.setOpacity(0.5)
    QgsProject.instance().setCrs(tile_layer.crs())
    qgis_canvas.setLayers([globe, tile_layer])
    dock = plugin.view_dock
    dock.show()
    dock.form.image.setCurrentIndex(dock.form.image.findText(dock.form.as_drawn))
    dock.generate()
    finish(plugin)
    assert messages(CRITICAL) == []
    (terrain,) = product("dtm")
    values, valid = Raster(terrain.source()).read()
    smooth = np.abs(np.diff(values, axis=1))[:, :-1]
    assert valid.all() and terrain.crs() == tile_layer.crs() and smooth.max() > 10  # both can be seen


def test_server_that_answers_errors(plugin, project, failing_server, finish, messages, qgis_canvas):
    """Tiles that do not come: one sentence, no layer, and the next run works as before."""
    source = f"type=xyz&url={failing_server}/{{z}}/{{x}}/{{y}}.png&zmax=3&zmin=0"
    layer = QgsRasterLayer(source, "tiles of a broken server", "wms")
    assert layer.isValid()
    project.addMapLayer(layer)
    qgis_canvas.setLayers([layer])
    qgis_canvas.setDestinationCrs(layer.crs())
    qgis_canvas.setExtent(QgsRectangle(-1e6, -1e6, 1e6, 1e6))
    plugin.view_dock.generate()
    (run,) = plugin.runs.active
    finish(plugin, 60)
    assert run.state is State.FAILED and product("dtm") == []
    told = messages(CRITICAL)[-1]
    assert "Traceback" not in told and "\n" not in told.strip() and "error of its own" not in told


@pytest.mark.parametrize("as_drawn", [False, True])
def test_wms_that_answers_with_exceptions(plugin, project, finish, messages, qgis_canvas, as_drawn):
    """QGIS only logs them; the user is sent to that log, and nothing is taken for an image."""
    with answering(Refusing) as address:
        source = f"crs=EPSG:4326&format=image/png&layers=moon&styles&url={address}/"
        layer = QgsRasterLayer(source, "moon of a server", "wms")
        assert layer.isValid()
        project.addMapLayer(layer)
        qgis_canvas.setLayers([layer])
        qgis_canvas.setDestinationCrs(layer.crs())
        qgis_canvas.setExtent(QgsRectangle(-20, -20, 20, 20))
        form = plugin.view_dock.form
        form.image.setCurrentIndex(form.image.findText(form.as_drawn) if as_drawn else 0)
        plugin.view_dock.generate()
        finish(plugin, 60)
    assert product("dtm") == [] and plugin.runs.active == ()
    assert 'log panel of QGIS, "WMS"' in messages(WARNING if as_drawn else CRITICAL)[-1]


def test_wms_that_is_not_there(plugin, project, failing_server, messages, qgis_canvas):
    """A WMS whose capabilities cannot be read is no valid layer; it is not taken for an image."""
    layer = QgsRasterLayer(f"url={failing_server}&layers=moon&styles=&format=image/png&crs=EPSG:4326", "wms", "wms")
    assert not layer.isValid()
    project.addMapLayer(layer)
    qgis_canvas.setLayers([layer])
    plugin.view_dock.generate()
    assert "no image on the map" in messages(WARNING)[-1] and plugin.runs.active == ()


# --- taken away --------------------------------------------------------------------------------------------------


def test_file_gone_before_a_run(plugin, image, scene, project, tmp_path, finish, messages, qgis_canvas):
    import shutil

    copy = tmp_path / "copy.tif"
    shutil.copy(scene / "image.tif", copy)
    layer = QgsRasterLayer(str(copy), "copy")
    project.addMapLayer(layer)
    qgis_canvas.setLayers([layer])
    plugin.view_dock.form.image.setLayer(layer)
    copy.unlink()
    plugin.view_dock.generate()
    finish(plugin)
    assert "copy.tif" in messages(CRITICAL)[-1] and product("dtm") == []


def test_all_layers_removed_and_a_new_project_while_two_runs_go(
    plugin, image, finish, slow_step, messages, qtbot, project
):
    slow_step(0.6)
    plugin.view_dock.generate()
    plugin.view_dock.generate()
    first, second = plugin.runs.active
    project.removeAllMapLayers()
    project.clear()
    finish(plugin)
    assert (first.state, second.state) == (State.DONE, State.DONE)
    assert project.mapLayers() == {} and plugin.view_dock.history.records == []
    assert len([told for told in messages(WARNING) if "its project was closed" in told]) == 2
    assert Raster(first.results["OUTPUT"]).size == Raster(second.results["OUTPUT"]).size


@pytest.mark.parametrize("kind", ["in memory", "with unsaved edits"])
def test_altimetry_layer_removed_during_a_run(
    plugin, image, scene, project, finish, messages, monkeypatch, tmp_path, kind
):
    """What the layer held when the run began is what it uses, though its features are read in the worker."""
    if kind == "in memory":
        shots = QgsVectorLayer("Point?crs=IAU_2015:30100&field=altitude:double", "shots", "memory")
        shots.dataProvider().addFeatures([_shot(shots, number) for number in range(5)])
    else:
        write_table(tmp_path / "shots.gpkg", {"lon": np.arange(4.0), "lat": np.zeros(4), "altitude": np.zeros(4)})
        shots = QgsVectorLayer(str(tmp_path / "shots.gpkg"), "shots", "ogr")
        shots.startEditing()
        assert shots.addFeature(_shot(shots, 4))
    project.addMapLayer(shots)
    gone, read = threading.Event(), []

    def late(values, folder, feedback):
        assert gone.wait(30)
        return resolve(values, folder, feedback)

    def run(*, altimetry, output, **_):
        read.append(len(read_table(altimetry).numbers("altitude")))
        write_dtm(output, Raster(scene / "image.tif").grid, [np.zeros((160, 160))], [Band("relative height", "")], {})
        return StepResult({"OUTPUT": output})

    monkeypatch.setattr("planetary_dtm.processing_provider.algorithm.resolve", late)
    monkeypatch.setattr("planetary_dtm.core.steps.dtmfromextent.STEP", replace(step("dtmfromextent"), run=run))
    plugin.view_dock.form.level.setCurrentIndex(1)
    plugin.view_dock.form.altimetry.setValue(shots.id(), QgsProcessingContext())
    plugin.view_dock.generate()
    if shots.isEditable():
        shots.rollBack()
    project.removeMapLayer(shots.id())
    gone.set()
    finish(plugin)
    assert messages(CRITICAL) == [] and read == [5] and len(product("dtm")) == 1


def _shot(layer, number):
    feature = QgsFeature(layer.fields())
    feature["altitude"] = 100.0 * number
    feature.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(20 + 0.01 * number, 0)))
    return feature


def test_result_removed_before_its_hillshade(plugin, image, finish, slow_step, project):
    """The hillshade comes a moment after its DTM; gone by then, it must not crash."""
    slow_step()
    plugin.view_dock.generate()

    def remove(layers):
        names = [layer.id() for layer in layers]
        QTimer.singleShot(0, lambda: project.removeMapLayers(names))

    project.layersAdded.connect(remove)
    finish(plugin)
    project.layersAdded.disconnect(remove)
    assert product("hillshade") == []


def test_keys_alone_make_terrain(plugin, image, qtbot, finish, slow_step):
    """Tab to the button, press Space."""
    slow_step()
    plugin.view_dock.show()
    plugin.view_dock.generate_button.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(plugin.view_dock.generate_button, Qt.Key.Key_Space)
    finish(plugin)
    assert len(product("dtm")) == 1
