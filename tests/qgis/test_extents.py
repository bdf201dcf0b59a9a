"""Extents: in every form QGIS has, carried to the CRS a step reads them in, refused on another body."""

from __future__ import annotations

import numpy as np
import pytest
from osgeo import ogr
from qgis.core import QgsVectorLayer

from planetary_dtm.core.bodies import spatial_reference
from planetary_dtm.tests.qgis.calls import given, refused


@pytest.mark.parametrize("form", ["text", "text with CRS", "rectangle", "referenced", "layer"])
def test_extents_in_every_form(provider, image, tmp_path, form):
    from qgis.core import QgsReferencedRectangle

    extent = image.extent()
    edges = extent.xMinimum(), extent.xMaximum(), extent.yMinimum(), extent.yMaximum()
    text = ",".join(map(repr, edges))
    forms = {
        "text": text,
        "text with CRS": f"{text} [IAU_2015:30110]",
        "rectangle": extent,
        "referenced": QgsReferencedRectangle(extent, image.crs()),
        "layer": image,
    }
    values = given("dtmfromextent", tmp_path, INPUT=image, EXTENT=forms[form])
    assert values["EXTENT"] == pytest.approx((edges[0], edges[2], edges[1], edges[3]))


def test_extent_in_another_crs_of_the_body(provider, image, tmp_path):
    values = given("dtmfromextent", tmp_path, INPUT=image, EXTENT="19.9,20.1,-0.1,0.1 [IAU_2015:30100]")
    degree = np.pi / 180 * 1737400
    assert values["EXTENT"] == pytest.approx((19.9 * degree, -0.1 * degree, 20.1 * degree, 0.1 * degree), abs=1)


def test_extent_of_a_step_without_a_raster(provider, scene, tmp_path):
    """In the CRS chosen for the output, else in degrees of the extent's own body."""
    degree, points = np.pi / 180 * 1737400, str(scene / "altimetry.csv")
    there = f"{19.9 * degree},{20.1 * degree},{-0.1 * degree},{0.1 * degree} [IAU_2015:30110]"
    free = given("pointstodtm", tmp_path, INPUT=points, EXTENT=there)["EXTENT"]
    assert free == pytest.approx((19.9, -0.1, 20.1, 0.1), abs=1e-6)
    chosen = given(
        "pointstodtm", tmp_path, INPUT=points, EXTENT="19.9,20.1,-0.1,0.1 [IAU_2015:30100]", CRS="IAU_2015:30110"
    )
    assert chosen["EXTENT"] == pytest.approx((19.9 * degree, -0.1 * degree, 20.1 * degree, 0.1 * degree), abs=1)
    plain = given("pointstodtm", tmp_path, INPUT=points, EXTENT="19.9,20.1,-0.1,0.1")["EXTENT"]
    assert plain == (19.9, -0.1, 20.1, 0.1)


def test_an_extent_without_a_crs_for_the_output_is_in_that_of_the_input(provider, image, tmp_path):
    """Of a table in the map, a layer's file and a DTM; the CRS chosen for the output comes first."""
    degree = np.pi / 180 * 1737400
    there, metres = "19.9,20.1,-0.1,0.1 [IAU_2015:30100]", (19.9 * degree, -0.1 * degree, 20.1 * degree, 0.1 * degree)
    saved = tmp_path / "points.gpkg"
    layer = ogr.GetDriverByName("GPKG").CreateDataSource(str(saved))
    layer.CreateLayer("points", spatial_reference("IAU_2015:30110"), ogr.wkbPoint)
    del layer
    table = QgsVectorLayer(str(saved), "points")
    assert given("certaintymap", tmp_path, INPUT=table, EXTENT=there)["EXTENT"] == pytest.approx(metres, abs=1)
    assert given("pointstodtm", tmp_path, INPUT=str(saved), EXTENT=there)["EXTENT"] == pytest.approx(metres, abs=1)
    on_dtm = given("orthoimage", tmp_path, IMAGE=image, DTM=image, EXTENT=there)["EXTENT"]
    assert on_dtm == pytest.approx(metres, abs=1)
    for step_id, inputs in (("certaintymap", {"INPUT": table}), ("orthoimage", {"IMAGE": image, "DTM": image})):
        chosen = given(step_id, tmp_path, **inputs, EXTENT=there, CRS="IAU_2015:30100")["EXTENT"]
        assert chosen == pytest.approx((19.9, -0.1, 20.1, 0.1), abs=1e-6)


@pytest.mark.parametrize("crs, body", [("EPSG:4326", "Earth"), ("EPSG:3857", "Earth"), ("IAU_2015:49900", "Mars")])
def test_extent_of_another_body(provider, image, tmp_path, crs, body):
    told = refused("dtmfromextent", INPUT=image, EXTENT=f"19.9,20.1,-0.1,0.1 [{crs}]", OUTPUT=str(tmp_path / "o.tif"))
    assert "'scene' is on Moon" in told and f"the extent is on {body}" in told
    assert list(tmp_path.iterdir()) == []
