"""From an image to a levelled, compared DTM through the public commands; bad input in one sentence each."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from planetary_dtm.core.bodies import body_named
from planetary_dtm.core.cli import main
from planetary_dtm.core.errors import InputError
from planetary_dtm.core.geotiff import write_image
from planetary_dtm.core.learned.model_file import save_model
from planetary_dtm.core.rasters import Grid, Raster, Window
from planetary_dtm.core.steps import step
from planetary_dtm.core.steps.dtmfromextent import output_grid
from planetary_dtm.core.tables import read_table, write_table

SIZE = 256


def run(step_id, **values):
    chosen = step(step_id)
    return chosen.run(**chosen.checked({k: str(v) if isinstance(v, Path) else v for k, v in values.items()}))


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    folder = tmp_path_factory.mktemp("image") / "scene"
    run("simulateview", SIZE=SIZE, PIXEL_SIZE=100.0, TRACKS=5, OUTPUT_FOLDER=folder)
    return folder


@pytest.fixture(scope="module")
def dtm(scene):
    path = scene.parent / "dtm.tif"
    made = run("dtmfromextent", INPUT=scene / "image.tif", ALTIMETRY=scene / "altimetry.csv", SUN_AZIMUTH=285.0,
               ENGINE="numpy", OUTPUT=path)  # fmt: skip
    return path, made


def values(path, band=1):
    data, valid = Raster(path).read(band=band)
    return np.where(valid, data, np.nan)


def test_levelled_terrain_is_metres_with_sigma(scene, dtm):
    raster = Raster(dtm[0])
    assert [raster.band_name(b) for b in (1, 2)] == ["height", "sigma"]
    assert raster.unit() == "m"
    assert raster.metadata["LEVELLED"] == "YES" and raster.metadata["DATUM"] == body_named("Moon").datum
    assert raster.grid == Raster(scene / "image.tif").grid
    truth, error = values(scene / "truth_dtm.tif"), values(dtm[0]) - values(scene / "truth_dtm.tif")
    assert np.sqrt(np.mean(error**2)) < 0.45 * truth.std()
    assert 0.5 < np.mean(np.abs(error) < values(dtm[0], 2)) < 0.9


@pytest.mark.parametrize("x, y", [(60e3, 0.0), (0.0, -60e3), (-45e3, 45e3)])
def test_an_azimuth_from_north_is_turned_to_the_map_near_a_pole(scene, tmp_path, x, y):
    """In south polar stereographic north points away from the map's middle, here by 90, 180 and -45 degrees."""
    half, north = 50.0 * SIZE, np.degrees(np.arctan2(x, y))
    grid = Grid(SIZE, SIZE, (x - half, 100.0, 0.0, y + half, 0.0, -100.0), "IAU_2015:30135")
    write_image(tmp_path / "polar.tif", grid, values(scene / "image.tif").astype(np.uint8), {}, nodata=0)
    made = run("dtmfromextent", INPUT=tmp_path / "polar.tif", SUN_AZIMUTH=(285.0 - north + 180.0) % 360.0 - 180.0,
               ENGINE="numpy", OUTPUT=tmp_path / "o.tif")  # fmt: skip
    assert np.corrcoef(values(tmp_path / "o.tif").ravel(), values(scene / "truth_dtm.tif").ravel())[0, 1] > 0.6
    used = float(Raster(tmp_path / "o.tif").metadata["SUN_AZIMUTH_USED"])
    assert abs((used - 285.0 + north + 180.0) % 360.0 - 180.0) < 0.2
    assert not any("inverted" in sentence for sentence in made.warnings)


def test_comparison_numbers_difference_and_report(scene, dtm, tmp_path):
    made = run("comparedtm", INPUT=dtm[0], REFERENCE=scene / "truth_dtm.tif", OUTPUT=tmp_path / "d.tif",
               OUTPUT_REPORT=tmp_path / "r.html").outputs  # fmt: skip
    error = values(dtm[0]) - values(scene / "truth_dtm.tif")
    assert made["BIAS"] == pytest.approx(error.mean(), abs=0.01)
    assert made["RMSE"] == pytest.approx(np.sqrt((error**2).mean()), rel=1e-4)
    assert made["LE90"] == pytest.approx(np.percentile(np.abs(error), 90), rel=1e-3)
    assert made["COUNT"] == SIZE**2
    assert np.allclose(values(tmp_path / "d.tif"), error, atol=1e-2)
    page = (tmp_path / "r.html").read_text("utf-8")
    assert page.count("data:image/png") == 2 and "NMAD" in page and "http" not in page.split("</style>")[1]


