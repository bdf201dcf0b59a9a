"""The shipped models of the stereo half: the files are the built ones, and they run."""

from __future__ import annotations

import processing
import pytest
from osgeo import gdal, ogr
from qgis.core import QgsProcessingModelAlgorithm

from planetary_dtm.core.rasters import Raster
from planetary_dtm.tests.qgis.chain import told
from planetary_dtm.tests.qgis.stereo_chain import MODELS, path_of


@pytest.mark.parametrize("name", MODELS)
def test_shipped_model_is_the_built_one(provider, tmp_path, name):
    MODELS[name]().toFile(str(tmp_path / "built.model3"))
    built, shipped = QgsProcessingModelAlgorithm(), QgsProcessingModelAlgorithm()
    assert built.fromFile(str(tmp_path / "built.model3")) and shipped.fromFile(str(path_of(name)))
    assert told(shipped) == told(built)
    assert shipped.validate() == (True, [])
    model = provider.algorithm(name)
    assert model.canExecute()[0] and model.group() == "Chains"


def test_certainty_and_comparison(provider, scene, tmp_path):
    given = {"dtm": str(scene / "truth_dtm.tif"), "altimetry": str(scene / "altimetry.csv"), "body": "Moon"}
    made = {
        "shots:Good shots": str(tmp_path / "shots.gpkg"),
        "certainty:Certainty map": str(tmp_path / "certainty.tif"),
        "difference:Difference": str(tmp_path / "difference.tif"),
    }
    processing.run("planetarydtm:certainty_and_comparison", {**given, **made})
    assert Raster(made["certainty:Certainty map"]).bands == 5
    values, valid = Raster(made["difference:Difference"]).read()
    assert 0 < valid.sum() < valid.size and abs(values[valid]).max() < 100
    assert ogr.Open(made["shots:Good shots"]).GetLayer(0).GetFeatureCount() > 100


def test_stereo_scene_to_dtm(provider, flown, quick, tmp_path):
    """Matching and intersection are quick ones here; what is handed from step to step is not."""
    given = {
        "sensor": str(flown / "sensor.json"),
        "gcps": str(flown / "gcps.csv"),
        "altimetry": str(flown / "altimetry.csv"),
        "body": "Moon",
        "image_a": str(flown / "nadir.tif"),
        "image_b": str(flown / "forward.tif"),
    }
    made = {
        "certainty:Certainty map": str(tmp_path / "certainty.tif"),
        "orientation:EOPs": str(tmp_path / "eops.csv"),
        "dtm:DTM": str(tmp_path / "dtm.tif"),
    }
    processing.run("planetarydtm:stereo_scene_to_dtm", {**given, **made})
    assert quick == [("densematch", "forward"), ("intersect", 1)]
    assert gdal.Open(made["dtm:DTM"]).RasterCount == 3
    assert (tmp_path / "eops.csv").read_text().startswith("line,")
