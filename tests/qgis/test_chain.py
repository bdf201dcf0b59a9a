"""One DTM, whichever way it is asked for: core, Python in QGIS, qgis_process, and the shipped model."""

from __future__ import annotations

from pathlib import Path

import processing
import pytest
from osgeo import gdal, ogr
from qgis.core import QgsProcessingModelAlgorithm

import planetary_dtm
from planetary_dtm.core.steps import step
from planetary_dtm.tests.qgis import chain

ROOT = Path(planetary_dtm.__file__).resolve().parent


def checksums(path):
    dataset = gdal.Open(str(path))
    return [dataset.GetRasterBand(i + 1).Checksum() for i in range(dataset.RasterCount)]


@pytest.fixture(scope="module")
def expected(scene, tmp_path_factory):
    """Band checksums of the levelled DTM that the core makes."""
    output, chosen = tmp_path_factory.mktemp("expected") / "dtm.tif", step("dtmfromextent")
    given = {"INPUT": str(scene / "image.tif"), "ALTIMETRY": str(scene / "altimetry.csv"), "OUTPUT": str(output)}
    chosen.run(**chosen.checked({**given, "ENGINE": "numpy"}))
    found = checksums(output)
    assert len(found) >= 2
    return found


def outputs(folder):
    return {
        "dtm:DTM": str(folder / "dtm.tif"),
        "hillshade:Hillshade": str(folder / "shade.tif"),
        "contours:Contours": str(folder / "lines.gpkg"),
    }


def check_chain(folder, expected):
    assert checksums(folder / "dtm.tif") == expected
    assert gdal.Open(str(folder / "shade.tif")).ReadAsArray().std() > 10
    lines = ogr.Open(str(folder / "lines.gpkg"))
    heights = [feature["height"] for feature in lines.GetLayer(0)]
    assert heights and all(height % 200 == 0 for height in heights)


def test_shipped_model_is_the_built_one(provider, tmp_path):
    chain.build().toFile(str(tmp_path / "built.model3"))
    built = QgsProcessingModelAlgorithm()
    assert built.fromFile(str(tmp_path / "built.model3"))
    shipped = QgsProcessingModelAlgorithm()
    assert shipped.fromFile(str(chain.PATH))
    assert chain.told(shipped) == chain.told(built)
    assert shipped.validate() == (True, [])


def test_model_is_described(provider):
    model = provider.algorithm("view_to_levelled_dtm")
    assert {d.name() for d in model.parameterDefinitions()} > {"dtm:DTM", "hillshade:Hillshade", "contours:Contours"}
    assert model.displayName() == model.create().displayName() == "View to levelled DTM"
    assert model.svgIconPath().endswith("model.svg")
    assert model.canExecute()[0] and model.group() == "Chains" and len(model.shortHelpString()) > 60


def test_python(provider, scene, tmp_path, expected):
    given = {"INPUT": str(scene / "image.tif"), "ALTIMETRY": str(scene / "altimetry.csv"), "ENGINE": "numpy"}
    processing.run("planetarydtm:dtmfromextent", {**given, "OUTPUT": str(tmp_path / "dtm.tif")})
    assert checksums(tmp_path / "dtm.tif") == expected


def test_model_in_qgis(provider, scene, tmp_path, expected):
    given = {
        "image": str(scene / "image.tif"),
        "altimetry": str(scene / "altimetry.csv"),
        "contour_interval": 200,
        "engine": "numpy",
    }
    processing.run("planetarydtm:view_to_levelled_dtm", {**given, **outputs(tmp_path)})
    check_chain(tmp_path, expected)


def test_qgis_process(qgis_process, scene, tmp_path, expected):
    code, told = qgis_process(
        "run", "planetarydtm:dtmfromextent", "--", f"INPUT={scene / 'image.tif'}",
        f"ALTIMETRY={scene / 'altimetry.csv'}", "ENGINE=numpy", f"OUTPUT={tmp_path / 'dtm.tif'}",
    )  # fmt: skip
    assert code == 0, told
    assert checksums(tmp_path / "dtm.tif") == expected


def test_qgis_process_model(qgis_process, scene, tmp_path, expected):
    given = [f"{name}={path}" for name, path in outputs(tmp_path).items()]
    code, told = qgis_process(
        "run", "planetarydtm:view_to_levelled_dtm", "--", f"image={scene / 'image.tif'}",
        f"altimetry={scene / 'altimetry.csv'}", "contour_interval=200", "engine=numpy", *given,
    )  # fmt: skip
    assert code == 0, told
    check_chain(tmp_path, expected)


def test_qgis_process_tells_bad_input_in_one_sentence(qgis_process, scene, tmp_path):
    code, told = qgis_process(
        "run", "planetarydtm:dtmfromextent", "--", f"INPUT={scene / 'image.tif'}",
        "EXTENT=1,2,3,4 [EPSG:4326]", f"OUTPUT={tmp_path / 'dtm.tif'}",
    )  # fmt: skip
    assert code != 0 and "is on Moon but the extent is on Earth" in told and "Traceback" not in told