def test_without_reference_it_is_relative_and_cannot_be_compared(scene, tmp_path):
    path = tmp_path / "relative.tif"
    run("dtmfromextent", INPUT=scene / "image.tif", SUN_AZIMUTH=285.0, OUTPUT=path)
    raster = Raster(path)
    assert (raster.band_name(), raster.unit(), raster.metadata["LEVELLED"]) == ("relative height", "", "NO")
    assert abs(values(path).mean()) < 1e-2 * values(path).std()
    truth = values(scene / "truth_dtm.tif")
    assert np.corrcoef(values(path).ravel(), truth.ravel())[0, 1] > 0.3
    with pytest.raises(InputError, match="relative heights, not metres"):
        run("comparedtm", INPUT=path, REFERENCE=scene / "truth_dtm.tif")
    run("leveldtm", INPUT=path, ALTIMETRY=scene / "altimetry.csv", OUTPUT=tmp_path / "levelled.tif")
    assert np.sqrt(np.mean((values(tmp_path / "levelled.tif") - truth) ** 2)) < 0.45 * truth.std()


def test_levelling_to_a_coarse_dem(scene, tmp_path):
    truth = Raster(scene / "truth_dtm.tif")
    coarse, _ = truth.read(shape=(16, 16))
    write_image(tmp_path / "coarse.tif", truth.grid.resized(16, 16), coarse.astype(np.float32), {})
    run("dtmfromextent", INPUT=scene / "image.tif", REFERENCE_DEM=tmp_path / "coarse.tif", SUN_AZIMUTH=285.0,
        OUTPUT=tmp_path / "fine.tif")  # fmt: skip
    error = values(tmp_path / "fine.tif") - values(scene / "truth_dtm.tif")
    plain = np.kron(coarse, np.ones((16, 16))) - values(scene / "truth_dtm.tif")
    assert np.sqrt(np.mean(error**2)) < 0.8 * np.sqrt(np.mean(plain**2))


def test_rigid_levelling_finds_shift_and_rise_and_keeps_the_shape(scene, tmp_path):
    truth = Raster(scene / "truth_dtm.tif")
    grid = truth.grid
    x0, dx, _, y0, _, dy = grid.transform
    moved = Grid(grid.width, grid.height, (x0 + 250.0, dx, 0.0, y0 - 130.0, 0.0, dy), grid.crs)
    heights = values(scene / "truth_dtm.tif") + 312.0
    write_image(tmp_path / "moved.tif", moved, heights.astype(np.float32), {})
    made = run("leveldtm", INPUT=tmp_path / "moved.tif", ALTIMETRY=scene / "altimetry.csv", MODE="rigid",
               OUTPUT=tmp_path / "back.tif")  # fmt: skip
    numbers = run("comparedtm", INPUT=tmp_path / "back.tif", REFERENCE=scene / "truth_dtm.tif").outputs
    assert numbers["RMSE"] < 6.0 and abs(numbers["BIAS"]) < 2.0, made.notes


BLOCKED = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("scipy", "cv2", "torch", "safetensors", "matplotlib", "tqdm", "laspy", "dask"):
            raise ImportError(f"{name} is blocked")
sys.meta_path.insert(0, Blocked())
from planetary_dtm.core.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_stock_qgis_packages_give_the_same_terrain(scene, tmp_path):
    """scipy, cv2, torch, safetensors and matplotlib blocked: NumPy and GDAL alone carry the way to the levelled DTM."""
    arguments = ["dtmfromextent", "--input", str(scene / "image.tif"), "--altimetry", str(scene / "altimetry.csv")]
    stock, full = tmp_path / "stock.tif", tmp_path / "full.tif"
    subprocess.run([sys.executable, "-c", BLOCKED, *arguments, "--output", str(stock)], check=True)
    assert main([*arguments, "--output", str(full)]) == 0
    relief = values(full).std()
    assert np.abs(values(stock) - values(full)).max() < 1e-3 * relief


@pytest.mark.parametrize(("columns", "rows"), [(1, 1), (37, 20), (1024, 3), (333, 1024)])
def test_identity_model_returns_the_view_bit_for_bit(tmp_path, columns, rows):
    save_model(tmp_path / "same.safetensors", {}, {"name": "identity", "architecture": "identity", "options": {},
               "grey": {"kind": "raw"}, "height_unit": "metre", "height_scale": 1.0, "height_offset": 0.0,
               "sun_azimuth": None, "input_bands": ["grey"], "input_size": 1024})  # fmt: skip
    grey = np.random.default_rng(columns).integers(0, 256, (rows, columns)).astype(np.uint8)
    grid = Grid(columns, rows, (1e5, 100.0, 0.0, 2e5, 0.0, -100.0), "IAU_2015:30110")
    write_image(tmp_path / "view.tif", grid, grey, {})
    run("dtmfromextent", INPUT=tmp_path / "view.tif", MODE="jmars", MODEL=tmp_path / "same.safetensors",
        OUTPUT=tmp_path / "out.tif")  # fmt: skip
    assert np.array_equal(values(tmp_path / "out.tif"), grey.astype(float))
    assert Raster(tmp_path / "out.tif").grid.transform == grid.transform


def test_part_of_an_image_is_placed_where_it_belongs(scene, tmp_path):
    grid = Raster(scene / "image.tif").grid
    window = Window(40, 60, 100, 90)
    xmin, ymin, xmax, ymax = grid.sub(window).extent
    path = tmp_path / "part.tif"
    extent = (xmin + 10, ymin + 10, xmax - 10, ymax - 10)
    run("dtmfromextent", INPUT=scene / "image.tif", EXTENT=extent, SUN_AZIMUTH=285.0, OUTPUT=path)
    assert Raster(path).grid == grid.sub(window)


def test_pixel_size_is_metres_on_the_ground():
    grid = Grid(9000, 4000, (10.0, 0.001, 0.0, 60.0, 0.0, -0.001), "IAU_2015:30100")
    _, made, _ = output_grid(grid, None, None)
    assert (made.width, made.height) == (3000, 1333)  # coarsened by 3: the longer side would exceed 4096
    _, made, _ = output_grid(grid, None, 120.0)
    assert made.pixel_size_m[1] == pytest.approx(120.0, rel=2e-3)
    assert made.transform[1] == pytest.approx(-made.transform[5], rel=2e-3)
    oblong = Grid(400, 400, (0.0, 200.0, 0.0, 0.0, 0.0, -100.0), "IAU_2015:30110")
    _, made, _ = output_grid(oblong, None, 400.0)
    assert (made.width, made.height) == (200, 100)
    _, made, _ = output_grid(oblong, None, 150.0)  # finer than the image across, where its own pixels stay
    assert (made.width, made.height) == (400, 267)
    _, made, warnings = output_grid(grid, (11.0, 57.0, 12.0, 58.0), 1.0)
    assert (made.width, made.height) == (1000, 1000) and "finer than the image" in warnings[0]


def bad(scene, tmp_path, message, **changed):
    given = {"INPUT": scene / "image.tif", "SUN_AZIMUTH": 285.0, "OUTPUT": tmp_path / "out.tif", **changed}
    with pytest.raises(InputError, match=message) as caught:
        run("dtmfromextent", **given)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.glob("out*")) and not list(tmp_path.glob(".*"))


def test_bad_input_is_one_sentence_and_leaves_nothing(scene, tmp_path):
    grid = Raster(scene / "image.tif").grid
    shots = read_table(scene / "altimetry.csv")
    degrees = shots.columns["lon"], shots.columns["lat"]
    write_table(tmp_path / "mars.gpkg", {"altitude": shots.columns["altitude"]}, degrees, body_named("Mars"))
    write_table(tmp_path / "away.csv", {**shots.columns, "lon": degrees[0] + 90})
    write_table(tmp_path / "none.csv", {"lon": degrees[0], "lat": degrees[1], "colour": degrees[0]})
    write_image(tmp_path / "empty.tif", grid, np.zeros((SIZE, SIZE), np.uint8), {}, nodata=0)
    (tmp_path / "pickle.safetensors").write_bytes(b"\x80\x04\x95" + b"x" * 400)
    model = Path(Raster(scene / "image.tif").path)
    bad(scene, tmp_path, "lies outside the layer", EXTENT=(0.0, 0.0, 10.0, 10.0))
    bad(scene, tmp_path, "is empty", EXTENT=(5.0, 0.0, 5.0, 10.0))
    bad(scene, tmp_path, "Moon|Mars", ALTIMETRY=tmp_path / "mars.gpkg")
    bad(scene, tmp_path, "none of its .* shots lies inside", ALTIMETRY=tmp_path / "away.csv")
    bad(scene, tmp_path, "altitude", ALTIMETRY=tmp_path / "none.csv")
    bad(scene, tmp_path, "nodata", INPUT=tmp_path / "empty.tif")
    bad(scene, tmp_path, "(?i)model|safetensors", MODEL=tmp_path / "pickle.safetensors")
    bad(scene, tmp_path, "(?i)model|safetensors", MODEL=model)
    bad(scene, tmp_path, "level to one", ALTIMETRY=scene / "altimetry.csv", REFERENCE_DEM=scene / "truth_dtm.tif")
    bad(scene, tmp_path, "folder", OUTPUT=tmp_path / "missing" / "out.tif")
    bad(scene, tmp_path, "must end in", OUTPUT=tmp_path / "out.jpg")


def test_colourised_image_is_warned_of_not_refused(scene, tmp_path):
    from osgeo import gdal

    grey = values(scene / "image.tif")[:64, :64]
    turn = np.linspace(0, 2 * np.pi, 64)
    dataset = gdal.GetDriverByName("GTiff").Create(str(tmp_path / "rgb.tif"), 64, 64, 3, gdal.GDT_Byte)
    source = Raster(scene / "image.tif").grid.sub(Window(0, 0, 64, 64))
    dataset.SetGeoTransform(source.transform)
    dataset.SetProjection(gdal.Open(str(scene / "image.tif")).GetProjection())
    for band, phase in enumerate((0, 2.1, 4.2)):
        colour = np.broadcast_to(127 + 120 * np.cos(turn + phase), (64, 64)) * (0.8 + grey / 1300)
        dataset.GetRasterBand(band + 1).WriteArray(colour.clip(0, 255).astype(np.uint8))
    del dataset
    made = run("dtmfromextent", INPUT=tmp_path / "rgb.tif", SUN_AZIMUTH=285.0, OUTPUT=tmp_path / "out.tif")
    assert any("colour" in sentence for sentence in made.warnings)
    assert (tmp_path / "out.tif").exists()


def test_a_model_for_another_body_or_other_pixels_is_told_not_refused(tmp_path):
    """The model that ships: the Moon, 5 to 1000 m."""
    grey = np.random.default_rng(0).integers(1, 255, (48, 48), np.uint8)
    for crs, pixel, words in (
        ("IAU_2015:30110", 100.0, ()),
        ("IAU_2015:49910", 100.0, ("trained on Moon and the image shows Mars",)),
        ("IAU_2015:30110", 1850.0, ("5.01 to 1000 m and those of this DTM have 1850 m",)),
    ):
        write_image(tmp_path / "image.tif", Grid(48, 48, (0.0, pixel, 0.0, 0.0, 0.0, -pixel), crs), grey, {})
        for name in ("dtmfromextent", "mosaic"):
            more = {"WORKERS": 1} if name == "mosaic" else {}
            made = run(
                name, INPUT=tmp_path / "image.tif", SUN_AZIMUTH=270.0, ENGINE="numpy", OUTPUT=tmp_path / "d.tif", **more
            )
            told = [warning for warning in made.warnings if "was trained on" in warning]
            assert len(told) == len(words) and all(word in text for word, text in zip(words, told)), name
